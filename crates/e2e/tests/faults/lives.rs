//! The three parts of a life under a fault: coming to be, being there, going away.

use std::time::{Duration, Instant};

use e2e::record::{condition, reason};
use e2e::scene::{Scene, pool_id};
use modelarts_crd::ModelArtsPool;
use sandbox::simulator::Fault;
use serde_json::json;

/// Further LISTs after which whatever was going to happen at rest has happened.
const LISTS: u64 = 3;

/// Creates a pool while `faults` strike; each must strike, the status must give `says`, and the pool
/// must become ready with exactly one creation in the ledger. Gives the pool and the time it took.
pub async fn creation(scene: &Scene, faults: &[Fault], says: &str) -> (ModelArtsPool, Duration) {
    scene.faults(faults).await;
    let begun = Instant::now();
    scene.create("train", &json!({})).await;
    scene.until_struck().await;
    let pool = scene.until_ready("train").await;
    let took = begun.elapsed();
    let reasons = scene.record.reasons("train").await;
    assert!(
        reasons.iter().any(|reason| reason == says),
        "{says} is not among {reasons:?}"
    );
    settled(scene).await;
    scene.faults(&[]).await;
    (pool, took)
}

/// The pool is the only one that was ever made, is on record, and stays so.
pub async fn settled(scene: &Scene) {
    scene.until_listed(LISTS).await;
    assert_eq!(scene.deeds().await, ["CreatePool"]);
    let cloud = scene.cloud_pools().await;
    let pool = scene.pools().get("train").await.unwrap();
    assert_eq!(cloud.len(), 1, "{cloud:?}");
    assert_eq!(cloud[0]["metadata"]["name"], pool_id(&pool));
    assert_eq!(condition(&pool, "Ready"), "True", "{:?}", pool.status);
}

/// Lets a list fault strike the settled pool until `Synced` is unknown because of `says`, then
/// switches it off: nothing was made or removed, the pool kept its phase, and all is well again.
pub async fn settled_under(scene: &Scene, fault: Fault, says: &str) {
    let before = scene.record.life("train").await.len();
    scene.faults(&[fault]).await;
    scene.until_condition("train", "Synced", "Unknown", says).await;
    scene.faults(&[]).await;
    scene.until_condition("train", "Synced", "True", "Synced").await;
    kept(scene, before).await;
}

/// Lets a fault that lies strike several LISTs of the settled pool: nothing comes of it.
pub async fn settled_despite(scene: &Scene, fault: Fault) {
    let before = scene.record.life("train").await.len();
    scene.faults(&[fault]).await;
    scene.until_listed(LISTS + 2).await;
    scene.faults(&[]).await;
    kept(scene, before).await;
}

/// Since the `before`-th version, the pool was Running and the same in every version, and ready.
async fn kept(scene: &Scene, before: usize) {
    settled(scene).await;
    for pool in &scene.record.life("train").await[before..] {
        let status = pool.status.clone().unwrap();
        assert_eq!(status.phase.as_deref(), Some("Running"), "{status:?}");
        assert_ne!(pool_id(pool), "", "{status:?}");
        assert_eq!(condition(pool, "Ready"), "True", "{status:?}");
    }
}

/// Deletes the pool while `faults` strike; each must strike, and pool and object must be gone in the
/// end. Where `says` is not empty, the status must give it meanwhile.
pub async fn deletion(scene: &Scene, faults: &[Fault], says: &str) {
    scene.faults(faults).await;
    scene.delete("train").await;
    scene.until_gone("train").await;
    scene.until_struck().await;
    let cloud = scene.cloud_pools().await;
    assert!(cloud.is_empty(), "the object went before its pool: {cloud:?}");
    let deeds = scene.deeds().await;
    let (made, unmade) = (count(&deeds, "CreatePool"), count(&deeds, "DeletePool"));
    assert!(made == 1 && unmade >= 1 && made + unmade == deeds.len(), "{deeds:?}");
    let life = scene.record.life("train").await;
    let said = life.iter().any(|pool| reason(pool) == says);
    assert!(
        said || says.is_empty(),
        "{says} was not said: {:?}",
        scene.record.reasons("train").await
    );
}

fn count(deeds: &[String], operation: &str) -> usize {
    deeds.iter().filter(|deed| *deed == operation).count()
}
