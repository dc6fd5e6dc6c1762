//! Everything that one pass knows. Looking failed, looked and not there, and not looked at are
//! three different things here; a plain `Option` would be the bug that buys a second pool.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::DeletionPolicy;
use modelarts_crd::status::{Creation, Outcome as Fate};

use crate::failure::CloudFailure;
use crate::identity::{ClusterId, Marker};
use crate::kind::{Kind, Resource, Status, Terms};
use crate::pool::Pools;
use crate::timing::{Tick, Timing};

/// The arguments of [`plan`](crate::plan::plan).
#[derive(Clone, Debug)]
pub struct View<'a, K: Kind = Pools> {
    /// The object, read live in this pass or answered to our own last write.
    pub object: &'a K::Object,
    /// The cluster that the object is in.
    pub cluster: &'a ClusterId,
    /// Where and as whom, or why not.
    pub account: &'a Account,
    /// What was seen of the cloud.
    pub cloud: &'a Cloud<K>,
    /// What else in the cluster matters.
    pub around: &'a Around,
    /// Now.
    pub now: Tick,
    /// When this reconcile read the object live. What was seen before does not justify a deletion.
    pub began: Tick,
    /// The wall clock, for texts only.
    pub wall: Timestamp,
    /// A word that no other attempt has.
    pub nonce: &'a str,
    /// How many times the leader has changed, for the record.
    pub fencing: Option<i64>,
    /// The times of the protocol.
    pub timing: &'a Timing,
}

/// The account of a pool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// It can be used.
    Open(OpenAccount),
    /// It cannot be used.
    Closed(Closed),
}

/// An account that can be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenAccount {
    /// ID of the project.
    pub project: String,
    /// Whether the creations of the last ten minutes leave room for one more.
    pub may_create: bool,
}

/// Why an account cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// The reason to show.
    pub reason: Reason,
    /// Whether a person has to do something.
    pub stalled: bool,
    /// What and where.
    pub message: String,
}

/// What was seen of the cloud, as far as it may concern one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cloud<K: Kind = Pools> {
    /// The newest complete LIST without a filter on the status.
    pub list: Option<Listing<K>>,
    /// The newest complete LIST set: the default list, the failed and the creating ones.
    pub set: Option<Listing<K>>,
    /// What went wrong since the newest list.
    pub trouble: Option<Trouble>,
    /// Whether so many pools vanished at once that nothing is believed for now.
    pub frozen: bool,
    /// When this process last asked for the deletion of something of the object's name.
    pub name_deleted: Option<Tick>,
    /// uids in markers of this cluster among what is listed here, whose objects are surely gone. Nothing while
    /// not all objects of the cluster are known yet.
    pub orphans: Option<BTreeSet<String>>,
}

/// What else in the cluster matters to an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Around {
    /// The deletion policy that the namespace's annotation names.
    pub deletion: Option<DeletionPolicy>,
    /// What that annotation says instead, if it is no policy: nothing is deleted on a misspelt word.
    pub misspelt: Option<String>,
    /// What the object refers to.
    pub link: Link,
    /// Objects that refer to this one.
    pub users: Vec<String>,
    /// Whether the definition of the object's kind is being removed. That is no wish to delete anything.
    pub kind_leaves: bool,
}

/// Another object that an object refers to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Link {
    /// It refers to none.
    #[default]
    None,
    /// It is there, with this ID in the cloud.
    Ready(String),
    /// It is not there, or not ready: why.
    Waiting(String),
}

/// What in one complete answer may concern the object: by marker, by name, by ID, or because the
/// object would derive its name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing<K: Kind = Pools> {
    /// When the first of its calls was begun.
    pub began: Tick,
    /// Things that exist.
    pub items: Vec<Arc<K::Resource>>,
    /// Records of things that could not be made. Empty in a plain list.
    pub failed: Vec<Arc<K::Resource>>,
}

/// A look that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Since when no look has succeeded.
    pub since: Tick,
    /// The failure.
    pub failure: CloudFailure,
}

/// What came of a GET by ID.
#[derive(Clone, Debug, PartialEq)]
pub struct Show<K: Kind = Pools> {
    /// The ID that was asked for.
    pub id: String,
    /// When the call was begun.
    pub began: Tick,
    /// What came of it.
    pub shown: Shown<K>,
}

/// Present, absent, or unknown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown<K: Kind = Pools> {
    /// There it is.
    Present(Arc<K::Resource>),
    /// The service itself said that there is none.
    Gone,
    /// Could not look.
    Unknown(CloudFailure),
}

impl<K: Kind> Listing<K> {
    /// The pools that carry `marker`, the oldest first.
    pub fn marked(&self, marker: &Marker) -> Vec<&Arc<K::Resource>> {
        let mut ours: Vec<_> = self
            .items
            .iter()
            .filter(|pool| Marker::find(pool.description()).as_ref() == Some(marker))
            .collect();
        ours.sort_by_key(|pool| pool.created_at().map(str::to_owned));
        ours
    }

    /// The record of a failed creation that carries `marker`.
    pub fn failed_marked(&self, marker: &Marker) -> Option<&Arc<K::Resource>> {
        self.failed
            .iter()
            .find(|pool| Marker::find(pool.description()).as_ref() == Some(marker))
    }

    /// The pool with an ID.
    pub fn with_id(&self, id: &str) -> Option<&Arc<K::Resource>> {
        self.items.iter().find(|pool| pool.id() == Some(id))
    }

    /// The pool with a display name.
    pub fn named(&self, name: &str) -> Option<&Arc<K::Resource>> {
        self.items.iter().find(|pool| pool.display_name() == Some(name))
    }
}

impl<K: Kind> Cloud<K> {
    /// The newer of the two lists, begun at `since` or later.
    pub fn newest(&self, since: Tick) -> Option<&Listing<K>> {
        self.begun(since).max_by_key(|listing| listing.began)
    }

    /// Both lists, if begun at `since` or later.
    pub fn begun(&self, since: Tick) -> impl Iterator<Item = &Listing<K>> {
        let lists = [self.list.as_ref(), self.set.as_ref()];
        lists
            .into_iter()
            .flatten()
            .filter(move |listing| listing.began >= since)
    }

    /// The LIST set, if it was begun at `since` or later.
    pub fn set_since(&self, since: Tick) -> Option<&Listing<K>> {
        self.set.as_ref().filter(|listing| listing.began >= since)
    }
}

impl<K: Kind> View<'_, K> {
    /// The object's uid; empty for an object that never was in a cluster.
    pub fn uid(&self) -> &str {
        K::metadata(self.object).uid.as_deref().unwrap_or_default()
    }

    /// The object's marker.
    pub fn marker(&self) -> Marker {
        Marker::of(self.uid(), self.cluster)
    }

    /// The object's generation.
    pub fn generation(&self) -> i64 {
        K::metadata(self.object).generation.unwrap_or_default()
    }

    /// Whether the object is being deleted.
    pub fn is_leaving(&self) -> bool {
        K::metadata(self.object).deletion_timestamp.is_some()
    }

    /// Whether our finalizer is on the object.
    pub fn has_finalizer(&self) -> bool {
        let finalizers = &K::metadata(self.object).finalizers;
        finalizers.iter().flatten().any(|name| name == K::FINALIZER)
    }

    /// The value of the requestedAt annotation.
    pub fn requested_at(&self) -> Option<&str> {
        let annotations = K::metadata(self.object).annotations.as_ref()?;
        annotations.get(modelarts_crd::REQUESTED_AT).map(String::as_str)
    }

    /// What the spec asks of the protocol.
    pub fn terms(&self) -> Terms<'_> {
        K::terms(self.object)
    }

    /// What a deleted object means: as the spec says, else the namespace, else Delete.
    pub fn deletion_policy(&self) -> DeletionPolicy {
        let said = self.terms().deletion.or(self.around.deletion);
        said.unwrap_or(DeletionPolicy::Delete)
    }

    /// The status.
    pub fn status(&self) -> Option<&K::Status> {
        K::status(self.object)
    }

    /// The ID of what this object bought or took over. What is only observed has an ID in the status
    /// too, and no record of how it came to be ours.
    pub fn recorded_id(&self) -> Option<&str> {
        let ours = matches!(self.creation()?.outcome, Some(Fate::Created | Fate::Adopted));
        self.status()?.id().filter(|_| ours)
    }

    /// The record of the last attempt.
    pub fn creation(&self) -> Option<&Creation> {
        self.status()?.creation()
    }

    /// The reason of the condition of a type, if it has this status.
    pub fn condition(&self, type_: &str, status: &str) -> Option<&str> {
        let conditions = self.status().map(Status::conditions).unwrap_or_default();
        let found = conditions.iter().find(|condition| condition.type_ == type_)?;
        (found.status == status).then_some(found.reason.as_str())
    }
}
