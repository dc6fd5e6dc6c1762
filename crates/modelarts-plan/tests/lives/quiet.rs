//! The quiet after a life: nothing goes wrong any more, nobody touches anything. Then the cloud must
//! become what the spec says, or a condition must name what is in the way.

use std::collections::{BTreeMap, BTreeSet};

use modelarts_crd::policy::ManagementPolicy;
use modelarts_plan::kind::Resource;
use modelarts_plan::{Marker, Networks, Pools};
use serde_json::Value;

use super::{Life, condition};
use crate::world::MINUTE;
use crate::world::kinds::Lives;

/// The longest that anything waits for: the largest pause after a refusal, and what follows it.
const PATIENCE: u64 = 4 * 60 * MINUTE;

impl Life {
    /// Waits until all is as it should be, and stays so.
    pub fn rest(&mut self) -> Result<(), String> {
        self.world.chronicle("quiet");
        self.world.faults.clear();
        self.mend();
        let end = self.world.now + PATIENCE;
        loop {
            self.world.run_for(MINUTE / 2);
            let Err(error) = self.judge() else { break };
            if self.world.now >= end {
                return Err(error);
            }
            // What failed in the cloud is mended by a person, who then asks for a pass.
            self.mend();
        }
        let ledger = self.world.judge.mutations;
        self.world.run_for(MINUTE);
        self.judge()?;
        if self.world.judge.mutations != ledger {
            return Err("the cloud was changed although all was as it should be".to_owned());
        }
        Ok(())
    }

    /// Mends what only a person can mend.
    fn mend(&mut self) {
        let now = self.world.cloud_now();
        for pool in self.world.pools() {
            let id = pool.id().unwrap_or_default().to_owned();
            let phase = pool.phase().map(|phase| phase.as_str().to_owned()).unwrap_or_default();
            let abnormal = Pools::body(&pool)["status"]["resources"]["abnormal"] != Value::Null;
            let mended = match phase.as_str() {
                "Abnormal" | "ScalingFailed" => self.world.cloud.set_phase(&id, "Running", "", now),
                "Running" if abnormal => self.world.cloud.heal_nodes(&id, now),
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
        let things = self.world.things::<K>();
        let things: Vec<(Option<Marker>, Value)> = things
            .iter()
            .filter(|thing| !K::has_failed(thing))
            .map(|thing| (Marker::find(thing.description()), K::body(thing)))
            .collect();
        let living: BTreeSet<&str> = K::shelf(&self.world).uids().collect();
        for (marker, thing) in &things {
            let orphan = marker
                .as_ref()
                .is_some_and(|marker| !living.contains(marker.uid.as_str()));
            if orphan {
                return Err(format!("{thing} is left behind"));
            }
        }
        for (name, object) in K::shelf(&self.world).all() {
            let ours = self.world.marker_of_any::<K>(name);
            let thing = things.iter().find(|(marker, _)| marker.as_ref() == Some(&ours));
            let thing = thing.map(|(_, thing)| thing);
            stands::<K>(object, thing, differs).map_err(|error| format!("{name}: {error}"))?;
        }
        Ok(())
    }
}

/// Whether an object stands as it should.
fn stands<K: Lives>(
    object: &K::Object,
    thing: Option<&Value>,
    differs: fn(&Value, &Value) -> Option<String>,
) -> Result<(), String> {
    let (ready, synced) = (condition::<K>(object, "Ready"), condition::<K>(object, "Synced"));
    let (status, reason) = (ready.0.as_str(), ready.1.as_str());
    let told = || format!("{ready:?} {synced:?}");
    if K::terms(object).management == ManagementPolicy::Pause {
        return if reason == "Suspended" { Ok(()) } else { Err(told()) };
    }
    if K::metadata(object).deletion_timestamp.is_some() {
        // A paused pool keeps its network.
        return if reason == "NetworkInUse" {
            Ok(())
        } else {
            Err(format!("still there: {}", told()))
        };
    }
    let stalled = condition::<K>(object, "Stalled").0 == "True";
    match (status, reason) {
        ("True", _) if synced.0 == "True" => match thing {
            None => Err("it says Ready, and there is nothing".to_owned()),
            Some(thing) => differs(&K::value(object), thing).map_or(Ok(()), Err),
        },
        ("True", _) if synced.1 == "Drifted" => {
            let report = K::value(object)["spec"]["drift"]["policy"] == "Report";
            let thing = thing.ok_or("it says Ready, and there is nothing")?;
            match differs(&K::value(object), thing) {
                Some(_) if report => Ok(()),
                _ => Err(format!("no drift: {}", told())),
            }
        }
        // The network of the name is not there, or is going.
        ("False", "WaitingForNetwork") => Ok(()),
        ("False", "AttemptsExhausted" | "NameConflict" | "CreationFailed") if stalled => Ok(()),
        _ => Err(told()),
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
