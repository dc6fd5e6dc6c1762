//! The status of a pool: what is wanted of it, and what the cloud says of it.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use modelarts_crd::ModelArtsPoolStatus;
use modelarts_crd::status::{
    Creation, DriverState, DriverStates, FlavorNodes, NodeCounts, NodeTotals, Order, ScopeState,
};
use modelarts_types::pool::{Counts, Pool, PoolStatus};

use crate::kind::{Parts, Status};
use crate::pool::Pools;
use crate::pool::desired::DesiredPool;
use crate::pool::subscription;
use crate::pool::written;
use crate::report::cut;
use crate::step::Details;
use crate::view::View;

impl Status<Pools> for ModelArtsPoolStatus {
    fn id(&self) -> Option<&str> {
        self.pool_id.as_deref()
    }

    fn created_at(&self) -> Option<&str> {
        self.created_at.as_deref()
    }

    fn resource_id(&self) -> Option<&str> {
        self.resource_id.as_deref()
    }

    fn creation(&self) -> Option<&Creation> {
        self.creation.as_ref()
    }

    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    fn handled_request(&self) -> Option<&str> {
        self.last_handled_reconcile_at.as_deref()
    }

    fn applied(&self) -> Option<i64> {
        self.applied_generation
    }

    fn parts(&mut self) -> Parts<'_> {
        Parts {
            observed_generation: &mut self.observed_generation,
            handled_request: &mut self.last_handled_reconcile_at,
            id: &mut self.pool_id,
            creation: &mut self.creation,
            applied: &mut self.applied_generation,
            conditions: &mut self.conditions,
        }
    }

    fn begin(&mut self, view: &View<'_, Pools>) {
        self.selector = Some(format!("{}={}", modelarts_crd::POOL_UID_LABEL, view.uid()));
    }

    fn want(&mut self, desired: &DesiredPool) {
        self.pool_name = Some(desired.pool_name.clone());
        let available = self.nodes.as_ref().map_or(0, |nodes| nodes.available);
        self.nodes = Some(NodeTotals {
            desired: desired.nodes,
            available,
        });
        let entries = desired.pool.spec.resources();
        let mut flavors: Vec<&str> = entries.iter().filter_map(|entry| entry.flavor.as_deref()).collect();
        flavors.dedup();
        self.flavors = Some(flavors.join(","));
    }

    fn mirror(&mut self, view: &View<'_, Pools>, pool: &Pool) {
        let seen = pool.status.clone().unwrap_or_default();
        self.pool_id = pool.id().map(str::to_owned);
        self.resource_id = pool.resource_id().map(str::to_owned);
        self.created_at = pool.created_at().map(str::to_owned);
        self.phase = pool.phase().map(|phase| phase.as_str().to_owned());
        self.message = seen
            .message
            .clone()
            .filter(|message| !message.is_empty())
            .map(|message| cut(&message));
        self.resources = Some(counts(&seen));
        if let Some(nodes) = &mut self.nodes {
            nodes.available = total(seen.resources.as_ref().and_then(|all| all.available.as_ref()));
            if nodes.desired.is_none() {
                nodes.desired = Some(pool.spec.resources().iter().filter_map(|entry| entry.count).sum());
            }
        }
        self.scope = scopes(&seen);
        self.driver = drivers(&seen);
        self.control_mode = pool.spec.control_mode;
        self.network_id = pool.spec.network.as_ref().and_then(|network| network.name.clone());
        self.subscription = subscription::term(pool, view.wall);
        follow_order(self, pool);
        if crate::pool::abnormal(pool) == 0 {
            self.abnormal_nodes.clear();
        }
    }

    fn settle(&mut self, desired: &DesiredPool) {
        self.written_keys = written::keys(desired);
    }

    fn detail(&mut self, details: &Details) {
        if let Some(order) = &details.order
            && self.order.as_ref().is_none_or(|known| known.name == order.name)
        {
            self.order = Some(order.clone());
        }
        if let Some(nodes) = &details.abnormal_nodes {
            self.abnormal_nodes.clone_from(nodes);
        }
    }

    fn clear(&mut self) {
        (self.resource_id, self.created_at, self.network_id) = (None, None, None);
        (self.phase, self.message, self.resources) = (None, None, None);
        (self.driver, self.control_mode, self.applied_generation) = (None, None, None);
        (self.order, self.subscription) = (None, None);
        self.scope.clear();
        self.written_keys.clear();
        self.abnormal_nodes.clear();
        if let Some(nodes) = &mut self.nodes {
            nodes.available = 0;
        }
    }
}

/// A new order is on record before it is looked up.
fn follow_order(status: &mut ModelArtsPoolStatus, pool: &Pool) {
    let known = status.order.as_ref().map(|order| order.name.as_str());
    if let Some(name) = pool.order_name()
        && known != Some(name)
    {
        status.order = Some(Order {
            name: name.to_owned(),
            ..Order::default()
        });
    }
}

fn total(counts: Option<&Counts>) -> i64 {
    counts.map_or(0, Counts::total)
}

fn counts(seen: &PoolStatus) -> NodeCounts {
    let list = |counts: Option<&Counts>| -> Vec<FlavorNodes> {
        counts
            .map(Counts::entries)
            .unwrap_or_default()
            .iter()
            .map(|entry| FlavorNodes {
                flavor: entry.flavor.clone().unwrap_or_default(),
                count: entry.count.unwrap_or_default(),
                node_pool: entry.node_pool.clone(),
            })
            .collect()
    };
    let all = seen.resources.as_ref();
    NodeCounts {
        creating: list(all.and_then(|all| all.creating.as_ref())),
        available: list(all.and_then(|all| all.available.as_ref())),
        abnormal: list(all.and_then(|all| all.abnormal.as_ref())),
        deleting: list(all.and_then(|all| all.deleting.as_ref())),
        creation_failed: list(all.and_then(|all| all.creation_failed.as_ref())),
    }
}

fn scopes(seen: &PoolStatus) -> Vec<ScopeState> {
    seen.scope
        .iter()
        .flatten()
        .map(|scope| ScopeState {
            scope_type: scope.scope_type.clone().unwrap_or_default(),
            state: scope.state.clone().unwrap_or_default(),
        })
        .collect()
}

fn drivers(seen: &PoolStatus) -> Option<DriverStates> {
    let state = |driver: &modelarts_types::pool::DriverState| DriverState {
        version: driver.version.clone(),
        state: driver.state.clone(),
    };
    seen.driver.as_ref().map(|all| DriverStates {
        gpu: all.gpu.as_ref().map(state),
        npu: all.npu.as_ref().map(state),
    })
}
