//! Two macros that write the serde side of this crate: `shape!` for objects, `words!` for enums.
//!
//! Derived code would reject a whole answer because one member has an unexpected type, and an
//! operator that cannot read its pool cannot protect it. The macros exist so that the lenient rule
//! is written once and no struct can forget it.

use std::collections::BTreeMap;

use serde::de::DeserializeOwned;
use serde_json::Value;

/// Takes the member `key` out of `members` if it has the type `T`.
///
/// A `null` counts as absent, because clients of the service write one where they mean "not set".
/// A value of another type goes back into `members`, so that it is written again unchanged.
pub(crate) fn take<T: DeserializeOwned + Default>(members: &mut BTreeMap<String, Value>, key: &str) -> T {
    match members.remove(key) {
        None | Some(Value::Null) => T::default(),
        Some(value) => T::deserialize(&value).unwrap_or_else(|_| {
            members.insert(key.to_owned(), value);
            T::default()
        }),
    }
}

/// Declares an object of the API: `rust_name: Type = "jsonName"`, plus the member `extra`.
///
/// A field at its default is not written. Fields are therefore `Option`, unless an empty value and
/// an absent one mean the same.
macro_rules! shape {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $( $(#[$field_about:meta])* $field:ident : $type:ty = $key:literal, )*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Default)]
        pub struct $name {
            $( $(#[$field_about])* pub $field: $type, )*
            /// Members without a field here, and members whose value has a type other than the
            /// documented one. They are written back as they came.
            pub extra: std::collections::BTreeMap<String, serde_json::Value>,
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use serde::ser::SerializeMap;
                let mut map = serializer.serialize_map(None)?;
                let mut written: Vec<&str> = Vec::new();
                $(
                    if self.$field != <$type>::default() {
                        map.serialize_entry($key, &self.$field)?;
                        written.push($key);
                    }
                )*
                for (key, value) in &self.extra {
                    // A field set after parsing replaces the odd value that stood in its place.
                    if !written.contains(&key.as_str()) {
                        map.serialize_entry(key, value)?;
                    }
                }
                map.end()
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let mut extra = std::collections::BTreeMap::deserialize(deserializer)?;
                Ok(Self {
                    $( $field: crate::shape::take(&mut extra, $key), )*
                    extra,
                })
            }
        }
    };
}

/// Declares an enum of words; a word that is not listed is kept in `Other`.
macro_rules! words {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $( $(#[$word_about:meta])* $variant:ident = $word:literal, )*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $name {
            $( $(#[$word_about])* $variant, )*
            /// A word this version does not know, as it came.
            Other(String),
        }

        impl $name {
            /// The word as the service writes it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $word, )*
                    Self::Other(word) => word,
                }
            }
        }

        impl From<&str> for $name {
            fn from(word: &str) -> Self {
                match word {
                    $( $word => Self::$variant, )*
                    other => Self::Other(other.to_owned()),
                }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let word = String::deserialize(deserializer)?;
                Ok(Self::from(word.as_str()))
            }
        }
    };
}
