//! An API server as far as the protocol leans on it: uids, versions that guard writes, generations,
//! finalizers and two-phase deletion. One shelf holds the objects of one kind.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use modelarts_plan::kind::Status;

use super::kinds::Lives;

/// A write was refused because the object is not as it was read, or is no more.
#[derive(Debug, PartialEq, Eq)]
pub struct Stale;

pub struct Shelf<K: Lives> {
    objects: BTreeMap<String, K::Object>,
    /// Each object as it was before the last write of a process.
    before: BTreeMap<String, K::Object>,
    /// Whether a write of what is not the newest is refused, as an API server does.
    pub guarded: bool,
    version: u64,
    uids: u64,
    /// Number of writes by the process.
    pub writes: usize,
}

impl<K: Lives> Default for Shelf<K> {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            before: BTreeMap::new(),
            guarded: true,
            version: 0,
            uids: 0,
            writes: 0,
        }
    }
}

impl<K: Lives> Shelf<K> {
    pub fn get(&self, name: &str) -> Option<K::Object> {
        self.objects.get(name).cloned()
    }

    /// The version that the last write of a process replaced.
    pub fn replaced(&self, name: &str) -> Option<&String> {
        K::metadata(self.before.get(name)?).resource_version.as_ref()
    }

    /// The object as it was before the last write of a process, if people have not touched it since.
    pub fn stale(&self, name: &str) -> Option<K::Object> {
        let now = self.objects.get(name)?;
        let (new, before) = (K::metadata(now), self.before.get(name));
        let same = before.filter(|before| {
            let old = K::metadata(before);
            let people = (&old.uid, old.generation, &old.deletion_timestamp, &old.annotations);
            people == (&new.uid, new.generation, &new.deletion_timestamp, &new.annotations)
        });
        Some(same.unwrap_or(now).clone())
    }

    pub fn object(&self, name: &str) -> &K::Object {
        self.objects.get(name).expect("the object is there")
    }

    pub fn names(&self) -> Vec<String> {
        self.objects.keys().cloned().collect()
    }

    pub fn all(&self) -> impl Iterator<Item = (&String, &K::Object)> {
        self.objects.iter()
    }

    pub fn uids(&self) -> impl Iterator<Item = &str> {
        self.objects
            .values()
            .filter_map(|object| K::metadata(object).uid.as_deref())
    }

    /// Status, reason and message of a condition; empty words if there is none.
    pub fn condition(&self, name: &str, type_: &str) -> (String, String, String) {
        self.objects
            .get(name)
            .and_then(|object| K::status(object))
            .and_then(|status| status.conditions().iter().find(|condition| condition.type_ == type_))
            .map(|found| (found.status.clone(), found.reason.clone(), found.message.clone()))
            .unwrap_or_default()
    }

    fn next_version(&mut self) -> Option<String> {
        self.version += 1;
        Some(self.version.to_string())
    }

    pub fn apply(&mut self, name: &str, spec: K::Spec) {
        let version = self.next_version();
        if let Some(object) = self.objects.get_mut(name) {
            let changed = *K::spec(object) != spec;
            *K::spec_mut(object) = spec;
            let metadata = K::metadata_mut(object);
            if changed {
                metadata.generation = metadata.generation.map(|generation| generation + 1);
            }
            metadata.resource_version = version;
            return;
        }
        self.uids += 1;
        let mut object = K::object(name, spec);
        let metadata = K::metadata_mut(&mut object);
        metadata.namespace = Some("ml".into());
        metadata.uid = Some(format!("{}-{:012x}", K::UIDS, self.uids));
        metadata.generation = Some(1);
        metadata.resource_version = version;
        *K::status_mut(&mut object) = Some(K::unseen());
        self.objects.insert(name.to_owned(), object);
    }

    pub fn annotate(&mut self, name: &str, key: &str, value: &str) {
        self.change(name, |object| {
            let annotations = K::metadata_mut(object).annotations.get_or_insert_with(BTreeMap::new);
            annotations.insert(key.to_owned(), value.to_owned());
        });
    }

    pub fn delete(&mut self, name: &str) {
        self.change(name, |object| {
            let metadata = K::metadata_mut(object);
            if metadata.deletion_timestamp.is_none() {
                metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
                metadata.generation = metadata.generation.map(|generation| generation + 1);
            }
        });
        self.collect(name);
    }

    /// The object is gone without anybody having been asked, as when a cluster is made anew.
    pub fn forget(&mut self, name: &str) {
        self.objects.remove(name);
    }

    /// Somebody changes the object by hand.
    pub fn change(&mut self, name: &str, change: impl FnOnce(&mut K::Object)) {
        let version = self.next_version();
        let object = self.objects.get_mut(name).expect("the object is there");
        change(object);
        K::metadata_mut(object).resource_version = version;
    }

    /// A guarded write of the process. `read` is the object as the process knows it.
    pub fn write(&mut self, read: &K::Object, change: impl FnOnce(&mut K::Object)) -> Result<K::Object, Stale> {
        let name = K::metadata(read).name.clone().unwrap_or_default();
        let current = self.objects.get(&name).ok_or(Stale)?;
        if self.guarded && K::metadata(current).resource_version != K::metadata(read).resource_version {
            return Err(Stale);
        }
        self.before.insert(name.clone(), current.clone());
        self.writes += 1;
        self.change(&name, change);
        let written = self.object(&name).clone();
        self.collect(&name);
        Ok(written)
    }

    /// Removes an object that is being deleted and that nothing holds.
    fn collect(&mut self, name: &str) {
        let held = |object: &K::Object| K::metadata(object).finalizers.iter().flatten().next().is_some();
        let gone = self
            .objects
            .get(name)
            .is_some_and(|object| K::metadata(object).deletion_timestamp.is_some() && !held(object));
        if gone {
            self.objects.remove(name);
        }
    }
}
