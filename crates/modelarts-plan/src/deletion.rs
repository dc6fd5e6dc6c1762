//! How a pool is let go: deleted when its object is deleted, or left alone by policy, and never
//! forgotten.
//!
//! A pool is deleted only right after a GET showed our marker on it. The object is released only
//! when no attempt can still turn into a pool and the absence of one is proved. An object that
//! never tried to buy or to take over anything is released without a call to the cloud, so dead
//! credentials don't hold it.

use std::sync::Arc;

use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::{DeletionPolicy, ManagementPolicy};
use modelarts_crd::status::{Creation, Outcome as Fate};

use crate::adoption::{self, mark};
use crate::cadence::{SETTLED, after_setback};
use crate::creation::{close, found, frozen, notice, record};
use crate::detaching::{detach, subscribed};
use crate::evidence::{Absence, absence};
use crate::failure::{CloudFailure, Remedy};
use crate::keeping::{self, Identity};
use crate::kind::{Kind, Resource, Status};
use crate::memory::{Memory, Sending};
use crate::plan::Draft;
use crate::report::{NoticeKind, Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::view::{Account, Shown, View};

/// Plans for an object that is being deleted.
pub(crate) fn plan<K: Kind>(view: &View<'_, K>, memory: &mut Memory<K>) -> Plan<K> {
    let report = Report::of(view);
    if !view.has_finalizer() {
        return still(report, SETTLED);
    }
    let attempt = view.creation().cloned();
    let management = view.terms().management;
    let leaves_alone = management == ManagementPolicy::Observe || view.deletion_policy() == DeletionPolicy::Detach;
    if attempt.is_none() && view.status().is_none_or(|status| status.id().is_none()) {
        let unrecorded =
            (!leaves_alone && !view.around.kind_leaves).then(|| adoption::unrecorded(view, memory, &report));
        return unrecorded
            .flatten()
            .unwrap_or_else(|| Draft::new(report).silent(Step::RemoveFinalizer));
    }
    if management == ManagementPolicy::Pause {
        return paused(report);
    }
    if let Some(attempt) = attempt.as_ref().filter(|attempt| attempt.outcome.is_none())
        && let Some(plan) = settle(view, memory, attempt, &report)
    {
        return plan;
    }
    if leaves_alone || view.around.kind_leaves {
        return detach(view, memory, attempt.as_ref(), report);
    }
    if let Some(word) = view
        .around
        .misspelt
        .as_ref()
        .filter(|_| view.terms().deletion.is_none())
    {
        let text = format!(
            "the namespace's annotation {} is {word:?}; write Delete or Detach, or set spec.deletionPolicy",
            modelarts_crd::DELETION_POLICY
        );
        return blocked(Reason::InvalidSpec, true, text, report);
    }
    if let Account::Closed(closed) = view.account {
        return blocked(closed.reason, closed.stalled, closed.message.clone(), report);
    }
    if !view.around.users.is_empty() {
        let text = format!("it is used by {}", view.around.users.join(", "));
        return blocked(Reason::NetworkInUse, false, text, report);
    }
    remove(view, memory, attempt.as_ref(), report)
}

/// Nobody touches it, so the deletion waits too.
fn paused<K: Kind>(mut report: Report<K>) -> Plan<K> {
    let text = "the deletion waits: managementPolicy is Pause".to_owned();
    report.conclude(&Verdict::Paused(text.clone()), &Sync::Unknown(Reason::Suspended, text));
    Draft::new(report).publish(Step::Rest, SETTLED)
}

/// Nothing to say and nothing to do.
fn still<K: Kind>(report: Report<K>, next_look: u64) -> Plan<K> {
    let mut plan = Draft::new(report).silent(Step::Rest);
    plan.next_look = next_look;
    plan
}

/// The deletion cannot go on.
pub(crate) fn blocked<K: Kind>(reason: Reason, stalled: bool, text: String, mut report: Report<K>) -> Plan<K> {
    let text = format!("the deletion waits: {text}");
    let verdict = if stalled {
        Verdict::Stalled(reason, text)
    } else {
        Verdict::Working(reason, text)
    };
    report.conclude(&verdict, &Sync::AsBefore);
    Draft::new(report).publish(Step::Rest, SETTLED)
}

pub(crate) fn waiting<K: Kind>(
    view: &View<'_, K>,
    text: &str,
    step: Step<K>,
    wait: u64,
    mut report: Report<K>,
) -> Plan<K> {
    let verdict = match &view.cloud.trouble {
        Some(trouble) => {
            let (reason, _) = trouble.failure.reason();
            Verdict::Working(reason, format!("{text}; {}", trouble.failure.message))
        }
        None => Verdict::Working(Reason::Deleting, text.to_owned()),
    };
    report.conclude(&verdict, &Sync::AsBefore);
    Draft::new(report).publish(step, wait)
}

/// An attempt is open: it may still turn into a pool, so its fate comes first.
fn settle<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, attempt: &Creation, report: &Report<K>) -> Option<Plan<K>> {
    if let Some((pool, fate)) = found(view, memory) {
        return Some(record(view, &pool, fate, report.clone()));
    }
    let deleting = || {
        Verdict::Working(
            Reason::Deleting,
            format!("the object is deleted before a {} was made", K::NOUN),
        )
    };
    let unsent = memory.sending(&attempt.token, view.now, view.timing.self_deadline) != Sending::Unknown;
    if unsent || memory.rejection_of(&attempt.token).is_some() {
        return Some(close(Fate::Rejected, &deleting(), report.clone()));
    }
    let known = memory
        .token_seen()
        .unwrap_or(view.now)
        .after(view.timing.in_doubt_window);
    let text = "no answer came to the creation; whether there is a pool to delete is being found out";
    if view.now < known {
        return Some(waiting(view, text, Step::Rest, known.since(view.now), report.clone()));
    }
    if let Account::Closed(closed) = view.account {
        return Some(blocked(
            closed.reason,
            closed.stalled,
            closed.message.clone(),
            report.clone(),
        ));
    }
    match view.cloud.set_since(known) {
        None => Some(waiting(
            view,
            text,
            Step::LookAtScope { since: known },
            view.timing.census_interval_busy,
            report.clone(),
        )),
        Some(_) => Some(close(Fate::NotFound, &deleting(), report.clone())),
    }
}

/// Deletes whatever is ours, proves that nothing is left, and releases the object.
fn remove<K: Kind>(
    view: &View<'_, K>,
    memory: &mut Memory<K>,
    attempt: Option<&Creation>,
    report: Report<K>,
) -> Plan<K> {
    let adopted_lately = attempt.is_some_and(|attempt| attempt.outcome == Some(Fate::Adopted))
        && memory
            .token_seen()
            .is_some_and(|seen| view.now.since(seen) < view.timing.in_doubt_window);
    let since = memory.deletion_seen.unwrap_or_default().max(memory.evidence_since());
    if let Some(id) = other_of_ours(view, since) {
        return delete(view, memory, &id, report);
    }
    if let Some(id) = view.recorded_id()
        && memory.first_proof.is_none()
        && !matches!(memory.shown(id, view.began).map(|show| &show.shown), Some(Shown::Gone))
    {
        return delete(view, memory, id, report);
    }
    if view.cloud.frozen {
        report_frozen(report, view.timing.census_interval)
    } else if only_rejected(view, attempt) {
        match view.cloud.set_since(since) {
            None => waiting(
                view,
                "making sure that there is no pool",
                Step::LookAtScope { since },
                view.timing.census_interval_busy,
                report,
            ),
            Some(_) => Draft::new(report).silent(Step::RemoveFinalizer),
        }
    } else {
        confirm(view, memory, since, adopted_lately, report)
    }
}

fn report_frozen<K: Kind>(mut report: Report<K>, wait: u64) -> Plan<K> {
    report.conclude(&frozen(), &Sync::AsBefore);
    Draft::new(report).publish(Step::Rest, wait)
}

/// Whether every attempt was refused before it was executed.
fn only_rejected<K: Kind>(view: &View<'_, K>, attempt: Option<&Creation>) -> bool {
    view.recorded_id().is_none()
        && attempt.is_some_and(|attempt| attempt.outcome == Some(Fate::Rejected) && attempt.doubts == 0)
}

/// A pool with our marker under another ID than the recorded one.
fn other_of_ours<K: Kind>(view: &View<'_, K>, since: crate::timing::Tick) -> Option<String> {
    let listing = view.cloud.newest(since)?;
    let marker = view.marker();
    listing
        .marked(&marker)
        .into_iter()
        .filter(|item| !item.is_leaving())
        .filter_map(|item| item.id())
        .find(|id| Some(*id) != view.recorded_id())
        .map(str::to_owned)
}

/// The cloud did not say what is there.
pub(crate) fn unseen<K: Kind>(view: &View<'_, K>, failure: &CloudFailure, mut report: Report<K>) -> Plan<K> {
    let (reason, _) = failure.reason();
    let text = format!("the deletion waits: {}", failure.message);
    report.conclude(&Verdict::Working(reason, text), &Sync::AsBefore);
    Draft::new(report).publish(Step::Rest, view.timing.census_interval_busy)
}

/// GETs the pool, and deletes it if that shows our marker.
fn delete<K: Kind>(view: &View<'_, K>, memory: &mut Memory<K>, id: &str, report: Report<K>) -> Plan<K> {
    let busy = view.timing.census_interval_busy;
    // A deletion is decided on what this very pass saw.
    let Some(show) = memory.shown(id, view.began) else {
        let mut plan = waiting(view, &going::<K>(), Step::LookAt { id: id.to_owned() }, 0, report);
        plan.publish = false;
        return plan;
    };
    match show.shown.clone() {
        Shown::Unknown(failure) => unseen(view, &failure, report),
        Shown::Gone => still(report, busy),
        Shown::Present(pool) => delete_present(view, memory, id, &pool, report),
    }
}

fn delete_present<K: Kind>(
    view: &View<'_, K>,
    memory: &mut Memory<K>,
    id: &str,
    resource: &Arc<K::Resource>,
    mut report: Report<K>,
) -> Plan<K> {
    let timing = view.timing;
    match keeping::identity(view, resource) {
        Identity::Ours => {}
        // Somebody else's stands under the ID, or ours has been taken over: ours is gone.
        Identity::Another | Identity::Taken(_) => {
            return confirm(view, memory, memory.deletion_seen.unwrap_or_default(), false, report);
        }
        Identity::Unmarked if resource.is_leaving() => {}
        Identity::Unmarked => return mark(view, memory, resource, None, report),
    }
    memory.first_proof = None;
    report.mirror(view, resource);
    if resource.is_leaving() {
        return waiting(view, &going::<K>(), Step::Rest, timing.census_interval_busy, report);
    }
    if resource.is_subscription() || view.terms().subscription {
        return subscribed(view, resource, report);
    }
    if let Some(plan) = not_again_yet(view, memory, id, &report) {
        return plan;
    }
    if memory.refusal.as_ref().is_some_and(|refusal| refusal.what == id) {
        // What was said of the refusal stands until this try is answered.
        let mut plan = still(report, timing.census_interval_busy);
        plan.step = Step::Delete { id: id.to_owned() };
        return plan;
    }
    let note = notice(
        NoticeKind::Normal,
        "Deleting",
        "Delete",
        format!("deleting {} {id}", K::NOUN),
    );
    let mut plan = waiting(
        view,
        &going::<K>(),
        Step::Delete { id: id.to_owned() },
        timing.census_interval_busy,
        report,
    );
    plan.notice = Some(note);
    plan
}

fn going<K: Kind>() -> String {
    format!("the {} is being deleted", K::NOUN)
}

/// A deletion that was asked for a moment ago, or refused, is not asked for again at once.
fn not_again_yet<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, id: &str, report: &Report<K>) -> Option<Plan<K>> {
    let timing = view.timing;
    let mut report = report.clone();
    if let Some((_, at)) = memory.deleted.as_ref().filter(|(deleted, _)| deleted == id) {
        let due = at.after(timing.census_interval_busy);
        if view.now < due {
            return Some(waiting(view, &going::<K>(), Step::Rest, due.since(view.now), report));
        }
    }
    let refusal = memory.refusal.as_ref().filter(|refusal| refusal.what == id)?;
    let due = refusal.at.after(after_setback(timing, refusal.count));
    if view.now >= due {
        return None;
    }
    let reason = match refusal.failure.reason() {
        (reason, Remedy::Wait) => reason,
        (_, Remedy::Person) => Reason::DeletionRefused,
    };
    let text = format!(
        "deleting {} {id} did not succeed and is tried again: {}",
        K::NOUN,
        refusal.failure.message
    );
    report.conclude(&Verdict::Working(reason, text), &Sync::AsBefore);
    Some(Draft::new(report).publish(Step::Rest, due.since(view.now)))
}

/// Proves twice that nothing of ours is left.
fn confirm<K: Kind>(
    view: &View<'_, K>,
    memory: &mut Memory<K>,
    since: crate::timing::Tick,
    adopted_lately: bool,
    report: Report<K>,
) -> Plan<K> {
    let busy = view.timing.census_interval_busy;
    let text = &format!(
        "the {} is gone; making sure of it before the object is released",
        K::NOUN
    );
    match absence(view, memory, since, view.timing.absence_spacing, |item| {
        !keeping::is_same(view, item)
    }) {
        Absence::Look(step) => waiting(view, text, step, busy, report),
        Absence::Present => still(report, busy),
        Absence::Unknown(failure) => {
            let mut report = report;
            let (reason, _) = failure.reason();
            report.conclude(
                &Verdict::Working(reason, format!("the deletion waits: {}", failure.message)),
                &Sync::AsBefore,
            );
            Draft::new(report).publish(Step::Rest, busy)
        }
        Absence::Once(due) => waiting(view, text, Step::Rest, due.since(view.now).max(1), report),
        Absence::Strong if adopted_lately => {
            let due = memory
                .token_seen()
                .unwrap_or(view.now)
                .after(view.timing.in_doubt_window);
            waiting(
                view,
                "the pool is gone; an attempt to create it may still be under way",
                Step::Rest,
                due.since(view.now).max(1),
                report,
            )
        }
        Absence::Strong => {
            let note = notice(
                NoticeKind::Normal,
                "Deleted",
                "Delete",
                format!("{} {} is gone", K::NOUN, view.recorded_id().unwrap_or("of this object")),
            );
            Draft::new(report).tell(note).silent(Step::RemoveFinalizer)
        }
    }
}
