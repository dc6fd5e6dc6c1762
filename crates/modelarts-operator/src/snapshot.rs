//! One complete answer of the cloud, indexed by what objects look for.
//!
//! Built once per round and asked once per object, so nothing here may take time in proportion to
//! the number of things for each object.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use modelarts_plan::identity::derived_name;
use modelarts_plan::kind::Resource;
use modelarts_plan::{ClusterId, Kind, Listing, Marker, Pools, Tick};

use crate::directory::Member;

/// Everything of one complete LIST, or LIST set, of a scope.
#[derive(Debug)]
pub struct Snapshot<K: Kind = Pools> {
    /// When the first of its calls was begun.
    pub began: Tick,
    items: Vec<Arc<K::Resource>>,
    failed: Vec<Arc<K::Resource>>,
    by_id: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
    by_uid: HashMap<String, Vec<usize>>,
    failed_by_uid: HashMap<String, Vec<usize>>,
    /// What objects that nobody knows have left behind, by the part of its name that an object's name gives.
    left_by_stem: HashMap<String, Vec<Left>>,
}

/// Something with a marker of this cluster, of an object that is not known.
#[derive(Debug)]
struct Left {
    uid: String,
    index: usize,
}

/// How to tell what has been left behind.
#[derive(Clone, Copy)]
pub struct Owners<'a> {
    /// The cluster.
    pub cluster: &'a ClusterId,
    /// Whether there may be an object with a uid.
    pub knows: &'a dyn Fn(&str) -> bool,
}

impl<K: Kind> Snapshot<K> {
    /// Indexes an answer. What is as it was in `last` is kept, not copied.
    #[must_use]
    pub fn new(
        began: Tick,
        items: Vec<K::Resource>,
        failed: Vec<K::Resource>,
        last: Option<&Self>,
        owners: Owners<'_>,
    ) -> Self {
        let mut snapshot = Self {
            began,
            items: Vec::with_capacity(items.len()),
            failed: Vec::with_capacity(failed.len()),
            by_id: HashMap::new(),
            by_name: HashMap::new(),
            by_uid: HashMap::new(),
            failed_by_uid: HashMap::new(),
            left_by_stem: HashMap::new(),
        };
        let cluster = owners.cluster.fingerprint();
        for item in items {
            let known = item
                .id()
                .and_then(|id| last?.with_id(id))
                .filter(|known| ***known == item)
                .map(Arc::clone);
            snapshot.add(known.unwrap_or_else(|| Arc::new(item)), &cluster, owners.knows);
        }
        for item in failed {
            if let Some(marker) = Marker::on(&item) {
                let places = snapshot.failed_by_uid.entry(marker.uid).or_default();
                places.push(snapshot.failed.len());
            }
            snapshot.failed.push(Arc::new(item));
        }
        snapshot
    }

    fn add(&mut self, item: Arc<K::Resource>, cluster: &str, knows: &dyn Fn(&str) -> bool) {
        let index = self.items.len();
        if let Some(id) = item.id() {
            // The same thing may come in two of the calls of a set.
            if self.by_id.contains_key(id) {
                return;
            }
            self.by_id.insert(id.to_owned(), index);
        }
        if let Some(name) = item.display_name() {
            self.by_name.entry(name.to_owned()).or_default().push(index);
        }
        if let Some(marker) = Marker::on(&*item) {
            if marker.cluster == cluster
                && !knows(&marker.uid)
                && let Some((stem, _)) = item.display_name().and_then(|name| name.rsplit_once('-'))
            {
                let left = Left {
                    uid: marker.uid.clone(),
                    index,
                };
                self.left_by_stem.entry(stem.to_owned()).or_default().push(left);
            }
            self.by_uid.entry(marker.uid).or_default().push(index);
        }
        self.items.push(item);
    }

    /// The number of things.
    #[must_use]
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The IDs of all things.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<String> {
        self.by_id.keys().cloned().collect()
    }

    /// The thing with an ID.
    #[must_use]
    pub fn with_id(&self, id: &str) -> Option<&Arc<K::Resource>> {
        self.by_id.get(id).map(|index| &self.items[*index])
    }

    /// Everything.
    pub fn items(&self) -> impl Iterator<Item = &Arc<K::Resource>> {
        self.items.iter()
    }

    /// What may concern an object.
    #[must_use]
    pub fn concerning(&self, member: &Member, cluster: &ClusterId) -> Listing<K> {
        let mut indices: BTreeSet<usize> = BTreeSet::new();
        indices.extend(self.by_uid.get(&member.uid).into_iter().flatten());
        let name = member.cloud_name.as_deref();
        indices.extend(name.and_then(|name| self.by_name.get(name)).into_iter().flatten());
        let ids = [member.id.as_deref(), member.adoption.as_deref()];
        indices.extend(ids.into_iter().flatten().filter_map(|id| self.by_id.get(id)));
        indices.extend(self.left_under(&member.name, &member.uid, cluster));
        let failed = self.failed_by_uid.get(&member.uid).into_iter().flatten();
        Listing {
            began: self.began,
            items: indices
                .into_iter()
                .map(|index| Arc::clone(&self.items[index]))
                .collect(),
            failed: failed.map(|index| Arc::clone(&self.failed[*index])).collect(),
        }
    }

    /// What an earlier object of this name has left behind.
    fn left_under(&self, object: &str, uid: &str, cluster: &ClusterId) -> Vec<usize> {
        if self.left_by_stem.is_empty() {
            return Vec::new();
        }
        let derived = derived_name(object, uid, cluster);
        let stem = derived.rsplit_once('-').map_or("", |(stem, _)| stem);
        let left = self.left_by_stem.get(stem).into_iter().flatten();
        left.filter(|left| {
            let name = self.items[left.index].display_name();
            name == Some(derived_name(object, &left.uid, cluster).as_str())
        })
        .map(|left| left.index)
        .collect()
    }

    /// Whether an object would see the same in both. Unchanged things are shared, so this is cheap.
    #[must_use]
    pub fn is_same_for(&self, other: &Self, member: &Member, cluster: &ClusterId) -> bool {
        let (ours, theirs) = (
            self.concerning(member, cluster).items,
            other.concerning(member, cluster).items,
        );
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| Arc::ptr_eq(a, b) || a == b)
    }
}

#[cfg(test)]
mod tests;
