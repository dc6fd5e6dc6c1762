//! What went wrong in other operators of cloud resources, each told by its number, and what happens
//! here instead. The facts are from the public reports; nothing here depends on those projects.
//!
//! Which account is used at the start (ACK community#2011) is shown by `ack_2011_...` in the tests of the
//! operator's `accounts.rs`.

mod world;

use modelarts_crd::policy::{Adoption, DeletionPolicy};
use modelarts_crd::status::Outcome as Fate;
use modelarts_plan::Marker;
use modelarts_sim::Profile;
use world::faults::{Fault, Op};
use world::{MINUTE, SECOND, World, spec};

/// The in-doubt window, and what two looks and the making of a pool take after it.
const W: u64 = 5 * MINUTE;
const TWO_LOOKS: u64 = MINUTE;

fn fate(world: &World) -> Option<Fate> {
    world.object("train").status.as_ref()?.creation.as_ref()?.outcome
}

fn reason(world: &World, name: &str) -> String {
    world.kube.condition(name, "Ready").1
}

fn id(world: &World, name: &str) -> Option<String> {
    world.object(name).status.as_ref()?.pool_id.clone()
}

/// A cloud that takes the same name twice, so that nothing but the protocol protects.
fn names_may_repeat() -> World {
    let mut world = World::with(Profile {
        unique_names: false,
        ..Profile::default()
    });
    world.apply("train", spec(2));
    world
}

/// Crossplane notes that a creation is about to happen, creates, and notes how it ended. A provider
/// that is restarted in between finds the first note without the second, and leaves the object alone
/// until a person takes the note away: whether something was bought, it does not find out.
///
/// Here the note is the same and the doubt is resolved: a list shows what carries our marker, and it is
/// taken for ours. Nobody does anything.
#[test]
fn crossplane_3037_an_interrupted_creation_is_resolved_without_a_hand() {
    let mut world = names_may_repeat();
    world.break_next(Op::Create, Fault::CrashAfter, 1);
    world.run_until_ready_within("train", W + TWO_LOOKS);
    assert_eq!(world.restarts, 1);
    assert_eq!((world.judge.count(Op::Create), world.pools().len()), (1, 1));
    assert_eq!(fate(&world), Some(Fate::Adopted));
    assert_eq!(id(&world, "train"), world.pools()[0].id().map(str::to_owned));
}

/// The same note, and the process was killed before anything was created (a long creation in a pod that
/// is deleted). The object then stands still although there is nothing to be in doubt about: the check
/// of the note comes before any look.
///
/// Here the doubt ends after the window, by a look, and the creation is tried anew.
#[test]
fn crossplane_runtime_340_a_creation_that_never_left_is_tried_again() {
    let mut world = names_may_repeat();
    world.break_next(Op::Create, Fault::CrashBefore, 1);
    world.run_until("dead", MINUTE, |world| world.restarts == 1);
    let died = world.now;
    world.run_until("tried again", W + TWO_LOOKS, |world| world.judge.count(Op::Create) == 2);
    assert!(
        world.now - died >= W,
        "it might still have been executed: {} ms",
        world.now - died
    );
    world.run_until_ready_within("train", TWO_LOOKS);
    assert_eq!(world.pools().len(), 1);
}

/// Generated providers never say that a name chosen by the user is unique, so that even objects whose
/// thing could be found by its name stay stuck in doubt.
///
/// Here a chosen name recovers as a derived one does. The second half is why their remedy, to go on
/// because the name is known, would not do: the thing of that name may be a stranger's.
#[test]
fn upjet_681_a_name_chosen_by_the_user_recovers_and_proves_nothing() {
    let named = || {
        let mut spec = spec(2);
        spec.pool_name = Some("shared-name".into());
        spec
    };
    let mut world = World::new();
    world.apply("train", named());
    world.break_next(Op::Create, Fault::CrashAfter, 1);
    world.run_until_ready_within("train", W + TWO_LOOKS);
    assert_eq!((world.judge.count(Op::Create), world.pools().len()), (1, 1));

    let mut world = World::new();
    world.apply("train", named());
    world.break_next(Op::Create, Fault::CrashBefore, 1);
    world.run_until("dead", MINUTE, |world| world.restarts == 1);
    let theirs = world.stranger_creates("shared-name", "not ours");
    world.run_until("told", W + TWO_LOOKS, |world| reason(world, "train") == "NameConflict");
    world.run_for(30 * MINUTE);
    assert_eq!(id(&world, "train"), None, "a name is no proof");
    let left: Vec<_> = world.pools().iter().map(|pool| pool.id().map(str::to_owned)).collect();
    assert_eq!(left, [Some(theirs)]);
    assert_eq!(world.pools()[0].description(), "not ours");
}

/// A circuit breaker in memory is keyed by namespace and name. An object that is deleted while it is
/// open and made again under its name inherits it, and its events are dropped, for up to three hours.
///
/// Here memory is keyed by uid, and what a memory holds is about one uid: even with its predecessor's
/// memory a new object is not held back by what was refused to the old one.
#[test]
fn crossplane_7200_an_object_made_again_does_not_inherit_the_refusals_of_its_predecessor() {
    for inherits in [false, true] {
        let mut world = World::with_pool();
        world.break_next(Op::Create, Fault::Quota, 3);
        world.run_until("refused thrice", 2 * 60 * MINUTE, |world| {
            world.judge.count(Op::Create) == 3
        });
        world.run_for(MINUTE);
        let before = world.object("train").metadata.uid.clone().expect("a uid");
        let memory = world.process.pools.memories.get(&before).cloned().expect("a memory");
        world.delete("train");
        world.run_until_gone("train", 5 * MINUTE);
        world.apply("train", spec(2));
        let after = world.object("train").metadata.uid.clone().expect("a uid");
        assert_ne!(before, after);
        if inherits {
            world.process.pools.memories.insert(after, memory);
        }
        world.run_until_ready_within("train", MINUTE);
        assert_eq!(world.judge.count(Op::Create), 4);
    }
}

/// A controller that is stopped between the creation and the write of the status creates once more when
/// it starts again: nothing was written down before.
///
/// Here the intent is durable first, and the process may die at, before or after every call of the
/// creation and of the write that records it, in a cloud whose lists lag and that takes a name twice.
#[test]
fn ack_2062_a_stop_between_creation_and_status_buys_nothing_twice() {
    for list_lag_seconds in [0, 60] {
        let world = || {
            let mut world = World::with(Profile {
                unique_names: false,
                list_lag_seconds,
                ..Profile::default()
            });
            world.apply("train", spec(2));
            world
        };
        let mut undisturbed = world();
        undisturbed.run_until_ready("train");
        let calls: Vec<Op> = undisturbed.judge.calls.iter().map(|call| call.op).collect();
        let create = calls.iter().position(|op| *op == Op::Create).expect("a creation");
        assert_eq!(
            calls[create - 1..=create + 1],
            [Op::Status, Op::Create, Op::Status],
            "intent, creation, record"
        );
        for (number, op) in calls.iter().enumerate().take(create + 2).skip(create - 1) {
            for fault in [Fault::CrashBefore, Fault::CrashAfter] {
                let mut world = world();
                world.faults.at(number, fault);
                world.run_until_ready_within("train", 2 * W);
                let point = (op, fault, list_lag_seconds);
                assert_eq!(world.restarts, 1, "{point:?}");
                assert_eq!(world.pools().len(), 1, "{point:?}");
            }
        }
    }
}

/// The creation succeeds and its context is cancelled before the success is recorded. Every later try
/// is told that the thing exists already, and the object stays in that error: what exists is not known
/// to be its own.
///
/// Here the answer that the name is taken means: look by whom. What carries our marker is ours, also
/// after a refusal, and also if no list showed it for longer than any list should lag.
#[test]
fn ack_2497_what_exists_already_and_is_ours_is_taken_for_ours() {
    let mut world = World::with_pool();
    world.break_next(Op::Create, Fault::LostAnswer, 1);
    world.hide_all = true;
    world.run_until("told that the name is taken", 2 * W, |world| {
        world.judge.count(Op::Create) == 2
    });
    world.run_for(SECOND);
    world.hide_all = false;
    world.run_until_ready_within("train", TWO_LOOKS);
    assert_eq!((fate(&world), world.pools().len()), (Some(Fate::Adopted), 1));
    assert_eq!(world.kube.condition("train", "Stalled").0, "");
}

/// Two adoptions that name one thing both succeed, and two objects fight over it from then on; when one
/// of them is deleted, the other's thing is gone.
///
/// Here the thing itself says whose it is. The second object is refused with the first one's uid, and
/// its deletion touches nothing.
#[test]
fn ack_843_one_pool_is_taken_over_by_one_object() {
    let mut world = World::new();
    let pool = world.stranger_creates("made-by-hand", "mine");
    world.run_for(10 * MINUTE);
    let mut taking = spec(1);
    taking.adoption = Some(Adoption {
        pool_id: pool.clone(),
        replaces_marker: None,
    });
    taking.deletion_policy = Some(DeletionPolicy::Delete);
    world.apply("first", taking.clone());
    world.run_until_ready_within("first", TWO_LOOKS);
    world.apply("second", taking);
    world.run_until("refused", TWO_LOOKS, |world| {
        reason(world, "second") == "AdoptionRefused"
    });
    let told = world.kube.condition("second", "Ready").2;
    let first = world.object("first").metadata.uid.clone().expect("a uid");
    assert!(told.contains(&first), "{told}");
    assert_eq!((id(&world, "first"), id(&world, "second")), (Some(pool.clone()), None));
    world.delete("second");
    world.run_until_gone("second", 10 * MINUTE);
    world.run_for(10 * MINUTE);
    assert_eq!((world.judge.count(Op::Delete), world.judge.count(Op::Create)), (0, 0));
    let pools = world.pools();
    assert_eq!(Marker::find(pools[0].description()), Some(world.marker_of("first")));
}
