//! The entries of `spec.resources`: what each may hold, and the form in which they are kept.
//!
//! An entry is known by flavor and node pool. A kept entry always has `nodePool`, and `maxCount`
//! equal to `count`, as the service fills them in.

use serde_json::{Map, Value, json};

use crate::{
    catalogue::{self, Flavor},
    json::{only, text},
    nodes::Node,
    refusal::Refusal,
};

/// The members of an entry that the service knows.
const KNOWN: &[&str] = &[
    "flavor",
    "count",
    "maxCount",
    "nodePool",
    "azs",
    "extendParams",
    "os",
    "driver",
    "creatingStep",
    "rootVolume",
    "dataVolumes",
    "volumeGroupConfigs",
    "labels",
    "taints",
    "tags",
    "network",
];

/// How many entries a pool may have.
const MOST_ENTRIES: usize = 10;

/// An entry that has passed the checks.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// The flavor.
    pub flavor: &'static Flavor,
    /// The node pool, never empty.
    pub node_pool: String,
    /// How many nodes.
    pub count: u64,
    /// All members in the form in which they are kept.
    pub members: Map<String, Value>,
}

/// What is being done with the entries; the rules differ a little.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A larger `maxCount` is refused, and zones must not hold more than `count`.
    Create,
    /// Clients repeat what they read beside a new `count`, so `count` decides.
    Patch,
}

/// Checks the shape of the list: everything that needs no catalogue.
///
/// # Errors
/// 400 that names the entry.
pub fn check_shape(list: Option<&Value>, purpose: Purpose) -> Result<(), Refusal> {
    let items = list
        .and_then(Value::as_array)
        .filter(|items| (1..=MOST_ENTRIES).contains(&items.len()))
        .ok_or_else(|| Refusal::bad_request("spec.resources must have 1 to 10 entries."))?;
    let mut seen = Vec::new();
    for item in items {
        let map = item
            .as_object()
            .ok_or_else(|| Refusal::bad_request("An entry of spec.resources is not an object."))?;
        let flavor = text(map, "flavor")?
            .filter(|flavor| !flavor.is_empty())
            .ok_or_else(|| Refusal::bad_request("spec.resources[].flavor is required."))?;
        let count = whole(map, "count")?
            .filter(|count| *count >= 1)
            .ok_or_else(|| Refusal::bad_request("spec.resources[].count must be at least 1."))?;
        let most = whole(map, "maxCount")?;
        if purpose == Purpose::Create && most.is_some_and(|most| most > count) {
            return Err(Refusal::bad_request(
                "The pool does not support a maxCount above count now.",
            ));
        }
        check_step(map, count)?;
        check_zones(map, count, purpose)?;
        let key = (flavor.to_owned(), node_pool(map, flavor)?, map.get("creatingStep"));
        if seen.contains(&key) {
            return Err(Refusal::bad_request(format!(
                "The flavor {flavor} appears twice in the same node pool."
            )));
        }
        seen.push(key);
    }
    Ok(())
}

/// Looks up the flavors of a list that has passed [`check_shape`] and brings it into kept form.
///
/// # Errors
/// 400 for a flavor that is unknown, and for two CPU architectures.
pub fn resolve(list: Option<&Value>) -> Result<Vec<Entry>, Refusal> {
    let mut entries: Vec<Entry> = Vec::new();
    for map in list
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
    {
        let name = text(map, "flavor")?.unwrap_or_default();
        let flavor =
            catalogue::find(name).ok_or_else(|| Refusal::bad_request(format!("The flavor {name} does not exist.")))?;
        if entries.first().is_some_and(|first| first.flavor.arch != flavor.arch) {
            return Err(Refusal::bad_request(
                "All flavors of a pool must have the same CPU architecture.",
            ));
        }
        entries.push(kept(map, flavor)?);
    }
    Ok(entries)
}

fn kept(map: &Map<String, Value>, flavor: &'static Flavor) -> Result<Entry, Refusal> {
    let count = whole(map, "count")?.unwrap_or_default();
    let node_pool = node_pool(map, flavor.name)?;
    let mut members = only(map, KNOWN);
    members.retain(|_, value| !empty(value));
    members.insert("maxCount".to_owned(), json!(count));
    members.insert("nodePool".to_owned(), json!(node_pool));
    if zone_total(map) != Some(count) {
        members.remove("azs");
    }
    Ok(Entry {
        flavor,
        node_pool,
        count,
        members,
    })
}

impl Entry {
    /// The zones asked for that have fewer of the nodes than asked for, and how many are missing.
    #[must_use]
    pub fn missing_zones(&self, nodes: &[Node]) -> Vec<(String, u64)> {
        let here = |zone: &str| {
            let nodes = nodes.iter().filter(|node| node.state.counts() && node.zone == zone);
            nodes
                .filter(|node| node.flavor == self.flavor.name && node.node_pool == self.node_pool)
                .count() as u64
        };
        let zones = self.zones().into_iter();
        zones
            .map(|(zone, share)| (share.saturating_sub(here(&zone)), zone))
            .filter(|(missing, _)| *missing > 0)
            .map(|(missing, zone)| (zone, missing))
            .collect()
    }

    /// The zones asked for and how many nodes in each; empty if the service may choose.
    #[must_use]
    pub fn zones(&self) -> Vec<(String, u64)> {
        let list = self.members.get("azs").and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(|item| Some((item["az"].as_str()?.to_owned(), item["count"].as_u64()?)))
            .collect()
    }

    /// Whether both are about the same nodes.
    #[must_use]
    pub fn same_nodes(&self, other: &Self) -> bool {
        self.flavor.name == other.flavor.name
            && self.node_pool == other.node_pool
            && self.members.get("creatingStep") == other.members.get("creatingStep")
    }
}

/// Clients fill in what they have nothing to say about; it must not count as a difference.
fn empty(value: &Value) -> bool {
    match value {
        Value::Object(map) => map.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::String(text) => text.is_empty(),
        Value::Null => true,
        Value::Bool(_) | Value::Number(_) => false,
    }
}

fn zone_total(map: &Map<String, Value>) -> Option<u64> {
    let zones = map.get("azs")?.as_array()?;
    zones.iter().map(|zone| zone["count"].as_u64()).sum()
}

fn check_zones(map: &Map<String, Value>, count: u64, purpose: Purpose) -> Result<(), Refusal> {
    let Some(zones) = map.get("azs") else {
        return Ok(());
    };
    let good = zones.as_array().is_some_and(|zones| {
        zones
            .iter()
            .all(|zone| zone["az"].is_string() && zone["count"].as_u64().is_some())
    });
    if !good {
        return Err(Refusal::bad_request(
            "spec.resources[].azs must be a list of az and count.",
        ));
    }
    if purpose == Purpose::Create && zone_total(map).is_some_and(|total| total > count) {
        return Err(Refusal::bad_request("spec.resources[].azs hold more nodes than count."));
    }
    Ok(())
}

fn check_step(map: &Map<String, Value>, count: u64) -> Result<(), Refusal> {
    let step = map.get("creatingStep").and_then(|step| step["step"].as_u64());
    match step {
        Some(step) if step == 0 || !count.is_multiple_of(step) => Err(Refusal::bad_request(format!(
            "spec.resources[].count must be a multiple of the step {step}."
        ))),
        _ => Ok(()),
    }
}

fn node_pool(map: &Map<String, Value>, flavor: &str) -> Result<String, Refusal> {
    let default = format!("{flavor}-default");
    let Some(name) = text(map, "nodePool")?.filter(|name| !name.is_empty()) else {
        return Ok(default);
    };
    let bad = name.len() > 50
        || !name.starts_with(|c: char| c.is_ascii_lowercase())
        || name.ends_with('-')
        || name.ends_with("-default");
    if bad && name != default {
        return Err(Refusal::bad_request(format!(
            "The node pool name {name:?} is not valid."
        )));
    }
    Ok(name.to_owned())
}

fn whole(map: &Map<String, Value>, key: &str) -> Result<Option<u64>, Refusal> {
    match map.get(key) {
        None => Ok(None),
        Some(value) => value
            .as_u64()
            .map(Some)
            .ok_or_else(|| Refusal::bad_request(format!("spec.resources[].{key} must be a whole number."))),
    }
}
