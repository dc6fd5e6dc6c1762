//! The census of the one scope of a kind: a LIST per interval, or a LIST set when somebody waits for one.
//!
//! It follows the operator's own: what wakes an object, what counts as trouble, and that an answer
//! that failed changes nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use modelarts_plan::identity::derived_name;
use modelarts_plan::kind::Resource;
use modelarts_plan::{Breaker, Cloud, CloudFailure, ClusterId, Listing, Marker, Tick, Trouble};

use super::World;
use super::cloud::{Stop, Which};
use super::faults::Fault;
use super::kinds::Lives;

/// After how many intervals without a look the objects are told.
const TELL_AFTER: u64 = 3;

/// An object as its last pass saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub uid: String,
    pub external_name: Option<String>,
    pub id: Option<String>,
    pub object_name: String,
    pub adoption: Option<String>,
    pub deleting: bool,
    pub busy: bool,
}

/// What the process knows of the scope.
pub struct Census<K: Lives> {
    pub members: BTreeMap<String, Member>,
    list: Option<Listing<K>>,
    set: Option<Listing<K>>,
    trouble: Option<Trouble>,
    trouble_told: bool,
    breaker: Breaker,
    waiting: BTreeMap<String, Tick>,
    pub deleted_names: BTreeMap<String, Tick>,
    /// An answer that is on its way while other things happen, and what the canary said.
    late: Option<(Looked<K>, bool)>,
    /// When the next round is due, in the world's time; none before the first object.
    pub due: Option<u64>,
}

impl<K: Lives> Default for Census<K> {
    fn default() -> Self {
        Self {
            members: BTreeMap::new(),
            list: None,
            set: None,
            trouble: None,
            trouble_told: false,
            breaker: Breaker::default(),
            waiting: BTreeMap::new(),
            deleted_names: BTreeMap::new(),
            late: None,
            due: None,
        }
    }
}

impl<K: Lives> Census<K> {
    /// What was seen, as far as it concerns an object. `living` are the uids of all objects.
    pub fn cloud_of(&self, member: &Member, cluster: &ClusterId, living: &BTreeSet<String>) -> Cloud<K> {
        let concerning =
            |listing: &Option<Listing<K>>| listing.as_ref().map(|listing| concerning(listing, member, cluster));
        let (list, set) = (concerning(&self.list), concerning(&self.set));
        let fingerprint = cluster.fingerprint();
        let orphans = [&list, &set]
            .into_iter()
            .flatten()
            .flat_map(|listing| &listing.items)
            .filter_map(|item| Marker::find(item.description()))
            .filter(|marker| marker.cluster == fingerprint && !living.contains(&marker.uid))
            .map(|marker| marker.uid)
            .collect();
        let deleted = |name: &String| self.deleted_names.get(name).copied();
        Cloud {
            list,
            set,
            trouble: self.trouble.clone(),
            frozen: self.breaker.is_open(),
            name_deleted: member.external_name.as_ref().and_then(deleted),
            orphans: Some(orphans),
        }
    }

    /// Asks for a LIST set that begins at `since` or later.
    pub fn want(&mut self, name: &str, since: Tick, now: u64) {
        self.waiting.insert(name.to_owned(), since);
        // While looking fails the rounds keep their pace, or each failure would cause the next at once.
        if self.trouble.is_none() {
            self.due = Some(self.due.unwrap_or(now).min(now));
        }
    }

    pub fn is_frozen(&self) -> bool {
        self.breaker.is_open()
    }

    fn wants_set(&self) -> bool {
        let began = self.set.as_ref().map(|set| set.began);
        self.waiting
            .values()
            .any(|since| began.is_none_or(|began| began < *since))
    }
}

fn concerning<K: Lives>(listing: &Listing<K>, member: &Member, cluster: &ClusterId) -> Listing<K> {
    let is_ours = |item: &K::Resource| Marker::find(item.description()).is_some_and(|marker| marker.uid == member.uid);
    let named = |item: &K::Resource| item.display_name() == member.external_name.as_deref();
    let recorded = |item: &K::Resource| member.id.is_some() && item.id() == member.id.as_deref();
    let adopted = |item: &K::Resource| member.adoption.is_some() && item.id() == member.adoption.as_deref();
    let fingerprint = cluster.fingerprint();
    let head = plain_head(&member.object_name);
    let derived = |item: &K::Resource| {
        // Most names begin otherwise, and need no fingerprint to be told apart.
        if !item.display_name().is_some_and(|name| name.starts_with(head)) {
            return false;
        }
        let marker = Marker::find(item.description()).filter(|marker| marker.cluster == fingerprint);
        marker.is_some_and(|marker| {
            item.display_name() == Some(derived_name(&member.object_name, &marker.uid, cluster).as_str())
        })
    };
    Listing {
        began: listing.began,
        items: listing
            .items
            .iter()
            .filter(|item| is_ours(item) || named(item) || recorded(item) || adopted(item) || derived(item))
            .cloned()
            .collect(),
        failed: listing.failed.iter().filter(|item| is_ours(item)).cloned().collect(),
    }
}

/// Whether two answers say the same; those that were parsed once are known to.
fn alike<R: PartialEq>(one: &[Arc<R>], other: &[Arc<R>]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| Arc::ptr_eq(one, other) || one == other)
}

/// What every name that is derived from this object begins with.
fn plain_head(object: &str) -> &str {
    if !object.starts_with(|c: char| c.is_ascii_lowercase()) {
        return "";
    }
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let end = object.find(|c| !plain(c)).unwrap_or(object.len()).min(14);
    object[..end].trim_end_matches('-')
}

struct Looked<K: Lives> {
    list: Listing<K>,
    set: Option<Listing<K>>,
}

impl World {
    /// One round.
    pub fn round<K: Lives>(&mut self) -> Result<(), Stop> {
        if let Some((looked, canary)) = K::worker_mut(&mut self.process).census.late.take() {
            self.absorb_looked(looked, canary);
            self.next_round::<K>();
            return Ok(());
        }
        let census = &K::worker(&self.process).census;
        if census.members.is_empty() {
            K::worker_mut(&mut self.process).census.due = None;
            return Ok(());
        }
        // An account that cannot be used cannot be asked.
        if self.closed.is_none() {
            let begun = self.judge.calls.len();
            let looked = if census.wants_set() {
                self.list_set::<K>()?
            } else {
                self.list::<K>()?
            };
            match looked {
                Ok(looked) => {
                    let (tick, timing) = (self.tick(), self.timing);
                    let census = &K::worker(&self.process).census;
                    let canary = census.breaker.wants_canary(tick, &timing) && self.read_canary()?;
                    let overtaken = self.judge.calls[begun..].iter().find_map(|call| match call.fault {
                        Some(Fault::Overtaken(millis)) => Some(millis),
                        _ => None,
                    });
                    if let Some(millis) = overtaken {
                        let due = self.now + millis;
                        let census = &mut K::worker_mut(&mut self.process).census;
                        (census.late, census.due) = (Some((looked, canary)), Some(due));
                        return Ok(());
                    }
                    self.absorb_looked(looked, canary);
                }
                Err(failure) => self.absorb_trouble::<K>(failure),
            }
        }
        self.next_round::<K>();
        Ok(())
    }

    fn next_round<K: Lives>(&mut self) {
        let due = self.now + self.pause::<K>();
        K::worker_mut(&mut self.process).census.due = Some(due);
    }

    fn hidden<K: Lives>(&self, items: Vec<Arc<K::Resource>>) -> Vec<Arc<K::Resource>> {
        let hides = self.now < self.hides_until;
        if !hides && !self.hide_all {
            return items;
        }
        let young = |item: &K::Resource| {
            let created = item.created_at().and_then(|at| at.parse::<jiff::Timestamp>().ok());
            let age = created.map_or(0, |at| self.wall().as_millisecond() - at.as_millisecond());
            age < i64::try_from(self.hides_for).unwrap_or(i64::MAX)
        };
        items
            .into_iter()
            .filter(|item| !(self.hide_all || hides && young(item)))
            .collect()
    }

    fn list<K: Lives>(&mut self) -> Result<Result<Looked<K>, CloudFailure>, Stop> {
        let began = self.tick();
        let items = match self.list_things::<K>(Which::Default)? {
            Ok(items) => self.hidden::<K>(items),
            Err(failure) => return Ok(Err(failure)),
        };
        let list = Listing {
            began,
            items,
            failed: Vec::new(),
        };
        Ok(Ok(Looked { list, set: None }))
    }

    fn list_set<K: Lives>(&mut self) -> Result<Result<Looked<K>, CloudFailure>, Stop> {
        let began = self.tick();
        let mut answers = Vec::new();
        for which in Which::set_of::<K>() {
            match self.list_things::<K>(*which)? {
                Ok(items) => answers.push((*which, self.hidden::<K>(items))),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        let of = |wanted: Which| {
            let found = answers.iter().find(|(which, _)| *which == wanted);
            found.map(|(_, items)| items.clone()).unwrap_or_default()
        };
        let failed = of(Which::Failed);
        let list = Listing {
            began,
            items: of(Which::Default),
            failed: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        let all = answers
            .iter()
            .filter(|(which, _)| *which != Which::Failed)
            .flat_map(|(_, items)| items.clone());
        let items = all.filter(|item| seen.insert(item.id().map(str::to_owned))).collect();
        let set = Listing { began, items, failed };
        Ok(Ok(Looked { list, set: Some(set) }))
    }

    fn absorb_looked<K: Lives>(&mut self, looked: Looked<K>, canary: bool) {
        let timing = self.timing;
        let tick = self.tick();
        let cluster = &self.cluster;
        let census = &mut K::worker_mut(&mut self.process).census;
        let living = census.members.values().filter(|member| !member.deleting);
        let known: BTreeSet<String> = living.filter_map(|member| member.id.clone()).collect();
        let listed: BTreeSet<String> = looked
            .list
            .items
            .iter()
            .filter_map(|item| item.id().map(str::to_owned))
            .collect();
        let was_frozen = census.breaker.is_open();
        census
            .breaker
            .absorb(&known, &listed, looked.list.began, canary, &timing);
        let recovered = census.trouble.take().is_some() && std::mem::take(&mut census.trouble_told);
        let everybody = recovered || was_frozen != census.breaker.is_open();
        let last = census.list.replace(looked.list);
        // What is the same for all is the same for each.
        let same = match (&last, &census.list) {
            (Some(last), Some(list)) => alike(&last.items, &list.items),
            _ => false,
        };
        if looked.set.is_some() {
            census.set = looked.set;
        }
        census
            .deleted_names
            .retain(|_, at| tick.since(*at) < timing.in_doubt_window);
        let began = census.set.as_ref().map(|set| set.began);
        let mut woken = Vec::new();
        for (name, member) in &census.members {
            let served = census
                .waiting
                .get(name)
                .is_some_and(|since| began.is_some_and(|began| began >= *since));
            let seen = |listing: &Option<Listing<K>>| {
                listing
                    .as_ref()
                    .map(|listing| concerning(listing, member, cluster).items)
            };
            if everybody || served || last.is_none() || (!same && seen(&last) != seen(&census.list)) {
                woken.push(name.clone());
            }
        }
        census
            .waiting
            .retain(|_, since| began.is_none_or(|began| began < *since));
        for name in woken {
            self.wake_if_there::<K>(&name);
        }
    }

    fn absorb_trouble<K: Lives>(&mut self, failure: CloudFailure) {
        let (tick, timing) = (self.tick(), self.timing);
        let census = &mut K::worker_mut(&mut self.process).census;
        let since = census.trouble.as_ref().map_or(tick, |trouble| trouble.since);
        census.trouble = Some(Trouble { since, failure });
        let unseen = tick.since(since) >= TELL_AFTER * timing.census_interval;
        let blind = tick.since(since) >= timing.in_doubt_window;
        let tell_all = unseen && !std::mem::replace(&mut census.trouble_told, unseen);
        let told = census
            .members
            .iter()
            .filter(|(_, member)| tell_all || blind || member.busy);
        for name in told.map(|(name, _)| name.clone()).collect::<Vec<_>>() {
            self.wake_if_there::<K>(&name);
        }
    }

    fn pause<K: Lives>(&self) -> u64 {
        let census = &K::worker(&self.process).census;
        let moving = census
            .list
            .as_ref()
            .is_some_and(|list| list.items.iter().any(|item| item.is_moving()));
        let busy = moving || census.wants_set() || census.members.values().any(|member| member.busy);
        if busy {
            self.timing.census_interval_busy
        } else {
            self.timing.census_interval
        }
    }

    fn wake_if_there<K: Lives>(&mut self, name: &str) {
        if K::shelf(self).get(name).is_some() {
            self.wake_any::<K>(name);
        } else {
            K::worker_mut(&mut self.process).census.members.remove(name);
        }
    }
}
