//! What is missing: looked at closer, and longer, before it counts as lost.

use std::sync::Arc;

use modelarts_crd::conditions::Reason;
use modelarts_crd::status::Outcome as Fate;

use crate::creation::{end, frozen, notice, record};
use crate::evidence::{Absence, absence};
use crate::keeping::{is_same, keep_quiet, present};
use crate::kind::{Kind, Resource};
use crate::memory::Memory;
use crate::plan::Draft;
use crate::report::{NoticeKind, Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::timing::Tick;
use crate::view::{Shown, View};

/// The newest list lacks the pool: look closer, and longer.
pub(crate) fn missing<K: Kind>(
    view: &View<'_, K>,
    memory: &mut Memory<K>,
    desired: &K::Desired,
    id: &str,
    mut report: Report<K>,
) -> Plan<K> {
    if view.cloud.frozen {
        report.conclude(
            &frozen(),
            &Sync::Unknown(
                Reason::ScopeFrozen,
                format!("the {} is missing from the answers, like many others", K::NOUN),
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
            match (
                shown.filter(|found| is_same(view, found)),
                other_of_ours(view, since, id),
            ) {
                (Some(found), _) => present(view, memory, desired, &found, report),
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
                &Verdict::Working(Reason::ConfirmingLoss, loss_text::<K>(id)),
                &Sync::Unknown(Reason::ConfirmingLoss, loss_text::<K>(id)),
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
fn other_of_ours<K: Kind>(view: &View<'_, K>, since: Tick, id: &str) -> Option<Arc<K::Resource>> {
    let marked = view.cloud.newest(since)?.marked(&view.marker());
    marked
        .into_iter()
        .find(|pool| pool.id().is_some_and(|other| other != id))
        .map(Arc::clone)
}

fn loss_text<K: Kind>(id: &str) -> String {
    format!(
        "{} {id} is not found any more; whether it is really gone is being confirmed",
        K::NOUN
    )
}

/// Writes down that the pool is gone, so that it may be created again.
fn lost<K: Kind>(view: &View<'_, K>, memory: &mut Memory<K>, id: &str, mut report: Report<K>) -> Plan<K> {
    memory.first_proof = None;
    report.clear();
    let failed = view
        .cloud
        .set
        .as_ref()
        .and_then(|set| set.failed_marked(&view.marker()))
        .map(|failed| failed.told());
    let (fate, reason, text) = match failed {
        Some(told) => (Fate::Failed, Reason::CreationFailed, told),
        None if view.terms().subscription => (
            Fate::Lost,
            Reason::SubscriptionEnded,
            format!(
                "{} {id} of a subscription is gone; it is not bought again by itself",
                K::NOUN
            ),
        ),
        None => (
            Fate::Lost,
            Reason::Creating,
            format!("{} {id} was deleted by somebody else; it is created again", K::NOUN),
        ),
    };
    end(fate, &mut report);
    let verdict = match fate {
        Fate::Failed => Verdict::Stalled(reason, text.clone()),
        _ if view.terms().subscription => Verdict::Stalled(reason, text.clone()),
        _ => Verdict::Working(reason, text.clone()),
    };
    report.conclude(&verdict, &Sync::Unknown(reason, text.clone()));
    Draft::new(report)
        .tell(notice(NoticeKind::Warning, "Lost", "Observe", text))
        .publish(Step::CloseAttempt, 0)
}
