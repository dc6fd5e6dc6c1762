//! kubectl as a user runs it.

use std::process::Stdio;

use sandbox::ControlPlane;
use tokio::io::AsyncWriteExt;

/// What a run gave.
#[derive(Debug, Clone)]
pub struct Said {
    /// Whether it exited with 0.
    pub ok: bool,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub err: String,
}

/// Runs kubectl as the administrator with `input` on its standard input.
pub async fn run(control_plane: &ControlPlane, arguments: &[&str], input: &str) -> Said {
    let mut child = control_plane
        .kubectl_command()
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // Dropped at the end of the statement, which is the end of kubectl's input.
    child.stdin.take().unwrap().write_all(input.as_bytes()).await.unwrap();
    let output = child.wait_with_output().await.unwrap();
    Said {
        ok: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// The standard output of a run that succeeds; a panic with what it said, otherwise.
pub async fn output(control_plane: &ControlPlane, arguments: &[&str], input: &str) -> String {
    let said = run(control_plane, arguments, input).await;
    assert!(said.ok, "kubectl {}: {}{}", arguments.join(" "), said.out, said.err);
    said.out
}
