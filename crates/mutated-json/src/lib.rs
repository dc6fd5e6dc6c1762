//! Fuzzing input for tests: valid JSON documents, damaged in the ways that services, proxies and
//! attackers damage them.
//!
//! Random octets never get past a JSON parser, so nothing behind it would be tested. Every input
//! therefore begins as a document that the caller knows to be valid. Two generators for
//! [`bolero`](bolero::check) damage it: [`Corpus::damaged`] in any number of ways, down to the
//! octets, for what must hold of any input; [`Corpus::altered`] in exactly one place that it names,
//! for what must hold of everything else.
//!
//! Nothing here knows what a document means, and no product crate may depend on this one.

mod alter;
mod choice;
mod damage;
mod odd;
mod place;

use std::time::Duration;

use bolero::{DefaultEngine, TestTarget};
use serde_json::Value;

pub use alter::{Altered, AlteredJson};
pub use choice::{below, one_of, sometimes};
pub use damage::{Damaged, DamagedJson};
pub use odd::{Odd, OddText, odd, odd_text};
pub use place::{Part, Place, at};

/// Inputs per target in an ordinary test run.
const INPUTS: usize = 2_000;
/// Longest time per target in an ordinary test run; a slow machine tries fewer inputs.
const LONGEST: Duration = Duration::from_secs(2);

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

/// `target` with the number of inputs and the time that it may take.
///
/// In an ordinary test run these are small. With `FUZZ_SECONDS` in the environment the target runs
/// for so many seconds, on however many inputs that makes.
#[must_use]
pub fn budgeted<G, O>(target: TestTarget<G, DefaultEngine, O>) -> TestTarget<G, DefaultEngine, O> {
    let (inputs, time) = budget(std::env::var("FUZZ_SECONDS").ok().as_deref());
    target.with_iterations(inputs).with_test_time(time)
}

/// # Panics
///
/// If the seconds are no number: a run that was meant to be long must not be short in silence.
fn budget(seconds: Option<&str>) -> (usize, Duration) {
    match seconds.map(|text| (text, text.trim().parse())) {
        None => (INPUTS, LONGEST),
        Some((_, Ok(seconds))) => (usize::MAX, Duration::from_secs(seconds)),
        Some((text, Err(_))) => panic_of(text),
    }
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
        assert_eq!(budget(None), (INPUTS, LONGEST));
        assert_eq!(budget(Some("180")), (usize::MAX, Duration::from_secs(180)));
        assert!(std::panic::catch_unwind(|| budget(Some("3m"))).is_err());
    }
}
