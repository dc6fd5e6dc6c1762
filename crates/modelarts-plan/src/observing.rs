//! Observe: what the spec names is shown, with where it differs, and nothing is ever sent.

use std::sync::Arc;

use modelarts_crd::conditions::Reason;

use crate::cadence::SETTLED;
use crate::keeping::{Identity, blindness, identity, is_unseen, keep_quiet};
use crate::kind::{Desired, Kind, Resource};
use crate::memory::Memory;
use crate::next::Next;
use crate::plan::Draft;
use crate::report::{Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::view::View;

/// Plans for an object that only observes.
pub(crate) fn plan<K: Kind>(
    view: &View<'_, K>,
    memory: &Memory<K>,
    desired: &K::Desired,
    mut report: Report<K>,
) -> Plan<K> {
    let Some(listing) = view.cloud.newest(memory.requested_since().unwrap_or_default()) else {
        return unseen(view, memory, report);
    };
    if let Some(trouble) = &view.cloud.trouble
        && is_unseen(view, trouble.since)
    {
        return unseen(view, memory, report);
    }
    // What was bought or taken over is known; what is only named is whatever has the ID.
    let named = view.recorded_id().or(view.terms().adoption.map(|adoption| adoption.id));
    let found = match named {
        Some(id) => listing.with_id(id),
        None => listing.named(desired.name()),
    };
    let Some(found) = found.map(Arc::clone) else {
        let what = named.unwrap_or(desired.name());
        let text = format!(
            "there is no {} {what} in the workspace {}",
            K::NOUN,
            view.terms().workspace
        );
        if view.recorded_id().is_none() {
            report.clear();
        }
        let sync = Sync::Unknown(Reason::NotFound, text.clone());
        report.conclude(&Verdict::Stalled(Reason::NotFound, text), &sync);
        return Draft::new(report).publish(Step::Rest, SETTLED);
    };
    if view.recorded_id().is_some() && matches!(identity(view, &found), Identity::Another) {
        // What is on record is what tells ours from another, so nothing of this one goes there.
        let text = format!(
            "{} {} is gone, and another one has its ID",
            K::NOUN,
            found.id().unwrap_or_default()
        );
        let sync = Sync::Unknown(Reason::NotFound, text.clone());
        report.conclude(&Verdict::Stalled(Reason::NotFound, text), &sync);
        return Draft::new(report).publish(Step::Rest, SETTLED);
    }
    report.mirror(view, &found);
    let sync = match K::next(desired, &found, &view.marker()) {
        Next::Nothing => Sync::Synced,
        Next::Send(change) => left_alone(change.fields),
        Next::Wait { fields, .. } | Next::Refused { fields, .. } => left_alone(fields),
    };
    report.conclude(&K::verdict(&found), &sync);
    Draft::new(report).publish(Step::Rest, SETTLED)
}

fn left_alone(fields: Vec<String>) -> Sync {
    Sync::Differs(
        Reason::Observed,
        fields,
        "managementPolicy Observe leaves it alone".into(),
    )
}

/// No look yet, or none for a while.
fn unseen<K: Kind>(view: &View<'_, K>, memory: &Memory<K>, mut report: Report<K>) -> Plan<K> {
    let due = view.timing.census_interval;
    if let Some(since) = memory.requested_since().filter(|_| view.cloud.trouble.is_none()) {
        return Draft::new(report).silent(Step::LookAtScope { since });
    }
    match (&view.cloud.trouble, blindness(view, memory)) {
        (Some(trouble), blind) if is_unseen(view, trouble.since) || blind.is_some() => {
            let (reason, text) = (trouble.failure.reason().0, trouble.failure.message.clone());
            report.conclude(&Verdict::Blind(reason, text.clone()), &Sync::Unknown(reason, text));
            Draft::new(report).publish(Step::Rest, due)
        }
        _ => keep_quiet(report, due),
    }
}
