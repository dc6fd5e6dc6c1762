//! The settable properties of a kind, as the generated definition has them.
//!
//! A path is written as in documentation: `resources[].azs[].count` goes through lists, and a `*`
//! stands for the keys of a map, as in `resources[].labels.*`.

use std::collections::BTreeSet;

use serde_json::Value;

/// The path of every leaf of the spec of `kind`.
pub fn leaves(kind: &str) -> BTreeSet<String> {
    let definitions = serde_json::to_value(modelarts_crd::crds()).unwrap();
    let mut definitions = definitions.as_array().unwrap().iter();
    let definition = definitions
        .find(|definition| definition["spec"]["names"]["kind"] == kind)
        .unwrap();
    let versions = definition["spec"]["versions"].as_array().unwrap();
    assert_eq!(versions.len(), 1, "one version, one table");
    let mut found = BTreeSet::new();
    let spec = &versions[0]["schema"]["openAPIV3Schema"]["properties"]["spec"];
    walk(spec, "", &mut found);
    found
}

fn walk(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    if let Some(properties) = schema["properties"].as_object() {
        for (name, property) in properties {
            let dot = if path.is_empty() { "" } else { "." };
            walk(property, &format!("{path}{dot}{name}"), found);
        }
    } else if schema["items"].is_object() {
        walk(&schema["items"], &format!("{path}[]"), found);
    } else if schema["additionalProperties"].is_object() {
        walk(&schema["additionalProperties"], &format!("{path}.*"), found);
    } else {
        let scalars = ["string", "integer", "number", "boolean"];
        let type_ = schema["type"].as_str().unwrap_or_default();
        assert!(
            scalars.contains(&type_),
            "{path} is of a shape that is not known here: {schema}"
        );
        found.insert(path.to_owned());
    }
}
