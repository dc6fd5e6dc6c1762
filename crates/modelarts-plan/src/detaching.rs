//! What is not deleted: by Detach the object goes and what it stood for stays, named in an event; what
//! is paid for by the month or year holds its object until a person decides.

use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::ManagementPolicy;
use modelarts_crd::status::Creation;

use crate::creation::notice;
use crate::deletion::{blocked, waiting};
use crate::kind::{Kind, Resource};
use crate::memory::Memory;
use crate::plan::Draft;
use crate::report::{NoticeKind, Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::view::{Account, View};

/// Leaves it alone and says which it is.
pub(crate) fn detach<K: Kind>(
    view: &View<'_, K>,
    memory: &Memory<K>,
    attempt: Option<&Creation>,
    report: Report<K>,
) -> Plan<K> {
    let id = view.recorded_id().map(str::to_owned).or_else(|| {
        let marker = view.marker();
        let listing = view.cloud.newest(memory.evidence_since())?;
        let ours = listing.marked(&marker);
        ours.into_iter().find_map(|resource| resource.id().map(str::to_owned))
    });
    let doubted = attempt.is_some_and(|attempt| attempt.doubts > 0);
    if id.is_none() && doubted && view.cloud.set_since(memory.evidence_since()).is_none() {
        if let Account::Closed(closed) = view.account {
            return blocked(closed.reason, closed.stalled, closed.message.clone(), report);
        }
        let text = "looking for the pool to leave alone";
        return waiting(
            view,
            text,
            Step::LookAtScope {
                since: memory.evidence_since(),
            },
            view.timing.census_interval_busy,
            report,
        );
    }
    let draft = Draft::new(report);
    match id {
        Some(id) => {
            let why = if view.around.kind_leaves {
                "because the definition of its kind is removed"
            } else if view.terms().management == ManagementPolicy::Observe {
                "as managementPolicy Observe says"
            } else {
                "as the deletion policy Detach says"
            };
            let note = format!(
                "left {} {id} alone in the cloud, {why}; it stays, and is billed if it costs anything, until it is deleted there",
                K::NOUN
            );
            draft
                .tell(notice(NoticeKind::Normal, Reason::Detached.as_str(), "Detach", note))
                .silent(Step::RemoveFinalizer)
        }
        None => draft.silent(Step::RemoveFinalizer),
    }
}

/// What is paid for by the month or year is not deleted: that would lose the money.
pub(crate) fn subscribed<K: Kind>(view: &View<'_, K>, resource: &K::Resource, mut report: Report<K>) -> Plan<K> {
    let text = format!(
        "{noun} {id} is a subscription and is not deleted; unsubscribe it in the console, or set deletionPolicy: Detach to release this object and keep the {noun} until its term ends",
        noun = K::NOUN,
        id = resource.id().unwrap_or_default()
    );
    let new = view.condition("Stalled", "True") != Some(Reason::SubscriptionActive.as_str());
    report.conclude(
        &Verdict::Stalled(Reason::SubscriptionActive, text.clone()),
        &Sync::AsBefore,
    );
    let draft = Draft::new(report);
    let draft = match new {
        true => draft.tell(notice(
            NoticeKind::Warning,
            Reason::SubscriptionActive.as_str(),
            "Delete",
            text,
        )),
        false => draft,
    };
    draft.publish(Step::Rest, view.timing.census_interval)
}
