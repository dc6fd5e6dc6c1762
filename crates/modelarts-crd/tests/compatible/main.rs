//! An object that was accepted by a released version is accepted by this one, and means the same: the
//! definitions are compared with those of every release in `released/`, and that release's samples are
//! read by today's types. The end-to-end tests apply the same samples to a real API server.
//!
//! `docs/upgrade.md` has the policy.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod schema;

use std::path::PathBuf;

use modelarts_crd::{ModelArtsAccount, ModelArtsNetwork, ModelArtsPool};
use serde_json::{Value, json};

/// What is stricter on purpose, with the reason; `docs/upgrade.md` names each for its release.
const MEANT: [(&str, &str); 0] = [];

fn released() -> Vec<PathBuf> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/released"));
    let all: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    assert!(!all.is_empty(), "no release is recorded");
    all
}

fn documents(path: &PathBuf) -> Vec<Value> {
    serde_saphyr::from_multiple(&std::fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn what_a_release_accepted_is_accepted() {
    let today = serde_json::to_value(modelarts_crd::crds()).unwrap();
    for release in released() {
        let before = Value::from(documents(&release.join("crds.yaml")));
        let mut broken = schema::breaks(&before, &today);
        broken.retain(|what| !MEANT.iter().any(|(meant, _)| what == meant));
        assert_eq!(broken, Vec::<String>::new(), "since {}", release.display());
    }
}

#[test]
fn the_samples_of_a_release_are_read() {
    let mut read = 0;
    for release in released() {
        for entry in std::fs::read_dir(release.join("samples")).unwrap() {
            let path = entry.unwrap().path();
            for document in documents(&path) {
                let result = match document["kind"].as_str() {
                    Some("ModelArtsPool") => serde_json::from_value::<ModelArtsPool>(document.clone()).map(drop),
                    Some("ModelArtsNetwork") => serde_json::from_value::<ModelArtsNetwork>(document.clone()).map(drop),
                    Some("ModelArtsAccount") => serde_json::from_value::<ModelArtsAccount>(document.clone()).map(drop),
                    _ => continue,
                };
                result.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                read += 1;
            }
        }
    }
    assert!(read >= 7, "{read}");
}

/// Each way to break an object is told, and nothing else is.
#[test]
fn each_way_to_break_is_found() {
    let crd = |schema: Value| {
        json!([{
            "metadata": { "name": "things.example.com" },
            "spec": { "scope": "Namespaced", "versions": [
                { "name": "v1", "served": true, "schema": { "openAPIV3Schema": schema } },
            ] },
        }])
    };
    let before = json!({ "type": "object", "required": ["a"], "properties": {
        "a": { "type": "string", "maxLength": 10, "enum": ["X", "Y"] },
        "b": { "type": "integer", "minimum": 1 },
        "c": { "type": "array", "items": { "type": "string" } },
    }, "x-kubernetes-validations": [{ "rule": "self.a != 'Z'" }] });
    let changed = |pointer: &str, value: Value| {
        let mut after = before.clone();
        *after.pointer_mut(pointer).unwrap() = value;
        schema::breaks(&crd(before.clone()), &crd(after))
    };
    assert_eq!(
        schema::breaks(&crd(before.clone()), &crd(before.clone())),
        Vec::<String>::new()
    );
    for (pointer, value, word) in [
        ("/properties/b", json!({ "type": "string" }), "type"),
        ("/required", json!(["a", "b"]), "required"),
        ("/properties/a/maxLength", json!(9), "maxLength"),
        ("/properties/a/enum", json!(["X"]), "enum"),
        ("/properties/b/minimum", json!(2), "minimum"),
        (
            "/properties/b",
            json!({ "type": "integer", "minimum": 1, "maximum": 5 }),
            "maximum",
        ),
        (
            "/properties/c/items",
            json!({ "type": "string", "pattern": "^a" }),
            "pattern",
        ),
        ("/properties", json!({ "a": { "type": "string" } }), "is gone"),
        (
            "/x-kubernetes-validations",
            json!([{ "rule": "self.a != 'W'" }]),
            "rule",
        ),
    ] {
        let told = changed(pointer, value);
        assert!(
            !told.is_empty() && told.iter().all(|what| what.contains(word) || word == "is gone"),
            "{pointer}: {told:?}"
        );
    }
    for (pointer, value) in [
        ("/properties/a/maxLength", json!(11)),
        ("/properties/a/enum", json!(["X", "Y", "Z"])),
        ("/properties/b/minimum", json!(0)),
        ("/required", json!([])),
        ("/x-kubernetes-validations", json!([])),
        (
            "/properties/c",
            json!({ "type": "array", "items": { "type": "string" }, "description": "new words" }),
        ),
    ] {
        assert_eq!(changed(pointer, value), Vec::<String>::new(), "{pointer}");
    }
}

#[test]
fn a_version_that_is_gone_is_found() {
    let crd = |versions: Value| json!([{ "metadata": { "name": "x" }, "spec": { "scope": "Namespaced", "versions": versions } }]);
    let one = json!({ "name": "v1", "served": true, "schema": { "openAPIV3Schema": { "type": "object" } } });
    let mut unserved = one.clone();
    unserved["served"] = json!(false);
    for after in [json!([]), json!([unserved])] {
        assert_eq!(
            schema::breaks(&crd(json!([one])), &crd(after)),
            ["x: v1 is not served any more"]
        );
    }
    assert_eq!(schema::breaks(&crd(json!([one])), &json!([])), ["x is gone"]);
}
