//! The writing rules through kube's own client, watches on a paused clock.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use jiff::Timestamp;
use kube::api::{
    ApiResource, DeleteParams, DynamicObject, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams,
};
use kube::core::PartialObjectMeta;
use kube::runtime::{WatchStreamExt, watcher};
use kube::{Api, Client};
use serde_json::{Value, json};

use kube_in_memory::{ApiServer, Connection, Resource, Scope, Store};

fn server() -> ApiServer {
    let status = json!({"observedGeneration": -1});
    let things = Resource::custom("example.com", "v1", "Thing", "things", Scope::Namespaced, Some(status));
    ApiServer::new([things], || Timestamp::UNIX_EPOCH)
}

fn things(connection: Connection) -> Api<DynamicObject> {
    let resource = ApiResource {
        group: "example.com".into(),
        version: "v1".into(),
        api_version: "example.com/v1".into(),
        kind: "Thing".into(),
        plural: "things".into(),
    };
    Api::namespaced_with(Client::new(connection, "default"), "default", &resource)
}

fn thing(name: &str) -> DynamicObject {
    serde_json::from_value(json!({
        "apiVersion": "example.com/v1", "kind": "Thing",
        "metadata": {"name": name}, "spec": {"size": 1}, "status": {"phase": "made up"},
    }))
    .unwrap()
}

async fn merge(api: &Api<DynamicObject>, patch: Value) -> kube::Result<DynamicObject> {
    api.patch("a", &PatchParams::default(), &Patch::Merge(patch)).await
}

fn seen(object: &DynamicObject) -> (i64, Value, String) {
    (
        object.metadata.generation.unwrap(),
        object.data["status"].clone(),
        object.metadata.resource_version.clone().unwrap(),
    )
}

#[tokio::test]
async fn spec_and_status_are_written_apart_and_only_the_spec_counts() {
    let api = things(server().connect());
    let made = api.create(&PostParams::default(), &thing("a")).await.unwrap();
    let (generation, status, first) = seen(&made);
    assert_eq!((generation, status), (1, json!({"observedGeneration": -1})));
    let both = json!({"spec": {"size": 2}, "status": {"phase": "Running"}});
    let (generation, status, second) = seen(&merge(&api, both.clone()).await.unwrap());
    assert_eq!((generation, status), (2, json!({"observedGeneration": -1})));
    assert_ne!(first, second);
    let (_, _, same) = seen(&merge(&api, both.clone()).await.unwrap());
    assert_eq!(same, second, "an empty write is none");
    let both = json!({"spec": {"size": 3}, "status": {"phase": "Running"}});
    let patched = api
        .patch_status("a", &PatchParams::default(), &Patch::Merge(both))
        .await
        .unwrap();
    assert_eq!(patched.data["spec"]["size"], 2);
    let (generation, status, _) = seen(&patched);
    assert_eq!(
        (generation, status),
        (2, json!({"observedGeneration": -1, "phase": "Running"}))
    );
}

/// Found by comparison with the real server.
#[tokio::test]
async fn the_first_write_stores_the_default_status_and_a_status_is_written_alone() {
    let api = things(server().connect());
    let (_, _, first) = seen(&api.create(&PostParams::default(), &thing("a")).await.unwrap());
    let (_, _, second) = seen(&merge(&api, json!({})).await.unwrap());
    let (_, _, third) = seen(&merge(&api, json!({})).await.unwrap());
    assert_ne!(first, second);
    assert_eq!(second, third);
    let label = json!({"metadata": {"labels": {"l": "1"}}, "status": {"phase": "Running"}});
    let refused = api
        .patch_status("a", &PatchParams::default(), &Patch::Merge(label))
        .await;
    assert!(matches!(refused.unwrap_err(), kube::Error::Api(status) if status.code == 501));
}

#[tokio::test]
async fn a_stale_version_is_a_conflict_and_a_failed_test_is_invalid() {
    let api = things(server().connect());
    let made = api.create(&PostParams::default(), &thing("a")).await.unwrap();
    let guarded = json!({"metadata": {"resourceVersion": made.metadata.resource_version}, "spec": {"size": 2}});
    merge(&api, guarded.clone()).await.unwrap();
    let refused = merge(&api, guarded.clone()).await.unwrap_err();
    assert!(matches!(refused, kube::Error::Api(status) if status.is_conflict()));
    let stale = api
        .patch_status("a", &PatchParams::default(), &Patch::Merge(guarded))
        .await
        .unwrap_err();
    assert!(matches!(stale, kube::Error::Api(status) if status.is_conflict()));
    let again = api.create(&PostParams::default(), &thing("a")).await.unwrap_err();
    assert!(matches!(again, kube::Error::Api(status) if status.is_already_exists()));
    let elsewhere = api.get("b").await.unwrap_err();
    assert!(matches!(elsewhere, kube::Error::Api(status) if status.is_not_found()));
}

#[tokio::test]
async fn finalizers_hold_an_object_until_the_last_one_is_gone() {
    let api = things(server().connect());
    api.create(&PostParams::default(), &thing("a")).await.unwrap();
    merge(&api, json!({"metadata": {"finalizers": ["example.com/x"]}}))
        .await
        .unwrap();
    let held = api.delete("a", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!(held.metadata.generation, Some(2));
    assert!(held.metadata.deletion_timestamp.is_some());
    let another = merge(
        &api,
        json!({"metadata": {"finalizers": ["example.com/x", "example.com/y"]}}),
    )
    .await;
    assert!(matches!(another.unwrap_err(), kube::Error::Api(status) if status.is_invalid()));
    merge(&api, json!({"metadata": {"finalizers": []}})).await.unwrap();
    assert!(api.get_opt("a").await.unwrap().is_none());
    let again = api.create(&PostParams::default(), &thing("a")).await.unwrap();
    assert_ne!(again.metadata.uid, held.metadata.uid);
}

#[tokio::test(start_paused = true)]
async fn a_watch_tells_what_happened_since_and_then_what_happens() {
    let server = server();
    let api = things(server.connect());
    api.create(&PostParams::default(), &thing("a")).await.unwrap();
    let listed = api
        .list(&ListParams::default())
        .await
        .unwrap()
        .metadata
        .resource_version
        .unwrap();
    merge(&api, json!({"spec": {"size": 2}})).await.unwrap();
    let mut watch = api.watch(&WatchParams::default(), &listed).await.unwrap().boxed();
    let told = watch.try_next().await.unwrap().unwrap();
    assert!(matches!(told, WatchEvent::Modified(object) if object.data["spec"]["size"] == 2));
    api.delete("a", &DeleteParams::default()).await.unwrap();
    assert!(matches!(
        watch.try_next().await.unwrap().unwrap(),
        WatchEvent::Deleted(_)
    ));
    assert!(matches!(
        watch.try_next().await.unwrap().unwrap(),
        WatchEvent::Bookmark(_)
    ));
    server.write(|store, _| store.compact(store.version()));
    let mut late = api.watch(&WatchParams::default(), &listed).await.unwrap().boxed();
    let gone = late.try_next().await.unwrap().unwrap();
    assert!(matches!(gone, WatchEvent::Error(status) if status.code == 410));
}

#[tokio::test(start_paused = true)]
async fn a_held_view_shows_what_was_and_a_cut_one_what_came_of_it() {
    let server = server();
    let connection = server.connect();
    let (view, api) = (connection.view().clone(), things(connection));
    api.create(&PostParams::default(), &thing("a")).await.unwrap();
    view.hold(server.read(Store::version));
    let mut watched = watcher(api.clone(), watcher::Config::default())
        .touched_objects()
        .boxed();
    assert_eq!(watched.try_next().await.unwrap().unwrap().data["spec"]["size"], 1);
    for size in 2..5 {
        merge(&api, json!({"spec": {"size": size}})).await.unwrap();
    }
    let quiet = tokio::time::timeout(Duration::from_secs(300), watched.try_next()).await;
    assert!(quiet.is_err(), "nothing is told while the view is held");
    view.release();
    assert_eq!(watched.try_next().await.unwrap().unwrap().data["spec"]["size"], 2);
    view.hold(server.read(Store::version));
    view.release();
    view.cut();
    let sizes: Vec<i64> = (&mut watched)
        .take(3)
        .filter_map(|object| std::future::ready(object.ok()))
        .map(|object| object.data["spec"]["size"].as_i64().unwrap())
        .collect()
        .await;
    assert_eq!(sizes.last(), Some(&4), "{sizes:?}");
}

#[tokio::test]
async fn metadata_alone_and_pages_are_served() {
    let server = server();
    let client = Client::new(server.connect(), "default");
    let api = things(server.connect());
    for name in ["a", "b", "c"] {
        api.create(&PostParams::default(), &thing(name)).await.unwrap();
    }
    let first = api.list(&ListParams::default().limit(2)).await.unwrap();
    api.create(&PostParams::default(), &thing("bb")).await.unwrap();
    let token = first.metadata.continue_.unwrap();
    let second = api
        .list(&ListParams::default().limit(2).continue_token(&token))
        .await
        .unwrap();
    let names: Vec<_> = second
        .items
        .iter()
        .map(|object| object.metadata.name.clone().unwrap())
        .collect();
    assert_eq!(names, ["c"], "all pages are of one version");
    let namespaces: Api<PartialObjectMeta<k8s_openapi::api::core::v1::Namespace>> = Api::all(client);
    assert!(namespaces.get("kube-system").await.unwrap().metadata.uid.is_some());
    assert_eq!(namespaces.list(&ListParams::default()).await.unwrap().items.len(), 2);
    let labelled = api.list(&ListParams::default().labels("a=b")).await.unwrap_err();
    assert!(matches!(labelled, kube::Error::Api(status) if status.code == 501));
}
