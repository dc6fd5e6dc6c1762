//! Networks that are refused, when they are created and when they are changed.

use serde_json::{Value, json};

use crate::world::{Refusal, World, create, network, refuse_change};

/// Why it is wrong; what it changes in a good spec; the field that the message names; the rule that it gives.
#[rustfmt::skip]
fn creations() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    let peers: Vec<_> = (0..21).map(|n| json!({"peerVpcId": format!("vpc-{n}"), "peerSubnetId": "subnet"})).collect();
    vec![
        ("no address range", json!({"cidr": null}), "spec.cidr", "cidr is needed to create a network"),
        ("no address range and only a name", json!({"cidr": null, "networkName": "net-a"}), "spec.cidr", "cidr is needed to create a network"),
        ("a range of somebody else", json!({"cidr": "10.0.0.0/16"}), "spec.cidr", "should match"),
        ("a range that is too small", json!({"cidr": "192.168.0.0/25"}), "spec.cidr", "should match"),
        ("a range that is too large", json!({"cidr": "172.16.0.0/11"}), "spec.cidr", "should match"),
        ("Observe without a name", json!({"managementPolicy": "Observe"}), "spec.managementPolicy", "set networkName or adoption.networkId"),
        ("a name of 26", json!({"networkName": "a".repeat(26)}), "spec.networkName", "may not be more than 25"),
        ("a description of 48 characters", json!({"description": "x".repeat(48)}), "spec.description", "may not be more than 47"),
        ("adoption of nothing", json!({"adoption": {}}), "spec.adoption.networkId", "Required value"),
        ("too many connections", json!({"connection": {"peerConnectionList": peers}}), "spec.connection.peerConnectionList", "must have at most 20 items"),
        ("a field that nobody can ignore", json!({"drift": {"ignore": ["cidr"]}}), "spec.drift.ignore[0]", "supported values"),
    ]
}

/// Why it is wrong; what the network has before; the change; the field that the message names; the rule that it gives.
#[rustfmt::skip]
fn changes() -> Vec<(&'static str, Value, Value, &'static str, &'static str)> {
    let adopted = json!({"cidr": null, "adoption": {"networkId": "net-0123"}});
    let kept = "cannot be changed, added or removed";
    vec![
        ("cidr changed", json!({}), json!({"cidr": "192.168.0.0/17"}), "spec.cidr", kept),
        ("cidr added", adopted, json!({"cidr": "192.168.0.0/17"}), "spec.cidr", kept),
        ("cidr removed", json!({}), json!({"cidr": null}), "spec.cidr", kept),
        ("networkName changed", json!({"networkName": "net-a"}), json!({"networkName": "net-b"}), "spec.networkName", kept),
        ("networkName added", json!({}), json!({"networkName": "net-b"}), "spec.networkName", kept),
        ("networkName removed", json!({"networkName": "net-a"}), json!({"networkName": null}), "spec.networkName", kept),
        ("account changed", json!({"account": "a"}), json!({"account": "b"}), "spec.account", r#"absent means "default""#),
        ("workspaceId added", json!({}), json!({"workspaceId": "2"}), "spec.workspaceId", r#"absent means "0""#),
    ]
}

pub async fn check(world: &World) -> Vec<String> {
    let networks = world.networks();
    let mut findings = Vec::new();
    for (number, (case, changes, field, rule)) in creations().into_iter().enumerate() {
        let name = format!("refused-{number}");
        let answer = create(&networks, &network(&name, &changes)).await;
        findings.extend(Refusal { field, rule }.finding(case, answer));
        if networks.get_opt(&name).await.unwrap().is_some() {
            findings.push(format!("{case}: the object is there"));
        }
    }
    for (number, (case, before, changes, field, rule)) in changes().into_iter().enumerate() {
        let before = network(&format!("kept-{number}"), &before);
        findings.extend(refuse_change(&networks, &before, &changes, case, &Refusal { field, rule }).await);
    }
    findings
}
