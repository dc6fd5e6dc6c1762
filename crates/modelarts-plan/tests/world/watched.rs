//! The cloud, and whether it may have changed since somebody looked. Lists and views that were parsed
//! once are handed out again while nothing can have changed, which makes a quiet day cheap.
//!
//! Whoever borrows the cloud to change it makes it changed; what happens in it by itself does so too.
//! Nothing is remembered while the time alone could change an answer: while new things stay out of lists.

use std::collections::HashMap;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use modelarts_sim::Cloud;

use super::World;
use super::cloud::Which;
use super::kinds::Lives;

/// The cloud with a count of its changes.
pub struct Watched {
    cloud: Cloud,
    changes: u64,
    /// The last change that was seen, and when.
    seen: (u64, u64),
}

impl Watched {
    pub fn new(cloud: Cloud) -> Self {
        Self {
            cloud,
            changes: 1,
            seen: (0, 0),
        }
    }

    /// For reading only: a count that differs if anything may have changed until `now`.
    pub fn settled(&mut self, now: u64) -> (&mut Cloud, u64) {
        if self.cloud.next_due().is_some_and(|due| due <= now) {
            self.cloud.settle(now);
            self.changes += 1;
        }
        if self.seen.0 != self.changes {
            self.seen = (self.changes, now);
        }
        (&mut self.cloud, self.changes)
    }

    /// Whether everything that is there shows in lists: the newest change is older than the lag.
    fn shows_all(&self, now: u64) -> bool {
        let lag = 1_000 * self.cloud.profile().list_lag_seconds;
        lag == 0 || now >= self.seen.1 + lag
    }
}

impl Deref for Watched {
    type Target = Cloud;

    fn deref(&self) -> &Cloud {
        &self.cloud
    }
}

impl DerefMut for Watched {
    fn deref_mut(&mut self) -> &mut Cloud {
        self.changes += 1;
        &mut self.cloud
    }
}

/// Things of a kind, shared by all who look.
pub type Things<K> = Arc<Vec<Arc<<K as modelarts_plan::Kind>::Resource>>>;

/// Answers that were parsed, each with the count of changes that it is of.
pub struct Parsed<K: Lives> {
    lists: HashMap<&'static str, (u64, Things<K>)>,
    all: Option<(u64, Things<K>)>,
}

impl<K: Lives> Default for Parsed<K> {
    fn default() -> Self {
        Self {
            lists: HashMap::new(),
            all: None,
        }
    }
}

impl World {
    /// One list, as the service gives it.
    pub fn listed<K: Lives>(&mut self, which: Which, hide_younger: u64) -> Result<Things<K>, modelarts_sim::Refusal> {
        let now = self.cloud_now();
        let (_, changes) = self.cloud.settled(now);
        let lasts = hide_younger == 0 && self.cloud.shows_all(now);
        let known = K::parsed(self).lists.get(which.word());
        if let Some((_, things)) = known.filter(|(of, _)| lasts && *of == changes) {
            return Ok(Arc::clone(things));
        }
        let things = K::list(self, which, hide_younger)?.into_iter().map(Arc::new).collect();
        let things = Arc::new(things);
        if lasts {
            let kept = (changes, Arc::clone(&things));
            K::parsed_mut(self).lists.insert(which.word(), kept);
        }
        Ok(things)
    }

    /// All things of a kind that exist, failed records included.
    pub fn existing<K: Lives>(&mut self) -> Things<K> {
        let now = self.cloud_now();
        let (_, changes) = self.cloud.settled(now);
        if let Some((_, things)) = K::parsed(self).all.as_ref().filter(|(of, _)| *of == changes) {
            return Arc::clone(things);
        }
        let things = K::all(self).into_iter().map(|view| Arc::new(K::read(view))).collect();
        let things = Arc::new(things);
        K::parsed_mut(self).all = Some((changes, Arc::clone(&things)));
        things
    }
}
