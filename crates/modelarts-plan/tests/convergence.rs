//! From every fault at every call the pool still comes to be once, and goes without a trace.

mod world;

use std::sync::atomic::{AtomicUsize, Ordering};

use modelarts_plan::Marker;
use modelarts_sim::Profile;
use proptest::prelude::*;

use world::faults::{Fault, Op};
use world::{MINUTE, World};

/// The longest that a life with faults may take to become ready, or to end: waits of refusals included.
const PATIENCE: u64 = 6 * 60 * MINUTE;

/// The least ordered pairs of deaths.
const LEAST_PAIRS: usize = 2_000;

/// What becomes of one life.
struct Life {
    world: World,
}

fn names_are_unique(unique_names: bool) -> Profile {
    Profile {
        unique_names,
        ..Profile::default()
    }
}

/// Applies, waits for readiness, deletes, waits for the end; with the faults at the calls of these numbers.
fn live(profile: Profile, faults: &[(usize, Fault)]) -> Life {
    end(begin(profile, faults))
}

/// The same, and in between the spec asks for another node.
fn live_and_grow(profile: Profile, faults: &[(usize, Fault)]) -> Life {
    let mut world = begin(profile, faults);
    world.edit("train", |spec| spec.nodes = Some(3));
    world.run_until("three nodes", PATIENCE, |world| {
        let nodes = world
            .object("train")
            .status
            .as_ref()
            .and_then(|status| status.nodes.clone());
        nodes.is_some_and(|nodes| nodes.available == 3)
    });
    end(world)
}

fn begin(profile: Profile, faults: &[(usize, Fault)]) -> World {
    let mut world = World::with(profile);
    for (number, fault) in faults {
        world.faults.at(*number, *fault);
    }
    world.apply("train", world::spec(2));
    let ours: Marker = world.marker_of("train");
    world.run_until("ready", PATIENCE, |world| {
        world.kube.condition("train", "Ready").0 == "True"
    });
    let pools = world.marked(&ours);
    assert_eq!(pools.len(), 1, "{pools:?}\n{}", world.story());
    assert_eq!(
        world
            .object("train")
            .status
            .as_ref()
            .and_then(|status| status.pool_id.clone()),
        Some(pools[0].clone())
    );
    world
}

fn end(mut world: World) -> Life {
    let ours: Marker = world.marker_of("train");
    world.delete("train");
    world.run_until_gone("train", PATIENCE);
    // Whatever was still under way has arrived by now.
    world.run_for(10 * MINUTE);
    let left = world.marked(&ours);
    assert!(left.is_empty(), "{left:?}\n{}", world.story());
    assert!(world.judge.plans < 600, "{} plans", world.judge.plans);
    Life { world }
}

fn calls_of(life: &Life) -> Vec<Op> {
    life.world.judge.calls.iter().map(|call| call.op).collect()
}

#[test]
fn a_life_without_faults_takes_one_creation_one_deletion_and_few_writes() {
    let world = live(names_are_unique(true), &[]).world;
    assert_eq!(world.judge.count(Op::Create), 1);
    assert_eq!(world.judge.count(Op::Delete), 1);
    let until_ready = world.judge.calls.iter().take_while(|call| call.op != Op::Delete);
    let writes = until_ready
        .filter(|call| matches!(call.op, Op::Status | Op::Finalizer))
        .count();
    assert!(writes <= 6, "{writes} writes until the deletion");
    assert_eq!(world.judge.events, ["Created", "Ready", "Deleting", "Deleted"]);
}

/// Every fault at every call of the undisturbed life.
#[test]
fn any_single_fault_at_any_call_is_survived() {
    let calls = calls_of(&live(names_are_unique(true), &[]));
    let mut lives = 0;
    for (number, op) in calls.iter().enumerate() {
        for fault in Fault::of(*op) {
            live(names_are_unique(true), &[(number, fault)]);
            lives += 1;
        }
    }
    assert!(lives > 300, "only {lives} lives");
}

/// Without names that are unique in the cloud everything rests on the windows.
#[test]
fn any_single_fault_is_survived_where_names_may_repeat() {
    let calls = calls_of(&live(names_are_unique(false), &[]));
    for (number, op) in calls.iter().enumerate() {
        for fault in Fault::of(*op).into_iter().filter(|fault| !fault.lies()) {
            live(names_are_unique(false), &[(number, fault)]);
        }
    }
}

/// A fault, and then a death at each of the calls that follow it closely. A death before a call
/// leaves the same behind as one after the call before it.
#[test]
fn any_fault_with_a_death_soon_after_it_is_survived() {
    const SOON: usize = 3;
    let calls = calls_of(&live(names_are_unique(true), &[]));
    for (number, op) in calls.iter().enumerate().filter(|(_, op)| **op != Op::Read) {
        for fault in Fault::of(*op).into_iter().filter(|fault| *fault != Fault::CrashBefore) {
            for later in number + 1..=number + SOON {
                let faults = [(number, fault), (later, Fault::CrashAfter)].map(truthful);
                live(names_are_unique(false), &faults);
            }
        }
    }
}

/// The same fault without the lie, for a cloud in which nothing but lists speaks of a pool.
fn truthful((number, fault): (usize, Fault)) -> (usize, Fault) {
    match fault {
        Fault::EmptyList | Fault::PartialList => (number, Fault::ServerError),
        _ => (number, fault),
    }
}

/// A life with these deaths; nothing if it ends before the last of them.
fn dies_at(numbers: &[usize]) -> Option<Life> {
    let deaths: Vec<_> = numbers.iter().map(|number| (*number, Fault::CrashAfter)).collect();
    let life = live_and_grow(names_are_unique(false), &deaths);
    (life.world.restarts == u32::try_from(numbers.len()).expect("a number")).then_some(life)
}

/// Every ordered pair of deaths in a whole life. One before a call leaves behind what one after the call
/// before it leaves.
#[test]
fn any_two_deaths_are_survived() {
    let (next, cores) = (
        AtomicUsize::new(0),
        std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
    );
    let share = || {
        let mut pairs = 0;
        loop {
            let first = next.fetch_add(1, Ordering::Relaxed);
            if dies_at(&[first]).is_none() {
                return pairs;
            }
            pairs += (first + 1..)
                .take_while(|second| dies_at(&[first, *second]).is_some())
                .count();
        }
    };
    let pairs: usize = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(share)).collect();
        threads.into_iter().map(|thread| thread.join().expect("a share")).sum()
    });
    println!("{pairs} pairs of deaths");
    assert!(pairs >= LEAST_PAIRS, "only {pairs} pairs of deaths");
}

#[test]
fn a_settled_pool_costs_no_write_no_mutation_and_few_plans() {
    let mut world = World::with_ready_pool();
    world.run_for(MINUTE);
    let (writes, plans) = (world.kube.writes, world.judge.plans);
    let (creates, deletes, shows) = (
        world.judge.count(Op::Create),
        world.judge.count(Op::Delete),
        world.judge.count(Op::Show),
    );
    world.run_for(120 * MINUTE);
    assert_eq!(world.kube.writes, writes);
    assert_eq!(
        (
            world.judge.count(Op::Create),
            world.judge.count(Op::Delete),
            world.judge.count(Op::Show)
        ),
        (creates, deletes, shows)
    );
    assert!(
        world.judge.plans - plans <= 13,
        "{} plans in two hours",
        world.judge.plans - plans
    );
}

fn any_fault() -> impl Strategy<Value = Fault> {
    let mut all: Vec<Fault> = vec![
        Fault::CrashBefore,
        Fault::CrashAfter,
        Fault::Conflict,
        Fault::DelayedCommit(31_000),
    ];
    all.extend(Fault::ANYWHERE);
    all.extend([
        Fault::ListLag(60_000),
        Fault::SoldOut,
        Fault::Quota,
        Fault::Invalid,
        Fault::DelayedCommit(60_000),
    ]);
    proptest::sample::select(all)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_faults_and_deaths_are_survived(
        faults in proptest::collection::vec((0_usize..60, any_fault()), 0..12),
        unique in any::<bool>(),
    ) {
        live(names_are_unique(unique), &faults);
    }
}
