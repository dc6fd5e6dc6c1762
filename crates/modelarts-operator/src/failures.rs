//! From the client's errors to the plan's failures: a closed mapping, and no judgement.

use modelarts_client::{ApiError, Failure, Sent};
use modelarts_plan::{CloudFailure, FailureKind};

/// What a failed call means to the plan.
#[must_use]
pub fn of(error: &ApiError) -> CloudFailure {
    let kind = match error.failure {
        Failure::Transient => FailureKind::Transient,
        Failure::Throttled => FailureKind::Throttled,
        Failure::Unauthenticated | Failure::Expired | Failure::Locked => FailureKind::Unauthenticated,
        Failure::Denied => FailureKind::Denied,
        Failure::Invalid => FailureKind::Invalid,
        Failure::Conflict => FailureKind::Conflict,
        Failure::Quota => FailureKind::Quota,
        Failure::SoldOut => FailureKind::SoldOut,
        Failure::Gone => FailureKind::Gone,
        Failure::Misrouted => FailureKind::Misrouted,
        Failure::Malformed => FailureKind::Malformed,
    };
    CloudFailure {
        kind,
        message: error.to_string(),
        doubtful: error.sent == Sent::Doubtful,
    }
}
