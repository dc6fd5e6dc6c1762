//! `cargo run --release --bin zoo` switches each fault on and tells what catches it.

use modelarts_plan::flaws::FLAWS;
use zoo::explore::{explore, explore_rules};
use zoo::scenario::{self, Shell};
use zoo::world::World;

fn main() {
    let cap = std::env::args()
        .nth(1)
        .and_then(|cap| cap.parse().ok())
        .unwrap_or(20_000);
    let only = std::env::args().nth(2);
    let plans = FLAWS.iter().map(|flaw| (flaw.name, Shell::Ours));
    let shells = [Shell::Unguarded, Shell::Repeating, Shell::Timeless].map(|shell| ("", shell));
    for (flaw, shell) in plans
        .chain(shells)
        .filter(|(name, _)| only.as_ref().is_none_or(|only| only == name))
    {
        modelarts_plan::zoo::switch(flaw);
        let mut best: Option<(usize, &str, String)> = None;
        for calm in [false, true] {
            for scenario in scenario::ALL {
                let mut world = World::new(scenario.in_shell(shell));
                let explored = if calm {
                    explore(&mut world, cap, None)
                } else {
                    explore_rules(&mut world, cap)
                };
                if let Some(found) = explored.found
                    && best.as_ref().is_none_or(|(length, ..)| found.way.len() < *length)
                {
                    let calm = if found.in_calm { " in calm" } else { "" };
                    best = Some((
                        found.way.len(),
                        scenario.name,
                        format!("{}{calm}: {}", found.broken.rule, found.broken.how),
                    ));
                }
            }
            if best.is_some() {
                break;
            }
        }
        println!("{flaw:<32} {shell:?} {best:?}");
    }
}
