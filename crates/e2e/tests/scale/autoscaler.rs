//! A horizontal pod autoscaler that goes by the length of a queue.

use e2e::scene::{PATIENCE, Scene};
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscaler;
use kube::Api;
use kube::api::PostParams;
use modelarts_crd::ModelArtsPool;
use sandbox::wait;
use serde_json::{Value, json};

use crate::STAGE;
use crate::owners::{AUTOSCALER, GIT, apply, author, of_flavors, of_size, scaler};
use crate::queue;

fn autoscalers(scene: &Scene) -> Api<HorizontalPodAutoscaler> {
    Api::namespaced(scene.client(), &scene.name)
}

/// Creates an autoscaler of 1 to 6 nodes with this target for the queue.
pub async fn create(scene: &Scene, target: Value) {
    let version = format!("{}/v1alpha1", modelarts_crd::GROUP);
    let made = json!({
        "metadata": { "name": "train" },
        "spec": {
            "scaleTargetRef": { "apiVersion": version, "kind": "ModelArtsPool", "name": "train" },
            "minReplicas": 1,
            "maxReplicas": 6,
            "metrics": [{
                "type": "External",
                "external": { "metric": { "name": queue::METRIC }, "target": target },
            }],
            // By default it thinks five minutes before it shrinks anything.
            "behavior": { "scaleDown": { "stabilizationWindowSeconds": 0 } },
        },
    });
    let made = serde_json::from_value(made).unwrap();
    autoscalers(scene).create(&PostParams::default(), &made).await.unwrap();
}

/// Waits until a condition of the autoscaler has this status, and its reason or message has `word`.
async fn until_says(scene: &Scene, type_: &str, status: &str, word: &str) {
    let autoscalers = autoscalers(scene);
    let waited = wait::until(format!("{type_}={status} with {word}"), PATIENCE, async || {
        scene
            .world
            .control_plane
            .controller_manager()
            .unwrap()
            .running()
            .unwrap();
        let seen = autoscalers.get("train").await.map_err(|error| error.to_string())?;
        let told = seen.status.and_then(|status| status.conditions).unwrap_or_default();
        let has = |text: &Option<String>| text.as_ref().is_some_and(|text| text.contains(word));
        let found = told.iter().filter(|c| c.type_ == type_ && c.status == status);
        match found.filter(|c| has(&c.reason) || has(&c.message)).count() {
            0 => Err(format!("{told:?}")),
            _ => Ok(()),
        }
    });
    scene.expect(waited.await);
}

async fn until_nodes(scene: &Scene, nodes: i32) -> ModelArtsPool {
    let what = format!("to be asked for {nodes} nodes");
    scene.until("train", &what, |pool| pool.spec.nodes == Some(nodes)).await
}

#[test]
fn an_autoscaler_sizes_the_pool_by_an_external_metric_beside_git() {
    STAGE.play(async |scene| {
        queue::set(scene, 30).await;
        apply(scene, Some(1)).await.unwrap();
        scene.until_ready("train").await;
        create(scene, json!({ "type": "AverageValue", "averageValue": "10" })).await;
        until_says(scene, "AbleToScale", "True", "").await;
        until_says(scene, "ScalingActive", "True", "ValidMetricFound").await;
        let scaled = until_nodes(scene, 3).await;
        assert_eq!(of_size(&scaled), scaler(AUTOSCALER));

        // The autoscaler owns the size, so Git can leave it out.
        let dropped = apply(scene, None).await.unwrap();
        assert_eq!(dropped.spec.nodes, Some(3));
        assert_eq!(dropped.metadata.generation, scaled.metadata.generation);
        for (length, nodes) in [(50, 5), (20, 2)] {
            queue::set(scene, length).await;
            let scaled = until_nodes(scene, nodes).await;
            let applied = apply(scene, None).await.unwrap();
            assert_eq!(applied.spec.nodes, Some(nodes));
            assert_eq!(applied.metadata.generation, scaled.metadata.generation);
            assert_eq!(of_size(&applied), scaler(AUTOSCALER));
            assert_eq!(of_flavors(&applied), author(GIT));
        }
        until_says(scene, "AbleToScale", "True", "").await;
        until_says(scene, "ScalingActive", "True", "ValidMetricFound").await;
    });
}

#[test]
fn a_target_for_the_whole_counts_pods_and_a_pool_has_none() {
    STAGE.play(async |scene| {
        queue::set(scene, 30).await;
        apply(scene, Some(1)).await.unwrap();
        scene.until_ready("train").await;
        create(scene, json!({ "type": "Value", "value": "10" })).await;
        until_says(scene, "ScalingActive", "False", "no pods returned by selector").await;
        assert_eq!(scene.pools().get("train").await.unwrap().spec.nodes, Some(1));
    });
}

#[test]
fn an_autoscaler_cannot_read_the_scale_of_a_pool_without_nodes() {
    STAGE.play(async |scene| {
        queue::set(scene, 30).await;
        apply(scene, None).await.unwrap();
        scene.until_reason("train", "SizeNotSet").await;
        create(scene, json!({ "type": "AverageValue", "averageValue": "10" })).await;
        until_says(scene, "AbleToScale", "False", "\".spec.nodes\" does not exist").await;
        assert!(scene.deeds().await.is_empty());
        // A first size is all that it needs.
        apply(scene, Some(1)).await.unwrap();
        until_says(scene, "ScalingActive", "True", "ValidMetricFound").await;
        let scaled = until_nodes(scene, 3).await;
        assert_eq!(of_size(&scaled), scaler(AUTOSCALER));
    });
}
