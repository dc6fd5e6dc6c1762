//! Names: taken by a stranger, by a pool on its way out, by our own lost answer; and pools that
//! somebody deletes behind our back.

use std::time::{Duration, Instant};

use e2e::record::condition;
use e2e::scene::{Scene, pool_id, stranger};
use e2e::stage::seconds;
use sandbox::simulator::{Fault, PROJECT};
use serde_json::{Value, json};

use crate::STAGE;

/// A workspace that the simulator has beside the default one.
const OTHER_WORKSPACE: &str = "6d2d9bd5d6c84dc4a1b3c0d9e8f70001";

fn named() -> Value {
    json!({ "poolName": "shared-name" })
}

/// A stranger's pool keeps the name from ours, untouched, until the stranger gives it up.
async fn conflict(scene: &Scene, workspace: &str) {
    let body = stranger("shared-name", workspace);
    let theirs = scene.simulator.create_pool(PROJECT, &body).await.unwrap();
    let id = theirs["metadata"]["name"].as_str().unwrap().to_owned();
    scene.create("train", &named()).await;
    let stalled = scene.until_reason("train", "NameConflict").await;
    assert_eq!(condition(&stalled, "Stalled"), "True");
    assert_eq!(pool_id(&stalled), "");
    let told = serde_json::to_string(&stalled.status).unwrap();
    assert!(told.contains(&id), "the conflict names the other pool: {told}");
    scene.until_listed(3).await;
    assert_eq!(scene.deeds().await, ["OutOfBandCreate"]);
    assert_eq!(scene.cloud_pools().await.len(), 1);

    scene.simulator.delete_pool(&id).await.unwrap();
    scene.until_ready("train").await;
    assert_eq!(
        scene.deeds().await,
        ["OutOfBandCreate", "OutOfBandDelete", "CreatePool"]
    );
}

#[test]
fn a_name_that_a_strangers_pool_has_is_not_taken_over() {
    STAGE.play(async |scene| conflict(scene, "0").await);
}

#[test]
fn a_name_that_a_stranger_has_in_another_workspace_is_not_taken_over() {
    STAGE.play(async |scene| conflict(scene, OTHER_WORKSPACE).await);
}

#[test]
fn an_object_that_conflicts_can_be_deleted_and_leaves_the_strangers_pool() {
    STAGE.play(async |scene| {
        let body = stranger("shared-name", OTHER_WORKSPACE);
        scene.simulator.create_pool(PROJECT, &body).await.unwrap();
        scene.create("train", &named()).await;
        scene.until_reason("train", "NameConflict").await;
        scene.delete_gone("train").await;
        assert_eq!(scene.deeds().await, ["OutOfBandCreate"]);
        assert_eq!(scene.cloud_pools().await.len(), 1);
    });
}

#[test]
fn a_name_that_is_used_again_at_once_waits_for_the_old_pool_and_for_its_deletion() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &named()).await;
        let begun = Instant::now();
        scene.delete_gone("train").await;
        scene.create("train", &named()).await;
        scene.until_reason("train", "WaitingForName").await;
        scene.until_ready("train").await;
        // A deletion that the cloud executes late would hit the new pool, which has the same ID.
        let window = Duration::from_secs(seconds::IN_DOUBT);
        assert!(begun.elapsed() >= window, "{:?}", begun.elapsed());
        assert_eq!(scene.deeds().await, ["CreatePool", "DeletePool", "CreatePool"]);
    });
}

#[test]
fn a_deleted_name_is_remembered_when_nothing_else_is_left_in_the_workspace() {
    STAGE.play(async |scene| {
        // A second account's pool, whose LISTs show that time passes.
        let other = format!("{}-other", scene.name);
        scene.create_account(&other, &json!({})).await;
        scene.create_ready("clockwork", &json!({ "account": other })).await;
        scene.create_ready("train", &named()).await;
        let begun = Instant::now();
        scene.delete_gone("train").await;
        scene.until_listed(4).await;
        scene.create("train", &named()).await;
        scene.until_ready("train").await;
        let window = Duration::from_secs(seconds::IN_DOUBT);
        assert!(begun.elapsed() >= window, "{:?}", begun.elapsed());
        let reasons = scene.record.reasons("train").await;
        assert!(reasons.contains(&String::from("WaitingForName")), "{reasons:?}");
    });
}

#[test]
fn a_name_is_waited_for_while_another_objects_pool_goes() {
    STAGE.play(async |scene| {
        scene.create_ready("old", &named()).await;
        scene
            .simulator
            .set_profile(&json!({ "deleteSeconds": 2 }))
            .await
            .unwrap();
        scene.delete("old").await;
        scene.until_reason("old", "Deleting").await;
        scene.create("new", &named()).await;
        scene.until_reason("new", "WaitingForName").await;
        scene.until_ready("new").await;
        scene.until_gone("old").await;
        assert_eq!(scene.deeds().await, ["CreatePool", "DeletePool", "CreatePool"]);
        let reasons = scene.record.reasons("new").await;
        assert!(!reasons.contains(&String::from("NameConflict")), "{reasons:?}");
    });
}

#[test]
fn a_taken_name_after_our_own_lost_answer_is_our_own_pool() {
    STAGE.play(async |scene| {
        // The pool is hidden for longer than the window, against the assumptions: the name is all
        // that keeps a second one from being bought, and the pool is found when it shows.
        let hidden = seconds::IN_DOUBT + 4;
        let profile = json!({ "listLagSeconds": hidden });
        scene.simulator.set_profile(&profile).await.unwrap();
        scene.faults(&[Fault::times("CreatePool", "lostAnswer", 1)]).await;
        scene.create("train", &named()).await;
        let pool = scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
        assert_eq!(scene.tally("CreatePool").await.rejected, 1, "the 409");
        assert_eq!(pool_id(&pool), scene.cloud_pools().await[0]["metadata"]["name"]);
    });
}

#[test]
fn a_pool_that_somebody_deleted_is_created_again_once_after_the_loss_span() {
    STAGE.play(async |scene| {
        let pool = scene.create_ready("train", &json!({})).await;
        let begun = Instant::now();
        scene.simulator.delete_pool(pool_id(&pool)).await.unwrap();
        scene.until_reason("train", "ConfirmingLoss").await;
        scene
            .until("train", "to be created again", |pool| {
                let creation = pool.status.as_ref().and_then(|status| status.creation.as_ref());
                creation.is_some_and(|creation| creation.attempt == 2)
            })
            .await;
        let span = Duration::from_secs(seconds::LOSS);
        assert!(begun.elapsed() >= span, "{:?}", begun.elapsed());
        scene.until_ready("train").await;
        scene.until_listed(3).await;
        assert_eq!(scene.deeds().await, ["CreatePool", "OutOfBandDelete", "CreatePool"]);
    });
}

#[test]
fn an_object_whose_pool_somebody_deleted_can_be_deleted() {
    STAGE.play(async |scene| {
        let pool = scene.create_ready("train", &json!({})).await;
        scene.simulator.delete_pool(pool_id(&pool)).await.unwrap();
        scene.delete_gone("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool", "OutOfBandDelete"]);
    });
}
