//! The life of a pool as its users see it, with real kubectl and a real controller manager: apply,
//! wait, look, change, delete, detach, and namespaces that go away.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod changes;
mod kstatus;
mod kubectl;
mod marker;
mod mirror;
mod prerequisites;

use e2e::stage::{Options, Stage};
use sandbox::control_plane::ControllerManager;

static STAGE: Stage = Stage::new(|| Options {
    controller_manager: ControllerManager::On,
    ..Options::default()
});
