//! A ModelArts for tests: the API of resource pools with a ledger and faults.
//!
//! [`Cloud`] is the cloud as a state machine, [`Simulator`] puts gateway, credentials and faults
//! before it, [`Server`] puts both on a socket. The first two know no socket, task or clock: the
//! time is an argument. Nothing here is shared with the client, least of all the signing rules.
//!
//! ```
//! use modelarts_sim::{Cloud, profile::Profile};
//! use serde_json::json;
//!
//! let mut cloud = Cloud::new(Profile::default(), 1);
//! let body = json!({
//!     "apiVersion": "v2",
//!     "kind": "Pool",
//!     "metadata": {"labels": {"os.modelarts/name": "pool-001"}},
//!     "spec": {
//!         "type": "Dedicate",
//!         "scope": ["Train"],
//!         "network": {"name": "net-0123-project"},
//!         "resources": [{"flavor": "modelarts.vm.cpu.4ud", "count": 1}],
//!     },
//! });
//! let pool = cloud.create_pool("project", &body, 0)?;
//! assert_eq!(pool.id(), Some("pool-001-project"));
//! let later = cloud.show_pool("project", "pool-001-project", 2_000)?;
//! assert_eq!(later.phase().map(|phase| phase.as_str()), Some("Running"));
//! assert_eq!(cloud.ledger(2_000).len(), 1);
//! # Ok::<(), modelarts_sim::Refusal>(())
//! ```

pub mod cloud;
mod create;
mod creation;
mod direct;
mod endings;
pub mod mishaps;
mod outside;
mod outside_networks;
mod patch;
mod pools;
mod resize;
mod settling;

mod entries;
mod nodes;
mod orders;
mod pool;
mod project;
mod stock;

mod billing;
mod catalogue;
mod lookups;
mod network;
mod networks;
pub mod subscriptions;

pub mod accounts;
mod actions;
pub mod agencies;
mod control;
mod credentials;
mod damage;
pub mod faults;
mod iam;
mod levers;
pub mod permissions;
pub mod signature;
pub mod simulator;

pub mod chance;
pub mod clock;
mod json;
pub mod ledger;
pub mod message;
pub mod operation;
mod page;
pub mod profile;
pub mod refusal;
mod rules;
mod selector;

mod http;
mod server;

pub use accounts::Accounts;
pub use agencies::{Agency, AgencyMode};
pub use cloud::Cloud;
pub use mishaps::{Mishap, MishapKind};
pub use permissions::{Actions, Standing, Terms};
pub use pools::ListQuery;
pub use profile::{FailedRecords, FailedScale, Profile};
pub use refusal::Refusal;
pub use server::{Config, Server, ServerHandle, StartError, TlsFiles};
pub use simulator::{Setup, Simulator};
