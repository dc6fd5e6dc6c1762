//! The deletion, to the millisecond: what is asked before, what is waited for, and what releases the object.

use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::{DeletionPolicy, ManagementPolicy};
use modelarts_crd::status::Outcome as Fate;
use modelarts_plan::{Account, Closed, FailureKind, Marker, Outcome, Plan, Shown, Step, Tick};
use serde_json::{Value, json};

use super::scene::{
    ID, NOW, Scene, attempt, cluster, condition, failure, listing, own, own_pool, pool, reason, shared, text,
};

/// An object with a pool that is being deleted.
fn leaving() -> Scene {
    let mut scene = Scene::with_pool(&json!({})).deleted();
    scene.plan();
    scene
}

/// An object that is being deleted after an attempt of this end, or with an open one.
fn tried(outcome: &str) -> Scene {
    let mut scene = Scene::of(&json!({}), &json!({"creation": attempt(outcome)})).deleted();
    scene.plan();
    scene
}

/// What is planned at a moment when a GET says that there is none, and the lists of that moment show these.
fn gone_at(scene: &mut Scene, now: Tick) -> Plan {
    scene.now = now;
    scene.lists(&[]);
    scene.plan_shown(&Shown::Gone)
}

fn is_release(plan: &Plan) -> bool {
    plan.step == Step::RemoveFinalizer
}

#[test]
fn an_object_without_our_finalizer_is_left_alone() {
    let mut scene = leaving();
    scene.object.metadata.finalizers = None;
    let planned = scene.plan();
    assert_eq!((planned.step.clone(), planned.publish), (Step::Rest, false));
    assert_eq!(planned.next_look, modelarts_plan::cadence::SETTLED);
}

#[test]
fn only_what_never_tried_and_never_had_an_id_is_released_unseen() {
    let mut never = Scene::of(&json!({}), &json!({})).deleted();
    assert!(is_release(&never.plan()));
    let mut bare = Scene::of(&json!({}), &json!(null)).deleted();
    assert!(is_release(&bare.plan()));
    let mut tried = tried("Rejected");
    assert!(!is_release(&tried.plan()));
    let mut with_id = Scene::of(&json!({}), &json!({"poolId": ID})).deleted();
    assert!(matches!(with_id.plan().step, Step::LookAtScope { .. }));
}

/// An object that is being deleted before it has recorded what it was to take over.
fn adopter() -> Scene {
    let mut scene = Scene::of(&json!({"adoption": {"poolId": ID}}), &json!({})).deleted();
    scene.plan();
    scene
}

#[test]
fn what_a_marking_without_a_record_has_taken_over_is_not_left_behind() {
    assert_eq!(adopter().plan().step, Step::LookAt { id: ID.into() });
    let marked = adopter().plan_shown(&Shown::Present(own_pool()));
    assert_eq!(marked.step, Step::Record);
    assert_eq!(marked.status.pool_id.as_deref(), Some(ID));
    for nothing in [Shown::Gone, Shown::Present(shared(pool(ID, "theirs", "by hand")))] {
        assert!(is_release(&adopter().plan_shown(&nothing)));
    }
    let unknown = adopter().plan_shown(&Shown::Unknown(failure(FailureKind::Transient)));
    assert_eq!(unknown.step, Step::Rest);
    assert_eq!(unknown.next_look, adopter().timing.census_interval_busy);
}

#[test]
fn a_marking_that_may_still_be_carried_out_is_waited_for_before_an_adopter_is_released() {
    let mut scene = adopter();
    let over = NOW.after(scene.timing.gateway_limit);
    scene.memory.change_doubt = Some(("a marking".into(), NOW));
    for (now, wait) in [(NOW, scene.timing.gateway_limit), (Tick(over.0 - 1), 1)] {
        scene.now = now;
        let waits = scene.plan();
        assert_eq!((waits.step, waits.next_look), (Step::Rest, wait));
    }
    scene.now = over;
    assert_eq!(scene.plan().step, Step::LookAt { id: ID.into() });
    // A process before this one may have sent it shortly before it died.
    let mut heir = adopter();
    assert_eq!(heir.memory.inherited, Some(true));
    heir.now = Tick(heir.timing.gateway_limit - 1);
    assert_eq!(heir.plan().step, Step::Rest);
}

#[test]
fn an_adopter_is_released_unseen_where_nothing_is_to_be_deleted_and_held_where_nothing_can_be_seen() {
    let mut detached = adopter();
    detached.object.spec.deletion_policy = Some(DeletionPolicy::Detach);
    assert!(is_release(&detached.plan()));
    let mut paused = adopter();
    paused.object.spec.management_policy = Some(ManagementPolicy::Pause);
    assert!(is_release(&paused.plan()), "it marks nothing");
    let mut uninstalled = adopter();
    uninstalled.around.kind_leaves = true;
    assert!(is_release(&uninstalled.plan()));
    let mut blind = adopter();
    blind.account = Account::Closed(Closed {
        reason: Reason::CredentialsRefused,
        stalled: true,
        message: "refused".into(),
    });
    let held = blind.plan();
    assert_eq!(
        (held.step.clone(), reason(&held)),
        (Step::Rest, "CredentialsRefused".into())
    );
    assert!(text(&held).contains("deletionPolicy: Detach"), "{}", text(&held));
}

#[test]
fn each_reason_to_leave_the_pool_alone_is_enough() {
    let mut observed = leaving();
    observed.object.spec.management_policy = Some(ManagementPolicy::Observe);
    let mut detached = leaving();
    detached.object.spec.deletion_policy = Some(DeletionPolicy::Detach);
    let mut by_namespace = leaving();
    by_namespace.around.deletion = Some(DeletionPolicy::Detach);
    let mut uninstalled = leaving();
    uninstalled.around.kind_leaves = true;
    for (mut scene, why) in [
        (observed, "managementPolicy Observe"),
        (detached, "deletion policy Detach"),
        (by_namespace, "deletion policy Detach"),
        (uninstalled, "definition of its kind"),
    ] {
        let planned = scene.plan();
        assert!(is_release(&planned), "{why}");
        let note = planned.notice.expect("an event").note;
        assert!(note.contains(why) && note.contains(ID), "{note}");
    }
    assert_eq!(leaving().plan().step, Step::LookAt { id: ID.into() });
    let mut paused = leaving();
    paused.object.spec.management_policy = Some(ManagementPolicy::Pause);
    assert_eq!(paused.plan().step, Step::Rest);
}

#[test]
fn a_detached_object_looks_for_its_pool_only_after_a_doubt_and_without_an_id() {
    let detaching = |outcome: &str, doubts: i64| {
        let mut scene = tried(outcome);
        scene.attempt(|attempt| attempt.doubts = doubts);
        scene.object.spec.deletion_policy = Some(DeletionPolicy::Detach);
        scene
    };
    assert!(is_release(&detaching("Rejected", 0).plan()));
    let mut doubted = detaching("NotFound", 1);
    assert_eq!(doubted.plan().step, Step::LookAtScope { since: NOW });
    doubted.cloud.set = Some(listing(NOW, &[]));
    let released = doubted.plan();
    assert!(is_release(&released) && released.notice.is_none());
    doubted.cloud.set = Some(listing(NOW, &[own_pool()]));
    let note = |scene: &mut Scene| scene.plan().notice.expect("an event").note;
    assert!(note(&mut doubted).contains(ID));
    let mut unnamed = pool("", "train", &own().append_to(""));
    unnamed["metadata"]["name"] = Value::Null;
    doubted.cloud.set = Some(listing(NOW, &[shared(unnamed), own_pool()]));
    assert!(note(&mut doubted).contains(ID), "the one that has an ID");
    let mut recorded = leaving();
    recorded.attempt(|attempt| attempt.doubts = 2);
    recorded.object.spec.deletion_policy = Some(DeletionPolicy::Detach);
    assert!(is_release(&recorded.plan()), "its ID is known");
}

#[test]
fn what_others_use_is_not_deleted() {
    let mut used = leaving();
    used.around.users = vec!["pool train".into()];
    let planned = used.plan();
    assert_eq!(
        (planned.step.clone(), reason(&planned).as_str()),
        (Step::Rest, "NetworkInUse")
    );
}

#[test]
fn an_attempt_that_was_not_sent_or_was_refused_is_closed_at_once() {
    let mut unsent = tried("");
    unsent.opens();
    let closed = unsent.plan();
    assert_eq!(closed.step, Step::CloseAttempt);
    assert_eq!(
        closed.status.creation.and_then(|creation| creation.outcome),
        Some(Fate::Rejected)
    );
    let mut refused = tried("");
    refused.opens();
    refused.creates(Outcome::Failed(failure(FailureKind::Quota)));
    assert_eq!(refused.plan().step, Step::CloseAttempt);
    let mut sent = tried("");
    sent.opens();
    sent.memory.sent("1-t");
    assert_eq!(sent.plan().step, Step::Rest);
}

#[test]
fn an_open_attempt_is_looked_up_at_the_end_of_its_window() {
    let mut scene = tried("");
    let known = NOW.after(scene.timing.in_doubt_window);
    scene.now = Tick(known.0 - 1);
    let waits = scene.plan();
    assert_eq!((waits.step.clone(), waits.next_look), (Step::Rest, 1));
    scene.now = known;
    assert_eq!(scene.plan().step, Step::LookAtScope { since: known });
    scene.cloud.set = Some(listing(known, &[]));
    let closed = scene.plan();
    assert_eq!(
        closed.status.creation.and_then(|creation| creation.outcome),
        Some(Fate::NotFound)
    );
}

#[test]
fn only_an_object_whose_attempts_were_all_refused_is_released_after_one_set() {
    for (outcome, doubts, one) in [("Rejected", 0, true), ("Rejected", 1, false), ("NotFound", 0, false)] {
        let mut scene = tried(outcome);
        scene.attempt(|attempt| attempt.doubts = doubts);
        assert_eq!(scene.plan().step, Step::LookAtScope { since: NOW });
        scene.lists(&[]);
        assert_eq!(is_release(&scene.plan()), one, "{outcome} {doubts}");
    }
}

#[test]
fn the_second_proof_begins_a_spacing_after_the_first_and_is_made_anew() {
    let mut scene = leaving();
    let second = NOW.after(scene.timing.absence_spacing);
    let once = gone_at(&mut scene, NOW);
    assert_eq!(
        (once.step.clone(), once.next_look),
        (Step::Rest, scene.timing.absence_spacing)
    );
    let early = gone_at(&mut scene, Tick(second.0 - 1));
    assert_eq!((early.step.clone(), early.next_look), (Step::Rest, 1));
    scene.now = second;
    assert_eq!(scene.plan().step, Step::LookAt { id: ID.into() });
    scene.shows(Shown::Gone);
    assert_eq!(scene.plan().step, Step::LookAtScope { since: second });
    scene.cloud.set = Some(listing(second, &[]));
    let released = scene.plan();
    assert!(is_release(&released));
    assert_eq!(released.notice.expect("an event").reason, "Deleted");
}

#[test]
fn what_is_seen_between_the_proofs_ends_them() {
    let mut scene = leaving();
    let second = NOW.after(scene.timing.absence_spacing);
    gone_at(&mut scene, NOW);
    scene.now = NOW.after(1_000);
    scene.cloud.list = Some(listing(scene.now, &[own_pool()]));
    assert_eq!(scene.plan().step, Step::Rest);
    assert_eq!(
        scene.plan().step,
        Step::LookAt { id: ID.into() },
        "looked at and deleted anew"
    );
    let again = gone_at(&mut scene, second);
    assert_eq!(
        (again.step.clone(), again.next_look),
        (Step::Rest, scene.timing.absence_spacing)
    );
    assert!(!is_release(&again), "the proofs begin anew");
}

#[test]
fn a_stranger_in_the_lists_does_not_end_the_proofs() {
    let mut scene = leaving();
    gone_at(&mut scene, NOW);
    scene.now = NOW.after(1_000);
    let theirs = shared(pool("other", "other", &Marker::of("another", &cluster()).append_to("")));
    scene.lists(&[theirs]);
    let waits = scene.plan();
    assert_eq!(
        (waits.step.clone(), waits.next_look),
        (Step::Rest, scene.timing.absence_spacing - 1_000)
    );
}

#[test]
fn a_set_that_a_newer_list_contradicts_is_made_anew() {
    let mut scene = leaving();
    let mut marked = pool(ID, "train", &own().append_to(""));
    marked["status"]["phase"] = json!("Deleting");
    let marked = shared(marked);
    scene.cloud.set = Some(listing(NOW, std::slice::from_ref(&marked)));
    let present = scene.plan_shown(&Shown::Gone);
    assert_eq!(
        (present.step.clone(), present.publish),
        (Step::Rest, false),
        "it is still there"
    );
    scene.cloud.list = Some(listing(NOW.after(5), &[]));
    scene.now = NOW.after(5);
    assert_eq!(
        scene.plan_shown(&Shown::Gone).step,
        Step::LookAtScope { since: NOW.after(5) }
    );
}

#[test]
fn a_failed_look_stands_for_its_own_reconcile() {
    let mut scene = leaving();
    gone_at(&mut scene, NOW);
    scene.now = NOW.after(scene.timing.absence_spacing);
    let began = scene.now;
    let unknown = Shown::Unknown(failure(FailureKind::Transient));
    let failed = scene.plan_shown(&unknown);
    assert_eq!(
        (failed.step.clone(), failed.next_look),
        (Step::Rest, scene.timing.census_interval_busy)
    );
    assert_eq!(reason(&failed), "CloudUnavailable");
    scene.now = scene.now.after(1);
    assert_eq!(scene.plan_begun(began).step, Step::Rest);
    assert_eq!(scene.plan().step, Step::LookAt { id: ID.into() });
}

#[test]
fn what_was_adopted_lately_is_released_at_the_end_of_the_window() {
    let proved = |outcome: &str, now: Tick| {
        let mut scene = Scene::of(&json!({}), &json!({"poolId": ID, "creation": attempt(outcome)})).deleted();
        scene.plan();
        scene.memory.first_proof = Some(Tick(NOW.0 - scene.timing.absence_spacing));
        gone_at(&mut scene, now)
    };
    let window = Scene::with_pool(&json!({})).timing.in_doubt_window;
    assert!(is_release(&proved("Created", NOW)));
    let waits = proved("Adopted", Tick(NOW.0 + window - 1));
    assert_eq!((waits.step.clone(), waits.next_look), (Step::Rest, 1));
    assert!(is_release(&proved("Adopted", Tick(NOW.0 + window))));
}

#[test]
fn another_pool_of_ours_is_deleted_once_and_the_recorded_one_is_not_taken_for_it() {
    let twin = |phase: &str| {
        let mut twin = pool("twin", "twin", &own().append_to(""));
        twin["status"]["phase"] = json!(phase);
        shared(twin)
    };
    let mut scene = leaving();
    scene.lists(&[own_pool(), twin("Running")]);
    assert_eq!(scene.plan().step, Step::LookAt { id: "twin".into() });
    scene.lists(&[own_pool(), twin("Deleting")]);
    assert_eq!(scene.plan().step, Step::LookAt { id: ID.into() });
    scene.lists(&[own_pool()]);
    assert_eq!(scene.plan().step, Step::LookAt { id: ID.into() });
}

fn shown(description: &str, phase: &str) -> Shown {
    let mut value = pool(ID, "train", description);
    value["status"]["phase"] = json!(phase);
    Shown::Present(shared(value))
}

#[test]
fn what_lost_its_marker_is_marked_first_unless_it_is_leaving() {
    assert!(matches!(
        leaving().plan_shown(&shown("no marker", "Running")).step,
        Step::Mark { .. }
    ));
    let going = leaving().plan_shown(&shown("no marker", "Deleting"));
    assert_eq!((going.step.clone(), reason(&going).as_str()), (Step::Rest, "Deleting"));
}

#[test]
fn a_subscription_is_not_deleted_whoever_says_that_it_is_one() {
    let billed = json!({"billing": {"mode": "Subscription", "periodType": "Month", "periodNum": 1}});
    let mut by_spec = Scene::with_pool(&billed).deleted();
    let planned = by_spec.plan_shown(&Shown::Present(own_pool()));
    assert_eq!(
        (planned.step.clone(), reason(&planned).as_str()),
        (Step::Rest, "SubscriptionActive")
    );
    assert!(planned.notice.is_some(), "told once");
    by_spec.object.status = Some(planned.status);
    assert!(by_spec.plan().notice.is_none(), "and not again");
    let mut value = pool(ID, "train", &own().append_to(""));
    value["metadata"]["annotations"]["os.modelarts/billing.mode"] = json!("1");
    let by_cloud = leaving().plan_shown(&Shown::Present(shared(value)));
    assert_eq!(
        (by_cloud.step.clone(), reason(&by_cloud).as_str()),
        (Step::Rest, "SubscriptionActive")
    );
    let deletes = leaving().plan_shown(&Shown::Present(own_pool()));
    assert_eq!(deletes.step, Step::Delete { id: ID.into() });
}

/// What is planned at a moment when the pool is still there.
fn there_at(scene: &mut Scene, now: Tick) -> Plan {
    scene.now = now;
    scene.plan_shown(&Shown::Present(own_pool()))
}

#[test]
fn a_deletion_is_asked_for_again_to_the_millisecond() {
    let delete = Step::Delete { id: ID.into() };
    let mut scene = leaving();
    scene.absorb(&delete, Outcome::Done);
    let due = NOW.after(scene.timing.census_interval_busy);
    let waits = there_at(&mut scene, Tick(due.0 - 1));
    assert_eq!((waits.step.clone(), waits.next_look), (Step::Rest, 1));
    assert_eq!(there_at(&mut scene, due).step, delete);
    let mut other = leaving();
    other.absorb(&Step::Delete { id: "twin".into() }, Outcome::Done);
    assert_eq!(there_at(&mut other, NOW).step, delete, "another was deleted");
}

#[test]
fn a_refused_deletion_is_asked_for_again_to_the_millisecond_and_without_a_word() {
    let delete = Step::Delete { id: ID.into() };
    for (kind, said) in [
        (FailureKind::Throttled, "Throttled"),
        (FailureKind::Denied, "DeletionRefused"),
    ] {
        let mut scene = leaving();
        scene.absorb(&delete, Outcome::Failed(failure(kind)));
        let due = NOW.after(scene.timing.census_interval_busy);
        let waits = there_at(&mut scene, Tick(due.0 - 1));
        assert_eq!((waits.step.clone(), waits.next_look), (Step::Rest, 1));
        assert_eq!(reason(&waits), said);
        assert!(text(&waits).contains("it failed"), "{}", text(&waits));
        let again = there_at(&mut scene, due);
        assert_eq!((again.step.clone(), again.publish), (delete.clone(), false), "{kind:?}");
        assert!(again.notice.is_none());
    }
    let mut other = leaving();
    other.absorb(
        &Step::Delete { id: "twin".into() },
        Outcome::Failed(failure(FailureKind::Denied)),
    );
    let deletes = there_at(&mut other, NOW);
    assert_eq!(
        (deletes.step.clone(), deletes.publish),
        (delete, true),
        "another was refused"
    );
    assert_eq!(condition(&deletes, "Ready"), Some(("False".into(), "Deleting".into())));
    assert_eq!(deletes.notice.expect("an event").reason, "Deleting");
}

#[test]
fn a_stranger_under_the_id_counts_as_gone() {
    let mut scene = leaving();
    let mut value: Value = pool(ID, "train", "theirs");
    value["metadata"]["creationTimestamp"] = json!("2026-02-02T00:00:00Z");
    scene.lists(&[]);
    let once = scene.plan_shown(&Shown::Present(shared(value)));
    assert_eq!(
        (once.step.clone(), once.next_look),
        (Step::Rest, scene.timing.absence_spacing)
    );
}
