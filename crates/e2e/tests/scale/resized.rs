//! The cloud follows whoever sets the size.

use e2e::scene::{Scene, pool_id};
use sandbox::wait;
use serde_json::{Value, json};

use crate::STAGE;
use crate::autoscaler;
use crate::by_hand::{scale, sized};
use crate::owners::{AUTOSCALER, apply, of_size, scaler};
use crate::queue;

/// Waits until the pool in the cloud has this many nodes, and the object is ready with them.
async fn until_resized(scene: &Scene, nodes: i32) {
    let waited = wait::until(
        format!("{nodes} nodes in the cloud"),
        e2e::scene::PATIENCE,
        async || {
            let pools = scene.simulator.pools().await.map_err(|error| error.to_string())?;
            let counts: Vec<&Value> = pools
                .iter()
                .map(|pool| &pool["spec"]["resources"][0]["count"])
                .collect();
            if counts == [&json!(nodes)] {
                Ok(())
            } else {
                Err(format!("{counts:?}"))
            }
        },
    );
    scene.expect(waited.await);
    let wanted = i64::from(nodes);
    let what = format!("to be ready with {nodes} nodes");
    let resized = scene.until("train", &what, |pool| {
        let status = pool.status.clone().unwrap_or_default();
        let counted = status
            .nodes
            .is_some_and(|seen| seen.available == wanted && seen.desired == Some(wanted));
        counted
            && status.observed_generation == pool.metadata.generation
            && e2e::record::condition(pool, "Ready") == "True"
    });
    resized.await;
}

/// Only this one pool was ever bought, and nothing but its size was changed.
async fn only_resized(scene: &Scene) {
    let (ledger, pool) = (scene.ledger().await, scene.pools().get("train").await.unwrap());
    let (first, changes) = ledger.split_first().unwrap();
    assert_eq!(first.operation, "CreatePool");
    for change in changes {
        assert_eq!(
            (&*change.operation, change.pool_id.as_deref()),
            ("PatchPool", Some(pool_id(&pool)))
        );
    }
}

#[test]
fn the_pool_in_the_cloud_follows_kubectl_scale() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &sized(Some(2))).await;
        for nodes in [4, 3] {
            let said = scale(scene, "train", nodes).await;
            assert!(said.ok, "{said:?}");
            until_resized(scene, nodes).await;
        }
        only_resized(scene).await;
    });
}

#[test]
fn the_pool_in_the_cloud_follows_an_autoscaler_and_git_sees_no_difference() {
    STAGE.play(async |scene| {
        queue::set(scene, 30).await;
        apply(scene, Some(1)).await.unwrap();
        scene.until_ready("train").await;
        autoscaler::create(scene, json!({ "type": "AverageValue", "averageValue": "10" })).await;
        for (length, nodes) in [(30, 3), (50, 5), (20, 2)] {
            queue::set(scene, length).await;
            until_resized(scene, nodes).await;
            let ready = scene.pools().get("train").await.unwrap();
            let applied = apply(scene, None).await.unwrap();
            assert_eq!(applied.metadata.generation, ready.metadata.generation);
            assert_eq!(of_size(&applied), scaler(AUTOSCALER));
        }
        only_resized(scene).await;
    });
}
