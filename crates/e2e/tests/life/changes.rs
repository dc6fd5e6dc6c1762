//! A changed spec: this version tells the difference and sends nothing.

use e2e::scene::Scene;
use sandbox::simulator::Tally;
use serde_json::{Value, json};

use crate::STAGE;

fn first() -> Value {
    json!({
        "description": "trains models",
        "scope": ["Train", "Notebook"],
        "driver": { "gpuVersion": "440.31" },
        "resources": [
            { "flavor": "modelarts.vm.gpu.v100", "count": 2 },
            { "flavor": "modelarts.vm.cpu.8ud", "count": 1 },
        ],
    })
}

/// Changes a field, waits until exactly that field is named, and changes it back.
async fn named(scene: &Scene, changes: &Value, field: &str) {
    scene.change("train", changes).await;
    let pending = scene
        .until("train", &format!("to name {field}"), |pool| {
            let told = synced(pool);
            let current = told["observedGeneration"].as_i64() == pool.metadata.generation;
            current && told["status"] == "False" && told["reason"] == "ChangePending"
        })
        .await;
    let told = synced(&pending);
    let message = told["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("differs from the spec in {field};")),
        "{message}"
    );
    // What runs goes on running.
    assert_eq!(e2e::record::condition(&pending, "Ready"), "True");
    scene.change("train", &first()).await;
    until_synced(scene).await;
}

fn synced(pool: &modelarts_crd::ModelArtsPool) -> Value {
    let conditions = pool.status.iter().flat_map(|status| &status.conditions);
    let mut synced = conditions.filter(|condition| condition.type_ == "Synced");
    serde_json::to_value(synced.next()).unwrap()
}

async fn until_synced(scene: &Scene) {
    scene
        .until("train", "to be synced in this generation", |pool| {
            let told = synced(pool);
            told["status"] == "True" && told["observedGeneration"].as_i64() == pool.metadata.generation
        })
        .await;
}

#[test]
fn a_changed_field_is_named_and_not_sent() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &first()).await;
        until_synced(scene).await;
        named(
            scene,
            &json!({ "description": "trains other models" }),
            "spec.description",
        )
        .await;
        named(scene, &json!({ "scope": ["Train"] }), "spec.scope").await;
        named(
            scene,
            &json!({ "driver": { "gpuVersion": "470.57" } }),
            "spec.driver.gpuVersion",
        )
        .await;
        let more = json!({ "resources": [
            { "flavor": "modelarts.vm.gpu.v100", "count": 3 },
            { "flavor": "modelarts.vm.cpu.8ud", "count": 1 },
        ] });
        named(scene, &more, "spec.resources[modelarts.vm.gpu.v100].count").await;
        let fewer = json!({ "resources": [{ "flavor": "modelarts.vm.gpu.v100", "count": 2 }] });
        named(scene, &fewer, "spec.resources[modelarts.vm.cpu.8ud]").await;
        scene.until_listed(2).await;
        assert_eq!(scene.tally("PatchPool").await, Tally::default());
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}

#[test]
fn another_order_is_no_difference() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &first()).await;
        let turned = json!({
            "scope": ["Notebook", "Train"],
            "resources": [
                { "flavor": "modelarts.vm.cpu.8ud", "count": 1 },
                { "flavor": "modelarts.vm.gpu.v100", "count": 2 },
            ],
        });
        scene.change("train", &turned).await;
        until_synced(scene).await;
        scene.until_ready("train").await;
        for pool in scene.record.life("train").await {
            assert_ne!(synced(&pool)["status"], "False", "{:?}", pool.status);
        }
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}

#[test]
fn a_difference_made_in_the_cloud_is_named_too() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &first()).await;
        let id = e2e::scene::pool_id(&scene.pools().get("train").await.unwrap()).to_owned();
        let less = json!({ "spec": { "scope": ["Train"] } });
        scene.simulator.patch_pool(&id, &less).await.unwrap();
        scene.until_condition("train", "Synced", "False", "ChangePending").await;
        let before = json!({ "spec": { "scope": ["Train", "Notebook"] } });
        scene.simulator.patch_pool(&id, &before).await.unwrap();
        scene.until_condition("train", "Synced", "True", "Synced").await;
        assert_eq!(scene.tally("PatchPool").await, Tally::default());
    });
}

#[test]
fn a_pool_without_a_size_is_not_bought_until_it_has_one() {
    STAGE.play(async |scene| {
        let unsized_ = json!({ "resources": [{ "flavor": "modelarts.vm.cpu.8ud" }] });
        scene.create("train", &unsized_).await;
        scene.until_reason("train", "SizeNotSet").await;
        scene.until_listed(3).await;
        assert_eq!(scene.tally("CreatePool").await, Tally::default());
        scene.change("train", &json!({ "nodes": 2 })).await;
        let ready = scene.until_ready("train").await;
        assert_eq!(ready.status.unwrap().nodes.unwrap().available, 2);
        // Given up again, as for an autoscaler, the pool keeps its size.
        scene.change("train", &json!({ "nodes": null })).await;
        until_synced(scene).await;
        let ready = scene.until_ready("train").await;
        assert_eq!(ready.status.unwrap().nodes.unwrap().desired, Some(2));
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}
