//! The control plane alone, until Ctrl-C.

use std::convert::Infallible;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::Args;
use sandbox::control_plane::{self, ControlPlane, ControllerManager};
use sandbox::ready_file;
use serde_json::json;

use crate::steps::Steps;
use crate::until_signal;

/// What `control-plane` takes.
#[derive(Debug, Args)]
pub struct Options {
    /// Gets {"kubeconfig", "server", "pids"} as soon as it serves.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// Also starts kube-controller-manager.
    #[arg(long)]
    controller_manager: bool,
}

/// Starts it, tells where it is, and waits for a signal.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    until_signal::run(serve(options))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: Options) -> anyhow::Result<Infallible> {
    let steps = Steps::new();
    let control_plane = ControlPlane::start(control_plane::Options {
        controller_manager: if options.controller_manager {
            ControllerManager::On
        } else {
            ControllerManager::Off
        },
        progress: steps.progress(),
        ..control_plane::Options::default()
    })
    .await?;
    steps.finish();
    writeln!(io::stdout(), "export KUBECONFIG={}", control_plane.kubeconfig.display())?;
    if let Some(path) = options.ready_file {
        let ready = json!({
            "kubeconfig": control_plane.kubeconfig,
            "server": control_plane.server,
            "pids": control_plane.pids().await,
        });
        ready_file::write(&path, &ready).context("writing the ready file")?;
    }
    std::future::pending().await
}
