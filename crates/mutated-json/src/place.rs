//! Where in a document something is.

use std::fmt;

use serde_json::Value;

/// One step down.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// Into the member of an object.
    Key(String),
    /// Into the element of a list.
    Index(usize),
}

/// The way from the root to a value. The root's is empty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place(pub Vec<Part>);

impl Place {
    /// The places of every value in `document`, its root first.
    #[must_use]
    pub fn all(document: &Value) -> Vec<Self> {
        let mut found = Vec::new();
        collect(document, &mut Vec::new(), &mut found);
        found
    }

    /// The innermost member that this place is, or is an element of: what a reader who takes lists as
    /// a whole cannot read when the value at this place is odd.
    #[must_use]
    pub fn member(&self) -> Self {
        let keep = self.0.iter().rposition(|part| matches!(part, Part::Key(_)));
        Self(self.0[..keep.map_or(0, |at| at + 1)].to_vec())
    }

    /// Whether this place is `other` or inside it.
    #[must_use]
    pub fn is_within(&self, other: &Self) -> bool {
        self.0.starts_with(&other.0)
    }
}

fn collect(value: &Value, way: &mut Vec<Part>, found: &mut Vec<Place>) {
    found.push(Place(way.clone()));
    let inner: Vec<(Part, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(key, value)| (Part::Key(key.clone()), value))
            .collect(),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .map(|(at, value)| (Part::Index(at), value))
            .collect(),
        _ => Vec::new(),
    };
    for (part, value) in inner {
        way.push(part);
        collect(value, way, found);
        way.pop();
    }
}

/// The value at `place`.
#[must_use]
pub fn at<'a>(document: &'a Value, place: &Place) -> Option<&'a Value> {
    place.0.iter().try_fold(document, |value, part| match part {
        Part::Key(key) => value.get(key),
        Part::Index(index) => value.get(index),
    })
}

pub(crate) fn at_mut<'a>(document: &'a mut Value, place: &Place) -> Option<&'a mut Value> {
    place.0.iter().try_fold(document, |value, part| match part {
        Part::Key(key) => value.get_mut(key),
        Part::Index(index) => value.get_mut(index),
    })
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in &self.0 {
            match part {
                Part::Key(key) => write!(f, "/{key}")?,
                Part::Index(index) => write!(f, "/{index}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_value_has_a_place_and_lists_belong_to_their_member() {
        let document = json!({"a": [1, {"b": null}], "c": "x"});
        let places: Vec<String> = Place::all(&document).iter().map(Place::to_string).collect();
        assert_eq!(places, ["", "/a", "/a/0", "/a/1", "/a/1/b", "/c"]);
        let members: Vec<String> = Place::all(&document)
            .iter()
            .map(|place| place.member().to_string())
            .collect();
        assert_eq!(members, ["", "/a", "/a", "/a", "/a/1/b", "/c"]);
        for place in Place::all(&document) {
            assert!(at(&document, &place).is_some(), "{place}");
        }
    }
}
