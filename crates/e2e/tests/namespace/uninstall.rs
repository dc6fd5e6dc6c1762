//! The uninstallation in either order: taking the operator or the definitions away deletes no pool.
//!
//! Deleting a definition marks every object of its kind as deleted. To the operator that looks like a
//! user's deletion, save for one thing: the definition itself was marked before, which
//! [`marks_come_to_the_definition_first`] shows by the order in which the API server stored both.

use std::time::Duration;

use e2e::kubectl;
use e2e::proxied::Proxied;
use futures::StreamExt;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, WatchEvent, WatchParams};
use kube::{Resource, ResourceExt};
use sandbox::process::Exit;
use sandbox::wait;
use sandbox::{operator, world};
use serde_json::json;

pub const PATIENCE: Duration = Duration::from_secs(90);
/// The pools of an installation.
pub const NAMES: [&str; 2] = ["one", "two"];

/// An installation with pools that run; gives their IDs in the cloud, sorted.
pub async fn installed() -> (Proxied, Vec<String>) {
    let mut ground = Proxied::start(json!({ "createSeconds": 0 }), operator::Options::default()).await;
    ground.start_operator().await;
    for name in NAMES {
        ground.create(name).await;
    }
    let mut ids = Vec::new();
    for name in NAMES {
        let pool = ground.until_ready(name, PATIENCE).await.unwrap();
        ids.push(pool.status.unwrap().pool_id.unwrap());
    }
    ids.sort();
    (ground, ids)
}

fn definitions(ground: &Proxied) -> Api<CustomResourceDefinition> {
    Api::all(ground.world.client.clone())
}

/// Deletes all definitions of ours in one command, as `kubectl delete -f deploy/crds.yaml` does.
pub async fn delete_definitions(ground: &Proxied) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/crds.yaml");
    let arguments = ["delete", "--wait=false", "--ignore-not-found", "-f", file];
    kubectl::output(&ground.world.control_plane, &arguments, "").await;
}

/// Waits until every pool's object is marked as deleted.
pub async fn until_marked(ground: &Proxied) {
    wait::until("all objects to be marked as deleted", PATIENCE, async || {
        let pools = ground.pools().list(&ListParams::default()).await;
        let pools = pools.map_err(|error| error.to_string())?;
        let marked = pools.iter().filter(|pool| pool.metadata.deletion_timestamp.is_some());
        match marked.count() {
            marked if marked == NAMES.len() => Ok(()),
            marked => Err(format!("{marked} of {}", pools.items.len())),
        }
    })
    .await
    .unwrap();
}

/// Takes the finalizers off everything of ours, as the documentation says for an uninstallation.
pub async fn strip(ground: &Proxied) {
    let bare = json!({ "metadata": { "finalizers": null } });
    for crd in modelarts_crd::crds() {
        let resource = world::resource_of(&crd);
        let all: Api<DynamicObject> = Api::all_with(ground.world.client.clone(), &resource);
        let Ok(listed) = all.list(&ListParams::default()).await else {
            continue;
        };
        for object in listed {
            let one: Api<DynamicObject> = match object.namespace() {
                Some(namespace) => Api::namespaced_with(ground.world.client.clone(), &namespace, &resource),
                None => all.clone(),
            };
            let (name, parameters) = (object.name_any(), PatchParams::default());
            match one.patch(&name, &parameters, &Patch::Merge(&bare)).await {
                Err(kube::Error::Api(status)) if status.is_not_found() => {}
                other => drop(other.unwrap()),
            }
        }
    }
}

/// Waits until no definition of ours is left.
pub async fn until_uninstalled(ground: &Proxied) {
    let definitions = definitions(ground);
    wait::until("the definitions to be gone", PATIENCE, async || {
        let all = definitions
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?;
        let ours = all.iter().filter(|crd| crd.spec.group == modelarts_crd::GROUP);
        match serde_json::to_string(&ours.map(|crd| &crd.status).collect::<Vec<_>>()) {
            Ok(none) if none == "[]" => Ok(()),
            seen => Err(format!("{seen:?}")),
        }
    })
    .await
    .unwrap();
}

/// The pools run on, and the ledger has nothing but their creations.
pub async fn judge(ground: &Proxied, ids: &[String]) {
    let ledger = ground.world.simulator.ledger().await.unwrap();
    let deeds: Vec<_> = ledger.iter().map(|entry| &*entry.operation).collect();
    assert_eq!(deeds, ["CreatePool"; NAMES.len()], "{}", ground.story());
    let pools = ground.world.simulator.pools().await.unwrap();
    let mut there: Vec<_> = pools
        .iter()
        .map(|pool| pool["metadata"]["name"].as_str().unwrap())
        .collect();
    there.sort_unstable();
    assert_eq!(there, ids);
    for pool in &pools {
        assert_eq!(pool["status"]["phase"], "Running", "{pool}");
    }
}

#[tokio::test]
async fn with_the_operator_gone_first_the_definitions_wait_for_a_person_and_no_pool_is_deleted() {
    let (mut ground, ids) = installed().await;
    let operator = ground.take_operator(0);
    assert_eq!(operator.terminate().await.unwrap(), Exit::Code(0));
    delete_definitions(&ground).await;
    until_marked(&ground).await;
    // Finalizers hold the objects, and these hold their definition.
    let pools = definitions(&ground)
        .get("modelartspools.modelarts.huaweicloud.com")
        .await
        .unwrap();
    assert!(pools.metadata.deletion_timestamp.is_some());
    judge(&ground, &ids).await;
    strip(&ground).await;
    until_uninstalled(&ground).await;
    judge(&ground, &ids).await;
}

/// Watches `api` until `count` objects have been marked as deleted; gives the versions in which they
/// were first seen so.
async fn marks<K>(api: Api<K>, from: String, count: usize) -> Vec<u64>
where
    K: Resource + Clone + serde::de::DeserializeOwned + std::fmt::Debug + Send + 'static,
{
    let mut events = api.watch(&WatchParams::default(), &from).await.unwrap().boxed();
    let mut marked = std::collections::BTreeMap::new();
    while marked.len() < count {
        let WatchEvent::Modified(object) = events.next().await.unwrap().unwrap() else {
            continue;
        };
        if object.meta().deletion_timestamp.is_some() {
            let version = object.resource_version().unwrap().parse().unwrap();
            marked.entry(object.name_any()).or_insert(version);
        }
    }
    marked.into_values().collect()
}

/// What an operator that runs during an uninstallation can go by. All resources share one store, so
/// their versions are one sequence.
#[tokio::test]
async fn marks_come_to_the_definition_first() {
    let (mut ground, _) = installed().await;
    let operator = ground.take_operator(0);
    assert_eq!(operator.terminate().await.unwrap(), Exit::Code(0));
    let definitions = definitions(&ground);
    let name = "modelartspools.modelarts.huaweicloud.com";
    let only = ListParams::default();
    let from_definitions = definitions
        .list(&only)
        .await
        .unwrap()
        .metadata
        .resource_version
        .unwrap();
    let from_pools = ground
        .pools()
        .list(&only)
        .await
        .unwrap()
        .metadata
        .resource_version
        .unwrap();
    let of_definition = tokio::spawn(marks(definitions.clone(), from_definitions, 1));
    let of_pools = tokio::spawn(marks(ground.pools(), from_pools, NAMES.len()));
    let left = definitions.delete(name, &DeleteParams::default()).await.unwrap();
    // The answer to the deletion already has the mark and says why, before anything happens.
    let told = left.left().unwrap();
    assert!(told.metadata.deletion_timestamp.is_some());
    let conditions = told.status.unwrap().conditions.unwrap();
    let terminating = conditions
        .iter()
        .find(|condition| condition.type_ == "Terminating")
        .unwrap();
    assert_eq!(
        (&*terminating.status, terminating.reason.as_deref()),
        ("True", Some("InstanceDeletionPending"))
    );
    let (definition, pools) = tokio::time::timeout(PATIENCE, async {
        (of_definition.await.unwrap(), of_pools.await.unwrap())
    })
    .await
    .unwrap();
    assert!(
        pools.iter().all(|pool| *pool > definition[0]),
        "{definition:?} {pools:?}"
    );
}
