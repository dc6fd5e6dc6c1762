//! Plays a schedule, lets quiet return, and takes down what was seen.

use std::time::Duration;

use e2e::proxied::NAMESPACE;
use e2e::record::well_formed;
use modelarts_crd::{FINALIZER, ModelArtsPool};
use sandbox::history::Version;
use serde_json::json;

use crate::audit;
use crate::ground::Ground;
use crate::quiet;
use crate::record::{self, Record};
use crate::schedule::{Act, Deed, Moment, Object, Schedule};

/// How often a moment is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// For how long. What does not come by then does not come because of what was done before.
const BOUND: Duration = Duration::from_secs(3);
/// The same for the end of an object, which is to be proved twice, or after a doubt.
const LONG_BOUND: Duration = Duration::from_secs(15);
/// How many LISTs the API server misses when it is frozen.
const LISTS: u64 = 3;

/// From where on a run is recorded.
#[derive(Debug, Clone, Copy)]
pub struct Start {
    revision: u64,
    log: u64,
    entries: usize,
}

/// A run on a ground that may have seen others.
pub struct Play<'a> {
    ground: &'a mut Ground,
    /// What tells the objects of this run from those of others.
    round: u64,
    start: Start,
}

impl<'a> Play<'a> {
    pub async fn begin(ground: &'a mut Ground, round: u64) -> Self {
        let log = std::fs::metadata(ground.world.control_plane.audit_log()).unwrap().len();
        let start = Start {
            revision: ground.world.control_plane.revision().await.unwrap(),
            log,
            entries: ground.world.simulator.ledger().await.unwrap().len(),
        };
        Self { ground, round, start }
    }

    pub fn ground(&self) -> &Ground {
        self.ground
    }

    /// The name of an object: short enough to be in the name of its pool.
    pub fn name(&self, object: Object) -> String {
        let letter = ["a", "b", "c", "d", "e"][object];
        format!("train-{letter}{}", self.round)
    }

    /// All acts, then quiet until all is as it should be, then the end of all objects.
    pub async fn perform(&mut self, schedule: &Schedule) -> Result<(), String> {
        for (number, act) in schedule.acts.iter().enumerate() {
            let met = self.wait(&act.when).await;
            // Shown with --nocapture, and when a run fails.
            eprintln!("  {:2} {} {act:?}", number + 1, if met { "at" } else { "without" });
            self.ground.revive().await;
            self.act(act).await;
        }
        self.ground.world.simulator.clear_faults().await.unwrap();
        self.ground.all_run().await;
        quiet::settle(self.ground, self.start.revision).await?;
        quiet::leave(self.ground).await
    }

    /// What was seen of the run so far.
    pub async fn record(&self) -> Record {
        let world = &self.ground.world;
        let stored = self.stored().await;
        let audit = audit::read(&world.control_plane.audit_log(), self.start.log);
        let entries = world.simulator.ledger().await.unwrap();
        Record {
            lives: record::lives(&stored, &audit),
            ledger: record::ledger(&entries[self.start.entries..]),
        }
    }

    /// Checks what the status said in every version of every object.
    pub async fn check_status(&self) {
        let stored = self.stored().await;
        let objects = stored.iter().filter_map(|version| version.after.as_ref());
        let objects: Vec<ModelArtsPool> = objects.map(as_read).collect();
        for first in objects.iter().filter(|object| object.metadata.generation == Some(1)) {
            let uid = &first.metadata.uid;
            let life: Vec<ModelArtsPool> = objects
                .iter()
                .filter(|object| object.metadata.uid == *uid)
                .cloned()
                .collect();
            if life.first() == Some(first) {
                well_formed(&life);
            }
        }
    }

    async fn stored(&self) -> Vec<Version> {
        let stored = self
            .ground
            .world
            .control_plane
            .history(&prefix(), self.start.revision)
            .await;
        stored.unwrap()
    }

    /// Whether the moment came in time.
    async fn wait(&self, moment: &Moment) -> bool {
        let bound = if matches!(moment, Moment::Gone(_)) {
            LONG_BOUND
        } else {
            BOUND
        };
        let (world, deadline) = (&self.ground.world, tokio::time::Instant::now() + bound);
        let entries = || async { world.simulator.ledger().await.unwrap().len() };
        let calls = |operation: &'static str| async move {
            let all = world.simulator.requests().await.unwrap();
            all.get(operation).copied().unwrap_or_default().count
        };
        let revision = || async { world.control_plane.revision().await.unwrap() };
        let (entries_before, revision_before) = (entries().await, revision().await);
        let calls_before = match moment {
            Moment::Calls(operation, _) => calls(operation).await,
            _ => 0,
        };
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        loop {
            let (come, over) = match moment {
                Moment::Now => (true, false),
                Moment::Ledger(more) => (entries().await >= entries_before + more, false),
                Moment::Calls(operation, more) => (calls(operation).await >= calls_before + more, false),
                Moment::Writes(more) => (revision().await >= revision_before + more, false),
                Moment::Finalizer(object)
                | Moment::Open(object)
                | Moment::Recorded(object)
                | Moment::Leaving(object)
                | Moment::Gone(object) => {
                    let object = self.ground.object(&self.name(*object)).await;
                    (is_at(object.as_ref(), moment), is_past(object.as_ref(), moment))
                }
            };
            if come || over || tokio::time::Instant::now() > deadline {
                return come;
            }
            looks.tick().await;
        }
    }

    async fn act(&mut self, act: &Act) {
        match act.deed.clone() {
            Deed::Kill(replica) => self.ground.kill(replica).await,
            Deed::Terminate(replica) => self.ground.terminate(replica).await,
            Deed::Freeze(replica) => self.ground.freeze(replica).await,
            Deed::Thaw(replica) => self.ground.thaw(replica).await,
            Deed::Start(replica) => self.ground.start(replica).await,
            Deed::RestartApi => self.ground.world.control_plane.restart_apiserver().await.unwrap(),
            Deed::FreezeApi => {
                self.ground.world.control_plane.pause_apiserver().await.unwrap();
                self.wait(&Moment::Calls("ListPools", LISTS)).await;
                self.ground.world.control_plane.resume_apiserver().await.unwrap();
            }
            Deed::Faults(faults) => self.ground.world.simulator.set_faults(&faults).await.unwrap(),
            user => self.user(&user).await,
        }
    }

    async fn user(&self, deed: &Deed) {
        let ground = &self.ground;
        let spec = |spec: serde_json::Value| json!({ "spec": spec });
        match deed {
            Deed::Create(object) => ground.create(&self.name(*object)).await,
            Deed::Resize(object, count) => {
                let entry = json!({ "flavor": "modelarts.vm.cpu.8ud", "count": count });
                ground
                    .patch(&self.name(*object), &spec(json!({ "resources": [entry] })))
                    .await;
            }
            Deed::Describe(object, text) => {
                let text = format!("trains model {text}");
                ground
                    .patch(&self.name(*object), &spec(json!({ "description": text })))
                    .await;
            }
            Deed::Scope(object) => {
                let scope = json!({ "scope": ["Train", "Notebook"] });
                ground.patch(&self.name(*object), &spec(scope)).await;
            }
            Deed::Ask(object) => {
                let now = jiff::Timestamp::now().to_string();
                let asked = json!({ "modelarts.huaweicloud.com/requestedAt": now });
                ground
                    .patch(&self.name(*object), &json!({ "metadata": { "annotations": asked } }))
                    .await;
            }
            Deed::Delete(object) => ground.delete(&self.name(*object)).await,
            Deed::Strip(object) => ground.strip(&self.name(*object)).await,
            Deed::Vanish(object) => ground.vanish(&self.name(*object)).await,
            other => panic!("{other:?} is no user's deed"),
        }
    }
}

/// A stored object as users read it: the API server puts the default in where no status is stored.
fn as_read(object: &serde_json::Value) -> ModelArtsPool {
    let mut object = object.clone();
    if object["status"].is_null() {
        object["status"] = json!({ "observedGeneration": -1 });
    }
    serde_json::from_value(object).unwrap()
}

fn is_at(object: Option<&ModelArtsPool>, moment: &Moment) -> bool {
    let status = object.and_then(|object| object.status.as_ref());
    let attempt = status.and_then(|status| status.creation.as_ref());
    match moment {
        Moment::Finalizer(_) => object.is_some_and(|object| {
            attempt.is_none()
                && object
                    .metadata
                    .finalizers
                    .iter()
                    .flatten()
                    .any(|name| name == FINALIZER)
        }),
        Moment::Open(_) => attempt.is_some_and(|attempt| attempt.outcome.is_none()),
        Moment::Recorded(_) => status.is_some_and(|status| status.pool_id.is_some()),
        Moment::Leaving(_) => object.is_some_and(|object| object.metadata.deletion_timestamp.is_some()),
        Moment::Gone(_) => object.is_none(),
        _ => false,
    }
}

/// Whether a moment that lasts a few milliseconds was missed.
fn is_past(object: Option<&ModelArtsPool>, moment: &Moment) -> bool {
    let status = object.and_then(|object| object.status.as_ref());
    let recorded = status.is_some_and(|status| status.pool_id.is_some());
    matches!(moment, Moment::Finalizer(_) | Moment::Open(_)) && (recorded || object.is_none())
}

/// Where the store has the pools.
pub fn prefix() -> String {
    format!("/registry/{}/modelartspools/{NAMESPACE}/", modelarts_crd::GROUP)
}
