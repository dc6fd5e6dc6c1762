//! The next change that brings a pool closer to its spec.

use modelarts_crd::conditions::Reason;
use modelarts_types::pool::Pool;

use crate::desired::DesiredPool;
use crate::identity::Marker;

/// A change to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The fields of the spec that it brings about.
    pub fields: Vec<String>,
    /// The merge patch.
    pub patch: serde_json::Value,
    /// Whether it adds nodes.
    pub grows: bool,
    /// Whether it removes nodes.
    pub shrinks: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Nothing differs.
    Nothing,
    /// Send this now; more may follow.
    Send(Change),
    /// It differs, and has to wait for something that ends by itself.
    Wait {
        /// The fields that differ.
        fields: Vec<String>,
        /// Why it waits.
        reason: Reason,
        /// What it waits for.
        text: String,
    },
    /// It differs, and a person has to do something.
    Refused {
        /// The fields that differ.
        fields: Vec<String>,
        /// Why.
        reason: Reason,
        /// What to do.
        text: String,
    },
}

/// The next change.
pub fn next(_desired: &DesiredPool, _observed: &Pool, _marker: &Marker) -> Next {
    Next::Nothing
}
