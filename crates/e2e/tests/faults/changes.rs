//! A change of the cloud goes wrong: it is made in the end, and no more often than can be explained.

use e2e::record::reason;
use e2e::scene::Scene;
use modelarts_crd::ModelArtsPool;
use sandbox::simulator::Fault;
use serde_json::json;

use crate::STAGE;

/// Asks for two nodes more while a fault strikes. The status must give `says`, unless that is empty, and
/// the cloud must have accepted as many changes as `accepted` allows when the size is as asked.
async fn grown(scene: &Scene, fault: Fault, says: &str, accepted: std::ops::RangeInclusive<usize>) {
    scene.create_ready("train", &json!({})).await;
    let before = scene.record.life("train").await.len();
    scene.faults(&[fault]).await;
    let more = json!({ "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 3 }] });
    scene.change("train", &more).await;
    scene.until_struck().await;
    scene.until("train", "to have three nodes", is_grown).await;
    scene.until_condition("train", "Synced", "True", "Synced").await;
    scene.until_ready("train").await;
    let life = scene.record.life("train").await;
    let said = life[before..].iter().any(|pool| reason(pool) == says);
    assert!(
        said || says.is_empty(),
        "{says} was not said: {:?}",
        scene.record.reasons("train").await
    );
    // Whatever is still on its way arrives, and changes nothing.
    scene.until_listed(5).await;
    let pool = scene.until_ready("train").await;
    assert!(is_grown(&pool), "{:?}", pool.status);
    let cloud = scene.cloud_pools().await;
    assert_eq!(
        (cloud.len(), &cloud[0]["spec"]["resources"][0]["count"]),
        (1, &json!(3))
    );
    let deeds = scene.deeds().await;
    let (made, changed) = (&deeds[..1], &deeds[1..]);
    assert_eq!(made, ["CreatePool"]);
    assert!(changed.iter().all(|deed| deed == "PatchPool"), "{deeds:?}");
    assert!(
        accepted.contains(&changed.len()),
        "{} changes: {deeds:?}",
        changed.len()
    );
}

fn is_grown(pool: &ModelArtsPool) -> bool {
    let nodes = pool.status.as_ref().and_then(|status| status.nodes.as_ref());
    nodes.is_some_and(|nodes| nodes.available == 3)
}

#[test]
fn a_lost_answer_to_a_change_is_found_done() {
    STAGE.play(async |scene| grown(scene, Fault::times("PatchPool", "lostAnswer", 1), "", 1..=1).await);
}

#[test]
fn an_error_after_a_change_is_no_proof_that_it_failed() {
    STAGE.play(async |scene| grown(scene, Fault::times("PatchPool", "errorAfterCommit", 1), "", 1..=1).await);
}

#[test]
fn an_answer_to_a_change_that_cannot_be_read_is_a_lost_answer() {
    STAGE.play(async |scene| grown(scene, Fault::times("PatchPool", "malformed", 1), "", 1..=1).await);
}

#[test]
fn a_change_that_is_executed_late_asks_for_the_same_again() {
    STAGE.play(async |scene| {
        let late = Fault {
            seconds: Some(2),
            ..Fault::times("PatchPool", "delayedCommit", 1)
        };
        grown(scene, late, "", 1..=2).await;
    });
}

#[test]
fn a_change_without_any_answer_is_sent_again() {
    STAGE.play(async |scene| grown(scene, Fault::times("PatchPool", "hang", 1), "CloudUnavailable", 1..=1).await);
}

#[test]
fn a_change_that_a_page_answers_is_sent_again() {
    STAGE.play(async |scene| {
        grown(
            scene,
            Fault::times("PatchPool", "html503", 2),
            "CloudUnavailable",
            1..=1,
        )
        .await
    });
}

#[test]
fn a_change_that_the_gateway_does_not_know_is_sent_again() {
    STAGE.play(async |scene| {
        grown(
            scene,
            Fault::times("PatchPool", "gateway404", 2),
            "CloudUnavailable",
            1..=1,
        )
        .await
    });
}

#[test]
fn a_throttled_change_is_sent_again_after_a_pause() {
    STAGE.play(async |scene| grown(scene, Fault::times("PatchPool", "throttle", 2), "Throttled", 1..=1).await);
}

#[test]
fn a_change_with_expired_credentials_is_sent_again() {
    STAGE.play(async |scene| {
        let expired = Fault::times("PatchPool", "expiredCredentials", 1);
        grown(scene, expired, "CredentialsRefused", 1..=1).await;
    });
}

#[test]
fn a_look_that_fails_before_a_change_sends_nothing_unseen() {
    STAGE.play(async |scene| grown(scene, Fault::times("ShowPool", "serverError", 2), "", 1..=1).await);
}

#[test]
fn more_nodes_of_a_sold_out_flavor_are_waited_for_and_the_pool_stays() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        let stock = "flavors/modelarts.vm.cpu.8ud/stock";
        let lever = async |state: &str| {
            let body = json!({ "state": state });
            scene
                .simulator
                .call(reqwest::Method::POST, stock, Some(&body))
                .await
                .unwrap();
        };
        lever("soldout").await;
        let more = json!({ "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 3 }] });
        scene.change("train", &more).await;
        let waiting = scene.until_condition("train", "Reconciling", "True", "SoldOut").await;
        let nodes = waiting.status.unwrap().nodes.unwrap();
        assert_eq!((nodes.desired, nodes.available), (Some(3), 1));
        assert_eq!(scene.deeds().await, ["CreatePool"]);
        lever("normal").await;
        scene.until("train", "to have three nodes", is_grown).await;
        scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool", "PatchPool"]);
    });
}
