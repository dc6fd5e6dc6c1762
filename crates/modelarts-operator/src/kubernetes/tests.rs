//! The clients against an API server on loopback that throttles, hangs and watches as told.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes};
use axum::extract::{Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use axum::{Json, Router};
use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::Api;
use kube::api::{WatchEvent, WatchParams};

use super::*;

#[derive(Clone, Default)]
struct Seen {
    throttled: Arc<AtomicUsize>,
    proceed: Arc<tokio::sync::Notify>,
}

async fn throttled(
    State(seen): State<Seen>,
) -> (StatusCode, [(&'static str, &'static str); 1], Json<serde_json::Value>) {
    seen.throttled.fetch_add(1, Ordering::SeqCst);
    let status = serde_json::json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": 503, "reason": "ServiceUnavailable"});
    (StatusCode::SERVICE_UNAVAILABLE, [("retry-after", "0")], Json(status))
}

async fn agent(headers: HeaderMap) -> Json<serde_json::Value> {
    let agent = headers
        .get("user-agent")
        .and_then(|value| value.to_str().ok())
        .unwrap_or("none");
    Json(serde_json::json!({"kind": "Secret", "apiVersion": "v1", "metadata": {"name": agent}}))
}

#[derive(serde::Deserialize)]
struct Asked {
    watch: Option<String>,
}

/// A watch whose head comes at once and whose only event waits for `proceed`; anything else hangs.
async fn quiet(State(seen): State<Seen>, Query(asked): Query<Asked>) -> Body {
    if asked.watch.is_none() {
        std::future::pending::<()>().await;
    }
    let event = r#"{"type":"ADDED","object":{"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"late","resourceVersion":"7"}}}"#;
    Body::from_stream(futures::stream::once(async move {
        seen.proceed.notified().await;
        Ok::<_, std::io::Error>(Bytes::from(format!("{event}\n")))
    }))
}

/// Serves for as long as the test's runtime lives, and writes a kubeconfig for it.
async fn world(seen: Seen) -> tempfile::NamedTempFile {
    let routes = Router::new()
        .route(
            "/api/v1/namespaces/default/configmaps/throttled",
            get(throttled).put(throttled).delete(throttled),
        )
        .route("/api/v1/namespaces/default/configmaps", get(quiet).post(throttled))
        .route("/api/v1/namespaces/default/configmaps/hangs", get(quiet))
        .route("/api/v1/namespaces/default/secrets/agent", get(agent))
        .with_state(seen);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let file = tempfile::NamedTempFile::new().unwrap();
    let kubeconfig = serde_json::json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": format!("http://{address}")}}],
        "users": [{"name": "test", "user": {}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    });
    std::fs::write(file.path(), kubeconfig.to_string()).unwrap();
    file
}

fn short() -> Deadlines {
    Deadlines {
        unary: Duration::from_millis(200),
        watch_head: Duration::from_secs(30),
        lease: Duration::from_millis(100),
    }
}

fn is_elapsed(error: &kube::Error) -> bool {
    matches!(error, kube::Error::Service(cause) if cause.is::<tower::timeout::error::Elapsed>())
}

#[tokio::test]
async fn a_refused_call_is_sent_once() {
    let seen = Seen::default();
    let kubeconfig = world(seen.clone()).await;
    let clients = connect(Source::Kubeconfig(kubeconfig.path()), Deadlines::default())
        .await
        .unwrap();
    for (calls, client) in [clients.unary, clients.watch, clients.lease].into_iter().enumerate() {
        let api: Api<ConfigMap> = Api::default_namespaced(client);
        let read = api.get("throttled").await.unwrap_err();
        assert!(
            matches!(&read, kube::Error::Api(status) if status.code == 503),
            "{read}"
        );
        api.create(&Default::default(), &ConfigMap::default())
            .await
            .unwrap_err();
        assert_eq!(
            seen.throttled.load(Ordering::SeqCst),
            2 * (calls + 1),
            "one read and one create for each client"
        );
    }
}

#[tokio::test]
async fn a_call_without_an_answer_ends_at_its_deadline() {
    let kubeconfig = world(Seen::default()).await;
    let clients = connect(Source::Kubeconfig(kubeconfig.path()), short()).await.unwrap();
    for client in [clients.unary, clients.lease] {
        let api = Api::<ConfigMap>::default_namespaced(client);
        let ended = tokio::time::timeout(Duration::from_secs(10), api.get("hangs"))
            .await
            .expect("still waiting");
        let error = ended.unwrap_err();
        assert!(is_elapsed(&error), "{error}");
    }
}

#[tokio::test]
async fn a_quiet_watch_outlives_the_deadline_of_single_calls() {
    let seen = Seen::default();
    let kubeconfig = world(seen.clone()).await;
    let clients = connect(Source::Kubeconfig(kubeconfig.path()), short()).await.unwrap();
    let api: Api<ConfigMap> = Api::default_namespaced(clients.watch);
    let mut events = api.watch(&WatchParams::default(), "1").await.unwrap().boxed();
    // A call that hangs until its deadline marks the time: the watch is still open after it.
    assert!(is_elapsed(
        &Api::<ConfigMap>::default_namespaced(clients.unary)
            .get("hangs")
            .await
            .unwrap_err()
    ));
    seen.proceed.notify_one();
    let event = events.try_next().await.unwrap().unwrap();
    assert!(matches!(event, WatchEvent::Added(map) if map.metadata.name.as_deref() == Some("late")));
}

#[tokio::test]
async fn calls_say_who_they_come_from() {
    let kubeconfig = world(Seen::default()).await;
    let clients = connect(Source::Kubeconfig(kubeconfig.path()), Deadlines::default())
        .await
        .unwrap();
    let secret = Api::<Secret>::default_namespaced(clients.unary)
        .get("agent")
        .await
        .unwrap();
    assert_eq!(secret.metadata.name.as_deref(), Some(AGENT));
}

#[tokio::test]
async fn a_missing_kubeconfig_is_named() {
    let error = connect(
        Source::Kubeconfig(Path::new("/nowhere/kubeconfig")),
        Deadlines::default(),
    )
    .await
    .err()
    .unwrap();
    assert!(error.to_string().contains("/nowhere/kubeconfig"), "{error}");
}

#[tokio::test]
async fn a_kubeconfig_that_does_not_parse_is_not_quoted() {
    let file = tempfile::NamedTempFile::new().unwrap();
    for text in [
        "users:\n- user: {token: not-to-be-seen",
        "users: [{user: {token: [not-to-be-seen]}}]",
        "not-to-be-seen",
    ] {
        std::fs::write(file.path(), text).unwrap();
        let error = connect(Source::Kubeconfig(file.path()), Deadlines::default())
            .await
            .err()
            .unwrap();
        let error = anyhow::Error::new(error);
        let told = format!("{error:?} {error:#}");
        assert!(told.contains("does not parse"), "{told}");
        assert!(!told.contains("not-to-be-seen"), "{told}");
    }
}

#[tokio::test]
async fn outside_a_pod_the_missing_flag_is_named() {
    let error = connect(Source::InCluster, Deadlines::default()).await.err().unwrap();
    assert!(error.to_string().contains("--kubeconfig"), "{error}");
}
