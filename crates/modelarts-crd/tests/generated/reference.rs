//! `docs/reference.md`: every field of every kind, from the definitions. What it says of a field is what
//! `kubectl explain` says.

use std::fmt::Write as _;

use serde_json::Value;

use crate::COMMAND;

/// The page.
pub fn page() -> String {
    let mut text = format!(
        "# Reference\n\n<!-- Generated from the definitions, do not edit: {COMMAND} -->\n\n\
         Every field of every kind; `kubectl explain` prints the same. A field of `spec` that is left out has no default in the\n\
         object: what then happens is said at the field.\n"
    );
    for crd in modelarts_crd::crds() {
        let crd = serde_json::to_value(crd).unwrap();
        let names = &crd["spec"]["names"];
        let _ = write!(
            text,
            "\n## {}\n\n`{}/{}`, {}, short name `{}`.\n",
            word(&names["kind"]),
            word(&crd["spec"]["group"]),
            word(&crd["spec"]["versions"][0]["name"]),
            word(&crd["spec"]["scope"]).to_lowercase(),
            word(&names["shortNames"][0]),
        );
        let schema = &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
        for part in ["spec", "status"] {
            let _ = write!(text, "\n### {} {part}\n\n", word(&names["kind"]));
            text.push_str("| Field | Type | Meaning |\n| --- | --- | --- |\n");
            rows(part, &schema["properties"][part], &mut text);
            rules(&schema["properties"][part], &mut text);
        }
    }
    text
}

fn rows(place: &str, schema: &Value, text: &mut String) {
    let required: Vec<_> = schema["required"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    for (name, field) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{place}.{name}");
        let needed = if required.contains(&name.as_str()) {
            ", required"
        } else {
            ""
        };
        let _ = writeln!(
            text,
            "| `{path}` | {}{needed} | {} |",
            type_of(field),
            cell(&field["description"])
        );
        match field["type"].as_str() {
            Some("array") => rows(&format!("{path}[]"), &field["items"], text),
            _ => rows(&path, field, text),
        }
    }
}

/// What is checked over several fields.
fn rules(schema: &Value, text: &mut String) {
    let rules: Vec<_> = schema["x-kubernetes-validations"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    if rules.is_empty() {
        return;
    }
    text.push_str("\nRules, in the words of the API server:\n\n");
    for rule in rules {
        let _ = writeln!(text, "* {}", cell(&rule["message"]));
    }
}

/// The type, with the bounds that people meet.
fn type_of(field: &Value) -> String {
    if let Some(values) = field["enum"].as_array() {
        let values: Vec<_> = values
            .iter()
            .filter_map(Value::as_str)
            .map(|value| format!("`{value}`"))
            .collect();
        return values.join(", ");
    }
    let kind = match field["type"].as_str() {
        Some("array") => format!("list of {}", type_of(&field["items"])),
        Some("object") if field.get("additionalProperties").is_some() => "map".to_owned(),
        Some(other) => other.to_owned(),
        None => "number or string".to_owned(),
    };
    let bounds = [
        ("minimum", "at least"),
        ("maximum", "at most"),
        ("maxLength", "at most"),
        ("maxItems", "at most"),
    ];
    let told = bounds.iter().filter_map(|(key, words)| {
        let number = field[*key].as_f64()?;
        let unit = if *key == "maxLength" { " characters" } else { "" };
        Some(format!("{words} {number}{unit}"))
    });
    let told: Vec<_> = told.collect();
    match told.is_empty() {
        true => kind,
        false => format!("{kind}, {}", told.join(", ")),
    }
}

/// Text for a cell of a table.
fn cell(text: &Value) -> String {
    word(text)
        .replace('|', "\\|")
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

fn word(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[test]
fn every_field_has_words() {
    let bare: Vec<_> = page()
        .lines()
        .filter(|line| line.starts_with("| `") && line.ends_with("|  |"))
        .map(str::to_owned)
        .collect();
    assert_eq!(bare, Vec::<String>::new());
}
