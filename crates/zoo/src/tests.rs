//! Each fault is caught where and by what `zoo.tsv` says, and nothing is found there without the fault.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::faults::{self, Fault, SECOND_LOCKS};
use crate::page;
use crate::table::{self, Level, Row, Table};
use crate::worlds;
use zoo::scenario::Scenario;
use zoo::world::World;

/// The least faults.
const LEAST: usize = 40;

fn committed() -> Table {
    table::read().expect("zoo.tsv is a table")
}

/// Something for each of many, on all cores.
fn each<T: Sync, O: Send>(all: &[T], of: impl Fn(&T) -> O + Sync) -> Vec<O> {
    let (next, found) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(at) else { return };
                    let one = of(one);
                    found.lock().expect("no panic").insert(at, one);
                }
            });
        }
    });
    found.into_inner().expect("no panic").into_values().collect()
}

/// The faults that have a row, with it and its small world.
fn rows() -> Vec<(Fault, Scenario, Row)> {
    let table = committed();
    let all = faults::all().into_iter();
    all.map(|fault| {
        let row = table.get(fault.name).cloned();
        let row = row.unwrap_or_else(|| panic!("nothing catches {}: cargo run --release --bin zoo", fault.name));
        let world = fault.world(&row.world);
        let world = world.unwrap_or_else(|| panic!("{}: no world {}", fault.name, row.world));
        (fault, world, row)
    })
    .collect()
}

#[test]
fn every_prelude_can_be_played() {
    let faults = faults::all().into_iter();
    for (fault, world) in faults.flat_map(|fault| fault.worlds().into_iter().map(move |world| (fault, world))) {
        modelarts_plan::zoo::switch(fault.plan);
        let mut small = World::new(Scenario {
            prelude: &[],
            shell: fault.shell,
            ..world
        });
        let mut state = small.first();
        for (at, action) in world.prelude().enumerate() {
            state = match small.step(&state, action) {
                Some(Ok(next)) => next,
                other => panic!("{}: {at}. {action:?} cannot be: {other:?}", fault.name),
            };
        }
    }
    modelarts_plan::zoo::switch(&[]);
}

#[test]
fn every_fault_is_caught_as_the_table_says() {
    let rows = rows();
    assert!(rows.len() >= LEAST, "{} faults are too few", rows.len());
    assert_eq!(rows.len(), committed().len(), "zoo.tsv has a row of no fault");
    let again = each(&rows, |(fault, world, row)| {
        table::caught(fault, *world, row.level, row.states)
    });
    for ((fault, _, row), again) in rows.iter().zip(again) {
        assert_eq!(again.as_ref(), Some(row), "{}", fault.name);
    }
}

/// What is caught is the fault, and not the small world.
#[test]
fn nothing_is_caught_without_the_fault() {
    let mut most = BTreeMap::new();
    for (fault, world, row) in rows() {
        let cured = fault.cured(world);
        let key = (world.name, cured.unique_names, cured.bounded, row.level);
        let known: &mut (Scenario, usize) = most.entry(key).or_insert((cured, 0));
        known.1 = known.1.max(row.states);
    }
    let worlds: Vec<_> = most.into_iter().collect();
    let found = each(&worlds, |((.., level), (world, states))| {
        table::play(&[], *world, *level, *states).0
    });
    for (((name, ..), _), found) in worlds.iter().zip(found) {
        assert!(found.is_none(), "{name}: {found:?}");
    }
}

/// A fault that another guard makes good is no fault of the operator: these are caught in pairs.
#[test]
fn a_second_lock_holds_where_the_first_is_missing() {
    let worlds = [worlds::DOUBT, worlds::LEAVES, worlds::UNDER_WAY].concat();
    let names = SECOND_LOCKS.iter().map(std::slice::from_ref);
    let all: Vec<_> = names
        .flat_map(|name| worlds.iter().map(move |world| (name, *world)))
        .collect();
    let found = each(&all, |(name, world)| table::play(name, *world, Level::Rules, 2_000).0);
    for ((name, world), found) in all.iter().zip(found) {
        assert!(found.is_none(), "{name:?} in {}: {found:?}", world.name);
    }
}

#[test]
fn the_page_of_the_zoo_is_up_to_date() {
    let text = page::text(&committed()).expect("a text");
    assert!(
        page::committed() == text,
        "docs/bug-zoo.md is stale: cargo run --release --bin zoo"
    );
}
