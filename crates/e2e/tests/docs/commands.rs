//! Every block of commands on the pages for users is run by a test, or has a reason why not.

use std::collections::BTreeSet;

use crate::pages::{self, file};

/// What shows that a block does what its page says.
enum Shown {
    /// This file of the end-to-end tests runs it.
    By(&'static str),
    /// Nobody does, with each change.
    OnDemand(&'static str),
}

use Shown::{By, OnDemand};

/// Page, words of the block, who shows it.
const BLOCKS: &[(&str, &str, Shown)] = &[
    (
        "README.md",
        "cargo demo",
        OnDemand("the two commands are what .ci/run runs"),
    ),
    ("docs/deletion.md", "finalizers", By("namespace/uninstall.rs")),
    ("docs/install.md", "tools/image", OnDemand("a release build of minutes")),
    ("docs/install.md", "simulator.enabled", By("chart/installed.rs")),
    (
        "docs/install.md",
        "imageRegistry=REGISTRY",
        OnDemand("the registry is the reader's; chart/rendered.rs renders it"),
    ),
    ("docs/install.md", "deploy/install.yaml", By("admission/install.rs")),
    ("docs/install.md", "-k deploy", By("admission/install.rs")),
    ("docs/scaling.md", "kubectl scale", By("docs/changes.rs")),
    ("docs/subscriptions.md", "kubectl patch", By("docs/subscriptions.rs")),
    (
        "docs/supply-chain.md",
        "tools/static-binary\n",
        OnDemand("a release build of minutes"),
    ),
    (
        "docs/supply-chain.md",
        "readelf",
        OnDemand("asks the binary of a release build"),
    ),
    (
        "docs/supply-chain.md",
        "git checkout COMMIT\ntools/static-binary",
        OnDemand("a release build of minutes"),
    ),
    ("docs/uninstall.md", "custom-columns", By("docs/uninstall.rs")),
    ("docs/uninstall.md", "finalizers", By("docs/uninstall.rs")),
    ("docs/upgrade.md", "helm upgrade", By("chart/installed.rs")),
    ("docs/upgrade.md", "deploy/install.yaml", By("admission/install.rs")),
];

#[test]
fn every_block_of_commands_is_run_or_says_why_not() {
    let mut used = BTreeSet::new();
    let mut findings = Vec::new();
    for page in pages::all().iter().filter(|page| page.path != "CONTRIBUTING.md") {
        for block in page.blocks().iter().filter(|block| block.language.starts_with("sh")) {
            let fits = |(place, words, _): &(&str, &str, Shown)| *place == page.path && block.text.contains(words);
            let found: Vec<_> = BLOCKS.iter().enumerate().filter(|(_, entry)| fits(entry)).collect();
            // The most particular words count.
            match found.iter().max_by_key(|(_, (_, words, _))| words.len()) {
                Some((index, _)) => drop(used.insert(*index)),
                None => findings.push(format!("{} is run by nobody", block.place)),
            }
        }
    }
    for (index, (page, words, shown)) in BLOCKS.iter().enumerate() {
        if !used.contains(&index) {
            findings.push(format!("{page} has no block with {words}"));
        }
        match shown {
            By(test) => {
                let text = std::fs::read_to_string(file("crates/e2e/tests").join(test)).unwrap_or_default();
                if text.is_empty() {
                    findings.push(format!("{test}, which runs {page}, is no file"));
                }
            }
            OnDemand(reason) => assert!(!reason.is_empty()),
        }
    }
    assert_eq!(findings, Vec::<String>::new());
}
