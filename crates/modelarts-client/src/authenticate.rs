//! How a call shows who makes it: by a signature, or by a token that a login gave.
//!
//! A signature is made anew for every request. A token that is refused is dropped; a read is then
//! repeated once with a new one, a write never, because only its caller knows whether to.

use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use tokio::time::Instant;
use url::Url;

use crate::answer;
use crate::client::Client;
use crate::config::ProjectRef;
use crate::credentials::Credentials;
use crate::error::ApiError;
use crate::failure::{Failure, Reply, classify};
use crate::headers::{Completion, Payload, complete};
use crate::iam::{Found, Projects, read_token};
use crate::ids::ProjectId;
use crate::operation::Operation;
use crate::request::{self, ApiRequest, Service};
use crate::sign::{Algorithm, Pair, Unsigned, sign};
use crate::token::Token;
use crate::transport::Answer;

/// What a request is signed with.
#[derive(Clone, Copy)]
pub(crate) struct SigningKey<'a> {
    pub(crate) access_key: &'a str,
    pub(crate) secret_key: &'a SecretString,
    pub(crate) security_token: Option<&'a SecretString>,
}

impl Client {
    /// One signed call.
    pub(crate) async fn with_keys(&self, request: &ApiRequest, ends: Instant) -> Result<Answer, ApiError> {
        let url = self.url(request)?;
        let headers = self.signed_headers(request, &url)?;
        self.exchange(request, url, headers, ends, &[]).await
    }

    /// One call with a token; for a read, a second one with a new token if the first is refused.
    pub(crate) async fn with_token(&self, request: &ApiRequest, ends: Instant) -> Result<Answer, ApiError> {
        self.renew_if_due();
        let token = self.token(ends).await.map_err(ApiError::before_sending)?;
        match self.try_token(request, &token, ends).await {
            Err(error) if request.operation.is_read() && is_refusal(&error) => {
                let token = self.token(ends).await.map_err(ApiError::before_sending)?;
                self.try_token(request, &token, ends).await
            }
            result => result,
        }
    }

    /// The ID of the project called `name`.
    pub(crate) async fn look_up(&self, name: &str) -> Result<ProjectId, ApiError> {
        let inner = &self.inner;
        let ends = Instant::now() + inner.config.deadline;
        let look = inner.looked_up.get_or_try_init(|| async {
            match &inner.config.credentials {
                Credentials::Keys { .. } | Credentials::Fetched(_) => self.search(name).await,
                Credentials::Password { .. } => self.project_of_token(ends).await,
            }
        });
        match tokio::time::timeout_at(ends, look).await {
            Ok(found) => found.cloned(),
            Err(_) => Err(ApiError::unsent(
                Operation::ListProjects.as_str(),
                Failure::Transient,
                "the project could not be looked up before the deadline",
            )),
        }
    }

    /// Asks IAM. The second question needs no permission, where the first is refused.
    async fn search(&self, name: &str) -> Result<ProjectId, ApiError> {
        let first = self.find(request::list_projects(name), name).await;
        let found = match first {
            Ok(Found::None) => self.find(request::list_auth_projects(), name).await?,
            Err(error) if error.failure == Failure::Denied => self.find(request::list_auth_projects(), name).await?,
            other => other?,
        };
        let refuse = |why: String| {
            let operation = Operation::ListProjects.as_str();
            Err(ApiError::unsent(operation, Failure::Invalid, why))
        };
        match found {
            Found::One(id) => Ok(id),
            Found::None => refuse(format!("no project is named {name:?}: set its ID")),
            Found::Several(ids) => {
                let ids: Vec<&str> = ids.iter().map(ProjectId::as_str).collect();
                let ids = ids.join(", ");
                refuse(format!("several projects are named {name:?}, set one ID: {ids}"))
            }
        }
    }

    async fn find(&self, request: ApiRequest, name: &str) -> Result<Found, ApiError> {
        let check = |projects: &mut Projects| Ok(projects.named(name));
        self.read(&request, check).await.map(|(_, found)| found)
    }

    /// A login for a project by name answers with its ID.
    async fn project_of_token(&self, ends: Instant) -> Result<ProjectId, ApiError> {
        let inner = &self.inner;
        let operation = Operation::CreateToken.as_str();
        let _pass = inner.guard.enter(operation, || inner.hooks.clock.steady()).await?;
        let token = self.token(ends).await;
        if let Err(error) = &token {
            inner.guard.report(Some(error), inner.hooks.clock.steady());
        }
        token?.project().cloned().ok_or_else(|| {
            ApiError::unsent(
                operation,
                Failure::Malformed,
                "the answer to the login names no project: set its ID",
            )
        })
    }

    async fn try_token(&self, request: &ApiRequest, token: &Arc<Token>, ends: Instant) -> Result<Answer, ApiError> {
        let url = self.url(request)?;
        let operation = request.operation.as_str();
        let mut headers = HeaderMap::new();
        let value = secret_value(operation, token.value())?;
        headers.insert(HeaderName::from_static("x-auth-token"), value);
        accept(&mut headers, request);
        let mut result = self
            .exchange(request, url, headers, ends, std::slice::from_ref(token.value()))
            .await;
        match &mut result {
            Ok(_) => token.accept(),
            Err(error) if is_refusal(error) => {
                self.inner.tokens.forget(token);
                // What was good before has grown old; what never was is the user's own trouble.
                error.failure = if token.was_accepted() {
                    Failure::Expired
                } else {
                    Failure::Unauthenticated
                };
            }
            Err(_) => {}
        }
        result
    }

    /// The current token, fetched if there is none.
    async fn token(&self, ends: Instant) -> Result<Arc<Token>, ApiError> {
        let inner = &self.inner;
        let current = inner.tokens.current(|| inner.hooks.clock.wall(), || self.log_in(ends));
        match tokio::time::timeout_at(ends, current).await {
            Ok(token) => token,
            Err(_) => Err(ApiError::unsent(
                Operation::CreateToken.as_str(),
                Failure::Transient,
                "no token before the deadline",
            )),
        }
    }

    /// Fetches a new token beside the call, which goes on with the old one.
    fn renew_if_due(&self) {
        let now = self.inner.hooks.clock.wall();
        if self.inner.tokens.is_due(now) {
            let client = self.clone();
            tokio::spawn(async move {
                let ends = Instant::now() + client.inner.config.deadline;
                client.inner.tokens.renew(now, || client.log_in(ends)).await;
            });
        }
    }

    /// One login.
    async fn log_in(&self, ends: Instant) -> Result<Token, ApiError> {
        let Credentials::Password {
            domain,
            username,
            password,
        } = &self.inner.config.credentials
        else {
            let operation = Operation::CreateToken.as_str();
            let why = "a key needs no token";
            return Err(ApiError::unsent(operation, Failure::Invalid, why));
        };
        let project = match &self.inner.config.project {
            ProjectRef::Id(id) => json!({"id": id.as_str()}),
            ProjectRef::Name(name) => json!({"name": name, "domain": {"name": domain}}),
        };
        let request = self.built(
            Operation::CreateToken,
            request::create_token(domain, username, password, &project),
        )?;
        let started = Instant::now();
        let result = self.exchange_login(&request, ends).await;
        self.record(request.operation, started, result.as_ref().err());
        result
    }

    async fn exchange_login(&self, request: &ApiRequest, ends: Instant) -> Result<Token, ApiError> {
        let url = self.url(request)?;
        let mut headers = HeaderMap::new();
        accept(&mut headers, request);
        let answer = self.exchange(request, url, headers, ends, &[]).await?;
        read_token(&answer, self.inner.hooks.clock.wall()).map_err(|why| {
            let (failure, sent) = classify(request.operation, Reply::Unreadable);
            ApiError {
                sent,
                status: Some(answer.status),
                request_id: answer::request_id(&answer.headers, None),
                ..ApiError::unsent(request.operation.as_str(), failure, why)
            }
        })
    }

    /// Exactly the headers that are signed with the configured key, and the signature.
    pub(crate) fn signed_headers(&self, request: &ApiRequest, url: &Url) -> Result<HeaderMap, ApiError> {
        let Credentials::Keys {
            access_key,
            secret_key,
            security_token,
        } = &self.inner.config.credentials
        else {
            let operation = request.operation.as_str();
            let why = "there is no configured key to sign with";
            return Err(ApiError::unsent(operation, Failure::Invalid, why));
        };
        let key = SigningKey {
            access_key,
            secret_key,
            security_token: security_token.as_ref(),
        };
        self.headers_signed_with(key, request, url)
    }

    /// The headers of a request signed with `key`.
    pub(crate) fn headers_signed_with(
        &self,
        key: SigningKey<'_>,
        request: &ApiRequest,
        url: &Url,
    ) -> Result<HeaderMap, ApiError> {
        let operation = request.operation.as_str();
        let refuse = |why: &str| ApiError::unsent(operation, Failure::Invalid, why);
        let project = match (&self.inner.config.project, request.service) {
            (_, Service::Iam) => None,
            (ProjectRef::Id(id), Service::ModelArts) => Some(id),
            (ProjectRef::Name(_), Service::ModelArts) => self.inner.looked_up.get(),
        };
        let date = self.inner.hooks.clock.wall().strftime("%Y%m%dT%H%M%SZ");
        let completion = Completion {
            host: &host_of(url),
            date: &date.to_string(),
            project_id: project.map(ProjectId::as_str),
            domain_id: None,
            security_token: key.security_token,
            payload: Payload::Hashed,
        };
        let content_type = request.content_type;
        let given: Vec<Pair> = content_type
            .map(|value| ("Content-Type".to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        let pairs = complete(&given, &completion);
        let unsigned = Unsigned {
            method: request.method.as_str(),
            path: &request.path,
            query: &request.query,
            headers: &pairs,
            body: &request.body,
        };
        let signed = sign(unsigned, key.access_key, key.secret_key, Algorithm::Sdk)
            .map_err(|error| refuse(&error.to_string()))?;
        let mut headers = HeaderMap::new();
        let authorization = ("Authorization".to_owned(), signed.authorization);
        for (name, value) in pairs.into_iter().chain([authorization]) {
            let name: HeaderName = name.parse().map_err(|_| refuse("a header has no name"))?;
            headers.insert(name, secret_value(operation, &value.into())?);
        }
        accept(&mut headers, request);
        Ok(headers)
    }
}

/// Whether the token, or the user behind it, is refused.
fn is_refusal(error: &ApiError) -> bool {
    matches!(error.failure, Failure::Unauthenticated | Failure::Expired) && error.status.is_some()
}

/// The headers that every request has and no signature covers, and the content type, if the
/// signature did not bring it.
fn accept(headers: &mut HeaderMap, request: &ApiRequest) {
    let json = HeaderValue::from_static(request::JSON);
    headers.insert(http::header::ACCEPT, json);
    if let Some(content_type) = request.content_type {
        let value = HeaderValue::from_static(content_type);
        headers.insert(http::header::CONTENT_TYPE, value);
    }
}

/// A header value that no log of the HTTP stack prints.
fn secret_value(operation: &'static str, value: &SecretString) -> Result<HeaderValue, ApiError> {
    let mut value = HeaderValue::from_str(value.expose_secret()).map_err(|_| {
        ApiError::unsent(
            operation,
            Failure::Invalid,
            "a part of the credentials cannot be sent in a header",
        )
    })?;
    value.set_sensitive(true);
    Ok(value)
}

/// Host and port as they go on the wire: a default port is left out.
fn host_of(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::ids::PoolId;

    /// The HTTP stack prints headers when asked to log much, unless they are marked.
    #[test]
    fn headers_with_credentials_are_hidden_from_debug_prints() {
        let endpoint: Url = "https://modelarts.cn-north-4.myhuaweicloud.com".parse().unwrap();
        let project = ProjectId::parse("0123").unwrap();
        let credentials = Credentials::Keys {
            access_key: "AKEXAMPLE".into(),
            secret_key: "sk-example".into(),
            security_token: Some("st-example".into()),
        };
        let config = Config::new(endpoint.clone(), endpoint, ProjectRef::Id(project.clone()), credentials);
        let client = Client::new(config).unwrap();
        let request = request::show_pool(&project, &PoolId::parse("pool-1").unwrap());
        let url = client.url(&request).unwrap();
        let headers = client.signed_headers(&request, &url).unwrap();
        for name in ["authorization", "x-security-token"] {
            assert!(headers[name].is_sensitive(), "{name}");
        }
        let shown = format!("{headers:?}");
        assert!(
            !shown.contains("Signature=") && !shown.contains("st-example"),
            "{shown}"
        );
        let token = secret_value("ShowPool", &"t".into()).unwrap();
        assert!(token.is_sensitive());
    }
}
