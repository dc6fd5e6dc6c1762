//! Accounts that are refused, and changes of accounts that are.

use serde_json::{Value, json};

use crate::world::{Refusal, World, account, create, refuse_change};

/// Why it is refused; the spec, beside what a good one has; the field that the message names; the rule.
#[rustfmt::skip]
fn made() -> Vec<(&'static str, Value, &'static str, &'static str)> {
    vec![
        ("projectId and projectName", json!({"projectId": "0a", "projectName": "cn-north-4_b"}), "spec.projectName", "set projectId or projectName, not both"),
        ("no region", json!({"region": null}), "spec.region", "Required value"),
        ("a region that would lead to another host", json!({"region": "cn.example.com/"}), "spec.region", "should match"),
        ("no credentials", json!({"credentials": null}), "spec.credentials", "Required value"),
        ("credentials from nowhere", json!({"credentials": {"secret": null}}), "spec.credentials", "set exactly one of secret, environment, podIdentity and instanceMetadata"),
        ("credentials from two places", json!({"credentials": {"podIdentity": {}}}), "spec.credentials", "set exactly one of secret, environment, podIdentity and instanceMetadata"),
        ("a bundle without a certificate", json!({"caBundle": "a certificate"}), "spec.caBundle", "should match"),
        ("an endpoint that is no URL", json!({"endpoint": "modelarts.example.com"}), "spec.endpoint", "should match '^https?://'"),
        ("a poll interval of four seconds", json!({"pollInterval": "4s"}), "spec.pollInterval", "should match"),
        ("no reads at all", json!({"limits": {"readsPerSecond": 0}}), "spec.limits.readsPerSecond", "should be greater than or equal to 1"),
    ]
}

type Change = (&'static str, Value, Value, &'static str, &'static str);

/// Why it is refused; what the account has before; the change; the field that the message names; the rule.
#[rustfmt::skip]
fn changed() -> Vec<Change> {
    let (id, name) = (json!({"projectId": "0a"}), json!({"projectName": "a"}));
    vec![
        ("region changed", json!({}), json!({"region": "cn-east-3"}), "spec.region", "region cannot be changed, added or removed"),
        ("projectId changed", id.clone(), json!({"projectId": "0b"}), "spec.projectId", "projectId cannot be changed, added or removed"),
        ("projectId added", json!({}), id.clone(), "spec.projectId", "projectId cannot be changed, added or removed"),
        ("projectId removed", id, json!({"projectId": null}), "spec.projectId", "projectId cannot be changed, added or removed"),
        ("projectName changed", name.clone(), json!({"projectName": "b"}), "spec.projectName", "projectName cannot be changed, added or removed"),
        ("projectName added", json!({}), name.clone(), "spec.projectName", "projectName cannot be changed, added or removed"),
        ("projectName removed", name, json!({"projectName": null}), "spec.projectName", "projectName cannot be changed, added or removed"),
    ]
}

pub async fn check(world: &World) -> Vec<String> {
    let accounts = world.accounts();
    let mut findings = Vec::new();
    for (number, (case, changes, field, rule)) in made().into_iter().enumerate() {
        let name = format!("refused-{number}");
        let answer = create(&accounts, &account(&name, &changes)).await;
        findings.extend(Refusal { field, rule }.finding(case, answer));
        if accounts.get_opt(&name).await.unwrap().is_some() {
            findings.push(format!("{case}: the account is there"));
        }
    }
    for (number, (case, before, changes, field, rule)) in changed().into_iter().enumerate() {
        let before = account(&format!("kept-{number}"), &before);
        let refusal = Refusal { field, rule };
        findings.extend(refuse_change(&accounts, &before, &changes, case, &refusal).await);
    }
    findings
}
