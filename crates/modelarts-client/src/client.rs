//! The client: one account in one project, shared by all who call.
//!
//! Clones share credentials, token, connections and the rest of a refused key. New credentials
//! make a new client. This file leads a call from its request to its typed answer; how it is
//! authenticated is in `authenticate.rs` and `fetched.rs`, what is sent in `transport.rs`.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use http::HeaderMap;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use tokio::sync::OnceCell;
use tokio::time::Instant;
use url::Url;

use crate::answer;
use crate::config::{CallRecord, Config, ConfigError, Hooks, ProjectRef};
use crate::credentials::Credentials;
use crate::error::ApiError;
use crate::failure::{Failure, Reply, classify};
use crate::guard::{KeyGuard, Pass};
use crate::ids::ProjectId;
use crate::operation::Operation;
use crate::renewal::Renewal;
use crate::request::{ApiRequest, Service};
use crate::temporary::TemporaryKey;
use crate::token::Token;
use crate::transport::{Answer, Reach, Transport};
use crate::trials::Trials;

/// A client. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(crate) inner: Arc<Inner>,
}

/// What all clones share.
pub(crate) struct Inner {
    pub(crate) config: Config,
    pub(crate) hooks: Hooks,
    /// Of configured credentials. A fetched key has its own.
    pub(crate) guard: KeyGuard,
    pub(crate) tokens: Renewal<Token>,
    pub(crate) keys: Renewal<TemporaryKey>,
    pub(crate) trials: Trials,
    pub(crate) looked_up: OnceCell<ProjectId>,
    /// What must not appear in a message.
    secrets: Vec<SecretString>,
    transport: Transport,
    /// To the source of temporary keys, if there is one.
    pub(crate) source_transport: Option<Transport>,
}

impl Client {
    /// A client with the system's clocks and without an observer.
    ///
    /// # Errors
    ///
    /// If the configuration cannot work or must not be tried.
    pub fn new(config: Config) -> Result<Self, ConfigError> {
        Self::with_hooks(config, Hooks::default())
    }

    /// A client with clocks, pause and observer of one's own.
    ///
    /// # Errors
    ///
    /// If the configuration cannot work or must not be tried.
    pub fn with_hooks(config: Config, hooks: Hooks) -> Result<Self, ConfigError> {
        let config = config.checked()?;
        let roots = match &config.extra_roots {
            Some(roots) => roots.certificates().map_err(ConfigError::ExtraRoots)?,
            None => Vec::new(),
        };
        let transport = |reach| {
            let carrier = hooks.carrier.clone();
            Transport::new(&config.user_agent, reach, roots.clone(), carrier).map_err(ConfigError::Http)
        };
        let cloud = transport(Reach::Cloud {
            loopback: config.allow_http_loopback,
            hosts: config.allowed_hosts.clone(),
        })?;
        let source = match &config.credentials {
            Credentials::Fetched(source) => Some(transport(Reach::KeySource {
                patience: source.patience(),
            })?),
            Credentials::Keys { .. } | Credentials::Password { .. } => None,
        };
        Ok(Self {
            inner: Arc::new(Inner {
                guard: KeyGuard::new(hooks.key_pause),
                tokens: Renewal::default(),
                keys: Renewal::default(),
                trials: Trials::new(hooks.key_pause),
                looked_up: OnceCell::new(),
                secrets: config.credentials.secrets(),
                transport: cloud,
                source_transport: source,
                config,
                hooks,
            }),
        })
    }

    /// The project's ID, looked up on first use if only its name is known.
    ///
    /// # Errors
    ///
    /// If the look-up fails, or if the name does not fit exactly one project.
    pub async fn project_id(&self) -> Result<ProjectId, ApiError> {
        match &self.inner.config.project {
            ProjectRef::Id(id) => Ok(id.clone()),
            ProjectRef::Name(name) => self.look_up(name).await.map_err(ApiError::before_sending),
        }
    }

    /// A request whose body could be written.
    pub(crate) fn built(
        &self,
        operation: Operation,
        request: Result<ApiRequest, serde_json::Error>,
    ) -> Result<ApiRequest, ApiError> {
        request.map_err(|_| {
            ApiError::unsent(
                operation.as_str(),
                Failure::Invalid,
                "the body cannot be written as JSON",
            )
        })
    }

    /// Calls, and reads the answer as a `T` that passes `check`.
    pub(crate) async fn read<T: DeserializeOwned, R>(
        &self,
        request: &ApiRequest,
        check: impl FnOnce(&mut T) -> Result<R, &'static str>,
    ) -> Result<(T, R), ApiError> {
        let started = Instant::now();
        let result = self.call(request, started).await.and_then(|answer| {
            let mut value: T = serde_json::from_slice(&answer.body)
                .map_err(|_| self.unreadable(request, &answer, "the answer is no JSON object"))?;
            let checked = check(&mut value).map_err(|why| self.unreadable(request, &answer, why))?;
            Ok((value, checked))
        });
        self.record(request.operation, started, result.as_ref().err());
        result
    }

    /// Calls, and reads the answer as a `T` if it has a body.
    pub(crate) async fn read_if_any<T: DeserializeOwned>(&self, request: &ApiRequest) -> Result<Option<T>, ApiError> {
        let started = Instant::now();
        let result = self.call(request, started).await.and_then(|answer| {
            if answer.body.trim_ascii().is_empty() {
                return Ok(None);
            }
            serde_json::from_slice(&answer.body)
                .map(Some)
                .map_err(|_| self.unreadable(request, &answer, "the answer is no JSON object"))
        });
        self.record(request.operation, started, result.as_ref().err());
        result
    }

    /// One call with the credentials, if these are not at rest.
    async fn call(&self, request: &ApiRequest, started: Instant) -> Result<Answer, ApiError> {
        let inner = &self.inner;
        let ends = started + inner.config.deadline;
        // Boxed without their types: whoever calls would carry each way to call, also those not taken.
        type Call<'a> = Pin<Box<dyn Future<Output = Result<Answer, ApiError>> + Send + 'a>>;
        if let Credentials::Fetched(source) = &inner.config.credentials {
            let call: Call<'_> = Box::pin(self.with_fetched(source, request, ends));
            return call.await;
        }
        let _pass = self.turn(&inner.guard, request.operation, ends).await?;
        let call: Call<'_> = match &inner.config.credentials {
            Credentials::Keys { .. } | Credentials::Fetched(_) => Box::pin(self.with_keys(request, ends)),
            Credentials::Password { .. } => Box::pin(self.with_token(request, ends)),
        };
        let result = call.await;
        let error = result.as_ref().err();
        // A token that grew old says nothing about the user.
        let only_old = matches!(&inner.config.credentials, Credentials::Password { .. })
            && error.is_some_and(|error| error.failure == Failure::Expired);
        if !only_old {
            inner.guard.report(error, inner.hooks.clock.steady());
        }
        result
    }

    /// Waits for permission to call with the key that `guard` protects.
    pub(crate) async fn turn<'a>(
        &self,
        guard: &'a KeyGuard,
        operation: Operation,
        ends: Instant,
    ) -> Result<Pass<'a>, ApiError> {
        let operation = operation.as_str();
        let turn = guard.enter(operation, || self.inner.hooks.clock.steady());
        tokio::time::timeout_at(ends, turn).await.map_err(|_| {
            ApiError::unsent(
                operation,
                Failure::Transient,
                "not sent: the first call with these credentials got no answer in time",
            )
        })?
    }

    /// Sends once, and turns everything but an answer that says yes into an error, which shows
    /// none of the configured and `fetched` secrets.
    pub(crate) async fn exchange(
        &self,
        request: &ApiRequest,
        url: Url,
        headers: HeaderMap,
        ends: Instant,
        fetched: &[SecretString],
    ) -> Result<Answer, ApiError> {
        let (method, body) = (request.method.clone(), request.body.clone());
        let sent = self.inner.transport.send(method, url, headers, body, ends).await;
        match sent {
            Ok(answer) if (200..300).contains(&answer.status) => Ok(answer),
            Ok(answer) => {
                let secrets: Vec<SecretString> = self.inner.secrets.iter().chain(fetched).cloned().collect();
                let now = self.inner.hooks.clock.wall();
                Err(answer::refusal(request.operation, &answer, now, &secrets))
            }
            Err(no_answer) => Err(answer::silence(request.operation, no_answer)),
        }
    }

    /// Where `request` goes. The target must not change on its way through the URL: it is signed.
    pub(crate) fn url(&self, request: &ApiRequest) -> Result<Url, ApiError> {
        let mut url = match request.service {
            Service::ModelArts => self.inner.config.endpoint.clone(),
            Service::Iam => self.inner.config.iam_endpoint.clone(),
        };
        let target = request.target();
        let (path, query) = match target.split_once('?') {
            Some((path, query)) => (path, Some(query)),
            None => (target.as_str(), None),
        };
        url.set_path(path);
        url.set_query(query);
        if url.path() == path && url.query() == query {
            return Ok(url);
        }
        Err(ApiError::unsent(
            request.operation.as_str(),
            Failure::Invalid,
            "the path cannot be sent as it would be signed",
        ))
    }

    fn unreadable(&self, request: &ApiRequest, answer: &Answer, why: &'static str) -> ApiError {
        let (failure, sent) = classify(request.operation, Reply::Unreadable);
        ApiError {
            failure,
            sent,
            status: Some(answer.status),
            request_id: answer::request_id(&answer.headers, None),
            ..ApiError::unsent(request.operation.as_str(), failure, why)
        }
    }

    pub(crate) fn record(&self, operation: Operation, started: Instant, error: Option<&ApiError>) {
        if let Some(observer) = &self.inner.hooks.observer {
            observer(&CallRecord {
                operation: operation.as_str(),
                failure: error.map(|error| (error.failure, error.sent)),
                duration: started.elapsed(),
            });
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("endpoint", &self.inner.config.endpoint.as_str())
            .field("project", &self.inner.config.project)
            .finish_non_exhaustive()
    }
}
