//! What the cloud executed, judged entry by entry of its ledger: every change is explained by a step that
//! sent it once or by somebody else, and no object has two things.

use std::collections::BTreeSet;

use modelarts_plan::kind::Resource;
use modelarts_plan::{Marker, Networks, Pools};
use modelarts_sim::ledger::Entry;
use modelarts_types::pool::Pool;

use super::World;
use super::kinds::Lives;

impl World {
    /// All things of a kind that exist, failed records included.
    pub fn things<K: Lives>(&mut self) -> Vec<K::Resource> {
        self.existing::<K>()
            .iter()
            .map(|thing| K::Resource::clone(thing))
            .collect()
    }

    /// All pools that exist, failed records included.
    pub fn pools(&mut self) -> Vec<Pool> {
        self.things::<Pools>()
    }

    /// The IDs of the live pools with a marker.
    pub fn marked(&mut self, marker: &Marker) -> Vec<String> {
        self.marked_any::<Pools>(marker)
    }

    /// The IDs of the live things with a marker.
    pub fn marked_any<K: Lives>(&mut self, marker: &Marker) -> Vec<String> {
        self.existing::<K>()
            .iter()
            .filter(|thing| !K::has_failed(thing) && Marker::find(thing.description()).as_ref() == Some(marker))
            .filter_map(|thing| thing.id().map(str::to_owned))
            .collect()
    }

    /// Every change of the cloud is explained, and no object has two things. Only what the ledger tells
    /// can have changed that.
    pub fn check(&mut self) {
        let now = self.cloud_now();
        let seen = self.judge.mutations;
        let new = self.cloud.settled(now).0.ledger(now)[seen..].to_vec();
        if new.is_empty() {
            return;
        }
        self.judge.mutations += new.len();
        for entry in &new {
            self.explain(entry);
        }
        self.check_twins::<Pools>();
        self.check_twins::<Networks>();
        self.note_owners::<Pools>();
        self.note_owners::<Networks>();
    }

    fn log_mutation(&mut self, entry: &Entry) {
        self.log.event(self.now, &entry.operation, 3_000);
        let id = entry.pool_id.as_ref().or(entry.network_id.as_ref());
        self.log.text(id.map_or("", String::as_str));
        self.log.text(&entry.outcome);
        self.log.text(&entry.time);
        if let Some(sent) = self.judge.sent.get(&entry.request_id) {
            self.log.text(&sent.body.to_string());
        }
    }

    /// The ledger holds what a step of a plan sent, each at most once, and what others did under names of their own.
    fn explain(&mut self, entry: &Entry) {
        let others = ["OutOfBand", "Console"];
        if !others.iter().any(|word| entry.operation.starts_with(word)) {
            let sent = self.judge.sent.get_mut(&entry.request_id);
            assert!(sent.is_some(), "nobody sent {entry:?}");
            let Some(sent) = sent else { return };
            assert_eq!(sent.operation.name(), entry.operation, "another request than was sent");
            sent.accepted += 1;
            assert_eq!(sent.accepted, 1, "{entry:?} was executed twice");
            if let Some(sender) = sent.sender.clone() {
                self.judge_owner(entry, &sender);
            }
        }
        self.log_mutation(entry);
        self.chronicle_mutation(entry);
    }

    fn check_twins<K: Lives>(&mut self) {
        let mut owners = BTreeSet::new();
        for thing in self.existing::<K>().iter() {
            if K::has_failed(thing) {
                continue;
            }
            if let Some(marker) = Marker::find(thing.description()) {
                let first = owners.insert(marker.to_string());
                assert!(first || self.allow_twins, "two of {marker}\n{}", self.story());
            }
        }
    }

    pub fn tell(&mut self, text: impl AsRef<str>) {
        let line = format!("{:>9} {}", self.now, text.as_ref());
        self.log.line(line);
    }
}
