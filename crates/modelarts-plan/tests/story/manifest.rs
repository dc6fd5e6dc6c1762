//! The manifests of a story: what an `apply` begins with, what is merged over it, and the words that
//! are filled in.

use serde_json::{Value, json};

use super::language::Object;

/// The manifest that an `apply` begins with.
pub fn base(object: &Object) -> Value {
    match object {
        Object::Pool(name) => json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1",
            "kind": "ModelArtsPool",
            "metadata": {"name": name},
            "spec": {
                "description": "trains models",
                "scope": ["Train"],
                "network": {"name": "net-0123-${project}"},
                "nodes": 2,
                "resources": [{"flavor": "modelarts.vm.cpu.8ud"}],
            },
        }),
        Object::Network(name) => json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1",
            "kind": "ModelArtsNetwork",
            "metadata": {"name": name},
            "spec": {"description": "for training", "cidr": "192.168.128.0/17"},
        }),
    }
}

/// RFC 7396.
pub fn merge(into: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        into.clone_from(patch);
        return;
    };
    if !into.is_object() {
        *into = json!({});
    }
    for (key, value) in patch {
        if value.is_null() {
            if let Some(map) = into.as_object_mut() {
                map.remove(key);
            }
        } else {
            merge(&mut into[key.as_str()], value);
        }
    }
}

/// What is known of an object: its ID in the cloud, if it has one, and its uid.
pub type Identity = (Option<String>, String);

/// What a word such as `project`, `id train` or `marker network-n` stands for.
pub fn answer(
    word: &str,
    project: &str,
    identity: &dyn Fn(&Object) -> Option<Identity>,
    marker: &dyn Fn(&str) -> String,
) -> Option<String> {
    if word == "project" {
        return Some(project.to_owned());
    }
    let (what, name) = word.split_once(' ')?;
    let (what, object) = match what.strip_prefix("network-") {
        Some(what) => (what, Object::Network(name.to_owned())),
        None => (what, Object::Pool(name.to_owned())),
    };
    let (id, uid) = identity(&object)?;
    match what {
        "id" => id,
        "uid" => Some(uid),
        "marker" => Some(marker(&uid)),
        _ => None,
    }
}

/// Puts values for `${...}` into every text. `lookup` knows `project`, and of an object `NAME` of the
/// story `id NAME`, `uid NAME` and `marker NAME`, of networks `network-id NAME` and so on.
///
/// # Errors
/// A word that nobody knows.
pub fn fill(value: &Value, lookup: &dyn Fn(&str) -> Option<String>) -> Result<Value, String> {
    Ok(match value {
        Value::String(text) => Value::String(fill_text(text, lookup)?),
        Value::Array(items) => Value::Array(items.iter().map(|item| fill(item, lookup)).collect::<Result<_, _>>()?),
        Value::Object(map) => Value::Object(
            map.iter()
                .map(|(key, value)| Ok((key.clone(), fill(value, lookup)?)))
                .collect::<Result<_, String>>()?,
        ),
        other => other.clone(),
    })
}

/// The same for one text.
///
/// # Errors
/// A word that nobody knows.
pub fn fill_text(text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Result<String, String> {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (word, after) = after.split_once('}').ok_or_else(|| format!("{text:?} has no end"))?;
        let value = lookup(word).ok_or_else(|| format!("nobody knows ${{{word}}}"))?;
        filled.push_str(before);
        filled.push_str(&value);
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}
