//! The rules of a resize, as the service's documentation has them: the full list, never up and down
//! in one request, at most 30 nodes more at a time, whole supernodes, at least one entry.

use std::collections::BTreeMap;

use serde_json::Value;

/// Most nodes that one request may add.
const GROWTH: i64 = 30;

/// Why `resources` must not be sent to `pool`, if there is a reason.
pub fn check(pool: Option<&Value>, resources: &Value) -> Result<(), String> {
    let entries = resources.as_array().ok_or("resources is no list")?;
    if entries.is_empty() {
        return Err("no entry remains".to_owned());
    }
    for entry in entries {
        let count = entry["count"].as_i64().ok_or("an entry without a count")?;
        let step = entry["creatingStep"]["step"].as_i64().unwrap_or(1);
        if count < 1 || count % step != 0 {
            return Err(format!("{count} nodes in steps of {step}"));
        }
    }
    let before = pool.map(|pool| counts(&pool["spec"]["resources"])).unwrap_or_default();
    let after = counts(resources);
    let keys = before.keys().chain(after.keys());
    let differences: BTreeMap<_, i64> = keys
        .map(|key| {
            let count = |all: &BTreeMap<(String, String), i64>| all.get(key).copied().unwrap_or_default();
            (key, count(&after) - count(&before))
        })
        .collect();
    let grows: i64 = differences.values().filter(|by| **by > 0).sum();
    let shrinks = differences.values().any(|by| *by < 0);
    if grows > 0 && shrinks {
        return Err("up and down in one request".to_owned());
    }
    // A supernode may itself be larger than a step.
    let largest = entries
        .iter()
        .filter_map(|entry| entry["creatingStep"]["step"].as_i64());
    if grows > GROWTH.max(largest.max().unwrap_or(1)) {
        return Err(format!("{grows} nodes more in one request"));
    }
    Ok(())
}

/// Nodes by flavor and node pool.
fn counts(resources: &Value) -> BTreeMap<(String, String), i64> {
    let entries = resources.as_array().into_iter().flatten();
    entries
        .map(|entry| {
            let flavor = entry["flavor"].as_str().unwrap_or_default().to_owned();
            let named = entry["nodePool"].as_str().filter(|name| !name.is_empty());
            let node_pool = named.map_or_else(|| format!("{flavor}-default"), str::to_owned);
            ((flavor, node_pool), entry["count"].as_i64().unwrap_or_default())
        })
        .collect()
}

#[test]
fn what_a_resize_must_not_be_is_found() {
    use serde_json::json;
    let pool = json!({"spec": {"resources": [{"flavor": "a", "nodePool": "a-default", "count": 3}, {"flavor": "b", "count": 3}]}});
    let sent = |a: i64, b: i64| json!([{"flavor": "a", "count": a}, {"flavor": "b", "count": b}]);
    assert_eq!(check(Some(&pool), &sent(5, 3)), Ok(()));
    assert_eq!(check(Some(&pool), &sent(2, 1)), Ok(()));
    assert_eq!(check(Some(&pool), &sent(33, 3)), Ok(()));
    let bad = [
        sent(4, 2),
        sent(34, 3),
        sent(0, 3),
        json!([]),
        json!([{"flavor": "c", "count": 1}]),
        json!([{"flavor": "a", "count": 3, "creatingStep": {"step": 2}}, {"flavor": "b", "count": 3}]),
    ];
    for resources in bad {
        assert!(check(Some(&pool), &resources).is_err(), "{resources}");
    }
}
