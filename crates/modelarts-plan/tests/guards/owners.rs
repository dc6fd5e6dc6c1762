//! While not all objects of the cluster are known, a marker of this cluster may be a living object's:
//! nothing is taken over, and nothing is bought beside what an earlier object may have left behind.

use std::sync::Arc;

use modelarts_crd::ModelArtsPool;
use modelarts_plan::identity::derived_name;
use modelarts_plan::{Cloud, CloudFailure, FailureKind, Listing, Marker, Memory, Outcome, Plan, Shown, Step, Tick};
use modelarts_types::pool::Pool;
use serde_json::{Value, json};

use super::scene::{cluster, planned_at};

const NOW: Tick = Tick(600_000);

fn object(extra: &Value) -> ModelArtsPool {
    let mut spec =
        json!({"scope": ["Train"], "network": {"name": "net-1"}, "resources": [{"flavor": "f", "count": 1}]});
    if let (Some(spec), Some(extra)) = (spec.as_object_mut(), extra.as_object()) {
        spec.extend(extra.clone());
    }
    serde_json::from_value(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
        "metadata": {"name": "train", "uid": "new", "generation": 1, "finalizers": [modelarts_crd::FINALIZER]},
        "spec": spec,
    }))
    .expect("an object")
}

/// A pool that the object with the uid `old` of this cluster made for the name `train`.
fn left(phase: &str) -> Arc<Pool> {
    let name = derived_name("train", "old", &cluster());
    let pool = json!({
        "metadata": {
            "name": format!("{name}-project"),
            "labels": {"os.modelarts/name": name},
            "annotations": {"os.modelarts/description": Marker::of("old", &cluster()).append_to("")},
        },
        "spec": {"resources": [{"flavor": "f", "count": 1}]},
        "status": {"phase": phase},
    });
    Arc::new(serde_json::from_value(pool).expect("a pool"))
}

/// What is planned for the object, after a GET and complete lists that show the pool.
fn planned(object: &ModelArtsPool, phase: &str, orphans: Option<&[&str]>) -> Plan {
    remembered(object, phase, orphans, &mut Memory::default())
}

/// The same by somebody who remembers.
fn remembered(object: &ModelArtsPool, phase: &str, orphans: Option<&[&str]>, memory: &mut Memory) -> Plan {
    let pool = left(phase);
    let listing = Listing {
        began: NOW,
        items: vec![Arc::clone(&pool)],
        failed: Vec::new(),
    };
    let cloud = Cloud {
        list: Some(listing.clone()),
        set: Some(listing),
        orphans: orphans.map(|uids| uids.iter().map(|uid| (*uid).to_owned()).collect()),
        ..Cloud::default()
    };
    let first = planned_at(object, &cloud, (NOW, NOW), memory);
    let Step::LookAt { .. } = &first.step else {
        return first;
    };
    let shown = Outcome::Shown(Shown::Present(pool));
    memory.absorb(&first.step, shown, None, "", NOW, NOW);
    planned_at(object, &cloud, (NOW, NOW), memory)
}

fn reason(plan: &Plan) -> Option<&str> {
    let condition = plan
        .status
        .conditions
        .iter()
        .find(|condition| condition.type_ == "Ready")?;
    Some(condition.reason.as_str())
}

#[test]
fn what_may_be_a_living_objects_is_not_taken_over() {
    let object = object(&json!({"adoption": {"poolId": left("Running").id()}}));
    let unknown = planned(&object, "Running", None);
    assert_eq!((unknown.step.clone(), reason(&unknown)), (Step::Rest, Some("Adopting")));
    let living = planned(&object, "Running", Some(&[]));
    assert_eq!(
        (living.step.clone(), reason(&living)),
        (Step::Rest, Some("AdoptionRefused"))
    );
    let gone = planned(&object, "Running", Some(&["old"]));
    assert!(matches!(gone.step, Step::Mark { .. }), "{:?}", gone.step);
}

#[test]
fn nothing_is_bought_beside_what_may_have_been_left_behind() {
    let object = object(&json!({}));
    let unknown = planned(&object, "Running", None);
    assert_eq!((unknown.step.clone(), reason(&unknown)), (Step::Rest, None));
    let gone = planned(&object, "Running", Some(&["old"]));
    assert_eq!((gone.step.clone(), reason(&gone)), (Step::Rest, Some("OrphanFound")));
    let living = planned(&object, "Running", Some(&[]));
    assert_eq!(
        living.step,
        Step::OpenAttempt,
        "the other object has it, and this one needs its own"
    );
}

#[test]
fn what_is_on_its_way_out_is_no_orphan() {
    let leaving = planned(&object(&json!({})), "Deleting", Some(&["old"]));
    assert_eq!(leaving.step, Step::OpenAttempt);
}

#[test]
fn a_marking_that_was_refused_is_not_sent_again_at_once() {
    let (object, mut memory) = (
        object(&json!({"adoption": {"poolId": left("Running").id()}})),
        Memory::default(),
    );
    let marking = remembered(&object, "Running", Some(&["old"]), &mut memory);
    assert!(matches!(marking.step, Step::Mark { .. }), "{:?}", marking.step);
    let refusal = CloudFailure {
        kind: FailureKind::Throttled,
        message: "too many".into(),
        doubtful: false,
    };
    memory.absorb(&marking.step, Outcome::Failed(refusal), None, "", NOW, NOW);
    let then = remembered(&object, "Running", Some(&["old"]), &mut memory);
    assert_eq!((then.step.clone(), reason(&then)), (Step::Rest, Some("Throttled")));
}
