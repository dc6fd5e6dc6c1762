//! What a spec may wish: only what can be changed after the creation, within the rules of the
//! definitions, which this world has no API server to check.

use serde_json::{Value, json};

use super::chance::Chance;
use crate::world::PROJECT;

/// What of a pool never changes.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    entries: Entries,
    /// Whether it refers to `net-0`.
    network_ref: bool,
    named: bool,
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
    pub fn any(chance: &mut Chance, network: bool) -> Self {
        let all = [
            Entries::Nodes,
            Entries::Nodes,
            Entries::Two,
            Entries::Two,
            Entries::Driven,
            Entries::Super,
        ];
        Self {
            entries: *chance.pick(&all),
            network_ref: network && chance.one_in(2),
            named: chance.one_in(4),
        }
    }

    /// A spec: that of before with something else in it, or a new one.
    pub fn wish(self, chance: &mut Chance, before: Option<&Value>) -> Value {
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

    fn first(self, chance: &mut Chance) -> Value {
        let mut spec = json!({"scope": ["Train"], "description": "trains models"});
        if self.network_ref {
            spec["networkRef"] = json!({"name": "net-0"});
        } else {
            spec["network"] = json!({"name": format!("net-0123-{PROJECT}")});
        }
        if self.named {
            // No two objects ask for the same name: each life has few of them.
            spec["poolName"] = json!(format!("pool-named-{}", chance.below(1_000_000)));
        }
        self.size(chance, &mut spec);
        spec
    }

    fn size(self, chance: &mut Chance, spec: &mut Value) {
        let largest = if chance.one_in(6) { 45 } else { 6 };
        let count = 1 + chance.below(largest);
        let cpu = "modelarts.vm.cpu.8ud";
        match self.entries {
            Entries::Nodes => {
                spec["nodes"] = json!(count);
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

    fn other(self, chance: &mut Chance, spec: &mut Value) {
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
