//! JSON merge patches (RFC 7396) and the operations of JSON patches (RFC 6902) that controllers use.

use serde_json::{Map, Value};

/// A merge patch: an object whose nulls delete.
#[derive(Clone, Debug, PartialEq)]
pub struct MergePatch(pub Value);

/// A JSON patch that does not apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Inapplicable;

/// `target` with `patch` merged into it.
#[must_use]
pub fn merge(target: &Value, patch: &Value) -> Value {
    let Value::Object(changes) = patch else {
        return patch.clone();
    };
    let mut merged: Map<String, Value> = target.as_object().cloned().unwrap_or_default();
    for (key, change) in changes {
        if change.is_null() {
            merged.remove(key);
        } else {
            let old = merged.get(key).unwrap_or(&Value::Null);
            let new = merge(old, change);
            merged.insert(key.clone(), new);
        }
    }
    Value::Object(merged)
}

/// `target` after all operations, or nothing at all.
pub(crate) fn apply(target: &Value, operations: &Value) -> Result<Value, Inapplicable> {
    let mut result = target.clone();
    for operation in operations.as_array().ok_or(Inapplicable)? {
        let path = operation["path"].as_str().ok_or(Inapplicable)?;
        let value = operation.get("value").cloned();
        match operation["op"].as_str() {
            // An absent value equals null, as the server has it.
            Some("test") => {
                let found = result.pointer(path).unwrap_or(&Value::Null);
                if *found != value.unwrap_or(Value::Null) {
                    return Err(Inapplicable);
                }
            }
            Some("add") => add(&mut result, path, value.ok_or(Inapplicable)?)?,
            Some("replace") => {
                let place = result.pointer_mut(path).ok_or(Inapplicable)?;
                *place = value.ok_or(Inapplicable)?;
            }
            Some("remove") => remove(&mut result, path)?,
            _ => return Err(Inapplicable),
        }
    }
    Ok(result)
}

fn parent<'a>(target: &'a mut Value, path: &str) -> Result<(&'a mut Value, String), Inapplicable> {
    let (before, last) = path.rsplit_once('/').ok_or(Inapplicable)?;
    let parent = target.pointer_mut(before).ok_or(Inapplicable)?;
    Ok((parent, last.replace("~1", "/").replace("~0", "~")))
}

fn add(target: &mut Value, path: &str, value: Value) -> Result<(), Inapplicable> {
    let (parent, last) = parent(target, path)?;
    match parent {
        Value::Object(members) => {
            members.insert(last, value);
            Ok(())
        }
        Value::Array(items) => {
            let at = match last.as_str() {
                "-" => items.len(),
                index => index.parse().map_err(|_| Inapplicable)?,
            };
            if at > items.len() {
                return Err(Inapplicable);
            }
            items.insert(at, value);
            Ok(())
        }
        _ => Err(Inapplicable),
    }
}

fn remove(target: &mut Value, path: &str) -> Result<(), Inapplicable> {
    let (parent, last) = parent(target, path)?;
    match parent {
        Value::Object(members) => members.remove(&last).map(|_| ()).ok_or(Inapplicable),
        Value::Array(items) => {
            let at: usize = last.parse().map_err(|_| Inapplicable)?;
            if at >= items.len() {
                return Err(Inapplicable);
            }
            items.remove(at);
            Ok(())
        }
        _ => Err(Inapplicable),
    }
}
