//! What people do in a scenario, and what they wait for meanwhile.

use std::sync::Arc;

use kube_in_memory::{Key, MergePatch, Part, Patch, Preconditions};
use modelarts_sim::Profile;
use modelarts_sim::faults::Fault;
use serde_json::{Value, json};

use crate::director::Director;
use crate::world::{NAMESPACE, World, pass};

/// Pools.
pub const POOLS: &str = "modelartspools";
/// Networks.
pub const NETWORKS: &str = "modelartsnetworks";
/// The longest that anything may take, in seconds: several in-doubt windows, one after the other.
const PATIENCE: u64 = 3600;

/// One thing that happens.
#[derive(Clone, Debug)]
pub enum Act {
    /// Somebody applies an object.
    Create(&'static str, &'static str, Value),
    /// Somebody edits it.
    Edit(&'static str, &'static str, Value),
    /// Somebody deletes it.
    Delete(&'static str, &'static str),
    /// Until it says that it is as it should be.
    UntilReady(&'static str, &'static str),
    /// Until the object is gone.
    UntilGone(&'static str, &'static str),
    /// Until the cloud has been told to make so many things.
    UntilBought(usize),
    /// So many seconds.
    Pass(u64),
}

/// A story without disturbances.
pub struct Scenario {
    pub name: &'static str,
    pub acts: fn() -> Vec<Act>,
    pub profile: fn() -> Profile,
    pub faults: fn() -> Vec<Fault>,
}

impl Act {
    /// Plays it.
    ///
    /// # Errors
    /// What was waited for did not come.
    pub async fn play(&self, world: &World, director: &Arc<Director>) -> Result<(), String> {
        match self {
            Self::Create(plural, name, object) => {
                let key = Key::new(plural, NAMESPACE, name);
                let made = world.api.write(|store, now| store.create(&key, object.clone(), now));
                made.map_err(|refusal| format!("{self:?}: {refusal:?}"))?;
            }
            Self::Edit(plural, name, patch) => {
                let (key, patch) = (
                    Key::new(plural, NAMESPACE, name),
                    Patch::Merge(MergePatch(patch.clone())),
                );
                let edited = world.api.write(|store, _| store.patch(&key, &patch, Part::Main));
                edited.map_err(|refusal| format!("{self:?}: {refusal:?}"))?;
            }
            Self::Delete(plural, name) => {
                let key = Key::new(plural, NAMESPACE, name);
                let deleted = world
                    .api
                    .write(|store, now| store.delete(&key, &Preconditions::default(), now));
                deleted.map_err(|refusal| format!("{self:?}: {refusal:?}"))?;
            }
            Self::Pass(seconds) => pass(*seconds).await,
            _ => return self.wait(world).await,
        }
        director.look();
        Ok(())
    }

    async fn wait(&self, world: &World) -> Result<(), String> {
        for _ in 0..PATIENCE {
            if self.is_there(world) {
                return Ok(());
            }
            pass(1).await;
        }
        Err(format!("{self:?} did not come; {}", describe(world)))
    }

    fn is_there(&self, world: &World) -> bool {
        match self {
            Self::UntilReady(plural, name) => world.object(plural, name).is_some_and(|object| is_ready(&object)),
            Self::UntilGone(plural, name) => world.object(plural, name).is_none(),
            Self::UntilBought(count) => {
                let bought = world.cloud(|simulator, now| {
                    let ledger = simulator.cloud.ledger(now).iter();
                    ledger.filter(|entry| entry.operation.starts_with("Create")).count()
                });
                bought >= *count
            }
            Self::Create(..) | Self::Edit(..) | Self::Delete(..) | Self::Pass(_) => true,
        }
    }
}

fn is_ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    let ready = conditions
        .into_iter()
        .flatten()
        .find(|condition| condition["type"] == "Ready");
    ready.is_some_and(|ready| ready["status"] == "True")
        && object["status"]["observedGeneration"] == object["metadata"]["generation"]
}

/// Where things stand, for a message.
pub fn describe(world: &World) -> String {
    let objects = world.api.read(|store| {
        let all = [POOLS, NETWORKS].map(|plural| store.list(plural, "", store.version()));
        all.into_iter()
            .flatten()
            .map(|(_, object)| object.to_string())
            .collect::<Vec<_>>()
    });
    objects.join("\n")
}

/// A pool of two nodes.
pub fn pool(network: &Value) -> Value {
    let mut spec = json!({
        "type": "Dedicate", "scope": ["Train"], "nodes": 2, "description": "trains models",
        "resources": [{"flavor": "modelarts.vm.cpu.8ud"}],
    });
    if let (Some(spec), Some(network)) = (spec.as_object_mut(), network.as_object()) {
        spec.extend(network.clone());
    }
    json!({"spec": spec})
}

/// A network that somebody else made.
pub fn given() -> Value {
    json!({"network": {"name": format!("net-0123-{}", crate::world::PROJECT)}})
}
