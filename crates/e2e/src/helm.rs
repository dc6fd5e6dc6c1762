//! Helm as a user runs it: the pinned ones of `tools/`, fetched once.

use std::path::{Path, PathBuf};
use std::process::Stdio;

use sandbox::ControlPlane;
use tokio::process::Command;

use crate::kubectl::Said;

/// The chart.
pub const CHART: &str = "charts/modelarts-operator";

/// Which Helm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Version {
    /// The last of the third.
    Three,
    /// The fourth.
    Four,
}

/// Both.
pub const VERSIONS: [Version; 2] = [Version::Three, Version::Four];

/// A file or folder of the repository.
#[must_use]
pub fn file(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path)
}

impl Version {
    /// The program.
    #[must_use]
    pub fn path(self) -> PathBuf {
        match self {
            Self::Three => file("tools/helm3"),
            Self::Four => file("tools/helm"),
        }
    }
}

/// Helm, in the repository, without a cluster.
#[must_use]
pub fn command(version: Version) -> Command {
    let mut command = Command::new(version.path());
    // A cluster that the user may have is none of its business.
    command
        .current_dir(file("."))
        .env("KUBECONFIG", "/dev/null")
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Helm, as the administrator of a cluster.
#[must_use]
pub fn against(version: Version, control_plane: &ControlPlane) -> Command {
    let mut command = command(version);
    command.env("KUBECONFIG", &control_plane.kubeconfig);
    command
}

/// Runs it to its end.
pub async fn run(mut command: Command) -> Said {
    let output = command.output().await.unwrap();
    Said {
        ok: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// What it renders of the chart with these arguments; a panic with what it said, otherwise.
pub async fn template(version: Version, arguments: &[&str]) -> String {
    let said = try_template(version, arguments).await;
    assert!(said.ok, "helm template {}: {}", arguments.join(" "), said.err);
    said.out
}

/// The same, also where it refuses.
pub async fn try_template(version: Version, arguments: &[&str]) -> Said {
    let mut command = command(version);
    command.args([
        "template",
        "modelarts-operator",
        CHART,
        "--namespace",
        "modelarts-system",
    ]);
    command.args(["--kube-version", "1.35.4"]).args(arguments);
    run(command).await
}
