//! Objects that only watch, that are left alone, or that cannot be understood.

use modelarts_crd::conditions::Reason;
use modelarts_plan::cadence::SETTLED;
use modelarts_plan::{Account, Closed, Plan, Step, Tick};
use serde_json::{Value, json};

use super::scene::{ID, NOW, Scene, condition, listing, own_pool, pool, reason, shared};

fn watching(status: &Value) -> Scene {
    let mut scene = Scene::of(&json!({"poolName": "theirs", "managementPolicy": "Observe"}), status);
    scene.plan();
    scene
}

fn ready(plan: &Plan) -> (String, String) {
    condition(plan, "Ready").unwrap_or_default()
}

fn is(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

#[test]
fn what_is_watched_is_found_by_its_name_or_by_the_id_that_the_spec_names() {
    let mut scene = watching(&json!({}));
    let theirs = || shared(pool("their-id", "theirs", "theirs"));
    scene.lists(&[own_pool(), theirs()]);
    let named = scene.plan();
    assert_eq!(named.status.pool_id.as_deref(), Some("their-id"));
    assert_eq!(
        condition(&named, "Synced"),
        Some(is("False", "Observed")),
        "its description differs"
    );
    scene.object.spec.adoption = serde_json::from_value(json!({"poolId": ID})).expect("an adoption");
    assert_eq!(scene.plan().status.pool_id.as_deref(), Some(ID));
    scene.object.spec.adoption = None;
    scene.object.status = Some(named.status);
    scene.lists(&[own_pool()]);
    let gone = scene.plan();
    assert_eq!(ready(&gone), is("False", "NotFound"));
    assert_eq!(gone.status.pool_id, None);
}

#[test]
fn what_was_bought_is_not_taken_for_another_of_its_id_that_somebody_made_while_it_was_watched() {
    let mut scene = Scene::with_pool(&json!({"poolName": "train-abc", "managementPolicy": "Observe"}));
    scene.plan();
    let mut other = pool(ID, "train-abc", "");
    other["metadata"]["creationTimestamp"] = json!("2026-11-11T11:11:11Z");
    scene.lists(&[shared(other)]);
    let told = scene.plan();
    assert_eq!(ready(&told), is("False", "NotFound"));
    let recorded = scene
        .object
        .status
        .as_ref()
        .and_then(|status| status.created_at.clone());
    assert_eq!(told.status.created_at, recorded, "what is on record stays");
    // Another one that the spec names is not looked at before what is on record.
    scene.object.spec.adoption = serde_json::from_value(json!({"poolId": "their-id"})).expect("an adoption");
    scene.lists(&[own_pool(), shared(pool("their-id", "theirs", ""))]);
    assert_eq!(scene.plan().status.pool_id.as_deref(), Some(ID));
}

#[test]
fn what_is_watched_as_it_is_wanted_is_in_sync_whatever_its_marker() {
    let mut scene = watching(&json!({}));
    scene.lists(&[shared(pool("their-id", "theirs", ""))]);
    assert_eq!(condition(&scene.plan(), "Synced"), Some(is("True", "Synced")));
}

#[test]
fn who_watches_says_after_three_intervals_that_nothing_is_seen() {
    let mut scene = watching(&json!({}));
    scene.lists(&[own_pool()]);
    scene.in_trouble_since(NOW);
    scene.now = NOW.after(3 * scene.timing.census_interval - 1);
    assert_eq!(reason(&scene.plan()), "NotFound", "the last list still counts");
    scene.now = scene.now.after(1);
    let blind = scene.plan();
    assert_eq!(ready(&blind), is("Unknown", "CloudUnavailable"));
    assert_eq!(blind.next_look, scene.timing.census_interval);
}

#[test]
fn who_watches_without_a_list_is_silent_until_looking_has_failed_for_long() {
    let mut scene = watching(&json!({}));
    let quiet = scene.plan();
    assert_eq!((quiet.step.clone(), quiet.publish), (Step::Rest, false));
    assert_eq!(quiet.next_look, scene.timing.census_interval);
    scene.in_trouble_since(NOW);
    scene.now = NOW.after(3 * scene.timing.census_interval - 1);
    assert!(!scene.plan().publish);
    scene.now = scene.now.after(1);
    assert_eq!(ready(&scene.plan()), is("Unknown", "CloudUnavailable"));
}

#[test]
fn who_watches_rarely_is_blind_at_the_end_of_the_window_all_the_same() {
    let mut scene = watching(&json!({}));
    scene.timing.census_interval = scene.timing.in_doubt_window;
    scene.in_trouble_since(NOW);
    scene.now = NOW.after(scene.timing.in_doubt_window - 1);
    assert!(!scene.plan().publish);
    scene.now = scene.now.after(1);
    assert_eq!(ready(&scene.plan()), is("Unknown", "CloudUnavailable"));
}

#[test]
fn a_request_of_who_watches_takes_a_look_that_begins_later() {
    let mut scene = watching(&json!({}));
    scene.lists(&[own_pool()]);
    let annotations = scene.object.metadata.annotations.get_or_insert_default();
    annotations.insert(modelarts_crd::REQUESTED_AT.into(), "now".into());
    scene.now = NOW.after(1);
    assert_eq!(scene.plan().step, Step::LookAtScope { since: scene.now });
    scene.cloud.list = Some(listing(scene.now, &[]));
    let looked = scene.plan();
    assert_eq!(ready(&looked), is("False", "NotFound"));
    assert_eq!(looked.status.last_handled_reconcile_at.as_deref(), Some("now"));
}

#[test]
fn what_is_paused_is_left_alone_and_says_so() {
    let mut scene = Scene::with_pool(&json!({"managementPolicy": "Pause"}));
    let planned = scene.plan();
    assert_eq!((planned.step.clone(), planned.next_look), (Step::Rest, SETTLED));
    assert_eq!(ready(&planned), is("Unknown", "Suspended"));
    assert_eq!(condition(&planned, "Synced"), Some(is("Unknown", "Suspended")));
    let mut leaving = scene.deleted();
    let waits = leaving.plan();
    assert_eq!(
        (waits.step.clone(), ready(&waits)),
        (Step::Rest, is("Unknown", "Suspended"))
    );
}

#[test]
fn what_cannot_be_understood_or_reached_is_left_alone() {
    let mut wrong = Scene::with_pool(&json!({"resources": []}));
    let planned = wrong.plan();
    assert_eq!(
        (planned.step.clone(), reason(&planned).as_str()),
        (Step::Rest, "InvalidSpec")
    );
    assert_eq!(condition(&planned, "Synced"), None, "nothing is said of the cloud");
    for (stalled, conditions) in [(true, (true, false)), (false, (false, true))] {
        let mut closed = Scene::with_pool(&json!({}));
        closed.account = Account::Closed(Closed {
            reason: Reason::CredentialsRefused,
            stalled,
            message: "there is no account".into(),
        });
        let planned = closed.plan();
        assert_eq!(
            (planned.step.clone(), reason(&planned).as_str()),
            (Step::Rest, "CredentialsRefused")
        );
        let has = |type_| condition(&planned, type_).is_some();
        assert_eq!((has("Stalled"), has("Reconciling")), conditions);
    }
}

#[test]
fn the_finalizer_comes_first_and_another_one_is_not_ours() {
    let mut scene = Scene::of(&json!({}), &json!(null));
    scene.lists(&[]);
    scene.object.metadata.finalizers = Some(vec!["example.com/other".into()]);
    assert_eq!(scene.plan().step, Step::AddFinalizer);
    scene.object.metadata.finalizers = Some(vec!["example.com/other".into(), modelarts_crd::FINALIZER.into()]);
    scene.now = NOW.after(5);
    assert_eq!(scene.plan().step, Step::LookAtScope { since: Tick(NOW.0 + 5) });
}
