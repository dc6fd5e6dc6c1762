//! The auditor: things in the cloud with this cluster's marker whose objects are gone, as a metric,
//! one event and a condition of their account. It reads and tells; it deletes and changes nothing.
//!
//! It sees every complete list that the census makes. Where the census lists nothing, for want of an
//! object, it lists by itself: at once when the last object of a workspace went, and then once in
//! an audit period. So it covers
//!
//! * every workspace in which this process has looked for an object since it leads, for as long as
//!   it leads, and while there are fewer than [`MAX_SCOPES`];
//! * the default workspace, and the networks, of every account, the first time one period after the
//!   account was first seen: a start alone asks nothing of an account that no object uses.
//!
//! An orphan is reported within one period and one census interval after its object went, or after a
//! restart if other objects are in its workspace; two periods where none is. It does not cover
//! another workspace that no object has used since the restart, records of failed creations, which
//! cost nothing, and accounts that cannot be used: what was seen last then stands.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::ObjectReference;
use kube::{Resource, ResourceExt};
use modelarts_plan::audit::{self, Audit, Objects, Orphan, Ours};
use modelarts_plan::{Kind, Networks, Notice, Pools, Tick};
use tokio::sync::Notify;

use crate::directory::ScopeKey;
use crate::publish;
use crate::round;
use crate::service::{Service, Which};
use crate::shared::Shared;

/// The workspace that every account has.
const DEFAULT_WORKSPACE: &str = "0";
/// With as many scopes as this, one that loses its last object is not followed any further.
const MAX_SCOPES: usize = 500;
/// Lists of the auditor at the same time.
const AT_ONCE: usize = 4;

/// What the lists of all scopes have shown.
pub struct Auditor {
    /// How long a thing must be without an object, in milliseconds.
    period: u64,
    scopes: Mutex<Scopes>,
    /// What is still to be told.
    news: Mutex<Vec<News>>,
    /// A scope has to be listed.
    called: Notify,
    /// There is something to tell.
    found: Notify,
}

/// By the word for the kind, and where.
type Scopes = BTreeMap<(&'static str, ScopeKey), Watched>;

/// What is known of one scope, and when it has to be listed if nobody else does.
struct Watched {
    audit: Audit,
    due: Tick,
}

/// An event for an account.
struct News {
    account: String,
    notice: Notice,
    /// The object that is gone.
    about: ObjectReference,
}

impl Auditor {
    /// An auditor that has seen nothing. `period` is in milliseconds.
    #[must_use]
    pub fn new(period: u64) -> Self {
        Self {
            period,
            scopes: Mutex::default(),
            news: Mutex::default(),
            called: Notify::new(),
            found: Notify::new(),
        }
    }

    /// The orphans of an account. Nothing while none is found and it cannot be told that there is none.
    #[must_use]
    pub fn orphans<K: Service>(&self, account: &str) -> Option<Vec<Orphan>> {
        let scopes = self.scopes();
        let of_account: Vec<&Audit> = scopes
            .iter()
            .filter(|((kind, key), _)| *kind == K::NOUN && key.account == account)
            .map(|(_, watched)| &watched.audit)
            .collect();
        let orphans: BTreeSet<Orphan> = of_account.iter().flat_map(|audit| audit.orphans()).collect();
        let complete = !of_account.is_empty() && of_account.iter().all(|audit| audit.is_settled());
        (complete || !orphans.is_empty()).then(|| orphans.into_iter().collect())
    }

    /// When the next scope has to be listed. One that is due already and was not listed is the census's.
    fn next_due(&self, now: Tick) -> Option<Tick> {
        let scopes = self.scopes();
        let due = scopes.values().map(|watched| watched.due);
        due.filter(|due| *due > now).min()
    }

    fn scopes(&self) -> MutexGuard<'_, Scopes> {
        self.scopes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn news(&self) -> MutexGuard<'_, Vec<News>> {
        self.news.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes in a complete list of a scope, begun at `began`. It must be called after the list has ended,
/// so that an object that came while it was under way is known.
pub(crate) fn absorb<'a, K: Service>(
    shared: &Shared,
    key: &ScopeKey,
    began: Tick,
    items: impl IntoIterator<Item = &'a K::Resource>,
) {
    let auditor = &shared.auditor;
    let ours = Ours::among(items, &shared.cluster);
    let directory = K::directory(&shared.directories);
    let gone = directory.gone(ours.uids());
    let named = match &gone {
        Some(gone) if !gone.is_empty() => directory.ids_named(),
        _ => BTreeSet::new(),
    };
    let objects = Objects {
        gone: gone.as_ref(),
        named: &named,
    };
    let new = {
        let mut scopes = auditor.scopes();
        let watched = scopes.entry((K::NOUN, key.clone())).or_insert_with(|| Watched {
            audit: Audit::default(),
            due: began,
        });
        let new = watched.audit.absorb(began, &ours, objects, auditor.period);
        watched.due = watched.audit.due(auditor.period).unwrap_or(began.after(auditor.period));
        new
    };
    if let Some(orphans) = auditor.orphans::<K>(&key.account) {
        shared.metrics.orphans(K::NOUN, &key.account, orphans.len());
    }
    let Some(first) = new.first() else {
        return;
    };
    let notice = audit::found::<K>(&new);
    tracing::warn!(
        account = key.account,
        workspace = key.workspace,
        text = notice.note,
        "found orphans"
    );
    auditor.news().push(News {
        account: key.account.clone(),
        notice,
        about: ObjectReference {
            api_version: Some(K::Object::api_version(&()).into_owned()),
            kind: Some(K::Object::kind(&()).into_owned()),
            uid: Some(first.uid.clone()),
            ..ObjectReference::default()
        },
    });
    auditor.found.notify_one();
}

/// The census lists a scope no more, for no object is left in it.
pub(crate) fn released<K: Service>(shared: &Shared, key: &ScopeKey) {
    let due = shared.clock.now();
    let mut scopes = shared.auditor.scopes();
    let audit = scopes.remove(&(K::NOUN, key.clone())).map(|watched| watched.audit);
    if scopes.len() >= MAX_SCOPES {
        tracing::warn!(
            account = key.account,
            workspace = key.workspace,
            "no object is left in this workspace, and there are too many others to audit it any further"
        );
        return;
    }
    let audit = audit.unwrap_or_default();
    scopes.insert((K::NOUN, key.clone()), Watched { audit, due });
    drop(scopes);
    shared.auditor.called.notify_one();
}

/// Lists what the census does not, and tells what was found. Never ends.
pub async fn run(shared: &Shared) {
    tokio::join!(look_around(shared), tell(shared));
}

async fn look_around(shared: &Shared) {
    loop {
        follow_accounts(shared);
        tokio::join!(look::<Pools>(shared), look::<Networks>(shared));
        let now = shared.clock.now();
        let next = shared.auditor.next_due(now);
        // Also without a due scope: accounts come and go.
        let pause = next.map_or(u64::MAX, |next| next.since(now));
        let pause = pause.min(shared.timing.census_interval);
        tokio::select! {
            () = tokio::time::sleep(Duration::from_millis(pause)) => {}
            () = shared.auditor.called.notified() => {}
        }
    }
}

/// Begins with accounts that are new and ends with those that are no more.
fn follow_accounts(shared: &Shared) {
    let accounts: BTreeSet<String> = shared.accounts.objects().iter().map(|a| a.name_any()).collect();
    let due = shared.clock.now().after(shared.auditor.period);
    let mut scopes = shared.auditor.scopes();
    for account in &accounts {
        for (kind, workspace) in [(Pools::NOUN, DEFAULT_WORKSPACE), (Networks::NOUN, "")] {
            let key = ScopeKey {
                account: account.clone(),
                workspace: workspace.into(),
            };
            scopes.entry((kind, key)).or_insert_with(|| Watched {
                audit: Audit::default(),
                due,
            });
        }
    }
    scopes.retain(|(kind, key), _| {
        let stays = accounts.contains(&key.account);
        if !stays {
            shared.metrics.forget_orphans(kind, &key.account);
        }
        stays
    });
}

/// Lists the scopes that are due and that the census does not list.
async fn look<K: Service>(shared: &Shared) {
    let now = shared.clock.now();
    let due: Vec<ScopeKey> = shared
        .auditor
        .scopes()
        .iter()
        .filter(|((kind, _), watched)| *kind == K::NOUN && watched.due <= now)
        .map(|((_, key), _)| key.clone())
        .collect();
    let unlooked = due
        .into_iter()
        .filter(|key| K::directory(&shared.directories).of_scope(key).is_empty());
    futures::stream::iter(unlooked)
        .for_each_concurrent(AT_ONCE, |key| async move { look_at::<K>(shared, &key).await })
        .await;
}

async fn look_at<K: Service>(shared: &Shared, key: &ScopeKey) {
    let began = shared.clock.now();
    let listed = match shared.accounts.access_of(&key.account) {
        Ok(access) => round::list_items::<K>(shared, key, &access, Which::Default)
            .await
            .map_err(|failure| failure.message),
        Err(closed) => Err(closed.message),
    };
    match listed {
        Ok(items) => absorb::<K>(shared, key, began, &items),
        Err(failure) => {
            tracing::info!(
                account = key.account,
                workspace = key.workspace,
                kind = K::NOUN,
                failure,
                "the audit could not list a workspace"
            );
            if let Some(watched) = shared.auditor.scopes().get_mut(&(K::NOUN, key.clone())) {
                let period = shared.auditor.period;
                let wait = match watched.audit.is_settled() {
                    true => period,
                    false => period.min(shared.timing.census_interval_max),
                };
                watched.due = shared.clock.now().after(wait);
            }
        }
    }
}

/// Tells each finding once, about the account: what it was made for is gone.
async fn tell(shared: &Shared) {
    loop {
        let news = std::mem::take(&mut *shared.auditor.news());
        for news in news {
            if let Some(account) = shared
                .accounts
                .object(&news.account)
                .filter(|_| shared.reach.keeps_accounts())
            {
                let regarding = account.object_ref(&());
                publish::send(&shared.recorder, &regarding, Some(news.about), news.notice).await;
            }
        }
        shared.auditor.found.notified().await;
    }
}

#[cfg(test)]
mod tests;
