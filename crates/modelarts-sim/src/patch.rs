//! PatchPool: what a merge patch would change, and whether that is allowed.
//!
//! Clients repeat what they read, so every rule looks at what differs from the present value, not
//! at what is mentioned. `Change::plan` decides and changes nothing; `resize` then carries it out.

use modelarts_types::keys;
use serde_json::{Map, Value};

use crate::{
    creation::scopes,
    entries::{self, Entry, Purpose},
    json::{drop_nulls, merge, section},
    pool::{PoolRecord, phase},
    profile::Profile,
    project::WORKSPACES,
    refusal::Refusal,
    rules,
    stock::Stock,
    subscriptions::control_mode,
};

/// Annotations that say how added nodes are billed, and belong to nothing else.
const BILLING: &[&str] = &[
    keys::BILLING_MODE,
    keys::PERIOD_NUM,
    keys::PERIOD_TYPE,
    keys::AUTO_RENEW,
    keys::AUTO_PAY,
];
/// Annotations that a patch may set.
const ANNOTATIONS: &[&str] = &[keys::DESCRIPTION, keys::SCHEDULER_EXTENSION];
/// Labels that never change.
const FIXED_LABELS: &[&str] = &[keys::NAME, keys::NODE_PREFIX];
/// Members of the spec that never change.
const FIXED_SPEC: &[&str] = &[
    "type",
    "network",
    "clusters",
    "userLogin",
    "containerNetwork",
    "kubernetesSvcIpRange",
    "masters",
    "clusterFlavor",
    "ipv6enable",
    "parent",
];

/// What a patch changes. A member that is `None` stays as it is.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub workspace: Option<String>,
    pub labels: Option<Map<String, Value>>,
    pub annotations: Option<Map<String, Value>>,
    pub billing: Map<String, Value>,
    pub entries: Option<Vec<Entry>>,
    pub scopes: Option<Vec<String>>,
    pub driver: Option<Map<String, Value>>,
    pub job_flavors: Option<Value>,
}

impl Change {
    /// Reads the patch against the pool.
    ///
    /// # Errors
    /// 400 for whatever the pool, as it is now, does not allow.
    pub fn plan(
        pool: &PoolRecord,
        patch: &Map<String, Value>,
        profile: &Profile,
        stock: &Stock,
    ) -> Result<Self, Refusal> {
        let mut change = Self::default();
        let metadata = present(section_or_null(patch, "metadata")?);
        change.plan_labels(pool, &section_or_null(&metadata, "labels")?, profile)?;
        change.plan_annotations(pool, &section_or_null(&metadata, "annotations")?, profile)?;
        change.plan_spec(pool, &section_or_null(patch, "spec")?, profile)?;
        change.check_phase(pool)?;
        change.check_sizes(pool, stock)?;
        change.check_drivers(pool)?;
        change.check_move()?;
        Ok(change)
    }

    fn plan_labels(&mut self, pool: &PoolRecord, patch: &Map<String, Value>, profile: &Profile) -> Result<(), Refusal> {
        rules::texts(&present(patch.clone()))?;
        let mut labels = pool.labels.clone();
        for (key, value) in patch {
            let wanted = value.as_str().unwrap_or_default();
            if key == keys::WORKSPACE_ID {
                if wanted != pool.label(key) && !value.is_null() {
                    self.workspace = Some(workspace(wanted)?);
                }
            } else if FIXED_LABELS.contains(&key.as_str()) {
                refuse_unless(profile.ignore_immutable || wanted == pool.label(key), key)?;
            } else if key == keys::SHARING || (profile.keep_unknown_keys && !of_service(key)) {
                set_or_remove(&mut labels, key, value);
            }
        }
        self.labels = (labels != pool.labels).then_some(labels);
        Ok(())
    }

    fn plan_annotations(
        &mut self,
        pool: &PoolRecord,
        patch: &Map<String, Value>,
        profile: &Profile,
    ) -> Result<(), Refusal> {
        rules::texts(&present(patch.clone()))?;
        rules::description(patch)?;
        let mut annotations = pool.annotations.clone();
        for (key, value) in patch {
            let own = ANNOTATIONS.contains(&key.as_str());
            if BILLING.contains(&key.as_str()) {
                if !value.is_null() && value != "" {
                    self.billing.insert(key.clone(), value.clone());
                }
            } else if own || (profile.keep_unknown_keys && !of_service(key)) {
                set_or_remove(&mut annotations, key, value);
            }
        }
        self.annotations = (annotations != pool.annotations).then_some(annotations);
        Ok(())
    }

    fn plan_spec(&mut self, pool: &PoolRecord, patch: &Map<String, Value>, profile: &Profile) -> Result<(), Refusal> {
        let mut merged = Value::Object(pool.spec.clone());
        merge(&mut merged, &Value::Object(patch.clone()));
        for key in FIXED_SPEC {
            let same = merged.get(key) == pool.spec.get(*key);
            refuse_unless(profile.ignore_immutable || same, key)?;
        }
        if patch.contains_key("scope") {
            let wanted = scopes(patch.get("scope"))?;
            let mut now = scopes(pool.spec.get("scope")).unwrap_or_default();
            let mut then = wanted.clone();
            now.sort();
            then.sort();
            self.scopes = (now != then).then_some(wanted);
        }
        if let Some(list) = patch.get("resources") {
            let mut list = list.clone();
            drop_nulls(&mut list);
            entries::check_shape(Some(&list), Purpose::Patch)?;
            let wanted = entries::resolve(Some(&list))?;
            let same = wanted.len() == pool.entries.len() && wanted.iter().all(|entry| pool.entries.contains(entry));
            self.entries = (!same).then_some(wanted);
        }
        if patch.contains_key("driver") {
            let merged = merged.as_object().cloned().unwrap_or_default();
            let wanted = section(&merged, "driver")?;
            let now = section(&pool.spec, "driver")?;
            self.driver = (wanted != now).then_some(wanted);
        }
        if let Some(flavors) = patch.get("jobFlavors") {
            let same = pool.spec.get("jobFlavors") == Some(flavors);
            self.job_flavors = (!same).then(|| flavors.clone());
        }
        Ok(())
    }

    fn check_phase(&self, pool: &PoolRecord) -> Result<(), Refusal> {
        let needs = self.entries.is_some() || self.scopes.is_some() || self.driver.is_some();
        let stops_all = control_mode::RESTRICTED | control_mode::FROZEN | control_mode::SEIZED;
        let stopped = pool.control_mode & stops_all != 0;
        let no_resize = pool.control_mode & control_mode::NO_RESIZE != 0;
        if (needs && stopped) || (self.entries.is_some() && no_resize) {
            return Err(Refusal::bad_request(format!(
                "The control mode {} of the pool {} does not allow this.",
                pool.control_mode, pool.id
            )));
        }
        if needs && pool.phase != phase::RUNNING {
            return Err(Refusal::bad_request(format!(
                "The pool {} is in phase {:?}; resources, scope and driver can be changed only \
                 while it is Running.",
                pool.id, pool.phase
            )));
        }
        Ok(())
    }

    fn check_sizes(&self, pool: &PoolRecord, stock: &Stock) -> Result<(), Refusal> {
        let steps = self.steps(pool);
        let grows: Vec<_> = steps.iter().filter(|step| step.to > step.from).collect();
        let shrinks: Vec<_> = steps.iter().filter(|step| step.to < step.from).collect();
        if !grows.is_empty() && !shrinks.is_empty() {
            return Err(Refusal::bad_request(
                "Nodes of one flavor cannot be added while nodes of another are removed.",
            ));
        }
        if grows.is_empty() && !self.billing.is_empty() {
            return Err(Refusal::bad_request(
                "Billing annotations must be empty while no resources are added.",
            ));
        }
        grows
            .iter()
            .try_for_each(|step| stock.check(&step.entry, &pool.nodes))?;
        for step in shrinks {
            let paid = pool.nodes.iter().filter(|node| step.holds(node) && node.subscription);
            if paid.count() as u64 > step.to {
                return Err(Refusal::bad_request(
                    "Nodes that are paid by the month or year cannot be removed by lowering count.",
                ));
            }
        }
        Ok(())
    }

    fn check_drivers(&self, pool: &PoolRecord) -> Result<(), Refusal> {
        use crate::catalogue::Accelerator as A;
        let Some(driver) = &self.driver else {
            return Ok(());
        };
        let now = pool.spec.get("driver").cloned().unwrap_or_default();
        let entries = self.entries.as_ref().unwrap_or(&pool.entries);
        for key in ["gpuVersion", "npuVersion"] {
            let fits = entries.iter().any(|entry| match entry.flavor.accelerator {
                A::Gpu(..) => key == "gpuVersion",
                A::Npu(..) => key == "npuVersion",
                A::None => false,
            });
            if driver.get(key).is_some_and(|version| *version != now[key]) && !fits {
                return Err(Refusal::bad_request(format!(
                    "spec.driver.{key}: the pool has no nodes for this driver."
                )));
            }
        }
        Ok(())
    }

    fn check_move(&self) -> Result<(), Refusal> {
        let Self {
            workspace,
            labels,
            annotations,
            billing,
            entries,
            scopes,
            driver,
            job_flavors,
        } = self;
        let other = labels.is_some()
            || annotations.is_some()
            || !billing.is_empty()
            || entries.is_some()
            || scopes.is_some()
            || driver.is_some()
            || job_flavors.is_some();
        if workspace.is_some() && other {
            return Err(Refusal::bad_request(
                "The workspace cannot be changed together with anything else.",
            ));
        }
        Ok(())
    }

    /// By how much each entry grows or shrinks; entries that keep their count are not listed.
    pub fn steps(&self, pool: &PoolRecord) -> Vec<SizeStep> {
        let Some(wanted) = &self.entries else {
            return Vec::new();
        };
        let count_in = |list: &[Entry], entry: &Entry| {
            list.iter()
                .find(|other| other.same_nodes(entry))
                .map_or(0, |other| other.count)
        };
        let kept = wanted.iter().map(|entry| SizeStep {
            entry: entry.clone(),
            from: count_in(&pool.entries, entry),
            to: entry.count,
        });
        let gone = pool
            .entries
            .iter()
            .filter(|entry| !wanted.iter().any(|other| other.same_nodes(entry)))
            .map(|entry| SizeStep {
                entry: entry.clone(),
                from: entry.count,
                to: 0,
            });
        kept.chain(gone).filter(|step| step.from != step.to).collect()
    }
}

/// One entry on its way from one count to another.
#[derive(Debug, Clone)]
pub(crate) struct SizeStep {
    pub entry: Entry,
    pub from: u64,
    pub to: u64,
}

impl SizeStep {
    /// Whether the node belongs to the entry and counts.
    pub fn holds(&self, node: &crate::nodes::Node) -> bool {
        node.state.counts() && node.flavor == self.entry.flavor.name && node.node_pool == self.entry.node_pool
    }
}

/// A section of a patch; `null` removes nothing here and so counts as absent.
fn section_or_null(map: &Map<String, Value>, key: &str) -> Result<Map<String, Value>, Refusal> {
    match map.get(key) {
        Some(Value::Null) => Ok(Map::new()),
        _ => section(map, key),
    }
}

fn present(mut map: Map<String, Value>) -> Map<String, Value> {
    map.retain(|_, value| !value.is_null());
    map
}

fn set_or_remove(map: &mut Map<String, Value>, key: &str, value: &Value) {
    if value.is_null() || value == "" {
        map.remove(key);
    } else {
        map.insert(key.to_owned(), value.clone());
    }
}

/// Whether the service gives the key a meaning; such keys are not the caller's to make up.
fn of_service(key: &str) -> bool {
    key.starts_with("os.modelarts")
}

fn refuse_unless(allowed: bool, key: &str) -> Result<(), Refusal> {
    if allowed {
        return Ok(());
    }
    Err(Refusal::bad_request(format!("{key} cannot be changed.")))
}

fn workspace(id: &str) -> Result<String, Refusal> {
    match WORKSPACES.iter().find(|workspace| workspace.id == id) {
        None => Err(Refusal::unknown_workspace(id)),
        Some(workspace) if workspace.status != "NORMAL" => Err(Refusal::workspace_not_normal(workspace.id)),
        Some(workspace) => Ok(workspace.id.to_owned()),
    }
}
