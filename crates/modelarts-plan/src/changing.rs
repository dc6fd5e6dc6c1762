//! Changes: the spec of this very generation, sent to what a GET of this very pass showed to be ours.
//!
//! One change at a time, each as the contract of the service wants it. A change that was refused, or
//! that did not last, is sent again later and later. A difference that the spec did not cause is put
//! back or only told, as `drift.policy` says.

use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::DriftPolicy;

use crate::cadence::{SETTLED, after_refusal, after_setback};
use crate::failure::Remedy;
use crate::identity::Marker;
use crate::kind::{Kind, Resource, Status};
use crate::memory::{Memory, fingerprint_of_patch};
use crate::next::{Change, Next};
use crate::report::{Report, Sync, Verdict};
use crate::step::{Effect, Step};
use crate::timing::Tick;
use crate::view::{Account, Shown, View};

/// What is to be done and said about the difference between spec and cloud.
pub(crate) struct Course<K: Kind> {
    /// The step that brings the cloud closer, if there is one now.
    pub step: Option<Step<K>>,
    /// What the condition Synced says.
    pub sync: Sync,
    /// What is said instead of readiness; nothing if readiness is not touched.
    pub verdict: Option<Verdict>,
    /// When to look again.
    pub next_look: u64,
}

impl<K: Kind> Course<K> {
    /// What is said. What the thing itself says comes first, but that it is ready is not the whole
    /// truth while a change waits.
    pub fn over(&self, own: &Verdict) -> Verdict {
        match (own, &self.verdict) {
            (Verdict::Ready(_), Some(changing)) => changing.clone(),
            (own, _) => own.clone(),
        }
    }

    fn rest(sync: Sync, verdict: Option<Verdict>) -> Self {
        Self {
            step: None,
            sync,
            verdict,
            next_look: SETTLED,
        }
    }
}

/// What to do about the difference, as far as `resource` shows it.
pub(crate) fn course<K: Kind>(
    view: &View<'_, K>,
    memory: &Memory<K>,
    desired: &K::Desired,
    resource: &K::Resource,
    report: &mut Report<K>,
) -> Course<K> {
    let settled = view.status().and_then(Status::applied) == Some(view.generation());
    let reports_only = settled && view.terms().drift == DriftPolicy::Report;
    if let Some(adoption) = view
        .terms()
        .adoption
        .filter(|adoption| Some(adoption.id) != resource.id())
    {
        let text = format!(
            "spec.{} names {}, and this object has {} {}; make another object for the other one",
            K::ADOPTION,
            adoption.id,
            K::NOUN,
            resource.id().unwrap_or_default()
        );
        let sync = Sync::Differs(Reason::ImmutableField, vec![K::ADOPTION.to_owned()], text.clone());
        return Course::rest(sync, Some(Verdict::Stalled(Reason::ImmutableField, text)));
    }
    match K::next(desired, resource, &view.marker()) {
        Next::Nothing => {
            report.applied(desired);
            Course::rest(Sync::Synced, None)
        }
        Next::Send(Change { fields, .. }) | Next::Wait { fields, .. } | Next::Refused { fields, .. }
            if reports_only =>
        {
            let why = "drift.policy Report leaves it alone";
            Course::rest(Sync::Differs(Reason::Drifted, fields, why.into()), None)
        }
        Next::Wait { fields, reason, text } => {
            let sync = Sync::Differs(reason, fields, text.clone());
            Course::rest(sync, Some(Verdict::Working(reason, text)))
        }
        Next::Refused { fields, reason, text } => {
            let sync = Sync::Differs(reason, fields, text.clone());
            Course::rest(sync, Some(Verdict::Stalled(reason, text)))
        }
        Next::Send(change) => send(view, memory, resource, change),
    }
}

/// Sends a change, unless something holds it back.
fn send<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, resource: &K::Resource, change: Change) -> Course<K> {
    if let Some(Hold {
        reason,
        text,
        wait,
        stalled,
    }) = hold(view, memory, &change)
    {
        let verdict = match stalled {
            true => Verdict::Stalled(reason, text.clone()),
            false => Verdict::Working(reason, text.clone()),
        };
        return Course {
            next_look: wait,
            ..Course::rest(Sync::Differs(reason, change.fields, text), Some(verdict))
        };
    }
    let id = resource.id().unwrap_or_default().to_owned();
    // What a list shows may be old; what a GET of this pass shows is sent against.
    let step = match memory.shown(&id, view.began).map(|show| &show.shown) {
        None => Step::LookAt { id },
        Some(Shown::Present(shown)) if Marker::on(&**shown) == Some(view.marker()) => Step::Change {
            id,
            patch: change.patch,
            effect: match (change.grows, change.shrinks) {
                (true, _) => Effect::Grows,
                (_, true) => Effect::Shrinks,
                _ => Effect::Neither,
            },
        },
        Some(_) => return unlooked(view, memory, &id, change.fields),
    };
    let text = format!("sending {}", change.fields.join(", "));
    Course {
        step: Some(step),
        sync: Sync::Differs(Reason::Updating, change.fields, "the change is being sent".into()),
        verdict: Some(Verdict::Working(Reason::Updating, text)),
        next_look: view.timing.census_interval_busy,
    }
}

/// The look that a change needs failed, shows nothing, or shows somebody else's: nothing is sent on the
/// word of a list, not even of a newer one, since lists lag.
fn unlooked<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, id: &str, fields: Vec<String>) -> Course<K> {
    let (reason, text) = match memory.shown(id, view.began).map(|show| &show.shown) {
        Some(Shown::Unknown(failure)) => (failure.reason().0, failure.message.clone()),
        Some(Shown::Present(_)) => (
            Reason::ChangePending,
            format!(
                "{} {id} is shown without this object's marker for a moment; the change is sent when it carries it",
                K::NOUN
            ),
        ),
        _ => (
            Reason::ChangePending,
            format!(
                "{} {id} is not found for a moment; the change is sent when it is",
                K::NOUN
            ),
        ),
    };
    Course {
        next_look: view.timing.census_interval_busy,
        ..Course::rest(
            Sync::Differs(reason, fields, text.clone()),
            Some(Verdict::Working(reason, text)),
        )
    }
}

/// What holds a change back, and for how long.
struct Hold {
    reason: Reason,
    text: String,
    wait: u64,
    stalled: bool,
}

/// Whether the same was refused or sent a moment ago, an older change may still come, or the budget is
/// used up.
fn hold<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, change: &Change) -> Option<Hold> {
    let what = fingerprint_of_patch(&change.patch);
    let asked = |since: Tick| memory.requested_since().is_some_and(|asked| asked >= since);
    let pending = |text: &str, wait| Hold {
        reason: Reason::ChangePending,
        text: text.to_owned(),
        wait,
        stalled: false,
    };
    if let Some(refusal) = memory.change_refusal.as_ref().filter(|refusal| refusal.what == what) {
        let (reason, after, stalled) = match refusal.failure.reason() {
            (reason, Remedy::Wait) => (reason, after_setback(view.timing, refusal.count), false),
            (_, Remedy::Person) => (Reason::ChangeRefused, after_refusal(view.timing, refusal.count), true),
        };
        let due = refusal.at.after(after);
        if view.now < due && !asked(refusal.at) {
            return Some(Hold {
                reason,
                text: refusal.failure.message.clone(),
                wait: due.since(view.now),
                stalled,
            });
        }
    }
    if let Some(sent) = memory.change.as_ref().filter(|sent| sent.what == what) {
        let due = sent.at.after(after_setback(view.timing, sent.count));
        if view.now < due && !asked(sent.at) {
            let text = "the change was sent and has not lasted; it is sent again later";
            return Some(pending(text, due.since(view.now)));
        }
    }
    if let Some(wait) = late_change(view, memory, &what) {
        let text = "an earlier change may still be carried out; this one is sent when that is over";
        return Some(pending(text, wait));
    }
    let spent = matches!(view.account, Account::Open(account) if !account.may_create);
    (change.grows && spent).then(|| Hold {
        reason: Reason::CreationBudget,
        text: "the account has used up its creations of the last ten minutes, and more nodes count as one".to_owned(),
        wait: view.timing.census_interval,
        stalled: false,
    })
}

/// How long another change than `what` waits, so that an older one that is still on its way cannot
/// undo it: one of ours without an answer, or one of a process before this one.
fn late_change<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, what: &str) -> Option<u64> {
    let over = memory.late_until(view.timing.gateway_limit, Some(what))?;
    (view.now < over).then(|| over.since(view.now))
}
