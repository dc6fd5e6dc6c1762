//! What a spec may wish: only what can be changed after the creation, within the rules of the
//! definitions, which this world has no API server to check.

use serde_json::{Value, json};

use super::swarm::Swarm;
use crate::world::PROJECT;
use crate::world::chance::Chance;

/// What of a pool never changes.
#[derive(Clone, Debug)]
pub struct Shape {
    entries: Entries,
    /// The network that it refers to.
    network_ref: Option<String>,
    /// The name in the cloud that it asks for; the same in each incarnation.
    pub named: Option<String>,
    /// Whether it is paid for by the month, and then whether it pays itself.
    pub pays: Option<bool>,
    /// The pool that it takes over.
    pub adopts: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Entries {
    /// One entry, sized by `nodes`.
    Nodes,
    /// Two entries, each with a count; the second may be missing.
    Two,
    /// GPUs with a driver.
    Driven,
    /// Supernodes of four.
    Super,
}

impl Shape {
    pub fn any(chance: &mut Chance, index: u64, swarm: &Swarm) -> Self {
        let all = [
            Entries::Nodes,
            Entries::Nodes,
            Entries::Two,
            Entries::Two,
            Entries::Driven,
            Entries::Super,
        ];
        let mut shape = Self {
            entries: *chance.pick(&all),
            network_ref: None,
            named: chance.one_in(4).then(|| format!("pool-named-{index}")),
            pays: (swarm.subscribes && chance.one_in(3)).then(|| chance.one_in(2)),
            adopts: None,
        };
        if swarm.networks > 0 && chance.one_in(2) {
            shape.network_ref = Some(format!("net-{}", chance.below(swarm.networks)));
        }
        if shape.pays.is_some() {
            // Nodes that are paid in advance are not given back, so such a pool only grows.
            shape.entries = Entries::Nodes;
        }
        shape
    }

    /// One that takes over what exists.
    pub fn adopting(id: String) -> Self {
        Self {
            entries: Entries::Nodes,
            network_ref: None,
            named: None,
            pays: None,
            adopts: Some(id),
        }
    }

    /// Whether it may only observe: it says which pool.
    pub fn may_observe(&self) -> bool {
        self.named.is_some() || self.adopts.is_some()
    }

    /// A spec: that of before with something else in it, or a new one.
    pub fn wish(&self, chance: &mut Chance, before: Option<&Value>) -> Value {
        let mut spec = before.cloned().unwrap_or_else(|| self.first(chance));
        match chance.below(9) {
            0..=3 => self.size(chance, &mut spec),
            4 => spec["description"] = json!(chance.pick(&["trains models", "serves models", "", "for vision"])),
            5 => spec["scope"] = chance.pick(&scopes()).clone(),
            6 => self.other(chance, &mut spec),
            7 => {
                let ignore = *chance.pick(&["resources.count", "description", "scope"]);
                let drifts = [
                    json!({"policy": "Correct"}),
                    json!({"policy": "Report"}),
                    json!({"ignore": [ignore]}),
                ];
                spec["drift"] = chance.pick(&drifts).clone();
            }
            _ => {
                if let Some(entries) = spec["resources"].as_array_mut() {
                    entries.reverse();
                }
            }
        }
        spec
    }

    fn first(&self, chance: &mut Chance) -> Value {
        let mut spec = json!({"scope": ["Train"], "description": "trains models"});
        if let Some(network) = &self.network_ref {
            spec["networkRef"] = json!({"name": network});
        } else {
            spec["network"] = json!({"name": format!("net-0123-{PROJECT}")});
        }
        if let Some(name) = &self.named {
            spec["poolName"] = json!(name);
        }
        if let Some(pays) = self.pays {
            spec["billing"] = json!({"mode": "Subscription", "periodType": "Month", "periodNum": 1, "autoPay": pays});
        }
        if let Some(id) = &self.adopts {
            spec["adoption"] = json!({"poolId": id});
        }
        self.size(chance, &mut spec);
        spec
    }

    fn size(&self, chance: &mut Chance, spec: &mut Value) {
        let largest = if chance.one_in(6) { 45 } else { 6 };
        let count = 1 + chance.below(largest);
        let cpu = "modelarts.vm.cpu.8ud";
        match self.entries {
            Entries::Nodes => {
                let least = spec["nodes"].as_u64().filter(|_| self.pays.is_some());
                spec["nodes"] = json!(count.max(least.unwrap_or(1)));
                if spec["resources"].is_null() {
                    spec["resources"] = json!([{"flavor": cpu}]);
                }
            }
            Entries::Two => {
                let other = json!({"flavor": "modelarts.vm.cpu.16u64g.d", "count": 1 + chance.below(4)});
                let first = json!({"flavor": cpu, "count": count});
                spec["resources"] = match chance.below(4) {
                    0 => json!([first]),
                    1 => json!([other]),
                    _ => json!([first, other]),
                };
            }
            Entries::Driven => {
                spec["resources"] = json!([{"flavor": "modelarts.vm.gpu.v100", "count": count}]);
                if spec["driver"].is_null() {
                    spec["driver"] = json!({"gpuVersion": "440.31"});
                }
            }
            Entries::Super => {
                let step = json!({"step": 4, "type": "hyperinstance"});
                let flavor = "modelarts.bm.npu.arm.8snt9b";
                spec["resources"] = json!([{"flavor": flavor, "count": 4 * count, "creatingStep": step}]);
            }
        }
    }

    fn other(&self, chance: &mut Chance, spec: &mut Value) {
        match (self.entries, chance.below(3)) {
            (Entries::Driven, 0 | 1) => {
                spec["driver"] = json!({"gpuVersion": chance.pick(&["440.31", "515.65"]), "updateStrategy": "force"});
            }
            (_, 2) => spec["jobFlavors"] = json!([chance.pick(&["job.small", "job.large"])]),
            _ => spec["resources"][0]["labels"] = json!({"team": chance.pick(&["vision", "speech"])}),
        }
    }
}

fn scopes() -> [Value; 4] {
    [
        json!(["Train"]),
        json!(["Infer", "Train"]),
        json!(["Train", "Infer"]),
        json!(["Notebook"]),
    ]
}
