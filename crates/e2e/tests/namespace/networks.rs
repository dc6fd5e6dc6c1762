//! Networks that go with their namespace, together with the pools in them.

use e2e::scene::{PATIENCE, Scene};
use kube::Api;
use kube::api::PostParams;
use modelarts_crd::ModelArtsNetwork;
use sandbox::simulator::LedgerEntry;
use sandbox::wait;
use serde_json::{Value, json};

use crate::STAGE;
use crate::end::delete_namespace;

/// Creates a network and waits until it is ready.
async fn create(scene: &Scene, name: &str, cidr: &str, policy: Option<&str>) {
    let networks: Api<ModelArtsNetwork> = Api::namespaced(scene.client(), &scene.name);
    let mut spec = json!({ "account": scene.name, "cidr": cidr });
    if let Some(policy) = policy {
        spec["deletionPolicy"] = policy.into();
    }
    let made = json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsNetwork",
        "metadata": { "name": name }, "spec": spec,
    });
    let made = serde_json::from_value(made).unwrap();
    networks.create(&PostParams::default(), &made).await.unwrap();
    let waited = wait::until(format!("network {name} to be ready"), PATIENCE, async || {
        let seen = networks.get(name).await.map_err(|error| error.to_string())?;
        let status = seen.status.unwrap_or_default();
        let ready = status
            .conditions
            .iter()
            .any(|c| c.type_ == "Ready" && c.status == "True");
        if ready { Ok(()) } else { Err(format!("{status:?}")) }
    });
    scene.expect(waited.await);
}

fn referring(name: &str, policy: Option<&str>) -> Value {
    let mut changes = json!({ "network": null, "networkRef": { "name": name } });
    if let Some(policy) = policy {
        changes["deletionPolicy"] = policy.into();
    }
    changes
}

/// What was done, in order.
fn deeds(ledger: &[LedgerEntry]) -> Vec<&str> {
    ledger.iter().map(|entry| &*entry.operation).collect()
}

#[test]
fn a_network_goes_after_the_pools_in_it() {
    STAGE.play(async |scene| {
        create(scene, "net", "192.168.0.0/16", None).await;
        for name in ["one", "two"] {
            scene.create(name, &referring("net", None)).await;
        }
        for name in ["one", "two"] {
            scene.until_ready(name).await;
        }
        delete_namespace(scene).await;
        let ledger = scene.ledger().await;
        let (made, gone) = (
            ["CreateNetwork", "CreatePool", "CreatePool"],
            ["DeletePool", "DeletePool", "DeleteNetwork"],
        );
        assert_eq!(deeds(&ledger), [made, gone].concat());
        assert!(scene.cloud_pools().await.is_empty());
    });
}

#[test]
fn a_detached_network_lives_on_with_the_detached_pools_in_it() {
    STAGE.play(async |scene| {
        create(scene, "net", "192.168.0.0/16", Some("Detach")).await;
        create(scene, "spare", "172.16.0.0/12", Some("Delete")).await;
        for (name, policy) in [("kept", "Detach"), ("gone", "Delete")] {
            scene.create_ready(name, &referring("net", Some(policy))).await;
        }
        delete_namespace(scene).await;
        let ledger = scene.ledger().await;
        let deleted = ledger.iter().filter(|entry| entry.operation.starts_with("Delete"));
        let mut deleted: Vec<_> = deleted
            .map(|entry| (&*entry.operation, entry.display_name.split('-').next().unwrap()))
            .collect();
        deleted.sort_unstable();
        assert_eq!(deleted, [("DeleteNetwork", "spare"), ("DeletePool", "gone")]);
        assert_eq!(scene.cloud_pools().await.len(), 1);
    });
}
