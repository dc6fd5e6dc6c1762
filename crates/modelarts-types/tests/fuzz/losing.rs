//! Whether one document says all that another says.

use serde_json::Value;

/// What `before` says and `after` does not, each with its place. A null says nothing, and an object
/// that is empty, or becomes so without its nulls, may be left out.
pub fn lost(before: &Value, after: Option<&Value>, place: &str) -> Vec<String> {
    match (before, after) {
        (Value::Null, _) => Vec::new(),
        (Value::Object(members), None) => {
            let inner = members.iter();
            inner
                .flat_map(|(key, value)| lost(value, None, &format!("{place}/{key}")))
                .collect()
        }
        (Value::Object(members), Some(Value::Object(others))) => {
            let inner = members.iter();
            inner
                .flat_map(|(key, value)| lost(value, others.get(key), &format!("{place}/{key}")))
                .collect()
        }
        // A list is taken as a whole: as many elements, each in its place.
        (Value::Array(items), Some(Value::Array(others))) if items.len() == others.len() => {
            let inner = items.iter().zip(others).enumerate();
            inner
                .flat_map(|(at, (value, other))| lost(value, Some(other), &format!("{place}/{at}")))
                .collect()
        }
        (before, Some(after)) if same(before, after) => Vec::new(),
        (before, after) => vec![format!("{place}: {before} became {after:?}")],
    }
}

/// The innermost members of `before` and `after` that differ.
pub fn differing(before: &Value, after: &Value, place: &mut Vec<String>, found: &mut Vec<String>) {
    match (before, after) {
        (Value::Object(members), Value::Object(others)) => {
            for key in members
                .keys()
                .chain(others.keys().filter(|key| !members.contains_key(*key)))
            {
                place.push(key.clone());
                let of = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                differing(&of(members), &of(others), place, found);
                place.pop();
            }
        }
        (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
            for (at, (value, other)) in items.iter().zip(others).enumerate() {
                place.push(at.to_string());
                differing(value, other, place, found);
                place.pop();
            }
        }
        (before, after) if before != after => found.push(format!("/{}", place.join("/"))),
        _ => {}
    }
}

/// A number that no integer type holds is read as a float, and its last digit may be another one each
/// time. No number of the API is such a one.
fn same(before: &Value, after: &Value) -> bool {
    let float = |value: &Value| value.as_f64().filter(|_| value.is_f64());
    match (float(before), float(after)) {
        (Some(one), Some(two)) => (one - two).abs() <= one.abs() * 1e-12,
        _ => before == after,
    }
}
