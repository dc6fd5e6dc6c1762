//! The life of a pool that exists: mirror it, tell where it differs, notice when it is gone.
//!
//! Nothing is sent to the cloud from here. A pool that is missing from one list is looked at by
//! its ID, and counts as lost only after the loss span, with a canary, and never in an incident.

use std::sync::Arc;

use modelarts_crd::conditions::Reason;
use modelarts_crd::status::Outcome as Fate;
use modelarts_types::pool::Pool;

use crate::cadence::SETTLED;
use crate::creation::{end, frozen, notice, record, told};
use crate::desired::Desired;
use crate::drift::differences;
use crate::evidence::{Absence, absence};
use crate::identity::Marker;
use crate::memory::Memory;
use crate::plan::Draft;
use crate::report::{NoticeKind, Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::timing::Tick;
use crate::verdict::verdict_on;
use crate::view::{Closed, Shown, View};

/// How many intervals a settled object goes unseen before its status says so.
const UNSEEN_INTERVALS: u64 = 3;

/// The verdict on an account that cannot be used.
pub(crate) fn closed(closed: &Closed) -> Verdict {
    let text = closed.message.clone();
    if closed.stalled {
        Verdict::Stalled(closed.reason, text)
    } else {
        Verdict::Working(closed.reason, text)
    }
}

/// Plans for an object whose pool is on record.
pub(crate) fn plan(view: &View<'_>, memory: &mut Memory, desired: &Desired, id: &str, report: Report) -> Plan {
    match sighting(view, memory, id) {
        Sighting::Present(pool) => present(view, memory, desired, &pool, report),
        Sighting::Missing => missing(view, memory, desired, id, report),
        Sighting::Unseen => unseen(view, memory, report),
    }
}

enum Sighting {
    Present(Arc<Pool>),
    Missing,
    Unseen,
}

/// What the newest look that knows of the record says about the pool.
fn sighting(view: &View<'_>, memory: &Memory, id: &str) -> Sighting {
    let since = memory.evidence_since();
    let listing = view.cloud.newest(since);
    let listed = listing.and_then(|listing| listing.with_id(id).map(|pool| (listing.began, Arc::clone(pool))));
    let shown = memory.shown(id, since).and_then(|show| match &show.shown {
        Shown::Present(pool) => Some((show.began, Arc::clone(pool))),
        Shown::Gone | Shown::Unknown(_) => None,
    });
    // The GET counts until a list that began after it has an opinion of its own.
    let shown = shown.filter(|(began, _)| listed.is_some() || listing.is_none_or(|listing| listing.began <= *began));
    match listed.into_iter().chain(shown).max_by_key(|(began, _)| *began) {
        Some((_, pool)) => Sighting::Present(pool),
        None if listing.is_some() => Sighting::Missing,
        None => Sighting::Unseen,
    }
}

/// Whether a pool with the recorded ID is the pool that was recorded.
pub(crate) fn is_same(view: &View<'_>, pool: &Pool) -> bool {
    let recorded = view
        .object
        .status
        .as_ref()
        .and_then(|status| status.created_at.as_deref());
    Marker::on(pool).as_ref() == Some(&view.marker()) || (Marker::on(pool).is_none() && pool.created_at() == recorded)
}

fn present(view: &View<'_>, memory: &mut Memory, desired: &Desired, pool: &Pool, mut report: Report) -> Plan {
    if !is_same(view, pool) {
        return missing(view, memory, desired, pool.id().unwrap_or_default(), report);
    }
    (memory.first_proof, memory.missing_since) = (None, None);
    report.mirror(pool);
    let verdict = match blindness(view, memory) {
        Some((reason, text)) => Verdict::Blind(reason, text),
        None => verdict_on(pool),
    };
    let sync = sync_of(view, desired, pool);
    let was_ready = is_ready(view);
    report.conclude(&verdict, &stale_sync(view, sync));
    let draft = Draft::new(report);
    let draft = match &verdict {
        Verdict::Ready(text) if !was_ready => draft.tell(notice(NoticeKind::Normal, "Ready", "Observe", text.clone())),
        Verdict::Stalled(reason, text) if !stalled_for(view, *reason) => {
            draft.tell(notice(NoticeKind::Warning, reason.as_str(), "Observe", text.clone()))
        }
        _ => draft,
    };
    draft.publish(Step::Rest, SETTLED)
}

fn is_ready(view: &View<'_>) -> bool {
    has_condition(view, "Ready", |condition| condition.status == "True")
}

fn stalled_for(view: &View<'_>, reason: Reason) -> bool {
    has_condition(view, "Stalled", |condition| condition.reason == reason.as_str())
}

fn has_condition(
    view: &View<'_>,
    type_: &str,
    test: impl Fn(&k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition) -> bool,
) -> bool {
    view.object
        .status
        .iter()
        .flat_map(|status| &status.conditions)
        .any(|condition| condition.type_ == type_ && test(condition))
}

fn sync_of(view: &View<'_>, desired: &Desired, pool: &Pool) -> Sync {
    if Marker::on(pool).is_none() {
        let text = format!(
            "the description in the cloud lost its marker; put \"{}\" back at its end",
            view.marker()
        );
        return Sync::Unknown(Reason::MarkerLost, text);
    }
    match differences(desired, pool) {
        fields if fields.is_empty() => Sync::Synced,
        fields => Sync::Differs(fields),
    }
}

/// Old news is not passed off as new: after some intervals without a look, the status says so.
fn stale_sync(view: &View<'_>, sync: Sync) -> Sync {
    match &view.cloud.trouble {
        Some(trouble) if is_unseen(view, trouble.since) => {
            Sync::Unknown(trouble.failure.reason().0, trouble.failure.message.clone())
        }
        _ if view.cloud.frozen => {
            let Verdict::Working(reason, text) = frozen() else {
                return sync;
            };
            Sync::Unknown(reason, text)
        }
        _ => sync,
    }
}

/// Whether looking has failed for so long that it should be told.
fn is_unseen(view: &View<'_>, since: Tick) -> bool {
    view.now.since(since) >= UNSEEN_INTERVALS * view.timing.census_interval
}

/// Why readiness is not known any more: looking has failed for the whole in-doubt window.
fn blindness(view: &View<'_>, memory: &Memory) -> Option<(Reason, String)> {
    let trouble = view.cloud.trouble.as_ref()?;
    let blind = view.now.since(trouble.since.max(memory.evidence_since())) >= view.timing.in_doubt_window;
    blind.then(|| (trouble.failure.reason().0, trouble.failure.message.clone()))
}

/// No list has an opinion yet, after a start or while the cloud cannot be read.
fn unseen(view: &View<'_>, memory: &Memory, mut report: Report) -> Plan {
    let due = view.timing.census_interval;
    let Some(trouble) = &view.cloud.trouble else {
        let mut plan = keep_quiet(report, due);
        if let Some(since) = memory.requested_since() {
            plan.step = Step::LookAtScope { since };
        }
        return plan;
    };
    if !is_unseen(view, trouble.since) {
        return keep_quiet(report, due);
    }
    let (reason, text) = (trouble.failure.reason().0, trouble.failure.message.clone());
    let sync = Sync::Unknown(reason, text.clone());
    if blindness(view, memory).is_some() || !is_ready(view) {
        report.conclude(&Verdict::Blind(reason, text), &sync);
    } else {
        report.conclude(
            &Verdict::Ready("the pool was ready when it was last seen".into()),
            &sync,
        );
    }
    Draft::new(report).publish(Step::Rest, due)
}

fn keep_quiet(report: Report, next_look: u64) -> Plan {
    let mut plan = Draft::new(report).silent(Step::Rest);
    plan.next_look = next_look;
    plan
}

/// The newest list lacks the pool: look closer, and longer.
fn missing(view: &View<'_>, memory: &mut Memory, desired: &Desired, id: &str, mut report: Report) -> Plan {
    if view.cloud.frozen {
        report.conclude(
            &frozen(),
            &Sync::Unknown(
                Reason::ScopeFrozen,
                "the pool is missing from the answers, like many others".into(),
            ),
        );
        return Draft::new(report).publish(Step::Rest, view.timing.census_interval);
    }
    let since = memory
        .evidence_since()
        .max(*memory.missing_since.get_or_insert(view.now));
    let next = view.timing.census_interval_busy;
    match absence(view, memory, since, view.timing.loss_span, |pool| !is_same(view, pool)) {
        Absence::Look(step) => {
            let mut plan = Draft::new(report).silent(step);
            plan.next_look = next;
            plan
        }
        Absence::Present => {
            let shown = memory.shown(id, Tick::default()).and_then(|show| match &show.shown {
                Shown::Present(pool) => Some(Arc::clone(pool)),
                _ => None,
            });
            match (shown.filter(|pool| is_same(view, pool)), other_of_ours(view, since, id)) {
                (Some(pool), _) => present(view, memory, desired, &pool, report),
                (None, Some(pool)) => {
                    memory.missing_since = None;
                    record(view, &pool, Fate::Adopted, report)
                }
                (None, None) => keep_quiet(report, next),
            }
        }
        Absence::Unknown(failure) => {
            let (reason, _) = failure.reason();
            report.conclude(
                &Verdict::Blind(reason, failure.message.clone()),
                &Sync::Unknown(reason, failure.message),
            );
            Draft::new(report).publish(Step::Rest, next)
        }
        Absence::Once(due) => {
            report.conclude(
                &Verdict::Working(Reason::ConfirmingLoss, loss_text(id)),
                &Sync::Unknown(Reason::ConfirmingLoss, loss_text(id)),
            );
            Draft::new(report).publish(Step::Rest, due.since(view.now).max(1))
        }
        Absence::Strong
            if memory
                .canary
                .is_none_or(|read| view.now.since(read) > view.timing.list_lag) =>
        {
            let mut plan = Draft::new(report).silent(Step::LookAtCanary);
            plan.next_look = next;
            plan
        }
        Absence::Strong => lost(view, memory, id, report),
    }
}

/// A pool with our marker that stands where the recorded one, which is gone, does not.
fn other_of_ours(view: &View<'_>, since: Tick, id: &str) -> Option<Arc<Pool>> {
    let marked = view.cloud.newest(since)?.marked(&view.marker());
    marked
        .into_iter()
        .find(|pool| pool.id().is_some_and(|other| other != id))
        .map(Arc::clone)
}

fn loss_text(id: &str) -> String {
    format!("pool {id} is not found any more; whether it is really gone is being confirmed")
}

/// Writes down that the pool is gone, so that it may be created again.
fn lost(view: &View<'_>, memory: &mut Memory, id: &str, mut report: Report) -> Plan {
    memory.first_proof = None;
    report.clear();
    let failed = view
        .cloud
        .set
        .as_ref()
        .and_then(|set| set.failed_marked(&view.marker()))
        .map(|pool| told(pool));
    let (fate, reason, text) = match failed {
        Some(told) => (Fate::Failed, Reason::CreationFailed, told),
        None => (
            Fate::Lost,
            Reason::Creating,
            format!("pool {id} was deleted by somebody else; it is created again"),
        ),
    };
    end(fate, &mut report);
    let verdict = match fate {
        Fate::Failed => Verdict::Stalled(reason, text.clone()),
        _ => Verdict::Working(reason, text.clone()),
    };
    report.conclude(&verdict, &Sync::Unknown(reason, text.clone()));
    Draft::new(report)
        .tell(notice(NoticeKind::Warning, "PoolLost", "Observe", text))
        .publish(Step::CloseAttempt, 0)
}
