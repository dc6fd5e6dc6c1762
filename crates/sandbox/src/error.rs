//! What can go wrong while a world is built or driven.
//!
//! Every variant says which layer failed and keeps its cause as the source; none prints it. Those
//! that speak of a child process carry the end of its log, because the log is deleted with the world.

use std::io;
use std::path::PathBuf;

use crate::process::Exit;
use crate::wait::TimedOut;

/// The crate's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A failure of the sandbox itself, never of the software under test.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no binary of the control plane and no way to build one. Names both remedies.
    #[error(
        "{component} is not available: {problem}\n\
         two ways out:\n\
         - install Go {go_version} or newer: the control plane is then built once (minutes) and kept in {cache}\n\
         - set KUBEBUILDER_ASSETS to a folder that holds kube-apiserver and etcd",
        cache = cache.display()
    )]
    NoControlPlane {
        /// The first binary that is missing.
        component: &'static str,
        /// Why it could be neither found nor built.
        problem: String,
        /// The oldest Go that can build it, from `go.mod`.
        go_version: String,
        /// Where a build would have been kept.
        cache: PathBuf,
    },
    /// A build ran and failed.
    #[error("building {what} failed ({exit}):\n{tail}")]
    Build {
        /// What was built.
        what: String,
        /// How the builder ended.
        exit: String,
        /// The end of its output.
        tail: String,
    },
    /// A child process ended although it should serve.
    #[error("{name} ended ({exit}); the end of its log:\n{tail}")]
    Ended {
        /// The child's name.
        name: String,
        /// How it ended.
        exit: Exit,
        /// The last lines of its log.
        tail: String,
    },
    /// A child process could not be started at all.
    #[error("{name} did not start: {problem}")]
    NotStarted {
        /// The child's name.
        name: String,
        /// What the supervisor said.
        problem: String,
    },
    /// A condition did not come true in time.
    #[error(transparent)]
    TimedOut(#[from] TimedOut),
    /// The API server refused or could not be reached.
    #[error("{doing}")]
    Kubernetes {
        /// What was tried.
        doing: String,
        /// The client's error.
        source: Box<kube::Error>,
    },
    /// The simulator's control API refused or could not be reached.
    #[error("{doing}")]
    Simulator {
        /// What was tried.
        doing: String,
        /// The client's error.
        source: reqwest::Error,
    },
    /// A file or pipe.
    #[error("{doing}")]
    Io {
        /// What was tried.
        doing: String,
        /// The system's error.
        source: io::Error,
    },
    /// A text that should have been JSON, YAML, a kubeconfig or a certificate was not.
    #[error("{doing}: {problem}")]
    Malformed {
        /// What was read or made.
        doing: String,
        /// What is wrong with it.
        problem: String,
    },
}

impl Error {
    /// For `map_err`: an I/O failure while `doing`.
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        |source| Self::Io { doing, source }
    }

    /// For `map_err`: a failure of the API server while `doing`.
    pub(crate) fn kubernetes(doing: impl Into<String>) -> impl FnOnce(kube::Error) -> Self {
        let doing = doing.into();
        |source| Self::Kubernetes {
            doing,
            source: Box::new(source),
        }
    }

    /// For `map_err`: a failure of the simulator's control API while `doing`.
    pub(crate) fn simulator(doing: impl Into<String>) -> impl FnOnce(reqwest::Error) -> Self {
        let doing = doing.into();
        |source| Self::Simulator { doing, source }
    }

    /// For `map_err`: something unreadable while `doing`.
    pub(crate) fn malformed<E: std::fmt::Display>(doing: impl Into<String>) -> impl FnOnce(E) -> Self {
        let doing = doing.into();
        move |problem| Self::Malformed {
            doing,
            problem: problem.to_string(),
        }
    }
}
