//! The API server, as far as the protocol leans on it: uids, generations, finalizers, deletion in two
//! steps. Versions are in the state: a write knows whether what it was made from is still there.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use modelarts_crd::{ModelArtsPool, ModelArtsPoolStatus};
use modelarts_plan::{Kind, Pools};
use serde_json::json;

use super::cloud::Sky;
use crate::scenario::Scenario;

/// uid of an incarnation.
#[must_use]
pub fn uid(slot: usize, born: u8) -> String {
    format!("0000000{slot}-0000-4000-8000-00000000000{born}")
}

/// Slot and number of an incarnation.
#[must_use]
pub fn incarnation_of(uid: &str) -> Option<(usize, u8)> {
    let slot = uid.get(7..8)?.parse().ok()?;
    Some((slot, uid.get(35..36)?.parse().ok()?))
}

/// A new object.
#[must_use]
pub fn born(scenario: &Scenario, slot: usize, number: u8) -> Option<ModelArtsPool> {
    let mut spec = json!({
        "scope": ["Train"],
        "type": "Dedicate",
        "network": {"name": Sky::network()},
        "resources": [{"flavor": "modelarts.vm.cpu.4ud", "count": 1}],
    });
    if scenario.same_name {
        spec["poolName"] = json!("shared");
    }
    if scenario.count_ignored {
        spec["drift"] = json!({"ignore": ["resources.count"]});
    }
    let mut object = ModelArtsPool::new(["train", "infer"][slot], serde_json::from_value(spec).ok()?);
    object.metadata.namespace = Some("ml".into());
    object.metadata.uid = Some(uid(slot, number));
    object.metadata.generation = Some(1);
    object.status = Some(ModelArtsPoolStatus {
        observed_generation: Some(-1),
        ..ModelArtsPoolStatus::default()
    });
    Some(object)
}

/// Somebody changes the spec: the description, and nothing that buys.
pub fn edit(object: &mut ModelArtsPool) {
    let edits = object.metadata.generation.unwrap_or_default();
    object.spec.description = Some(format!("edit {edits}"));
    object.metadata.generation = Some(edits + 1);
}

/// Somebody deletes the object.
pub fn mark_deleted(object: &mut ModelArtsPool) {
    if object.metadata.deletion_timestamp.is_none() {
        object.metadata.deletion_timestamp = Some(Time(Timestamp::UNIX_EPOCH));
        object.metadata.generation = object.metadata.generation.map(|generation| generation + 1);
    }
}

/// Whether it is being deleted.
#[must_use]
pub fn is_leaving(object: &ModelArtsPool) -> bool {
    object.metadata.deletion_timestamp.is_some()
}

/// Whether our finalizer holds it.
#[must_use]
pub fn is_held(object: &ModelArtsPool) -> bool {
    let mut finalizers = object.metadata.finalizers.iter().flatten();
    finalizers.any(|name| name == Pools::FINALIZER)
}

/// Puts our finalizer on, or takes it off.
pub fn hold(object: &mut ModelArtsPool, held: bool) {
    let finalizers = object.metadata.finalizers.get_or_insert_with(Vec::new);
    finalizers.retain(|name| name != Pools::FINALIZER);
    if held {
        finalizers.push(Pools::FINALIZER.to_owned());
    }
}

/// Whether the API server lets it go.
#[must_use]
pub fn is_released(object: &ModelArtsPool) -> bool {
    is_leaving(object) && object.metadata.finalizers.iter().flatten().next().is_none()
}
