//! Finds the binaries of a real control plane, or has them built.
//!
//! In this order: `KUBEBUILDER_ASSETS` if it is set, the cache in the user's cache folder, a build with
//! Go from `tools/control-plane`. It downloads nothing by itself; that is Go's business. A folder
//! named in `KUBEBUILDER_ASSETS` is taken at its word: if it lacks the API server or etcd, that is an
//! error and not a reason to build, because the user has said which version to test against.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};
use crate::go_build;

/// Gets one line whenever there is something to tell somebody who waits.
pub type Progress = Arc<dyn Fn(&str) + Send + Sync>;

/// A progress that tells nobody.
#[must_use]
pub fn silent() -> Progress {
    Arc::new(|_| {})
}

/// The pinned module, beside the crates.
const MODULE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tools/control-plane");
const CACHE: &str = "modelarts-sandbox";

/// A binary of the control plane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Component {
    /// The store.
    Etcd,
    /// The API server.
    ApiServer,
    /// Namespace deletion, garbage collection.
    ControllerManager,
    /// The command line.
    Kubectl,
}

impl Component {
    /// The file's name, the same in every distribution.
    #[must_use]
    pub fn file(self) -> &'static str {
        match self {
            Self::Etcd => "etcd",
            Self::ApiServer => "kube-apiserver",
            Self::ControllerManager => "kube-controller-manager",
            Self::Kubectl => "kubectl",
        }
    }

    /// The Go package it is built from.
    #[must_use]
    pub(crate) fn package(self) -> &'static str {
        match self {
            Self::Etcd => "go.etcd.io/etcd/server/v3",
            Self::ApiServer => "k8s.io/kubernetes/cmd/kube-apiserver",
            Self::ControllerManager => "k8s.io/kubernetes/cmd/kube-controller-manager",
            Self::Kubectl => "k8s.io/kubernetes/cmd/kubectl",
        }
    }

    /// Whether a folder of assets must hold it. The usual archives have no controller manager.
    fn required(self) -> bool {
        matches!(self, Self::Etcd | Self::ApiServer)
    }
}

/// Where binaries may come from. A value and not the environment itself, so that tests can vary it.
#[derive(Debug, Clone)]
pub struct Sources {
    /// `KUBEBUILDER_ASSETS`.
    pub assets: Option<PathBuf>,
    /// The user's cache folder.
    pub cache: PathBuf,
    /// The folder of `go.mod`.
    pub module: PathBuf,
    /// Where `go` is looked for, as in `PATH`.
    pub path: OsString,
}

impl Sources {
    /// As the environment says.
    ///
    /// # Errors
    /// When there is neither `XDG_CACHE_HOME` nor `HOME`.
    pub fn from_environment() -> Result<Self> {
        let set = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let cache = set("XDG_CACHE_HOME")
            .map(PathBuf::from)
            .or_else(|| set("HOME").map(|home| PathBuf::from(home).join(".cache")))
            .ok_or_else(|| Error::Malformed {
                doing: String::from("looking for the user's cache folder"),
                problem: String::from("neither XDG_CACHE_HOME nor HOME is set"),
            })?;
        Ok(Self {
            assets: set("KUBEBUILDER_ASSETS").map(PathBuf::from),
            cache,
            module: PathBuf::from(MODULE),
            path: set("PATH").unwrap_or_default(),
        })
    }
}

/// What `go.mod` pins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pins {
    /// The version of Kubernetes, with its `v`.
    pub kubernetes: String,
    /// The oldest Go that may build it, as `go.mod` writes it.
    pub go: String,
    /// The folder of the cache that holds exactly these binaries.
    pub folder: String,
}

impl Pins {
    /// Reads `go.mod` in `module`.
    ///
    /// # Errors
    /// When it cannot be read or does not pin Kubernetes.
    pub fn read(module: &Path) -> Result<Self> {
        let file = module.join("go.mod");
        let doing = format!("reading {}", file.display());
        let text = std::fs::read_to_string(&file).map_err(Error::io(doing.clone()))?;
        Self::parse(&text).ok_or_else(|| Error::Malformed {
            doing,
            problem: String::from("it names no Go version or no k8s.io/kubernetes"),
        })
    }

    fn parse(text: &str) -> Option<Self> {
        let word_after = |key: &str| {
            text.lines().find_map(|line| {
                let mut words = line.split_whitespace();
                (words.next()? == key).then(|| words.next().map(str::to_owned))?
            })
        };
        let kubernetes = word_after("k8s.io/kubernetes")?;
        let mut hash = String::new();
        for byte in &Sha256::digest(text)[..6] {
            let _ = write!(hash, "{byte:02x}");
        }
        Some(Self {
            folder: format!("{kubernetes}-{hash}"),
            kubernetes,
            go: word_after("go")?,
        })
    }
}

/// The paths of `components`, in their order. Builds what is missing, which takes minutes.
///
/// # Errors
/// [`Error::NoControlPlane`] when something is missing and cannot be built, [`Error::Build`] when Go
/// fails.
pub async fn find(sources: &Sources, components: &[Component], progress: &Progress) -> Result<Vec<PathBuf>> {
    let pins = Pins::read(&sources.module)?;
    let cache = sources.cache.join(CACHE).join(&pins.folder);
    let mut missing = Vec::new();
    let mut found = Vec::new();
    for &component in components {
        let given = given(sources, component, &pins, &cache)?;
        let path = given.unwrap_or_else(|| cache.join(component.file()));
        if !path.is_file() {
            missing.push(component);
        }
        found.push(path);
    }
    if !missing.is_empty() {
        go_build::build(sources, &pins, &cache, &missing, progress).await?;
    }
    Ok(found)
}

/// The file in `KUBEBUILDER_ASSETS`, if that is set and holds it.
fn given(sources: &Sources, component: Component, pins: &Pins, cache: &Path) -> Result<Option<PathBuf>> {
    let Some(folder) = &sources.assets else {
        return Ok(None);
    };
    let path = folder.join(component.file());
    if path.is_file() {
        return Ok(Some(path));
    }
    if component.required() {
        let problem = format!("KUBEBUILDER_ASSETS is set, but {} is no file", path.display());
        return Err(missing(component, problem, pins, cache));
    }
    Ok(None)
}

/// The error that names both ways out.
pub(crate) fn missing(component: Component, problem: String, pins: &Pins, cache: &Path) -> Error {
    Error::NoControlPlane {
        component: component.file(),
        problem,
        go_version: pins.go.clone(),
        cache: cache.to_path_buf(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_real_go_mod_pins_kubernetes_and_go() {
        let pins = Pins::read(Path::new(MODULE)).unwrap();
        assert!(pins.kubernetes.starts_with("v1.35."), "{pins:?}");
        assert!(pins.go.starts_with("1."), "{pins:?}");
        assert!(pins.folder.starts_with(&format!("{}-", pins.kubernetes)));
    }

    #[test]
    fn another_go_mod_is_another_folder_of_the_cache() {
        let one = Pins::parse("go 1.25\nrequire k8s.io/x v1\n\tk8s.io/kubernetes v1.35.4\n").unwrap();
        let two = Pins::parse("go 1.26\nrequire k8s.io/x v1\n\tk8s.io/kubernetes v1.35.4\n").unwrap();
        assert_ne!(one.folder, two.folder);
        assert_eq!(one.go, "1.25");
        assert_eq!(Pins::parse("go 1.25\n"), None);
    }
}
