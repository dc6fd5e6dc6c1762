//! A person strips the finalizer of an object that hangs in its deletion: what it stood for is an
//! orphan until it is taken over, deleted, or no more marked as ours.

use std::time::Instant;

use e2e::scene::{Scene, pool_id};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use modelarts_crd::ModelArtsNetwork;
use sandbox::wait;
use serde_json::json;

use crate::sight::{Sight, tear, undeletable, without_finalizers};
use crate::{PERIOD, STAGE};

#[test]
fn a_pool_that_lost_its_last_object_is_reported_and_left_alone_until_it_is_adopted() {
    STAGE.play(async |scene| {
        let sight = Sight::of(scene);
        let pool = scene.create_ready("train", &json!({})).await;
        let (id, uid) = (pool_id(&pool).to_owned(), pool.uid());
        sight.until_condition(None).await;
        let torn = Instant::now();
        tear(scene, "train").await;
        sight.until_shown("pool", 1.0).await;
        assert!(torn.elapsed() >= PERIOD, "reported after {:?}", torn.elapsed());
        let event = sight.only_event().await;
        let note = event.note.unwrap_or_default();
        assert!(note.contains(&id) && note.contains("spec.adoption.poolId"), "{note}");
        assert_eq!(event.related.and_then(|about| about.uid), uid);
        sight.until_condition(Some(&id)).await;

        // The cloud would delete it again, and two more lists show it.
        scene.faults(&[]).await;
        scene.until_listed(2).await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
        assert_eq!(scene.cloud_pools().await.len(), 1);

        scene
            .create_ready("again", &json!({ "adoption": { "poolId": id } }))
            .await;
        sight.until_shown("pool", 0.0).await;
        sight.until_condition(None).await;
        sight.only_event().await;
        assert_eq!(scene.deeds().await, ["CreatePool", "PatchPool"]);
    });
}

#[test]
fn an_orphan_beside_living_pools_is_one_until_it_is_deleted_in_the_console() {
    STAGE.play(async |scene| {
        let sight = Sight::of(scene);
        scene.create_ready("stays", &json!({})).await;
        let pool = scene.create_ready("train", &json!({})).await;
        tear(scene, "train").await;
        sight.until_shown("pool", 1.0).await;
        sight.only_event().await;
        scene.simulator.delete_pool(pool_id(&pool)).await.unwrap();
        sight.until_shown("pool", 0.0).await;
        sight.until_condition(None).await;

        // A second one, minutes before the first would be forgotten, has an event that names it.
        let pool = scene.create_ready("next", &json!({})).await;
        tear(scene, "next").await;
        sight.until_shown("pool", 1.0).await;
        let waited = wait::until("a second event", e2e::scene::PATIENCE, async || {
            let events = sight.events().await;
            let named = |note: &str| note.contains(pool_id(&pool));
            let found = events
                .iter()
                .filter_map(|event| event.note.as_deref())
                .filter(|note| named(note));
            if found.count() == 1 {
                Ok(())
            } else {
                Err(format!("{events:?}"))
            }
        });
        scene.expect(waited.await);
        assert_eq!(sight.events().await.len(), 2);
        assert_eq!(
            scene.deeds().await,
            ["CreatePool", "CreatePool", "OutOfBandDelete", "CreatePool"]
        );
    });
}

#[test]
fn a_detached_pool_is_reported_until_its_marker_is_removed() {
    STAGE.play(async |scene| {
        let sight = Sight::of(scene);
        let pool = scene
            .create_ready("train", &json!({ "deletionPolicy": "Detach" }))
            .await;
        scene.delete_gone("train").await;
        sight.until_shown("pool", 1.0).await;
        let note = sight.only_event().await.note.unwrap_or_default();
        assert!(
            note.contains("detached on purpose") && note.contains("marker"),
            "{note}"
        );
        let change = json!({ "metadata": { "annotations": { "os.modelarts/description": "kept" } } });
        scene.simulator.patch_pool(pool_id(&pool), &change).await.unwrap();
        sight.until_shown("pool", 0.0).await;
        assert_eq!(scene.cloud_pools().await.len(), 1);
    });
}

#[test]
fn a_network_is_reported_as_a_pool_is() {
    STAGE.play(async |scene| {
        let sight = Sight::of(scene);
        let networks: Api<ModelArtsNetwork> = Api::namespaced(scene.client(), &scene.name);
        let network = json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsNetwork",
            "metadata": { "name": "net" },
            "spec": { "account": scene.name, "cidr": "192.168.20.0/24" },
        });
        let network = serde_json::from_value(network).unwrap();
        networks.create(&PostParams::default(), &network).await.unwrap();
        let id = until_made(scene, &networks).await;
        scene.faults(&undeletable()).await;
        networks.delete("net", &DeleteParams::default()).await.unwrap();
        let bare = Patch::Merge(without_finalizers());
        networks.patch("net", &PatchParams::default(), &bare).await.unwrap();
        sight.until_shown("network", 1.0).await;
        let note = sight.only_event().await.note.unwrap_or_default();
        assert!(note.contains(&id) && note.contains("spec.adoption.networkId"), "{note}");
        sight.until_condition(Some(&id)).await;
        assert_eq!(scene.deeds().await, ["CreateNetwork"]);
    });
}

/// Waits until a network is on record; gives its ID.
async fn until_made(scene: &Scene, networks: &Api<ModelArtsNetwork>) -> String {
    let waited = wait::until("the network", e2e::scene::PATIENCE, async || {
        let network = networks.get("net").await.map_err(|error| error.to_string())?;
        let id = network.status.as_ref().and_then(|status| status.network_id.clone());
        id.ok_or_else(|| format!("{:?}", network.status))
    });
    scene.expect(waited.await)
}
