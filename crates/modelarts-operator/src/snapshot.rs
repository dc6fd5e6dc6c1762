//! One complete answer of the cloud, indexed by what objects look for.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use modelarts_plan::{Listing, Marker, Tick};
use modelarts_types::pool::{Phase, Pool};

use crate::directory::Member;

/// All pools of one complete LIST, or LIST set, of a scope.
#[derive(Debug, Default)]
pub struct Snapshot {
    /// When the first of its calls was begun.
    pub began: Tick,
    pools: Vec<Arc<Pool>>,
    failed: Vec<Arc<Pool>>,
    by_id: HashMap<String, usize>,
    by_name: HashMap<String, Vec<usize>>,
    by_uid: HashMap<String, Vec<usize>>,
    failed_by_uid: HashMap<String, Vec<usize>>,
}

impl Snapshot {
    /// Indexes an answer. A pool that is as it was in `last` is kept, not copied.
    #[must_use]
    pub fn new(began: Tick, pools: Vec<Pool>, failed: Vec<Pool>, last: Option<&Self>) -> Self {
        let mut snapshot = Self {
            began,
            ..Self::default()
        };
        for pool in pools {
            let known = pool
                .id()
                .and_then(|id| last?.with_id(id))
                .filter(|known| ***known == pool)
                .map(Arc::clone);
            snapshot.add(known.unwrap_or_else(|| Arc::new(pool)));
        }
        for pool in failed {
            if let Some(marker) = Marker::on(&pool) {
                snapshot
                    .failed_by_uid
                    .entry(marker.uid)
                    .or_default()
                    .push(snapshot.failed.len());
            }
            snapshot.failed.push(Arc::new(pool));
        }
        snapshot
    }

    fn add(&mut self, pool: Arc<Pool>) {
        let index = self.pools.len();
        if let Some(id) = pool.id() {
            // The same pool may come in two of the calls of a set.
            if self.by_id.contains_key(id) {
                return;
            }
            self.by_id.insert(id.to_owned(), index);
        }
        if let Some(name) = pool.display_name() {
            self.by_name.entry(name.to_owned()).or_default().push(index);
        }
        if let Some(marker) = Marker::on(&pool) {
            self.by_uid.entry(marker.uid).or_default().push(index);
        }
        self.pools.push(pool);
    }

    /// The number of pools.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pools.len()
    }

    /// Whether there is no pool.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pools.is_empty()
    }

    /// The IDs of all pools.
    #[must_use]
    pub fn ids(&self) -> BTreeSet<String> {
        self.by_id.keys().cloned().collect()
    }

    /// The pool with an ID.
    #[must_use]
    pub fn with_id(&self, id: &str) -> Option<&Arc<Pool>> {
        self.by_id.get(id).map(|index| &self.pools[*index])
    }

    /// All pools.
    pub fn pools(&self) -> impl Iterator<Item = &Arc<Pool>> {
        self.pools.iter()
    }

    /// What may concern an object.
    #[must_use]
    pub fn concerning(&self, uid: &str, pool_name: Option<&str>, pool_id: Option<&str>) -> Listing {
        let mut indices: BTreeSet<usize> = BTreeSet::new();
        indices.extend(self.by_uid.get(uid).into_iter().flatten());
        indices.extend(pool_name.and_then(|name| self.by_name.get(name)).into_iter().flatten());
        indices.extend(pool_id.and_then(|id| self.by_id.get(id)));
        let failed = self.failed_by_uid.get(uid).into_iter().flatten();
        Listing {
            began: self.began,
            pools: indices
                .into_iter()
                .map(|index| Arc::clone(&self.pools[index]))
                .collect(),
            failed: failed.map(|index| Arc::clone(&self.failed[*index])).collect(),
        }
    }

    /// Whether an object would see the same in both. Unchanged pools are shared, so this is cheap.
    #[must_use]
    pub fn is_same_for(&self, other: &Self, member: &Member) -> bool {
        let view = |snapshot: &Self| {
            snapshot
                .concerning(&member.uid, member.pool_name.as_deref(), member.pool_id.as_deref())
                .pools
        };
        let (ours, theirs) = (view(self), view(other));
        ours.len() == theirs.len() && ours.iter().zip(&theirs).all(|(a, b)| Arc::ptr_eq(a, b) || a == b)
    }
}

/// Whether a pool is on its way somewhere.
#[must_use]
pub fn is_moving(pool: &Pool) -> bool {
    let counts = pool
        .status
        .as_ref()
        .and_then(|status| status.resources.clone())
        .unwrap_or_default();
    let some =
        |counts: &Option<modelarts_types::pool::Counts>| counts.as_ref().is_some_and(|counts| counts.total() > 0);
    match pool.phase() {
        None | Some(Phase::Creating | Phase::Deleting) => true,
        Some(_) => some(&counts.creating) || some(&counts.deleting),
    }
}
