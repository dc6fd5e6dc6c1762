//! The two clocks a client reads, replaceable so that tests can move them.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

/// A wall clock, for signatures and the life of tokens, and a steady one, for pauses: a pause must
/// not end early because somebody set the wall clock.
#[derive(Clone)]
pub struct Clock {
    wall: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    steady: Arc<dyn Fn() -> Instant + Send + Sync>,
}

impl Clock {
    /// Clocks of one's own.
    pub fn new(
        wall: impl Fn() -> Timestamp + Send + Sync + 'static,
        steady: impl Fn() -> Instant + Send + Sync + 'static,
    ) -> Self {
        Self {
            wall: Arc::new(wall),
            steady: Arc::new(steady),
        }
    }

    /// The time of day.
    #[must_use]
    pub fn wall(&self) -> Timestamp {
        (self.wall)()
    }

    /// The steady time.
    #[must_use]
    pub fn steady(&self) -> Instant {
        (self.steady)()
    }
}

impl Default for Clock {
    fn default() -> Self {
        // The runtime's own steady clock, so that where a test pauses it, pauses end by it too.
        Self::new(Timestamp::now, || tokio::time::Instant::now().into_std())
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}
