//! The cloud says no to a creation before doing anything, and would not the next time.

use std::time::Duration;

use sandbox::simulator::Fault;
use serde_json::json;

use crate::STAGE;
use crate::lives::{creation, deletion, settled, settled_despite, settled_under};

#[test]
fn a_throttled_call_is_repeated_after_a_pause() {
    STAGE.play(async |scene| {
        creation(scene, &[Fault::times("CreatePool", "throttle", 2)], "Throttled").await;
        settled_despite(scene, Fault::times("ListPools", "throttle", 1)).await;
        deletion(scene, &[Fault::times("DeletePool", "throttle", 1)], "Throttled").await;
    });
}

#[test]
fn a_throttled_call_is_not_repeated_before_the_time_that_the_cloud_asks_for() {
    STAGE.play(async |scene| {
        let wait = Fault {
            seconds: Some(4),
            ..Fault::times("CreatePool", "throttle", 1)
        };
        let (_, took) = creation(scene, &[wait], "Throttled").await;
        assert!(took >= Duration::from_secs(4), "repeated after {took:?}");
        let wait = Fault {
            seconds: Some(1),
            ..Fault::always("ListPools", "throttle")
        };
        settled_under(scene, wait, "Throttled").await;
    });
}

#[test]
fn a_gateway_that_does_not_know_the_address_is_no_missing_pool() {
    STAGE.play(async |scene| {
        let create = Fault::times("CreatePool", "gateway404", 2);
        creation(scene, &[create], "CloudUnavailable").await;
        settled_under(scene, Fault::always("ListPools", "gateway404"), "CloudUnavailable").await;
        let gone = [
            Fault::times("ShowPool", "gateway404", 2),
            Fault::times("DeletePool", "gateway404", 1),
        ];
        deletion(scene, &gone, "CloudUnavailable").await;
    });
}

#[test]
fn expired_credentials_stop_nothing_for_ever() {
    STAGE.play(async |scene| {
        let expired = Fault::times("CreatePool", "expiredCredentials", 1);
        creation(scene, &[expired], "CredentialsRefused").await;
        // Of a pool that runs, the same is said, and nothing else changes.
        scene
            .faults(&[Fault::times("ListPools", "expiredCredentials", 1)])
            .await;
        let refused = scene.until_reason("train", "CredentialsRefused").await;
        assert_eq!(refused.status.unwrap().phase.as_deref(), Some("Running"));
        scene.until_ready("train").await;
        settled(scene).await;
        deletion(
            scene,
            &[Fault::times("DeletePool", "expiredCredentials", 1)],
            "CredentialsRefused",
        )
        .await;
    });
}

#[test]
fn a_sold_out_flavor_is_waited_for() {
    STAGE.play(async |scene| {
        let sold_out = Fault::always("CreatePool", "soldOut");
        scene.faults(&[sold_out]).await;
        scene.create("train", &json!({})).await;
        let waiting = scene.until_reason("train", "SoldOut").await;
        assert_eq!(e2e::record::condition(&waiting, "Reconciling"), "True");
        let told = serde_json::to_string(&waiting.status).unwrap();
        assert!(told.contains("modelarts.vm.cpu.8ud is sold out"), "{told}");
        scene.faults(&[]).await;
        scene.until_ready("train").await;
        settled(scene).await;
    });
}
