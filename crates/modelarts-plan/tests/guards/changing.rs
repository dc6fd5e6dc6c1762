//! Changes, to the millisecond: what they are called, what holds them back, and until when.

use modelarts_plan::{Account, Effect, FailureKind, Outcome, Plan, Shown, Step, Tick};
use serde_json::{Value, json};

use super::scene::{ID, NOW, Scene, failure, own_pool, reason};

fn sized(count: i32) -> Value {
    json!({"resources": [{"flavor": "f", "count": count}]})
}

/// An object that wants another size than its pool has. It was born in this process.
fn wanting(count: i32) -> Scene {
    let mut scene = Scene::of(&sized(count), &json!(null));
    scene.plan();
    scene.object = Scene::with_pool(&sized(count)).object;
    scene.plan();
    scene.lists(&[own_pool()]);
    scene
}

/// What is planned when a GET shows the pool as it is.
fn looked(scene: &mut Scene) -> Plan {
    scene.plan_shown(&Shown::Present(own_pool()))
}

fn effect(step: &Step) -> Option<Effect> {
    match step {
        Step::Change { effect, .. } => Some(*effect),
        _ => None,
    }
}

fn request(scene: &mut Scene, word: &str) {
    let annotations = scene.object.metadata.annotations.get_or_insert_default();
    annotations.insert(modelarts_crd::REQUESTED_AT.into(), word.into());
}

#[test]
fn a_change_says_what_it_does_to_the_bill() {
    assert_eq!(effect(&looked(&mut wanting(4)).step), Some(Effect::Grows));
    assert_eq!(effect(&looked(&mut wanting(1)).step), Some(Effect::Shrinks));
    let mut described = wanting(2);
    described.object.spec.description = Some("trains models".into());
    assert_eq!(effect(&looked(&mut described).step), Some(Effect::Neither));
}

#[test]
fn nothing_is_changed_without_a_look_of_this_very_pass() {
    let mut scene = wanting(4);
    scene.shows(Shown::Present(own_pool()));
    scene.now = scene.now.after(1);
    let planned = scene.plan();
    assert_eq!(planned.step, Step::LookAt { id: ID.into() });
    assert_eq!(planned.next_look, scene.timing.census_interval_busy);
    for shown in [Shown::Gone, Shown::Unknown(failure(FailureKind::Transient))] {
        let mut scene = wanting(4);
        let planned = scene.plan_shown(&shown);
        assert_eq!(planned.step, Step::Rest, "{shown:?}");
        assert_eq!(planned.next_look, scene.timing.census_interval_busy, "{shown:?}");
    }
}

#[test]
fn nothing_is_changed_while_the_scope_is_frozen_or_nothing_is_seen() {
    let mut frozen = wanting(4);
    frozen.cloud.frozen = true;
    assert_eq!(looked(&mut frozen).step, Step::Rest);
    let mut blind = wanting(4);
    blind.in_trouble_since(blind.now);
    blind.now = blind.now.after(blind.timing.in_doubt_window - 1);
    assert_eq!(effect(&looked(&mut blind).step), Some(Effect::Grows), "not yet");
    blind.now = blind.now.after(1);
    let planned = looked(&mut blind);
    assert_eq!(planned.step, Step::Rest);
    assert_eq!(reason(&planned), "CloudUnavailable");
}

#[test]
fn a_refused_change_is_sent_again_to_the_millisecond_or_when_somebody_asks() {
    for (kind, wait, said) in [
        (FailureKind::Throttled, 5_000, "Throttled"),
        (FailureKind::Denied, 600_000, "ChangeRefused"),
    ] {
        let mut scene = wanting(4);
        let change = looked(&mut scene).step;
        scene.absorb(&change, Outcome::Failed(failure(kind)));
        scene.now = scene.now.after(wait - 1);
        let held = looked(&mut scene);
        assert_eq!((held.step.clone(), held.next_look), (Step::Rest, 1), "{kind:?}");
        assert_eq!(reason(&held), said);
        request(&mut scene, "now");
        scene.lists(&[own_pool()]);
        assert_eq!(looked(&mut scene).step, change, "{kind:?}: somebody asks");
        scene.object.metadata.annotations = None;
        assert_eq!(looked(&mut scene).step, Step::Rest, "{kind:?}: nobody asks");
        scene.now = scene.now.after(1);
        assert_eq!(looked(&mut scene).step, change, "{kind:?}: it is due");
    }
}

#[test]
fn who_asked_before_a_refusal_has_had_the_answer() {
    let mut scene = wanting(4);
    request(&mut scene, "before");
    scene.plan();
    scene.now = scene.now.after(1);
    scene.lists(&[own_pool()]);
    let change = looked(&mut scene).step;
    assert_eq!(effect(&change), Some(Effect::Grows));
    scene.absorb(&change, Outcome::Failed(failure(FailureKind::Denied)));
    assert_eq!(looked(&mut scene).step, Step::Rest);
}

#[test]
fn a_change_that_has_not_lasted_is_sent_again_to_the_millisecond_or_when_somebody_asks() {
    let mut scene = wanting(4);
    let change = looked(&mut scene).step;
    scene.absorb(&change, Outcome::Changed(own_pool()));
    scene.now = scene.now.after(scene.timing.census_interval_busy - 1);
    let held = looked(&mut scene);
    assert_eq!((held.step.clone(), held.next_look), (Step::Rest, 1));
    assert_eq!(reason(&held), "ChangePending");
    request(&mut scene, "now");
    scene.lists(&[own_pool()]);
    assert_eq!(looked(&mut scene).step, change);
    scene.object.metadata.annotations = None;
    scene.now = scene.now.after(1);
    assert_eq!(looked(&mut scene).step, change);
}

#[test]
fn another_change_waits_for_one_without_an_answer() {
    let mut scene = wanting(3);
    let mut doubted = failure(FailureKind::Transient);
    doubted.doubtful = true;
    let first = looked(&mut scene).step;
    scene.absorb(&first, Outcome::Failed(doubted));
    scene.object.spec.resources = Scene::with_pool(&sized(4)).object.spec.resources;
    scene.now = scene.now.after(scene.timing.gateway_limit - 1);
    let held = looked(&mut scene);
    assert_eq!((held.step.clone(), held.next_look), (Step::Rest, 1));
    assert_eq!(reason(&held), "ChangePending");
    scene.now = scene.now.after(1);
    assert_eq!(effect(&looked(&mut scene).step), Some(Effect::Grows));
}

#[test]
fn the_same_change_does_not_wait_for_itself() {
    let mut scene = wanting(3);
    let mut doubted = failure(FailureKind::Transient);
    doubted.doubtful = true;
    let first = looked(&mut scene).step;
    scene.absorb(&first, Outcome::Failed(doubted));
    scene.now = scene.now.after(scene.timing.census_interval_busy);
    assert_eq!(looked(&mut scene).step, first);
}

#[test]
fn a_new_process_waits_for_the_changes_of_the_one_before() {
    let mut scene = Scene::with_pool(&sized(4));
    scene.now = Tick(scene.timing.gateway_limit - 1);
    scene.lists(&[own_pool()]);
    let held = looked(&mut scene);
    assert_eq!((held.step.clone(), held.next_look), (Step::Rest, 1));
    assert_eq!(reason(&held), "ChangePending");
    scene.now = scene.now.after(1);
    scene.lists(&[own_pool()]);
    assert_eq!(effect(&looked(&mut scene).step), Some(Effect::Grows));
    let mut own = Scene::of(&sized(4), &json!(null));
    own.now = Tick(1);
    own.plan();
    own.object = Scene::with_pool(&sized(4)).object;
    own.plan();
    own.lists(&[own_pool()]);
    assert_eq!(
        effect(&looked(&mut own).step),
        Some(Effect::Grows),
        "it has no one before"
    );
}

#[test]
fn the_budget_holds_back_what_grows_and_nothing_else() {
    for (count, step) in [(4, None), (1, Some(Effect::Shrinks))] {
        let mut scene = wanting(count);
        let Account::Open(account) = &mut scene.account else {
            continue;
        };
        account.may_create = false;
        let planned = looked(&mut scene);
        assert_eq!(effect(&planned.step), step, "{count}");
    }
    assert!(NOW > Tick::default());
}
