//! The audit: what lives on in the cloud with this cluster's marker although its object is gone.
//!
//! It is told of complete lists of one scope and answers which things are orphans, and which of them
//! are new. It proposes no step: an orphan is reported and never touched, for only a person knows
//! whether it is wanted. It must not cry wolf either, so one list proves nothing: a thing counts when
//! every list over a whole period showed it without an object. That outlasts a list that still shows
//! what was deleted, a watch that lags behind, and an object that is about to take the thing over.
//!
//! What it cannot tell apart: a thing that was detached on purpose keeps its marker, and once its
//! object is gone nothing distinguishes it from one whose object was torn away. The text says so.

use std::collections::{BTreeMap, BTreeSet};

use modelarts_crd::conditions::Reason;

use crate::creation::notice;
use crate::identity::{ClusterId, Marker};
use crate::kind::{Kind, Resource};
use crate::report::{Notice, NoticeKind};
use crate::timing::Tick;

/// Most orphans that a text names.
const NAMED: usize = 5;

/// The things in a list that carry a marker of this cluster.
#[derive(Clone, Debug)]
pub struct Ours<'a, R>(Vec<(Marker, &'a R)>);

impl<'a, R: Resource> Ours<'a, R> {
    /// Those among `items`.
    #[must_use]
    pub fn among(items: impl IntoIterator<Item = &'a R>, cluster: &ClusterId) -> Self {
        let cluster = cluster.fingerprint();
        let marked = items.into_iter().filter_map(|item| Some((Marker::on(item)?, item)));
        Self(marked.filter(|(marker, _)| marker.cluster == cluster).collect())
    }

    /// The uids in their markers.
    pub fn uids(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(marker, _)| marker.uid.as_str())
    }
}

/// The objects of the cluster, as far as the things in a list depend on them.
#[derive(Clone, Copy, Debug)]
pub struct Objects<'a> {
    /// Of the uids in markers, those whose objects are surely gone. Nothing while not all objects of the
    /// cluster are known.
    pub gone: Option<&'a BTreeSet<String>>,
    /// IDs that objects name, on record or to be taken over or observed: somebody is in charge.
    pub named: &'a BTreeSet<String>,
}

/// Something in the cloud without an object.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Orphan {
    /// Its ID.
    pub id: String,
    /// uid of the object that it was made for.
    pub uid: String,
}

/// What the complete lists of one scope have shown.
#[derive(Clone, Debug, Default)]
pub struct Audit {
    /// When the newest list that counted was begun.
    listed: Option<Tick>,
    /// By ID.
    suspects: BTreeMap<String, Suspect>,
}

/// A thing that no list since a moment has shown with an object.
#[derive(Clone, Debug)]
struct Suspect {
    uid: String,
    /// When the first of these lists was begun.
    since: Tick,
    reported: bool,
}

impl Audit {
    /// Takes in a complete list that was begun at `began`, and the objects as they are known after it.
    /// Answers with the orphans that are new.
    ///
    /// `period`, in milliseconds, is how long a thing must be without an object.
    pub fn absorb<R: Resource>(
        &mut self,
        began: Tick,
        ours: &Ours<'_, R>,
        objects: Objects<'_>,
        period: u64,
    ) -> Vec<Orphan> {
        let Some(gone) = objects.gone else {
            return Vec::new();
        };
        if self.listed.is_some_and(|listed| began < listed) {
            return Vec::new();
        }
        self.listed = Some(began);
        let mut before = std::mem::take(&mut self.suspects);
        let mut new = Vec::new();
        for (marker, item) in &ours.0 {
            let left = gone.contains(&marker.uid) && !item.is_leaving();
            let Some(id) = item.id().filter(|id| left && !objects.named.contains(*id)) else {
                continue;
            };
            let known = before.remove(id).filter(|known| known.uid == marker.uid);
            let mut suspect = known.unwrap_or_else(|| Suspect {
                uid: marker.uid.clone(),
                since: began,
                reported: false,
            });
            if !suspect.reported && began.since(suspect.since) >= period {
                suspect.reported = true;
                new.push(suspect.orphan(id));
            }
            self.suspects.insert(id.to_owned(), suspect);
        }
        new
    }

    /// The orphans, in the order of their IDs.
    #[must_use]
    pub fn orphans(&self) -> Vec<Orphan> {
        let reported = self.suspects.iter().filter(|(_, suspect)| suspect.reported);
        reported.map(|(id, suspect)| suspect.orphan(id)).collect()
    }

    /// Whether [`Self::orphans`] are all: the scope was listed, and nothing is under suspicion still.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.listed.is_some() && self.suspects.values().all(|suspect| suspect.reported)
    }

    /// When a list has to begin so that no orphan is reported late; nothing while there was none.
    #[must_use]
    pub fn due(&self, period: u64) -> Option<Tick> {
        let suspicions = self.suspects.values().filter(|suspect| !suspect.reported);
        let first = suspicions.map(|suspect| suspect.since).chain(self.listed).min()?;
        Some(first.after(period))
    }
}

impl Suspect {
    fn orphan(&self, id: &str) -> Orphan {
        Orphan {
            id: id.to_owned(),
            uid: self.uid.clone(),
        }
    }
}

/// Which orphans there are and what to do about them.
#[must_use]
pub fn text<K: Kind>(orphans: &[Orphan]) -> String {
    let mut ids: Vec<String> = orphans.iter().take(NAMED).map(|orphan| orphan.id.clone()).collect();
    if orphans.len() > NAMED {
        ids.push(format!("and {} more", orphans.len() - NAMED));
    }
    format!(
        "{count} {noun}{s} with this cluster's marker and without an object: {ids}; nothing is done about it, and what costs \
         money is billed: take it over with spec.{adoption} or delete it in the console; if it was detached on purpose, \
         remove the marker [mapool:...] from its description to silence this",
        count = orphans.len(),
        noun = K::NOUN,
        s = if orphans.len() == 1 { "" } else { "s" },
        ids = ids.join(", "),
        adoption = K::ADOPTION,
    )
}

/// The event that tells of new orphans.
#[must_use]
pub fn found<K: Kind>(new: &[Orphan]) -> Notice {
    notice(
        NoticeKind::Warning,
        Reason::OrphanFound.as_str(),
        "Audit",
        text::<K>(new),
    )
}

#[cfg(test)]
mod tests;
