//! Definitions are deleted while the operator runs.
//!
//! The objects are then marked as deleted by the API server and not by their owner, so no pool may
//! go. What the operator does with the objects is its business: it may hold them or let them go, as
//! long as the pools run on and taking the finalizers off brings the uninstallation to its end.

use e2e::kubectl;
use e2e::proxied::Proxied;
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use modelarts_crd::REQUESTED_AT;
use sandbox::process::Exit;
use sandbox::wait;
use serde_json::json;

use crate::uninstall::{NAMES, PATIENCE, delete_definitions, installed, judge, strip, until_uninstalled};

/// Waits until an object is gone, or marked and handled in that state: it echoes a request that was
/// made after the mark.
async fn until_handled(ground: &Proxied, name: &str, round: usize) {
    let (pools, request) = (ground.pools(), format!("round {round}"));
    let annotated = json!({ "metadata": { "annotations": { REQUESTED_AT: request } } });
    wait::until(format!("round {round} of {name}"), PATIENCE, async || {
        let seen = pools.get_opt(name).await.map_err(|error| error.to_string())?;
        let Some(pool) = seen else { return Ok(()) };
        let status = pool.status.clone().unwrap_or_default();
        if status.last_handled_reconcile_at.as_ref() == Some(&request) {
            return Ok(());
        }
        if pool.metadata.deletion_timestamp.is_some() && pool.annotations().get(REQUESTED_AT) != Some(&request) {
            let patched = pools
                .patch(name, &PatchParams::default(), &Patch::Merge(&annotated))
                .await;
            patched.map_err(|error| error.to_string())?;
        }
        Err(format!("{status:?}\n{}", ground.story()))
    })
    .await
    .unwrap();
}

async fn play(delete: impl AsyncFnOnce(&Proxied)) {
    let (mut ground, ids) = installed().await;
    delete(&ground).await;
    // A deletion takes several passes, so several are waited for.
    for round in 1..=3 {
        for name in NAMES {
            until_handled(&ground, name, round).await;
        }
    }
    judge(&ground, &ids).await;
    // The rest goes too, and what still holds the objects.
    delete_definitions(&ground).await;
    strip(&ground).await;
    until_uninstalled(&ground).await;
    // Whatever it had begun comes to its end first.
    let operator = ground.take_operator(0);
    assert_eq!(operator.terminate().await.unwrap(), Exit::Code(0));
    judge(&ground, &ids).await;
}

#[tokio::test]
async fn a_deleted_definition_of_pools_deletes_no_pool() {
    play(async |ground| {
        let arguments = [
            "delete",
            "--wait=false",
            "crd",
            "modelartspools.modelarts.huaweicloud.com",
        ];
        kubectl::output(&ground.world.control_plane, &arguments, "").await;
    })
    .await;
}

#[tokio::test]
async fn deleting_all_definitions_in_one_command_deletes_no_pool() {
    play(async |ground| delete_definitions(ground).await).await;
}
