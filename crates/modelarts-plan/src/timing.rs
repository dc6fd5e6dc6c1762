//! The times that the protocol rests on, in one place.
//!
//! All are lengths in milliseconds on one process's monotonic clock. No time of another machine is
//! ever compared: a window begins when this process first sees what opens it, and a restart begins
//! it anew.

use std::fmt;

/// A moment on the process's monotonic clock, in milliseconds since the process began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tick(pub u64);

impl Tick {
    /// The moment `millis` later.
    #[must_use]
    pub fn after(self, millis: u64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    /// Milliseconds from `earlier` to this moment; 0 if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// The assumptions and the windows, all in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// How long one call may take.
    pub request_deadline: u64,
    /// How long after the durable intent a creation may still be sent.
    pub self_deadline: u64,
    /// How long the cloud's gateway may take to execute what it was sent.
    pub gateway_limit: u64,
    /// How long a new pool may be missing from a LIST.
    pub list_lag: u64,
    /// How long a creation without an answer is left alone before its fate is looked up.
    pub in_doubt_window: u64,
    /// How far apart the two proofs of absence are.
    pub absence_spacing: u64,
    /// How long a pool must be absent before it counts as lost.
    pub loss_span: u64,
    /// How often the pools of a workspace are listed.
    pub census_interval: u64,
    /// The same while something there is changing.
    pub census_interval_busy: u64,
    /// The longest that the interval grows to while the account is throttled.
    pub census_interval_max: u64,
    /// How long after a refusal the same request is tried again, the first time.
    pub stalled_retry: u64,
    /// The longest that this wait grows to.
    pub stalled_retry_max: u64,
}

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

impl Default for Timing {
    fn default() -> Self {
        Self {
            request_deadline: 30 * SECOND,
            self_deadline: 20 * SECOND,
            gateway_limit: 60 * SECOND,
            list_lag: 60 * SECOND,
            in_doubt_window: 5 * MINUTE,
            absence_spacing: 60 * SECOND,
            loss_span: 10 * MINUTE,
            census_interval: 10 * SECOND,
            census_interval_busy: 5 * SECOND,
            census_interval_max: 60 * SECOND,
            stalled_retry: 10 * MINUTE,
            stalled_retry_max: 60 * MINUTE,
        }
    }
}

/// Why a set of times is refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TimingError {
    /// The in-doubt window ends before a creation must have been executed and be visible.
    WindowTooShort {
        /// The window that was asked for.
        window: u64,
        /// The least that it may be.
        needed: u64,
    },
    /// A safety time is below its default outside development.
    BelowDefault {
        /// Name of the time, as in the flag.
        name: &'static str,
        /// What was asked for.
        value: u64,
        /// The default.
        default: u64,
    },
}

impl fmt::Display for TimingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WindowTooShort { window, needed } => write!(
                f,
                "--in-doubt-window is {window} ms but must be at least {needed} ms, the sum of --request-deadline, \
                 --self-deadline, --gateway-limit and --list-lag"
            ),
            Self::BelowDefault { name, value, default } => write!(
                f,
                "--{name} is {value} ms, below its default of {default} ms; a shorter time is for tests only and needs --dev-timing"
            ),
        }
    }
}

impl std::error::Error for TimingError {}

impl Timing {
    /// Refuses times under which a pool could be bought twice.
    ///
    /// # Errors
    /// The first rule that is broken; `development` lifts the lower bounds but never the sum.
    pub fn check(&self, development: bool) -> Result<(), TimingError> {
        let needed = self.request_deadline + self.self_deadline + self.gateway_limit + self.list_lag;
        if self.in_doubt_window < needed {
            return Err(TimingError::WindowTooShort {
                window: self.in_doubt_window,
                needed,
            });
        }
        if development {
            return Ok(());
        }
        let default = Self::default();
        let bounded = [
            ("request-deadline", self.request_deadline, default.request_deadline),
            ("self-deadline", self.self_deadline, default.self_deadline),
            ("gateway-limit", self.gateway_limit, default.gateway_limit),
            ("list-lag", self.list_lag, default.list_lag),
            ("in-doubt-window", self.in_doubt_window, default.in_doubt_window),
            ("absence-spacing", self.absence_spacing, default.absence_spacing),
            ("loss-span", self.loss_span, default.loss_span),
        ];
        for (name, value, default) in bounded {
            if value < default {
                return Err(TimingError::BelowDefault { name, value, default });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_accepted() {
        assert_eq!(Timing::default().check(false), Ok(()));
    }

    #[test]
    fn the_defaults_are_the_documented_ones() {
        let timing = Timing::default();
        let seconds = [
            timing.request_deadline,
            timing.self_deadline,
            timing.gateway_limit,
            timing.list_lag,
            timing.in_doubt_window,
            timing.absence_spacing,
            timing.loss_span,
        ]
        .map(|millis| millis / 1_000);
        assert_eq!(seconds, [30, 20, 60, 60, 300, 60, 600]);
    }

    #[test]
    fn a_window_that_just_outlasts_them_is_accepted_in_development_and_refused_outside() {
        let timing = Timing {
            in_doubt_window: 170 * SECOND,
            ..Timing::default()
        };
        assert_eq!(timing.check(true), Ok(()));
        let refused = timing.check(false).map_err(|error| error.to_string());
        assert!(refused.is_err_and(|text| text.contains("--in-doubt-window is 170000 ms")));
    }

    #[test]
    fn a_window_shorter_than_what_it_must_outlast_is_refused_even_in_development() {
        let timing = Timing {
            in_doubt_window: 169 * SECOND,
            ..Timing::default()
        };
        assert_eq!(
            timing.check(true),
            Err(TimingError::WindowTooShort {
                window: 169 * SECOND,
                needed: 170 * SECOND
            })
        );
    }

    #[test]
    fn a_time_below_its_default_needs_development() {
        let timing = Timing {
            absence_spacing: SECOND,
            ..Timing::default()
        };
        assert!(matches!(
            timing.check(false),
            Err(TimingError::BelowDefault {
                name: "absence-spacing",
                ..
            })
        ));
        assert_eq!(timing.check(true), Ok(()));
    }
}
