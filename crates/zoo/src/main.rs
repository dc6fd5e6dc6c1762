//! `cargo run --release --bin zoo` looks for what catches each fault that has no row in `zoo.tsv`, and
//! for what catches the faults it is given the names of. What is found is written at once.

mod faults;
mod page;
mod table;
mod worlds;

#[cfg(test)]
mod tests;

use std::time::Instant;

use faults::Fault;
use table::{Level, Row};

/// How it is looked for: nearby by the rules first, which is cheap.
const ROUNDS: [(Level, usize); 7] = [
    (Level::Rules, 250),
    (Level::Rules, 1_000),
    (Level::Calm, 300),
    (Level::Rules, 4_000),
    (Level::Calm, 2_000),
    (Level::Rules, 16_000),
    (Level::Calm, 8_000),
];

fn main() -> anyhow::Result<()> {
    let asked: Vec<String> = std::env::args().skip(1).collect();
    let mut table = table::read()?;
    let faults = faults::all();
    table.retain(|name, row| {
        faults
            .iter()
            .any(|fault| fault.name == name && fault.world(&row.world).is_some())
    });
    for fault in &faults {
        let wanted = match &asked[..] {
            [] => !table.contains_key(fault.name),
            names => names.iter().any(|name| name == fault.name),
        };
        if !wanted {
            continue;
        }
        let began = Instant::now();
        let found = shortest(fault);
        println!("{} {found:?} {:.0} s", fault.name, began.elapsed().as_secs_f64());
        if let Some(row) = found {
            table.insert(fault.name.to_owned(), row);
            table::write(&table)?;
        }
    }
    page::write(&table)
}

/// The shortest way to a fault in the first round that finds any. What is found without the fault too
/// says nothing of it.
fn shortest(fault: &Fault) -> Option<Row> {
    ROUNDS.iter().find_map(|(level, cap)| {
        let found = fault.worlds().into_iter().filter_map(|world| {
            let row = table::caught(fault, world, *level, *cap)?;
            let control = table::play(&[], fault.cured(world), *level, row.states);
            control.0.is_none().then_some(row)
        });
        found.min_by_key(|row| (row.length, row.states))
    })
}
