//! Fuzzing input for tests: valid JSON documents, damaged in the ways that services, proxies and
//! attackers damage them.
//!
//! Random octets never get past a JSON parser, so nothing behind it would be tested. Every input
//! therefore begins as a document that the caller knows to be valid. Two generators for
//! [`bolero`](bolero) damage it: [`Corpus::damaged`] in any number of ways, down to the
//! octets, for what must hold of any input; [`Corpus::altered`] in exactly one place that it names,
//! for what must hold of everything else.
//!
//! Nothing here knows what a document means, and no product crate may depend on this one.

mod alter;
mod choice;
mod damage;
mod odd;
mod place;

use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Duration;

use bolero::bolero_engine::BorrowedGeneratorTest;
use bolero::generator::bolero_generator::driver;
use bolero::{BorrowedInput, DefaultEngine, Engine, Test, TestTarget, ValueGenerator};
use rand_xoshiro::Xoroshiro128PlusPlus;
use rand_xoshiro::rand_core::SeedableRng as _;
use serde_json::Value;

pub use alter::{Altered, AlteredJson};
pub use choice::{below, one_of, sometimes};
pub use damage::{Damaged, DamagedJson};
pub use odd::{Odd, OddText, odd, odd_text};
pub use place::{Part, Place, at};

/// Inputs per target in an ordinary test run.
const INPUTS: u128 = 2_000;
/// Neighbouring numbers times this are seeds that have nothing in common: the golden ratio of 2^128.
const SPREAD: u128 = 0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835;

/// Documents to begin with.
#[derive(Clone, Debug)]
pub struct Corpus(Vec<Value>);

impl Corpus {
    /// A corpus of these documents.
    ///
    /// # Panics
    ///
    /// If there is none: a target that tries nothing would pass.
    #[must_use]
    pub fn new(documents: impl IntoIterator<Item = Value>) -> Self {
        let documents: Vec<Value> = documents.into_iter().collect();
        assert!(!documents.is_empty(), "a corpus needs a document");
        Self(documents)
    }

    /// The documents.
    #[must_use]
    pub fn documents(&self) -> &[Value] {
        &self.0
    }

    /// Documents damaged anywhere and anyhow; some are left whole.
    #[must_use]
    pub fn damaged(self) -> DamagedJson {
        DamagedJson(self)
    }

    /// Documents in which one value, or one element of a list, is another.
    #[must_use]
    pub fn altered(self) -> AlteredJson {
        AlteredJson(self)
    }
}

/// `target` with as many inputs as this run has time for.
///
/// In an ordinary test run the inputs are the same each time, so that what passed once passes again.
/// With `FUZZ_SECONDS` in the environment the target runs for so many seconds on inputs of its own
/// choice.
pub fn budgeted<G, O>(target: TestTarget<G, DefaultEngine, O>) -> Budgeted<G, O> {
    Budgeted { target, inputs: INPUTS }
}

/// A target that still needs a generator.
#[must_use]
pub struct Budgeted<G, O> {
    target: TestTarget<G, DefaultEngine, O>,
    inputs: u128,
}

impl<G, O> Budgeted<G, O> {
    /// A target of which each input takes long: an ordinary run tries a tenth of them.
    pub fn slow(self) -> Self {
        Self {
            inputs: self.inputs / 10,
            ..self
        }
    }

    /// The target with inputs from this generator.
    pub fn with_generator<T: ValueGenerator>(self, generator: T) -> Generated<G, O, T> {
        Generated {
            target: self.target,
            inputs: self.inputs,
            generator,
        }
    }
}

/// A target that can run.
#[must_use]
pub struct Generated<G, O, T> {
    target: TestTarget<G, DefaultEngine, O>,
    inputs: u128,
    generator: T,
}

impl<G, T: ValueGenerator<Output: Debug>> Generated<G, BorrowedInput, T> {
    /// Tries one input after the other.
    ///
    /// # Panics
    ///
    /// If `test` does, and if `FUZZ_SECONDS` is no number.
    pub fn for_each<F: FnMut(&T::Output)>(self, mut test: F)
    where
        BorrowedGeneratorTest<F, T, T::Output>: Test,
        DefaultEngine: Engine<BorrowedGeneratorTest<F, T, T::Output>, Output = ()>,
    {
        match seconds(std::env::var("FUZZ_SECONDS").ok().as_deref()) {
            Some(seconds) => self
                .target
                .with_generator(self.generator)
                .with_test_time(seconds)
                .for_each(test),
            None => each_known(self.inputs, &self.generator, &mut test),
        }
    }
}

/// The inputs of the first seeds. Which one a failure belongs to is printed, with how to make it smaller.
fn each_known<T: ValueGenerator>(inputs: u128, generator: &T, test: &mut impl FnMut(&T::Output)) {
    for number in 1..=inputs {
        let seed = number.wrapping_mul(SPREAD);
        let rng = Xoroshiro128PlusPlus::from_seed(seed.to_le_bytes());
        let Some(input) = generator.generate(&mut driver::Rng::new(rng, &driver::Options::default())) else {
            continue;
        };
        if let Err(failure) = catch_unwind(AssertUnwindSafe(|| test(&input))) {
            eprintln!("input {number}; BOLERO_RANDOM_SEED={seed} FUZZ_SECONDS=10 looks for a smaller input");
            resume_unwind(failure);
        }
    }
}

/// How long a run with a budget takes; an ordinary one has none.
///
/// # Panics
///
/// If the seconds are no number: a run that was meant to be long must not be short in silence.
fn seconds(text: Option<&str>) -> Option<Duration> {
    let text = text?;
    Some(Duration::from_secs(
        text.trim().parse().unwrap_or_else(|_| panic_of(text)),
    ))
}

#[allow(
    clippy::panic,
    reason = "this crate is for tests, and a misspelt budget is a failed one"
)]
fn panic_of(text: &str) -> ! {
    panic!("FUZZ_SECONDS must be a number of seconds, and is {text:?}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_makes_a_run_long_and_nothing_makes_it_empty() {
        assert_eq!(seconds(None), None);
        assert_eq!(seconds(Some("180")), Some(Duration::from_secs(180)));
        assert!(catch_unwind(|| seconds(Some("3m"))).is_err());
    }

    #[test]
    fn an_ordinary_run_tries_the_same_inputs_each_time() {
        let inputs = || {
            let mut inputs = Vec::new();
            each_known(INPUTS, &OddText, &mut |text: &String| inputs.push(text.clone()));
            inputs
        };
        let (first, second) = (inputs(), inputs());
        assert_eq!(first, second);
        assert!(first.len() > 1_000 && first.iter().any(|text| *text != first[0]));
    }

    #[test]
    fn a_failure_ends_an_ordinary_run() {
        let run = || each_known(INPUTS, &OddText, &mut |text: &String| assert!(text.is_empty()));
        assert!(catch_unwind(run).is_err());
    }
}
