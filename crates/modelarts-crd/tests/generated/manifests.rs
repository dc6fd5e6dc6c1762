//! `deploy/crds.yaml` from the types, and `deploy/install.yaml` from it and the files beside it.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use crate::{COMMAND, text};

/// What the install file is made of, in the order in which a cluster can take it.
const PARTS: [&str; 3] = ["deploy/namespace.yaml", "deploy/rbac.yaml", "deploy/operator.yaml"];

/// The definitions, one YAML document each.
pub fn crds() -> String {
    let head = format!("# The kinds ModelArtsPool and ModelArtsAccount. Generated, do not edit: {COMMAND}\n");
    let documents = modelarts_crd::crds();
    let documents = documents
        .iter()
        .map(|crd| serde_saphyr::to_string(crd).expect("a definition is plain data"));
    head + &documents.collect::<Vec<_>>().join("---\n")
}

/// Everything that a cluster needs to run the operator.
pub fn install() -> String {
    let [namespace, rbac, operator] = PARTS.map(text);
    let head = format!(
        "# Everything that the operator needs in a cluster. Set the image (search for image:), then:\n\
         #\n\
         #   kubectl apply --server-side -f install.yaml\n\
         #\n\
         # Then tell it where to create pools, and as whom: account-example.yaml.\n\
         #\n\
         # Generated from the files beside it, do not edit: {COMMAND}\n"
    );
    head + &[namespace, crds(), rbac, operator].join("---\n")
}

/// The documents of a YAML text.
fn documents(text: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(text).expect("the file is YAML")
}

#[test]
fn the_definitions_survive_being_written_as_yaml() {
    let read: Vec<CustomResourceDefinition> = serde_saphyr::from_multiple(&crds()).unwrap();
    assert_eq!(read, modelarts_crd::crds());
}

#[test]
fn every_definition_starts_objects_as_not_looked_at() {
    for document in documents(&crds()) {
        let status = document
            .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/status/default")
            .unwrap_or_else(|| panic!("no default of status in {}", document["metadata"]["name"]));
        assert_eq!(status, &serde_json::json!({"observedGeneration": -1}));
    }
}

/// Absence is the default in `spec`, and null is no value there: see the header of `pool.rs`.
#[test]
fn no_field_of_a_spec_has_a_default_or_takes_null() {
    for document in documents(&crds()) {
        let spec = document
            .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec")
            .expect("a spec");
        let mut found = Vec::new();
        offences(spec, "spec", &mut found);
        assert_eq!(found, Vec::<String>::new(), "in {}", document["metadata"]["name"]);
    }
}

fn offences(schema: &Value, path: &str, found: &mut Vec<String>) {
    for key in ["default", "nullable"] {
        if schema.get(key).is_some() {
            found.push(format!("{path} has {key}"));
        }
    }
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, field) in properties {
            offences(field, &format!("{path}.{name}"), found);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(key) {
            offences(inner, &format!("{path}[]"), found);
        }
    }
}

#[test]
fn the_image_is_of_this_version_and_replicas_elect_a_leader() {
    let operator: Deployment = serde_saphyr::from_str(&text("deploy/operator.yaml")).unwrap();
    let spec = operator.spec.expect("a spec");
    let container = &spec.template.spec.expect("a pod").containers[0];
    let image = concat!("modelarts-operator:", env!("CARGO_PKG_VERSION"));
    assert_eq!(container.image.as_deref(), Some(image));
    let elects = container
        .args
        .iter()
        .flatten()
        .any(|argument| argument == "--leader-elect");
    assert!(
        elects || spec.replicas == Some(1),
        "several replicas would all write at once"
    );
}

#[test]
fn the_install_file_creates_the_namespace_first_and_the_definitions_before_the_operator() {
    let kinds: Vec<_> = documents(&install())
        .iter()
        .map(|document| document["kind"].as_str().expect("a kind").to_owned())
        .collect();
    let place = |kind: &str| kinds.iter().position(|k| k == kind).expect(kind);
    assert_eq!(place("Namespace"), 0);
    assert!(place("CustomResourceDefinition") < place("Deployment"));
    assert!(place("RoleBinding") < place("Deployment"));
    assert_eq!(
        kinds.iter().filter(|kind| *kind == "CustomResourceDefinition").count(),
        2
    );
}
