//! Keys that are in no Secret: from the environment, from pod identity, from instance metadata.

use std::collections::BTreeMap;

use e2e::record::condition;
use e2e::scene::{PATIENCE, Scene};
use e2e::stage::AROUND;
use http::Method;
use sandbox::simulator::Caller;
use serde_json::{Value, json};

use crate::STAGE;

/// An account in the cloud that the operator finds keys for, with its credentials from `source`.
async fn account_of(scene: &Scene, source: &str) -> String {
    let (name, cloud) = (format!("{}-around", scene.name), &scene.world.simulator.url);
    let credentials = json!({ "secret": null, source: {} });
    let changes = json!({ "endpoint": cloud, "iamEndpoint": cloud, "credentials": credentials });
    scene.create_account(&name, &changes).await;
    name
}

/// The callers whose keys were handed out.
async fn handed_out(scene: &Scene) -> BTreeMap<String, Caller> {
    let mut callers = scene.world.simulator.callers().await.unwrap();
    callers.retain(|name, _| name.starts_with("HST"));
    callers
}

/// How often keys were asked for.
async fn asked(scene: &Scene, operation: &str) -> u64 {
    let all = scene.world.simulator.requests().await.unwrap();
    all.get(operation).map_or(0, |tally| tally.count)
}

/// Makes and deletes a pool with the keys of a source, of which no call may be refused.
async fn live(scene: &Scene, source: &str) {
    let account = account_of(scene, source).await;
    scene.create_ready("train", &json!({ "account": account })).await;
    scene
        .until_account(&account, "is ready", |account| {
            let status = account.status.as_ref();
            status.is_some_and(|status| status.secret_version.is_none() && status.project_id.is_some())
        })
        .await;
    scene.delete_gone("train").await;
}

#[test]
fn a_key_in_the_environment_serves() {
    STAGE.play(async |scene| {
        live(scene, "environment").await;
        let callers = scene.world.simulator.callers().await.unwrap();
        assert!(callers[AROUND].accepted > 0);
        assert_eq!(callers[AROUND].unauthenticated, 0);
    });
}

#[test]
fn pod_identity_serves() {
    STAGE.play(async |scene| {
        live(scene, "podIdentity").await;
        assert!(asked(scene, "CreatePodCredential").await > 0);
        assert!(
            handed_out(scene)
                .await
                .values()
                .all(|caller| caller.unauthenticated == 0)
        );
    });
}

#[test]
fn keys_of_instance_metadata_are_renewed_before_they_end_without_a_refused_call() {
    STAGE.play(async |scene| {
        // A key is not used in its last minute, so each of these serves for some seconds.
        let short = json!({ "lifeSeconds": 66 });
        let cloud = &scene.world.simulator;
        cloud.call(Method::PUT, "metadata", Some(&short)).await.unwrap();
        let account = account_of(scene, "instanceMetadata").await;
        scene.create_ready("train", &json!({ "account": account })).await;
        let wanted = asked(scene, "ShowSecurityKey").await + 3;
        let waited = sandbox::wait::until("three further keys", PATIENCE, async || {
            match asked(scene, "ShowSecurityKey").await {
                count if count >= wanted => Ok(()),
                count => Err(format!("{count} of {wanted}")),
            }
        });
        scene.expect(waited.await);
        assert_eq!(condition(&scene.until_ready("train").await, "Ready"), "True");
        let callers = handed_out(scene).await;
        assert!(
            callers.values().all(|caller| caller.unauthenticated == 0),
            "{callers:?}"
        );
        assert!(callers.len() > 2, "{callers:?}");
        scene.delete_gone("train").await;
    });
}

#[test]
fn a_source_without_an_agency_says_what_to_do() {
    STAGE.play(async |scene| {
        let of_this_scene = sandbox::simulator::Options::default();
        let folder = scene.world.control_plane.folder().join(format!("{}-bare", scene.name));
        std::fs::create_dir(&folder).unwrap();
        // The sources of keys are the operator's: what differs is the cloud that does not know them.
        let other = sandbox::simulator::Simulator::start(&folder, of_this_scene)
            .await
            .unwrap();
        let name = format!("{}-elsewhere", scene.name);
        let credentials = json!({ "secret": null, "podIdentity": {} });
        let changes = json!({ "endpoint": other.url, "iamEndpoint": other.url, "credentials": credentials });
        scene.create_account(&name, &changes).await;
        scene.create("train", &json!({ "account": name })).await;
        let told = scene.until_reason("train", "CredentialsRefused").await;
        let told: Value = serde_json::to_value(&told.status).unwrap();
        assert!(told.to_string().contains("401"), "{told}");
        assert!(other.ledger().await.unwrap().is_empty());
        scene.delete_gone("train").await;
    });
}
