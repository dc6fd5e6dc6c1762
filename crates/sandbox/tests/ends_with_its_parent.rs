//! Nothing survives the sandbox, whatever it dies of.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandbox::wait::{self, until};
use serde_json::Value;

/// The sandbox in a process of its own, serving a control plane.
async fn running(folder: &Path) -> (Child, Value) {
    let ready = folder.join("ready.json");
    let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
        .args(["control-plane", "--ready-file"])
        .arg(&ready)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let told = until("the ready file", wait::DEADLINE, async || {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            panic!("the sandbox ended: {status}");
        }
        let text = std::fs::read_to_string(&ready).map_err(|e| e.to_string())?;
        serde_json::from_str::<Value>(&text).map_err(|e| format!("{e} in {text}"))
    })
    .await
    .unwrap();
    (child, told)
}

async fn dies_of(signal: Signal) {
    let folder = tempfile::tempdir().unwrap();
    let (mut child, told) = running(folder.path()).await;
    let pids: Vec<u64> = told["pids"]
        .as_array()
        .unwrap()
        .iter()
        .map(|pid| pid.as_u64().unwrap())
        .collect();
    assert_eq!(pids.len(), 2, "{told}");
    let state = PathBuf::from(told["kubeconfig"].as_str().unwrap());
    for pid in &pids {
        assert!(Path::new(&format!("/proc/{pid}")).exists());
    }

    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
    child.wait().unwrap();
    until("etcd and the API server to be gone", wait::DEADLINE, async || {
        let alive: Vec<_> = pids
            .iter()
            .filter(|pid| Path::new(&format!("/proc/{pid}")).exists())
            .collect();
        if alive.is_empty() && !state.exists() {
            Ok(())
        } else {
            Err(format!("alive: {alive:?}, state there: {}", state.exists()))
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn of_sigkill_which_leaves_no_time_to_clean_up() {
    dies_of(Signal::SIGKILL).await;
}

#[tokio::test]
async fn of_ctrl_c() {
    dies_of(Signal::SIGINT).await;
}

#[tokio::test]
async fn of_sigterm() {
    dies_of(Signal::SIGTERM).await;
}
