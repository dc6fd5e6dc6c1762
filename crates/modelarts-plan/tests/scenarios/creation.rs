//! How a pool comes to be: one scenario for each rule of the creation.

use crate::world::faults::{Fault, Op};
use crate::world::{MINUTE, PROJECT, SECOND, World, spec};
use modelarts_crd::status::Outcome as Fate;
use modelarts_plan::StepKind;
use modelarts_plan::identity::derived_name;

const W: u64 = 5 * MINUTE;

fn fate(world: &World) -> Option<Fate> {
    world.object("train").status.as_ref()?.creation.as_ref()?.outcome
}

fn attempt(world: &World) -> i64 {
    let status = world.object("train").status.as_ref();
    status
        .and_then(|status| status.creation.as_ref())
        .map_or(0, |creation| creation.attempt)
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

/// A world whose pool has a name of its own choice.
fn named(name: &str) -> World {
    let mut world = World::new();
    let mut spec = spec(2);
    spec.pool_name = Some(name.into());
    world.apply("train", spec);
    world
}

#[test]
fn finalizer_evidence_intent_request_and_record_come_in_this_order() {
    let world = World::with_ready_pool();
    assert_eq!(
        world.steps(),
        [
            "add-finalizer",
            "look-at-scope",
            "open-attempt",
            "create",
            "record",
            "look-at-details"
        ]
    );
}

#[test]
fn a_list_set_that_began_before_the_finalizer_is_no_evidence() {
    let mut world = World::with_ready_pool();
    // The scope has a fresh set from somebody else's wish.
    let tick = world.tick();
    let now = world.now;
    world.process.pools.census.want("train", tick, now);
    world.run_for(SECOND);
    world.apply("other", spec(1));
    world.run_until_ready("other");
    let held = world
        .judge
        .steps
        .iter()
        .rfind(|(_, kind)| *kind == StepKind::AddFinalizer)
        .expect("a finalizer")
        .0;
    let opened = world
        .judge
        .steps
        .iter()
        .rfind(|(_, kind)| *kind == StepKind::OpenAttempt)
        .expect("an intent")
        .0;
    let looked = world.judge.times(Op::ListFailed);
    assert!(
        looked.iter().any(|at| (held..opened).contains(at)),
        "{looked:?} {held} {opened}"
    );
}

#[test]
fn a_refused_intent_sends_nothing() {
    let mut world = World::with_pool();
    world.run_until("about to open", MINUTE, |world| world.judge.count(Op::ListFailed) > 0);
    world.break_next(Op::Status, Fault::Conflict, 1);
    world.run_until_ready("train");
    let opened = world.steps().iter().filter(|step| **step == "open-attempt").count();
    assert_eq!((opened, world.judge.count(Op::Create)), (2, 1));
}

#[test]
fn an_intent_whose_write_was_not_confirmed_is_never_sent() {
    let mut world = World::with_pool();
    world.break_next(Op::Status, Fault::LostAnswer, 1);
    world.run_for(W);
    assert_eq!(world.judge.count(Op::Create), 0);
    assert_eq!(reason(&world), "ConfirmingCreation");
    world.run_until_ready("train");
    assert_eq!(world.judge.tokens.len(), 1);
    assert!(world.judge.tokens[0].starts_with("2-"), "{:?}", world.judge.tokens);
}

#[test]
fn a_creation_is_not_sent_after_its_own_deadline() {
    // The write of the intent is slow; the time counts from before it.
    let mut world = World::with_pool();
    world.slow_status = 21 * SECOND;
    world.run_until("closed", MINUTE, |world| fate(world) == Some(Fate::Rejected));
    assert_eq!(world.judge.count(Op::Create), 0);
    world.slow_status = 0;
    world.run_until_ready("train");
    assert_eq!(world.judge.count(Op::Create), 1);
}

#[test]
fn a_creation_is_not_sent_for_another_spec_than_the_intent_names() {
    let mut world = World::with_pool();
    world.edit_at_status = Some(3);
    world.run_until_ready("train");
    assert_eq!(world.object("train").spec.nodes, Some(3));
    assert_eq!(world.pools()[0].spec.resources()[0].count, Some(3));
    assert_eq!(world.judge.count(Op::Create), 1);
    assert!(world.steps().contains(&"close-attempt"));
}

#[test]
fn a_lost_answer_is_adopted_by_its_marker_as_soon_as_a_list_shows_it() {
    let mut world = World::with_pool();
    world.break_next(Op::Create, Fault::LostAnswer, 1);
    world.run_until_ready("train");
    assert_eq!((fate(&world), world.judge.count(Op::Create)), (Some(Fate::Adopted), 1));
    assert!(world.now < 2 * MINUTE, "{}", world.now);
}

#[test]
fn a_doubt_is_left_alone_for_the_whole_window_and_then_looked_up() {
    let mut world = World::with_pool();
    world.break_next(Op::Create, Fault::ServerError, 1);
    run_until_reason(&mut world, "ConfirmingCreation", MINUTE);
    let doubted = world.judge.times(Op::Create)[0];
    world.run_until_ready("train");
    assert_eq!(attempt(&world), 2);
    let second = world.judge.times(Op::Create)[1];
    assert!(second - doubted >= W, "sent again after {} ms", second - doubted);
    let looked = world.judge.times(Op::ListFailed);
    assert!(looked.iter().any(|at| (doubted + W..second).contains(at)), "{looked:?}");
}

#[test]
fn a_restart_begins_the_window_anew() {
    let mut world = World::with_pool();
    world.break_next(Op::Create, Fault::ServerError, 1);
    run_until_reason(&mut world, "ConfirmingCreation", MINUTE);
    world.run_for(4 * MINUTE);
    world.restart();
    let restarted = world.now;
    world.run_until("sent again", 10 * MINUTE, |world| world.judge.count(Op::Create) == 2);
    assert!(world.now - restarted >= W);
}

#[test]
fn a_creation_that_is_executed_late_is_adopted_and_not_repeated() {
    let mut world = World::with(modelarts_sim::Profile {
        unique_names: false,
        ..modelarts_sim::Profile::default()
    });
    world.apply("train", spec(2));
    world.break_next(Op::Create, Fault::DelayedCommit(60 * SECOND), 1);
    world.run_until_ready("train");
    assert_eq!((world.judge.count(Op::Create), fate(&world)), (1, Some(Fate::Adopted)));
}

#[test]
fn an_answer_without_an_id_is_a_doubt() {
    let mut world = World::with_pool();
    world.answer_create = Some(serde_json::json!(modelarts_types::pool::Pool::default()));
    run_until_reason(&mut world, "ConfirmingCreation", MINUTE);
    assert_eq!(
        world
            .object("train")
            .status
            .as_ref()
            .and_then(|status| status.pool_id.clone()),
        None
    );
}

#[test]
fn a_strangers_name_stalls_without_a_request_and_clears_by_itself() {
    let mut world = named("shared-name");
    let id = world.stranger_creates("shared-name", "mine");
    run_until_reason(&mut world, "NameConflict", MINUTE);
    let writes = world.kube.writes;
    world.run_for(30 * MINUTE);
    assert_eq!((world.judge.count(Op::Create), world.kube.writes), (0, writes));
    assert!(is_stalled(&world));
    world.vanish(&id);
    world.run_until_ready_within("train", MINUTE);
}

#[test]
fn a_name_that_is_on_its_way_out_is_waited_for() {
    let mut world = World::with(modelarts_sim::Profile {
        delete_seconds: 120,
        ..modelarts_sim::Profile::default()
    });
    let id = world.stranger_creates("shared-name", "mine");
    world.run_for(SECOND);
    world.set_phase(&id, "Deleting", "");
    let mut wanted = spec(2);
    wanted.pool_name = Some("shared-name".into());
    world.apply("train", wanted);
    run_until_reason(&mut world, "WaitingForName", MINUTE);
    assert!(!is_stalled(&world));
    world.run_until_ready("train");
    assert_eq!(world.judge.count(Op::Create), 1);
}

#[test]
fn a_name_that_is_taken_where_no_list_shows_it_is_looked_up_by_its_id() {
    let mut world = named("shared-name");
    world.stranger_creates("shared-name", "mine");
    // The stranger's pool is in no list at all.
    world.hide_all = true;
    run_until_reason(&mut world, "NameConflict", MINUTE);
    assert!(world.judge.count(Op::Show) >= 1);
    assert_eq!(world.judge.count(Op::Create), 1);
    let text = world.kube.condition("train", "Ready").2;
    assert!(text.contains(&format!("shared-name-{PROJECT}")), "{text}");
    world.run_for(2 * MINUTE);
    assert_eq!(
        world.judge.count(Op::Create),
        1,
        "it can be seen that the name is taken"
    );
}

#[test]
fn a_name_that_we_deleted_is_not_used_again_within_the_window() {
    let mut world = named("our-own-name");
    world.run_until_ready("train");
    world.delete("train");
    world.run_until_gone("train", 10 * MINUTE);
    let deleted = world.judge.times(Op::Delete)[0];
    let mut again = spec(1);
    again.pool_name = Some("our-own-name".into());
    world.apply("train", again);
    run_until_reason(&mut world, "WaitingForName", MINUTE);
    world.run_until_ready("train");
    let created = world.judge.times(Op::Create)[1];
    assert!(created - deleted >= W, "{}", created - deleted);
}

#[test]
fn a_frozen_scope_buys_nothing() {
    let mut world = World::new();
    let names = ["pool-a", "pool-b", "pool-c", "pool-d"];
    for name in names {
        world.apply(name, spec(1));
        world.run_until_ready(name);
    }
    world.hide_all = true;
    world.run_until("frozen", MINUTE, |world| world.process.pools.census.is_frozen());
    world.hide_all = false;
    world.apply("train", spec(1));
    world.run_for(5 * MINUTE);
    assert_eq!(reason(&world), "ScopeFrozen");
    assert_eq!(world.judge.count(Op::Create), names.len());
    world.run_until_ready_within("train", 20 * MINUTE);
}

#[test]
fn a_pool_without_a_size_is_not_bought() {
    let mut world = World::new();
    let mut unsized_spec = spec(1);
    unsized_spec.nodes = None;
    world.apply("train", unsized_spec);
    run_until_reason(&mut world, "SizeNotSet", MINUTE);
    world.run_for(30 * MINUTE);
    assert_eq!(world.judge.count(Op::Create), 0);
    world.edit("train", |spec| spec.nodes = Some(1));
    world.run_until_ready_within("train", MINUTE);
}

#[test]
fn a_lost_pool_is_not_bought_again_while_no_canary_can_be_read() {
    let mut world = World::with_ready_pool();
    let pool = world.pools()[0].id().expect("an ID").to_owned();
    world.vanish(&pool);
    world.run_until("lost", 30 * MINUTE, |world| fate(world) == Some(Fate::Lost));
    world.break_next(Op::Canary, Fault::Denied, 10_000);
    world.run_for(30 * MINUTE);
    assert_eq!(world.judge.count(Op::Create), 1);
    world.faults.clear();
    world.run_until_ready_within("train", MINUTE);
}

#[test]
fn a_lost_status_finds_its_pool_again_by_the_marker() {
    let mut world = World::with_ready_pool();
    let before = world.object("train").status.clone().and_then(|status| status.pool_id);
    world.kube.change("train", |object| object.status = None);
    world.wake("train");
    world.run_until_ready("train");
    let status = world.object("train").status.clone().expect("a status");
    assert_eq!((status.pool_id, world.judge.count(Op::Create)), (before, 1));
}

#[test]
fn a_marker_of_another_object_or_another_cluster_is_never_adopted() {
    let table = [
        // An object of this cluster that is gone left it behind: told with its remedy.
        ("another-uid", None, "OrphanFound"),
        ("", Some("another-cluster"), "NameConflict"),
    ];
    for (uid, cluster, reason) in table {
        let mut world = named("shared-name");
        let mut marker = world.marker_of("train");
        if !uid.is_empty() {
            marker.uid = uid.into();
        }
        if let Some(cluster) = cluster {
            marker.cluster = modelarts_plan::ClusterId(cluster.into()).fingerprint();
        }
        world.stranger_creates("shared-name", &marker.append_to("theirs"));
        run_until_reason(&mut world, reason, MINUTE);
        world.run_for(10 * MINUTE);
        let status = world.object("train").status.clone().expect("a status");
        assert_eq!((status.pool_id, world.judge.count(Op::Create)), (None, 0));
    }
}

#[test]
fn another_incarnation_gets_another_name_and_another_pool() {
    let mut world = World::with_ready_pool();
    let first = world.object("train").clone();
    world.delete("train");
    world.run_until_gone("train", 10 * MINUTE);
    world.apply("train", spec(2));
    world.run_until_ready_within("train", MINUTE);
    let uid = first.metadata.uid.as_deref().expect("a uid");
    let old = derived_name("train", uid, &world.cluster);
    assert_ne!(
        world
            .object("train")
            .status
            .as_ref()
            .and_then(|status| status.pool_name.clone()),
        Some(old)
    );
}
