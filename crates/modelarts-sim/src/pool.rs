//! One pool: what is known of it and how it is shown.
//!
//! Changes of phase are methods here; when they happen is decided by the timeline in `cloud`.

use std::collections::BTreeMap;

use modelarts_types::keys;
use serde_json::{Map, Value, json};

use crate::{
    clock::{Millis, rfc3339},
    cloud::At,
    entries::Entry,
    nodes::{Node, NodeState, counts},
};

/// The phases that the simulator brings about by itself.
pub mod phase {
    /// Not paid.
    pub const WAITING: &str = "Waiting";
    /// Being made.
    pub const CREATING: &str = "Creating";
    /// Usable.
    pub const RUNNING: &str = "Running";
    /// Broken for the time being.
    pub const ABNORMAL: &str = "Abnormal";
    /// A resize failed.
    pub const SCALING_FAILED: &str = "ScalingFailed";
    /// Never came to be; kept as a record for three days.
    pub const CREATION_FAILED: &str = "CreationFailed";
    /// Broken for good.
    pub const ERROR: &str = "Error";
    /// Going.
    pub const DELETING: &str = "Deleting";
}

/// A job type of a pool and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// `Train`, `Infer` or `Notebook`.
    pub name: String,
    /// `Enabling`, `Enabled`, `EnableFailed`, `Disabling`, `Disabled`.
    pub state: &'static str,
    /// Why it failed.
    pub message: String,
    /// Why it is going to fail.
    pub doom: Option<String>,
}

impl Scope {
    /// A job type that is being switched on.
    #[must_use]
    pub fn enabling(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            state: "Enabling",
            message: String::new(),
            doom: None,
        }
    }

    fn view(&self) -> Value {
        let mut view = json!({"scopeType": self.name, "state": self.state});
        if !self.message.is_empty() {
            view["message"] = json!(self.message);
        }
        view
    }
}

/// A driver of a pool and how far it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Driver {
    /// `gpu` or `npu`.
    pub kind: &'static str,
    /// The version in use; the wanted one is in the spec.
    pub version: String,
    /// `Creating`, `Upgrading`, `Running`, `Abnormal`.
    pub state: &'static str,
}

/// A pool.
#[derive(Debug, Clone, PartialEq)]
pub struct PoolRecord {
    /// The pool ID, the same as its key in the project.
    pub id: String,
    /// Tells a pool from an earlier one of the same ID.
    pub incarnation: u64,
    /// Labels as shown.
    pub labels: Map<String, Value>,
    /// Annotations as shown.
    pub annotations: Map<String, Value>,
    /// The spec as shown, except for the entries.
    pub spec: Map<String, Value>,
    /// The entries of `spec.resources`.
    pub entries: Vec<Entry>,
    /// The phase; empty: shown without one.
    pub phase: String,
    /// Why it is in this phase.
    pub message: String,
    /// When it was accepted.
    pub created: Millis,
    /// When a deletion was accepted.
    pub deleted: Option<Millis>,
    /// From when on lists show it.
    pub visible: Millis,
    /// Its nodes.
    pub nodes: Vec<Node>,
    /// Its job types.
    pub scopes: Vec<Scope>,
    /// The latest change of job types; the turns of earlier ones no longer count.
    pub scopes_round: u64,
    /// Its drivers.
    pub drivers: Vec<Driver>,
    /// The latest change of drivers.
    pub drivers_round: u64,
    /// The restrictions on it, as bits.
    pub control_mode: u64,
    /// When its subscription ended without another.
    pub frozen_since: Option<Millis>,
    /// Orders that nobody has paid yet.
    pub unpaid: Vec<String>,
    /// Tags of the tag service.
    pub tags: BTreeMap<String, String>,
}

impl PoolRecord {
    /// A label, or an empty text.
    #[must_use]
    pub fn label(&self, key: &str) -> &str {
        self.labels.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// An annotation, or an empty text.
    #[must_use]
    pub fn annotation(&self, key: &str) -> &str {
        self.annotations.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The display name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.label(keys::NAME)
    }

    /// Whether the pool itself is paid by the month or year.
    #[must_use]
    pub fn subscription(&self) -> bool {
        self.annotation(keys::BILLING_MODE) == "1"
    }

    /// Whether it is the record of a creation that failed.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.phase == phase::CREATION_FAILED
    }

    /// The nodes that make up its size.
    #[must_use]
    pub fn size(&self) -> usize {
        self.nodes.iter().filter(|node| node.state.counts()).count()
    }

    /// The nodes of an entry that are there or coming.
    #[must_use]
    pub fn nodes_of(&self, entry: &Entry) -> u64 {
        nodes_of(&self.nodes, entry)
    }

    /// This incarnation of the pool, for the timeline.
    #[must_use]
    pub(crate) fn at(&self, project: &str) -> At {
        At {
            project: project.to_owned(),
            id: self.id.clone(),
            incarnation: self.incarnation,
        }
    }

    /// The pool as ShowPool and ListPools show it.
    #[must_use]
    pub fn view(&self) -> Value {
        let mut spec = self.spec.clone();
        spec.insert("resources".to_owned(), self.entries_view());
        spec.insert("controlMode".to_owned(), json!(self.control_mode));
        json!({
            "kind": "Pool",
            "apiVersion": "v2",
            "metadata": self.metadata_view(),
            "spec": spec,
            "status": self.status_view(),
        })
    }

    /// The pool as the answer of CreatePool shows it: accepted, and nothing done yet.
    #[must_use]
    pub fn accepted_view(&self) -> Value {
        let mut pool = self.view();
        pool["status"] = json!({"resources": {}});
        if let Some(spec) = pool["spec"].as_object_mut() {
            spec.remove("controlMode");
        }
        pool
    }

    fn metadata_view(&self) -> Value {
        let mut metadata = json!({
            "name": self.id,
            "creationTimestamp": rfc3339(self.created),
            "labels": self.labels,
            "annotations": self.annotations,
        });
        if let Some(deleted) = self.deleted {
            metadata["deletionTimestamp"] = json!(rfc3339(deleted));
        }
        metadata
    }

    fn entries_view(&self) -> Value {
        self.entries
            .iter()
            .map(|entry| Value::Object(entry.members.clone()))
            .collect()
    }

    fn status_view(&self) -> Value {
        let resources = counts(&self.nodes);
        if self.phase.is_empty() {
            return json!({"resources": resources});
        }
        let scope: Vec<Value> = self.scopes.iter().map(Scope::view).collect();
        let mut status = json!({
            "phase": self.phase,
            "message": self.message,
            "resources": resources,
            "scope": scope,
            "parent": "",
            "root": self.id,
        });
        if !self.drivers.is_empty() {
            let drivers: Map<String, Value> = self
                .drivers
                .iter()
                .map(|driver| {
                    let state = json!({"version": driver.version, "state": driver.state});
                    (driver.kind.to_owned(), state)
                })
                .collect();
            status["driver"] = Value::Object(drivers);
        }
        status
    }

    /// Creating to Running; its nodes, scopes and drivers have times of their own.
    pub fn come_up(&mut self) {
        phase::RUNNING.clone_into(&mut self.phase);
        self.message.clear();
    }

    /// Any phase to Running, with everything mended: nodes that never came are forgotten.
    pub fn mend(&mut self) {
        self.come_up();
        self.nodes.retain(|node| node.state != NodeState::CreationFailed);
        for node in &mut self.nodes {
            if matches!(node.state, NodeState::Creating | NodeState::Abnormal) {
                node.state = NodeState::Available;
            }
        }
        self.count_nodes_again();
        self.scopes.retain(|scope| scope.state != "Disabling");
        for scope in &mut self.scopes {
            *scope = Scope {
                state: "Enabled",
                ..Scope::enabling(&scope.name)
            };
        }
        let wanted = self.spec.get("driver").cloned().unwrap_or_default();
        for driver in &mut self.drivers {
            if let Some(version) = wanted[format!("{}Version", driver.kind)].as_str() {
                version.clone_into(&mut driver.version);
            }
            driver.state = "Running";
        }
    }

    /// Any phase to Deleting.
    pub fn become_deleting(&mut self, now: Millis) {
        phase::DELETING.clone_into(&mut self.phase);
        self.message.clear();
        self.deleted.get_or_insert(now);
        for node in &mut self.nodes {
            node.state = NodeState::Deleting;
        }
        for scope in &mut self.scopes {
            scope.state = "Disabling";
        }
        self.drivers.clear();
    }

    /// Puts the pool into a phase from outside, with the nodes and scopes that belong to it.
    pub fn force_phase(&mut self, to: &str, message: &str) {
        match to {
            phase::RUNNING => self.mend(),
            phase::ABNORMAL => {
                let broken = self.nodes.iter_mut().find(|n| n.state == NodeState::Available);
                if let Some(node) = broken {
                    node.state = NodeState::Abnormal;
                }
                for driver in &mut self.drivers {
                    driver.state = "Abnormal";
                }
            }
            phase::SCALING_FAILED => {
                for node in &mut self.nodes {
                    if node.state == NodeState::Creating {
                        node.state = NodeState::CreationFailed;
                    }
                }
                self.count_nodes_again();
            }
            phase::CREATION_FAILED => {
                self.nodes.clear();
                self.scopes.clear();
                self.drivers.clear();
            }
            phase::ERROR => {
                self.nodes.clear();
                self.drivers.clear();
                for scope in &mut self.scopes {
                    scope.state = "Disabled";
                }
            }
            _ => {}
        }
        to.clone_into(&mut self.phase);
        message.clone_into(&mut self.message);
    }

    /// Writes the number of nodes that are really there into the entries; an entry without nodes
    /// goes, unless it is the last.
    pub fn count_nodes_again(&mut self) {
        for entry in &mut self.entries {
            let here = nodes_of(&self.nodes, entry);
            if here != entry.count {
                entry.count = here;
                entry.members.insert("count".to_owned(), json!(here));
                entry.members.insert("maxCount".to_owned(), json!(here));
                entry.members.remove("azs");
            }
        }
        if self.entries.iter().any(|entry| entry.count > 0) {
            self.entries.retain(|entry| entry.count > 0);
        }
    }
}

fn nodes_of(nodes: &[Node], entry: &Entry) -> u64 {
    let nodes = nodes.iter().filter(|node| node.flavor == entry.flavor.name);
    nodes
        .filter(|node| node.node_pool == entry.node_pool && node.state.counts())
        .count() as u64
}
