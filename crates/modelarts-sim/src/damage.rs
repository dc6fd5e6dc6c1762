//! What faults do to a good answer on its way back. The cloud itself is untouched.

use serde_json::{Value, json};

use crate::faults::FaultKind;

/// The members under which the services put their lists.
const LISTS: &[&str] = &["items", "workspaces", "projects", "domains", "data", "tags"];

/// Damages the body as the fault says. `flaps` counts the strikes of [`FaultKind::PhaseFlap`].
pub(crate) fn to_answer(body: &mut Value, kind: FaultKind, flaps: u64) {
    match kind {
        FaultKind::EmptyList => each_list(body, &Vec::clear),
        FaultKind::PartialList => each_list(body, &|items| {
            items.drain(..items.len().div_ceil(2));
        }),
        FaultKind::PhaseFlap => each_pool(body, &|pool| {
            if flaps % 2 == 1 && pool["status"]["phase"] == "Running" {
                pool["status"]["phase"] = json!("Abnormal");
            }
        }),
        FaultKind::ObjectCounts => each_pool(body, &|pool| {
            if let Some(counts) = pool["status"]["resources"].as_object_mut() {
                for count in counts.values_mut() {
                    *count = count[0].take();
                }
            }
        }),
        FaultKind::MissingStatus => each_pool(body, &|pool| {
            if let Some(pool) = pool.as_object_mut() {
                pool.remove("status");
            }
        }),
        FaultKind::UnknownPhase => each_pool(body, &|pool| {
            pool["status"]["phase"] = json!("Reticulating");
        }),
        FaultKind::LostAnswer
        | FaultKind::ErrorAfterCommit
        | FaultKind::DelayedCommit
        | FaultKind::Hang
        | FaultKind::Throttle
        | FaultKind::ServerError
        | FaultKind::Html503
        | FaultKind::Malformed
        | FaultKind::Gateway404
        | FaultKind::ListLag
        | FaultKind::ExpiredCredentials
        | FaultKind::SoldOut => {}
    }
}

fn each_list(body: &mut Value, change: &dyn Fn(&mut Vec<Value>)) {
    for member in LISTS {
        if let Some(items) = body.get_mut(member).and_then(Value::as_array_mut) {
            change(items);
        }
    }
}

fn each_pool(body: &mut Value, change: &dyn Fn(&mut Value)) {
    match body.get_mut("items").and_then(Value::as_array_mut) {
        Some(items) => items.iter_mut().for_each(change),
        None => change(body),
    }
}
