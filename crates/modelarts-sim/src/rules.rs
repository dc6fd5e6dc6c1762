//! Limits on names and descriptions, shared by pools and networks.

use serde_json::{Map, Value};

use crate::refusal::Refusal;
use modelarts_types::keys;

/// Characters that a description must not have.
const FORBIDDEN: &[char] = &['!', '<', '>', '=', '&', '"', '\''];

/// Checks a display name: a lower-case letter, then letters, digits and hyphens, no hyphen last.
///
/// # Errors
/// 400 if it breaks the rule or its length is not between 4 and `longest`.
pub fn display_name(name: &str, longest: usize) -> Result<(), Refusal> {
    let length = name.len();
    let letters = name
        .chars()
        .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    let ends = name.starts_with(|c: char| c.is_ascii_lowercase()) && !name.ends_with('-');
    if letters && ends && (4..=longest).contains(&length) {
        Ok(())
    } else {
        Err(Refusal::bad_request(format!(
            "The name {name:?} must be 4 to {longest} lower-case letters, digits and hyphens, \
             beginning with a letter and not ending in a hyphen."
        )))
    }
}

/// Checks the description in a map of annotations, if there is one.
///
/// # Errors
/// 400 if it is longer than 100 characters or has a forbidden one.
pub fn description(annotations: &Map<String, Value>) -> Result<(), Refusal> {
    let Some(text) = annotations.get(keys::DESCRIPTION).and_then(Value::as_str) else {
        return Ok(());
    };
    if text.chars().count() > 100 {
        return Err(Refusal::bad_request("The description is longer than 100 characters."));
    }
    if text.contains(FORBIDDEN) {
        return Err(Refusal::bad_request(
            "The description contains one of the characters ! < > = & \" '.",
        ));
    }
    Ok(())
}

/// Checks that every label or annotation is a text.
///
/// # Errors
/// 400 that names the first one that is not.
pub fn texts(map: &Map<String, Value>) -> Result<(), Refusal> {
    match map.iter().find(|(_, value)| !value.is_string()) {
        Some((key, _)) => Err(Refusal::bad_request(format!("{key} must be a string."))),
        None => Ok(()),
    }
}
