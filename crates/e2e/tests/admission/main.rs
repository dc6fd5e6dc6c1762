//! What the API server takes and what it refuses, with the operator not there: every rule holds without us.
//!
//! One real API server for all tables, set up as a user would: with `kubectl apply` of `deploy/install.yaml`.
//! Each table gives all its findings at once, so that one wrong message does not hide the next.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod accepted;
mod install;
mod kubectl;
mod refused_accounts;
mod refused_changes;
mod refused_networks;
mod refused_pools;
mod rights;
mod world;

use world::World;

#[tokio::test]
async fn the_api_server_takes_what_is_right_and_refuses_the_rest_with_the_field_and_the_rule() {
    let world = World::start().await;
    let mut findings = install::check(&world).await;
    world.wait_for_kinds().await;
    findings.extend(refused_pools::check(&world).await);
    findings.extend(refused_changes::check(&world).await);
    findings.extend(refused_networks::check(&world).await);
    findings.extend(refused_accounts::check(&world).await);
    findings.extend(accepted::check(&world).await);
    findings.extend(kubectl::check(&world).await);
    findings.extend(rights::check(&world).await);
    assert!(
        findings.is_empty(),
        "{} findings:\n{}",
        findings.len(),
        findings.join("\n")
    );
}
