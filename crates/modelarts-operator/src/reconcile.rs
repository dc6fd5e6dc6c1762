//! Passes over one object: observe, plan, execute, publish, and again until there is nothing to do.
//!
//! Each pass does at most one step. The object is read live at the start and again after a write
//! that found it changed; after our own guarded write its answer is the newest there is.

use std::sync::Arc;
use std::time::Duration;

use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use modelarts_crd::ModelArtsPool;
use modelarts_plan::{Around, Memory, Outcome, Plan, Step, StepKind, Tick, View, plan};
use tracing::Instrument;

use crate::around::around;
use crate::context::Context;
use crate::directory::PoolMeta;
use crate::execute::{Executed, execute};
use crate::observe::{Observed, observe, written as written_down};
use crate::publish::{self, Written};

/// More steps in a row than any life of a pool has.
const MOST_PASSES: usize = 24;

/// Why a reconcile ended early. A failure of the cloud is none: those are values.
#[derive(Debug, thiserror::Error)]
pub enum ReconcileError {
    /// Kubernetes could not be asked, or refused.
    #[error("Kubernetes refused or could not be reached")]
    Kubernetes(#[source] Box<kube::Error>),
    /// It took too long.
    #[error("the pass took longer than its deadline")]
    Deadline,
}

impl From<kube::Error> for ReconcileError {
    fn from(error: kube::Error) -> Self {
        Self::Kubernetes(Box::new(error))
    }
}

/// Brings one object forward as far as it goes now.
///
/// # Errors
/// If Kubernetes fails, or the deadline passes. The memory holds what was learned until then.
pub async fn reconcile(meta: Arc<PoolMeta>, ctx: Arc<Context>) -> Result<Action, ReconcileError> {
    let (name, namespace) = (meta.name_any(), meta.namespace().unwrap_or_default());
    let span = tracing::info_span!("reconcile", namespace, name, uid = meta.uid());
    let deadline = Duration::from_millis(ctx.timing.request_deadline) + Duration::from_secs(30);
    let passes = passes(&ctx, &namespace, &name).instrument(span);
    tokio::time::timeout(deadline, passes)
        .await
        .unwrap_or(Err(ReconcileError::Deadline))
}

async fn passes(ctx: &Context, namespace: &str, name: &str) -> Result<Action, ReconcileError> {
    let api: Api<ModelArtsPool> = Api::namespaced(ctx.kube.clone(), namespace);
    let Some(mut object) = api.get_opt(name).await? else {
        return Ok(Action::await_change());
    };
    let uid = object.uid().unwrap_or_default();
    if !ctx.directory.knows(&uid) {
        // The watch has not told of it yet, or has just told of its end.
        return Ok(Action::requeue(Duration::from_millis(ctx.timing.census_interval_busy)));
    }
    let memory = ctx.memories.of(&uid);
    let mut memory = memory.lock().await;
    let mut began = ctx.clock.now();
    let mut surroundings = around(ctx, &object).await?;
    for _ in 0..MOST_PASSES {
        let observed = observe(ctx, &object).await;
        let plan = decide(ctx, &object, &observed, &surroundings, began, &mut memory);
        let kind = plan.step.kind();
        let started = ctx.clock.now();
        let executed = execute(ctx, &api, &object, &observed, &plan, &mut memory).await?;
        let outcome = match executed {
            Executed::Later(wait) => return Ok(Action::requeue(wait)),
            Executed::Outcome(outcome) => outcome,
            Executed::Written(written) => {
                object = *written;
                Outcome::Done
            }
        };
        // A step that was put off, for want of the lease or of a turn, is none.
        if kind != StepKind::Rest {
            ctx.metrics.stepped(kind.as_str());
            tracing::info!(step = kind.as_str(), "step");
        }
        let mut stale = outcome == Outcome::Stale;
        let telling = telling(kind, &outcome);
        absorb(&mut memory, &plan, outcome, &observed, started, ctx.clock.now());
        if !stale && plan.publish {
            match publish::status(&api, &object, &plan.status).await? {
                Some(Written::Done(written)) => {
                    object = *written;
                    written_down(ctx, &object);
                }
                // Nobody might wake the object for whatever came in between: look again at once.
                Some(Written::Stale) => stale = true,
                None => {}
            }
        }
        if let Some(notice) = plan.notice.clone().filter(|_| telling.is_due(stale)) {
            publish::tell(&ctx.recorder, &object, notice).await;
        }
        match plan.step {
            Step::Rest | Step::LookAtScope { .. } if !stale => {
                return Ok(Action::requeue(Duration::from_millis(plan.next_look.max(50))));
            }
            Step::RemoveFinalizer if !stale => return Ok(Action::await_change()),
            _ => {}
        }
        if stale {
            match api.get_opt(name).await? {
                Some(read) if read.uid() == object.uid() => {
                    (object, began) = (read, ctx.clock.now());
                    surroundings = around(ctx, &object).await?;
                }
                _ => return Ok(Action::await_change()),
            }
        }
    }
    Ok(Action::requeue(Duration::from_millis(ctx.timing.census_interval_busy)))
}

/// When the event of a step is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Telling {
    /// The deed is done, whether or not the status could be written.
    Always,
    /// What only the status tells is told when the status does.
    WithStatus,
    /// What was to be told did not come to pass.
    Never,
}

impl Telling {
    fn is_due(self, stale: bool) -> bool {
        match self {
            Self::Always => true,
            Self::WithStatus => !stale,
            Self::Never => false,
        }
    }
}

fn telling(kind: StepKind, outcome: &Outcome) -> Telling {
    match (kind, outcome) {
        (StepKind::Delete, _) | (StepKind::Change | StepKind::Mark, Outcome::Changed(_)) => Telling::Always,
        (StepKind::Change | StepKind::Mark, _) => Telling::Never,
        _ => Telling::WithStatus,
    }
}

fn decide(
    ctx: &Context,
    object: &ModelArtsPool,
    observed: &Observed,
    around: &Around,
    began: Tick,
    memory: &mut Memory,
) -> Plan {
    let nonce = format!("{:016x}", rand::random::<u64>());
    plan(
        &View {
            object,
            cluster: &ctx.cluster,
            account: &observed.account,
            cloud: &observed.cloud,
            around,
            now: ctx.clock.now(),
            began,
            wall: jiff::Timestamp::now(),
            nonce: &nonce,
            fencing: ctx.leadership.fencing().map(i64::from),
            timing: &ctx.timing,
        },
        memory,
    )
}

fn absorb(memory: &mut Memory, plan: &Plan, outcome: Outcome, observed: &Observed, began: Tick, now: Tick) {
    memory.absorb(
        &plan.step,
        outcome,
        plan.status.creation.as_ref(),
        &observed.hash,
        began,
        now,
    );
}

#[cfg(test)]
mod tests {
    use modelarts_plan::{CloudFailure, FailureKind};

    use super::*;

    #[test]
    fn a_change_is_told_if_it_was_made_and_a_transition_if_it_was_written() {
        let failed = || {
            Outcome::Failed(CloudFailure {
                kind: FailureKind::Transient,
                message: "down".into(),
                doubtful: true,
            })
        };
        let changed = || Outcome::Changed(Arc::default());
        for kind in [StepKind::Change, StepKind::Mark] {
            assert_eq!(telling(kind, &changed()), Telling::Always);
            assert_eq!(telling(kind, &failed()), Telling::Never);
            assert_eq!(telling(kind, &Outcome::Stale), Telling::Never);
        }
        assert_eq!(telling(StepKind::Delete, &failed()), Telling::Always);
        assert_eq!(telling(StepKind::Rest, &Outcome::Done), Telling::WithStatus);
    }
}
