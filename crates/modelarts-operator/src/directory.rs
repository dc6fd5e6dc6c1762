//! Which objects of a kind there are, as the last pass of each saw it, and how to wake them.
//!
//! Keyed by uid: an object that is deleted and made again under the same name is another object.
//! The directory says whom to wake, what to look for, and who is surely gone. It holds an object
//! from the watch's first word of it to the last: a pass that is still under way when its object goes
//! cannot bring it back.

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::mpsc;

/// The things of one account that one LIST shows.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ScopeKey {
    /// Name of the account.
    pub account: String,
    /// ID of the workspace; empty where one LIST shows those of all workspaces.
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
    /// Where its counterpart in the cloud is or will be.
    pub scope: ScopeKey,
    /// The name in the cloud.
    pub cloud_name: Option<String>,
    /// The recorded ID.
    pub id: Option<String>,
    /// The ID of what it wants to take over.
    pub adoption: Option<String>,
    /// What it refers to.
    pub refers: References,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// What ties it to its account.
    pub binding: Binding,
    /// Whether nobody looks at the cloud for it, because the user wants it so.
    pub paused: bool,
    /// Whether it is ready.
    pub ready: bool,
    /// The phase, as its status says.
    pub phase: Option<String>,
    /// Whether it is on its way somewhere, so that it should be looked at more often.
    pub busy: bool,
}

/// What ties an object to its account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Binding {
    /// Nothing: it is only observed, or was never acted for.
    #[default]
    None,
    /// It is to be acted for.
    Living,
    /// Our finalizer: something of it is, or may be, in the cloud.
    Held,
}

/// The network that an object refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct References {
    /// Name of an object in its namespace.
    pub object: Option<String>,
    /// IDs in the cloud.
    pub ids: Vec<String>,
}

/// Where an object is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// What is known of an object that the watch told of.
enum Known {
    /// That it is there, and whether it was there when the watch began.
    Met { before: bool },
    /// That it cannot be read.
    Unreadable,
    /// What its last pass saw.
    Seen(Box<Member>),
}

impl Known {
    fn member(&self) -> Option<&Member> {
        match self {
            Self::Seen(member) => Some(member),
            Self::Met { .. } | Self::Unreadable => None,
        }
    }
}

/// Whether an entry was new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The watch has not told of the object, or has told of its end: it stays away.
    Refused,
    /// It is the first in this process.
    First,
    /// It takes the place of this one.
    Again(Box<Member>),
}

/// All objects of a kind.
pub struct Directory {
    /// By uid.
    members: Mutex<HashMap<String, Known>>,
    /// Whether the watch has told of every object that there was when it began.
    complete: AtomicBool,
    /// Whether all of those had a pass. Never taken back.
    former_seen: AtomicBool,
    wake: mpsc::UnboundedSender<Place>,
}

impl Directory {
    /// An empty directory, and the stream of the objects that it wakes.
    #[must_use]
    pub fn new() -> (Self, mpsc::UnboundedReceiver<Place>) {
        let (wake, woken) = mpsc::unbounded_channel();
        (
            Self {
                members: Mutex::default(),
                complete: AtomicBool::new(false),
                former_seen: AtomicBool::new(false),
                wake,
            },
            woken,
        )
    }

    /// The watch told of an object.
    pub fn meet(&self, uid: &str) {
        let before = !self.complete.load(Ordering::Acquire);
        let mut members = self.members();
        if !members.contains_key(uid) {
            members.insert(uid.to_owned(), Known::Met { before });
        }
    }

    /// An object cannot be read, so nobody should wait to know more of it.
    pub fn unreadable(&self, uid: &str) {
        if let Some(known @ Known::Met { .. }) = self.members().get_mut(uid) {
            *known = Known::Unreadable;
        }
    }

    /// Whether the watch told of an object, and not of its end.
    #[must_use]
    pub fn knows(&self, uid: &str) -> bool {
        self.members().contains_key(uid)
    }

    /// Enters an object, or what has changed of it.
    pub fn enter(&self, member: Member) -> Entry {
        let mut members = self.members();
        let Some(known) = members.get_mut(&member.uid) else {
            return Entry::Refused;
        };
        match std::mem::replace(known, Known::Seen(Box::new(member))) {
            Known::Seen(before) => Entry::Again(before),
            Known::Met { .. } | Known::Unreadable => Entry::First,
        }
    }

    /// Whether every object there is has been seen, as far as it can be read.
    #[must_use]
    pub fn has_seen_all(&self) -> bool {
        let is_met = |known: &Known| matches!(known, Known::Met { .. });
        self.complete.load(Ordering::Acquire) && !self.members().values().any(is_met)
    }

    /// Whether every object that was there when the watch began has been seen, as far as it can be
    /// read: whatever their statuses tell of an earlier process is known then, and stays so.
    #[must_use]
    pub fn has_seen_the_former(&self) -> bool {
        if self.former_seen.load(Ordering::Acquire) {
            return true;
        }
        let is_former = |known: &Known| matches!(known, Known::Met { before: true });
        let seen = self.complete.load(Ordering::Acquire) && !self.members().values().any(is_former);
        if seen {
            self.former_seen.store(true, Ordering::Release);
        }
        seen
    }

    /// Whether there is an object that cannot be read, so that nobody knows what it needs.
    #[must_use]
    pub fn has_unreadable(&self) -> bool {
        self.members().values().any(|known| matches!(known, Known::Unreadable))
    }

    /// The phase of every object.
    #[must_use]
    pub fn phases(&self) -> Vec<Option<String>> {
        let members = self.members();
        let seen = members.values().filter_map(Known::member);
        seen.map(|member| member.phase.clone()).collect()
    }

    /// Forgets an object that is no more; answers with what was known of it.
    pub fn forget(&self, uid: &str) -> Option<Member> {
        let gone = self.members().remove(uid);
        self.wake_adopters();
        gone.as_ref().and_then(Known::member).cloned()
    }

    /// Keeps only the objects with these uids, and tells the uids of those that were forgotten, with
    /// what was known of them. From now on, who is not known is no more.
    pub fn keep(&self, uids: &BTreeSet<String>) -> Vec<(String, Option<Member>)> {
        let mut members = self.members();
        let (kept, gone): (HashMap<_, _>, HashMap<_, _>) = std::mem::take(&mut *members)
            .into_iter()
            .partition(|(uid, _)| uids.contains(uid));
        *members = kept;
        drop(members);
        self.complete.store(true, Ordering::Release);
        self.wake_adopters();
        gone.into_iter()
            .map(|(uid, known)| (uid, known.member().cloned()))
            .collect()
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

    /// IDs of the things that objects have on record, or want to take over.
    #[must_use]
    pub fn ids_named(&self) -> BTreeSet<String> {
        let members = self.members();
        let seen = members.values().filter_map(Known::member);
        seen.flat_map(|member| [&member.id, &member.adoption])
            .flatten()
            .cloned()
            .collect()
    }

    /// The objects of a scope that are looked after.
    #[must_use]
    pub fn of_scope(&self, scope: &ScopeKey) -> Vec<Member> {
        self.filter(|member| member.scope == *scope && !member.paused)
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
        let _ = self.wake.send(Place {
            namespace: member.namespace.clone(),
            name: member.name.clone(),
        });
    }

    /// The objects for which `test` holds.
    pub fn filter(&self, test: impl Fn(&Member) -> bool) -> Vec<Member> {
        let members = self.members();
        let seen = members.values().filter_map(Known::member);
        seen.filter(|member| test(member)).cloned().collect()
    }

    /// What somebody waits to take over may have become free.
    fn wake_adopters(&self) {
        self.wake_where(|member| member.adoption.is_some() && member.adoption != member.id);
    }

    fn members(&self) -> MutexGuard<'_, HashMap<String, Known>> {
        self.members.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
pub(crate) mod tests;
