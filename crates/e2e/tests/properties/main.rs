//! Every property that a user can set does what it says, or is refused with its name.
//!
//! The properties are taken from the generated definitions: one that is new fails the test until it
//! has a row, which says its values and what becomes of them. Each row lives a life of its own on a
//! real API server with the real operator: set, change, clear, invalid, revert.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod entry_rows;
mod ground;
mod network_rows;
mod policies;
mod pool_rows;
mod quiet;
mod schema;
mod sight;
mod table;
mod trial;

use std::collections::BTreeSet;
use std::time::Instant;

use e2e::scene::Scene;
use e2e::stage::{Options, Stage};
use futures::StreamExt as _;
use sandbox::operator::Timing;
use serde_json::json;

use ground::{Kind, Subject};
use table::Row;

static STAGE: Stage = Stage::new(|| Options {
    timing: Timing::quick(),
    ..Options::default()
});

/// Rows that live at once: what two cores bear without anybody waiting for long.
const AT_ONCE: usize = 16;

/// Fails with the paths that have no row, and the rows that have no path.
fn complete(kind: Kind, rows: &[Row]) {
    let wanted = schema::leaves(kind.word());
    let there: BTreeSet<String> = rows.iter().map(|row| row.path.to_owned()).collect();
    assert_eq!(there.len(), rows.len(), "a property has two rows");
    let missing: Vec<_> = wanted.difference(&there).collect();
    let needless: Vec<_> = there.difference(&wanted).collect();
    assert!(
        missing.is_empty(),
        "properties of {} without a row: {missing:?}",
        kind.word()
    );
    assert!(
        needless.is_empty(),
        "rows of {} without a property: {needless:?}",
        kind.word()
    );
}

/// Lives all rows in one scene, and fails with all that is wrong.
async fn live(scene: &Scene, kind: Kind, rows: &[Row], prefix: &str) {
    let profile = json!({ "poolQuota": 1000, "networkQuota": 1000 });
    scene.simulator.set_profile(&profile).await.unwrap();
    scene.open_other_account().await;
    let lives = rows.iter().enumerate().map(|(number, row)| async move {
        let subject = Subject::new(scene, kind, &format!("{prefix}-{number}"), &row.bare);
        let begun = Instant::now();
        let outcome = trial::live(subject, row).await;
        // Shown with --nocapture: what each property costs.
        eprintln!("{:>5.1} s {} {outcome:?}", begun.elapsed().as_secs_f64(), row.path);
        outcome
    });
    let outcomes: Vec<_> = futures::stream::iter(lives).buffer_unordered(AT_ONCE).collect().await;
    let failures: Vec<String> = outcomes.into_iter().filter_map(Result::err).collect();
    assert!(
        failures.is_empty(),
        "{} of {} rows:\n{}\n{}",
        failures.len(),
        rows.len(),
        failures.join("\n\n"),
        scene.world.operator_logs(10)
    );
}

#[test]
fn every_property_of_a_pool_has_a_row() {
    let mut rows = pool_rows::rows();
    rows.extend(pool_rows::rows_with_networks());
    complete(Kind::Pool, &rows);
}

#[test]
fn every_property_of_a_network_has_a_row() {
    complete(Kind::Network, &network_rows::rows());
}

#[test]
fn every_property_of_a_pool_is_kept_or_refused() {
    STAGE.play(async |scene| live(scene, Kind::Pool, &pool_rows::rows(), "pool").await);
}

#[test]
fn every_property_of_a_network_is_kept_or_refused() {
    STAGE.play(async |scene| live(scene, Kind::Network, &network_rows::rows(), "net").await);
}

#[test]
fn every_property_of_a_pool_that_names_a_network_is_kept_or_refused() {
    STAGE.play(async |scene| live(scene, Kind::Pool, &pool_rows::rows_with_networks(), "ref").await);
}
