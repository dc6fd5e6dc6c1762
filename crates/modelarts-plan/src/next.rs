//! What comes next for something that differs from its spec.

use modelarts_crd::conditions::Reason;
use serde_json::Value;

/// What to send.
#[derive(Clone, Debug, PartialEq)]
pub struct Change {
    /// The fields that it is about, as the user writes them.
    pub fields: Vec<String>,
    /// The merge patch.
    pub patch: Value,
    /// Whether nodes are added.
    pub grows: bool,
    /// Whether nodes are removed.
    pub shrinks: bool,
}

/// What comes next.
#[derive(Clone, Debug, PartialEq)]
pub enum Next {
    /// Nothing differs (fields ignored aside).
    Nothing,
    /// Send this now; more may follow afterwards.
    Send(Change),
    /// It differs and has to wait for something that ends by itself.
    Wait {
        /// The fields that wait.
        fields: Vec<String>,
        /// Always `ChangePending`.
        reason: Reason,
        /// What is waited for.
        text: String,
    },
    /// It differs and a person has to do something.
    Refused {
        /// The fields that cannot be changed so.
        fields: Vec<String>,
        /// Why, in a word.
        reason: Reason,
        /// Why, and what to do.
        text: String,
    },
}
