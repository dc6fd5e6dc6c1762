//! The page about security says what is so: each fault that it names has a test of that name, and each
//! test that it names exists. What needs no API server to be seen is shown here, too.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use e2e::rights::granted;

/// The faults of the catalogue, of those from 60 to 96, that concern credentials, endpoints or tenancy.
const FAULTS: [u32; 16] = [64, 70, 71, 72, 73, 80, 82, 87, 88, 89, 90, 91, 92, 93, 95, 96];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The names of all test functions.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut folders = vec![root().join("crates")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                names.extend(tests_in(&std::fs::read_to_string(path).unwrap()));
            }
        }
    }
    names
}

/// The functions behind a line that makes them tests.
fn tests_in(source: &str) -> Vec<String> {
    let mut lines = source.lines();
    let mut names = Vec::new();
    while let Some(line) = lines.next() {
        let line = line.trim();
        if line == "#[test]" || line.starts_with("#[tokio::test") {
            let head = lines.by_ref().find(|line| line.contains("fn ")).unwrap_or_default();
            let name = head.split("fn ").nth(1).and_then(|rest| rest.split('(').next());
            names.extend(name.map(str::to_owned));
        }
    }
    names
}

#[test]
fn every_fault_of_credentials_endpoints_and_tenancy_has_a_test_of_its_name() {
    let tests = tests();
    for fault in FAULTS {
        let prefix = format!("fault_{fault}_");
        assert!(tests.iter().any(|name| name.starts_with(&prefix)), "{prefix}");
    }
}

#[test]
fn the_page_names_every_such_fault_and_only_tests_that_exist() {
    let page = std::fs::read_to_string(root().join("docs/security.md")).unwrap();
    let tests = tests();
    let named: Vec<&str> = page.split('`').skip(1).step_by(2).collect();
    let looks_like_a_test = |word: &&&str| {
        word.matches('_').count() >= 3
            && word
                .chars()
                .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    let named: Vec<&&str> = named.iter().filter(looks_like_a_test).collect();
    assert!(named.len() > FAULTS.len(), "{named:?}");
    for name in &named {
        assert!(
            tests.contains(**name),
            "docs/security.md names {name}, which is no test"
        );
    }
    for fault in FAULTS {
        let prefix = format!("fault_{fault}_");
        assert!(
            named.iter().any(|name| name.starts_with(&prefix)),
            "docs/security.md names no {prefix}"
        );
    }
}

#[test]
fn fault_95_a_stolen_token_reads_no_secret_elsewhere_and_cannot_raise_its_rights() {
    for manifest in ["deploy/rbac.yaml", "deploy/namespaced/rbac.yaml"] {
        let text = std::fs::read_to_string(root().join(manifest)).unwrap();
        let rights = granted(&text, "modelarts-operator");
        assert!(rights.len() > 10, "{rights:?}");
        for right in rights {
            let everywhere = right.role.starts_with("ClusterRole/");
            let (verb, resource) = (right.verb.as_str(), right.resource.as_str());
            assert!(!["escalate", "bind", "impersonate", "*"].contains(&verb), "{right:?}");
            assert!(!resource.contains('*'), "{right:?}");
            assert!(!(everywhere && resource.starts_with("secrets")), "{right:?}");
            let group = resource.split_once('.').map_or("", |(_, group)| group);
            assert_ne!(group, "rbac.authorization.k8s.io", "{right:?}");
            let ours = resource.starts_with("modelarts") && !resource.contains('/');
            assert!(
                !(ours && ["create", "update", "delete", "deletecollection"].contains(&verb)),
                "{right:?}"
            );
            assert!(
                !resource.starts_with("pods") && !resource.starts_with("serviceaccounts"),
                "{right:?}"
            );
        }
    }
}
