//! How many creations an account may start in any ten minutes. Pure: the time is an argument.
//!
//! A sliding window and no bucket: a bucket would let twice the budget through around a full one.
//! It bounds what a mistake in a manifest, or in the operator, can spend before somebody looks.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

const WINDOW: Duration = Duration::from_secs(600);

/// The creations of one account in the last ten minutes.
#[derive(Debug, Clone)]
pub struct Creations {
    budget: usize,
    /// When each leaves the window, earliest first.
    leaving: VecDeque<Instant>,
}

impl Creations {
    /// None yet.
    #[must_use]
    pub fn new(budget: u32) -> Self {
        Self {
            budget: size(budget),
            leaving: VecDeque::new(),
        }
    }

    /// Sets another budget; what is used stays used.
    pub fn set_budget(&mut self, budget: u32) {
        self.budget = size(budget);
    }

    /// Whether one more fits.
    pub fn fits(&mut self, now: Instant) -> bool {
        self.expire(now);
        self.leaving.len() < self.budget
    }

    /// Takes one creation.
    ///
    /// # Errors
    /// The budget is used up; the time until one fits. `Duration::MAX` if the budget is zero.
    pub fn reserve(&mut self, now: Instant) -> Result<(), Duration> {
        self.expire(now);
        if self.leaving.len() < self.budget {
            self.leaving.push_back(now + WINDOW);
            return Ok(());
        }
        // With a budget lowered meanwhile, more than one has to leave.
        let last_to_leave = (self.leaving.len() - self.budget).min(self.leaving.len().saturating_sub(1));
        match self.leaving.get(last_to_leave) {
            Some(leaves) if self.budget > 0 => Err(leaves.saturating_duration_since(now)),
            _ => Err(Duration::MAX),
        }
    }

    /// Counts a creation made `ago`.
    pub fn recall(&mut self, now: Instant, ago: Duration) {
        let Some(left) = WINDOW.checked_sub(ago) else { return };
        let leaves = now + left;
        let place = self.leaving.partition_point(|other| *other <= leaves);
        self.leaving.insert(place, leaves);
    }

    fn expire(&mut self, now: Instant) {
        while self.leaving.front().is_some_and(|leaves| *leaves <= now) {
            self.leaving.pop_front();
        }
    }
}

fn size(budget: u32) -> usize {
    usize::try_from(budget).unwrap_or(usize::MAX)
}
