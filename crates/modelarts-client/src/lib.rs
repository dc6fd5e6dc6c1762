//! How we ask ModelArts: typed requests, signing, one transport.
//!
//! A call goes through four steps, each in a file of its own and only the last one with I/O:
//! `request.rs` turns arguments into a request, `headers.rs` and `sign.rs` authenticate it,
//! `transport.rs` sends it, `failure.rs` says what an unhappy end means. Nothing here repeats a
//! write: whether a request may be sent again is for the caller to decide, who knows what it did.

pub mod carrier;
pub mod client;
pub mod clock;
pub mod config;
pub mod credentials;
pub mod endpoint;
pub mod environment;
pub mod error;
pub mod failure;
pub mod headers;
pub mod ids;
pub mod operation;
pub mod orders;
pub mod pools;
pub mod request;
pub mod roots;
pub mod sign;
pub mod source;

mod answer;
mod authenticate;
mod fetch;
mod fetched;
mod flavors;
mod guard;
mod iam;
mod networks;
mod nodes;
mod paging;
mod renewal;
mod resolver;
mod scrub;
mod temporary;
mod token;
mod transport;
mod trials;
mod workspaces;

#[cfg(test)]
mod fuzz;

pub use carrier::{Carrier, InMemory, Interrupted};
pub use client::Client;
pub use clock::Clock;
pub use config::{CallRecord, Config, ConfigError, Hooks, Observer, ProjectRef, default_user_agent};
pub use credentials::Credentials;
pub use endpoint::AllowedHosts;
pub use environment::EnvironmentError;
pub use error::ApiError;
pub use failure::{Failure, Sent};
pub use ids::{InvalidId, NetworkId, OrderName, PoolId, ProjectId, WorkspaceId};
pub use operation::Operation;
pub use orders::ListOrders;
pub use pools::{ListPools, PoolListStatus};
pub use roots::{ExtraRoots, RootsError};
pub use source::{KeySource, KeySourceError};
