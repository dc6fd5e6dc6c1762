//! After an uninstallation: the same manifests are applied again, and nothing is bought a second time.
//!
//! The new objects have new uids, so the pools that run are not theirs until somebody says so.

use e2e::proxied::Proxied;
use e2e::record::reason;
use kube::Api;
use kube::api::{Patch, PatchParams, PostParams};
use modelarts_crd::{ModelArtsAccount, ModelArtsPool};
use sandbox::process::Exit;
use sandbox::{wait, world};
use serde_json::json;

use crate::uninstall::{NAMES, PATIENCE, delete_definitions, installed, strip, until_marked, until_uninstalled};

/// How many pools the cloud was asked to make and to delete so far.
async fn tally(ground: &Proxied) -> (usize, usize) {
    let of = async |operation: &str| ground.world.simulator.ledger_of(operation).await.unwrap().len();
    (of("CreatePool").await, of("DeletePool").await)
}

async fn until_orphan_found(ground: &Proxied, name: &str) -> ModelArtsPool {
    let pools = ground.pools();
    wait::until(format!("{name} to find what was left"), PATIENCE, async || {
        let pool = pools.get(name).await.map_err(|error| error.to_string())?;
        match &*reason(&pool) {
            "OrphanFound" => Ok(pool),
            _ => Err(format!("{:?}\n{}", pool.status, ground.story())),
        }
    })
    .await
    .unwrap()
}

/// The account as it was, for a second installation.
async fn account(ground: &Proxied) -> (Api<ModelArtsAccount>, ModelArtsAccount) {
    let accounts: Api<ModelArtsAccount> = Api::all(ground.world.client.clone());
    let was = accounts.get(world::ACCOUNT).await.unwrap();
    let again = ModelArtsAccount::new(world::ACCOUNT, was.spec);
    (accounts, again)
}

#[tokio::test]
async fn a_second_installation_buys_nothing_again_and_adopts_what_it_is_told_to() {
    let (mut ground, ids) = installed().await;
    let (accounts, account) = account(&ground).await;
    let operator = ground.take_operator(0);
    assert_eq!(operator.terminate().await.unwrap(), Exit::Code(0));
    delete_definitions(&ground).await;
    until_marked(&ground).await;
    strip(&ground).await;
    until_uninstalled(&ground).await;

    world::apply_crds(&ground.world.client, modelarts_crd::crds())
        .await
        .unwrap();
    accounts.create(&PostParams::default(), &account).await.unwrap();
    ground.start_operator().await;
    for name in NAMES {
        ground.create(name).await;
    }
    for name in NAMES {
        until_orphan_found(&ground, name).await;
        let id = ids.iter().find(|id| id.starts_with(&format!("{name}-"))).unwrap();
        let adopt = json!({ "spec": { "adoption": { "poolId": id } } });
        let adopted = ground
            .pools()
            .patch(name, &PatchParams::default(), &Patch::Merge(&adopt))
            .await;
        drop(adopted.unwrap());
        let ready = ground.until_ready(name, PATIENCE).await.unwrap();
        assert_eq!(ready.status.unwrap().pool_id.as_ref(), Some(id));
    }
    assert_eq!(tally(&ground).await, (NAMES.len(), 0));
}
