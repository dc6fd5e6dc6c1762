//! Builds the control plane with Go, once for all processes of this user.
//!
//! A lock file keeps builders apart; whoever waited for it finds the work done. A binary is built
//! beside the cache and moved in when it is complete, so a file in the cache is always whole. The
//! build runs under a supervisor like every other child: it ends with us.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::process::Command;

use crate::assets::{Component, Pins, Progress, Sources, missing};
use crate::error::{Error, Result};
use crate::process::{Exit, Launch, Process};
use crate::wait;

/// A cold build takes about seven minutes on two idle cores; other builds may share them.
const BUILD_DEADLINE: Duration = Duration::from_secs(45 * 60);
const GO: &str = "go";

/// Makes sure that `components` are in `cache`.
pub(crate) async fn build(
    sources: &Sources,
    pins: &Pins,
    cache: &Path,
    components: &[Component],
    progress: &Progress,
) -> Result<()> {
    let first = components.first().copied().unwrap_or(Component::ApiServer);
    let go = usable_go(sources, pins)
        .await
        .map_err(|problem| missing(first, problem, pins, cache))?;
    fs::create_dir_all(cache).map_err(Error::io(format!("making {}", cache.display())))?;
    let lock = lock(&cache.join(".lock"), progress).await?;
    for &component in components {
        let target = cache.join(component.file());
        if !target.is_file() {
            build_one(&go, sources, pins, component, &target, progress).await?;
        }
    }
    drop(lock);
    Ok(())
}

/// One builder at a time. The lock belongs to the open file: it ends with the process that holds it.
async fn lock(path: &Path, progress: &Progress) -> Result<File> {
    let doing = format!("locking {}", path.display());
    let file = File::create(path).map_err(Error::io(doing.clone()))?;
    let mut told = false;
    wait::until(
        "another build of the control plane",
        BUILD_DEADLINE,
        async || match file.try_lock() {
            Ok(()) => Ok(Ok(())),
            Err(TryLockError::Error(error)) => Ok(Err(error)),
            Err(TryLockError::WouldBlock) => {
                if !told {
                    progress("another process is building the control plane; waiting for it");
                    told = true;
                }
                Err(format!("{} is locked", path.display()))
            }
        },
    )
    .await?
    .map_err(Error::io(doing))?;
    Ok(file)
}

async fn build_one(
    go: &Path,
    sources: &Sources,
    pins: &Pins,
    component: Component,
    target: &Path,
    progress: &Progress,
) -> Result<()> {
    let what = component.file();
    let cache = target.parent().unwrap_or(target);
    let folder = tempfile::Builder::new()
        .prefix(".build-")
        .tempdir_in(cache)
        .map_err(Error::io(format!("making a folder in {}", cache.display())))?;
    let product = folder.path().join(what);
    let version = &pins.kubernetes;
    let ldflags = format!("-s -w -X k8s.io/component-base/version.gitVersion={version}");
    let mut launch = Launch::new(
        format!("go build {what}"),
        go,
        ["build", "-v", "-trimpath", "-ldflags", &ldflags, "-o"],
        folder.path().join("log"),
    );
    launch.args.push(product.clone().into());
    launch.args.push(component.package().into());
    launch.env.push((String::from("GOFLAGS"), "-mod=readonly".into()));
    launch.directory = Some(sources.module.clone());
    launch.scratch = Some(folder.path().to_path_buf());
    progress(&format!("building {what} {version} (only the first time)"));
    let process = Process::start(launch).await?;
    let mut packages = 0;
    let exit = wait::until(format!("the build of {what}"), BUILD_DEADLINE, async || {
        let compiled = process.log().lines().count();
        if compiled / 50 > packages / 50 {
            progress(&format!("building {what} {version}: {compiled} packages compiled"));
        }
        packages = compiled;
        process.exit_status().ok_or_else(|| process.log_tail(1))
    })
    .await?;
    if exit != Exit::Code(0) {
        return Err(Error::Build {
            what: what.to_owned(),
            exit: exit.to_string(),
            tail: process.log_tail(40),
        });
    }
    fs::rename(&product, target).map_err(Error::io(format!("moving {what} into the cache")))?;
    progress(&format!("built {what} {version}"));
    Ok(())
}

/// The path of a Go that is new enough, or what is wrong.
///
/// It is asked in the module's folder: a Go that may fetch newer toolchains then answers with the one
/// it would really use.
async fn usable_go(sources: &Sources, pins: &Pins) -> Result<PathBuf, String> {
    let go = std::env::split_paths(&sources.path)
        .map(|folder| folder.join(GO))
        .find(|path| path.is_file())
        .ok_or("it is not in the cache, and there is no Go on PATH to build it")?;
    let answer = Command::new(&go)
        .args(["env", "GOVERSION"])
        .current_dir(&sources.module)
        .kill_on_drop(true)
        .output()
        .await
        .map_err(|error| format!("{} does not run: {error}", go.display()))?;
    let said = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
    if !answer.status.success() {
        let why = String::from_utf8_lossy(&answer.stderr).trim().to_owned();
        return Err(format!("Go refuses to build it: {why}"));
    }
    match (release(&said), release(&pins.go)) {
        (Some(have), Some(need)) if have >= need => Ok(go),
        _ => Err(format!("Go is too old to build it: {said}")),
    }
}

/// The numbers of a version such as `go1.26.3` or `1.26`. A development version has none.
fn release(version: &str) -> Option<(u32, u32, u32)> {
    let numbers = version.strip_prefix("go").unwrap_or(version);
    let numbers = numbers.split([' ', '-']).next()?;
    let mut parts = numbers.split('.').map(|part| {
        let digits: String = part.chars().take_while(char::is_ascii_digit).collect();
        digits.parse::<u32>().ok()
    });
    Some((parts.next()??, parts.next()??, parts.next().unwrap_or(Some(0))?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_go_are_compared_by_number() {
        assert!(release("go1.9") < release("1.26"));
        assert!(release("go1.26.8") >= release("1.26"));
        assert!(release("go1.26.0 X:boringcrypto") >= release("1.26"));
        assert_eq!(release("go1.27rc1"), Some((1, 27, 0)));
        assert_eq!(release("devel"), None);
    }
}
