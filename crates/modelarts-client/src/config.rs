//! What a client is made of, checked once at the start.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use thiserror::Error;
use url::Url;

use crate::carrier::Carrier;
use crate::clock::Clock;
use crate::credentials::{Credentials, CredentialsError};
use crate::endpoint::{AllowedHosts, EndpointError};
use crate::failure::{Failure, Sent};
use crate::ids::ProjectId;
use crate::roots::{ExtraRoots, RootsError};

/// Where to, as whom, and how long to wait.
#[derive(Clone, Debug)]
pub struct Config {
    /// ModelArts: scheme, host, perhaps a port.
    pub endpoint: Url,
    /// IAM, for tokens and for looking up the project.
    pub iam_endpoint: Url,
    /// The project all calls are about.
    pub project: ProjectRef,
    /// Who calls.
    pub credentials: Credentials,
    /// Longest time from the beginning of a call to the end of its answer. Pages of a list are
    /// calls of their own.
    pub deadline: Duration,
    /// For development: loopback may be called, and by plain http.
    pub allow_http_loopback: bool,
    /// Hosts beside the vendor's own.
    pub allowed_hosts: AllowedHosts,
    /// Root certificates trusted beside the built-in ones.
    pub extra_roots: Option<ExtraRoots>,
    /// The `User-Agent` header; see [`default_user_agent`].
    pub user_agent: String,
}

impl Config {
    /// A configuration with a deadline of 30 seconds, the vendor's hosts and the usual user agent.
    #[must_use]
    pub fn new(endpoint: Url, iam_endpoint: Url, project: ProjectRef, credentials: Credentials) -> Self {
        Self {
            endpoint,
            iam_endpoint,
            project,
            credentials,
            deadline: Duration::from_secs(30),
            allow_http_loopback: false,
            allowed_hosts: AllowedHosts::default(),
            extra_roots: None,
            user_agent: default_user_agent(),
        }
    }
}

/// A project.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProjectRef {
    /// By its ID.
    Id(ProjectId),
    /// By its name, which is the region's unless it is a sub-project. The ID is looked up once.
    Name(String),
}

/// Why a client cannot be made.
#[derive(Debug, Error)]
pub enum ConfigError {
    /// ModelArts cannot be where it is said to be.
    #[error("the ModelArts endpoint is refused")]
    Endpoint(#[source] EndpointError),
    /// IAM cannot be where it is said to be.
    #[error("the IAM endpoint is refused")]
    IamEndpoint(#[source] EndpointError),
    /// The credentials cannot be right.
    #[error("the credentials cannot be used")]
    Credentials(#[source] CredentialsError),
    /// A call without time cannot succeed.
    #[error("the deadline is zero")]
    NoTime,
    /// A project must have a name.
    #[error("the project name is empty")]
    NoProject,
    /// The bundle of root certificates cannot be used.
    #[error("the extra root certificates are refused")]
    ExtraRoots(#[source] RootsError),
    /// The HTTP client could not be set up, for example without any root certificate.
    #[error("the HTTP client cannot be set up")]
    Http(#[source] reqwest::Error),
}

impl Config {
    /// The same configuration with cleaned credentials.
    pub(crate) fn checked(self) -> Result<Self, ConfigError> {
        let hosts = &self.allowed_hosts;
        hosts
            .check(&self.endpoint, self.allow_http_loopback)
            .map_err(ConfigError::Endpoint)?;
        hosts
            .check(&self.iam_endpoint, self.allow_http_loopback)
            .map_err(ConfigError::IamEndpoint)?;
        if self.deadline.is_zero() {
            return Err(ConfigError::NoTime);
        }
        if matches!(&self.project, ProjectRef::Name(name) if name.trim().is_empty()) {
            return Err(ConfigError::NoProject);
        }
        let credentials = self
            .credentials
            .checked(self.allow_http_loopback)
            .map_err(ConfigError::Credentials)?;
        Ok(Self { credentials, ..self })
    }
}

/// The user agent without any identifier of the installation.
#[must_use]
pub fn default_user_agent() -> String {
    format!(
        "modelarts-pool-operator/{} ({}; {})",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

/// One call that has ended, for metrics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallRecord {
    /// Its operation.
    pub operation: &'static str,
    /// Class of its failure and whether it was sent; nothing if it succeeded.
    pub failure: Option<(Failure, Sent)>,
    /// From its beginning to its end, waiting for a token or a turn included.
    pub duration: Duration,
}

/// Told of every call, in the task that made it: it must return at once.
pub type Observer = Arc<dyn Fn(&CallRecord) + Send + Sync>;

/// What surrounds a client.
#[derive(Clone)]
pub struct Hooks {
    /// Told of every call.
    pub observer: Option<Observer>,
    /// The clocks.
    pub clock: Clock,
    /// How long credentials rest after a refusal. The cloud locks a key for five minutes.
    pub key_pause: Duration,
    /// What carries the requests.
    pub carrier: Carrier,
}

impl Default for Hooks {
    fn default() -> Self {
        Self {
            observer: None,
            clock: Clock::default(),
            key_pause: Duration::from_secs(5 * 60),
            carrier: Carrier::default(),
        }
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hooks")
            .field("observed", &self.observer.is_some())
            .field("key_pause", &self.key_pause)
            .field("carrier", &self.carrier)
            .finish_non_exhaustive()
    }
}
