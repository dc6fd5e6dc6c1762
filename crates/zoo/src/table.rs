//! `zoo.tsv`: what catches each fault. A row can be replayed.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;

use anyhow::{Context, bail};
use zoo::explore::{Found, explore, explore_rules};
use zoo::scenario::Scenario;
use zoo::world::World;

use crate::faults::Fault;

const HEAD: &str = "fault\tworld\trule\tlength\tstates\tlevel\n";

/// What the rules are checked in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// In each state and at each step.
    Rules,
    /// Also in what follows each state once nothing more goes wrong.
    Calm,
}

/// What caught a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The small world.
    pub world: String,
    /// The rule.
    pub rule: String,
    /// The length of the shortest way there, in actions.
    pub length: usize,
    /// How many states were seen by then.
    pub states: usize,
    /// Where the rule was checked.
    pub level: Level,
}

/// The rows, by fault.
pub type Table = BTreeMap<String, Row>;

fn file() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("zoo.tsv")
}

/// The committed table; empty if there is none.
pub fn read() -> anyhow::Result<Table> {
    let text = std::fs::read_to_string(file()).unwrap_or_default();
    text.lines().skip(1).map(row).collect()
}

fn row(line: &str) -> anyhow::Result<(String, Row)> {
    let fields: Vec<&str> = line.split('\t').collect();
    let [name, world, rule, length, states, level] = fields[..] else {
        bail!("a row that is none: {line}");
    };
    let row = Row {
        world: world.to_owned(),
        rule: rule.to_owned(),
        length: length.parse().with_context(|| line.to_owned())?,
        states: states.parse().with_context(|| line.to_owned())?,
        level: match level {
            "rules" => Level::Rules,
            "calm" => Level::Calm,
            _ => bail!("a level that is none: {line}"),
        },
    };
    Ok((name.to_owned(), row))
}

/// Commits the table.
pub fn write(table: &Table) -> anyhow::Result<()> {
    let mut text = HEAD.to_owned();
    for (name, row) in table {
        let Row {
            world,
            rule,
            length,
            states,
            level,
        } = row;
        let level = match level {
            Level::Rules => "rules",
            Level::Calm => "calm",
        };
        writeln!(text, "{name}\t{world}\t{rule}\t{length}\t{states}\t{level}")?;
    }
    std::fs::write(file(), text).context("zoo.tsv cannot be written")
}

/// What is found in a small world with a plan, among so many states, and how many were seen.
pub fn play(plan: &'static [&'static str], world: Scenario, level: Level, cap: usize) -> (Option<Found>, usize) {
    modelarts_plan::zoo::switch(plan);
    let mut world = World::new(world);
    let explored = match level {
        Level::Rules => explore_rules(&mut world, cap),
        Level::Calm => explore(&mut world, cap, None),
    };
    modelarts_plan::zoo::switch(&[]);
    (explored.found, explored.states)
}

/// What catches a fault in a small world, among so many states.
pub fn caught(fault: &Fault, world: Scenario, level: Level, cap: usize) -> Option<Row> {
    let (found, states) = play(fault.plan, world.in_shell(fault.shell), level, cap);
    found.map(|found| Row {
        world: world.name.to_owned(),
        rule: found.broken.rule.to_owned(),
        length: world.prelude().count() + found.way.len(),
        states,
        level,
    })
}
