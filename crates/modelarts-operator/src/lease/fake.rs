//! The Lease API in memory, with a line to each candidate that can be cut or made to lose replies.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, Response, StatusCode};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

/// Time of a call, so that calls of two candidates interleave.
pub(super) const LATENCY: Duration = Duration::from_millis(20);

/// What happens to the calls of one candidate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Line {
    /// Calls arrive and are answered.
    Up,
    /// Calls do not arrive, and nobody says so.
    Cut,
    /// Calls are carried out, but no answer comes back.
    RepliesLost,
    /// Answered with 503.
    Refused,
    /// Carried out at once, answered after this time.
    Late(Duration),
}

#[derive(Debug, Default)]
struct Stored {
    lease: Option<Value>,
    version: u64,
}

/// The API server. Clones are the same server.
#[derive(Debug, Clone, Default)]
pub(super) struct Server(Arc<Mutex<Stored>>);

/// The network between the server and one candidate.
#[derive(Debug, Clone)]
pub(super) struct Wire(Arc<Mutex<Line>>);

impl Wire {
    pub(super) fn set(&self, line: Line) {
        *self.0.lock().unwrap() = line;
    }

    fn line(&self) -> Line {
        *self.0.lock().unwrap()
    }
}

impl Server {
    pub(super) fn connect(&self) -> (Client, Wire) {
        let wire = Wire(Arc::new(Mutex::new(Line::Up)));
        let (server, line) = (self.clone(), wire.clone());
        let service = tower::service_fn(move |request: Request<Body>| {
            let (server, line) = (server.clone(), line.clone());
            async move { Ok::<_, Infallible>(server.answer(request, line.line()).await) }
        });
        (Client::new(service, "ops"), wire)
    }

    /// The lease as it is.
    pub(super) fn lease(&self) -> Option<Value> {
        self.0.lock().unwrap().lease.clone()
    }

    /// The hand of a person: any change, without asking for a version.
    pub(super) fn edit(&self, change: impl FnOnce(&mut Option<Value>)) {
        let mut stored = self.0.lock().unwrap();
        change(&mut stored.lease);
        stored.version += 1;
        let version = stored.version.to_string();
        if let Some(lease) = &mut stored.lease {
            lease["metadata"]["resourceVersion"] = json!(version);
        }
    }

    async fn answer(&self, request: Request<Body>, line: Line) -> Response<Body> {
        tokio::time::sleep(LATENCY).await;
        match line {
            Line::Cut => return std::future::pending().await,
            Line::Refused => return refusal(StatusCode::SERVICE_UNAVAILABLE, "ServiceUnavailable"),
            Line::Up | Line::RepliesLost | Line::Late(_) => {}
        }
        let method = request.method().clone();
        let body = request.into_body().collect_bytes().await.unwrap();
        let answer = self.carry_out(&method, serde_json::from_slice(&body).unwrap_or_default());
        match line {
            Line::RepliesLost => std::future::pending().await,
            Line::Late(by) => {
                tokio::time::sleep(by).await;
                answer
            }
            _ => {
                tokio::time::sleep(LATENCY).await;
                answer
            }
        }
    }

    fn carry_out(&self, method: &Method, mut sent: Value) -> Response<Body> {
        let mut stored = self.0.lock().unwrap();
        let version = (stored.version + 1).to_string();
        match (method.as_str(), &stored.lease) {
            ("GET", Some(lease)) => return object(StatusCode::OK, lease),
            ("GET" | "PUT", None) => return refusal(StatusCode::NOT_FOUND, "NotFound"),
            ("POST", Some(_)) => return refusal(StatusCode::CONFLICT, "AlreadyExists"),
            ("POST", None) => sent["metadata"]["uid"] = json!(version),
            ("PUT", Some(lease)) => {
                for key in ["resourceVersion", "uid"] {
                    if sent["metadata"][key] != lease["metadata"][key] {
                        return refusal(StatusCode::CONFLICT, "Conflict");
                    }
                }
            }
            other => panic!("unexpected call {other:?}"),
        }
        sent["metadata"]["resourceVersion"] = json!(version);
        stored.version += 1;
        stored.lease = Some(sent.clone());
        object(StatusCode::OK, &sent)
    }
}

fn object(code: StatusCode, value: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(value.to_string().into_bytes()));
    *response.status_mut() = code;
    response
}

fn refusal(code: StatusCode, reason: &str) -> Response<Body> {
    let status = json!({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code.as_u16(), "reason": reason, "message": reason});
    object(code, &status)
}
