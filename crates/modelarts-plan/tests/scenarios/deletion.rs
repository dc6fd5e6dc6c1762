//! How a pool is let go: one scenario for each rule of the deletion.

use crate::world::faults::{Fault, Op};
use crate::world::{MINUTE, SECOND, World, spec};
use modelarts_crd::conditions::Reason;
use modelarts_plan::Closed;
use modelarts_sim::Profile;

const W: u64 = 5 * MINUTE;
const SPACING: u64 = MINUTE;

fn id(world: &World) -> String {
    let status = world.object("train").status.as_ref();
    status
        .and_then(|status| status.pool_id.clone())
        .expect("a pool on record")
}

fn reason(world: &World) -> String {
    world.kube.condition("train", "Ready").1
}

fn is_stalled(world: &World) -> bool {
    world.kube.condition("train", "Stalled").0 == "True"
}

fn dead_account() -> Closed {
    Closed {
        reason: Reason::CredentialsRefused,
        stalled: true,
        message: "the key is refused".into(),
    }
}

/// A world in which a creation was refused and nothing else happened.
fn refused() -> World {
    let mut world = World::with_pool();
    world.break_next(Op::Create, Fault::Quota, 1);
    world.run_until("refused", MINUTE, |world| reason(world) == "QuotaExceeded");
    world
}

/// A world in which a creation is in doubt.
fn doubted(fault: Fault) -> World {
    let mut world = World::with_pool();
    world.break_next(Op::Create, fault, 1);
    world.run_until("in doubt", MINUTE, |world| world.judge.count(Op::Create) == 1);
    world
}

#[test]
fn an_object_that_never_tried_is_released_without_a_call_to_the_cloud() {
    let mut world = World::new();
    let mut unsized_spec = spec(1);
    unsized_spec.nodes = None;
    world.apply("train", unsized_spec);
    world.run_until("held", MINUTE, |world| reason(world) == "SizeNotSet");
    world.closed = Some(dead_account());
    let calls = world.judge.cloud_calls();
    world.delete("train");
    world.run_until_gone("train", SECOND);
    assert_eq!(world.judge.cloud_calls(), calls);
}

#[test]
fn only_refused_attempts_take_one_list_set() {
    let mut world = refused();
    let (asked, sets) = (world.now, world.judge.count(Op::ListFailed));
    world.delete("train");
    world.run_until_gone("train", 30 * SECOND);
    let looked = world.judge.times(Op::ListFailed);
    assert_eq!(looked.len(), sets + 1);
    assert!(looked[sets] >= asked, "a set from before the deletion is no evidence");
    assert_eq!(world.judge.count(Op::Show), 0);
}

#[test]
fn a_refusal_after_a_doubt_takes_two_proofs_all_the_same() {
    let mut world = doubted(Fault::ServerError);
    world.break_next(Op::Create, Fault::Quota, 1);
    world.run_until("refused", 10 * MINUTE, |world| reason(world) == "QuotaExceeded");
    let asked = world.now;
    world.delete("train");
    world.run_until_gone("train", 10 * MINUTE);
    assert!(world.now - asked >= SPACING, "{}", world.now - asked);
}

#[test]
fn a_pool_is_deleted_after_a_look_and_released_after_two_proofs_a_spacing_apart() {
    let mut world = World::with_ready_pool();
    world.run_for(MINUTE);
    let (asked, before) = (world.now, world.judge.steps.len());
    world.delete("train");
    world.run_until_gone("train", 5 * MINUTE);
    let steps: Vec<_> = world.judge.steps[before..]
        .iter()
        .map(|(_, kind)| kind.as_str())
        .collect();
    assert_eq!(steps[..2], ["look-at", "delete"]);
    let proofs: Vec<u64> = world
        .judge
        .times(Op::ListFailed)
        .into_iter()
        .filter(|at| *at >= asked)
        .collect();
    assert_eq!(proofs.len(), 2, "{steps:?}");
    assert!(proofs[1] - proofs[0] >= SPACING, "{proofs:?}");
    assert!(world.now - asked < W, "a settled pool does not wait for the window");
    assert_eq!(world.judge.count(Op::Delete), 1);
}

#[test]
fn a_pool_that_reappears_between_the_proofs_is_not_forgotten() {
    let mut world = World::with_ready_pool();
    world.hide_all = true;
    world.deny_shows = true;
    world.delete("train");
    world.run_for(50 * SECOND);
    world.hide_all = false;
    world.deny_shows = false;
    world.run_until_gone("train", 10 * MINUTE);
    assert_eq!((world.pools().len(), world.judge.count(Op::Delete)), (0, 1));
}

#[test]
fn failed_looks_prove_no_absence_and_are_repeated() {
    for fault in [
        Fault::Gateway404,
        Fault::ServerError,
        Fault::Denied,
        Fault::Malformed,
        Fault::Throttle,
    ] {
        let mut world = World::with_ready_pool();
        world.break_next(Op::Show, fault, 1_000);
        world.delete("train");
        world.run_for(30 * MINUTE);
        assert!(world.kube.get("train").is_some(), "{fault:?}");
        assert_eq!(world.judge.count(Op::Delete), 0, "{fault:?}");
        world.faults.clear();
        world.run_until_gone("train", 10 * MINUTE);
        assert!(world.pools().is_empty());
    }
}

#[test]
fn a_look_that_fails_at_the_second_proof_is_repeated() {
    let mut world = World::with_ready_pool();
    world.delete("train");
    world.run_until("proved once", 2 * MINUTE, |world| {
        world.steps().iter().filter(|step| **step == "look-at-scope").count() == 2
    });
    world.run_for(10 * SECOND);
    world.break_next(Op::Show, Fault::ServerError, 1);
    world.run_until_gone("train", 5 * MINUTE);
}

#[test]
fn a_set_that_was_made_while_the_pool_was_leaving_does_not_hold_the_object_for_ever() {
    let mut world = World::with(Profile {
        delete_seconds: 60,
        ..Profile::default()
    });
    world.apply("train", spec(1));
    world.run_until_ready("train");
    world.delete("train");
    world.run_for(5 * SECOND);
    // Somebody else's evidence, which still shows the pool.
    world.apply("other", spec(1));
    world.run_until_ready("other");
    world.run_until_gone("train", 10 * MINUTE);
}

#[test]
fn an_open_attempt_is_waited_for_before_the_object_is_released() {
    // The creation lands late, without names that are unique: only the wait protects.
    let mut world = World::with(Profile {
        unique_names: false,
        ..Profile::default()
    });
    world.apply("train", spec(1));
    world.break_next(Op::Create, Fault::DelayedCommit(60 * SECOND), 1);
    world.run_until("in doubt", MINUTE, |world| world.judge.count(Op::Create) == 1);
    world.delete("train");
    world.run_until_gone("train", 20 * MINUTE);
    assert_eq!((world.pools().len(), world.judge.count(Op::Delete)), (0, 1));
}

#[test]
fn an_open_attempt_that_came_to_nothing_waits_for_the_window() {
    let mut world = doubted(Fault::ServerError);
    let sent = world.now;
    world.delete("train");
    world.run_until_gone("train", 20 * MINUTE);
    assert!(world.now - sent >= W, "{}", world.now - sent);
    assert_eq!(world.judge.count(Op::Delete), 0);
}

#[test]
fn an_attempt_that_was_never_sent_is_not_waited_for() {
    let mut world = World::with_pool();
    world.slow_status = 21 * SECOND;
    world.run_until("opened", MINUTE, |world| world.steps().contains(&"open-attempt"));
    world.slow_status = 0;
    world.delete("train");
    world.run_until_gone("train", MINUTE);
    assert_eq!(world.judge.count(Op::Create), 0);
}

#[test]
fn a_pool_that_was_adopted_lately_is_let_go_only_after_the_window() {
    let mut world = World::with_pool();
    world.break_next(Op::Create, Fault::LostAnswer, 1);
    world.run_until_ready("train");
    let sent = world.judge.times(Op::Create)[0];
    world.delete("train");
    world.run_until_gone("train", 20 * MINUTE);
    assert!(world.now - sent >= W, "{}", world.now - sent);
}

#[test]
fn a_refused_deletion_is_told_and_tried_again_ever_more_rarely() {
    let mut world = World::with_ready_pool();
    world.break_next(Op::Delete, Fault::Invalid, 6);
    world.delete("train");
    world.run_until("told", MINUTE, |world| reason(world) == "DeletionRefused");
    world.run_until_gone("train", 30 * MINUTE);
    let times = world.judge.times(Op::Delete);
    let seconds: Vec<u64> = times.windows(2).map(|pair| (pair[1] - pair[0]) / SECOND).collect();
    assert_eq!(seconds, [5, 10, 20, 40, 80, 160]);
}

#[test]
fn a_refused_deletion_causes_no_new_status_for_each_request_id() {
    for fault in [Fault::Invalid, Fault::Denied, Fault::ServerError, Fault::Throttle] {
        let mut world = World::with_ready_pool();
        world.break_next(Op::Delete, fault, 1_000);
        world.delete("train");
        world.run_until("refused", MINUTE, |world| world.judge.count(Op::Delete) == 2);
        world.run_for(SECOND);
        let writes = world.kube.writes;
        world.run_for(60 * MINUTE);
        assert_eq!(world.kube.writes, writes, "{fault:?}");
        assert!(world.judge.count(Op::Delete) > 4, "{fault:?}");
    }
}

#[test]
fn a_pool_that_lost_its_marker_is_marked_again_before_it_is_deleted() {
    let mut world = World::with_ready_pool();
    let pool = id(&world);
    world.describe(&pool, "trains models");
    world.delete("train");
    world.run_until_gone("train", 10 * MINUTE);
    assert_eq!((world.judge.count(Op::Patch), world.judge.count(Op::Delete)), (1, 1));
    assert!(world.steps().contains(&"mark"));
    assert!(world.pools().is_empty());
}

#[test]
fn a_pool_that_another_object_has_taken_over_is_not_deleted() {
    let mut world = World::with_ready_pool();
    let pool = id(&world);
    let other = modelarts_plan::Marker {
        uid: "another".into(),
        cluster: "abcdef".into(),
    };
    world.describe(&pool, &other.append_to("trains models"));
    world.delete("train");
    world.run_until_gone("train", 10 * MINUTE);
    assert_eq!((world.judge.count(Op::Patch), world.judge.count(Op::Delete)), (0, 0));
    assert_eq!(world.pools().len(), 1);
}

#[test]
fn a_stranger_under_our_id_is_not_deleted_and_does_not_hold_the_object() {
    let mut world = World::with_ready_pool();
    let pool = id(&world);
    let name = world
        .object("train")
        .status
        .clone()
        .and_then(|status| status.pool_name)
        .expect("a name");
    world.vanish(&pool);
    world.run_for(2 * SECOND);
    world.stranger_creates(&name, "mine now");
    world.delete("train");
    world.run_until_gone("train", 10 * MINUTE);
    assert_eq!((world.pools().len(), world.judge.count(Op::Delete)), (1, 0));
}

#[test]
fn an_id_that_somebody_wrote_into_the_status_deletes_nothing() {
    let mut world = World::with_ready_pool();
    let theirs = world.stranger_creates("their-own-pool", "theirs");
    let own = id(&world);
    world.kube.change("train", |object| {
        if let Some(status) = &mut object.status {
            status.pool_id = Some(theirs.clone());
        }
    });
    world.delete("train");
    world.run_until_gone("train", 10 * MINUTE);
    let left: Vec<String> = world
        .pools()
        .iter()
        .filter_map(|pool| pool.id().map(str::to_owned))
        .collect();
    assert_eq!(left, [theirs]);
    assert_ne!(left, [own]);
}

#[test]
fn a_second_pool_with_our_marker_is_deleted_too() {
    let mut world = World::with_ready_pool();
    world.allow_twins = true;
    let description = world.marker_of("train").append_to("a twin");
    world.stranger_creates("the-other-one", &description);
    world.delete("train");
    world.run_until_gone("train", 15 * MINUTE);
    assert_eq!((world.pools().len(), world.judge.count(Op::Delete)), (0, 2));
}

#[test]
fn a_dead_account_holds_a_bought_pool() {
    let mut world = World::with_ready_pool();
    world.closed = Some(dead_account());
    world.delete("train");
    world.run_for(30 * MINUTE);
    assert_eq!(
        (reason(&world).as_str(), is_stalled(&world)),
        ("CredentialsRefused", true)
    );
    world.closed = None;
    world.wake("train");
    world.run_until_gone("train", 10 * MINUTE);
    assert!(world.pools().is_empty());
}

#[test]
fn a_frozen_scope_releases_nothing() {
    let mut world = World::new();
    for name in ["train", "pool-b", "pool-c", "pool-d"] {
        world.apply(name, spec(1));
        world.run_until_ready(name);
    }
    world.hide_all = true;
    world.deny_shows = true;
    world.run_until("frozen", MINUTE, |world| world.process.pools.census.is_frozen());
    world.delete("train");
    world.run_for(8 * MINUTE);
    assert!(world.kube.get("train").is_some());
    world.hide_all = false;
    world.deny_shows = false;
    world.run_until_gone("train", 30 * MINUTE);
}

#[test]
fn a_deletion_needs_no_valid_spec() {
    let mut world = World::with_ready_pool();
    world.edit("train", |spec| spec.resources.clear());
    world.delete("train");
    world.run_until_gone("train", 10 * MINUTE);
    assert!(world.pools().is_empty());
}

#[test]
fn another_finalizer_keeps_the_object_and_costs_nothing() {
    let mut world = World::with_ready_pool();
    world.kube.change("train", |object| {
        let finalizers = object.metadata.finalizers.get_or_insert_with(Vec::new);
        finalizers.push("example.com/other".into());
    });
    world.delete("train");
    world.run_until("let go", 10 * MINUTE, |world| {
        let finalizers = world.object("train").metadata.finalizers.clone();
        finalizers == Some(vec!["example.com/other".into()])
    });
    let (writes, plans) = (world.kube.writes, world.judge.plans);
    world.run_for(60 * MINUTE);
    assert_eq!(world.kube.writes, writes);
    assert!(world.judge.plans - plans < 10);
}
