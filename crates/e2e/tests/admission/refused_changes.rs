//! Changes of a pool that are refused: fields that stay as they were created.

use serde_json::{Value, json};

use crate::world::{Refusal, World, pool, refuse_change};

/// Why it is refused; what the pool has before, beside what a good one has; the change; the field that the message names; the rule.
type Row = (&'static str, Value, Value, &'static str, &'static str);

fn rows() -> Vec<Row> {
    let mut rows = fields();
    rows.extend(inside_an_entry());
    rows
}

#[rustfmt::skip]
fn fields() -> Vec<Row> {
    let other_network = json!({"network": {"name": "net-9999-86c13962597848eeb29c5861153a391f"}});
    let reference = json!({"network": null, "networkRef": {"name": "net"}});
    let month = json!({"billing": {"mode": "Subscription", "periodType": "Month", "periodNum": 1}});
    vec![
        ("poolName changed", json!({"poolName": "pool-001"}), json!({"poolName": "pool-002"}), "spec.poolName", "poolName cannot be changed, added or removed"),
        ("poolName added", json!({}), json!({"poolName": "pool-002"}), "spec.poolName", "poolName cannot be changed, added or removed"),
        ("poolName removed", json!({"poolName": "pool-001"}), json!({"poolName": null}), "spec.poolName", "poolName cannot be changed, added or removed"),
        ("nodePrefix changed", json!({"nodePrefix": "a"}), json!({"nodePrefix": "b"}), "spec.nodePrefix", "nodePrefix cannot be changed, added or removed"),
        ("nodePrefix added", json!({}), json!({"nodePrefix": "b"}), "spec.nodePrefix", "nodePrefix cannot be changed, added or removed"),
        ("nodePrefix removed", json!({"nodePrefix": "a"}), json!({"nodePrefix": null}), "spec.nodePrefix", "nodePrefix cannot be changed, added or removed"),
        // There is one type, so it cannot be changed to another that the schema would take.
        ("type changed", json!({"type": "Dedicate"}), json!({"type": "Logical"}), "spec.type", r#"supported values: "Dedicate""#),
        ("type added", json!({}), json!({"type": "Dedicate"}), "spec.type", "type cannot be changed, added or removed"),
        ("type removed", json!({"type": "Dedicate"}), json!({"type": null}), "spec.type", "type cannot be changed, added or removed"),
        ("network changed", json!({}), other_network, "spec.network", "network cannot be changed, added or removed"),
        ("network removed", json!({}), json!({"network": null}), "spec.network", "network cannot be changed, added or removed"),
        ("network for a reference", json!({}), json!({"network": null, "networkRef": {"name": "net"}}), "spec.networkRef", "networkRef cannot be changed, added or removed"),
        ("networkRef changed", reference.clone(), json!({"networkRef": {"name": "other"}}), "spec.networkRef", "networkRef cannot be changed, added or removed"),
        ("networkRef for an ID", reference, json!({"networkRef": null, "network": {"name": "net-0123"}}), "spec.network", "network cannot be changed, added or removed"),
        ("billing changed", month.clone(), json!({"billing": {"periodNum": 2}}), "spec.billing", "billing cannot be changed, added or removed"),
        ("billing added", json!({}), month.clone(), "spec.billing", "billing cannot be changed, added or removed"),
        ("billing removed", month.clone(), json!({"billing": null}), "spec.billing", "billing cannot be changed, added or removed"),
        ("renewal switched on later", month, json!({"billing": {"autoRenew": true}}), "spec.billing", "billing cannot be changed, added or removed"),
        ("account changed", json!({"account": "a"}), json!({"account": "b"}), "spec.account", r#"account cannot be changed after creation (absent means "default")"#),
        ("account added", json!({}), json!({"account": "b"}), "spec.account", r#"absent means "default""#),
        ("account removed", json!({"account": "a"}), json!({"account": null}), "spec.account", r#"absent means "default""#),
        ("workspaceId changed", json!({"workspaceId": "1"}), json!({"workspaceId": "2"}), "spec.workspaceId", r#"workspaceId cannot be changed after creation (absent means "0")"#),
        ("workspaceId added", json!({}), json!({"workspaceId": "2"}), "spec.workspaceId", r#"absent means "0""#),
        ("workspaceId removed", json!({"workspaceId": "1"}), json!({"workspaceId": null}), "spec.workspaceId", r#"absent means "0""#),
    ]
}

#[rustfmt::skip]
fn inside_an_entry() -> Vec<Row> {
    let entry = |step: Option<i32>| match step {
        None => json!({"flavor": "a", "count": 8, "nodePool": "np"}),
        Some(step) => json!({"flavor": "a", "count": 8, "nodePool": "np", "creatingStep": {"step": step, "type": "hyperinstance"}}),
    };
    let alone = |step| json!({"resources": [entry(step)]});
    let second = |step| json!({"resources": [{"flavor": "b", "count": 1}, entry(step)]});
    let rule = "creatingStep of an entry cannot be changed, added or removed";
    vec![
        ("creatingStep changed", alone(Some(4)), alone(Some(8)), "spec.resources", rule),
        ("creatingStep added", alone(None), alone(Some(8)), "spec.resources", rule),
        ("creatingStep removed", alone(Some(4)), alone(None), "spec.resources", rule),
        ("creatingStep changed while the entry moves", alone(Some(4)), second(Some(8)), "spec.resources", rule),
    ]
}

pub async fn check(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, (case, before, changes, field, rule)) in rows().into_iter().enumerate() {
        let before = pool(&format!("kept-{number}"), &before);
        let refusal = Refusal { field, rule };
        findings.extend(refuse_change(&world.pools(), &before, &changes, case, &refusal).await);
    }
    findings
}
