//! Networks that are there already: taken over where the spec names them, and never otherwise.

use serde_json::json;

use crate::STAGE;
use crate::nets::{Nets, marker_of, message};

#[test]
fn an_adopted_network_is_marked_kept_and_deleted_with_its_object() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        let id = nets.stranger("old-wires").await;
        let adopting =
            json!({ "cidr": "192.168.30.0/24", "networkName": "old-wires", "adoption": { "networkId": id } });
        nets.create("wires", &adopting).await;
        assert_eq!(nets.until_ready("wires").await, id);
        let network = nets.until("wires", "to be there", |_| true).await;
        let seen = nets.in_cloud().await;
        let description = seen[0]["metadata"]["annotations"]["os.modelarts/description"].as_str();
        assert!(
            description.unwrap_or_default().contains(&marker_of(&network)),
            "{seen:?}"
        );
        nets.delete("wires").await;
        nets.until_gone("wires").await;
        assert_eq!(nets.in_cloud().await.len(), 0);
        assert_eq!(scene.tally("CreateNetwork").await.count, 0);
    });
}

#[test]
fn of_two_objects_that_adopt_one_network_one_gets_it_and_the_other_after_it() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        let id = nets.stranger("old-wires").await;
        let adopting = json!({
            "cidr": "192.168.30.0/24", "deletionPolicy": "Detach", "adoption": { "networkId": id },
        });
        nets.create("first", &adopting).await;
        nets.until_ready("first").await;
        nets.create("second", &adopting).await;
        let refused = nets.until_reason("second", "AdoptionRefused").await;
        assert!(
            message(&refused).contains("belongs to the object"),
            "{}",
            message(&refused)
        );
        nets.delete("first").await;
        nets.until_gone("first").await;
        assert_eq!(nets.until_ready("second").await, id);
        nets.close().await;
    });
}

#[test]
fn a_name_that_somebody_else_has_is_a_conflict_until_it_is_free() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        let id = nets.stranger("wanted").await;
        nets.create("wires", &json!({ "networkName": "wanted" })).await;
        nets.until_reason("wires", "NameConflict").await;
        assert_eq!(scene.tally("CreateNetwork").await.count, 0);
        nets.vanish(&id).await;
        nets.until_ready("wires").await;
        assert_eq!(scene.tally("CreateNetwork").await.count, 1);
        nets.delete("wires").await;
        nets.until_gone("wires").await;
    });
}

#[test]
fn a_network_that_is_only_observed_is_shown_and_let_go() {
    STAGE.play(async |scene| {
        let nets = Nets::of(scene);
        let id = nets.stranger("theirs").await;
        let observing = json!({
            "cidr": "192.168.30.0/24", "managementPolicy": "Observe", "adoption": { "networkId": id },
        });
        nets.create("wires", &observing).await;
        assert_eq!(nets.until_ready("wires").await, id);
        scene
            .create_ready("train", &json!({ "network": null, "networkRef": { "name": "wires" } }))
            .await;
        scene.delete_gone("train").await;
        nets.delete("wires").await;
        nets.until_gone("wires").await;
        assert_eq!(nets.in_cloud().await.len(), 1);
        for operation in ["CreateNetwork", "PatchNetwork", "DeleteNetwork"] {
            assert_eq!(scene.tally(operation).await.count, 0, "{operation}");
        }
    });
}
