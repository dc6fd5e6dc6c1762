//! How many creations an account may start in a time. Pure: the moment is an argument.
//!
//! A sliding window and no bucket: a bucket would let twice the budget through around a full one.
//! It bounds what a mistake in a manifest, or in the operator, can spend before somebody looks.

use std::collections::VecDeque;

use crate::timing::Tick;

/// How long a creation counts, milliseconds: ten minutes, and the twenty seconds within which it leaves
/// after it was counted. So no ten minutes see more creations leave than the budget.
pub const WINDOW: u64 = 620_000;

/// So many creations in so long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// How many.
    pub creations: u32,
    /// In how many milliseconds.
    pub window: u64,
}

impl Budget {
    /// So many as count at a time in the operator.
    #[must_use]
    pub const fn of(creations: u32) -> Self {
        Self {
            creations,
            window: WINDOW,
        }
    }

    fn size(self) -> usize {
        usize::try_from(self.creations).unwrap_or(usize::MAX)
    }
}

/// The creations of one account that still count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Creations {
    /// When each was taken, earliest first.
    taken: VecDeque<Tick>,
}

impl Creations {
    /// Whether one more fits.
    pub fn fits(&mut self, now: Tick, budget: Budget) -> bool {
        self.expire(now, budget.window);
        self.taken.len() < budget.size()
    }

    /// Takes one. What is taken is not given back, also if the creation is not sent then: the budget
    /// errs on the side of the bill.
    ///
    /// # Errors
    /// The budget is used up: the moment at which one fits, or none if the budget is zero.
    pub fn take(&mut self, now: Tick, budget: Budget) -> Result<(), Option<Tick>> {
        if self.fits(now, budget) {
            self.taken.push_back(now);
            return Ok(());
        }
        // With a budget lowered meanwhile, more than one has to leave.
        let last_to_leave = budget.size().checked_sub(1).map(|kept| self.taken.len() - 1 - kept);
        let last_to_leave = last_to_leave.and_then(|last| self.taken.get(last));
        Err(last_to_leave.map(|taken| taken.after(budget.window)))
    }

    /// Counts one that was taken at an earlier moment, by an earlier process.
    pub fn recall(&mut self, at: Tick) {
        let place = self.taken.partition_point(|other| *other <= at);
        self.taken.insert(place, at);
    }

    /// Forgets those that do not count any more.
    pub fn expire(&mut self, now: Tick, window: u64) {
        while self.taken.front().is_some_and(|taken| now.since(*taken) >= window) {
            self.taken.pop_front();
        }
    }

    /// Every moment that it holds, in order.
    pub fn moments(&mut self) -> impl Iterator<Item = &mut Tick> {
        self.taken.iter_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREE: Budget = Budget {
        creations: 3,
        window: 600,
    };

    fn some(taken: &[u64]) -> Creations {
        let mut creations = Creations::default();
        for at in taken {
            creations.recall(Tick(*at));
        }
        creations
    }

    #[test]
    fn no_window_holds_more_than_the_budget_and_each_is_used_up() {
        let mut creations = Creations::default();
        let taken: Vec<u64> = (0..6_000)
            .filter(|now| creations.take(Tick(*now), THREE).is_ok())
            .collect();
        assert!(taken.windows(4).all(|four| four[3] - four[0] >= 600), "{taken:?}");
        assert_eq!(taken.len(), 30);
    }

    #[test]
    fn a_used_up_budget_says_when_the_next_fits() {
        let mut creations = some(&[100, 0, 200]);
        assert_eq!(creations.take(Tick(300), THREE), Err(Some(Tick(600))));
        let one = Budget { creations: 1, ..THREE };
        assert_eq!(
            creations.take(Tick(300), one),
            Err(Some(Tick(800))),
            "all three have to leave"
        );
        let none = Budget { creations: 0, ..THREE };
        assert_eq!(creations.take(Tick(300), none), Err(None));
        assert_eq!(creations.take(Tick(599), THREE), Err(Some(Tick(600))));
        assert_eq!(creations.take(Tick(600), THREE), Ok(()));
    }

    #[test]
    fn what_fits_can_be_taken() {
        let mut creations = some(&[0, 100]);
        assert!(creations.fits(Tick(100), THREE));
        creations.recall(Tick(50));
        assert!(!creations.fits(Tick(599), THREE));
        assert!(creations.fits(Tick(600), THREE));
        assert_eq!(creations, some(&[50, 100]), "what does not count is forgotten");
    }

    #[test]
    fn its_moments_are_in_order() {
        let mut creations = some(&[7, 3, 5]);
        assert_eq!(creations.moments().map(|tick| tick.0).collect::<Vec<_>>(), [3, 5, 7]);
    }
}
