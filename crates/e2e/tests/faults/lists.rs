//! Looking fails, or shows less than there is: what was bought stays, and nothing is bought for it.

use e2e::record::reason;
use sandbox::simulator::Fault;
use serde_json::json;

use crate::STAGE;
use crate::lives::{settled_despite, settled_under};

/// Pools that vanish together: enough to open the breaker.
const MANY: usize = 4;

#[test]
fn a_settled_pool_outlives_lists_that_cannot_be_read() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        settled_under(scene, Fault::always("ListPools", "malformed"), "CloudUnavailable").await;
    });
}

#[test]
fn a_settled_pool_outlives_a_service_that_is_down() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        settled_under(scene, Fault::always("*", "html503"), "CloudUnavailable").await;
    });
}

#[test]
fn a_settled_pool_outlives_lists_that_are_never_answered() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        settled_under(scene, Fault::always("ListPools", "hang"), "CloudUnavailable").await;
    });
}

#[test]
fn a_settled_pool_outlives_empty_and_partial_lists() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        settled_despite(scene, Fault::always("ListPools", "emptyList")).await;
        settled_despite(scene, Fault::always("ListPools", "partialList")).await;
    });
}

#[test]
fn readiness_is_unknown_when_nothing_was_seen_for_the_whole_window() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        scene.faults(&[Fault::always("ListPools", "serverError")]).await;
        let blind = scene
            .until_condition("train", "Ready", "Unknown", "CloudUnavailable")
            .await;
        assert_eq!(blind.status.unwrap().phase.as_deref(), Some("Running"));
        scene.faults(&[]).await;
        scene.until_ready("train").await;
        crate::lives::settled(scene).await;
    });
}

#[test]
fn while_looking_fails_nothing_is_bought_and_the_status_says_why() {
    STAGE.play(async |scene| {
        scene.faults(&[Fault::always("ListPools", "serverError")]).await;
        scene.create("train", &json!({})).await;
        scene.until_reason("train", "CloudUnavailable").await;
        assert_eq!(scene.tally("CreatePool").await.count, 0);
        // An empty answer is one: a pool that was never tried is bought on it.
        scene.faults(&[]).await;
        scene.until_ready("train").await;
        crate::lives::settled(scene).await;
    });
}

#[test]
fn when_all_pools_vanish_from_the_lists_at_once_none_is_bought_again() {
    STAGE.play(async |scene| {
        let names: Vec<String> = (1..=MANY).map(|number| format!("train-{number}")).collect();
        for name in &names {
            scene.create(name, &json!({})).await;
        }
        for name in &names {
            scene.until_ready(name).await;
        }
        scene.faults(&[Fault::always("ListPools", "emptyList")]).await;
        for name in &names {
            scene.until_condition(name, "Synced", "Unknown", "ScopeFrozen").await;
        }
        // While the scope is frozen nobody buys: not those that vanished, and no newcomer either.
        scene.create("late", &json!({})).await;
        scene.until_reason("late", "ScopeFrozen").await;
        assert_eq!(scene.deeds().await, vec!["CreatePool"; MANY]);
        scene.faults(&[]).await;
        for name in names.iter().map(String::as_str).chain(["late"]) {
            scene.until_ready(name).await;
        }
        assert_eq!(scene.deeds().await, vec!["CreatePool"; MANY + 1]);
        for name in &names {
            let life = scene.record.life(name).await;
            let lost = life.iter().find(|pool| reason(pool) == "ConfirmingLoss");
            assert!(lost.is_none(), "{lost:?}");
        }
    });
}
