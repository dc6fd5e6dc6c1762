//! The writes of the operator, as the API server saw them.

use e2e::scene::Scene;
use e2e::stage::OPERATOR;
use serde_json::Value;

/// One write that succeeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Write {
    pub verb: String,
    /// `modelartspools`, or with the subresource `modelartspools/status`.
    pub resource: String,
    pub namespace: String,
    pub name: String,
}

/// The lines of the audit log so far. An entry is in it before its answer is sent.
pub fn lines(scene: &Scene) -> usize {
    log(scene).lines().count()
}

/// What the operator wrote since the log had that many lines, leases left out.
pub fn writes_since(scene: &Scene, lines: usize) -> Vec<Write> {
    let log = log(scene);
    let entries = log
        .lines()
        .skip(lines)
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    entries
        .filter_map(|entry| write(&entry))
        .filter(|write| write.resource != "leases")
        .collect()
}

/// How often the operator renewed its lease since then.
pub fn renewals_since(scene: &Scene, lines: usize) -> usize {
    let log = log(scene);
    let entries = log
        .lines()
        .skip(lines)
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    entries
        .filter_map(|entry| write(&entry))
        .filter(|write| write.resource == "leases")
        .count()
}

fn log(scene: &Scene) -> String {
    std::fs::read_to_string(scene.world.control_plane.audit_log()).unwrap()
}

fn write(entry: &Value) -> Option<Write> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let verb = text(&entry["verb"]);
    let reads = ["get", "list", "watch"];
    let succeeded = entry["responseStatus"]["code"].as_u64().is_some_and(|code| code < 300);
    if entry["user"]["username"] != OPERATOR || reads.contains(&verb.as_str()) || !succeeded {
        return None;
    }
    let object = &entry["objectRef"];
    let resource = match object["subresource"].as_str() {
        Some(subresource) => format!("{}/{subresource}", text(&object["resource"])),
        None => text(&object["resource"]),
    };
    Some(Write {
        verb,
        resource,
        namespace: text(&object["namespace"]),
        name: text(&object["name"]),
    })
}
