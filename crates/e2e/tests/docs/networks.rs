//! `docs/networks.md`.

use kube::Api;
use modelarts_crd::ModelArtsNetwork;

use crate::STAGE;
use crate::reader::{NAMESPACE, READY, Reader, SYNCED};

#[test]
fn a_pool_waits_for_its_network_and_the_network_for_the_end_of_its_pools() {
    STAGE.play(async |scene| {
        let reader = Reader { world: scene.world };
        reader.apply_block("docs/networks.md", "networkRef:").await;
        let networks: Api<ModelArtsNetwork> = Api::namespaced(scene.client(), NAMESPACE);
        let pools = reader.pools(NAMESPACE);
        let network = reader.until_of(&networks, "vision", &[READY, SYNCED]).await;
        let pool = reader.until("vision-train", &[READY, SYNCED]).await;
        let id = network.status.unwrap().network_id;
        assert!(id.is_some());
        assert_eq!(pool.status.unwrap().network_id, id);

        reader.delete(&networks, "vision").await;
        let told = [("Reconciling", "True", "NetworkInUse")];
        let network = reader.until_of(&networks, "vision", &told).await;
        let conditions = network.status.unwrap().conditions;
        let ready = conditions.iter().find(|condition| condition.type_ == "Ready").unwrap();
        assert!(ready.message.contains("vision-train"), "{}", ready.message);
        reader.delete(&pools, "vision-train").await;
        reader.until_gone(&pools, "vision-train").await;
        reader.until_gone(&networks, "vision").await;
    });
}
