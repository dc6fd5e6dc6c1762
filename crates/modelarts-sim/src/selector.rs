//! Label selectors in Kubernetes syntax: equality, sets, existence.
//!
//! The service documents no syntax. Its objects have the shape of Kubernetes objects and its
//! clients send key-only selectors, hence this reading; what does not parse is refused, so that
//! a client that escapes wrongly notices.

use serde_json::{Map, Value};

use crate::refusal::Refusal;

/// A parsed selector: all requirements must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selector {
    requirements: Vec<Requirement>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Requirement {
    Exists(String),
    Absent(String),
    In(String, Vec<String>),
    NotIn(String, Vec<String>),
}

impl Selector {
    /// Parses a selector; an empty one selects everything.
    ///
    /// # Errors
    /// 400 if the syntax is not that of Kubernetes.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        let mut requirements = Vec::new();
        let mut rest = text.trim();
        while !rest.is_empty() {
            let end = requirement_end(rest);
            let part = rest[..end].trim();
            requirements.push(
                requirement(part)
                    .ok_or_else(|| Refusal::bad_request(format!("labelSelector: cannot parse {part:?}.")))?,
            );
            rest = match rest.get(end..).and_then(|tail| tail.strip_prefix(',')) {
                Some(tail) if tail.trim().is_empty() => {
                    return Err(Refusal::bad_request("labelSelector ends in a comma."));
                }
                Some(tail) => tail.trim(),
                None => "",
            };
        }
        Ok(Self { requirements })
    }

    /// Whether the labels satisfy every requirement.
    #[must_use]
    pub fn matches(&self, labels: &Map<String, Value>) -> bool {
        let value = |key: &str| labels.get(key).and_then(Value::as_str);
        self.requirements.iter().all(|requirement| match requirement {
            Requirement::Exists(key) => labels.contains_key(key),
            Requirement::Absent(key) => !labels.contains_key(key),
            Requirement::In(key, wanted) => value(key).is_some_and(|value| wanted.iter().any(|one| one == value)),
            // As in Kubernetes, an absent label satisfies an inequality.
            Requirement::NotIn(key, wanted) => value(key).is_none_or(|value| wanted.iter().all(|one| one != value)),
        })
    }
}

/// Where the first requirement ends: at the next comma outside parentheses.
fn requirement_end(text: &str) -> usize {
    let mut depth = 0_i32;
    for (index, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth <= 0 => return index,
            _ => {}
        }
    }
    text.len()
}

fn requirement(text: &str) -> Option<Requirement> {
    if let Some(key) = text.strip_prefix('!') {
        return key_of(key).map(Requirement::Absent);
    }
    if let Some((key, value)) = text.split_once("!=") {
        return Some(Requirement::NotIn(key_of(key)?, vec![value_of(value)?]));
    }
    if let Some((key, value)) = text.split_once("==").or_else(|| text.split_once('=')) {
        return Some(Requirement::In(key_of(key)?, vec![value_of(value)?]));
    }
    let Some((key, set)) = text.split_once(char::is_whitespace) else {
        return key_of(text).map(Requirement::Exists);
    };
    let key = key_of(key)?;
    let set = set.trim();
    if let Some(values) = set.strip_prefix("notin") {
        return Some(Requirement::NotIn(key, set_of(values)?));
    }
    set.strip_prefix("in")
        .and_then(set_of)
        .map(|values| Requirement::In(key, values))
}

fn set_of(text: &str) -> Option<Vec<String>> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    inner.split(',').map(value_of).collect()
}

/// A label key: an optional prefix and a slash, then letters, digits, `-`, `_`, `.`.
fn key_of(text: &str) -> Option<String> {
    let key = text.trim();
    let name = match key.split_once('/') {
        Some((prefix, name)) if !prefix.is_empty() && word(prefix) => name,
        Some(_) => return None,
        None => key,
    };
    (!name.is_empty() && word(name)).then(|| key.to_owned())
}

/// A label value: the same letters, or nothing.
fn value_of(text: &str) -> Option<String> {
    let value = text.trim();
    word(value).then(|| value.to_owned())
}

fn word(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
