//! Asks a source for a temporary key.
//!
//! Nothing is kept here: the pod's token is read and the metadata's session is opened anew for each
//! key. Whatever goes wrong is said with the name of the source and with what can be done about it,
//! for whoever reads this has no other trace of the source.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;
use tokio::time::Instant;
use url::Url;

use crate::answer;
use crate::client::Client;
use crate::error::{ApiError, LONGEST_MESSAGE};
use crate::failure::Failure;
use crate::operation::Operation;
use crate::source::KeySource;
use crate::temporary::TemporaryKey;
use crate::transport::{Answer, Transport};

/// Largest token file read. Real tokens have one or two kilobytes.
const LARGEST_TOKEN: u64 = 64 * 1024;
/// Largest answer of a source read.
pub(crate) const LARGEST_KEY: usize = 64 * 1024;
/// What the metadata say, with 401, where no agency is bound.
const NO_AGENCY: &str = "please configure cloud service agency first";

/// One request to a source.
struct Ask {
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: &'static [u8],
}

/// A source, and how to reach it until when.
struct Asked<'a> {
    client: &'a Client,
    source: &'a KeySource,
    transport: &'a Transport,
    ends: Instant,
}

impl Client {
    /// Fetches a key from `source`.
    pub(crate) async fn fetch_key(&self, source: &KeySource, ends: Instant) -> Result<TemporaryKey, ApiError> {
        let started = Instant::now();
        let Some(transport) = &self.inner.source_transport else {
            let why = "no source of keys is configured";
            return Err(ApiError::unsent(Operation::FetchKey.as_str(), Failure::Invalid, why));
        };
        let asked = Asked {
            client: self,
            source,
            transport,
            ends,
        };
        let answer = match source {
            KeySource::PodIdentity { uri, token_file } => asked.pod_identity(uri, token_file).await,
            KeySource::InstanceMetadata { base } => asked.instance_metadata(base).await,
        };
        let hooks = &self.inner.hooks;
        let key = answer.and_then(|answer| {
            TemporaryKey::read(&answer.body, hooks.clock.wall(), hooks.key_pause)
                .map_err(|why| asked.refuse(Failure::Malformed, &why.to_string()))
        });
        self.record(Operation::FetchKey, started, key.as_ref().err());
        key
    }
}

impl Asked<'_> {
    /// The pod's own token is shown, and the key of the agency comes back.
    async fn pod_identity(&self, uri: &Url, token_file: &Path) -> Result<Answer, ApiError> {
        let token = self.token(token_file).await?;
        let mut headers = json_headers();
        headers.insert(header::AUTHORIZATION, self.secret_value(&token)?);
        let ask = Ask {
            method: Method::POST,
            url: uri.clone(),
            headers,
            body: b"{}",
        };
        let answer = self.send(ask).await?;
        if is_success(&answer) {
            return Ok(answer);
        }
        let remedy = match answer.status {
            401 | 403 => "is the service account of this pod associated with an agency?",
            _ => "see the pod identity add-on of the cluster",
        };
        Err(self.refusal(&answer, remedy, &[token]))
    }

    /// The token of the pod. It is read at each fetch, because the cluster rotates it.
    async fn token(&self, file: &Path) -> Result<SecretString, ApiError> {
        let shown = file.display();
        let refuse = |why: String| self.refuse(Failure::Unauthenticated, &why);
        let mut text = Vec::new();
        let read = async {
            let opened = tokio::fs::File::open(file).await?;
            opened.take(LARGEST_TOKEN + 1).read_to_end(&mut text).await
        };
        let read = tokio::time::timeout_at(self.ends, read).await;
        let read = read.map_err(|_| refuse(format!("the token file {shown} could not be read in time")))?;
        read.map_err(|error| {
            refuse(format!(
                "the token file {shown} cannot be read ({}): does the cluster mount it into this pod?",
                error.kind()
            ))
        })?;
        if text.len() as u64 > LARGEST_TOKEN {
            return Err(refuse(format!("the token file {shown} is larger than any token")));
        }
        let text = std::str::from_utf8(&text).map_err(|_| refuse(format!("the token file {shown} is no text")))?;
        match text.trim() {
            "" => Err(refuse(format!("the token file {shown} is empty"))),
            token => Ok(token.into()),
        }
    }

    /// A session is opened, where the service knows sessions, and the key asked for within it.
    async fn instance_metadata(&self, base: &Url) -> Result<Answer, ApiError> {
        let mut repeated = false;
        loop {
            let session = self.session(base).await?;
            let mut headers = json_headers();
            if let Some(session) = &session {
                let name = HeaderName::from_static("x-metadata-token");
                headers.insert(name, self.secret_value(session)?);
            }
            let ask = Ask {
                method: Method::GET,
                url: at(base, "/openstack/latest/securitykey"),
                headers,
                body: b"",
            };
            let answer = self.send(ask).await?;
            if is_success(&answer) {
                return Ok(answer);
            }
            let unbound = String::from_utf8_lossy(&answer.body).to_lowercase().contains(NO_AGENCY);
            let secrets: Vec<SecretString> = session.into_iter().collect();
            match answer.status {
                401 if unbound => return Err(self.refusal(&answer, "bind an agency to the instance", &secrets)),
                // The session may have ended at the wrong moment. A new one is tried once.
                401 if !repeated => repeated = true,
                _ => return Err(self.refusal(&answer, "is this an ECS instance with an agency?", &secrets)),
            }
        }
    }

    /// A session's token; nothing where the service is older than sessions.
    async fn session(&self, base: &Url) -> Result<Option<SecretString>, ApiError> {
        let mut headers = HeaderMap::new();
        let life = HeaderName::from_static("x-metadata-token-ttl-seconds");
        headers.insert(life, HeaderValue::from_static("21600"));
        let ask = Ask {
            method: Method::PUT,
            url: at(base, "/meta-data/latest/api/token"),
            headers,
            body: b"",
        };
        let answer = self.send(ask).await?;
        match answer.status {
            404 | 405 | 503 => Ok(None),
            200 => match std::str::from_utf8(&answer.body).unwrap_or_default().trim() {
                "" => Err(self.refuse(Failure::Malformed, "its answer has no session token")),
                token => Ok(Some(token.into())),
            },
            _ => Err(self.refusal(&answer, "no session could be opened", &[])),
        }
    }

    /// Sends once. Besides the waits for a connection and for each part of the answer, there is an
    /// end to the whole: a source that trickles must not hold up all calls.
    async fn send(&self, ask: Ask) -> Result<Answer, ApiError> {
        let whole: Duration = 2 * self.source.patience();
        let ends = self.ends.min(Instant::now() + whole);
        let body = Bytes::from_static(ask.body);
        let sent = self.transport.send(ask.method, ask.url, ask.headers, body, ends).await;
        sent.map_err(|no_answer| {
            let error = answer::silence(Operation::FetchKey, no_answer);
            let remedy = match self.source {
                KeySource::PodIdentity { .. } => "is the pod identity agent of this node running?",
                KeySource::InstanceMetadata { .. } => {
                    "is this an ECS instance, and may pods reach its metadata address?"
                }
            };
            self.explained(error, remedy)
        })
    }

    /// The error of an answer that says no.
    fn refusal(&self, answer: &Answer, remedy: &str, secrets: &[SecretString]) -> ApiError {
        let now = self.client.inner.hooks.clock.wall();
        let error = answer::refusal(Operation::FetchKey, answer, now, secrets);
        self.explained(error, remedy)
    }

    /// An error found here.
    fn refuse(&self, failure: Failure, why: &str) -> ApiError {
        let message = format!("{} gave no key: {why}", self.source);
        ApiError::unsent(Operation::FetchKey.as_str(), failure, shortened(&message))
    }

    fn explained(&self, error: ApiError, remedy: &str) -> ApiError {
        let message = format!("{} gave no key ({remedy}): {}", self.source, error.message);
        ApiError {
            message: shortened(&message),
            ..error
        }
    }

    fn secret_value(&self, secret: &SecretString) -> Result<HeaderValue, ApiError> {
        let mut value = HeaderValue::from_str(secret.expose_secret())
            .map_err(|_| self.refuse(Failure::Invalid, "its token cannot be sent in a header"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

fn is_success(answer: &Answer) -> bool {
    (200..300).contains(&answer.status)
}

fn json_headers() -> HeaderMap {
    let json = HeaderValue::from_static(crate::request::JSON);
    HeaderMap::from_iter([(header::ACCEPT, json.clone()), (header::CONTENT_TYPE, json)])
}

fn at(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(path);
    url
}

fn shortened(message: &str) -> String {
    message.chars().take(LONGEST_MESSAGE).collect()
}
