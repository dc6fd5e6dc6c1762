//! Changes: the spec of this very generation, sent to what a GET of this very pass showed to be ours.
//!
//! One change at a time, each as the contract of the service wants it. A change that was refused, or
//! that did not last, is sent again later and later. A difference that the spec did not cause is put
//! back or only told, as `drift.policy` says.

use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::DriftPolicy;

use crate::cadence::{SETTLED, after_refusal, after_setback};
use crate::failure::Remedy;
use crate::kind::{Kind, Resource, Status};
use crate::memory::{Memory, fingerprint_of_patch};
use crate::next::{Change, Next};
use crate::report::{Report, Sync, Verdict};
use crate::step::{Effect, Step};
use crate::timing::Tick;
use crate::view::View;

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
            report.applied();
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

/// Sends a change, unless the same was refused or sent a moment ago.
fn send<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, resource: &K::Resource, change: Change) -> Course<K> {
    let what = fingerprint_of_patch(&change.patch);
    let asked_since = memory.requested_since();
    if let Some(refusal) = memory.change_refusal.as_ref().filter(|refusal| refusal.what == what) {
        let (reason, due) = match refusal.failure.reason() {
            (reason, Remedy::Wait) => (reason, refusal.at.after(after_setback(view.timing, refusal.count))),
            (_, Remedy::Person) => (
                Reason::ChangeRefused,
                refusal.at.after(after_refusal(view.timing, refusal.count)),
            ),
        };
        if view.now < due && asked_since.is_none_or(|since| since < refusal.at) {
            let text = refusal.failure.message.clone();
            let verdict = match refusal.failure.reason().1 {
                Remedy::Wait => Verdict::Working(reason, text.clone()),
                Remedy::Person => Verdict::Stalled(reason, text.clone()),
            };
            return Course {
                next_look: due.since(view.now),
                ..Course::rest(Sync::Differs(reason, change.fields, text), Some(verdict))
            };
        }
    }
    if let Some(sent) = memory.change.as_ref().filter(|sent| sent.what == what) {
        let due = sent.at.after(after_setback(view.timing, sent.count));
        if view.now < due && asked_since.is_none_or(|since| since < sent.at) {
            let text = "the change was sent and has not lasted; it is sent again later".to_owned();
            return Course {
                next_look: due.since(view.now),
                ..Course::rest(
                    Sync::Differs(Reason::ChangePending, change.fields, text.clone()),
                    Some(Verdict::Working(Reason::ChangePending, text)),
                )
            };
        }
    }
    if let Some(due) = late_change(view, memory, &what) {
        let text = "an earlier change may still be carried out; this one is sent when that is over".to_owned();
        return Course {
            next_look: due,
            ..Course::rest(
                Sync::Differs(Reason::ChangePending, change.fields, text.clone()),
                Some(Verdict::Working(Reason::ChangePending, text)),
            )
        };
    }
    let id = resource.id().unwrap_or_default().to_owned();
    // What a list shows may be old; what a GET of this pass shows is sent against.
    let fresh = memory.shown(&id, view.began).is_some();
    let step = if fresh {
        Step::Change {
            id,
            patch: change.patch,
            effect: match (change.grows, change.shrinks) {
                (true, _) => Effect::Grows,
                (_, true) => Effect::Shrinks,
                _ => Effect::Neither,
            },
        }
    } else {
        Step::LookAt { id }
    };
    let text = format!("sending {}", change.fields.join(", "));
    Course {
        step: Some(step),
        sync: Sync::Differs(Reason::Updating, change.fields, "the change is being sent".into()),
        verdict: Some(Verdict::Working(Reason::Updating, text)),
        next_look: view.timing.census_interval_busy,
    }
}

/// How long another change than `what` waits, so that an older one that is still on its way cannot
/// undo it: one of ours without an answer, or one of a process before this one.
fn late_change<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, what: &str) -> Option<u64> {
    let doubt = memory.change_doubt.as_ref().filter(|(doubted, _)| doubted != what);
    let predecessor = (memory.inherited == Some(true)).then(Tick::default);
    let over = doubt
        .map(|(_, at)| *at)
        .max(predecessor)?
        .after(view.timing.gateway_limit);
    (view.now < over).then(|| over.since(view.now))
}
