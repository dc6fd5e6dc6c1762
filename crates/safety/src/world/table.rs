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
        let print = Print::of(&thing);
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

/// A hash of what is printed into it.
struct Print(FxHasher, FxHasher);

impl Print {
    fn of(thing: &impl Debug) -> u128 {
        let mut second = FxHasher::default();
        second.write_u8(1);
        let mut print = Self(FxHasher::default(), second);
        // Writing into a hash never fails.
        let _ = write!(print, "{thing:?}");
        (u128::from(print.0.finish()) << 64) | u128::from(print.1.finish())
    }
}

impl Write for Print {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.0.write(text.as_bytes());
        self.1.write(text.as_bytes());
        Ok(())
    }
}
