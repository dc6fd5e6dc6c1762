//! One LIST per scope and interval, for all objects of the scope together.
//!
//! A scope has a task while objects refer to it. It lists, keeps the answer, and wakes exactly the
//! objects whose counterpart changed. When objects need evidence, one complete LIST set, begun after the
//! last of them asked, serves them all. An incomplete or failed answer changes nothing but the
//! trouble that it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use modelarts_plan::audit::Ours;
use modelarts_plan::{Breaker, Cloud, CloudFailure, Listing, Tick, Trouble};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::accounts::Access;
use crate::directory::{Member, ScopeKey};
use crate::round;
use crate::service::Service;
use crate::shared::Shared;
use crate::snapshot::Snapshot;

/// All scopes.
pub struct Census<K: Service> {
    shared: Arc<Shared>,
    scopes: Mutex<Scopes<K>>,
    /// Names of things whose deletion this process asked for, by account, and when. A scope may end
    /// with its last object; this must not.
    deleted: Mutex<HashMap<(String, String), Tick>>,
}

/// Each scope, and the task that looks at it.
type Scopes<K> = HashMap<ScopeKey, (Arc<Scope<K>>, JoinHandle<()>)>;

/// One scope.
pub struct Scope<K: Service> {
    state: Mutex<State<K>>,
    /// Somebody needs evidence, or the account changed.
    pub(crate) called: Notify,
}

/// What is known of a scope.
pub(crate) struct State<K: Service> {
    pub(crate) list: Option<Arc<Snapshot<K>>>,
    pub(crate) set: Option<Arc<Snapshot<K>>>,
    pub(crate) trouble: Option<Trouble>,
    /// Whether the trouble has been told to all.
    pub(crate) trouble_told: bool,
    /// Who saw the trouble in a pass of its own, and may have said so.
    pub(crate) troubled: BTreeSet<String>,
    pub(crate) breaker: Breaker,
    /// The latest beginning that somebody who waits for evidence needs.
    pub(crate) wanted: Option<Tick>,
    /// Who waits for evidence: uid and the beginning that it needs.
    pub(crate) waiting: BTreeMap<String, Tick>,
}

impl<K: Service> Default for Scope<K> {
    fn default() -> Self {
        let state = State {
            list: None,
            set: None,
            trouble: None,
            trouble_told: false,
            troubled: BTreeSet::new(),
            breaker: Breaker::default(),
            wanted: None,
            waiting: BTreeMap::new(),
        };
        Self {
            state: Mutex::new(state),
            called: Notify::new(),
        }
    }
}

impl<K: Service> Scope<K> {
    pub(crate) fn state(&self) -> MutexGuard<'_, State<K>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whoever forgets what was seen has no use for looking on.
impl<K: Service> Drop for Census<K> {
    fn drop(&mut self) {
        for (_, task) in self.scopes().values() {
            task.abort();
        }
    }
}

impl<K: Service> Census<K> {
    /// A census without scopes.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            shared,
            scopes: Mutex::default(),
            deleted: Mutex::default(),
        }
    }

    /// The scope of an object, counted from now on.
    pub fn scope(&self, key: &ScopeKey) -> Arc<Scope<K>> {
        let mut scopes = self.scopes();
        if let Some((scope, task)) = scopes.get(key)
            && !task.is_finished()
        {
            return Arc::clone(scope);
        }
        let scope = Arc::new(Scope::default());
        let task = tokio::spawn(round::run(Arc::clone(&self.shared), key.clone(), Arc::clone(&scope)));
        scopes.insert(key.clone(), (Arc::clone(&scope), task));
        scope
    }

    /// What was seen of the cloud, as far as it may concern an object.
    #[must_use]
    pub fn cloud_of(&self, scope: &Scope<K>, member: &Member) -> Cloud<K> {
        let name_deleted = self.deleted_at(&member.scope.account, member.cloud_name.as_deref());
        let mut state = scope.state();
        if state.trouble.is_some() {
            state.troubled.insert(member.uid.clone());
        }
        let listing = |snapshot: &Option<Arc<Snapshot<K>>>| -> Option<Listing<K>> {
            Some(snapshot.as_ref()?.concerning(member, &self.shared.cluster))
        };
        let (list, set) = (listing(&state.list), listing(&state.set));
        Cloud {
            orphans: self.orphans([list.as_ref(), set.as_ref()]),
            list,
            set,
            trouble: state.trouble.clone(),
            frozen: state.breaker.is_open(),
            name_deleted,
        }
    }

    /// uids in markers of this cluster whose objects are gone. Nothing while it cannot be told, nor
    /// while nothing was listed: then a marker that a GET shows is not among those looked through.
    fn orphans(&self, listings: [Option<&Listing<K>>; 2]) -> Option<BTreeSet<String>> {
        let listings: Vec<&Listing<K>> = listings.into_iter().flatten().collect();
        let items = listings.iter().flat_map(|listing| &listing.items);
        let ours = Ours::among(items.map(|item| &**item), &self.shared.cluster);
        (!listings.is_empty()).then(|| K::directory(&self.shared.directories).gone(ours.uids()))?
    }

    /// Asks for a complete LIST set that begins at `since` or later; the object is woken when it is there.
    pub fn want(&self, scope: &Scope<K>, uid: &str, since: Tick) {
        let mut state = scope.state();
        state.waiting.insert(uid.to_owned(), since);
        state.wanted = state.wanted.max(Some(since));
        let failing = state.trouble.is_some();
        drop(state);
        // While looking fails, the next look comes with its interval: each failure wakes those that
        // wait, and a look for each of them would never pause.
        if !failing {
            scope.called.notify_one();
        }
    }

    /// Takes note that the deletion of something was asked for.
    pub fn deleted(&self, account: &str, cloud_name: &str, at: Tick) {
        let mut deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        deleted.retain(|_, last| at.since(*last) < self.shared.timing.in_doubt_window);
        deleted.insert((account.to_owned(), cloud_name.to_owned()), at);
    }

    fn deleted_at(&self, account: &str, cloud_name: Option<&str>) -> Option<Tick> {
        let deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (account.to_owned(), cloud_name?.to_owned());
        deleted.get(&name).copied()
    }

    /// Reads something of the account that is known to exist.
    pub async fn canary(&self, scope: &Scope<K>, access: &Access, member: &Member) -> bool {
        round::canary(&self.shared, scope, access, member).await
    }

    /// Whether somebody looks at a scope.
    #[must_use]
    pub fn looks_at(&self, key: &ScopeKey) -> bool {
        self.scopes().get(key).is_some_and(|(_, task)| !task.is_finished())
    }

    /// Looks again at once in all scopes of an account, whose settings or Secret changed.
    pub fn account_changed(&self, account: &str) {
        for (key, (scope, _)) in self.scopes().iter() {
            if key.account == account {
                scope.called.notify_one();
            }
        }
    }

    fn scopes(&self) -> MutexGuard<'_, Scopes<K>> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Trouble that began with this failure, or goes on with it.
pub(crate) fn trouble(last: Option<Trouble>, failure: CloudFailure, now: Tick) -> Trouble {
    Trouble {
        since: last.map_or(now, |last| last.since),
        failure,
    }
}

#[cfg(test)]
mod tests;
