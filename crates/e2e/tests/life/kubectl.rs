//! What users do in a terminal.

use e2e::kubectl;
use e2e::scene::{Scene, pool_id};
use serde_json::{Value, json};

use crate::STAGE;

/// Runs kubectl in the scene's namespace with `input`; its output, or a panic with its error.
async fn kubectl(scene: &Scene, arguments: &[&str], input: &str) -> String {
    let in_namespace = [&["--namespace", &scene.name], arguments].concat();
    let said = kubectl::run(&scene.world.control_plane, &in_namespace, input).await;
    assert!(
        said.ok,
        "kubectl {arguments:?}: {}{}\n{}",
        said.out,
        said.err,
        scene.world.operator_logs(20)
    );
    said.out
}

async fn apply_ready(scene: &Scene, name: &str, changes: &Value) {
    let manifest = scene.manifest(name, changes).to_string();
    let applied = kubectl(scene, &["apply", "-f", "-"], &manifest).await;
    assert!(applied.contains(&format!("{name} created")), "{applied}");
    let pool = format!("mapool/{name}");
    kubectl(scene, &["wait", "--for=condition=Ready", &pool, "--timeout=60s"], "").await;
}

#[test]
fn a_pool_is_applied_awaited_shown_and_deleted() {
    STAGE.play(async |scene| {
        let size = json!({ "poolName": "shown-name", "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 2 }] });
        apply_ready(scene, "shown", &size).await;
        let table = kubectl(scene, &["get", "mapool", "-o", "wide"], "").await;
        let lines: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
        let heads = ["NAME", "POOL-NAME", "PHASE", "READY", "AVAILABLE", "DESIRED", "AGE"];
        assert_eq!(lines[0][..7], heads, "{table}");
        assert_eq!(lines[0][7..], ["POOL-ID", "FLAVORS", "ACCOUNT", "MESSAGE"], "{table}");
        let cloud = scene.cloud_pools().await;
        let id = cloud[0]["metadata"]["name"].as_str().unwrap();
        assert_eq!(
            lines[1][..6],
            ["shown", "shown-name", "Running", "True", "2", "2"],
            "{table}"
        );
        assert_eq!(lines[1][7..10], [id, "modelarts.vm.cpu.8ud", &scene.name], "{table}");
        assert!(table.contains("the pool is Running, 2 nodes are available"), "{table}");

        // Without --wait=false kubectl comes back only when the object is gone.
        kubectl(scene, &["delete", "mapool", "shown", "--timeout=60s"], "").await;
        assert!(scene.cloud_pools().await.is_empty());
        assert_eq!(scene.deeds().await, ["CreatePool", "DeletePool"]);
        assert!(scene.pools().get_opt("shown").await.unwrap().is_none());
    });
}

#[test]
fn a_detached_pool_is_left_in_the_cloud_and_named_in_an_event() {
    STAGE.play(async |scene| {
        apply_ready(scene, "kept", &json!({ "deletionPolicy": "Detach" })).await;
        let id = pool_id(&scene.pools().get("kept").await.unwrap()).to_owned();
        kubectl(scene, &["delete", "mapool", "kept", "--timeout=60s"], "").await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
        let cloud = scene.cloud_pools().await;
        assert_eq!(cloud[0]["metadata"]["name"], *id);
        assert_eq!(cloud[0]["status"]["phase"], "Running");
        let events = kubectl(scene, &["get", "events.events.k8s.io", "-o", "json"], "").await;
        let events: Value = serde_json::from_str(&events).unwrap();
        let items = events["items"].as_array().unwrap();
        let told = items.iter().find(|event| event["reason"] == "Detached").unwrap();
        assert!(told["note"].as_str().unwrap().contains(&id), "{told}");
        assert_eq!(told["regarding"]["name"], "kept");
        // The same in the older notation, which people are used to.
        let table = kubectl(scene, &["get", "events"], "").await;
        assert!(table.contains("Detached") && table.contains(&id), "{table}");
    });
}

#[test]
fn a_deleted_namespace_takes_its_pools_along_in_the_cloud_too() {
    STAGE.play(async |scene| {
        for name in ["one", "two"] {
            apply_ready(scene, name, &json!({})).await;
        }
        // kubectl comes back when the namespace is gone.
        kubectl(scene, &["delete", "namespace", &scene.name, "--timeout=90s"], "").await;
        assert!(scene.cloud_pools().await.is_empty());
        let deeds = scene.deeds().await;
        assert_eq!(deeds, ["CreatePool", "CreatePool", "DeletePool", "DeletePool"]);
    });
}

#[test]
fn a_request_for_a_pass_is_echoed_when_it_was_handled() {
    STAGE.play(async |scene| {
        apply_ready(scene, "train", &json!({})).await;
        let annotation = "modelarts.huaweicloud.com/requestedAt=2026-01-01T00:00:00Z";
        kubectl(scene, &["annotate", "mapool", "train", annotation], "").await;
        let path = "--for=jsonpath={.status.lastHandledReconcileAt}=2026-01-01T00:00:00Z";
        kubectl(scene, &["wait", path, "mapool/train", "--timeout=30s"], "").await;
        scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}
