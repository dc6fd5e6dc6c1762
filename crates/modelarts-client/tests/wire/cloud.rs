//! A cloud that says what a test tells it to, and remembers what it was asked.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Request;
use axum::http::{HeaderMap, Method, Response, StatusCode, Uri};
use axum::response::IntoResponse;
use jiff::Timestamp;
use modelarts_client::{Client, Clock, Config, Credentials, Hooks, ProjectId, ProjectRef};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

pub const PROJECT: &str = "0123456789abcdef0123456789abcdef";
pub const POOL: &str = "pool-001-0123456789abcdef0123456789abcdef";

/// One request as it arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub method: Method,
    pub uri: Uri,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Seen {
    pub fn target(&self) -> String {
        self.uri.to_string()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }
}

/// What to do about a request.
pub enum Reply {
    Say(Response<Body>),
    Hang,
}

/// An answer in JSON.
pub fn say(status: u16, body: &Value) -> Reply {
    text(status, &body.to_string())
}

/// An answer of any text.
pub fn text(status: u16, body: &str) -> Reply {
    let status = StatusCode::from_u16(status).unwrap();
    Reply::Say((status, body.to_owned()).into_response())
}

/// An error in the service's words.
pub fn refuse(status: u16, code: &str, message: &str) -> Reply {
    say(status, &json!({"error_code": code, "error_msg": message}))
}

/// A refusal of the key in the gateway's words.
pub fn bad_key() -> Reply {
    refuse(401, "APIGW.0301", "verify aksk signature fail")
}

/// A pool as the service shows it.
pub fn pool() -> Value {
    json!({
        "kind": "Pool", "apiVersion": "v2",
        "metadata": {"name": POOL, "labels": {"os.modelarts/name": "pool-001"}},
        "spec": {"resources": [{"flavor": "f", "count": 2}]},
        "status": {"phase": "Running"}
    })
}

pub struct Cloud {
    pub url: Url,
    seen: Arc<Mutex<Vec<Seen>>>,
    server: JoinHandle<()>,
}

impl Cloud {
    pub async fn start(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Self {
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let (book, answer) = (Arc::clone(&seen), Arc::new(answer));
        let router = Router::new().fallback(move |request: Request| {
            let (book, answer) = (Arc::clone(&book), Arc::clone(&answer));
            async move {
                let (parts, body) = request.into_parts();
                let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
                let seen = Seen {
                    method: parts.method,
                    uri: parts.uri,
                    headers: parts.headers,
                    body,
                };
                book.lock().unwrap().push(seen.clone());
                match answer(&seen) {
                    Reply::Say(response) => response,
                    Reply::Hang => std::future::pending().await,
                }
            }
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self {
            url: url.parse().unwrap(),
            seen,
            server,
        }
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn count(&self, path: &str) -> usize {
        self.seen().iter().filter(|seen| seen.uri.path() == path).count()
    }

    pub fn config(&self, credentials: Credentials) -> Config {
        config(&self.url, credentials)
    }

    pub fn client(&self) -> Client {
        Client::new(self.config(keys())).unwrap()
    }
}

impl Drop for Cloud {
    fn drop(&mut self) {
        self.server.abort();
    }
}

pub fn config(url: &Url, credentials: Credentials) -> Config {
    Config {
        allow_http_loopback: true,
        deadline: Duration::from_secs(20),
        ..Config::new(
            url.clone(),
            url.clone(),
            ProjectRef::Id(ProjectId::parse(PROJECT).unwrap()),
            credentials,
        )
    }
}

pub fn keys() -> Credentials {
    Credentials::Keys {
        access_key: "AKEXAMPLE".into(),
        secret_key: "sk-example".into(),
        security_token: None,
    }
}

pub fn password() -> Credentials {
    Credentials::Password {
        domain: "account".into(),
        username: "user".into(),
        password: "pw-example".into(),
    }
}

/// Clocks that a test moves.
#[derive(Clone)]
pub struct HandClock {
    start: Instant,
    passed: Arc<Mutex<Duration>>,
}

impl HandClock {
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
            passed: Arc::default(),
        }
    }

    pub fn pass(&self, time: Duration) {
        *self.passed.lock().unwrap() += time;
    }

    pub fn hooks(&self) -> Hooks {
        let (wall, steady) = (self.clone(), self.clone());
        let noon: Timestamp = "2025-01-02T12:00:00Z".parse().unwrap();
        Hooks {
            clock: Clock::new(
                move || noon + *wall.passed.lock().unwrap(),
                move || steady.start + *steady.passed.lock().unwrap(),
            ),
            ..Hooks::default()
        }
    }
}
