//! The resource pool: what is asked for and what is told about it.
//!
//! Field names are the API's in snake case. Members that differ between editions of the reference,
//! or whose inner shape does not matter to a client, are plain JSON.

use serde_json::{Map, Value};

use crate::keys;

pub use crate::metadata::{ListMeta, Metadata};
pub use crate::pool_status::{
    Counts, DriverState, DriverStates, FlavorCount, Phase, PoolCounts, PoolStatus, ScopeState,
};

shape! {
    /// A resource pool.
    pub struct Pool {
        /// `v2`.
        api_version: Option<String> = "apiVersion",
        /// `Pool`.
        kind: Option<String> = "kind",
        /// Identity, labels and annotations.
        metadata: Metadata = "metadata",
        /// What was asked for.
        spec: PoolSpec = "spec",
        /// What the service says became of it. Absent in a request.
        status: Option<PoolStatus> = "status",
    }
}

shape! {
    /// What a pool should be.
    pub struct PoolSpec {
        /// `Dedicate` for a physical pool.
        type_: Option<String> = "type",
        /// Job types: `Train`, `Infer`, `Notebook`.
        scope: Option<Vec<String>> = "scope",
        /// One entry per flavor and node pool.
        resources: Option<Vec<PoolResource>> = "resources",
        /// The network the nodes are in.
        network: Option<NetworkRef> = "network",
        /// Names of job flavors.
        job_flavors: Option<Vec<String>> = "jobFlavors",
        /// Driver versions wanted.
        driver: Option<Driver> = "driver",
        /// Bit mask of what the service forbids (0 is free). Only in answers.
        control_mode: Option<i64> = "controlMode",
        /// Own clusters of a Lite pool.
        clusters: Option<Value> = "clusters",
        /// How to log in to the nodes of a Lite pool.
        user_login: Option<Value> = "userLogin",
    }
}

shape! {
    /// Nodes of one flavor in one node pool.
    pub struct PoolResource {
        /// Flavor name.
        flavor: Option<String> = "flavor",
        /// Nodes wanted.
        count: Option<i64> = "count",
        /// Equal to `count` in a physical pool.
        max_count: Option<i64> = "maxCount",
        /// Name of the node pool; the service fills in `<flavor>-default`.
        node_pool: Option<String> = "nodePool",
        /// How the nodes are spread over zones.
        azs: Option<Vec<AzCount>> = "azs",
        /// Docker volume size, runtime, script and the like.
        extend_params: Option<Map<String, Value>> = "extendParams",
        /// Operating system image.
        os: Option<Map<String, Value>> = "os",
        /// Driver version of this node pool.
        driver: Option<Map<String, Value>> = "driver",
        /// Size and kind of the steps in which nodes are added.
        creating_step: Option<Map<String, Value>> = "creatingStep",
        /// System volume.
        root_volume: Option<Map<String, Value>> = "rootVolume",
        /// Data volumes.
        data_volumes: Option<Vec<Value>> = "dataVolumes",
        /// How data volumes are grouped.
        volume_group_configs: Option<Vec<Value>> = "volumeGroupConfigs",
        /// Kubernetes labels of the nodes.
        labels: Option<Map<String, Value>> = "labels",
        /// Kubernetes taints of the nodes; Lite pools only.
        taints: Option<Vec<Value>> = "taints",
        /// Tags of the nodes; Lite pools only.
        tags: Option<Vec<Value>> = "tags",
    }
}

shape! {
    /// A number of nodes in a zone.
    pub struct AzCount {
        /// Zone name.
        az: Option<String> = "az",
        /// Nodes there.
        count: Option<i64> = "count",
    }
}

shape! {
    /// The network of a pool.
    pub struct NetworkRef {
        /// The network's ID, not its display name.
        name: Option<String> = "name",
        /// VPC of a Lite pool.
        vpc_id: Option<String> = "vpcId",
        /// Subnet of a Lite pool.
        subnet_id: Option<String> = "subnetId",
    }
}

shape! {
    /// Driver versions wanted.
    pub struct Driver {
        /// GPU driver, for example `440.33`.
        gpu_version: Option<String> = "gpuVersion",
        /// NPU driver, for example `C78`.
        npu_version: Option<String> = "npuVersion",
        /// `force` (at once) or `idle` (when a node has no job).
        update_strategy: Option<String> = "updateStrategy",
    }
}

shape! {
    /// The answer of a list call.
    pub struct PoolList {
        /// `v2`.
        api_version: Option<String> = "apiVersion",
        /// `PoolList`.
        kind: Option<String> = "kind",
        /// No source documents it for pools; looked at, in case pages come one day.
        metadata: Option<ListMeta> = "metadata",
        /// The pools. Absent means that the answer was not a list of pools, never that there are
        /// none.
        items: Option<Vec<Pool>> = "items",
    }
}

impl Pool {
    /// The pool ID. Absent in a creation and in an answer that is not one.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.metadata.name.as_deref().filter(|id| !id.is_empty())
    }

    /// The name the user chose.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        self.metadata.labels.get(keys::NAME)
    }

    /// The workspace; without a label the default one, `"0"`.
    #[must_use]
    pub fn workspace_id(&self) -> &str {
        self.metadata
            .labels
            .get(keys::WORKSPACE_ID)
            .filter(|id| !id.is_empty())
            .unwrap_or("0")
    }

    /// The description; the service drops an empty one.
    #[must_use]
    pub fn description(&self) -> &str {
        self.metadata.annotations.get(keys::DESCRIPTION).unwrap_or_default()
    }

    /// The billing resource. A pool made anew under an old name has another one.
    #[must_use]
    pub fn resource_id(&self) -> Option<&str> {
        self.metadata.labels.get(keys::RESOURCE_ID)
    }

    /// The record of the last order.
    #[must_use]
    pub fn order_name(&self) -> Option<&str> {
        self.metadata.labels.get(keys::ORDER_NAME)
    }

    /// The phase; nothing while the service has given none, or an empty one.
    #[must_use]
    pub fn phase(&self) -> Option<&Phase> {
        let phase = self.status.as_ref()?.phase.as_ref()?;
        (!phase.as_str().is_empty()).then_some(phase)
    }

    /// When the pool was accepted, as the service wrote it.
    #[must_use]
    pub fn created_at(&self) -> Option<&str> {
        self.metadata.creation_timestamp.as_deref()
    }
}

impl PoolSpec {
    /// The entries; none if the member is absent or not understood. Before writing a list back,
    /// look at `extra`: an entry that was not understood must not be dropped.
    #[must_use]
    pub fn resources(&self) -> &[PoolResource] {
        self.resources.as_deref().unwrap_or_default()
    }

    /// The job types; none if the member is absent or not understood.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        self.scope.as_deref().unwrap_or_default()
    }
}

impl PoolList {
    /// The pools; none also if the answer had no `items`.
    #[must_use]
    pub fn pools(&self) -> &[Pool] {
        self.items.as_deref().unwrap_or_default()
    }
}
