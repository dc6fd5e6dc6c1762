//! What an object asks of the operator beside the shape of the thing: how it is paid for, how far the
//! operator goes, and what happens at the beginning, in between and at the end.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a pool is paid for.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Billing {
    /// PayPerUse (also what absence means) is billed by the hour. Subscription is bought for a term: it waits for a payment,
    /// cannot be given back by deleting the object, and needs periodType and periodNum.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "BillingMode")]
    pub mode: Option<BillingMode>,
    /// Unit of the term of a subscription.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PeriodType")]
    pub period_type: Option<PeriodType>,
    /// Length of the term of a subscription: 1 to 9 months, or 1 to 3 years.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32", range(min = 1, max = 9))]
    pub period_num: Option<i32>,
    /// Whether the subscription is renewed for the same term when it ends. Absent: no.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub auto_renew: Option<bool>,
    /// Whether the order is paid without a person. Absent: no, the pool waits in phase Waiting until somebody pays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub auto_pay: Option<bool>,
}

/// How a pool is paid for.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum BillingMode {
    /// By the hour.
    PayPerUse,
    /// For a term.
    Subscription,
}

/// Unit of a term.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum PeriodType {
    /// Months.
    Month,
    /// Years.
    Year,
}

impl Billing {
    /// Whether it is a subscription.
    pub fn is_subscription(&self) -> bool {
        self.mode == Some(BillingMode::Subscription)
    }
}

/// How far the operator goes.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagementPolicy {
    /// Create, change, delete.
    Manage,
    /// Only show.
    Observe,
    /// Do nothing.
    Pause,
}

/// What a deleted object means in the cloud.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// Delete it there too.
    Delete,
    /// Leave it alone.
    Detach,
}

impl DeletionPolicy {
    /// The policy that a word in an annotation names.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "Delete" => Some(Self::Delete),
            "Detach" => Some(Self::Detach),
            _ => None,
        }
    }
}

/// The pool to take over.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Adoption {
    /// ID of the pool in ModelArts. It is taken over by writing this object's marker to the end of its description,
    /// never while another living object has it.
    #[schemars(length(min = 4, max = 128), regex(pattern = r"^[a-z]([a-z0-9-]*[a-z0-9])?$"))]
    pub pool_id: String,
    /// uid of an object of another cluster whose marker the pool carries, and which has it no more. Without this, a pool that
    /// is marked by another cluster is not taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub replaces_marker: Option<String>,
}

/// The network to take over.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NetworkAdoption {
    /// ID of the network in ModelArts. It is taken over by writing this object's marker to the end of its description,
    /// never while another living object has it.
    #[schemars(length(min = 4, max = 128), regex(pattern = r"^[a-z]([a-z0-9-]*[a-z0-9])?$"))]
    pub network_id: String,
    /// uid of an object of another cluster whose marker the network carries, and which has it no more. Without this, a
    /// network that is marked by another cluster is not taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub replaces_marker: Option<String>,
}

/// What to do when the cloud differs from the spec although the spec did not change.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum DriftPolicy {
    /// Put the cloud back.
    Correct,
    /// Only say so.
    Report,
}

/// What to do about changes that were not made through the object.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct Drift {
    /// Correct (also what absence means) puts the pool back as the spec says. Report sends nothing for a difference that the
    /// spec did not cause, and shows it in the condition Synced. A change of the spec is always sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DriftPolicy")]
    pub policy: Option<DriftPolicy>,
    /// Fields that others own. They count when the pool is created, and are neither compared nor changed afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "set"))]
    pub ignore: Vec<PoolField>,
}

/// What to do about changes of a network that were not made through the object.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkDrift {
    /// Correct (also what absence means) puts the network back as the spec says. Report sends nothing for a difference that
    /// the spec did not cause, and shows it in the condition Synced. A change of the spec is always sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DriftPolicy")]
    pub policy: Option<DriftPolicy>,
    /// Fields that others own. They count when the network is created, and are neither compared nor changed afterwards.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 4), extend("x-kubernetes-list-type" = "set"))]
    pub ignore: Vec<NetworkField>,
}

/// Declares fields that can be ignored, each with its path in the spec.
macro_rules! fields {
    ($(#[$doc:meta])* $type:ident: $($name:ident = $path:literal, $meaning:literal;)+) => {
        $(#[$doc])*
        #[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $type {
            $(#[doc = $meaning] #[serde(rename = $path)] $name,)+
        }

        impl $type {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// The path in the spec.
            pub fn path(self) -> &'static str {
                match self { $(Self::$name => $path,)+ }
            }
        }
    };
}

fields! {
    /// A field of a pool that can be changed after creation.
    PoolField:
    Description = "description", "The text of the description.";
    Scope = "scope", "The job types.";
    JobFlavors = "jobFlavors", "The flavors of jobs.";
    Driver = "driver", "The drivers of the pool.";
    Count = "resources.count", "The numbers of nodes, spec.nodes included.";
    Azs = "resources.azs", "The spread over zones.";
    ExtendParams = "resources.extendParams", "Further parameters of the nodes.";
    Os = "resources.os", "The images.";
    EntryDriver = "resources.driver", "The drivers of single node pools.";
    RootVolume = "resources.rootVolume", "The system disks.";
    DataVolumes = "resources.dataVolumes", "The data disks.";
    Labels = "resources.labels", "The labels of the nodes.";
}

fields! {
    /// A field of a network that can be changed after creation.
    NetworkField:
    Description = "description", "The text of the description.";
    Connection = "connection", "The connections.";
}
