//! Requests that are under way.

use modelarts_plan::Marker;
use modelarts_types::pool::Pool;
use serde_json::Value;

use crate::state::Number;

/// A request that has left a process.
#[derive(Clone, Debug, PartialEq)]
pub struct Sent {
    /// Which process sent it.
    pub from: u8,
    /// Which object it is for.
    pub slot: u8,
    /// uid of that object.
    pub uid: String,
    /// What is asked for.
    pub request: Request,
    /// How many short spans it has been under way.
    pub age: u8,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// CreatePool.
    Create {
        /// The token of its attempt.
        token: String,
        /// The body.
        body: Box<Pool>,
    },
    /// PatchPool.
    Patch {
        /// ID of the pool.
        id: String,
        /// The merge patch.
        patch: Value,
        /// If it is a marking: over which marker.
        marking: Option<Option<Marker>>,
    },
    /// DeletePool.
    Delete {
        /// ID of the pool.
        id: String,
    },
    /// A guarded write to the API server, of an object that was as it still is.
    Write {
        /// The object as it will be.
        object: Number,
    },
}
