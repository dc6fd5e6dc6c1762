//! What users write: the custom resources of the operator, their schema and their rules.
//!
//! Nothing here does I/O or knows ModelArts' wire format. Rules that the API server can check are
//! schema or CEL (`rules.rs`), so they hold while the operator is down and need no webhook.

// One `printcolumn(...)` per column repeats `type_`, which the lint takes for a mistake.
#![allow(clippy::duplicated_attributes)]

pub mod pool;
pub mod resource;
pub mod status;

pub mod network;
pub mod policy;

pub mod account;

pub mod conditions;
mod rules;

pub use account::{ModelArtsAccount, ModelArtsAccountSpec, ModelArtsAccountStatus};
pub use network::{ModelArtsNetwork, ModelArtsNetworkSpec, ModelArtsNetworkStatus};
pub use pool::{ModelArtsPool, ModelArtsPoolSpec};
pub use status::ModelArtsPoolStatus;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube_core::CustomResourceExt;

/// The API group of every kind of ours.
pub const GROUP: &str = "modelarts.huaweicloud.com";

/// The finalizer that holds a pool's object until the cloud has let go of the pool.
pub const FINALIZER: &str = "modelarts.huaweicloud.com/pool";

/// The finalizer that holds a network's object until the cloud has let go of the network.
pub const NETWORK_FINALIZER: &str = "modelarts.huaweicloud.com/network";

/// The finalizer that holds an account while a pool or a network is kept in it.
pub const ACCOUNT_FINALIZER: &str = "modelarts.huaweicloud.com/in-use";

/// On a namespace: the deletion policy of its pools and networks that have none of their own.
pub const DELETION_POLICY: &str = "modelarts.huaweicloud.com/deletion-policy";

/// Asks for a pass now: set it to any new value. Echoed in `status.lastHandledReconcileAt`.
pub const REQUESTED_AT: &str = "modelarts.huaweicloud.com/requestedAt";

/// The label that `status.selector` names, for tools that want a selector beside a scale subresource.
pub const POOL_UID_LABEL: &str = "modelarts.huaweicloud.com/pool-uid";

/// Every definition that has to be in a cluster before the operator starts.
pub fn crds() -> Vec<CustomResourceDefinition> {
    vec![ModelArtsPool::crd(), ModelArtsNetwork::crd(), ModelArtsAccount::crd()]
}
