//! The only file that sends. One request, one answer, or the reason why there is none.
//!
//! Everything that would send a second request is off: redirects (they would also carry tokens to
//! another host), retries, proxies from the environment, HTTP/2. A request that the pool of
//! connections never wrote to a socket may move to another connection; it was not sent.

use std::error::Error;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use http::header::{CONTENT_LENGTH, HeaderMap};
use reqwest::{Certificate, Response, redirect, retry};
use tokio::time::Instant;
use url::Url;

use crate::carrier::{Carrier, InMemory};
use crate::endpoint::AllowedHosts;
use crate::fetch::LARGEST_KEY;
use crate::resolver::{self, FilteredResolver};

/// Largest body read of an answer that says yes. No list of pools comes near it.
pub(crate) const LARGEST_BODY: usize = 16 * 1024 * 1024;
/// Largest body read of an answer that says no.
pub(crate) const LARGEST_ERROR: usize = 64 * 1024;
/// Longest wait for a connection.
const CONNECT: Duration = Duration::from_secs(10);

/// A complete answer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Why there is no complete answer.
#[derive(Debug)]
pub(crate) enum NoAnswer {
    /// Nothing was sent.
    NotConnected(String),
    /// Something may have been sent.
    Interrupted(String),
    /// The answer says yes and does not end.
    Oversized { status: u16, headers: HeaderMap },
}

/// Whom a transport reaches.
#[derive(Clone, Debug)]
pub(crate) enum Reach {
    /// The cloud: by https, and at addresses a cloud can have, private ones for hosts that the
    /// administrator named. Loopback if allowed for development.
    Cloud { loopback: bool, hosts: AllowedHosts },
    /// A source of temporary keys, whose address was checked. It may be on this machine or link,
    /// and speak plain http; it must answer soon.
    KeySource { patience: Duration },
}

/// Sends requests.
#[derive(Debug)]
pub(crate) struct Transport {
    way: Way,
    /// Octets of the largest answer that says yes.
    largest: usize,
}

#[derive(Debug)]
enum Way {
    /// Over the network.
    Sockets(reqwest::Client),
    /// To a service in this process.
    InMemory(InMemory),
}

impl Transport {
    /// A transport to those within `reach`, that trusts `roots` beside the built-in ones.
    pub(crate) fn new(
        user_agent: &str,
        reach: Reach,
        roots: Vec<Certificate>,
        carrier: Carrier,
    ) -> Result<Self, reqwest::Error> {
        let largest = match &reach {
            Reach::Cloud { .. } => LARGEST_BODY,
            Reach::KeySource { .. } => LARGEST_KEY,
        };
        if let Carrier::InMemory(service) = carrier {
            let way = Way::InMemory(service);
            return Ok(Self { way, largest });
        }
        // A provider that is already installed serves as well; the error says just that.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let builder = reqwest::Client::builder()
            .user_agent(user_agent)
            .redirect(redirect::Policy::none())
            .retry(retry::never())
            .no_proxy()
            .referer(false)
            .http1_only()
            .tls_certs_merge(roots);
        let builder =
            match reach {
                Reach::Cloud { loopback, hosts } => builder
                    .https_only(!loopback)
                    .connect_timeout(CONNECT)
                    .dns_resolver(FilteredResolver {
                        lookup: resolver::system,
                        loopback,
                        hosts,
                    }),
                Reach::KeySource { patience } => builder.connect_timeout(patience).read_timeout(patience),
            };
        let way = Way::Sockets(builder.build()?);
        Ok(Self { way, largest })
    }

    /// Sends to `url`, once, and reads the answer until `ends`.
    pub(crate) async fn send(
        &self,
        method: Method,
        url: Url,
        headers: HeaderMap,
        body: Bytes,
        ends: Instant,
    ) -> Result<Answer, NoAnswer> {
        let left = ends.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(NoAnswer::NotConnected("the deadline has passed".into()));
        }
        let http = match &self.way {
            Way::Sockets(http) => http,
            Way::InMemory(service) => {
                return service.send(method, &url, headers, body, ends, self.largest).await;
            }
        };
        let mut builder = http.request(method, url).headers(headers).timeout(left);
        if !body.is_empty() {
            builder = builder.body(body);
        }
        let response = builder.send().await.map_err(no_answer)?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        if response.status().is_success() {
            return match read(response, self.largest).await {
                Ok((body, true)) => Ok(Answer { status, headers, body }),
                Ok((_, false)) => Err(NoAnswer::Oversized { status, headers }),
                Err(error) => Err(NoAnswer::Interrupted(describe(error))),
            };
        }
        // The status has been said. A body that breaks off, or is too long to be one of ours, only
        // means that nothing more is known.
        let body = match read(response, LARGEST_ERROR).await {
            Ok((body, _)) => body,
            Err(_) => Bytes::new(),
        };
        Ok(Answer { status, headers, body })
    }
}

/// Reads at most `cap` octets, and says whether that was all.
async fn read(mut response: Response, cap: usize) -> Result<(Bytes, bool), reqwest::Error> {
    let announced = response
        .headers()
        .get(CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > cap as u64) {
        return Ok((Bytes::new(), false));
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > cap {
            return Ok((Bytes::from(body), false));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((Bytes::from(body), true))
}

fn no_answer(error: reqwest::Error) -> NoAnswer {
    // A builder error is a refusal of our own: plain http, or a header that cannot be sent.
    if error.is_connect() || error.is_builder() {
        NoAnswer::NotConnected(describe(error))
    } else {
        NoAnswer::Interrupted(describe(error))
    }
}

/// The chain of causes without the URL, whose query is nobody's business.
fn describe(error: reqwest::Error) -> String {
    if error.is_timeout() && !error.is_connect() {
        return "no complete answer before the deadline".into();
    }
    let error = error.without_url();
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        if !text.ends_with(&cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
        source = cause.source();
    }
    text
}
