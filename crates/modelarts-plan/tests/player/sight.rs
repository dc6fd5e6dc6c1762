//! What the player sees: objects, things in the cloud, and what was counted.

use modelarts_plan::kind::{Resource, Status};
use modelarts_plan::{Networks, Pools};
use modelarts_types::pool::Phase;
use serde_json::{Value, json};

use super::{Known, Player};
use crate::story::language::{Expect, Object};
use crate::story::matching::{Seen, differences, list};
use crate::world::kinds::Lives;

impl Player {
    /// Takes note of an object's uid and ID while it is there.
    pub fn look(&mut self, object: &Object) {
        match object {
            Object::Pool(name) => self.look_any::<Pools>(object, name),
            Object::Network(name) => self.look_any::<Networks>(object, name),
        }
    }

    pub fn look_at_all(&mut self) {
        let pools = self.world.kube.names().into_iter().map(Object::Pool);
        let networks = self.world.networks.names().into_iter().map(Object::Network);
        for object in pools.chain(networks).collect::<Vec<_>>() {
            self.look(&object);
        }
    }

    fn look_any<K: Lives>(&mut self, object: &Object, name: &str) {
        let Some(there) = K::shelf(&self.world).get(name) else {
            return;
        };
        let uid = K::metadata(&there).uid.clone().unwrap_or_default();
        let id = K::status(&there).and_then(|status| status.id().map(str::to_owned));
        let known = self.known.entry(object.clone()).or_default();
        // Another incarnation has had nothing yet.
        if known.uid != uid {
            *known = Known { uid, id: None };
        }
        known.id = id.or_else(|| known.id.take());
    }

    pub fn differences(&mut self, expect: &Expect) -> Vec<String> {
        let seen = match expect.object() {
            Some(object) => self.see(&object),
            None => Seen::default(),
        };
        let mut found = differences(expect, &seen);
        let pools = self.world.pools();
        let pools = pools.iter().filter(|pool| pool.phase() != Some(&Phase::CreationFailed));
        let networks = self.world.things::<Networks>();
        let networks = networks
            .iter()
            .filter(|network| network.display_name() != Some("net-0123"));
        for (what, wanted, there) in [
            ("pools", expect.pools, pools.count()),
            ("networks", expect.networks, networks.count()),
        ] {
            if wanted.is_some_and(|wanted| wanted != there) {
                found.push(format!("there are {there} {what}"));
            }
        }
        found
    }

    fn see(&mut self, object: &Object) -> Seen {
        match object {
            Object::Pool(name) => self.see_any::<Pools>(object, name),
            Object::Network(name) => self.see_any::<Networks>(object, name),
        }
    }

    fn see_any<K: Lives>(&mut self, object: &Object, name: &str) -> Seen {
        let there = K::shelf(&self.world).get(name);
        let id = self.known.get(object).and_then(|known| known.id.clone());
        let things = self.world.things::<K>();
        let thing = things
            .iter()
            .find(|thing| id.is_some() && thing.id() == id.as_deref() && !K::has_failed(thing));
        Seen {
            object: there.map_or(Value::Null, |object| K::value(&object)),
            thing: thing.map_or(Value::Null, K::body),
        }
    }

    /// Differences in what is counted since the last time; what was asked for counts as told.
    pub fn counts(&mut self, expect: &Expect) -> Vec<String> {
        let chronicle = &self.world.chronicle;
        let (ledger, patches, events) = &mut self.counted;
        let mut found = Vec::new();
        let operations: Vec<String> = chronicle.mutations[*ledger..]
            .iter()
            .map(|(operation, _)| operation.clone())
            .collect();
        found.extend(list("ledger", expect.ledger.as_ref(), &operations));
        let sent = chronicle.mutations[*patches..]
            .iter()
            .filter(|(operation, _)| operation.starts_with("Patch"));
        let sent: Vec<Value> = sent.map(|(_, body)| body.clone()).collect();
        found.extend(
            list("patches", expect.patches.as_ref(), &sent)
                .map(|_| format!("patches: {}, not {}", json!(sent), json!(expect.patches))),
        );
        let object = expect.object();
        let of = |kind: &str, name: &str| match &object {
            None => true,
            Some(Object::Pool(wanted)) => kind == Pools::KIND && wanted == name,
            Some(Object::Network(wanted)) => kind == Networks::KIND && wanted == name,
        };
        let told = chronicle.events[*events..]
            .iter()
            .filter(|(kind, name, _)| of(kind, name));
        let told: Vec<String> = told.map(|(_, _, reason)| (*reason).to_owned()).collect();
        found.extend(list("events", expect.events.as_ref(), &told));
        if expect.ledger.is_some() {
            *ledger = chronicle.mutations.len();
        }
        if expect.patches.is_some() {
            *patches = chronicle.mutations.len();
        }
        if expect.events.is_some() {
            *events = chronicle.events.len();
        }
        found
    }

    /// The expectation with its words filled in.
    pub fn filled(&self, expect: &Expect) -> Result<Expect, String> {
        let mut filled = expect.clone();
        filled.status = self.fill(&expect.status)?;
        filled.cloud = self.fill(&expect.cloud)?;
        for wanted in filled.conditions.values_mut() {
            *wanted = self.fill(wanted)?;
        }
        for patch in filled.patches.iter_mut().flatten() {
            *patch = self.fill(patch)?;
        }
        Ok(filled)
    }
}
