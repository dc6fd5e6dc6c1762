//! An account in use does not vanish.

use kube::api::DeleteParams;
use modelarts_crd::ACCOUNT_FINALIZER;
use serde_json::json;

use crate::{STAGE, says, until_account};

#[test]
fn a_deleted_account_stays_until_the_last_of_its_pools_is_gone_and_takes_no_new_one() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        until_account(scene, "is held", |account| {
            let held = account.and_then(|account| account.metadata.finalizers.as_ref());
            held.is_some_and(|held| held.iter().any(|name| name == ACCOUNT_FINALIZER))
        })
        .await;
        scene
            .accounts()
            .delete(&scene.name, &DeleteParams::default())
            .await
            .unwrap();
        let user = format!("pool {}/train", scene.name);
        until_account(scene, "says what holds it", |account| {
            account.is_some_and(|account| says(account, "Reconciling", "AccountInUse", &[&user]))
        })
        .await;

        scene.create("late", &json!({})).await;
        let late = scene.until_reason("late", "WaitingForAccount").await;
        let told = serde_json::to_string(&late.status).unwrap();
        assert!(told.contains("is being deleted"), "{told}");
        // What is there is kept as it is written.
        scene.change("train", &json!({ "description": "trains models" })).await;
        scene.until_deeds(&["CreatePool", "PatchPool"]).await;

        scene.delete_gone("late").await;
        scene.delete_gone("train").await;
        until_account(scene, "is gone", |account| account.is_none()).await;
        assert_eq!(scene.deeds().await, ["CreatePool", "PatchPool", "DeletePool"]);
    });
}

#[test]
fn an_account_that_nothing_uses_goes_at_once() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        scene.delete_gone("train").await;
        scene
            .accounts()
            .delete(&scene.name, &DeleteParams::default())
            .await
            .unwrap();
        until_account(scene, "is gone", |account| account.is_none()).await;
    });
}
