//! What must be taken: the examples, and changes that look like forbidden ones and are none.

use kube::ResourceExt;
use kube::api::DynamicObject;
use modelarts_crd::ModelArtsPool;
use modelarts_crd::policy::PoolField;
use serde_json::{Value, json};

use crate::world::{World, account, change, create, file, network, object, pool};

/// Why it is right; the pool before, beside what a good one has; the change.
#[rustfmt::skip]
fn changes() -> Vec<(&'static str, Value, Value)> {
    let entry = |flavor: &str, count: i32| json!({"flavor": flavor, "count": count});
    let stepped = json!({"flavor": "a", "count": 8, "creatingStep": {"step": 4, "type": "hyperinstance"}});
    vec![
        ("the account's default written down later", json!({}), json!({"account": "default"})),
        ("the account's default left out later", json!({"account": "default"}), json!({"account": null})),
        ("the workspace's default written down later", json!({}), json!({"workspaceId": "0"})),
        ("the workspace's default left out later", json!({"workspaceId": "0"}), json!({"workspaceId": null})),
        ("entries in another order", json!({"resources": [entry("a", 1), entry("b", 2)]}), json!({"resources": [entry("b", 2), entry("a", 1)]})),
        ("another order with a creatingStep", json!({"resources": [stepped, entry("b", 2)]}), json!({"resources": [entry("b", 2), stepped]})),
        ("an entry with a creatingStep added", json!({"resources": [entry("b", 2)]}), json!({"resources": [entry("b", 2), stepped]})),
        ("from a count to nodes", json!({}), json!({"nodes": 3, "resources": [{"flavor": "modelarts.vm.gpu.tnt004"}]})),
        ("a size that is not managed", json!({}), json!({"resources": [{"flavor": "modelarts.vm.gpu.tnt004"}]})),
        ("another size, scope, driver and description", json!({}), json!({
            "resources": [entry("modelarts.vm.gpu.tnt004", 3)], "scope": ["Train", "Infer"],
            "driver": {"gpuVersion": "470.57", "updateStrategy": "force"}, "description": "larger",
        })),
        ("another deletion policy", json!({}), json!({"deletionPolicy": "Detach"})),
        ("another management policy", json!({}), json!({"managementPolicy": "Pause"})),
        ("Observe for what was adopted", json!({"adoption": {"poolId": "pool-001"}}), json!({"managementPolicy": "Observe"})),
        ("adoption named later, for a pool that was left behind", json!({}), json!({"adoption": {"poolId": "pool-001"}})),
        ("adoption left out later", json!({"adoption": {"poolId": "pool-001"}}), json!({"adoption": null})),
        ("a marker that may be replaced", json!({"adoption": {"poolId": "pool-001"}}), json!({"adoption": {"replacesMarker": "uid"}})),
        ("another drift policy", json!({"drift": {"policy": "Report"}}), json!({"drift": {"ignore": ["resources.count"]}})),
        ("a subscription in another size", json!({"billing": {"mode": "Subscription", "periodType": "Year", "periodNum": 3}}), json!({"description": "larger"})),
    ]
}

/// Why it is right; what it has beside what a good one has.
#[rustfmt::skip]
fn creations() -> Vec<(&'static str, Value)> {
    let twice = json!([{"flavor": "a", "count": 1, "nodePool": "one"}, {"flavor": "a", "count": 2, "nodePool": "two"}, {"flavor": "a", "count": 3}]);
    let ten: Vec<_> = (0..10).map(|n| json!({"flavor": "a", "count": 2000, "nodePool": format!("p{n}")})).collect();
    vec![
        ("a flavor in several node pools", json!({"resources": twice})),
        ("ten entries of 2000", json!({"resources": ten})),
        ("a description of 47 characters", json!({"description": "x".repeat(47)})),
        ("47 characters that are not bytes", json!({"description": "训".repeat(47)})),
        ("an empty description", json!({"description": ""})),
        ("the shortest name", json!({"poolName": "p-01"})),
        ("the longest name", json!({"poolName": "p".repeat(25)})),
        ("every field ignored", json!({"drift": {"ignore": PoolField::ALL.iter().map(|field| field.path()).collect::<Vec<_>>()}})),
        ("Observe by name", json!({"poolName": "pool-001", "managementPolicy": "Observe"})),
        ("paid by the hour, written down", json!({"billing": {"mode": "PayPerUse"}})),
        ("nine months, renewed and paid without a person", json!({"billing": {"mode": "Subscription", "periodType": "Month", "periodNum": 9, "autoRenew": true, "autoPay": true}})),
        ("a network by reference", json!({"network": null, "networkRef": {"name": "net"}})),
        ("nodes without a count", json!({"resources": [{"flavor": "a"}], "nodes": 2000})),
    ]
}

pub async fn check(world: &World) -> Vec<String> {
    let pools = world.pools();
    let mut findings = Vec::new();
    for (number, (case, changes)) in creations().into_iter().enumerate() {
        let answer = create(&pools, &pool(&format!("accepted-{number}"), &changes)).await;
        findings.extend(answer.err().map(|error| format!("{case}: {error}")));
    }
    for (number, (case, before, changes)) in changes().into_iter().enumerate() {
        let name = format!("changed-{number}");
        match create(&pools, &pool(&name, &before)).await {
            Err(error) => findings.push(format!("{case}: the pool before the change: {error}")),
            Ok(made) => findings.extend(taken(case, &made, change(&pools, &name, &changes).await)),
        }
    }
    findings.extend(nulls_are_dropped(world).await);
    findings.extend(fresh_objects_are_not_looked_at(world).await);
    findings.extend(examples(world).await);
    findings
}

/// An update must be a new generation: otherwise the server dropped what was asked for.
fn taken(case: &str, before: &DynamicObject, answer: kube::Result<DynamicObject>) -> Option<String> {
    match answer {
        Err(error) => Some(format!("{case}: {error}")),
        Ok(after) if after.metadata.generation == before.metadata.generation => {
            Some(format!("{case}: nothing changed"))
        }
        Ok(_) => None,
    }
}

/// Templates write `field: null` for a value that is not set. It must mean what absence means, or the pool could not be read.
async fn nulls_are_dropped(world: &World) -> Vec<String> {
    let plain = pool("nulls", &json!({}));
    let mut spec = plain.data["spec"].clone();
    for field in [
        "account",
        "poolName",
        "workspaceId",
        "description",
        "nodePrefix",
        "type",
        "nodes",
        "jobFlavors",
        "driver",
        "billing",
        "networkRef",
        "managementPolicy",
        "deletionPolicy",
        "adoption",
        "drift",
    ] {
        spec[field] = Value::Null;
    }
    for field in [
        "nodePool",
        "azs",
        "extendParams",
        "os",
        "driver",
        "creatingStep",
        "rootVolume",
        "dataVolumes",
        "labels",
    ] {
        spec["resources"][0][field] = Value::Null;
    }
    match create(&world.pools(), &object::<ModelArtsPool>("nulls", spec)).await {
        Err(error) => vec![format!("explicit nulls: {error}")],
        Ok(made) if made.data["spec"] != plain.data["spec"] => {
            vec![format!("explicit nulls are kept: {}", made.data["spec"])]
        }
        Ok(made) => {
            let read = serde_json::to_value(&made).and_then(serde_json::from_value::<ModelArtsPool>);
            read.err()
                .map(|error| format!("explicit nulls: does not read: {error}"))
                .into_iter()
                .collect()
        }
    }
}

/// A tool that waits must not take an object for ready that nobody has looked at.
async fn fresh_objects_are_not_looked_at(world: &World) -> Vec<String> {
    let (pools, networks, accounts) = (world.pools(), world.networks(), world.accounts());
    let pool = create(&pools, &pool("fresh", &json!({}))).await.unwrap();
    let network = create(&networks, &network("fresh", &json!({}))).await.unwrap();
    let account = create(&accounts, &account("fresh", &json!({}))).await.unwrap();
    let mut findings = Vec::new();
    for made in [pool, network, account] {
        if made.data["status"] != json!({"observedGeneration": -1}) {
            findings.push(format!(
                "a fresh {} has the status {}",
                made.types.as_ref().unwrap().kind,
                made.data["status"]
            ));
        }
    }
    findings
}

/// Every example, and every sample of a released version, by itself, as the README tells people to do, and nothing in it lost.
async fn examples(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    let folder = |path: &std::path::Path| std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = folder(&file("examples")).collect();
    // What users of earlier versions have.
    for release in folder(&file("crates/modelarts-crd/released")) {
        files.extend(folder(&release.join("samples")));
    }
    files.sort();
    assert!(files.len() >= 20, "the examples are gone");
    for path in files {
        let run = world.kubectl(&["apply", "-f", path.to_str().unwrap()], "").await;
        if !run.ok || !run.err.is_empty() {
            findings.push(format!("{}: {}", path.display(), run.err));
        }
    }
    let scalable = world.pools().get_opt("scalable").await.unwrap();
    if scalable.as_ref().is_none_or(|pool| pool.data["spec"]["nodes"] != 2) {
        findings.push(format!(
            "examples/scalable.yaml: {:?}",
            scalable.map(|pool| pool.name_any())
        ));
    }
    findings
}
