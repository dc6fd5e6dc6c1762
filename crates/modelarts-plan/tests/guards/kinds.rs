//! What the protocol asks of each kind: every answer, with one that is there and one that is not.

use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::{DeletionPolicy, DriftPolicy, ManagementPolicy};
use modelarts_crd::{ModelArtsNetwork, ModelArtsNetworkStatus, ModelArtsPool, ModelArtsPoolStatus};
use modelarts_plan::kind::{Adoption, Desired, Kind, Resource, Status};
use modelarts_plan::network::Networks;
use modelarts_plan::report::Verdict;
use modelarts_plan::{Cloud, Memory, Outcome, Plan, Pools, Step};
use modelarts_types::network::Network;
use modelarts_types::pool::Pool;
use serde_json::{Value, json};

use super::scene::{NOW, UID, attempt, cluster, planned_at};

fn network(phase: &Value, leaving: bool) -> Network {
    let time = leaving.then_some("2026-03-03T00:00:00Z");
    let network = json!({
        "metadata": {
            "name": "net-1", "labels": {"os.modelarts/name": "shown"}, "creationTimestamp": "2026-02-02T00:00:00Z",
            "deletionTimestamp": time, "annotations": {"os.modelarts/description": "a text"},
        },
        "spec": {"cidr": "192.168.20.0/24"},
        "status": {"phase": phase, "connectionStatus": {
            "peerConnectionStatus": [{"peerVpcId": "vpc-1", "phase": "Active"}],
            "sfsTurboStatus": [{"sfsId": "sfs-1", "status": "mounted"}],
        }},
    });
    serde_json::from_value(network).expect("a network")
}

fn object(spec: &Value, status: &Value) -> ModelArtsNetwork {
    let object = json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsNetwork",
        "metadata": {"name": "shared", "uid": UID, "generation": 7, "finalizers": [modelarts_crd::NETWORK_FINALIZER]},
        "spec": spec, "status": status,
    });
    serde_json::from_value(object).expect("an object")
}

fn status(id: &str) -> Value {
    json!({
        id: "the-id", "createdAt": "then", "resourceId": "resource", "creation": attempt("Created"),
        "lastHandledReconcileAt": "asked", "appliedGeneration": 5,
        "conditions": [{"type": "Ready", "status": "True", "reason": "Ready", "message": "m",
                        "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    })
}

/// Every answer of a status that the protocol reads.
fn answers<K: Kind>(status: &K::Status, resource: Option<&str>) {
    assert_eq!(status.id(), Some("the-id"));
    assert_eq!(status.created_at(), Some("then"));
    assert_eq!(status.resource_id(), resource);
    assert_eq!(status.creation().map(|creation| creation.token.as_str()), Some("1-t"));
    assert_eq!(status.handled_request(), Some("asked"));
    assert_eq!(status.applied(), Some(5));
    assert_eq!(status.conditions().len(), 1);
    assert_eq!(status.conditions()[0].reason, "Ready");
    let empty = K::Status::default();
    assert_eq!(
        (empty.id(), empty.created_at(), empty.resource_id()),
        (None, None, None)
    );
    assert_eq!((empty.handled_request(), empty.applied()), (None, None));
    assert!(empty.creation().is_none() && empty.conditions().is_empty());
}

#[test]
fn both_statuses_answer_what_they_say() {
    let pool: ModelArtsPoolStatus = serde_json::from_value(status("poolId")).expect("a status");
    answers::<Pools>(&pool, Some("resource"));
    let network: ModelArtsNetworkStatus = serde_json::from_value(status("networkId")).expect("a status");
    answers::<Networks>(&network, None);
}

#[test]
fn a_network_answers_what_it_says() {
    let active = network(&json!("Active"), false);
    assert_eq!(Resource::id(&active), Some("net-1"));
    assert_eq!(Resource::display_name(&active), Some("shown"));
    assert_eq!(Resource::description(&active), "a text");
    assert_eq!(Resource::created_at(&active), Some("2026-02-02T00:00:00Z"));
    assert_eq!(Resource::resource_id(&active), None);
    assert!(!active.is_subscription());
    assert_eq!(active.told(), "network net-1 is in phase Active");
    assert_eq!(
        network(&json!(null), false).told(),
        "network net-1 is in phase no phase"
    );
}

#[test]
fn the_phase_of_a_network_says_how_it_stands() {
    for (phase, leaving, moving, settled) in [
        (json!(null), false, true, false),
        (json!("Creating"), false, true, false),
        (json!("Active"), false, false, true),
        (json!("Abnormal"), false, false, true),
        (json!("Active"), true, true, true),
        (json!("Strange"), false, false, false),
    ] {
        let network = network(&phase, leaving);
        assert_eq!(network.is_leaving(), leaving, "{phase}");
        assert_eq!(network.is_moving(), moving, "{phase}");
        assert_eq!(network.is_settled(), settled, "{phase}");
    }
    let verdict = |phase: Value| Networks::verdict(&network(&phase, false));
    assert!(matches!(verdict(json!("Active")), Verdict::Ready(_)));
    assert!(matches!(
        verdict(json!("Creating")),
        Verdict::Working(Reason::Creating, _)
    ));
    assert!(matches!(
        verdict(json!("Abnormal")),
        Verdict::Working(Reason::NetworkNotActive, _)
    ));
}

#[test]
fn a_pool_answers_what_it_says() {
    let pool = |metadata: Value, status: Value| -> Pool {
        serde_json::from_value(json!({"metadata": metadata, "spec": {}, "status": status})).expect("a pool")
    };
    let full = pool(
        json!({
            "name": "pool-1", "labels": {"os.modelarts/name": "shown", "os.modelarts/resource.id": "resource"},
            "creationTimestamp": "2026-02-02T00:00:00Z",
            "annotations": {"os.modelarts/description": "a text", "os.modelarts/billing.mode": "1"},
        }),
        json!({"phase": "Error", "message": "no rack"}),
    );
    assert_eq!(Resource::id(&full), Some("pool-1"));
    assert_eq!(Resource::display_name(&full), Some("shown"));
    assert_eq!(Resource::description(&full), "a text");
    assert_eq!(Resource::created_at(&full), Some("2026-02-02T00:00:00Z"));
    assert_eq!(Resource::resource_id(&full), Some("resource"));
    assert!(full.is_subscription());
    assert_eq!(full.told(), "pool pool-1 is in phase Error: no rack");
    let bare = pool(json!({"name": "pool-1"}), json!({"message": ""}));
    assert_eq!(bare.told(), "pool pool-1 is in phase no phase: no reason given");
    assert_eq!((Resource::resource_id(&bare), Resource::description(&bare)), (None, ""));
    assert!(!bare.is_subscription() && !bare.is_leaving() && bare.is_moving() && !bare.is_settled());
    for (phase, leaving, moving, settled) in [
        ("Creating", false, true, false),
        ("Running", false, false, true),
        ("Abnormal", false, false, true),
        ("ScalingFailed", false, false, true),
        ("Waiting", false, false, true),
        ("Deleting", true, true, false),
        ("Error", false, false, false),
    ] {
        let there = pool(json!({}), json!({"phase": phase}));
        assert_eq!(there.is_leaving(), leaving, "{phase}");
        assert_eq!(there.is_moving(), moving, "{phase}");
        assert_eq!(there.is_settled(), settled, "{phase}");
    }
    assert!(pool(json!({"deletionTimestamp": "then"}), json!({"phase": "Running"})).is_leaving());
}

#[test]
fn the_terms_of_both_kinds_are_what_the_spec_says() {
    let common = json!({
        "account": "ours", "workspaceId": "ws", "managementPolicy": "Observe", "deletionPolicy": "Detach",
        "drift": {"policy": "Report"},
    });
    let with = |extra: Value| {
        let mut spec = common.clone();
        let members = extra.as_object().expect("an object").clone();
        spec.as_object_mut().expect("an object").extend(members);
        spec
    };
    let network = object(
        &with(json!({"networkName": "chosen", "adoption": {"networkId": "net-1", "replacesMarker": "uid"}})),
        &json!(null),
    );
    let pool = json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool", "metadata": {"name": "train"},
        "spec": with(json!({
            "poolName": "chosen", "adoption": {"poolId": "pool-1", "replacesMarker": "uid"}, "scope": ["Train"],
            "resources": [], "billing": {"mode": "Subscription", "periodType": "Month", "periodNum": 1},
        })),
    });
    let pool: ModelArtsPool = serde_json::from_value(pool).expect("an object");
    for (terms, id, subscription) in [
        (Networks::terms(&network), "net-1", false),
        (Pools::terms(&pool), "pool-1", true),
    ] {
        assert_eq!(
            (terms.account, terms.workspace, terms.name),
            ("ours", "ws", Some("chosen"))
        );
        assert_eq!(terms.management, ManagementPolicy::Observe);
        assert_eq!(terms.deletion, Some(DeletionPolicy::Detach));
        assert_eq!(terms.drift, DriftPolicy::Report);
        let replaces = Some("uid");
        assert_eq!(terms.adoption, Some(Adoption { id, replaces }));
        assert_eq!(terms.subscription, subscription);
    }
    let description = json!({"metadata": {"annotations": {"os.modelarts/description": "a text"}}});
    assert_eq!(Networks::describe("a text"), description);
    assert_eq!(Pools::describe("a text"), description);
}

/// What is planned for a network, with what a list of this moment shows.
fn planned(object: &ModelArtsNetwork, listed: &[Network], memory: &mut Memory<Networks>) -> Plan<Networks> {
    let listing = modelarts_plan::Listing {
        began: NOW,
        items: listed.iter().cloned().map(std::sync::Arc::new).collect(),
        failed: Vec::new(),
    };
    let cloud = Cloud {
        list: Some(listing.clone()),
        set: Some(listing),
        ..Cloud::default()
    };
    planned_at(object, &cloud, (NOW, NOW), memory)
}

#[test]
fn a_network_without_an_address_range_is_not_created() {
    let ready = |plan: &Plan<Networks>| plan.status.conditions[0].reason.clone();
    let unset = planned(&object(&json!({}), &json!(null)), &[], &mut Memory::default());
    assert_eq!(
        (unset.step.clone(), ready(&unset).as_str()),
        (Step::Rest, "InvalidSpec")
    );
    let set = object(&json!({"cidr": "192.168.20.0/24"}), &json!(null));
    assert_eq!(planned(&set, &[], &mut Memory::default()).step, Step::OpenAttempt);
}

#[test]
fn a_network_is_sent_as_the_spec_has_it_and_its_status_shows_it() {
    let mut wanted = object(
        &json!({"cidr": "192.168.20.0/24", "networkName": "chosen", "connection": {
            "peerConnectionList": [{"peerVpcId": "vpc-1", "peerSubnetId": "subnet-1", "defaultGateWay": true}],
            "sfsTurboConnectionList": [{"name": "data", "sfsId": "sfs-1"}],
        }}),
        &json!(null),
    );
    let mut memory = Memory::default();
    let opened = planned(&wanted, &[], &mut memory);
    assert_eq!(opened.status.network_name.as_deref(), Some("chosen"));
    assert_eq!(opened.status.observed_generation, Some(7));
    let creation = opened.status.creation.clone();
    wanted.status = Some(opened.status);
    let hash = <Networks as Kind>::Desired::parse(&wanted, &cluster()).expect("a spec");
    memory.absorb(
        &Step::OpenAttempt,
        Outcome::Done,
        creation.as_ref(),
        Desired::<Networks>::hash(&hash),
        NOW,
        NOW,
    );
    let Step::Create { body, .. } = planned(&wanted, &[], &mut memory).step else {
        panic!("no creation");
    };
    assert_eq!(
        (body.display_name(), body.spec.cidr.as_deref()),
        (Some("chosen"), Some("192.168.20.0/24"))
    );
    let connection = body.spec.connection.as_ref().expect("connections");
    let connection = serde_json::to_value(connection).expect("plain data");
    assert_eq!(
        connection["peerConnectionList"],
        json!([{"peerVpcId": "vpc-1", "peerSubnetId": "subnet-1", "defaultGateWay": true}])
    );
    assert_eq!(
        connection["sfsTurboConnectionList"],
        json!([{"name": "data", "sfsId": "sfs-1"}])
    );
    let mut made = network(&json!("Active"), false);
    let marker = modelarts_plan::Marker::of(UID, &cluster());
    made.metadata = body.metadata.clone();
    made.metadata.name = Some("net-1".into());
    made.metadata.creation_timestamp = Some("2026-02-02T00:00:00Z".into());
    assert!(made.description().ends_with(&marker.to_string()));
    let recorded = planned(&wanted, &[made], &mut memory);
    assert_eq!(recorded.step, Step::Record);
    let status = recorded.status;
    assert_eq!(
        (status.network_id.as_deref(), status.phase.as_deref()),
        (Some("net-1"), Some("Active"))
    );
    assert_eq!(status.created_at.as_deref(), Some("2026-02-02T00:00:00Z"));
    assert_eq!(status.cidr.as_deref(), Some("192.168.20.0/24"));
    let connections: Vec<_> = status
        .connections
        .iter()
        .map(|c| (c.id.as_str(), c.state.as_str()))
        .collect();
    assert_eq!(connections, [("vpc-1", "Active"), ("sfs-1", "mounted")]);
}

#[test]
fn another_network_has_another_fingerprint() {
    let hash = |cidr: &str| {
        let object = object(&json!({"cidr": cidr}), &json!({}));
        <Networks as Kind>::Desired::parse(&object, &cluster())
            .unwrap()
            .hash()
            .to_owned()
    };
    assert_eq!(hash("192.168.20.0/24"), hash("192.168.20.0/24"));
    assert_ne!(hash("192.168.20.0/24"), hash("192.168.21.0/24"));
}

#[test]
fn a_network_that_is_gone_leaves_nothing_of_it_in_the_status() {
    let mut status: ModelArtsNetworkStatus = serde_json::from_value(json!({
        "createdAt": "then", "cidr": "192.168.20.0/24", "phase": "Active", "appliedGeneration": 5,
        "connections": [{"id": "vpc-1", "state": "Active"}],
    }))
    .unwrap();
    assert_eq!(status.connections.len(), 1);
    status.clear();
    assert_eq!(status, ModelArtsNetworkStatus::default());
}
