//! What is sent, case by case.

use modelarts_crd::ModelArtsPool;
use modelarts_crd::policy::PoolField;
use modelarts_types::pool::Pool;
use serde_json::{Value, json};

use super::{Change, Next, moving, next};
use crate::identity::{ClusterId, Marker};
use crate::pool::desired::DesiredPool;

fn cluster() -> ClusterId {
    ClusterId("c".into())
}

pub(super) fn marker() -> Marker {
    Marker::of("u", &cluster())
}

/// What is wanted: two nodes of `f`, and `changes` at their places.
pub(super) fn desired(changes: &[(&str, Value)]) -> DesiredPool {
    let mut spec = json!({
        "poolName": "pool-1", "nodePrefix": "tr", "scope": ["Train"], "network": {"name": "net-1"},
        "resources": [{"flavor": "f", "count": 2}],
    });
    changes.iter().for_each(|(path, value)| set(&mut spec, path, value));
    let object: ModelArtsPool = serde_json::from_value(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
        "metadata": {"name": "train", "uid": "u"}, "spec": spec,
    }))
    .unwrap();
    DesiredPool::parse(&object, &cluster()).unwrap()
}

/// The same pool in the cloud, running, and `changes` at their places.
pub(super) fn observed(changes: &[(&str, Value)]) -> Pool {
    let mut pool = json!({
        "metadata": {
            "labels": {"os.modelarts/name": "pool-1", "os.modelarts/node.prefix": "tr"},
            "annotations": {"os.modelarts/description": format!(" {}", marker()), "os.modelarts/billing.mode": "0"},
        },
        "spec": {
            "type": "Dedicate", "scope": ["Train"], "network": {"name": "net-1"}, "controlMode": 0,
            "resources": [{"flavor": "f", "count": 2, "maxCount": 2, "nodePool": "f-default", "taints": ["t"]}],
        },
        "status": {"phase": "Running"},
    });
    changes.iter().for_each(|(path, value)| set(&mut pool, path, value));
    serde_json::from_value(pool).unwrap()
}

/// Sets the member at a path such as `a.b`; a `|` stands for a full stop inside a key.
fn set(value: &mut Value, path: &str, to: &Value) {
    match path.split_once('.') {
        Some((first, rest)) => set(&mut value[first.replace('|', ".")], rest, to),
        None => value[path.replace('|', ".")] = to.clone(),
    }
}

pub(super) fn sent(desired: &DesiredPool, observed: &Pool) -> Change {
    match next(desired, observed, &marker()) {
        Next::Send(change) => change,
        other => panic!("{other:?}"),
    }
}

pub(super) const RESOURCES: &str = "resources";
pub(super) const IN_CLOUD: &str = "spec.resources";
pub(super) const MODE: &str = "metadata.annotations.os|modelarts/billing|mode";

#[test]
fn nothing_differs_and_nothing_is_sent() {
    assert_eq!(next(&desired(&[]), &observed(&[]), &marker()), Next::Nothing);
}

#[test]
fn a_description_alone_sends_only_itself_with_the_marker_at_its_end() {
    for text in ["trains models", ""] {
        let there = observed(&[(
            "metadata.annotations.os|modelarts/description",
            json!(format!("other {}", marker())),
        )]);
        let change = sent(&desired(&[("description", json!(text))]), &there);
        let annotations = json!({"os.modelarts/description": format!("{text} {}", marker())});
        assert_eq!(change.patch, json!({"metadata": {"annotations": annotations}}));
        assert_eq!(change.fields, ["description"]);
    }
}

#[test]
fn scope_job_flavors_and_driver_go_in_one_request() {
    let wanted = desired(&[
        ("scope", json!(["Train", "Infer"])),
        ("jobFlavors", json!(["a"])),
        (
            "driver",
            json!({"gpuVersion": "2", "npuVersion": "C78", "updateStrategy": "idle"}),
        ),
    ]);
    let there = observed(&[(
        "spec.driver",
        json!({"gpuVersion": "1", "npuVersion": "C78", "updateStrategy": "force"}),
    )]);
    let driver = json!({"gpuVersion": "2", "updateStrategy": "idle"});
    let change = sent(&wanted, &there);
    assert_eq!(
        change.patch,
        json!({"spec": {"scope": ["Train", "Infer"], "jobFlavors": ["a"], "driver": driver}})
    );
    assert_eq!(change.fields, ["scope", "jobFlavors", "driver.gpuVersion"]);
}

#[test]
fn a_strategy_alone_is_no_difference() {
    let wanted = desired(&[("driver", json!({"gpuVersion": "1", "updateStrategy": "idle"}))]);
    let there = observed(&[("spec.driver", json!({"gpuVersion": "1", "updateStrategy": "force"}))]);
    assert_eq!(next(&wanted, &there, &marker()), Next::Nothing);
}

#[test]
fn the_list_of_entries_is_what_was_read_with_what_is_wanted_laid_over() {
    let az = |count: i64| json!([{"az": "x", "count": count}]);
    let read = json!({"flavor": "f", "nodePool": "f-default", "count": 2, "maxCount": 2, "azs": az(2), "taints": ["t"],
        "os": {"name": "o", "imageId": "1"}, "dataVolumes": [{"size": "1Gi", "volumeType": "SSD", "count": 1}]});
    let table: [(&str, Value, Value); 7] = [
        (
            "a count drops the zones",
            json!({"count": 3}),
            json!({"count": 3, "azs": null}),
        ),
        (
            "zones of the spec go along",
            json!({"count": 3, "azs": az(3)}),
            json!({"count": 3, "azs": az(3)}),
        ),
        (
            "another member keeps the zones",
            json!({"labels": {"a": "b"}}),
            json!({"labels": {"a": "b"}}),
        ),
        (
            "members that are not named stay",
            json!({"os": {"imageId": "2"}}),
            json!({"os": {"name": "o", "imageId": "2"}}),
        ),
        (
            "also inside a disk",
            json!({"dataVolumes": [{"size": "2Gi", "volumeType": "SSD"}]}),
            json!({"dataVolumes": [{"size": "2Gi", "volumeType": "SSD", "count": 1}]}),
        ),
        (
            "a driver of the node pool",
            json!({"driver": {"version": "7"}}),
            json!({"driver": {"version": "7"}}),
        ),
        ("fewer", json!({"count": 1}), json!({"count": 1, "azs": null})),
    ];
    for (why, wanted, expected) in table {
        let mut entry = json!({"flavor": "f", "count": 2});
        let mut sends = read.clone();
        for (key, value) in wanted.as_object().unwrap() {
            entry[key] = value.clone();
        }
        for (key, value) in expected.as_object().unwrap() {
            sends[key] = value.clone();
        }
        let sends = sends.as_object_mut().unwrap();
        sends.remove("maxCount");
        sends.retain(|_, value| !value.is_null());
        let change = sent(
            &desired(&[(RESOURCES, json!([entry]))]),
            &observed(&[(IN_CLOUD, json!([read]))]),
        );
        assert_eq!(change.patch, json!({"spec": {"resources": [sends]}}), "{why}");
    }
}

/// Counts by flavor in a request.
fn counts(change: &Change) -> Vec<(String, i64)> {
    let list = change.patch["spec"]["resources"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    let entry = |entry: Value| Some((entry["flavor"].as_str()?.to_owned(), entry["count"].as_i64()?));
    list.into_iter().filter_map(entry).collect()
}

pub(super) fn entries(of: &[(&str, i64)]) -> Value {
    of.iter()
        .map(|(flavor, count)| json!({"flavor": flavor, "count": count}))
        .collect()
}

#[test]
fn nodes_are_added_before_any_are_taken_away() {
    type Counts = &'static [(&'static str, i64)];
    let table: [(&str, Counts, Counts, Counts); 7] = [
        ("up", &[("f", 5)], &[("f", 2)], &[("f", 5)]),
        ("down", &[("f", 1)], &[("f", 2)], &[("f", 1)]),
        (
            "up first",
            &[("f", 1), ("g", 5)],
            &[("f", 2), ("g", 1)],
            &[("f", 2), ("g", 5)],
        ),
        ("add first", &[("g", 5)], &[("f", 2)], &[("f", 2), ("g", 5)]),
        ("then remove", &[("g", 5)], &[("f", 2), ("g", 5)], &[("g", 5)]),
        ("remove and lower", &[("g", 1)], &[("f", 2), ("g", 5)], &[("g", 1)]),
        (
            "thirty at most",
            &[("f", 20), ("g", 40)],
            &[("f", 2)],
            &[("f", 20), ("g", 12)],
        ),
    ];
    for (why, wanted, there, sends) in table {
        let change = sent(
            &desired(&[(RESOURCES, entries(wanted))]),
            &observed(&[(IN_CLOUD, entries(there))]),
        );
        let sends: Vec<(String, i64)> = sends
            .iter()
            .map(|(flavor, count)| ((*flavor).to_owned(), *count))
            .collect();
        assert_eq!(counts(&change), sends, "{why}");
        assert!(change.grows != change.shrinks, "{why}");
    }
}

#[test]
fn a_full_pool_makes_room_before_it_gets_another_flavor() {
    let all = |first: usize| {
        let of = (first..first + 10).map(|index| json!({"flavor": format!("f{index}"), "count": 1}));
        of.collect::<Value>()
    };
    let change = sent(&desired(&[(RESOURCES, all(1))]), &observed(&[(IN_CLOUD, all(0))]));
    assert_eq!((counts(&change).len(), change.shrinks), (9, true));
    let change = sent(&desired(&[(RESOURCES, all(10))]), &observed(&[(IN_CLOUD, all(0))]));
    assert_eq!((counts(&change).len(), change.shrinks), (1, true), "one entry stays");
}

#[test]
fn zones_of_a_step_keep_the_proportions() {
    let azs = json!([{"az": "x", "count": 60}, {"az": "y", "count": 20}]);
    let wanted = desired(&[(RESOURCES, json!([{"flavor": "f", "count": 80, "azs": azs}]))]);
    let change = sent(&wanted, &observed(&[]));
    let entry = &change.patch["spec"]["resources"][0];
    assert_eq!(entry["count"], 32);
    assert_eq!(entry["azs"], json!([{"az": "x", "count": 24}, {"az": "y", "count": 8}]));
}

#[test]
fn nodes_of_a_subscription_are_added_as_the_spec_pays_for_them() {
    let billing = json!({"mode": "Subscription", "periodType": "Month", "periodNum": 2, "autoRenew": true});
    let there = observed(&[(MODE, json!("1"))]);
    let grown = desired(&[("billing", billing.clone()), (RESOURCES, entries(&[("f", 3)]))]);
    let annotations = json!({
        "os.modelarts/billing.mode": "1", "os.modelarts/period.type": "2", "os.modelarts/period.num": "2",
        "os.modelarts/auto.renew": "1",
    });
    assert_eq!(sent(&grown, &there).patch["metadata"]["annotations"], annotations);
    let switched = desired(&[("billing", billing), ("scope", json!(["Infer"]))]);
    assert_eq!(sent(&switched, &there).patch, json!({"spec": {"scope": ["Infer"]}}));
}

#[test]
fn a_driver_waits_for_the_nodes_that_it_is_for() {
    let wanted = desired(&[
        ("driver", json!({"gpuVersion": "2"})),
        (RESOURCES, entries(&[("f", 40), ("gpu", 1)])),
    ]);
    assert_eq!(sent(&wanted, &observed(&[])).fields, ["resources[f].count"]);
    let there = observed(&[(IN_CLOUD, entries(&[("f", 32)]))]);
    assert_eq!(
        sent(&wanted, &there).fields,
        ["resources[f].count", "resources[gpu]", "driver.gpuVersion"]
    );
}

#[test]
fn a_size_that_others_own_goes_as_it_is() {
    let entry = |count: Option<i64>| json!([{"flavor": "f", "count": count, "labels": {"a": "b"}}]);
    let there = observed(&[(
        IN_CLOUD,
        json!([{"flavor": "f", "count": 7}, {"flavor": "old", "count": 1}]),
    )]);
    let ignoring = desired(&[
        (RESOURCES, entry(Some(2))),
        ("drift", json!({"ignore": ["resources.count"]})),
    ]);
    for wanted in [ignoring, desired(&[(RESOURCES, entry(None))])] {
        let change = sent(&wanted, &there);
        assert_eq!(change.fields, ["resources[f].labels", "resources[old]"]);
        assert_eq!(counts(&change), [("f".to_owned(), 7)]);
    }
}

#[test]
fn a_pool_moves_while_anything_in_it_does() {
    let table = [
        ("status.phase", json!("Running"), false),
        ("status.resources", json!({"creating": [{"count": 1}]}), true),
        (
            "status.scope",
            json!([{"scopeType": "Train", "state": "Enabling"}]),
            true,
        ),
        ("status.driver", json!({"npu": {"state": "Creating"}}), true),
    ];
    for (place, value, moves) in table {
        assert_eq!(moving(&observed(&[(place, value)])), moves, "{place}");
    }
}

#[test]
fn a_key_that_the_spec_wrote_goes_with_it_and_what_the_service_put_there_stays() {
    let there = observed(&[(
        IN_CLOUD,
        json!([{"flavor": "f", "count": 2, "nodePool": "f-default", "labels": {"a": "1", "b": "2", "service": "x"}}]),
    )]);
    let with = |labels: Value, formerly: &[&str]| {
        let mut wanted = desired(&[(RESOURCES, json!([{"flavor": "f", "count": 2, "labels": labels}]))]);
        wanted.formerly = formerly.iter().map(|key| (*key).to_owned()).collect();
        wanted
    };
    let record = ["f labels a", "f labels b", "f labels gone"];
    for (labels, left) in [
        (json!({"b": "2"}), json!({"b": "2", "service": "x"})),
        (json!({}), json!({"service": "x"})),
    ] {
        let change = sent(&with(labels.clone(), &record), &there);
        assert_eq!(change.patch["spec"]["resources"][0]["labels"], left, "{labels}");
        assert_eq!(change.fields, ["resources[f].labels"]);
        assert_eq!(
            next(&with(labels, &[]), &there, &marker()),
            Next::Nothing,
            "not on record"
        );
    }
    let mut owned_by_others = with(json!({"b": "2"}), &record);
    owned_by_others.ignore = vec![PoolField::Labels];
    assert_eq!(next(&owned_by_others, &there, &marker()), Next::Nothing);
}
