//! What it costs when nothing happens, and when one thing does: calls of the cloud as its simulator
//! counts them, writes to Kubernetes as the API server's own audit log has them.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod audit;
mod quiet;
mod writes;

use e2e::stage::{Options, Stage};
use sandbox::control_plane::Audit;
use sandbox::operator::LeaderElection;
use std::sync::{Mutex, MutexGuard, PoisonError};

static STAGE: Stage = Stage::new(|| Options {
    audit: Audit::Metadata,
    leader_election: LeaderElection::On,
    ..Options::default()
});

/// At rest means that no other test of this binary is at work either.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}
