//! What waits and what is refused, case by case.

use modelarts_crd::conditions::Reason;
use modelarts_types::pool::Pool;
use serde_json::{Value, json};

use super::tests::{IN_CLOUD, MODE, RESOURCES, desired, entries, marker, observed, sent};
use super::{Next, next};
use crate::pool::desired::DesiredPool;

fn refused(desired: &DesiredPool, observed: &Pool) -> (Vec<String>, Reason, String) {
    match next(desired, observed, &marker()) {
        Next::Refused { fields, reason, text } => (fields, reason, text),
        other => panic!("{other:?}"),
    }
}

/// A change of the spec, what is in its way in the cloud, and a word of what is told.
type Case = ((&'static str, Value), (&'static str, Value), &'static str);

fn waits(table: impl IntoIterator<Item = Case>) {
    for (wanted, there, told) in table {
        let why = format!("{wanted:?} beside {there:?}");
        match next(&desired(&[wanted]), &observed(&[there]), &marker()) {
            Next::Wait { fields, reason, text } => {
                assert!(!fields.is_empty() && text.contains(told), "{why}: {fields:?} {text}");
                assert_eq!(reason, Reason::ChangePending);
            }
            other => panic!("{why}: {other:?}"),
        }
    }
}

fn more() -> (&'static str, Value) {
    (RESOURCES, entries(&[("f", 3)]))
}

fn text() -> (&'static str, Value) {
    ("description", json!("x"))
}

#[test]
fn a_change_waits_for_a_phase_that_allows_it() {
    let phase = |word: &str| ("status.phase", json!(word));
    let driver = ("driver", json!({"gpuVersion": "2"}));
    waits([
        (more(), phase("Creating"), "phase Creating"),
        (more(), phase("Abnormal"), "phase Abnormal"),
        (("scope", json!(["Infer"])), phase("Abnormal"), "phase Abnormal"),
        (("jobFlavors", json!(["a"])), phase("Abnormal"), "phase Abnormal"),
        (driver, phase("Abnormal"), "phase Abnormal"),
        (text(), phase("Creating"), "phase Creating"),
        (text(), phase("Moving"), "phase Moving"),
        (text(), ("status", json!({})), "no phase"),
    ]);
}

#[test]
fn a_change_waits_for_what_moves_in_the_pool() {
    let counts = |value: Value| ("status.resources", value);
    let enabling = json!([{"scopeType": "Train", "state": "Enabling"}]);
    let upgrading = json!({"gpu": {"state": "Upgrading"}});
    waits([
        (more(), counts(json!({"creating": [{"count": 1}]})), "being made"),
        (more(), counts(json!({"deleting": {"count": 1}})), "removed"),
        (
            ("scope", json!(["Infer"])),
            ("status.scope", enabling),
            "Train is Enabling",
        ),
        (
            ("driver", json!({"gpuVersion": "2"})),
            ("status.driver", upgrading),
            "Upgrading",
        ),
    ]);
}

#[test]
fn a_change_waits_while_the_pool_is_frozen_or_not_understood() {
    waits([
        (text(), ("spec.controlMode", json!(4)), "controlMode 4"),
        (text(), ("spec.controlMode", json!(9)), "frozen"),
        (more(), ("spec.controlMode", json!(16)), "frozen"),
        (more(), (IN_CLOUD, json!(null)), "does not say"),
        (more(), (IN_CLOUD, json!([])), "does not say"),
        (more(), (IN_CLOUD, json!([{"count": 1}])), "no flavor"),
        (more(), (IN_CLOUD, json!([{"flavor": "f"}])), "no count"),
        (more(), (IN_CLOUD, entries(&[("f", 2), ("f", 3)])), "same flavor"),
    ]);
}

#[test]
fn what_can_go_goes_while_the_rest_waits() {
    let table = [
        (
            "status.resources",
            json!({"creating": [{"count": 1}]}),
            vec!["description", "scope"],
        ),
        ("status.phase", json!("Abnormal"), vec!["description"]),
        (
            "status.scope",
            json!([{"scopeType": "Train", "state": "Disabling"}]),
            vec!["description", "resources[f].count"],
        ),
    ];
    for (place, value, fields) in table {
        let wanted = desired(&[
            ("description", json!("x")),
            ("scope", json!(["Infer"])),
            (RESOURCES, entries(&[("f", 3)])),
        ]);
        assert_eq!(sent(&wanted, &observed(&[(place, value)])).fields, fields, "{place}");
    }
}

#[test]
fn what_can_never_be_changed_is_told_with_both_values() {
    let table: [(&str, Value, &str, &str, &str); 5] = [
        (
            "metadata.labels.os|modelarts/name",
            json!("pool-2"),
            "poolName",
            "pool-1",
            "pool-2",
        ),
        (
            "metadata.labels.os|modelarts/node|prefix",
            json!(""),
            "nodePrefix",
            "tr",
            "\"\"",
        ),
        ("spec.network.name", json!("net-2"), "network", "net-1", "net-2"),
        ("spec.type", json!("Logical"), "type", "Dedicate", "Logical"),
        (MODE, json!("1"), "billing.mode", "PayPerUse", "Subscription"),
    ];
    for (place, value, field, wanted, there) in table {
        let (fields, reason, text) = refused(&desired(&[]), &observed(&[(place, value)]));
        assert_eq!((fields, reason), (vec![field.to_owned()], Reason::ImmutableField));
        assert!(
            text.contains(wanted) && text.contains(there) && text.contains("spec."),
            "{text}"
        );
    }
}

#[test]
fn a_derived_name_and_a_network_by_reference_are_not_held_against_a_pool() {
    let mut wanted = desired(&[
        ("poolName", json!(null)),
        ("network", json!(null)),
        ("networkRef", json!({"name": "n"})),
    ]);
    assert_eq!(next(&wanted, &observed(&[]), &marker()), Next::Nothing);
    wanted = wanted.in_network("net-9");
    assert_eq!(refused(&wanted, &observed(&[])).0, ["networkRef"]);
}

/// The spec's entries, the pool's, and what is refused: the field, the reason, a word.
type Refusal = (Value, Value, (&'static str, Reason, &'static str));

fn refuses(there: (&'static str, Value), billing: Option<Value>, table: impl IntoIterator<Item = Refusal>) {
    for (wanted, entries, (field, reason, told)) in table {
        let changes = [(RESOURCES, wanted), ("billing", json!(billing))];
        let pool = observed(&[there.clone(), (IN_CLOUD, entries)]);
        let (fields, because, text) = refused(&desired(&changes), &pool);
        assert_eq!((fields, because), (vec![field.to_owned()], reason), "{text}");
        assert!(text.contains(told) && text.contains(field), "{text}");
    }
}

#[test]
fn nodes_that_are_made_together_stay_together() {
    let stepped = |step: i64, count: i64| json!([{"flavor": "f", "count": count, "creatingStep": {"step": step, "type": "rack"}}]);
    let count = "resources[f].count";
    let step = "resources[f].creatingStep";
    let of = |count: i64| entries(&[("f", count)]);
    refuses(
        ("spec.controlMode", json!(1)),
        None,
        [
            (of(10), stepped(4, 4), (count, Reason::ChangeRefused, "8 and 12")),
            (of(2), stepped(4, 4), (count, Reason::ChangeRefused, "4 is the next")),
            (
                stepped(8, 8),
                stepped(4, 4),
                (step, Reason::ImmutableField, "cannot be changed"),
            ),
            (
                stepped(8, 8),
                of(8),
                (step, Reason::ImmutableField, "cannot be changed"),
            ),
        ],
    );
}

#[test]
fn entries_that_cannot_come_or_go_are_told() {
    let (one, two) = (entries(&[("f", 2)]), entries(&[("f", 2), ("g", 1)]));
    let refused = ("resources[g]", Reason::ChangeRefused, "controlMode 2");
    let table = [(two.clone(), one.clone(), refused), (one.clone(), two.clone(), refused)];
    refuses(("spec.controlMode", json!(2)), None, table);
    let unsized_entry = json!([{"flavor": "g"}]);
    let refused = ("resources[g]", Reason::ChangeRefused, "spec.nodes");
    refuses(
        ("spec.controlMode", json!(0)),
        None,
        [(unsized_entry, one.clone(), refused)],
    );
    let billing = json!({"mode": "Subscription", "periodType": "Month", "periodNum": 1});
    let told = |field| (field, Reason::SubscriptionActive, "month or year");
    let fewer = entries(&[("f", 1)]);
    let table = [
        (fewer, one.clone(), told("resources[f].count")),
        (one, two, told("resources[g]")),
    ];
    refuses((MODE, json!("1")), Some(billing), table);
}

#[test]
fn nothing_is_taken_away_while_what_should_replace_it_cannot_come() {
    let wanted = desired(&[(RESOURCES, entries(&[("f", 1), ("s", 6)]))]);
    let stepped = json!([
        {"flavor": "f", "count": 2},
        {"flavor": "s", "count": 4, "creatingStep": {"step": 4, "type": "rack"}},
    ]);
    let (fields, ..) = refused(&wanted, &observed(&[(IN_CLOUD, stepped)]));
    assert_eq!(fields, ["resources[s].count"]);
}
