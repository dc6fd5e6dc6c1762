//! The closed list of things that a pass may do, and what can come of each.
//!
//! The list is the list of crash points: a test kills the operator before, during and after each.

use std::sync::Arc;

use modelarts_crd::status::{AbnormalNode, Order};
use serde_json::Value;

use crate::failure::CloudFailure;
use crate::identity::Marker;
use crate::kind::Kind;
use crate::pool::Pools;
use crate::report::Notice;
use crate::timing::Tick;
use crate::view::Shown;

/// The one deed of a pass.
#[derive(Clone, Debug, PartialEq)]
pub enum Step<K: Kind = Pools> {
    /// Nothing to do but wait.
    Rest,
    /// Wait for a complete LIST set of the scope that begins at `since` or later.
    LookAtScope {
        /// The earliest beginning that counts.
        since: Tick,
    },
    /// GET one thing.
    LookAt {
        /// Its ID.
        id: String,
    },
    /// GET something else of the account that is known to exist.
    LookAtCanary,
    /// Ask for the last order of a pool and, if some are abnormal, for its nodes.
    LookAtDetails {
        /// Its ID.
        id: String,
        /// Whether to ask for its nodes.
        nodes: bool,
    },
    /// Put our finalizer on the object.
    AddFinalizer,
    /// Write the intent down, with the status of the plan.
    OpenAttempt,
    /// Send the creation that the open attempt stands for.
    Create {
        /// The attempt's token. It is sent at most once.
        token: String,
        /// What to create.
        body: Box<K::Resource>,
    },
    /// Write down that the attempt ended with nothing, with the status of the plan.
    CloseAttempt,
    /// Write the ID down, with the status of the plan.
    Record,
    /// Write our marker on something that a GET of this very pass showed with the marker `over`.
    Mark {
        /// Its ID.
        id: String,
        /// The marker that is replaced; nothing if there is none.
        over: Option<Marker>,
        /// The merge patch.
        patch: Value,
    },
    /// Send a change to something that a GET of this very pass showed to be ours.
    Change {
        /// Its ID.
        id: String,
        /// The merge patch.
        patch: Value,
        /// Whether it buys or gives back.
        effect: Effect,
    },
    /// Delete something that a GET of this very pass showed to be ours.
    Delete {
        /// Its ID.
        id: String,
    },
    /// Take our finalizer off the object.
    RemoveFinalizer,
}

/// What a change does to the bill.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It adds nodes.
    Grows,
    /// It removes nodes.
    Shrinks,
    /// Neither.
    Neither,
}

/// The kinds of step, for metrics and for tests that go through all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
    /// [`Step::Rest`]
    Rest,
    /// [`Step::LookAtScope`]
    LookAtScope,
    /// [`Step::LookAt`]
    LookAt,
    /// [`Step::LookAtCanary`]
    LookAtCanary,
    /// [`Step::LookAtDetails`]
    LookAtDetails,
    /// [`Step::AddFinalizer`]
    AddFinalizer,
    /// [`Step::OpenAttempt`]
    OpenAttempt,
    /// [`Step::Create`]
    Create,
    /// [`Step::CloseAttempt`]
    CloseAttempt,
    /// [`Step::Record`]
    Record,
    /// [`Step::Mark`]
    Mark,
    /// [`Step::Change`]
    Change,
    /// [`Step::Delete`]
    Delete,
    /// [`Step::RemoveFinalizer`]
    RemoveFinalizer,
}

impl StepKind {
    /// All kinds.
    pub const ALL: [Self; 14] = [
        Self::Rest,
        Self::LookAtScope,
        Self::LookAt,
        Self::LookAtCanary,
        Self::LookAtDetails,
        Self::AddFinalizer,
        Self::OpenAttempt,
        Self::Create,
        Self::CloseAttempt,
        Self::Record,
        Self::Mark,
        Self::Change,
        Self::Delete,
        Self::RemoveFinalizer,
    ];

    /// The word in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::LookAtScope => "look-at-scope",
            Self::LookAt => "look-at",
            Self::LookAtCanary => "look-at-canary",
            Self::LookAtDetails => "look-at-details",
            Self::AddFinalizer => "add-finalizer",
            Self::OpenAttempt => "open-attempt",
            Self::Create => "create",
            Self::CloseAttempt => "close-attempt",
            Self::Record => "record",
            Self::Mark => "mark",
            Self::Change => "change",
            Self::Delete => "delete",
            Self::RemoveFinalizer => "remove-finalizer",
        }
    }
}

impl<K: Kind> Step<K> {
    /// What kind of step it is.
    #[must_use]
    pub fn kind(&self) -> StepKind {
        match self {
            Self::Rest => StepKind::Rest,
            Self::LookAtScope { .. } => StepKind::LookAtScope,
            Self::LookAt { .. } => StepKind::LookAt,
            Self::LookAtCanary => StepKind::LookAtCanary,
            Self::LookAtDetails { .. } => StepKind::LookAtDetails,
            Self::AddFinalizer => StepKind::AddFinalizer,
            Self::OpenAttempt => StepKind::OpenAttempt,
            Self::Create { .. } => StepKind::Create,
            Self::CloseAttempt => StepKind::CloseAttempt,
            Self::Record => StepKind::Record,
            Self::Mark { .. } => StepKind::Mark,
            Self::Change { .. } => StepKind::Change,
            Self::Delete { .. } => StepKind::Delete,
            Self::RemoveFinalizer => StepKind::RemoveFinalizer,
        }
    }
}

/// What a pass decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan<K: Kind = Pools> {
    /// The one deed.
    pub step: Step<K>,
    /// The status to show. The steps that write an attempt down write exactly this.
    pub status: K::Status,
    /// Whether to write the status if it differs. Not before steps that write soon anyway.
    pub publish: bool,
    /// What to tell in an event, once the status is written or the step is done.
    pub notice: Option<Notice>,
    /// When to look again if nothing wakes the object earlier, in milliseconds.
    pub next_look: u64,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome<K: Kind = Pools> {
    /// Done, or nothing was to be done.
    Done,
    /// A GET ended.
    Shown(Shown<K>),
    /// The canary was read, or not.
    Canary(bool),
    /// What else is known of a thing.
    Details(Details),
    /// The cloud accepted the creation and told what it made.
    Created(Arc<K::Resource>),
    /// The cloud accepted a change and told what is there now.
    Changed(Arc<K::Resource>),
    /// A call to the cloud failed.
    Failed(CloudFailure),
    /// The object has changed since it was read, or the write failed: nothing was done, or it will be seen.
    Stale,
}

/// What is known of a pool besides itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Details {
    /// The last order.
    pub order: Option<Order>,
    /// Nodes that cannot be used, if they were asked for.
    pub abnormal_nodes: Option<Vec<AbnormalNode>>,
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_kind_has_a_word_of_its_own() {
        let words: BTreeSet<&str> = StepKind::ALL.iter().map(|kind| kind.as_str()).collect();
        assert_eq!(words.len(), StepKind::ALL.len());
        let well_formed = |word: &str| word.len() > 3 && word.chars().all(|c| c.is_ascii_lowercase() || c == '-');
        assert!(words.iter().all(|word| well_formed(word)), "{words:?}");
    }
}
