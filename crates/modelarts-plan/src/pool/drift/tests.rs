//! What is a difference, and what is not.

use modelarts_crd::ModelArtsPool;
use serde_json::json;

use super::*;
use crate::identity::ClusterId;

fn desired(spec: &Value) -> DesiredPool {
    let mut all = json!({"scope": ["Train"], "network": {"name": "net-1"}, "resources": [{"flavor": "f", "count": 3}]});
    if let (Some(all), Some(spec)) = (all.as_object_mut(), spec.as_object()) {
        all.extend(spec.clone());
    }
    let object: ModelArtsPool = serde_json::from_value(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
        "metadata": {"name": "train", "uid": "u"}, "spec": all,
    }))
    .unwrap();
    DesiredPool::parse(&object, &ClusterId("c".into())).unwrap()
}

#[test]
fn a_size_is_named_as_the_user_wrote_it() {
    for (spec, field) in [
        (json!({"nodes": 3, "resources": [{"flavor": "f"}]}), "nodes"),
        (json!({}), "resources[f].count"),
    ] {
        let desired = desired(&spec);
        let mut observed = desired.pool.clone();
        assert_eq!(differences(&desired, &observed), [""; 0], "{spec}");
        if let Some(entry) = observed.spec.resources.as_mut().and_then(|all| all.first_mut()) {
            entry.count = Some(2);
        }
        assert_eq!(differences(&desired, &observed), [field]);
    }
}

#[test]
fn an_entry_is_called_by_its_flavor_and_by_a_node_pool_of_its_own() {
    for (node_pool, name) in [
        (json!(null), "f"),
        (json!(""), "f"),
        (json!("f-default"), "f"),
        (json!("blue"), "f/blue"),
    ] {
        let entry = serde_json::from_value(json!({"flavor": "f", "nodePool": node_pool})).unwrap();
        assert_eq!(entry_name(&entry), name, "{node_pool}");
    }
}

/// A pool with everything that can be ignored, and what each field is called when it differs.
#[test]
fn a_field_that_is_ignored_is_no_difference() {
    let full = |ignore: &[PoolField]| {
        desired(&json!({
            "description": "ours", "jobFlavors": ["a"], "driver": {"gpuVersion": "1"},
            "resources": [{
                "flavor": "f", "count": 3, "azs": [{"az": "x", "count": 3}], "extendParams": {"k": "1"},
                "os": {"name": "o"}, "driver": {"version": "1"}, "rootVolume": {"volumeType": "SSD", "size": "1Gi"},
                "dataVolumes": [{"volumeType": "SSD", "size": "1Gi"}], "labels": {"l": "1"},
            }],
            "drift": {"ignore": ignore},
        }))
    };
    let other: Pool = serde_json::from_value(json!({
        "metadata": {"annotations": {keys::DESCRIPTION: "theirs"}},
        "spec": {"scope": ["Infer"], "jobFlavors": [], "driver": {"gpuVersion": "2"}, "resources": [{
            "flavor": "f", "count": 2, "azs": [{"az": "y", "count": 2}], "extendParams": {"k": "2"},
            "os": {"name": "p"}, "driver": {"version": "2"}, "rootVolume": {"volumeType": "SSD", "size": "2Gi"},
            "dataVolumes": [{"volumeType": "SSD", "size": "2Gi"}], "labels": {"l": "2"},
        }]},
    }))
    .unwrap();
    let all = differences(&full(&[]), &other);
    assert_eq!(all.len(), PoolField::ALL.len(), "{all:?}");
    for field in PoolField::ALL {
        let left = differences(&full(&[*field]), &other);
        // Zones mean nothing beside a count that is not managed.
        let gone = if *field == PoolField::Count { 2 } else { 1 };
        assert_eq!(left.len(), all.len() - gone, "{} leaves {left:?}", field.path());
    }
    assert_eq!(differences(&full(PoolField::ALL), &other), [""; 0]);
}

#[test]
fn what_the_service_adds_is_no_difference() {
    let desired = desired(&json!({
        "scope": ["Train", "Infer"], "jobFlavors": ["a", "b"],
        "resources": [
            {"flavor": "f", "count": 3, "dataVolumes": [{"volumeType": "SSD", "size": "1Gi"}]},
            {"flavor": "g", "count": 1},
        ],
    }));
    let observed: Pool = serde_json::from_value(json!({
        "spec": {"type": "Dedicate", "scope": ["Infer", "Train"], "jobFlavors": ["b", "a"], "resources": [
            {"flavor": "g", "count": 1, "maxCount": 1, "nodePool": "g-default", "labels": {"x": "y"}},
            {"flavor": "f", "count": 3, "nodePool": "f-default", "azs": [{"az": "x", "count": 3}],
             "dataVolumes": [{"volumeType": "SSD", "size": "1Gi", "count": 1}]},
        ]},
    }))
    .unwrap();
    assert_eq!(differences(&desired, &observed), [""; 0]);
}

#[test]
fn a_fixed_field_is_compared_only_where_both_tell_it() {
    let desired = desired(&json!({"poolName": "pool-1", "nodePrefix": "tr"}));
    let mut observed = desired.pool.clone();
    observed.spec.network = None;
    observed.metadata.labels.remove(keys::NODE_PREFIX);
    assert_eq!(differences(&desired, &observed), [""; 0]);
    observed.metadata.labels.set(keys::NODE_PREFIX, "");
    observed.metadata.annotations.set(keys::BILLING_MODE, "1");
    assert_eq!(differences(&desired, &observed), ["billing.mode", "nodePrefix"]);
}
