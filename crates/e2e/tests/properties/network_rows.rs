//! The properties of a network, one row each.

use serde_json::{Value, json};

use crate::policies;
use crate::table::{Cleared, Life, Row};

const DESCRIPTION: &str = "/metadata/annotations/os.modelarts~1description";

/// All properties of a network.
pub fn rows() -> Vec<Row> {
    [fixed(), description(), peers(), stores(), behaviour()]
        .into_iter()
        .flatten()
        .collect()
}

fn fixed() -> Vec<Row> {
    let kept = |at: &'static str, shows: Value, names: &'static str| Life::Fixed { at, shows, names };
    vec![
        // Which project a network is in shows in its ID only.
        Row {
            path: "account",
            bare: json!({ "account": null, "networkName": "$NAME-of" }),
            first: json!({ "account": "$OTHER" }),
            second: Some(json!({ "account": "$ACCOUNT" })),
            clear: json!({ "account": null }),
            invalid: (json!({ "account": "" }), "spec.account"),
            life: kept("/metadata/name", json!("$NAME-of-$OTHER_PROJECT"), "spec.account"),
        },
        Row {
            path: "networkName",
            bare: json!({}),
            first: json!({ "networkName": "$NAME-named" }),
            second: Some(json!({ "networkName": "$NAME-renamed" })),
            clear: json!({ "networkName": null }),
            invalid: (json!({ "networkName": "Net" }), "spec.networkName"),
            life: kept(
                "/metadata/labels/os.modelarts~1name",
                json!("$NAME-named"),
                "spec.networkName",
            ),
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
            path: "cidr",
            bare: json!({}),
            first: json!({ "cidr": "192.168.20.0/24" }),
            second: Some(json!({ "cidr": "192.168.21.0/24" })),
            clear: json!({ "cidr": null }),
            invalid: (json!({ "cidr": "10.0.0.0/8" }), "spec.cidr"),
            life: kept("/spec/cidr", json!("192.168.20.0/24"), "spec.cidr"),
        },
    ]
}

/// A property that is sent. The values: one, another, none, a wrong one.
fn row(
    path: &'static str,
    [first, second, clear, invalid]: [Value; 4],
    field: &'static str,
    at: &'static str,
    shows: [Value; 2],
    cleared: Cleared,
) -> Row {
    Row {
        path,
        bare: json!({}),
        first,
        second: Some(second),
        clear,
        invalid: (invalid, field),
        life: Life::Sent { at, shows, cleared },
    }
}

fn description() -> Vec<Row> {
    vec![row(
        "description",
        [
            json!({ "description": "for training" }),
            json!({ "description": "for serving" }),
            json!({ "description": null }),
            json!({ "description": "less < more" }),
        ],
        "spec.description",
        DESCRIPTION,
        [json!("for training"), json!("for serving")],
        Cleared::Shows(json!("")),
    )]
}

fn peers() -> Vec<Row> {
    let peer = |vpc: Value, subnet: Value, route: Value| {
        let mut peer = json!({});
        let members = json!({ "peerVpcId": vpc, "peerSubnetId": subnet, "defaultGateWay": route });
        e2e::scene::merge(&mut peer, &members);
        json!({ "connection": { "peerConnectionList": [peer] } })
    };
    let none = || Value::Null;
    vec![
        row(
            "connection.peerConnectionList[].peerVpcId",
            [
                peer(json!("vpc-1"), json!("subnet-1"), none()),
                peer(json!("vpc-2"), json!("subnet-1"), none()),
                peer(none(), json!("subnet-1"), none()),
                peer(json!(""), json!("subnet-1"), none()),
            ],
            "spec.connection.peerConnectionList[0].peerVpcId",
            "/spec/connection/peerConnectionList/0/peerVpcId",
            [json!("vpc-1"), json!("vpc-2")],
            Cleared::Refused("spec.connection.peerConnectionList[0].peerVpcId"),
        ),
        row(
            "connection.peerConnectionList[].peerSubnetId",
            [
                peer(json!("vpc-1"), json!("subnet-1"), none()),
                peer(json!("vpc-1"), json!("subnet-2"), none()),
                peer(json!("vpc-1"), none(), none()),
                peer(json!("vpc-1"), json!(""), none()),
            ],
            "spec.connection.peerConnectionList[0].peerSubnetId",
            "/spec/connection/peerConnectionList/0/peerSubnetId",
            [json!("subnet-1"), json!("subnet-2")],
            Cleared::Refused("spec.connection.peerConnectionList[0].peerSubnetId"),
        ),
        // A route that is not named is none, so taking "none" away changes nothing.
        row(
            "connection.peerConnectionList[].defaultGateWay",
            [
                peer(json!("vpc-1"), json!("subnet-1"), json!(true)),
                peer(json!("vpc-1"), json!("subnet-1"), json!(false)),
                peer(json!("vpc-1"), json!("subnet-1"), none()),
                peer(json!("vpc-1"), json!("subnet-1"), json!("yes")),
            ],
            "spec.connection.peerConnectionList[0].defaultGateWay",
            "/spec/connection/peerConnectionList/0/defaultGateWay",
            [json!(true), json!(false)],
            Cleared::Stays,
        ),
    ]
}

fn stores() -> Vec<Row> {
    let store = |name: Value, id: Value| {
        let mut store = json!({});
        e2e::scene::merge(&mut store, &json!({ "name": name, "sfsId": id }));
        json!({ "connection": { "sfsTurboConnectionList": [store] } })
    };
    let none = || Value::Null;
    vec![
        row(
            "connection.sfsTurboConnectionList[].name",
            [
                store(json!("data"), json!("sfs-1")),
                store(json!("more"), json!("sfs-1")),
                store(none(), json!("sfs-1")),
                store(json!(""), json!("sfs-1")),
            ],
            "spec.connection.sfsTurboConnectionList[0].name",
            "/spec/connection/sfsTurboConnectionList/0/name",
            [json!("data"), json!("more")],
            Cleared::Refused("spec.connection.sfsTurboConnectionList[0].name"),
        ),
        row(
            "connection.sfsTurboConnectionList[].sfsId",
            [
                store(json!("data"), json!("sfs-1")),
                store(json!("data"), json!("sfs-2")),
                store(json!("data"), none()),
                store(json!("data"), json!("")),
            ],
            "spec.connection.sfsTurboConnectionList[0].sfsId",
            "/spec/connection/sfsTurboConnectionList/0/sfsId",
            [json!("sfs-1"), json!("sfs-2")],
            Cleared::Refused("spec.connection.sfsTurboConnectionList[0].sfsId"),
        ),
    ]
}

/// What changes nothing in the cloud by itself.
fn behaviour() -> Vec<Row> {
    let wrong_id = json!({ "adoption": { "networkId": "Not-An-ID" } });
    let wrong_uid = json!({ "adoption": { "replacesMarker": "" } });
    vec![
        Row {
            path: "managementPolicy",
            bare: json!({ "networkName": "$NAME-known" }),
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
            path: "adoption.networkId",
            bare: json!({}),
            first: json!({ "adoption": { "networkId": "$NAME-there-$PROJECT" } }),
            second: Some(json!({ "adoption": { "networkId": "$NAME-other-$PROJECT" } })),
            clear: json!({ "adoption": null }),
            invalid: (wrong_id, "spec.adoption.networkId"),
            life: Life::Policy(policies::adopts),
        },
        Row {
            path: "adoption.replacesMarker",
            bare: json!({ "adoption": { "networkId": "$NAME-there-$PROJECT" } }),
            first: json!({ "adoption": { "replacesMarker": "uid-of-another-cluster" } }),
            second: Some(json!({ "adoption": { "replacesMarker": "uid-of-a-third-cluster" } })),
            clear: json!({ "adoption": { "replacesMarker": null } }),
            invalid: (wrong_uid, "spec.adoption.replacesMarker"),
            life: Life::Policy(policies::replaces_markers),
        },
        Row {
            path: "drift.policy",
            bare: json!({ "connection": { "peerConnectionList": [{ "peerVpcId": "vpc-1", "peerSubnetId": "subnet-1" }] } }),
            first: json!({ "drift": { "policy": "Report" } }),
            second: Some(json!({ "drift": { "policy": "Correct" } })),
            clear: json!({ "drift": null }),
            invalid: (json!({ "drift": { "policy": "Ignore" } }), "spec.drift.policy"),
            life: Life::Policy(policies::puts_back),
        },
        Row {
            path: "drift.ignore[]",
            bare: json!({}),
            first: json!({ "drift": { "ignore": ["connection"] } }),
            second: Some(json!({ "drift": { "ignore": ["description"] } })),
            clear: json!({ "drift": null }),
            invalid: (json!({ "drift": { "ignore": ["cidr"] } }), "spec.drift.ignore[0]"),
            life: Life::Policy(policies::ignores),
        },
    ]
}
