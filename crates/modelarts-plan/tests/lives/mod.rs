//! A random life: who does what when. The quiet after it is in `quiet`.

mod chance;
mod quiet;
mod wishes;

use modelarts_plan::kind::Status;
use modelarts_plan::{Kind, Networks, Pools};
use modelarts_sim::{FailedScale, Profile};
use serde_json::{Value, json};

use crate::world::faults::{Fault, Op};
use crate::world::kinds::Lives;
use crate::world::{MINUTE, SECOND, World};
use chance::Chance;
use wishes::Shape;

/// Calls of pools and networks that faults strike.
const OPS: [Op; 15] = [
    Op::List,
    Op::ListCreating,
    Op::ListFailed,
    Op::Show,
    Op::Create,
    Op::Patch,
    Op::Delete,
    Op::Details,
    Op::Status,
    Op::Finalizer,
    Op::NetworkList,
    Op::NetworkShow,
    Op::NetworkCreate,
    Op::NetworkPatch,
    Op::NetworkDelete,
];

pub struct Life {
    pub world: World,
    chance: Chance,
    /// The shapes of the pools, by name.
    shapes: Vec<(String, Shape)>,
    network: bool,
}

impl Life {
    pub fn begin(seed: u64) -> Self {
        let mut chance = Chance::of(seed);
        let profile = Profile {
            create_seconds: 1 + chance.below(20),
            delete_seconds: 1 + chance.below(20),
            unique_names: chance.one_in(2),
            flaps: chance.one_in(5),
            failed_scale: *chance.pick(&[FailedScale::DropsBack, FailedScale::ScalingFailed]),
            ..Profile::default()
        };
        let network = chance.one_in(3);
        let pools = 1 + chance.below(2);
        let shapes = (0..pools).map(|index| (format!("pool-{index}"), Shape::any(&mut chance, network)));
        Self {
            shapes: shapes.collect(),
            world: World::with(profile),
            chance,
            network,
        }
    }

    /// Lives, and then rests.
    pub fn play(&mut self) -> Result<(), String> {
        if self.network {
            self.apply_network();
        }
        for index in 0..self.shapes.len() {
            self.apply(index);
        }
        for _ in 0..4 + self.chance.below(8) {
            self.act();
            let pause = match self.chance.below(10) {
                0 => 2 * MINUTE,
                1..=3 => 100 + self.chance.below(3 * SECOND),
                _ => self.chance.below(30 * SECOND),
            };
            self.world.run_for(pause);
        }
        self.rest()
    }

    fn tell(&mut self, text: String) {
        self.world.chronicle(&text);
    }

    fn apply_network(&mut self) {
        let description = *self.chance.pick(&["for training", "for everybody"]);
        self.tell(format!("apply net-0 {description}"));
        let spec = json!({"cidr": "192.168.128.0/17", "description": description});
        let spec = serde_json::from_value(spec).expect("a spec");
        self.world.apply_any::<Networks>("net-0", spec);
    }

    /// Applies a pool, or edits it: whatever its shape may wish now.
    fn apply(&mut self, index: usize) {
        let (name, shape) = self.shapes[index].clone();
        let before = self
            .world
            .kube
            .get(&name)
            .map(|object| Pools::value(&object)["spec"].clone());
        let spec = shape.wish(&mut self.chance, before.as_ref());
        self.tell(format!("apply {name} {spec}"));
        let spec = serde_json::from_value(spec).expect("a spec");
        self.world.apply_any::<Pools>(&name, spec);
    }

    fn act(&mut self) {
        let index = usize::try_from(self.chance.below(self.shapes.len() as u64)).expect("an index");
        let name = self.shapes[index].0.clone();
        match self.chance.below(20) {
            0..=5 => self.apply(index),
            6..=8 => self.strike(),
            9..=11 => self.meddle(&name),
            12 | 13 => {
                self.tell("restart".into());
                self.world.restart();
            }
            14 => self.delete::<Pools>(&name),
            15 => self.pause(index),
            16 if self.network => self.apply_network(),
            17 if self.network => self.delete::<Networks>("net-0"),
            18 if self.world.kube.get(&name).is_some() => {
                let value = self.chance.below(1_000).to_string();
                self.tell(format!("request {name} {value}"));
                self.world.request(&name, &value);
            }
            _ => self.apply(index),
        }
    }

    fn delete<K: Lives>(&mut self, name: &str) {
        let there = K::shelf(&self.world).get(name);
        if there.is_some_and(|object| K::metadata(&object).deletion_timestamp.is_none()) {
            self.tell(format!("delete {name}"));
            self.world.delete_any::<K>(name);
        }
    }

    fn strike(&mut self) {
        let op = *self.chance.pick(&OPS);
        let faults: Vec<Fault> = Fault::of(op);
        let fault = *self.chance.pick(&faults);
        let times = 1 + u32::try_from(self.chance.below(3)).unwrap_or_default();
        self.tell(format!("fault {op:?} {fault:?} {times}"));
        self.world.break_next(op, fault, times);
    }

    /// Pauses, or resumes.
    fn pause(&mut self, index: usize) {
        let name = self.shapes[index].0.clone();
        let Some(object) = self.world.kube.get(&name) else {
            return;
        };
        let mut spec = Pools::value(&object)["spec"].clone();
        let paused = spec["managementPolicy"] == "Pause";
        spec["managementPolicy"] = json!(if paused { "Manage" } else { "Pause" });
        self.tell(format!("apply {name} {}", spec["managementPolicy"]));
        let spec = serde_json::from_value(spec).expect("a spec");
        self.world.apply_any::<Pools>(&name, spec);
    }

    /// Somebody does something in the console, or the cloud by itself.
    fn meddle(&mut self, name: &str) {
        let status = self.world.kube.get(name).and_then(|object| object.status);
        let Some(id) = status.as_ref().and_then(|status| status.id().map(str::to_owned)) else {
            return;
        };
        let there = self.world.pools().into_iter().find(|pool| pool.id() == Some(&id));
        let Some(there) = there else { return };
        let now = self.world.cloud_now();
        let kind = self.chance.below(16);
        let count = 1 + self.chance.below(6);
        let mut view = Pools::body(&there);
        let cloud = &mut self.world.cloud;
        let done = match kind {
            0..=3 | 12 | 13 => {
                view["spec"]["resources"][0]["count"] = json!(count);
                let patch = json!({"spec": {"resources": view["spec"]["resources"]}});
                cloud.console_patch(&id, &patch, "console", now)
            }
            4 | 5 | 14 => cloud.console_patch(&id, &json!({"spec": {"scope": ["Infer"]}}), "console", now),
            6 | 7 | 15 => {
                let patch = json!({"metadata": {"annotations": {"os.modelarts/description": "tidied up"}}});
                cloud.patch_out_of_band(&id, &patch, "console", now)
            }
            8 => cloud.set_phase(&id, "Abnormal", "so it is", now),
            9 => cloud.break_nodes(&id, 1, None, now),
            10 => cloud.console_delete(&id, "console", now),
            _ => cloud.delete_out_of_band(&id, "console", now).map(|()| Value::Null),
        };
        // What the service refuses, a person lets be.
        let outcome = done.map_or_else(|refusal| refusal.to_string(), |_| "done".to_owned());
        self.tell(format!("console {kind} {count} {name}: {outcome}"));
    }
}

/// How much happened in lives, so that they are known to be lives.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub creations: usize,
    pub changes: usize,
    pub deletions: usize,
    pub deaths: usize,
    pub faults: usize,
    pub meddling: usize,
}

impl Tally {
    /// Both together.
    pub fn and(&self, other: &Self) -> Self {
        Self {
            creations: self.creations + other.creations,
            changes: self.changes + other.changes,
            deletions: self.deletions + other.deletions,
            deaths: self.deaths + other.deaths,
            faults: self.faults + other.faults,
            meddling: self.meddling + other.meddling,
        }
    }

    pub fn add(&mut self, world: &World) {
        let sent = |prefix: &str| {
            let all = world.chronicle.mutations.iter();
            all.filter(|(operation, _)| operation.starts_with(prefix)).count()
        };
        self.creations += sent("Create");
        self.changes += sent("Patch");
        self.deletions += sent("Delete");
        self.deaths += usize::try_from(world.restarts).unwrap_or_default();
        self.faults += world.judge.calls.iter().filter(|call| call.fault.is_some()).count();
        self.meddling += world.judge.mutations - world.chronicle.mutations.len();
    }
}

/// The condition of an object: status, reason and message.
fn condition<K: Kind>(object: &K::Object, type_: &str) -> (String, String, String) {
    let conditions = K::status(object).map(Status::conditions).unwrap_or_default();
    let found = conditions.iter().find(|condition| condition.type_ == type_);
    found
        .map(|found| (found.status.clone(), found.reason.clone(), found.message.clone()))
        .unwrap_or_default()
}
