//! A whole world on loopback: real control plane, simulator, operator.
//!
//! The ground of the end-to-end tests and of the demo. Everything listens on 127.0.0.1 at free ports,
//! keeps its state in a temporary folder, and ends with the process that started it, however that
//! ends. Nothing here decides anything about pools: it starts programs and watches them from outside.

pub mod assets;
pub mod binaries;
pub mod control_plane;
pub mod credentials;
pub mod error;
pub mod history;
pub mod operator;
pub mod pools;
pub mod ports;
pub mod process;
pub mod ready_file;
pub mod simulator;
pub mod supervise;
pub mod wait;
pub mod world;

mod api_server;
mod controller_manager;
mod etcd;
mod go_build;
mod kubeconfig;

pub use control_plane::ControlPlane;
pub use error::{Error, Result};
pub use world::World;

/// Makes ring the TLS provider of this process. Building any client without one would panic.
pub fn use_ring() {
    // A second call is refused, and right to be.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// A plain HTTP client for loopback: no proxy from the environment, no redirects.
///
/// # Errors
/// When the client cannot be built.
pub(crate) fn http_client(timeout: Option<std::time::Duration>) -> Result<reqwest::Client> {
    use_ring();
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none());
    if let Some(timeout) = timeout {
        builder = builder.timeout(timeout);
    }
    builder.build().map_err(Error::simulator("building an HTTP client"))
}
