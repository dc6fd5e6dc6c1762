//! A name that is taken: by a pool on its way out, or by somebody else. It is never taken over.
//!
//! Whoever has it, the object goes on by itself when the name is free.

use modelarts_crd::conditions::Reason;

use crate::cadence::after_setback;
use crate::creation::look;
use crate::failure::FailureKind;
use crate::identity::predicted_id;
use crate::kind::{Desired, Kind, Resource};
use crate::memory::Memory;
use crate::plan::Draft;
use crate::report::{Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::timing::Tick;
use crate::view::{OpenAccount, Shown, View};

/// A name that is taken: by a pool on its way out, or by somebody else.
pub(crate) fn name_taken<K: Kind>(
    view: &View<'_, K>,
    taken: &K::Resource,
    desired: &K::Desired,
    mut report: Report<K>,
) -> Plan<K> {
    let id = taken.id().unwrap_or_default();
    let verdict = if taken.is_leaving() {
        Verdict::Working(
            Reason::WaitingForName,
            format!("{} {id} of the same name is being deleted", K::NOUN),
        )
    } else {
        Verdict::Stalled(Reason::NameConflict, conflict_text::<K>(desired.name(), Some(id)))
    };
    report.conclude(&verdict, &Sync::AsBefore);
    Draft::new(report).publish(Step::Rest, view.timing.census_interval)
}

fn conflict_text<K: Kind>(name: &str, id: Option<&str>) -> String {
    let whose = id.map(|id| format!(" ({id})")).unwrap_or_default();
    format!(
        "a {noun} named {name} exists{whose} and does not carry this object's marker; choose another spec.{field}, delete that {noun}, or take it over with spec.{adoption}",
        noun = K::NOUN,
        field = K::NAME,
        adoption = K::ADOPTION
    )
}

/// The cloud says that the name is taken, and no list shows by whom: look at the ID that it should have.
pub(crate) fn hidden_conflict<K: Kind>(
    view: &View<'_, K>,
    memory: &Memory<K>,
    desired: &K::Desired,
    account: &OpenAccount,
    report: &Report<K>,
) -> Option<Plan<K>> {
    let setback = memory
        .rejection
        .as_ref()
        .filter(|setback| setback.failure.kind == FailureKind::Conflict && setback.hash == desired.hash())?;
    let mut report = report.clone();
    let id = predicted_id(desired.name(), &account.project);
    let due = setback.at.after(after_setback(view.timing, setback.count));
    let fresh = setback
        .at
        .max(Tick(view.now.0.saturating_sub(view.timing.census_interval)));
    match memory.shown(&id, fresh).map(|show| &show.shown) {
        None => Some(look(view, Step::LookAt { id }, report)),
        Some(Shown::Present(pool)) => Some(name_taken(view, pool, desired, report)),
        Some(Shown::Gone | Shown::Unknown(_)) if view.now < due => {
            let text = format!(
                "{}; {}",
                conflict_text::<K>(desired.name(), None),
                setback.failure.message
            );
            report.conclude(&Verdict::Stalled(Reason::NameConflict, text), &Sync::AsBefore);
            Some(Draft::new(report).publish(Step::Rest, due.since(view.now)))
        }
        Some(Shown::Gone | Shown::Unknown(_)) => None,
    }
}
