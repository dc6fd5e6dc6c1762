//! How a pool that is there is brought to what is wanted: the one change that comes next.
//!
//! A merge patch with what differs and nothing else. It never asks for nodes and gives nodes back at
//! once, never for more nodes than a request should add, and never for an empty pool, because the
//! service deletes a pool with its last node. A phase that is not known is left alone. Whose the
//! pool is must be known before: nothing here looks at the marker, it is only kept in its place.

mod entries;
pub(crate) mod portion;

use modelarts_crd::conditions::Reason;
use modelarts_types::keys;
use modelarts_types::pool::{Counts, Phase, Pool};
use serde_json::{Map, Value, json};

use crate::identity::{Marker, without_marker};
use crate::next::{Change, Next};
use crate::pool::desired::DesiredPool;
use crate::pool::drift;

/// Bits of `controlMode`: the service restricted the pool, froze it, or did so for public security.
const RESTRICTED: i64 = 0b1_1100;

/// The next change of a pool that is ours. `marker` is what the description has to end in.
///
/// What can go now goes, even if other fields have to wait or can never go: those are told when
/// nothing is left to send.
#[must_use]
pub fn next(desired: &DesiredPool, observed: &Pool, marker: &Marker) -> Next {
    let fields = drift::differences(desired, observed);
    if fields.is_empty() {
        return Next::Nothing;
    }
    let mode = observed.spec.control_mode.unwrap_or_default();
    if mode & RESTRICTED != 0 {
        let text = format!(
            "the service has restricted or frozen the pool (controlMode {mode}), so that it cannot be changed; \
             settle the account's bills, or ask the service"
        );
        return wait(fields, text);
    }
    let mut draft = Draft::default();
    fixed(desired, observed, &mut draft);
    description(desired, observed, marker, &mut draft);
    scope(desired, observed, &mut draft);
    resources(desired, observed, &mut draft);
    job_flavors(desired, observed, &mut draft);
    driver(desired, observed, &mut draft);
    draft.conclude(desired)
}

/// Whether nodes, job types or drivers of the pool are on their way from one state to another.
#[must_use]
pub fn moving(observed: &Pool) -> bool {
    resizing(observed).is_some() || switching(observed).is_some() || upgrading(observed).is_some()
}

/// Fields that do not go now, and why.
#[derive(Debug)]
struct Held {
    fields: Vec<String>,
    reason: Reason,
    text: String,
}

/// What is known so far of the next change.
#[derive(Debug, Default)]
struct Draft {
    fields: Vec<String>,
    description: Option<String>,
    spec: Map<String, Value>,
    grows: bool,
    shrinks: bool,
    /// Whether an entry of the spec is still not there afterwards.
    incomplete: bool,
    waits: Vec<Held>,
    refusals: Vec<Held>,
}

impl Draft {
    fn wait(&mut self, fields: Vec<String>, text: String) {
        self.waits.push(Held {
            fields,
            reason: Reason::ChangePending,
            text,
        });
    }

    fn conclude(self, desired: &DesiredPool) -> Next {
        let Self {
            fields,
            description,
            spec,
            grows,
            shrinks,
            incomplete: _,
            waits,
            refusals,
        } = self;
        if !fields.is_empty() {
            let mut patch = Map::new();
            let mut annotations = if grows { billing(desired) } else { Map::new() };
            annotations.extend(description.map(|text| (keys::DESCRIPTION.to_owned(), json!(text))));
            if !annotations.is_empty() {
                patch.insert("metadata".into(), json!({"annotations": annotations}));
            }
            if !spec.is_empty() {
                patch.insert("spec".into(), Value::Object(spec));
            }
            return Next::Send(Change {
                fields,
                patch: Value::Object(patch),
                grows,
                shrinks,
            });
        }
        if let Some(Held { fields, reason, text }) = together(refusals) {
            return Next::Refused { fields, reason, text };
        }
        match together(waits) {
            Some(Held { fields, text, .. }) => wait(fields, text),
            None => Next::Nothing,
        }
    }
}

/// How added nodes of a subscription are paid for: as the spec says, for the pool and for them. Only
/// a request that adds nodes may say it.
fn billing(desired: &DesiredPool) -> Map<String, Value> {
    let annotations = &desired.pool.metadata.annotations;
    if annotations.get(keys::BILLING_MODE) != Some("1") {
        return Map::new();
    }
    [
        keys::BILLING_MODE,
        keys::PERIOD_TYPE,
        keys::PERIOD_NUM,
        keys::AUTO_RENEW,
        keys::AUTO_PAY,
    ]
    .into_iter()
    .filter_map(|key| Some((key.to_owned(), json!(annotations.get(key)?))))
    .collect()
}

fn wait(fields: Vec<String>, text: String) -> Next {
    Next::Wait {
        fields,
        reason: Reason::ChangePending,
        text,
    }
}

/// All that is held, under the reason of the first.
fn together(held: Vec<Held>) -> Option<Held> {
    held.into_iter().reduce(|mut all, next| {
        all.fields.extend(next.fields);
        if !all.text.contains(&next.text) {
            all.text = format!("{}; {}", all.text, next.text);
        }
        all
    })
}

fn fixed(desired: &DesiredPool, observed: &Pool, draft: &mut Draft) {
    for drift::Fixed { field, wanted, there } in drift::fixed(desired, observed) {
        let text = format!(
            "spec.{field} is {wanted:?} and the pool has {there:?}, which cannot be changed: \
             set it to what the pool has, or make another object for another pool"
        );
        draft.refusals.push(Held {
            fields: vec![field.to_owned()],
            reason: Reason::ImmutableField,
            text,
        });
    }
}

fn description(desired: &DesiredPool, observed: &Pool, marker: &Marker, draft: &mut Draft) {
    if !drift::description(desired, observed) {
        return;
    }
    let fields = vec!["description".to_owned()];
    if !matches!(observed.phase(), Some(Phase::Running | Phase::Abnormal)) {
        return draft.wait(fields, phase_text(observed, "Running or Abnormal"));
    }
    draft.fields.extend(fields);
    draft.description = Some(marker.append_to(without_marker(desired.pool.description()).trim()));
}

fn scope(desired: &DesiredPool, observed: &Pool, draft: &mut Draft) {
    if !drift::scope(desired, observed) {
        return;
    }
    let fields = vec!["scope".to_owned()];
    if let Some(text) = not_running(observed).or_else(|| switching(observed)) {
        return draft.wait(fields, text);
    }
    draft.fields.extend(fields);
    draft.spec.insert("scope".to_owned(), json!(desired.pool.spec.scopes()));
}

fn resources(desired: &DesiredPool, observed: &Pool, draft: &mut Draft) {
    let all = drift::resources(desired, observed);
    if all.is_empty() {
        return;
    }
    draft.incomplete = drift::pairs(desired, observed)
        .iter()
        .any(|pair| matches!(pair, drift::Pair::Added(_)));
    if let Some(text) = entries::unclear(observed) {
        return draft.wait(all, text.to_owned());
    }
    let entries::Entries {
        list,
        fields,
        grows,
        shrinks,
        incomplete,
        refusals,
    } = entries::plan(desired, observed);
    draft.refusals.extend(refusals);
    if fields.is_empty() {
        return;
    }
    if let Some(text) = not_running(observed).or_else(|| resizing(observed)) {
        return draft.wait(all, text);
    }
    draft.fields.extend(fields);
    draft.spec.insert("resources".to_owned(), Value::Array(list));
    (draft.grows, draft.shrinks, draft.incomplete) = (grows, shrinks, incomplete);
}

fn job_flavors(desired: &DesiredPool, observed: &Pool, draft: &mut Draft) {
    if !drift::job_flavors(desired, observed) {
        return;
    }
    let fields = vec!["jobFlavors".to_owned()];
    if let Some(text) = not_running(observed) {
        return draft.wait(fields, text);
    }
    draft.fields.extend(fields);
    draft
        .spec
        .insert("jobFlavors".to_owned(), json!(desired.pool.spec.job_flavors));
}

fn driver(desired: &DesiredPool, observed: &Pool, draft: &mut Draft) {
    let versions = drift::driver(desired, observed);
    let Some(wanted) = desired.pool.spec.driver.as_ref().filter(|_| !versions.is_empty()) else {
        return;
    };
    let fields: Vec<String> = versions.iter().map(|key| format!("driver.{key}")).collect();
    if let Some(text) = not_running(observed).or_else(|| upgrading(observed)) {
        return draft.wait(fields, text);
    }
    if draft.incomplete {
        // The service refuses a driver that no node of the pool can use.
        let text = "entries of the spec are not in the pool yet; drivers are changed after that";
        return draft.wait(fields, text.to_owned());
    }
    draft.fields.extend(fields);
    let mut patch = Map::new();
    for (key, value) in [
        ("gpuVersion", &wanted.gpu_version),
        ("npuVersion", &wanted.npu_version),
        ("updateStrategy", &wanted.update_strategy),
    ] {
        if let Some(value) = value
            && (key == "updateStrategy" || versions.contains(&key))
        {
            patch.insert(key.to_owned(), json!(value));
        }
    }
    draft.spec.insert("driver".to_owned(), Value::Object(patch));
}

/// Why nothing but the description can be changed, if so.
fn not_running(observed: &Pool) -> Option<String> {
    (observed.phase() != Some(&Phase::Running)).then(|| phase_text(observed, "Running"))
}

fn phase_text(observed: &Pool, needed: &str) -> String {
    match observed.phase() {
        Some(phase) => format!("the pool is in phase {phase}; this is changed when it is {needed}"),
        None => format!("the pool has no phase yet; this is changed when it is {needed}"),
    }
}

fn resizing(observed: &Pool) -> Option<String> {
    let counts = observed.status.as_ref()?.resources.as_ref()?;
    let total = |counts: &Option<Counts>| counts.as_ref().map_or(0, Counts::total);
    let (creating, deleting) = (total(&counts.creating), total(&counts.deleting));
    (creating > 0 || deleting > 0)
        .then(|| format!("{creating} nodes are being made and {deleting} removed; nodes are changed after that"))
}

fn switching(observed: &Pool) -> Option<String> {
    let states = observed.status.as_ref()?.scope.as_deref()?;
    let state = states
        .iter()
        .find(|state| matches!(state.state.as_deref(), Some("Enabling" | "Disabling")))?;
    let (scope, word) = (state.scope_type.as_deref()?, state.state.as_deref()?);
    Some(format!("job type {scope} is {word}; job types are changed after that"))
}

fn upgrading(observed: &Pool) -> Option<String> {
    let states = observed.status.as_ref()?.driver.as_ref()?;
    let word = [&states.gpu, &states.npu]
        .into_iter()
        .filter_map(|state| state.as_ref()?.state.as_deref())
        .find(|word| matches!(*word, "Creating" | "Upgrading"))?;
    Some(format!("a driver is {word}; drivers are changed after that"))
}

#[cfg(test)]
mod convergence;
#[cfg(test)]
mod held;
#[cfg(test)]
mod tests;
