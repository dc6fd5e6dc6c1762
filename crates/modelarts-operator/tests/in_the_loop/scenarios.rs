//! The scenarios: short lives that together have every effect that the operator can have.

use modelarts_sim::Profile;
use modelarts_sim::faults::{Fault, FaultKind};
use serde_json::json;

use crate::script::{Act, NETWORKS, POOLS, Scenario, given, pool};

const fn plain(name: &'static str, acts: fn() -> Vec<Act>) -> Scenario {
    Scenario {
        name,
        acts,
        profile: Profile::default,
        faults: Vec::new,
    }
}

/// All of them, the plainest first.
pub const SCENARIOS: &[Scenario] = &[
    plain("create", create),
    Scenario {
        faults: lost_answer,
        ..plain("create with a lost answer", create)
    },
    plain("change", change),
    plain("delete", delete),
    plain("delete and create again", again),
    plain("network and pool", network),
    plain("edit during creation", edit),
    plain("edit and revert", revert),
    FORGIVING,
];

/// A cloud that makes mistakes expensive: a name may be taken twice, and lists lag as far as the
/// operator allows for.
pub const FORGIVING: Scenario = Scenario {
    profile: forgiving,
    ..plain("create and delete in a forgiving cloud", delete)
};

fn forgiving() -> Profile {
    Profile {
        unique_names: false,
        opaque_ids: true,
        list_lag_seconds: 60,
        create_seconds: 120,
        ..Profile::default()
    }
}

fn lost_answer() -> Vec<Fault> {
    vec![Fault {
        operation: "CreatePool".into(),
        fault: FaultKind::LostAnswer,
        probability: 1.0,
        count: Some(1),
        seconds: None,
    }]
}

fn create() -> Vec<Act> {
    vec![
        Act::Create(POOLS, "train", pool(&given())),
        Act::UntilReady(POOLS, "train"),
    ]
}

fn change() -> Vec<Act> {
    let more = json!({"spec": {"nodes": 3}});
    [
        create(),
        vec![Act::Edit(POOLS, "train", more), Act::UntilReady(POOLS, "train")],
    ]
    .concat()
}

fn delete() -> Vec<Act> {
    [
        create(),
        vec![Act::Delete(POOLS, "train"), Act::UntilGone(POOLS, "train")],
    ]
    .concat()
}

fn again() -> Vec<Act> {
    [delete(), create()].concat()
}

fn network() -> Vec<Act> {
    vec![
        Act::Create(POOLS, "train", pool(&json!({"networkRef": {"name": "net"}}))),
        Act::Create(
            NETWORKS,
            "net",
            json!({"spec": {"networkName": "vision-net", "cidr": "192.168.128.0/17"}}),
        ),
        Act::UntilReady(NETWORKS, "net"),
        Act::UntilReady(POOLS, "train"),
        Act::Delete(NETWORKS, "net"),
        Act::Pass(30),
        Act::Delete(POOLS, "train"),
        Act::UntilGone(POOLS, "train"),
        Act::UntilGone(NETWORKS, "net"),
    ]
}

fn edit() -> Vec<Act> {
    vec![
        Act::Create(POOLS, "train", pool(&given())),
        Act::UntilBought(1),
        Act::Edit(
            POOLS,
            "train",
            json!({"spec": {"nodes": 3, "description": "serves models"}}),
        ),
        Act::UntilReady(POOLS, "train"),
    ]
}

fn revert() -> Vec<Act> {
    [
        create(),
        vec![
            Act::Edit(POOLS, "train", json!({"spec": {"description": "is tried out"}})),
            Act::Edit(POOLS, "train", json!({"spec": {"description": "trains models"}})),
            Act::UntilReady(POOLS, "train"),
            Act::Delete(POOLS, "train"),
            Act::UntilGone(POOLS, "train"),
        ],
    ]
    .concat()
}
