//! One value is another, and the place is named.

use bolero::{Driver, ValueGenerator};
use serde_json::Value;

use crate::Corpus;
use crate::choice::{below, one_of};
use crate::odd::odd;
use crate::place::{Place, at_mut};

/// Makes [`Altered`] documents.
#[derive(Clone, Debug)]
pub struct AlteredJson(pub(crate) Corpus);

/// A document before and after one change.
#[derive(Clone, Debug, PartialEq)]
pub struct Altered {
    /// As it is in the corpus.
    pub before: Value,
    /// With another value at `place`. The value may have the right type and only be odd.
    pub after: Value,
    /// What was changed; never the root.
    pub place: Place,
}

impl ValueGenerator for AlteredJson {
    type Output = Altered;

    fn generate<D: Driver>(&self, driver: &mut D) -> Option<Altered> {
        let before = one_of(driver, self.0.documents())?.clone();
        let places = Place::all(&before);
        let place = places.get(1 + below(driver, places.len().checked_sub(1)?)?)?.clone();
        let mut after = before.clone();
        *at_mut(&mut after, &place)? = odd(driver)?;
        Some(Altered { before, after, place })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::place::at;
    use serde_json::json;

    #[test]
    fn nothing_but_the_named_place_differs() {
        let corpus = Corpus::new([json!({"a": [1, {"b": "x"}], "c": {"d": null}})]);
        let mut changed = std::collections::BTreeSet::new();
        let inputs = crate::budgeted(bolero::check!()).with_generator(corpus.altered());
        inputs.for_each(|input: &Altered| {
            let mut restored = input.after.clone();
            *at_mut(&mut restored, &input.place).unwrap() = at(&input.before, &input.place).unwrap().clone();
            assert_eq!(restored, input.before);
        });
        // Every place but the root comes up.
        let corpus = Corpus::new([json!({"a": [1, {"b": "x"}], "c": {"d": null}})]);
        let all = std::sync::Mutex::new(&mut changed);
        crate::budgeted(bolero::check!())
            .with_generator(corpus.altered())
            .for_each(|input: &Altered| {
                all.lock().unwrap().insert(input.place.to_string());
            });
        let expected = ["/a", "/a/0", "/a/1", "/a/1/b", "/c", "/c/d"].map(str::to_owned);
        assert_eq!(changed, expected.into_iter().collect());
    }
}
