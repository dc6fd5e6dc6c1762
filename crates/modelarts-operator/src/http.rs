//! Serves what the cluster asks of the process itself: `/metrics` on one address, `/healthz` and
//! `/readyz` on another.
//!
//! Alive means that the process answers. Ready means that the watches have listed once, which a
//! standby replica does too; whether the cloud is reachable or this replica leads is a metric, not
//! health, or an outage of the cloud would restart the operator. Nothing here shows configuration.

use std::collections::BTreeSet;
use std::future::IntoFuture;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tokio::net::TcpListener;

use crate::metrics::{self, Metrics};

/// How long requests in flight may take after the stop.
pub const GRACE: Duration = Duration::from_secs(2);

/// What still has to list before this replica is ready. Clones share the state.
#[derive(Debug, Clone)]
pub struct Readiness(Arc<Mutex<BTreeSet<&'static str>>>);

impl Readiness {
    /// Not ready until each of `watches` has listed.
    pub fn waiting_for(watches: impl IntoIterator<Item = &'static str>) -> Self {
        Self(Arc::new(Mutex::new(watches.into_iter().collect())))
    }

    /// Notes that a watch has its first complete list. Later losses of the watch change nothing:
    /// it recovers by itself, and a restart would not help.
    pub fn listed(&self, watch: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(watch);
    }

    /// The watches still without a list; empty when ready.
    #[must_use]
    pub fn missing(&self) -> Vec<&'static str> {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .iter()
            .copied()
            .collect()
    }
}

/// Why an address could not be served.
#[derive(Debug, thiserror::Error)]
#[error("{flag} {address} cannot be listened on; choose another address or stop what uses it")]
pub struct BindError {
    /// The flag that gave the address.
    pub flag: &'static str,
    /// The address.
    pub address: SocketAddr,
    /// What the system says.
    #[source]
    pub source: io::Error,
}

/// Both listeners, bound and not yet serving.
#[derive(Debug)]
pub struct Listeners {
    metrics: TcpListener,
    health: TcpListener,
}

impl Listeners {
    /// Binds both addresses, so that a taken port ends the start and not the day after.
    ///
    /// # Errors
    /// An address is taken or not ours.
    pub async fn bind(metrics: SocketAddr, health: SocketAddr) -> Result<Self, BindError> {
        Ok(Self {
            metrics: listen("--metrics-addr", metrics).await?,
            health: listen("--health-addr", health).await?,
        })
    }

    /// Where metrics are served; the port is the real one even if 0 was asked for.
    ///
    /// # Errors
    /// The system does not know the address of its socket.
    pub fn metrics_addr(&self) -> io::Result<SocketAddr> {
        self.metrics.local_addr()
    }

    /// Where health is served; the port is the real one even if 0 was asked for.
    ///
    /// # Errors
    /// The system does not know the address of its socket.
    pub fn health_addr(&self) -> io::Result<SocketAddr> {
        self.health.local_addr()
    }

    /// Serves until `stop`, then lets requests in flight finish for at most `grace` ([`GRACE`]).
    ///
    /// # Errors
    /// A listener failed.
    pub async fn serve(
        self,
        metrics: Metrics,
        readiness: Readiness,
        stop: impl Future<Output = ()> + Send,
        grace: Duration,
    ) -> io::Result<()> {
        let (announce, stopping) = tokio::sync::watch::channel(());
        let stopped = |mut stopping: tokio::sync::watch::Receiver<()>| async move {
            let _ = stopping.changed().await;
        };
        let metrics =
            axum::serve(self.metrics, metrics_routes(metrics)).with_graceful_shutdown(stopped(stopping.clone()));
        let health = axum::serve(self.health, health_routes(readiness)).with_graceful_shutdown(stopped(stopping));
        let serving = async { tokio::try_join!(metrics.into_future(), health.into_future()).map(|_| ()) };
        tokio::pin!(serving);
        tokio::select! {
            ended = &mut serving => return ended,
            () = stop => announce.send_replace(()),
        }
        // A client that never finishes its request does not keep the process.
        tokio::time::timeout(grace, serving).await.unwrap_or(Ok(()))
    }
}

async fn listen(flag: &'static str, address: SocketAddr) -> Result<TcpListener, BindError> {
    TcpListener::bind(address)
        .await
        .map_err(|source| BindError { flag, address, source })
}

fn metrics_routes(metrics: Metrics) -> Router {
    Router::new().route("/metrics", get(exposition)).with_state(metrics)
}

fn health_routes(readiness: Readiness) -> Router {
    Router::new()
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .with_state(readiness)
}

async fn exposition(State(metrics): State<Metrics>) -> Response {
    match metrics.encode() {
        Ok(text) => ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], text).into_response(),
        Err(error) => {
            tracing::error!(%error, "metrics do not encode");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

async fn ready(State(readiness): State<Readiness>) -> Response {
    let missing = readiness.missing();
    if missing.is_empty() {
        return "ok\n".into_response();
    }
    (
        StatusCode::SERVICE_UNAVAILABLE,
        format!("waiting for the first list of {}\n", missing.join(", ")),
    )
        .into_response()
}

#[cfg(test)]
mod tests;
