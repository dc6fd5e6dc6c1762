//! One adaptive token bucket. Pure: the time is an argument, nobody waits here.
//!
//! Additive increase, multiplicative decrease, as TCP does: many processes that share a limit
//! without knowing of each other come to share it fairly.

use std::time::Duration;

use tokio::time::Instant;

/// The slowest rate, requests a second; low enough for any limit, and still a look every ten seconds.
const FLOOR: f64 = 0.1;
/// Steps from nothing back to the limit.
const STEPS: f64 = 20.0;
/// Shortest time between two steps up.
const STEP_SPACING: Duration = Duration::from_secs(1);
/// The first pause after a 429 that names none, and the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// Longest `Retry-After` obeyed: a longer one is a mistake of some gateway, and would look like an outage of ours.
const LONGEST_ASKED: Duration = Duration::from_secs(600);

/// A token bucket whose rate follows the answers.
#[derive(Debug, Clone)]
pub struct Bucket {
    limit: f64,
    rate: f64,
    tokens: f64,
    refilled: Instant,
    paused_until: Instant,
    next_pause: Duration,
    next_step: Instant,
}

impl Bucket {
    /// A full bucket at its limit, requests a second. A limit that is no positive number counts as the slowest.
    #[must_use]
    pub fn new(limit: f64, now: Instant) -> Self {
        let limit = sane(limit);
        Self {
            limit,
            rate: limit,
            tokens: depth(limit),
            refilled: now,
            paused_until: now,
            next_pause: FIRST_PAUSE,
            next_step: now,
        }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// There is none; the time after which to try again.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if now < self.paused_until {
            return Err(self.paused_until - now);
        }
        self.refill(now);
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Ok(());
        }
        // Rounded up to the timer's millisecond, so that nobody wakes just too early.
        let millis = ((1.0 - self.tokens) / self.rate * 1000.0).ceil();
        Err(Duration::from_secs_f64(millis / 1000.0).max(Duration::from_millis(1)))
    }

    /// The service said 429.
    ///
    /// Several answers to one burst are one event: only the first during a pause halves the rate.
    pub fn throttled(&mut self, now: Instant, retry_after: Option<Duration>) {
        let first = now >= self.paused_until;
        self.refill(now);
        let pause = match retry_after.filter(|asked| !asked.is_zero()) {
            Some(asked) => asked.min(LONGEST_ASKED),
            None if first => self.next_pause,
            None => Duration::ZERO,
        };
        if first {
            self.rate = (self.rate / 2.0).max(FLOOR.min(self.limit));
            self.next_pause = (self.next_pause * 2).min(LONGEST_PAUSE);
        }
        self.paused_until = self.paused_until.max(now + pause);
        // After the pause one request probes at once; what was saved up would be refused again.
        self.tokens = 1.0;
        self.refilled = self.paused_until;
        self.next_step = self.paused_until;
    }

    /// The service answered without throttling. Answers during a pause belong to the burst before it and prove nothing.
    pub fn succeeded(&mut self, now: Instant) {
        if now < self.paused_until {
            return;
        }
        self.next_pause = FIRST_PAUSE;
        if self.rate < self.limit && now >= self.next_step {
            self.refill(now);
            self.rate = (self.rate + self.limit / STEPS).min(self.limit);
            self.next_step = now + STEP_SPACING;
        }
    }

    /// How long nothing is to be asked.
    #[must_use]
    pub fn pause(&self, now: Instant) -> Duration {
        self.paused_until.saturating_duration_since(now)
    }

    /// Keeps to a pause that an earlier process was in. What it had learned is not known, so half of
    /// the limit is tried after it.
    pub fn resume(&mut self, now: Instant, pause: Duration) {
        if !pause.is_zero() {
            self.throttled(now, Some(pause));
        }
    }

    /// Sets another limit. A rate that was learned stays learned; one at the limit follows it.
    pub fn set_limit(&mut self, limit: f64, now: Instant) {
        let limit = sane(limit);
        self.refill(now);
        self.rate = if self.rate >= self.limit {
            limit
        } else {
            self.rate.min(limit)
        };
        self.limit = limit;
        self.tokens = self.tokens.min(depth(self.rate));
    }

    /// Requests a second, at present.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate
    }

    /// Paused, or slower than allowed.
    #[must_use]
    pub fn is_throttled(&self, now: Instant) -> bool {
        now < self.paused_until || self.rate < self.limit
    }

    fn refill(&mut self, now: Instant) {
        // During a pause `refilled` lies in the future: nothing gathers until then.
        let gathered = now.saturating_duration_since(self.refilled).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + gathered).min(depth(self.rate));
        self.refilled = self.refilled.max(now);
    }
}

/// A burst is what a second allows, and at least one request.
fn depth(rate: f64) -> f64 {
    rate.max(1.0)
}

fn sane(limit: f64) -> f64 {
    if limit.is_finite() && limit > 0.0 {
        limit.min(1000.0)
    } else {
        FLOOR
    }
}
