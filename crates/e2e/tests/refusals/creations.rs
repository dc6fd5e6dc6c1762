//! Creations that the cloud refuses.

use e2e::record::condition;
use e2e::scene::Scene;
use modelarts_crd::ModelArtsPool;
use sandbox::simulator::PROJECT;
use serde_json::{Value, json};

use crate::STAGE;

/// Waits until the pool stalls for `reason` with all of `words` and a request ID, and shows that the
/// request is not repeated.
async fn stalls(scene: &Scene, reason: &str, words: &[&str]) -> ModelArtsPool {
    let stalled = scene.until_reason("train", reason).await;
    assert_eq!(condition(&stalled, "Stalled"), "True");
    let message = message(&stalled);
    for word in words {
        assert!(message.contains(word), "{word} is not in: {message}");
    }
    let request = message.rsplit_once("(request ").unwrap().1;
    assert_eq!(request.trim_end_matches(')').len(), 32, "{message}");
    scene.until_listed(3).await;
    assert_eq!(scene.tally("CreatePool").await.count, 1);
    stalled
}

fn message(pool: &ModelArtsPool) -> String {
    let conditions = pool.status.iter().flat_map(|status| &status.conditions);
    let mut stalled = conditions.filter(|condition| condition.type_ == "Stalled");
    stalled.next().unwrap().message.clone()
}

fn entry(flavor: &str) -> Value {
    json!({ "resources": [{ "flavor": flavor, "count": 1 }] })
}

#[test]
fn an_unknown_flavor_stalls_until_the_spec_names_another() {
    STAGE.play(async |scene| {
        scene.create("train", &entry("modelarts.vm.cpu.none")).await;
        stalls(scene, "RequestRejected", &["CreatePool: 4", "modelarts.vm.cpu.none"]).await;
        scene.change("train", &entry("modelarts.vm.cpu.8ud")).await;
        scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}

#[test]
fn an_unknown_network_stalls_and_the_object_can_be_deleted() {
    STAGE.play(async |scene| {
        let network = json!({ "network": { "name": format!("net-none-{PROJECT}") } });
        scene.create("train", &network).await;
        stalls(
            scene,
            "RequestRejected",
            &["CreatePool: 400 ModelArts.50004000", "net-none", "does not exist"],
        )
        .await;
        scene.delete_gone("train").await;
        assert!(scene.deeds().await.is_empty());
    });
}

#[test]
fn a_used_up_quota_stalls_until_the_user_asks_for_another_try() {
    STAGE.play(async |scene| {
        scene.simulator.set_profile(&json!({ "poolQuota": 0 })).await.unwrap();
        scene.create("train", &json!({})).await;
        stalls(
            scene,
            "QuotaExceeded",
            &["CreatePool: 400 ModelArts.0118", "quota of 0 is used up"],
        )
        .await;
        scene.simulator.set_profile(&json!({ "poolQuota": 1 })).await.unwrap();
        let request = json!({ "metadata": { "annotations": { "modelarts.huaweicloud.com/requestedAt": "now" } } });
        scene.patch("train", &request).await;
        let ready = scene.until_ready("train").await;
        assert_eq!(ready.status.unwrap().last_handled_reconcile_at.as_deref(), Some("now"));
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}

#[test]
fn an_unknown_workspace_is_told_in_the_clouds_words() {
    STAGE.play(async |scene| {
        scene
            .create("train", &json!({ "workspaceId": "6d2d9bd5d6c84dc4a1b3c0d9e8f7ffff" }))
            .await;
        stalls(scene, "RequestRejected", &["ModelArts.7005", "does not exist"]).await;
    });
}

#[test]
fn a_sold_out_flavor_is_no_failure_of_the_users() {
    STAGE.play(async |scene| {
        scene.create("train", &entry("modelarts.bm.gpu.8a100")).await;
        let waiting = scene.until_reason("train", "SoldOut").await;
        assert_eq!(condition(&waiting, "Reconciling"), "True");
        scene.change("train", &entry("modelarts.bm.gpu.8v100")).await;
        scene.until_ready("train").await;
        assert_eq!(scene.deeds().await, ["CreatePool"]);
    });
}
