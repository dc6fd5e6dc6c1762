//! One round of the census of one scope: look, compare, wake.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use modelarts_client::{ApiError, ListPools, NetworkId, PoolId, PoolListStatus};
use modelarts_plan::kind::Resource;
use modelarts_plan::{CloudFailure, FailureKind, Tick};
use modelarts_types::pool::Pool;

use crate::accounts::Access;
use crate::census::{Parts, Scope, State, trouble};
use crate::directory::{Member, ScopeKey};
use crate::failures;
use crate::governor::{Class, Priority};
use crate::snapshot::{Owners, Snapshot};

/// After how many intervals without a look the objects are told, as the plan counts them.
const TELL_AFTER: u64 = 3;

/// Rounds until no object refers to the scope any more.
pub(crate) async fn run(parts: Arc<Parts>, key: ScopeKey, scope: Arc<Scope>) {
    loop {
        let members = parts.directory.of_scope(&key);
        if members.is_empty() {
            parts.metrics.forget_scope(&key.account, &key.workspace);
            return;
        }
        round(&parts, &key, &scope, &members).await;
        let pause = pause(&parts, &key, &scope);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = scope.called.notified() => {}
        }
    }
}

async fn round(parts: &Parts, key: &ScopeKey, scope: &Scope, members: &[Member]) {
    let access = match parts.accounts.access_of(&key.account) {
        Ok(access) => access,
        // The account itself tells its objects; here nothing can be seen.
        Err(_) => return,
    };
    let wants_set = {
        let state = scope.state();
        state
            .wanted
            .is_some_and(|wanted| state.set.as_ref().is_none_or(|set| set.began < wanted))
    };
    let looked = if wants_set {
        list_set(parts, key, &access, scope).await
    } else {
        list(parts, key, &access, scope).await
    };
    match looked {
        Ok(looked) => {
            let canary = wants_canary(parts, scope) && self::canary(parts, scope, &access, &members[0]).await;
            absorb(parts, key, scope, members, looked, canary);
        }
        Err(failure) => absorb_trouble(parts, key, scope, members, failure),
    }
}

/// What a round saw.
struct Looked {
    list: Arc<Snapshot>,
    set: Option<Arc<Snapshot>>,
}

async fn list(parts: &Parts, key: &ScopeKey, access: &Access, scope: &Scope) -> Result<Looked, CloudFailure> {
    let began = parts.clock.now();
    let pools = list_pools(parts, key, access, None).await?;
    let last = scope.state().list.clone();
    Ok(Looked {
        list: Arc::new(index(parts, began, pools, Vec::new(), last.as_deref())),
        set: None,
    })
}

/// The default list, the failed and the creating ones: together they show every pool there is.
async fn list_set(parts: &Parts, key: &ScopeKey, access: &Access, scope: &Scope) -> Result<Looked, CloudFailure> {
    let began = parts.clock.now();
    let default = list_pools(parts, key, access, None).await?;
    let creating = list_pools(parts, key, access, Some(PoolListStatus::Creating)).await?;
    let failed = list_pools(parts, key, access, Some(PoolListStatus::Failed)).await?;
    let last = scope.state().list.clone();
    let list = Arc::new(index(parts, began, default.clone(), Vec::new(), last.as_deref()));
    let all: Vec<Pool> = default.into_iter().chain(creating).collect();
    let set = Arc::new(index(parts, began, all, failed, Some(&list)));
    Ok(Looked { list, set: Some(set) })
}

fn index(parts: &Parts, began: Tick, pools: Vec<Pool>, failed: Vec<Pool>, last: Option<&Snapshot>) -> Snapshot {
    let owners = Owners {
        cluster: &parts.cluster,
        knows: &|uid| parts.directory.knows(uid),
    };
    Snapshot::new(began, pools, failed, last, owners)
}

async fn list_pools(
    parts: &Parts,
    key: &ScopeKey,
    access: &Access,
    status: Option<PoolListStatus>,
) -> Result<Vec<Pool>, CloudFailure> {
    parts
        .governor
        .acquire(&key.account, Class::Reads, Priority::Update)
        .await;
    let list = ListPools {
        workspace_id: key.workspace.clone(),
        status,
        ..ListPools::default()
    };
    let result = access.client.list_pools(&list).await;
    note(parts, access, key, result.as_ref().err());
    let pools = result.map_err(|error| failures::of(&error))?.items.unwrap_or_default();
    if pools.iter().any(|pool| pool.id().is_none()) {
        let message = "ListPools: an entry has no ID, so the answer is not complete".to_owned();
        return Err(CloudFailure {
            kind: FailureKind::Malformed,
            message,
            doubtful: false,
        });
    }
    Ok(pools)
}

/// Tells the account how a call ended, and its objects if that changed the account's standing.
fn note(parts: &Parts, access: &Access, key: &ScopeKey, error: Option<&ApiError>) {
    if parts.accounts.absorb(access, Class::Reads, error) {
        parts.directory.wake_where(|member| member.scope.account == key.account);
    }
}

fn wants_canary(parts: &Parts, scope: &Scope) -> bool {
    scope.state().breaker.wants_canary(parts.clock.now(), &parts.timing)
}

/// Reads a pool that the newest list shows, or else the network of an object.
pub(crate) async fn canary(parts: &Parts, scope: &Scope, access: &Access, member: &Member) -> bool {
    let listed = {
        let state = scope.state();
        let list = state.list.as_ref();
        list.and_then(|list| list.items().find_map(|pool| PoolId::parse(pool.id()?).ok()))
    };
    parts
        .governor
        .acquire(&member.scope.account, Class::Reads, Priority::Update)
        .await;
    match listed {
        Some(id) => access.client.show_pool(&id).await.is_ok(),
        None => match NetworkId::parse(&member.network) {
            Ok(network) => access.client.show_network(&network).await.is_ok(),
            Err(_) => false,
        },
    }
}

fn absorb(parts: &Parts, key: &ScopeKey, scope: &Scope, members: &[Member], looked: Looked, canary: bool) {
    let mut state = scope.state();
    let known: BTreeSet<String> = members
        .iter()
        .filter(|member| !member.deleting)
        .filter_map(|member| member.id.clone())
        .collect();
    let was_frozen = state.breaker.is_open();
    state
        .breaker
        .absorb(&known, &looked.list.ids(), looked.list.began, canary, &parts.timing);
    let recovered = state.trouble.take().is_some() && std::mem::take(&mut state.trouble_told);
    let last = state.list.replace(Arc::clone(&looked.list));
    if let Some(set) = &looked.set {
        state.set = Some(Arc::clone(set));
    }
    let troubled = std::mem::take(&mut state.troubled);
    let everybody = recovered || was_frozen != state.breaker.is_open();
    let frozen = state.breaker.is_open();
    let served = served(&mut state);
    drop(state);
    parts
        .metrics
        .counted(&key.account, &key.workspace, looked.list.len(), jiff::Timestamp::now());
    parts.metrics.breaker(&key.account, &key.workspace, frozen);
    for member in members {
        let changed = last
            .as_ref()
            .is_none_or(|last| !looked.list.is_same_for(last, member, &parts.cluster));
        if everybody || changed || served.contains(&member.uid) || troubled.contains(&member.uid) {
            parts.directory.wake(member);
        }
    }
}

/// Those whose evidence is there; they wait no longer.
fn served(state: &mut State) -> BTreeSet<String> {
    let began = state.set.as_ref().map(|set| set.began);
    let (served, waiting): (HashMap<String, Tick>, _) = std::mem::take(&mut state.waiting)
        .into_iter()
        .partition(|(_, since)| began.is_some_and(|began| began >= *since));
    state.wanted = waiting.values().max().copied();
    state.waiting = waiting.into_iter().collect::<HashMap<_, _>>().into_iter().collect();
    served.into_keys().collect()
}

fn absorb_trouble(parts: &Parts, key: &ScopeKey, scope: &Scope, members: &[Member], failure: CloudFailure) {
    tracing::warn!(
        account = key.account,
        workspace = key.workspace,
        failure = failure.message,
        "the census failed"
    );
    let now = parts.clock.now();
    let mut state = scope.state();
    let told = trouble(state.trouble.take(), failure, now);
    let unseen = now.since(told.since) >= TELL_AFTER * parts.timing.census_interval;
    let blind = now.since(told.since) >= parts.timing.in_doubt_window;
    state.trouble = Some(told);
    let tell_all = unseen && !std::mem::replace(&mut state.trouble_told, unseen);
    drop(state);
    for member in members {
        if tell_all || blind || member.busy {
            parts.directory.wake(member);
        }
    }
}

/// How long until the next round.
fn pause(parts: &Parts, key: &ScopeKey, scope: &Scope) -> Duration {
    let timing = &parts.timing;
    let own = parts
        .accounts
        .object(&key.account)
        .and_then(|account| poll_interval(account.spec.poll_interval.as_deref()?));
    let interval = own.unwrap_or(timing.census_interval);
    let state = scope.state();
    let moving = state
        .list
        .as_ref()
        .is_some_and(|list| list.items().any(|pool| pool.is_moving()));
    let busy = moving || state.wanted.is_some() || parts.directory.of_scope(key).iter().any(|member| member.busy);
    drop(state);
    let millis = if parts.governor.is_throttled(&key.account, Class::Reads) {
        interval.saturating_mul(2).min(timing.census_interval_max.max(interval))
    } else if busy {
        interval.min(timing.census_interval_busy)
    } else {
        interval
    };
    // Up to a tenth less, so that many scopes don't come to look in step.
    let jitter = rand::random_range(0..=millis / 10);
    Duration::from_millis(millis - jitter)
}

/// An interval such as `30s` or `5m`, in milliseconds.
fn poll_interval(text: &str) -> Option<u64> {
    let (number, unit) = text.split_at(text.len().checked_sub(1)?);
    let number: u64 = number.parse().ok()?;
    match unit {
        "s" => Some(number * 1_000),
        "m" => Some(number * 60_000),
        _ => None,
    }
}
