//! The size of a pool in the hands of somebody else than its author: `kubectl scale` and a horizontal
//! pod autoscaler, beside a GitOps tool that applies the rest.
//!
//! The API server, the controller manager and its metrics pipeline are real; only the queue whose
//! length is measured is ours.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod autoscaler;
mod by_hand;
mod owners;
mod queue;
mod resized;
mod with_git;

use e2e::stage::{Options, Stage};
use sandbox::control_plane::ControllerManager;

static STAGE: Stage = Stage::new(|| Options {
    controller_manager: ControllerManager::Autoscaling,
    ..Options::default()
});
