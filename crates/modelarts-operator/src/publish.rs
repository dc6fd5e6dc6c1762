//! Status and events out. Every write is guarded by the version of the object that was read.
//!
//! A merge patch carries only what differs and the resourceVersion, so a stale one is refused with
//! a 409 and an unchanged status causes no write. Events are told on transitions and never fail a
//! pass.

use k8s_openapi::api::core::v1::ObjectReference;
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType, Recorder};
use kube::{Api, Resource, ResourceExt};
use modelarts_crd::ModelArtsAccount;
use modelarts_crd::conditions::Reason;
use modelarts_plan::{Notice, NoticeKind};
use serde_json::{Map, Value, json};

use crate::service::{CustomObject, Service};

/// Whether a guarded write was done.
#[derive(Debug)]
pub enum Written<K> {
    /// It was; the object as it is now.
    Done(Box<K>),
    /// The object had changed, or is gone: nothing was written.
    Stale,
}

/// Writes `status` if it differs from what the object says.
///
/// # Errors
/// Kubernetes could not be asked, or refused for another reason than a stale version.
pub async fn status<K: Service>(
    api: &Api<K::Object>,
    object: &K::Object,
    status: &K::Status,
) -> Result<Option<Written<K::Object>>, kube::Error> {
    let before = serde_json::to_value(K::status(object)).map_err(kube::Error::SerdeError)?;
    let after = serde_json::to_value(status).map_err(kube::Error::SerdeError)?;
    let Some(difference) = difference(&before, &after) else {
        return Ok(None);
    };
    let patch = json!({"metadata": {"resourceVersion": object.resource_version()}, "status": difference});
    let result = api
        .patch_status(&object.name_any(), &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    written(result).map(Some)
}

/// Replaces the object's finalizers.
///
/// # Errors
/// As for [`status`].
pub async fn finalizers<T: CustomObject>(
    api: &Api<T>,
    object: &T,
    finalizers: &[String],
) -> Result<Written<T>, kube::Error> {
    let patch = json!({"metadata": {"resourceVersion": object.resource_version(), "finalizers": finalizers}});
    written(
        api.patch(&object.name_any(), &PatchParams::default(), &Patch::Merge(&patch))
            .await,
    )
}

pub(crate) fn written<K>(result: Result<K, kube::Error>) -> Result<Written<K>, kube::Error> {
    match result {
        Ok(object) => Ok(Written::Done(Box::new(object))),
        Err(kube::Error::Api(refusal)) if refusal.is_conflict() || refusal.is_not_found() => Ok(Written::Stale),
        Err(error) => Err(error),
    }
}

/// The merge patch that turns `before` into `after`; nothing if they are equal.
///
/// Members that are gone become null. Lists are replaced as a whole.
#[must_use]
pub fn difference(before: &Value, after: &Value) -> Option<Value> {
    if before == after {
        return None;
    }
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return Some(after.clone());
    };
    let mut patch = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        let change = match old.get(key) {
            Some(old) => difference(old, value),
            None => Some(value.clone()),
        };
        if let Some(change) = change {
            patch.insert(key.clone(), change);
        }
    }
    (!patch.is_empty()).then_some(Value::Object(patch))
}

/// Tells an event about an object. Where the object's namespace refuses it, because it is going away,
/// and takes the object's earlier events along, it is told about the account: what lives on in the
/// cloud, and costs money, must be named somewhere that stays.
pub async fn tell<K: Service>(
    recorder: &Recorder,
    object: &K::Object,
    account: Option<&ModelArtsAccount>,
    notice: Notice,
) {
    let (namespace, name) = (object.namespace().unwrap_or_default(), object.name_any());
    let lasting = (notice.reason == Reason::Detached.as_str()).then(|| Notice {
        note: format!("{} {namespace}/{name}: {}", K::NOUN, notice.note),
        ..notice.clone()
    });
    let refused = send(recorder, &object.object_ref(&()), None, notice).await;
    if let (true, Some(notice), Some(account)) = (refused, lasting, account) {
        send(recorder, &account.object_ref(&()), None, notice).await;
    }
}

/// Tells an event, and answers whether it was refused. One that differs from an earlier one in nothing
/// but its text is counted as the same and keeps the earlier text, so events about different things
/// need a different `related`.
pub(crate) async fn send(
    recorder: &Recorder,
    about: &ObjectReference,
    related: Option<ObjectReference>,
    notice: Notice,
) -> bool {
    let Notice {
        kind,
        reason,
        action,
        note,
    } = notice;
    let event = Event {
        type_: match kind {
            NoticeKind::Normal => EventType::Normal,
            NoticeKind::Warning => EventType::Warning,
        },
        reason: reason.to_owned(),
        note: Some(note),
        action: action.to_owned(),
        secondary: related,
    };
    let told = recorder.publish(&event, about).await;
    if let Err(error) = &told {
        // That is no failure of the pass.
        tracing::info!(reason, %error, "an event could not be told");
    }
    told.is_err()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_states_cause_no_write() {
        assert_eq!(
            difference(&json!({"a": [1], "b": {"c": 1}}), &json!({"a": [1], "b": {"c": 1}})),
            None
        );
    }

    #[test]
    fn a_patch_holds_only_what_differs_and_clears_what_is_gone() {
        let before =
            json!({"phase": "Creating", "poolId": "p", "nodes": {"desired": 2, "available": 0}, "list": [1, 2]});
        let after = json!({"phase": "Running", "nodes": {"desired": 2, "available": 2}, "list": [2]});
        let patch = json!({"phase": "Running", "poolId": null, "nodes": {"available": 2}, "list": [2]});
        assert_eq!(difference(&before, &after), Some(patch));
    }

    #[test]
    fn a_first_status_is_written_whole() {
        assert_eq!(
            difference(&Value::Null, &json!({"phase": "Running"})),
            Some(json!({"phase": "Running"}))
        );
    }
}
