//! Whatever the service adds or changes degrades one member and loses nothing.

// Clippy knows `#[test]` functions as tests, but not the functions they share.
#![allow(clippy::panic, clippy::unwrap_used)]

use modelarts_types::flavor::Flavor;
use modelarts_types::pool::{Counts, Phase, PoolSpec};
use modelarts_types::workspace::Workspace;
use modelarts_types::{Network, Pool, PoolList, Texts};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

fn pool(value: &Value) -> Pool {
    let pool: Pool = serde_json::from_value(value.clone()).unwrap();
    assert_eq!(&serde_json::to_value(&pool).unwrap(), value);
    pool
}

#[test]
fn a_member_of_the_wrong_type_degrades_alone() {
    let pool = pool(&json!({
        "metadata": {"name": "p-1", "creationTimestamp": 7,
                     "labels": {"os.modelarts/name": "p", "os.modelarts/workspace.id": 0}},
        "spec": {"type": ["Dedicate"], "scope": "Train",
                 "resources": [{"flavor": "f", "count": "2", "os": "linux"}],
                 "controlMode": true},
        "status": {"phase": 5, "message": "m", "resources": {"available": 3, "creating": [1]}}
    }));
    assert_eq!(pool.id(), Some("p-1"));
    assert_eq!(pool.created_at(), None);
    assert_eq!(pool.display_name(), Some("p"));
    assert_eq!(pool.workspace_id(), "0", "a number is no text");
    assert_eq!(pool.spec.type_, None);
    assert!(pool.spec.scopes().is_empty());
    assert_eq!(pool.spec.resources()[0].flavor.as_deref(), Some("f"));
    assert_eq!(pool.spec.resources()[0].count, None);
    assert_eq!(pool.phase(), None);
    let status = pool.status.unwrap();
    assert_eq!(status.message.as_deref(), Some("m"));
    let counts = status.resources.unwrap();
    assert_eq!(counts.available, Some(Counts::Odd(json!(3))));
    assert_eq!(counts.available.unwrap().total(), 0);
    assert_eq!(counts.creating, Some(Counts::Odd(json!([1]))));
}

#[test]
fn a_whole_part_of_the_wrong_type_degrades_alone() {
    let pool = pool(&json!({"metadata": "gone", "spec": [], "status": "up", "kind": "Pool"}));
    assert_eq!(pool.id(), None);
    assert_eq!(pool.kind.as_deref(), Some("Pool"));
    assert_eq!(pool.status, None);
}

#[test]
fn only_a_body_that_is_no_object_fails() {
    assert!(serde_json::from_value::<Pool>(json!([])).is_err());
    assert!(serde_json::from_value::<Pool>(json!("x")).is_err());
    assert!(serde_json::from_value::<Pool>(json!({})).is_ok());
}

#[test]
fn an_entry_that_is_no_pool_hides_the_list_instead_of_shortening_it() {
    let list: PoolList = serde_json::from_value(json!({"items": [{"kind": "Pool"}, 7]})).unwrap();
    assert_eq!(list.items, None);
    assert_eq!(list.extra["items"], json!([{"kind": "Pool"}, 7]));
}

#[test]
fn an_entry_that_is_no_resource_hides_the_list_instead_of_shortening_it() {
    let spec: PoolSpec = serde_json::from_value(json!({"resources": [{"flavor": "f"}, null]})).unwrap();
    assert_eq!(spec.resources, None);
    assert!(spec.extra.contains_key("resources"));
}

#[test]
fn null_counts_as_absent() {
    let pool: Pool = serde_json::from_value(json!({
        "metadata": {"annotations": null}, "spec": {"clusters": null, "scope": null}
    }))
    .unwrap();
    assert_eq!(serde_json::to_value(&pool).unwrap(), json!({}));
}

#[test]
fn a_field_set_later_replaces_the_odd_value() {
    let mut pool = pool(&json!({"kind": 1}));
    pool.kind = Some("Pool".into());
    assert_eq!(serde_json::to_string(&pool).unwrap(), r#"{"kind":"Pool"}"#);
}

#[test]
fn an_unknown_phase_is_kept() {
    let pool = pool(&json!({"status": {"phase": "Hibernating"}}));
    assert_eq!(pool.phase(), Some(&Phase::Other("Hibernating".into())));
}

#[test]
fn empty_and_absent_texts_differ_on_the_wire_only() {
    let value = json!({"metadata": {"name": "n", "labels": {}}});
    let mut pool = pool(&value);
    assert!(pool.metadata.labels.is_empty() && pool.metadata.annotations.is_empty());
    pool.metadata.annotations.set("k", "v");
    assert_eq!(pool.metadata.annotations.get("k"), Some("v"));
    assert!(!pool.metadata.annotations.is_empty());
    pool.metadata.annotations.remove("k");
    assert!(!pool.metadata.annotations.contains("k"));
    let texts: Texts = [("a", "1")].into_iter().collect();
    assert_eq!(texts.iter().count(), 1);
}

#[test]
fn a_workspace_id_may_be_a_number() {
    let workspace: Workspace = serde_json::from_value(json!({"id": 0})).unwrap();
    assert_eq!(workspace.id().as_deref(), Some("0"));
    let workspace: Workspace = serde_json::from_value(json!({"id": "0a"})).unwrap();
    assert_eq!(workspace.id().as_deref(), Some("0a"));
}

#[test]
fn a_flavor_is_sold_out_only_if_every_zone_says_so() {
    let flavor = |phase: Value| -> Flavor { serde_json::from_value(json!({"status": {"phase": phase}})).unwrap() };
    assert!(flavor(json!({"a": "soldout", "b": "soldout"})).sold_out_everywhere());
    assert!(!flavor(json!({"a": "soldout", "b": "normal"})).sold_out_everywhere());
    assert!(!flavor(json!({"a": "soldout", "b": 1})).sold_out_everywhere());
    assert!(!flavor(json!({})).sold_out_everywhere());
}

/// Any JSON without `null`, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Z0-9 ./_-]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zA-Z.]{1,8}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

fn unknown_members() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::btree_map("x-[a-z]{1,8}", any_json(), 1..4).prop_map(|map| map.into_iter().collect())
}

/// Puts `extra` into every object of `value`.
fn sprinkle(value: &mut Value, extra: &Map<String, Value>) {
    match value {
        Value::Object(map) => {
            for inner in map.values_mut() {
                sprinkle(inner, extra);
            }
            map.extend(extra.clone());
        }
        Value::Array(items) => items.iter_mut().for_each(|item| sprinkle(item, extra)),
        _ => {}
    }
}

/// An object with every struct of the pool's tree in it.
fn full_pool() -> Value {
    json!({
        "apiVersion": "v2", "kind": "Pool",
        "metadata": {"name": "p-1", "labels": {"os.modelarts/name": "p"}, "annotations": {"a": "b"}},
        "spec": {"type": "Dedicate", "scope": ["Train"], "network": {"name": "n"},
                 "driver": {"gpuVersion": "1"},
                 "resources": [{"flavor": "f", "count": 1, "azs": [{"az": "z", "count": 1}],
                                "extendParams": {"runtime": "docker"}, "os": {"name": "o"}}]},
        "status": {"phase": "Running", "scope": [{"scopeType": "Train", "state": "Enabled"}],
                   "driver": {"gpu": {"version": "1", "state": "Running"}},
                   "resources": {"available": [{"flavor": "f", "count": 1}],
                                 "creating": {"flavor": "f", "count": 1}}}
    })
}

proptest! {
    #[test]
    fn unknown_members_survive_at_every_level(extra in unknown_members()) {
        let mut value = full_pool();
        sprinkle(&mut value, &extra);
        let pool: Pool = serde_json::from_value(value.clone()).unwrap();
        prop_assert_eq!(pool.id(), Some("p-1"));
        prop_assert_eq!(pool.spec.resources()[0].count, Some(1));
        prop_assert_eq!(serde_json::to_value(&pool).unwrap(), value);
    }

    #[test]
    fn any_value_in_place_of_a_member_survives(odd in any_json(), which in 0_usize..3) {
        let key = ["metadata", "spec", "status"][which];
        // An empty object in place of metadata or spec means the same as an absent one.
        prop_assume!(odd != json!({}));
        let mut value = full_pool();
        value[key] = odd;
        let pool: Pool = serde_json::from_value(value.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(&pool).unwrap(), value);
    }

    #[test]
    fn any_object_is_a_network(members in unknown_members()) {
        let value = Value::Object(members);
        let network: Network = serde_json::from_value(value.clone()).unwrap();
        prop_assert_eq!(serde_json::to_value(&network).unwrap(), value);
    }
}
