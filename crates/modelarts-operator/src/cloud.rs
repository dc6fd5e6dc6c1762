//! The steps that ask the cloud: each takes its turn, makes one request, and tells the account how it
//! ended. A marking makes two, because it may only replace the marker that was seen.

use std::sync::Arc;
use std::time::Duration;

use modelarts_client::{ApiError, Failure, ListOrders, PoolId};
use modelarts_plan::memory::Sending;
use modelarts_plan::{CloudFailure, Details, Effect, FailureKind, Marker, Memory, Outcome, Plan, Shown, orders};
use modelarts_types::pool::Pool;
use serde_json::Value;
use tokio::time::Instant;

use crate::accounts::Access;
use crate::context::Context;
use crate::execute::Executed;
use crate::failures;
use crate::governor::{Class, Priority};
use crate::observe::Observed;

/// How long a step waits for its turn with the cloud before the pass gives way to others.
pub(crate) const TURN: Duration = Duration::from_secs(5);

/// How far back orders are asked for; the service keeps them for a month.
const ORDERS: jiff::SignedDuration = jiff::SignedDuration::from_hours(31 * 24);

/// Sends a creation, if its attempt is still in time.
pub(crate) async fn create(
    ctx: &Context,
    observed: &Observed,
    token: &str,
    body: &Pool,
    memory: &mut Memory,
) -> Executed {
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

/// Sends a change.
pub(crate) async fn change(ctx: &Context, observed: &Observed, id: &str, patch: &Value, effect: Effect) -> Executed {
    let (access, id) = match target(observed, id) {
        Ok(target) => target,
        Err(failure) => return Executed::Outcome(Outcome::Failed(failure)),
    };
    let account = &observed.member.scope.account;
    let priority = match effect {
        Effect::Grows => Priority::Create,
        Effect::Shrinks => Priority::Delete,
        Effect::Neither => Priority::Update,
    };
    if !turn(ctx, account, Class::Writes, priority).await {
        return Executed::Later(TURN);
    }
    if effect == Effect::Grows
        && let Err(wait) = ctx.governor.reserve_creation(account)
    {
        return Executed::Later(wait.min(Duration::from_secs(60)));
    }
    patched(ctx, access, &id, patch).await
}

/// Writes a marker, if the one that is there is still `over`.
pub(crate) async fn mark(
    ctx: &Context,
    observed: &Observed,
    id: &str,
    over: Option<&Marker>,
    patch: &Value,
) -> Executed {
    let (access, id) = match target(observed, id) {
        Ok(target) => target,
        Err(failure) => return Executed::Outcome(Outcome::Failed(failure)),
    };
    let account = &observed.member.scope.account;
    let Ok(_alone) = tokio::time::timeout(TURN, ctx.claims.alone(id.as_str())).await else {
        return Executed::Later(TURN);
    };
    if !turn(ctx, account, Class::Writes, Priority::Update).await
        || !turn(ctx, account, Class::Reads, Priority::Update).await
    {
        return Executed::Later(TURN);
    }
    let shown = access.client.show_pool(&id).await;
    note(ctx, access, Class::Reads, shown.as_ref().err());
    match shown {
        Ok(pool) if Marker::on(&pool).as_ref() == over => patched(ctx, access, &id, patch).await,
        Ok(_) => Executed::Outcome(Outcome::Stale),
        Err(error) => Executed::Outcome(Outcome::Failed(failures::of(&error))),
    }
}

async fn patched(ctx: &Context, access: &Access, id: &PoolId, patch: &Value) -> Executed {
    if !ctx.leadership.is_leader(Instant::now()) {
        return Executed::Later(TURN);
    }
    let result = access.client.patch_pool(id, patch).await;
    note(ctx, access, Class::Writes, result.as_ref().err());
    Executed::Outcome(match result {
        Ok(pool) => Outcome::Changed(Arc::new(pool)),
        Err(error) => Outcome::Failed(failures::of(&error)),
    })
}

/// Sends a deletion.
pub(crate) async fn delete(ctx: &Context, observed: &Observed, id: &str) -> Executed {
    let (access, id) = match target(observed, id) {
        Ok(target) => target,
        Err(failure) => return Executed::Outcome(Outcome::Failed(failure)),
    };
    let account = &observed.member.scope.account;
    if !turn(ctx, account, Class::Writes, Priority::Delete).await || !ctx.leadership.is_leader(Instant::now()) {
        return Executed::Later(TURN);
    }
    if let Some(name) = &observed.member.cloud_name {
        ctx.census.deleted(account, name, ctx.clock.now());
    }
    let result = access.client.delete_pool(&id).await;
    note(ctx, access, Class::Writes, result.as_ref().err());
    Executed::Outcome(match result {
        Ok(_) => Outcome::Done,
        Err(error) => Outcome::Failed(failures::of(&error)),
    })
}

/// GETs one thing.
pub(crate) async fn look_at(ctx: &Context, observed: &Observed, id: &str) -> Executed {
    let (access, id) = match target(observed, id) {
        Ok(target) => target,
        Err(failure) => return Executed::Outcome(Outcome::Shown(Shown::Unknown(failure))),
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

/// Reads something that is known to exist.
pub(crate) async fn look_at_canary(ctx: &Context, observed: &Observed) -> Executed {
    let (Some(access), Some(scope)) = (&observed.access, &observed.scope) else {
        return Executed::Later(TURN);
    };
    if ctx.census.canary(scope, access, &observed.member).await {
        return Executed::Outcome(Outcome::Canary(true));
    }
    Executed::Later(TURN)
}

/// Asks for the orders of a pool and, if asked for, for its nodes.
pub(crate) async fn look_at_details(
    ctx: &Context,
    observed: &Observed,
    plan: &Plan,
    id: &str,
    nodes: bool,
) -> Executed {
    let (access, id) = match target(observed, id) {
        Ok(target) => target,
        Err(failure) => return Executed::Outcome(Outcome::Failed(failure)),
    };
    let account = &observed.member.scope.account;
    if !turn(ctx, account, Class::Reads, Priority::Update).await {
        return Executed::Later(TURN);
    }
    let list = ListOrders {
        pool: Some(id.clone()),
        since: jiff::Timestamp::now().checked_sub(ORDERS).ok(),
        workspace_id: None,
    };
    let listed = access.client.list_orders(&list).await;
    note(ctx, access, Class::Reads, listed.as_ref().err());
    let listed = match listed {
        Ok(listed) => listed.items.unwrap_or_default(),
        Err(error) => return Executed::Outcome(Outcome::Failed(failures::of(&error))),
    };
    let name = plan.status.order.as_ref().map(|order| order.name.as_str());
    let mut details = Details {
        order: orders::reported(&listed, name),
        abnormal_nodes: None,
    };
    if nodes {
        if !turn(ctx, account, Class::Reads, Priority::Update).await {
            return Executed::Later(TURN);
        }
        let listed = access.client.list_nodes(&id).await;
        note(ctx, access, Class::Reads, listed.as_ref().err());
        match listed {
            Ok(listed) => details.abnormal_nodes = Some(orders::abnormal(&listed.items.unwrap_or_default())),
            Err(error) => return Executed::Outcome(Outcome::Failed(failures::of(&error))),
        }
    }
    Executed::Outcome(Outcome::Details(details))
}

/// What a request goes to. An ID that cannot be an ID is never sent.
fn target<'a>(observed: &'a Observed, id: &str) -> Result<(&'a Access, PoolId), CloudFailure> {
    let target = observed.access.as_ref().zip(PoolId::parse(id).ok());
    target.ok_or_else(|| CloudFailure {
        kind: FailureKind::Malformed,
        message: format!("{id:?} is no pool ID, or the account cannot be used"),
        doubtful: false,
    })
}

/// Waits for a turn with the cloud, but not for long: the pass holds a place that others could use.
pub(crate) async fn turn(ctx: &Context, account: &str, class: Class, priority: Priority) -> bool {
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
