//! What is wanted: a parsed spec, or all that is wrong with it at once.
//!
//! The API server has checked most of this already. It is checked again because an object may be
//! older than a rule, and because deriving a request from an unchecked spec could buy the wrong thing.

mod problems;

use modelarts_crd::ModelArtsPool;
use modelarts_crd::policy::{Billing, PeriodType, PoolField};
use modelarts_crd::pool::{ModelArtsPoolSpec, UpdateStrategy};
use modelarts_crd::resource::ResourceEntry;
use modelarts_types::keys;
use modelarts_types::pool::{AzCount, Driver, Metadata, NetworkRef, Pool, PoolResource, PoolSpec};
use serde_json::{Map, Value, json};

use crate::identity::{ClusterId, Marker, derived_name, fingerprint_of};
use crate::pool::change::portion::{Growth, MOST_ADDED, created, spread, unit_of};

/// The network that the pool should be in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WantedNetwork {
    /// By its ID.
    Id(String),
    /// As the `ModelArtsNetwork` of this name beside the object.
    Ref(String),
}

/// A spec that can be turned into a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredPool {
    /// The pool's name in the cloud.
    pub pool_name: String,
    /// Whether the name is the user's, and not derived.
    pub name_given: bool,
    /// The workspace.
    pub workspace: String,
    /// The pool, with its marker. An entry whose size is not set has no count. The network is absent
    /// while it is only known by reference.
    pub pool: Pool,
    /// The network.
    pub network: WantedNetwork,
    /// Fields that others own once the pool is there.
    pub ignore: Vec<PoolField>,
    /// Keys of maps that an earlier spec wrote, as they stand on record.
    pub formerly: Vec<String>,
    /// Whether every entry has a size.
    pub sized: bool,
    /// Whether the size is that of `spec.nodes`.
    pub sized_by_nodes: bool,
    /// Nodes asked for, where the size is set.
    pub nodes: Option<i64>,
    /// Fingerprint of what is asked for, and of the last request for a pass: a new one is a new try.
    pub hash: String,
}

impl DesiredPool {
    /// Parses the spec of an object.
    ///
    /// # Errors
    /// Every problem, each naming its field.
    pub fn parse(object: &ModelArtsPool, cluster: &ClusterId) -> Result<Self, Vec<String>> {
        let spec = &object.spec;
        let problems = problems::problems(spec);
        let (true, Some(network)) = (problems.is_empty(), network(spec)) else {
            return Err(problems);
        };
        let uid = object.metadata.uid.as_deref().unwrap_or_default();
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let pool_name = spec
            .pool_name
            .clone()
            .unwrap_or_else(|| derived_name(name, uid, cluster));
        let resources: Vec<PoolResource> = spec.resources.iter().map(|entry| resource(entry, spec.nodes)).collect();
        let sized = resources.iter().all(|resource| resource.count.is_some());
        let nodes = sized.then(|| resources.iter().filter_map(|resource| resource.count).sum());
        let pool = Pool {
            api_version: Some("v2".into()),
            kind: Some("Pool".into()),
            metadata: metadata(spec, &pool_name, &Marker::of(uid, cluster)),
            spec: PoolSpec {
                type_: Some("Dedicate".into()),
                scope: Some(spec.scope.iter().map(|scope| scope.as_str().to_owned()).collect()),
                resources: Some(resources),
                network: spec.network.as_ref().map(|network| network_of(&network.name)),
                job_flavors: (!spec.job_flavors.is_empty()).then(|| spec.job_flavors.clone()),
                driver: spec.driver.as_ref().map(driver),
                ..PoolSpec::default()
            },
            ..Pool::default()
        };
        let hash = hash(&pool, &network, object);
        Ok(Self {
            pool_name,
            name_given: spec.pool_name.is_some(),
            workspace: spec.workspace().to_owned(),
            pool,
            network,
            ignore: spec
                .drift
                .as_ref()
                .map(|drift| drift.ignore.clone())
                .unwrap_or_default(),
            formerly: object
                .status
                .as_ref()
                .map(|status| status.written_keys.clone())
                .unwrap_or_default(),
            sized,
            sized_by_nodes: spec.nodes.is_some(),
            nodes,
            hash,
        })
    }

    /// Whether others own the field.
    #[must_use]
    pub fn ignores(&self, field: PoolField) -> bool {
        self.ignore.contains(&field)
    }

    /// The same with the ID of the network that was only known by reference. The hash stays.
    #[must_use]
    pub fn in_network(mut self, id: &str) -> Self {
        self.pool.spec.network = Some(network_of(id));
        self
    }

    /// The pool to create with: a larger one is begun with the nodes that one request should ask for,
    /// and grows afterwards.
    #[must_use]
    pub fn creation(&self) -> Pool {
        let mut pool = self.pool.clone();
        let entries = pool.spec.resources.as_deref_mut().unwrap_or_default();
        let growth: Vec<Growth> = entries
            .iter()
            .map(|entry| Growth {
                count: 0,
                goal: entry.count.unwrap_or_default(),
                unit: unit_of(entry),
            })
            .collect();
        if growth.iter().map(|entry| entry.goal).sum::<i64>() <= MOST_ADDED {
            return pool;
        }
        for (entry, count) in entries.iter_mut().zip(created(&growth)) {
            if entry.count.is_some() {
                entry.azs = entry.azs.as_ref().map(|azs| spread(azs, count, unit_of(entry)));
                entry.count = Some(count);
            }
        }
        pool
    }
}

fn network(spec: &ModelArtsPoolSpec) -> Option<WantedNetwork> {
    match (&spec.network, &spec.network_ref) {
        (Some(network), _) => Some(WantedNetwork::Id(network.name.clone())),
        (None, Some(network)) => Some(WantedNetwork::Ref(network.name.clone())),
        (None, None) => None,
    }
}

fn network_of(id: &str) -> NetworkRef {
    NetworkRef {
        name: Some(id.to_owned()),
        ..NetworkRef::default()
    }
}

/// What is bought, and nothing of how the object is handled.
fn hash(pool: &Pool, network: &WantedNetwork, object: &ModelArtsPool) -> String {
    let requested = object
        .metadata
        .annotations
        .as_ref()
        .and_then(|all| all.get(modelarts_crd::REQUESTED_AT));
    let asked = match network {
        WantedNetwork::Id(_) => json!([pool, requested]),
        WantedNetwork::Ref(name) => json!([pool, requested, name]),
    };
    fingerprint_of(asked.to_string().as_bytes())
}

fn metadata(spec: &ModelArtsPoolSpec, pool_name: &str, marker: &Marker) -> Metadata {
    let mut metadata = Metadata::default();
    metadata.labels.set(keys::NAME, pool_name);
    metadata.labels.set(keys::WORKSPACE_ID, spec.workspace());
    if let Some(prefix) = &spec.node_prefix {
        metadata.labels.set(keys::NODE_PREFIX, prefix.clone());
    }
    let text = spec.description.as_deref().unwrap_or_default();
    metadata.annotations.set(keys::DESCRIPTION, marker.append_to(text));
    match &spec.billing {
        Some(billing) if billing.is_subscription() => subscribe(&mut metadata, billing),
        _ => metadata.annotations.set(keys::BILLING_MODE, "0"),
    }
    metadata
}

/// The term that is bought. Paying without a person is only asked for where the user did.
fn subscribe(metadata: &mut Metadata, billing: &Billing) {
    let Billing {
        mode: _,
        period_type,
        period_num,
        auto_renew,
        auto_pay,
    } = billing;
    let annotations = &mut metadata.annotations;
    annotations.set(keys::BILLING_MODE, "1");
    if let Some(unit) = period_type {
        let word = match unit {
            PeriodType::Month => "2",
            PeriodType::Year => "3",
        };
        annotations.set(keys::PERIOD_TYPE, word);
    }
    if let Some(periods) = period_num {
        annotations.set(keys::PERIOD_NUM, periods.to_string());
    }
    if *auto_renew == Some(true) {
        annotations.set(keys::AUTO_RENEW, "1");
    }
    if *auto_pay == Some(true) {
        annotations.set(keys::AUTO_PAY, "1");
    }
}

fn driver(driver: &modelarts_crd::pool::PoolDriver) -> Driver {
    let modelarts_crd::pool::PoolDriver {
        gpu_version,
        npu_version,
        update_strategy,
    } = driver;
    Driver {
        gpu_version: gpu_version.clone(),
        npu_version: npu_version.clone(),
        update_strategy: update_strategy.map(|strategy| {
            match strategy {
                UpdateStrategy::Idle => "idle",
                UpdateStrategy::Force => "force",
            }
            .to_owned()
        }),
        ..Driver::default()
    }
}

/// Destructured without `..`, so that a new field of the CRD cannot be forgotten here.
fn resource(entry: &ResourceEntry, nodes: Option<i32>) -> PoolResource {
    let ResourceEntry {
        flavor,
        count,
        node_pool,
        azs,
        extend_params,
        os,
        driver,
        creating_step,
        root_volume,
        data_volumes,
        labels,
    } = entry;
    PoolResource {
        flavor: Some(flavor.clone()),
        count: count.or(nodes).map(i64::from),
        node_pool: node_pool.clone(),
        azs: (!azs.is_empty()).then(|| {
            azs.iter()
                .map(|az| AzCount {
                    az: Some(az.az.clone()),
                    count: Some(i64::from(az.count)),
                    ..AzCount::default()
                })
                .collect()
        }),
        extend_params: object_of(extend_params),
        os: os.as_ref().and_then(object_of),
        driver: driver.as_ref().and_then(object_of),
        creating_step: creating_step.as_ref().and_then(object_of),
        root_volume: root_volume.as_ref().and_then(object_of),
        data_volumes: (!data_volumes.is_empty()).then(|| data_volumes.iter().map(|volume| json!(volume)).collect()),
        labels: object_of(labels),
        ..PoolResource::default()
    }
}

/// The members of a value, if it has any.
fn object_of(value: &impl serde::Serialize) -> Option<Map<String, Value>> {
    match serde_json::to_value(value) {
        Ok(Value::Object(members)) if !members.is_empty() => Some(members),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
