//! How a pool comes to be, exactly once.
//!
//! The intent is durable before the request leaves, guarded so that only one process can have
//! written it, and its token is sent at most once. A request without an answer is left alone for
//! the in-doubt window and then looked up: our marker adopts, its absence allows the next attempt.
//! A taken name is never taken over.

use std::sync::Arc;

use modelarts_crd::conditions::Reason;
use modelarts_crd::status::{Creation, Outcome as Fate};

use crate::adoption;
use crate::failure::FailureKind;
use crate::holding::waits;
use crate::identity::Marker;
use crate::kind::{Desired, Kind, Resource, Status};
use crate::memory::{Memory, Sending, Setback};
use crate::naming::{hidden_conflict, name_taken};
use crate::plan::Draft;
use crate::report::{Notice, NoticeKind, Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::view::{Listing, OpenAccount, Shown, View};

/// Plans for an object without a recorded pool.
pub(crate) fn plan<K: Kind>(
    view: &View<'_, K>,
    memory: &mut Memory<K>,
    desired: &K::Desired,
    account: &OpenAccount,
    report: Report<K>,
) -> Plan<K> {
    if let Some((pool, fate)) = found(view, memory) {
        return record(view, &pool, fate, report);
    }
    let (last, adoption) = (view.creation(), view.terms().adoption);
    let shows_ours = |listing: &Listing<K>| !listing.marked(&view.marker()).is_empty();
    match (last.filter(|attempt| attempt.outcome.is_none()), adoption) {
        (None, Some(adoption)) => adoption::plan(view, memory, adoption, report),
        _ if view.cloud.begun(memory.evidence_since()).any(shows_ours) => without_id(view, report),
        (Some(attempt), _) => in_flight(view, memory, desired, attempt, report),
        (None, None) => next_attempt(view, memory, desired, account, last, report),
    }
}

/// A pool that is ours: the answer to our own request, or whatever carries our marker.
pub(crate) fn found<K: Kind>(view: &View<'_, K>, memory: &Memory<K>) -> Option<(Arc<K::Resource>, Fate)> {
    if let Some(attempt) = view.creation().filter(|attempt| attempt.outcome.is_none())
        && let Some(pool) = memory.answer_to(&attempt.token)
        && pool.id().is_some()
    {
        return Some((Arc::clone(pool), Fate::Created));
    }
    let (since, marker) = (memory.evidence_since(), view.marker());
    let listed = view
        .cloud
        .begun(since)
        .flat_map(|listing| listing.marked(&marker))
        .find(|pool| pool.id().is_some())
        .map(Arc::clone);
    let shown = memory
        .show
        .as_ref()
        .filter(|show| show.began >= since)
        .and_then(|show| match &show.shown {
            Shown::Present(pool) if Marker::find(pool.description()).as_ref() == Some(&marker) => {
                Some(Arc::clone(pool))
            }
            _ => None,
        });
    listed
        .or(shown)
        .filter(|pool| pool.id().is_some())
        .map(|pool| (pool, Fate::Adopted))
}

/// Writes the pool's ID down, which closes the attempt and shows the pool, all in one write.
pub(crate) fn record<K: Kind>(view: &View<'_, K>, pool: &K::Resource, fate: Fate, mut report: Report<K>) -> Plan<K> {
    let id = pool.id().unwrap_or_default().to_owned();
    report.mirror(view, pool);
    let attempt = report.creation().get_or_insert_with(|| blank(view));
    attempt.outcome = Some(fate);
    report.conclude(&being_created::<K>(), &Sync::Synced);
    let (reason, note) = match fate {
        Fate::Created => ("Created", format!("created {} {id}", K::NOUN)),
        _ => (
            "Adopted",
            format!("found {} {id} by its marker and took it over", K::NOUN),
        ),
    };
    Draft::new(report)
        .tell(notice(NoticeKind::Normal, reason, "Create", note))
        .publish(Step::Record, 0)
}

pub(crate) fn being_created<K: Kind>() -> Verdict {
    Verdict::Working(Reason::Creating, format!("the {} is being created", K::NOUN))
}

/// Something of ours is listed, and the list leaves out its ID: nothing is bought in sight of it.
fn without_id<K: Kind>(view: &View<'_, K>, mut report: Report<K>) -> Plan<K> {
    let text = format!(
        "a {} with this object's marker is listed without its ID; nothing is created until a list shows the ID",
        K::NOUN
    );
    report.conclude(&Verdict::Working(Reason::ConfirmingCreation, text), &Sync::AsBefore);
    Draft::new(report).publish(Step::Rest, view.timing.census_interval_busy)
}

/// The record of an object whose status was lost while its pool was not.
fn blank<K: Kind>(view: &View<'_, K>) -> Creation {
    Creation {
        attempt: 1,
        token: format!("1-{}", view.nonce),
        spec_hash: String::new(),
        opened_at: view.wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        spent: 0,
        doubts: 0,
        fencing: view.fencing,
        outcome: None,
    }
}

/// An attempt is open: send it, close it, or wait until its fate can be known.
fn in_flight<K: Kind>(
    view: &View<'_, K>,
    memory: &Memory<K>,
    desired: &K::Desired,
    attempt: &Creation,
    mut report: Report<K>,
) -> Plan<K> {
    if let Some(setback) = memory.rejection_of(&attempt.token) {
        if setback.failure.kind == FailureKind::Conflict && stands_stalled(view) {
            // Tried once more, and the name is still taken: what was said stands until the next look decides.
            end(Fate::Rejected, &mut report);
            return Draft::new(report).publish(Step::CloseAttempt, 0);
        }
        return close(Fate::Rejected, &verdict_on::<K>(setback, desired), report);
    }
    match memory.sending(&attempt.token, view.now, view.timing.self_deadline) {
        Sending::InTime
            if attempt.spec_hash == desired.hash()
                && let Some(body) = desired.body(view) =>
        {
            return Draft::new(report).silent(Step::Create {
                token: attempt.token.clone(),
                body: Box::new(body),
            });
        }
        Sending::InTime | Sending::TooLate => {
            let text = "the attempt was given up before it was sent".to_owned();
            return close(Fate::Rejected, &Verdict::Working(Reason::Creating, text), report);
        }
        Sending::Unknown => {}
    }
    let text =
        "no answer came to the creation; whether it was executed is being found out, and nothing is bought twice";
    report.conclude(
        &Verdict::Working(Reason::ConfirmingCreation, text.into()),
        &Sync::AsBefore,
    );
    let known = memory
        .token_seen()
        .unwrap_or(view.now)
        .after(view.timing.in_doubt_window);
    if view.now < known {
        return Draft::new(report).publish(Step::Rest, known.since(view.now));
    }
    match view.cloud.set_since(known) {
        None => Draft::new(report).publish(Step::LookAtScope { since: known }, view.timing.census_interval_busy),
        Some(set) if set.failed_marked(&view.marker()).is_some() => {
            let told = set.failed_marked(&view.marker()).map(|failed| failed.told());
            let told = told.unwrap_or_default();
            close(Fate::Failed, &Verdict::Stalled(Reason::CreationFailed, told), report)
        }
        Some(_) => {
            let text = "the creation was not executed".to_owned();
            close(Fate::NotFound, &Verdict::Working(Reason::Creating, text), report)
        }
    }
}

/// Writes down that the attempt ended without a pool.
pub(crate) fn close<K: Kind>(fate: Fate, verdict: &Verdict, mut report: Report<K>) -> Plan<K> {
    end(fate, &mut report);
    report.conclude(verdict, &Sync::AsBefore);
    let draft = Draft::new(report);
    match verdict {
        Verdict::Stalled(reason, text) => draft
            .tell(notice(NoticeKind::Warning, reason.as_str(), "Create", text.clone()))
            .publish(Step::CloseAttempt, 0),
        _ => draft.publish(Step::CloseAttempt, 0),
    }
}

/// Ends the attempt on record, and counts it if it was a doubt or a failed pool.
pub(crate) fn end<K: Kind>(fate: Fate, report: &mut Report<K>) {
    if let Some(attempt) = report.creation() {
        attempt.outcome = Some(fate);
        if matches!(fate, Fate::NotFound | Fate::Failed) {
            attempt.spent += 1;
            attempt.doubts += 1;
        }
    }
}

/// No attempt is open: is there any reason not to begin the next?
fn next_attempt<K: Kind>(
    view: &View<'_, K>,
    memory: &Memory<K>,
    desired: &K::Desired,
    account: &OpenAccount,
    last: Option<&Creation>,
    mut report: Report<K>,
) -> Plan<K> {
    if let Some((verdict, wait)) = waits(view, memory, desired, account, last) {
        report.conclude(&verdict, &Sync::AsBefore);
        return Draft::new(report).publish(Step::Rest, wait);
    }
    if let Some(plan) = adoption::orphan(view, memory, desired, &report) {
        return plan;
    }
    let since = memory.evidence_since();
    if let Some(taken) = view
        .cloud
        .newest(since)
        .and_then(|listing| listing.named(desired.name()))
    {
        return name_taken(view, taken, desired, report);
    }
    // An old look says little about now: somebody may have taken the name since.
    let fresh = since.max(crate::timing::Tick(view.now.0.saturating_sub(view.timing.list_lag)));
    let newest_list = view.cloud.list.as_ref().map(|list| list.began).unwrap_or_default();
    let Some(_) = view.cloud.set_since(fresh) else {
        return look(
            view,
            Step::LookAtScope {
                since: fresh.max(newest_list),
            },
            report,
        );
    };
    if let Some(plan) = hidden_conflict(view, memory, desired, account, &report) {
        return plan;
    }
    if last.is_some_and(|last| last.outcome == Some(Fate::Lost)) && memory.canary.is_none_or(|read| read < fresh) {
        return look(view, Step::LookAtCanary, report);
    }
    open(view, desired, last, report)
}

/// Why nothing is believed for now.
pub(crate) fn frozen() -> Verdict {
    Verdict::Working(
        Reason::ScopeFrozen,
        "many things of the account vanished from the answers at once; nothing is created or given up until that is understood".into(),
    )
}

/// A look that a creation waits for. It is shown only if looking is what fails.
pub(crate) fn look<K: Kind>(view: &View<'_, K>, step: Step<K>, mut report: Report<K>) -> Plan<K> {
    match &view.cloud.trouble {
        None => {
            if !stands_stalled(view) {
                let text = format!("the {} is about to be created", K::NOUN);
                report.conclude(&Verdict::Working(Reason::Creating, text), &Sync::AsBefore);
            }
            let mut plan = Draft::new(report).silent(step);
            plan.next_look = view.timing.census_interval_busy;
            plan
        }
        Some(trouble) => {
            report.conclude(&Verdict::on(&trouble.failure), &Sync::AsBefore);
            Draft::new(report).publish(step, view.timing.census_interval_busy)
        }
    }
}

/// Whether the object stalled on this very generation, so that a new try should not make it flap.
fn stands_stalled<K: Kind>(view: &View<'_, K>) -> bool {
    let conditions = view.status().map(Status::conditions).unwrap_or_default();
    conditions.iter().any(|condition| {
        condition.type_ == "Stalled"
            && condition.status == "True"
            && condition.observed_generation == Some(view.generation())
    })
}

/// Writes the intent down.
fn open<K: Kind>(view: &View<'_, K>, desired: &K::Desired, last: Option<&Creation>, mut report: Report<K>) -> Plan<K> {
    let number = last.map_or(0, |last| last.attempt) + 1;
    let same = last.filter(|last| last.spec_hash == desired.hash());
    *report.creation() = Some(Creation {
        attempt: number,
        token: format!("{number}-{}", view.nonce),
        spec_hash: desired.hash().to_owned(),
        opened_at: view.wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
        spent: same.map_or(0, |last| last.spent),
        doubts: last.map_or(0, |last| last.doubts),
        fencing: view.fencing,
        outcome: None,
    });
    if !stands_stalled(view) {
        report.conclude(&being_created::<K>(), &Sync::AsBefore);
    }
    Draft::new(report).publish(Step::OpenAttempt, 0)
}

pub(crate) fn verdict_on<K: Kind>(setback: &Setback, desired: &K::Desired) -> Verdict {
    if setback.failure.kind == FailureKind::Conflict {
        // Not a verdict yet: it may be our own pool, or one on its way out. The next look decides.
        let text = format!(
            "the cloud says that the name {} is taken; looking by whom",
            desired.name()
        );
        return Verdict::Working(Reason::WaitingForName, text);
    }
    Verdict::on(&setback.failure)
}

pub(crate) fn notice(kind: NoticeKind, reason: &'static str, action: &'static str, note: String) -> Notice {
    Notice {
        kind,
        reason,
        action,
        note: crate::report::cut(&note),
    }
}
