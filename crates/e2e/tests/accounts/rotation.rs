//! Keys are replaced while calls run.

use e2e::scene::Scene;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use sandbox::simulator::{Key, SECRET_KEY};
use serde_json::json;

use crate::STAGE;

/// Pools that are there all the time.
const POOLS: usize = 12;
/// How often the key is replaced.
const ROTATIONS: usize = 3;

/// Puts another access key into the scene's Secret; gives the version that the Secret then has.
async fn write(scene: &Scene, access_key: &str) -> String {
    let (parameters, data) = (
        PatchParams::default(),
        json!({ "stringData": { "accessKey": access_key, "secretKey": SECRET_KEY } }),
    );
    let secrets = scene.secrets();
    let patched = secrets.patch(&scene.name, &parameters, &Patch::Merge(&data)).await;
    patched.unwrap().resource_version().unwrap()
}

/// As `docs/accounts.md` says: the new key, the Secret, the status, and then the old key goes.
async fn rotate(scene: &Scene, old: &str, new: &str) {
    let key = Key {
        access: new.to_owned(),
        ..Key::default()
    };
    scene.simulator.add_key(&key).await.unwrap();
    let version = write(scene, new).await;
    scene
        .until_account(&scene.name, "uses the new key", |account| {
            let status = account.status.as_ref();
            status.and_then(|status| status.secret_version.as_deref()) == Some(&version)
        })
        .await;
    scene.simulator.remove_key(old).await.unwrap();
}

#[test]
fn a_rotation_under_load_costs_no_call() {
    STAGE.play(async |scene| {
        let room = json!({ "poolQuota": 1000 });
        scene.simulator.set_profile(&room).await.unwrap();
        for number in 0..POOLS {
            scene.create(&format!("train-{number}"), &json!({})).await;
        }
        for number in 0..POOLS {
            scene.until_ready(&format!("train-{number}")).await;
        }
        let mut old = Key::default().access;
        for round in 0..ROTATIONS {
            let new = format!("AKROTATED{round}");
            let created = async {
                for number in 0..POOLS {
                    scene.create(&format!("more-{round}-{number}"), &json!({})).await;
                }
                for number in 0..POOLS {
                    let change = json!({ "description": format!("round {round}") });
                    scene.change(&format!("train-{number}"), &change).await;
                }
            };
            futures::future::join(created, rotate(scene, &old, &new)).await;
            for number in 0..POOLS {
                scene.until_ready(&format!("more-{round}-{number}")).await;
                scene.until_ready(&format!("train-{number}")).await;
                scene.delete(&format!("more-{round}-{number}")).await;
            }
            old = new;
        }
        scene.until_listed(3).await;
        let callers = scene.simulator.callers().await.unwrap();
        assert_eq!(callers.len(), ROTATIONS + 1, "each key was used: {callers:?}");
        assert!(
            callers.values().all(|caller| caller.unauthenticated == 0),
            "{callers:?}"
        );
        let created = scene.simulator.ledger_of("CreatePool").await.unwrap();
        assert_eq!(created.len(), POOLS * (ROTATIONS + 1));
    });
}

#[test]
fn a_key_that_is_revoked_first_costs_one_call_and_nothing_else() {
    STAGE.play(async |scene| {
        for number in 0..POOLS {
            scene.create_ready(&format!("train-{number}"), &json!({})).await;
        }
        let old = Key::default().access;
        let new = Key {
            access: String::from("AKROTATED"),
            ..Key::default()
        };
        scene.simulator.add_key(&new).await.unwrap();
        scene.simulator.remove_key(&old).await.unwrap();
        scene
            .until_account(&scene.name, "is told of", |account| {
                let status = account.status.as_ref();
                status.is_some_and(|status| status.refused_credentials.is_some())
            })
            .await;
        write(scene, &new.access).await;
        for number in 0..POOLS {
            scene.until_ready(&format!("train-{number}")).await;
        }
        let account = scene
            .until_account(&scene.name, "is trusted again", |account| {
                let status = account.status.as_ref();
                status.is_some_and(|status| status.refused_credentials.is_none())
            })
            .await;
        let told = serde_json::to_string(&account.status).unwrap();
        assert!(told.contains(r#""status":"True","type":"CredentialsValid""#), "{told}");
        let callers = scene.simulator.callers().await.unwrap();
        assert_eq!(
            (callers[&old].unauthenticated, callers[&new.access].refused),
            (1, 0),
            "{callers:?}"
        );
    });
}
