//! `docs/drift.md`, `docs/policies.md` and `docs/deletion.md`.

use e2e::kubectl;
use serde_json::json;

use crate::STAGE;
use crate::reader::{NAMESPACE, READY, Reader, SYNCED, is_held};

#[test]
fn report_shows_what_others_change_and_correct_puts_it_back() {
    STAGE.play(async |scene| {
        let reader = Reader { world: scene.world };
        reader.apply_block("docs/drift.md", "policy: Report").await;
        let pool = reader.until("tinkered", &[READY, SYNCED]).await;
        let id = pool.status.unwrap().pool_id.unwrap();
        reader.somebody_sets_scope(&id, &["Train", "Notebook"]).await;
        let told = [READY, ("Synced", "False", "Drifted")];
        let pool = reader.until("tinkered", &told).await;
        let conditions = pool.status.unwrap().conditions;
        let synced = conditions.iter().find(|condition| condition.type_ == "Synced").unwrap();
        assert!(synced.message.contains("spec.scope"), "{}", synced.message);
        assert_eq!(reader.deeds(&id).await, ["CreatePool", "ConsolePatch"]);

        reader.patch("tinkered", json!({ "spec": { "drift": null } })).await;
        reader.until("tinkered", &[READY, SYNCED]).await;
        let there = reader.cloud_pool(&id).await.unwrap();
        assert_eq!(there["spec"]["scope"], json!(["Train"]));
        reader.somebody_sets_scope(&id, &["Train", "Infer"]).await;
        let waited = sandbox::wait::until("the scope to be put back", e2e::scene::PATIENCE, async || {
            let there = reader.cloud_pool(&id).await.unwrap();
            let deeds = reader.deeds(&id).await;
            let corrected = deeds.iter().filter(|deed| *deed == "PatchPool").count() == 2;
            match corrected && there["spec"]["scope"] == json!(["Train"]) {
                true => Ok(()),
                false => Err(format!("{deeds:?} {there}")),
            }
        });
        reader.expect(waited.await);
        reader.until("tinkered", &[READY, SYNCED]).await;
    });
}

#[test]
fn observe_shows_a_pool_and_never_touches_it() {
    STAGE.play(async |scene| {
        let reader = Reader { world: scene.world };
        reader
            .apply_block("docs/policies.md", "managementPolicy: Observe")
            .await;
        reader.until("shared-gpus", &[("Stalled", "True", "NotFound")]).await;
        let id = reader.somebody_makes("shared-gpus").await;
        let pool = reader.until("shared-gpus", &[READY, SYNCED]).await;
        assert!(!is_held(&pool));
        assert_eq!(pool.status.unwrap().pool_id.as_deref(), Some(&*id));
        reader.somebody_sets_scope(&id, &["Train", "Notebook"]).await;
        let told = [READY, ("Synced", "False", "Observed")];
        reader.until("shared-gpus", &told).await;
        let pools = reader.pools(NAMESPACE);
        reader.delete(&pools, "shared-gpus").await;
        // Nothing holds it: it is gone with the answer.
        assert!(pools.get_opt("shared-gpus").await.unwrap().is_none());
        assert_eq!(reader.deeds(&id).await, ["OutOfBandCreate", "ConsolePatch"]);
        assert!(reader.cloud_pool(&id).await.is_some());
    });
}

#[test]
fn pause_does_nothing_and_lets_a_deletion_wait() {
    STAGE.play(async |scene| {
        let reader = Reader { world: scene.world };
        let suspended = [("Ready", "Unknown", "Suspended"), ("Synced", "Unknown", "Suspended")];
        let pools = reader.pools(NAMESPACE);
        reader.apply_block("docs/policies.md", "managementPolicy: Pause").await;
        let pool = reader.until("under-repair", &suspended).await;
        let conditions = pool.status.unwrap().conditions;
        let types: Vec<_> = conditions.iter().map(|condition| &*condition.type_).collect();
        assert_eq!(types, ["Ready", "Synced"]);

        reader
            .patch("under-repair", json!({ "spec": { "managementPolicy": "Manage" } }))
            .await;
        let pool = reader.until("under-repair", &[READY, SYNCED]).await;
        let id = pool.status.unwrap().pool_id.unwrap();
        reader
            .patch("under-repair", json!({ "spec": { "managementPolicy": "Pause" } }))
            .await;
        reader.until("under-repair", &suspended).await;
        reader.delete(&pools, "under-repair").await;
        let waited = sandbox::wait::until("the deletion to wait", e2e::scene::PATIENCE, async || {
            let pool = pools.get("under-repair").await.map_err(|error| error.to_string())?;
            let status = serde_json::to_string(&pool.status).unwrap();
            match status.contains("the deletion waits") {
                true => Ok(()),
                false => Err(status),
            }
        });
        reader.expect(waited.await);
        let pool = reader.until("under-repair", &suspended).await;
        assert!(pool.metadata.deletion_timestamp.is_some());
        assert_eq!(reader.deeds(&id).await, ["CreatePool"]);
        reader
            .patch("under-repair", json!({ "spec": { "managementPolicy": "Manage" } }))
            .await;
        reader.until_gone(&pools, "under-repair").await;
        assert_eq!(reader.deeds(&id).await, ["CreatePool", "DeletePool"]);
    });
}

#[test]
fn a_namespace_that_detaches_keeps_its_pools_in_the_cloud() {
    STAGE.play(async |scene| {
        let reader = Reader { world: scene.world };
        reader.apply_block("docs/deletion.md", "deletion-policy: Detach").await;
        let pools = reader.pools("serving");
        let pool = reader.until_of(&pools, "chat", &[READY, SYNCED]).await;
        let id = pool.status.unwrap().pool_id.unwrap();
        reader.delete(&pools, "chat").await;
        reader.until_gone(&pools, "chat").await;
        assert_eq!(reader.deeds(&id).await, ["CreatePool"]);
        assert!(reader.cloud_pool(&id).await.is_some());
        let arguments = [
            "get",
            "events",
            "--namespace=serving",
            "--field-selector=reason=Detached",
            "-o=yaml",
        ];
        let told = kubectl::output(&scene.world.control_plane, &arguments, "").await;
        assert!(told.contains(&id), "{told}");
    });
}
