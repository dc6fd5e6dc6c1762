//! The steps that ask the cloud: each takes its turn, makes one request, and tells the account how it
//! ended. A marking makes two, because it may only replace the marker that was seen.

use std::sync::Arc;
use std::time::Duration;

use modelarts_client::Failure;
use modelarts_plan::memory::Sending;
use modelarts_plan::{CloudFailure, Details, Effect, FailureKind, Marker, Memory, Outcome, Plan, Shown};
use serde_json::Value;
use tokio::time::Instant;

use crate::accounts::Access;
use crate::context::Context;
use crate::execute::Executed;
use crate::failures;
use crate::governor::{Class, Priority};
use crate::observe::Observed;
use crate::service::Service;

/// How long a step waits for its turn with the cloud before the pass gives way to others.
pub(crate) const TURN: Duration = Duration::from_secs(5);

/// Sends a creation, if its attempt is still in time.
pub(crate) async fn create<K: Service>(
    ctx: &Context<K>,
    observed: &Observed<K>,
    token: &str,
    body: &K::Resource,
    memory: &mut Memory<K>,
) -> Executed<K> {
    let Some(access) = &observed.access else {
        return Executed::Later(TURN);
    };
    // The process may have stood still since the plan was made: the last look at the clock is here.
    if memory.sending(token, ctx.shared.clock.now(), ctx.shared.timing.self_deadline) != Sending::InTime {
        return Executed::Later(Duration::ZERO);
    }
    // From here on the token counts as used, whatever becomes of this process.
    memory.sent(token);
    let access = &ctx.shared.accounts.present(access);
    let result = K::create(&access.client, body).await;
    ctx.shared.note(access, Class::Writes, result.as_ref().err());
    Executed::Outcome(match result {
        Ok(pool) => Outcome::Created(Arc::new(pool)),
        Err(error) => Outcome::Failed(failures::of(&error)),
    })
}

/// Sends a change.
pub(crate) async fn change<K: Service>(
    ctx: &Context<K>,
    observed: &Observed<K>,
    id: &str,
    patch: &Value,
    effect: Effect,
) -> Executed<K> {
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
        && let Err(wait) = reserve(ctx, account)
    {
        return Executed::Later(wait);
    }
    patched(ctx, access, &id, patch).await
}

/// Takes a creation, or more nodes, out of the account's budget. What an earlier process has bought is
/// known once every object that was there has been read, and not before: a process that dies again and
/// again would have a fresh budget each time.
///
/// # Errors
/// It is used up, or not known yet: when to ask again.
pub(crate) fn reserve<K: Service>(ctx: &Context<K>, account: &str) -> Result<(), Duration> {
    let directories = ctx.shared.directories.all();
    if !directories.iter().all(|directory| directory.has_seen_the_former()) {
        return Err(Duration::from_secs(1));
    }
    let reserved = ctx.shared.governor.reserve_creation(account);
    reserved.map_err(|wait| wait.min(Duration::from_secs(60)))
}

/// Writes a marker, if the one that is there is still `over`.
pub(crate) async fn mark<K: Service>(
    ctx: &Context<K>,
    observed: &Observed<K>,
    name: &str,
    over: Option<&Marker>,
    patch: &Value,
) -> Executed<K> {
    let (access, id) = match target(observed, name) {
        Ok(target) => target,
        Err(failure) => return Executed::Outcome(Outcome::Failed(failure)),
    };
    let account = &observed.member.scope.account;
    let Ok(_alone) = tokio::time::timeout(TURN, ctx.shared.claims.alone(name)).await else {
        return Executed::Later(TURN);
    };
    if !turn(ctx, account, Class::Writes, Priority::Update).await
        || !turn(ctx, account, Class::Reads, Priority::Update).await
    {
        return Executed::Later(TURN);
    }
    let access = &ctx.shared.accounts.present(access);
    let shown = K::show(&access.client, &id).await;
    ctx.shared.note(access, Class::Reads, shown.as_ref().err());
    match shown {
        Ok(pool) if Marker::on(&pool).as_ref() == over => patched(ctx, access, &id, patch).await,
        Ok(_) => Executed::Outcome(Outcome::Stale),
        Err(error) => Executed::Outcome(Outcome::Failed(failures::of(&error))),
    }
}

async fn patched<K: Service>(ctx: &Context<K>, access: &Access, id: &K::Id, patch: &Value) -> Executed<K> {
    if !ctx.shared.leadership.is_leader(Instant::now()) {
        return Executed::Later(TURN);
    }
    let access = &ctx.shared.accounts.present(access);
    let result = K::patch(&access.client, id, patch).await;
    ctx.shared.note(access, Class::Writes, result.as_ref().err());
    Executed::Outcome(match result {
        Ok(pool) => Outcome::Changed(Arc::new(pool)),
        Err(error) => Outcome::Failed(failures::of(&error)),
    })
}

/// Sends a deletion.
pub(crate) async fn delete<K: Service>(ctx: &Context<K>, observed: &Observed<K>, id: &str) -> Executed<K> {
    let (access, id) = match target(observed, id) {
        Ok(target) => target,
        Err(failure) => return Executed::Outcome(Outcome::Failed(failure)),
    };
    let account = &observed.member.scope.account;
    if !turn(ctx, account, Class::Writes, Priority::Delete).await || !ctx.shared.leadership.is_leader(Instant::now()) {
        return Executed::Later(TURN);
    }
    if let Some(name) = &observed.member.cloud_name {
        ctx.census.deleted(account, name, ctx.shared.clock.now());
    }
    let access = &ctx.shared.accounts.present(access);
    let result = K::delete(&access.client, &id).await;
    ctx.shared.note(access, Class::Writes, result.as_ref().err());
    Executed::Outcome(match result {
        Ok(_) => Outcome::Done,
        Err(error) => Outcome::Failed(failures::of(&error)),
    })
}

/// GETs one thing.
pub(crate) async fn look_at<K: Service>(ctx: &Context<K>, observed: &Observed<K>, id: &str) -> Executed<K> {
    let (access, id) = match target(observed, id) {
        Ok(target) => target,
        Err(failure) => return Executed::Outcome(Outcome::Shown(Shown::Unknown(failure))),
    };
    if !turn(ctx, &observed.member.scope.account, Class::Reads, Priority::Update).await {
        return Executed::Later(TURN);
    }
    let access = &ctx.shared.accounts.present(access);
    let result = K::show(&access.client, &id).await;
    ctx.shared.note(access, Class::Reads, result.as_ref().err());
    Executed::Outcome(Outcome::Shown(match result {
        Ok(pool) => Shown::Present(Arc::new(pool)),
        Err(error) if error.failure == Failure::Gone => Shown::Gone,
        Err(error) => Shown::Unknown(failures::of(&error)),
    }))
}

/// Reads something that is known to exist.
pub(crate) async fn look_at_canary<K: Service>(ctx: &Context<K>, observed: &Observed<K>) -> Executed<K> {
    let (Some(access), Some(scope)) = (&observed.access, &observed.scope) else {
        return Executed::Later(TURN);
    };
    if ctx.census.canary(scope, access, &observed.member).await {
        return Executed::Outcome(Outcome::Canary(true));
    }
    Executed::Later(TURN)
}

/// Asks for the order of something and, if wanted, for its nodes.
pub(crate) async fn look_at_details<K: Service>(
    ctx: &Context<K>,
    observed: &Observed<K>,
    plan: &Plan<K>,
    id: &str,
    nodes: bool,
) -> Executed<K> {
    let (access, id) = match target(observed, id) {
        Ok(target) => target,
        Err(failure) => return Executed::Outcome(Outcome::Failed(failure)),
    };
    let account = &observed.member.scope.account;
    if !turn(ctx, account, Class::Reads, Priority::Update).await {
        return Executed::Later(TURN);
    }
    let access = &ctx.shared.accounts.present(access);
    let order = K::order(&access.client, &id, &plan.status).await;
    ctx.shared.note(access, Class::Reads, order.as_ref().err());
    let mut details = match order {
        Ok(order) => Details {
            order,
            abnormal_nodes: None,
        },
        Err(error) => return Executed::Outcome(Outcome::Failed(failures::of(&error))),
    };
    if nodes {
        if !turn(ctx, account, Class::Reads, Priority::Update).await {
            return Executed::Later(TURN);
        }
        let access = &ctx.shared.accounts.present(access);
        let nodes = K::abnormal_nodes(&access.client, &id).await;
        ctx.shared.note(access, Class::Reads, nodes.as_ref().err());
        match nodes {
            Ok(nodes) => details.abnormal_nodes = Some(nodes),
            Err(error) => return Executed::Outcome(Outcome::Failed(failures::of(&error))),
        }
    }
    Executed::Outcome(Outcome::Details(details))
}

fn target<'a, K: Service>(observed: &'a Observed<K>, id: &str) -> Result<(&'a Access, K::Id), CloudFailure> {
    let target = observed.access.as_ref().zip(K::id(id));
    target.ok_or_else(|| CloudFailure {
        kind: FailureKind::Malformed,
        message: format!("{id:?} is no {} ID, or the account cannot be used", K::NOUN),
        doubtful: false,
    })
}

/// Waits for a turn with the cloud, but not for long: the pass holds a place that others could use.
pub(crate) async fn turn<K: Service>(ctx: &Context<K>, account: &str, class: Class, priority: Priority) -> bool {
    tokio::time::timeout(TURN, ctx.shared.governor.acquire(account, class, priority))
        .await
        .is_ok()
}

#[cfg(test)]
mod tests;
