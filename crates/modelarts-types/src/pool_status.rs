//! What the service says about a pool it holds.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::pool::AzCount;

words! {
    /// The life of a pool in the service's own words.
    pub enum Phase {
        /// Accepted; an unpaid order or an approval is awaited.
        Waiting = "Waiting",
        /// The cluster or its nodes are being made.
        Creating = "Creating",
        /// Usable. Stays so while the pool is resized.
        Running = "Running",
        /// Not working properly; may return to `Running` by itself.
        Abnormal = "Abnormal",
        /// Leaving.
        Deleting = "Deleting",
        /// Failed.
        Error = "Error",
        /// Never came up.
        CreationFailed = "CreationFailed",
        /// The last change of size failed; the pool is still there.
        ScalingFailed = "ScalingFailed",
    }
}

shape! {
    /// Observed state of a pool.
    pub struct PoolStatus {
        /// Absent for a moment after creation.
        phase: Option<Phase> = "phase",
        /// Why the pool is in this phase.
        message: Option<String> = "message",
        /// Node counts by state.
        resources: Option<PoolCounts> = "resources",
        /// State of each job type.
        scope: Option<Vec<ScopeState>> = "scope",
        /// State of the drivers.
        driver: Option<DriverStates> = "driver",
        /// Parent pool; empty for a physical one.
        parent: Option<String> = "parent",
        /// Root pool; a physical pool's own ID.
        root: Option<String> = "root",
        /// Clusters behind the pool: an object in one edition of the reference, a list in others.
        clusters: Option<Value> = "clusters",
    }
}

shape! {
    /// Node counts by state.
    pub struct PoolCounts {
        /// Being made.
        creating: Option<Counts> = "creating",
        /// Usable.
        available: Option<Counts> = "available",
        /// Broken.
        abnormal: Option<Counts> = "abnormal",
        /// Leaving.
        deleting: Option<Counts> = "deleting",
        /// Could not be made.
        creation_failed: Option<Counts> = "creationFailed",
    }
}

/// Counts of one state. The reference says an object, the service sends a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Counts {
    /// One entry per flavor and node pool.
    List(Vec<FlavorCount>),
    /// A single entry.
    One(Box<FlavorCount>),
    /// Neither; kept as it came.
    Odd(Value),
}

impl Counts {
    /// The entries; none if the form was not understood.
    #[must_use]
    pub fn entries(&self) -> &[FlavorCount] {
        match self {
            Self::List(entries) => entries,
            Self::One(entry) => std::slice::from_ref(entry),
            Self::Odd(_) => &[],
        }
    }

    /// All nodes. An entry without a count adds none.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.entries()
            .iter()
            .filter_map(|entry| entry.count)
            .fold(0, i64::saturating_add)
    }
}

impl From<Vec<FlavorCount>> for Counts {
    fn from(entries: Vec<FlavorCount>) -> Self {
        Self::List(entries)
    }
}

shape! {
    /// Nodes of one flavor in one state.
    pub struct FlavorCount {
        /// Flavor name.
        flavor: Option<String> = "flavor",
        /// Nodes.
        count: Option<i64> = "count",
        /// Equal to `count` in a physical pool.
        max_count: Option<i64> = "maxCount",
        /// Name of the node pool.
        node_pool: Option<String> = "nodePool",
        /// Spread over zones.
        azs: Option<Vec<AzCount>> = "azs",
    }
}

shape! {
    /// State of one job type.
    pub struct ScopeState {
        /// `Train`, `Infer` or `Notebook`.
        scope_type: Option<String> = "scopeType",
        /// `Enabling`, `Enabled`, `EnableFailed`, `Disabling` or `Disabled`.
        state: Option<String> = "state",
        /// Why, where it failed.
        message: Option<String> = "message",
    }
}

shape! {
    /// State of the drivers, by accelerator.
    pub struct DriverStates {
        /// GPU driver.
        gpu: Option<DriverState> = "gpu",
        /// NPU driver.
        npu: Option<DriverState> = "npu",
    }
}

shape! {
    /// State of one driver.
    pub struct DriverState {
        /// Version on the nodes.
        version: Option<String> = "version",
        /// `Creating`, `Upgrading`, `Running` or `Abnormal`.
        state: Option<String> = "state",
    }
}
