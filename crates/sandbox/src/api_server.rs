//! kube-apiserver: its flags, its start, its restart at the same address.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use serde_json::json;

use crate::assets::Component;
use crate::control_plane::{self, Audit};
use crate::credentials::Files;
use crate::error::{Error, Result};
use crate::process::{Launch, Process};
use crate::{kubeconfig, ports, wait};

/// The audit log in the control plane's folder.
pub(crate) const AUDIT_LOG: &str = "audit.log";
const TRIES: usize = 5;

/// One API server, running or stopped, with all that is needed to start it again.
#[derive(Debug)]
pub(crate) struct ApiServer {
    binary: PathBuf,
    arguments: Vec<String>,
    /// A kubeconfig of its own, so that readiness does not depend on what callers do with theirs.
    probe: PathBuf,
    port: u16,
    starts: usize,
    process: Process,
}

impl ApiServer {
    /// Starts it at a free port and waits until it is ready.
    pub async fn start(binary: &Path, arguments: Vec<String>, folder: &Path, files: &Files) -> Result<Self> {
        let probe = folder.join("kubeconfig-probe");
        let token = files.users.first().map_or("", |(_, token)| token);
        let mut starts = 0;
        loop {
            starts += 1;
            let port = ports::free()?;
            kubeconfig::write(&probe, &url(port), &files.authority_pem, token)?;
            let process = launch(binary, &arguments, port, folder, starts).await?;
            match ready(&process, &probe).await {
                Err(Error::Ended { tail, .. }) if starts < TRIES && ports::taken(&tail) => {}
                Err(error) => return Err(error),
                Ok(()) => {
                    return Ok(Self {
                        binary: binary.to_path_buf(),
                        arguments,
                        probe,
                        port,
                        starts,
                        process,
                    });
                }
            }
        }
    }

    /// Where it serves.
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// The process of its last start.
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Kills it.
    pub async fn stop(&self) -> Result<()> {
        self.process.kill().await.map(drop)
    }

    /// Starts it at its old port, which somebody may be using for a moment.
    pub async fn start_again(&mut self, folder: &Path) -> Result<()> {
        if self.process.exit_status().is_none() {
            return Ok(());
        }
        let first = self.starts;
        loop {
            self.starts += 1;
            self.process = launch(&self.binary, &self.arguments, self.port, folder, self.starts).await?;
            match ready(&self.process, &self.probe).await {
                Err(Error::Ended { tail, .. }) if self.starts < first + TRIES && ports::taken(&tail) => {}
                other => return other,
            }
        }
    }
}

fn url(port: u16) -> String {
    format!("https://127.0.0.1:{port}")
}

async fn launch(binary: &Path, arguments: &[String], port: u16, folder: &Path, starts: usize) -> Result<Process> {
    let log = folder.join(format!("apiserver-{starts}.log"));
    let port = format!("--secure-port={port}");
    let arguments = arguments.iter().cloned().chain([port]);
    let mut launch = Launch::new(Component::ApiServer.file(), binary, arguments, log);
    launch.scratch = Some(folder.to_path_buf());
    Process::start(launch).await
}

/// Ready means that `/readyz` says so and that the namespaces everybody relies on exist: they are made
/// by a task of the server that its readiness does not wait for.
async fn ready(process: &Process, probe: &Path) -> Result<()> {
    let client = control_plane::client(probe).await?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    wait::until("kube-apiserver to be ready", wait::DEADLINE, async || {
        if let Err(ended) = process.running() {
            return Ok(Err(ended));
        }
        let request = http::Request::get("/readyz").body(Vec::new());
        let request = request.map_err(|e| e.to_string())?;
        let answer = client.request_text(request).await;
        answer.map_err(|e| e.to_string())?;
        for name in ["default", "kube-system"] {
            namespaces.get(name).await.map_err(|e| e.to_string())?;
        }
        Ok::<_, String>(Ok(()))
    })
    .await?
}

/// All flags but the port.
pub(crate) fn arguments(folder: &Path, files: &Files, etcd_url: &str, audit: Audit) -> Result<Vec<String>> {
    let mut arguments = vec![
        format!("--etcd-servers={etcd_url}"),
        // The default lets the store forget within minutes; see `history`.
        String::from("--etcd-compaction-interval=30m"),
        format!("--cert-dir={}", folder.display()),
        format!("--tls-cert-file={}", files.certificate.display()),
        format!("--tls-private-key-file={}", files.key.display()),
        String::from("--bind-address=127.0.0.1"),
        String::from("--advertise-address=127.0.0.1"),
        String::from("--service-account-issuer=https://kubernetes.default.svc"),
        format!("--service-account-key-file={}", files.account_public.display()),
        format!("--service-account-signing-key-file={}", files.account_key.display()),
        String::from("--service-cluster-ip-range=10.0.0.0/24"),
        format!("--token-auth-file={}", files.tokens.display()),
        String::from("--authorization-mode=RBAC"),
        // Pods need no service account here; without the controller manager there is none.
        String::from("--disable-admission-plugins=ServiceAccount"),
    ];
    let rules = match audit {
        Audit::Off => return Ok(arguments),
        Audit::Of(user) => json!([{ "level": "Metadata", "users": [user] }, { "level": "None" }]),
        Audit::Metadata => json!([{ "level": "Metadata" }]),
        Audit::RequestResponse => json!([{ "level": "RequestResponse" }]),
        Audit::WritesOf(resource) => json!([
            {
                "level": "RequestResponse",
                "verbs": ["create", "update", "patch", "delete", "deletecollection"],
                "resources": [{ "group": modelarts_crd::GROUP, "resources": [resource, format!("{resource}/*")] }],
            },
            { "level": "None" },
        ]),
    };
    let policy = json!({
        "apiVersion": "audit.k8s.io/v1",
        "kind": "Policy",
        "omitStages": ["RequestReceived"],
        "rules": rules,
    });
    let path = folder.join("audit-policy.yaml");
    kubeconfig::put(&path, &policy.to_string())?;
    arguments.push(format!("--audit-policy-file={}", path.display()));
    arguments.push(format!("--audit-log-path={}", folder.join(AUDIT_LOG).display()));
    // The default collects entries for seconds before it writes them.
    arguments.push(String::from("--audit-log-mode=blocking"));
    Ok(arguments)
}
