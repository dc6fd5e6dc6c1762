//! Rights: which ones manifests grant, and which of them a service account has made use of, as the API
//! server's own audit log has it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// A right: a verb on a resource, granted by a role.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Right {
    /// `ClusterRole/name`, or `namespace/name` of a Role.
    pub role: String,
    /// `resource.group`, or with the subresource `resource/subresource.group`.
    pub resource: String,
    /// The verb.
    pub verb: String,
}

/// The rights of the roles that manifests bind to the service account.
///
/// # Panics
/// If the manifests cannot be read.
#[must_use]
pub fn granted(manifests: &str, account: &str) -> BTreeSet<Right> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(manifests).unwrap();
    let bindings = documents.iter().filter(|document| {
        let subjects = document["subjects"].as_array();
        subjects.is_some_and(|subjects| subjects.iter().any(|subject| subject["name"] == account))
    });
    let roles: BTreeSet<String> = bindings
        .map(|binding| {
            role(
                &binding["roleRef"]["kind"],
                &binding["metadata"]["namespace"],
                &binding["roleRef"]["name"],
            )
        })
        .collect();
    let mut rights = BTreeSet::new();
    for document in &documents {
        let name = role(
            &document["kind"],
            &document["metadata"]["namespace"],
            &document["metadata"]["name"],
        );
        for rule in document["rules"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|_| roles.contains(&name))
        {
            for (group, resource, verb) in combinations(rule) {
                rights.insert(Right {
                    role: name.clone(),
                    resource: format!("{resource}.{group}"),
                    verb: verb.to_owned(),
                });
            }
        }
    }
    rights
}

fn combinations(rule: &Value) -> impl Iterator<Item = (&str, &str, &str)> {
    let texts = |key: &str| rule[key].as_array().into_iter().flatten().filter_map(Value::as_str);
    let pairs = texts("apiGroups").flat_map(move |group| texts("resources").map(move |resource| (group, resource)));
    pairs.flat_map(move |(group, resource)| texts("verbs").map(move |verb| (group, resource, verb)))
}

fn role(kind: &Value, namespace: &Value, name: &Value) -> String {
    let name = name.as_str().unwrap_or_default();
    match (kind.as_str(), namespace.as_str()) {
        (Some("ClusterRole"), _) => format!("ClusterRole/{name}"),
        (_, namespace) => format!("{}/{name}", namespace.unwrap_or_default()),
    }
}

/// The rights of roles that `user` has made use of, and what it was refused.
#[must_use]
pub fn used(audit_log: &str, user: &str) -> (BTreeSet<Right>, BTreeSet<String>) {
    let entries = audit_log
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let (mut rights, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for entry in entries.filter(|entry| entry["user"]["username"] == user) {
        let annotation = |name: &str| entry["annotations"][name].as_str().unwrap_or_default().to_owned();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let object = &entry["objectRef"];
        let resource = match object["subresource"].as_str() {
            Some(subresource) => format!("{}/{subresource}", text(&object["resource"])),
            None => text(&object["resource"]),
        };
        let (verb, resource) = (
            text(&entry["verb"]),
            format!("{resource}.{}", text(&object["apiGroup"])),
        );
        if annotation("authorization.k8s.io/decision") == "forbid" {
            refused.insert(format!("{verb} {resource} in {:?}", text(&object["namespace"])));
        }
        if let Some(role) = granting(&annotation("authorization.k8s.io/reason"), &text(&object["namespace"])) {
            rights.insert(Right { role, resource, verb });
        }
    }
    (rights, refused)
}

/// The role that the reason names, such as `RBAC: allowed by RoleBinding "a/ns" of Role "a" to ...`.
fn granting(reason: &str, namespace: &str) -> Option<String> {
    let rest = reason.split_once(" of ")?.1;
    let (kind, rest) = rest.split_once(" \"")?;
    let name = rest.split_once('"')?.0;
    Some(match kind {
        "ClusterRole" => format!("ClusterRole/{name}"),
        _ => format!("{namespace}/{name}"),
    })
}

/// Writes down what a test binary has seen used so far, for the sum over all of them.
///
/// # Panics
/// If something was refused, or if it cannot be written down.
pub fn note(audit_log: &Path, user: &str) {
    let log = std::fs::read_to_string(audit_log).unwrap();
    let (used, refused) = used(&log, user);
    assert!(
        refused.is_empty(),
        "the operator asks for what it may not do: {refused:?}"
    );
    let binary = std::env::current_exe().unwrap();
    let name = binary.file_name().unwrap().to_string_lossy().into_owned();
    std::fs::create_dir_all(folder()).unwrap();
    let lines = used
        .iter()
        .map(|right| format!("{}\t{}\t{}\n", right.role, right.resource, right.verb));
    std::fs::write(folder().join(name), lines.collect::<String>()).unwrap();
}

/// What all test binaries have noted.
///
/// # Panics
/// If nothing was noted.
#[must_use]
pub fn noted() -> BTreeSet<Right> {
    let mut all = BTreeSet::new();
    for entry in std::fs::read_dir(folder()).unwrap_or_else(|_| panic!("no end-to-end test ran before")) {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for line in text.lines() {
            let mut parts = line.split('\t').map(str::to_owned);
            let mut next = || parts.next().unwrap();
            all.insert(Right {
                role: next(),
                resource: next(),
                verb: next(),
            });
        }
    }
    all
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/rights")
}
