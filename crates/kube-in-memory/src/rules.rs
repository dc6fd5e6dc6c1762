//! The rules of a write that concern the object alone.

use serde_json::{Value, json};

use crate::metadata::{finalizers, is_deleting, text};
use crate::refusal::Refusal;
use crate::request::Part;
use crate::resource::{Resource, Rules};
use crate::store::Key;

pub(crate) fn default_status(resource: &Resource) -> Option<&Value> {
    match &resource.rules {
        Rules::Custom { status } => status.as_ref(),
        Rules::BuiltIn { .. } => None,
    }
}

pub(crate) fn replace_status(object: &mut Value, status: Option<&Value>) {
    match status {
        Some(status) => object["status"] = status.clone(),
        None => {
            if let Some(members) = object.as_object_mut() {
                members.remove("status");
            }
        }
    }
}

/// What the generation counts changes of.
pub(crate) fn content(object: &Value) -> Vec<(&String, &Value)> {
    let members = object.as_object().into_iter().flatten();
    members
        .filter(|(name, _)| !["metadata", "status"].contains(&name.as_str()))
        .collect()
}

pub(crate) fn check_place(key: &Key, object: &Value) -> Result<(), Refusal> {
    let (name, namespace) = (text(object, "name"), text(object, "namespace"));
    if !name.is_empty() && name != key.name {
        return Err(Refusal::bad_request(format!(
            "the name of the object ({name}) does not match the name on the URL ({})",
            key.name
        )));
    }
    if !namespace.is_empty() && namespace != key.namespace {
        return Err(Refusal::bad_request(
            "the namespace of the provided object does not match the namespace sent on the request",
        ));
    }
    Ok(())
}

/// A write must be about the object that it is sent to, and one of the status about the status.
pub(crate) fn check_identity(
    resource: &Resource,
    key: &Key,
    current: &Value,
    next: &Value,
    part: Part,
) -> Result<(), Refusal> {
    let given = text(next, "uid");
    if part == Part::Main && !given.is_empty() && given != text(current, "uid") {
        let why = "Invalid value: field is immutable";
        return Err(Refusal::invalid(resource, &key.name, "metadata.uid", why));
    }
    let differs = |member: &str| {
        let absent = |value: &Value| value.is_null() || *value == json!({}) || *value == json!([]);
        let (old, new) = (&current["metadata"][member], &next["metadata"][member]);
        old != new && !(absent(old) && absent(new))
    };
    // The real server ignores the change, and yet notes down who tried, which makes a new version.
    let noted = ["labels", "annotations", "finalizers", "ownerReferences"];
    match noted.into_iter().find(|member| differs(member)) {
        Some(member) if part == Part::Status => Err(Refusal::unsupported(&format!(
            "writes of a status that change {member}"
        ))),
        _ => Ok(()),
    }
}

/// A deletion under way lets finalizers only go.
pub(crate) fn check_finalizers(resource: &Resource, key: &Key, current: &Value, next: &Value) -> Result<(), Refusal> {
    let before = finalizers(current);
    let new = finalizers(next).into_iter().any(|name| !before.contains(&name));
    if is_deleting(current) && new {
        let why = "Forbidden: no new finalizers can be added if the object is being deleted";
        return Err(Refusal::invalid(resource, &key.name, "metadata.finalizers", why));
    }
    Ok(())
}
