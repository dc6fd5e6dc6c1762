//! Compares two generations of definitions, as data. It knows the keywords that the definitions use; one
//! that it does not know counts as a break when it changes.

use serde_json::Value;

/// Keywords that may grow.
const UPPER: [&str; 5] = ["maxLength", "maxItems", "maxProperties", "maximum", "exclusiveMaximum"];
/// Keywords that may shrink.
const LOWER: [&str; 5] = ["minLength", "minItems", "minProperties", "minimum", "exclusiveMinimum"];
/// Keywords that nothing depends on, or that are looked at by themselves.
const ASIDE: [&str; 7] = [
    "description",
    "default",
    "properties",
    "items",
    "additionalProperties",
    "required",
    "enum",
];
const RULES: &str = "x-kubernetes-validations";

/// What an object of `before` may meet in `after`, empty if nothing.
pub fn breaks(before: &Value, after: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for old in list(before) {
        let name = text(&old["metadata"]["name"]);
        let Some(new) = list(after)
            .iter()
            .find(|new| new["metadata"]["name"] == old["metadata"]["name"])
        else {
            found.push(format!("{name} is gone"));
            continue;
        };
        for key in ["scope", "group", "names"] {
            if old["spec"][key] != new["spec"][key] && key != "names" {
                found.push(format!("{name}: {key} has changed"));
            }
        }
        for key in ["kind", "plural"] {
            if old["spec"]["names"][key] != new["spec"]["names"][key] {
                found.push(format!("{name}: names.{key} has changed"));
            }
        }
        for version in list(&old["spec"]["versions"])
            .iter()
            .filter(|version| version["served"] == true)
        {
            let same = |new: &&Value| new["name"] == version["name"] && new["served"] == true;
            let place = format!("{name}: {}", text(&version["name"]));
            match list(&new["spec"]["versions"]).iter().find(same) {
                None => found.push(format!("{place} is not served any more")),
                Some(new) => {
                    let schema = |version: &Value| version["schema"]["openAPIV3Schema"].clone();
                    compare(&place, &schema(version), &schema(new), &mut found);
                }
            }
        }
    }
    found
}

fn compare(place: &str, old: &Value, new: &Value, found: &mut Vec<String>) {
    let mut told = |what: String| found.push(format!("{place}: {what}"));
    for keyword in keywords(old, new) {
        let (was, is) = (&old[keyword], &new[keyword]);
        if was == is || ASIDE.contains(&keyword) {
            continue;
        }
        let stricter = match (was.as_f64(), is.as_f64()) {
            (_, None) if UPPER.contains(&keyword) || LOWER.contains(&keyword) => false,
            (Some(was), Some(is)) if UPPER.contains(&keyword) => is < was,
            (Some(was), Some(is)) if LOWER.contains(&keyword) => is > was,
            _ if keyword == RULES => {
                let rules =
                    |schema: &Value| -> Vec<String> { list(schema).iter().map(|rule| text(&rule["rule"])).collect() };
                let before = rules(was);
                rules(is).iter().any(|rule| !before.contains(rule))
            }
            // A form that was asked for need not be asked for any more.
            _ if keyword == "pattern" || keyword == "format" => !is.is_null(),
            _ => true,
        };
        if stricter {
            told(format!("{keyword} was {was} and is {is}"));
        }
    }
    for name in list(&new["required"]) {
        if !list(&old["required"]).contains(name) {
            told(format!("{name} is required"));
        }
    }
    let allowed = list(&new["enum"]);
    for value in list(&old["enum"]) {
        if !allowed.is_empty() && !allowed.contains(value) {
            told(format!("enum has no {value} any more"));
        }
    }
    if old.get("enum").is_none() && !allowed.is_empty() {
        told("enum is new".to_owned());
    }
    for (name, member) in old["properties"].as_object().into_iter().flatten() {
        match new["properties"].get(name) {
            Some(now) => compare(&format!("{place}.{name}"), member, now, found),
            None => found.push(format!("{place}.{name} is gone")),
        }
    }
    for inner in ["items", "additionalProperties"] {
        if let (Some(member), Some(now)) = (old.get(inner), new.get(inner)) {
            compare(&format!("{place}[]"), member, now, found);
        }
    }
}

fn keywords<'a>(old: &'a Value, new: &'a Value) -> Vec<&'a str> {
    let mut all: Vec<_> = [old, new]
        .iter()
        .filter_map(|schema| schema.as_object())
        .flat_map(|members| members.keys())
        .map(String::as_str)
        .collect();
    all.sort_unstable();
    all.dedup();
    all
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
