//! Which objects there are, as the last pass of each saw it, and how to wake them.
//!
//! Keyed by uid: an object that is deleted and made again under the same name is another object.
//! The directory only says whom to wake and what to look for; no decision is made from it. It holds
//! an object from the watch's first word of it to the last: a pass that is still under way when its
//! object goes cannot bring it back.

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
    /// By uid; nothing until the first pass has seen the object.
    members: Mutex<HashMap<String, Option<Member>>>,
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

    /// The watch told of an object.
    pub fn meet(&self, uid: &str) {
        let mut members = self.members();
        if !members.contains_key(uid) {
            members.insert(uid.to_owned(), None);
        }
    }

    /// Whether the watch told of an object, and not of its end.
    #[must_use]
    pub fn knows(&self, uid: &str) -> bool {
        self.members().contains_key(uid)
    }

    /// Enters an object, or what has changed of it. Answers whether it is new to this process. An
    /// object that is not known stays away.
    pub fn enter(&self, member: Member) -> bool {
        match self.members().get_mut(&member.uid) {
            Some(place) => place.replace(member).is_none(),
            None => false,
        }
    }

    /// The phase of every pool.
    #[must_use]
    pub fn phases(&self) -> Vec<Option<String>> {
        let members = self.members();
        members.values().flatten().map(|member| member.phase.clone()).collect()
    }

    /// Forgets an object that is no more.
    pub fn forget(&self, uid: &str) {
        self.members().remove(uid);
    }

    /// Keeps only the objects with these uids, and tells which were forgotten.
    pub fn keep(&self, uids: &BTreeSet<String>) -> Vec<String> {
        let mut members = self.members();
        let gone = members.keys().filter(|uid| !uids.contains(*uid)).cloned().collect();
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
        let members = self.members();
        members
            .values()
            .flatten()
            .filter(|member| test(member))
            .cloned()
            .collect()
    }

    fn members(&self) -> MutexGuard<'_, HashMap<String, Option<Member>>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(uid: &str) -> Member {
        Member {
            uid: uid.into(),
            namespace: "ml".into(),
            name: "train-a".into(),
            scope: ScopeKey {
                account: "default".into(),
                workspace: "0".into(),
            },
            pool_name: None,
            pool_id: None,
            network: "net-0123".into(),
            deleting: false,
            phase: None,
            busy: true,
        }
    }

    #[test]
    fn a_pass_that_ends_after_its_object_does_not_bring_it_back() {
        let (directory, _woken) = Directory::new();
        let scope = member("a").scope;
        directory.meet("a");
        assert!(directory.enter(member("a")), "it is new");
        assert!(!directory.enter(member("a")), "it is known");
        directory.forget("a");
        assert!(!directory.enter(member("a")));
        assert_eq!(directory.of_scope(&scope), []);
        directory.meet("b");
        assert_eq!(directory.keep(&BTreeSet::new()), ["b"]);
        assert!(!directory.knows("b"));
    }
}
