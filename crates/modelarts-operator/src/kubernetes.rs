//! Builds the clients for the Kubernetes API: one for single calls, one for watches, one for the
//! lease, each with its own connections.
//!
//! kube's own retries are off, because they would repeat a write up to fifteen times behind the
//! back of the code that guards it, and would let a `Retry-After` put the lease to sleep. kube has
//! no deadline for an answer either, so each client gets one here. Which cluster is meant is an
//! explicit choice: a kubeconfig that was not named is never looked for.

use std::path::{Path, PathBuf};
use std::time::Duration;

use http::HeaderValue;
use http::header::USER_AGENT;
use kube::client::ClientBuilder;
use kube::config::{InClusterError, KubeConfigOptions, Kubeconfig, KubeconfigError};
use kube::{Client, Config};
use tower::timeout::TimeoutLayer;

/// How the operator names itself to the API server; audit logs show it.
pub const AGENT: &str = concat!("modelarts-operator/", env!("CARGO_PKG_VERSION"));

/// Longest time to open a connection.
const CONNECT: Duration = Duration::from_secs(5);

/// Where the cluster and the credentials come from.
#[derive(Debug, Clone, Copy)]
pub enum Source<'a> {
    /// This kubeconfig, its current context.
    Kubeconfig(&'a Path),
    /// The service account of the pod.
    InCluster,
}

/// How long each client waits for the head of an answer.
#[derive(Debug, Clone, Copy)]
pub struct Deadlines {
    /// A single read or write. A slow body is outside: give a whole pass its own deadline.
    pub unary: Duration,
    /// The start of a watch or the page of a list; an established watch may stay quiet as long as it likes.
    pub watch_head: Duration,
    /// One look at the lease, or one renewal: well below the renew deadline, so that another try fits in.
    pub lease: Duration,
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            unary: Duration::from_secs(10),
            watch_head: Duration::from_secs(60),
            lease: Duration::from_secs(5),
        }
    }
}

/// One client for each kind of traffic.
#[derive(Clone)]
pub struct Clients {
    /// Reads and writes of single objects.
    pub unary: Client,
    /// Lists and watches.
    pub watch: Client,
    /// The lease alone: neither load nor a hanging call elsewhere may cost the leadership.
    pub lease: Client,
}

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The kubeconfig does not read or has no usable context.
    #[error("kubeconfig {} cannot be used; check --kubeconfig and its current-context", path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: Box<KubeconfigError>,
    },
    /// The kubeconfig is no YAML, or has another shape. The parser would quote the text, which holds tokens.
    #[error("kubeconfig {} does not parse{}; it is not quoted here, because it may hold a token", path.display(), place(*at))]
    Unparsed {
        /// The file.
        path: PathBuf,
        /// Line and column, if the parser tells.
        at: Option<(u64, u64)>,
    },
    /// Not in a pod, or the pod has no service account token.
    #[error("no --kubeconfig was given and this is no pod with a service account")]
    InCluster(#[source] InClusterError),
    /// Certificates or keys do not load.
    #[error("the Kubernetes client cannot be built from this configuration")]
    Build(#[source] Box<kube::Error>),
}

/// Makes rustls use ring in this process. Whoever builds a TLS client first calls this; again is harmless.
pub fn install_tls_provider() {
    // An error says that a provider is installed already, which is all we want.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Builds the clients. Connects to nothing yet, though a credential plugin of a kubeconfig may run.
///
/// # Errors
/// The configuration is missing or unusable.
pub async fn connect(source: Source<'_>, deadlines: Deadlines) -> Result<Clients, ConnectError> {
    install_tls_provider();
    let config = configuration(source).await?;
    Ok(Clients {
        unary: client(&config, deadlines.unary)?,
        watch: client(&config, deadlines.watch_head)?,
        lease: client(&config, deadlines.lease)?,
    })
}

async fn configuration(source: Source<'_>) -> Result<Config, ConnectError> {
    let mut config = match source {
        Source::Kubeconfig(path) => {
            let refuse = |source| refusal(path, source);
            let file = Kubeconfig::read_from(path).map_err(refuse)?;
            Config::from_custom_kubeconfig(file, &KubeConfigOptions::default())
                .await
                .map_err(refuse)?
        }
        Source::InCluster => Config::incluster().map_err(ConnectError::InCluster)?,
    };
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT);
    config.headers.push((USER_AGENT, HeaderValue::from_static(AGENT)));
    Ok(config)
}

fn refusal(path: &Path, source: KubeconfigError) -> ConnectError {
    let path = path.to_owned();
    match source {
        KubeconfigError::Parse(error) => {
            let at = error.location().map(|at| (at.line(), at.column()));
            ConnectError::Unparsed { path, at }
        }
        source => ConnectError::Kubeconfig {
            path,
            source: Box::new(source),
        },
    }
}

fn place(at: Option<(u64, u64)>) -> String {
    at.map(|(line, column)| format!(" at line {line}, column {column}"))
        .unwrap_or_default()
}

fn client(config: &Config, head: Duration) -> Result<Client, ConnectError> {
    let builder = ClientBuilder::try_from(config.clone()).map_err(|error| ConnectError::Build(Box::new(error)))?;
    Ok(builder.with_layer(&TimeoutLayer::new(head)).build())
}

#[cfg(test)]
mod tests;
