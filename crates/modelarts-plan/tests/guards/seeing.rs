//! What a process remembers, and what of it still counts.

use modelarts_plan::memory::Sending;
use modelarts_plan::{Details, FailureKind, Outcome, Shown, Step, Tick};
use serde_json::{Value, json};

use super::scene::{ID, NOW, Scene, attempt, failure, listing, own, own_pool, pool, shared};

fn request(scene: &mut Scene, word: &str) {
    let annotations = scene.object.metadata.annotations.get_or_insert_default();
    annotations.insert(modelarts_crd::REQUESTED_AT.into(), word.into());
}

fn later(scene: &mut Scene) -> Tick {
    scene.now = scene.now.after(1_000);
    scene.plan();
    scene.now
}

#[test]
fn evidence_is_younger_than_what_was_last_seen_on_record() {
    let mut scene = Scene::of(&json!({}), &json!({"creation": attempt("Rejected")}));
    scene.plan();
    assert_eq!(scene.memory.evidence_since(), NOW);
    later(&mut scene);
    assert_eq!(scene.memory.evidence_since(), NOW, "the same record");
    assert_eq!(scene.memory.token_seen(), Some(NOW));
    scene.attempt(|attempt| attempt.outcome = None);
    let opened = later(&mut scene);
    assert_eq!(
        scene.memory.evidence_since(),
        opened,
        "another state of the same attempt"
    );
    assert_eq!(scene.memory.token_seen(), Some(NOW));
    scene.attempt(|attempt| attempt.token = "2-t".into());
    let next = later(&mut scene);
    assert_eq!(
        (scene.memory.evidence_since(), scene.memory.token_seen()),
        (next, Some(next))
    );
    scene.object.metadata.finalizers = None;
    later(&mut scene);
    scene.object.metadata.finalizers = Some(vec![modelarts_crd::FINALIZER.into()]);
    assert_eq!(
        later(&mut scene),
        scene.memory.evidence_since(),
        "a finalizer that was put back"
    );
}

#[test]
fn a_request_counts_from_its_first_sight_until_it_is_handled() {
    let mut scene = Scene::of(&json!({}), &json!({}));
    scene.plan();
    assert_eq!(scene.memory.requested_since(), None);
    request(&mut scene, "one");
    let one = later(&mut scene);
    later(&mut scene);
    assert_eq!(scene.memory.requested_since(), Some(one));
    request(&mut scene, "two");
    let two = later(&mut scene);
    assert_eq!(scene.memory.requested_since(), Some(two));
    assert_eq!(scene.memory.evidence_since(), two);
    let status = scene.object.status.get_or_insert_default();
    status.last_handled_reconcile_at = Some("two".into());
    later(&mut scene);
    assert_eq!(scene.memory.requested_since(), None);
    request(&mut scene, "three");
    let three = later(&mut scene);
    assert_eq!(scene.memory.requested_since(), Some(three));
}

#[test]
fn only_who_wrote_an_attempt_down_may_send_it_once_and_in_time() {
    let mut scene = Scene::of(&json!({}), &json!({"creation": attempt("")}));
    let limit = 20_000;
    let sending = |scene: &Scene, token: &str, now: Tick| scene.memory.sending(token, now, limit);
    assert_eq!(sending(&scene, "1-t", NOW), Sending::Unknown);
    scene.opens();
    assert_eq!(sending(&scene, "1-t", NOW.after(limit - 1)), Sending::InTime);
    assert_eq!(sending(&scene, "1-t", NOW.after(limit)), Sending::TooLate);
    assert_eq!(sending(&scene, "2-t", NOW), Sending::Unknown);
    scene.memory.sent("2-t");
    assert_eq!(sending(&scene, "1-t", NOW), Sending::InTime, "another was sent");
    scene.memory.sent("1-t");
    assert_eq!(sending(&scene, "1-t", NOW), Sending::Unknown);
}

#[test]
fn an_answer_a_refusal_and_a_look_belong_to_what_was_asked() {
    let mut scene = Scene::of(&json!({}), &json!({"creation": attempt("")}));
    scene.creates(Outcome::Failed(failure(FailureKind::Quota)));
    assert!(scene.memory.rejection_of("1-t").is_some() && scene.memory.rejection_of("2-t").is_none());
    scene.creates(Outcome::Created(own_pool()));
    assert!(scene.memory.rejection.is_none(), "what was refused has been made");
    assert!(scene.memory.answer_to("1-t").is_some() && scene.memory.answer_to("2-t").is_none());
    scene.shows(Shown::Gone);
    assert!(scene.memory.shown(ID, NOW).is_some());
    assert!(scene.memory.shown(ID, NOW.after(1)).is_none(), "it was begun before");
    assert!(scene.memory.shown("other", NOW).is_none());
}

#[test]
fn a_creation_without_an_answer_is_no_refusal() {
    let mut scene = Scene::of(&json!({}), &json!({"creation": attempt("")}));
    let mut doubtful = failure(FailureKind::Transient);
    doubtful.doubtful = true;
    scene.creates(Outcome::Failed(doubtful));
    assert!(scene.memory.rejection.is_none());
}

#[test]
fn refusals_are_counted_as_long_as_the_spec_is_the_same() {
    let mut scene = Scene::of(&json!({}), &json!({"creation": attempt("")}));
    for count in 1..4 {
        scene.creates(Outcome::Failed(failure(FailureKind::Quota)));
        assert_eq!(
            scene.memory.rejection.as_ref().map(|setback| setback.count),
            Some(count)
        );
    }
    scene.object.spec.description = Some("another spec".into());
    scene.creates(Outcome::Failed(failure(FailureKind::Quota)));
    assert_eq!(scene.memory.rejection.as_ref().map(|setback| setback.count), Some(1));
}

fn change(patch: &Value) -> Step {
    Step::Change {
        id: ID.into(),
        patch: patch.clone(),
        effect: modelarts_plan::Effect::Neither,
    }
}

#[test]
fn changes_are_counted_as_long_as_the_patch_is_the_same() {
    let mut scene = Scene::with_pool(&json!({}));
    let (one, two) = (change(&json!({"a": 1})), change(&json!({"a": 2})));
    let sent = |scene: &Scene| scene.memory.change.as_ref().map(|sent| (sent.at, sent.count));
    scene.absorb(&one, Outcome::Changed(own_pool()));
    assert_eq!(sent(&scene), Some((NOW, 1)));
    assert!(scene.memory.shown(ID, NOW).is_some(), "the answer shows the pool");
    scene.absorb(&one, Outcome::Changed(own_pool()));
    assert_eq!(sent(&scene), Some((NOW, 2)));
    scene.absorb(&two, Outcome::Changed(own_pool()));
    assert_eq!(sent(&scene), Some((NOW, 1)));
}

#[test]
fn a_change_that_failed_is_forgotten_as_a_look_and_doubted_only_without_an_answer() {
    let mut scene = Scene::with_pool(&json!({}));
    scene.shows(Shown::Present(own_pool()));
    scene.absorb(&change(&json!({"a": 1})), Outcome::Failed(failure(FailureKind::Denied)));
    assert!(scene.memory.show.is_none() && scene.memory.change_doubt.is_none());
    assert!(scene.memory.change_refusal.is_some());
    let mut doubtful = failure(FailureKind::Transient);
    doubtful.doubtful = true;
    scene.absorb(&change(&json!({"a": 1})), Outcome::Failed(doubtful));
    assert!(scene.memory.change_doubt.is_some());
    scene.absorb(&change(&json!({"a": 1})), Outcome::Changed(own_pool()));
    assert!(scene.memory.change_refusal.is_none());
}

#[test]
fn a_deletion_that_the_service_calls_unneeded_is_as_good_as_done() {
    let delete = Step::Delete { id: ID.into() };
    let mut scene = Scene::with_pool(&json!({}));
    scene.shows(Shown::Present(own_pool()));
    scene.absorb(&delete, Outcome::Failed(failure(FailureKind::Denied)));
    assert!(scene.memory.show.is_none() && scene.memory.deleted.is_none());
    assert!(scene.memory.refusal.is_some());
    for outcome in [Outcome::Failed(failure(FailureKind::Gone)), Outcome::Done] {
        scene.memory.deleted = None;
        scene.shows(Shown::Present(own_pool()));
        scene.absorb(&delete, outcome);
        assert_eq!(scene.memory.deleted, Some((ID.into(), NOW)));
        assert!(scene.memory.show.is_none() && scene.memory.refusal.is_none());
    }
}

#[test]
fn a_canary_counts_if_it_was_read_and_details_stay_when_asking_fails() {
    let mut scene = Scene::with_pool(&json!({}));
    scene.absorb(&Step::LookAtCanary, Outcome::Canary(true));
    assert_eq!(scene.memory.canary, Some(NOW));
    scene.absorb(&Step::LookAtCanary, Outcome::Canary(false));
    assert_eq!(scene.memory.canary, None);
    let ask = Step::LookAtDetails {
        id: ID.into(),
        nodes: true,
    };
    let known = Details {
        order: None,
        abnormal_nodes: Some(Vec::new()),
    };
    scene.absorb(&ask, Outcome::Details(known.clone()));
    scene.now = NOW.after(1);
    scene.absorb(&ask, Outcome::Failed(failure(FailureKind::Transient)));
    assert_eq!(scene.memory.details, Some((known, NOW.after(1))));
    assert_eq!(scene.memory.asked.1, 2);
}

#[test]
fn lists_are_asked_by_marker_name_and_id_and_the_newer_one_answers() {
    let mut scene = Scene::with_pool(&json!({}));
    let older = shared(pool("b", "two", &own().append_to("")));
    let mut first = pool("a", "one", &own().append_to(""));
    first["metadata"]["creationTimestamp"] = json!("2026-01-01T00:00:00Z");
    let mut second = pool("c", "three", &own().append_to(""));
    second["metadata"]["creationTimestamp"] = json!("2026-01-02T00:00:00Z");
    let all = [shared(second), shared(first), older];
    let list = listing(NOW, &all);
    let ids: Vec<_> = list.marked(&own()).into_iter().filter_map(|pool| pool.id()).collect();
    assert_eq!(ids, ["b", "a", "c"], "the oldest first");
    assert_eq!(list.with_id("a").and_then(|pool| pool.id()), Some("a"));
    assert_eq!(list.named("three").and_then(|pool| pool.id()), Some("c"));
    scene.cloud.list = Some(listing(NOW, &all));
    scene.cloud.set = Some(listing(NOW.after(1), &[]));
    assert!(scene.cloud.newest(NOW).is_some_and(|listing| listing.items.is_empty()));
    assert!(scene.cloud.newest(NOW.after(1)).is_some());
    assert!(scene.cloud.newest(NOW.after(2)).is_none());
    assert!(scene.cloud.set_since(NOW.after(1)).is_some());
    assert!(scene.cloud.set_since(NOW.after(2)).is_none());
}
