//! Credentials that the cloud refuses: told everywhere, tried once, mended without a restart.

use e2e::record::{condition, reason};
use e2e::scene::Scene;
use kube::api::{Patch, PatchParams};
use modelarts_crd::ModelArtsAccount;
use sandbox::simulator::{Key, SECRET_KEY};
use serde_json::json;

use crate::STAGE;

/// Pools of one account, all of which want to call the cloud.
const POOLS: usize = 5;

/// Puts another secret key into the scene's Secret.
async fn set_secret_key(scene: &Scene, secret_key: &str) {
    let (parameters, data) = (
        PatchParams::default(),
        json!({ "stringData": { "secretKey": secret_key } }),
    );
    let patched = scene
        .secrets()
        .patch(&scene.name, &parameters, &Patch::Merge(&data))
        .await;
    patched.unwrap();
}

/// Waits until a condition of an account has this status and reason.
async fn until_account(scene: &Scene, name: &str, type_: &str, status: &str, reason: &str) -> ModelArtsAccount {
    let what = format!("says {type_}={status} ({reason})");
    let said = |account: &ModelArtsAccount| {
        let mut conditions = account.status.iter().flat_map(|status| &status.conditions);
        conditions.any(|told| told.type_ == type_ && told.status == status && told.reason == reason)
    };
    scene.until_account(name, &what, said).await
}

/// Calls that the scene's cloud refused, all operations together.
async fn rejected(scene: &Scene) -> u64 {
    let all = scene.simulator.requests().await.unwrap();
    all.values().map(|tally| tally.rejected).sum()
}

fn names() -> Vec<String> {
    (1..=POOLS).map(|number| format!("train-{number}")).collect()
}

/// A second account of the scene with good credentials, whose LISTs show that time passes.
async fn create_clockwork(scene: &Scene) {
    let name = format!("{}-good", scene.name);
    let key = Key {
        access: String::from("AKCLOCKWORK"),
        ..Key::default()
    };
    scene.simulator.add_key(&key).await.unwrap();
    let secret: k8s_openapi::api::core::v1::Secret = serde_json::from_value(json!({
        "metadata": { "name": name },
        "stringData": { "accessKey": key.access, "secretKey": key.secret },
    }))
    .unwrap();
    scene.secrets().create(&Default::default(), &secret).await.unwrap();
    scene
        .create_account(&name, &json!({ "credentials": { "secret": { "name": name } } }))
        .await;
    scene.create_ready("clockwork", &json!({ "account": name })).await;
}

#[test]
fn a_wrong_key_is_tried_once_for_all_pools_and_mended_by_its_secret() {
    STAGE.play(async |scene| {
        set_secret_key(scene, "not-the-key").await;
        create_clockwork(scene).await;
        let before = rejected(scene).await;
        for name in names() {
            scene.create(&name, &json!({})).await;
        }
        for name in names() {
            let stalled = scene.until_reason(&name, "CredentialsRefused").await;
            assert_eq!(condition(&stalled, "Stalled"), "True");
            let told = serde_json::to_string(&stalled.status).unwrap();
            assert!(told.contains("APIGW.0301") && !told.contains("not-the-key"), "{told}");
        }
        let account = until_account(scene, &scene.name, "CredentialsValid", "False", "CredentialsRefused").await;
        let told = serde_json::to_string(&account.status).unwrap();
        assert!(told.contains(r#""type":"Stalled""#), "{told}");
        // Ten intervals, and a pass of each pool that a person asked for: still that one call.
        scene.until_listed(10).await;
        for name in names() {
            let request = json!({ "metadata": { "annotations": { "modelarts.huaweicloud.com/requestedAt": "now" } } });
            scene.patch(&name, &request).await;
            scene
                .until(&name, "to echo the request", |pool| {
                    let status = pool.status.as_ref();
                    status.and_then(|status| status.last_handled_reconcile_at.as_deref()) == Some("now")
                })
                .await;
        }
        assert_eq!(rejected(scene).await - before, 1);

        set_secret_key(scene, SECRET_KEY).await;
        for name in names() {
            scene.until_ready(&name).await;
        }
        until_account(scene, &scene.name, "CredentialsValid", "True", "Ready").await;
        assert_eq!(scene.deeds().await, vec!["CreatePool"; POOLS + 1]);
    });
}

#[test]
fn a_key_that_is_withdrawn_stalls_settled_pools_and_costs_none() {
    STAGE.play(async |scene| {
        for name in names() {
            scene.create(&name, &json!({})).await;
        }
        for name in names() {
            scene.until_ready(&name).await;
        }
        create_clockwork(scene).await;
        let (key, before) = (Key::default(), rejected(scene).await);
        scene.simulator.remove_key(&key.access).await.unwrap();
        for name in names() {
            let stalled = scene.until_reason(&name, "CredentialsRefused").await;
            assert_eq!(stalled.status.unwrap().phase.as_deref(), Some("Running"));
        }
        until_account(scene, &scene.name, "CredentialsValid", "False", "CredentialsRefused").await;
        scene.until_listed(10).await;
        assert_eq!(rejected(scene).await - before, 1);
        // The key is replaced, as in a rotation.
        let next = Key {
            access: String::from("AKNEXT"),
            ..key
        };
        scene.simulator.add_key(&next).await.unwrap();
        let (parameters, data) = (
            PatchParams::default(),
            json!({ "stringData": { "accessKey": next.access } }),
        );
        scene
            .secrets()
            .patch(&scene.name, &parameters, &Patch::Merge(&data))
            .await
            .unwrap();
        for name in names() {
            scene.until_ready(&name).await;
        }
        assert_eq!(scene.deeds().await, vec!["CreatePool"; POOLS + 1]);
    });
}

#[test]
fn fault_80_good_credentials_of_another_project_are_told_as_a_missing_permission() {
    STAGE.play(async |scene| {
        let account = format!("{}-foreign", scene.name);
        scene
            .create_account(&account, &json!({ "projectId": "0000000000004000a000000000000001" }))
            .await;
        scene.create("train", &json!({ "account": account })).await;
        let stalled = scene.until_reason("train", "PermissionDenied").await;
        assert_eq!(condition(&stalled, "Stalled"), "True");
        let told = serde_json::to_string(&stalled.status).unwrap();
        assert!(
            told.contains("403 ModelArts.0210") && told.contains("(request "),
            "{told}"
        );
        assert_eq!(scene.tally("CreatePool").await.count, 0);
        // It never tried to buy, so it is released although nothing may be read.
        scene.delete_gone("train").await;
        let life = scene.record.life("train").await;
        assert!(life.iter().all(|pool| reason(pool) != "CredentialsRefused"));
    });
}
