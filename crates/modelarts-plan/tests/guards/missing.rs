//! What the lists lack, to the millisecond: when it counts as lost, and what is then said.

use modelarts_crd::status::Outcome as Fate;
use modelarts_plan::{FailureKind, Plan, Shown, Step, Tick};
use serde_json::{Value, json};

use super::scene::{ID, NOW, Scene, condition, failure, listing, own, own_pool, pool, reason, shared, text};

/// An object whose pool no list shows.
fn missed(spec: &Value) -> Scene {
    let mut scene = Scene::with_pool(spec);
    scene.plan();
    scene.lists(&[]);
    scene
}

/// The same at the end of the loss span, all looks saying that it is gone.
fn confirmed(spec: &Value) -> Scene {
    let mut scene = missed(spec);
    scene.plan_shown(&Shown::Gone);
    scene.now = NOW.after(scene.timing.loss_span);
    scene.lists(&[]);
    scene
}

fn gone(scene: &mut Scene) -> Plan {
    scene.plan_shown(&Shown::Gone)
}

#[test]
fn a_loss_is_confirmed_over_the_loss_span() {
    let mut scene = missed(&json!({}));
    assert_eq!(scene.plan().step, Step::LookAt { id: ID.into() });
    let once = gone(&mut scene);
    assert_eq!(
        (once.step.clone(), once.next_look),
        (Step::Rest, scene.timing.loss_span)
    );
    assert_eq!(reason(&once), "ConfirmingLoss");
    assert!(text(&once).contains("pool pool-1 is not found"), "{}", text(&once));
    scene.now = NOW.after(scene.timing.loss_span - 1);
    scene.lists(&[]);
    let early = gone(&mut scene);
    assert_eq!((early.step.clone(), early.next_look), (Step::Rest, 1));
    scene.now = scene.now.after(1);
    scene.lists(&[]);
    assert_eq!(gone(&mut scene).step, Step::LookAtCanary);
}

#[test]
fn the_canary_of_a_loss_is_no_older_than_a_list_may_lag() {
    for (age, step) in [
        (0, Step::CloseAttempt),
        (60_000, Step::CloseAttempt),
        (60_001, Step::LookAtCanary),
    ] {
        let mut scene = confirmed(&json!({}));
        assert_eq!(scene.timing.list_lag, 60_000);
        scene.memory.canary = Some(Tick(scene.now.0 - age));
        let planned = gone(&mut scene);
        assert_eq!(planned.step, step, "{age}");
        assert_eq!(planned.status.pool_id.is_none(), step == Step::CloseAttempt);
    }
}

#[test]
fn what_a_loss_is_called_depends_on_what_was_lost() {
    let billed = json!({"billing": {"mode": "Subscription", "periodType": "Month", "periodNum": 1}});
    for (spec, failed, fate, said, is_stalled) in [
        (json!({}), false, Fate::Lost, "Creating", false),
        (billed.clone(), false, Fate::Lost, "SubscriptionEnded", true),
        (json!({}), true, Fate::Failed, "CreationFailed", true),
        (billed, true, Fate::Failed, "CreationFailed", true),
    ] {
        let mut scene = confirmed(&spec);
        scene.memory.canary = Some(scene.now);
        if let Some(set) = scene.cloud.set.as_mut().filter(|_| failed) {
            set.failed = vec![shared(pool(ID, "train", &own().append_to("")))];
        }
        let planned = gone(&mut scene);
        assert_eq!(planned.step, Step::CloseAttempt);
        let creation = planned.status.creation.clone().expect("a record");
        assert_eq!(creation.outcome, Some(fate));
        assert_eq!((creation.spent, creation.doubts), if failed { (1, 1) } else { (0, 0) });
        assert_eq!(reason(&planned), said);
        assert_eq!(condition(&planned, "Stalled").is_some(), is_stalled, "{said}");
        assert_eq!(planned.notice.expect("an event").reason, "Lost");
    }
}

#[test]
fn nothing_is_lost_while_the_scope_is_frozen() {
    let mut scene = confirmed(&json!({}));
    scene.memory.canary = Some(scene.now);
    scene.cloud.frozen = true;
    let planned = gone(&mut scene);
    assert_eq!(
        (planned.step.clone(), reason(&planned).as_str()),
        (Step::Rest, "ScopeFrozen")
    );
}

#[test]
fn a_look_that_fails_says_nothing_of_a_loss() {
    let mut scene = missed(&json!({}));
    let planned = scene.plan_shown(&Shown::Unknown(failure(FailureKind::Transient)));
    assert_eq!(
        (planned.step.clone(), planned.next_look),
        (Step::Rest, scene.timing.census_interval_busy)
    );
    assert_eq!(
        condition(&planned, "Ready"),
        Some(("Unknown".into(), "CloudUnavailable".into()))
    );
    assert_eq!(scene.memory.first_proof, None);
}

#[test]
fn what_a_look_shows_after_all_is_kept() {
    let mut scene = missed(&json!({}));
    assert_eq!(scene.plan().step, Step::LookAt { id: ID.into() });
    let kept = scene.plan_shown(&Shown::Present(own_pool()));
    assert_eq!((kept.step.clone(), reason(&kept).as_str()), (Step::Rest, "Ready"));
    assert_eq!(scene.memory.missing_since, None);
}

#[test]
fn a_look_contradicts_a_later_list_that_lacks_the_pool() {
    let mut scene = missed(&json!({}));
    scene.plan();
    scene.now = NOW.after(5);
    scene.shows(Shown::Present(own_pool()));
    scene.now = NOW.after(10);
    scene.lists(&[]);
    let kept = scene.plan();
    assert_eq!((kept.step.clone(), reason(&kept).as_str()), (Step::Rest, "Ready"));
}

#[test]
fn a_pool_of_ours_under_another_id_is_recorded_in_its_place() {
    let mut scene = missed(&json!({}));
    let twin = shared(pool("twin", "train", &own().append_to("")));
    scene.lists(std::slice::from_ref(&twin));
    let recorded = gone(&mut scene);
    assert_eq!(recorded.step, Step::Record);
    assert_eq!(recorded.status.pool_id.as_deref(), Some("twin"));
    assert_eq!(scene.memory.missing_since, None);
}

#[test]
fn a_set_that_still_shows_what_a_look_denies_is_waited_for() {
    let mut scene = missed(&json!({}));
    scene.cloud.list = Some(listing(NOW, &[]));
    let mut nameless = pool(ID, "train", &own().append_to(""));
    nameless["metadata"].as_object_mut().expect("metadata").remove("name");
    scene.cloud.set = Some(listing(NOW, &[shared(nameless)]));
    let planned = gone(&mut scene);
    assert_eq!((planned.step.clone(), planned.publish), (Step::Rest, false));
    assert_eq!(planned.next_look, scene.timing.census_interval_busy);
}
