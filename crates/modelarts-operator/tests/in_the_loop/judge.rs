//! What came of a run, in a form in which runs can be compared, and what must never come of one.
//!
//! Times, versions, uids of the cloud and the record of the attempts are left out: a run that was
//! disturbed may need another attempt. What may not differ is what the user sees in the end, what
//! is in the cloud in the end, and how often anything was bought or given back on the way.

use std::collections::{BTreeMap, BTreeSet};

use kube_in_memory::ChangeKind;
use modelarts_plan::Marker;
use serde_json::Value;

use crate::script::{NETWORKS, POOLS};
use crate::world::{PROJECT, World};

/// Members of objects, and keys in the cloud, that may differ between two good runs.
const FLEETING: [&str; 13] = [
    "lastTransitionTime",
    "createdAt",
    "creation",
    "order",
    "resourceId",
    "creationTimestamp",
    "resourceVersion",
    "uid",
    "managedFields",
    "deletionTimestamp",
    "os.modelarts/resource.id",
    "os.modelarts/order.id",
    "os.modelarts/order.name",
];

/// What came of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outcome {
    /// The objects that are left.
    pub objects: BTreeMap<String, Value>,
    /// What is left in the cloud.
    pub cloud: BTreeMap<String, Value>,
    /// How often each name was bought and given back.
    pub bought: BTreeMap<String, (usize, usize)>,
    /// How often each object came and went.
    pub lives: BTreeMap<String, (usize, usize)>,
}

impl Outcome {
    /// As things are now.
    pub fn of(world: &World) -> Self {
        let mut outcome = Self::default();
        world.api.read(|store| {
            for plural in [POOLS, NETWORKS, "modelartsaccounts"] {
                for (key, object) in store.list(plural, "", store.version()) {
                    outcome
                        .objects
                        .insert(format!("{plural}/{}", key.name), lasting(&object));
                }
            }
            for change in store.changes() {
                if ![POOLS, NETWORKS].contains(&change.key.plural.as_str()) {
                    continue;
                }
                let name = format!("{}/{}", change.key.plural, change.key.name);
                let (came, went) = outcome.lives.entry(name).or_default();
                *came += usize::from(change.kind == ChangeKind::Added);
                *went += usize::from(change.kind == ChangeKind::Deleted);
            }
        });
        world.cloud(|simulator, now| {
            for pool in simulator.cloud.all_pools(now) {
                outcome.cloud.insert(name_of(&pool), lasting(&pool));
            }
            for network in simulator
                .cloud
                .list_networks(PROJECT, now)
                .unwrap()
                .items
                .into_iter()
                .flatten()
            {
                let network = serde_json::to_value(network).unwrap();
                outcome.cloud.insert(name_of(&network), lasting(&network));
            }
            for entry in simulator.cloud.ledger(now) {
                let (bought, back) = outcome.bought.entry(entry.display_name.clone()).or_default();
                *bought += usize::from(entry.operation.starts_with("Create"));
                *back += usize::from(entry.operation.starts_with("Delete"));
            }
        });
        outcome
    }

    /// In which points this outcome differs from what it should be.
    pub fn differences(&self, wanted: &Self) -> Vec<String> {
        let mut differences = Vec::new();
        let mut compare = |what: &str, same: bool, is: String, should: String| {
            if !same {
                differences.push(format!("{what}: is {is}, should be {should}"));
            }
        };
        let text = |value: &dyn std::fmt::Debug| format!("{value:?}");
        compare(
            "objects",
            self.objects == wanted.objects,
            json(&self.objects),
            json(&wanted.objects),
        );
        compare(
            "cloud",
            self.cloud == wanted.cloud,
            json(&self.cloud),
            json(&wanted.cloud),
        );
        compare(
            "bought",
            self.bought == wanted.bought,
            text(&self.bought),
            text(&wanted.bought),
        );
        compare(
            "lives",
            self.lives == wanted.lives,
            text(&self.lives),
            text(&wanted.lives),
        );
        differences
    }
}

fn json(value: &BTreeMap<String, Value>) -> String {
    serde_json::to_string(value).unwrap()
}

fn name_of(resource: &Value) -> String {
    resource["metadata"]["name"].as_str().unwrap_or_default().to_owned()
}

/// Without what may differ.
fn lasting(value: &Value) -> Value {
    match value {
        Value::Object(members) => {
            let kept = members.iter().filter(|(name, _)| !FLEETING.contains(&name.as_str()));
            Value::Object(kept.map(|(name, value)| (name.clone(), lasting(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(lasting).collect()),
        other => other.clone(),
    }
}

/// What the ledger and the objects say against the promise, whatever another run did: two pools of
/// one owner at a time, and pools whose owner is gone.
pub fn violations(world: &World) -> Vec<String> {
    let mut violations = Vec::new();
    let owners: BTreeSet<String> = world.api.read(|store| {
        let pools = store.list(POOLS, "", store.version());
        pools
            .iter()
            .filter_map(|(_, pool)| pool["metadata"]["uid"].as_str().map(str::to_owned))
            .collect()
    });
    world.cloud(|simulator, now| {
        let mut live: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for entry in simulator.cloud.ledger(now) {
            let Some(id) = entry.pool_id.clone() else { continue };
            match entry.operation.as_str() {
                "CreatePool" => {
                    let marker = Marker::find(entry.description.as_deref().unwrap_or_default());
                    let Some(marker) = marker else {
                        violations.push(format!("{id} was bought without a marker"));
                        continue;
                    };
                    let pools = live.entry(marker.uid.clone()).or_default();
                    if !pools.is_empty() {
                        violations.push(format!("{id} is a second pool of {}: {pools:?}", marker.uid));
                    }
                    pools.insert(id);
                }
                "DeletePool" => live.values_mut().for_each(|pools| {
                    pools.remove(&id);
                }),
                _ => {}
            }
        }
        live.retain(|_, pools| !pools.is_empty());
        for (owner, pools) in live {
            if !owners.contains(&owner) {
                violations.push(format!("{pools:?} of {owner} is left, and its object is gone"));
            }
        }
    });
    violations
}
