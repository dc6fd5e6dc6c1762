//! What ModelArts says: serde shapes and codes, no I/O and no policy.
//!
//! Every body of the API has a struct here. The service adds members, renames enum values and once
//! in a while changes a type, so nothing in this crate refuses a JSON object: see [`lenient`] for
//! the one rule all structs share.

#[macro_use]
mod shape;

pub mod codes;
pub mod error;
pub mod event;
pub mod flavor;
pub mod keys;
pub mod lenient;
pub mod metadata;
pub mod network;
pub mod node;
pub mod order;
pub mod pool;
pub mod statistics;
pub mod workspace;

mod pool_status;

pub use codes::ErrorCode;
pub use error::ErrorBody;
pub use lenient::{Lenient, Texts};
pub use metadata::{ListMeta, Metadata};
pub use network::{Network, NetworkList, NetworkPhase};
pub use pool::{Phase, Pool, PoolList};
