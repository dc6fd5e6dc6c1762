//! A pool that somebody else took over between two looks is not changed, although a later list still
//! calls it ours: lists lag behind a GET.

use std::sync::Arc;

use modelarts_crd::ModelArtsPool;
use modelarts_plan::{
    Account, Around, Cloud, ClusterId, Listing, Marker, Memory, OpenAccount, Outcome, Plan, Shown, Step, Tick, Timing,
    View, plan,
};
use modelarts_types::pool::Pool;
use serde_json::json;

fn cluster() -> ClusterId {
    ClusterId("9be1e8c4-5df2-4be9-9e63-5c2a3c9c3b0a".into())
}

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

/// The pool with one node, in the hands of the object with this uid.
fn pool_of(uid: &str) -> Arc<Pool> {
    let description = Marker::of(uid, &cluster()).append_to("");
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

/// What is planned at `now`, with a list of that moment that shows the pool as ours.
fn planned(memory: &mut Memory, now: Tick) -> Plan {
    let listing = Listing {
        began: now,
        items: vec![pool_of("ours")],
        failed: Vec::new(),
    };
    let cloud = Cloud {
        list: Some(listing),
        ..Cloud::default()
    };
    let account = Account::Open(OpenAccount {
        project: "project".into(),
        may_create: true,
    });
    let (object, cluster, around, timing) = (object(), cluster(), Around::default(), Timing::default());
    let view = View {
        object: &object,
        cluster: &cluster,
        account: &account,
        cloud: &cloud,
        around: &around,
        now,
        began: READ.min(now),
        wall: jiff::Timestamp::UNIX_EPOCH,
        nonce: "n",
        fencing: None,
        timing: &timing,
    };
    plan(&view, memory)
}

/// The plan after a GET, which the first plan asked for, showed the pool in somebody's hands.
fn after_a_look_at(uid: &str) -> Plan {
    let mut memory = Memory::default();
    planned(&mut memory, Tick(0));
    let first = planned(&mut memory, READ);
    assert!(
        matches!(first.step, Step::LookAt { .. }),
        "{:?}",
        first.status.conditions
    );
    let shown = Outcome::Shown(Shown::Present(pool_of(uid)));
    memory.absorb(&first.step, shown, None, "", READ.after(10), READ.after(20));
    planned(&mut memory, READ.after(1_000))
}

#[test]
fn what_a_look_shows_as_ours_is_changed() {
    let plan = after_a_look_at("ours");
    assert!(matches!(plan.step, Step::Change { .. }), "{:?}", plan.step);
}

#[test]
fn what_a_look_shows_as_anothers_is_not_changed_on_the_word_of_a_later_list() {
    let plan = after_a_look_at("theirs");
    assert_eq!(plan.step, Step::Rest);
}
