//! The demo as a user runs it: `cargo demo`, `cargo demo --once`, Ctrl-C.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandbox::pools::{self, Readiness};
use sandbox::wait::{self, until};
use sandbox::{assets, binaries, control_plane};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

/// Several worlds may be starting on two cores at once, beside somebody's build.
const LONG: Duration = Duration::from_secs(600);

/// The demo, not yet started. Its binaries are built beforehand: that is no part of any deadline.
async fn demo(arguments: &[&str]) -> Command {
    binaries::prepare(&assets::silent()).await.unwrap();
    let mut command = Command::new(env!("CARGO_BIN_EXE_sandbox"));
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true);
    command
}

async fn told(child: &mut Child, path: &Path) -> Value {
    until("the ready file", LONG, async || {
        if let Some(status) = child.try_wait().map_err(|e| e.to_string())? {
            panic!("the demo ended: {status}");
        }
        let text = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
        serde_json::from_str::<Value>(&text).map_err(|e| format!("{e} in {text}"))
    })
    .await
    .unwrap()
}

/// Reads what the demo prints until it names `line`, which it does when all pools are ready.
async fn invited(out: &mut ChildStdout, line: &str) {
    let mut said = String::new();
    let mut lines = BufReader::new(out).lines();
    let reading = async {
        while let Some(read) = lines.next_line().await.unwrap() {
            if read.contains(line) {
                return true;
            }
            said.push_str(&read);
            said.push('\n');
        }
        false
    };
    let found = tokio::time::timeout(LONG, reading).await;
    assert_eq!(found, Ok(true), "no {line} in\n{said}");
}

#[tokio::test]
async fn once_makes_every_example_ready_and_each_is_bought_once() {
    let output = demo(&["--once"]).await.output().await.unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}\n{complaint}");
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut wanted = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        wanted += text.lines().filter(|line| *line == "kind: ModelArtsPool").count();
    }
    assert!(wanted > 0);
    let bought = said.lines().filter(|line| line.ends_with("CreatePool 1 time"));
    assert_eq!(bought.count(), wanted, "{said}");
}

#[tokio::test]
async fn once_says_why_a_pool_cannot_be_had_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let manifest = folder.path().join("pool.yaml");
    let pool = r#"
apiVersion: modelarts.huaweicloud.com/v1alpha1
kind: ModelArtsPool
metadata: {name: impossible, namespace: default}
spec:
  scope: [Train]
  network: {name: net-0123-86c13962597848eeb29c5861153a391f}
  resources: [{flavor: modelarts.no.such.flavor, count: 1}]
"#;
    std::fs::write(&manifest, pool).unwrap();
    let path = manifest.to_str().unwrap();
    let output = demo(&["--once", "--timeout", "20", "--examples", path])
        .await
        .output()
        .await
        .unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{complaint}");
    assert!(complaint.contains("default/impossible"), "{complaint}");
    assert!(complaint.contains("modelarts.no.such.flavor"), "{complaint}");
}

#[tokio::test]
async fn it_stays_until_ctrl_c_and_then_nothing_is_left() {
    let folder = tempfile::tempdir().unwrap();
    let ready = folder.path().join("ready.json");
    let mut child = demo(&["--ready-file", ready.to_str().unwrap()])
        .await
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let told = told(&mut child, &ready).await;
    let kubeconfig = Path::new(told["kubeconfig"].as_str().unwrap()).to_owned();
    let metrics = told["metrics"].as_str().unwrap().to_owned();
    let simulator = told["simulator"].as_str().unwrap().to_owned();

    let client = control_plane::client(&kubeconfig).await.unwrap();
    until("all pools to be ready", LONG, async || {
        let pools = pools::list(&client).await.map_err(|e| e.to_string())?;
        let ready = pools.iter().filter(|p| p.ready == Readiness::Ready).count();
        if ready > 0 && ready == pools.len() {
            Ok(())
        } else {
            Err(format!("{pools:?}"))
        }
    })
    .await
    .unwrap();
    let http = reqwest::Client::new();
    for url in [metrics.clone(), format!("{simulator}/_sim/ledger")] {
        assert!(http.get(&url).send().await.unwrap().status().is_success(), "{url}");
    }
    // Kept open: who prints to a closed pipe ends by that and not by our signal.
    let mut out = child.stdout.take().unwrap();
    invited(&mut out, &format!("export KUBECONFIG={}", kubeconfig.display())).await;
    assert_eq!(child.try_wait().unwrap(), None, "it ended by itself");

    let pid = Pid::from_raw(i32::try_from(child.id().unwrap()).unwrap());
    kill(pid, Signal::SIGINT).unwrap();
    let status = child.wait().await.unwrap();
    assert!(status.success(), "{status}");
    until("everything to be gone", wait::DEADLINE, async || {
        let servers = [&metrics, &simulator];
        for url in servers {
            if http.get(url).send().await.is_ok() {
                return Err(format!("{url} still answers"));
            }
        }
        if kubeconfig.exists() {
            Err(format!("{} is there", kubeconfig.display()))
        } else {
            Ok(())
        }
    })
    .await
    .unwrap();
}
