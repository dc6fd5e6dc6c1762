//! Which seeds are played.

use std::time::{Duration, Instant};

/// Seeds of a usual run with one replica.
pub const ONE_REPLICA: [u64; 2] = [33, 18];
/// Seeds of a usual run with two.
pub const TWO_REPLICAS: [u64; 2] = [28, 49];

/// The usual ones, unless the environment asks for one, for more, or for hours of them.
pub fn chosen(usual: [u64; 2]) -> Box<dyn Iterator<Item = u64>> {
    if let Some(seed) = number("SEED") {
        return Box::new(std::iter::once(seed));
    }
    if let Some(hours) = number("SOAK_HOURS") {
        return soak(Duration::from_secs(hours * 3600));
    }
    if let Some(minutes) = number("SOAK_MINUTES") {
        return soak(Duration::from_secs(minutes * 60));
    }
    if let Some(many) = number("BLACKBOX_SEEDS") {
        return Box::new(1..=many);
    }
    Box::new(usual.into_iter())
}

/// New seeds as long as there is time.
fn soak(time: Duration) -> Box<dyn Iterator<Item = u64>> {
    let begun = Instant::now();
    Box::new((1..).take_while(move |_| begun.elapsed() < time))
}

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
fn a_soak_ends_with_its_time() {
    assert_eq!(soak(Duration::ZERO).count(), 0);
    assert_eq!(soak(Duration::from_secs(3600)).take(3).collect::<Vec<_>>(), [1, 2, 3]);
}
