//! Pools that are refused when they are created.

use serde_json::{Value, json};

use crate::world::{Refusal, World, create, pool};

type Row = (&'static str, Value, &'static str, &'static str);

/// Why it is wrong; what it changes in a good spec; the field that the message names; the rule that it gives.
fn rows() -> Vec<Row> {
    let mut rows = shapes();
    rows.extend(sizes());
    rows.extend(names());
    rows.extend(policies());
    rows
}

#[rustfmt::skip]
fn shapes() -> Vec<Row> {
    vec![
        ("no job type", json!({"scope": []}), "spec.scope", "should have at least 1 items"),
        ("scope left out", json!({"scope": null}), "spec.scope", "Required value"),
        ("a job type that does not exist", json!({"scope": ["Play"]}), "spec.scope[0]", r#"supported values: "Train", "Infer", "Notebook""#),
        ("a job type twice", json!({"scope": ["Train", "Train"]}), "spec.scope[1]", r#"Duplicate value: "Train""#),
        ("no network", json!({"network": null}), "spec.network", "set network (an ID) or networkRef (a ModelArtsNetwork), one of the two"),
        ("two networks", json!({"networkRef": {"name": "net"}}), "spec.network", "set network (an ID) or networkRef (a ModelArtsNetwork), one of the two"),
        ("a kind of pool that we cannot make", json!({"type": "Logical"}), "spec.type", r#"supported values: "Dedicate""#),
        ("an unknown deletion policy", json!({"deletionPolicy": "Keep"}), "spec.deletionPolicy", r#"supported values: "Delete", "Detach""#),
        ("an unknown update strategy", json!({"driver": {"updateStrategy": "Idle"}}), "spec.driver.updateStrategy", r#"supported values: "idle", "force""#),
        ("a description of 48 characters", json!({"description": "x".repeat(48)}), "spec.description", "may not be more than 47"),
    ]
}

#[rustfmt::skip]
fn sizes() -> Vec<Row> {
    let eleven: Vec<_> = (0..11).map(|n| json!({"flavor": "a", "count": 1, "nodePool": format!("p{n}")})).collect();
    vec![
        ("a count of zero", json!({"resources": [{"flavor": "a", "count": 0}]}), "spec.resources[0].count", "should be greater than or equal to 1"),
        ("a negative count", json!({"resources": [{"flavor": "a", "count": -1}]}), "spec.resources[0].count", "should be greater than or equal to 1"),
        ("a count of 2001", json!({"resources": [{"flavor": "a", "count": 2001}]}), "spec.resources[0].count", "should be less than or equal to 2000"),
        ("zero nodes", json!({"resources": [{"flavor": "a"}], "nodes": 0}), "spec.nodes", "should be greater than or equal to 1"),
        ("2001 nodes", json!({"resources": [{"flavor": "a"}], "nodes": 2001}), "spec.nodes", "should be less than or equal to 2000"),
        ("eleven entries", json!({"resources": eleven}), "spec.resources", "must have at most 10 items"),
        ("no entry", json!({"resources": []}), "spec.resources", "should have at least 1 items"),
        ("resources left out", json!({"resources": null}), "spec.resources", "Required value"),
        ("a node label that Kubernetes would refuse", json!({"resources": [{"flavor": "a", "labels": {"team": "x".repeat(64)}}]}), "spec.resources[0].labels.team", "may not be more than 63"),
        ("a parameter of 16 KiB and a byte", json!({"resources": [{"flavor": "a", "extendParams": {"script": "x".repeat(16385)}}]}), "spec.resources[0].extendParams.script", "may not be more than 16384"),
        ("an entry without a flavor", json!({"resources": [{"count": 1}]}), "spec.resources[0].flavor", "Required value"),
        ("a flavor twice in the same node pool", json!({"resources": [{"flavor": "a", "count": 1, "nodePool": "np"}, {"flavor": "a", "count": 2, "nodePool": "np"}]}), "spec.resources", "the same flavor and nodePool"),
        ("a flavor twice in its default node pool", json!({"resources": [{"flavor": "a", "count": 1}, {"flavor": "a", "count": 2}]}), "spec.resources", "the same flavor and nodePool"),
        ("both nodes and a count", json!({"nodes": 2}), "spec.nodes", "exactly one entry in resources that has no count"),
        ("nodes with two entries", json!({"nodes": 2, "resources": [{"flavor": "a"}, {"flavor": "b"}]}), "spec.nodes", "exactly one entry in resources that has no count"),
        ("one of two entries without a count", json!({"resources": [{"flavor": "a", "count": 1}, {"flavor": "b"}]}), "spec.resources", "count is required in every entry"),
    ]
}

#[rustfmt::skip]
fn names() -> Vec<Row> {
    let pattern = "should match '^[a-z][a-z0-9-]{2,23}[a-z0-9]$'";
    vec![
        ("a name of three", json!({"poolName": "abc"}), "spec.poolName", "should be at least 4 chars long"),
        ("a name of 26", json!({"poolName": "a".repeat(26)}), "spec.poolName", "may not be more than 25"),
        ("a capital", json!({"poolName": "Pool-1"}), "spec.poolName", pattern),
        ("a hyphen at the end", json!({"poolName": "pool-"}), "spec.poolName", pattern),
        ("a digit at the beginning", json!({"poolName": "1pool"}), "spec.poolName", pattern),
        ("an underscore", json!({"poolName": "pool_1"}), "spec.poolName", pattern),
    ]
}

#[rustfmt::skip]
fn policies() -> Vec<Row> {
    let term = |unit: &str, length: i32| json!({"billing": {"mode": "Subscription", "periodType": unit, "periodNum": length}});
    vec![
        ("a subscription without a term", json!({"billing": {"mode": "Subscription"}}), "spec.billing", "a Subscription needs periodType and periodNum"),
        ("a subscription without a unit", json!({"billing": {"mode": "Subscription", "periodNum": 1}}), "spec.billing", "a Subscription needs periodType and periodNum"),
        ("ten months", term("Month", 10), "spec.billing.periodNum", "should be less than or equal to 9"),
        ("four years", term("Year", 4), "spec.billing.periodNum", "a term is 1 to 9 months or 1 to 3 years"),
        ("a term of a pool that is paid by the hour", json!({"billing": {"mode": "PayPerUse", "periodNum": 1}}), "spec.billing", "are for mode Subscription only"),
        ("payment without a person where nothing is bought in advance", json!({"billing": {"autoPay": true}}), "spec.billing", "are for mode Subscription only"),
        ("Observe without a name", json!({"managementPolicy": "Observe"}), "spec.managementPolicy", "set poolName or adoption.poolId"),
        ("an unknown management policy", json!({"managementPolicy": "Watch"}), "spec.managementPolicy", r#"supported values: "Manage", "Observe", "Pause""#),
        ("adoption of nothing", json!({"adoption": {}}), "spec.adoption.poolId", "Required value"),
        ("a field that nobody can ignore", json!({"drift": {"ignore": ["poolName"]}}), "spec.drift.ignore[0]", "supported values"),
        ("a field ignored twice", json!({"drift": {"ignore": ["scope", "scope"]}}), "spec.drift.ignore[1]", r#"Duplicate value: "scope""#),
    ]
}

pub async fn check(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, (case, changes, field, rule)) in rows().into_iter().enumerate() {
        findings.extend(refuse(world, &format!("refused-{number}"), &changes, case, field, rule).await);
    }
    for forbidden in "!<>=&\"'[]".chars() {
        let changes = json!({"description": format!("a {forbidden} b")});
        let (name, case) = (
            format!("forbidden-{}", u32::from(forbidden)),
            format!("{forbidden} in the description"),
        );
        let rule = r#"should match '^[^!<>=&"'\[\]]*$'"#;
        findings.extend(refuse(world, &name, &changes, &case, "spec.description", rule).await);
    }
    findings
}

async fn refuse(
    world: &World,
    name: &str,
    changes: &Value,
    case: &str,
    field: &'static str,
    rule: &'static str,
) -> Option<String> {
    let answer = create(&world.pools(), &pool(name, changes)).await;
    let finding = Refusal { field, rule }.finding(case, answer);
    let there = world.pools().get_opt(name).await.unwrap().is_some();
    finding.or_else(|| there.then(|| format!("{case}: refused, but the object is there")))
}
