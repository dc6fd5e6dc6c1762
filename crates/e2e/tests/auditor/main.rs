//! What lives on in the cloud without an object is reported, once and to the right account, and never
//! touched; what has an object, or another cluster's marker, is not reported at all.
//!
//! Nothing here waits for time to pass: that a period is over is seen from an orphan that is reported
//! beside the things that must not be.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod clusters;
mod quiet;
mod sight;
mod torn;

use std::time::Duration;

use e2e::stage::{self, Options, Stage};
use sandbox::operator::Timing;

/// How long something must be without an object.
const PERIOD: Duration = Duration::from_secs(4);

static STAGE: Stage = Stage::new(|| Options {
    timing: timing(),
    ..Options::default()
});

fn timing() -> Timing {
    stage::timing().with("--audit-period", &format!("{}s", PERIOD.as_secs()))
}
