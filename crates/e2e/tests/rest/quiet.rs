//! Settled pools cost one LIST per workspace and interval, and nothing else.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use e2e::scene::Scene;
use k8s_openapi::api::events::v1::Event;
use kube::api::{Api, ListParams};
use kube::{Resource, ResourceExt};
use serde_json::json;

use crate::audit::{lines, renewals_since, writes_since};
use crate::{STAGE, alone};

const OTHER_WORKSPACE: &str = "6d2d9bd5d6c84dc4a1b3c0d9e8f70001";
const WORKSPACES: u64 = 2;
/// Intervals to watch, each of a second less up to a tenth.
const INTERVALS: u64 = 8;
const SHORTEST: Duration = Duration::from_millis(900);

async fn versions<K>(api: Api<K>, into: &mut BTreeMap<String, String>)
where
    K: Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    for object in api.list(&ListParams::default()).await.unwrap() {
        let name = format!("{} {:?}/{}", K::kind(&()), object.namespace(), object.name_any());
        into.insert(name, object.resource_version().unwrap());
    }
}

/// The version of every object of ours and of every event in the cluster.
async fn all_versions(scene: &Scene) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    versions(scene.pools(), &mut all).await;
    versions(scene.accounts(), &mut all).await;
    versions(Api::<Event>::all(scene.client()), &mut all).await;
    all
}

#[test]
fn settled_pools_cost_one_list_per_workspace_and_interval_and_no_write() {
    let _alone = alone();
    STAGE.play(async |scene| {
        let names: Vec<String> = (1..=6).map(|number| format!("train-{number}")).collect();
        for (number, name) in names.iter().enumerate() {
            let workspace = ["0", OTHER_WORKSPACE][number % 2];
            scene.create(name, &json!({ "workspaceId": workspace })).await;
        }
        for name in &names {
            scene.until_ready(name).await;
        }
        // The last that is said about a creation is its event.
        scene.until_listed(2 * WORKSPACES).await;
        let (versions, lines_before) = (all_versions(scene).await, lines(scene));
        let (calls, begun) = (scene.simulator.requests().await.unwrap(), Instant::now());

        scene.until_listed(INTERVALS * WORKSPACES).await;
        let (mut after, took) = (scene.simulator.requests().await.unwrap(), begun.elapsed());
        let lists = after["ListPools"].count - calls["ListPools"].count;
        let shortest = SHORTEST.as_millis();
        let most = WORKSPACES * u64::try_from(took.as_millis() / shortest + 2).unwrap();
        assert!(lists <= most, "{lists} LISTs in {took:?}");
        after.insert(String::from("ListPools"), calls["ListPools"]);
        assert_eq!(after, calls, "calls other than ListPools");

        assert_eq!(all_versions(scene).await, versions);
        assert_eq!(writes_since(scene, lines_before), []);
        assert!(
            renewals_since(scene, lines_before) > 0,
            "the audit log has the lease's renewals"
        );
    });
}
