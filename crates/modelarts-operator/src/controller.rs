//! What sets passes in motion: changes of objects, the census, accounts, and time.
//!
//! The controller sees only metadata: the object itself is read live in each pass, so an object
//! that does not parse stops nobody else, and memory does not grow with specs and statuses. Our own
//! status writes don't come back as events.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt};
use kube::core::PartialObjectMeta;
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{Controller, WatchStreamExt, watcher};
use kube::{Api, Client as Kube, ResourceExt};
use tokio::sync::mpsc;

use crate::context::Context;
use crate::directory::{Member, Place};
use crate::metrics::PassResult;
use crate::news::News;
use crate::reconcile::{ReconcileError, reconcile};
use crate::service::Service;
use crate::watches::watch;

/// What the controller works with: an object's metadata.
pub type Meta<K> = PartialObjectMeta<<K as modelarts_plan::Kind>::Object>;

/// How long after an error of Kubernetes the object is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Runs until `stop` resolves and the passes under way have ended.
pub async fn run<K: Service>(
    ctx: Arc<Context<K>>,
    watch_client: Kube,
    woken: mpsc::UnboundedReceiver<Place>,
    concurrency: u16,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let (store, triggers) = triggers(Arc::clone(&ctx), watch_client);
    let woken = futures::stream::unfold(woken, |mut woken| async move {
        let Place { namespace, name } = woken.recv().await?;
        Some((ObjectRef::new(&name).within(&namespace), woken))
    });
    Controller::for_stream(triggers, store)
        .with_config(Config::default().concurrency(concurrency))
        .reconcile_on(woken)
        .graceful_shutdown_on(stop)
        .run(measured, retry, ctx)
        .for_each(|result| {
            if let Err(error) = result {
                // An object that was woken and is no more is told here too.
                tracing::debug!(%error, "a pass ended early");
            }
            std::future::ready(())
        })
        .await;
}

/// The metadata of objects, as often as something changes that a pass has to see.
fn triggers<K: Service>(
    ctx: Arc<Context<K>>,
    client: Kube,
) -> (
    Store<Meta<K>>,
    impl Stream<Item = Result<Meta<K>, watcher::Error>> + Send,
) {
    let (store, writer) = reflector::store();
    let api: Api<Meta<K>> = ctx.shared.reach.api(client);
    let mut listed = None;
    let watched = watch(api, watcher::Config::default())
        .modify(|meta| meta.metadata.managed_fields = None)
        .inspect(move |event| follow(&ctx, &mut listed, event));
    let mut news = News::default();
    let stream = reflector::reflector(writer, watched.boxed()).flat_map(move |event| {
        let told = match event {
            Ok(event) => news.of(event).into_iter().map(Ok).collect(),
            Err(error) => vec![Err(error)],
        };
        futures::stream::iter(told)
    });
    (store, stream)
}

/// Forgets objects that are no more, also those that went while nobody watched.
fn follow<K: Service>(
    ctx: &Context<K>,
    listed: &mut Option<BTreeSet<String>>,
    event: &Result<watcher::Event<Meta<K>>, watcher::Error>,
) {
    let forgotten = |uid: &str, before: Option<&Member>| {
        ctx.memories.forget(uid);
        K::tell_others(&ctx.shared.directories, before, None);
    };
    match event {
        Ok(watcher::Event::Init) => *listed = Some(BTreeSet::new()),
        Ok(watcher::Event::InitApply(meta)) => {
            let uid = meta.uid().unwrap_or_default();
            ctx.directory.meet(&uid);
            if let Some(listed) = listed {
                listed.insert(uid);
            }
        }
        Ok(watcher::Event::InitDone) => {
            let gone = listed.take().map(|uids| ctx.directory.keep(&uids));
            for (uid, before) in gone.unwrap_or_default() {
                forgotten(&uid, before.as_ref());
            }
        }
        Ok(watcher::Event::Delete(meta)) => {
            let uid = meta.uid().unwrap_or_default();
            let before = ctx.directory.forget(&uid);
            forgotten(&uid, before.as_ref());
        }
        Ok(watcher::Event::Apply(meta)) => ctx.directory.meet(&meta.uid().unwrap_or_default()),
        Err(_) => {}
    }
}

async fn measured<K: Service>(meta: Arc<Meta<K>>, ctx: Arc<Context<K>>) -> Result<Action, ReconcileError> {
    let started = Instant::now();
    let result = reconcile(meta, Arc::clone(&ctx)).await;
    let kind = match &result {
        Ok(_) => PassResult::RequeueAfter,
        Err(_) => PassResult::Error,
    };
    ctx.shared.metrics.reconciled(K::CONTROLLER, kind, started.elapsed());
    result
}

fn retry<K: Service>(meta: Arc<Meta<K>>, error: &ReconcileError, _: Arc<Context<K>>) -> Action {
    let cause = std::error::Error::source(error)
        .map(ToString::to_string)
        .unwrap_or_default();
    let (namespace, name) = (meta.namespace(), meta.name_any());
    tracing::warn!(kind = K::NOUN, namespace, name, %error, cause, "a pass failed and is tried again");
    Action::requeue(RETRY)
}
