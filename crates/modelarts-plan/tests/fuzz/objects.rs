//! The documents that scenes are made of, before they are damaged.

use modelarts_crd::{ModelArtsNetwork, ModelArtsPool};
use modelarts_plan::{ClusterId, Marker};
use mutated_json::Corpus;
use serde_json::{Value, json};

pub const UID: &str = "0f1d5a0e-51a1-4f43-a1de-7d3d0a3bd8f5";
pub const OTHER_UID: &str = "11111111-51a1-4f43-a1de-7d3d0a3bd8f5";

pub fn cluster() -> ClusterId {
    ClusterId("9be1e8c4-5df2-4be9-9e63-5c2a3c9c3b0a".into())
}

/// What distinguishes a kind here.
pub trait Written {
    const KIND: &'static str;
    const FINALIZER: &'static str;
    /// Specs that the API server accepts.
    fn specs() -> Vec<Value>;
    /// What a status holds of a thing with this ID.
    fn status(id: &str) -> Value;
    /// A thing in the cloud.
    fn thing(id: &str, name: &str, description: &str, phase: &str) -> Value;
    /// The phases that the service has words for, and one that it has not.
    const PHASES: &'static [&'static str];
}

impl Written for ModelArtsPool {
    const KIND: &'static str = "ModelArtsPool";
    const FINALIZER: &'static str = modelarts_crd::FINALIZER;
    const PHASES: &'static [&'static str] = &[
        "Running",
        "Running",
        "Running",
        "Creating",
        "Waiting",
        "Abnormal",
        "Deleting",
        "Error",
        "CreationFailed",
        "ScalingFailed",
        "Hibernating",
        "",
    ];

    fn specs() -> Vec<Value> {
        let plain = json!({"scope": ["Train"], "network": {"name": "net-0123-project"}, "nodes": 2,
                           "resources": [{"flavor": "f"}], "description": "trains models"});
        let full = json!({
            "scope": ["Train", "Infer"], "networkRef": {"name": "n"}, "poolName": "pool-001", "nodePrefix": "tr",
            "resources": [
                {"flavor": "f", "count": 2, "azs": [{"az": "a", "count": 2}], "extendParams": {"dockerBaseSize": "50"},
                 "os": {"name": "o"}, "labels": {"k": "v"}, "rootVolume": {"volumeType": "SSD", "size": "100Gi"}},
                {"flavor": "g", "nodePool": "np", "count": 1500, "creatingStep": {"step": 3, "type": "hyperinstance"}},
            ],
            "jobFlavors": ["j"], "driver": {"gpuVersion": "440.31", "updateStrategy": "idle"},
            "drift": {"policy": "Correct", "ignore": ["resources.count"]}, "deletionPolicy": "Delete",
        });
        let bought = json!({"scope": ["Train"], "network": {"name": "net-0123-project"}, "nodes": 1,
                            "resources": [{"flavor": "f"}], "deletionPolicy": "Detach",
                            "billing": {"mode": "Subscription", "periodType": "Month", "periodNum": 1}});
        let taken = json!({"scope": ["Train"], "network": {"name": "net-0123-project"}, "resources": [{"flavor": "f"}],
                           "adoption": {"poolId": "pool-a-project", "replacesMarker": OTHER_UID}});
        let watched = json!({"scope": ["Train"], "network": {"name": "net-0123-project"}, "poolName": "pool-001",
                             "resources": [{"flavor": "f"}], "managementPolicy": "Observe"});
        vec![plain.clone(), plain, full, bought, taken, watched]
    }

    fn status(id: &str) -> Value {
        json!({"poolId": id, "poolName": "pool-001", "phase": "Running", "createdAt": "2024-10-24T12:42:43Z",
               "resourceId": "maos-1", "appliedGeneration": 1, "writtenKeys": ["f//labels/k"],
               "nodes": {"desired": 2, "available": 2}, "controlMode": 0})
    }

    fn thing(id: &str, name: &str, description: &str, phase: &str) -> Value {
        json!({
            "apiVersion": "v2", "kind": "Pool",
            "metadata": {"name": id, "creationTimestamp": "2024-10-24T12:42:43Z",
                         "labels": {"os.modelarts/name": name, "os.modelarts/workspace.id": "0",
                                    "os.modelarts/resource.id": "maos-1", "os.modelarts/order.name": "order.1"},
                         "annotations": {"os.modelarts/description": description, "os.modelarts/billing.mode": "0"}},
            "spec": {"type": "Dedicate", "scope": ["Train"], "network": {"name": "net-0123-project"}, "controlMode": 0,
                     "driver": {"gpuVersion": "440.31"},
                     "resources": [{"flavor": "f", "count": 3, "maxCount": 3, "nodePool": "f-default",
                                    "azs": [{"az": "a", "count": 3}], "labels": {"k": "v"},
                                    "creatingStep": {"step": 1, "type": "hyperinstance"},
                                    "extendParams": {"dockerBaseSize": "50"}, "os": {"name": "o"}}]},
            "status": {"phase": phase, "message": "m", "scope": [{"scopeType": "Train", "state": "Enabled"}],
                       "driver": {"gpu": {"version": "440.31", "state": "Running"}},
                       "resources": {"available": [{"flavor": "f", "count": 2, "maxCount": 2}],
                                     "abnormal": {"flavor": "f", "count": 1}}},
        })
    }
}

impl Written for ModelArtsNetwork {
    const KIND: &'static str = "ModelArtsNetwork";
    const FINALIZER: &'static str = modelarts_crd::NETWORK_FINALIZER;
    const PHASES: &'static [&'static str] = &["Active", "Active", "Creating", "Abnormal", "Hibernating", ""];

    fn specs() -> Vec<Value> {
        let plain = json!({"cidr": "192.168.0.0/16", "description": "for pools"});
        let full = json!({"cidr": "10.0.0.0/8", "networkName": "net-001", "deletionPolicy": "Delete", "connection": {
            "peerConnectionList": [{"peerVpcId": "v", "peerSubnetId": "s", "defaultGateWay": true}],
            "sfsTurboConnectionList": [{"name": "n", "sfsId": "i"}]}});
        let taken = json!({"cidr": "192.168.0.0/16", "adoption": {"networkId": "pool-a-project"}});
        vec![plain.clone(), plain, full, taken]
    }

    fn status(id: &str) -> Value {
        json!({"networkId": id, "networkName": "net-001", "phase": "Active", "createdAt": "2024-10-24T12:42:43Z",
               "appliedGeneration": 1, "cidr": "192.168.0.0/16"})
    }

    fn thing(id: &str, name: &str, description: &str, phase: &str) -> Value {
        json!({
            "apiVersion": "v1", "kind": "Network",
            "metadata": {"name": id, "creationTimestamp": "2024-10-24T12:42:43Z", "labels": {"os.modelarts/name": name},
                         "annotations": {"os.modelarts/description": description}},
            "spec": {"cidr": "192.168.0.0/16", "connection": {"peerConnectionList": [{"peerVpcId": "v"}]}},
            "status": {"phase": phase, "connectionStatus": {"peerConnectionStatus": []}},
        })
    }
}

/// Objects in every part of their life: fresh, held, in doubt, made, lost, leaving.
pub fn objects<W: Written>() -> Corpus {
    let condition = |type_: &str, status: &str, reason: &str| {
        json!({"type": type_, "status": status, "reason": reason, "message": "m", "observedGeneration": 1,
               "lastTransitionTime": "2024-10-24T12:42:43Z"})
    };
    let conditions = json!([
        condition("Ready", "True", "Ready"),
        condition("Stalled", "True", "QuotaExceeded")
    ]);
    let mut all = Vec::new();
    for spec in W::specs() {
        for outcome in [
            None,
            Some(""),
            Some("Created"),
            Some("Adopted"),
            Some("Rejected"),
            Some("NotFound"),
            Some("Lost"),
        ] {
            for leaving in [false, true] {
                let mut metadata = json!({"name": "train", "namespace": "ml", "uid": UID, "generation": 1,
                    "resourceVersion": "7", "finalizers": [W::FINALIZER], "annotations": {modelarts_crd::REQUESTED_AT: "r"}});
                if leaving {
                    metadata["deletionTimestamp"] = json!("2024-10-24T12:42:43Z");
                } else if outcome.is_none() {
                    metadata["finalizers"] = json!([]);
                }
                let mut status = json!({"observedGeneration": -1});
                if let Some(outcome) = outcome {
                    if matches!(outcome, "Created" | "Adopted") {
                        status = W::status("pool-a-project");
                    }
                    let creation = json!({"attempt": 1, "token": "1-aaaa", "specHash": "h", "spent": 0, "doubts": 1,
                                          "openedAt": "2024-10-24T12:42:43Z"});
                    status["creation"] = creation;
                    if !outcome.is_empty() {
                        status["creation"]["outcome"] = json!(outcome);
                    }
                    status["observedGeneration"] = json!(1);
                    status["conditions"] = conditions.clone();
                }
                all.push(
                    json!({"apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": W::KIND,
                                "metadata": metadata, "spec": spec, "status": status}),
                );
            }
        }
    }
    Corpus::new(all)
}

/// Things in the cloud: ours, another object's, another cluster's, a stranger's, in every phase.
pub fn things<W: Written>() -> Corpus {
    let marker = |uid: &str| Marker::of(uid, &cluster());
    let foreign = Marker::of("x", &ClusterId("another".into()));
    let descriptions = [
        marker(UID).append_to("trains models"),
        marker(UID).append_to(""),
        marker(OTHER_UID).append_to("left"),
        foreign.append_to("theirs"),
        "a stranger's".to_owned(),
    ];
    let mut all = Vec::new();
    for description in &descriptions {
        for phase in W::PHASES {
            for (id, name) in [("pool-a-project", "pool-001"), ("pool-b-project", "pool-002")] {
                all.push(W::thing(id, name, description, phase));
            }
        }
    }
    Corpus::new(all)
}
