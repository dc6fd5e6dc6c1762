//! What an object that is gone has left behind: told from what merely stands there.

use modelarts_plan::Marker;
use modelarts_plan::{FailureKind, Shown};
use modelarts_plan::{Outcome, Step, Tick};
use serde_json::json;

use super::scene::{Scene, cluster, condition, failure, pool, reason, shared};

/// The marker of an object of this cluster that is gone.
fn gone() -> Marker {
    Marker::of("old", &cluster())
}

/// The marker of an object of another cluster.
fn foreign() -> Marker {
    Marker {
        uid: "old".into(),
        cluster: "zzzzzz".into(),
    }
}

/// An object that wants to buy, and a pool that is there.
fn beside(name: &str, marker: &Marker, known: bool) -> Scene {
    let mut scene = Scene::of(&json!({"poolName": "mine"}), &json!(null));
    scene.lists(&[shared(pool("some-id", name, &marker.append_to("")))]);
    scene.cloud.orphans = known.then(|| ["old".to_owned()].into());
    // The finalizer is seen in the very pass of the lists.
    scene
}

#[test]
fn what_was_left_behind_under_another_name_is_not_in_the_way() {
    let mut unnamed = Scene::of(&json!({}), &json!(null));
    unnamed.lists(&[shared(pool("some-id", "unrelated", &gone().append_to("")))]);
    unnamed.cloud.orphans = Some(["old".to_owned()].into());
    assert_eq!(unnamed.plan().step, Step::OpenAttempt, "a derived name");
    assert_eq!(beside("unrelated", &gone(), true).plan().step, Step::OpenAttempt);
    assert_eq!(beside("unrelated", &foreign(), false).plan().step, Step::OpenAttempt);
    assert_eq!(reason(&beside("mine", &gone(), true).plan()), "OrphanFound");
}

#[test]
fn what_stands_under_a_derived_name_is_found_too() {
    let mut scene = Scene::of(&json!({}), &json!(null));
    let name = modelarts_plan::identity::derived_name("train", super::scene::UID, &cluster());
    scene.lists(&[shared(pool("some-id", &name, &gone().append_to("")))]);
    scene.cloud.orphans = Some(["old".to_owned()].into());
    assert_eq!(reason(&scene.plan()), "OrphanFound");
}

#[test]
fn a_pool_of_another_cluster_is_no_orphan_of_this_one() {
    let planned = beside("mine", &foreign(), false).plan();
    assert_eq!(reason(&planned), "NameConflict");
    let known = beside("mine", &foreign(), true).plan();
    assert_eq!(reason(&known), "NameConflict");
}

#[test]
fn a_refused_marking_is_sent_again_to_the_millisecond() {
    let mut scene = Scene::of(&json!({"adoption": {"poolId": "some-id"}}), &json!(null));
    let there = Shown::Present(shared(pool("some-id", "theirs", "made by hand")));
    let marking = scene.plan_shown(&there).step;
    assert!(matches!(marking, Step::Mark { .. }), "{marking:?}");
    let other = Step::Change {
        id: "some-id".into(),
        patch: json!({"spec": {}}),
        effect: modelarts_plan::Effect::Neither,
    };
    scene.absorb(&other, Outcome::Failed(failure(FailureKind::Denied)));
    assert_eq!(scene.plan_shown(&there).step, marking, "another request was refused");
    scene.absorb(&marking, Outcome::Failed(failure(FailureKind::Denied)));
    let refused = scene.now;
    scene.now = Tick(refused.0 + 2 * scene.timing.census_interval_busy - 1);
    let waits = scene.plan_shown(&there);
    assert_eq!((waits.step.clone(), waits.next_look), (Step::Rest, 1));
    assert_eq!(
        condition(&waits, "Stalled"),
        Some(("True".into(), "PermissionDenied".into()))
    );
    scene.now = Tick(scene.now.0 + 1);
    assert_eq!(scene.plan_shown(&there).step, marking);
}
