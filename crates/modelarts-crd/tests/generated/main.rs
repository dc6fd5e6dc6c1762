//! The files that are made from code are as the code says.
//!
//! `UPDATE=1 cargo test -p modelarts-crd --test generated` writes them afresh; without `UPDATE` the
//! tests compare and change nothing. What is generated is committed, so that a reader, an installer and
//! a reviewer see it without running anything.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod conditions;
mod manifests;
mod reference;

use std::path::PathBuf;

/// The one command that brings the files up to date. Each of them names it in its head.
const COMMAND: &str = "UPDATE=1 cargo test -p modelarts-crd --test generated";

#[test]
fn the_definitions_in_deploy_are_those_of_the_code() {
    check("deploy/crds.yaml", &manifests::crds());
}

#[test]
fn the_install_file_is_made_of_the_files_beside_it() {
    check("deploy/install.yaml", &manifests::install());
}

#[test]
fn the_page_of_conditions_lists_every_reason_of_the_code() {
    check("docs/conditions.md", &conditions::page());
}

#[test]
fn the_page_of_fields_lists_every_field_of_the_definitions() {
    check("docs/reference.md", &reference::page());
}

#[test]
fn the_charts_definitions_are_those_of_the_code() {
    check("charts/modelarts-operator/files/crds.yaml", &manifests::crds());
}

/// Compares a file with what it should be, or writes it if `UPDATE` is set.
fn check(path: &str, wanted: &str) {
    let file = root().join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, wanted).unwrap_or_else(|error| panic!("{path} cannot be written: {error}"));
    }
    let found = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"));
    if let Some(line) = first_difference(&found, wanted) {
        panic!("{path} is stale from line {line} on; run: {COMMAND}");
    }
}

/// The number of the first line that differs.
fn first_difference(found: &str, wanted: &str) -> Option<usize> {
    if found == wanted {
        return None;
    }
    let same = found
        .split('\n')
        .zip(wanted.split('\n'))
        .take_while(|(found, wanted)| found == wanted);
    Some(same.count() + 1)
}

/// The text of a file of the repository.
fn text(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path} cannot be read: {error}"))
}

fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

#[test]
fn a_difference_is_found_wherever_it_is() {
    for (found, wanted, line) in [
        ("a\nb\n", "a\nb\n", None),
        ("a\nb\n", "a\nc\n", Some(2)),
        ("a\n", "a\nb\n", Some(2)),
        ("a\nb", "a\nb\n", Some(3)),
        ("", "a", Some(1)),
    ] {
        assert_eq!(first_difference(found, wanted), line, "{found:?} against {wanted:?}");
    }
}
