//! Random lives: edits, policies, console changes, faults, deaths and deletions in any order, and then
//! quiet. In the end the cloud is as the spec says, or a condition names the obstacle.
//!
//! What must never happen is checked by the world at every call. A life is decided by its seed alone:
//! `SEED=7` plays one again and prints it, `LIVES=5000` plays more.

mod lives;
mod world;

use lives::{Life, Tally};

const LIVES: u64 = 1_000;

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok()?.parse().ok()
}

/// Plays one life; what goes wrong is told with its seed.
fn play(seed: u64, tally: &mut Tally) -> Result<Vec<String>, String> {
    let before = *tally;
    let played = std::panic::catch_unwind(|| {
        let mut life = Life::begin(seed);
        let ended = life.play();
        let mut tally = before;
        tally.add(&life.world);
        let lines = std::mem::take(&mut life.world.chronicle.lines);
        match ended {
            Ok(()) => Ok((lines, tally)),
            Err(error) => Err(format!("{error}\n{}\n{}", lines.join("\n"), life.world.story())),
        }
    });
    let ended = played.unwrap_or_else(|panic| Err(world::told_by(&*panic)));
    let (lines, counted) = ended.map_err(|error| format!("SEED={seed}: {error}"))?;
    *tally = counted;
    Ok(lines)
}

#[test]
fn random_lives_end_as_the_spec_says_or_name_the_obstacle() {
    let seeds = match number("SEED") {
        Some(seed) => seed..seed + 1,
        None => 0..number("LIVES").unwrap_or(LIVES),
    };
    let lives = usize::try_from(seeds.end - seeds.start).expect("a number");
    // Lives know nothing of each other, so every core takes its share.
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let shares = std::thread::scope(|scope| {
        let share = |core: usize| {
            let seeds = seeds.clone().skip(core).step_by(cores);
            scope.spawn(move || play_all(seeds))
        };
        let threads: Vec<_> = (0..cores).map(share).collect();
        let ended = threads.into_iter().map(|thread| thread.join().expect("a share"));
        ended.collect::<Vec<_>>()
    });
    let failures: Vec<String> = shares.iter().flat_map(|(failures, _)| failures.clone()).collect();
    assert!(
        failures.is_empty(),
        "{} lives\n{}",
        failures.len(),
        failures.join("\n\n")
    );
    let tally = shares.iter().fold(Tally::default(), |all, (_, tally)| all.and(tally));
    println!("{lives} lives: {tally:?}");
    let Tally {
        creations,
        changes,
        deletions,
        deaths,
        faults,
        meddling,
    } = tally;
    let some = [creations, changes, 2 * deletions, deaths, faults, meddling];
    let full = some.iter().all(|times| *times >= lives / 2);
    assert!(lives < 1_000 || full, "these are no lives: {tally:?}");
}

/// Plays the lives of some seeds: what went wrong, and how much happened.
fn play_all(seeds: impl Iterator<Item = u64>) -> (Vec<String>, Tally) {
    let (mut failures, mut tally) = (Vec::new(), Tally::default());
    for seed in seeds {
        match play(seed, &mut tally) {
            Ok(lines) if number("SEED").is_some() => println!("{}", lines.join("\n")),
            Ok(_) => {}
            Err(error) => failures.push(error),
        }
    }
    (failures, tally)
}

#[test]
fn the_same_seed_gives_the_same_life_and_another_seed_another() {
    for seed in 0..10 {
        let life = |seed| play(seed, &mut Tally::default()).expect("a life");
        let first = life(seed);
        assert!(first == life(seed), "SEED={seed}");
        assert_ne!(first, life(seed + 1));
    }
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
