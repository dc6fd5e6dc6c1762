//! What the cloud says of a pool is what the status says.

use e2e::record::{condition, reason};
use e2e::scene::{Scene, pool_id};
use modelarts_crd::ModelArtsPool;
use serde_json::json;

use crate::STAGE;

/// Puts the pool into a phase in the cloud and waits until the status shows it.
async fn mirrored(scene: &Scene, id: &str, phase: &str) -> ModelArtsPool {
    scene.simulator.set_phase(id, phase).await.unwrap();
    scene
        .until("train", &format!("to be {phase}"), |pool| {
            let status = pool.status.as_ref();
            status.and_then(|status| status.phase.as_deref()) == Some(phase)
        })
        .await
}

#[test]
fn each_phase_of_the_cloud_is_mirrored_and_judged() {
    STAGE.play(async |scene| {
        let pool = scene.create_ready("train", &json!({})).await;
        let id = pool_id(&pool);
        for (phase, ready, type_, why) in [
            ("Abnormal", "False", "Reconciling", "PoolNotRunning"),
            ("Running", "True", "Ready", "Ready"),
            ("Hibernating", "False", "Reconciling", "PoolNotRunning"),
            ("Running", "True", "Ready", "Ready"),
            ("Error", "False", "Stalled", "PoolNotRunning"),
            ("CreationFailed", "False", "Stalled", "CreationFailed"),
        ] {
            let pool = mirrored(scene, id, phase).await;
            assert_eq!(condition(&pool, "Ready"), ready, "{phase}: {:?}", pool.status);
            assert_eq!(condition(&pool, type_), "True", "{phase}: {:?}", pool.status);
            assert_eq!(reason(&pool), why, "{phase}");
        }
        scene.until_listed(2).await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}

#[test]
fn a_creation_is_followed_node_by_node() {
    STAGE.play(async |scene| {
        scene
            .simulator
            .set_profile(&json!({ "createSeconds": 2 }))
            .await
            .unwrap();
        let size = json!({ "nodes": 3, "resources": [{ "flavor": "modelarts.vm.cpu.8ud" }] });
        scene.create("train", &size).await;
        let creating = scene
            .until("train", "to show nodes being made", |pool| {
                let counts = pool.status.as_ref().and_then(|status| status.resources.as_ref());
                counts.is_some_and(|counts| counts.creating.iter().any(|nodes| nodes.count == 3))
            })
            .await;
        let status = creating.status.clone().unwrap();
        assert_eq!(status.phase.as_deref(), Some("Creating"));
        assert_eq!(reason(&creating), "Creating");
        assert_eq!(status.nodes.unwrap().available, 0);
        let ready = scene.until_ready("train").await.status.unwrap();
        assert_eq!(ready.nodes.unwrap().available, 3);
        assert_eq!(ready.resources.unwrap().available[0].count, 3);
    });
}
