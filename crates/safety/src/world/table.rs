//! Tables that give equal things equal numbers.
//!
//! Equal is what prints equal: the parts of a world are values of other crates, of which not all can
//! be hashed, but all can be printed to the last field. The print is hashed to 128 bits and thrown away.

use std::fmt::{Debug, Write};
use std::hash::Hasher;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHasher};

use crate::state::Number;

/// Things by number, from 1.
#[derive(Debug)]
pub struct Table<T> {
    things: Vec<Arc<T>>,
    numbers: FxHashMap<u128, Number>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self {
            things: Vec::new(),
            numbers: FxHashMap::default(),
        }
    }
}

impl<T: Debug> Table<T> {
    /// The number of a thing, the same for each that prints the same.
    pub fn number(&mut self, thing: T) -> Number {
        let print = print_of(&thing);
        let Self { things, numbers } = self;
        *numbers.entry(print).or_insert_with(|| {
            things.push(Arc::new(thing));
            Number::try_from(things.len()).unwrap_or(Number::MAX)
        })
    }

    /// The thing of a number that this table gave.
    #[must_use]
    pub fn get(&self, number: Number) -> Arc<T> {
        Arc::clone(&self.things[number as usize - 1])
    }

    /// How many different things it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.things.len()
    }
}

/// The hash of what a thing prints, which is hashed in one piece: bit by bit would take longer than all else.
fn print_of(thing: &impl Debug) -> u128 {
    let mut text = String::with_capacity(1_024);
    // Writing into a text never fails.
    let _ = write!(text, "{thing:?}");
    let hash = |salt| {
        let mut hasher = FxHasher::default();
        hasher.write_u8(salt);
        hasher.write(text.as_bytes());
        u128::from(hasher.finish())
    };
    (hash(0) << 64) | hash(1)
}
