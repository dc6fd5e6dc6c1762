//! The closed list of things that a pass may do, and what can come of each.
//!
//! The list is the list of crash points: a test kills the operator before, during and after each.

use std::sync::Arc;

use modelarts_crd::ModelArtsPoolStatus;
use modelarts_types::pool::Pool;

use crate::failure::CloudFailure;
use crate::report::Notice;
use crate::timing::Tick;
use crate::view::Shown;

/// The one deed of a pass.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Nothing to do but wait.
    Rest,
    /// Wait for a complete LIST set of the scope that begins at `since` or later.
    LookAtScope {
        /// The earliest beginning that counts.
        since: Tick,
    },
    /// GET a pool.
    LookAtPool {
        /// Its ID.
        id: String,
    },
    /// GET something else of the account that is known to exist.
    LookAtCanary,
    /// Put our finalizer on the object.
    AddFinalizer,
    /// Write the intent down, with the status of the plan.
    OpenAttempt,
    /// Send the creation that the open attempt stands for.
    CreatePool {
        /// The attempt's token. It is sent at most once.
        token: String,
        /// The pool.
        body: Box<Pool>,
    },
    /// Write down that the attempt ended without a pool, with the status of the plan.
    CloseAttempt,
    /// Write the pool's ID down, with the status of the plan.
    RecordPool,
    /// Delete a pool that a GET of this very pass showed to be ours.
    DeletePool {
        /// Its ID.
        id: String,
    },
    /// Take our finalizer off the object.
    RemoveFinalizer,
}

/// The kinds of step, for metrics and for tests that go through all of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepKind {
    /// [`Step::Rest`]
    Rest,
    /// [`Step::LookAtScope`]
    LookAtScope,
    /// [`Step::LookAtPool`]
    LookAtPool,
    /// [`Step::LookAtCanary`]
    LookAtCanary,
    /// [`Step::AddFinalizer`]
    AddFinalizer,
    /// [`Step::OpenAttempt`]
    OpenAttempt,
    /// [`Step::CreatePool`]
    CreatePool,
    /// [`Step::CloseAttempt`]
    CloseAttempt,
    /// [`Step::RecordPool`]
    RecordPool,
    /// [`Step::DeletePool`]
    DeletePool,
    /// [`Step::RemoveFinalizer`]
    RemoveFinalizer,
}

impl StepKind {
    /// All kinds.
    pub const ALL: [Self; 11] = [
        Self::Rest,
        Self::LookAtScope,
        Self::LookAtPool,
        Self::LookAtCanary,
        Self::AddFinalizer,
        Self::OpenAttempt,
        Self::CreatePool,
        Self::CloseAttempt,
        Self::RecordPool,
        Self::DeletePool,
        Self::RemoveFinalizer,
    ];

    /// The word in logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rest => "rest",
            Self::LookAtScope => "look-at-scope",
            Self::LookAtPool => "look-at-pool",
            Self::LookAtCanary => "look-at-canary",
            Self::AddFinalizer => "add-finalizer",
            Self::OpenAttempt => "open-attempt",
            Self::CreatePool => "create-pool",
            Self::CloseAttempt => "close-attempt",
            Self::RecordPool => "record-pool",
            Self::DeletePool => "delete-pool",
            Self::RemoveFinalizer => "remove-finalizer",
        }
    }
}

impl Step {
    /// What kind of step it is.
    #[must_use]
    pub fn kind(&self) -> StepKind {
        match self {
            Self::Rest => StepKind::Rest,
            Self::LookAtScope { .. } => StepKind::LookAtScope,
            Self::LookAtPool { .. } => StepKind::LookAtPool,
            Self::LookAtCanary => StepKind::LookAtCanary,
            Self::AddFinalizer => StepKind::AddFinalizer,
            Self::OpenAttempt => StepKind::OpenAttempt,
            Self::CreatePool { .. } => StepKind::CreatePool,
            Self::CloseAttempt => StepKind::CloseAttempt,
            Self::RecordPool => StepKind::RecordPool,
            Self::DeletePool { .. } => StepKind::DeletePool,
            Self::RemoveFinalizer => StepKind::RemoveFinalizer,
        }
    }
}

/// What a pass decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// The one deed.
    pub step: Step,
    /// The status to show. The steps that write an attempt down write exactly this.
    pub status: ModelArtsPoolStatus,
    /// Whether to write the status if it differs. Not before steps that write soon anyway.
    pub publish: bool,
    /// What to tell in an event, once the status is written or the step is done.
    pub notice: Option<Notice>,
    /// When to look again if nothing wakes the object earlier, in milliseconds.
    pub next_look: u64,
}

/// What came of a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// Done, or nothing was to be done.
    Done,
    /// A GET ended.
    Shown(Shown),
    /// The canary was read, or not.
    Canary(bool),
    /// The cloud accepted the creation and told the pool.
    Created(Arc<Pool>),
    /// A call to the cloud failed.
    Failed(CloudFailure),
    /// The object has changed since it was read, or the write failed: nothing was done, or it will be seen.
    Stale,
}
