//! What is wanted: a parsed spec, or all that is wrong with it at once.
//!
//! The API server has checked most of this already. It is checked again because an object may be
//! older than a rule, and because deriving a request from an unchecked spec could buy the wrong thing.

use std::collections::BTreeSet;

use modelarts_crd::ModelArtsPool;
use modelarts_crd::pool::{ModelArtsPoolSpec, UpdateStrategy};
use modelarts_crd::resource::ResourceEntry;
use modelarts_types::keys;
use modelarts_types::pool::{AzCount, Driver, Metadata, NetworkRef, Pool, PoolResource, PoolSpec};
use serde_json::{Map, Value, json};

use crate::identity::{ClusterId, Marker, derived_name, fingerprint_of};

/// Longest description that leaves room for the marker.
const DESCRIPTION: usize = 47;
/// Most nodes in an entry.
const NODES: i32 = 2000;

/// A spec that can be turned into a pool.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredPool {
    /// The pool's name in the cloud.
    pub pool_name: String,
    /// The workspace.
    pub workspace: String,
    /// The pool, with its marker. An entry whose size is not set has no count.
    pub pool: Pool,
    /// The network.
    pub network: WantedNetwork,
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
        let problems = problems(spec);
        if !problems.is_empty() {
            return Err(problems);
        }
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
                network: spec.network.as_ref().map(|network| NetworkRef {
                    name: Some(network.name.clone()),
                    ..NetworkRef::default()
                }),
                job_flavors: (!spec.job_flavors.is_empty()).then(|| spec.job_flavors.clone()),
                driver: spec.driver.as_ref().map(driver),
                ..PoolSpec::default()
            },
            ..Pool::default()
        };
        let hash = hash(&pool, object);
        let network = match &spec.network_ref {
            Some(reference) => WantedNetwork::Ref(reference.name.clone()),
            None => WantedNetwork::Id(String::new()),
        };
        Ok(Self {
            pool_name,
            network,
            workspace: spec.workspace().to_owned(),
            pool,
            sized,
            sized_by_nodes: spec.nodes.is_some(),
            nodes,
            hash,
        })
    }
}

/// The network.
#[derive(Clone, Debug, PartialEq)]
pub enum WantedNetwork {
    /// By ID.
    Id(String),
    /// By reference.
    Ref(String),
}

impl DesiredPool {
    /// What to create.
    pub fn creation(&self) -> Pool {
        self.pool.clone()
    }
}

fn hash(pool: &Pool, object: &ModelArtsPool) -> String {
    let requested = object
        .metadata
        .annotations
        .as_ref()
        .and_then(|all| all.get(modelarts_crd::REQUESTED_AT));
    fingerprint_of(json!([pool, requested]).to_string().as_bytes())
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
    metadata.annotations.set(keys::BILLING_MODE, "0");
    metadata
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

fn problems(spec: &ModelArtsPoolSpec) -> Vec<String> {
    let mut problems = Vec::new();
    if spec.scope.is_empty() {
        problems.push("spec.scope: at least one of Train, Infer, Notebook is needed".to_owned());
    }
    if let Some(name) = &spec.pool_name
        && !is_pool_name(name)
    {
        problems.push(format!("spec.poolName: {name:?} must be 4 to 25 lowercase letters, digits and hyphens, begin with a letter and not end with a hyphen"));
    }
    if let Some(text) = &spec.description
        && (text.chars().count() > DESCRIPTION || text.contains(|c| r#"!<>=&"'[]"#.contains(c)))
    {
        problems.push(format!(
            "spec.description: at most {DESCRIPTION} characters, none of ! < > = & \" ' [ ]"
        ));
    }
    if spec.resources.is_empty() || spec.resources.len() > 10 {
        problems.push("spec.resources: 1 to 10 entries are needed".to_owned());
    }
    if spec.nodes.is_some() && (spec.resources.len() != 1 || spec.resources[0].count.is_some()) {
        problems.push("spec.nodes: only for exactly one entry in spec.resources, without a count".to_owned());
    }
    let mut seen = BTreeSet::new();
    for (index, entry) in spec.resources.iter().enumerate() {
        if !seen.insert((&entry.flavor, entry.node_pool.as_deref().unwrap_or_default())) {
            problems.push(format!(
                "spec.resources[{index}]: the same flavor and nodePool as an entry before it"
            ));
        }
        if entry.count.is_none() && spec.resources.len() > 1 {
            problems.push(format!(
                "spec.resources[{index}].count: needed when there is more than one entry"
            ));
        }
        problems.extend(size_problems(index, entry, spec.nodes));
    }
    problems
}

fn size_problems(index: usize, entry: &ResourceEntry, nodes: Option<i32>) -> Vec<String> {
    let mut problems = Vec::new();
    let Some(count) = entry.count.or(nodes) else {
        return problems;
    };
    if !(1..=NODES).contains(&count) {
        problems.push(format!(
            "spec.resources[{index}].count: {count} is not between 1 and {NODES}"
        ));
    }
    if let Some(step) = &entry.creating_step
        && (step.step < 1 || count % step.step != 0)
    {
        problems.push(format!(
            "spec.resources[{index}].count: {count} is no multiple of creatingStep.step {}",
            step.step
        ));
    }
    if !entry.azs.is_empty() {
        let spread: i64 = entry.azs.iter().map(|az| i64::from(az.count)).sum();
        if spread != i64::from(count) {
            problems.push(format!(
                "spec.resources[{index}].azs: the zones have {spread} nodes, the entry has {count}"
            ));
        }
    }
    problems
}

fn is_pool_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (4..=25).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(inner)
}
