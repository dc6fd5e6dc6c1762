//! Whose the things in the cloud are, told from the ledger and from what exists, without a word of the
//! plan: nothing is deleted or marked that was never the sender's, and nothing that was left alone is
//! touched again.

use std::collections::BTreeMap;

use modelarts_crd::policy::ManagementPolicy;
use modelarts_plan::kind::Resource;
use modelarts_plan::{Marker, Networks, Pools};
use modelarts_sim::ledger::Entry;

use super::World;
use super::judge::Thing;
use super::kinds::Lives;

/// For whom something is sent.
#[derive(Clone, Debug)]
pub struct Sender {
    pub marker: Marker,
    /// The thing that its spec asks to take over.
    pub adopts: Option<String>,
}

/// What was last seen of a thing.
#[derive(Clone, Debug)]
struct Known {
    created: Option<String>,
    /// The last marker that it carried, also if it carries none any more.
    marker: Option<Marker>,
}

#[derive(Default)]
pub struct Ownership {
    known: BTreeMap<Thing, Known>,
    /// uids of objects that are gone by right without their thing, and since when.
    pub left_alone: BTreeMap<String, u64>,
    /// Deletions and markings that were judged.
    pub judged: usize,
}

impl World {
    /// For whom a step of this object is sent.
    pub fn sender<K: Lives>(&self, object: &K::Object) -> Sender {
        let uid = K::metadata(object).uid.as_deref().unwrap_or_default();
        let terms = K::terms(object);
        let adoption = terms.adoption.filter(|_| terms.management == ManagementPolicy::Manage);
        Sender {
            marker: Marker::of(uid, &self.cluster),
            adopts: adoption.map(|adoption| adoption.id.to_owned()),
        }
    }

    /// An executed deletion or change, by what was known of its thing before.
    pub fn judge_owner(&mut self, entry: &Entry, sender: &Sender) {
        let deletes = entry.operation.starts_with("Delete");
        if !deletes && !entry.operation.starts_with("Patch") {
            return;
        }
        let (noun, id) = match (&entry.pool_id, &entry.network_id) {
            (Some(id), _) => (<Pools as modelarts_plan::Kind>::NOUN, id),
            (None, Some(id)) => (<Networks as modelarts_plan::Kind>::NOUN, id),
            (None, None) => return,
        };
        self.judge.ownership.judged += 1;
        let known = self.judge.ownership.known.get(&(noun, id.clone()));
        let owner = known.and_then(|known| known.marker.as_ref());
        let ours = owner == Some(&sender.marker);
        let asked = !deletes && sender.adopts.as_ref() == Some(id);
        assert!(
            ours || asked,
            "a foreign thing: {entry:?} is sent for {} and belongs to {owner:?}\n{}",
            sender.marker,
            self.story()
        );
        // A marking without an answer may be carried out when its object has gone without the thing, which
        // is as its owner made it but for the marker.
        if asked && !self.lives_on(&sender.marker.uid) {
            self.leave_alone(&sender.marker.uid);
        }
        let left = self.judge.ownership.left_alone.get(&sender.marker.uid);
        let late = left.is_some_and(|since| self.now > since + self.timing.in_doubt_window);
        assert!(!late, "{entry:?} touches what was left alone\n{}", self.story());
    }

    fn lives_on(&self, uid: &str) -> bool {
        let mut uids = Pools::shelf(self).uids().chain(Networks::shelf(self).uids());
        uids.any(|living| living == uid)
    }

    /// Takes note of whose everything is now.
    pub fn note_owners<K: Lives>(&mut self) {
        for thing in self.existing::<K>().iter() {
            let key = (K::NOUN, thing.id().unwrap_or_default().to_owned());
            let created = thing.created_at().map(str::to_owned);
            let before = self.judge.ownership.known.get(&key);
            let same = before.filter(|before| before.created == created);
            let marker = Marker::find(thing.description()).or_else(|| same?.marker.clone());
            let known = Known { created, marker };
            self.judge.ownership.known.insert(key, known);
        }
    }

    /// An object goes by right without its thing: by Detach, by Observe, or by a person's hand.
    pub fn leave_alone(&mut self, uid: &str) {
        let now = self.now;
        self.judge.ownership.left_alone.entry(uid.to_owned()).or_insert(now);
    }

    /// Somebody deletes an object and strips our finalizer from it: whatever it has is left behind.
    pub fn strip<K: Lives>(&mut self, name: &str) {
        let Some(object) = K::shelf(self).get(name) else { return };
        let uid = K::metadata(&object).uid.clone().unwrap_or_default();
        self.leave_alone(&uid);
        K::shelf_mut(self).change(name, |object| K::metadata_mut(object).finalizers = None);
        self.delete_any::<K>(name);
    }
}
