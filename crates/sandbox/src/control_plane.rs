//! A real Kubernetes control plane on loopback: etcd, kube-apiserver and, where asked for,
//! kube-controller-manager.
//!
//! RBAC is on and everybody logs in by token, so that rights can be tested. There is no scheduler and
//! no kubelet: pods stay objects. Without the controller manager namespaces stay `Terminating` and
//! nothing is garbage collected. All state is in a temporary folder that goes with the value; set
//! `MODELARTS_SANDBOX_KEEP` to keep it for a look at the logs.

use std::path::{Path, PathBuf};

use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use tempfile::TempDir;
use tokio::sync::Mutex;

use crate::api_server::{self, ApiServer};
use crate::assets::{self, Component, Progress, Sources};
use crate::credentials::{self, User};
use crate::error::{Error, Result};
use crate::process::Process;
use crate::{controller_manager, etcd, kubeconfig};

pub use crate::controller_manager::ControllerManager;

/// Set to anything, it keeps the folders of control planes for inspection.
pub const KEEP: &str = "MODELARTS_SANDBOX_KEEP";

/// Whether the API server writes down who asked for what.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Audit {
    /// No audit log.
    #[default]
    Off,
    /// Every request with its metadata, bodies left out.
    Metadata,
    /// The same of this one user.
    Of(&'static str),
    /// Every request and response in full.
    RequestResponse,
    /// Every write of this one resource of our group in full, and nothing else.
    WritesOf(&'static str),
}

/// How to start it.
#[derive(Clone)]
pub struct Options {
    /// Where binaries come from; `None` asks the environment.
    pub sources: Option<Sources>,
    /// Who may log in besides the administrator.
    pub users: Vec<User>,
    /// The audit log.
    pub audit: Audit,
    /// The controller manager.
    pub controller_manager: ControllerManager,
    /// Told about builds and starts.
    pub progress: Progress,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            sources: None,
            users: Vec::new(),
            audit: Audit::Off,
            controller_manager: ControllerManager::Off,
            progress: assets::silent(),
        }
    }
}

/// A running control plane. Dropping it ends its processes, then removes its folder.
#[derive(Debug)]
pub struct ControlPlane {
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// `https://127.0.0.1:PORT`.
    pub server: String,
    /// The administrator's token.
    pub token: String,
    /// PEM of the authority to trust.
    pub authority_pem: String,
    kubectl: PathBuf,
    users: Vec<(User, String)>,
    // Dropped in this order: nobody loses its server before it ends itself.
    controller_manager: Option<Process>,
    api: Mutex<ApiServer>,
    etcd: Process,
    store: String,
    folder: Folder,
}

impl ControlPlane {
    /// Starts one and waits until it serves. Builds the binaries if they are missing.
    ///
    /// # Errors
    /// [`Error::NoControlPlane`] without binaries and without Go; otherwise whatever did not start,
    /// with the end of its log.
    pub async fn start(options: Options) -> Result<Self> {
        let sources = match options.sources {
            Some(sources) => sources,
            None => Sources::from_environment()?,
        };
        let mut wanted = vec![Component::Etcd, Component::ApiServer, Component::Kubectl];
        if options.controller_manager != ControllerManager::Off {
            wanted.push(Component::ControllerManager);
        }
        let binaries = assets::find(&sources, &wanted, &options.progress).await?;
        let folder = Folder::new()?;
        let mut users = options.users;
        users.insert(0, User::administrator());
        let files = credentials::write(folder.path(), users)?;
        let token = files.users[0].1.clone();

        (options.progress)("starting etcd");
        let (etcd, etcd_url) = etcd::start(&binaries[0], folder.path()).await?;
        (options.progress)("starting kube-apiserver");
        let arguments = api_server::arguments(folder.path(), &files, &etcd_url, options.audit)?;
        let api = ApiServer::start(&binaries[1], arguments, folder.path(), &files).await?;

        let kubeconfig = folder.path().join("kubeconfig");
        kubeconfig::write(&kubeconfig, &api.url(), &files.authority_pem, &token)?;
        let controller_manager = match binaries.get(3) {
            Some(binary) => {
                (options.progress)("starting kube-controller-manager");
                let (manager, key) = (options.controller_manager, &files.account_key);
                Some(controller_manager::start(manager, binary, folder.path(), &kubeconfig, key).await?)
            }
            None => None,
        };
        Ok(Self {
            server: api.url(),
            kubeconfig,
            token,
            authority_pem: files.authority_pem,
            kubectl: binaries[2].clone(),
            users: files.users,
            controller_manager,
            api: Mutex::new(api),
            etcd,
            store: etcd_url,
            folder,
        })
    }

    /// The path of a kubectl of the same version.
    #[must_use]
    pub fn kubectl(&self) -> &Path {
        &self.kubectl
    }

    /// A kubectl that talks to this server as the administrator.
    #[must_use]
    pub fn kubectl_command(&self) -> tokio::process::Command {
        let mut command = tokio::process::Command::new(&self.kubectl);
        command.env("KUBECONFIG", &self.kubeconfig).kill_on_drop(true);
        command
    }

    /// A client of the administrator. It repeats nothing by itself.
    ///
    /// # Errors
    /// When the kubeconfig cannot be used.
    pub async fn client(&self) -> Result<Client> {
        client(&self.kubeconfig).await
    }

    /// A client of one of the extra users.
    ///
    /// # Errors
    /// When no such user was given at the start.
    pub async fn client_as(&self, user: &str) -> Result<Client> {
        client(&self.kubeconfig_for(&self.server, user)?).await
    }

    /// Writes a kubeconfig for `user` (or the administrator, `sandbox-admin`) that reaches the API
    /// server at `server`, which may be a proxy. Each call writes a file of its own.
    ///
    /// # Errors
    /// When no such user was given at the start, or the file cannot be written.
    pub fn kubeconfig_for(&self, server: &str, user: &str) -> Result<PathBuf> {
        let found = self.users.iter().find(|(known, _)| known.name == user);
        let (_, token) = found.ok_or_else(|| Error::Malformed {
            doing: String::from("writing a kubeconfig"),
            problem: format!("the control plane was started without the user {user}"),
        })?;
        let number = rand::random::<u32>();
        let path = self.folder.path().join(format!("kubeconfig-{number:08x}"));
        kubeconfig::write(&path, server, &self.authority_pem, token)?;
        Ok(path)
    }

    /// The folder of all state. Tests may put files of their own into it.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The URL of the store behind the API server.
    pub(crate) fn store(&self) -> &str {
        &self.store
    }

    /// The audit log's path, whether or not one is written.
    #[must_use]
    pub fn audit_log(&self) -> PathBuf {
        self.folder.path().join(api_server::AUDIT_LOG)
    }

    /// Kills the API server, as a crash would. Clients are refused until it is started again.
    ///
    /// # Errors
    /// When it does not die.
    pub async fn stop_apiserver(&self) -> Result<()> {
        self.api.lock().await.stop().await
    }

    /// Starts a stopped API server at the same address and waits until it serves.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn start_apiserver(&self) -> Result<()> {
        self.api.lock().await.start_again(self.folder.path()).await
    }

    /// Kills the API server and starts it again at the same address, with the same data.
    ///
    /// # Errors
    /// When it does not come up.
    pub async fn restart_apiserver(&self) -> Result<()> {
        self.stop_apiserver().await?;
        self.start_apiserver().await
    }

    /// Freezes the API server: connections stay open, nothing answers.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub async fn pause_apiserver(&self) -> Result<()> {
        self.api.lock().await.process().stop().await
    }

    /// Lets a frozen API server go on.
    ///
    /// # Errors
    /// When the signal cannot be sent.
    pub async fn resume_apiserver(&self) -> Result<()> {
        self.api.lock().await.process().cont().await
    }

    /// The API server's log since its last start.
    pub async fn apiserver_log(&self) -> String {
        self.api.lock().await.process().log()
    }

    /// The controller manager's process, if there is one.
    #[must_use]
    pub fn controller_manager(&self) -> Option<&Process> {
        self.controller_manager.as_ref()
    }

    /// The pids of all its processes that run.
    pub async fn pids(&self) -> Vec<u32> {
        let api = self.api.lock().await;
        let all = [Some(&self.etcd), Some(api.process()), self.controller_manager.as_ref()];
        let running = all.into_iter().flatten();
        running
            .filter(|process| process.exit_status().is_none())
            .map(Process::pid)
            .collect()
    }
}

/// A client for a kubeconfig file, without automatic repeats: a test that counts requests or breaks the
/// connection must see each failure.
///
/// # Errors
/// When the file cannot be read or used.
pub async fn client(kubeconfig: &Path) -> Result<Client> {
    crate::use_ring();
    let doing = format!("using {}", kubeconfig.display());
    let read = Kubeconfig::read_from(kubeconfig).map_err(Error::malformed(doing.clone()))?;
    let mut config = kube::Config::from_custom_kubeconfig(read, &KubeConfigOptions::default())
        .await
        .map_err(Error::malformed(doing.clone()))?;
    config.default_retry = false;
    Client::try_from(config).map_err(Error::kubernetes(doing))
}

/// The temporary folder; kept after all if the user wants to see it.
#[derive(Debug)]
enum Folder {
    Removed(TempDir),
    Kept(PathBuf),
}

impl Folder {
    fn new() -> Result<Self> {
        let made = tempfile::Builder::new()
            .prefix("modelarts-sandbox-")
            .tempdir()
            .map_err(Error::io("making a temporary folder"))?;
        if std::env::var_os(KEEP).is_none() {
            return Ok(Self::Removed(made));
        }
        tracing::info!(folder = %made.path().display(), "the folder is kept");
        Ok(Self::Kept(made.keep()))
    }

    fn path(&self) -> &Path {
        match self {
            Self::Removed(folder) => folder.path(),
            Self::Kept(path) => path,
        }
    }
}
