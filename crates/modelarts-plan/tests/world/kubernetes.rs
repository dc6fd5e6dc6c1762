//! An API server as far as the protocol leans on it: uids, versions that guard writes, generations,
//! finalizers and two-phase deletion.

use std::collections::BTreeMap;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use modelarts_crd::status::ModelArtsPoolStatus;
use modelarts_crd::{ModelArtsPool, ModelArtsPoolSpec};

/// A write was refused because the object is not as it was read, or is no more.
#[derive(Debug, PartialEq, Eq)]
pub struct Stale;

#[derive(Default)]
pub struct Kubernetes {
    objects: BTreeMap<String, ModelArtsPool>,
    version: u64,
    uids: u64,
    /// Number of writes by the process.
    pub writes: usize,
}

impl Kubernetes {
    pub fn get(&self, name: &str) -> Option<ModelArtsPool> {
        self.objects.get(name).cloned()
    }

    pub fn object(&self, name: &str) -> &ModelArtsPool {
        self.objects.get(name).expect("the object is there")
    }

    pub fn names(&self) -> Vec<String> {
        self.objects.keys().cloned().collect()
    }

    pub fn all(&self) -> impl Iterator<Item = (&String, &ModelArtsPool)> {
        self.objects.iter()
    }

    /// Status, reason and message of a condition; empty words if there is none.
    pub fn condition(&self, name: &str, type_: &str) -> (String, String, String) {
        self.objects
            .get(name)
            .and_then(|object| object.status.as_ref())
            .and_then(|status| status.conditions.iter().find(|condition| condition.type_ == type_))
            .map(|found| (found.status.clone(), found.reason.clone(), found.message.clone()))
            .unwrap_or_default()
    }

    fn next_version(&mut self) -> Option<String> {
        self.version += 1;
        Some(self.version.to_string())
    }

    pub fn apply(&mut self, name: &str, spec: ModelArtsPoolSpec) {
        let version = self.next_version();
        if let Some(object) = self.objects.get_mut(name) {
            if object.spec != spec {
                object.spec = spec;
                object.metadata.generation = object.metadata.generation.map(|generation| generation + 1);
            }
            object.metadata.resource_version = version;
            return;
        }
        self.uids += 1;
        let mut object = ModelArtsPool::new(name, spec);
        object.metadata.namespace = Some("ml".into());
        object.metadata.uid = Some(format!("0f1d5a0e-51a1-4f43-a1de-{:012x}", self.uids));
        object.metadata.generation = Some(1);
        object.metadata.resource_version = version;
        object.status = Some(ModelArtsPoolStatus {
            observed_generation: Some(-1),
            ..ModelArtsPoolStatus::default()
        });
        self.objects.insert(name.to_owned(), object);
    }

    pub fn annotate(&mut self, name: &str, key: &str, value: &str) {
        self.change(name, |object| {
            let annotations = object.metadata.annotations.get_or_insert_with(BTreeMap::new);
            annotations.insert(key.to_owned(), value.to_owned());
        });
    }

    pub fn delete(&mut self, name: &str) {
        self.change(name, |object| {
            let metadata = &mut object.metadata;
            metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
            metadata.generation = metadata.generation.map(|generation| generation + 1);
        });
        self.collect(name);
    }

    /// Somebody changes the object by hand.
    pub fn change(&mut self, name: &str, change: impl FnOnce(&mut ModelArtsPool)) {
        let version = self.next_version();
        let object = self.objects.get_mut(name).expect("the object is there");
        change(object);
        object.metadata.resource_version = version;
    }

    /// A guarded write of the process. `read` is the object as the process knows it.
    pub fn write(
        &mut self,
        read: &ModelArtsPool,
        change: impl FnOnce(&mut ModelArtsPool),
    ) -> Result<ModelArtsPool, Stale> {
        let name = read.metadata.name.clone().unwrap_or_default();
        let current = self.objects.get(&name).ok_or(Stale)?;
        if current.metadata.resource_version != read.metadata.resource_version {
            return Err(Stale);
        }
        self.writes += 1;
        self.change(&name, change);
        let written = self.object(&name).clone();
        self.collect(&name);
        Ok(written)
    }

    /// Removes an object that is being deleted and that nothing holds.
    fn collect(&mut self, name: &str) {
        let held = |object: &ModelArtsPool| object.metadata.finalizers.iter().flatten().next().is_some();
        let gone = self
            .objects
            .get(name)
            .is_some_and(|object| object.metadata.deletion_timestamp.is_some() && !held(object));
        if gone {
            self.objects.remove(name);
        }
    }
}
