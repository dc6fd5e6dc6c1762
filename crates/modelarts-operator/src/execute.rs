//! Doing the one step that the plan names: at most one write, under a deadline, with its guard.
//!
//! There is no decision here about what to do, only whether it may still be done: the process must
//! lead, the object must be as it was read, and a creation must be in time.

use std::time::Duration;

use kube::Api;
use modelarts_plan::{Memory, Outcome, Plan, Step};
use tokio::time::Instant;

use crate::cloud;
use crate::context::Context;
use crate::governor::{Class, Priority};
use crate::holding;
use crate::observe::Observed;
use crate::publish::{self, Written};
use crate::service::Service;

/// What came of a step.
pub enum Executed<K: Service> {
    /// The plan can go on with this.
    Outcome(Outcome<K>),
    /// So it can, and the object is now this.
    Written(Box<K::Object>),
    /// Not done; look at everything anew after this time.
    Later(Duration),
}

/// Does the step of a plan.
///
/// # Errors
/// Kubernetes could not be asked.
pub async fn execute<K: Service>(
    ctx: &Context<K>,
    api: &Api<K::Object>,
    object: &K::Object,
    observed: &Observed<K>,
    plan: &Plan<K>,
    memory: &mut Memory<K>,
) -> Result<Executed<K>, kube::Error> {
    if !ctx.shared.leadership.is_leader(Instant::now()) {
        return Ok(Executed::Later(Duration::from_secs(1)));
    }
    match &plan.step {
        Step::Rest => Ok(Executed::Outcome(Outcome::Done)),
        Step::LookAtScope { since } => {
            if let Some(scope) = &observed.scope {
                ctx.census.want(scope, &observed.member.uid, *since);
            }
            Ok(Executed::Outcome(Outcome::Done))
        }
        Step::LookAt { id } => Ok(cloud::look_at(ctx, observed, id).await),
        Step::LookAtCanary => Ok(cloud::look_at_canary(ctx, observed).await),
        Step::LookAtDetails { id, nodes } => Ok(cloud::look_at_details(ctx, observed, plan, id, *nodes).await),
        Step::AddFinalizer if !holding::ensure(&ctx.shared, &observed.member.scope.account).await? => {
            Ok(Executed::Later(Duration::from_secs(1)))
        }
        Step::AddFinalizer => written(publish::finalizers(api, object, &with_finalizer::<K>(object)).await?),
        Step::RemoveFinalizer => written(publish::finalizers(api, object, &without_finalizer::<K>(object)).await?),
        Step::OpenAttempt => open_attempt(ctx, api, object, observed, plan).await,
        Step::CloseAttempt | Step::Record => write_status(api, object, plan).await,
        Step::Create { token, body } => Ok(cloud::create(ctx, observed, token, body, memory).await),
        Step::Mark { id, over, patch } => Ok(cloud::mark(ctx, observed, id, over.as_ref(), patch).await),
        Step::Change { id, patch, effect } => Ok(cloud::change(ctx, observed, id, patch, *effect).await),
        Step::Delete { id } => Ok(cloud::delete(ctx, observed, id).await),
    }
}

fn written<K: Service>(written: Written<K::Object>) -> Result<Executed<K>, kube::Error> {
    Ok(match written {
        Written::Done(object) => Executed::Written(object),
        Written::Stale => Executed::Outcome(Outcome::Stale),
    })
}

fn with_finalizer<K: Service>(object: &K::Object) -> Vec<String> {
    let present = K::metadata(object).finalizers.iter().flatten().cloned();
    present.chain([K::FINALIZER.to_owned()]).collect()
}

fn without_finalizer<K: Service>(object: &K::Object) -> Vec<String> {
    let present = K::metadata(object).finalizers.iter().flatten();
    present.filter(|name| *name != K::FINALIZER).cloned().collect()
}

async fn write_status<K: Service>(
    api: &Api<K::Object>,
    object: &K::Object,
    plan: &Plan<K>,
) -> Result<Executed<K>, kube::Error> {
    match publish::status::<K>(api, object, &plan.status).await? {
        Some(result) => written(result),
        None => Ok(Executed::Outcome(Outcome::Done)),
    }
}

/// Everything that may take time comes before the intent, so that the creation leaves right after it.
async fn open_attempt<K: Service>(
    ctx: &Context<K>,
    api: &Api<K::Object>,
    object: &K::Object,
    observed: &Observed<K>,
    plan: &Plan<K>,
) -> Result<Executed<K>, kube::Error> {
    let account = &observed.member.scope.account;
    if !cloud::turn(ctx, account, Class::Writes, Priority::Create).await {
        return Ok(Executed::Later(cloud::TURN));
    }
    if let Err(wait) = cloud::reserve(ctx, account) {
        return Ok(Executed::Later(wait));
    }
    if !ctx.shared.leadership.is_leader(Instant::now()) {
        return Ok(Executed::Later(cloud::TURN));
    }
    write_status(api, object, plan).await
}
