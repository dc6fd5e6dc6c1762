//! The line to one of the two far sides: reading a call, sending it on, passing its answer back.

use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING};
use http::{HeaderMap, StatusCode};

use super::{Call, Side};

/// No call of an operator is larger.
const MOST: usize = 16 * 1024 * 1024;

/// A client for one far side.
pub struct Line {
    pub side: Side,
    base: String,
    http: reqwest::Client,
}

/// An answer that has arrived in full.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl Line {
    /// A line to `base`, which is trusted if `authority` (PEM) signed its certificate.
    pub fn new(side: Side, base: &str, authority: Option<&[u8]>) -> anyhow::Result<Self> {
        sandbox::use_ring();
        let mut builder = reqwest::Client::builder()
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .http1_only();
        if let Some(authority) = authority {
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(authority)?);
        }
        Ok(Self {
            side,
            base: base.to_owned(),
            http: builder.build()?,
        })
    }

    /// Sends a call on and passes its answer back as it comes: a watch has no end.
    pub async fn stream(&self, call: &Call, headers: HeaderMap) -> Response {
        let Ok(mut answer) = self.send(call, headers).await else {
            return no_answer();
        };
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        respond(status, headers, Body::from_stream(answer.bytes_stream()))
    }

    /// Sends a call on and waits for its whole answer; nothing if there was none.
    pub async fn answer(&self, call: &Call, headers: HeaderMap) -> Option<Answer> {
        let mut answer = self.send(call, headers).await.ok()?;
        let (status, headers) = (answer.status(), std::mem::take(answer.headers_mut()));
        let body = answer.bytes().await.ok()?;
        Some(Answer { status, headers, body })
    }

    async fn send(&self, call: &Call, mut headers: HeaderMap) -> reqwest::Result<reqwest::Response> {
        for name in [CONNECTION, CONTENT_LENGTH, TRANSFER_ENCODING] {
            headers.remove(name);
        }
        let question = if call.query.is_empty() { "" } else { "?" };
        let url = format!("{}{}{question}{}", self.base, call.path, call.query);
        let mut request = self.http.request(call.method.clone(), url).headers(headers);
        if !call.body.is_empty() {
            request = request.body(call.body.clone());
        }
        request.send().await
    }
}

/// Reads a whole call.
pub async fn read(side: Side, request: Request) -> Result<(Call, HeaderMap), axum::Error> {
    let (head, body) = request.into_parts();
    let call = Call {
        side,
        method: head.method,
        path: head.uri.path().to_owned(),
        query: head.uri.query().unwrap_or_default().to_owned(),
        body: axum::body::to_bytes(body, MOST).await?,
    };
    Ok((call, head.headers))
}

/// What the sender of a call gets that has no answer, if it is still there.
pub fn no_answer() -> Response {
    respond(StatusCode::BAD_GATEWAY, HeaderMap::new(), Body::empty())
}

pub fn respond(status: StatusCode, mut headers: HeaderMap, body: Body) -> Response {
    for name in [CONNECTION, TRANSFER_ENCODING] {
        headers.remove(name);
    }
    let mut response = Response::new(body);
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    response
}
