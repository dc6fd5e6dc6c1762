//! The examples read as what they are meant to show, without a cluster. That the API server takes them,
//! and that they become pools, is shown end to end.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use modelarts_crd::policy::{DeletionPolicy, DriftPolicy, ManagementPolicy};
use modelarts_crd::{ModelArtsNetwork, ModelArtsPool};
use serde_json::{Value, json};

/// The folders of examples: what the demo applies, and what needs something first.
const FOLDERS: [&str; 2] = ["examples", "docs/examples"];

fn repository(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// The files of a folder that end so, sorted.
fn files(folder: &str, end: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(repository(folder)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.to_string_lossy().ends_with(end));
    files.sort();
    files
}

/// Every document of every example, with its file's name.
fn documents() -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for file in FOLDERS.iter().flat_map(|folder| files(folder, "")) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        assert!(name.ends_with(".yaml"), "{name} is no example");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("# "), "{name} does not say what it shows");
        let documents: Vec<Value> =
            serde_saphyr::from_multiple(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        found.extend(documents.into_iter().map(|document| (name.clone(), document)));
    }
    found
}

fn pools() -> Vec<(String, ModelArtsPool)> {
    let pools = documents()
        .into_iter()
        .filter(|(_, document)| document["kind"] == "ModelArtsPool");
    pools
        .map(|(name, document)| {
            let pool = serde_json::from_value(document).unwrap_or_else(|error| panic!("{name}: {error}"));
            (name, pool)
        })
        .collect()
}

fn pool(file: &str) -> ModelArtsPool {
    let found = pools().into_iter().find(|(name, _)| name == file);
    found.unwrap_or_else(|| panic!("no pool in {file}")).1
}

/// Reading and writing must lose nothing, or the example has a field that we don't know.
#[test]
fn no_example_has_a_field_that_we_do_not_know() {
    for (name, document) in documents() {
        if document["kind"] == "ModelArtsPool" {
            let read: ModelArtsPool = serde_json::from_value(document.clone()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), document, "{name}");
        } else if document["kind"] == "ModelArtsNetwork" {
            let read: ModelArtsNetwork = serde_json::from_value(document.clone()).unwrap();
            assert_eq!(serde_json::to_value(read).unwrap(), document, "{name}");
        }
    }
}

#[test]
fn every_namespace_of_an_example_is_there_or_comes_with_it() {
    let mut there = BTreeSet::from([(String::new(), "default".to_owned())]);
    for (name, document) in documents() {
        let text = |pointer: &str| {
            document
                .pointer(pointer)
                .and_then(Value::as_str)
                .unwrap_or_default()
                .to_owned()
        };
        if document["kind"] == "Namespace" {
            there.insert((name.clone(), text("/metadata/name")));
        } else {
            let namespace = text("/metadata/namespace");
            let anywhere = there.contains(&(String::new(), namespace.clone()));
            assert!(
                anywhere || there.contains(&(name.clone(), namespace)),
                "{name}: its namespace comes too late"
            );
        }
    }
}

#[test]
fn no_two_examples_ask_for_the_same_pool() {
    let mut names = BTreeSet::new();
    for (file, pool) in pools() {
        if let Some(name) = pool.spec.pool_name {
            assert!(names.insert(name.clone()), "{file}: {name} is taken");
        }
    }
}

#[test]
fn the_documented_request_is_the_first_example_field_by_field() {
    let path = Path::new(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/examples/create-pool-request.json"
    ));
    let text = fs::read_to_string(path).expect("this test compares with the folder `shared` beside the checkout");
    let request: Value = serde_json::from_str(&text).unwrap();
    let mut spec = serde_json::to_value(pool("create-pool-request.yaml").spec).unwrap();
    let spec = spec.as_object_mut().unwrap();
    let labels = &request["metadata"]["labels"];
    assert_eq!(spec.remove("poolName").as_ref(), Some(&labels["os.modelarts/name"]));
    assert_eq!(
        spec.remove("workspaceId").as_ref(),
        Some(&labels["os.modelarts/workspace.id"])
    );
    let description = spec.remove("description").unwrap_or_else(|| json!(""));
    assert_eq!(
        description,
        request["metadata"]["annotations"]["os.modelarts/description"]
    );
    assert_eq!(Value::Object(spec.clone()), request["spec"]);
}

#[test]
fn the_others_show_what_their_comments_say() {
    let npu = pool("npu-pool.yaml").spec;
    assert_eq!(npu.driver.and_then(|driver| driver.npu_version).as_deref(), Some("C78"));
    assert_eq!(npu.pool_name, None);

    let several = pool("several-flavors.yaml").spec.resources;
    let flavors: BTreeSet<_> = several.iter().map(|entry| &entry.flavor).collect();
    assert!(flavors.len() > 1 && several.len() > flavors.len());

    assert_eq!(pool("detach-on-delete.yaml").spec.deletion(), DeletionPolicy::Detach);

    let scalable = pool("scalable.yaml").spec;
    assert_eq!(scalable.nodes, Some(2));
    assert_eq!(scalable.resources[0].count, None);

    let tinkered = pool("drift-report.yaml").spec.drift;
    assert_eq!(tinkered.and_then(|drift| drift.policy), Some(DriftPolicy::Report));
    let watched = pool("observe-pool.yaml").spec;
    assert_eq!(
        (watched.management(), watched.adoption.is_some()),
        (ManagementPolicy::Observe, false)
    );
    assert_eq!(pool("paused.yaml").spec.management(), ManagementPolicy::Pause);
    assert!(pool("adopt-existing-pool.yaml").spec.adoption.is_some());
    assert_eq!(pool("namespace-that-detaches.yaml").spec.deletion_policy, None);
    let bought = pool("subscription.yaml").spec;
    assert!(bought.is_subscription());
    // Nobody should copy an example that spends money by itself.
    assert_eq!(bought.billing.and_then(|billing| billing.auto_pay), None);
    assert!(pool("network-and-pool.yaml").spec.network_ref.is_some());
}

/// A page cannot include a file, so it repeats it, and neither changes alone. What a file says in
/// comments, its page says in prose.
#[test]
fn the_examples_of_the_documentation_stand_on_its_pages() {
    let pages: Vec<_> = files("docs", ".md")
        .iter()
        .map(|page| fs::read_to_string(page).unwrap())
        .collect();
    let applied = ["examples/drift-report.yaml", "examples/network-and-pool.yaml"].map(repository);
    for file in files("docs/examples", ".yaml").into_iter().chain(applied) {
        let text = fs::read_to_string(&file).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let block = format!("```yaml\n{}\n```\n", lines.collect::<Vec<_>>().join("\n"));
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        let page = pages.iter().find(|page| page.contains(&block));
        let page = page.unwrap_or_else(|| panic!("no page has {name} as it is"));
        assert!(page.contains(&format!("examples/{name})")), "no page links to {name}");
    }
}

#[test]
fn the_account_example_holds_no_key() {
    let text = fs::read_to_string(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../deploy/account-example.yaml"
    ))
    .unwrap();
    let documents: Vec<Value> = serde_saphyr::from_multiple(&text).unwrap();
    let secret = documents.iter().find(|document| document["kind"] == "Secret").unwrap();
    for (key, value) in secret["stringData"].as_object().unwrap() {
        let value = value.as_str().unwrap();
        assert!(
            value.starts_with('<') && value.ends_with('>'),
            "{key} looks like a real value"
        );
    }
}
