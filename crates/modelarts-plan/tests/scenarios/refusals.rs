//! A creation that is refused, or that fails: what is said, how long it is waited, what ends the wait.

use crate::world::faults::{Fault, Op};
use crate::world::{MINUTE, SECOND, World};
use modelarts_crd::conditions::Reason;
use modelarts_crd::status::Outcome as Fate;
use modelarts_plan::Closed;

fn fate(world: &World) -> Option<Fate> {
    world.object("train").status.as_ref()?.creation.as_ref()?.outcome
}

fn reason(world: &World) -> String {
    world.kube.condition("train", "Ready").1
}

fn is_stalled(world: &World) -> bool {
    world.kube.condition("train", "Stalled").0 == "True"
}

fn run_until_reason(world: &mut World, wanted: &str, limit: u64) {
    world.run_until(wanted, limit, |world| reason(world) == wanted);
}

#[test]
fn each_refusal_has_its_verdict_and_its_wait() {
    // Fault, reason, whether a person has to act, the least and the most until the next try.
    let table = [
        (Fault::Quota, "QuotaExceeded", true, 10 * MINUTE, 11 * MINUTE),
        (Fault::Invalid, "RequestRejected", true, 10 * MINUTE, 11 * MINUTE),
        (Fault::Denied, "PermissionDenied", true, 10 * MINUTE, 11 * MINUTE),
        (Fault::SoldOut, "SoldOut", false, 5 * SECOND, 11 * SECOND),
        (Fault::Throttle, "Throttled", false, 5 * SECOND, 11 * SECOND),
        (Fault::NotConnected, "CloudUnavailable", false, 5 * SECOND, 11 * SECOND),
    ];
    for (fault, wanted, stalled, least, most) in table {
        let mut world = World::with_pool();
        world.break_next(Op::Create, fault, 1);
        run_until_reason(&mut world, wanted, MINUTE);
        assert_eq!(is_stalled(&world), stalled, "{fault:?}");
        assert_eq!(fate(&world), Some(Fate::Rejected), "{fault:?}");
        world.run_until("sent again", 2 * most, |world| world.judge.count(Op::Create) == 2);
        let times = world.judge.times(Op::Create);
        assert!((least..=most).contains(&(times[1] - times[0])), "{fault:?}: {times:?}");
    }
}

#[test]
fn refusals_wait_longer_each_time_and_use_up_no_attempts() {
    let mut world = World::with_pool();
    world.break_next(Op::Create, Fault::Quota, 7);
    world.run_until_ready_within("train", 8 * 60 * MINUTE);
    let times = world.judge.times(Op::Create);
    let minutes: Vec<u64> = times.windows(2).map(|pair| (pair[1] - pair[0]) / MINUTE).collect();
    assert_eq!(minutes, [10, 20, 40, 60, 60, 60, 60]);
}

#[test]
fn a_new_spec_or_a_request_is_tried_at_once_after_a_refusal() {
    for by_request in [true, false] {
        let mut world = World::with_pool();
        world.break_next(Op::Create, Fault::Quota, 1);
        run_until_reason(&mut world, "QuotaExceeded", MINUTE);
        if by_request {
            world.request("train", "now");
        } else {
            world.edit("train", |spec| spec.nodes = Some(1));
        }
        world.run_until_ready_within("train", MINUTE);
    }
}

#[test]
fn refused_credentials_stall_and_go_on_when_they_are_accepted() {
    let mut world = World::with_pool();
    world.break_next(Op::Create, Fault::Unauthenticated, 1);
    run_until_reason(&mut world, "CredentialsRefused", MINUTE);
    assert!(is_stalled(&world));
    world.run_until_ready_within("train", 20 * MINUTE);
}

#[test]
fn after_five_doubts_it_only_looks_until_the_spec_or_a_request_is_new() {
    for by_request in [true, false] {
        let mut world = World::with_pool();
        world.break_next(Op::Create, Fault::ServerError, 5);
        run_until_reason(&mut world, "AttemptsExhausted", 40 * MINUTE);
        world.run_for(120 * MINUTE);
        assert_eq!(world.judge.count(Op::Create), 5);
        assert!(is_stalled(&world));
        if by_request {
            world.request("train", "now");
        } else {
            world.edit("train", |spec| spec.nodes = Some(1));
        }
        world.run_until_ready_within("train", MINUTE);
        assert_eq!(world.judge.count(Op::Create), 6);
    }
}

#[test]
fn an_exhausted_object_still_adopts_its_pool() {
    let mut world = World::with_pool();
    world.break_next(Op::Create, Fault::ServerError, 5);
    run_until_reason(&mut world, "AttemptsExhausted", 40 * MINUTE);
    let description = world.marker_of("train").append_to("late");
    world.stranger_creates("whatever-name", &description);
    world.run_until("adopted", MINUTE, |world| fate(world) == Some(Fate::Adopted));
}

#[test]
fn a_pool_that_failed_to_be_made_is_told_and_left_alone_for_a_while() {
    let mut world = World::with_pool();
    world.break_next(Op::Create, Fault::LostAnswer, 1);
    world.run_until("made", MINUTE, |world| !world.pools().is_empty());
    let id = world.pools()[0].id().expect("an ID").to_owned();
    world.set_phase(&id, "CreationFailed", "no capacity");
    run_until_reason(&mut world, "CreationFailed", 10 * MINUTE);
    assert_eq!((fate(&world), is_stalled(&world)), (Some(Fate::Failed), true));
    let failed = world.now;
    world.vanish(&id);
    world.run_until("sent again", 20 * MINUTE, |world| world.judge.count(Op::Create) == 2);
    assert!(world.now - failed >= 10 * MINUTE, "{}", world.now - failed);
}

#[test]
fn the_creation_budget_holds_a_purchase_back() {
    let mut world = World::with_pool();
    world.may_create = false;
    run_until_reason(&mut world, "CreationBudget", MINUTE);
    world.run_for(10 * MINUTE);
    assert_eq!(world.judge.count(Op::Create), 0);
    world.may_create = true;
    world.run_until_ready_within("train", MINUTE);
}

#[test]
fn an_account_that_cannot_be_used_gets_no_call_and_no_finalizer() {
    let mut world = World::with_pool();
    world.closed = Some(Closed {
        reason: Reason::WaitingForAccount,
        stalled: false,
        message: "no account".into(),
    });
    world.run_for(10 * MINUTE);
    assert_eq!(
        (world.judge.cloud_calls(), reason(&world).as_str()),
        (0, "WaitingForAccount")
    );
    assert_eq!(world.object("train").metadata.finalizers, None);
}

#[test]
fn a_failing_cloud_causes_no_new_status_for_each_request_id() {
    for fault in [
        Fault::ServerError,
        Fault::Throttle,
        Fault::Denied,
        Fault::Gateway404,
        Fault::Malformed,
    ] {
        let mut world = World::with_pool();
        world.break_next(Op::List, fault, 10_000);
        world.run_for(5 * MINUTE);
        let (writes, lists) = (world.kube.writes, world.judge.count(Op::List));
        world.run_for(20 * MINUTE);
        assert_eq!(world.kube.writes, writes, "{fault:?}\n{}", world.story());
        assert!(
            world.judge.count(Op::List) - lists <= 250,
            "{fault:?}: looked without a pause"
        );
    }
}

#[test]
fn a_repeated_refusal_does_not_make_the_object_flap() {
    for fault in [Fault::Quota, Fault::Invalid, Fault::Denied] {
        let mut world = World::with_pool();
        world.break_next(Op::Create, fault, 5);
        world.run_until("refused", MINUTE, is_stalled_now);
        let said = world.object("train").status.clone().expect("a status").conditions;
        while world.judge.count(Op::Create) < 5 {
            world.run_for(SECOND);
            let says = world.object("train").status.clone().expect("a status").conditions;
            assert_eq!(says, said, "{fault:?}");
        }
    }
}

#[test]
fn a_name_taken_by_somebody_unseen_is_tried_ever_more_rarely_and_does_not_flap() {
    let mut world = World::with(modelarts_sim::Profile {
        opaque_ids: true,
        ..modelarts_sim::Profile::default()
    });
    let mut wanted = crate::world::spec(1);
    wanted.pool_name = Some("shared-name".into());
    world.apply("train", wanted);
    let theirs = world.stranger_creates("shared-name", "theirs");
    world.hide_all = true;
    run_until_reason(&mut world, "NameConflict", MINUTE);
    let said = world.object("train").status.clone().expect("a status").conditions;
    while world.judge.count(Op::Create) < 6 {
        world.run_for(SECOND);
        let says = world.object("train").status.clone().expect("a status").conditions;
        assert_eq!(says, said);
    }
    assert!(world.now > 2 * MINUTE, "{}", world.now);
    world.vanish(&theirs);
    world.hide_all = false;
    world.run_until_ready_within("train", 20 * MINUTE);
}

fn is_stalled_now(world: &mut World) -> bool {
    is_stalled(world)
}
