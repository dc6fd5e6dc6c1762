//! What can be asked of the store, as values.

use serde_json::Value;

use crate::jsonpatch::{self, MergePatch};
use crate::refusal::Refusal;

/// Which part of an object a write is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// Everything but the status.
    Main,
    /// The status alone.
    Status,
}

/// A change that is worked out by the server.
#[derive(Clone, Debug, PartialEq)]
pub enum Patch {
    /// RFC 7396.
    Merge(MergePatch),
    /// RFC 6902, a list of operations.
    Json(Value),
}

impl Patch {
    /// `object` as the patch leaves it.
    pub(crate) fn apply(&self, object: &Value) -> Result<Value, Refusal> {
        match self {
            Self::Merge(patch) => Ok(jsonpatch::merge(object, &patch.0)),
            Self::Json(operations) => jsonpatch::apply(object, operations).map_err(|_| Refusal::inapplicable()),
        }
    }
}

/// What must hold for a deletion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preconditions {
    /// The object must be this one.
    pub uid: Option<String>,
    /// The object must not have changed since.
    pub version: Option<String>,
}
