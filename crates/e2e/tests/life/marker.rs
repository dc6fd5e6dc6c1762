//! The marker in the description: by it alone a pool is this object's.

use e2e::scene::{Scene, pool_id};
use serde_json::{Value, json};

use crate::STAGE;

const UID: &str = "5a1e0000-0000-4000-8000-00000000beef";

async fn description(scene: &Scene) -> String {
    let pool = scene.cloud_pools().await.remove(0);
    let text = pool["metadata"]["annotations"]["os.modelarts/description"].as_str();
    text.unwrap_or_default().to_owned()
}

/// Somebody writes another description in the console.
async fn describe(scene: &Scene, id: &str, text: Value) {
    let change = json!({ "metadata": { "annotations": { "os.modelarts/description": text } } });
    scene.simulator.patch_pool(id, &change).await.unwrap();
}

#[test]
fn a_marker_that_was_taken_off_is_written_again_and_the_text_put_back() {
    STAGE.play(async |scene| {
        let text = json!({ "description": "trains models" });
        let pool = scene.create_ready("train", &text).await;
        let before = description(scene).await;
        assert!(before.contains(&pool.metadata.uid.clone().unwrap()), "{before}");
        describe(scene, pool_id(&pool), Value::Null).await;
        // The marker first, then the text: what is not marked is not changed.
        let deeds = ["CreatePool", "OutOfBandPatch", "PatchPool", "PatchPool"];
        scene.until_deeds(&deeds).await;
        scene.until_listed(3).await;
        scene.until_ready("train").await;
        scene.until_condition("train", "Synced", "True", "Synced").await;
        assert_eq!(description(scene).await, before);
        assert_eq!(scene.deeds().await, deeds);
        scene.delete_gone("train").await;
        assert!(scene.cloud_pools().await.is_empty());
    });
}

#[test]
fn a_pool_that_another_object_has_marked_is_not_touched_any_more() {
    STAGE.play(async |scene| {
        let pool = scene.create_ready("train", &json!({})).await;
        let before = description(scene).await;
        let theirs = format!("theirs [mapool:{UID}@zzzzzz]");
        describe(scene, pool_id(&pool), json!(theirs)).await;
        let stalled = scene.until_condition("train", "Stalled", "True", "MarkerLost").await;
        let told = serde_json::to_string(&stalled.status).unwrap();
        assert!(told.contains(UID), "the other's marker is not named: {told}");
        // Neither a change of the spec nor a pass that is asked for touches it, and nothing is bought.
        scene.change("train", &json!({ "description": "trains models" })).await;
        scene.until_listed(4).await;
        assert_eq!(description(scene).await, theirs);
        assert_eq!(scene.deeds().await, ["CreatePool", "OutOfBandPatch"]);
        // With the marker back, the object goes on as if nothing had been.
        describe(scene, pool_id(&pool), json!(before)).await;
        scene.until_ready("train").await;
        assert!(description(scene).await.starts_with("trains models [mapool:"));
        scene.delete_gone("train").await;
        assert!(scene.cloud_pools().await.is_empty());
    });
}

#[test]
fn an_object_whose_pool_another_has_marked_is_deleted_without_it() {
    STAGE.play(async |scene| {
        let pool = scene.create_ready("train", &json!({})).await;
        describe(scene, pool_id(&pool), json!(format!("theirs [mapool:{UID}@zzzzzz]"))).await;
        scene.until_condition("train", "Stalled", "True", "MarkerLost").await;
        scene.delete_gone("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool", "OutOfBandPatch"]);
        assert_eq!(scene.cloud_pools().await.len(), 1);
    });
}
