//! The part of an object that the server keeps: what it sets, and what it lets nobody change.

use serde_json::{Value, json};

/// A member of the metadata, as text; empty if there is none.
pub(crate) fn text<'a>(object: &'a Value, member: &str) -> &'a str {
    object["metadata"][member].as_str().unwrap_or_default()
}

pub(crate) fn finalizers(object: &Value) -> Vec<&str> {
    let list = object["metadata"]["finalizers"].as_array();
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

pub(crate) fn is_deleting(object: &Value) -> bool {
    object["metadata"].get("deletionTimestamp").is_some()
}

pub(crate) fn generation(object: &Value) -> i64 {
    object["metadata"]["generation"].as_i64().unwrap_or_default()
}

/// Makes sure that there is metadata to write to.
pub(crate) fn ensure(object: &mut Value) {
    if !object.is_object() {
        *object = json!({});
    }
    if !object["metadata"].is_object() {
        object["metadata"] = json!({});
    }
}

/// Sets a member of the metadata.
pub(crate) fn set(object: &mut Value, member: &str, value: Value) {
    ensure(object);
    object["metadata"][member] = value;
}

/// Drops a member of the metadata.
pub(crate) fn drop_member(object: &mut Value, member: &str) {
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.remove(member);
    }
}

/// Puts back what only the server sets.
pub(crate) fn keep_own(next: &mut Value, current: &Value) {
    let own = [
        "uid",
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
        "generation",
        "resourceVersion",
        "name",
        "namespace",
    ];
    for member in own {
        match current["metadata"].get(member) {
            Some(value) => set(next, member, value.clone()),
            None => drop_member(next, member),
        }
    }
}

/// Drops what is not written when it is empty.
pub(crate) fn tidy(object: &mut Value) {
    drop_member(object, "managedFields");
    drop_member(object, "selfLink");
    for member in ["finalizers", "labels", "annotations", "ownerReferences"] {
        let empty = match object["metadata"].get(member) {
            Some(Value::Array(items)) => items.is_empty(),
            Some(Value::Object(members)) => members.is_empty(),
            Some(Value::Null) => true,
            _ => false,
        };
        if empty {
            drop_member(object, member);
        }
    }
}

/// A uid in the usual form, the same for the same text: two runs of one test can be compared.
pub(crate) fn uid(of: &str) -> String {
    // FNV-1a, 128 bits.
    let hash = of
        .bytes()
        .fold(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d_u128, |hash, byte| {
            (hash ^ u128::from(byte)).wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b)
        });
    let hex = format!("{hash:032x}");
    format!(
        "{}-{}-4{}-8{}-{}",
        &hex[..8],
        &hex[8..12],
        &hex[13..16],
        &hex[17..20],
        &hex[20..]
    )
}

/// A time as Kubernetes writes it: whole seconds.
pub(crate) fn stamp(at: jiff::Timestamp) -> String {
    jiff::Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}
