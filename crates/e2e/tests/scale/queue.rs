//! A queue whose length is an external metric: the adapter that serves it to the cluster, behind the
//! real API server's aggregation.
//!
//! The API server reaches it through a Service that names loopback, and trusts its certificate by the
//! authority in the registration. Each namespace has a queue of its own.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::sync::{LazyLock, Mutex};

use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use axum_server::tls_rustls::RustlsConfig;
use e2e::kubectl;
use e2e::scene::{PATIENCE, Scene};
use k8s_openapi::ByteString;
use k8s_openapi::jiff::Timestamp;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::APIService;
use kube::Api;
use sandbox::wait;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

/// The metric's name.
pub const METRIC: &str = "queue_length";
const GROUP: &str = "external.metrics.k8s.io";
const SERVICE: &str = "queue";
const NAMESPACE: &str = "default";

static LENGTHS: LazyLock<Mutex<BTreeMap<String, u32>>> = LazyLock::new(Mutex::default);
static SERVED: OnceCell<()> = OnceCell::const_new();

/// Sets the length of the scene's queue. The first call registers the adapter.
pub async fn set(scene: &Scene, length: u32) {
    LENGTHS.lock().unwrap().insert(scene.name.clone(), length);
    SERVED.get_or_init(|| serve(scene)).await;
}

/// Starts the adapter and waits until the API server passes requests on to it.
async fn serve(scene: &Scene) {
    let name = format!("{SERVICE}.{NAMESPACE}.svc");
    let made = rcgen::generate_simple_self_signed(vec![name]).unwrap();
    let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
    sandbox::use_ring();
    let tls = RustlsConfig::from_pem(certificate.clone().into_bytes(), key.into_bytes());
    let tls = tls.await.unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = axum_server::from_tcp_rustls(listener, tls).unwrap();
    tokio::spawn(server.serve(router().into_make_service()));
    register(scene, port, &certificate).await;
}

fn router() -> Router {
    let root = format!("/apis/{GROUP}/v1beta1");
    Router::new()
        .route(&root, get(async || Json(resources())))
        .route(&format!("{root}/namespaces/{{namespace}}/{METRIC}"), get(length))
}

fn resources() -> Value {
    let metric = json!({
        "name": METRIC, "singularName": "", "namespaced": true, "kind": "ExternalMetricValueList", "verbs": ["get"],
    });
    json!({
        "kind": "APIResourceList", "apiVersion": "v1", "groupVersion": format!("{GROUP}/v1beta1"), "resources": [metric],
    })
}

async fn length(Path(namespace): Path<String>) -> Result<Json<Value>, StatusCode> {
    let length = LENGTHS.lock().unwrap().get(&namespace).copied();
    let length = length.ok_or(StatusCode::NOT_FOUND)?;
    let item = json!({
        "metricName": METRIC, "metricLabels": {}, "timestamp": Timestamp::now().to_string(), "value": length.to_string(),
    });
    Ok(Json(json!({
        "kind": "ExternalMetricValueList", "apiVersion": format!("{GROUP}/v1beta1"), "metadata": {}, "items": [item],
    })))
}

async fn register(scene: &Scene, port: u16, authority: &str) {
    let service = json!({
        "apiVersion": "v1", "kind": "Service",
        "metadata": { "name": SERVICE, "namespace": NAMESPACE },
        "spec": { "type": "ExternalName", "externalName": "127.0.0.1", "ports": [{ "port": port }] },
    });
    let name = format!("v1beta1.{GROUP}");
    let registration = json!({
        "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
        "metadata": { "name": name },
        "spec": {
            "group": GROUP, "version": "v1beta1", "groupPriorityMinimum": 100, "versionPriority": 100,
            "service": { "name": SERVICE, "namespace": NAMESPACE, "port": port },
            "caBundle": ByteString(authority.as_bytes().to_vec()),
        },
    });
    for object in [service, registration] {
        let (arguments, input) = (["create", "-f", "-"], object.to_string());
        kubectl::output(&scene.world.control_plane, &arguments, &input).await;
    }
    let registrations: Api<APIService> = Api::all(scene.client());
    let waited = wait::until("the metrics to be served", PATIENCE, async || {
        let seen = registrations.get(&name).await.map_err(|error| error.to_string())?;
        let told = seen.status.and_then(|status| status.conditions).unwrap_or_default();
        match told.iter().any(|c| c.type_ == "Available" && c.status == "True") {
            true => Ok(()),
            false => Err(format!("{told:?}")),
        }
    });
    scene.expect(waited.await);
}
