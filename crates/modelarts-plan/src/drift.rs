//! Where the cloud differs from the spec, by field.
//!
//! Only what the spec sets is compared: the service fills in node pools, zones and counters of its
//! own. Entries are matched by flavor and node pool, scopes as a set, so an order means nothing.

use std::collections::BTreeSet;

use modelarts_types::pool::{Pool, PoolResource};
use serde_json::{Map, Value};

use crate::desired::DesiredPool;
use crate::identity::without_marker;

/// The fields of the spec that the cloud does not have as written, in the order of the spec.
#[must_use]
pub fn differences(desired: &DesiredPool, observed: &Pool) -> Vec<String> {
    let wanted = &desired.pool;
    let mut fields = Vec::new();
    if without_marker(wanted.description()).trim() != without_marker(observed.description()).trim() {
        fields.push("description".to_owned());
    }
    let set = |scopes: &[String]| scopes.iter().cloned().collect::<BTreeSet<_>>();
    if set(wanted.spec.scopes()) != set(observed.spec.scopes()) {
        fields.push("scope".to_owned());
    }
    let sizes = resource_differences(wanted.spec.resources(), observed.spec.resources());
    // Named as the user wrote it.
    let by_nodes = |field: String| {
        if desired.sized_by_nodes && field.ends_with("].count") {
            "nodes".to_owned()
        } else {
            field
        }
    };
    fields.extend(sizes.into_iter().map(by_nodes));
    if let Some(flavors) = &wanted.spec.job_flavors
        && observed.spec.job_flavors.as_ref() != Some(flavors)
    {
        fields.push("jobFlavors".to_owned());
    }
    fields.extend(driver_differences(wanted, observed));
    fields
}

fn driver_differences(wanted: &Pool, observed: &Pool) -> Vec<String> {
    let Some(driver) = &wanted.spec.driver else {
        return Vec::new();
    };
    let there = observed.spec.driver.clone().unwrap_or_default();
    let mut fields = Vec::new();
    if driver.gpu_version.is_some() && driver.gpu_version != there.gpu_version {
        fields.push("driver.gpuVersion".to_owned());
    }
    if driver.npu_version.is_some() && driver.npu_version != there.npu_version {
        fields.push("driver.npuVersion".to_owned());
    }
    fields
}

fn resource_differences(wanted: &[PoolResource], observed: &[PoolResource]) -> Vec<String> {
    let mut fields = Vec::new();
    for entry in wanted {
        let name = entry_name(entry);
        match observed.iter().find(|there| same_entry(entry, there)) {
            None => fields.push(format!("resources[{name}]")),
            Some(there) => fields.extend(
                entry_differences(entry, there)
                    .into_iter()
                    .map(|field| format!("resources[{name}].{field}")),
            ),
        }
    }
    for there in observed {
        if !wanted.iter().any(|entry| same_entry(entry, there)) {
            fields.push(format!("resources[{}]", entry_name(there)));
        }
    }
    fields
}

fn entry_name(entry: &PoolResource) -> String {
    let flavor = entry.flavor.as_deref().unwrap_or_default();
    match &entry.node_pool {
        Some(node_pool) if *node_pool != default_node_pool(flavor) => format!("{flavor}/{node_pool}"),
        _ => flavor.to_owned(),
    }
}

/// The name that the service gives the node pool of an entry without one.
fn default_node_pool(flavor: &str) -> String {
    format!("{flavor}-default")
}

fn same_entry(a: &PoolResource, b: &PoolResource) -> bool {
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

fn entry_differences(wanted: &PoolResource, there: &PoolResource) -> Vec<&'static str> {
    let mut fields = Vec::new();
    if wanted.count.is_some() && wanted.count != there.count {
        fields.push("count");
    }
    if let Some(azs) = &wanted.azs {
        let spread = |azs: &[modelarts_types::pool::AzCount]| {
            azs.iter().map(|az| (az.az.clone(), az.count)).collect::<BTreeSet<_>>()
        };
        if spread(azs) != spread(there.azs.as_deref().unwrap_or_default()) {
            fields.push("azs");
        }
    }
    let members: [(&'static str, &Members, &Members); 5] = [
        ("extendParams", &wanted.extend_params, &there.extend_params),
        ("os", &wanted.os, &there.os),
        ("driver", &wanted.driver, &there.driver),
        ("rootVolume", &wanted.root_volume, &there.root_volume),
        ("labels", &wanted.labels, &there.labels),
    ];
    for (name, wanted, there) in members {
        if !contains(there, wanted) {
            fields.push(name);
        }
    }
    if let Some(volumes) = &wanted.data_volumes
        && there.data_volumes.as_ref().map(Vec::len) != Some(volumes.len())
    {
        fields.push("dataVolumes");
    }
    fields
}

/// A free-form part of an entry.
type Members = Option<Map<String, Value>>;

/// Whether every member that is wanted is there with that value.
fn contains(there: &Members, wanted: &Members) -> bool {
    let Some(wanted) = wanted else { return true };
    let there = there.as_ref();
    wanted
        .iter()
        .all(|(key, value)| there.and_then(|there| there.get(key)) == Some(value))
}

#[cfg(test)]
mod tests {
    use modelarts_crd::ModelArtsPool;
    use serde_json::json;

    use super::*;
    use crate::identity::ClusterId;

    fn desired(size: &str) -> DesiredPool {
        let mut spec = json!({"scope": ["Train"], "network": {"name": "net-1"}, "resources": [{"flavor": "f"}]});
        match size {
            "nodes" => spec["nodes"] = json!(3),
            _ => spec["resources"][0]["count"] = json!(3),
        }
        let object: ModelArtsPool = serde_json::from_value(json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
            "metadata": {"name": "train", "uid": "u"}, "spec": spec,
        }))
        .unwrap();
        DesiredPool::parse(&object, &ClusterId("c".into())).unwrap()
    }

    #[test]
    fn a_size_is_named_as_the_user_wrote_it() {
        for (size, field) in [("nodes", "nodes"), ("count", "resources[f].count")] {
            let desired = desired(size);
            let mut observed = desired.pool.clone();
            assert_eq!(differences(&desired, &observed), [""; 0], "{size}");
            if let Some(entry) = observed.spec.resources.as_mut().and_then(|all| all.first_mut()) {
                entry.count = Some(2);
            }
            assert_eq!(differences(&desired, &observed), [field]);
        }
    }
}
