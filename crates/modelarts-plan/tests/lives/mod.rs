//! A random life: who does what when. What people do is in `people`, what a seed makes of its life in
//! `swarm`, the quiet after it in `quiet`.

mod obstacles;
mod people;
#[cfg(test)]
mod planted;
mod quiet;
pub mod swarm;
pub mod tally;
mod wishes;

use modelarts_plan::kind::Status;
use modelarts_plan::{Kind, Networks, Pools};
use serde_json::json;

use crate::world::chance::Chance;
use crate::world::faults::{Fault, Op};
use crate::world::kinds::Lives;
use crate::world::{MINUTE, SECOND, World};
use swarm::{Act, Swarm};
use tally::{Counts, Tally};
use wishes::Shape;

/// Calls of pools and networks that a person's fault strikes.
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
    swarm: Swarm,
    /// The shapes of the pools, by name.
    shapes: Vec<(String, Shape)>,
    /// What was done, and how objects ended.
    deeds: Counts,
    ends: Counts,
}

impl Life {
    pub fn begin(seed: u64) -> Self {
        let mut chance = Chance::of(seed);
        let mut swarm = Swarm::of(seed, &mut chance);
        let shapes = (0..swarm.pools).map(|index| (format!("pool-{index}"), Shape::any(&mut chance, index, &swarm)));
        let shapes = shapes.collect();
        let mut world = World::with(swarm.profile.clone());
        std::mem::swap(&mut world.weather, &mut swarm.weather);
        Self {
            shapes,
            world,
            chance,
            swarm,
            deeds: Counts::new(),
            ends: Counts::new(),
        }
    }

    /// Lives, and then rests.
    pub fn play(&mut self) -> Result<(), String> {
        for index in 0..self.swarm.networks {
            self.apply_network(&format!("net-{index}"));
        }
        for index in 0..self.shapes.len() {
            // Some come later, by an edit.
            if index == 0 || !self.chance.one_in(4) {
                self.apply(index);
            }
        }
        for _ in 0..self.swarm.deeds {
            self.act();
            let pause = match self.chance.below(10) {
                0 => self.chance.below(self.swarm.pause) + self.swarm.pause / 4,
                1..=3 => 100 + self.chance.below(3 * SECOND),
                4 if self.swarm.pause > 2 * MINUTE => self.chance.below(self.swarm.pause),
                _ => self.chance.below(30 * SECOND),
            };
            self.world.run_for(pause);
        }
        self.rest()
    }

    pub fn tally(&self) -> Tally {
        Tally::of(&self.world, &self.deeds, &self.ends)
    }

    fn tell(&mut self, text: &str) {
        self.world.chronicle(text);
    }

    fn apply_network(&mut self, name: &str) {
        let description = *self.chance.pick(&["for training", "for everybody"]);
        self.tell(&format!("apply {name} {description}"));
        let spec = json!({"cidr": "192.168.128.0/17", "description": description});
        let spec = serde_json::from_value(spec).expect("a spec");
        self.world.apply_any::<Networks>(name, spec);
    }

    /// Applies a pool, or edits it: whatever its shape may wish now. Sometimes it arrives only while
    /// something else is under way.
    fn apply(&mut self, index: usize) {
        let (name, shape) = self.shapes[index].clone();
        let before = self
            .world
            .kube
            .get(&name)
            .map(|object| Pools::value(&object)["spec"].clone());
        let spec = shape.wish(&mut self.chance, before.as_ref());
        self.submit(name, spec);
    }

    fn submit(&mut self, name: String, spec: serde_json::Value) {
        self.tell(&format!("apply {name} {spec}"));
        let spec = serde_json::from_value(spec).expect("a spec");
        if !self.chance.one_in(3) {
            self.world.apply_any::<Pools>(&name, spec);
            return;
        }
        let at = self.world.now + self.chance.below(20 * SECOND);
        let deed = move |world: &mut World| world.apply_any::<Pools>(&name, spec);
        self.world.meanwhile.push((at, Box::new(deed)));
    }

    fn act(&mut self) {
        let act = *self.chance.pick(&self.swarm.acts);
        // What not every pool can have done to it is done to one that can.
        let fits = |shape: &Shape| match act {
            Act::Pay | Act::EndTerm | Act::Renew => shape.pays.is_some(),
            Act::Conflict => shape.named.is_some(),
            Act::Observe => shape.may_observe(),
            _ => true,
        };
        let fitting: Vec<usize> = (0..self.shapes.len())
            .filter(|index| fits(&self.shapes[*index].1))
            .collect();
        if fitting.is_empty() {
            return;
        }
        let index = *self.chance.pick(&fitting);
        if self.perform(act, index) {
            *self.deeds.entry(format!("{act:?}")).or_default() += 1;
        }
    }

    /// Does one deed. False if there is nothing to do it to.
    fn perform(&mut self, act: Act, index: usize) -> bool {
        let name = self.shapes[index].0.clone();
        let there = self.world.kube.get(&name).is_some();
        match act {
            Act::Edit => self.apply(index),
            Act::Pause | Act::Observe | Act::Detach => return self.policy(act, index),
            Act::Namespace => self.namespace(),
            Act::Delete => return self.delete::<Pools>(&name),
            Act::Strip if there => {
                self.tell(&format!("delete {name} and strip its finalizer"));
                self.world.strip::<Pools>(&name);
            }
            Act::Request if there => {
                let value = self.chance.below(1_000).to_string();
                self.tell(&format!("request {name} {value}"));
                self.world.request(&name, &value);
            }
            Act::Network | Act::NetworkDelete if self.swarm.networks > 0 => {
                let network = format!("net-{}", self.chance.below(self.swarm.networks));
                match act {
                    Act::Network => self.apply_network(&network),
                    _ => return self.delete::<Networks>(&network),
                }
            }
            Act::Conflict => return self.conflict(index),
            Act::Adopt => return self.adopt(),
            Act::FailCreation | Act::FewerNodes => self.mishap(act),
            Act::Fault => self.strike(),
            Act::Restart => {
                self.tell("restart");
                self.world.restart();
            }
            Act::HandOver if self.chance.one_in(2) => {
                let op = *self.chance.pick(&[Op::Status, Op::Status, Op::Finalizer, Op::Show]);
                let millis = SECOND + self.chance.below(10 * MINUTE);
                self.tell(&format!(
                    "the process is going to stand still at its next {op:?} for {millis} ms"
                ));
                self.world.break_next(op, Fault::Freeze(millis), 1);
            }
            Act::HandOver if !self.world.overlaps() => {
                let millis = SECOND + self.chance.below(5 * MINUTE);
                self.tell(&format!("another process leads; the elder notices in {millis} ms"));
                self.world.hand_over(millis);
            }
            Act::Strip | Act::Request | Act::Network | Act::NetworkDelete | Act::HandOver => return false,
            _ => return self.meddle(act, &name),
        }
        true
    }

    fn delete<K: Lives>(&mut self, name: &str) -> bool {
        let there = K::shelf(&self.world).get(name);
        if there.is_none_or(|object| K::metadata(&object).deletion_timestamp.is_some()) {
            return false;
        }
        self.tell(&format!("delete {name}"));
        if !self.chance.one_in(3) {
            self.world.delete_any::<K>(name);
            return true;
        }
        let (at, name) = (self.world.now + self.chance.below(20 * SECOND), name.to_owned());
        let deed = move |world: &mut World| {
            if K::shelf(world).get(&name).is_some() {
                world.delete_any::<K>(&name);
            }
        };
        self.world.meanwhile.push((at, Box::new(deed)));
        true
    }

    fn strike(&mut self) {
        let op = *self.chance.pick(&OPS);
        let mut faults: Vec<Fault> = Fault::of(op);
        faults.retain(|fault| self.swarm.lies || !fault.lies());
        let fault = *self.chance.pick(&faults);
        let times = 1 + u32::try_from(self.chance.below(3)).unwrap_or_default();
        self.tell(&format!("fault {op:?} {fault:?} {times}"));
        self.world.break_next(op, fault, times);
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
