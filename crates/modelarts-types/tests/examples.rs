//! Every example body of the contract survives a round trip through its type.
//!
//! The examples lie in `shared/examples`, beside the checkout. A file that no type is assigned to
//! fails the test, so a new example cannot go unnoticed.

// Clippy knows `#[test]` functions as tests, but not the functions they share.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::path::PathBuf;

use modelarts_types::event::EventList;
use modelarts_types::flavor::FlavorList;
use modelarts_types::node::NodeList;
use modelarts_types::order::OrderList;
use modelarts_types::pool::{Counts, Phase};
use modelarts_types::statistics::PoolStatistics;
use modelarts_types::workspace::WorkspaceList;
use modelarts_types::{ErrorBody, Network, NetworkList, NetworkPhase, Pool, PoolList};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/examples"))
}

fn text(name: &str) -> String {
    let path = folder().join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| {
        panic!(
            "the contract's examples must lie beside the checkout: {}: {error}",
            path.display()
        )
    })
}

fn parse<T: DeserializeOwned>(name: &str) -> T {
    serde_json::from_str(&text(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

/// Parses the file as `T`, and demands that `T` writes the same JSON value and that no known member
/// ended among the unknown ones at the top.
fn round_trip<T: Serialize + DeserializeOwned>(name: &str) {
    let before: Value = parse(name);
    let typed: T = parse(name);
    let after = serde_json::to_value(typed).unwrap();
    assert_eq!(before, after, "{name}");
}

/// An error body is read, not written: code and message must be the body's own.
fn error(name: &str) {
    let body: Value = parse(name);
    let pair = if body.get("error").is_some() {
        (body["error"]["code"].clone(), body["error"]["message"].clone())
    } else {
        (body["error_code"].clone(), body["error_msg"].clone())
    };
    let error = ErrorBody::parse(599, text(name).as_bytes());
    assert!(error.recognised, "{name}");
    assert_eq!(Value::from(error.code), pair.0, "{name}");
    assert_eq!(Value::from(error.message), pair.1, "{name}");
}

fn check(name: &str) {
    match name {
        _ if name.starts_with("error-") => error(name),
        "list-pools-response.json" | "list-pools-empty-response.json" => {
            round_trip::<PoolList>(name);
        }
        "list-networks-response.json" | "list-networks-paged-response.json" => {
            round_trip::<NetworkList>(name);
        }
        "list-events-response.json" => round_trip::<EventList>(name),
        "list-orders-response.json" => round_trip::<OrderList>(name),
        "list-pool-nodes-response.json" => round_trip::<NodeList>(name),
        "list-resource-flavors-response.json" => round_trip::<FlavorList>(name),
        "list-workspaces-response.json" => round_trip::<WorkspaceList>(name),
        "pool-statistics-response.json" => round_trip::<PoolStatistics>(name),
        _ if name.contains("-network-") => round_trip::<Network>(name),
        _ if name.contains("-pool-") => round_trip::<Pool>(name),
        other => panic!("no type is assigned to the example {other}"),
    }
}

#[test]
fn every_example_survives() {
    let folder = folder();
    let entries = std::fs::read_dir(&folder).unwrap_or_else(|error| {
        panic!(
            "the contract's examples must lie beside the checkout: {}: {error}",
            folder.display()
        )
    });
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".json"))
        .collect();
    names.sort();
    assert!(names.len() >= 46, "only {} examples", names.len());
    for name in &names {
        check(name);
    }
}

/// A round trip alone would also pass if everything ended in `extra`.
#[test]
fn known_members_reach_their_fields() {
    let pool: Pool = parse("show-pool-running.json");
    assert_eq!(pool.id(), Some("pool-001-86c13962597848eeb29c5861153a391f"));
    assert_eq!(pool.display_name(), Some("pool-001"));
    assert_eq!(pool.workspace_id(), "0");
    assert_eq!(pool.resource_id(), Some("maos-pool-001-d7mjs"));
    assert_eq!(pool.order_name(), Some("order.pool-001-w4l2n"));
    assert_eq!(pool.phase(), Some(&Phase::Running));
    assert_eq!(pool.created_at(), Some("2024-10-24T12:42:43Z"));
    assert_eq!(pool.spec.scopes(), ["Train"]);
    assert_eq!(pool.spec.resources()[0].count, Some(2));
    assert_eq!(
        pool.spec.resources()[0].node_pool.as_deref(),
        Some("modelarts.vm.gpu.tnt004-default")
    );
    assert!(pool.extra.is_empty() && pool.spec.extra.is_empty());
    let status = pool.status.unwrap();
    assert!(status.extra.is_empty());
    let available = status.resources.unwrap().available.unwrap();
    assert_eq!(available.total(), 2);
    assert!(matches!(available, Counts::List(_)));
    let gpu = status.driver.unwrap().gpu.unwrap();
    assert_eq!(gpu.state.as_deref(), Some("Running"));

    let network: Network = parse("show-network-active.json");
    assert_eq!(network.phase(), Some(&NetworkPhase::Active));
    assert_eq!(network.spec.cidr.as_deref(), Some("192.168.128.0/17"));
    let fresh: Network = parse("create-network-response.json");
    assert_eq!(fresh.phase(), None, "an empty phase is none");
    let fresh: Pool = parse("create-pool-response.json");
    assert_eq!(fresh.phase(), None);
    assert_eq!(fresh.description(), "");
}

#[test]
fn counts_are_read_in_both_forms() {
    let pool: Pool = parse("show-pool-running-object-form.json");
    let counts = pool.status.unwrap().resources.unwrap().available.unwrap();
    assert!(matches!(counts, Counts::One(_)));
    assert_eq!(counts.total(), 2);
    assert_eq!(counts.entries().len(), 1);
}

#[test]
fn a_page_says_whether_another_follows() {
    let page: NetworkList = parse("list-networks-paged-response.json");
    let meta = page.metadata.unwrap();
    assert_eq!(meta.next_page(), Some("52eddc13-cfad-42d3-aee4-92fea5813e7f"));
    assert_eq!(meta.remaining_item_count, Some(3));
    let last: NetworkList = parse("list-networks-response.json");
    assert_eq!(last.metadata.unwrap().next_page(), None);
}
