//! Protects a key from being locked by the cloud, which happens after a handful of refusals.
//!
//! After one refusal the key rests for a while, and every call with it fails here, unsent. While
//! it has not yet been accepted, only one call at a time goes out: a wrong key then costs one
//! refusal, however many callers wait for it.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::ApiError;
use crate::failure::Failure;

/// State of one key, shared by all calls that use it.
#[derive(Debug)]
pub(crate) struct KeyGuard {
    rest: Duration,
    state: Mutex<State>,
    first: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    accepted: bool,
    resting: Option<(Instant, Box<ApiError>)>,
}

/// Permission for one call. Hold it until the end of the call is reported.
pub(crate) struct Pass<'a> {
    _first: Option<tokio::sync::MutexGuard<'a, ()>>,
}

impl KeyGuard {
    /// A key that rests for `rest` after a refusal.
    pub(crate) fn new(rest: Duration) -> Self {
        Self {
            rest,
            state: Mutex::default(),
            first: tokio::sync::Mutex::new(()),
        }
    }

    /// Waits while another call tries a key not yet accepted. `now` is read again after the wait.
    pub(crate) async fn enter(&self, operation: &'static str, now: impl Fn() -> Instant) -> Result<Pass<'_>, ApiError> {
        if self.admits(operation, now())? {
            return Ok(Pass { _first: None });
        }
        let first = self.first.lock().await;
        let accepted = self.admits(operation, now())?;
        Ok(Pass {
            _first: (!accepted).then_some(first),
        })
    }

    /// Takes note of how a call ended.
    pub(crate) fn report(&self, error: Option<&ApiError>, now: Instant) {
        let mut state = self.state();
        match error {
            // A late success of a call that left before the refusal does not outweigh it.
            None => state.accepted = state.resting.is_none(),
            Some(error) if is_refusal(error) => {
                state.accepted = false;
                state.resting = Some((now + self.rest, Box::new(error.clone())));
            }
            Some(error) => state.accepted |= knows_the_key(error.failure),
        }
    }

    /// Whether the key is accepted; an error while it rests.
    fn admits(&self, operation: &'static str, now: Instant) -> Result<bool, ApiError> {
        let mut state = self.state();
        if let Some((until, cause)) = &state.resting {
            let left = until.saturating_duration_since(now);
            if !left.is_zero() {
                return Err(resting(operation, cause, left));
            }
            state.resting = None;
        }
        Ok(state.accepted)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is valid at every moment, so a panic elsewhere does not make it wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The cloud refused the key itself. An error of our own is none.
pub(crate) fn is_refusal(error: &ApiError) -> bool {
    let refused = matches!(
        error.failure,
        Failure::Unauthenticated | Failure::Expired | Failure::Locked
    );
    refused && error.status.is_some()
}

/// Whether such a failure is given only after the key was found good.
pub(crate) fn knows_the_key(failure: Failure) -> bool {
    match failure {
        Failure::Invalid | Failure::Conflict | Failure::Quota | Failure::SoldOut => true,
        Failure::Gone | Failure::Denied => true,
        Failure::Transient
        | Failure::Throttled
        | Failure::Unauthenticated
        | Failure::Expired
        | Failure::Locked
        | Failure::Misrouted
        | Failure::Malformed => false,
    }
}

/// Carries the cause along, so that whoever sees only this error learns what to mend.
pub(crate) fn resting(operation: &'static str, cause: &ApiError, left: Duration) -> ApiError {
    let seconds = left.as_secs().max(1);
    ApiError {
        code: cause.code.clone(),
        request_id: cause.request_id.clone(),
        retry_after: Some(left),
        clock_skew: cause.clock_skew,
        ..ApiError::unsent(
            operation,
            Failure::Locked,
            format!(
                "not sent: the credentials were refused and are paused for {seconds} s more ({})",
                cause.message
            ),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REST: Duration = Duration::from_secs(300);

    fn refusal(failure: Failure) -> ApiError {
        let mut error = ApiError::unsent("ShowPool", failure, "verify aksk signature fail");
        error.status = Some(401);
        error.code = Some("APIGW.0301".into());
        error.clock_skew = Some(400);
        error
    }

    #[tokio::test]
    async fn a_refused_key_rests_and_says_why() {
        let guard = KeyGuard::new(REST);
        let start = Instant::now();
        for failure in [Failure::Unauthenticated, Failure::Expired, Failure::Locked] {
            guard.report(Some(&refusal(failure)), start);
            let error = guard.enter("ListPools", || start).await.err().unwrap();
            assert_eq!(error.failure, Failure::Locked);
            assert_eq!(error.sent, crate::Sent::NotSent);
            assert_eq!(error.retry_after, Some(REST));
            assert_eq!(error.code.as_deref(), Some("APIGW.0301"));
            assert_eq!(error.clock_skew, Some(400));
            assert!(error.message.contains("verify aksk signature fail"));
            let almost = start + REST - Duration::from_millis(1);
            assert!(guard.enter("ListPools", || almost).await.is_err());
            assert!(guard.enter("ListPools", || start + REST).await.is_ok());
        }
    }

    #[tokio::test]
    async fn the_pauses_own_error_does_not_prolong_it() {
        let guard = KeyGuard::new(REST);
        let start = Instant::now();
        guard.report(Some(&refusal(Failure::Unauthenticated)), start);
        let paused = guard.enter("ListPools", || start).await.err().unwrap();
        guard.report(Some(&paused), start + REST);
        assert!(guard.enter("ListPools", || start + REST).await.is_ok());
    }

    #[tokio::test]
    async fn other_failures_do_not_rest_the_key() {
        let guard = KeyGuard::new(REST);
        let now = Instant::now();
        for failure in Failure::ALL {
            if matches!(failure, Failure::Unauthenticated | Failure::Expired | Failure::Locked) {
                continue;
            }
            guard.report(Some(&refusal(failure)), now);
            assert!(guard.enter("ListPools", || now).await.is_ok(), "{failure}");
        }
    }

    #[tokio::test]
    async fn an_unproven_key_is_tried_by_one_call_at_a_time() {
        let guard = KeyGuard::new(REST);
        let now = Instant::now();
        let first = guard.enter("ListPools", || now).await.unwrap();
        let second = guard.enter("ListPools", || now);
        tokio::pin!(second);
        assert!(futures::poll!(second.as_mut()).is_pending(), "waits for the first");
        guard.report(Some(&refusal(Failure::Unauthenticated)), now);
        drop(first);
        assert!(second.await.is_err(), "and shares its refusal");
    }

    #[tokio::test]
    async fn a_proven_key_lets_all_calls_through() {
        let guard = KeyGuard::new(REST);
        let now = Instant::now();
        let first = guard.enter("ListPools", || now).await.unwrap();
        guard.report(None, now);
        let _second = guard.enter("ListPools", || now).await.unwrap();
        drop(first);
    }
}
