//! The real operator, the real API server and a cloud with a ledger, under a seeded schedule of
//! kills, pauses, restarts, faults and users' deeds; then quiet; then judged by what can be seen from
//! outside.
//!
//! `SEED=7` plays one seed instead of those of a usual run, `BLACKBOX_SEEDS=20` plays so many, and
//! `SOAK_HOURS=24` (or `SOAK_MINUTES=10`) plays on with ever new seeds for that long in one world, with a
//! line about the memory of the operators after each: give it one test and `--nocapture`. A run that fails
//! leaves its record in a file and names it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod audit;
mod checker;
#[cfg(test)]
mod checker_tests;
mod dice;
mod ground;
mod path;
mod play;
mod quiet;
mod record;
mod schedule;
mod seeds;
mod violated;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use serde_json::json;

use checker::{check, conform};
use ground::Ground;
use path::Step;
use play::Play;
use record::Record;
use schedule::Schedule;

/// A world takes a machine's two cores for itself.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::await_holding_lock, reason = "each test has a runtime of its own")]
async fn one_replica_buys_each_pool_once_and_leaves_none_behind() {
    let _alone = alone();
    play_all(1, seeds::ONE_REPLICA).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::await_holding_lock, reason = "each test has a runtime of its own")]
async fn two_replicas_buy_each_pool_once_and_leave_none_behind() {
    let _alone = alone();
    play_all(2, seeds::TWO_REPLICAS).await;
}

/// Plays the seeds one after the other in one world.
async fn play_all(replicas: usize, usual: [u64; 2]) {
    let profile = json!({ "createSeconds": 0, "deleteSeconds": 0, "poolQuota": 100 });
    let mut ground = Ground::open(replicas, profile).await;
    for (round, seed) in seeds::chosen(usual).enumerate() {
        let begun = Instant::now();
        eprintln!("seed {seed}, {replicas} replicas");
        play_one(&mut ground, round as u64, &Schedule::of(seed, replicas)).await;
        let (memory, took) = (ground.memory(), begun.elapsed().as_secs());
        eprintln!("seed {seed}, {replicas} replicas: good after {took} s, resident KiB {memory:?}");
    }
}

async fn play_one(ground: &mut Ground, round: u64, schedule: &Schedule) {
    let mut play = Play::begin(ground, round).await;
    let performed = Box::pin(play.perform(schedule)).await;
    let record = play.record().await;
    let mut broken = check(&record);
    broken.extend(conform(&record, &model()));
    let told: Vec<String> = broken.iter().map(ToString::to_string).chain(performed.err()).collect();
    if !told.is_empty() {
        let path = keep(&record, schedule);
        panic!(
            "SEED={} with {} replicas, recorded in {path}:\n{}",
            schedule.seed,
            schedule.replicas,
            told.join("\n")
        );
    }
    play.check_status().await;
}

/// The steps that the model has.
fn model() -> BTreeSet<Step> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../safety/paths.json");
    let text = std::fs::read_to_string(path).expect("crates/safety/paths.json is there");
    serde_json::from_str(&text).unwrap()
}

/// Writes a record down; gives the name of the file.
fn keep(record: &Record, schedule: &Schedule) -> String {
    let name = format!("blackbox-{}-{}.json", schedule.seed, schedule.replicas);
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let steps: Vec<_> = record
        .lives
        .iter()
        .map(|life| record.course(life).run(|_| true))
        .collect();
    let all = json!({
        "seed": schedule.seed,
        "replicas": schedule.replicas,
        "schedule": schedule.acts.iter().map(|act| format!("{act:?}")).collect::<Vec<_>>(),
        "paths": steps,
        "record": record,
    });
    std::fs::write(&path, serde_json::to_string_pretty(&all).unwrap()).unwrap();
    path.display().to_string()
}
