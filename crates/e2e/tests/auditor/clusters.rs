//! Two clusters, two operators, one project: neither takes the other's pools for orphans, and an orphan
//! is reported by the cluster that it came from and by no other.

use std::time::{SystemTime, UNIX_EPOCH};

use kube::ResourceExt;
use kube::api::{Api, DeleteParams, Patch, PatchParams, PostParams};
use modelarts_crd::ModelArtsPool;
use sandbox::simulator::PROJECT;
use sandbox::{World, operator, wait, world};
use serde_json::json;

use crate::sight::{Sight, undeletable, without_finalizers};
use crate::{STAGE, timing};

const CENSUS: &str =
    r#"modelarts_census_last_success_timestamp_seconds{controller="modelartspool",account="default",workspace="0"}"#;

fn options() -> world::Options {
    let operator = operator::Options {
        timing: timing(),
        ..operator::Options::default()
    };
    world::Options {
        operator,
        ..world::Options::default()
    }
}

fn sight(world: &World) -> Sight<'_> {
    Sight {
        world,
        account: "default",
    }
}

fn pools(world: &World) -> Api<ModelArtsPool> {
    Api::namespaced(world.client.clone(), "default")
}

/// Creates a pool object and waits until it is ready; gives the pool's ID.
async fn create_ready(world: &World, name: &str) -> String {
    let pool = json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
        "metadata": { "name": name },
        "spec": {
            "scope": ["Train"], "network": { "name": format!("net-0123-{PROJECT}") },
            "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }],
        },
    });
    let pool = serde_json::from_value(pool).unwrap();
    pools(world).create(&PostParams::default(), &pool).await.unwrap();
    let waited = wait::until(format!("{name} to be ready"), e2e::scene::PATIENCE, async || {
        let pool = pools(world).get(name).await.map_err(|error| error.to_string())?;
        let status = pool.status.unwrap_or_default();
        let is_ready = |told: &k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition| {
            told.type_ == "Ready" && told.status == "True"
        };
        match status.pool_id.clone() {
            Some(id) if status.conditions.iter().any(is_ready) => Ok(id),
            _ => Err(format!("{status:?}")),
        }
    });
    waited.await.unwrap()
}

/// Waits until a cluster has begun a complete list after this moment.
async fn until_listed_after(world: &World, moment: f64) {
    let waited = wait::until("a later list", e2e::scene::PATIENCE, async || {
        match sight(world).series(CENSUS).await {
            Some(began) if began > moment => Ok(()),
            began => Err(format!("{began:?}")),
        }
    });
    waited.await.unwrap();
}

#[test]
fn an_orphan_is_reported_by_its_own_cluster_and_by_no_other() {
    STAGE.run(Box::pin(async {
        let ours = World::start(options()).await.unwrap();
        let theirs = World::start(options()).await.unwrap();
        theirs.set_endpoint(&ours.simulator.url).await.unwrap();
        let id = create_ready(&ours, "train").await;
        create_ready(&ours, "ours").await;
        create_ready(&theirs, "theirs").await;
        assert_eq!(ours.simulator.pools().await.unwrap().len(), 3, "all in one project");

        ours.simulator.set_faults(&undeletable()).await.unwrap();
        let torn = pools(&ours).delete("train", &DeleteParams::default()).await.unwrap();
        assert!(torn.left().is_some_and(|pool| !pool.finalizers().is_empty()));
        let bare = Patch::Merge(without_finalizers());
        pools(&ours)
            .patch("train", &PatchParams::default(), &bare)
            .await
            .unwrap();
        sight(&ours).until_shown("pool", 1.0).await;
        let note = sight(&ours).only_event().await.note.unwrap_or_default();
        assert!(note.starts_with("1 pool ") && note.contains(&id), "{note}");

        // By now the other cluster has seen all of this for a whole period.
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        until_listed_after(&theirs, now).await;
        sight(&theirs).until_shown("pool", 0.0).await;
        sight(&theirs).until_shown("network", 0.0).await;
        assert_eq!(sight(&theirs).events().await.len(), 0);
        sight(&theirs).until_condition(None).await;
        assert_eq!(ours.simulator.pools().await.unwrap().len(), 3);
    }));
}
