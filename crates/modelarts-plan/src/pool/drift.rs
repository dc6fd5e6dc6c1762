//! Where the cloud differs from the spec, by field. `change` builds on the same comparisons, so that
//! nothing is told that is not acted on, and nothing is sent that is not told.
//!
//! Only what the spec sets is compared: the service fills in node pools, zones and counters of its
//! own. Entries are matched by flavor and node pool, scopes and job flavors are sets, so an order
//! means nothing. What an answer leaves out of the fixed fields is not known, and no difference.

use std::collections::BTreeSet;

use modelarts_crd::policy::PoolField;
use modelarts_types::keys;
use modelarts_types::pool::{AzCount, Pool, PoolResource};
use serde_json::{Map, Value};

use crate::identity::without_marker;
use crate::pool::desired::{DesiredPool, WantedNetwork};
use crate::pool::written;

/// The fields of the spec that the cloud does not have as written: those that can never be changed
/// first, then the others in the order of the spec. Fields that the spec ignores are left out.
#[must_use]
pub fn differences(desired: &DesiredPool, observed: &Pool) -> Vec<String> {
    let mut fields: Vec<String> = fixed(desired, observed)
        .into_iter()
        .map(|fixed| fixed.field.to_owned())
        .collect();
    if description(desired, observed) {
        fields.push("description".to_owned());
    }
    if scope(desired, observed) {
        fields.push("scope".to_owned());
    }
    fields.extend(resources(desired, observed));
    if job_flavors(desired, observed) {
        fields.push("jobFlavors".to_owned());
    }
    fields.extend(driver(desired, observed).into_iter().map(|key| format!("driver.{key}")));
    fields
}

/// A difference that no request can mend.
pub(crate) struct Fixed {
    /// The field, as the user writes it.
    pub field: &'static str,
    /// What the spec says.
    pub wanted: String,
    /// What the pool has.
    pub there: String,
}

/// What differs and cannot be changed: possible for pools that were made by others.
pub(crate) fn fixed(desired: &DesiredPool, observed: &Pool) -> Vec<Fixed> {
    let (want, have) = (&desired.pool, observed);
    let label = |pool: &'_ Pool, key: &str| pool.metadata.labels.get(key).map(str::to_owned);
    let billing = |pool: &Pool| pool.metadata.annotations.get(keys::BILLING_MODE).map(billing_word);
    let network = |pool: &Pool| pool.spec.network.as_ref().and_then(|network| network.name.clone());
    let network_field = match desired.network {
        WantedNetwork::Id(_) => "network",
        WantedNetwork::Ref(_) => "networkRef",
    };
    let name = desired.name_given.then(|| desired.pool_name.clone());
    let table = [
        ("poolName", name, label(have, keys::NAME)),
        ("billing.mode", billing(want), billing(have)),
        (
            "nodePrefix",
            label(want, keys::NODE_PREFIX),
            label(have, keys::NODE_PREFIX),
        ),
        ("type", want.spec.type_.clone(), have.spec.type_.clone()),
        (network_field, network(want), network(have)),
    ];
    table
        .into_iter()
        .filter_map(|(field, wanted, there)| {
            let (wanted, there) = (wanted?, there?);
            (wanted != there).then_some(Fixed { field, wanted, there })
        })
        .collect()
}

fn billing_word(mode: &str) -> String {
    match mode {
        "" | "0" => "PayPerUse",
        "1" => "Subscription",
        other => other,
    }
    .to_owned()
}

/// Whether the text beside the marker differs. Absent in the spec means empty.
pub(crate) fn description(desired: &DesiredPool, observed: &Pool) -> bool {
    let text = |pool: &Pool| without_marker(pool.description()).trim().to_owned();
    !desired.ignores(PoolField::Description) && text(&desired.pool) != text(observed)
}

/// Whether the job types differ.
pub(crate) fn scope(desired: &DesiredPool, observed: &Pool) -> bool {
    !desired.ignores(PoolField::Scope) && set(desired.pool.spec.scopes()) != set(observed.spec.scopes())
}

/// Whether the flavors of jobs differ.
pub(crate) fn job_flavors(desired: &DesiredPool, observed: &Pool) -> bool {
    match &desired.pool.spec.job_flavors {
        Some(wanted) if !desired.ignores(PoolField::JobFlavors) => {
            set(wanted) != set(observed.spec.job_flavors.as_deref().unwrap_or_default())
        }
        _ => false,
    }
}

fn set(words: &[String]) -> BTreeSet<&str> {
    words.iter().map(String::as_str).collect()
}

/// The driver versions that differ. A strategy alone is no difference: it says how, not what.
pub(crate) fn driver(desired: &DesiredPool, observed: &Pool) -> Vec<&'static str> {
    let Some(wanted) = &desired.pool.spec.driver else {
        return Vec::new();
    };
    if desired.ignores(PoolField::Driver) {
        return Vec::new();
    }
    let there = observed.spec.driver.clone().unwrap_or_default();
    let versions = [
        ("gpuVersion", &wanted.gpu_version, &there.gpu_version),
        ("npuVersion", &wanted.npu_version, &there.npu_version),
    ];
    versions
        .into_iter()
        .filter(|(_, wanted, there)| wanted.is_some() && wanted != there)
        .map(|(key, _, _)| key)
        .collect()
}

/// An entry of the spec and the entry of the cloud that it is about.
#[derive(Clone, Copy)]
pub(crate) enum Pair<'a> {
    /// In both.
    Both(&'a PoolResource, &'a PoolResource),
    /// Only in the spec.
    Added(&'a PoolResource),
    /// Only in the cloud.
    Gone(&'a PoolResource),
}

/// The entries, in the order of the spec; those that are only in the cloud come last.
pub(crate) fn pairs<'a>(desired: &'a DesiredPool, observed: &'a Pool) -> Vec<Pair<'a>> {
    let (wanted, observed) = (desired.pool.spec.resources(), observed.spec.resources());
    let kept = wanted.iter().map(|entry| {
        let there = observed.iter().find(|there| same_entry(entry, there));
        there.map_or(Pair::Added(entry), |there| Pair::Both(entry, there))
    });
    let gone = observed
        .iter()
        .filter(|there| !wanted.iter().any(|entry| same_entry(entry, there)));
    kept.chain(gone.map(Pair::Gone)).collect()
}

/// The differences of `resources`, as the user writes the fields.
pub(crate) fn resources(desired: &DesiredPool, observed: &Pool) -> Vec<String> {
    let mut fields = Vec::new();
    for pair in pairs(desired, observed) {
        match pair {
            Pair::Both(wanted, there) => fields.extend(
                entry_fields(desired, wanted, there)
                    .into_iter()
                    .map(|field| field_name(desired, wanted, field)),
            ),
            Pair::Added(entry) | Pair::Gone(entry) => fields.push(format!("resources[{}]", entry_name(entry))),
        }
    }
    fields
}

/// A field of an entry, as the user wrote it.
pub(crate) fn field_name(desired: &DesiredPool, entry: &PoolResource, field: &str) -> String {
    if field == "count" && desired.sized_by_nodes {
        return "nodes".to_owned();
    }
    format!("resources[{}].{field}", entry_name(entry))
}

/// How an entry is called in messages: by its flavor, and its node pool unless that is the default.
pub(crate) fn entry_name(entry: &PoolResource) -> String {
    let flavor = entry.flavor.as_deref().unwrap_or_default();
    match &entry.node_pool {
        Some(node_pool) if !node_pool.is_empty() && *node_pool != default_node_pool(flavor) => {
            format!("{flavor}/{node_pool}")
        }
        _ => flavor.to_owned(),
    }
}

/// The name that the service gives the node pool of an entry without one.
fn default_node_pool(flavor: &str) -> String {
    format!("{flavor}-default")
}

/// Whether both are about the same nodes.
pub(crate) fn same_entry(a: &PoolResource, b: &PoolResource) -> bool {
    fn node_pool(entry: &PoolResource) -> String {
        let flavor = entry.flavor.as_deref().unwrap_or_default();
        entry
            .node_pool
            .clone()
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| default_node_pool(flavor))
    }
    a.flavor == b.flavor && node_pool(a) == node_pool(b)
}

/// The members of an entry that differ, by their names.
pub(crate) fn entry_fields(desired: &DesiredPool, wanted: &PoolResource, there: &PoolResource) -> Vec<&'static str> {
    let (entry, observed) = (wanted, there);
    let mut fields = Vec::new();
    if managed_count(desired, wanted).is_some_and(|count| there.count != Some(count)) {
        fields.push("count");
    }
    if let Some(azs) = managed_azs(desired, wanted, there) {
        let spread = |azs: &[AzCount]| azs.iter().map(|az| (az.az.clone(), az.count)).collect::<BTreeSet<_>>();
        if spread(azs) != spread(there.azs.as_deref().unwrap_or_default()) {
            fields.push("azs");
        }
    }
    let members: [(PoolField, &'static str, &Members, &Members); 5] = [
        (
            PoolField::ExtendParams,
            "extendParams",
            &wanted.extend_params,
            &there.extend_params,
        ),
        (PoolField::Os, "os", &wanted.os, &there.os),
        (PoolField::EntryDriver, "driver", &wanted.driver, &there.driver),
        (
            PoolField::RootVolume,
            "rootVolume",
            &wanted.root_volume,
            &there.root_volume,
        ),
        (PoolField::Labels, "labels", &wanted.labels, &there.labels),
    ];
    for (field, name, wanted, there) in members {
        let stale = || !written::stale(desired, entry, observed, name).is_empty();
        if !desired.ignores(field) && (!has(there, wanted) || stale()) {
            fields.push(name);
        }
    }
    if let Some(volumes) = &wanted.data_volumes
        && !desired.ignores(PoolField::DataVolumes)
        && !covers_all(there.data_volumes.as_deref().unwrap_or_default(), volumes)
    {
        fields.push("dataVolumes");
    }
    if !has(&there.creating_step, &wanted.creating_step) {
        fields.push("creatingStep");
    }
    fields
}

/// How many nodes an entry should have; nothing if that is not ours to say.
pub(crate) fn managed_count(desired: &DesiredPool, wanted: &PoolResource) -> Option<i64> {
    wanted.count.filter(|_| !desired.ignores(PoolField::Count))
}

/// The zones that an entry's nodes should be in. They only mean something beside the count they add
/// up to, so they are no one's business while another count is in force.
pub(crate) fn managed_azs<'a>(
    desired: &DesiredPool,
    wanted: &'a PoolResource,
    there: &PoolResource,
) -> Option<&'a [AzCount]> {
    let azs = wanted.azs.as_deref().filter(|_| !desired.ignores(PoolField::Azs))?;
    let count = managed_count(desired, wanted).or(there.count)?;
    let total: i64 = azs.iter().filter_map(|az| az.count).sum();
    (total == count).then_some(azs)
}

/// A free-form part of an entry.
type Members = Option<Map<String, Value>>;

/// Whether every member that is wanted is there with that value.
fn has(there: &Members, wanted: &Members) -> bool {
    let none = Map::new();
    wanted
        .as_ref()
        .is_none_or(|wanted| covers_members(there.as_ref().unwrap_or(&none), wanted))
}

/// Whether `there` has everything that `wanted` names; more members are no difference.
fn covers(there: &Value, wanted: &Value) -> bool {
    match (there, wanted) {
        (Value::Object(there), Value::Object(wanted)) => covers_members(there, wanted),
        (Value::Array(there), Value::Array(wanted)) => covers_all(there, wanted),
        _ => there == wanted,
    }
}

fn covers_members(there: &Map<String, Value>, wanted: &Map<String, Value>) -> bool {
    wanted
        .iter()
        .all(|(key, value)| there.get(key).is_some_and(|there| covers(there, value)))
}

fn covers_all(there: &[Value], wanted: &[Value]) -> bool {
    there.len() == wanted.len() && there.iter().zip(wanted).all(|(there, wanted)| covers(there, wanted))
}

#[cfg(test)]
mod tests;
