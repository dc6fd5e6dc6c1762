//! Passes over one object: observe, plan, execute, publish, and again until there is nothing to do.
//!
//! Each pass does at most one step. The object is read live at the start and again after a write
//! that found it changed; after our own guarded write its answer is the newest there is.

use std::sync::Arc;
use std::time::Duration;

use kube::runtime::controller::Action;
use kube::{Api, ResourceExt};
use modelarts_plan::kind::Status;
use modelarts_plan::{Around, Memory, Outcome, Plan, Step, StepKind, Tick, View, plan};
use tracing::Instrument;

use crate::around::around;
use crate::context::Context;
use crate::controller::Meta;
use crate::execute::{Executed, execute};
use crate::observe::{Observed, noted, observe};
use crate::publish::{self, Written};
use crate::service::Service;

/// When an object without a place tries again by itself, should the one that was woken before it be gone.
const PLACE: Duration = Duration::from_secs(30);
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
pub async fn reconcile<K: Service>(meta: Arc<Meta<K>>, ctx: Arc<Context<K>>) -> Result<Action, ReconcileError> {
    let (name, namespace) = (meta.name_any(), meta.namespace().unwrap_or_default());
    let span = tracing::info_span!("reconcile", kind = K::NOUN, namespace, name, uid = meta.uid());
    let deadline = Duration::from_millis(ctx.shared.timing.request_deadline) + Duration::from_secs(30);
    let passes = passes(&ctx, &namespace, &name).instrument(span);
    let result = tokio::time::timeout(deadline, passes)
        .await
        .unwrap_or(Err(ReconcileError::Deadline));
    if result.is_err()
        && let Some(uid) = meta.uid()
    {
        ctx.directory.unreadable(&uid);
    }
    result
}

async fn passes<K: Service>(ctx: &Context<K>, namespace: &str, name: &str) -> Result<Action, ReconcileError> {
    let shared = &ctx.shared;
    let soon = Action::requeue(Duration::from_millis(shared.timing.census_interval_busy));
    let api: Api<K::Object> = Api::namespaced(shared.kube.clone(), namespace);
    let Some(mut object) = api.get_opt(name).await? else {
        return Ok(Action::await_change());
    };
    let uid = object.uid().unwrap_or_default();
    if !ctx.directory.knows(&uid) {
        // The watch has not told of it yet, or has just told of its end.
        return Ok(soon);
    }
    // What it tells of itself counts also while it waits for its turn.
    let member = noted(ctx, &object);
    let Some(_place) = shared.places.take(&member, &ctx.directory) else {
        return Ok(Action::requeue(PLACE));
    };
    let memory = ctx.memories.of(&uid);
    let mut memory = memory.lock().await;
    let mut began = shared.clock.now();
    for _ in 0..MOST_PASSES {
        let observed = observe(ctx, &object).await;
        // Anew in each pass: also the answer to a write may be the first to show a deletion.
        let Some(around) = around::<K>(shared, &object).await? else {
            return Ok(soon);
        };
        let plan = decide(ctx, &object, &observed, &around, began, &mut memory);
        let kind = plan.step.kind();
        let started = shared.clock.now();
        let outcome = match execute(ctx, &api, &object, &observed, &plan, &mut memory).await? {
            Executed::Later(wait) => return Ok(Action::requeue(wait)),
            Executed::Outcome(outcome) => outcome,
            Executed::Written(written) => {
                object = *written;
                Outcome::Done
            }
        };
        // A step that was put off, for want of the lease or of a turn, is none.
        if kind != StepKind::Rest {
            shared.metrics.stepped(K::CONTROLLER, kind.as_str());
            tracing::info!(step = kind.as_str(), "step");
        }
        let stale = outcome == Outcome::Stale;
        let telling = telling(kind, &outcome);
        let opened = plan.status.creation();
        memory.absorb(&plan.step, outcome, opened, &observed.hash, started, shared.clock.now());
        let stale = stale || publish(ctx, &api, &mut object, &plan).await?;
        if let Some(notice) = plan.notice.clone().filter(|_| telling.is_due(stale)) {
            let account = shared.accounts.object(K::terms(&object).account);
            let account = account.filter(|_| shared.reach.keeps_accounts());
            publish::tell::<K>(&shared.recorder, &object, account.as_deref(), notice).await;
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
                Some(read) if read.uid() == object.uid() => (object, began) = (read, shared.clock.now()),
                _ => return Ok(Action::await_change()),
            }
        }
    }
    Ok(soon)
}

/// Writes the status of a plan that wants it. Answers whether the object had changed: nobody might
/// wake it for whatever came in between, so it is looked at again at once.
async fn publish<K: Service>(
    ctx: &Context<K>,
    api: &Api<K::Object>,
    object: &mut K::Object,
    plan: &Plan<K>,
) -> Result<bool, kube::Error> {
    if !plan.publish {
        return Ok(false);
    }
    match publish::status::<K>(api, object, &plan.status).await? {
        Some(Written::Done(written)) => {
            *object = *written;
            noted(ctx, object);
            Ok(false)
        }
        Some(Written::Stale) => Ok(true),
        None => Ok(false),
    }
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

fn telling<K: Service>(kind: StepKind, outcome: &Outcome<K>) -> Telling {
    match (kind, outcome) {
        (StepKind::Delete, _) | (StepKind::Change | StepKind::Mark, Outcome::Changed(_)) => Telling::Always,
        (StepKind::Change | StepKind::Mark, _) => Telling::Never,
        _ => Telling::WithStatus,
    }
}

fn decide<K: Service>(
    ctx: &Context<K>,
    object: &K::Object,
    observed: &Observed<K>,
    around: &Around,
    began: Tick,
    memory: &mut Memory<K>,
) -> Plan<K> {
    let nonce = format!("{:016x}", rand::random::<u64>());
    let shared = &ctx.shared;
    plan(
        &View {
            object,
            cluster: &shared.cluster,
            account: &observed.account,
            cloud: &observed.cloud,
            around,
            now: shared.clock.now(),
            began,
            wall: jiff::Timestamp::now(),
            nonce: &nonce,
            fencing: shared.leadership.fencing().map(i64::from),
            timing: &shared.timing,
        },
        memory,
    )
}

#[cfg(test)]
mod tests {
    use modelarts_plan::{CloudFailure, FailureKind, Pools};

    use super::*;

    #[test]
    fn a_change_is_told_if_it_was_made_and_a_transition_if_it_was_written() {
        let failed = || -> Outcome<Pools> {
            Outcome::Failed(CloudFailure {
                kind: FailureKind::Transient,
                message: "down".into(),
                doubtful: true,
            })
        };
        let changed = || Outcome::<Pools>::Changed(Arc::default());
        for kind in [StepKind::Change, StepKind::Mark] {
            assert_eq!(telling(kind, &changed()), Telling::Always);
            assert_eq!(telling(kind, &failed()), Telling::Never);
            assert_eq!(telling(kind, &Outcome::<Pools>::Stale), Telling::Never);
        }
        assert_eq!(telling(StepKind::Delete, &failed()), Telling::Always);
        assert_eq!(telling(StepKind::Rest, &Outcome::<Pools>::Done), Telling::WithStatus);
    }
}
