//! `deploy/crds.yaml` from the types, and `deploy/install.yaml` from it and the files beside it.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use crate::{COMMAND, text};

/// What the install file is made of, in the order in which a cluster can take it.
const PARTS: [&str; 3] = ["deploy/namespace.yaml", "deploy/rbac.yaml", "deploy/operator.yaml"];

/// The definitions, one YAML document each.
pub fn crds() -> String {
    let head = format!(
        "# The kinds ModelArtsPool, ModelArtsNetwork and ModelArtsAccount. Generated, do not edit: {COMMAND}\n"
    );
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
    let offends = |schema: &Value| ["default", "nullable"].iter().any(|key| schema.get(key).is_some());
    assert_eq!(fields_where(offends), Vec::<String>::new());
}

/// The server refuses rules over what has no bound, and etcd an object of more than a megabyte.
#[test]
fn every_text_list_and_map_of_a_spec_has_a_bound() {
    let unbounded = |schema: &Value| {
        let bounded_by = match schema["type"].as_str() {
            Some("string") if schema.get("enum").is_none() => "maxLength",
            Some("array") => "maxItems",
            Some("object") if schema.get("additionalProperties").is_some() => "maxProperties",
            _ => return false,
        };
        schema.get(bounded_by).is_none()
    };
    let mut found = fields_where(unbounded);
    // Kubernetes' own selector, which only an administrator writes.
    found.retain(|path| !path.starts_with("ModelArtsAccount.allowedNamespaces."));
    assert_eq!(found, Vec::<String>::new());
}

/// The paths in the specs of all kinds whose schema has a property.
fn fields_where(has: impl Fn(&Value) -> bool) -> Vec<String> {
    let mut found = Vec::new();
    for document in documents(&crds()) {
        let kind = document["spec"]["names"]["kind"].as_str().expect("a kind");
        let spec = document
            .pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec")
            .expect("a spec");
        visit(spec, kind, &mut |schema, path| {
            if has(schema) {
                found.push(path.to_owned());
            }
        });
    }
    found
}

fn visit(schema: &Value, path: &str, see: &mut impl FnMut(&Value, &str)) {
    see(schema, path);
    if let Some(properties) = schema.get("properties").and_then(Value::as_object) {
        for (name, field) in properties {
            visit(field, &format!("{path}.{name}"), see);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(inner) = schema.get(key) {
            visit(inner, &format!("{path}[]"), see);
        }
    }
}

#[test]
fn the_image_is_of_this_version_and_replicas_elect_a_leader() {
    let all = documents(&text("deploy/operator.yaml"));
    let operator = all
        .into_iter()
        .find(|document| document["kind"] == "Deployment")
        .unwrap();
    let operator: Deployment = serde_json::from_value(operator).unwrap();
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
        modelarts_crd::crds().len()
    );
}
