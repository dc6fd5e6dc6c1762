//! Names and descriptions as the service takes them, of every kind.
//!
//! The same rules as in the schema of the CRDs. They are repeated because an object may be older than a
//! rule of the schema.

/// Longest description that leaves room for the marker.
const DESCRIPTION: usize = 47;

/// What is wrong with the name in the field `named`, and with the description, each with its field.
pub(crate) fn problems(named: &str, name: Option<&str>, description: Option<&str>) -> Vec<String> {
    let mut problems = Vec::new();
    if let Some(name) = name.filter(|name| !is_name(name)) {
        problems.push(format!(
            "spec.{named}: {name:?} must be 4 to 25 lowercase letters, digits and hyphens, begin with a letter and not end with a hyphen"
        ));
    }
    let fits = |text: &str| text.chars().count() <= DESCRIPTION && !text.contains(|c| r#"!<>=&"'[]"#.contains(c));
    if !description.is_none_or(fits) {
        problems.push(format!(
            "spec.description: at most {DESCRIPTION} characters, none of ! < > = & \" ' [ ]"
        ));
    }
    problems
}

fn is_name(name: &str) -> bool {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    (4..=25).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && !name.ends_with('-')
        && name.chars().all(inner)
}
