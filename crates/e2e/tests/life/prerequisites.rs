//! In GitOps things come in any order: what is missing is waited for, and work goes on by itself.

use e2e::record::condition;
use e2e::scene::Scene;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use sandbox::simulator::Key;
use serde_json::{Value, json};

use crate::STAGE;

/// Sets the label that the strict account asks for; null removes it.
async fn label(scene: &Scene, value: Value) {
    let namespaces: Api<Namespace> = Api::all(scene.client());
    let (parameters, labels) = (
        PatchParams::default(),
        json!({ "metadata": { "labels": { "pools": value } } }),
    );
    let labelled = namespaces.patch(&scene.name, &parameters, &Patch::Merge(&labels)).await;
    labelled.unwrap();
}

#[test]
fn a_pool_waits_for_its_account() {
    STAGE.play(async |scene| {
        let account = format!("{}-late", scene.name);
        scene.create("train", &json!({ "account": account })).await;
        let waiting = scene.until_reason("train", "WaitingForAccount").await;
        assert_eq!(condition(&waiting, "Reconciling"), "True");
        scene.create_account(&account, &json!({})).await;
        scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}

#[test]
fn a_pool_waits_for_the_secret_of_its_account() {
    STAGE.play(async |scene| {
        scene
            .secrets()
            .delete(&scene.name, &DeleteParams::default())
            .await
            .unwrap();
        scene.create("train", &json!({})).await;
        let waiting = scene.until_reason("train", "WaitingForCredentials").await;
        assert_eq!(condition(&waiting, "Reconciling"), "True");
        scene.create_secret(&Key::default()).await;
        scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}

#[test]
fn a_namespace_that_the_account_does_not_allow_stalls_until_it_is_labelled() {
    STAGE.play(async |scene| {
        let account = format!("{}-strict", scene.name);
        let allowed = json!({ "allowedNamespaces": { "matchLabels": { "pools": "yes" } } });
        scene.create_account(&account, &allowed).await;
        scene.create("train", &json!({ "account": account })).await;
        let stalled = scene.until_reason("train", "NamespaceNotAllowed").await;
        assert_eq!(condition(&stalled, "Stalled"), "True");
        assert_eq!(scene.tally("CreatePool").await.count, 0);
        label(scene, json!("yes")).await;
        scene.until_ready("train").await;
        // Permission that goes away again does not hold a deletion.
        label(scene, json!(null)).await;
        scene.until_reason("train", "NamespaceNotAllowed").await;
        scene.delete_gone("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool", "DeletePool"]);
    });
}

#[test]
fn an_object_that_never_tried_to_buy_is_released_without_any_account() {
    STAGE.play(async |scene| {
        let account = json!({ "account": format!("{}-never", scene.name) });
        scene.create("train", &account).await;
        scene.until_reason("train", "WaitingForAccount").await;
        scene.delete_gone("train").await;
        assert!(scene.deeds().await.is_empty());
    });
}
