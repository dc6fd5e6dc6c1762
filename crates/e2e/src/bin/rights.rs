//! Compares the rights that the manifests grant with those that the end-to-end tests have seen used.
//! To be run after all of them: `cargo test && cargo run --package e2e --bin rights`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context;
use e2e::rights::{granted, noted};

fn main() -> anyhow::Result<ExitCode> {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../deploy/rbac.yaml");
    let manifest = std::fs::read_to_string(manifest).context("the manifest cannot be read")?;
    let (granted, used) = (granted(&manifest, "modelarts-operator"), noted());
    let idle: Vec<_> = granted.difference(&used).collect();
    // What every authenticated user may do is in no manifest of ours.
    let elsewhere: Vec<_> = used
        .difference(&granted)
        .filter(|right| !right.role.contains("system:"))
        .collect();
    println!(
        "{} rights granted, {} of them used",
        granted.len(),
        granted.len() - idle.len()
    );
    if idle.is_empty() && elsewhere.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    println!("granted and never used: {idle:#?}\nused and not in the manifest: {elsewhere:#?}");
    Ok(ExitCode::FAILURE)
}
