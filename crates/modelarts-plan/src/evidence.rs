//! When absence is proved. An error, a stale list or a single 404 never proves it.
//!
//! A proof is a GET by the recorded ID that the service itself answered with "no such pool", and a
//! complete LIST set without our marker, both begun after the moment in question. Two proofs, a
//! spacing apart, make it strong.

use crate::kind::Kind;
use crate::memory::Memory;
use crate::step::Step;
use crate::timing::Tick;
use crate::view::{Shown, View};

/// How far a proof has come.
#[derive(Clone, Debug, PartialEq)]
pub enum Absence<K: Kind> {
    /// Proved twice, far enough apart.
    Strong,
    /// Proved once; the second proof can begin at this moment.
    Once(Tick),
    /// A look is needed.
    Look(Step<K>),
    /// It is there, or something is there that must be looked at.
    Present,
    /// Could not look.
    Unknown(crate::failure::CloudFailure),
}

/// How far the absence of the object's pool is proved, counting from `since`.
///
/// `replaced` says whether what a GET showed is not the object's pool, although it has its ID.
pub fn absence<K: Kind>(
    view: &View<'_, K>,
    memory: &mut Memory<K>,
    since: Tick,
    spacing: u64,
    replaced: impl Fn(&K::Resource) -> bool,
) -> Absence<K> {
    let second = memory.first_proof.map(|first| first.after(spacing));
    let floor = match second {
        Some(second) if view.now >= second => second.max(since),
        Some(second) => {
            // Between the proofs anything seen alive ends the proof.
            if let Some(listing) = view.cloud.newest(memory.first_proof.unwrap_or_default())
                && !listing.marked(&view.marker()).is_empty()
            {
                memory.first_proof = None;
                return Absence::Present;
            }
            return Absence::Once(second);
        }
        None => since,
    };
    if let Some(id) = view.recorded_id() {
        match memory.shown(id, floor) {
            None => return Absence::Look(Step::LookAt { id: id.to_owned() }),
            Some(show) => match &show.shown {
                Shown::Gone => {}
                // A failed look says nothing, so it stands for this reconcile only.
                Shown::Unknown(_) if show.began < view.began => {
                    return Absence::Look(Step::LookAt { id: id.to_owned() });
                }
                Shown::Unknown(failure) => return Absence::Unknown(failure.clone()),
                Shown::Present(pool) if replaced(pool) => {}
                _ => {
                    memory.first_proof = None;
                    return Absence::Present;
                }
            },
        }
    }
    let Some(set) = view.cloud.set_since(floor) else {
        return Absence::Look(Step::LookAtScope { since: floor });
    };
    if !set.marked(&view.marker()).is_empty() {
        memory.first_proof = None;
        // A set is made only when asked for: one that a newer list contradicts has to be made anew.
        return match view.cloud.newest(floor) {
            Some(newest) if newest.marked(&view.marker()).is_empty() => {
                Absence::Look(Step::LookAtScope { since: newest.began })
            }
            _ => Absence::Present,
        };
    }
    match memory.first_proof {
        None => {
            memory.first_proof = Some(view.now);
            Absence::Once(view.now.after(spacing))
        }
        Some(_) => Absence::Strong,
    }
}
