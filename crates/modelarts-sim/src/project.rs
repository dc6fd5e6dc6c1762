//! What one project holds: pools, networks, orders, workspaces, events.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::{
    clock::{Millis, rfc3339},
    network::NetworkRecord,
    orders::{Order, OrderPhase},
    pool::{PoolRecord, phase},
};

/// A workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// `0` for the default one, else 32 hexadecimal digits.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Only `NORMAL` ones take pools.
    pub status: &'static str,
}

/// The workspaces that every project has: the default, one more, and one that takes no pools.
pub const WORKSPACES: &[Workspace] = &[
    Workspace {
        id: "0",
        name: "default",
        status: "NORMAL",
    },
    Workspace {
        id: "6d2d9bd5d6c84dc4a1b3c0d9e8f70001",
        name: "team-a",
        status: "NORMAL",
    },
    Workspace {
        id: "6d2d9bd5d6c84dc4a1b3c0d9e8f70002",
        name: "retired",
        status: "DELETING",
    },
];

/// Something that happened to a pool.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolEvent {
    /// The pool ID.
    pub pool: String,
    /// When.
    pub at: Millis,
    warning: bool,
    reason: &'static str,
    message: String,
}

impl PoolEvent {
    /// The event as ListEvents shows it.
    #[must_use]
    pub fn view(&self) -> Value {
        json!({
            "kind": "Event",
            "apiVersion": "v1",
            "type": if self.warning { "Warning" } else { "Normal" },
            "firstTimestamp": rfc3339(self.at),
            "lastTimestamp": rfc3339(self.at),
            "count": 1,
            "reason": self.reason,
            "message": self.message,
        })
    }

    /// Whether it is of this type, `Normal` or `Warning`.
    #[must_use]
    pub fn is(&self, kind: &str) -> bool {
        (kind == "Warning") == self.warning
    }
}

/// A project.
#[derive(Debug, Clone, Default)]
pub struct Project {
    /// Pools by ID, failed records included.
    pub pools: BTreeMap<String, PoolRecord>,
    /// Networks by ID.
    pub networks: BTreeMap<String, NetworkRecord>,
    /// Orders, oldest first.
    pub orders: Vec<Order>,
    /// Events, oldest first.
    pub events: Vec<PoolEvent>,
}

impl Project {
    /// Notes that a pool went from one phase to another.
    pub fn note_phase(&mut self, pool: &str, from: &str, to: &str, details: &str, now: Millis) {
        let bad = [
            phase::ABNORMAL,
            phase::ERROR,
            phase::CREATION_FAILED,
            phase::SCALING_FAILED,
        ];
        self.events.push(PoolEvent {
            pool: pool.to_owned(),
            at: now,
            warning: bad.contains(&to),
            reason: "PoolStatusChange",
            message: format!("Pool status changed, from {from} to {to}, details: {details}."),
        });
    }

    /// Notes that nodes of a pool broke or were mended.
    pub fn note_nodes(&mut self, pool: &str, details: &str, broke: bool, now: Millis) {
        self.events.push(PoolEvent {
            pool: pool.to_owned(),
            at: now,
            warning: broke,
            reason: "PoolResourcesStatusChange",
            message: format!("Pool resources status changed, details: {details}."),
        });
    }

    /// Ends one order of the project.
    pub fn end_order(&mut self, name: &str, phase: OrderPhase, reason: &str, now: Millis) {
        if let Some(order) = self.order_mut(name) {
            order.end(phase, reason, now);
        }
    }

    /// The order of that name.
    pub fn order_mut(&mut self, name: &str) -> Option<&mut Order> {
        self.orders.iter_mut().find(|order| order.name == name)
    }

    /// Ends every open order of a pool.
    pub fn end_orders_of(&mut self, pool: &str, phase: OrderPhase, reason: &str, now: Millis) {
        for order in self.orders.iter_mut().filter(|order| order.pool == pool) {
            order.end(phase, reason, now);
        }
    }

    /// How many pools and networks count towards the quotas: failed records and the network that
    /// was there from the start do not.
    #[must_use]
    pub fn used(&self) -> (u64, u64) {
        let pools = self.pools.values().filter(|pool| !pool.failed());
        let networks = self.networks.values().filter(|network| !network.seeded);
        (pools.count() as u64, networks.count() as u64)
    }

    /// Whether a pool is attached to the network.
    #[must_use]
    pub fn uses_network(&self, id: &str) -> bool {
        self.pools
            .values()
            .any(|pool| !pool.failed() && pool.spec.get("network").is_some_and(|n| n["name"] == *id))
    }
}
