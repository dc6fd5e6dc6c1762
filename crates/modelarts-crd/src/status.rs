//! What the operator reports of a pool. Only the operator writes it.
//!
//! `creation` is more than a report: it is the write-ahead record by which a pool is bought once.
//! It is durable before the request leaves, and names the one token that the request belongs to.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was last seen of the pool, and what is being done about it.
///
/// The API server puts `observedGeneration: -1` into every new object, so that tools that wait for readiness
/// don't take an object for ready that the operator has not looked at yet. Hence `Some(status)` proves nothing.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"observedGeneration": -1}))]
pub struct ModelArtsPoolStatus {
    /// Generation of the spec that this status speaks of; -1 before the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Value of the requestedAt annotation that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,

    /// The pool's ID in ModelArts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_id: Option<String>,
    /// The pool's name in ModelArts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool_name: Option<String>,
    /// The pool's main billing resource in ModelArts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_id: Option<String>,
    /// When ModelArts made the pool, in its own notation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,

    /// The pool's phase, in ModelArts' own word: Creating, Running, Abnormal, Deleting, Error and others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// What ModelArts says about the phase.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// Numbers of nodes by flavor and state, as ModelArts gives them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resources: Option<NodeCounts>,
    /// Totals.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nodes: Option<NodeTotals>,
    /// Flavors of the pool's nodes, joined by commas.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flavors: Option<String>,
    /// Selector for tools that want one beside a scale subresource. It matches no pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,
    /// The job types and their states.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub scope: Vec<ScopeState>,
    /// The drivers and their states.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub driver: Option<DriverStates>,
    /// Restrictions that the service has put on the pool, as a bit mask: 1 no change of billing, 2 no change of flavors,
    /// 4 restricted, 8 frozen, 16 frozen by public security. 0 or absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub control_mode: Option<i64>,

    /// The network that the pool is in, by its ID, once it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_id: Option<String>,
    /// The last order that ModelArts made for the pool: each creation and each resize is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<Order>,
    /// The term of a pool that is paid for by the month or year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subscription: Option<Subscription>,
    /// Nodes that cannot be used, with what ModelArts says of them: at most ten.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub abnormal_nodes: Vec<AbnormalNode>,

    /// Generation of the spec that was last sent to the cloud or found there. A difference at this generation was made by
    /// somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_generation: Option<i64>,

    /// Keys of extendParams and labels of entries that the spec wrote: entry, field, key. What the spec does not name any more
    /// is taken out of the cloud only if it stands here.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub written_keys: Vec<String>,

    /// The write-ahead record of the last attempt to create the pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation: Option<Creation>,

    /// Ready, Reconciling, Stalled, Synced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// Numbers of nodes by state.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct NodeCounts {
    /// Being made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub creating: Vec<FlavorNodes>,
    /// Usable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub available: Vec<FlavorNodes>,
    /// Not usable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub abnormal: Vec<FlavorNodes>,
    /// Being removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub deleting: Vec<FlavorNodes>,
    /// Could not be made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub creation_failed: Vec<FlavorNodes>,
}

/// Nodes of one flavor.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct FlavorNodes {
    /// Flavor of the nodes.
    pub flavor: String,
    /// Number of nodes.
    pub count: i64,
    /// Node pool that the nodes are in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub node_pool: Option<String>,
}

/// Totals over all flavors.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct NodeTotals {
    /// Nodes asked for. Absent: the size is not set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub desired: Option<i64>,
    /// Nodes usable now.
    pub available: i64,
}

/// State of one job type.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ScopeState {
    /// The job type.
    pub scope_type: String,
    /// Enabling, Enabled, EnableFailed, Disabling or Disabled.
    pub state: String,
}

/// States of the drivers.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct DriverStates {
    /// The GPU driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gpu: Option<DriverState>,
    /// The NPU driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub npu: Option<DriverState>,
}

/// State of one driver.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct DriverState {
    /// Version of the driver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Creating, Upgrading, Running or Abnormal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// An order of ModelArts.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Order {
    /// Its name.
    pub name: String,
    /// pending, processing, successed (the service's spelling), partialSuccessed or failed. Absent: not found yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// Why it failed, wholly or in part.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fail_reason: Option<String>,
}

/// The term of a subscription.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Subscription {
    /// When the present term ends (RFC 3339), reckoned from the creation and the length of the term: the service does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<String>,
    /// Whether it is renewed by itself then.
    pub auto_renew: bool,
}

/// A node that cannot be used.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct AbnormalNode {
    /// Its name.
    pub name: String,
    /// What ModelArts says of it.
    pub reason: String,
}

/// One attempt to create the pool, written down before the request is sent.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Creation {
    /// Number of the attempt, from 1, never reused for one object.
    pub attempt: i64,
    /// Unique word of the attempt; a token is sent to the cloud at most once.
    pub token: String,
    /// Fingerprint of what was asked for.
    pub spec_hash: String,
    /// When the attempt was written down (RFC 3339), for people: no decision is made from it.
    pub opened_at: String,
    /// How many attempts with this fingerprint ended in doubt or in a failed pool before this one.
    #[serde(default)]
    pub spent: i64,
    /// How many attempts of this object ever ended so. While it is 0 and every attempt was refused, nothing can be left behind.
    #[serde(default)]
    pub doubts: i64,
    /// How many times the leader had changed when the attempt was written down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fencing: Option<i64>,
    /// What came of the attempt. Absent while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<Outcome>,
}

/// What came of an attempt.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The answer named the pool.
    Created,
    /// No answer came and it was found by its marker, or it was taken over because spec.adoption asks for it.
    Adopted,
    /// The cloud refused before doing anything.
    Rejected,
    /// The answer never came, and after the in-doubt window no pool was found.
    NotFound,
    /// A pool was made and failed.
    Failed,
    /// The pool was there and is gone, although nobody asked us to delete it.
    Lost,
}
