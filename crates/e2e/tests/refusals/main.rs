//! What the cloud refuses for good: said in the cloud's own words, tried again when the user has done
//! something about it, and never so often that a key is locked.
//!
//! Here a refused request rests for minutes, so whatever goes on within seconds goes on because of
//! what the test did.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod accounts;
mod creations;
mod credentials;

use e2e::stage::{Options, Stage, timing};

static STAGE: Stage = Stage::new(|| Options {
    timing: timing()
        .with("--stalled-retry", "10m")
        .with("--stalled-retry-max", "1h"),
    ..Options::default()
});
