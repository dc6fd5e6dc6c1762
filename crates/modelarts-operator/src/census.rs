//! One LIST per scope and interval, for all objects of the scope together.
//!
//! A scope has a task while objects refer to it. It lists, keeps the answer, and wakes exactly the
//! objects whose pool changed. When objects need evidence, one complete LIST set, begun after the
//! last of them asked, serves them all. An incomplete or failed answer changes nothing but the
//! trouble that it is.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use modelarts_plan::{Breaker, Cloud, CloudFailure, ClusterId, Listing, Marker, Tick, Timing, Trouble};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::accounts::{Access, Accounts};
use crate::clock::Clock;
use crate::directory::{Directory, Member, ScopeKey};
use crate::governor::Governor;
use crate::metrics::Metrics;
use crate::round;
use crate::snapshot::Snapshot;

/// What the census works with.
pub struct Parts {
    /// The accounts, for their clients.
    pub accounts: Arc<Accounts>,
    /// Whom to wake.
    pub directory: Arc<Directory>,
    /// How fast.
    pub governor: Arc<Governor>,
    /// What to count.
    pub metrics: Arc<Metrics>,
    /// How often.
    pub timing: Timing,
    /// Now.
    pub clock: Clock,
    /// The cluster that the objects are in.
    pub cluster: ClusterId,
}

/// All scopes.
pub struct Census {
    parts: Arc<Parts>,
    scopes: Mutex<Scopes>,
    /// Names of pools whose deletion this process asked for, by account, and when. A scope may end
    /// with its last pool; this must not.
    deleted: Mutex<HashMap<(String, String), Tick>>,
}

/// Each scope, and the task that looks at it.
type Scopes = HashMap<ScopeKey, (Arc<Scope>, JoinHandle<()>)>;

/// One scope.
#[derive(Default)]
pub struct Scope {
    state: Mutex<State>,
    /// Somebody needs evidence, or the account changed.
    pub(crate) called: Notify,
}

/// What is known of a scope.
#[derive(Default)]
pub(crate) struct State {
    pub(crate) list: Option<Arc<Snapshot>>,
    pub(crate) set: Option<Arc<Snapshot>>,
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

impl Scope {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Census {
    /// A census without scopes.
    #[must_use]
    pub fn new(parts: Parts) -> Self {
        Self {
            parts: Arc::new(parts),
            scopes: Mutex::default(),
            deleted: Mutex::default(),
        }
    }

    /// The scope of an object, counted from now on.
    pub fn scope(&self, key: &ScopeKey) -> Arc<Scope> {
        let mut scopes = self.scopes();
        if let Some((scope, task)) = scopes.get(key)
            && !task.is_finished()
        {
            return Arc::clone(scope);
        }
        let scope = Arc::new(Scope::default());
        let task = tokio::spawn(round::run(Arc::clone(&self.parts), key.clone(), Arc::clone(&scope)));
        scopes.insert(key.clone(), (Arc::clone(&scope), task));
        scope
    }

    /// What was seen of the cloud, as far as it may concern an object.
    #[must_use]
    pub fn cloud_of(&self, scope: &Scope, member: &Member) -> Cloud {
        let name_deleted = self.deleted_at(&member.scope.account, member.cloud_name.as_deref());
        let mut state = scope.state();
        if state.trouble.is_some() {
            state.troubled.insert(member.uid.clone());
        }
        let listing = |snapshot: &Option<Arc<Snapshot>>| -> Option<Listing> {
            Some(snapshot.as_ref()?.concerning(member, &self.parts.cluster))
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
    fn orphans(&self, listings: [Option<&Listing>; 2]) -> Option<BTreeSet<String>> {
        let cluster = self.parts.cluster.fingerprint();
        let listings: Vec<&Listing> = listings.into_iter().flatten().collect();
        let markers: Vec<Marker> = listings
            .iter()
            .flat_map(|listing| &listing.items)
            .filter_map(|item| Marker::on(&**item))
            .filter(|marker| marker.cluster == cluster)
            .collect();
        let uids = markers.iter().map(|marker| marker.uid.as_str());
        (!listings.is_empty()).then(|| self.parts.directory.gone(uids))?
    }

    /// Asks for a complete LIST set that begins at `since` or later; the object is woken when it is there.
    pub fn want(&self, scope: &Scope, uid: &str, since: Tick) {
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

    /// Takes note that the deletion of a pool was asked for.
    pub fn deleted(&self, account: &str, pool_name: &str, at: Tick) {
        let mut deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        deleted.retain(|_, last| at.since(*last) < self.parts.timing.in_doubt_window);
        deleted.insert((account.to_owned(), pool_name.to_owned()), at);
    }

    fn deleted_at(&self, account: &str, pool_name: Option<&str>) -> Option<Tick> {
        let deleted = self.deleted.lock().unwrap_or_else(PoisonError::into_inner);
        let name = (account.to_owned(), pool_name?.to_owned());
        deleted.get(&name).copied()
    }

    /// Reads something of the account that is known to exist: another pool, or the object's network.
    pub async fn canary(&self, scope: &Scope, access: &Access, member: &Member) -> bool {
        round::canary(&self.parts, scope, access, member).await
    }

    /// Looks again at once in all scopes of an account, whose settings or Secret changed.
    pub fn account_changed(&self, account: &str) {
        for (key, (scope, _)) in self.scopes().iter() {
            if key.account == account {
                scope.called.notify_one();
            }
        }
    }

    fn scopes(&self) -> MutexGuard<'_, Scopes> {
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
mod tests {
    use futures::FutureExt;
    use kube::runtime::reflector;
    use modelarts_plan::FailureKind;

    use super::*;
    use crate::accounts::{Policy, Sources};

    fn census() -> Census {
        let governor = Arc::new(Governor::new());
        let sources = Sources {
            accounts: reflector::store().0,
            secrets: reflector::store().0,
            namespaces: reflector::store().0,
        };
        let policy = Policy {
            namespace: "modelarts-system".into(),
            allowed_hosts: modelarts_client::AllowedHosts::default(),
            http_loopback: false,
            deadline: std::time::Duration::from_secs(1),
            rest: std::time::Duration::from_secs(1),
            observer: Arc::new(|_| {}),
        };
        Census::new(Parts {
            accounts: Arc::new(Accounts::new(sources, policy, Arc::clone(&governor))),
            directory: Arc::new(Directory::new().0),
            governor,
            metrics: Arc::new(Metrics::new()),
            timing: Timing::default(),
            clock: Clock::start(),
            cluster: ClusterId("cluster".into()),
        })
    }

    #[test]
    fn a_wish_for_evidence_is_served_at_once_unless_looking_fails() {
        let (census, scope) = (census(), Scope::default());
        census.want(&scope, "u", Tick(1));
        assert!(scope.called.notified().now_or_never().is_some());
        let failure = CloudFailure {
            kind: FailureKind::Transient,
            message: "down".into(),
            doubtful: false,
        };
        scope.state().trouble = Some(trouble(None, failure, Tick(2)));
        census.want(&scope, "u", Tick(3));
        assert!(scope.called.notified().now_or_never().is_none(), "the interval is kept");
        assert_eq!(scope.state().wanted, Some(Tick(3)), "and the wish is not forgotten");
    }
}
