//! The control plane alone, until Ctrl-C.

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Context;
use sandbox::control_plane::{ControlPlane, ControllerManager, Options};
use serde_json::json;

use crate::{Alone, until_signal};

/// Starts it, tells where it is, and waits for a signal.
pub fn run(options: Alone) -> anyhow::Result<ExitCode> {
    until_signal::run(serve(options))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(options: Alone) -> anyhow::Result<Infallible> {
    let control_plane = ControlPlane::start(Options {
        controller_manager: if options.controller_manager {
            ControllerManager::On
        } else {
            ControllerManager::Off
        },
        progress: Arc::new(|line| eprintln!("{line}")),
        ..Options::default()
    })
    .await?;
    println!("export KUBECONFIG={}", control_plane.kubeconfig.display());
    if let Some(path) = options.ready_file {
        let ready = json!({
            "kubeconfig": control_plane.kubeconfig,
            "server": control_plane.server,
            "pids": control_plane.pids().await,
        });
        sandbox::ready_file::write(&path, &ready).context("writing the ready file")?;
    }
    std::future::pending().await
}
