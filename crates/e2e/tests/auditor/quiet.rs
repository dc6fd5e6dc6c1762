//! What must not be reported, shown beside an orphan that is: when that one is told, a whole period
//! has shown the others too.

use e2e::scene::{Scene, pool_id, stranger};
use sandbox::simulator::PROJECT;
use serde_json::json;

use crate::STAGE;
use crate::sight::{Sight, tear};

const UID: &str = "5a1e0000-0000-4000-8000-00000000beef";

/// Somebody else makes a pool with this description; gives its ID.
async fn put(scene: &Scene, name: &str, description: &str) -> String {
    let mut body = stranger(name, "0");
    body["metadata"]["annotations"] = json!({ "os.modelarts/description": description });
    let pool = scene.simulator.create_pool(PROJECT, &body).await.unwrap();
    pool["metadata"]["name"].as_str().unwrap().to_owned()
}

#[test]
fn strangers_other_clusters_and_living_objects_are_not_reported() {
    STAGE.play(async |scene| {
        let sight = Sight::of(scene);
        put(scene, "theirs", &format!("text [mapool:{UID}@zzzzzz]")).await;
        put(scene, "nobodys", "text").await;
        scene.create_ready("alive", &json!({})).await;
        // It does not look at the cloud, and is there all the same.
        scene.create_ready("paused", &json!({})).await;
        scene.change("paused", &json!({ "managementPolicy": "Pause" })).await;
        // Its marker is that of an object that is gone, and yet somebody watches it.
        let pool = scene
            .create_ready("let-go", &json!({ "deletionPolicy": "Detach" }))
            .await;
        let watch = json!({ "managementPolicy": "Observe", "adoption": { "poolId": pool_id(&pool) } });
        scene.create_ready("watched", &watch).await;
        scene.delete_gone("let-go").await;

        let pool = scene.create_ready("train", &json!({})).await;
        let id = pool_id(&pool).to_owned();
        tear(scene, "train").await;
        sight.until_shown("pool", 1.0).await;
        sight.until_condition(Some(&id)).await;
        let note = sight.only_event().await.note.unwrap_or_default();
        assert!(
            note.starts_with(&format!(
                "1 pool with this cluster's marker and without an object: {id};"
            )),
            "{note}"
        );
        scene.until_listed(2).await;
        sight.until_shown("pool", 1.0).await;
        assert_eq!(sight.events().await.len(), 1);
        assert_eq!(scene.cloud_pools().await.len(), 6);
    });
}
