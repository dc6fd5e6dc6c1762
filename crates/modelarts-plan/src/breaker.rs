//! The mass-missing breaker of one scope (an account's workspace).
//!
//! When many known pools vanish from the lists at once, an incident is likelier than as many
//! deletions. Until that is understood nothing is created and no object is released.

use std::collections::{BTreeMap, BTreeSet};

use crate::timing::{Tick, Timing};

/// Pools that may vanish within the loss span before the breaker opens, whatever their number.
const TOLERATED: usize = 2;

/// What a scope remembers of its vanished pools.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Breaker {
    /// Known pools that the newest list lacks, and since when.
    missing: BTreeMap<String, Tick>,
    /// The first list that showed the present set of missing pools, while the breaker is open.
    steady_since: Option<Tick>,
}

impl Breaker {
    /// Whether nothing is to be believed for now.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.steady_since.is_some()
    }

    /// Whether the next complete list could close the breaker, if a canary is read beside it.
    #[must_use]
    pub fn wants_canary(&self, now: Tick, timing: &Timing) -> bool {
        self.steady_since
            .is_some_and(|since| now.since(since) >= timing.loss_span)
    }

    /// Takes in a complete list.
    ///
    /// `known` are the IDs that objects have on record and that we did not ask to delete, `listed`
    /// those in the list, `canary` whether a known object of the account could be read just now.
    pub fn absorb(
        &mut self,
        known: &BTreeSet<String>,
        listed: &BTreeSet<String>,
        began: Tick,
        canary: bool,
        timing: &Timing,
    ) {
        let before: BTreeSet<String> = self.missing.keys().cloned().collect();
        self.missing.retain(|id, _| known.contains(id) && !listed.contains(id));
        for id in known.difference(listed) {
            self.missing.entry(id.clone()).or_insert(began);
        }
        let vanished_together = self
            .missing
            .values()
            .filter(|since| began.since(**since) <= timing.loss_span)
            .count();
        let too_many = vanished_together > TOLERATED.max(known.len() / 10);
        match self.steady_since {
            None if too_many => self.steady_since = Some(began),
            None => {}
            Some(since) => {
                let steady = self.missing.keys().eq(before.iter());
                if !steady {
                    self.steady_since = Some(began);
                } else if canary && began.since(since) >= timing.loss_span {
                    self.steady_since = None;
                    // What is missing now has been confirmed: it must not open the breaker again.
                    for since in self.missing.values_mut() {
                        *since = Tick(0);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(range: std::ops::Range<u32>) -> BTreeSet<String> {
        range.map(|n| format!("pool-{n:03}")).collect()
    }

    /// Lists every ten seconds from `from`, `listed` in each.
    fn lists(
        breaker: &mut Breaker,
        known: &BTreeSet<String>,
        listed: &BTreeSet<String>,
        from: u64,
        seconds: u64,
        canary: bool,
    ) {
        for second in (from..=from + seconds).step_by(10) {
            breaker.absorb(known, listed, Tick(second * 1_000), canary, &Timing::default());
        }
    }

    #[test]
    fn two_pools_may_vanish_but_not_three() {
        let (known, timing) = (ids(0..10), Timing::default());
        let mut breaker = Breaker::default();
        breaker.absorb(&known, &ids(2..10), Tick(1), true, &timing);
        assert!(!breaker.is_open());
        breaker.absorb(&known, &ids(3..10), Tick(2), true, &timing);
        assert!(breaker.is_open());
    }

    #[test]
    fn a_tenth_of_many_pools_may_vanish() {
        let (known, timing) = (ids(0..100), Timing::default());
        let mut breaker = Breaker::default();
        breaker.absorb(&known, &ids(10..100), Tick(1), true, &timing);
        assert!(!breaker.is_open());
        breaker.absorb(&known, &ids(11..100), Tick(2), true, &timing);
        assert!(breaker.is_open());
    }

    #[test]
    fn it_closes_when_lists_a_loss_span_apart_and_a_canary_agree() {
        let known = ids(0..10);
        let mut breaker = Breaker::default();
        lists(&mut breaker, &known, &ids(5..10), 10, 590, true);
        assert!(breaker.is_open(), "less than the loss span has passed");
        lists(&mut breaker, &known, &ids(5..10), 610, 60, false);
        assert!(breaker.is_open(), "no canary was read");
        lists(&mut breaker, &known, &ids(5..10), 680, 0, true);
        assert!(!breaker.is_open());
        lists(&mut breaker, &known, &ids(5..10), 690, 60, true);
        assert!(!breaker.is_open(), "the same losses do not open it again");
    }

    #[test]
    fn a_canary_is_wanted_once_the_lists_have_agreed_for_the_loss_span() {
        let (known, timing) = (ids(0..10), Timing::default());
        let mut breaker = Breaker::default();
        assert!(!breaker.wants_canary(Tick(u64::MAX), &timing), "it is closed");
        breaker.absorb(&known, &ids(5..10), Tick(7), false, &timing);
        assert!(!breaker.wants_canary(Tick(6 + timing.loss_span), &timing));
        assert!(breaker.wants_canary(Tick(7 + timing.loss_span), &timing));
    }

    #[test]
    fn lists_that_differ_begin_the_span_anew() {
        let known = ids(0..10);
        let mut breaker = Breaker::default();
        lists(&mut breaker, &known, &ids(5..10), 10, 300, true);
        lists(&mut breaker, &known, &known, 320, 500, true);
        assert!(breaker.is_open(), "the pools are back for less than the loss span");
        lists(&mut breaker, &known, &known, 830, 100, true);
        assert!(!breaker.is_open());
    }

    #[test]
    fn pools_that_we_deleted_are_not_missed() {
        let mut breaker = Breaker::default();
        lists(&mut breaker, &ids(0..10), &ids(0..10), 10, 10, true);
        lists(&mut breaker, &ids(0..4), &ids(0..4), 30, 10, true);
        assert!(!breaker.is_open());
    }
}
