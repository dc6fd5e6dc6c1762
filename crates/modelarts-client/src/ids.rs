//! Names that go into a path. Each is checked when it is made, so that none can climb out of its
//! segment or smuggle in a query, whoever wrote it: a user, or an answer.

use std::fmt;

use thiserror::Error;

/// A text that is not the kind of name it should be.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{text:?} is no {kind}")]
pub struct InvalidId {
    kind: &'static str,
    /// At most 128 characters of it, escaped when shown.
    text: String,
}

macro_rules! id {
    ($(#[$about:meta])* $name:ident, $kind:literal, $valid:expr) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Checks `text`.
            ///
            /// # Errors
            ///
            /// If it is not of the documented form.
            pub fn parse(text: &str) -> Result<Self, InvalidId> {
                let valid: fn(&str) -> bool = $valid;
                if valid(text) {
                    return Ok(Self(text.to_owned()));
                }
                Err(InvalidId { kind: $kind, text: text.chars().take(128).collect() })
            }

            /// The name.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl AsRef<str> for $name {
            fn as_ref(&self) -> &str {
                &self.0
            }
        }

        impl std::str::FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }

        impl TryFrom<&str> for $name {
            type Error = InvalidId;

            fn try_from(text: &str) -> Result<Self, InvalidId> {
                Self::parse(text)
            }
        }
    };
}

id!(
    /// ID of a pool: a small letter, then small letters, digits and hyphens, 128 in all.
    PoolId, "pool ID", generated
);
id!(
    /// ID of a network, of the same form as a pool's.
    NetworkId, "network ID", generated
);
id!(
    /// ID of a project: 1 to 64 letters, digits and hyphens.
    ProjectId, "project ID", opaque
);
id!(
    /// ID of a workspace: 1 to 64 letters, digits and hyphens. The default one is `0`.
    WorkspaceId, "workspace ID", opaque
);
id!(
    /// Name of an order: like a pool's ID, with full stops.
    OrderName, "order name", |text| generated(&text.replace('.', "-")) && !text.contains("..")
);

/// A name the service generates. Longer ones than the reference shows are accepted: refusing the
/// ID of a pool that exists would make it unreachable.
fn generated(text: &str) -> bool {
    text.len() <= 128
        && text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-')
}

fn opaque(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_could_leave_their_segment_are_refused() {
        let long = "a".repeat(129);
        for bad in [
            "", ".", "..", "../x", "a/b", "a?b", "a#b", "a%2Fb", "a b", "A", "0a", "-a", "a\r\nb", "a\0", "pöol", &long,
        ] {
            assert!(PoolId::parse(bad).is_err(), "{bad:?}");
            assert!(NetworkId::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["", ".", "..", "a/b", "a.b", "a b", &"a".repeat(65)] {
            assert!(ProjectId::parse(bad).is_err(), "{bad:?}");
            assert!(WorkspaceId::parse(bad).is_err(), "{bad:?}");
        }
        for bad in ["", ".", "..", "a..b", "a/b", ".a"] {
            assert!(OrderName::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn names_of_the_service_are_accepted() {
        assert!(PoolId::parse("pool-001-86c13962597848eeb29c5861153a391f").is_ok());
        assert!(PoolId::parse(&"a".repeat(128)).is_ok());
        assert!(NetworkId::parse("network-7a03-86c13962597848eeb29c5861153a391f").is_ok());
        assert!(ProjectId::parse("0123456789abcdef0123456789abcdef").is_ok());
        assert!(WorkspaceId::parse("0").is_ok());
        assert!(OrderName::parse("order.pool-001-w4l2n").is_ok());
    }
}
