//! What exists: whose it is, which sight of it counts, and what is told and asked.

use modelarts_plan::cadence::SETTLED;
use modelarts_plan::{Details, FailureKind, Marker, Outcome, Plan, Shown, Step, Tick};
use serde_json::{Value, json};

use super::scene::{
    ID, NOW, Scene, attempt, cluster, condition, failure, listing, own, own_pool, pool, reason, shared,
};

fn kept() -> Scene {
    let mut scene = Scene::with_pool(&json!({}));
    scene.plan();
    scene.lists(&[own_pool()]);
    scene
}

fn synced(plan: &Plan) -> (String, String) {
    condition(plan, "Synced").unwrap_or_default()
}

fn is(status: &str, reason: &str) -> (String, String) {
    (status.to_owned(), reason.to_owned())
}

/// The pool with something else in its metadata and its status.
fn but(metadata: &Value, status: &Value, description: &str) -> Shown {
    let mut value = pool(ID, "train", description);
    for (part, extra) in [("metadata", metadata), ("status", status)] {
        let part = value[part].as_object_mut().expect("a part");
        part.extend(extra.as_object().expect("an object").clone());
    }
    Shown::Present(shared(value))
}

fn present(shown: &Shown) -> std::sync::Arc<modelarts_types::pool::Pool> {
    let pool = match shown {
        Shown::Present(pool) => Some(std::sync::Arc::clone(pool)),
        _ => None,
    };
    pool.expect("something is shown")
}

#[test]
fn a_get_counts_until_a_list_that_began_after_it() {
    let mut scene = kept();
    scene.shows(Shown::Present(own_pool()));
    scene.lists(&[]);
    assert_eq!(reason(&scene.plan()), "Ready", "a list of the same moment");
    scene.cloud.list = Some(listing(Tick(NOW.0 - 1), &[]));
    scene.cloud.set = None;
    assert_eq!(reason(&scene.plan()), "Ready", "an older list");
    scene.now = NOW.after(1);
    scene.lists(&[]);
    assert_eq!(scene.plan().step, Step::LookAt { id: ID.into() }, "a newer list");
}

#[test]
fn without_a_list_nothing_is_missing() {
    let mut scene = Scene::with_pool(&json!({}));
    let planned = scene.plan();
    assert_eq!((planned.step.clone(), planned.publish), (Step::Rest, false));
}

#[test]
fn a_pool_without_a_marker_is_ours_only_if_all_else_is_as_recorded() {
    let labelled = |id: &str| {
        let mut value = pool(ID, "train", "no marker");
        value["metadata"]["labels"]["os.modelarts/resource.id"] = json!(id);
        shared(value)
    };
    for (recorded, there, ours) in [
        (None, shared(pool(ID, "train", "no marker")), true),
        (None, labelled("r1"), true),
        (Some("r1"), labelled("r1"), true),
        (Some("r1"), labelled("r2"), false),
        (
            None,
            present(&but(
                &json!({"creationTimestamp": "2026-02-02T00:00:00Z"}),
                &json!({}),
                "no marker",
            )),
            false,
        ),
    ] {
        let mut scene = kept();
        scene.object.status.as_mut().expect("a status").resource_id = recorded.map(str::to_owned);
        scene.lists(&[std::sync::Arc::clone(&there)]);
        let planned = scene.plan_shown(&Shown::Present(std::sync::Arc::clone(&there)));
        assert_eq!(
            matches!(planned.step, Step::Mark { .. }),
            ours,
            "{recorded:?} {there:?}"
        );
    }
}

#[test]
fn what_another_has_taken_is_told_from_another_of_the_same_id() {
    let theirs = Marker::of("another", &cluster()).append_to("");
    let mut taken = kept();
    taken.lists(&[present(&but(&json!({}), &json!({}), &theirs))]);
    let planned = taken.plan();
    assert_eq!(
        (planned.step.clone(), reason(&planned).as_str()),
        (Step::Rest, "MarkerLost")
    );
    let mut replaced = kept();
    let later = json!({"creationTimestamp": "2026-02-02T00:00:00Z"});
    replaced.lists(&[present(&but(&later, &json!({}), &theirs))]);
    assert_eq!(replaced.plan().step, Step::LookAt { id: ID.into() });
}

#[test]
fn what_was_never_recorded_is_not_marked_on_its_way_out() {
    let mut scene = Scene::of(&json!({}), &json!({"creation": attempt("NotFound")})).deleted();
    scene.plan();
    scene.lists(&[own_pool()]);
    assert_eq!(scene.plan().step, Step::LookAt { id: ID.into() });
    let unmarked = Shown::Present(shared(pool(ID, "train", "no marker")));
    let planned = scene.plan_shown(&unmarked);
    assert!(!matches!(planned.step, Step::Mark { .. }), "{:?}", planned.step);
}

#[test]
fn a_marker_is_written_again_only_on_a_look_and_on_what_may_be_changed() {
    let unmarked = |metadata: Value, status: Value| but(&metadata, &status, "no marker");
    for (shown, marks) in [
        (unmarked(json!({}), json!({})), true),
        (unmarked(json!({}), json!({"phase": "Creating"})), false),
        (
            unmarked(json!({"deletionTimestamp": "2026-02-02T00:00:00Z"}), json!({})),
            false,
        ),
        (Shown::Gone, false),
        (Shown::Unknown(failure(FailureKind::Transient)), false),
    ] {
        let mut scene = kept();
        let listed = match &shown {
            Shown::Present(pool) => std::sync::Arc::clone(pool),
            _ => present(&unmarked(json!({}), json!({}))),
        };
        scene.lists(&[listed]);
        assert_eq!(scene.plan().step, Step::LookAt { id: ID.into() });
        let planned = scene.plan_shown(&shown);
        assert_eq!(matches!(planned.step, Step::Mark { .. }), marks, "{shown:?}");
        if !marks {
            assert_eq!(synced(&planned), is("Unknown", "MarkerLost"), "{shown:?}");
        }
    }
}

#[test]
fn what_was_learned_from_an_answer_is_looked_at_again_until_a_list_knows_of_it() {
    let mut scene = kept();
    assert_eq!(scene.plan().next_look, SETTLED);
    scene.now = NOW.after(1);
    scene.shows(Shown::Present(own_pool()));
    assert_eq!(scene.plan().next_look, scene.timing.census_interval_busy);
    scene.lists(&[own_pool()]);
    assert_eq!(scene.plan().next_look, SETTLED);
}

#[test]
fn the_event_of_a_change_names_its_fields_and_the_pool() {
    let mut scene = Scene::with_pool(&json!({"resources": [{"flavor": "f", "count": 3}]}));
    scene.plan();
    scene.lists(&[own_pool()]);
    let planned = scene.plan_shown(&Shown::Present(own_pool()));
    assert_eq!(
        planned.notice.expect("an event").note,
        "sending resources[f].count to pool pool-1"
    );
}

#[test]
fn the_event_of_readiness_says_what_the_pool_says() {
    let mut scene = kept();
    let note = scene.plan().notice.expect("an event").note;
    assert_eq!(note, "the pool is Running, 2 nodes are available");
    before(&mut scene, &[("Ready", "False", "Scaling")]);
    let note = scene.plan().notice.expect("an event").note;
    assert_eq!(note, "the pool is Running, 2 nodes are available");
}

/// A pool one of whose nodes cannot be used, which nobody has looked at yet.
fn broken() -> Scene {
    let mut scene = kept();
    let counts = json!({"resources": {
        "available": [{"flavor": "f", "count": 1}], "abnormal": [{"flavor": "f", "count": 1}],
    }});
    scene.lists(&[present(&but(&json!({}), &counts, &own().append_to("")))]);
    scene
}

#[test]
fn details_that_nobody_can_tell_are_asked_for_ten_times() {
    let mut scene = broken();
    let mut asked = 0;
    for _ in 0..1_000 {
        let planned = scene.plan();
        match &planned.step {
            Step::LookAtDetails { nodes, .. } => {
                assert!(nodes);
                asked += 1;
                scene.absorb(&planned.step, Outcome::Details(Details::default()));
            }
            step => {
                assert_eq!(*step, Step::Rest);
                assert!(planned.next_look > 0);
                let (now, began) = (scene.now, scene.now);
                scene.now = Tick(now.0 + planned.next_look - 1);
                if planned.next_look < SETTLED {
                    assert_eq!(scene.plan().step, Step::Rest, "not a moment earlier");
                }
                scene.now = began.after(planned.next_look);
            }
        }
    }
    assert_eq!(asked, 10);
}

#[test]
fn other_details_are_asked_for_anew() {
    let mut scene = broken();
    for _ in 0..100 {
        let planned = scene.plan();
        match &planned.step {
            Step::LookAtDetails { .. } => scene.absorb(&planned.step, Outcome::Details(Details::default())),
            _ => scene.now = scene.now.after(planned.next_look),
        }
    }
    assert_eq!(scene.memory.asked.1, 10);
    let counts = json!({"resources": {
        "available": [{"flavor": "f", "count": 0}], "abnormal": [{"flavor": "f", "count": 2}],
    }});
    scene.lists(&[present(&but(&json!({}), &counts, &own().append_to("")))]);
    assert!(matches!(scene.plan().step, Step::LookAtDetails { .. }));
}

/// Conditions as they were before this pass.
fn before(scene: &mut Scene, said: &[(&str, &str, &str)]) {
    let conditions: Vec<Value> = said
        .iter()
        .map(|(type_, status, reason)| {
            json!({"type": type_, "status": status, "reason": reason, "message": "said before",
                   "lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1})
        })
        .collect();
    let status = scene.object.status.get_or_insert_default();
    status.conditions = serde_json::from_value(json!(conditions)).expect("conditions");
}

#[test]
fn an_event_tells_what_ended_and_what_began() {
    let running = json!({});
    let scaling =
        json!({"resources": {"available": [{"flavor": "f", "count": 1}], "creating": [{"flavor": "f", "count": 1}]}});
    let upgrading = json!({"driver": {"npu": {"state": "Upgrading", "version": "1"}}});
    let waiting = json!({"phase": "Waiting"});
    let abnormal = json!({"phase": "Abnormal"});
    let failed = json!({"phase": "Error"});
    let ready = |status, reason| vec![("Ready", status, reason)];
    let stalled = vec![("Ready", "False", "Scaling"), ("Stalled", "True", "PoolNotRunning")];
    for (said, now, told) in [
        (vec![], &running, Some("Ready")),
        (ready("True", "Ready"), &running, None),
        (ready("False", "Creating"), &running, Some("Ready")),
        (ready("False", "Scaling"), &running, Some("Scaled")),
        (ready("False", "UpgradingDriver"), &running, Some("DriverUpgraded")),
        (ready("False", "SwitchingScopes"), &running, Some("ScopesSwitched")),
        (ready("True", "Scaling"), &running, None),
        (ready("True", "Ready"), &scaling, Some("Scaling")),
        (ready("False", "Scaling"), &scaling, None),
        (ready("False", "Scaling"), &upgrading, Some("Scaled")),
        (ready("False", "UpgradingDriver"), &scaling, Some("DriverUpgraded")),
        (ready("True", "Ready"), &upgrading, Some("UpgradingDriver")),
        (ready("True", "Ready"), &waiting, Some("PaymentPending")),
        (ready("True", "Ready"), &abnormal, None),
        (ready("True", "Ready"), &failed, Some("PoolNotRunning")),
        (ready("False", "PoolNotRunning"), &failed, None),
        (stalled, &failed, None),
    ] {
        let mut scene = kept();
        before(&mut scene, &said);
        scene.lists(&[present(&but(&json!({}), now, &own().append_to("")))]);
        let planned = scene.plan();
        let notice = planned.notice.map(|notice| notice.reason);
        assert_eq!(notice, told, "{said:?}, then {now}");
    }
}

#[test]
fn old_news_is_called_old_after_three_intervals() {
    let mut scene = kept();
    scene.in_trouble_since(NOW);
    scene.now = NOW.after(3 * scene.timing.census_interval - 1);
    assert_eq!(synced(&scene.plan()), is("True", "Synced"));
    scene.now = scene.now.after(1);
    assert_eq!(synced(&scene.plan()), is("Unknown", "CloudUnavailable"));
    assert_eq!(reason(&scene.plan()), "Ready");
    let mut frozen = kept();
    frozen.cloud.frozen = true;
    assert_eq!(synced(&frozen.plan()), is("Unknown", "ScopeFrozen"));
}

#[test]
fn what_no_list_has_shown_since_the_start_is_told_after_three_intervals() {
    let ready = [("Ready", "True", "Ready")];
    let creating = [("Ready", "False", "Creating")];
    let window = Scene::with_pool(&json!({})).timing.in_doubt_window;
    for (said, wait, told) in [
        (&ready, 29_999, None),
        (&ready, 30_000, Some(is("True", "Ready"))),
        (&ready, window, Some(is("Unknown", "CloudUnavailable"))),
        (&creating, 30_000, Some(is("Unknown", "CloudUnavailable"))),
    ] {
        let mut scene = Scene::with_pool(&json!({}));
        before(&mut scene, said);
        scene.plan();
        scene.in_trouble_since(NOW);
        scene.now = NOW.after(wait);
        let planned = scene.plan();
        assert_eq!(planned.publish, told.is_some(), "{said:?} {wait}");
        if let Some(told) = told {
            assert_eq!(condition(&planned, "Ready"), Some(told), "{said:?} {wait}");
            assert_eq!(synced(&planned), is("Unknown", "CloudUnavailable"));
        }
    }
}
