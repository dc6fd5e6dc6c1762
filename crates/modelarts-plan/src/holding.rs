//! What keeps the next attempt back: refusals that are not tried again yet, budgets, a name that is
//! not surely free, and whatever the object still waits for.

use modelarts_crd::conditions::Reason;
use modelarts_crd::status::{Creation, Outcome as Fate};

use crate::cadence::{ATTEMPT_BUDGET, SETTLED, after_refusal, after_setback};
use crate::creation::{frozen, verdict_on};
use crate::failure::{FailureKind, Remedy};
use crate::kind::{Desired, Kind, Status};
use crate::memory::{Memory, Setback};
use crate::report::Verdict;
use crate::view::{OpenAccount, View};

/// What keeps the next attempt back, and for how long.
pub(crate) fn waits<K: Kind>(
    view: &View<'_, K>,
    memory: &Memory<K>,
    desired: &K::Desired,
    account: &OpenAccount,
    last: Option<&Creation>,
) -> Option<(Verdict, u64)> {
    let timing = view.timing;
    let same = last.filter(|last| last.spec_hash == desired.hash());
    if let Some(same) = same
        && same.spent >= ATTEMPT_BUDGET
    {
        let text = format!(
            "{} attempts ended in doubt or in failure; it is looked for, but not bought again",
            same.spent
        );
        return Some((Verdict::Stalled(Reason::AttemptsExhausted, text), SETTLED));
    }
    if let Some(same) = same
        && same.outcome == Some(Fate::Failed)
    {
        let wait = after_refusal(timing, u32::try_from(same.spent).unwrap_or(u32::MAX));
        let due = memory.evidence_since().after(wait);
        if view.now < due {
            let text = current_text(view).unwrap_or_else(|| format!("the cloud could not make the {}", K::NOUN));
            return Some((Verdict::Stalled(Reason::CreationFailed, text), due.since(view.now)));
        }
    }
    if let Some(setback) = memory
        .rejection
        .as_ref()
        .filter(|setback| setback.hash == desired.hash())
    {
        let due = setback.at.after(retry_after(view, setback));
        if setback.failure.kind != FailureKind::Conflict && view.now < due {
            return Some((verdict_on::<K>(setback, desired), due.since(view.now)));
        }
    }
    if let Some(same) = same
        && same.outcome == Some(Fate::Lost)
        && view.terms().subscription
    {
        let text = format!(
            "the {} of a subscription is gone, and it is not bought again by itself; set the requestedAt annotation to buy it again",
            K::NOUN
        );
        return Some((Verdict::Stalled(Reason::SubscriptionEnded, text), SETTLED));
    }
    if let Some((reason, text)) = desired.obstacle(view) {
        return Some((Verdict::Working(reason, text), SETTLED));
    }
    if view.cloud.frozen {
        return Some((frozen(), timing.census_interval));
    }
    if let Some(deleted) = view.cloud.name_deleted.filter(|_| view.terms().name.is_some()) {
        let free = deleted.after(timing.in_doubt_window);
        if view.now < free {
            let text = format!(
                "a {} named {} was deleted a moment ago; the name is used again once that is surely over",
                K::NOUN,
                desired.name()
            );
            return Some((Verdict::Working(Reason::WaitingForName, text), free.since(view.now)));
        }
    }
    if !account.may_create {
        let text = "the account has used up its creations of the last ten minutes".to_owned();
        return Some((Verdict::Working(Reason::CreationBudget, text), timing.census_interval));
    }
    None
}

fn retry_after<K: Kind>(view: &View<'_, K>, setback: &Setback) -> u64 {
    match setback.failure.reason().1 {
        Remedy::Wait => after_setback(view.timing, setback.count),
        Remedy::Person => after_refusal(view.timing, setback.count),
    }
}

/// What the status says now, to be said again.
fn current_text<K: Kind>(view: &View<'_, K>) -> Option<String> {
    let conditions = view.status()?.conditions();
    conditions
        .iter()
        .find(|condition| condition.type_ == "Ready")
        .map(|condition| condition.message.clone())
}
