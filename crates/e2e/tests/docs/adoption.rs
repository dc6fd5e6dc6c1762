//! `docs/adoption.md`.

use serde_json::json;

use crate::STAGE;
use crate::pages::page;
use crate::reader::{NAMESPACE, READY, Reader, SYNCED};

const PAGE: &str = "docs/adoption.md";

#[test]
fn a_pool_that_exists_is_taken_over_by_its_id_and_by_one_object_only() {
    STAGE.play(async |scene| {
        let reader = Reader { world: scene.world };
        let block = page(PAGE).block("name: legacy-train\n");
        reader.apply(&block).await;
        reader.until("legacy-train", &[("Stalled", "True", "NotFound")]).await;
        let id = reader.somebody_makes("legacy-train").await;
        let pool = reader.until("legacy-train", &[READY, SYNCED]).await;
        assert_eq!(pool.status.unwrap().pool_id.as_deref(), Some(&*id));
        let there = reader.cloud_pool(&id).await.unwrap();
        let description = there["metadata"]["annotations"]["os.modelarts/description"]
            .as_str()
            .unwrap();
        assert!(description.contains(&pool.metadata.uid.unwrap()), "{description}");

        reader
            .apply(&block.replace("name: legacy-train\n", "name: second\n"))
            .await;
        reader.until("second", &[("Stalled", "True", "AdoptionRefused")]).await;
        // What is adopted is kept: the object may go without a trace only under Detach.
        let deeds = reader.deeds(&id).await;
        assert_eq!(deeds, ["OutOfBandCreate", "PatchPool"]);
    });
}

#[test]
fn what_a_vanished_object_left_behind_is_not_bought_again_but_adopted() {
    STAGE.play(async |scene| {
        let reader = Reader { world: scene.world };
        let restored = page(PAGE).block("name: train\n");
        let (before, id_on_page) = before_the_restore(&restored);
        reader.apply(&before).await;
        let pool = reader.until("train", &[READY, SYNCED]).await;
        let id = pool.status.unwrap().pool_id.unwrap();

        // The object vanishes as if its cluster had been set back: without the operator's doing.
        let pools = reader.pools(NAMESPACE);
        reader
            .patch("train", json!({ "spec": { "managementPolicy": "Pause" } }))
            .await;
        reader.until("train", &[("Ready", "Unknown", "Suspended")]).await;
        reader
            .patch("train", json!({ "metadata": { "finalizers": null } }))
            .await;
        reader.delete(&pools, "train").await;
        reader.until_gone(&pools, "train").await;

        reader.apply(&before).await;
        let pool = reader.until("train", &[("Stalled", "True", "OrphanFound")]).await;
        let conditions = pool.status.unwrap().conditions;
        let stalled = conditions.iter().find(|told| told.type_ == "Stalled").unwrap();
        let line = format!("adoption.poolId: {id}");
        assert!(stalled.message.contains(&line), "{}", stalled.message);
        reader.apply(&restored.replace(&id_on_page, &id)).await;
        let pool = reader.until("train", &[READY, SYNCED]).await;
        assert_eq!(pool.status.unwrap().pool_id, Some(id.clone()));
        assert_eq!(reader.deeds(&id).await, ["CreatePool", "PatchPool"]);
    });
}

/// The manifest without the adoption that the page adds to it, and the ID in that.
fn before_the_restore(restored: &str) -> (String, String) {
    let id = restored.lines().find_map(|line| line.trim().strip_prefix("poolId: "));
    let lines = restored
        .lines()
        .filter(|line| !line.contains("adoption:") && !line.contains("poolId:"));
    let before = lines.map(|line| format!("{line}\n")).collect();
    (before, id.unwrap().to_owned())
}
