//! What carries requests to the service: the network, or for tests a service in this process.
//!
//! Everything else of a call is the same over both: requests are built and signed, answers are
//! bounded, read and classified. So what a test sees over the second is what the first would do,
//! except for the HTTP library itself. There is no way from a configuration to the second.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use bytes::Bytes;
use http::header::HeaderMap;
use http::{Method, Request, Response};
use tokio::time::Instant;
use url::Url;

use crate::transport::{Answer, LARGEST_ERROR, NoAnswer};

/// What carries the requests of a client.
#[derive(Clone, Debug, Default)]
pub enum Carrier {
    /// The network.
    #[default]
    Sockets,
    /// A service in this process, for tests only.
    InMemory(InMemory),
}

/// The connection broke before there was a complete answer; the request may have been carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Interrupted;

type Answering = Pin<Box<dyn Future<Output = Result<Response<Bytes>, Interrupted>> + Send>>;

/// A service in this process.
#[derive(Clone)]
pub struct InMemory(Arc<dyn Fn(Request<Bytes>) -> Answering + Send + Sync>);

impl InMemory {
    /// For tests: `answer` is called with each request, complete with URL, signature and body; with
    /// those to a source of temporary keys, too.
    ///
    /// It may take as long as it likes: a call that outlives its deadline is dropped, as a
    /// connection would be.
    pub fn for_tests<F>(answer: impl Fn(Request<Bytes>) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = Result<Response<Bytes>, Interrupted>> + Send + 'static,
    {
        Self(Arc::new(move |request| Box::pin(answer(request))))
    }

    /// Sends one request, and waits until `ends` for the answer, which has at most `largest`
    /// octets if it says yes.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: &Url,
        headers: HeaderMap,
        body: Bytes,
        ends: Instant,
        largest: usize,
    ) -> Result<Answer, NoAnswer> {
        let mut request = Request::new(body);
        *request.method_mut() = method;
        *request.uri_mut() = url
            .as_str()
            .parse()
            .map_err(|_| NoAnswer::NotConnected("the URL cannot be sent".into()))?;
        *request.headers_mut() = headers;
        let response = match tokio::time::timeout_at(ends, (self.0)(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(Interrupted)) => return Err(NoAnswer::Interrupted("the connection was closed".into())),
            Err(_) => return Err(NoAnswer::Interrupted("no complete answer before the deadline".into())),
        };
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        let headers = head.headers;
        match head.status.is_success() {
            true if body.len() > largest => Err(NoAnswer::Oversized { status, headers }),
            true => Ok(Answer { status, headers, body }),
            false => Ok(Answer {
                status,
                headers,
                body: body.slice(..body.len().min(LARGEST_ERROR)),
            }),
        }
    }
}

impl fmt::Debug for InMemory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InMemory")
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::config::{Config, Hooks, ProjectRef};
    use crate::credentials::Credentials;
    use crate::failure::{Failure, Sent};
    use crate::ids::ProjectId;
    use crate::pools::ListPools;
    use crate::{ApiError, Client};

    /// What a client says of a service that answers so.
    async fn listed<F>(answer: impl Fn(Request<Bytes>) -> F + Send + Sync + 'static) -> Result<usize, ApiError>
    where
        F: Future<Output = Result<Response<Bytes>, Interrupted>> + Send + 'static,
    {
        let endpoint: Url = "https://modelarts.cn-north-4.myhuaweicloud.com".parse().unwrap();
        let project = ProjectRef::Id(ProjectId::parse("0123").unwrap());
        let credentials = Credentials::Keys {
            access_key: "AKEXAMPLE".into(),
            secret_key: "sk-example".into(),
            security_token: None,
        };
        let hooks = Hooks {
            carrier: Carrier::InMemory(InMemory::for_tests(answer)),
            ..Hooks::default()
        };
        let client = Client::with_hooks(Config::new(endpoint.clone(), endpoint, project, credentials), hooks).unwrap();
        client
            .list_pools(&ListPools::default())
            .await
            .map(|list| list.items.map_or(0, |items| items.len()))
    }

    fn respond(status: u16, body: &'static str) -> Result<Response<Bytes>, Interrupted> {
        Ok(Response::builder().status(status).body(body.into()).unwrap())
    }

    #[tokio::test]
    async fn a_request_arrives_whole_and_signed_and_its_answer_is_read() {
        let found = listed(|request| async move {
            assert_eq!(request.uri().path(), "/v2/0123/pools");
            assert!(
                request.headers()["authorization"]
                    .to_str()
                    .unwrap()
                    .contains("AKEXAMPLE")
            );
            respond(200, r#"{"apiVersion": "v2", "kind": "PoolList", "items": []}"#)
        });
        assert_eq!(found.await.unwrap(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn refusals_broken_connections_and_silence_are_classified_as_over_the_network() {
        let throttled = listed(|_| async { respond(429, "{}") }).await.unwrap_err();
        assert_eq!((throttled.failure, throttled.status), (Failure::Throttled, Some(429)));
        let broken = listed(|_| async { Err(Interrupted) }).await.unwrap_err();
        assert_eq!((broken.failure, broken.sent), (Failure::Transient, Sent::Doubtful));
        let begun = Instant::now();
        let silent = listed(|_| std::future::pending()).await.unwrap_err();
        assert_eq!((silent.failure, silent.sent), (Failure::Transient, Sent::Doubtful));
        assert_eq!(begun.elapsed().as_secs(), Duration::from_secs(30).as_secs());
    }
}
