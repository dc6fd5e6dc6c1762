//! Nodes: what the counts of a pool are counted from.
//!
//! Every number in `status.resources`, every node list and every order item comes from these, so
//! they can never contradict each other.

use std::collections::BTreeMap;

use modelarts_types::keys;
use serde_json::{Map, Value, json};

use crate::{
    chance::Chance,
    clock::{Millis, rfc3339},
    entries::Entry,
    stock::Stock,
};

/// Where a node is in its life; the names are the members of `status.resources`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NodeState {
    /// Being made.
    Creating,
    /// Usable.
    Available,
    /// Broken.
    Abnormal,
    /// Going.
    Deleting,
    /// Never came to be.
    CreationFailed,
}

impl NodeState {
    /// Whether the node counts towards the size of its pool.
    #[must_use]
    pub fn counts(self) -> bool {
        matches!(self, Self::Creating | Self::Available | Self::Abnormal)
    }

    fn member(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Available => "available",
            Self::Abnormal => "abnormal",
            Self::Deleting => "deleting",
            Self::CreationFailed => "creationFailed",
        }
    }
}

/// One node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Its name.
    pub name: String,
    /// Its flavor.
    pub flavor: &'static str,
    /// Its node pool.
    pub node_pool: String,
    /// Its zone.
    pub zone: String,
    /// Where it is in its life.
    pub state: NodeState,
    /// Its resource in billing.
    pub resource_id: String,
    /// Whether it is paid by the month or year.
    pub subscription: bool,
    /// The order that made it, or that takes it away.
    pub order: String,
    created: Millis,
    instance_id: String,
    address: String,
}

/// What new nodes have in common.
#[derive(Debug, Clone)]
pub struct Batch<'a> {
    /// The prefix of their names; empty for the service's own.
    pub prefix: &'a str,
    /// The order that makes them.
    pub order: &'a str,
    /// Whether they are paid by the month or year.
    pub subscription: bool,
    /// Where there is capacity.
    pub(crate) stock: &'a Stock,
    /// When they are ordered.
    pub now: Millis,
}

/// Makes `count` nodes for an entry, in those of its zones where `here` are too few.
pub fn make(entry: &Entry, count: u64, here: &[Node], batch: &Batch<'_>, chance: &mut Chance) -> Vec<Node> {
    let fallback = batch.stock.first_zone(entry.flavor).unwrap_or("cn-north-7c");
    let mut zones = entry
        .missing_zones(here)
        .into_iter()
        .flat_map(|(zone, share)| std::iter::repeat_n(zone, usize::try_from(share).unwrap_or(0)));
    (0..count)
        .map(|_| Node {
            name: match batch.prefix {
                "" => format!("os-node-created-{}", chance.suffix()),
                prefix => format!("{prefix}-{}", chance.suffix()),
            },
            flavor: entry.flavor.name,
            node_pool: entry.node_pool.clone(),
            zone: zones.next().unwrap_or_else(|| fallback.to_owned()),
            state: NodeState::Creating,
            resource_id: format!("maos-node-{}", chance.suffix()),
            subscription: batch.subscription,
            order: batch.order.to_owned(),
            created: batch.now,
            instance_id: chance.uuid(),
            address: format!("192.168.{}.{}", chance.bits() % 256, 1 + chance.bits() % 254),
        })
        .collect()
}

impl Node {
    /// The node as the service lists it; billing may have frozen its pool.
    #[must_use]
    pub fn view(&self, frozen: bool) -> Value {
        let phase = match self.state {
            NodeState::Creating => "Creating",
            NodeState::Available => "Available",
            NodeState::Abnormal | NodeState::CreationFailed => "Abnormal",
            NodeState::Deleting => "Deleting",
        };
        let driver = match self.state {
            NodeState::Creating => "Pending",
            NodeState::Available | NodeState::Deleting => "Running",
            NodeState::Abnormal | NodeState::CreationFailed => "Abnormal",
        };
        json!({
            "kind": "Node",
            "apiVersion": "v2",
            "metadata": {
                "name": self.name,
                "creationTimestamp": rfc3339(self.created),
                "labels": {
                    keys::RESOURCE_ID: self.resource_id,
                    keys::NODE_NODEPOOL: self.node_pool,
                    keys::NODE_BILLING_STATUS: if frozen { "1" } else { "0" },
                    keys::NODE_INSTANCE_ID: self.instance_id,
                },
                "annotations": {
                    keys::BILLING_MODE: if self.subscription { "1" } else { "0" },
                },
            },
            "spec": {"flavor": self.flavor},
            "status": {
                "phase": phase,
                "az": self.zone,
                "privateIp": self.address,
                "driver": {"phase": driver},
                "resources": {"cpu": "3920m", "memory": "6270Mi"},
                "availableResources": {"cpu": "2970m", "memory": "4558Mi"},
            },
        })
    }
}

/// `status.resources`: for each state a list of counts by flavor and node pool.
#[must_use]
pub fn counts(nodes: &[Node]) -> Value {
    type Zones<'a> = BTreeMap<&'a str, u64>;
    let mut grouped: BTreeMap<NodeState, BTreeMap<(&str, &str), Zones<'_>>> = BTreeMap::new();
    for node in nodes {
        *grouped
            .entry(node.state)
            .or_default()
            .entry((node.flavor, &node.node_pool))
            .or_default()
            .entry(&node.zone)
            .or_default() += 1;
    }
    let members: Map<String, Value> = grouped
        .into_iter()
        .map(|(state, groups)| {
            let list: Vec<Value> = groups
                .into_iter()
                .map(|((flavor, node_pool), zones)| count_entry(flavor, node_pool, &zones))
                .collect();
            (state.member().to_owned(), Value::Array(list))
        })
        .collect();
    Value::Object(members)
}

fn count_entry(flavor: &str, node_pool: &str, zones: &BTreeMap<&str, u64>) -> Value {
    let total: u64 = zones.values().sum();
    let zones: Vec<Value> = zones
        .iter()
        .map(|(zone, count)| json!({"az": zone, "count": count}))
        .collect();
    json!({
        "flavor": flavor,
        "count": total,
        "maxCount": total,
        "nodePool": node_pool,
        "azs": zones,
    })
}
