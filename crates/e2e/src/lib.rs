//! End-to-end tests on the real API server and the simulator.
//!
//! Only what several test binaries share is here: a stage that is set once per binary, and scenes on
//! it that cannot disturb each other. Nothing here knows how the operator works inside.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "this crate serves tests only, and a failed expectation is the point of a test"
)]

pub mod account;
pub mod helm;
pub mod kubectl;
pub mod kubelet;
pub mod leaks;
pub mod proxied;
pub mod proxy;
pub mod record;
pub mod rights;
pub mod scene;
pub mod stage;
