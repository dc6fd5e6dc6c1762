//! Accounts whose settings are refused before anything is sent.

use e2e::record::condition;
use e2e::scene::Scene;
use serde_json::{Value, json};

use crate::STAGE;

/// An account with `changes` is refused with `words`, and so are its pools, without any call.
async fn refused(scene: &Scene, changes: &Value, words: &[&str]) {
    let account = format!("{}-wrong", scene.name);
    scene.create_account(&account, changes).await;
    scene.create("train", &json!({ "account": account })).await;
    let stalled = scene.until_reason("train", "InvalidAccount").await;
    assert_eq!(condition(&stalled, "Stalled"), "True");
    let told = serde_json::to_string(&stalled.status).unwrap();
    for word in words {
        assert!(told.contains(word), "{word} is not in: {told}");
    }
    let accounts = scene.accounts();
    let waited = sandbox::wait::until("the account to say so", e2e::scene::PATIENCE, async || {
        let read = accounts.get(&account).await.map_err(|error| error.to_string())?;
        let told = serde_json::to_string(&read.status).unwrap();
        if told.contains("InvalidAccount") {
            Ok(())
        } else {
            Err(told)
        }
    });
    scene.expect(waited.await);
    assert!(scene.simulator.requests().await.unwrap().is_empty());
}

#[test]
fn an_endpoint_outside_the_allow_list_is_refused() {
    STAGE.play(async |scene| {
        let elsewhere = json!({ "endpoint": "https://modelarts.example.com" });
        refused(scene, &elsewhere, &["modelarts.example.com", "allow"]).await;
    });
}

#[test]
fn an_iam_endpoint_outside_the_allow_list_is_refused() {
    STAGE.play(async |scene| {
        let elsewhere = json!({ "iamEndpoint": "https://iam.example.com" });
        refused(scene, &elsewhere, &["iam.example.com", "allow"]).await;
    });
}

#[test]
fn plain_http_is_refused_except_to_loopback() {
    STAGE.play(async |scene| {
        refused(
            scene,
            &json!({ "endpoint": "http://192.0.2.1:8080" }),
            &["must be https"],
        )
        .await;
        // Corrected, the same account serves.
        let account = format!("{}-wrong", scene.name);
        let correct = json!({ "spec": { "endpoint": scene.simulator.url } });
        let accounts = scene.accounts();
        accounts
            .patch(&account, &Default::default(), &kube::api::Patch::Merge(&correct))
            .await
            .unwrap();
        scene.until_ready("train").await;
    });
}
