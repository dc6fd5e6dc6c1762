//! `docs/bug-zoo.md`, made from the faults and their rows.

use std::fmt::Write;
use std::path::PathBuf;

use anyhow::Context;

use crate::faults;
use crate::table::{Level, Table};

const HEAD: &str = "\
<!-- Generated, do not edit: cargo run --release --bin zoo -->

# The bug zoo

Each row is an operator like this one with one fault planted in it: in its plan, in what is around the plan, or, in the last rows, in the cloud, which breaks an assumption.
The model of `crates/safety` must catch each, and does: in the small world and by the rule ([the promise](safety.md#the-promise)) that the row names, after so many actions on the shortest way.
*Calm* means that no rule was broken on the way, and that what followed did not end well although nothing more went wrong.
*Harm* means that the rules on how things come to be were not heeded there, only those on two pools of one object, a pool left behind, and another's pool hit.

`cargo test --package zoo` plays each row again, and plays the same states without the fault, where nothing may be found.
Two faults do no harm alone, since another guard comes after the one that they take away, and are caught in pairs: `never-looks` and `never-looks-before-release`.

| fault | what it does | stands for | small world | caught by | actions |
| --- | --- | --- | --- | --- | --- |
";

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/bug-zoo.md")
}

/// The page as it should be.
pub fn text(table: &Table) -> anyhow::Result<String> {
    let mut text = HEAD.to_owned();
    for fault in faults::all() {
        let Some(row) = table.get(fault.name) else { continue };
        let calm = match row.level {
            Level::Rules => "",
            Level::Calm => ", calm",
        };
        let harm = match fault.world(&row.world).is_some_and(|world| world.harm_only) {
            true => ", harm",
            false => "",
        };
        writeln!(
            text,
            "| `{}` | {} | {} | {} | {}{harm}{calm} | {} |",
            fault.name, fault.what, fault.known, row.world, row.rule, row.length
        )?;
    }
    Ok(text)
}

/// Writes it.
pub fn write(table: &Table) -> anyhow::Result<()> {
    std::fs::write(file(), text(table)?).context("docs/bug-zoo.md cannot be written")
}

/// The committed page.
#[cfg(test)]
pub fn committed() -> String {
    std::fs::read_to_string(file()).unwrap_or_default()
}
