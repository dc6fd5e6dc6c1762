//! In GitOps a pool may be there before its network. Both become ready, each is made once.

use e2e::kubectl;
use e2e::record::condition;
use e2e::scene::pool_id;
use serde_json::json;

use crate::STAGE;
use crate::nets::{Nets, message};

const REF: &str = "wires";

#[test]
fn a_pool_waits_for_the_network_that_it_names_and_is_made_in_it() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        let referring = json!({ "network": null, "networkRef": { "name": REF } });
        scene.create("train", &referring).await;
        let waiting = scene.until_reason("train", "WaitingForNetwork").await;
        assert_eq!(condition(&waiting, "Reconciling"), "True");
        nets.create(REF, &json!({})).await;
        let network = nets.until_ready(REF).await;
        let pool = scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreateNetwork", "CreatePool"]);
        let status = pool.status.clone().unwrap_or_default();
        assert_eq!(status.network_id.as_deref(), Some(network.as_str()));
        let pools = scene.cloud_pools().await;
        let made = pools.iter().find(|made| made["metadata"]["name"] == pool_id(&pool));
        assert_eq!(made.unwrap()["spec"]["network"]["name"], network.as_str());
        scene.delete_gone("train").await;
        nets.delete(REF).await;
        nets.until_gone(REF).await;
    });
}

#[test]
fn both_in_one_file_become_ready_and_go_in_one_command() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        let slow = json!({ "createSeconds": 1, "deleteSeconds": 1 });
        scene.simulator.set_profile(&slow).await.unwrap();
        let mut pool = scene.manifest("train", &json!({ "networkRef": { "name": REF } }));
        pool["spec"].as_object_mut().unwrap().remove("network");
        pool["apiVersion"] = "modelarts.huaweicloud.com/v1alpha1".into();
        pool["kind"] = "ModelArtsPool".into();
        let both = json!({ "apiVersion": "v1", "kind": "List", "items": [pool, nets.manifest(REF, &json!({}))] });
        let both = both.to_string();
        kubectl::output(&scene.world.control_plane, &["apply", "-f", "-"], &both).await;
        scene.until_ready("train").await;
        nets.until_ready(REF).await;
        kubectl::output(
            &scene.world.control_plane,
            &["delete", "--wait=false", "-f", "-"],
            &both,
        )
        .await;
        scene.until_gone("train").await;
        nets.until_gone(REF).await;
        let deeds = ["CreateNetwork", "CreatePool", "DeletePool", "DeleteNetwork"];
        assert_eq!(scene.deeds().await, deeds);
        assert_eq!(nets.in_cloud().await.len(), 0);
    });
}

#[test]
fn a_network_that_becomes_unfit_and_fit_again_is_mirrored() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        nets.create(REF, &json!({})).await;
        let id = nets.until_ready(REF).await;
        nets.set_phase(&id, "Abnormal").await;
        let told = nets.until_reason(REF, "NetworkNotActive").await;
        assert!(message(&told).contains("Abnormal"), "{}", message(&told));
        let referring = json!({ "network": null, "networkRef": { "name": REF } });
        scene.create("train", &referring).await;
        scene.until_reason("train", "WaitingForNetwork").await;
        nets.set_phase(&id, "Active").await;
        nets.until_ready(REF).await;
        scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreateNetwork", "CreatePool"]);
        nets.close().await;
    });
}
