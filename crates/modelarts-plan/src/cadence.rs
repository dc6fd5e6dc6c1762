//! Every wait, growing and capped. Nothing else in the product invents a delay.

use crate::timing::Timing;

/// How many attempts may end in doubt or failure before the object only looks for its pool.
pub const ATTEMPT_BUDGET: i64 = 5;

/// The longest that a settled object goes without a pass of its own; the census wakes it earlier.
pub const SETTLED: u64 = 10 * 60 * 1_000;

/// How long after its `count`-th refusal in a row (from 1) the same request is tried again.
#[must_use]
pub fn after_refusal(timing: &Timing, count: u32) -> u64 {
    doubled(timing.stalled_retry, count, timing.stalled_retry_max)
}

/// The same for what clears by itself: a throttled call, a sold-out flavor, a name not yet free.
#[must_use]
pub fn after_setback(timing: &Timing, count: u32) -> u64 {
    doubled(timing.census_interval_busy, count, timing.stalled_retry)
}

/// `first`, doubled for each of the `count` minus one repetitions, at most `most`.
fn doubled(first: u64, count: u32, most: u64) -> u64 {
    let factor = 1_u64.checked_shl(count.saturating_sub(1)).unwrap_or(u64::MAX);
    first.saturating_mul(factor).min(most).max(first.min(most))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_settled_object_has_a_pass_every_ten_minutes() {
        assert_eq!(SETTLED, 600_000);
    }

    #[test]
    fn a_wait_grows_and_is_capped() {
        let timing = Timing::default();
        let minutes: Vec<u64> = (1..=6).map(|count| after_refusal(&timing, count) / 60_000).collect();
        assert_eq!(minutes, [10, 20, 40, 60, 60, 60]);
        assert_eq!(after_refusal(&timing, 200), timing.stalled_retry_max);
        assert_eq!(after_setback(&timing, 1), timing.census_interval_busy);
        assert_eq!(after_setback(&timing, 100), timing.stalled_retry);
    }
}
