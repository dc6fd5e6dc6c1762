//! Everything that one pass knows. Looking failed, looked and not there, and not looked at are
//! three different things here; a plain `Option` would be the bug that buys a second pool.

use std::sync::Arc;

use jiff::Timestamp;
use modelarts_crd::ModelArtsPool;
use modelarts_crd::conditions::Reason;
use modelarts_types::pool::Pool;

use crate::failure::CloudFailure;
use crate::identity::{ClusterId, Marker};
use crate::timing::{Tick, Timing};

/// The arguments of [`plan`](crate::plan::plan).
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// The object, read live in this pass or answered to our own last write.
    pub object: &'a ModelArtsPool,
    /// The cluster that the object is in.
    pub cluster: &'a ClusterId,
    /// Where and as whom, or why not.
    pub account: &'a Account,
    /// What was seen of the cloud.
    pub cloud: &'a Cloud,
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
pub struct Cloud {
    /// The newest complete LIST without a filter on the status.
    pub list: Option<Listing>,
    /// The newest complete LIST set: the default list, the failed and the creating ones.
    pub set: Option<Listing>,
    /// What went wrong since the newest list.
    pub trouble: Option<Trouble>,
    /// Whether so many pools vanished at once that nothing is believed for now.
    pub frozen: bool,
    /// When this process last asked for the deletion of a pool of the object's name.
    pub name_deleted: Option<Tick>,
}

/// The pools in one complete answer that may concern the object: by marker, by name or by ID.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listing {
    /// When the first of its calls was begun.
    pub began: Tick,
    /// Pools that exist.
    pub pools: Vec<Arc<Pool>>,
    /// Records of pools that could not be made. Empty in a plain list.
    pub failed: Vec<Arc<Pool>>,
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
pub struct Show {
    /// The ID that was asked for.
    pub id: String,
    /// When the call was begun.
    pub began: Tick,
    /// What came of it.
    pub shown: Shown,
}

/// Present, absent, or unknown.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// There it is.
    Present(Arc<Pool>),
    /// The service itself said that there is none.
    Gone,
    /// Could not look.
    Unknown(CloudFailure),
}

impl Listing {
    /// The pools that carry `marker`, the oldest first.
    pub fn marked(&self, marker: &Marker) -> Vec<&Arc<Pool>> {
        let mut ours: Vec<_> = self
            .pools
            .iter()
            .filter(|pool| Marker::on(pool).as_ref() == Some(marker))
            .collect();
        ours.sort_by_key(|pool| pool.created_at().map(str::to_owned));
        ours
    }

    /// The record of a failed creation that carries `marker`.
    pub fn failed_marked(&self, marker: &Marker) -> Option<&Arc<Pool>> {
        self.failed
            .iter()
            .find(|pool| Marker::on(pool).as_ref() == Some(marker))
    }

    /// The pool with an ID.
    pub fn with_id(&self, id: &str) -> Option<&Arc<Pool>> {
        self.pools.iter().find(|pool| pool.id() == Some(id))
    }

    /// The pool with a display name.
    pub fn named(&self, name: &str) -> Option<&Arc<Pool>> {
        self.pools.iter().find(|pool| pool.display_name() == Some(name))
    }
}

impl Cloud {
    /// The newer of the two lists, begun at `since` or later.
    pub fn newest(&self, since: Tick) -> Option<&Listing> {
        [self.list.as_ref(), self.set.as_ref()]
            .into_iter()
            .flatten()
            .filter(|listing| listing.began >= since)
            .max_by_key(|listing| listing.began)
    }

    /// The LIST set, if it was begun at `since` or later.
    pub fn set_since(&self, since: Tick) -> Option<&Listing> {
        self.set.as_ref().filter(|listing| listing.began >= since)
    }
}

impl View<'_> {
    /// The object's uid; empty for an object that never was in a cluster.
    pub fn uid(&self) -> &str {
        self.object.metadata.uid.as_deref().unwrap_or_default()
    }

    /// The object's marker.
    pub fn marker(&self) -> Marker {
        Marker::of(self.uid(), self.cluster)
    }

    /// The object's generation.
    pub fn generation(&self) -> i64 {
        self.object.metadata.generation.unwrap_or_default()
    }

    /// Whether our finalizer is on the object.
    pub fn has_finalizer(&self) -> bool {
        self.object
            .metadata
            .finalizers
            .iter()
            .flatten()
            .any(|name| name == modelarts_crd::FINALIZER)
    }

    /// The value of the requestedAt annotation.
    pub fn requested_at(&self) -> Option<&str> {
        self.object
            .metadata
            .annotations
            .as_ref()?
            .get(modelarts_crd::REQUESTED_AT)
            .map(String::as_str)
    }

    /// The recorded ID of the pool.
    pub fn pool_id(&self) -> Option<&str> {
        self.object.status.as_ref()?.pool_id.as_deref()
    }

    /// The record of the last attempt.
    pub fn creation(&self) -> Option<&modelarts_crd::status::Creation> {
        self.object.status.as_ref()?.creation.as_ref()
    }
}
