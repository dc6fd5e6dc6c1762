//! Time, without end and yet finite.
//!
//! Time passes in steps of two lengths: a short one, with which every short wait of the protocol is
//! over, and a long one, with which every long wait is. A process compares moments with each other, and
//! their distance with the lengths of its waits; so what matters of the distance between two moments
//! that follow each other is whether it is nothing, short or long, and it is cut to that. Short steps
//! never add up to a long one: a long wait ends with a long step.

use modelarts_plan::budget::Budget;
use modelarts_plan::{Tick, Timing};

use super::process::Process;
use crate::scenario::Scenario;
use crate::state::Span;

/// A long step, and every long wait.
pub(super) const LONG: u64 = 1_000;

/// The lengths of the protocol in a small world: short ones and long ones. As in the real ones, the
/// window is longer than the four that it must outlast.
#[must_use]
pub fn timing() -> Timing {
    Timing {
        request_deadline: 1,
        self_deadline: 1,
        gateway_limit: 1,
        list_lag: 1,
        in_doubt_window: LONG,
        absence_spacing: 1,
        loss_span: LONG,
        census_interval: 1,
        census_interval_busy: 1,
        census_interval_max: 1,
        stalled_retry: LONG,
        stalled_retry_max: LONG,
    }
}

/// How much later it is.
#[must_use]
pub fn length(span: Span) -> u64 {
    match span {
        Span::Short => 1,
        Span::Long => LONG,
    }
}

/// So many creations until a long time has passed.
#[must_use]
pub fn creations(scenario: &Scenario) -> Option<Budget> {
    scenario.creations.map(|creations| Budget {
        creations,
        window: LONG,
    })
}

/// What matters of the distance between two moments that follow each other.
fn cut(distance: u64) -> u64 {
    match distance {
        0 => 0,
        1..LONG => 1,
        _ => LONG,
    }
}

impl Process {
    /// Cuts the distances between moments that are farther apart than matters.
    pub fn cut_short(&mut self, scenario: &Scenario) {
        self.forget_the_settled(scenario);
        let mut known: Vec<u64> = self.moments().map(|moment| moment.0).collect();
        known.sort_unstable();
        known.dedup();
        let mut moved = Vec::with_capacity(known.len());
        let (mut before, mut now) = (0, 0);
        for moment in known {
            now += cut(moment - before);
            before = moment;
            moved.push((moment, now));
        }
        for moment in self.moments() {
            if let Ok(at) = moved.binary_search_by_key(&moment.0, |(from, _)| *from) {
                *moment = Tick(moved[at].1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lengths_of_the_small_world_would_be_accepted_by_the_operator() {
        assert_eq!(timing().check(true), Ok(()));
    }

    #[test]
    fn distances_are_cut_to_what_matters() {
        let mut process = Process {
            now: Tick(9_000),
            ..Process::default()
        };
        process.waiting.insert("a".into(), Tick(3));
        process.waiting.insert("b".into(), Tick(8_998));
        process.cut_short(&Scenario::quiet("quiet"));
        assert_eq!(process.waiting["a"], Tick(1), "a short time after the start");
        assert_eq!(process.waiting["b"], Tick(1 + LONG));
        assert_eq!(process.now, Tick(1 + LONG + 1));
    }
}
