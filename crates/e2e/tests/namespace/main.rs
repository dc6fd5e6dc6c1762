//! Whole namespaces, and whole installations, that go away: what becomes of the pools in the cloud.
//!
//! The controller manager is real, so a namespace ends as it does in any cluster: in no order that
//! anybody could rely on, with everything else in it going at the same time.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod annotation;
mod announced;
mod belongings;
mod end;
mod networks;
mod pools;
mod reinstall;
mod uninstall;
mod uninstall_running;

use e2e::stage::{Options, Stage};
use sandbox::control_plane::ControllerManager;

static STAGE: Stage = Stage::new(|| Options {
    controller_manager: ControllerManager::On,
    ..Options::default()
});
