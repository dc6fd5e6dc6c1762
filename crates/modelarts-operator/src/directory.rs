//! Which objects there are, as the last pass of each saw it, and how to wake them.
//!
//! Keyed by uid: an object that is deleted and made again under the same name is another object.
//! The directory only says whom to wake and what to look for; no decision is made from it.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use kube::core::PartialObjectMeta;
use kube::runtime::reflector::ObjectRef;
use modelarts_crd::ModelArtsPool;
use tokio::sync::mpsc;

/// What the controller works with: an object's metadata. The object itself is read live in each pass.
pub type PoolMeta = PartialObjectMeta<ModelArtsPool>;

/// The pools of one workspace of one account, which one LIST shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeKey {
    /// Name of the account.
    pub account: String,
    /// ID of the workspace.
    pub workspace: String,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its uid.
    pub uid: String,
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where its pool is or will be.
    pub scope: ScopeKey,
    /// The name of its pool.
    pub pool_name: Option<String>,
    /// The recorded ID of its pool.
    pub pool_id: Option<String>,
    /// The network of its pool.
    pub network: String,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// The phase of its pool, as its status says.
    pub phase: Option<String>,
    /// Whether its pool is on its way somewhere, so that it should be looked at more often.
    pub busy: bool,
}

/// All objects.
pub struct Directory {
    members: Mutex<HashMap<String, Member>>,
    wake: mpsc::UnboundedSender<ObjectRef<PoolMeta>>,
}

impl Directory {
    /// An empty directory, and the stream of the objects that it wakes.
    #[must_use]
    pub fn new() -> (Self, mpsc::UnboundedReceiver<ObjectRef<PoolMeta>>) {
        let (wake, woken) = mpsc::unbounded_channel();
        (
            Self {
                members: Mutex::default(),
                wake,
            },
            woken,
        )
    }

    /// Enters an object, or what has changed of it. Answers whether it is new to this process.
    pub fn enter(&self, member: Member) -> bool {
        self.members().insert(member.uid.clone(), member).is_none()
    }

    /// The phase of every pool.
    #[must_use]
    pub fn phases(&self) -> Vec<Option<String>> {
        self.members().values().map(|member| member.phase.clone()).collect()
    }

    /// Forgets an object that is no more.
    pub fn forget(&self, uid: &str) -> Option<Member> {
        self.members().remove(uid)
    }

    /// Keeps only the objects with these uids, and tells which were forgotten.
    pub fn keep(&self, uids: &BTreeSet<String>) -> Vec<Member> {
        let mut members = self.members();
        let gone: Vec<Member> = members
            .values()
            .filter(|member| !uids.contains(&member.uid))
            .cloned()
            .collect();
        members.retain(|uid, _| uids.contains(uid));
        gone
    }

    /// The objects of a scope.
    #[must_use]
    pub fn of_scope(&self, scope: &ScopeKey) -> Vec<Member> {
        self.filter(|member| member.scope == *scope)
    }

    /// Wakes the objects for which `test` holds.
    pub fn wake_where(&self, test: impl Fn(&Member) -> bool) {
        for member in self.filter(test) {
            self.wake(&member);
        }
    }

    /// Wakes an object.
    pub fn wake(&self, member: &Member) {
        // Nobody listens any more only while the process ends.
        let _ = self.wake.send(ObjectRef::new(&member.name).within(&member.namespace));
    }

    fn filter(&self, test: impl Fn(&Member) -> bool) -> Vec<Member> {
        self.members().values().filter(|member| test(member)).cloned().collect()
    }

    fn members(&self) -> MutexGuard<'_, HashMap<String, Member>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
