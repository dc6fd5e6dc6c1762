//! The project of an account, or why the account cannot be used.

use modelarts_client::{ApiError, Failure};
use modelarts_crd::conditions::Reason;
use modelarts_plan::Closed;

use crate::accounts::{Access, Accounts};
use crate::governor::Class;

/// The ID of the project, looked up on first use if the account names it only.
///
/// # Errors
/// The credentials are refused, or the look-up failed.
pub async fn of(accounts: &Accounts, name: &str, access: &Access) -> Result<String, Closed> {
    let project = access.client.project_id().await;
    if let Err(error) = &project {
        accounts.absorb(access, Class::Reads, Some(error));
    }
    // Credentials that rest after a refusal are still refused.
    if let Some(refusal) = accounts.refusal(name) {
        return Err(refusal);
    }
    project
        .map(|project| project.to_string())
        .map_err(|error| not_found(&error))
}

/// What a failed look-up of the project means.
fn not_found(error: &ApiError) -> Closed {
    let (reason, stalled) = match error.failure {
        Failure::Unauthenticated | Failure::Expired | Failure::Locked => (Reason::CredentialsRefused, true),
        Failure::Invalid | Failure::Gone => (Reason::ProjectNotFound, true),
        Failure::Denied => (Reason::PermissionDenied, true),
        Failure::Throttled => (Reason::Throttled, false),
        Failure::Transient
        | Failure::Malformed
        | Failure::Misrouted
        | Failure::Conflict
        | Failure::Quota
        | Failure::SoldOut => (Reason::CloudUnavailable, false),
    };
    Closed {
        reason,
        stalled,
        message: error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use modelarts_client::Sent;

    fn closed(failure: Failure) -> (Reason, bool) {
        let closed = not_found(&ApiError {
            failure,
            sent: Sent::NotSent,
            operation: "ListProjects",
            status: Some(200),
            code: None,
            message: "no project is named so".into(),
            request_id: None,
            retry_after: None,
            clock_skew: None,
        });
        (closed.reason, closed.stalled)
    }

    #[test]
    fn a_project_that_is_not_there_needs_a_person_and_an_outage_does_not() {
        assert_eq!(closed(Failure::Invalid), (Reason::ProjectNotFound, true));
        assert_eq!(closed(Failure::Denied), (Reason::PermissionDenied, true));
        assert_eq!(closed(Failure::Unauthenticated), (Reason::CredentialsRefused, true));
        assert_eq!(closed(Failure::Throttled), (Reason::Throttled, false));
        for failure in [Failure::Transient, Failure::Malformed, Failure::Misrouted] {
            assert_eq!(closed(failure), (Reason::CloudUnavailable, false));
        }
    }
}
