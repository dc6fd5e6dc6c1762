//! Which objects there are, as the last pass of each saw it, and how to wake them.
//!
//! Keyed by uid: an object that is deleted and made again under the same name is another object.
//! The directory only says whom to wake and what to look for; no decision is made from it. It holds
//! an object from the watch's first word of it to the last: a pass that is still under way when its
//! object goes cannot bring it back.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
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
    pub cloud_name: Option<String>,
    /// The recorded ID of its pool.
    pub id: Option<String>,
    /// The ID of the pool that it wants to take over.
    pub adoption: Option<String>,
    /// The network of its pool.
    pub network: String,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Whether nobody looks at its pool, because the user wants it so.
    pub paused: bool,
    /// The phase of its pool, as its status says.
    pub phase: Option<String>,
    /// Whether its pool is on its way somewhere, so that it should be looked at more often.
    pub busy: bool,
}

/// All objects.
pub struct Directory {
    /// By uid; nothing until the first pass has seen the object.
    members: Mutex<HashMap<String, Option<Member>>>,
    /// Whether the watch has told of every object that there was when it began.
    complete: AtomicBool,
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
                complete: AtomicBool::new(false),
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
        self.wake_adopters();
    }

    /// Keeps only the objects with these uids, and tells which were forgotten. From now on, who is
    /// not known is no more.
    pub fn keep(&self, uids: &BTreeSet<String>) -> Vec<String> {
        let mut members = self.members();
        let gone = members.keys().filter(|uid| !uids.contains(*uid)).cloned().collect();
        members.retain(|uid, _| uids.contains(uid));
        drop(members);
        self.complete.store(true, Ordering::Release);
        self.wake_adopters();
        gone
    }

    /// Which of these uids belong to objects that are surely gone, of whatever namespace. Nothing
    /// while the watch has not told of every object: who is not known then may be yet to come.
    #[must_use]
    pub fn gone<'a>(&self, uids: impl Iterator<Item = &'a str>) -> Option<BTreeSet<String>> {
        if !self.complete.load(Ordering::Acquire) {
            return None;
        }
        let members = self.members();
        let gone = uids.filter(|uid| !members.contains_key(*uid));
        Some(gone.map(str::to_owned).collect())
    }

    /// The objects of a scope that are looked after.
    #[must_use]
    pub fn of_scope(&self, scope: &ScopeKey) -> Vec<Member> {
        self.filter(|member| member.scope == *scope && !member.paused)
    }

    /// What somebody waits to take over may have become free.
    fn wake_adopters(&self) {
        self.wake_where(|member| member.adoption.is_some() && member.adoption != member.id);
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
            cloud_name: None,
            id: None,
            adoption: None,
            network: "net-0123".into(),
            deleting: false,
            paused: false,
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

    #[test]
    fn nobody_counts_as_gone_before_the_watch_has_told_of_everybody() {
        let (directory, _woken) = Directory::new();
        let uids = || ["a", "b"].into_iter();
        directory.meet("a");
        assert_eq!(directory.gone(uids()), None, "b may be yet to come");
        directory.keep(&BTreeSet::from(["a".to_owned()]));
        assert_eq!(directory.gone(uids()), Some(BTreeSet::from(["b".to_owned()])));
        directory.meet("b");
        assert_eq!(
            directory.gone(uids()),
            Some(BTreeSet::new()),
            "known, though no pass has seen it"
        );
    }

    #[test]
    fn a_paused_object_is_in_no_census() {
        let (directory, _woken) = Directory::new();
        directory.meet("a");
        directory.enter(Member {
            paused: true,
            ..member("a")
        });
        assert_eq!(directory.of_scope(&member("a").scope), []);
        directory.enter(member("a"));
        assert_eq!(directory.of_scope(&member("a").scope).len(), 1);
    }

    #[test]
    fn who_waits_to_take_something_over_is_woken_when_an_object_goes() {
        let (directory, mut woken) = Directory::new();
        let adopts = |uid: &str, id: Option<&str>| Member {
            name: uid.into(),
            adoption: Some("pool-1".into()),
            id: id.map(str::to_owned),
            ..member(uid)
        };
        for member in [adopts("waits", None), adopts("has-it", Some("pool-1")), member("buys")] {
            directory.meet(&member.uid);
            directory.enter(member);
        }
        directory.forget("owner");
        assert_eq!(woken.try_recv().map(|woken| woken.name).ok().as_deref(), Some("waits"));
        assert!(woken.try_recv().is_err());
    }
}
