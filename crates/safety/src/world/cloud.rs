//! The simulator's cloud as the small world uses it: calls in, typed answers out.

use std::sync::Arc;

use modelarts_plan::kind::Resource;
use modelarts_plan::{CloudFailure, Details, FailureKind, Listing, Marker, Shown};
use modelarts_sim::{Cloud, ListQuery, Mishap, MishapKind, Profile, Refusal};
use modelarts_types::keys;
use modelarts_types::pool::{Phase, Pool};
use serde_json::{Value, json};

use crate::scenario::Scenario;

/// The project of every small world.
pub const PROJECT: &str = "86c1";
/// When the cloud begins, in milliseconds since 1970. Any time would do.
const BEGIN: u64 = 1_800_000_000_000;
/// Seconds until lists show a new pool.
const LAG: u64 = 20;

/// The cloud and its clock, which moves only when something happens.
#[derive(Clone, Debug)]
pub struct Sky {
    cloud: Cloud,
    now: u64,
    /// When the newest pool appears in lists, if it does not yet.
    reveals: Option<u64>,
    orders: bool,
}

/// A pool as the rules see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// Its ID.
    pub id: String,
    /// Its display name.
    pub name: String,
    /// uid in its marker.
    pub uid: Option<String>,
    /// Whether it is only the record of a failed creation.
    pub failed: bool,
    /// Whether it is on its way out.
    pub leaving: bool,
}

impl Sky {
    /// An empty cloud.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let profile = Profile {
            create_seconds: 30,
            delete_seconds: 30,
            unique_names: scenario.unique_names,
            list_lag_seconds: LAG,
            ..Profile::default()
        };
        let mut cloud = Cloud::new(profile, 1);
        cloud.add_project(PROJECT, BEGIN);
        Self {
            cloud,
            now: BEGIN,
            reveals: None,
            orders: scenario.orders,
        }
    }

    /// The network that every project has.
    #[must_use]
    pub fn network() -> String {
        format!("net-0123-{PROJECT}")
    }

    /// CreatePool; `doomed`: what it begins is going to fail.
    pub fn create(&mut self, body: &Pool, doomed: bool) -> Result<Pool, CloudFailure> {
        // No two pools are made at the same time.
        self.now += 1_000;
        if doomed {
            self.cloud.plan_mishap(Mishap::once(MishapKind::CreationFails));
        }
        let made = self
            .cloud
            .create_pool(PROJECT, body, self.now)
            .map_err(|refusal| refused(&refusal));
        if doomed && made.is_err() {
            self.cloud.set_mishaps(Vec::new());
        }
        let made = made?;
        self.cloud.forget_the_past();
        self.reveals = Some(self.now + LAG * 1_000);
        Ok(self.told(made))
    }

    /// PatchPool.
    pub fn patch(&mut self, id: &str, patch: &Value) -> Result<Pool, CloudFailure> {
        let changed = self.cloud.patch_pool(PROJECT, id, patch, self.now);
        self.cloud.forget_the_past();
        changed.map(|pool| self.told(pool)).map_err(|refusal| refused(&refusal))
    }

    /// DeletePool.
    pub fn delete(&mut self, id: &str) -> Result<(), CloudFailure> {
        let deleted = self.cloud.delete_pool(PROJECT, id, self.now);
        self.cloud.forget_the_past();
        deleted.map(|_| ()).map_err(|refusal| refused(&refusal))
    }

    /// ShowPool.
    pub fn show(&mut self, id: &str) -> Shown {
        match self.cloud.show_pool(PROJECT, id, self.now) {
            Ok(pool) => Shown::Present(Arc::new(self.told(pool))),
            Err(refusal) => match refused(&refusal) {
                CloudFailure {
                    kind: FailureKind::Gone,
                    ..
                } => Shown::Gone,
                failure => Shown::Unknown(failure),
            },
        }
    }

    /// The orders of a pool, as the status follows the one of that name.
    pub fn details(&mut self, id: &str, order: Option<&str>) -> Details {
        let orders = self.cloud.pool_orders(PROJECT, id, self.now);
        let orders = orders.ok().and_then(|list| list.items).unwrap_or_default();
        Details {
            order: modelarts_plan::orders::reported(&orders, order),
            abnormal_nodes: None,
        }
    }

    /// The default list and the set of lists, of no time.
    pub fn lists(&mut self) -> (Listing, Listing) {
        let items = self.listed("");
        let creating = self.listed("creating").into_iter();
        let new = creating.filter(|pool| items.iter().all(|item| item.id() != pool.id()));
        let set = Listing {
            items: items.iter().cloned().chain(new).collect(),
            failed: self.listed("failed"),
            ..Listing::default()
        };
        let list = Listing {
            items,
            ..Listing::default()
        };
        (list, set)
    }

    fn listed(&mut self, status: &str) -> Vec<Arc<Pool>> {
        let query = ListQuery {
            workspace: "0".into(),
            status: status.into(),
            ..ListQuery::default()
        };
        let listed = self.cloud.list_pools(PROJECT, &query, self.now);
        let items = listed.ok().and_then(|list| list.items).unwrap_or_default();
        items.into_iter().map(|pool| Arc::new(self.told(pool))).collect()
    }

    /// Whether anything is still going to happen by itself.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.reveals.is_none() && self.cloud.next_due().is_none()
    }

    /// The next thing that is due happens: lists show a new pool, or a pool becomes another.
    pub fn progress(&mut self) {
        let due = self.reveals.take().or_else(|| self.cloud.next_due());
        self.now = due.unwrap_or_default().max(self.now);
        self.cloud.settle(self.now);
        self.cloud.forget_the_past();
    }

    /// Whether a new pool does not appear in lists yet.
    #[must_use]
    pub fn lags(&self) -> bool {
        self.reveals.is_some()
    }

    /// Time enough passes for lists to show what there is.
    pub fn reveal(&mut self) {
        if self.reveals.is_some() {
            self.progress();
        }
    }

    /// Somebody deletes a pool in the console.
    pub fn vanish(&mut self, id: &str) -> bool {
        let gone = self.cloud.delete_out_of_band(id, "console", self.now).is_ok();
        self.cloud.forget_the_past();
        gone
    }

    /// Somebody changes a pool in the console: its number of nodes, or its description.
    pub fn resize(&mut self, id: &str, count: u64) -> bool {
        let Some(pool) = self.present(id) else { return false };
        let mut resources = json!(pool.spec.resources);
        resources[0]["count"] = json!(count);
        self.patch(id, &json!({"spec": {"resources": resources}})).is_ok()
    }

    /// Somebody writes over the description.
    pub fn unmark(&mut self, id: &str) -> bool {
        let patch = json!({"metadata": {"annotations": {keys::DESCRIPTION: "ours"}}});
        let done = self.cloud.patch_out_of_band(id, &patch, "console", self.now).is_ok();
        self.cloud.forget_the_past();
        done
    }

    /// The service learns a new word for a phase.
    pub fn disguise(&mut self, id: &str) -> bool {
        let done = self.cloud.set_phase(id, "Hibernating", "", self.now).is_ok();
        self.cloud.forget_the_past();
        done
    }

    fn present(&mut self, id: &str) -> Option<Pool> {
        self.cloud.show_pool(PROJECT, id, self.now).ok()
    }

    /// All pools, failed records included.
    pub fn pools(&mut self) -> Vec<Owned> {
        let views = self.cloud.all_pools(self.now);
        let pools = views
            .into_iter()
            .filter_map(|view| serde_json::from_value::<Pool>(view).ok());
        pools
            .map(|pool| Owned {
                id: pool.id().unwrap_or_default().to_owned(),
                name: pool.display_name().unwrap_or_default().to_owned(),
                uid: Marker::find(pool.description()).map(|marker| marker.uid),
                failed: pool.phase() == Some(&Phase::CreationFailed),
                leaving: pool.is_leaving(),
            })
            .collect()
    }

    /// A pool with what the plan goes by. The rest is only shown, and would make every state larger.
    fn told(&self, pool: Pool) -> Pool {
        let mut value = json!(pool);
        let keep = [keys::NAME, keys::RESOURCE_ID, keys::WORKSPACE_ID, keys::DESCRIPTION];
        let keeps = |key: &String| keep.contains(&key.as_str()) || self.orders && key == keys::ORDER_NAME;
        for part in ["labels", "annotations"] {
            if let Some(texts) = value["metadata"][part].as_object_mut() {
                texts.retain(|key, _| keeps(key));
            }
        }
        if let Some(status) = value["status"].as_object_mut() {
            status.retain(|key, _| matches!(key.as_str(), "phase" | "resources" | "scope"));
        }
        serde_json::from_value(value).unwrap_or(pool)
    }
}

/// What a refusal of the cloud means, as the client sorts it.
fn refused(refusal: &Refusal) -> CloudFailure {
    let kind = match (refusal.status, refusal.code.as_str()) {
        (404, "ModelArts.50015001") => FailureKind::Gone,
        (404, _) => FailureKind::Misrouted,
        (409, _) => FailureKind::Conflict,
        (400, "ModelArts.0118") => FailureKind::Quota,
        (400, _) => FailureKind::Invalid,
        _ => FailureKind::Transient,
    };
    CloudFailure {
        kind,
        message: refusal.message.clone(),
        doubtful: refusal.status >= 500,
    }
}
