//! What a process remembers of one object between passes. Keyed by uid, never by name.
//!
//! All of it may be lost at any moment: a process that remembers less only waits longer.

use std::sync::Arc;

use modelarts_crd::status::{Creation, Outcome as Fate};
use serde_json::Value;

use crate::failure::{CloudFailure, FailureKind};
use crate::identity::fingerprint_of;
use crate::kind::{Kind, Status};
use crate::pool::Pools;
use crate::step::{Details, Outcome, Step};
use crate::timing::Tick;
use crate::view::{Show, Shown, View};

/// The memory of one object.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Memory<K: Kind = Pools> {
    /// Whether another process had the object before this one, as it was when this one first saw it.
    pub inherited: Option<bool>,
    /// When our finalizer was first seen.
    pub finalizer_seen: Option<Tick>,
    /// When the deletion was first seen.
    pub deletion_seen: Option<Tick>,
    /// The attempt on record, and when it was first seen in its present state.
    record: Option<SeenRecord>,
    /// The attempt that this process wrote down.
    opened: Option<Opened>,
    /// The answer to a creation that this process sent.
    answer: Option<(String, Arc<K::Resource>)>,
    /// The last creation that was refused before it was executed.
    pub rejection: Option<Setback>,
    /// The last deletion that was refused.
    pub refusal: Option<Setback>,
    /// The last GET by ID.
    pub show: Option<Show<K>>,
    /// The last change that was sent, and how often in a row it had to be sent.
    pub change: Option<Sent>,
    /// The last change, or marking, that no answer came to, and when: it may still be carried out.
    pub change_doubt: Option<(String, Tick)>,
    /// The last change, or marking, that was refused.
    pub change_refusal: Option<Setback>,
    /// Since when the thing has been on its way without a rest.
    pub moving_since: Option<Tick>,
    /// What was last learned besides the thing itself, and when.
    pub details: Option<(Details, Tick)>,
    /// What is asked for besides the thing itself, and how often it was asked since the thing came to rest.
    pub asked: (Option<String>, u32),
    /// The last canary read that succeeded.
    pub canary: Option<Tick>,
    /// The last deletion that the cloud accepted, by the pool's ID, and when.
    pub deleted: Option<(String, Tick)>,
    /// When a list was first seen to lack the recorded pool, if no look has shown it since.
    pub missing_since: Option<Tick>,
    /// A request for a pass that the status does not echo yet, and when it was first seen.
    requested: Option<(String, Tick)>,
    /// When the absence of the pool was first proved, with nothing seen to the contrary since.
    pub first_proof: Option<Tick>,
}

#[derive(Clone, Debug, PartialEq)]
struct SeenRecord {
    token: String,
    fate: Option<Fate>,
    token_seen: Tick,
    state_seen: Tick,
}

/// An attempt that this process wrote down.
#[derive(Clone, Debug, PartialEq)]
struct Opened {
    token: String,
    at: Tick,
    sent: bool,
}

/// A request that the cloud refused.
#[derive(Clone, Debug, PartialEq)]
pub struct Setback {
    /// What was asked for: the token of an attempt, or the ID of a pool.
    pub what: String,
    /// Fingerprint of the spec that it was asked for.
    pub hash: String,
    /// Why.
    pub failure: CloudFailure,
    /// When.
    pub at: Tick,
    /// How many times in a row.
    pub count: u32,
}

/// A change that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// Fingerprint of the patch.
    pub what: String,
    /// When.
    pub at: Tick,
    /// How many times in a row.
    pub count: u32,
}

/// Whether an open attempt can still be sent, and by whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sending {
    /// This process wrote it down, has not sent it, and is in time.
    InTime,
    /// This process wrote it down and let the time pass: nobody sent it, and nobody will.
    TooLate,
    /// It was sent, or another process may have sent it.
    Unknown,
}

impl<K: Kind> Memory<K> {
    /// Takes note of the object as it was just read.
    pub fn sight(&mut self, view: &View<'_, K>) {
        let now = view.now;
        let begun = view.recorded_id().is_some() || (view.terms().adoption.is_some() && view.has_finalizer());
        self.inherited.get_or_insert(begun);
        self.finalizer_seen = view.has_finalizer().then(|| self.finalizer_seen.unwrap_or(now));
        let deleted = view.is_leaving();
        self.deletion_seen = deleted.then(|| self.deletion_seen.unwrap_or(now));
        self.record = view.creation().map(|creation| self.sight_record(creation, now));
        if view.creation().is_none_or(|creation| creation.outcome.is_some()) {
            // What was kept for the open attempt has served.
            (self.opened, self.answer) = (None, None);
        }
        let handled = view.status().and_then(Status::handled_request);
        self.requested = view
            .requested_at()
            .filter(|value| Some(*value) != handled)
            .map(|value| {
                let seen = self
                    .requested
                    .take()
                    .filter(|(known, _)| known == value)
                    .map_or(now, |(_, seen)| seen);
                (value.to_owned(), seen)
            });
    }

    /// When somebody first asked for a pass that is not handled yet.
    pub fn requested_since(&self) -> Option<Tick> {
        self.requested.as_ref().map(|(_, seen)| *seen)
    }

    fn sight_record(&self, creation: &Creation, now: Tick) -> SeenRecord {
        let same_token = self.record.as_ref().filter(|record| record.token == creation.token);
        SeenRecord {
            token: creation.token.clone(),
            fate: creation.outcome,
            token_seen: same_token.map_or(now, |record| record.token_seen),
            state_seen: same_token
                .filter(|record| record.fate == creation.outcome)
                .map_or(now, |record| record.state_seen),
        }
    }

    /// When the attempt on record was first seen by this process.
    pub fn token_seen(&self) -> Option<Tick> {
        self.record.as_ref().map(|record| record.token_seen)
    }

    /// The earliest beginning of a look that knows of everything on record.
    pub fn evidence_since(&self) -> Tick {
        let record = self.record.as_ref().map(|record| record.state_seen);
        [self.finalizer_seen, record, self.requested_since()]
            .into_iter()
            .flatten()
            .max()
            .unwrap_or_default()
    }

    /// Until when a change or marking that no answer came to may still be carried out: the last one of
    /// this process, unless it was `but`, or one of a process before it.
    pub fn late_until(&self, gateway_limit: u64, but: Option<&str>) -> Option<Tick> {
        let doubt = self
            .change_doubt
            .as_ref()
            .filter(|(what, _)| Some(what.as_str()) != but);
        let predecessor = (self.inherited == Some(true)).then(Tick::default);
        let last = doubt.map(|(_, at)| *at).max(predecessor)?;
        Some(last.after(gateway_limit))
    }

    /// Whether the open attempt `token` can still be sent.
    pub fn sending(&self, token: &str, now: Tick, self_deadline: u64) -> Sending {
        match &self.opened {
            Some(opened) if opened.token == token && !opened.sent => {
                if now.since(opened.at) < self_deadline {
                    Sending::InTime
                } else {
                    Sending::TooLate
                }
            }
            _ => Sending::Unknown,
        }
    }

    /// The answer to the attempt `token`.
    pub fn answer_to(&self, token: &str) -> Option<&Arc<K::Resource>> {
        self.answer
            .as_ref()
            .filter(|(answered, _)| answered == token)
            .map(|(_, pool)| pool)
    }

    /// The refusal of the attempt `token`.
    pub fn rejection_of(&self, token: &str) -> Option<&Setback> {
        self.rejection.as_ref().filter(|setback| setback.what == token)
    }

    /// The GET of `id`, if it was begun at `since` or later.
    pub fn shown(&self, id: &str, since: Tick) -> Option<&Show<K>> {
        self.show.as_ref().filter(|show| show.id == id && show.began >= since)
    }

    /// Every moment that it holds. What explores states moves them, so that two memories that differ
    /// only in how long ago things were are one.
    pub fn moments(&mut self) -> impl Iterator<Item = &mut Tick> {
        let Self {
            inherited: _,
            finalizer_seen,
            deletion_seen,
            record,
            opened,
            answer: _,
            rejection,
            refusal,
            show,
            change,
            change_doubt,
            change_refusal,
            moving_since,
            details,
            asked: _,
            canary,
            deleted,
            missing_since,
            requested,
            first_proof,
        } = self;
        let plain = [
            finalizer_seen,
            deletion_seen,
            moving_since,
            canary,
            missing_since,
            first_proof,
        ];
        let plain = plain.into_iter().filter_map(Option::as_mut);
        let record = record
            .iter_mut()
            .flat_map(|record| [&mut record.token_seen, &mut record.state_seen]);
        let setbacks = [rejection, refusal, change_refusal];
        let setbacks = setbacks.into_iter().flatten().map(|setback| &mut setback.at);
        let paired = [change_doubt, deleted, requested];
        let paired = paired.into_iter().flatten().map(|(_, at)| at);
        let own = opened.iter_mut().map(|opened| &mut opened.at);
        let own = own.chain(show.iter_mut().map(|show| &mut show.began));
        let own = own.chain(change.iter_mut().map(|sent| &mut sent.at));
        let own = own.chain(details.iter_mut().map(|(_, at)| at));
        plain.chain(record).chain(setbacks).chain(paired).chain(own)
    }

    /// Called right before a creation is put on the wire.
    pub fn sent(&mut self, token: &str) {
        if let Some(opened) = self.opened.as_mut().filter(|opened| opened.token == token) {
            opened.sent = true;
        }
    }

    /// Takes in what came of a step. `hash` is the fingerprint of the spec that the step was for,
    /// `began` when it was begun, `now` when it ended.
    pub fn absorb(
        &mut self,
        step: &Step<K>,
        outcome: Outcome<K>,
        opened: Option<&Creation>,
        hash: &str,
        began: Tick,
        now: Tick,
    ) {
        match (step, outcome) {
            (Step::OpenAttempt, Outcome::Done) => {
                self.opened = opened.map(|creation| Opened {
                    token: creation.token.clone(),
                    at: began,
                    sent: false,
                });
            }
            (Step::LookAt { id }, Outcome::Shown(shown)) => {
                self.show = Some(Show {
                    id: id.clone(),
                    began,
                    shown,
                });
            }
            (Step::LookAtDetails { .. }, Outcome::Details(details)) => {
                self.details = Some((details, began));
                self.asked.1 = self.asked.1.saturating_add(1);
            }
            (Step::LookAtDetails { .. }, Outcome::Failed(_)) => {
                // What else is known stays as it is; it is asked again after a while.
                let known = self.details.take().map(|(known, _)| known).unwrap_or_default();
                self.details = Some((known, began));
                self.asked.1 = self.asked.1.saturating_add(1);
            }
            (Step::Change { id, patch, .. } | Step::Mark { id, patch, .. }, Outcome::Changed(resource)) => {
                let what = fingerprint_of_patch(patch);
                let count = self
                    .change
                    .take()
                    .filter(|sent| sent.what == what)
                    .map_or(0, |sent| sent.count);
                let count = count.saturating_add(1);
                (self.change, self.change_refusal) = (Some(Sent { what, at: now, count }), None);
                let shown = Shown::Present(resource);
                self.show = Some(Show {
                    id: id.clone(),
                    began,
                    shown,
                });
            }
            (Step::Change { patch, .. } | Step::Mark { patch, .. }, Outcome::Failed(failure)) => {
                // What the cloud did with it is seen by looking.
                self.show = None;
                let what = fingerprint_of_patch(patch);
                if failure.doubtful {
                    self.change_doubt = Some((what.clone(), now));
                }
                self.change_refusal = Some(setback(self.change_refusal.take(), &what, hash, failure, now));
            }
            (Step::LookAtCanary, Outcome::Canary(read)) => self.canary = read.then_some(began),
            (Step::Create { token, .. }, Outcome::Created(pool)) => {
                self.rejection = None;
                self.answer = Some((token.clone(), pool));
            }
            (Step::Create { token, .. }, Outcome::Failed(failure)) if !failure.doubtful => {
                self.rejection = Some(setback(self.rejection.take(), token, hash, failure, now));
            }
            // The service says that there is no such pool: as good as done, and to be proved by looking.
            (Step::Delete { id }, Outcome::Failed(failure)) if failure.kind != FailureKind::Gone => {
                self.show = None;
                self.refusal = Some(setback(self.refusal.take(), id, hash, failure, now));
            }
            (Step::Delete { id }, Outcome::Done | Outcome::Failed(_)) => {
                self.show = None;
                self.refusal = None;
                self.deleted = Some((id.clone(), now));
            }
            _ => {}
        }
    }
}

/// A word that stands for a patch.
#[must_use]
pub fn fingerprint_of_patch(patch: &Value) -> String {
    fingerprint_of(patch.to_string().as_bytes())
}

/// Counts on if the same was asked for as the last time.
fn setback(last: Option<Setback>, what: &str, hash: &str, failure: CloudFailure, at: Tick) -> Setback {
    let count = last.filter(|last| last.hash == hash).map_or(0, |last| last.count);
    Setback {
        what: what.to_owned(),
        hash: hash.to_owned(),
        failure,
        at,
        count: count.saturating_add(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pool::Pools;

    #[test]
    fn its_moments_can_be_moved() {
        let mut memory = Memory::<Pools> {
            canary: Some(Tick(3)),
            first_proof: Some(Tick(5)),
            ..Memory::default()
        };
        for moment in memory.moments() {
            *moment = moment.after(10);
        }
        assert_eq!((memory.canary, memory.first_proof), (Some(Tick(13)), Some(Tick(15))));
    }
}
