//! A pool that somebody else took over between two looks is neither changed nor marked, although a later
//! list still calls it ours or nobody's: lists lag behind a GET.

use std::sync::Arc;

use modelarts_crd::ModelArtsPool;
use modelarts_plan::{Cloud, Listing, Marker, Memory, Outcome, Plan, Shown, Step, Tick};
use modelarts_types::pool::Pool;
use serde_json::json;

use super::scene::{cluster, planned_at};

/// An object that wants two nodes and whose pool is on record.
fn object() -> ModelArtsPool {
    serde_json::from_value(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
        "metadata": {"name": "train", "uid": "ours", "generation": 2, "finalizers": [modelarts_crd::FINALIZER]},
        "spec": {"scope": ["Train"], "network": {"name": "net-1"}, "resources": [{"flavor": "f", "count": 2}]},
        "status": {"poolId": "pool-1", "createdAt": "2024-10-24T12:42:43Z", "appliedGeneration": 1,
                   "creation": {"attempt": 1, "token": "1-a", "specHash": "h", "openedAt": "", "outcome": "Created"}},
    }))
    .expect("an object")
}

/// The pool with one node, in the hands of the object with this uid, or of nobody.
fn pool_of(owner: Option<&str>) -> Arc<Pool> {
    let description = owner.map_or_else(String::new, |uid| Marker::of(uid, &cluster()).append_to(""));
    let pool = json!({
        "metadata": {"name": "pool-1", "creationTimestamp": "2024-10-24T12:42:43Z",
                     "annotations": {"os.modelarts/description": description}},
        "spec": {"scope": ["Train"], "network": {"name": "net-1"}, "resources": [{"flavor": "f", "count": 1}]},
        "status": {"phase": "Running"},
    });
    Arc::new(serde_json::from_value(pool).expect("a pool"))
}

/// When the object is read live: a new process has left alone for the window what another may have sent.
const READ: Tick = Tick(400_000);

/// What is planned at `now`, with a list of that moment that shows the pool in these hands.
fn planned(memory: &mut Memory, now: Tick, listed: Option<&str>) -> Plan {
    let listing = Listing {
        began: now,
        items: vec![pool_of(listed)],
        failed: Vec::new(),
    };
    let cloud = Cloud {
        list: Some(listing),
        ..Cloud::default()
    };
    planned_at(&object(), &cloud, (now, READ.min(now)), memory)
}

/// The plan after a GET, which the first plan asked for, and a later list showed the pool in these hands.
fn after(shown: Option<&str>, listed: Option<&str>) -> Plan {
    let mut memory = Memory::default();
    planned(&mut memory, Tick(0), listed);
    let first = planned(&mut memory, READ, listed);
    assert!(
        matches!(first.step, Step::LookAt { .. }),
        "{:?}",
        first.status.conditions
    );
    let shown = Outcome::Shown(Shown::Present(pool_of(shown)));
    memory.absorb(&first.step, shown, None, "", READ.after(10), READ.after(20));
    planned(&mut memory, READ.after(1_000), listed)
}

const OURS: Option<&str> = Some("ours");
const THEIRS: Option<&str> = Some("theirs");

#[test]
fn what_a_look_shows_as_ours_is_changed() {
    let plan = after(OURS, OURS);
    assert!(matches!(plan.step, Step::Change { .. }), "{:?}", plan.step);
}

#[test]
fn what_a_look_shows_as_anothers_is_not_changed_on_the_word_of_a_later_list() {
    for shown in [THEIRS, None] {
        let plan = after(shown, OURS);
        assert_eq!(plan.step, Step::Rest);
        let told = plan
            .status
            .conditions
            .iter()
            .find(|told| told.type_ == "Synced")
            .unwrap();
        assert_eq!(told.reason, "ChangePending");
        let text = "pool-1 is shown without this object's marker";
        assert!(told.message.contains(text), "{}", told.message);
    }
}

#[test]
fn what_a_look_shows_as_nobodys_gets_its_marker_back() {
    let plan = after(None, None);
    assert!(matches!(plan.step, Step::Mark { over: None, .. }), "{:?}", plan.step);
}

#[test]
fn what_a_look_shows_as_anothers_is_not_marked_on_the_word_of_a_later_list() {
    assert_eq!(after(THEIRS, None).step, Step::Rest);
}
