//! What keeps the next attempt back, each to the millisecond and for nothing but what it is about.

use modelarts_plan::{Account, FailureKind, Outcome, Plan, Shown, Step, Tick};
use serde_json::{Value, json};

use super::scene::{NOW, Scene, attempt, failure, pool, reason, shared, text};

const HOUR: u64 = 60 * 60 * 1_000;

/// An object whose last attempt ended so, and lists that show nothing.
fn tried(spec: &Value, outcome: &str) -> Scene {
    let mut scene = Scene::of(spec, &json!({"creation": attempt(outcome)}));
    let hash = scene.hash();
    scene.attempt(|attempt| attempt.spec_hash = hash);
    scene.plan();
    scene.lists(&[]);
    scene
}

/// What is planned at a moment, with lists of that moment.
fn at(scene: &mut Scene, now: Tick) -> Plan {
    scene.now = now;
    scene.lists(&[]);
    scene.plan()
}

fn edited(scene: &mut Scene) -> &mut Scene {
    scene.object.spec.description = Some("another spec".into());
    scene
}

#[test]
fn five_doubts_about_one_spec_are_enough_and_four_are_not() {
    let mut scene = tried(&json!({}), "NotFound");
    scene.attempt(|attempt| attempt.spent = 4);
    assert_eq!(scene.plan().step, Step::OpenAttempt);
    scene.attempt(|attempt| attempt.spent = 5);
    assert_eq!(reason(&scene.plan()), "AttemptsExhausted");
    assert_eq!(edited(&mut scene).plan().step, Step::OpenAttempt);
}

#[test]
fn what_the_cloud_could_not_make_is_tried_again_after_a_while() {
    let mut scene = tried(&json!({}), "Failed");
    scene.attempt(|attempt| attempt.spent = 1);
    let status = scene.object.status.as_mut().expect("a status");
    let said = |type_: &str, message: &str| {
        json!({"type": type_, "status": "False", "reason": "CreationFailed", "message": message,
               "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1})
    };
    let conditions = json!([said("Synced", "of another thing"), said("Ready", "no rack is free")]);
    status.conditions = serde_json::from_value(conditions).expect("conditions");
    let wait = scene.timing.stalled_retry;
    let waits = at(&mut scene, NOW.after(wait - 1));
    assert_eq!((waits.step.clone(), waits.next_look), (Step::Rest, 1));
    assert_eq!(
        (reason(&waits), text(&waits)),
        ("CreationFailed".into(), "no rack is free".into())
    );
    assert_eq!(at(&mut scene, NOW.after(wait)).step, Step::OpenAttempt);
    let mut other = tried(&json!({}), "Failed");
    assert_eq!(edited(&mut other).plan().step, Step::OpenAttempt, "another spec");
    assert_eq!(tried(&json!({}), "NotFound").plan().step, Step::OpenAttempt);
}

#[test]
fn a_refused_request_is_sent_again_to_the_millisecond_and_another_at_once() {
    for (kind, wait, said) in [
        (FailureKind::SoldOut, 5_000, "SoldOut"),
        (FailureKind::Quota, 600_000, "QuotaExceeded"),
    ] {
        let mut scene = tried(&json!({}), "Rejected");
        scene.creates(Outcome::Failed(failure(kind)));
        let waits = at(&mut scene, NOW.after(wait - 1));
        assert_eq!((waits.step.clone(), waits.next_look), (Step::Rest, 1), "{kind:?}");
        assert_eq!(reason(&waits), said);
        assert_eq!(at(&mut scene, NOW.after(wait)).step, Step::OpenAttempt, "{kind:?}");
        scene.now = NOW;
        scene.lists(&[]);
        assert_eq!(edited(&mut scene).plan().step, Step::OpenAttempt, "another spec");
    }
}

#[test]
fn only_a_subscription_that_was_lost_is_not_bought_again() {
    let billed = json!({"billing": {"mode": "Subscription", "periodType": "Month", "periodNum": 1}});
    for (spec, outcome, said) in [
        (billed.clone(), "Lost", "SubscriptionEnded"),
        (billed, "NotFound", ""),
        (json!({}), "Lost", ""),
    ] {
        let mut scene = tried(&spec, outcome);
        scene.memory.canary = Some(NOW);
        let planned = scene.plan();
        match said {
            "" => assert_eq!(planned.step, Step::OpenAttempt, "{outcome} {spec}"),
            said => assert_eq!((planned.step.clone(), reason(&planned).as_str()), (Step::Rest, said)),
        }
    }
    let mut edited_since = tried(
        &json!({"billing": {"mode": "Subscription", "periodType": "Month", "periodNum": 1}}),
        "Lost",
    );
    edited_since.memory.canary = Some(NOW);
    assert_eq!(
        edited(&mut edited_since).plan().step,
        Step::OpenAttempt,
        "the user has asked for it anew"
    );
}

#[test]
fn a_chosen_name_rests_for_the_window_after_its_deletion() {
    let mut scene = tried(&json!({"poolName": "mine"}), "Lost");
    scene.memory.canary = Some(Tick(u64::MAX));
    scene.cloud.name_deleted = Some(NOW);
    let window = scene.timing.in_doubt_window;
    let waits = at(&mut scene, NOW.after(window - 1));
    assert_eq!((waits.step.clone(), waits.next_look), (Step::Rest, 1));
    assert_eq!(reason(&waits), "WaitingForName");
    assert_eq!(at(&mut scene, NOW.after(window)).step, Step::OpenAttempt);
    let mut derived = tried(&json!({}), "Lost");
    derived.memory.canary = Some(NOW);
    derived.cloud.name_deleted = Some(NOW);
    assert_eq!(derived.plan().step, Step::OpenAttempt, "no two share a derived name");
}

#[test]
fn nothing_is_bought_without_a_budget_or_in_an_incident() {
    let mut spent = tried(&json!({}), "Rejected");
    if let Account::Open(account) = &mut spent.account {
        account.may_create = false;
    }
    assert_eq!(reason(&spent.plan()), "CreationBudget");
    let mut frozen = tried(&json!({}), "Rejected");
    frozen.cloud.frozen = true;
    let planned = frozen.plan();
    assert_eq!(
        (planned.step.clone(), reason(&planned).as_str()),
        (Step::Rest, "ScopeFrozen")
    );
}

/// An object whose creation was refused because somebody unseen has the name.
fn conflict() -> Scene {
    let mut scene = tried(&json!({"poolName": "mine"}), "Rejected");
    scene.creates(Outcome::Failed(failure(FailureKind::Conflict)));
    scene
}

/// What is planned at a moment when the GET by the ID that the name would have shows this.
fn shown_at(scene: &mut Scene, now: Tick, shown: &Shown) -> Plan {
    scene.now = now;
    scene.lists(&[]);
    scene.plan_shown(shown)
}

#[test]
fn who_has_a_taken_name_is_looked_up_by_the_id_that_it_would_have() {
    let mut scene = conflict();
    let id = "mine-project".to_owned();
    assert_eq!(scene.plan().step, Step::LookAt { id });
    let theirs = Shown::Present(shared(pool("mine-project", "mine", "theirs")));
    let taken = shown_at(&mut scene, NOW, &theirs);
    assert_eq!(
        (taken.step.clone(), reason(&taken).as_str()),
        (Step::Rest, "NameConflict")
    );
    assert!(text(&taken).contains("(mine-project)"), "{}", text(&taken));
    assert_eq!(edited(&mut conflict()).plan().step, Step::OpenAttempt, "another spec");
    let mut sold_out = tried(&json!({"poolName": "mine"}), "Rejected");
    sold_out.creates(Outcome::Failed(failure(FailureKind::SoldOut)));
    assert_eq!(
        at(&mut sold_out, NOW.after(HOUR)).step,
        Step::OpenAttempt,
        "no conflict"
    );
}

#[test]
fn a_name_taken_by_nobody_who_shows_is_tried_again_to_the_millisecond() {
    for shown in [Shown::Gone, Shown::Unknown(failure(FailureKind::Denied))] {
        let mut scene = conflict();
        let due = NOW.after(scene.timing.census_interval_busy);
        let waits = shown_at(&mut scene, Tick(due.0 - 1), &shown);
        assert_eq!((waits.step.clone(), waits.next_look), (Step::Rest, 1), "{shown:?}");
        assert_eq!(reason(&waits), "NameConflict");
        assert_eq!(shown_at(&mut scene, due, &shown).step, Step::OpenAttempt, "{shown:?}");
    }
}

#[test]
fn a_look_for_the_owner_of_a_name_counts_for_one_interval() {
    let mut scene = conflict();
    let later = NOW.after(HOUR);
    let interval = scene.timing.census_interval;
    let theirs = Shown::Present(shared(pool("mine-project", "mine", "theirs")));
    shown_at(&mut scene, later, &theirs);
    assert_eq!(reason(&at(&mut scene, later.after(interval))), "NameConflict");
    assert!(matches!(
        at(&mut scene, later.after(interval + 1)).step,
        Step::LookAt { .. }
    ));
}
