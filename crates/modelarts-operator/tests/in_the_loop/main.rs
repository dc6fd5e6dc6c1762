//! Kube in the loop: the operator's own controller, watches and clients against a cluster and a
//! cloud in memory, on a paused clock, disturbed at each of its effects.
//!
//! The disturbances are those of Sieve: a process that dies at an effect, a view of the cluster that
//! is behind, and changes that nobody saw pass. An undisturbed run says what has to come of it. Only
//! the order of what happens at the same instant is left to the runtime, so a plan that fails is
//! replayed almost, not exactly.
//!
//! On each change a few disturbances of each kind are tried at each effect. `PLANS=2000` tries all of
//! them, and pairs until there are so many plans.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod director;
mod flaws;
mod fleet;
mod judge;
mod line;
mod plans;
mod process;
mod scenarios;
mod script;
mod world;

use director::{Perturbation, Travel};
use flaws::Mistake;
use plans::{Breadth, Run, Tally, play, play_all, singles};
use scenarios::{FORGIVING, SCENARIOS};
use script::Scenario;

fn reference(scenario: &Scenario) -> Run {
    let run = play(scenario, &[], None, &[]);
    assert_eq!(run.violations, Vec::<String>::new(), "{}", scenario.name);
    run
}

#[test]
fn a_pool_is_bought_kept_and_given_back_once() {
    let life = SCENARIOS.iter().find(|scenario| scenario.name == "delete").unwrap();
    let run = reference(life);
    assert_eq!(run.outcome.bought.values().collect::<Vec<_>>(), [&(1, 1)]);
    assert_eq!(run.outcome.lives.values().collect::<Vec<_>>(), [&(1, 1)]);
    let left = run.outcome.cloud.values().filter(|thing| thing["kind"] == "Pool");
    assert_eq!(left.count(), 0);
}

#[test]
fn two_undisturbed_runs_come_to_the_same() {
    for scenario in SCENARIOS {
        let (one, other) = (reference(scenario), reference(scenario));
        assert_eq!(
            other.outcome.differences(&one.outcome),
            Vec::<String>::new(),
            "{}",
            scenario.name
        );
    }
}

#[test]
fn a_leader_by_lease_lives_through_the_same() {
    let scenario = &SCENARIOS[0];
    let (sole, led) = (reference(scenario), play(scenario, &[], None, &["--leader-elect"]));
    assert_eq!(led.violations, Vec::<String>::new());
    assert_eq!(led.outcome.differences(&sole.outcome), Vec::<String>::new());
}

/// The one of two undisturbed runs that had more effects: two writes at the same instant may become
/// one.
fn fullest(scenario: &Scenario) -> Run {
    let (one, other) = (reference(scenario), reference(scenario));
    if other.effects.len() > one.effects.len() {
        other
    } else {
        one
    }
}

/// Single disturbances at every effect and change of every scenario, and as many pairs as were asked
/// for.
#[test]
fn no_disturbance_changes_what_comes_of_it() {
    let wanted: Option<usize> = std::env::var("PLANS").ok().map(|text| text.parse().unwrap());
    let breadth = if wanted.is_some() { Breadth::All } else { Breadth::Few };
    let wanted = wanted.unwrap_or(0);
    let references: Vec<Run> = SCENARIOS.iter().map(fullest).collect();
    let ones: Vec<_> = references
        .iter()
        .map(|run| singles(run.effects.len(), run.changes, breadth))
        .collect();
    let single: usize = ones.iter().map(Vec::len).sum();
    let pairs = wanted.saturating_sub(single).div_ceil(SCENARIOS.len());
    let mut total = Tally::default();
    for ((scenario, run), ones) in SCENARIOS.iter().zip(&references).zip(ones) {
        let plans: Vec<_> = ones.iter().cloned().chain(in_pairs(&ones, pairs)).collect();
        let tally = play_all(scenario, &run.outcome, &plans);
        println!(
            "{}: {} effects, {} changes, {} plans, of which {} struck in full",
            scenario.name,
            run.effects.len(),
            run.changes,
            tally.plans,
            tally.struck
        );
        total += tally;
    }
    let Tally {
        plans,
        struck,
        missed,
        findings,
    } = total;
    println!("{plans} plans, {struck} struck in full, {findings} with findings");
    assert_eq!(findings, 0, "told above");
    assert_eq!(missed, 0, "an effect or a change was not disturbed, as told above");
    assert!(plans >= 200 && plans >= wanted, "only {plans} plans");
    assert!(struck * 10 >= plans * 9, "only {struck} of {plans} plans struck");
}

/// A server that is behind lists what was there before the objects, and their first passes find nothing to
/// work on. When they are told of again, nothing about them has changed.
#[test]
fn an_object_that_a_list_did_not_have_is_looked_at_when_it_is_back() {
    let scenario = SCENARIOS.iter().find(|one| one.name == "network and pool").unwrap();
    let run = fullest(scenario);
    // The account is held for the first object, before anything is done for either.
    let effect = run
        .effects
        .iter()
        .position(|what| what.ends_with("modelartsaccounts/default"));
    let stale = Perturbation::Stale {
        effect: effect.unwrap(),
        back: 3,
        travel: Travel::Relist,
    };
    let tally = play_all(scenario, &run.outcome, &[vec![stale]]);
    assert_eq!((tally.struck, tally.findings), (1, 0), "told above");
}

/// `count` pairs of single plans, spread evenly.
fn in_pairs(ones: &[Vec<Perturbation>], count: usize) -> Vec<Vec<Perturbation>> {
    let pairs: Vec<_> = (0..ones.len())
        .flat_map(|second| (0..second).map(move |first| (first, second)))
        .collect();
    let step = (pairs.len() / count.max(1)).max(1);
    let chosen = pairs.into_iter().step_by(step).take(count);
    chosen
        .map(|(first, second)| [ones[first].clone(), ones[second].clone()].concat())
        .collect()
}

/// Plays plans of one kind until one of them brings the mistake to light; without the mistake, the
/// same plan must find nothing.
fn is_caught(mistake: Mistake, kind: fn(&Perturbation) -> bool) {
    let undisturbed = play(&FORGIVING, &[], Some(mistake), &[]);
    let seen = &undisturbed.violations;
    assert!(seen.is_empty(), "{mistake:?} is seen without any disturbance: {seen:?}");
    let plans = singles(undisturbed.effects.len(), undisturbed.changes, Breadth::Few);
    for (tried, plan) in plans.iter().filter(|plan| plan.iter().all(kind)).enumerate() {
        let run = play(&FORGIVING, plan, Some(mistake), &[]);
        let found = [run.violations, run.outcome.differences(&undisturbed.outcome)].concat();
        if found.is_empty() {
            continue;
        }
        println!("{mistake:?}: caught by plan {}, {plan:?}: {found:#?}", tried + 1);
        let honest = reference(&FORGIVING);
        let run = play(&FORGIVING, plan, None, &[]);
        let found = [run.violations, run.outcome.differences(&honest.outcome)].concat();
        assert_eq!(found, Vec::<String>::new(), "without the mistake, by {plan:?}");
        return;
    }
    panic!("{mistake:?} goes unseen");
}

#[test]
fn crashes_catch_an_intent_that_is_not_written_down() {
    is_caught(Mistake::ForgetsIntents, |one| matches!(one, Perturbation::Crash { .. }));
}

#[test]
fn stale_views_catch_an_operator_that_trusts_its_cache() {
    is_caught(Mistake::TrustsItsCache, |one| matches!(one, Perturbation::Stale { .. }));
}

#[test]
fn unseen_changes_catch_an_operator_that_trusts_events() {
    is_caught(Mistake::TrustsEvents, |one| matches!(one, Perturbation::Unseen { .. }));
}
