//! The census of the one scope: a LIST per interval, or a LIST set when somebody waits for one.
//!
//! It follows the operator's own: what wakes an object, what counts as trouble, and that an answer
//! that failed changes nothing else.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use modelarts_plan::identity::derived_name;
use modelarts_plan::{Breaker, Cloud, CloudFailure, ClusterId, Listing, Marker, Tick, Trouble};
use modelarts_types::pool::{Counts, Phase, Pool};

use super::World;
use super::cloud::Stop;
use super::faults::Op;

/// After how many intervals without a look the objects are told.
const TELL_AFTER: u64 = 3;

/// An object as its last pass saw it.
#[derive(Clone, Debug, PartialEq)]
pub struct Member {
    pub uid: String,
    pub pool_name: Option<String>,
    pub pool_id: Option<String>,
    pub object_name: String,
    pub adoption: Option<String>,
    pub deleting: bool,
    pub busy: bool,
}

/// What the process knows of the scope.
#[derive(Default)]
pub struct Census {
    pub members: BTreeMap<String, Member>,
    list: Option<Listing>,
    set: Option<Listing>,
    trouble: Option<Trouble>,
    trouble_told: bool,
    breaker: Breaker,
    waiting: BTreeMap<String, Tick>,
    pub deleted_names: BTreeMap<String, Tick>,
    /// When the next round is due, in the world's time; none before the first object.
    pub due: Option<u64>,
}

impl Census {
    /// What was seen, as far as it concerns an object.
    pub fn cloud_of(&self, member: &Member, cluster: &ClusterId) -> Cloud {
        let concerning =
            |listing: &Option<Listing>| listing.as_ref().map(|listing| concerning(listing, member, cluster));
        Cloud {
            list: concerning(&self.list),
            set: concerning(&self.set),
            trouble: self.trouble.clone(),
            frozen: self.breaker.is_open(),
            name_deleted: member
                .pool_name
                .as_ref()
                .and_then(|name| self.deleted_names.get(name))
                .copied(),
            orphans: None,
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

fn concerning(listing: &Listing, member: &Member, cluster: &ClusterId) -> Listing {
    let is_ours = |pool: &Pool| Marker::on(pool).is_some_and(|marker| marker.uid == member.uid);
    let named = |pool: &Pool| pool.display_name() == member.pool_name.as_deref();
    let recorded = |pool: &Pool| member.pool_id.is_some() && pool.id() == member.pool_id.as_deref();
    let adopted = |pool: &Pool| member.adoption.is_some() && pool.id() == member.adoption.as_deref();
    let derived = |pool: &Pool| {
        let marker = Marker::find(pool.description()).filter(|marker| marker.cluster == cluster.fingerprint());
        marker.is_some_and(|marker| {
            pool.display_name() == Some(derived_name(&member.object_name, &marker.uid, cluster).as_str())
        })
    };
    Listing {
        began: listing.began,
        items: listing
            .items
            .iter()
            .filter(|pool| is_ours(pool) || named(pool) || recorded(pool) || adopted(pool) || derived(pool))
            .cloned()
            .collect(),
        failed: listing.failed.iter().filter(|pool| is_ours(pool)).cloned().collect(),
    }
}

fn is_moving(pool: &Pool) -> bool {
    let counts = pool
        .status
        .as_ref()
        .and_then(|status| status.resources.clone())
        .unwrap_or_default();
    let some = |counts: &Option<Counts>| counts.as_ref().is_some_and(|counts| counts.total() > 0);
    match pool.phase() {
        None | Some(Phase::Creating | Phase::Deleting) => true,
        Some(_) => some(&counts.creating) || some(&counts.deleting),
    }
}

struct Looked {
    list: Listing,
    set: Option<Listing>,
}

impl World {
    /// One round.
    pub fn round(&mut self) -> Result<(), Stop> {
        let census = &self.process.census;
        if census.members.is_empty() {
            self.process.census.due = None;
            return Ok(());
        }
        // An account that cannot be used cannot be asked.
        if self.closed.is_none() {
            let looked = if census.wants_set() {
                self.list_set()?
            } else {
                self.list()?
            };
            match looked {
                Ok(looked) => {
                    let (tick, timing) = (self.tick(), self.timing);
                    let wanted = self.process.census.breaker.wants_canary(tick, &timing);
                    let canary = wanted && self.read_canary()?;
                    self.absorb_looked(looked, canary);
                }
                Err(failure) => self.absorb_trouble(failure),
            }
        }
        let pause = self.pause();
        self.process.census.due = Some(self.now + pause);
        Ok(())
    }

    fn hidden(&self, pools: Vec<Pool>) -> Vec<Arc<Pool>> {
        let process = &self.process;
        let young = |pool: &Pool| {
            let created = pool.created_at().and_then(|at| at.parse::<jiff::Timestamp>().ok());
            let age = created.map_or(0, |at| self.wall().as_millisecond() - at.as_millisecond());
            age < i64::try_from(process.hides_for).unwrap_or(i64::MAX)
        };
        let hides = self.now < process.hides_until;
        pools
            .into_iter()
            .filter(|pool| !(self.hide_all || hides && young(pool)))
            .map(Arc::new)
            .collect()
    }

    fn list(&mut self) -> Result<Result<Looked, CloudFailure>, Stop> {
        let began = self.tick();
        let pools = match self.list_pools(Op::List)? {
            Ok(pools) => self.hidden(pools),
            Err(failure) => return Ok(Err(failure)),
        };
        let list = Listing {
            began,
            items: pools,
            failed: Vec::new(),
        };
        Ok(Ok(Looked { list, set: None }))
    }

    fn list_set(&mut self) -> Result<Result<Looked, CloudFailure>, Stop> {
        let began = self.tick();
        let mut answers = Vec::new();
        for op in [Op::List, Op::ListCreating, Op::ListFailed] {
            match self.list_pools(op)? {
                Ok(pools) => answers.push(self.hidden(pools)),
                Err(failure) => return Ok(Err(failure)),
            }
        }
        let failed = answers.pop().unwrap_or_default();
        let list = Listing {
            began,
            items: answers[0].clone(),
            failed: Vec::new(),
        };
        let mut seen = BTreeSet::new();
        let all = answers.into_iter().flatten();
        let pools = all.filter(|pool| seen.insert(pool.id().map(str::to_owned))).collect();
        let set = Listing {
            began,
            items: pools,
            failed,
        };
        Ok(Ok(Looked { list, set: Some(set) }))
    }

    fn absorb_looked(&mut self, looked: Looked, canary: bool) {
        let timing = self.timing;
        let cluster = &self.cluster;
        let census = &mut self.process.census;
        let living = census.members.values().filter(|member| !member.deleting);
        let known: BTreeSet<String> = living.filter_map(|member| member.pool_id.clone()).collect();
        let listed: BTreeSet<String> = looked
            .list
            .items
            .iter()
            .filter_map(|pool| pool.id().map(str::to_owned))
            .collect();
        let was_frozen = census.breaker.is_open();
        census
            .breaker
            .absorb(&known, &listed, looked.list.began, canary, &timing);
        let recovered = census.trouble.take().is_some() && std::mem::take(&mut census.trouble_told);
        let everybody = recovered || was_frozen != census.breaker.is_open();
        let last = census.list.replace(looked.list);
        if looked.set.is_some() {
            census.set = looked.set;
        }
        let tick = Tick(self.now - self.process.started);
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
            let seen = |listing: &Option<Listing>| {
                listing
                    .as_ref()
                    .map(|listing| concerning(listing, member, cluster).items)
            };
            if everybody || served || last.is_none() || seen(&last) != seen(&census.list) {
                woken.push(name.clone());
            }
        }
        census
            .waiting
            .retain(|_, since| began.is_none_or(|began| began < *since));
        for name in woken {
            self.wake_if_there(&name);
        }
    }

    fn absorb_trouble(&mut self, failure: CloudFailure) {
        let (tick, timing) = (self.tick(), self.timing);
        let census = &mut self.process.census;
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
            self.wake_if_there(&name);
        }
    }

    fn pause(&self) -> u64 {
        let census = &self.process.census;
        let moving = census
            .list
            .as_ref()
            .is_some_and(|list| list.items.iter().any(|pool| is_moving(pool)));
        let busy = moving || census.wants_set() || census.members.values().any(|member| member.busy);
        if busy {
            self.timing.census_interval_busy
        } else {
            self.timing.census_interval
        }
    }

    fn wake_if_there(&mut self, name: &str) {
        if self.kube.get(name).is_some() {
            self.wake(name);
        } else {
            self.process.census.members.remove(name);
        }
    }
}
