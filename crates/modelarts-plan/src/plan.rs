//! The one entrance: which part of an object's life is it in, and what comes next.
//!
//! Order matters. Deletion comes first and never needs a valid spec. The finalizer comes before
//! anything that could leave something behind in the cloud.

use modelarts_crd::conditions::Reason;

use crate::cadence::SETTLED;
use crate::desired::Desired;
use crate::memory::Memory;
use crate::report::{Notice, Report, Sync, Verdict};
use crate::step::{Plan, Step};
use crate::view::{Account, View};
use crate::{creation, deletion, keeping};

/// Decides the next step for one object. Same arguments, same answer.
pub fn plan(view: &View<'_>, memory: &mut Memory) -> Plan {
    memory.sight(view);
    if view.object.metadata.deletion_timestamp.is_some() {
        return deletion::plan(view, memory);
    }
    let mut report = Report::of(view);
    let desired = match Desired::parse(view.object, view.cluster) {
        Ok(desired) => desired,
        Err(problems) => return rest(report, Verdict::Stalled(Reason::InvalidSpec, problems.join("; "))),
    };
    report.wants(&desired);
    let account = match view.account {
        Account::Open(account) => account,
        Account::Closed(closed) => return rest(report, keeping::closed(closed)),
    };
    if !view.has_finalizer() {
        return Draft::new(report).silent(Step::AddFinalizer);
    }
    match view.pool_id() {
        Some(id) => keeping::plan(view, memory, &desired, id, report),
        None => creation::plan(view, memory, &desired, account, report),
    }
}

/// Nothing to do until something changes.
fn rest(mut report: Report, verdict: Verdict) -> Plan {
    report.conclude(&verdict, &Sync::AsBefore);
    Draft::new(report).publish(Step::Rest, SETTLED)
}

/// A plan in the making.
pub(crate) struct Draft {
    report: Report,
    notice: Option<Notice>,
}

impl Draft {
    pub(crate) fn new(report: Report) -> Self {
        Self { report, notice: None }
    }

    /// Tells something in an event.
    pub(crate) fn tell(mut self, notice: Notice) -> Self {
        self.notice = Some(notice);
        self
    }

    /// A step that is followed by another at once, which will write the status.
    pub(crate) fn silent(self, step: Step) -> Plan {
        Plan {
            step,
            status: self.report.finish(),
            publish: false,
            notice: self.notice,
            next_look: 0,
        }
    }

    /// A step, and the status with it; the next look after `next_look` milliseconds at the latest.
    pub(crate) fn publish(self, step: Step, next_look: u64) -> Plan {
        Plan {
            step,
            status: self.report.finish(),
            publish: true,
            notice: self.notice,
            next_look,
        }
    }
}
