//! What a spec becomes, and what of it counts as another thing to buy.

use serde_json::{Value, json};

use super::*;

fn parse(changes: &Value) -> Result<DesiredPool, Vec<String>> {
    let mut spec =
        json!({"scope": ["Train"], "network": {"name": "net-1"}, "resources": [{"flavor": "f", "count": 2}]});
    for (key, value) in changes.as_object().unwrap() {
        spec[key] = value.clone();
    }
    let object: ModelArtsPool = serde_json::from_value(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
        "metadata": {"name": "train", "uid": "u"}, "spec": spec,
    }))
    .unwrap();
    DesiredPool::parse(&object, &ClusterId("c".into()))
}

fn desired(changes: &Value) -> DesiredPool {
    parse(changes).unwrap()
}

#[test]
fn a_subscription_is_ordered_for_its_term_and_paid_only_where_that_is_said() {
    let table = [
        (json!(null), vec![("billing.mode", "0")]),
        (json!({"mode": "PayPerUse"}), vec![("billing.mode", "0")]),
        (
            json!({"mode": "Subscription", "periodType": "Month", "periodNum": 9}),
            vec![("billing.mode", "1"), ("period.num", "9"), ("period.type", "2")],
        ),
        (
            json!({"mode": "Subscription", "periodType": "Year", "periodNum": 3, "autoRenew": true, "autoPay": false}),
            vec![
                ("auto.renew", "1"),
                ("billing.mode", "1"),
                ("period.num", "3"),
                ("period.type", "3"),
            ],
        ),
        (
            json!({"mode": "Subscription", "periodType": "Month", "periodNum": 1, "autoRenew": false, "autoPay": true}),
            vec![
                ("auto.pay", "1"),
                ("billing.mode", "1"),
                ("period.num", "1"),
                ("period.type", "2"),
            ],
        ),
    ];
    for (billing, expected) in table {
        let desired = desired(&json!({"billing": billing}));
        let annotations = desired.pool.metadata.annotations.iter();
        let billed: Vec<(&str, &str)> = annotations
            .filter(|(key, _)| *key != keys::DESCRIPTION)
            .filter_map(|(key, value)| Some((key.strip_prefix("os.modelarts/")?, value.get()?.as_str())))
            .collect();
        assert_eq!(billed, expected, "{billing}");
    }
}

#[test]
fn a_spec_that_is_older_than_a_rule_is_refused_with_the_field() {
    let subscription = |unit: Value, periods: Value| json!({"billing": {"mode": "Subscription", "periodType": unit, "periodNum": periods}});
    let table = [
        (json!({"networkRef": {"name": "n"}}), "spec.network:"),
        (json!({"network": null}), "spec.network:"),
        (subscription(json!("Month"), json!(null)), "spec.billing:"),
        (subscription(json!(null), json!(1)), "spec.billing:"),
        (subscription(json!("Month"), json!(10)), "spec.billing.periodNum:"),
        (subscription(json!("Year"), json!(4)), "spec.billing.periodNum:"),
        (subscription(json!("Year"), json!(0)), "spec.billing.periodNum:"),
        (
            json!({"billing": {"mode": "PayPerUse", "autoPay": true}}),
            "spec.billing:",
        ),
        (json!({"billing": {"periodNum": 1}}), "spec.billing:"),
        (json!({"managementPolicy": "Observe"}), "spec.managementPolicy:"),
    ];
    for (changes, field) in table {
        let problems = parse(&changes).expect_err("a problem");
        assert_eq!(problems.len(), 1, "{changes}: {problems:?}");
        assert!(problems[0].starts_with(field), "{changes}: {problems:?}");
    }
}

#[test]
fn bounds_are_where_they_are_said_to_be() {
    let letters = |n: usize| "a".repeat(n);
    let named = |name: &str| json!({"poolName": name});
    let entries = |entries: Value| json!({"resources": entries});
    let stepped = |count: i32, step: i32| json!([{"flavor": "f", "count": count, "creatingStep": {"step": step, "type": "hyperinstance"}}]);
    for good in [
        named("pool"),
        named(&letters(25)),
        named("p0-1"),
        json!({"description": letters(47)}),
        json!({"nodes": 3, "resources": [{"flavor": "f"}]}),
        entries(json!([{"flavor": "f"}])),
        entries(stepped(3, 1)),
        entries(stepped(6, 3)),
        entries(json!([{"flavor": "f", "count": 2000}])),
    ] {
        assert!(parse(&good).is_ok(), "{good}: {:?}", parse(&good).err());
    }
    for (wrong, field) in [
        (named("abc"), "spec.poolName:"),
        (named(&letters(26)), "spec.poolName:"),
        (named("9pool"), "spec.poolName:"),
        (named("pool-"), "spec.poolName:"),
        (named("po_ol"), "spec.poolName:"),
        (json!({"description": letters(48)}), "spec.description:"),
        (json!({"description": "wow!"}), "spec.description:"),
        (json!({"nodes": 3}), "spec.nodes:"),
        (entries(stepped(3, 2)), "spec.resources[0].count:"),
        (entries(stepped(3, 0)), "spec.resources[0].count:"),
        (
            entries(json!([{"flavor": "f", "count": 0}])),
            "spec.resources[0].count:",
        ),
        (
            entries(json!([{"flavor": "f", "count": 2001}])),
            "spec.resources[0].count:",
        ),
        (entries(json!([])), "spec.resources:"),
        (
            entries(json!([{"flavor": "f", "count": 1}, {"flavor": "g"}])),
            "spec.resources[1].count:",
        ),
    ] {
        let problems = parse(&wrong).expect_err("a problem");
        assert_eq!(problems.len(), 1, "{wrong}: {problems:?}");
        assert!(problems[0].starts_with(field), "{wrong}: {problems:?}");
    }
}

#[test]
fn drivers_are_asked_for_by_their_versions() {
    let wanted = desired(&json!({"driver": {"gpuVersion": "515", "npuVersion": "7.1"}}));
    let text = serde_json::to_string(&wanted.pool).unwrap();
    assert!(text.contains("515") && text.contains("7.1"), "{text}");
}

#[test]
fn a_network_by_reference_has_its_id_later() {
    let by_name = desired(&json!({"network": null, "networkRef": {"name": "n"}}));
    assert_eq!(by_name.network, WantedNetwork::Ref("n".into()));
    assert_eq!(by_name.pool.spec.network, None);
    let hash = by_name.hash.clone();
    let by_id = by_name.in_network("net-7");
    let id = by_id.creation().spec.network.and_then(|network| network.name);
    assert_eq!((id.as_deref(), by_id.hash), (Some("net-7"), hash));
    assert_eq!(desired(&json!({})).network, WantedNetwork::Id("net-1".into()));
}

#[test]
fn only_what_is_bought_is_in_the_hash() {
    let hash = |changes: Value| desired(&changes).hash;
    let plain = hash(json!({}));
    for same in [
        json!({"adoption": {"poolId": "pool-1"}}),
        json!({"drift": {"policy": "Report", "ignore": ["resources.count"]}}),
        json!({"deletionPolicy": "Detach"}),
        json!({"managementPolicy": "Pause"}),
    ] {
        assert_eq!(hash(same.clone()), plain, "{same}");
    }
    for other in [
        json!({"billing": {"mode": "Subscription", "periodType": "Month", "periodNum": 1}}),
        json!({"network": {"name": "net-2"}}),
        json!({"network": null, "networkRef": {"name": "a"}}),
        json!({"network": null, "networkRef": {"name": "b"}}),
    ] {
        assert_ne!(hash(other.clone()), plain, "{other}");
    }
    let by = |name: &str| hash(json!({"network": null, "networkRef": {"name": name}}));
    assert_ne!(by("a"), by("b"));
}

#[test]
fn a_large_pool_is_begun_with_thirty_nodes() {
    let azs = |x: i64, y: i64| json!([{"az": "x", "count": x}, {"az": "y", "count": y}]);
    let step = json!({"step": 8, "type": "rack"});
    let table = [
        (
            json!([{"flavor": "f", "count": 30}]),
            json!([{"flavor": "f", "count": 30}]),
            "it fits",
        ),
        (
            json!([{"flavor": "f", "count": 31}]),
            json!([{"flavor": "f", "count": 30}]),
            "one too many",
        ),
        (
            json!([{"flavor": "f", "count": 60, "azs": azs(40, 20)}]),
            json!([{"flavor": "f", "count": 30, "azs": azs(20, 10)}]),
            "zones keep their proportions",
        ),
        (
            json!([{"flavor": "f", "count": 48, "creatingStep": step, "azs": azs(32, 16)}]),
            json!([{"flavor": "f", "count": 24, "creatingStep": step, "azs": azs(16, 8)}]),
            "whole steps, also in a zone",
        ),
        (
            json!([{"flavor": "f", "count": 40}, {"flavor": "g", "count": 8, "creatingStep": step}]),
            json!([{"flavor": "f", "count": 22}, {"flavor": "g", "count": 8, "creatingStep": step}]),
            "every entry has nodes",
        ),
        (
            json!([{"flavor": "f", "count": 96, "creatingStep": {"step": 48, "type": "rack"}}]),
            json!([{"flavor": "f", "count": 48, "creatingStep": {"step": 48, "type": "rack"}}]),
            "one step is more than thirty",
        ),
    ];
    for (wanted, begun, why) in table {
        let desired = desired(&json!({"resources": wanted}));
        assert_eq!(json!(desired.creation().spec.resources), begun, "{why}");
        assert_eq!(json!(desired.pool.spec.resources), wanted, "{why}");
    }
}

#[test]
fn fields_of_others_are_known() {
    let reporting = desired(&json!({"drift": {"ignore": ["scope"]}}));
    assert!(reporting.ignores(PoolField::Scope) && !reporting.ignores(PoolField::Count));
}
