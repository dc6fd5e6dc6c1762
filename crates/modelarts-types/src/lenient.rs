//! The lenient rule, and the two types that carry it where a struct field cannot.
//!
//! The rule: a member of an unexpected type degrades that member only. Its field reads as absent,
//! and the value stays in the struct's `extra`, so that nothing is lost when the object is written
//! again. Unknown members are kept in the same place. Only a body that is no JSON object fails.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// A value that should be a `T`, or whatever came instead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Lenient<T> {
    /// The documented type.
    Is(T),
    /// Any other JSON value, kept as it came.
    Odd(Value),
}

impl<T> Lenient<T> {
    /// The value, if it has the documented type.
    pub fn get(&self) -> Option<&T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Odd(_) => None,
        }
    }
}

impl<T> From<T> for Lenient<T> {
    fn from(value: T) -> Self {
        Self::Is(value)
    }
}

/// Labels or annotations: a map of text to text.
///
/// An empty map and an absent one differ on the wire and are kept apart; they are equal in meaning,
/// so [`Texts::get`] and [`Texts::is_empty`] do not tell them apart.
#[derive(Clone, Debug, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Texts(Option<BTreeMap<String, Lenient<String>>>);

impl Texts {
    /// The text under `key`; nothing if it is absent or no text.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&str> {
        self.0.as_ref()?.get(key)?.get().map(String::as_str)
    }

    /// Whether `key` is there, be its value a text or not.
    #[must_use]
    pub fn contains(&self, key: &str) -> bool {
        self.0.as_ref().is_some_and(|map| map.contains_key(key))
    }

    /// Writes `value` under `key`, in place of what was there.
    pub fn set(&mut self, key: &str, value: impl Into<String>) {
        self.0
            .get_or_insert_default()
            .insert(key.to_owned(), Lenient::Is(value.into()));
    }

    /// Takes `key` out.
    pub fn remove(&mut self, key: &str) {
        if let Some(map) = &mut self.0 {
            map.remove(key);
        }
    }

    /// Whether there is no entry.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.as_ref().is_none_or(BTreeMap::is_empty)
    }

    /// All entries in the order of their keys, odd ones included.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Lenient<String>)> {
        self.0.iter().flatten().map(|(key, value)| (key.as_str(), value))
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Texts {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(entries: I) -> Self {
        let map: BTreeMap<_, _> = entries
            .into_iter()
            .map(|(key, value)| (key.into(), Lenient::Is(value.into())))
            .collect();
        Self(Some(map))
    }
}
