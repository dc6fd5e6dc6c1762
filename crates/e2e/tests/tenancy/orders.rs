//! A namespace, a Secret and an account are deleted, in each order. Without its keys nobody can delete
//! the pool: that is said, nothing is lost, and once the keys are back everything ends.

use e2e::scene::{PATIENCE, Scene};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, DeleteParams};
use sandbox::simulator::Key;
use serde_json::json;

use crate::{STAGE, until_account};

/// What is deleted.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Part {
    Namespace,
    Secret,
    Account,
}

async fn delete(scene: &Scene, part: Part) {
    let how = DeleteParams::default();
    match part {
        Part::Namespace => {
            let namespaces: Api<Namespace> = Api::all(scene.client());
            namespaces.delete(&scene.name, &how).await.unwrap();
        }
        Part::Secret => {
            scene.secrets().delete(&scene.name, &how).await.unwrap();
        }
        Part::Account => {
            scene.accounts().delete(&scene.name, &how).await.unwrap();
        }
    }
}

async fn ends(order: [Part; 3]) {
    Box::pin(STAGE.perform(async |scene| {
        scene.create_ready("train", &json!({})).await;
        let blocked = order[0] == Part::Secret;
        for part in order {
            delete(scene, part).await;
            if part == Part::Secret && blocked {
                scene.until_reason("train", "WaitingForCredentials").await;
            }
        }
        if blocked {
            let told = scene.until_reason("train", "WaitingForCredentials").await;
            let told = serde_json::to_string(&told.status).unwrap();
            assert!(told.contains(&format!("modelarts-system/{}", scene.name)), "{told}");
            assert_eq!(scene.deeds().await, ["CreatePool"], "nothing was deleted without keys");
            until_account(scene, "is still there", |account| account.is_some()).await;
        }
        if scene.secrets().get_opt(&scene.name).await.unwrap().is_none() {
            scene.create_secret(&Key::default()).await;
        }
        let namespaces: Api<Namespace> = Api::all(scene.client());
        let waited = sandbox::wait::until("the namespace to be gone", PATIENCE, async || {
            match namespaces
                .get_opt(&scene.name)
                .await
                .map_err(|error| error.to_string())?
            {
                None => Ok(()),
                Some(left) => Err(serde_json::to_string(&left.status).unwrap()),
            }
        });
        scene.expect(waited.await);
        until_account(scene, "is gone", |account| account.is_none()).await;
        assert_eq!(scene.deeds().await, ["CreatePool", "DeletePool"], "{order:?}");
    }))
    .await;
}

#[test]
fn deleted_in_any_order_all_of_them_end_and_no_pool_is_left() {
    use Part::{Account, Namespace, Secret};
    STAGE.run(async {
        for order in [
            [Secret, Namespace, Account],
            [Secret, Account, Namespace],
            [Namespace, Secret, Account],
            [Namespace, Account, Secret],
            [Account, Secret, Namespace],
            [Account, Namespace, Secret],
        ] {
            ends(order).await;
        }
    });
}
