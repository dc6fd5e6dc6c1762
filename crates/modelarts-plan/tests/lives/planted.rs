//! The lives can fail: each fault that is planted in the world is found, and within how many seeds.

use crate::play;
use crate::world::flaws::Flaw;

/// The first of so many seeds that fails with this flaw, and how.
fn found(flaw: Flaw, seeds: u64) -> Option<(u64, String)> {
    (0..seeds).find_map(|seed| play(seed, Some(flaw)).err().map(|error| (seed, error)))
}

/// Within so many seeds a life fails, and says what this flaw does.
fn is_found(flaw: Flaw, seeds: u64, says: &[&str]) {
    let Some((seed, error)) = found(flaw, seeds) else {
        panic!("{flaw:?} is not found within {seeds} seeds");
    };
    println!("{flaw:?}: seed {seed}");
    let names = says.iter().any(|words| error.contains(words));
    assert!(names, "{flaw:?} is found as something else: {error}");
}

#[test]
fn an_api_server_that_takes_stale_writes_is_found() {
    is_found(Flaw::NoVersionGuard, 100, &["over what was never read"]);
}

#[test]
fn lists_that_lag_longer_than_the_window_are_found() {
    is_found(Flaw::LongListLag, 300, &["two of", "left behind", "a leak"]);
}

#[test]
fn a_creation_that_is_sent_twice_is_found() {
    is_found(Flaw::SendsTwice, 100, &["was sent twice"]);
}

#[test]
fn a_deletion_without_a_look_is_found() {
    is_found(Flaw::DeletesUnseen, 100, &["is sent by"]);
}

#[test]
fn a_deletion_that_nobody_asked_for_is_found() {
    is_found(Flaw::DeletesUnasked, 50, &["is sent by"]);
}

#[test]
fn a_release_without_proof_is_found() {
    is_found(Flaw::ReleasesAtOnce, 100, &["left behind"]);
}

#[test]
fn writes_without_end_are_found() {
    is_found(
        Flaw::WritesWithoutEnd,
        5,
        &["something was written although all was as it should be"],
    );
}

#[test]
fn a_fault_that_is_drawn_from_outside_the_seed_is_found() {
    let hash = |seed| play(seed, Some(Flaw::OutsideTheSeed)).map(|lived| lived.tally.hash);
    assert!((0..5).any(|seed| hash(seed) != hash(seed)), "nobody would notice");
}
