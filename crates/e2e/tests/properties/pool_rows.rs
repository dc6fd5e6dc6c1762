//! The properties of a pool outside of its entries, one row each.

use serde_json::{Value, json};

use crate::entry_rows;
use crate::policies;
use crate::table::{Cleared, Life, Row};

const NAME: &str = "/metadata/labels/os.modelarts~1name";
const DESCRIPTION: &str = "/metadata/annotations/os.modelarts~1description";

/// All properties of a pool.
pub fn rows() -> Vec<Row> {
    [plain(), drivers(), fixed(), billing(), behaviour(), entry_rows::rows()]
        .into_iter()
        .flatten()
        .collect()
}

/// The properties that need a `ModelArtsNetwork`.
pub fn rows_with_networks() -> Vec<Row> {
    vec![Row {
        path: "networkRef.name",
        bare: json!({ "network": null }),
        first: json!({ "networkRef": { "name": "$NAME" } }),
        second: Some(json!({ "networkRef": { "name": "another" } })),
        clear: json!({ "networkRef": null }),
        invalid: (json!({ "networkRef": { "name": "" } }), "spec.networkRef.name"),
        life: Life::Policy(policies::refers),
    }]
}

fn gpu() -> Value {
    json!({ "resources": [{ "flavor": "modelarts.vm.gpu.v100", "count": 1 }] })
}

fn sent(at: &'static str, shows: [Value; 2], cleared: Cleared) -> Life {
    Life::Sent { at, shows, cleared }
}

/// What a change of the spec changes in the cloud.
fn plain() -> Vec<Row> {
    vec![
        Row {
            path: "description",
            bare: json!({}),
            first: json!({ "description": "trains models" }),
            second: Some(json!({ "description": "serves models" })),
            clear: json!({ "description": null }),
            invalid: (json!({ "description": "less < more" }), "spec.description"),
            life: sent(
                DESCRIPTION,
                [json!("trains models"), json!("serves models")],
                Cleared::Shows(json!("")),
            ),
        },
        Row {
            path: "scope[]",
            bare: json!({}),
            first: json!({ "scope": ["Train"] }),
            second: Some(json!({ "scope": ["Train", "Notebook"] })),
            clear: json!({ "scope": null }),
            invalid: (json!({ "scope": ["Play"] }), "spec.scope[0]"),
            life: sent(
                "/spec/scope",
                [json!(["Train"]), json!(["Train", "Notebook"])],
                Cleared::Refused("spec.scope"),
            ),
        },
        Row {
            path: "nodes",
            bare: json!({ "resources": [{ "flavor": "modelarts.vm.cpu.8ud" }] }),
            first: json!({ "nodes": 2 }),
            second: Some(json!({ "nodes": 3 })),
            clear: json!({ "nodes": null }),
            invalid: (json!({ "nodes": 0 }), "spec.nodes"),
            life: sent("/spec/resources/0/count", [json!(2), json!(3)], Cleared::Stays),
        },
        Row {
            path: "jobFlavors[]",
            bare: json!({}),
            first: json!({ "jobFlavors": ["modelarts.pool.visual.xlarge"] }),
            second: Some(json!({ "jobFlavors": ["modelarts.pool.visual.large"] })),
            clear: json!({ "jobFlavors": null }),
            invalid: (json!({ "jobFlavors": [""] }), "spec.jobFlavors[0]"),
            life: sent(
                "/spec/jobFlavors",
                [
                    json!(["modelarts.pool.visual.xlarge"]),
                    json!(["modelarts.pool.visual.large"]),
                ],
                Cleared::Stays,
            ),
        },
    ]
}

/// The drivers, which only nodes that have such cards can use.
fn drivers() -> Vec<Row> {
    vec![
        Row {
            path: "driver.gpuVersion",
            bare: gpu(),
            first: json!({ "driver": { "gpuVersion": "440.31" } }),
            second: Some(json!({ "driver": { "gpuVersion": "470.57" } })),
            clear: json!({ "driver": null }),
            invalid: (json!({ "driver": { "gpuVersion": "" } }), "spec.driver.gpuVersion"),
            life: sent(
                "/spec/driver/gpuVersion",
                [json!("440.31"), json!("470.57")],
                Cleared::Stays,
            ),
        },
        Row {
            path: "driver.npuVersion",
            bare: json!({ "resources": [{ "flavor": "modelarts.vm.npu.ai1s", "count": 1 }] }),
            first: json!({ "driver": { "npuVersion": "C78" } }),
            second: Some(json!({ "driver": { "npuVersion": "C79" } })),
            clear: json!({ "driver": null }),
            invalid: (json!({ "driver": { "npuVersion": "" } }), "spec.driver.npuVersion"),
            life: sent("/spec/driver/npuVersion", [json!("C78"), json!("C79")], Cleared::Stays),
        },
        // How a version is replaced is only said together with the version.
        Row {
            path: "driver.updateStrategy",
            bare: gpu(),
            first: json!({ "driver": { "gpuVersion": "440.31", "updateStrategy": "idle" } }),
            second: Some(json!({ "driver": { "gpuVersion": "470.57", "updateStrategy": "force" } })),
            clear: json!({ "driver": { "updateStrategy": null } }),
            invalid: (
                json!({ "driver": { "updateStrategy": "Idle" } }),
                "spec.driver.updateStrategy",
            ),
            life: sent(
                "/spec/driver/updateStrategy",
                [json!("idle"), json!("force")],
                Cleared::Stays,
            ),
        },
    ]
}

/// What stays as it was created.
fn fixed() -> Vec<Row> {
    let kept = |at: &'static str, shows: Value, names: &'static str| Life::Fixed { at, shows, names };
    vec![
        Row {
            path: "account",
            bare: json!({ "account": null, "network": { "name": "net-0123-$OTHER_PROJECT" } }),
            first: json!({ "account": "$OTHER" }),
            second: Some(json!({ "account": "$ACCOUNT" })),
            clear: json!({ "account": null }),
            invalid: (json!({ "account": "" }), "spec.account"),
            life: kept(
                "/metadata/labels/os.modelarts~1tenant.project.id",
                json!("$OTHER_PROJECT"),
                "spec.account",
            ),
        },
        Row {
            path: "poolName",
            bare: json!({}),
            first: json!({ "poolName": "$NAME-named" }),
            second: Some(json!({ "poolName": "$NAME-renamed" })),
            clear: json!({ "poolName": null }),
            invalid: (json!({ "poolName": "Pool" }), "spec.poolName"),
            life: kept(NAME, json!("$NAME-named"), "spec.poolName"),
        },
        Row {
            path: "workspaceId",
            bare: json!({}),
            first: json!({ "workspaceId": "6d2d9bd5d6c84dc4a1b3c0d9e8f70001" }),
            second: Some(json!({ "workspaceId": "0" })),
            clear: json!({ "workspaceId": null }),
            invalid: (json!({ "workspaceId": "team a" }), "spec.workspaceId"),
            life: kept(
                "/metadata/labels/os.modelarts~1workspace.id",
                json!("6d2d9bd5d6c84dc4a1b3c0d9e8f70001"),
                "spec.workspaceId",
            ),
        },
        Row {
            path: "nodePrefix",
            bare: json!({}),
            first: json!({ "nodePrefix": "tr" }),
            second: Some(json!({ "nodePrefix": "in" })),
            clear: json!({ "nodePrefix": null }),
            invalid: (json!({ "nodePrefix": "Tr" }), "spec.nodePrefix"),
            life: kept(
                "/metadata/labels/os.modelarts~1node.prefix",
                json!("tr"),
                "spec.nodePrefix",
            ),
        },
        Row {
            path: "type",
            bare: json!({}),
            first: json!({ "type": "Dedicate" }),
            second: None,
            clear: json!({ "type": null }),
            invalid: (json!({ "type": "Logical" }), "spec.type"),
            life: kept("/spec/type", json!("Dedicate"), "spec.type"),
        },
        Row {
            path: "network.name",
            bare: json!({}),
            first: json!({ "network": { "name": "net-0123-$PROJECT" } }),
            second: Some(json!({ "network": { "name": "net-9999-$PROJECT" } })),
            clear: json!({ "network": null }),
            invalid: (json!({ "network": { "name": "Net" } }), "spec.network.name"),
            life: kept("/spec/network/name", json!("net-0123-$PROJECT"), "spec.network"),
        },
    ]
}

/// How a pool is paid for stays, too.
fn billing() -> Vec<Row> {
    let paid = |at: &'static str, shows: Value| Life::Fixed {
        at,
        shows,
        names: "spec.billing",
    };
    let term = |more: Value| {
        let mut billing = json!({ "mode": "Subscription", "periodType": "Month", "periodNum": 1 });
        e2e::scene::merge(&mut billing, &more);
        json!({ "billing": billing })
    };
    let set = |field: &str, value: Value| json!({ "billing": { field: value } });
    vec![
        Row {
            path: "billing.mode",
            bare: json!({}),
            first: term(json!({})),
            second: Some(json!({ "billing": { "mode": "PayPerUse", "periodType": null, "periodNum": null } })),
            clear: json!({ "billing": null }),
            invalid: (set("mode", json!("Free")), "spec.billing.mode"),
            life: paid("/metadata/annotations/os.modelarts~1billing.mode", json!("1")),
        },
        Row {
            path: "billing.periodType",
            bare: term(json!({ "periodType": null })),
            first: set("periodType", json!("Year")),
            second: Some(set("periodType", json!("Month"))),
            clear: set("periodType", Value::Null),
            invalid: (set("periodType", json!("Week")), "spec.billing.periodType"),
            life: paid("/metadata/annotations/os.modelarts~1period.type", json!("3")),
        },
        Row {
            path: "billing.periodNum",
            bare: term(json!({ "periodNum": null })),
            first: set("periodNum", json!(2)),
            second: Some(set("periodNum", json!(3))),
            clear: set("periodNum", Value::Null),
            invalid: (set("periodNum", json!(10)), "spec.billing.periodNum"),
            life: paid("/metadata/annotations/os.modelarts~1period.num", json!("2")),
        },
        Row {
            path: "billing.autoRenew",
            bare: term(json!({})),
            first: set("autoRenew", json!(true)),
            second: Some(set("autoRenew", json!(false))),
            clear: set("autoRenew", Value::Null),
            invalid: (set("autoRenew", json!("yes")), "spec.billing.autoRenew"),
            life: paid("/metadata/annotations/os.modelarts~1auto.renew", json!("1")),
        },
        // The service says nothing of it: the pool waits for nobody.
        Row {
            path: "billing.autoPay",
            bare: term(json!({})),
            first: set("autoPay", json!(true)),
            second: Some(set("autoPay", json!(false))),
            clear: set("autoPay", Value::Null),
            invalid: (set("autoPay", json!("yes")), "spec.billing.autoPay"),
            life: paid("/status/phase", json!("Running")),
        },
    ]
}

/// What changes nothing in the cloud by itself.
fn behaviour() -> Vec<Row> {
    let wrong_id = json!({ "adoption": { "poolId": "Not-An-ID" } });
    let wrong_uid = json!({ "adoption": { "replacesMarker": "" } });
    vec![
        Row {
            path: "managementPolicy",
            bare: json!({ "poolName": "$NAME-known" }),
            first: json!({ "managementPolicy": "Manage" }),
            second: Some(json!({ "managementPolicy": "Pause" })),
            clear: json!({ "managementPolicy": null }),
            invalid: (json!({ "managementPolicy": "Sometimes" }), "spec.managementPolicy"),
            life: Life::Policy(policies::manages),
        },
        Row {
            path: "deletionPolicy",
            bare: json!({}),
            first: json!({ "deletionPolicy": "Detach" }),
            second: Some(json!({ "deletionPolicy": "Delete" })),
            clear: json!({ "deletionPolicy": null }),
            invalid: (json!({ "deletionPolicy": "Keep" }), "spec.deletionPolicy"),
            life: Life::Policy(policies::deletes),
        },
        Row {
            path: "adoption.poolId",
            bare: json!({}),
            first: json!({ "adoption": { "poolId": "$NAME-there-$PROJECT" } }),
            second: Some(json!({ "adoption": { "poolId": "$NAME-other-$PROJECT" } })),
            clear: json!({ "adoption": null }),
            invalid: (wrong_id, "spec.adoption.poolId"),
            life: Life::Policy(policies::adopts),
        },
        Row {
            path: "adoption.replacesMarker",
            bare: json!({ "adoption": { "poolId": "$NAME-there-$PROJECT" } }),
            first: json!({ "adoption": { "replacesMarker": "uid-of-another-cluster" } }),
            second: Some(json!({ "adoption": { "replacesMarker": "uid-of-a-third-cluster" } })),
            clear: json!({ "adoption": { "replacesMarker": null } }),
            invalid: (wrong_uid, "spec.adoption.replacesMarker"),
            life: Life::Policy(policies::replaces_markers),
        },
        Row {
            path: "drift.policy",
            bare: json!({ "scope": ["Train", "Notebook"] }),
            first: json!({ "drift": { "policy": "Report" } }),
            second: Some(json!({ "drift": { "policy": "Correct" } })),
            clear: json!({ "drift": null }),
            invalid: (json!({ "drift": { "policy": "Ignore" } }), "spec.drift.policy"),
            life: Life::Policy(policies::puts_back),
        },
        Row {
            path: "drift.ignore[]",
            bare: json!({}),
            first: json!({ "drift": { "ignore": ["scope"] } }),
            second: Some(json!({ "drift": { "ignore": ["description"] } })),
            clear: json!({ "drift": null }),
            invalid: (json!({ "drift": { "ignore": ["network"] } }), "spec.drift.ignore[0]"),
            life: Life::Policy(policies::ignores),
        },
    ]
}
