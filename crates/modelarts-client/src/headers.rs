//! Which headers a signed request carries. Pure.

use secrecy::{ExposeSecret, SecretString};

use crate::sign::Pair;

/// What is added to the caller's headers before signing.
#[derive(Clone, Copy)]
pub struct Completion<'a> {
    /// Host as the HTTP library will send it, with a port only where the URL has one.
    pub host: &'a str,
    /// `YYYYMMDDTHHMMSSZ` in UTC.
    pub date: &'a str,
    /// Project, for a regional service.
    pub project_id: Option<&'a str>,
    /// Account, for a global service.
    pub domain_id: Option<&'a str>,
    /// Second half of a temporary key.
    pub security_token: Option<&'a SecretString>,
    /// What stands for the body in the signature.
    pub payload: Payload,
}

/// What stands for the body in the signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Payload {
    /// Its hash. The only form this client sends.
    Hashed,
    /// A fixed word, unless the content type is JSON: the habit of the vendor's SDK, which leaves
    /// a merge patch unprotected. Here to show that we sign as the SDK does.
    HashedIfJson,
}

/// The caller's headers, and those that authenticate. A header the caller gave is not added again,
/// whatever its letter case.
#[must_use]
pub fn complete(given: &[Pair], completion: &Completion<'_>) -> Vec<Pair> {
    let mut headers: Vec<Pair> = given
        .iter()
        .map(|(name, value)| (name.clone(), value.trim().to_owned()))
        .collect();
    let mut add = |name: &str, value: Option<&str>| {
        let known = headers
            .iter()
            .any(|(candidate, _)| candidate.eq_ignore_ascii_case(name));
        if let (false, Some(value)) = (known, value) {
            headers.push((name.to_owned(), value.trim().to_owned()));
        }
    };
    add("X-Project-Id", completion.project_id);
    add("X-Domain-Id", completion.domain_id);
    add(
        "X-Security-Token",
        completion.security_token.map(ExposeSecret::expose_secret),
    );
    add("X-Sdk-Date", Some(completion.date));
    add("Host", Some(completion.host));
    if completion.payload == Payload::HashedIfJson && has_other_content(given) {
        add("X-Sdk-Content-Sha256", Some("UNSIGNED-PAYLOAD"));
    }
    headers
}

/// Whether a content type is there that is not JSON. The SDK knows the header in one spelling only.
fn has_other_content(headers: &[Pair]) -> bool {
    headers.iter().any(|(name, value)| {
        name == "Content-Type" && !value.starts_with("application/json") && !value.starts_with("application/bson")
    })
}
