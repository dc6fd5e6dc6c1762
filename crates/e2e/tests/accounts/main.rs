//! Accounts: where their credentials come from, how they change, what they may do, and whom they are
//! shown to. The operator of these scenes writes all that it can into its log, and every scene ends
//! with a search for secrets.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod authority;
mod clock;
mod leaks;
mod permissions;
mod rotation;
mod sources;
mod tenants;

use e2e::stage::{Around, Options, Stage};

static STAGE: Stage = Stage::new(|| Options {
    arguments: vec![String::from("--log-filter=trace")],
    around: Around::Keys,
    ..Options::default()
});
