//! Nobody gets at what belongs to another namespace.

use e2e::scene::{Scene, parsed, pool_id};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use modelarts_crd::ModelArtsPool;
use serde_json::json;

use crate::STAGE;

/// A namespace beside the scene's.
async fn neighbour(scene: &Scene) -> Api<ModelArtsPool> {
    let name = format!("{}-neighbour", scene.name);
    let namespace: Namespace = parsed(json!({ "metadata": { "name": name } }));
    let namespaces: Api<Namespace> = Api::all(scene.client());
    namespaces.create(&PostParams::default(), &namespace).await.unwrap();
    Api::namespaced(scene.client(), &name)
}

#[test]
fn fault_87_an_account_that_does_not_allow_a_namespace_does_nothing_for_it() {
    STAGE.play(async |scene| {
        let account = format!("{}-private", scene.name);
        let allowed = json!({ "matchLabels": { "kubernetes.io/metadata.name": scene.name } });
        scene
            .create_account(&account, &json!({ "allowedNamespaces": allowed }))
            .await;
        let closed = format!("{}-closed", scene.name);
        scene
            .create_account(&closed, &json!({ "allowedNamespaces": null }))
            .await;
        let pools = neighbour(scene).await;
        for (name, account) in [("train", &account), ("other", &closed)] {
            let mut pool: ModelArtsPool = parsed(scene.manifest(name, &json!({ "account": account })));
            pool.metadata.namespace = None;
            pools.create(&PostParams::default(), &pool).await.unwrap();
        }
        for name in ["train", "other"] {
            let told = async || {
                let told = serde_json::to_string(&pools.get(name).await.unwrap().status).unwrap();
                told.contains("NamespaceNotAllowed").then_some(()).ok_or(told)
            };
            scene.expect(sandbox::wait::until("the refusal", e2e::scene::PATIENCE, told).await);
        }
        // The account serves all the same, and only where it is meant to.
        scene.create_ready("mine", &json!({ "account": account })).await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
        for name in ["train", "other"] {
            pools.delete(name, &DeleteParams::default()).await.unwrap();
        }
    });
}

#[test]
fn fault_90_a_status_that_names_a_neighbours_pool_neither_takes_nor_deletes_it() {
    STAGE.play(async |scene| {
        let mine = scene.create_ready("mine", &json!({})).await;
        let pools = neighbour(scene).await;
        let mut pool: ModelArtsPool = parsed(scene.manifest("theirs", &json!({ "deletionPolicy": "Delete" })));
        pool.metadata.namespace = None;
        pools.create(&PostParams::default(), &pool).await.unwrap();
        let ready = async || {
            let told = pools.get("theirs").await.unwrap();
            match e2e::record::kstatus(&told) {
                e2e::record::Kstatus::Current => Ok(()),
                _ => Err(serde_json::to_string(&told.status).unwrap()),
            }
        };
        scene.expect(sandbox::wait::until("theirs is ready", e2e::scene::PATIENCE, ready).await);
        // As somebody could who may write status, which the shipped roles grant to nobody.
        let forged = json!({ "status": { "poolId": pool_id(&mine) } });
        let parameters = PatchParams::default();
        let patched = pools.patch_status("theirs", &parameters, &Patch::Merge(&forged)).await;
        patched.unwrap();
        pools.delete("theirs", &DeleteParams::default()).await.unwrap();
        scene.until_listed(4).await;
        scene.until_ready("mine").await;
        let deleted = scene.simulator.ledger_of("DeletePool").await.unwrap();
        let lost = deleted
            .iter()
            .any(|entry| entry.pool_id.as_deref() == Some(pool_id(&mine)));
        assert!(!lost, "{deleted:?}");
        let patched = scene.simulator.ledger_of("PatchPool").await.unwrap();
        assert!(patched.is_empty(), "{patched:?}");
    });
}

#[test]
fn fault_93_oversized_input_is_refused_at_the_door_and_named() {
    STAGE.play(async |scene| {
        let entry = json!({ "flavor": "modelarts.vm.cpu.8ud", "count": 1 });
        let many = vec![entry; 10_000];
        for (name, changes, field) in [
            (
                "long",
                json!({ "description": "x".repeat(1_000_000) }),
                "spec.description",
            ),
            ("wide", json!({ "resources": many }), "spec.resources"),
            ("far", json!({ "account": "x".repeat(100_000) }), "spec.account"),
        ] {
            let pool: ModelArtsPool = parsed(scene.manifest(name, &changes));
            let refused = scene.pools().create(&PostParams::default(), &pool).await;
            match refused {
                Err(kube::Error::Api(refusal)) => {
                    assert_eq!(refusal.code, 422, "{name}");
                    assert!(refusal.message.contains(field), "{name}: {}", refusal.message);
                }
                other => panic!("{name}: {other:?}"),
            }
        }
    });
}
