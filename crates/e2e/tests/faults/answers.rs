//! The answer to a change is lost, late, mangled or a lie: in doubt, nobody buys twice.

use std::time::Duration;

use e2e::stage::seconds;
use sandbox::simulator::Fault;
use serde_json::json;

use crate::STAGE;
use crate::lives::{creation, deletion, settled};

const IN_DOUBT: Duration = Duration::from_secs(seconds::IN_DOUBT);

fn lasting(fault: Fault, seconds: u64) -> Fault {
    Fault {
        seconds: Some(seconds),
        ..fault
    }
}

/// How many attempts the object has on record.
fn attempts(pool: &modelarts_crd::ModelArtsPool) -> i64 {
    let creation = pool.status.as_ref().and_then(|status| status.creation.as_ref());
    creation.map_or(0, |creation| creation.attempt)
}

#[test]
fn a_lost_answer_to_a_creation_or_a_deletion_loses_nothing() {
    STAGE.play(async |scene| {
        let lost = |operation| Fault::times(operation, "lostAnswer", 1);
        let (pool, _) = creation(scene, &[lost("CreatePool")], "ConfirmingCreation").await;
        assert_eq!(attempts(&pool), 1, "the pool was found, not bought again");
        deletion(scene, &[lost("DeletePool")], "Deleting").await;
    });
}

#[test]
fn an_error_after_the_deed_is_no_proof_of_failure() {
    STAGE.play(async |scene| {
        let error = |operation| Fault::times(operation, "errorAfterCommit", 1);
        let (pool, _) = creation(scene, &[error("CreatePool")], "ConfirmingCreation").await;
        assert_eq!(attempts(&pool), 1);
        deletion(scene, &[error("DeletePool")], "Deleting").await;
    });
}

#[test]
fn a_creation_that_is_executed_after_its_connection_broke_is_found() {
    STAGE.play(async |scene| {
        let late = lasting(Fault::times("CreatePool", "delayedCommit", 1), 2);
        let (pool, took) = creation(scene, &[late], "ConfirmingCreation").await;
        assert_eq!(attempts(&pool), 1);
        assert!(took >= Duration::from_secs(2), "{took:?}");
        let late = lasting(Fault::times("DeletePool", "delayedCommit", 1), 2);
        deletion(scene, &[late], "Deleting").await;
    });
}

#[test]
fn an_answer_that_cannot_be_read_is_a_lost_answer() {
    STAGE.play(async |scene| {
        let (pool, _) = creation(
            scene,
            &[Fault::times("CreatePool", "malformed", 1)],
            "ConfirmingCreation",
        )
        .await;
        assert_eq!(attempts(&pool), 1);
        deletion(scene, &[Fault::times("DeletePool", "malformed", 1)], "Deleting").await;
    });
}

#[test]
fn a_creation_without_any_answer_is_tried_again_only_when_it_can_no_longer_come_true() {
    STAGE.play(async |scene| {
        // Not executed, which only the time can tell.
        let hang = Fault::times("CreatePool", "hang", 1);
        let (pool, took) = creation(scene, &[hang], "ConfirmingCreation").await;
        assert_eq!(attempts(&pool), 2);
        assert!(took >= IN_DOUBT, "bought again after {took:?}");
        deletion(scene, &[Fault::times("DeletePool", "hang", 1)], "Deleting").await;
    });
}

#[test]
fn an_html_page_in_place_of_an_answer_leaves_a_creation_in_doubt() {
    STAGE.play(async |scene| {
        let page = Fault::times("CreatePool", "html503", 1);
        let (pool, took) = creation(scene, &[page], "ConfirmingCreation").await;
        assert_eq!(attempts(&pool), 2);
        assert!(took >= IN_DOUBT, "bought again after {took:?}");
        let pages = [
            Fault::times("ShowPool", "html503", 1),
            Fault::times("DeletePool", "html503", 2),
        ];
        deletion(scene, &pages, "CloudUnavailable").await;
    });
}

#[test]
fn a_new_pool_that_lists_do_not_show_yet_is_not_bought_again() {
    STAGE.play(async |scene| {
        let late = lasting(Fault::times("CreatePool", "listLag", 1), 2);
        let (pool, _) = creation(scene, &[late], "Creating").await;
        assert_eq!(attempts(&pool), 1);
        let young = lasting(Fault::always("ListPools", "listLag"), 3600);
        crate::lives::settled_despite(scene, young).await;
        deletion(scene, &[], "Deleting").await;
    });
}

#[test]
fn a_lost_answer_and_a_lagging_list_together_buy_one_pool() {
    STAGE.play(async |scene| {
        scene
            .simulator
            .set_profile(&json!({ "listLagSeconds": 2 }))
            .await
            .unwrap();
        let lost = Fault::times("CreatePool", "lostAnswer", 1);
        let (pool, _) = creation(scene, &[lost], "ConfirmingCreation").await;
        assert_eq!(attempts(&pool), 1);
    });
}

#[test]
fn a_pool_deleted_while_its_creation_is_in_doubt_is_found_and_deleted() {
    STAGE.play(async |scene| {
        // The pool comes into being after the deletion was asked for, and shows even later.
        scene
            .simulator
            .set_profile(&json!({ "listLagSeconds": 1 }))
            .await
            .unwrap();
        scene
            .faults(&[lasting(Fault::times("CreatePool", "delayedCommit", 1), 2)])
            .await;
        scene.create("train", &json!({})).await;
        scene.until_struck().await;
        scene.delete("train").await;
        scene.until_gone("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool", "DeletePool"]);
        assert!(scene.cloud_pools().await.is_empty());
    });
}

#[test]
fn an_object_deleted_while_its_creation_hangs_waits_until_that_cannot_come_true() {
    STAGE.play(async |scene| {
        scene.faults(&[Fault::times("CreatePool", "hang", 1)]).await;
        scene.create("train", &json!({})).await;
        scene.until_struck().await;
        let begun = std::time::Instant::now();
        scene.delete("train").await;
        scene.until_gone("train").await;
        // The attempt was written down a moment before it was sent.
        let least = IN_DOUBT - Duration::from_secs(2);
        assert!(begun.elapsed() >= least, "released after {:?}", begun.elapsed());
        assert!(scene.deeds().await.is_empty());
    });
}

#[test]
fn phases_and_counts_that_make_no_sense_change_nothing() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        for fault in ["objectCounts", "missingStatus", "unknownPhase", "phaseFlap"] {
            scene.faults(&[Fault::times("ListPools", fault, 2)]).await;
            scene.until_struck().await;
        }
        scene.until_ready("train").await;
        settled(scene).await;
    });
}
