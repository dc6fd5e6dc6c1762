//! The life of a pool that exists: what is shown, what counts as drift, and what it takes to call
//! a pool lost.

use crate::world::faults::{Fault, Op};
use crate::world::{MINUTE, SECOND, World, entry, spec};
use modelarts_crd::status::Outcome as Fate;
use modelarts_plan::desired::DesiredPool as Desired;
use modelarts_plan::drift::differences;
use modelarts_types::pool::Pool;
use serde_json::{Value, json};

const LOSS: u64 = 10 * MINUTE;

fn id(world: &World) -> String {
    let status = world.object("train").status.as_ref();
    status
        .and_then(|status| status.pool_id.clone())
        .expect("a pool on record")
}

fn fate(world: &World) -> Option<Fate> {
    world.object("train").status.as_ref()?.creation.as_ref()?.outcome
}

fn condition(world: &World, type_: &str) -> (String, String) {
    let (status, reason, _) = world.kube.condition("train", type_);
    (status, reason)
}

fn is(status: &str, reason: &str) -> (String, String) {
    (status.into(), reason.into())
}

#[test]
fn a_pool_that_one_list_lacks_is_looked_at_and_not_lost() {
    for fault in [Fault::EmptyList, Fault::PartialList] {
        let mut world = World::with_ready_pool();
        let (writes, shows) = (world.kube.writes, world.judge.count(Op::Show));
        world.break_next(Op::List, fault, 1);
        world.run_for(MINUTE);
        assert_eq!(world.judge.count(Op::Show), shows + 1);
        assert_eq!(
            (world.kube.writes, condition(&world, "Ready")),
            (writes, is("True", "Ready"))
        );
    }
}

#[test]
fn a_pool_that_all_lists_lack_but_a_get_shows_is_not_lost() {
    let mut world = World::with_ready_pool();
    world.hide_all = true;
    world.run_for(60 * MINUTE);
    assert_eq!(
        (condition(&world, "Ready"), fate(&world)),
        (is("True", "Ready"), Some(Fate::Created))
    );
    assert_eq!(world.judge.count(Op::Create), 1);
}

#[test]
fn a_loss_is_confirmed_over_the_span_with_a_canary_and_the_pool_made_again() {
    let mut world = World::with_ready_pool();
    world.vanish(&id(&world).clone());
    let vanished = world.now;
    world.run_until("confirming", MINUTE, |world| {
        condition(world, "Ready") == is("False", "ConfirmingLoss")
    });
    world.run_until("lost", 30 * MINUTE, |world| fate(world) == Some(Fate::Lost));
    assert!(world.now - vanished >= LOSS);
    assert!(world.judge.count(Op::Canary) >= 1);
    assert!(world.judge.count(Op::Show) >= 2);
    world.run_until_ready("train");
    assert_eq!(world.judge.count(Op::Create), 2);
    assert!(world.judge.events.contains(&"Lost"));
}

#[test]
fn a_loss_is_not_believed_while_no_canary_can_be_read() {
    let mut world = World::with_ready_pool();
    world.vanish(&id(&world).clone());
    world.break_next(Op::Canary, Fault::Denied, 1_000);
    world.run_for(60 * MINUTE);
    assert_eq!(fate(&world), Some(Fate::Created));
    world.faults.clear();
    world.run_until("lost", 5 * MINUTE, |world| fate(world) == Some(Fate::Lost));
}

#[test]
fn any_sighting_ends_the_confirmation_of_a_loss() {
    let mut world = World::with_ready_pool();
    // The service itself denies the pool for eight minutes, twice, with a minute of truth between.
    for _ in 0..2 {
        world.hide_all = true;
        world.deny_shows = true;
        world.run_for(8 * MINUTE);
        assert_eq!(condition(&world, "Ready"), is("False", "ConfirmingLoss"));
        world.hide_all = false;
        world.deny_shows = false;
        world.run_for(MINUTE);
        assert_eq!(condition(&world, "Ready"), is("True", "Ready"));
    }
    assert_eq!((fate(&world), world.judge.count(Op::Create)), (Some(Fate::Created), 1));
}

#[test]
fn a_failed_look_never_counts_as_absence_and_is_repeated() {
    let faults = [
        Fault::Gateway404,
        Fault::ServerError,
        Fault::Denied,
        Fault::Malformed,
        Fault::Throttle,
        Fault::NotConnected,
    ];
    for fault in faults {
        let mut world = World::with_ready_pool();
        world.hide_all = true;
        world.break_next(Op::Show, fault, 1_000);
        world.run_for(40 * MINUTE);
        assert_eq!(fate(&world), Some(Fate::Created), "{fault:?}");
        assert_eq!(condition(&world, "Ready").0, "Unknown", "{fault:?}");
        world.faults.clear();
        world.run_until_ready_within("train", MINUTE);
        assert_eq!(world.judge.count(Op::Create), 1, "{fault:?}");
    }
}

#[test]
fn a_look_that_fails_at_the_second_proof_of_a_loss_is_repeated() {
    let mut world = World::with_ready_pool();
    world.vanish(&id(&world).clone());
    world.run_until("proved once", MINUTE, |world| {
        condition(world, "Ready") == is("False", "ConfirmingLoss")
    });
    world.break_next(Op::Show, Fault::ServerError, 1);
    world.run_until("lost", 15 * MINUTE, |world| fate(world) == Some(Fate::Lost));
}

#[test]
fn a_pool_that_took_our_pools_place_is_not_ours() {
    let mut world = World::with_ready_pool();
    let old = id(&world);
    let name = world
        .object("train")
        .status
        .clone()
        .and_then(|status| status.pool_name)
        .expect("a name");
    world.vanish(&old);
    world.run_for(2 * SECOND);
    assert_eq!(world.stranger_creates(&name, "mine now"), old);
    world.run_until("lost", 30 * MINUTE, |world| fate(world) == Some(Fate::Lost));
    world.run_for(10 * MINUTE);
    assert_eq!(condition(&world, "Stalled"), is("True", "NameConflict"));
    assert_eq!(world.judge.count(Op::Delete), 0);
}

#[test]
fn a_recorded_pool_that_is_gone_gives_way_to_another_with_our_marker() {
    let mut world = World::with_ready_pool();
    let (old, marker) = (id(&world), world.marker_of("train"));
    world.vanish(&old);
    let other = world.stranger_creates("restored-by-hand", &marker.append_to("trains models"));
    world.run_until("recorded", 15 * MINUTE, |world| id(world) == other);
    assert_eq!((fate(&world), world.judge.count(Op::Create)), (Some(Fate::Adopted), 1));
}

#[test]
fn a_lost_marker_is_written_again_and_the_pool_stays_ready() {
    let mut world = World::with_ready_pool();
    let pool = id(&world);
    world.describe(&pool, "written in the console");
    world.run_for(MINUTE);
    let ours = world.marker_of("train");
    assert_eq!(world.marked(&ours), [pool]);
    assert_eq!(condition(&world, "Ready"), is("True", "Ready"));
    assert_eq!(condition(&world, "Synced"), is("True", "Synced"));
}

#[test]
fn a_frozen_scope_gives_nothing_up() {
    let mut world = World::new();
    for name in ["train", "pool-b", "pool-c", "pool-d"] {
        world.apply(name, spec(1));
        world.run_until_ready(name);
    }
    world.hide_all = true;
    world.deny_shows = true;
    world.run_for(9 * MINUTE);
    assert!(world.process.pools.census.is_frozen());
    assert_eq!(condition(&world, "Ready"), is("False", "ScopeFrozen"));
    world.hide_all = false;
    world.deny_shows = false;
    world.run_for(15 * MINUTE);
    assert_eq!(
        (condition(&world, "Ready"), world.judge.count(Op::Create)),
        (is("True", "Ready"), 4)
    );
}

#[test]
fn phases_are_copied_as_given_and_judged() {
    let table = [
        ("Abnormal", "False", "PoolNotRunning", false),
        ("ScalingFailed", "False", "ScalingFailed", true),
        ("Error", "False", "PoolNotRunning", true),
        ("Waiting", "False", "PaymentPending", false),
        ("Hibernating", "False", "PoolNotRunning", false),
    ];
    for (phase, ready, reason, stalled) in table {
        let mut world = World::with_ready_pool();
        let pool = id(&world);
        world.set_phase(&pool, phase, "so it is");
        world.run_for(MINUTE);
        assert_eq!(
            world
                .object("train")
                .status
                .as_ref()
                .and_then(|status| status.phase.as_deref()),
            Some(phase)
        );
        assert_eq!(condition(&world, "Ready"), is(ready, reason), "{phase}");
        assert_eq!(condition(&world, "Stalled").0 == "True", stalled, "{phase}");
        let (writes, plans) = (world.kube.writes, world.judge.plans);
        world.run_for(30 * MINUTE);
        assert_eq!(world.kube.writes, writes, "{phase}: unchanged and written");
        assert!(
            world.judge.plans - plans < 400,
            "{phase}: {} plans",
            world.judge.plans - plans
        );
    }
}

#[test]
fn blindness_is_told_after_some_intervals_and_readiness_doubted_after_the_window() {
    let mut world = World::with_ready_pool();
    world.break_next(Op::List, Fault::ServerError, 10_000);
    world.run_for(15 * SECOND);
    assert_eq!(condition(&world, "Synced"), is("True", "Synced"));
    world.run_for(45 * SECOND);
    assert_eq!(condition(&world, "Synced"), is("Unknown", "CloudUnavailable"));
    assert_eq!(condition(&world, "Ready"), is("True", "Ready"));
    world.run_for(5 * MINUTE);
    assert_eq!(condition(&world, "Ready"), is("Unknown", "CloudUnavailable"));
    world.faults.clear();
    world.run_for(MINUTE);
    assert_eq!(
        (condition(&world, "Ready"), condition(&world, "Synced")),
        (is("True", "Ready"), is("True", "Synced"))
    );
}

#[test]
fn a_failing_cloud_causes_no_new_status_for_each_request_id() {
    for fault in [
        Fault::ServerError,
        Fault::Throttle,
        Fault::Denied,
        Fault::Unauthenticated,
        Fault::Malformed,
    ] {
        let mut world = World::with_ready_pool();
        world.break_next(Op::List, fault, 10_000);
        world.run_for(10 * MINUTE);
        let writes = world.kube.writes;
        world.run_for(30 * MINUTE);
        assert_eq!(world.kube.writes, writes, "{fault:?}");
    }
}

#[test]
fn a_request_is_echoed_after_a_look_that_began_later() {
    let mut world = World::with_ready_pool();
    world.run_for(MINUTE);
    let asked = world.now;
    world.request("train", "2026-11-22");
    world.run_until("echoed", MINUTE, |world| {
        let status = world.object("train").status.as_ref();
        status.and_then(|status| status.last_handled_reconcile_at.as_deref()) == Some("2026-11-22")
    });
    assert!(
        world
            .judge
            .times(Op::List)
            .iter()
            .any(|at| (asked..world.now).contains(at))
    );
    assert_eq!(world.judge.count(Op::Create), 1);
}

#[test]
fn an_invalid_spec_stalls_with_the_field_and_touches_nothing() {
    let mut world = World::with_ready_pool();
    world.edit("train", |spec| spec.scope.clear());
    world.run_for(MINUTE);
    assert_eq!(condition(&world, "Stalled"), is("True", "InvalidSpec"));
    let text = world.kube.condition("train", "Stalled").2;
    assert!(text.contains("spec.scope"), "{text}");
    assert_eq!(world.judge.count(Op::Delete), 0);
}

/// What the cloud has beside a wanted pool of two entries, after `change`.
fn drift(change: impl FnOnce(&mut Value)) -> Vec<String> {
    let mut world = World::new();
    let mut wanted = spec(1);
    wanted.nodes = None;
    wanted.resources = vec![
        entry("modelarts.vm.cpu.4ud", Some(2)),
        entry("modelarts.vm.cpu.8ud", Some(1)),
    ];
    wanted.job_flavors = vec!["a".into(), "b".into()];
    wanted.driver = Some(serde_json::from_value(json!({"gpuVersion": "1", "npuVersion": "2"})).expect("a driver"));
    let fuller = json!({
        "flavor": "modelarts.vm.cpu.16u64g.d", "count": 2, "azs": [{"az": "x", "count": 1}, {"az": "y", "count": 1}],
        "extendParams": {"dockerBaseSize": "50"}, "labels": {"team": "a"},
    });
    wanted.resources.push(serde_json::from_value(fuller).expect("an entry"));
    world.apply("train", wanted);
    let desired = Desired::parse(world.object("train"), &world.cluster).expect("a valid spec");
    let mut observed = serde_json::to_value(&desired.pool).expect("JSON");
    change(&mut observed);
    let observed: Pool = serde_json::from_value(observed).expect("a pool");
    differences(&desired, &observed)
}

#[test]
fn a_pending_change_names_each_field() {
    let spec = |pool: &mut Value, pointer: &str, value: Value| *pool.pointer_mut(pointer).expect("a member") = value;
    let entries = "/spec/resources";
    type Change = (&'static str, Value, &'static [&'static str]);
    let table: [Change; 9] = [
        ("/spec/scope", json!(["Train", "Infer"]), &["scope"]),
        ("/spec/jobFlavors", json!(["a"]), &["jobFlavors"]),
        ("/spec/driver/gpuVersion", json!("9"), &["driver.gpuVersion"]),
        ("/spec/driver/npuVersion", json!("9"), &["driver.npuVersion"]),
        (
            "/spec/resources/0/count",
            json!(5),
            &["resources[modelarts.vm.cpu.4ud].count"],
        ),
        (
            "/spec/resources/0/flavor",
            json!("x"),
            &["resources[modelarts.vm.cpu.4ud]", "resources[x]"],
        ),
        (
            "/spec/resources/2/azs/0/count",
            json!(2),
            &["resources[modelarts.vm.cpu.16u64g.d].azs"],
        ),
        (
            "/spec/resources/2/extendParams",
            json!({}),
            &["resources[modelarts.vm.cpu.16u64g.d].extendParams"],
        ),
        (
            "/spec/resources/2/labels/team",
            json!("b"),
            &["resources[modelarts.vm.cpu.16u64g.d].labels"],
        ),
    ];
    for (pointer, value, fields) in table {
        assert_eq!(drift(|pool| spec(pool, pointer, value.clone())), fields, "{pointer}");
    }
    let described = drift(|pool| pool["metadata"]["annotations"]["os.modelarts/description"] = json!("else"));
    assert_eq!(described, ["description"]);
    assert_eq!(drift(|pool| spec(pool, entries, json!([]))).len(), 3);
}

#[test]
fn another_order_and_what_the_service_fills_in_are_no_difference() {
    let fields = drift(|pool| {
        let entries = pool["spec"]["resources"].as_array_mut().expect("entries");
        entries.reverse();
        entries[0]["azs"].as_array_mut().expect("zones").reverse();
        for entry in entries {
            entry["nodePool"] = json!(format!("{}-default", entry["flavor"].as_str().unwrap_or_default()));
            entry["maxCount"] = entry["count"].clone();
        }
    });
    assert_eq!(fields, Vec::<String>::new());
}

#[test]
fn a_changed_size_is_sent_once() {
    let mut world = World::with_ready_pool();
    world.edit("train", |spec| spec.nodes = Some(5));
    world.run_for(MINUTE);
    assert_eq!(condition(&world, "Synced"), is("True", "Synced"));
    assert_eq!((world.judge.count(Op::Create), world.judge.count(Op::Patch)), (1, 1));
    let pool = &world.pools()[0];
    let sent: Vec<_> = pool.spec.resources().iter().map(|entry| entry.count).collect();
    assert_eq!(sent, [Some(5)]);
}
