//! The documentation, as its reader would try it: every YAML block is taken by the API server, every
//! word of the status is one, every link leads somewhere, and what the policy pages promise happens.
//!
//! Examples are applied as they stand on the page, to the account `default` of the stage's own cloud.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod applied;
mod chapters;
mod commands;
mod pages;
mod reader;
mod words;

mod adoption;
mod changes;
mod networks;
mod policies;
mod subscriptions;
mod uninstall;

use e2e::stage::{Options, Stage};

static STAGE: Stage = Stage::new(Options::default);
