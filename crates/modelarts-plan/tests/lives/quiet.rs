//! The quiet after a life: nothing goes wrong any more, nobody touches anything. Then the cloud must
//! become what the spec says, or a condition must name what is in the way.

use std::collections::{BTreeMap, BTreeSet};

use modelarts_plan::kind::{Resource, Status};
use modelarts_plan::{Marker, Networks, Pools};
use serde_json::Value;

use super::Life;
use super::obstacles::Facts;
use crate::world::kinds::Lives;
use crate::world::{MINUTE, World};

/// The longest that anything waits for: the largest pause after a refusal, and what follows it.
const PATIENCE: u64 = 8 * 60 * MINUTE;
/// The longest that what a settled object has not been told yet is asked for, again and again.
const ASKING: u64 = 40 * MINUTE;
/// How long nothing at all may happen once all is as it should be.
const STILL: u64 = 60 * MINUTE;

/// How often a creation is tried again in that time.
const TRIES: usize = 6;

/// What was done so far.
#[derive(Debug)]
struct Done {
    /// Writes to objects.
    writes: usize,
    /// What the cloud carried out.
    mutations: usize,
    /// Creations that were sent.
    sent: usize,
    /// Attempts that were written down.
    opened: usize,
}

/// The attempts of all objects that are there.
fn opened<K: Lives>(world: &World) -> usize {
    let attempt = |object: &K::Object| usize::try_from(K::status(object)?.creation()?.attempt).ok();
    K::shelf(world).all().filter_map(|(_, object)| attempt(object)).sum()
}

impl Life {
    /// Waits until all is as it should be, and stays so, without another write to anything.
    pub fn rest(&mut self) -> Result<(), String> {
        self.world.chronicle("quiet");
        self.world.faults.clear();
        self.world.weather.clear();
        self.world.cloud.set_mishaps(Vec::new());
        self.mend();
        let end = self.world.now + PATIENCE;
        let mut pause = MINUTE / 2;
        loop {
            self.world.run_for(pause);
            let coming = self.world.cloud.next_due();
            let still = coming.is_none_or(|due| due > self.world.cloud_now() + STILL + PATIENCE / 2);
            match self.judge() {
                Ok(()) if still => break,
                Err(error) if self.world.now >= end => return Err(error),
                // What the cloud is going to do by itself comes first.
                _ => {}
            }
            // What failed in the cloud is mended by a person, who then asks for a pass.
            self.mend();
            pause = (2 * pause).min(20 * MINUTE);
        }
        self.world.run_for(ASKING);
        let before = self.done();
        self.world.run_for(STILL);
        self.ends.clear();
        self.judge()?;
        let after = self.done();
        // A name that is taken is tried again now and then, since the service does not say when it is free.
        let tries = after.sent - before.sent;
        let patient = tries <= TRIES * self.ends.get("NameConflict").copied().unwrap_or_default();
        // Two writes each; one that was given up before it was sent says so, and costs one more.
        let given_up = (after.opened - before.opened).saturating_sub(tries);
        let writes = (after.writes - before.writes).saturating_sub(2 * tries);
        let still = writes <= 3 * given_up && after.mutations == before.mutations;
        if !patient || !still {
            return Err(format!(
                "something was written although all was as it should be: {before:?}, then {after:?}"
            ));
        }
        Ok(())
    }

    fn done(&self) -> Done {
        let world = &self.world;
        Done {
            writes: world.kube.writes + world.networks.writes,
            mutations: world.judge.mutations,
            sent: world.judge.tokens.len(),
            opened: opened::<Pools>(world) + opened::<Networks>(world),
        }
    }

    /// Mends what only a person can mend.
    fn mend(&mut self) {
        let now = self.world.cloud_now();
        for pool in self.world.existing::<Pools>().iter() {
            let id = pool.id().unwrap_or_default();
            let phase = pool.phase().map(|phase| phase.as_str().to_owned()).unwrap_or_default();
            let resources = pool.status.as_ref().and_then(|status| status.resources.as_ref());
            let abnormal = resources.is_some_and(|resources| resources.abnormal.is_some());
            let mended = match phase.as_str() {
                "Abnormal" | "ScalingFailed" => self.world.cloud.set_phase(id, "Running", "", now),
                // Nodes that nobody has paid come only when somebody does; all else needs no payment.
                "Running" if resources.is_some_and(|resources| resources.creating.is_some()) => {
                    let _ = self.world.cloud.pay(id, now);
                    continue;
                }
                "Running" if abnormal => self.world.cloud.heal_nodes(id, now),
                _ => continue,
            };
            mended.expect("the pool is there");
        }
    }

    /// Whether all is as it should be.
    pub fn judge(&mut self) -> Result<(), String> {
        self.judge_kind::<Networks>(network_differs)?;
        self.judge_kind::<Pools>(pool_differs)
    }

    fn judge_kind<K: Lives>(&mut self, differs: fn(&Value, &Value) -> Option<String>) -> Result<(), String> {
        let things = self.world.existing::<K>();
        let pools = self.world.existing::<Pools>();
        let world = &self.world;
        let living: BTreeSet<&str> = K::shelf(world).uids().collect();
        let cluster = world.cluster.fingerprint();
        for thing in things.iter().filter(|thing| !K::has_failed(thing)) {
            let marker = Marker::find(thing.description()).filter(|marker| marker.cluster == cluster);
            let Some(marker) = marker else { continue };
            let by_right = world.judge.ownership.left_alone.contains_key(&marker.uid);
            if !living.contains(marker.uid.as_str()) && !by_right {
                return Err(format!("a leak: {:?} is left behind by {marker}", thing.id()));
            }
        }
        for (name, object) in K::shelf(world).all() {
            let facts = Facts::<K> {
                world,
                object,
                things: &things,
                pools: &pools,
                differs,
            };
            let end = facts.stands().map_err(|error| format!("{name}: {error}"))?;
            *self.ends.entry(end).or_default() += 1;
        }
        Ok(())
    }
}

fn ignores(object: &Value, field: &str) -> bool {
    let ignored = object["spec"]["drift"]["ignore"].as_array();
    ignored.is_some_and(|all| all.iter().any(|word| word == field))
}

fn description(object: &Value, thing: &Value) -> Option<String> {
    let text = object["spec"]["description"].as_str().unwrap_or_default();
    let there = thing["metadata"]["annotations"]["os.modelarts/description"].as_str();
    let there = there.and_then(|there| there.split(" [mapool:").next());
    let differs = !ignores(object, "description") && there != Some(text);
    differs.then(|| format!("the description is {there:?}, not {text:?}"))
}

fn network_differs(object: &Value, network: &Value) -> Option<String> {
    let cidr = object["spec"]["cidr"] != network["spec"]["cidr"];
    description(object, network).or_else(|| cidr.then(|| "the cidr differs".to_owned()))
}

/// Compares without a line of the core.
fn pool_differs(object: &Value, pool: &Value) -> Option<String> {
    let (wanted, there) = (&object["spec"], &pool["spec"]);
    let set = |value: &Value| {
        let words = value.as_array().into_iter().flatten();
        words.map(Value::to_string).collect::<BTreeSet<_>>()
    };
    if let Some(text) = description(object, pool) {
        return Some(text);
    }
    if !ignores(object, "scope") && set(&wanted["scope"]) != set(&there["scope"]) {
        return Some(format!("the scope is {}, not {}", there["scope"], wanted["scope"]));
    }
    if !wanted["jobFlavors"].is_null() && wanted["jobFlavors"] != there["jobFlavors"] {
        return Some("the job flavors differ".to_owned());
    }
    let version = &wanted["driver"]["gpuVersion"];
    if !version.is_null() && *version != there["driver"]["gpuVersion"] {
        return Some(format!("the driver is {}", there["driver"]));
    }
    let entries = |spec: &Value, nodes: &Value| {
        let all = spec["resources"].as_array().into_iter().flatten();
        let by_flavor = |entry: &Value| {
            let count = if entry["count"].is_null() {
                nodes
            } else {
                &entry["count"]
            };
            (entry["flavor"].to_string(), (count.as_i64(), entry["labels"].clone()))
        };
        all.map(by_flavor).collect::<BTreeMap<_, _>>()
    };
    let (wanted, there) = (entries(wanted, &wanted["nodes"]), entries(there, &Value::Null));
    if !wanted.keys().eq(there.keys()) {
        return Some(format!("the flavors are {:?}, not {:?}", there.keys(), wanted.keys()));
    }
    for ((flavor, (count, labels)), (has, has_labels)) in wanted.iter().zip(there.values()) {
        if !ignores(object, "resources.count") && count != has {
            return Some(format!("{flavor} has {has:?} nodes, not {count:?}"));
        }
        if !labels.is_null() && labels != has_labels {
            return Some(format!("{flavor} has the labels {has_labels}"));
        }
    }
    None
}
