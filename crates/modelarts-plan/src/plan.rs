//! The one entrance: which part of an object's life is it in, and what comes next.
//!
//! Order matters. Deletion comes first and never needs a valid spec. The finalizer comes before
//! anything that could leave something behind in the cloud.

use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::ManagementPolicy;

use crate::cadence::SETTLED;
use crate::kind::{Desired, Kind};
use crate::memory::Memory;
use crate::report::{Notice, Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::view::{Account, View};
use crate::{creation, deletion, keeping, observing};

/// Decides the next step for one object. Same arguments, same answer.
pub fn plan<K: Kind>(view: &View<'_, K>, memory: &mut Memory<K>) -> Plan<K> {
    memory.sight(view);
    if view.is_leaving() {
        return deletion::plan(view, memory);
    }
    let mut report = Report::of(view);
    if view.terms().management == ManagementPolicy::Pause {
        return rest(report, &paused());
    }
    let desired = match K::Desired::parse(view.object, view.cluster) {
        Ok(desired) => desired,
        Err(problems) => return rest(report, &Verdict::Stalled(Reason::InvalidSpec, problems.join("; "))),
    };
    report.wants(&desired);
    let account = match view.account {
        Account::Open(account) => account,
        Account::Closed(closed) => return rest(report, &keeping::closed(closed)),
    };
    if view.terms().management == ManagementPolicy::Observe {
        return observing::plan(view, memory, &desired, report);
    }
    if !view.has_finalizer() {
        return Draft::new(report).silent(Step::AddFinalizer);
    }
    match view.recorded_id() {
        Some(id) => keeping::plan(view, memory, &desired, id, report),
        None => creation::plan(view, memory, &desired, account, report),
    }
}

/// What an object says that is left alone.
pub(crate) fn paused() -> Verdict {
    Verdict::Paused("managementPolicy is Pause: the cloud is not asked and nothing is done".into())
}

/// Nothing to do until something changes.
fn rest<K: Kind>(mut report: Report<K>, verdict: &Verdict) -> Plan<K> {
    let sync = match verdict {
        Verdict::Paused(text) => Sync::Unknown(Reason::Suspended, text.clone()),
        _ => Sync::AsBefore,
    };
    report.conclude(verdict, &sync);
    Draft::new(report).publish(Step::Rest, SETTLED)
}

/// A plan in the making.
pub(crate) struct Draft<K: Kind> {
    report: Report<K>,
    notice: Option<Notice>,
}

impl<K: Kind> Draft<K> {
    pub(crate) fn new(report: Report<K>) -> Self {
        Self { report, notice: None }
    }

    /// Tells something in an event.
    pub(crate) fn tell(mut self, notice: Notice) -> Self {
        self.notice = Some(notice);
        self
    }

    /// A step that is followed by another at once, which will write the status.
    pub(crate) fn silent(self, step: Step<K>) -> Plan<K> {
        Plan {
            step,
            status: self.report.finish(),
            publish: false,
            notice: self.notice,
            next_look: 0,
        }
    }

    /// A step, and the status with it; the next look after `next_look` milliseconds at the latest.
    pub(crate) fn publish(self, step: Step<K>, next_look: u64) -> Plan<K> {
        Plan {
            step,
            status: self.report.finish(),
            publish: true,
            notice: self.notice,
            next_look,
        }
    }
}
