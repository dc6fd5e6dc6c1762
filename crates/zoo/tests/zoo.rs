//! Each fault is caught, where and by what `zoo.tsv` says, on a way no longer than it says.
//!
//! `UPDATE=1` looks for the shortest way to each anew, in all small worlds; that takes some minutes.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use modelarts_plan::flaws::FLAWS;
use zoo::explore::{Explored, explore, explore_rules};
use zoo::scenario::{self, Scenario, Shell};
use zoo::world::World;

/// Most states in which a fault is looked for.
const CAP: usize = 12_000;
/// The least faults.
const LEAST: usize = 25;

/// A fault of the plan, or of what is around it.
#[derive(Clone, Copy)]
struct Fault {
    name: &'static str,
    what: &'static str,
    plan: &'static str,
    shell: Shell,
}

const SHELLS: [Fault; 3] = [
    Fault {
        name: "unguarded-writes",
        what: "writes to the API server whatever the version of the object",
        plan: "",
        shell: Shell::Unguarded,
    },
    Fault {
        name: "repeats-requests",
        what: "sends a creation again below the plan, as HTTP clients do",
        plan: "",
        shell: Shell::Repeating,
    },
    Fault {
        name: "looks-at-no-clock",
        what: "does not look at the clock again right before it sends a creation",
        plan: "",
        shell: Shell::Timeless,
    },
];

fn faults() -> Vec<Fault> {
    let plans = FLAWS.iter().map(|flaw| Fault {
        name: flaw.name,
        what: flaw.what,
        plan: flaw.name,
        shell: Shell::Ours,
    });
    plans.chain(SHELLS).collect()
}

/// What caught a fault.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Caught {
    scenario: String,
    rule: String,
    length: usize,
    in_calm: bool,
}

fn caught(fault: Fault, scenario: Scenario, in_calm: bool) -> Option<Caught> {
    modelarts_plan::zoo::switch(fault.plan);
    let mut world = World::new(scenario.in_shell(fault.shell));
    let Explored { found, .. } = match in_calm {
        true => explore(&mut world, CAP, None),
        false => explore_rules(&mut world, CAP),
    };
    modelarts_plan::zoo::switch("");
    found.map(|found| Caught {
        scenario: scenario.name.to_owned(),
        rule: found.broken.rule.to_owned(),
        length: found.way.len(),
        in_calm: found.in_calm,
    })
}

/// The shortest way to a fault in any small world.
fn shortest(fault: Fault) -> Option<Caught> {
    let by = |in_calm| {
        let all = scenario::ALL.iter().filter(|scenario| scenario.bounded);
        let found = all.filter_map(|scenario| caught(fault, *scenario, in_calm));
        found.min_by_key(|caught| caught.length)
    };
    by(false).or_else(|| by(true))
}

/// Something for each fault, on all cores.
fn for_each<T: Send>(of: impl Fn(Fault) -> T + Sync) -> BTreeMap<&'static str, T> {
    let (all, next, found) = (faults(), AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(fault) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let one = of(*fault);
                    found.lock().expect("no panic").insert(fault.name, one);
                }
            });
        }
    });
    found.into_inner().expect("no panic")
}

/// The committed table.
fn committed() -> BTreeMap<String, Caught> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("zoo.tsv");
    let text = std::fs::read_to_string(file).unwrap_or_default();
    let row = |line: &str| {
        let fields: Vec<&str> = line.split('\t').collect();
        assert_eq!(fields.len(), 5, "a row that is none: {line}");
        let [name, scenario, rule, length, level] = [0, 1, 2, 3, 4].map(|at| fields[at]);
        let caught = Caught {
            scenario: scenario.to_owned(),
            rule: rule.to_owned(),
            length: length.parse().expect("a number"),
            in_calm: level == "calm",
        };
        (name.to_owned(), caught)
    };
    text.lines().map(row).collect()
}

fn update() {
    let found = for_each(shortest);
    let mut text = String::new();
    for (name, caught) in &found {
        let Caught {
            scenario,
            rule,
            length,
            in_calm,
        } = match caught {
            Some(caught) => caught,
            None => {
                println!("nothing catches {name}");
                continue;
            }
        };
        let level = if *in_calm { "calm" } else { "rules" };
        writeln!(text, "{name}\t{scenario}\t{rule}\t{length}\t{level}").expect("a text");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("zoo.tsv");
    std::fs::write(file, text).expect("the table can be written");
}

#[test]
fn every_fault_is_caught() {
    if std::env::var_os("UPDATE").is_some() {
        update();
    }
    let table = committed();
    assert!(table.len() >= LEAST, "{} faults are too few", table.len());
    let found = for_each(|fault| {
        let expected = table.get(fault.name).cloned();
        let scenario = expected.as_ref().and_then(|row| Scenario::named(&row.scenario));
        let again = scenario.and_then(|scenario| caught(fault, scenario, expected.as_ref()?.in_calm));
        (expected, again)
    });
    for (name, (expected, again)) in &found {
        assert!(expected.is_some(), "{name} is not in zoo.tsv");
        assert_eq!(again, expected, "{name}");
    }
    assert_eq!(found.len(), table.len(), "zoo.tsv has a row of no fault");
}

/// The page that tells of them is made from the same table.
#[test]
fn the_page_of_the_zoo_is_up_to_date() {
    let table = committed();
    let mut text = String::from(
        "<!-- Generated, do not edit: UPDATE=1 cargo test --package zoo -->\n\n# The bug zoo\n\n\
         Each row is an operator like this one with one fault planted in it: in the plan, or in what is around the plan.\n\
         The model of `crates/safety` must catch each, and does, in the small world and by the rule that the row names; the length is that of the shortest way there, in actions.\n\
         *Calm* means that the fault broke no rule by itself, but what followed did not end well once nothing more went wrong.\n\n\
         | fault | what it does | small world | rule | length | |\n| --- | --- | --- | --- | --- | --- |\n",
    );
    for fault in faults() {
        let Some(row) = table.get(fault.name) else { continue };
        let calm = if row.in_calm { "calm" } else { "" };
        writeln!(
            text,
            "| `{}` | {} | {} | {} | {} | {calm} |",
            fault.name, fault.what, row.scenario, row.rule, row.length
        )
        .expect("a text");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/bug-zoo.md");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, &text).expect("the page can be written");
    }
    let page = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        page == text,
        "docs/bug-zoo.md is stale: UPDATE=1 cargo test --package zoo"
    );
}
