//! The life of one network: made exactly once whatever happens, changed, and left alone when paused.

use sandbox::simulator::Fault;
use serde_json::json;

use crate::STAGE;
use crate::nets::{Nets, says};

#[test]
fn a_lost_answer_makes_no_second_network() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        scene.faults(&[Fault::times("CreateNetwork", "lostAnswer", 1)]).await;
        nets.create("wires", &json!({})).await;
        nets.until_ready("wires").await;
        scene.until_struck().await;
        assert_eq!(scene.deeds().await, ["CreateNetwork"]);
        assert_eq!(nets.in_cloud().await.len(), 1);
        nets.delete("wires").await;
        nets.until_gone("wires").await;
        assert_eq!(nets.in_cloud().await.len(), 0);
    });
}

#[test]
fn a_new_description_is_sent_and_the_marker_stays() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        nets.create("wires", &json!({ "description": "for training" })).await;
        nets.until_ready("wires").await;
        nets.change("wires", &json!({ "description": "for everybody" })).await;
        let synced = |network: &modelarts_crd::ModelArtsNetwork| {
            let applied = network.status.as_ref().and_then(|status| status.applied_generation);
            applied == network.metadata.generation && says(network, "Synced", "True", "Synced")
        };
        let network = nets.until("wires", "to be changed", synced).await;
        let seen = nets.in_cloud().await;
        let description = seen[0]["metadata"]["annotations"]["os.modelarts/description"].as_str();
        let wanted = format!("for everybody {}", crate::nets::marker_of(&network));
        assert!(description.unwrap_or_default().starts_with(&wanted), "{description:?}");
        assert_eq!(scene.deeds().await, ["CreateNetwork", "PatchNetwork"]);
        nets.delete("wires").await;
        nets.until_gone("wires").await;
    });
}

#[test]
fn a_network_that_vanishes_is_made_again_when_something_else_proves_that_the_cloud_answers() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        nets.create("wires", &json!({})).await;
        let id = nets.until_ready("wires").await;
        nets.vanish(&id).await;
        nets.until_reason("wires", "ConfirmingLoss").await;
        nets.until_ready("wires").await;
        assert_eq!(scene.tally("CreateNetwork").await.count, 2);
        assert_eq!(nets.in_cloud().await.len(), 1);
        nets.delete("wires").await;
        nets.until_gone("wires").await;
    });
}

#[test]
fn a_paused_network_and_pool_cause_no_call_at_all() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        nets.create("wires", &json!({ "managementPolicy": "Pause" })).await;
        scene.create("train", &json!({ "managementPolicy": "Pause" })).await;
        nets.until_reason("wires", "Suspended").await;
        scene.until_reason("train", "Suspended").await;
        let calls = scene.simulator.requests().await.unwrap();
        assert!(calls.values().all(|tally| tally.count == 0), "{calls:?}");
        nets.change("wires", &json!({ "managementPolicy": "Manage" })).await;
        nets.until_ready("wires").await;
        assert_eq!(scene.tally("ListPools").await.count, 0, "the pool is still paused");
        nets.delete("wires").await;
        nets.until_gone("wires").await;
    });
}

#[test]
fn pools_alone_cause_no_list_of_networks() {
    STAGE.play(async |scene| {
        scene.create_ready("train", &json!({})).await;
        scene.until_listed(2).await;
        assert_eq!(scene.tally("ListNetworks").await.count, 0);
    });
}
