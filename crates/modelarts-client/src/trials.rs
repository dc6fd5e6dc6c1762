//! What became of the keys of one source: a source that hands out refused keys must not make us
//! knock at the cloud with each of them.
//!
//! One refused key is that key's trouble, and the next is tried at once. After two in a row the
//! source rests, and then each further refused key costs another rest, until one is accepted.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use crate::error::ApiError;
use crate::guard::resting;

/// Refused keys in a row after which the source rests.
const REFUSALS: u32 = 2;

/// The refusals of keys from one source.
#[derive(Debug)]
pub(crate) struct Trials {
    rest: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Different keys refused since one was accepted.
    in_a_row: u32,
    /// The last of them.
    last: Option<Refused>,
}

#[derive(Debug)]
struct Refused {
    access_key: String,
    at: Instant,
    cause: Box<ApiError>,
}

impl Trials {
    /// A source that rests for `rest`.
    pub(crate) fn new(rest: Duration) -> Self {
        Self {
            rest,
            state: Mutex::default(),
        }
    }

    /// Takes note of an accepted key. A late success of the key refused last does not outweigh
    /// its refusal.
    pub(crate) fn accepted(&self, access_key: &str) {
        let mut state = self.state();
        if state.last.as_ref().is_none_or(|last| last.access_key != access_key) {
            *state = State::default();
        }
    }

    /// Takes note of a refused key. Calls side by side refuse the same key several times.
    pub(crate) fn refused(&self, access_key: &str, cause: &ApiError, now: Instant) {
        let mut state = self.state();
        let known = state.last.as_ref();
        let again = known.is_some_and(|last| last.access_key == access_key && now < last.at + self.rest);
        if again {
            return;
        }
        state.in_a_row = state.in_a_row.saturating_add(1);
        state.last = Some(Refused {
            access_key: access_key.to_owned(),
            at: now,
            cause: Box::new(cause.clone()),
        });
    }

    /// Whether the source may be asked for a key; an error while it rests.
    pub(crate) fn admit_source(&self, operation: &'static str, now: Instant) -> Result<(), ApiError> {
        let state = self.state();
        match self.refused_lately(&state, now) {
            Some((refused, left)) if state.in_a_row >= REFUSALS => Err(resting(operation, &refused.cause, left)),
            _ => Ok(()),
        }
    }

    /// Whether a key from the source may be tried; an error if it is the one just refused.
    pub(crate) fn admit_key(&self, operation: &'static str, access_key: &str, now: Instant) -> Result<(), ApiError> {
        let state = self.state();
        match self.refused_lately(&state, now) {
            Some((refused, left)) if refused.access_key == access_key => Err(resting(operation, &refused.cause, left)),
            _ => Ok(()),
        }
    }

    /// The last refusal, and how long its rest goes on.
    fn refused_lately<'a>(&self, state: &'a State, now: Instant) -> Option<(&'a Refused, Duration)> {
        let refused = state.last.as_ref()?;
        let left = (refused.at + self.rest).saturating_duration_since(now);
        (!left.is_zero()).then_some((refused, left))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // The state is valid at every moment, so a panic elsewhere does not make it wrong.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;

    const REST: Duration = Duration::from_secs(300);

    fn refusal() -> ApiError {
        let mut error = ApiError::unsent("ShowPool", Failure::Unauthenticated, "verify aksk signature fail");
        error.clock_skew = Some(900);
        error
    }

    #[test]
    fn the_key_after_a_refused_one_is_tried_at_once_and_the_refused_one_is_not() {
        let trials = Trials::new(REST);
        let start = Instant::now();
        trials.refused("A", &refusal(), start);
        assert!(trials.admit_source("ShowPool", start).is_ok());
        assert!(trials.admit_key("ShowPool", "B", start).is_ok());
        let again = trials.admit_key("ShowPool", "A", start).unwrap_err();
        assert_eq!((again.failure, again.clock_skew), (Failure::Locked, Some(900)));
        assert!(trials.admit_key("ShowPool", "A", start + REST).is_ok());
    }

    #[test]
    fn a_source_rests_after_two_refused_keys_and_then_after_each() {
        let trials = Trials::new(REST);
        let start = Instant::now();
        trials.refused("A", &refusal(), start);
        trials.refused("A", &refusal(), start);
        assert!(trials.admit_source("ShowPool", start).is_ok(), "one key, refused twice");
        trials.refused("B", &refusal(), start);
        let paused = trials.admit_source("ShowPool", start).unwrap_err();
        assert_eq!((paused.failure, paused.retry_after), (Failure::Locked, Some(REST)));
        let later = start + REST;
        assert!(trials.admit_source("ShowPool", later).is_ok());
        trials.refused("C", &refusal(), later);
        assert!(trials.admit_source("ShowPool", later).is_err());
    }

    #[test]
    fn an_accepted_key_clears_the_source_but_a_late_success_of_a_refused_one_does_not() {
        let trials = Trials::new(REST);
        let start = Instant::now();
        trials.refused("A", &refusal(), start);
        trials.accepted("A");
        assert!(trials.admit_key("ShowPool", "A", start).is_err());
        trials.accepted("B");
        assert!(trials.admit_key("ShowPool", "A", start).is_ok());
        trials.refused("C", &refusal(), start);
        assert!(trials.admit_source("ShowPool", start).is_ok(), "the row begins anew");
    }
}
