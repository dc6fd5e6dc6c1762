//! The attempt, to the millisecond: when it is sent, what becomes of it, and when the next may begin.

use modelarts_crd::status::Outcome as Fate;
use modelarts_plan::{FailureKind, Link, Marker, Outcome, Plan, Shown, Step, Tick};
use serde_json::{Value, json};

use super::scene::{
    ID, NOW, Scene, attempt, cluster, condition, failure, listing, own, own_pool, pool, reason, shared,
};

/// An object with an attempt of this end, or an open one, for the spec that it has.
fn tried(spec: &Value, outcome: &str) -> Scene {
    let mut scene = Scene::of(spec, &json!({"creation": attempt(outcome)}));
    let hash = scene.hash();
    scene.attempt(|attempt| attempt.spec_hash = hash);
    scene.plan();
    scene
}

fn open(spec: &Value) -> Scene {
    tried(spec, "")
}

fn ended(plan: &Plan) -> Option<Fate> {
    assert_eq!(plan.step, Step::CloseAttempt);
    plan.status.creation.as_ref()?.outcome
}

fn stalled(reason: &str, generation: i64) -> Value {
    json!([
        {"type": "Ready", "status": "False", "reason": reason, "message": "said before",
         "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation},
        {"type": "Stalled", "status": "True", "reason": reason, "message": "said before",
         "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation},
    ])
}

fn says(scene: &mut Scene, conditions: Value) {
    let status = scene.object.status.get_or_insert_default();
    status.conditions = serde_json::from_value(conditions).expect("conditions");
}

#[test]
fn an_attempt_is_sent_before_the_deadline_and_not_at_it() {
    let mut scene = open(&json!({}));
    scene.opens();
    scene.now = NOW.after(scene.timing.self_deadline - 1);
    assert!(matches!(scene.plan().step, Step::Create { .. }));
    scene.now = scene.now.after(1);
    assert_eq!(ended(&scene.plan()), Some(Fate::Rejected));
}

#[test]
fn an_attempt_for_another_spec_or_without_its_network_is_given_up() {
    let mut edited = open(&json!({}));
    edited.opens();
    edited.object.spec.description = Some("another".into());
    assert_eq!(ended(&edited.plan()), Some(Fate::Rejected));
    let mut lonely = open(&json!({"network": null, "networkRef": {"name": "net"}}));
    lonely.opens();
    lonely.around.link = Link::Waiting("not there".into());
    assert_eq!(ended(&lonely.plan()), Some(Fate::Rejected));
    lonely.around.link = Link::Ready("net-1".into());
    assert!(matches!(lonely.plan().step, Step::Create { .. }));
}

#[test]
fn a_doubt_is_looked_up_at_the_end_of_its_window() {
    let mut scene = open(&json!({}));
    let known = NOW.after(scene.timing.in_doubt_window);
    scene.now = Tick(known.0 - 1);
    let waits = scene.plan();
    assert_eq!((waits.step.clone(), waits.next_look), (Step::Rest, 1));
    scene.now = known;
    assert_eq!(scene.plan().step, Step::LookAtScope { since: known });
    scene.cloud.set = Some(listing(Tick(known.0 - 1), &[]));
    assert_eq!(scene.plan().step, Step::LookAtScope { since: known });
    scene.cloud.set = Some(listing(known, &[]));
    let closed = scene.plan();
    assert_eq!(ended(&closed), Some(Fate::NotFound));
    let creation = closed.status.creation.expect("a record");
    assert_eq!((creation.spent, creation.doubts), (1, 1));
}

#[test]
fn only_a_failed_record_with_our_marker_is_our_failure() {
    for (marker, fate) in [
        (own(), Fate::Failed),
        (Marker::of("another", &cluster()), Fate::NotFound),
    ] {
        let mut scene = open(&json!({}));
        scene.now = NOW.after(scene.timing.in_doubt_window);
        let mut set = listing(scene.now, &[]);
        set.failed = vec![shared(pool("failed", "train", &marker.append_to("")))];
        scene.cloud.set = Some(set);
        let closed = scene.plan();
        assert_eq!(ended(&closed), Some(fate));
        assert_eq!(closed.notice.is_some(), fate == Fate::Failed);
        assert_eq!(condition(&closed, "Stalled").is_some(), fate == Fate::Failed);
    }
}

#[test]
fn what_an_old_list_or_look_shows_is_not_recorded() {
    let mut scene = Scene::of(&json!({}), &json!(null));
    scene.cloud.list = Some(listing(Tick(NOW.0 - 1), &[own_pool()]));
    scene.shows(Shown::Present(own_pool()));
    if let Some(show) = &mut scene.memory.show {
        show.began = Tick(NOW.0 - 1);
    }
    assert!(matches!(scene.plan().step, Step::LookAtScope { .. }));
    scene.cloud.list = Some(listing(NOW, &[own_pool()]));
    assert_eq!(scene.plan().step, Step::Record);
    scene.cloud.list = None;
    scene.shows(Shown::Present(own_pool()));
    assert_eq!(scene.plan().step, Step::Record);
    scene.shows(Shown::Present(shared(pool(ID, "train", "no marker"))));
    assert!(matches!(scene.plan().step, Step::LookAtScope { .. }));
}

#[test]
fn an_answer_counts_only_for_its_attempt_and_with_an_id() {
    let mut scene = open(&json!({}));
    scene.creates(Outcome::Created(own_pool()));
    let recorded = scene.plan();
    assert_eq!(recorded.step, Step::Record);
    assert_eq!(
        recorded.status.creation.and_then(|creation| creation.outcome),
        Some(Fate::Created)
    );
    scene.attempt(|attempt| attempt.token = "2-other".into());
    assert_eq!(scene.plan().step, Step::Rest, "the answer to another attempt");
    let mut nameless = open(&json!({}));
    let mut answer = pool(ID, "train", &own().append_to(""));
    answer["metadata"].as_object_mut().expect("metadata").remove("name");
    nameless.creates(Outcome::Created(shared(answer)));
    assert_eq!(nameless.plan().step, Step::Rest, "an answer without an ID");
}

#[test]
fn a_refusal_closes_the_attempt_and_is_told_unless_the_name_is_still_taken() {
    let cases = [
        (FailureKind::Quota, false, "QuotaExceeded", true),
        (FailureKind::Quota, true, "QuotaExceeded", true),
        (FailureKind::Conflict, false, "WaitingForName", false),
        (FailureKind::Conflict, true, "NameConflict", true),
    ];
    for (kind, stood, said, is_stalled) in cases {
        let mut scene = open(&json!({}));
        if stood {
            says(&mut scene, stalled("NameConflict", 1));
        }
        scene.creates(Outcome::Failed(failure(kind)));
        let closed = scene.plan();
        assert_eq!(ended(&closed), Some(Fate::Rejected));
        assert_eq!(reason(&closed), said, "{kind:?} {stood}");
        assert_eq!(condition(&closed, "Stalled").is_some(), is_stalled, "{kind:?} {stood}");
        let creation = closed.status.creation.expect("a record");
        assert_eq!((creation.spent, creation.doubts), (0, 0), "nothing was spent");
    }
}

#[test]
fn a_list_set_counts_for_the_time_that_a_list_may_lag() {
    let mut scene = Scene::of(&json!({}), &json!(null));
    scene.plan();
    scene.now = NOW.after(10 * scene.timing.list_lag);
    let fresh = Tick(scene.now.0 - scene.timing.list_lag);
    scene.cloud.set = Some(listing(Tick(fresh.0 - 1), &[]));
    assert_eq!(scene.plan().step, Step::LookAtScope { since: fresh });
    scene.cloud.list = Some(listing(scene.now, &[]));
    assert_eq!(scene.plan().step, Step::LookAtScope { since: scene.now });
    scene.cloud.set = Some(listing(fresh, &[]));
    assert_eq!(scene.plan().step, Step::OpenAttempt);
}

#[test]
fn only_a_lost_pool_needs_a_canary_that_was_read_since() {
    for (outcome, canary, step) in [
        ("NotFound", None, Step::OpenAttempt),
        ("Lost", None, Step::LookAtCanary),
        ("Lost", Some(-1), Step::LookAtCanary),
        ("Lost", Some(0), Step::OpenAttempt),
        ("Lost", Some(1), Step::OpenAttempt),
    ] {
        let mut scene = tried(&json!({}), outcome);
        scene.lists(&[]);
        scene.memory.canary = canary.map(|offset: i64| Tick(NOW.0.saturating_add_signed(offset)));
        assert_eq!(scene.plan().step, step, "{outcome} {canary:?}");
    }
}

#[test]
fn a_new_attempt_counts_on_and_keeps_what_was_spent_on_the_same_spec() {
    let mut scene = tried(&json!({}), "NotFound");
    scene.attempt(|attempt| (attempt.attempt, attempt.spent, attempt.doubts) = (2, 3, 4));
    scene.lists(&[]);
    let next = scene.plan();
    assert_eq!(next.step, Step::OpenAttempt);
    let creation = next.status.creation.expect("a record");
    assert_eq!((creation.attempt, creation.spent, creation.doubts), (3, 3, 4));
    assert_eq!(creation.token, "3-n");
    scene.attempt(|attempt| attempt.spec_hash = "another".into());
    let creation = scene.plan().status.creation.expect("a record");
    assert_eq!((creation.attempt, creation.spent, creation.doubts), (3, 0, 4));
}

#[test]
fn only_what_stalled_on_this_generation_keeps_its_words_while_it_is_tried_again() {
    let ready = |type_: &str, status: &str, generation: i64| {
        json!([
            {"type": "Ready", "status": "False", "reason": "QuotaExceeded", "message": "said before",
             "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1},
            {"type": type_, "status": status, "reason": "QuotaExceeded", "message": "said before",
             "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": generation},
        ])
    };
    for (conditions, said) in [
        (ready("Stalled", "True", 1), "QuotaExceeded"),
        (ready("Stalled", "True", 0), "Creating"),
        (ready("Stalled", "False", 1), "Creating"),
        (ready("Reconciling", "True", 1), "Creating"),
    ] {
        let mut scene = Scene::of(&json!({}), &json!({}));
        says(&mut scene, conditions.clone());
        let looks = scene.plan();
        assert!(matches!(looks.step, Step::LookAtScope { .. }), "{:?}", looks.step);
        assert_eq!(reason(&looks), said, "{conditions}");
        scene.lists(&[]);
        let opens = scene.plan();
        assert_eq!(opens.step, Step::OpenAttempt);
        assert_eq!(reason(&opens), said, "{conditions}");
    }
}

/// A service that leaves out the ID of what it lists still says that it is there.
#[test]
fn nothing_is_bought_in_sight_of_an_own_pool_without_an_id() {
    let unnamed = || {
        let mut unnamed = pool(ID, "name", &own().append_to(""));
        unnamed["metadata"]["name"] = json!(null);
        shared(unnamed)
    };
    let mut fresh = Scene::of(&json!({}), &json!({}));
    fresh.lists(&[unnamed()]);
    let plan = fresh.plan();
    assert_eq!(
        (&plan.step, reason(&plan).as_str()),
        (&Step::Rest, "ConfirmingCreation")
    );

    let mut doubtful = open(&json!({}));
    doubtful.now = NOW.after(doubtful.timing.in_doubt_window);
    doubtful.lists(&[unnamed()]);
    assert_eq!(doubtful.plan().step, Step::Rest);
    doubtful.lists(&[]);
    assert_eq!(ended(&doubtful.plan()), Some(Fate::NotFound));

    // The one that has an ID is found behind the one that has none.
    fresh.lists(&[unnamed(), own_pool()]);
    assert_eq!(fresh.plan().step, Step::Record);
}
