//! Doing the one step that the plan names: at most one write, under a deadline, with its guard.
//!
//! There is no decision here about what to do, only whether it may still be done: the process must
//! lead, the object must be as it was read, and a creation must be in time.

use std::sync::Arc;
use std::time::Duration;

use kube::Api;
use modelarts_client::{ApiError, Failure, PoolId};
use modelarts_crd::{FINALIZER, ModelArtsPool};
use modelarts_plan::memory::Sending;
use modelarts_plan::{CloudFailure, FailureKind, Memory, Outcome, Plan, Shown, Step};
use modelarts_types::pool::Pool;
use tokio::time::Instant;

use crate::accounts::Access;
use crate::context::Context;
use crate::failures;
use crate::governor::{Class, Priority};
use crate::observe::Observed;
use crate::publish::{self, Written};

/// How long a step waits for its turn with the cloud before the pass gives way to others.
const TURN: Duration = Duration::from_secs(5);

/// What came of a step.
pub enum Executed {
    /// The plan can go on with this.
    Outcome(Outcome),
    /// So it can, and the object is now this.
    Written(Box<ModelArtsPool>),
    /// Not done; look at everything anew after this time.
    Later(Duration),
}

/// Does the step of a plan.
///
/// # Errors
/// Kubernetes could not be asked.
pub async fn execute(
    ctx: &Context,
    api: &Api<ModelArtsPool>,
    object: &ModelArtsPool,
    observed: &Observed,
    plan: &Plan,
    memory: &mut Memory,
) -> Result<Executed, kube::Error> {
    if !ctx.leadership.is_leader(Instant::now()) {
        return Ok(Executed::Later(Duration::from_secs(1)));
    }
    match &plan.step {
        Step::Rest => Ok(Executed::Outcome(Outcome::Done)),
        Step::LookAtScope { since } => {
            ctx.census.want(&observed.scope, &observed.member.uid, *since);
            Ok(Executed::Outcome(Outcome::Done))
        }
        Step::LookAtPool { id } => Ok(look_at_pool(ctx, observed, id).await),
        Step::LookAtCanary => Ok(look_at_canary(ctx, observed).await),
        Step::AddFinalizer => written(publish::finalizers(api, object, &with_finalizer(object)).await?),
        Step::RemoveFinalizer => written(publish::finalizers(api, object, &without_finalizer(object)).await?),
        Step::OpenAttempt => open_attempt(ctx, api, object, observed, plan).await,
        Step::CloseAttempt | Step::RecordPool => write_status(api, object, plan).await,
        Step::CreatePool { token, body } => Ok(create_pool(ctx, observed, token, body, memory).await),
        Step::DeletePool { id } => Ok(delete_pool(ctx, observed, id).await),
    }
}

fn written(written: Written<ModelArtsPool>) -> Result<Executed, kube::Error> {
    Ok(match written {
        Written::Done(object) => Executed::Written(object),
        Written::Stale => Executed::Outcome(Outcome::Stale),
    })
}

fn with_finalizer(object: &ModelArtsPool) -> Vec<String> {
    let present = object.metadata.finalizers.iter().flatten().cloned();
    present.chain([FINALIZER.to_owned()]).collect()
}

fn without_finalizer(object: &ModelArtsPool) -> Vec<String> {
    object
        .metadata
        .finalizers
        .iter()
        .flatten()
        .filter(|name| *name != FINALIZER)
        .cloned()
        .collect()
}

async fn write_status(api: &Api<ModelArtsPool>, object: &ModelArtsPool, plan: &Plan) -> Result<Executed, kube::Error> {
    match publish::status(api, object, &plan.status).await? {
        Some(result) => written(result),
        None => Ok(Executed::Outcome(Outcome::Done)),
    }
}

/// Everything that may take time comes before the intent, so that the creation leaves right after it.
async fn open_attempt(
    ctx: &Context,
    api: &Api<ModelArtsPool>,
    object: &ModelArtsPool,
    observed: &Observed,
    plan: &Plan,
) -> Result<Executed, kube::Error> {
    let account = &observed.member.scope.account;
    if !turn(ctx, account, Class::Writes, Priority::Create).await {
        return Ok(Executed::Later(TURN));
    }
    if let Err(wait) = ctx.governor.reserve_creation(account) {
        return Ok(Executed::Later(wait.min(Duration::from_secs(60))));
    }
    if !ctx.leadership.is_leader(Instant::now()) {
        return Ok(Executed::Later(TURN));
    }
    write_status(api, object, plan).await
}

async fn create_pool(ctx: &Context, observed: &Observed, token: &str, body: &Pool, memory: &mut Memory) -> Executed {
    let Some(access) = &observed.access else {
        return Executed::Later(TURN);
    };
    // The process may have stood still since the plan was made: the last look at the clock is here.
    if memory.sending(token, ctx.clock.now(), ctx.timing.self_deadline) != Sending::InTime {
        return Executed::Later(Duration::ZERO);
    }
    // From here on the token counts as used, whatever becomes of this process.
    memory.sent(token);
    let result = access.client.create_pool(body).await;
    note(ctx, access, Class::Writes, result.as_ref().err());
    Executed::Outcome(match result {
        Ok(pool) => Outcome::Created(Arc::new(pool)),
        Err(error) => Outcome::Failed(failures::of(&error)),
    })
}

async fn delete_pool(ctx: &Context, observed: &Observed, id: &str) -> Executed {
    let Some((access, id)) = target(observed, id) else {
        return unusable(id);
    };
    if !turn(ctx, &observed.member.scope.account, Class::Writes, Priority::Delete).await {
        return Executed::Later(TURN);
    }
    if let Some(name) = &observed.member.pool_name {
        ctx.census
            .deleted(&observed.member.scope.account, name, ctx.clock.now());
    }
    let result = access.client.delete_pool(&id).await;
    note(ctx, access, Class::Writes, result.as_ref().err());
    Executed::Outcome(match result {
        Ok(_) => Outcome::Done,
        Err(error) => Outcome::Failed(failures::of(&error)),
    })
}

async fn look_at_pool(ctx: &Context, observed: &Observed, id: &str) -> Executed {
    let Some((access, id)) = target(observed, id) else {
        return unusable(id);
    };
    if !turn(ctx, &observed.member.scope.account, Class::Reads, Priority::Update).await {
        return Executed::Later(TURN);
    }
    let result = access.client.show_pool(&id).await;
    note(ctx, access, Class::Reads, result.as_ref().err());
    Executed::Outcome(Outcome::Shown(match result {
        Ok(pool) => Shown::Present(Arc::new(pool)),
        Err(error) if error.failure == Failure::Gone => Shown::Gone,
        Err(error) => Shown::Unknown(failures::of(&error)),
    }))
}

async fn look_at_canary(ctx: &Context, observed: &Observed) -> Executed {
    let Some(access) = &observed.access else {
        return Executed::Later(TURN);
    };
    let read = ctx.census.canary(&observed.scope, access, &observed.member).await;
    if read {
        return Executed::Outcome(Outcome::Canary(true));
    }
    Executed::Later(TURN)
}

fn target<'a>(observed: &'a Observed, id: &str) -> Option<(&'a Access, PoolId)> {
    Some((observed.access.as_ref()?, PoolId::parse(id).ok()?))
}

/// An ID that cannot be an ID is never sent; it is shown as a failure to look.
fn unusable(id: &str) -> Executed {
    let message = format!("{id:?} is no pool ID, or the account cannot be used");
    Executed::Outcome(Outcome::Shown(Shown::Unknown(CloudFailure {
        kind: FailureKind::Malformed,
        message,
        doubtful: false,
    })))
}

/// Waits for a turn with the cloud, but not for long: the pass holds a place that others could use.
async fn turn(ctx: &Context, account: &str, class: Class, priority: Priority) -> bool {
    tokio::time::timeout(TURN, ctx.governor.acquire(account, class, priority))
        .await
        .is_ok()
}

fn note(ctx: &Context, access: &Access, class: Class, error: Option<&ApiError>) {
    if ctx.accounts.absorb(access, class, error) {
        ctx.directory
            .wake_where(|member| member.scope.account == access.account());
    }
}
