//! How networks end: after their pools, never from under one, and not at all where the policy says so.

use e2e::kubectl;
use serde_json::json;

use crate::STAGE;
use crate::nets::{Nets, message};

#[test]
fn a_network_waits_for_its_pools_and_names_them() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        nets.create("wires", &json!({})).await;
        let id = nets.until_ready("wires").await;
        let referring = json!({ "network": null, "networkRef": { "name": "wires" } });
        scene.create_ready("by-name", &referring).await;
        scene.create_ready("by-id", &json!({ "network": { "name": id } })).await;
        nets.delete("wires").await;
        let waiting = nets.until_reason("wires", "NetworkInUse").await;
        let (text, space) = (message(&waiting), &scene.name);
        assert!(text.contains(&format!("{space}/by-id, {space}/by-name")), "{text}");
        scene.delete_gone("by-name").await;
        scene.delete_gone("by-id").await;
        nets.until_gone("wires").await;
        let deeds = scene.deeds().await;
        assert_eq!(deeds.last().map(String::as_str), Some("DeleteNetwork"), "{deeds:?}");
        assert_eq!(
            scene.tally("DeleteNetwork").await.count,
            1,
            "it was not tried in between"
        );
    });
}

#[test]
fn a_namespace_with_pools_and_networks_ends() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        let slow = json!({ "createSeconds": 0, "deleteSeconds": 2 });
        scene.simulator.set_profile(&slow).await.unwrap();
        nets.create("wires", &json!({})).await;
        nets.create("wires-without-pools", &json!({ "cidr": "192.168.21.0/24" }))
            .await;
        nets.until_ready("wires").await;
        nets.until_ready("wires-without-pools").await;
        for name in ["train-a", "train-b"] {
            let referring = json!({ "network": null, "networkRef": { "name": "wires" } });
            scene.create_ready(name, &referring).await;
        }
        let arguments = ["delete", "namespace", &scene.name, "--timeout=120s"];
        let said = kubectl::run(&scene.world.control_plane, &arguments, "").await;
        assert!(said.ok, "{}{}\n{}", said.out, said.err, scene.world.operator_logs(40));
        assert_eq!(nets.in_cloud().await.len(), 0);
        assert_eq!(scene.cloud_pools().await.len(), 0);
        let deeds = scene.deeds().await;
        let count = |deed: &str| deeds.iter().filter(|done| *done == deed).count();
        assert_eq!((count("CreateNetwork"), count("DeleteNetwork")), (2, 2), "{deeds:?}");
        assert_eq!((count("CreatePool"), count("DeletePool")), (2, 2), "{deeds:?}");
    });
}

#[test]
fn a_detached_network_stays_in_the_cloud() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        nets.create("wires", &json!({ "deletionPolicy": "Detach" })).await;
        let id = nets.until_ready("wires").await;
        nets.delete("wires").await;
        nets.until_gone("wires").await;
        assert_eq!(scene.deeds().await, ["CreateNetwork"]);
        let left = nets.in_cloud().await;
        assert_eq!(left.len(), 1);
        assert_eq!(left[0]["metadata"]["name"], id.as_str());
    });
}

#[test]
fn a_network_that_a_pool_without_an_object_uses_is_refused_by_the_cloud_and_says_so() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        nets.create("wires", &json!({})).await;
        let id = nets.until_ready("wires").await;
        let mut stranger = e2e::scene::stranger("somebodys", "0");
        stranger["spec"]["network"]["name"] = id.into();
        let project = sandbox::simulator::PROJECT;
        let pool = scene.simulator.create_pool(project, &stranger).await.unwrap();
        nets.delete("wires").await;
        nets.until_reason("wires", "DeletionRefused").await;
        let pool = pool["metadata"]["name"].as_str().unwrap();
        scene.simulator.delete_pool(pool).await.unwrap();
        nets.until_gone("wires").await;
        assert_eq!(nets.in_cloud().await.len(), 0);
    });
}
