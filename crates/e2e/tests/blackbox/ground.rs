//! The ground of a run: a real control plane, the simulator as a process, and replicas of the operator
//! that end and are replaced.
//!
//! Users' deeds go past all of it directly to the API server and wait for their answers.

use std::time::Duration;

use e2e::proxied::{NAMESPACE, pool};
use e2e::stage::{OPERATOR, grant, operator_user};
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use modelarts_crd::ModelArtsPool;
use sandbox::control_plane::{self, Audit};
use sandbox::operator::{self, LeaderElection, Operator, Timing};
use sandbox::process::Exit;
use sandbox::{World, simulator, wait, world};
use serde_json::{Value, json};

use crate::record::marker;

/// For what may take long on a busy machine.
pub const PATIENCE: Duration = Duration::from_secs(120);
const PLURAL: &str = "modelartspools";
/// How a panic ends a process.
const PANICKED: Exit = Exit::Code(101);
/// How an abort ends it.
const ABORTED: Exit = Exit::Signal(6);

/// All that a run is played on.
pub struct Ground {
    pub world: World,
    replicas: Vec<Replica>,
    options: operator::Options,
}

/// The place of a replica; empty after its end.
#[derive(Default)]
struct Replica {
    operator: Option<Operator>,
    frozen: bool,
}

impl Ground {
    /// Everything with as many replicas, and the cloud as `profile` says.
    pub async fn open(replicas: usize, profile: Value) -> Self {
        let world = World::prepare(world::Options {
            control_plane: control_plane::Options {
                users: vec![operator_user()],
                audit: Audit::WritesOf(PLURAL),
                ..control_plane::Options::default()
            },
            simulator: simulator::Options {
                profile,
                ..simulator::Options::default()
            },
            ..world::Options::default()
        });
        let world = world.await.unwrap();
        grant(&world).await;
        let leader_election = if replicas > 1 {
            LeaderElection::On
        } else {
            LeaderElection::Off
        };
        let lease = ["--lease-duration=4s", "--renew-deadline=3s", "--retry-period=500ms"];
        let arguments = match leader_election {
            LeaderElection::On => lease.map(String::from).to_vec(),
            LeaderElection::Off => Vec::new(),
        };
        let mut ground = Self {
            world,
            replicas: (0..replicas).map(|_| Replica::default()).collect(),
            options: operator::Options {
                user: Some(OPERATOR.to_owned()),
                timing: timing(),
                leader_election,
                arguments,
                ..operator::Options::default()
            },
        };
        for replica in 0..replicas {
            ground.start(replica).await;
        }
        ground
    }

    /// Fills the place of a replica, unless one is running there.
    pub async fn start(&mut self, replica: usize) {
        if self.replicas[replica].operator.is_none() {
            let index = self.world.add_operator(&self.options).await.unwrap();
            let operator = self.world.operators.remove(index);
            self.replicas[replica].operator = Some(operator);
        }
    }

    /// SIGKILL.
    pub async fn kill(&mut self, replica: usize) {
        if let Some(operator) = self.take(replica) {
            operator.process().kill().await.unwrap();
        }
    }

    /// SIGTERM, and the wait for the end. A frozen process goes on for it.
    pub async fn terminate(&mut self, replica: usize) {
        self.thaw(replica).await;
        if let Some(operator) = self.take(replica) {
            let exit = operator.terminate().await.unwrap();
            judge_exit(&operator, exit);
        }
    }

    fn take(&mut self, replica: usize) -> Option<Operator> {
        self.replicas[replica].frozen = false;
        self.replicas[replica].operator.take()
    }

    /// SIGSTOP.
    pub async fn freeze(&mut self, replica: usize) {
        let place = &mut self.replicas[replica];
        if let Some(operator) = &place.operator {
            operator.process().stop().await.unwrap();
            place.frozen = true;
        }
    }

    /// SIGCONT.
    pub async fn thaw(&mut self, replica: usize) {
        let place = &mut self.replicas[replica];
        if let Some(operator) = place.operator.as_ref().filter(|_| place.frozen) {
            operator.process().cont().await.unwrap();
        }
        place.frozen = false;
    }

    /// Replaces what ended by itself, as a kubelet would: who lost the lease, or the API server.
    pub async fn revive(&mut self) {
        for replica in 0..self.replicas.len() {
            let ended = self.replicas[replica]
                .operator
                .as_ref()
                .and_then(|operator| operator.process().exit_status());
            if let Some(exit) = ended {
                judge_exit(&self.take(replica).unwrap(), exit);
                self.start(replica).await;
            }
        }
    }

    /// All places filled, nobody frozen.
    pub async fn all_run(&mut self) {
        for replica in 0..self.replicas.len() {
            self.thaw(replica).await;
            self.start(replica).await;
        }
        self.revive().await;
    }

    /// The resident memory of each replica, in KiB.
    pub fn memory(&self) -> Vec<u64> {
        let of = |replica: &Replica| {
            let pid = replica.operator.as_ref()?.process().pid();
            let status = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
            let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
            line.split_whitespace().nth(1)?.parse().ok()
        };
        self.replicas.iter().filter_map(of).collect()
    }

    /// The ends of the logs of those that run.
    pub fn logs(&self, lines: usize) -> String {
        let operators = self.replicas.iter().filter_map(|replica| replica.operator.as_ref());
        let tails = operators.map(|operator| {
            let process = operator.process();
            format!("--- {}\n{}", process.name(), process.log_tail(lines))
        });
        tails.collect::<Vec<_>>().join("\n")
    }

    pub fn pools(&self) -> Api<ModelArtsPool> {
        Api::namespaced(self.world.client.clone(), NAMESPACE)
    }

    /// An object, if it is there.
    pub async fn object(&self, name: &str) -> Option<ModelArtsPool> {
        self.patiently(async |pools| pools.get_opt(name).await).await
    }

    /// Makes an object, unless one of that name is there.
    pub async fn create(&self, name: &str) {
        let object = pool(name);
        self.patiently(async |pools| unless(409, pools.create(&PostParams::default(), &object).await))
            .await;
    }

    /// Merges a patch into an object, if it is there.
    pub async fn patch(&self, name: &str, patch: &Value) {
        let patch = Patch::Merge(patch);
        self.patiently(async |pools| unless(404, pools.patch(name, &PatchParams::default(), &patch).await))
            .await;
    }

    /// Asks for the deletion of an object, if it is there.
    pub async fn delete(&self, name: &str) {
        self.patiently(async |pools| unless(404, pools.delete(name, &DeleteParams::default()).await))
            .await;
    }

    /// Takes our finalizer off.
    pub async fn strip(&self, name: &str) {
        self.patch(name, &json!({ "metadata": { "finalizers": null } })).await;
    }

    /// Deletes an object's pools as a person would in the console.
    pub async fn vanish(&self, name: &str) {
        let Some(uid) = self.object(name).await.and_then(|object| object.metadata.uid) else {
            return;
        };
        for pool in self.world.simulator.pools().await.unwrap() {
            if marker_of(&pool).as_ref() == Some(&uid) {
                // It may go by itself in this moment.
                let _ = self.world.simulator.delete_pool(id_of(&pool)).await;
            }
        }
    }

    /// The first answer of the API server: it may just have been restarted, and connections to it broken.
    async fn patiently<T>(&self, call: impl AsyncFn(Api<ModelArtsPool>) -> kube::Result<T>) -> T {
        let answer = wait::until("the API server to answer", PATIENCE, async || {
            match call(self.pools()).await {
                Ok(answer) => Ok(answer),
                Err(error) => Err(error.to_string()),
            }
        });
        answer.await.unwrap()
    }
}

/// What a call did not do because of this status is as good as done.
fn unless<T>(code: u16, result: kube::Result<T>) -> kube::Result<()> {
    match result {
        Err(kube::Error::Api(status)) if status.code == code => Ok(()),
        other => other.map(drop),
    }
}

fn judge_exit(operator: &Operator, exit: Exit) {
    let process = operator.process();
    let log = process.log_tail(30);
    assert!(
        exit != PANICKED && exit != ABORTED,
        "{} ended with {exit}:\n{log}",
        process.name()
    );
}

/// The uid in the marker of a pool, as the cloud shows it.
pub fn marker_of(pool: &Value) -> Option<String> {
    marker(pool["metadata"]["annotations"]["os.modelarts/description"].as_str()?)
}

/// The ID of a pool, as the cloud shows it.
pub fn id_of(pool: &Value) -> &str {
    pool["metadata"]["name"].as_str().unwrap_or_default()
}

/// The timing of a run: seconds in place of minutes, in the same order. The cloud's faults stay inside
/// it: nothing is executed later than [`crate::schedule::LATE`] seconds after it was asked for.
fn timing() -> Timing {
    Timing::quick()
        .with("--request-deadline", "2s")
        .with("--self-deadline", "1s")
        .with("--gateway-limit", "2s")
        .with("--list-lag", "2s")
        .with("--in-doubt-window", "8s")
        .with("--absence-spacing", "1s")
        .with("--loss-span", "5s")
        .with("--stalled-retry", "2s")
}
