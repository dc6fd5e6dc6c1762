//! Keys of maps that the spec wrote.
//!
//! The service fills in keys of its own, so what the spec does not name stays in the cloud, unless it
//! is on record that an earlier spec of the same object put it there.

use modelarts_crd::policy::PoolField;
use modelarts_types::pool::PoolResource;
use serde_json::{Map, Value};

use crate::pool::desired::DesiredPool;
use crate::pool::drift::entry_name;

/// The maps of an entry whose keys are the user's words.
pub(crate) const MAPS: [(&str, PoolField); 2] =
    [("extendParams", PoolField::ExtendParams), ("labels", PoolField::Labels)];

/// A map of an entry.
fn map<'a>(entry: &'a PoolResource, field: &str) -> Option<&'a Map<String, Value>> {
    match field {
        "extendParams" => entry.extend_params.as_ref(),
        "labels" => entry.labels.as_ref(),
        _ => None,
    }
}

fn name(entry: &PoolResource, field: &str, key: &str) -> String {
    format!("{} {field} {key}", entry_name(entry))
}

/// The keys that the spec writes, as they go on record.
pub(crate) fn keys(desired: &DesiredPool) -> Vec<String> {
    let mut keys = Vec::new();
    for entry in desired.pool.spec.resources() {
        for (field, _) in MAPS {
            let members = map(entry, field).into_iter().flatten();
            keys.extend(members.map(|(key, _)| name(entry, field, key)));
        }
    }
    keys
}

/// The keys of a map that an earlier spec wrote and this one does not name, as far as they are there.
pub(crate) fn stale(desired: &DesiredPool, wanted: &PoolResource, there: &PoolResource, field: &str) -> Vec<String> {
    let is_wanted = |key: &str| map(wanted, field).is_some_and(|wanted| wanted.contains_key(key));
    let there = map(there, field).into_iter().flatten();
    there
        .map(|(key, _)| key)
        .filter(|key| !is_wanted(key) && desired.formerly.contains(&name(wanted, field, key)))
        .cloned()
        .collect()
}
