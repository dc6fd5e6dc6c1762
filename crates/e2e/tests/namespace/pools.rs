//! Pools in every state in which the end of their namespace may find them.
//!
//! Another kind that is kept in the cloud joins by a module like this one: objects with the state that
//! they are brought to, and what the ledger must say of each in the end.

use e2e::scene::{Scene, pool_id};
use modelarts_crd::ModelArtsPool;
use serde_json::{Value, json};

/// How far a pool has come when its namespace is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// It runs.
    Ready,
    /// The cloud is making it and is not done before the end.
    Creating,
    /// The cloud refused to make it.
    Refused,
    /// It has no size, so nothing was asked of the cloud.
    Unasked,
    /// Its account does not exist.
    Unaccounted,
}

/// What the cloud must have in the end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// No pool, after exactly one deletion.
    Deleted,
    /// The very same pool, and no deletion.
    Kept,
    /// There never was one.
    NeverThere,
}

/// A pool of the namespace.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    pub name: &'static str,
    pub reached: Reached,
    /// `spec.deletionPolicy`, if it is written.
    pub policy: Option<&'static str>,
    pub fate: Fate,
}

/// The pools with the IDs that they have in the cloud; empty for those that are not there.
pub type Made = Vec<(Case, String)>;

/// Creates all pools and brings each to its state.
pub async fn create(scene: &Scene, cases: &[Case]) -> Made {
    // Those that stay in creation come last: from then on the cloud is slow.
    for case in cases.iter().filter(|case| case.reached != Reached::Creating) {
        scene.create(case.name, &changes(case)).await;
    }
    for case in cases.iter().filter(|case| case.reached != Reached::Creating) {
        until_reached(scene, case).await;
    }
    let slow = json!({ "createSeconds": 3600, "deleteSeconds": 1 });
    scene.simulator.set_profile(&slow).await.unwrap();
    for case in cases.iter().filter(|case| case.reached == Reached::Creating) {
        scene.create(case.name, &changes(case)).await;
    }
    let mut made = Made::new();
    for case in cases {
        let pool = until_reached(scene, case).await;
        assert_eq!(pool_id(&pool).is_empty(), case.fate == Fate::NeverThere, "{case:?}");
        made.push((*case, pool_id(&pool).to_owned()));
    }
    made
}

fn changes(case: &Case) -> Value {
    let mut changes = match case.reached {
        Reached::Ready | Reached::Creating => json!({}),
        Reached::Refused => json!({ "resources": [{ "flavor": "modelarts.vm.cpu.none", "count": 1 }] }),
        Reached::Unasked => json!({ "resources": [{ "flavor": "modelarts.vm.cpu.8ud" }] }),
        Reached::Unaccounted => json!({ "account": "not-there" }),
    };
    if let Some(policy) = case.policy {
        changes["deletionPolicy"] = policy.into();
    }
    changes
}

async fn until_reached(scene: &Scene, case: &Case) -> ModelArtsPool {
    match case.reached {
        Reached::Ready => scene.until_ready(case.name).await,
        // The same reason is given before the answer came; the phase is the cloud's word.
        Reached::Creating => scene.until(case.name, "to be in creation", creating).await,
        Reached::Refused => scene.until_reason(case.name, "RequestRejected").await,
        Reached::Unasked => scene.until_reason(case.name, "SizeNotSet").await,
        Reached::Unaccounted => scene.until_reason(case.name, "WaitingForAccount").await,
    }
}

fn creating(pool: &ModelArtsPool) -> bool {
    let phase = pool.status.as_ref().and_then(|status| status.phase.as_deref());
    phase == Some("Creating") && !pool_id(pool).is_empty()
}

/// Compares ledger and cloud with the fates: one creation of each pool that was made, one deletion of
/// each that had to go, nothing else, and nobody's pool left over.
pub async fn judge(scene: &Scene, made: &Made) {
    let ledger = scene.ledger().await;
    let of = |operation: &str| {
        let entries = ledger.iter().filter(|entry| entry.operation == operation);
        let mut ids: Vec<_> = entries.filter_map(|entry| entry.pool_id.clone()).collect();
        ids.sort();
        ids
    };
    let with = |fates: &[Fate]| {
        let chosen = made.iter().filter(|(case, _)| fates.contains(&case.fate));
        let mut ids: Vec<_> = chosen.map(|(_, id)| id.clone()).collect();
        ids.sort();
        ids
    };
    assert_eq!(of("CreatePool"), with(&[Fate::Deleted, Fate::Kept]), "{ledger:?}");
    assert_eq!(of("DeletePool"), with(&[Fate::Deleted]), "{ledger:?}");
    let there = scene.cloud_pools().await;
    let mut there: Vec<_> = there
        .iter()
        .map(|pool| pool["metadata"]["name"].as_str().unwrap_or_default())
        .collect();
    there.sort_unstable();
    assert_eq!(there, with(&[Fate::Kept]), "{ledger:?}");
}
