//! The server as a state machine: objects, the count of versions, and every change there was.
//!
//! The time is an argument and nothing is random, so the same calls give the same objects, uids
//! included. A refused or empty write changes nothing, not even the version.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::metadata::{self, finalizers, generation, is_deleting, text};
use crate::refusal::Refusal;
use crate::request::{Part, Patch, Preconditions};
use crate::resource::{Resource, Rules, Scope, built_in};
use crate::rules::{check_finalizers, check_identity, check_place, content, default_status, replace_status};

/// Where an object is. In the order of a list.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Its resource, by plural name.
    pub plural: String,
    /// Its namespace, empty for none.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl Key {
    /// An object of `plural` in `namespace`, empty for none, named `name`.
    #[must_use]
    pub fn new(plural: &str, namespace: &str, name: &str) -> Self {
        Self {
            plural: plural.to_owned(),
            namespace: namespace.to_owned(),
            name: name.to_owned(),
        }
    }
}

/// What a change did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// The object is new.
    Added,
    /// The object is another than before.
    Modified,
    /// The object is no more.
    Deleted,
}

/// One change.
#[derive(Clone, Debug)]
pub struct Change {
    /// The version that it made.
    pub version: u64,
    /// What it did.
    pub kind: ChangeKind,
    /// To which object.
    pub key: Key,
    /// The object after it; of a deleted one, its last state with the version of the deletion.
    pub object: Arc<Value>,
}

/// How a deletion ended.
#[derive(Clone, Debug)]
pub enum Deleted {
    /// The object is gone; this was its uid.
    Gone(String),
    /// Finalizers hold it.
    Held(Arc<Value>),
}

/// All objects.
#[derive(Clone, Debug)]
pub struct Store {
    resources: Vec<Resource>,
    objects: BTreeMap<Key, Arc<Value>>,
    version: u64,
    changes: Vec<Change>,
    /// Changes up to this version are not shown any more.
    compacted: u64,
    /// How often there was an object of this name.
    births: BTreeMap<Key, u64>,
    /// Objects whose status is the schema's default and is not stored: the first write stores it,
    /// and so makes a new version even if nothing else is new.
    bare: BTreeSet<Key>,
}

impl Store {
    /// A server with the built-in kinds, `custom` ones, and the namespaces that every cluster has.
    #[must_use]
    pub fn new(custom: impl IntoIterator<Item = Resource>, now: Timestamp) -> Self {
        let mut store = Self {
            resources: built_in().into_iter().chain(custom).collect(),
            objects: BTreeMap::new(),
            version: 0,
            changes: Vec::new(),
            compacted: 0,
            births: BTreeMap::new(),
            bare: BTreeSet::new(),
        };
        for name in ["default", "kube-system"] {
            // There is nothing yet that could stand in the way.
            let _ = store.create(&Key::new("namespaces", "", name), json!({}), now);
        }
        store
    }

    /// The kind with this plural name.
    #[must_use]
    pub fn resource(&self, plural: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.plural == plural)
    }

    /// The newest version.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.version
    }

    /// The oldest version from which changes are still shown.
    #[must_use]
    pub fn oldest(&self) -> u64 {
        self.compacted
    }

    /// Forgets the changes up to `version`, as etcd's compaction does.
    pub fn compact(&mut self, version: u64) {
        self.compacted = self.compacted.max(version.min(self.version));
    }

    /// Every change there was, oldest first.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The changes after version `after` and up to `last`, oldest first.
    pub fn changes_between(&self, after: u64, last: u64) -> impl Iterator<Item = &Change> {
        let from = self.changes.partition_point(|change| change.version <= after);
        self.changes[from..]
            .iter()
            .take_while(move |change| change.version <= last)
    }

    /// One object.
    ///
    /// # Errors
    /// There is none.
    pub fn get(&self, key: &Key) -> Result<Arc<Value>, Refusal> {
        let found = self.objects.get(key).cloned();
        found.ok_or_else(|| Refusal::not_found(&self.kind(key), &key.name))
    }

    /// The objects of a kind as they were at `version`, in one namespace or, if that is empty, in all.
    #[must_use]
    pub fn list(&self, plural: &str, namespace: &str, version: u64) -> Vec<(Key, Arc<Value>)> {
        let wanted = |key: &Key| key.plural == plural && (namespace.is_empty() || key.namespace == namespace);
        if version >= self.version {
            let found = self.objects.iter().filter(|(key, _)| wanted(key));
            return found.map(|(key, object)| (key.clone(), Arc::clone(object))).collect();
        }
        let mut then = BTreeMap::new();
        for change in self.changes_between(0, version).filter(|change| wanted(&change.key)) {
            match change.kind {
                ChangeKind::Deleted => then.remove(&change.key),
                ChangeKind::Added | ChangeKind::Modified => then.insert(change.key.clone(), Arc::clone(&change.object)),
            };
        }
        then.into_iter().collect()
    }

    /// Makes an object.
    ///
    /// # Errors
    /// There is one already, or its namespace is missing, or its metadata is at odds with `key`.
    pub fn create(&mut self, key: &Key, mut object: Value, now: Timestamp) -> Result<Arc<Value>, Refusal> {
        let resource = self.kind(key);
        metadata::ensure(&mut object);
        check_place(key, &object)?;
        if !text(&object, "resourceVersion").is_empty() {
            return Err(Refusal::versioned());
        }
        if resource.scope == Scope::Namespaced {
            self.get(&Key::new("namespaces", "", &key.namespace))?;
        }
        if self.objects.contains_key(key) {
            return Err(Refusal::already_exists(&resource, &key.name));
        }
        let births = self.births.entry(key.clone()).or_default();
        *births += 1;
        let uid = metadata::uid(&format!("{}/{}/{}#{births}", key.plural, key.namespace, key.name));
        let own = json!({"metadata": {
            "name": key.name, "uid": uid, "creationTimestamp": metadata::stamp(now),
        }});
        metadata::keep_own(&mut object, &own);
        if resource.scope == Scope::Namespaced {
            metadata::set(&mut object, "namespace", json!(key.namespace));
        }
        object["apiVersion"] = json!(resource.api_version());
        object["kind"] = json!(resource.kind);
        if let Rules::Custom { status } = &resource.rules {
            metadata::set(&mut object, "generation", json!(1));
            replace_status(&mut object, status.as_ref());
        }
        metadata::tidy(&mut object);
        let made = self.write(key, object, ChangeKind::Added);
        if default_status(&resource).is_some() {
            self.bare.insert(key.clone());
        }
        Ok(made)
    }

    /// Replaces an object, or its status. Answers also whether it was made, as some kinds allow.
    ///
    /// # Errors
    /// There is none, or it has changed, or it must not be changed so.
    pub fn replace(
        &mut self,
        key: &Key,
        mut object: Value,
        part: Part,
        now: Timestamp,
    ) -> Result<(bool, Arc<Value>), Refusal> {
        let resource = self.kind(key);
        if resource.is_created_by_update() && !self.objects.contains_key(key) {
            metadata::drop_member(&mut object, "resourceVersion");
            return Ok((true, self.create(key, object, now)?));
        }
        let current = self.get(key)?;
        let given = text(&object, "uid");
        if part == Part::Main && !given.is_empty() && given != text(&current, "uid") {
            let why = format!(
                "Precondition failed: UID in precondition: {given}, UID in object meta: {}",
                text(&current, "uid")
            );
            return Err(Refusal::conflict(&resource, &key.name, &why));
        }
        Ok((false, self.update(key, &current, object, part)?))
    }

    /// Changes an object, or its status, by a patch.
    ///
    /// # Errors
    /// As for [`Store::replace`]; or the patch does not apply.
    pub fn patch(&mut self, key: &Key, patch: &Patch, part: Part) -> Result<Arc<Value>, Refusal> {
        let current = self.get(key)?;
        let next = patch.apply(&current)?;
        if text(&next, "name").is_empty() {
            return Err(Refusal::bad_request("name must be provided"));
        }
        self.update(key, &current, next, part)
    }

    /// Deletes an object, or marks it if finalizers hold it.
    ///
    /// # Errors
    /// There is none, or a precondition does not hold.
    pub fn delete(&mut self, key: &Key, only_if: &Preconditions, now: Timestamp) -> Result<Deleted, Refusal> {
        let resource = self.kind(key);
        if key.plural == "namespaces" {
            return Err(Refusal::unsupported("the deletion of namespaces"));
        }
        let current = self.get(key)?;
        for (what, wanted, found) in [
            ("UID", &only_if.uid, text(&current, "uid")),
            ("ResourceVersion", &only_if.version, text(&current, "resourceVersion")),
        ] {
            if let Some(wanted) = wanted.as_deref().filter(|wanted| *wanted != found) {
                return Err(Refusal::precondition(&resource, &key.name, what, wanted, found));
            }
        }
        if finalizers(&current).is_empty() {
            self.remove(key, &current);
            return Ok(Deleted::Gone(text(&current, "uid").to_owned()));
        }
        if is_deleting(&current) {
            return Ok(Deleted::Held(current));
        }
        let mut marked = (*current).clone();
        metadata::set(&mut marked, "deletionTimestamp", json!(metadata::stamp(now)));
        metadata::set(&mut marked, "deletionGracePeriodSeconds", json!(0));
        if generation(&marked) > 0 {
            metadata::set(&mut marked, "generation", json!(generation(&current) + 1));
        }
        Ok(Deleted::Held(self.write(key, marked, ChangeKind::Modified)))
    }

    fn update(&mut self, key: &Key, current: &Arc<Value>, mut next: Value, part: Part) -> Result<Arc<Value>, Refusal> {
        let resource = self.kind(key);
        match text(&next, "resourceVersion") {
            "" if !resource.allows_unconditional_update() => return Err(Refusal::unversioned(&resource, &key.name)),
            "" => {}
            version if version == text(current, "resourceVersion") => {}
            _ => return Err(Refusal::stale(&resource, &key.name)),
        }
        check_identity(&resource, key, current, &next, part)?;
        if part == Part::Status {
            let status = next.get("status").cloned();
            next = (**current).clone();
            replace_status(&mut next, status.as_ref().or(default_status(&resource)));
        } else {
            check_place(key, &next)?;
            metadata::keep_own(&mut next, current);
            metadata::tidy(&mut next);
            next["apiVersion"] = current["apiVersion"].clone();
            next["kind"] = current["kind"].clone();
            check_finalizers(&resource, key, current, &next)?;
            if resource.is_custom() {
                replace_status(&mut next, current.get("status"));
                if content(&next) != content(current) {
                    metadata::set(&mut next, "generation", json!(generation(current) + 1));
                }
            }
        }
        if next == **current && !self.bare.contains(key) {
            return Ok(Arc::clone(current));
        }
        if is_deleting(&next) && finalizers(&next).is_empty() {
            self.remove(key, current);
            return Ok(Arc::new(next));
        }
        Ok(self.write(key, next, ChangeKind::Modified))
    }

    fn write(&mut self, key: &Key, mut object: Value, kind: ChangeKind) -> Arc<Value> {
        self.version += 1;
        self.bare.remove(key);
        metadata::set(&mut object, "resourceVersion", json!(self.version.to_string()));
        let object = Arc::new(object);
        self.changes.push(Change {
            version: self.version,
            kind,
            key: key.clone(),
            object: Arc::clone(&object),
        });
        self.objects.insert(key.clone(), Arc::clone(&object));
        object
    }

    fn remove(&mut self, key: &Key, last: &Value) {
        self.write(key, last.clone(), ChangeKind::Deleted);
        self.objects.remove(key);
    }

    /// The kind of an object; of one whose kind is not known, something that can stand in a refusal.
    fn kind(&self, key: &Key) -> Resource {
        let unknown = || Resource::custom("", "", "", &key.plural, Scope::Cluster, None);
        self.resource(&key.plural).cloned().unwrap_or_else(unknown)
    }
}
