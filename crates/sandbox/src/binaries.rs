//! The workspace's own binaries, built on demand by the cargo that runs us.
//!
//! Tests and demo run the very programs that users get, so they are built, not linked in. A process
//! asks cargo once; cargo's own lock keeps several processes apart, and a build with nothing to do
//! takes a fraction of a second.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde::Deserialize;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::{ChildStderr, Command};
use tokio::sync::OnceCell;

use crate::assets::{self, Progress};
use crate::error::{Error, Result};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
const SUPERVISOR: &str = "sandbox";

static WORKSPACE: OnceCell<BTreeMap<String, PathBuf>> = OnceCell::const_new();

/// The path of `modelarts-operator`.
///
/// # Errors
/// When the workspace does not build.
pub async fn operator() -> Result<PathBuf> {
    named("modelarts-operator").await
}

/// The path of `modelarts-sim`.
///
/// # Errors
/// When the workspace does not build.
pub async fn simulator() -> Result<PathBuf> {
    named("modelarts-sim").await
}

/// The path of any binary of the workspace, built if it is missing or stale.
///
/// # Errors
/// When the workspace does not build or has no such binary.
pub async fn named(name: &str) -> Result<PathBuf> {
    pick(workspace(&assets::silent()).await?, name)
}

/// Builds the workspace's binaries now, telling `progress`, so that nobody waits for them later.
///
/// # Errors
/// When the workspace does not build.
pub async fn prepare(progress: &Progress) -> Result<()> {
    workspace(progress).await.map(drop)
}

async fn workspace(progress: &Progress) -> Result<&'static BTreeMap<String, PathBuf>> {
    // Always all of them: a build of one alone would choose other features for the crates below, and
    // build those once more.
    WORKSPACE
        .get_or_try_init(|| build(&["--workspace", "--bins"], progress))
        .await
}

/// The path of the sandbox binary, which supervises children (see [`crate::supervise`]).
///
/// # Errors
/// When the workspace does not build.
pub async fn supervisor() -> Result<PathBuf> {
    match ourselves() {
        Some(path) => Ok(path),
        None => named(SUPERVISOR).await,
    }
}

/// The demo is the supervisor itself; cargo tells this crate's own tests where it is.
fn ourselves() -> Option<PathBuf> {
    let running = std::env::current_exe()
        .ok()
        .filter(|path| path.file_name().is_some_and(|name| name == SUPERVISOR));
    let told = std::env::var_os("CARGO_BIN_EXE_sandbox").map(PathBuf::from);
    running.or(told).filter(|path| path.is_file())
}

fn pick(all: &BTreeMap<String, PathBuf>, name: &str) -> Result<PathBuf> {
    all.get(name).cloned().ok_or_else(|| Error::Malformed {
        doing: format!("looking for the binary {name}"),
        problem: format!(
            "the workspace has only {}",
            all.keys().cloned().collect::<Vec<_>>().join(", ")
        ),
    })
}

/// Runs cargo and gives the executables it made or found fresh, by name. Cargo's own progress lines
/// go to `progress`.
async fn build(selection: &[&str], progress: &Progress) -> Result<BTreeMap<String, PathBuf>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
    let what = format!("cargo build {}", selection.join(" "));
    let mut command = Command::new(cargo);
    for name in std::env::vars_os()
        .map(|(name, _)| name)
        .filter(|name| is_about_us(name))
    {
        command.env_remove(name);
    }
    let mut child = command
        .arg("build")
        .args(selection)
        .arg("--message-format=json-render-diagnostics")
        .current_dir(Path::new(ROOT))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(Error::io(what.clone()))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    // Both pipes are read at once: cargo would stop when one of them is full.
    let messages = async {
        let mut text = String::new();
        match out {
            Some(mut out) => out.read_to_string(&mut text).await.map(|_| text),
            None => Ok(text),
        }
    };
    let (messages, said) = tokio::join!(messages, follow(err, progress));
    let status = child.wait().await.map_err(Error::io(what.clone()))?;
    if !status.success() {
        return Err(Error::Build {
            what,
            exit: status.to_string(),
            tail: said,
        });
    }
    Ok(executables(&messages.map_err(Error::io(what))?))
}

/// Whether a variable is what cargo tells a test about the crate that it runs.
///
/// Some build scripts ask for these to be watched (ring's does), so that a cargo that inherits them
/// builds ring and all that rests on it anew, and the next cargo, without them, once more.
fn is_about_us(name: &OsStr) -> bool {
    let name = name.to_string_lossy();
    ["CARGO_MANIFEST_", "CARGO_PKG_"]
        .iter()
        .any(|begin| name.starts_with(begin))
}

/// Tells each line as it comes; gives them all.
async fn follow(err: Option<ChildStderr>, progress: &Progress) -> String {
    let mut said = String::new();
    let Some(err) = err else { return said };
    let mut lines = BufReader::new(err).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if line.trim_start().starts_with("Compiling ") {
            progress(line.trim_start());
        }
        said.push_str(&line);
        said.push('\n');
    }
    said
}

/// One of cargo's messages; only finished executables are of interest.
#[derive(Deserialize)]
struct Message {
    target: Option<Target>,
    executable: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Target {
    name: String,
}

fn executables(messages: &str) -> BTreeMap<String, PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Message>(line).ok())
        .filter_map(|message| Some((message.target?.name, message.executable?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_inner_cargo_is_not_told_of_the_crate_that_runs() {
        let about_us: Vec<_> = std::env::vars_os()
            .map(|(name, _)| name)
            .filter(|name| is_about_us(name))
            .collect();
        // Cargo sets both for every test, so the filter is seen at work on real ones.
        for name in ["CARGO_MANIFEST_DIR", "CARGO_PKG_NAME"] {
            assert!(about_us.iter().any(|about| about == name), "{about_us:?}");
        }
        for name in ["CARGO", "CARGO_HOME", "CARGO_TARGET_DIR", "PATH"] {
            assert!(!is_about_us(OsStr::new(name)), "{name}");
        }
    }

    #[test]
    fn executables_are_picked_from_cargos_messages() {
        let messages = concat!(
            r#"{"reason":"compiler-artifact","target":{"name":"serde"},"executable":null}"#,
            "\n",
            r#"{"reason":"compiler-artifact","target":{"name":"modelarts-sim"},"executable":"/t/modelarts-sim"}"#,
            "\n",
            "a stray line\n",
            r#"{"reason":"build-finished","success":true}"#,
            "\n",
        );
        let found = executables(messages);
        assert_eq!(found.len(), 1);
        assert_eq!(pick(&found, "modelarts-sim").unwrap(), Path::new("/t/modelarts-sim"));
        let error = pick(&found, "modelarts-operator").unwrap_err().to_string();
        assert!(error.contains("only modelarts-sim"), "{error}");
    }
}
