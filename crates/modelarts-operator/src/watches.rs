//! The watches of the operator, each with a watchdog.
//!
//! A watch that brings nothing for twice its longest quiet time is begun anew: a dead connection
//! or a version that the server no longer has would otherwise keep it silent for ever.

use std::fmt::Debug;
use std::hash::Hash;
use std::time::Duration;

use futures::{Stream, StreamExt, stream};
use k8s_openapi::api::core::v1::Namespace;
use kube::core::PartialObjectMeta;
use kube::runtime::reflector::{self, Store, store::Writer};
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;

/// Twice the time after which a healthy watch is closed and opened again by the server's own clock.
const SILENCE: Duration = Duration::from_secs(2 * 295);

/// A watch that begins anew after a silence, with growing pauses between failures.
pub fn watch<K>(
    api: Api<K>,
    config: watcher::Config,
) -> impl Stream<Item = Result<watcher::Event<K>, watcher::Error>> + Send
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + 'static,
{
    restarted(
        move || watcher(api.clone(), config.clone()).default_backoff().boxed(),
        SILENCE,
    )
}

/// Streams made by `make`, the next one begun whenever one gives nothing good for `silence`.
fn restarted<T, E>(
    make: impl Fn() -> stream::BoxStream<'static, Result<T, E>> + Send + 'static,
    silence: Duration,
) -> impl Stream<Item = Result<T, E>> + Send
where
    T: Send + 'static,
    E: Send + 'static,
{
    let first = make();
    stream::unfold(
        (first, make, tokio::time::Instant::now()),
        move |(mut current, make, mut heard)| async move {
            loop {
                match tokio::time::timeout_at(heard + silence, current.next()).await {
                    Ok(Some(item)) => {
                        if item.is_ok() {
                            heard = tokio::time::Instant::now();
                        }
                        return Some((item, (current, make, heard)));
                    }
                    Ok(None) | Err(_) => {
                        tracing::info!("a watch was silent for too long and begins anew");
                        (current, heard) = (make(), tokio::time::Instant::now());
                    }
                }
            }
        },
    )
}

/// A store that a watch fills, and the future that does it. `listed` is called whenever a list is
/// complete, `changed` after every event.
pub fn store<K>(
    api: Api<K>,
    config: watcher::Config,
    listed: impl Fn() + Send + 'static,
    changed: impl Fn() + Send + 'static,
) -> (Store<K>, impl Future<Output = ()> + Send)
where
    K: Resource + Clone + DeserializeOwned + Debug + Send + Sync + 'static,
    K::DynamicType: Default + Eq + Hash + Clone + Send + Sync,
{
    let (store, writer): (Store<K>, Writer<K>) = reflector::store();
    let filled = reflector::reflector(writer, watch(api, config).boxed()).for_each(move |event| {
        match event {
            Ok(watcher::Event::InitDone) => {
                listed();
                changed();
            }
            Ok(watcher::Event::Apply(_) | watcher::Event::Delete(_)) => changed(),
            Ok(watcher::Event::Init | watcher::Event::InitApply(_)) => {}
            Err(error) => tracing::warn!(%error, "a watch failed and goes on by itself"),
        }
        std::future::ready(())
    });
    (store, filled)
}

/// A store of one namespace that may be read and not watched: it is read every so often. `listed` is
/// called once it was read, `changed` whenever it is another.
pub fn polled(
    api: Api<Namespace>,
    name: String,
    every: Duration,
    listed: impl Fn() + Send + 'static,
    changed: impl Fn() + Send + 'static,
) -> (Store<PartialObjectMeta<Namespace>>, impl Future<Output = ()> + Send) {
    let (store, mut writer) = reflector::store();
    let filled = async move {
        let mut last = None;
        loop {
            match api.get_metadata_opt(&name).await {
                Ok(found) => {
                    let version = found.as_ref().map(|found| found.metadata.resource_version.clone());
                    if last.as_ref() != Some(&version) {
                        writer.apply_watcher_event(&watcher::Event::Init);
                        if let Some(found) = found {
                            writer.apply_watcher_event(&watcher::Event::InitApply(found));
                        }
                        writer.apply_watcher_event(&watcher::Event::InitDone);
                        listed();
                        changed();
                        last = Some(version);
                    }
                }
                Err(error) => tracing::warn!(%error, name, "a namespace could not be read and is read again"),
            }
            tokio::time::sleep(every).await;
        }
    };
    (store, filled)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_watch_that_only_fails_or_is_silent_begins_anew() {
        let begun = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&begun);
        let make = move || match count.fetch_add(1, Ordering::SeqCst) {
            // Fails every ten seconds for ever, as a watch from a version that is gone does.
            0 => stream::unfold((), |()| async {
                tokio::time::sleep(Duration::from_secs(10)).await;
                Some((Err(()), ()))
            })
            .boxed(),
            1 => stream::pending().boxed(),
            _ => stream::once(async { Ok(7) }).chain(stream::pending()).boxed(),
        };
        let mut watched =
            std::pin::pin!(restarted(make, Duration::from_secs(60)).filter_map(|item| async move { item.ok() }));
        assert_eq!(watched.next().await, Some(7));
        assert_eq!(begun.load(Ordering::SeqCst), 3);
    }
}
