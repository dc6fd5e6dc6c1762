//! The one way to wait here: look, and look again, until a condition holds or its deadline passes.
//!
//! Nothing in this crate or in the end-to-end tests sleeps for a fixed time: on a busy machine a
//! sleep is either too short or wasted. A wait that fails says what it waited for and what it saw last.

use std::fmt::Display;
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout_at};

/// How often a condition is looked at. Short enough to be unnoticeable, long enough for two cores.
pub const LOOK_EVERY: Duration = Duration::from_millis(75);

/// Generous, because several worlds may be starting on a small machine at once.
pub const DEADLINE: Duration = Duration::from_secs(120);

/// A condition that did not hold in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("waited {seconds:.1} s for {what}; last seen: {last}", seconds = waited.as_secs_f64())]
pub struct TimedOut {
    /// The condition, as a noun phrase.
    pub what: String,
    /// How long it was waited for.
    pub waited: Duration,
    /// What the last completed look saw, and whether a further look was hanging.
    pub last: String,
}

/// Looks with `probe` until it gives `Ok`, which is returned.
///
/// `Err` means "not yet" and carries what was seen, so that a failure can be understood from its
/// message. A probe that hangs is cut off at the deadline.
///
/// # Errors
/// [`TimedOut`] when `deadline` has passed.
pub async fn until<T, S, F>(what: impl Into<String>, deadline: Duration, mut probe: F) -> Result<T, TimedOut>
where
    S: Display,
    F: AsyncFnMut() -> Result<T, S>,
{
    let what = what.into();
    let started = Instant::now();
    let end = started + deadline;
    let mut last = String::from("nothing");
    loop {
        match timeout_at(end, probe()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(seen)) => last = seen.to_string(),
            Err(_) => last.push_str(" (and the next look did not come to an end)"),
        }
        if Instant::now() + LOOK_EVERY >= end {
            return Err(TimedOut {
                what,
                waited: started.elapsed(),
                last,
            });
        }
        sleep(LOOK_EVERY).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_condition_that_comes_true_ends_the_wait() {
        let mut looks = 0;
        let value = until("the third look", DEADLINE, async || {
            looks += 1;
            if looks == 3 { Ok(looks) } else { Err("too early") }
        })
        .await
        .unwrap();
        assert_eq!(value, 3);
    }

    #[tokio::test]
    async fn the_error_names_the_condition_and_the_last_sight() {
        let mut looks = 0;
        let error = until("a blue moon", Duration::from_millis(800), async || {
            looks += 1;
            Err::<(), _>(format!("a white one ({looks})"))
        })
        .await
        .unwrap_err();
        assert_eq!(error.what, "a blue moon");
        assert_eq!(error.last, format!("a white one ({looks})"));
        assert!(error.to_string().contains("a blue moon"), "{error}");
        assert!(looks > 1, "only {looks} looks");
    }

    #[tokio::test]
    async fn a_probe_that_hangs_is_cut_off_at_the_deadline() {
        let error = until("an answer", Duration::from_millis(300), async || {
            std::future::pending::<Result<(), String>>().await
        })
        .await
        .unwrap_err();
        assert!(error.last.contains("did not come to an end"), "{error}");
        assert!(error.waited >= Duration::from_millis(225), "{error}");
    }
}
