//! What sets passes in motion: changes of objects, the census, accounts, and time.
//!
//! The controller sees only metadata: the object itself is read live in each pass, so an object
//! that does not parse stops nobody else, and memory does not grow with specs and statuses. Our own
//! status writes don't come back as events.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt};
use kube::runtime::controller::{Action, Config};
use kube::runtime::reflector::{self, ObjectRef, Store};
use kube::runtime::{Controller, Predicate, PredicateConfig, WatchStreamExt, predicates, watcher};
use kube::{Api, Client as Kube, ResourceExt};
use modelarts_crd::ModelArtsPool;
use tokio::sync::mpsc;

use crate::context::Context;
use crate::directory::PoolMeta;
use crate::metrics::PassResult;
use crate::reconcile::{ReconcileError, reconcile};
use crate::watches::watch;

/// The name in metrics.
pub const NAME: &str = "modelartspool";

/// How long after an error of Kubernetes the object is tried again.
const RETRY: Duration = Duration::from_secs(5);

/// Runs until `stop` resolves and the passes under way have ended.
pub async fn run(
    ctx: Arc<Context>,
    watch_client: Kube,
    woken: mpsc::UnboundedReceiver<ObjectRef<PoolMeta>>,
    concurrency: u16,
    stop: impl Future<Output = ()> + Send + Sync + 'static,
) {
    let (store, triggers) = triggers(Arc::clone(&ctx), Api::all(watch_client));
    let woken = futures::stream::unfold(woken, |mut woken| async move {
        woken.recv().await.map(|next| (next, woken))
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
fn triggers(
    ctx: Arc<Context>,
    api: Api<ModelArtsPool>,
) -> (
    Store<PoolMeta>,
    impl Stream<Item = Result<PoolMeta, watcher::Error>> + Send,
) {
    let (store, writer) = reflector::store();
    let api: Api<PoolMeta> = Api::all(api.into_client());
    let mut listed = None;
    let watched = watch(api)
        .modify(|meta| meta.metadata.managed_fields = None)
        .inspect(move |event| follow(&ctx, &mut listed, event));
    let stream = reflector::reflector(writer, watched.boxed())
        .applied_objects()
        .predicate_filter(
            predicates::generation
                .combine(predicates::annotations)
                .combine(predicates::finalizers),
            PredicateConfig::default(),
        );
    (store, stream)
}

/// Forgets objects that are no more, also those that went while nobody watched.
fn follow(
    ctx: &Context,
    listed: &mut Option<BTreeSet<String>>,
    event: &Result<watcher::Event<PoolMeta>, watcher::Error>,
) {
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
            for uid in listed.take().map(|uids| ctx.directory.keep(&uids)).unwrap_or_default() {
                ctx.memories.forget(&uid);
            }
        }
        Ok(watcher::Event::Delete(meta)) => {
            let uid = meta.uid().unwrap_or_default();
            ctx.directory.forget(&uid);
            ctx.memories.forget(&uid);
        }
        Ok(watcher::Event::Apply(meta)) => ctx.directory.meet(&meta.uid().unwrap_or_default()),
        Err(_) => {}
    }
}

async fn measured(meta: Arc<PoolMeta>, ctx: Arc<Context>) -> Result<Action, ReconcileError> {
    let started = Instant::now();
    let result = reconcile(meta, Arc::clone(&ctx)).await;
    let kind = match &result {
        Ok(_) => PassResult::RequeueAfter,
        Err(_) => PassResult::Error,
    };
    ctx.metrics.reconciled(NAME, kind, started.elapsed());
    result
}

fn retry(meta: Arc<PoolMeta>, error: &ReconcileError, _: Arc<Context>) -> Action {
    let cause = std::error::Error::source(error)
        .map(ToString::to_string)
        .unwrap_or_default();
    tracing::warn!(namespace = meta.namespace(), name = meta.name_any(), %error, cause, "a pass failed and is tried again");
    Action::requeue(RETRY)
}
