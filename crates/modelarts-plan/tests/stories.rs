//! Stories: YAML in, recorded life out.
//!
//! Every story of `stories/*.yaml` is played through the pure core and the simulated cloud on a
//! virtual clock, must be as it says, and must leave the life that is kept in `stories/lives`.
//! `UPDATE=1` writes the lives anew; with `FIRST=1` the first story that fails is the last that is played.

mod player;
mod story;
mod world;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use story::Story;

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/stories"))
}

/// All stories, by file.
fn stories() -> Vec<(String, Story)> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder())
        .expect("the folder of the stories")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    files.sort();
    let mut all = Vec::new();
    for path in files {
        let file = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let text = fs::read_to_string(&path).expect("a file");
        let read = story::read(&text).map_err(|error| format!("{file}.yaml: {error}"));
        let read = read.expect("stories in the language");
        all.extend(read.into_iter().map(|story| (file.clone(), story)));
    }
    all
}

/// Plays a story; a panic of the world is an error like another.
fn play(story: &Story) -> Result<String, String> {
    let played = std::panic::catch_unwind(|| player::play(story));
    played.unwrap_or_else(|panic| Err(world::told_by(&*panic)))
}

#[test]
fn every_story_is_as_told_and_leaves_its_recorded_life() {
    let only = std::env::var("STORY").ok();
    let update = std::env::var_os("UPDATE").is_some();
    let first = std::env::var_os("FIRST").is_some();
    let lives = folder().join("lives");
    let mut failures = Vec::new();
    for (file, story) in stories() {
        if only.as_ref().is_some_and(|only| !story.story.contains(only.as_str())) {
            continue;
        }
        if first && !failures.is_empty() {
            break;
        }
        let path = lives.join(format!("{}.txt", story.story));
        match play(&story) {
            Err(error) => failures.push(format!("{file}.yaml, {}: {error}", story.story)),
            Ok(life) if update => fs::write(&path, life).expect("the life is written"),
            Ok(life) => {
                let kept = fs::read_to_string(&path).unwrap_or_default();
                if kept != life {
                    failures.push(format!(
                        "{file}.yaml, {}: another life than the one that is kept\n{}",
                        story.story,
                        first_difference(&kept, &life)
                    ));
                }
            }
        }
    }
    assert!(
        failures.is_empty(),
        "{} stories\n{}",
        failures.len(),
        failures.join("\n\n")
    );
}

fn first_difference(kept: &str, life: &str) -> String {
    let mut lines = kept.lines();
    for line in life.lines() {
        match lines.next() {
            Some(other) if other == line => {}
            other => return format!("kept: {}\nnow:  {line}", other.unwrap_or("nothing")),
        }
    }
    format!("kept: {}\nnow:  nothing", lines.next().unwrap_or_default())
}

#[test]
fn there_are_enough_stories_with_names_of_their_own_and_no_life_without_one() {
    let mut names = BTreeMap::new();
    let all = stories();
    for (file, story) in &all {
        let before = names.insert(story.story.clone(), file);
        assert_eq!(before, None, "{} is told twice", story.story);
        assert!(story.why.len() > 20, "{} has no reason", story.story);
    }
    assert!(all.len() >= 70, "{} stories", all.len());
    let real = all.iter().filter(|(_, story)| story.real).count();
    assert_eq!(real, 20, "the most important ones");
    for entry in fs::read_dir(folder().join("lives")).expect("the folder of the lives") {
        let path = entry.expect("an entry").path();
        let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
        assert!(names.contains_key(&name), "{name}.txt is the life of no story");
    }
}

#[test]
fn the_language_knows_no_other_words() {
    let good = "- {story: a-b, why: w, steps: [{run: 5s}, {expect: {pools: 0}}]}";
    assert!(story::read(good).is_ok());
    let bad = [
        (
            "another key",
            "- {story: a, why: w, mood: 1, steps: [{expect: {pools: 0}}]}",
        ),
        (
            "another step",
            "- {story: a, why: w, steps: [{dance: {}}, {expect: {pools: 0}}]}",
        ),
        (
            "another word in a step",
            "- {story: a, why: w, steps: [{expect: {pools: 0, mood: 1}}]}",
        ),
        (
            "another word in a wait",
            "- {story: a, why: w, steps: [{until: {mood: 1}}, {expect: {pools: 0}}]}",
        ),
        (
            "a count in a wait",
            "- {story: a, why: w, steps: [{until: {ledger: []}}, {expect: {pools: 0}}]}",
        ),
        ("no end", "- {story: a, why: w, steps: [{run: 5s}]}"),
        (
            "a time without a unit",
            "- {story: a, why: w, steps: [{run: '5'}, {expect: {pools: 0}}]}",
        ),
        (
            "no object",
            "- {story: a, why: w, steps: [{delete: {}}, {expect: {pools: 0}}]}",
        ),
        (
            "a long wait of a real story",
            "- {story: a, why: w, real: true, steps: [{run: 5m}, {expect: {pools: 0}}]}",
        ),
        (
            "a name with a space",
            "- {story: a b, why: w, steps: [{expect: {pools: 0}}]}",
        ),
    ];
    for (what, yaml) in bad {
        assert!(story::read(yaml).is_err(), "{what} is accepted");
    }
}

#[test]
fn a_story_that_is_not_as_told_fails() {
    let wrong = [
        "pools: 2",
        "networks: 1",
        "ledger: []",
        "ledger: [CreatePool, PatchPool]",
        "events: [Created]",
        "patches: [{spec: {}}]",
        "pool: train, gone: true",
        "pool: train, cloud-gone: true",
        "pool: nobody",
        "pool: train, status: {phase: Creating}",
        "pool: train, status: {phase: null}",
        "pool: train, cloud: {spec: {resources: []}}",
        "pool: train, cloud: {spec: {scope: [Infer]}}",
        "pool: train, conditions: {Ready: False Ready}",
        "pool: train, conditions: {Ready: absent}",
        "pool: train, conditions: {Stalled: True Ready}",
        "pool: train, conditions: {Ready: {is: True Ready, says: nothing of the kind}}",
        "pool: train, conditions: {Ready: {is: True Ready, sings: x}}",
        "pool: train, status: {phase: '${id nobody}'}",
    ];
    let steps = "{apply: {pool: train}}, {until: {pool: train, conditions: {Ready: True Ready}}}";
    let told = |expect: &str| {
        let yaml = format!("- {{story: a, why: w, steps: [{steps}, {{expect: {{{expect}}}}}]}}");
        let read = story::read(&yaml).expect("a story");
        play(&read[0])
    };
    assert!(told("pool: train, pools: 1, ledger: [CreatePool], events: [Created, Ready]").is_ok());
    for expect in wrong {
        assert!(told(expect).is_err(), "{expect}");
    }
}
