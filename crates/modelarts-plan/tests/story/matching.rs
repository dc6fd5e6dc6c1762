//! Whether what was seen is what a story expects, and if not, how it differs.

use serde_json::Value;

use super::language::Expect;

/// What can be seen of the object that an expectation names.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The object; null if it is gone.
    pub object: Value,
    /// What the cloud holds for it; null if there is nothing.
    pub thing: Value,
}

/// How an object and its thing differ from what is expected. Nothing: they don't. `expect` has its
/// words filled in already.
pub fn differences(expect: &Expect, seen: &Seen) -> Vec<String> {
    let mut found = Vec::new();
    if expect.gone {
        if !seen.object.is_null() {
            found.push("the object is still there".to_owned());
        }
    } else if expect.object().is_some() && seen.object.is_null() {
        found.push("there is no such object".to_owned());
    }
    if expect.cloud_gone && !seen.thing.is_null() {
        found.push("the cloud still holds it".to_owned());
    }
    for (type_, wanted) in &expect.conditions {
        found.extend(condition(&seen.object, type_, wanted));
    }
    part("status", &expect.status, &seen.object["status"], &mut found);
    part("cloud", &expect.cloud, &seen.thing, &mut found);
    found
}

fn condition(object: &Value, type_: &str, wanted: &Value) -> Option<String> {
    let conditions = object["status"]["conditions"].as_array();
    let there = conditions.and_then(|all| all.iter().find(|condition| condition["type"] == type_));
    let (is, says) = match wanted {
        Value::String(is) => (is.as_str(), ""),
        Value::Object(map) => {
            let text = |key: &str| map.get(key).and_then(Value::as_str).unwrap_or_default();
            if map.keys().any(|key| key != "is" && key != "says") {
                return Some(format!("{type_}: a condition has is and says, nothing else"));
            }
            (text("is"), text("says"))
        }
        other => return Some(format!("{type_}: {other} is no condition")),
    };
    let Some(there) = there else {
        return (is != "absent").then(|| format!("{type_} is absent, not {is}"));
    };
    let text = |key: &str| there[key].as_str().unwrap_or_default();
    let stands = format!("{} {}", text("status"), text("reason"));
    if stands != is {
        return Some(format!("{type_} is {stands} ({}), not {is}", text("message")));
    }
    let told = text("message").contains(says);
    (!told).then(|| format!("{type_} says {:?}, not {says:?}", text("message")))
}

/// Objects are compared by the members that are wanted, lists item by item, everything else must be
/// equal; null stands for absence.
fn part(path: &str, wanted: &Value, there: &Value, found: &mut Vec<String>) {
    match wanted {
        Value::Null => {}
        Value::Object(members) => {
            for (key, value) in members {
                let path = format!("{path}.{key}");
                match value {
                    Value::Null if !there[key].is_null() => found.push(format!("{path} is {}, not absent", there[key])),
                    Value::Null => {}
                    _ => part(&path, value, &there[key], found),
                }
            }
        }
        Value::Array(items) if there.as_array().is_some_and(|there| there.len() == items.len()) => {
            for (index, item) in items.iter().enumerate() {
                part(&format!("{path}[{index}]"), item, &there[index], found);
            }
        }
        _ if wanted == there => {}
        _ => found.push(format!("{path} is {there}, not {wanted}")),
    }
}

/// How a list that was counted differs from the one that is expected.
pub fn list<T: PartialEq + std::fmt::Debug>(what: &str, wanted: Option<&Vec<T>>, there: &[T]) -> Option<String> {
    let wanted = wanted?;
    (wanted != there).then(|| format!("{what}: {there:?}, not {wanted:?}"))
}
