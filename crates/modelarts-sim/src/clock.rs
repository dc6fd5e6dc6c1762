//! Which time it is in the simulated cloud.
//!
//! The clock never reads one: the wall time is an argument. Phases, expiries and lock-outs follow
//! the simulated time; the age of a signature follows the wall time, because the caller signs with
//! its own clock and must not be refused when a test jumps ahead.

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970.
pub type Millis = u64;

/// How simulated time passes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockMode {
    /// With the wall clock, ahead by what was added.
    Real,
    /// Only when told.
    Stepped,
}

/// The clock of the simulated cloud.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    mode: ClockMode,
    ahead: i64,
    frozen: Millis,
    skew: i64,
}

impl Clock {
    /// A clock that shows the wall time at `wall` and goes on from there as `mode` says.
    #[must_use]
    pub fn new(mode: ClockMode, wall: Millis) -> Self {
        Self {
            mode,
            ahead: 0,
            frozen: wall,
            skew: 0,
        }
    }

    /// The simulated time.
    #[must_use]
    pub fn now(&self, wall: Millis) -> Millis {
        match self.mode {
            ClockMode::Real => wall.saturating_add_signed(self.ahead),
            ClockMode::Stepped => self.frozen,
        }
    }

    /// The time that the gateway compares with the date of a signature.
    #[must_use]
    pub fn gateway(&self, wall: Millis) -> Millis {
        wall.saturating_add_signed(self.skew)
    }

    /// Moves the simulated time forward.
    pub fn advance(&mut self, by: Millis) {
        self.ahead = self.ahead.saturating_add_unsigned(by);
        self.frozen = self.frozen.saturating_add(by);
    }

    /// Changes how time passes, without a jump forward or back.
    pub fn switch(&mut self, mode: ClockMode, wall: Millis) {
        let now = self.now(wall);
        self.mode = mode;
        self.frozen = now;
        self.ahead = now.cast_signed().saturating_sub(wall.cast_signed());
    }

    /// Sets how far the gateway's clock is ahead of the wall clock, in milliseconds.
    pub fn set_skew(&mut self, skew: i64) {
        self.skew = skew;
    }

    /// How time passes at present.
    #[must_use]
    pub fn mode(&self) -> ClockMode {
        self.mode
    }
}

/// RFC 3339 in UTC with whole seconds, the form of every timestamp in the API.
#[must_use]
pub fn rfc3339(at: Millis) -> String {
    stamp(at / 1000 * 1000)
}

/// RFC 3339 in UTC with as many fractional digits as there are.
#[must_use]
pub fn stamp(at: Millis) -> String {
    instant(at).to_string()
}

/// The form of an HTTP `Date` header.
#[must_use]
pub fn http_date(at: Millis) -> String {
    jiff::fmt::rfc2822::DateTimePrinter::new()
        .timestamp_to_rfc9110_string(&instant(at))
        .unwrap_or_default()
}

/// The `YYYYMMDDTHHMMSSZ` of a signature, as milliseconds.
#[must_use]
pub fn parse_signing_date(text: &str) -> Option<Millis> {
    let civil = jiff::civil::DateTime::strptime("%Y%m%dT%H%M%SZ", text).ok()?;
    let zoned = civil.to_zoned(jiff::tz::TimeZone::UTC).ok()?;
    u64::try_from(zoned.timestamp().as_millisecond()).ok()
}

fn instant(at: Millis) -> jiff::Timestamp {
    i64::try_from(at)
        .ok()
        .and_then(|at| jiff::Timestamp::from_millisecond(at).ok())
        .unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}
