//! For tests: a process without a cluster and without a cloud. Both answer as a test says, and what
//! they were asked is kept.

use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::http::{Method, StatusCode, Uri};
use k8s_openapi::api::core::v1::Secret;
use kube::client::Body;
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::{reflector, watcher};
use modelarts_crd::ModelArtsAccount;
use modelarts_plan::{ClusterId, Timing};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::accounts::{Accounts, Policy, Sources};
use crate::auditor::Auditor;
use crate::claims::Claims;
use crate::clock::Clock;
use crate::directory::Directory;
use crate::governor::Governor;
use crate::lease::Leadership;
use crate::metrics::Metrics;
use crate::shared::{Directories, Shared};

/// Status and body of an answer.
pub type Answer = (u16, Value);

/// What was asked, such as `GET /api/v1/namespaces/ml`.
#[derive(Clone, Default)]
pub struct Asked(Arc<Mutex<Vec<String>>>);

impl Asked {
    /// So far, oldest first.
    pub fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    /// How often with this method.
    pub fn count(&self, method: &str) -> usize {
        let asked = self.all();
        asked.iter().filter(|asked| asked.starts_with(method)).count()
    }

    fn note(&self, method: &Method, path: &str) {
        self.0.lock().unwrap().push(format!("{method} {path}"));
    }
}

/// A process.
pub struct Bench {
    pub shared: Arc<Shared>,
    /// What the API server was asked.
    pub kube: Asked,
    /// What the cloud was asked.
    pub cloud: Asked,
}

/// A process whose API server answers to method and path, and whose cloud to method, path and body.
/// Its account `default` may be used by all namespaces, with `limits`.
pub async fn bench(
    kube: impl Fn(&Method, &str) -> Answer + Clone + Send + Sync + 'static,
    cloud: impl Fn(&Method, &str, &[u8]) -> Answer + Clone + Send + Sync + 'static,
    limits: Value,
) -> Bench {
    bench_of(kube, cloud, limits, json!({})).await
}

/// The same with more metadata of the account.
pub async fn bench_of(
    kube: impl Fn(&Method, &str) -> Answer + Clone + Send + Sync + 'static,
    cloud: impl Fn(&Method, &str, &[u8]) -> Answer + Clone + Send + Sync + 'static,
    limits: Value,
    metadata: Value,
) -> Bench {
    crate::kubernetes::install_tls_provider();
    let (asked_kube, asked_cloud) = (Asked::default(), Asked::default());
    let client = api_server(kube, asked_kube.clone());
    let endpoint = serve(cloud, asked_cloud.clone()).await;
    let governor = Arc::new(Governor::new());
    let (pools, _) = Directory::new();
    let (networks, _) = Directory::new();
    let reporter = Reporter {
        controller: "modelarts-operator".into(),
        instance: None,
    };
    let shared = Shared {
        cluster: ClusterId("cluster".into()),
        reach: crate::reach::Reach::Cluster,
        timing: Timing::default(),
        clock: Clock::start(),
        accounts: Arc::new(accounts(&endpoint, limits, metadata, &governor)),
        directories: Directories {
            pools: Arc::new(pools),
            networks: Arc::new(networks),
        },
        governor,
        places: crate::places::Places::of(32),
        metrics: Arc::new(Metrics::new()),
        leadership: Leadership::sole(),
        recorder: Recorder::new(client.clone(), reporter),
        kube: client,
        claims: Claims::default(),
        auditor: Auditor::new(300_000),
    };
    Bench {
        shared: Arc::new(shared),
        kube: asked_kube,
        cloud: asked_cloud,
    }
}

/// A cluster or a cloud that knows nothing.
pub fn nothing_here() -> Answer {
    (
        404,
        json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "reason": "NotFound", "code": 404}),
    )
}

fn api_server(answer: impl Fn(&Method, &str) -> Answer + Clone + Send + 'static, asked: Asked) -> kube::Client {
    let service = tower::service_fn(move |request: http::Request<Body>| {
        let path = request.uri().path().to_owned();
        asked.note(request.method(), &path);
        let (status, body) = answer(request.method(), &path);
        let body = Body::from(serde_json::to_vec(&body).unwrap());
        let response = http::Response::builder().status(status).body(body).unwrap();
        std::future::ready(Ok::<_, std::io::Error>(response))
    });
    kube::Client::new(service, "default")
}

async fn serve(
    answer: impl Fn(&Method, &str, &[u8]) -> Answer + Clone + Send + Sync + 'static,
    asked: Asked,
) -> String {
    let handler = move |method: Method, uri: Uri, body: Bytes| {
        asked.note(&method, uri.path());
        let (status, body) = answer(&method, uri.path(), &body);
        std::future::ready((StatusCode::from_u16(status).unwrap(), axum::Json(body)))
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(handler)).await });
    format!("http://{address}")
}

fn accounts(endpoint: &str, limits: Value, metadata: Value, governor: &Arc<Governor>) -> Accounts {
    let (accounts, mut writer) = reflector::store();
    let mut whole = json!({"name": "default", "uid": "a", "generation": 1, "resourceVersion": "1"});
    if let (Value::Object(whole), Value::Object(more)) = (&mut whole, metadata) {
        whole.extend(more);
    }
    writer.apply_watcher_event(&watcher::Event::Apply(object::<ModelArtsAccount>(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsAccount",
        "metadata": whole,
        "spec": {
            "region": "cn-north-4", "projectId": "p1", "endpoint": endpoint, "iamEndpoint": endpoint,
            "credentials": {"secret": {"name": "keys"}}, "allowedNamespaces": {}, "limits": limits,
        },
    }))));
    let (secrets, mut writer) = reflector::store();
    writer.apply_watcher_event(&watcher::Event::Apply(object::<Secret>(json!({
        "metadata": {"name": "keys", "namespace": "modelarts-system", "uid": "s", "resourceVersion": "1"},
        "data": {"accessKey": "QUtFWEFNUExF", "secretKey": "ZXhhbXBsZQ=="},
    }))));
    let (namespaces, mut writer) = reflector::store();
    writer.apply_watcher_event(&watcher::Event::Apply(object(json!({"metadata": {"name": "ml"}}))));
    let sources = Sources {
        accounts,
        secrets,
        namespaces,
    };
    let policy = Policy {
        namespace: "modelarts-system".into(),
        reach: crate::reach::Reach::Cluster,
        allowed_hosts: modelarts_client::AllowedHosts::default(),
        http_loopback: true,
        deadline: std::time::Duration::from_secs(5),
        rest: std::time::Duration::from_secs(5),
        observer: Arc::new(|_| {}),
        surroundings: crate::credentials::Surroundings::of_the_process(None),
        carrier: modelarts_client::Carrier::default(),
        clock: modelarts_client::Clock::default(),
    };
    Accounts::new(sources, policy, Arc::clone(governor))
}

/// An object from its JSON.
pub fn object<T: DeserializeOwned>(object: Value) -> T {
    serde_json::from_value(object).unwrap()
}
