//! What the cloud may do to a call, one fault after the other: no pool is bought twice, none is lost,
//! and the status says what is going on.
//!
//! The judge is the ledger of the simulated cloud, not the operator. Where a test shows that
//! something does not happen, it first waits for a later event that would have come after it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod answers;
mod changes;
mod lists;
mod lives;
mod names;
mod refusals;

use e2e::stage::{Options, Stage};

static STAGE: Stage = Stage::new(Options::default);
