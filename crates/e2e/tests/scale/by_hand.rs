//! `kubectl scale`, and what the scale subresource says of a pool whose size nobody has set.

use e2e::kubectl::{self, Said};
use e2e::scene::Scene;
use serde_json::{Value, json};

use crate::STAGE;
use crate::owners::{KUBECTL, of_size, scaler};

/// Runs `kubectl scale` on a pool.
pub async fn scale(scene: &Scene, name: &str, nodes: i32) -> Said {
    let (pool, nodes) = (format!("mapool/{name}"), format!("--replicas={nodes}"));
    let arguments = ["scale", "--namespace", &scene.name, &nodes, &pool];
    kubectl::run(&scene.world.control_plane, &arguments, "").await
}

/// Reads the scale subresource.
pub async fn read_scale(scene: &Scene, name: &str) -> Said {
    let group = modelarts_crd::GROUP;
    let path = format!(
        "/apis/{group}/v1alpha1/namespaces/{}/modelartspools/{name}/scale",
        scene.name
    );
    kubectl::run(&scene.world.control_plane, &["get", "--raw", &path], "").await
}

/// One entry that leaves its count to `spec.nodes`.
pub fn sized(nodes: Option<i32>) -> Value {
    json!({ "nodes": nodes, "resources": [{ "flavor": "modelarts.vm.cpu.8ud" }] })
}

#[test]
fn kubectl_scale_sets_the_nodes() {
    STAGE.play(async |scene| {
        let before = scene.create_ready("train", &sized(Some(2))).await;
        let said = scale(scene, "train", 3).await;
        assert!(said.ok && said.out.contains("scaled"), "{said:?}");
        let after = scene.pools().get("train").await.unwrap();
        assert_eq!(after.spec.nodes, Some(3));
        assert_eq!(
            after.metadata.generation,
            before.metadata.generation.map(|before| before + 1)
        );
        assert_eq!(of_size(&after).last(), scaler(KUBECTL).first());

        let scale: Value = serde_json::from_str(&read_scale(scene, "train").await.out).unwrap();
        assert_eq!(scale["spec"]["replicas"], 3, "{scale}");
        // An autoscaler wants a selector. Ours names the pool and matches no pod.
        let uid = after.metadata.uid.unwrap();
        let selector = format!("{}={uid}", modelarts_crd::POOL_UID_LABEL);
        assert_eq!(scale["status"]["selector"], selector, "{scale}");
    });
}

#[test]
fn sizes_that_the_schema_forbids_are_refused_to_a_scaler_too() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &sized(Some(2))).await;
        for (nodes, word) in [(0, "greater than or equal to 1"), (2001, "less than or equal to 2000")] {
            let said = scale(scene, "train", nodes).await;
            assert!(
                !said.ok && said.err.contains("spec.nodes") && said.err.contains(word),
                "{said:?}"
            );
        }
        assert_eq!(scene.pools().get("train").await.unwrap().spec.nodes, Some(2));
    });
}

#[test]
fn a_pool_that_counts_in_its_entries_cannot_be_scaled() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        let said = scale(scene, "train", 3).await;
        let rule = "use either nodes or resources[].count";
        assert!(!said.ok && said.err.contains(rule), "{said:?}");
        assert_eq!(scene.pools().get("train").await.unwrap().spec.nodes, None);
    });
}

#[test]
fn without_nodes_the_scale_cannot_be_read_and_nothing_is_bought_until_it_is_set() {
    STAGE.play(async |scene| {
        scene.create("train", &sized(None)).await;
        scene.until_reason("train", "SizeNotSet").await;
        let said = read_scale(scene, "train").await;
        // The API server's way to say that there is no size: a 500.
        let cause = "\".spec.nodes\" does not exist";
        assert!(
            !said.ok && said.err.contains("(InternalError)") && said.err.contains(cause),
            "{said:?}"
        );
        assert!(scene.deeds().await.is_empty());
        // Writing it works all the same.
        let said = scale(scene, "train", 2).await;
        assert!(said.ok, "{said:?}");
        let ready = scene.until_ready("train").await;
        assert_eq!(ready.status.unwrap().nodes.unwrap().available, 2);
        assert!(read_scale(scene, "train").await.ok);
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}
