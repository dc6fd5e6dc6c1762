//! One round of the census of one scope: look, compare, wake.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use modelarts_plan::kind::Resource;
use modelarts_plan::{CloudFailure, FailureKind, Tick};

use crate::accounts::Access;
use crate::auditor;
use crate::census::{Scope, State, trouble};
use crate::directory::{Member, ScopeKey};
use crate::failures;
use crate::governor::{Class, Priority};
use crate::service::{Service, Which};
use crate::shared::Shared;
use crate::snapshot::{Owners, Snapshot};

/// After how many intervals without a look the objects are told, as the plan counts them.
const TELL_AFTER: u64 = 3;

/// Rounds until no object refers to the scope any more.
pub(crate) async fn run<K: Service>(shared: Arc<Shared>, key: ScopeKey, scope: Arc<Scope<K>>) {
    loop {
        let members = K::directory(&shared.directories).of_scope(&key);
        if members.is_empty() {
            shared.metrics.forget_scope(K::CONTROLLER, &key.account, &key.workspace);
            auditor::released::<K>(&shared, &key);
            return;
        }
        round(&shared, &key, &scope, &members).await;
        let pause = pause(&shared, &key, &scope);
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = scope.called.notified() => {}
        }
    }
}

async fn round<K: Service>(shared: &Shared, key: &ScopeKey, scope: &Scope<K>, members: &[Member]) {
    let access = match shared.accounts.access_of(&key.account) {
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
        list_set(shared, key, &access, scope).await
    } else {
        list(shared, key, &access, scope).await
    };
    match looked {
        Ok(looked) => {
            let canary = wants_canary(shared, scope) && self::canary(shared, scope, &access, &members[0]).await;
            absorb(shared, key, scope, members, looked, canary);
        }
        Err(failure) => absorb_trouble(shared, key, scope, members, failure),
    }
}

/// What a round saw.
struct Looked<K: Service> {
    list: Arc<Snapshot<K>>,
    set: Option<Arc<Snapshot<K>>>,
}

async fn list<K: Service>(
    shared: &Shared,
    key: &ScopeKey,
    access: &Access,
    scope: &Scope<K>,
) -> Result<Looked<K>, CloudFailure> {
    let began = shared.clock.now();
    let items = list_items::<K>(shared, key, access, Which::Default).await?;
    let last = scope.state().list.clone();
    Ok(Looked {
        list: Arc::new(index(shared, began, items, Vec::new(), last.as_deref())),
        set: None,
    })
}

/// All lists that there are: together they show everything.
async fn list_set<K: Service>(
    shared: &Shared,
    key: &ScopeKey,
    access: &Access,
    scope: &Scope<K>,
) -> Result<Looked<K>, CloudFailure> {
    let began = shared.clock.now();
    let (mut all, mut failed, mut default) = (Vec::new(), Vec::new(), Vec::new());
    for which in K::LISTS {
        let items = list_items::<K>(shared, key, access, *which).await?;
        match which {
            Which::Default => default = items,
            Which::Creating => all.extend(items),
            Which::Failed => failed.extend(items),
        }
    }
    let last = scope.state().list.clone();
    let list = Arc::new(index(shared, began, default.clone(), Vec::new(), last.as_deref()));
    default.extend(all);
    let set = Arc::new(index(shared, began, default, failed, Some(&list)));
    Ok(Looked { list, set: Some(set) })
}

fn index<K: Service>(
    shared: &Shared,
    began: Tick,
    items: Vec<K::Resource>,
    failed: Vec<K::Resource>,
    last: Option<&Snapshot<K>>,
) -> Snapshot<K> {
    let owners = Owners {
        cluster: &shared.cluster,
        knows: &|uid| K::directory(&shared.directories).knows(uid),
    };
    Snapshot::new(began, items, failed, last, owners)
}

/// One complete list; an answer that cannot be complete is a failure.
pub(crate) async fn list_items<K: Service>(
    shared: &Shared,
    key: &ScopeKey,
    access: &Access,
    which: Which,
) -> Result<Vec<K::Resource>, CloudFailure> {
    shared
        .governor
        .acquire(&key.account, Class::Reads, Priority::Update)
        .await;
    let access = &shared.accounts.present(access);
    let result = K::list(&access.client, key, which).await;
    shared.note(access, Class::Reads, result.as_ref().err());
    let items = result.map_err(|error| failures::of(&error))?;
    if items.iter().any(|item| item.id().is_none()) {
        return Err(CloudFailure {
            kind: FailureKind::Malformed,
            message: format!(
                "listing {}s: an entry has no ID, so the answer is not complete",
                K::NOUN
            ),
            doubtful: false,
        });
    }
    Ok(items)
}

fn wants_canary<K: Service>(shared: &Shared, scope: &Scope<K>) -> bool {
    scope.state().breaker.wants_canary(shared.clock.now(), &shared.timing)
}

/// Reads something that the newest list shows, or else what the kind has for such a case.
pub(crate) async fn canary<K: Service>(shared: &Shared, scope: &Scope<K>, access: &Access, member: &Member) -> bool {
    let listed = {
        let state = scope.state();
        let list = state.list.as_ref();
        list.and_then(|list| list.items().find_map(|item| K::id(item.id()?)))
    };
    shared
        .governor
        .acquire(&member.scope.account, Class::Reads, Priority::Update)
        .await;
    let access = &shared.accounts.present(access);
    match listed {
        Some(id) => K::show(&access.client, &id).await.is_ok(),
        None => K::canary(shared, access, member).await,
    }
}

fn absorb<K: Service>(
    shared: &Shared,
    key: &ScopeKey,
    scope: &Scope<K>,
    members: &[Member],
    looked: Looked<K>,
    canary: bool,
) {
    let mut state = scope.state();
    let known: BTreeSet<String> = members
        .iter()
        .filter(|member| !member.deleting)
        .filter_map(|member| member.id.clone())
        .collect();
    let was_frozen = state.breaker.is_open();
    state
        .breaker
        .absorb(&known, &looked.list.ids(), looked.list.began, canary, &shared.timing);
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
    shared.metrics.counted(
        K::CONTROLLER,
        &key.account,
        &key.workspace,
        looked.list.len(),
        jiff::Timestamp::now(),
    );
    shared
        .metrics
        .breaker(K::CONTROLLER, &key.account, &key.workspace, frozen);
    let items = looked.list.items().map(|item| &**item);
    auditor::absorb::<K>(shared, key, looked.list.began, items);
    for member in members {
        let changed = last
            .as_ref()
            .is_none_or(|last| !looked.list.is_same_for(last, member, &shared.cluster));
        if everybody || changed || served.contains(&member.uid) || troubled.contains(&member.uid) {
            K::directory(&shared.directories).wake(member);
        }
    }
}

/// Those whose evidence is there; they wait no longer.
fn served<K: Service>(state: &mut State<K>) -> BTreeSet<String> {
    let began = state.set.as_ref().map(|set| set.began);
    let (served, waiting): (HashMap<String, Tick>, _) = std::mem::take(&mut state.waiting)
        .into_iter()
        .partition(|(_, since)| began.is_some_and(|began| began >= *since));
    state.wanted = waiting.values().max().copied();
    state.waiting = waiting.into_iter().collect::<HashMap<_, _>>().into_iter().collect();
    served.into_keys().collect()
}

fn absorb_trouble<K: Service>(
    shared: &Shared,
    key: &ScopeKey,
    scope: &Scope<K>,
    members: &[Member],
    failure: CloudFailure,
) {
    tracing::warn!(
        account = key.account,
        workspace = key.workspace,
        kind = K::NOUN,
        failure = failure.message,
        "the census failed"
    );
    let now = shared.clock.now();
    let mut state = scope.state();
    let told = trouble(state.trouble.take(), failure, now);
    let unseen = now.since(told.since) >= TELL_AFTER * shared.timing.census_interval;
    let blind = now.since(told.since) >= shared.timing.in_doubt_window;
    state.trouble = Some(told);
    let tell_all = unseen && !std::mem::replace(&mut state.trouble_told, unseen);
    drop(state);
    for member in members {
        if tell_all || blind || member.busy {
            K::directory(&shared.directories).wake(member);
        }
    }
}

/// How long until the next round.
fn pause<K: Service>(shared: &Shared, key: &ScopeKey, scope: &Scope<K>) -> Duration {
    let timing = &shared.timing;
    let own = shared
        .accounts
        .object(&key.account)
        .and_then(|account| poll_interval(account.spec.poll_interval.as_deref()?));
    let interval = own.unwrap_or(timing.census_interval);
    let state = scope.state();
    let moving = state
        .list
        .as_ref()
        .is_some_and(|list| list.items().any(|pool| pool.is_moving()));
    let busy = moving
        || state.wanted.is_some()
        || K::directory(&shared.directories)
            .of_scope(key)
            .iter()
            .any(|member| member.busy);
    drop(state);
    let millis = if shared.governor.is_throttled(&key.account, Class::Reads) {
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
