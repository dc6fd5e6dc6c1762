//! Random lives: edits, policies, console changes, faults, brown-outs, deaths, two leaders and deletions
//! in any order, for hours or weeks, and then quiet. In the end the cloud is as the spec says, or a
//! condition names an obstacle that is really there, and nothing is written any more.
//!
//! What must never happen is checked by the world at every call. A life is decided by its seed alone:
//! `SEED=7` plays one again and prints it, `LIVES=100000` is the long run.

mod lives;
mod world;

use std::sync::atomic::{AtomicU64, Ordering};

use lives::Life;
use lives::swarm::{Act, FAULTS};
use lives::tally::{Counts, Tally};
use world::flaws::Flaw;

/// Lives on each change.
const LIVES: u64 = 10_000;
/// Seeds that are told of in full when they fail.
const TOLD: usize = 3;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// A life that was lived: its lines, and what happened in it.
struct Lived {
    lines: Vec<String>,
    tally: Tally,
}

/// Plays one life, in a world with something wrong in it if that is asked for. What goes wrong is told
/// with its seed.
fn play(seed: u64, flaw: Option<Flaw>) -> Result<Lived, String> {
    let played = std::panic::catch_unwind(|| {
        let mut life = Life::begin(seed);
        if let Some(flaw) = flaw {
            life.world.with_flaw(flaw);
        }
        let ended = life.play();
        let lines = std::mem::take(&mut life.world.chronicle.lines);
        match ended {
            Ok(()) => Ok(Lived {
                lines,
                tally: life.tally(),
            }),
            Err(error) => Err(format!("{error}\n{}\n{}", lines.join("\n"), life.world.story())),
        }
    });
    let ended = played.unwrap_or_else(|panic| Err(world::told_by(&*panic)));
    ended.map_err(|error| format!("SEED={seed}: {error}"))
}

/// Plays every seed, each core the next one that nobody has: what went wrong, and how much happened.
fn play_all(seeds: std::ops::Range<u64>, print: bool) -> (Vec<String>, Tally) {
    let next = AtomicU64::new(seeds.start);
    let share = || {
        let (mut failures, mut tally) = (Vec::new(), Tally::default());
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= seeds.end {
                return (failures, tally);
            }
            match play(seed, None) {
                Ok(lived) => {
                    tally.add(&lived.tally);
                    if print {
                        println!("{}", lived.lines.join("\n"));
                    }
                }
                Err(error) => failures.push(error),
            }
        }
    };
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    std::thread::scope(|scope| {
        let threads: Vec<_> = (0..cores).map(|_| scope.spawn(share)).collect();
        let (mut failures, mut tally) = (Vec::new(), Tally::default());
        for thread in threads {
            let (failed, counted) = thread.join().expect("a share");
            failures.extend(failed);
            tally.add(&counted);
        }
        (failures, tally)
    })
}

#[test]
fn random_lives_end_as_the_spec_says_or_name_the_obstacle() {
    let one = number("SEED");
    let seeds = match one {
        Some(seed) => seed..seed + 1,
        None => 0..number("LIVES").unwrap_or(LIVES),
    };
    let lives = usize::try_from(seeds.end - seeds.start).expect("a number");
    let begun = std::time::Instant::now();
    let (failures, tally) = play_all(seeds, one.is_some());
    println!("{}\n{} s", tally.told(), begun.elapsed().as_secs());
    let names: Vec<&str> = failures.iter().filter_map(|failure| failure.lines().next()).collect();
    assert!(
        failures.is_empty(),
        "{} lives\n{}\n\n{}",
        failures.len(),
        names.join("\n"),
        failures[..failures.len().min(TOLD)].join("\n\n")
    );
    if lives >= 1_000 {
        these_are_lives(lives, &tally);
    }
}

/// Every fault struck, every deed was done, and often enough.
fn these_are_lives(lives: usize, tally: &Tally) {
    let rare = |counts: &Counts, words: Vec<String>, least| Tally::rare(counts, words, least);
    let faults = rare(&tally.faults, FAULTS.map(str::to_owned).to_vec(), lives / 100);
    assert!(faults.is_empty(), "faults that hardly strike: {faults:?}");
    let deeds = rare(
        &tally.deeds,
        Act::ALL.map(|act| format!("{act:?}")).to_vec(),
        lives / 1_000,
    );
    assert!(deeds.is_empty(), "deeds that are hardly done: {deeds:?}");
    let full = [
        (tally.creations, lives),
        (tally.changes, lives / 2),
        (tally.deletions, lives / 10),
        (tally.deaths, lives / 2),
        (tally.meddling, lives / 4),
        (tally.releases, lives / 10),
        (tally.judged, lives / 2),
    ];
    let few = full.iter().position(|(times, least)| times < least);
    assert!(few.is_none(), "these are no lives: {few:?} of {}", tally.told());
    assert!(
        tally.millis / 86_400_000 >= lives as u64 / 20,
        "short lives: {} ms",
        tally.millis
    );
}

#[test]
fn the_same_seed_gives_the_same_events_whoever_plays_it_and_when() {
    const SEEDS: u64 = 60;
    let hash = |seed: u64| play(seed, None).map(|lived| lived.tally.hash);
    let forwards = std::thread::spawn(move || (0..SEEDS).map(hash).collect::<Vec<_>>());
    let mut backwards: Vec<_> = (0..SEEDS).rev().map(hash).collect();
    backwards.reverse();
    let forwards = forwards.join().expect("the other thread");
    assert_eq!(forwards, backwards);
    let different: std::collections::BTreeSet<_> = forwards.iter().collect();
    assert_eq!(different.len(), forwards.len(), "another seed is another life");
}

#[test]
#[should_panic(expected = "nobody sent")]
fn a_change_of_the_cloud_that_no_step_explains_is_found() {
    let mut world = world::World::with_ready_pool();
    let id = world.pools()[0].id().map(str::to_owned).expect("an ID");
    let now = world.cloud_now();
    let scopes = serde_json::json!({"spec": {"scope": ["Infer"]}});
    let done = world.cloud.patch_pool(world::PROJECT, &id, &scopes, now);
    done.expect("the cloud does it");
    world.check();
}

#[test]
fn a_life_whose_cloud_differs_in_the_end_is_found() {
    // The census is as if nobody ever touched the pool, so the operator cannot put it right.
    let mut life = Life::begin(1);
    life.world = world::World::with_ready_pool();
    life.world.closed = Some(modelarts_plan::Closed {
        reason: modelarts_crd::conditions::Reason::WaitingForAccount,
        stalled: false,
        message: "there is no account".into(),
    });
    let id = life.world.pools()[0].id().map(str::to_owned).expect("an ID");
    life.world
        .describe(&id, &life.world.marker_of("train").append_to("another text"));
    let found = life.judge().expect_err("it differs");
    assert!(found.contains("the description"), "{found}");
}
