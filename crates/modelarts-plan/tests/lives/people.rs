//! What people do beside editing: policies, names that are taken, taking over, the console, the bill.

use modelarts_plan::{Marker, Pools};
use modelarts_sim::{Mishap, MishapKind};
use modelarts_types::keys;
use serde_json::{Value, json};

use super::Life;
use super::swarm::Act;
use super::wishes::Shape;
use crate::world::PROJECT;
use crate::world::kinds::Lives;

impl Life {
    /// Puts a policy on an object, or takes it off.
    pub fn policy(&mut self, act: Act, index: usize) -> bool {
        let (name, shape) = self.shapes[index].clone();
        let Some(object) = self.world.kube.get(&name) else {
            return false;
        };
        let (field, value) = match act {
            Act::Detach => ("deletionPolicy", "Detach"),
            Act::Observe if shape.may_observe() => ("managementPolicy", "Observe"),
            Act::Pause => ("managementPolicy", "Pause"),
            _ => return false,
        };
        let mut spec = Pools::value(&object)["spec"].clone();
        spec[field] = match spec[field] == value {
            true => Value::Null,
            false => json!(value),
        };
        self.submit(name, spec);
        true
    }

    /// Writes the namespace's annotation, or takes it away.
    pub fn namespace(&mut self) {
        use modelarts_crd::policy::DeletionPolicy;
        let policy = match self.world.namespace_policy {
            None => Some(DeletionPolicy::Detach),
            Some(_) => None,
        };
        self.tell(&format!("the namespace's deletion policy is {policy:?}"));
        self.world.namespace_policy = policy;
        self.world.wake_all();
    }

    /// A stranger takes the name that an object wants.
    pub fn conflict(&mut self, index: usize) -> bool {
        match self.shapes[index].1.named.clone() {
            Some(name) => self.stranger(&name).is_some(),
            None => false,
        }
    }

    /// Somebody made a pool by hand, and an object is to take it over.
    pub fn adopt(&mut self) -> bool {
        let number = self.shapes.len();
        let Some(id) = self.stranger(&format!("by-hand-{number}")) else {
            return false;
        };
        self.shapes.push((format!("adopter-{number}"), Shape::adopting(id)));
        self.apply(number);
        true
    }

    /// Somebody else makes a pool; answers with its ID.
    fn stranger(&mut self, name: &str) -> Option<String> {
        let body = json!({
            "apiVersion": "v2",
            "kind": "Pool",
            "metadata": {
                "labels": {keys::NAME: name, keys::WORKSPACE_ID: "0"},
                "annotations": {keys::DESCRIPTION: "by hand"},
            },
            "spec": {
                "type": "Dedicate",
                "scope": ["Train"],
                "network": {"name": format!("net-0123-{PROJECT}")},
                "resources": [{"flavor": "modelarts.vm.cpu.8ud", "count": 2}],
            },
        });
        let now = self.world.cloud_now();
        let made = self.world.cloud.create_out_of_band(PROJECT, &body, "stranger", now);
        let made = made.map(|made| made["metadata"]["name"].as_str().unwrap_or_default().to_owned());
        self.tell(&format!("somebody makes {name}: {made:?}"));
        self.world.check();
        made.ok()
    }

    /// What the cloud makes of its next work goes wrong.
    pub fn mishap(&mut self, act: Act) {
        let kind = match act {
            Act::FailCreation => MishapKind::CreationFails,
            _ => MishapKind::FewerNodes,
        };
        self.tell(&format!("the next work of the cloud ends in {kind:?}"));
        self.world.cloud.plan_mishap(Mishap::once(kind));
    }

    /// Somebody does something in the console, or the cloud by itself.
    pub fn meddle(&mut self, act: Act, name: &str) -> bool {
        let Some(object) = self.world.kube.get(name) else {
            return false;
        };
        let ours = self.world.marker_of(name);
        let things = self.world.existing::<Pools>();
        let found = things
            .iter()
            .find(|thing| !Pools::has_failed(thing) && Marker::find(thing.description()).as_ref() == Some(&ours));
        let Some(there) = found else { return false };
        let (id, now) = (there.id().unwrap_or_default().to_owned(), self.world.cloud_now());
        let paid = object.spec.is_subscription();
        let count = 1 + self.chance.below(6);
        let mut view = Pools::body(there);
        let cloud = &mut self.world.cloud;
        let done = match act {
            // Nodes that are paid in advance do not come and go.
            Act::ConsoleSize if paid => return false,
            Act::ConsoleSize => {
                view["spec"]["resources"][0]["count"] = json!(count);
                let patch = json!({"spec": {"resources": view["spec"]["resources"]}});
                cloud.console_patch(&id, &patch, "console", now)
            }
            Act::ConsoleScope => cloud.console_patch(&id, &json!({"spec": {"scope": ["Infer"]}}), "console", now),
            Act::ConsoleText => {
                let patch = json!({"metadata": {"annotations": {keys::DESCRIPTION: "tidied up"}}});
                cloud.patch_out_of_band(&id, &patch, "console", now)
            }
            // What was never made or paid is not broken either.
            Act::Phase if view["status"]["phase"] != "Running" => return false,
            Act::Phase => cloud.set_phase(&id, "Abnormal", "so it is", now),
            Act::Nodes => cloud.break_nodes(&id, 1, None, now),
            Act::ConsoleDelete => cloud.console_delete(&id, "console", now),
            Act::Vanish => cloud.delete_out_of_band(&id, "console", now).map(|()| Value::Null),
            Act::Pay if paid => cloud.pay(&id, now),
            Act::EndTerm if paid => cloud.end_subscription(&id, now),
            Act::Renew if paid => cloud.renew_subscription(&id, now),
            _ => return false,
        };
        // What the service refuses, a person lets be.
        let (outcome, done) = done.map_or_else(|refusal| (refusal.to_string(), false), |_| ("done".to_owned(), true));
        self.tell(&format!("console {act:?} {count} {name}: {outcome}"));
        done
    }
}
