//! The small worlds, as far as each test run explores them: every state keeps the rules, and from every
//! state all ends well. How many states there are is pinned, so that a change which makes the
//! exploration smaller is noticed; how long it takes is only told.
//!
//! `UPDATE=1` writes the counts anew. `CAP=300000` explores farther, and sees every path of the lives that
//! are recorded of the real binary; with `UPDATE=1` it writes those down.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use modelarts_plan::StepKind;
use safety::explore::{Explored, explore};
use safety::paths::{self, Steps};
use safety::scenario::{self, Scenario};
use safety::tale::tale;
use safety::world::{CutAt, World};

/// Most states of one small world in a test run.
const CAP: usize = 24_000;
/// The least states of all together.
const LEAST: usize = 500_000;

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn cap() -> usize {
    let given = std::env::var("CAP").ok();
    given.map_or(CAP, |cap| cap.parse().expect("CAP is a number"))
}

/// Compares with what is committed, or writes it anew.
fn compare(name: &str, now: &str) {
    let file = file(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, now).expect("the file can be written");
    }
    let committed = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(
        committed == now,
        "{name} is not what is seen now; if that is as it should be: UPDATE=1 cargo test -p safety --test model\n{now}"
    );
}

/// What all runs together saw, besides the states.
#[derive(Default)]
struct Seen {
    steps: Steps,
    crashed: BTreeSet<(StepKind, CutAt)>,
}

/// Explores one small world.
fn run(scenario: Scenario, all: &Mutex<Seen>) -> Explored {
    let mut world = World::new(scenario);
    let mut seen = Steps::new();
    paths::begin(&mut world, &mut seen);
    let explored = explore(
        &mut world,
        cap(),
        Some(&mut |world, before, action, after| paths::collect(world, &mut seen, before, action, after)),
    );
    let story = explored.found.as_ref().map(|found| tale(&mut world, found));
    assert!(story.is_none(), "{}\n{}", scenario.name, story.unwrap_or_default());
    let mut all = all.lock().expect("no panic");
    // Outside the bounds on time a life may take other paths.
    if scenario.bounded {
        all.steps.append(&mut seen);
    }
    all.crashed.append(&mut world.crashed);
    explored
}

/// Every place where a process can die: at each step, before and after what it does leaves the process.
fn places_to_die() -> BTreeSet<(StepKind, CutAt)> {
    let step = |kind: &StepKind| {
        use StepKind as K;
        let after = match kind {
            K::Rest | K::LookAtScope => return Vec::new(),
            // A read leaves nothing behind: to die after it is to die before it.
            K::LookAt | K::LookAtCanary | K::LookAtDetails => vec![CutAt::BeforeIt],
            K::AddFinalizer | K::OpenAttempt | K::CloseAttempt | K::Record | K::RemoveFinalizer => {
                vec![CutAt::BeforeIt, CutAt::OnceWritten]
            }
            K::Create | K::Mark | K::Change | K::Delete => vec![CutAt::BeforeIt, CutAt::OnceSent],
        };
        after.into_iter().map(|at| (*kind, at)).collect()
    };
    let mut places: BTreeSet<_> = StepKind::ALL.iter().flat_map(step).collect();
    places.extend([
        (StepKind::Rest, CutAt::BeforeItsStatus),
        (StepKind::Rest, CutAt::OnceWritten),
    ]);
    places
}

#[test]
fn every_state_keeps_the_rules_and_ends_well() {
    let seen = Mutex::new(Seen::default());
    let all = Mutex::new(BTreeMap::new());
    let next = AtomicUsize::new(0);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(scenario) = scenario::ALL.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let explored = run(*scenario, &seen);
                    all.lock().expect("no panic").insert(scenario.name, explored);
                }
            });
        }
    });
    let all = all.into_inner().expect("no panic");
    let mut table = String::from("scenario\tstates\ttransitions\tdepth\trounds to rest\tcomplete\n");
    for scenario in scenario::ALL {
        let Explored {
            states,
            transitions,
            depth,
            capped,
            took,
            calm,
            ..
        } = &all[scenario.name];
        let complete = if *capped { "no" } else { "yes" };
        table += &format!(
            "{}\t{states}\t{transitions}\t{depth}\t{calm}\t{complete}\n",
            scenario.name
        );
        println!(
            "{}: {states} states, {transitions} transitions, {:.1} s",
            scenario.name,
            took.as_secs_f64()
        );
    }
    let states: usize = all.values().map(|explored| explored.states).sum();
    table += &format!("all\t{states}\n");
    println!("{states} states");
    assert!(states >= LEAST, "{states} states are too few");
    let Seen { steps, crashed } = seen.into_inner().expect("no panic");
    let missed: Vec<_> = places_to_die().difference(&crashed).copied().collect();
    assert!(missed.is_empty(), "no process dies at {missed:?}");
    if cap() == CAP {
        compare("model.tsv", &table);
        paths_are_known(&steps);
    } else {
        println!("{table}");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(file("paths.json"), as_lines(&steps)).expect("the file can be written");
        }
    }
}

fn as_lines(steps: &Steps) -> String {
    let lines: Vec<String> = steps
        .iter()
        .map(|step| serde_json::to_string(step).expect("a step is JSON"))
        .collect();
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// What is seen here is seen farther away too.
fn paths_are_known(steps: &Steps) {
    let text = std::fs::read_to_string(file("paths.json")).expect("paths.json is there");
    let known: Steps = serde_json::from_str(&text).expect("paths.json holds steps");
    let new: Vec<_> = steps.difference(&known).collect();
    assert!(
        new.is_empty(),
        "paths.json lacks {new:?}: CAP=300000 UPDATE=1 cargo test -p safety --test model"
    );
    assert!(
        steps.len() * 2 > known.len(),
        "paths.json holds what is not seen any more"
    );
}
