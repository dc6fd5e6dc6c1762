//! Where the binaries come from, and what is said when they come from nowhere.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use sandbox::Error;
use sandbox::assets::{self, Component, Sources};
use sandbox::control_plane::{ControlPlane, Options};

/// An environment with an empty cache and nothing on PATH.
fn bare(folder: &Path) -> Sources {
    Sources {
        cache: folder.join("cache"),
        path: OsString::new(),
        assets: None,
        ..Sources::from_environment().unwrap()
    }
}

fn program(path: &Path, script: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

async fn refusal(sources: Sources) -> String {
    let options = Options {
        sources: Some(sources),
        ..Options::default()
    };
    let error = ControlPlane::start(options).await.err().unwrap();
    assert!(matches!(error, Error::NoControlPlane { .. }), "{error}");
    error.to_string()
}

#[tokio::test]
async fn without_assets_and_without_go_the_error_names_both_ways_out() {
    let folder = tempfile::tempdir().unwrap();
    let said = refusal(bare(folder.path())).await;
    assert!(said.contains("no Go on PATH"), "{said}");
    assert!(said.contains("install Go"), "{said}");
    assert!(said.contains("KUBEBUILDER_ASSETS"), "{said}");
}

#[tokio::test]
async fn a_go_that_is_too_old_is_the_same_as_none() {
    let folder = tempfile::tempdir().unwrap();
    program(&folder.path().join("bin/go"), "echo go1.19.3");
    let mut sources = bare(folder.path());
    sources.path = folder.path().join("bin").into();
    let said = refusal(sources).await;
    assert!(said.contains("too old to build it: go1.19.3"), "{said}");
    assert!(said.contains("KUBEBUILDER_ASSETS"), "{said}");
}

#[tokio::test]
async fn a_go_that_refuses_the_module_is_quoted() {
    let folder = tempfile::tempdir().unwrap();
    program(
        &folder.path().join("bin/go"),
        "echo needs a newer toolchain >&2; exit 1",
    );
    let mut sources = bare(folder.path());
    sources.path = folder.path().join("bin").into();
    let said = refusal(sources).await;
    assert!(said.contains("needs a newer toolchain"), "{said}");
}

#[tokio::test]
async fn kubebuilder_assets_are_used_as_they_are_and_must_be_complete() {
    let folder = tempfile::tempdir().unwrap();
    let given = folder.path().join("given");
    program(&given.join("etcd"), "exit 0");
    let mut sources = bare(folder.path());
    sources.assets = Some(given.clone());
    let wanted = [Component::Etcd, Component::ApiServer];

    let error = assets::find(&sources, &wanted, &assets::silent()).await.unwrap_err();
    let said = error.to_string();
    assert!(said.starts_with("kube-apiserver is not available"), "{said}");
    assert!(said.contains(&given.display().to_string()), "{said}");

    program(&given.join("kube-apiserver"), "exit 0");
    let found = assets::find(&sources, &wanted, &assets::silent()).await.unwrap();
    assert_eq!(found, [given.join("etcd"), given.join("kube-apiserver")]);
}

#[tokio::test]
async fn what_given_assets_lack_comes_from_the_cache() {
    let folder = tempfile::tempdir().unwrap();
    let given = folder.path().join("given");
    let mut sources = bare(folder.path());
    let pins = assets::Pins::read(&sources.module).unwrap();
    let cached: PathBuf = sources.cache.join("modelarts-sandbox").join(&pins.folder);
    program(&cached.join("kubectl"), "exit 0");
    sources.assets = Some(given);
    let silent = assets::silent();
    let found = assets::find(&sources, &[Component::Kubectl], &silent).await;
    assert_eq!(found.unwrap(), [cached.join("kubectl")]);
}

/// A stand-in for Go that notes each build and takes a moment over it.
const SLOW_GO: &str = r#"
if [ "$1" = env ]; then echo go9.9.9; exit 0; fi
echo "$@" >> "$(dirname "$0")/builds"
while [ "$1" != -o ]; do shift; done
sleep 0.3
[ -e "$(dirname "$0")/broken" ] && { echo "no space left"; exit 3; }
echo built > "$2""#;

#[tokio::test]
async fn builders_that_come_together_build_once() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    program(&bin.join("go"), SLOW_GO);
    let mut sources = bare(folder.path());
    sources.path = std::env::join_paths([&bin, Path::new("/usr/bin"), Path::new("/bin")]).unwrap();
    let silent = assets::silent();
    let find = || assets::find(&sources, &[Component::Etcd], &silent);
    let (one, two, three) = tokio::join!(find(), find(), find());
    let found = one.unwrap();
    assert_eq!(fs::read_to_string(&found[0]).unwrap(), "built\n");
    assert_eq!((&found, &found), (&two.unwrap(), &three.unwrap()));
    let builds = fs::read_to_string(bin.join("builds")).unwrap();
    assert_eq!(builds.lines().count(), 1, "{builds}");
    assert!(builds.contains("-trimpath"), "{builds}");
    let left = fs::read_dir(found[0].parent().unwrap()).unwrap().count();
    assert_eq!(left, 2, "only the binary and the lock are left");
}

#[tokio::test]
async fn a_build_that_fails_leaves_nothing_and_shows_why() {
    let folder = tempfile::tempdir().unwrap();
    let bin = folder.path().join("bin");
    program(&bin.join("go"), SLOW_GO);
    fs::write(bin.join("broken"), "").unwrap();
    let mut sources = bare(folder.path());
    sources.path = bin.clone().into();
    let silent = assets::silent();
    let find = || assets::find(&sources, &[Component::Etcd], &silent);
    let error = find().await.unwrap_err().to_string();
    assert!(error.contains("exit code 3"), "{error}");
    assert!(error.contains("no space left"), "{error}");
    fs::remove_file(bin.join("broken")).unwrap();
    find().await.unwrap();
}
