//! The stories that matter most, played once more with the real binary on a real API server: what the
//! core does on a virtual clock is what users get.
//!
//! The language and its judge are the core's own; here is only the driver. Times are a tenth of the
//! production times that the stories speak of, or less.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

#[path = "../../../modelarts-plan/tests/story/mod.rs"]
mod story;

mod cloud;
mod house;
mod player;
mod sight;

use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use e2e::stage::{Options, Stage};
use futures::StreamExt as _;

use house::House;
use story::Story;
use story::language::{self, Step};

static STAGE: Stage = Stage::new(Options::default);

/// Stories that are played at once: what two cores bear.
const AT_ONCE: usize = 6;
/// The longest time without an event that is waited out, in the story's milliseconds.
const LONGEST: u64 = 30_000;

/// All stories, of all files.
fn stories() -> Vec<Story> {
    let folder = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../modelarts-plan/tests/stories"));
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    let read = |path: &PathBuf| story::read(&fs::read_to_string(path).unwrap()).unwrap();
    files.iter().flat_map(read).collect()
}

/// Those that are marked as real and can be played beside others.
fn real() -> Vec<Story> {
    stories()
        .into_iter()
        .filter(|story| story.real && !restarts(story))
        .collect()
}

/// Those in which the operator is started again, so that each needs a world of its own, and in which
/// nothing happens that only a virtual world can do.
fn restarted() -> Vec<Story> {
    let only_virtual = |step: &Step| match step {
        Step::Forget(_) | Step::Crash(_) | Step::Away(_) | Step::UninstallDefinitions(_) => true,
        Step::Run(time) => language::millis(time).is_ok_and(|length| length > LONGEST),
        _ => false,
    };
    let all = stories().into_iter().filter(restarts);
    all.filter(|story| !story.steps.iter().any(only_virtual)).collect()
}

fn restarts(story: &Story) -> bool {
    story.steps.iter().any(|step| matches!(step, Step::Restart(_)))
}

/// Plays a story; what is not as told, with its name.
async fn play(house: House<'_>, story: &Story) -> Result<(), String> {
    let begun = Instant::now();
    let played = player::play(house, story).await;
    // Shown with --nocapture: what each story costs.
    eprintln!("{:>5.1} s {} {played:?}", begun.elapsed().as_secs_f64(), story.story);
    played.map_err(|error| format!("{}: {error}", story.story))
}

#[test]
fn there_are_stories_to_play() {
    let (real, restarted) = (real().len(), restarted().len());
    assert!(
        real >= 19 && restarted >= 1,
        "{real} real stories, {restarted} with a restart"
    );
}

#[test]
fn every_real_story_is_as_told() {
    let all = real();
    let lives = all.iter().map(|story| async move {
        STAGE
            .perform(async |scene| play(House::on(scene).await, story).await)
            .await
    });
    let failures: Vec<String> = STAGE.run(async {
        let played: Vec<_> = futures::stream::iter(lives).buffer_unordered(AT_ONCE).collect().await;
        played.into_iter().filter_map(Result::err).collect()
    });
    assert!(
        failures.is_empty(),
        "{} stories\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_story_of_a_restart_is_as_told() {
    let mut failures = Vec::new();
    for story in &restarted() {
        failures.extend(play(House::own().await, story).await.err());
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}
