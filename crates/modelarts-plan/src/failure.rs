//! A cloud call that failed, as far as a decision depends on it.
//!
//! The client sorts errors into kinds; the plan decides what a kind means. A failure is a value:
//! it is remembered and shown, and never thrown.

use modelarts_crd::conditions::Reason;

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FailureKind {
    /// The service or the way to it is out of order.
    Transient,
    /// Too many calls.
    Throttled,
    /// The credentials are refused, expired, or a locked key is being left alone.
    Unauthenticated,
    /// The credentials are good but may not do this.
    Denied,
    /// The request is wrong.
    Invalid,
    /// A pool of that name exists.
    Conflict,
    /// A quota is used up.
    Quota,
    /// No nodes of that flavor at the moment.
    SoldOut,
    /// The service itself says that there is no such pool.
    Gone,
    /// The gateway does not know the address: a wrong endpoint, never a missing pool.
    Misrouted,
    /// The answer could not be understood.
    Malformed,
}

/// A failed call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloudFailure {
    /// What kind of failure it was.
    pub kind: FailureKind,
    /// What the cloud said, with its code and the request ID; fit to be shown.
    pub message: String,
    /// Whether the request may have been executed all the same.
    pub doubtful: bool,
}

/// Whether a failure clears by itself or needs a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Clears by itself.
    Wait,
    /// Needs a person.
    Person,
}

impl CloudFailure {
    /// The reason to show, and who has to mend it.
    #[must_use]
    pub fn reason(&self) -> (Reason, Remedy) {
        match self.kind {
            FailureKind::Transient | FailureKind::Malformed | FailureKind::Gone | FailureKind::Misrouted => {
                (Reason::CloudUnavailable, Remedy::Wait)
            }
            FailureKind::Throttled => (Reason::Throttled, Remedy::Wait),
            FailureKind::SoldOut => (Reason::SoldOut, Remedy::Wait),
            FailureKind::Unauthenticated => (Reason::CredentialsRefused, Remedy::Person),
            FailureKind::Denied => (Reason::PermissionDenied, Remedy::Person),
            FailureKind::Invalid => (Reason::RequestRejected, Remedy::Person),
            FailureKind::Conflict => (Reason::NameConflict, Remedy::Person),
            FailureKind::Quota => (Reason::QuotaExceeded, Remedy::Person),
        }
    }
}
