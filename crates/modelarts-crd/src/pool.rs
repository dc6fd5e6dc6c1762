//! `ModelArtsPool`: one resource pool, as a platform team writes it down.
//!
//! The fields carry the names of the ModelArts API, so that the `spec` of a documented request can
//! be pasted in. Absence is the default everywhere: the schema fills nothing in, so what is live is
//! what is in Git. Field docs are user docs: `kubectl explain` prints them.

use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{Adoption, Billing, DeletionPolicy, Drift, ManagementPolicy};
use crate::resource::ResourceEntry;
use crate::status::ModelArtsPoolStatus;

/// What the pool should be.
#[derive(CustomResource, JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    crates(kube_core = "::kube_core"),
    group = "modelarts.huaweicloud.com",
    version = "v1alpha1",
    kind = "ModelArtsPool",
    plural = "modelartspools",
    singular = "modelartspool",
    shortname = "mapool",
    category = "modelarts",
    namespaced,
    status = "ModelArtsPoolStatus",
    derive = "PartialEq",
    doc = "A dedicated resource pool of Huawei Cloud ModelArts: NPU or GPU nodes for training, inference and notebooks. The operator creates it in the cloud once, keeps it, and deletes it when this object is deleted.",
    scale(
        spec_replicas_path = ".spec.nodes",
        status_replicas_path = ".status.nodes.available",
        label_selector_path = ".status.selector"
    ),
    selectable = ".spec.account",
    selectable = ".status.phase",
    selectable = ".status.poolId",
    printcolumn(
        name = "Pool-Name",
        type_ = "string",
        json_path = ".status.poolName",
        description = "The pool's name in ModelArts"
    ),
    printcolumn(
        name = "Phase",
        type_ = "string",
        json_path = ".status.phase",
        description = "The pool's phase, in ModelArts' own word"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        description = "Whether the pool can be used"
    ),
    printcolumn(
        name = "Available",
        type_ = "integer",
        json_path = ".status.nodes.available",
        description = "Nodes that can be used now"
    ),
    printcolumn(
        name = "Desired",
        type_ = "integer",
        json_path = ".status.nodes.desired",
        description = "Nodes that are asked for"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Age of this object"
    ),
    printcolumn(
        name = "Pool-ID",
        type_ = "string",
        json_path = ".status.poolId",
        priority = 1,
        description = "The pool's ID in ModelArts"
    ),
    printcolumn(
        name = "Flavors",
        type_ = "string",
        json_path = ".status.flavors",
        priority = 1,
        description = "Flavors of the pool's nodes"
    ),
    printcolumn(
        name = "Account",
        type_ = "string",
        json_path = ".spec.account",
        priority = 1,
        description = "ModelArtsAccount that the pool belongs to; empty means default"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1,
        description = "Why the pool is ready or not"
    )
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = crate::rules::pool_spec)]
pub struct ModelArtsPoolSpec {
    /// Name of the ModelArtsAccount to create the pool with.
    /// Absent means "default". Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 253))]
    pub account: Option<String>,

    /// The pool's name in ModelArts: 4 to 25 lowercase letters, digits and hyphens, beginning with a letter, not ending
    /// with a hyphen, and unique in the project.
    /// Absent means that the operator derives one from this object's name and uid. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(min = 4, max = 25),
        regex(pattern = r"^[a-z][a-z0-9-]{2,23}[a-z0-9]$")
    )]
    pub pool_name: Option<String>,

    /// ID of the ModelArts workspace to create the pool in. Absent means "0", the default workspace. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 36), regex(pattern = r"^[A-Za-z0-9-]+$"))]
    pub workspace_id: Option<String>,

    /// Free text shown beside the pool in the ModelArts console, at most 47 characters, without any of ! < > = & " ' [ ].
    /// The operator appends a marker in square brackets to it in the cloud, by which it knows its own pools.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = 47), regex(pattern = r#"^[^!<>=&"'\[\]]*$"#))]
    pub description: Option<String>,

    /// How the pool is paid for. Absent: pay per use. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Billing")]
    pub billing: Option<Billing>,

    /// Prefix of the names of the pool's nodes. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(min = 1, max = 32),
        regex(pattern = r"^[a-z]([a-z0-9-]*[a-z0-9])?$")
    )]
    pub node_prefix: Option<String>,

    /// Kind of pool. Dedicate, a physical pool of its own nodes, is the only one and is what absence means. Cannot be changed.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PoolType")]
    pub type_: Option<PoolType>,

    /// What the pool may be used for: one to three of Train, Infer and Notebook, each once.
    #[schemars(length(min = 1, max = 3), extend("x-kubernetes-list-type" = "set"))]
    pub scope: Vec<Scope>,

    /// The network that the pool's nodes are in, by its ID. Either network or networkRef is required. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Network")]
    pub network: Option<Network>,

    /// The network that the pool's nodes are in, as a ModelArtsNetwork in the same namespace. The pool waits until it is Ready.
    /// Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NetworkReference")]
    pub network_ref: Option<NetworkReference>,

    /// Number of nodes, for a pool with exactly one entry in resources that has no count of its own.
    /// This is the field that kubectl scale writes. Absent: resources[].count is used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32", range(min = 1, max = 2000))]
    pub nodes: Option<i32>,

    /// The pool's nodes by flavor: 1 to 10 entries. An entry is known by its flavor and nodePool, never by its position.
    /// Only what an entry names is compared and changed: a member that is taken out of it stays in the cloud as it is, and so
    /// does a key of extendParams or labels that the service put there; a key that this object put there goes.
    #[schemars(length(min = 1, max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub resources: Vec<ResourceEntry>,

    /// Flavors that jobs in the pool may ask for, by name. Absent: not managed, what the pool has stays.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100), inner(length(min = 1, max = 128)), extend("x-kubernetes-list-type" = "atomic"))]
    pub job_flavors: Vec<String>,

    /// Versions of the accelerator drivers on the nodes. Absent: the service chooses, and what the pool has stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PoolDriver")]
    pub driver: Option<PoolDriver>,

    /// How far the operator goes: Manage (also what absence means) creates, changes and deletes; Observe only shows the pool
    /// that poolName or adoption.poolId names, and never changes it; Pause makes no call to the cloud at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ManagementPolicy")]
    pub management_policy: Option<ManagementPolicy>,

    /// What happens to the pool in the cloud when this object is deleted: Delete deletes it; Detach leaves it running, and
    /// billed, and names its ID in an event.
    /// Absent: what the namespace's annotation modelarts.huaweicloud.com/deletion-policy says, else Delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DeletionPolicy")]
    pub deletion_policy: Option<DeletionPolicy>,

    /// Takes over a pool that exists, instead of creating one. Absent: nothing that is not marked as this object's is taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Adoption")]
    pub adoption: Option<Adoption>,

    /// What to do when somebody else changes the pool. Absent: put it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Drift")]
    pub drift: Option<Drift>,
}

/// Kind of pool.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PoolType {
    /// A physical pool with nodes of its own.
    Dedicate,
}

/// A job type that a pool serves.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Training jobs.
    Train,
    /// Inference services.
    Infer,
    /// Notebooks.
    Notebook,
}

impl Scope {
    /// The API's word.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Train => "Train",
            Self::Infer => "Infer",
            Self::Notebook => "Notebook",
        }
    }
}

/// A ModelArts network.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The network's ID, which ends in the project's ID; not its display name.
    #[schemars(length(min = 4, max = 128), regex(pattern = r"^[a-z]([a-z0-9-]*[a-z0-9])?$"))]
    pub name: String,
}

/// A ModelArtsNetwork in the namespace of the pool.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct NetworkReference {
    /// Name of the ModelArtsNetwork.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Accelerator drivers.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PoolDriver {
    /// Version of the GPU driver, for example 440.33.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub gpu_version: Option<String>,

    /// Version of the NPU driver, for example C78.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub npu_version: Option<String>,

    /// How a new version reaches a node: idle waits until no job runs on it, force does not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UpdateStrategy")]
    pub update_strategy: Option<UpdateStrategy>,
}

/// When a node's driver is replaced.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum UpdateStrategy {
    /// As soon as no job runs on the node.
    Idle,
    /// At once, whatever runs on the node.
    Force,
}

impl ModelArtsPoolSpec {
    /// The account's name, with the meaning of absence.
    pub fn account_name(&self) -> &str {
        self.account.as_deref().unwrap_or("default")
    }

    /// The workspace's ID, with the meaning of absence.
    pub fn workspace(&self) -> &str {
        self.workspace_id.as_deref().unwrap_or("0")
    }

    /// The management policy, with the meaning of absence.
    pub fn management(&self) -> ManagementPolicy {
        self.management_policy.unwrap_or(ManagementPolicy::Manage)
    }

    /// The deletion policy, with the meaning of absence in a namespace that says nothing.
    pub fn deletion(&self) -> DeletionPolicy {
        self.deletion_policy.unwrap_or(DeletionPolicy::Delete)
    }

    /// Whether the pool is paid for by the month or year.
    pub fn is_subscription(&self) -> bool {
        self.billing.as_ref().is_some_and(Billing::is_subscription)
    }
}
