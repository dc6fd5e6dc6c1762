//! Every YAML block, and every example, is taken by the API server as it stands.

use std::collections::BTreeSet;

use e2e::kubectl;
use sandbox::control_plane::{ControlPlane, Options};
use sandbox::world;

use crate::pages;

const DRY_RUN: &[&str] = &[
    "apply",
    "--server-side",
    "--dry-run=server",
    "--validate=strict",
    "-f",
    "-",
];

/// The namespaces that a manifest names.
fn namespaces(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| c.is_whitespace() || ",{}".contains(c));
    let words: Vec<_> = words.filter(|word| !word.is_empty()).collect();
    words
        .windows(2)
        .filter(|pair| pair[0] == "namespace:")
        .map(|pair| pair[1].to_owned())
        .collect()
}

#[tokio::test]
async fn every_block_of_yaml_is_taken_by_the_api_server() {
    let control_plane = ControlPlane::start(Options::default()).await.unwrap();
    let client = control_plane.client().await.unwrap();
    world::apply_crds(&client, modelarts_crd::crds()).await.unwrap();
    let blocks: Vec<_> = pages::all().iter().flat_map(pages::Page::blocks).collect();
    let blocks: Vec<_> = blocks.iter().filter(|block| block.language == "yaml").collect();
    assert!(blocks.len() >= 10, "only {} blocks are found", blocks.len());

    // A dry run creates no namespace for those that come after it.
    let all: BTreeSet<_> = blocks.iter().flat_map(|block| namespaces(&block.text)).collect();
    for namespace in all.iter().filter(|namespace| *namespace != "default") {
        kubectl::output(&control_plane, &["create", "namespace", namespace], "").await;
    }
    let mut findings = Vec::new();
    for block in &blocks {
        let said = kubectl::run(&control_plane, DRY_RUN, &block.text).await;
        // A warning of the server goes to standard error.
        if !said.ok || !said.err.is_empty() {
            findings.push(format!("{}: {}", block.place, said.err));
        }
        let broken = block.text.replacen("spec:", "spec:\n  unknownField: 1", 1);
        let said = kubectl::run(&control_plane, DRY_RUN, &broken).await;
        if said.ok || !said.err.contains("unknownField") {
            findings.push(format!(
                "{}: an unknown field is not noticed: {}",
                block.place, said.err
            ));
        }
    }
    assert!(findings.is_empty(), "{}", findings.join("\n"));
}
