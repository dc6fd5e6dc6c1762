//! Networks: made once, found by the pools that name them, taken over, left alone, and never taken
//! away from under a pool.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod end;
mod life;
mod nets;
mod order;
mod taking;

use e2e::stage::{Options, Stage};
use sandbox::control_plane::ControllerManager;

static STAGE: Stage = Stage::new(|| Options {
    controller_manager: ControllerManager::On,
    ..Options::default()
});
