//! `docs/uninstall.md`: its commands, as they stand there, on an installation with a pool. What happens
//! while the operator runs is shown in `tests/namespace`.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::ListParams;
use sandbox::process::Exit;
use sandbox::{World, wait, world};
use serde_json::json;

use crate::pages::page;
use crate::reader::{READY, Reader, is_held};

/// An installation with the README's pool; gives its ID.
async fn installed() -> (World, String) {
    let world = World::start(world::Options::default()).await.unwrap();
    let reader = Reader { world: &world };
    reader.apply_block("README.md", "kind: ModelArtsPool").await;
    let pool = reader.until("create-pool-request", &[READY]).await;
    assert!(is_held(&pool));
    (world, pool.status.unwrap().pool_id.unwrap())
}

/// No definition is left, and the pool runs on.
async fn judge(reader: Reader<'_>, id: &str) {
    let definitions: Api<CustomResourceDefinition> = Api::all(reader.world.client.clone());
    let waited = wait::until("the definitions to be gone", e2e::scene::PATIENCE, async || {
        let all = definitions.list(&ListParams::default()).await;
        let all = all.map_err(|error| error.to_string())?;
        let ours = all.iter().filter(|crd| crd.spec.group == modelarts_crd::GROUP);
        match ours
            .map(|crd| format!("{:?}", crd.status))
            .reduce(|all, next| all + &next)
        {
            None => Ok(()),
            Some(left) => Err(left),
        }
    });
    reader.expect(waited.await);
    assert_eq!(reader.deeds(id).await, ["CreatePool"]);
    let there = reader.cloud_pool(id).await.unwrap();
    assert_eq!(there["status"]["phase"], json!("Running"));
}

#[tokio::test]
async fn the_commands_of_the_page_remove_everything_but_the_pools() {
    let (mut world, id) = installed().await;
    let operator = world.operators.remove(0);
    // It runs outside of the cluster here, so it is stopped first, as the page says.
    assert_eq!(operator.terminate().await.unwrap(), Exit::Code(0));
    let reader = Reader { world: &world };
    let listed = page("docs/uninstall.md").block("custom-columns");
    reader.run(&listed).await;
    reader.run(&page("docs/uninstall.md").block("finalizers")).await;
    judge(reader, &id).await;
}
