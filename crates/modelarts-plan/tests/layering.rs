//! The arrows of the house point one way: the pure crates reach no runtime, no socket and no client.

use std::process::Command;

/// What the pure crates must never depend on, however indirectly.
const FORBIDDEN: [&str; 8] = [
    "tokio",
    "reqwest",
    "hyper",
    "kube",
    "kube-client",
    "kube-runtime",
    "rustls",
    "axum",
];

fn dependencies(package: &str) -> Vec<String> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let output = Command::new(cargo)
        .args([
            "tree",
            "--package",
            package,
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo tree runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .collect()
}

#[test]
fn the_pure_crates_reach_no_runtime_and_no_client() {
    for package in ["modelarts-plan", "modelarts-crd", "modelarts-types"] {
        let found = dependencies(package);
        assert!(found.len() > 1, "cargo tree told nothing about {package}");
        for forbidden in FORBIDDEN {
            assert!(
                !found.iter().any(|name| name == forbidden),
                "{package} reaches {forbidden}"
            );
        }
    }
}

#[test]
fn the_simulator_knows_neither_the_client_nor_the_core() {
    let found = dependencies("modelarts-sim");
    for forbidden in ["modelarts-client", "modelarts-crd", "modelarts-plan"] {
        assert!(
            !found.iter().any(|name| name == forbidden),
            "modelarts-sim reaches {forbidden}"
        );
    }
}

#[test]
fn the_check_sees_a_dependency_that_is_there() {
    assert!(dependencies("modelarts-operator").iter().any(|name| name == "tokio"));
}
