//! From the target of a request to what it is about.

use std::collections::BTreeMap;

use http::Uri;

use crate::refusal::Refusal;
use crate::request::Part;
use crate::resource::{Resource, Scope};
use crate::store::Store;

/// What a request is about.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) resource: Resource,
    /// Empty for all, or none.
    pub(crate) namespace: String,
    /// Nothing for the collection.
    pub(crate) name: Option<String>,
    pub(crate) part: Part,
    pub(crate) query: BTreeMap<String, String>,
}

/// Parameters that change nothing here: who writes is not recorded, and bodies are not validated.
const HARMLESS: [&str; 4] = ["fieldManager", "fieldValidation", "pretty", "allowWatchBookmarks"];
/// Parameters that are understood.
const KNOWN: [&str; 6] = [
    "watch",
    "resourceVersion",
    "resourceVersionMatch",
    "limit",
    "continue",
    "timeoutSeconds",
];

impl Address {
    pub(crate) fn parse(uri: &Uri, store: &Store) -> Result<Self, Refusal> {
        let segments: Vec<&str> = uri.path().split('/').filter(|part| !part.is_empty()).collect();
        let (group, version, rest) = match segments.as_slice() {
            ["api", version, rest @ ..] => ("", *version, rest),
            ["apis", group, version, rest @ ..] => (*group, *version, rest),
            _ => return Err(Refusal::no_such_path()),
        };
        let (namespace, rest) = match rest {
            // A namespace itself, or something in one.
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() && !["status", "finalize"].contains(&rest[0]) => {
                ((*namespace).to_owned(), rest)
            }
            rest => (String::new(), rest),
        };
        let (plural, name, part) = match rest {
            [plural] => (*plural, None, Part::Main),
            [plural, name] => (*plural, Some((*name).to_owned()), Part::Main),
            [plural, name, "status"] => (*plural, Some((*name).to_owned()), Part::Status),
            _ => return Err(Refusal::no_such_path()),
        };
        let resource = store
            .resource(plural)
            .filter(|resource| resource.group == group && resource.version == version)
            .ok_or_else(Refusal::no_such_path)?;
        let misplaced = resource.scope == Scope::Cluster && !namespace.is_empty()
            || resource.scope == Scope::Namespaced && namespace.is_empty() && name.is_some()
            || part == Part::Status && !resource.is_custom();
        if misplaced {
            return Err(Refusal::no_such_path());
        }
        Ok(Self {
            resource: resource.clone(),
            namespace,
            name,
            part,
            query: query(uri)?,
        })
    }

    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .get(name)
            .map(String::as_str)
            .filter(|value| !value.is_empty())
    }

    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let text = self.parameter(name);
        text.map(|text| {
            text.parse()
                .map_err(|_| Refusal::bad_request(format!("{name}: {text} is no number")))
        })
        .transpose()
    }
}

fn query(uri: &Uri) -> Result<BTreeMap<String, String>, Refusal> {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let mut query = BTreeMap::new();
    for (name, value) in pairs {
        if KNOWN.contains(&name.as_ref()) {
            query.insert(name.into_owned(), value.into_owned());
        } else if !HARMLESS.contains(&name.as_ref()) && !value.is_empty() {
            return Err(Refusal::unsupported(&format!("the parameter {name}")));
        }
    }
    Ok(query)
}
