//! Whose pool is it? Names, and the marker that decides.
//!
//! A pool is ours if the marker at the end of its description names our object's uid and our
//! cluster. A name, an ID or a place in the status proves nothing: all three can be written by others.

use data_encoding::{BASE32_NOPAD, Encoding};
use sha2::{Digest, Sha256};

use crate::kind::Resource;

/// How much of an object's name goes into a derived pool name.
const NAME_PART: usize = 14;
/// Characters of the fingerprint in a derived pool name.
const NAME_FINGERPRINT: usize = 10;
/// Characters of the cluster's fingerprint in a marker.
const CLUSTER_FINGERPRINT: usize = 6;
/// What a marker begins with.
const MARKER: &str = "[mapool:";

/// The identity of a Kubernetes cluster: the uid of its `kube-system` namespace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ClusterId(pub String);

impl ClusterId {
    /// The part of a marker that tells clusters apart.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(&[&self.0], CLUSTER_FINGERPRINT)
    }
}

/// The name of the pool of an object without `poolName`.
///
/// It fits the strictest of the service's name rules, and no two incarnations of an object share it.
#[must_use]
pub fn derived_name(object: &str, uid: &str, cluster: &ClusterId) -> String {
    let mut part: String = object
        .chars()
        .map(|c| {
            if c.is_ascii_lowercase() || c.is_ascii_digit() {
                c
            } else {
                '-'
            }
        })
        .take(NAME_PART)
        .collect();
    if !part.starts_with(|c: char| c.is_ascii_lowercase()) {
        part.insert(0, 'p');
        part.truncate(NAME_PART);
    }
    let part = part.trim_end_matches('-');
    format!("{part}-{}", fingerprint(&[&cluster.0, uid], NAME_FINGERPRINT))
}

/// The ID that the service is expected to give a pool. Good for looking, never for deciding.
#[must_use]
pub fn predicted_id(pool_name: &str, project: &str) -> String {
    format!("{pool_name}-{project}")
}

/// A short word that stands for `what`.
#[must_use]
pub fn fingerprint_of(what: &[u8]) -> String {
    short(Sha256::digest(what).as_slice(), 16)
}

fn fingerprint(parts: &[&str], length: usize) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    short(hash.finalize().as_slice(), length)
}

fn short(digest: &[u8], length: usize) -> String {
    const ALPHABET: &Encoding = &BASE32_NOPAD;
    let mut text = ALPHABET.encode(digest).to_ascii_lowercase();
    text.truncate(length);
    text
}

/// Whose a pool is: the uid of an object, and the cluster that the object is in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    /// uid of the object.
    pub uid: String,
    /// Fingerprint of the cluster.
    pub cluster: String,
}

impl Marker {
    /// The marker of an object.
    #[must_use]
    pub fn of(uid: &str, cluster: &ClusterId) -> Self {
        Self {
            uid: uid.to_owned(),
            cluster: cluster.fingerprint(),
        }
    }

    /// The last marker in a description.
    #[must_use]
    pub fn find(description: &str) -> Option<Self> {
        let begin = description.rfind(MARKER)? + MARKER.len();
        let rest = &description[begin..];
        let (uid, cluster) = rest[..rest.find(']')?].split_once('@')?;
        (!uid.is_empty() && !cluster.is_empty()).then(|| Self {
            uid: uid.to_owned(),
            cluster: cluster.to_owned(),
        })
    }

    /// The marker of a thing in the cloud.
    #[must_use]
    pub fn on<R: Resource>(resource: &R) -> Option<Self> {
        Self::find(resource.description())
    }

    /// A description with this marker at its end.
    #[must_use]
    pub fn append_to(&self, text: &str) -> String {
        format!("{text} {self}")
    }
}

impl std::fmt::Display for Marker {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{MARKER}{}@{}]", self.uid, self.cluster)
    }
}

/// A description as the user wrote it, without the marker.
#[must_use]
pub fn without_marker(description: &str) -> &str {
    match description.rfind(MARKER) {
        Some(begin) if Marker::find(description).is_some() => description[..begin].trim_end(),
        _ => description,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const UID: &str = "0f1d5a0e-51a1-4f43-a1de-7d3d0a3bd8f5";

    fn cluster() -> ClusterId {
        ClusterId("9be1e8c4-5df2-4be9-9e63-5c2a3c9c3b0a".into())
    }

    #[test]
    fn a_marker_takes_53_characters_and_is_found_again() {
        let marker = Marker::of(UID, &cluster());
        let description = marker.append_to("trains models");
        assert_eq!(description.len() - "trains models".len(), 53);
        assert_eq!(Marker::find(&description), Some(marker));
        assert_eq!(without_marker(&description), "trains models");
    }

    #[test]
    fn text_that_only_looks_like_a_marker_is_none() {
        for text in [
            "",
            "[mapool:",
            "[mapool:]",
            "[mapool:x]",
            "[mapool:@c]",
            "[mapool:u@]",
            "mapool:u@c",
        ] {
            assert_eq!(Marker::find(text), None, "{text}");
            assert_eq!(without_marker(text), text);
        }
    }

    #[test]
    fn another_incarnation_or_another_cluster_gets_another_name() {
        let name = derived_name("train-a", UID, &cluster());
        assert_ne!(name, derived_name("train-a", "another-uid", &cluster()));
        assert_ne!(name, derived_name("train-a", UID, &ClusterId("another".into())));
    }

    proptest! {
        #[test]
        fn a_derived_name_fits_the_strictest_rule(object in "[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?", uid in "[a-f0-9-]{36}") {
            let name = derived_name(&object, &uid, &cluster());
            prop_assert!((4..=25).contains(&name.len()), "{name}");
            prop_assert!(name.starts_with(|c: char| c.is_ascii_lowercase()), "{name}");
            prop_assert!(name.ends_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit()), "{name}");
            prop_assert!(name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-'), "{name}");
        }
    }
}
