//! How the work of orders ends: the pool is ready, nodes have come or gone, or some never came.
//!
//! Everything here happens when its time has come, with nobody waiting for an answer. What an
//! order says at its end is read off the nodes, so that the two cannot contradict each other.

use serde_json::{Value, json};

use crate::{
    clock::Millis,
    cloud::{At, Cloud},
    entries::Entry,
    mishaps::Shortfall,
    nodes::NodeState,
    orders::{ItemEnd, OrderPhase},
    pool::{PoolRecord, phase},
    profile::FailedScale,
};

/// How an order for nodes ended.
struct Arrival {
    came: usize,
    missing: Vec<String>,
    message: String,
}

impl Cloud {
    /// The time of a creation is over.
    pub(crate) fn pool_ready(&mut self, at: &At, order: &str, now: Millis) {
        let policy = self.profile.failed_scale;
        let shortfall = self.take_shortfall(at, order);
        let Some(pool) = self.pool_at(at).filter(|pool| pool.phase == phase::CREATING) else {
            return;
        };
        let arrival = arrive(pool, order, shortfall);
        if arrival.came == 0 && !arrival.missing.is_empty() {
            self.creation_failed(at, &arrival.message, now);
            return;
        }
        if !arrival.missing.is_empty() {
            leave_out(pool, policy);
        }
        pool.come_up();
        if let Some(project) = self.projects.get_mut(&at.project) {
            project.note_phase(&at.id, phase::CREATING, phase::RUNNING, "", now);
        }
        self.end_growth(at, order, &arrival, now);
    }

    /// A creation has failed: nothing remains but the record, for its three days.
    fn creation_failed(&mut self, at: &At, message: &str, now: Millis) {
        let Some(pool) = self.pool_at(at) else {
            return;
        };
        let from = pool.phase.clone();
        pool.force_phase(phase::CREATION_FAILED, message);
        if let Some(project) = self.projects.get_mut(&at.project) {
            project.note_phase(&at.id, &from, phase::CREATION_FAILED, message, now);
            project.end_orders_of(&at.id, OrderPhase::Failed, message, now);
        }
        self.expire_record(at.clone(), now);
    }

    /// The time of a scale-out is over.
    pub(crate) fn nodes_ready(&mut self, at: &At, order: &str, now: Millis) {
        let policy = self.profile.failed_scale;
        let shortfall = self.take_shortfall(at, order);
        let Some(pool) = self.pool_at(at).filter(|pool| pool.phase != phase::DELETING) else {
            return;
        };
        let arrival = arrive(pool, order, shortfall);
        if !arrival.missing.is_empty() {
            leave_out(pool, policy);
        }
        let stuck = arrival.came == 0 && !arrival.missing.is_empty() && policy == FailedScale::ScalingFailed;
        if stuck && pool.phase == phase::RUNNING {
            phase::SCALING_FAILED.clone_into(&mut pool.phase);
            arrival.message.clone_into(&mut pool.message);
            if let Some(project) = self.projects.get_mut(&at.project) {
                project.note_phase(&at.id, phase::RUNNING, phase::SCALING_FAILED, &arrival.message, now);
            }
        }
        self.end_growth(at, order, &arrival, now);
    }

    /// Removes nodes whose time has come. A pool without its last node goes as well.
    pub(crate) fn nodes_gone(&mut self, at: &At, order: &str, now: Millis) {
        let Some(pool) = self.pool_at(at) else {
            return;
        };
        pool.nodes
            .retain(|node| node.order != order || node.state != NodeState::Deleting);
        let empty = pool.nodes.is_empty() && pool.phase != phase::WAITING;
        if let Some(project) = self.projects.get_mut(&at.project) {
            project.end_order(order, OrderPhase::Succeeded, "", now);
        }
        if empty {
            self.remove_pool(&at.project, &at.id, now);
        }
    }

    fn take_shortfall(&mut self, at: &At, order: &str) -> Option<Shortfall> {
        let project = self.projects.get_mut(&at.project)?;
        project.order_mut(order)?.shortfall.take()
    }

    fn end_growth(&mut self, at: &At, order: &str, arrival: &Arrival, now: Millis) {
        let Some(result) = self.pool_at(at).map(|pool| counted(pool)) else {
            return;
        };
        let open = self.projects.get_mut(&at.project).and_then(|p| p.order_mut(order));
        let Some(order) = open.filter(|order| order.ended.is_none()) else {
            return;
        };
        let (phase, reason) = match (arrival.missing.is_empty(), arrival.came) {
            (true, _) => (OrderPhase::Succeeded, ""),
            (false, 0) => (OrderPhase::Failed, arrival.message.as_str()),
            (false, _) => (OrderPhase::PartlySucceeded, arrival.message.as_str()),
        };
        order.end(phase, reason, now);
        order.result = Some(result);
        for item in &mut order.items {
            if arrival.missing.contains(&item.resource) {
                item.end = ItemEnd::Failed;
            }
        }
    }
}

/// Makes the nodes of an order available, the ones that do not come excepted.
fn arrive(pool: &mut PoolRecord, order: &str, shortfall: Option<Shortfall>) -> Arrival {
    let (most, message) = match shortfall {
        Some(Shortfall { arrive, message }) => (usize::try_from(arrive).unwrap_or(usize::MAX), message),
        None => (usize::MAX, String::new()),
    };
    let mut arrival = Arrival {
        came: 0,
        missing: Vec::new(),
        message,
    };
    let ordered = pool.nodes.iter_mut().filter(|node| node.order == order);
    for node in ordered.filter(|node| node.state == NodeState::Creating) {
        if arrival.came < most {
            node.state = NodeState::Available;
            arrival.came += 1;
        } else {
            node.state = NodeState::CreationFailed;
            arrival.missing.push(node.name.clone());
        }
    }
    arrival
}

/// What the pool keeps of the nodes that did not come.
fn leave_out(pool: &mut PoolRecord, policy: FailedScale) {
    match policy {
        FailedScale::ScalingFailed => pool.count_nodes_again(),
        FailedScale::CountStays => {}
        FailedScale::DropsBack => {
            pool.nodes.retain(|node| node.state != NodeState::CreationFailed);
            pool.count_nodes_again();
        }
    }
}

/// The sizes of the entries as an order tells them.
pub(crate) fn sizes(entries: &[Entry]) -> Value {
    entries
        .iter()
        .map(|entry| json!({"flavor": entry.flavor.name, "count": entry.count}))
        .collect()
}

/// The nodes that are really there, as an order tells them.
pub(crate) fn counted(pool: &PoolRecord) -> Value {
    pool.entries
        .iter()
        .map(|entry| json!({"flavor": entry.flavor.name, "count": pool.nodes_of(entry)}))
        .collect()
}
