//! The simulator as a server on a socket, for the binary and for tests in the same process.

use std::{
    io,
    net::{SocketAddr, TcpListener},
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
};

use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use tokio::task::JoinHandle;

use crate::{
    http::{Cuttable, Shared, router, wall_time},
    simulator::{Setup, Simulator},
};

/// Where and as what to serve.
#[derive(Debug, Clone)]
pub struct Config {
    /// The address; port 0 takes a free one.
    pub listen: SocketAddr,
    /// Certificate and key for https; `None` serves http.
    pub tls: Option<TlsFiles>,
    /// Keys, users, settings.
    pub setup: Setup,
}

impl Default for Config {
    /// A free port of the loopback interface, http, and the default setup.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            tls: None,
            setup: Setup::default(),
        }
    }
}

/// PEM files.
#[derive(Debug, Clone)]
pub struct TlsFiles {
    /// The certificate chain.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// Why a server cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The control API has no authentication, so it must not be reachable from elsewhere.
    #[error(
        "{0} is not a loopback address, and the control API asks for no credentials: leave it out with --no-control"
    )]
    NotLoopback(SocketAddr),
    /// The address cannot be used.
    #[error("cannot listen on {0}")]
    Listen(SocketAddr, #[source] io::Error),
    /// Certificate or key cannot be used.
    #[error("cannot use the certificate and key")]
    Tls(#[source] io::Error),
}

/// Starts servers.
#[derive(Debug)]
pub struct Server;

impl Server {
    /// Starts serving in a task of the current tokio runtime. The address is ready for use when
    /// this returns.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn start(config: Config) -> Result<ServerHandle, StartError> {
        let Config { listen, tls, setup } = config;
        if setup.control && !listen.ip().is_loopback() {
            return Err(StartError::NotLoopback(listen));
        }
        let failed = |error| StartError::Listen(listen, error);
        let listener = TcpListener::bind(listen).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let addr = listener.local_addr().map_err(failed)?;
        let simulator: Shared = Arc::new(Mutex::new(Simulator::new(setup, wall_time())));
        let handle = axum_server::Handle::new();
        let server = axum_server::from_tcp(listener).map_err(failed)?.handle(handle.clone());
        let app = router(simulator.clone()).into_make_service();
        let secure = tls.is_some();
        let task = match tls {
            None => tokio::spawn(server.acceptor(Cuttable).serve(app)),
            Some(files) => {
                // Another provider may be installed already; either will do.
                let _ = rustls::crypto::ring::default_provider().install_default();
                let config = RustlsConfig::from_pem_file(files.cert, files.key)
                    .await
                    .map_err(StartError::Tls)?;
                let acceptor = RustlsAcceptor::new(config).acceptor(Cuttable);
                tokio::spawn(server.acceptor(acceptor).serve(app))
            }
        };
        Ok(ServerHandle {
            addr,
            secure,
            simulator,
            handle,
            task,
        })
    }
}

/// A running server; dropping it ends the server.
#[derive(Debug)]
pub struct ServerHandle {
    addr: SocketAddr,
    secure: bool,
    simulator: Shared,
    handle: axum_server::Handle<SocketAddr>,
    task: JoinHandle<io::Result<()>>,
}

impl ServerHandle {
    /// The address it listens on.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The base URL, without a slash at the end.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.secure { "https" } else { "http" };
        format!("{scheme}://{}", self.addr)
    }

    /// Looks at, or changes, the simulator behind the server. It is locked meanwhile.
    pub fn with<T>(&self, act: impl FnOnce(&mut Simulator) -> T) -> T {
        act(&mut self.simulator.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Closes the port and every connection, and waits until that is done.
    ///
    /// # Errors
    /// What ended the server earlier, if anything did.
    pub async fn stop(mut self) -> io::Result<()> {
        self.handle.shutdown();
        (&mut self.task).await.map_err(io::Error::other)?
    }
}

impl Drop for ServerHandle {
    fn drop(&mut self) {
        self.handle.shutdown();
    }
}
