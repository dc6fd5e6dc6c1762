//! Reading JSON bodies the way the service does: `null` counts as absent, a merge patch is
//! RFC 7396, and what is wrong is named by its path.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// Parses a body that must be a JSON object.
///
/// # Errors
/// 400 if it is not one.
pub fn object(body: &[u8]) -> Result<Map<String, Value>, Refusal> {
    match serde_json::from_slice(body) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Refusal::bad_request("The body is not a JSON object.")),
        Err(error) => Err(Refusal::bad_request(format!("The body is not JSON: {error}."))),
    }
}

/// Removes members that are `null`, at any depth.
pub fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, member| !member.is_null());
            map.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Applies a merge patch: objects merge, `null` removes, everything else replaces.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Value::Object(target) = target else {
        return;
    };
    for (key, change) in patch {
        if change.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), change);
        }
    }
}

/// The object at a key; an absent one is empty.
///
/// # Errors
/// 400 if it is there and not an object.
pub fn section(map: &Map<String, Value>, key: &str) -> Result<Map<String, Value>, Refusal> {
    match map.get(key) {
        None => Ok(Map::new()),
        Some(Value::Object(inner)) => Ok(inner.clone()),
        Some(_) => Err(Refusal::bad_request(format!("{key} must be an object."))),
    }
}

/// The text at a key.
///
/// # Errors
/// 400 if it is there and not a text.
pub fn text<'a>(map: &'a Map<String, Value>, key: &str) -> Result<Option<&'a str>, Refusal> {
    match map.get(key) {
        None => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Refusal::bad_request(format!("{key} must be a string."))),
    }
}

/// Checks a member that must have one certain text.
///
/// # Errors
/// 400 if it is absent or another one.
pub fn fixed(map: &Map<String, Value>, key: &str, wanted: &str) -> Result<(), Refusal> {
    if text(map, key)? == Some(wanted) {
        Ok(())
    } else {
        Err(Refusal::bad_request(format!("{key} must be {wanted}.")))
    }
}

/// Only the members with these keys.
#[must_use]
pub fn only(map: &Map<String, Value>, keys: &[&str]) -> Map<String, Value> {
    map.iter()
        .filter(|(key, _)| keys.contains(&key.as_str()))
        .map(|(key, value)| (key.clone(), value.clone()))
        .collect()
}
