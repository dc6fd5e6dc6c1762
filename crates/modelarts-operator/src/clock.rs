//! The process's clocks: ticks for decisions, wall time for texts.

use modelarts_plan::Tick;
use tokio::time::Instant;

/// Ticks count from the start of the process.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    start: Instant,
}

impl Clock {
    /// A clock that begins now.
    #[must_use]
    pub fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Milliseconds since the start, plus one, so that zero means "before anything".
    #[must_use]
    pub fn now(&self) -> Tick {
        Tick(u64::try_from(self.start.elapsed().as_millis()).unwrap_or(u64::MAX - 1) + 1)
    }
}
