//! Every version of every pool of a namespace, in the order in which the API server told them.
//!
//! A status may say something for a few milliseconds only; whoever looks now and then misses it, a
//! watch does not. The rules that hold for every single version are checked here, and so is what a
//! tool that goes by kstatus (Helm, Flux, kubectl plugins) would have made of each.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures::StreamExt;
use kube::api::{Api, ListParams, WatchEvent, WatchParams};
use kube::{Client, ResourceExt};
use modelarts_crd::ModelArtsPool;
use sandbox::wait;
use tokio::task::JoinHandle;

/// What a tool makes of an object, by the rules of kstatus.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kstatus {
    /// Not there yet.
    InProgress,
    /// A person has to do something.
    Failed,
    /// As wanted.
    Current,
    /// On its way out.
    Terminating,
}

/// A recording that goes on until it is dropped.
#[derive(Debug)]
pub struct Record {
    seen: Arc<Mutex<Seen>>,
    api: Api<ModelArtsPool>,
    task: JoinHandle<()>,
}

/// What the watch has told so far.
#[derive(Debug, Default)]
struct Seen {
    versions: Vec<ModelArtsPool>,
    /// uid and version of each, to be found at once: hundreds of pools make thousands of versions.
    told: BTreeSet<(String, String)>,
    /// The uids of objects that were ever told of and may still be there.
    there: BTreeSet<String>,
}

impl Seen {
    fn add(&mut self, pool: ModelArtsPool) {
        let (uid, version) = identity(&pool);
        self.there.insert(uid.clone());
        self.told.insert((uid, version));
        self.versions.push(pool);
    }
}

/// What tells one version of one object from all others.
fn identity(pool: &ModelArtsPool) -> (String, String) {
    (pool.uid().unwrap(), pool.resource_version().unwrap())
}

impl Drop for Record {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Record {
    /// Records a namespace from now on. It must not hold a pool yet.
    pub async fn of(client: Client, namespace: &str) -> Self {
        let api: Api<ModelArtsPool> = Api::namespaced(client, namespace);
        let listed = api.list(&ListParams::default()).await.unwrap();
        assert_eq!(listed.items.len(), 0, "pools came before their record");
        let from = listed.metadata.resource_version.unwrap();
        let seen = Arc::default();
        let task = tokio::spawn(follow(api.clone(), from, Arc::clone(&seen)));
        Self { seen, api, task }
    }

    /// All versions of one pool so far, oldest first. Complete: what the API server has told by now
    /// is in it.
    pub async fn life(&self, name: &str) -> Vec<ModelArtsPool> {
        self.catch_up().await;
        let seen = &self.seen.lock().unwrap().versions;
        seen.iter().filter(|pool| pool.name_any() == name).cloned().collect()
    }

    /// The reasons that one pool's status gave, one after the other, repetitions left out.
    pub async fn reasons(&self, name: &str) -> Vec<String> {
        let mut reasons: Vec<String> = self.life(name).await.iter().map(reason).collect();
        reasons.retain(|reason| !reason.is_empty());
        reasons.dedup();
        reasons
    }

    /// Checks every version of every pool.
    pub async fn check(&self) {
        self.catch_up().await;
        let mut lives: BTreeMap<String, Vec<ModelArtsPool>> = BTreeMap::new();
        for pool in &self.seen.lock().unwrap().versions {
            lives.entry(pool.uid().unwrap()).or_default().push(pool.clone());
        }
        for life in lives.values() {
            well_formed(life);
        }
    }

    /// Waits until the watch has come to where the API server is now.
    async fn catch_up(&self) {
        let known_before = self.seen.lock().unwrap().there.clone();
        let listed = self.api.list(&ListParams::default()).await.unwrap();
        let listed: BTreeSet<_> = listed.iter().map(identity).collect();
        let there: BTreeSet<&String> = listed.iter().map(|(uid, _)| uid).collect();
        wait::until("the record to catch up", wait::DEADLINE, async || {
            let seen = self.seen.lock().unwrap();
            // What came after the list may be there without being in it.
            let newer = |uid: &String| !known_before.contains(uid);
            let ended = seen.there.iter().all(|uid| there.contains(uid) || newer(uid));
            if listed.is_subset(&seen.told) && ended {
                return Ok(());
            }
            Err(format!(
                "{} versions of {} objects",
                seen.versions.len(),
                seen.there.len()
            ))
        })
        .await
        .unwrap();
    }
}

async fn follow(api: Api<ModelArtsPool>, mut from: String, seen: Arc<Mutex<Seen>>) {
    loop {
        let mut events = match api.watch(&WatchParams::default(), &from).await {
            Ok(events) => events.boxed(),
            Err(_) => {
                tokio::time::sleep(wait::LOOK_EVERY).await;
                continue;
            }
        };
        while let Some(Ok(event)) = events.next().await {
            match event {
                WatchEvent::Added(pool) | WatchEvent::Modified(pool) => {
                    from = pool.resource_version().unwrap();
                    seen.lock().unwrap().add(pool);
                }
                WatchEvent::Deleted(pool) => {
                    from = pool.resource_version().unwrap();
                    seen.lock().unwrap().there.remove(&pool.uid().unwrap());
                }
                WatchEvent::Bookmark(mark) => from = mark.metadata.resource_version,
                WatchEvent::Error(_) => break,
            }
        }
    }
}

/// The reason of the condition that says most: Stalled, Reconciling, then Ready. Empty before the
/// first look.
#[must_use]
pub fn reason(pool: &ModelArtsPool) -> String {
    let conditions = pool.status.iter().flat_map(|status| &status.conditions);
    let conditions: Vec<_> = conditions.collect();
    let named = |type_: &str| conditions.iter().find(|condition| condition.type_ == type_);
    ["Stalled", "Reconciling", "Ready"]
        .into_iter()
        .find_map(named)
        .map(|condition| condition.reason.clone())
        .unwrap_or_default()
}

/// The status of one condition; empty if there is none.
#[must_use]
pub fn condition<'a>(pool: &'a ModelArtsPool, type_: &str) -> &'a str {
    let mut conditions = pool.status.iter().flat_map(|status| &status.conditions);
    conditions
        .find(|condition| condition.type_ == type_)
        .map_or("", |condition| &condition.status)
}

/// What kstatus computes for one version.
#[must_use]
pub fn kstatus(pool: &ModelArtsPool) -> Kstatus {
    let observed = pool.status.as_ref().and_then(|status| status.observed_generation);
    if pool.metadata.deletion_timestamp.is_some() {
        return Kstatus::Terminating;
    }
    if observed.is_some() && observed != pool.metadata.generation {
        return Kstatus::InProgress;
    }
    for condition in pool.status.iter().flat_map(|status| &status.conditions) {
        match (condition.type_.as_str(), condition.status.as_str()) {
            ("Reconciling", "True") => return Kstatus::InProgress,
            ("Stalled", "True") => return Kstatus::Failed,
            _ => {}
        }
    }
    match condition(pool, "Ready") {
        "False" | "Unknown" => Kstatus::InProgress,
        _ => Kstatus::Current,
    }
}

/// Checks all versions of one object, oldest first: what must hold in every one of them, and from each
/// to the next.
pub fn well_formed(life: &[ModelArtsPool]) {
    let first = life[0].status.clone().unwrap_or_default();
    assert_eq!(first.observed_generation, Some(-1), "a fresh object: {first:?}");
    let mut last: BTreeMap<String, i64> = BTreeMap::new();
    for pool in life {
        let status = pool.status.clone().unwrap_or_default();
        let generation = pool.metadata.generation.unwrap();
        let told = serde_json::to_string(&status).unwrap();
        let observed = status.observed_generation.unwrap_or(-1);
        let mut spoken = vec![(String::from("status"), observed)];
        if observed != -1 {
            assert_ne!(condition(pool, "Ready"), "", "no Ready: {told}");
        }
        for condition in &status.conditions {
            if ["Reconciling", "Stalled"].contains(&condition.type_.as_str()) {
                assert_eq!(condition.status, "True", "{told}");
            }
            assert!(!condition.reason.is_empty() && !condition.message.is_empty(), "{told}");
            spoken.push((condition.type_.clone(), condition.observed_generation.unwrap()));
        }
        let busy = ["Reconciling", "Stalled"].map(|type_| condition(pool, type_) == "True");
        assert!(!(busy[0] && busy[1]), "both Reconciling and Stalled: {told}");
        let ready = condition(pool, "Ready") == "True";
        assert!(!(ready && (busy[0] || busy[1])), "Ready and something else: {told}");
        for (who, observed) in spoken {
            assert!(
                observed <= generation,
                "{who} speaks of {observed} of {generation}: {told}"
            );
            let before = last.insert(who.clone(), observed).unwrap_or(-1);
            assert!(before <= observed, "{who} went back from {before}: {told}");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn version(generation: i64, observed: i64, conditions: &[(&str, &str)]) -> ModelArtsPool {
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|(type_, status)| {
                json!({
                    "type": type_, "status": status, "reason": "Because", "message": "of it",
                    "observedGeneration": observed, "lastTransitionTime": "2026-01-01T00:00:00Z",
                })
            })
            .collect();
        serde_json::from_value(json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1",
            "kind": "ModelArtsPool",
            "metadata": { "name": "train-a", "generation": generation },
            "spec": { "scope": ["Train"], "network": { "name": "net-0123" }, "resources": [] },
            "status": { "observedGeneration": observed, "conditions": conditions },
        }))
        .unwrap()
    }

    #[test]
    fn kstatus_asks_for_the_generation_first_and_for_ready_last() {
        assert_eq!(kstatus(&version(1, -1, &[])), Kstatus::InProgress);
        assert_eq!(kstatus(&version(2, 1, &[("Ready", "True")])), Kstatus::InProgress);
        assert_eq!(kstatus(&version(2, 2, &[("Ready", "True")])), Kstatus::Current);
        assert_eq!(kstatus(&version(1, 1, &[("Ready", "False")])), Kstatus::InProgress);
        let stalled = [("Ready", "False"), ("Stalled", "True")];
        assert_eq!(kstatus(&version(1, 1, &stalled)), Kstatus::Failed);
        assert_eq!(kstatus(&version(1, 1, &[])), Kstatus::Current);
    }

    #[test]
    #[should_panic(expected = "Ready and something else")]
    fn a_pool_that_is_ready_and_reconciling_is_found() {
        let both = [("Ready", "True"), ("Reconciling", "True")];
        well_formed(&[version(1, -1, &[]), version(1, 1, &both)]);
    }

    #[test]
    #[should_panic(expected = "went back from 2")]
    fn a_generation_that_goes_back_is_found() {
        let ready = [("Ready", "True")];
        well_formed(&[version(2, -1, &[]), version(2, 2, &ready), version(2, 1, &ready)]);
    }

    #[test]
    #[should_panic(expected = "a fresh object")]
    fn an_object_that_begins_with_a_status_is_found() {
        well_formed(&[version(1, 1, &[("Ready", "True")])]);
    }
}
