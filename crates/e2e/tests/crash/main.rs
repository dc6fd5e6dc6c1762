//! The operator is killed at every step of a pool's life, at each point of the step's call, and every
//! time the life ends as if nothing had happened: one creation, one pool, or none where it was deleted;
//! as many nodes as asked for, and no change of the cloud that is not explained by what was cut.
//!
//! The steps are the core's own list. The kill is a SIGKILL at an instant that the holding proxy
//! defines, so nothing is left to chance and nothing in the operator knows of it. Some tests share the
//! rows between worlds of their own; all objects of a world stay to its end and are counted once more.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

mod life;
mod steps;

use e2e::proxied::Proxied;
use e2e::proxy::Point;
use http::StatusCode;
use modelarts_plan::StepKind;
use sandbox::operator::{self, Timing};
use sandbox::process::Exit;
use serde_json::json;

use life::{Cut, Life, PATIENCE};
use steps::{Effect, Row, calls_of, status_writes};

const SIGKILL: i32 = 9;
/// How often the next operator looks at the cloud before a late call arrives: enough for one that
/// does not wait to have decided.
const LOOKS: u64 = 12;
/// The in-doubt window of an operator that a late creation surprises. It is far longer than the looks
/// take, so that the creation is within the assumptions on a busy machine, too; being found ends it.
const LONG_WINDOW: &str = "15s";

/// When the operator dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// Before the call is forwarded; it never is.
    Before,
    /// Before the call is forwarded; it is, when the next operator has been at work for a while.
    Overtaken,
    /// After the far side has done what the call asks and before the answer arrives.
    After,
    /// After the answer has arrived, before the next call.
    Answered,
}

impl Death {
    fn of(effect: Effect) -> &'static [Self] {
        match effect {
            Effect::Reads => &[Self::Before, Self::After, Self::Answered],
            Effect::Writes | Effect::Deletes | Effect::Buys | Effect::Changes => {
                &[Self::Before, Self::Overtaken, Self::After, Self::Answered]
            }
        }
    }

    fn point(self) -> Point {
        match self {
            Self::Before | Self::Overtaken => Point::Before,
            Self::After => Point::After,
            Self::Answered => Point::Answered,
        }
    }
}

#[test]
fn every_kind_of_step_is_cut_unless_it_makes_no_call() {
    for kind in StepKind::ALL {
        assert_eq!(calls_of(kind).is_empty(), kind == StepKind::Rest, "{}", kind.as_str());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_made() {
    cut_all(|life| matches!(life, Life::Plain | Life::Ordered | Life::Broken)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_taken_over() {
    cut_all(|life| matches!(life, Life::Adopted | Life::Unmarked)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_resized() {
    cut_all(|life| matches!(life, Life::Grown | Life::GrownAgain | Life::Shrunk)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_whose_creation_fails_or_is_in_doubt() {
    cut_all(|life| {
        matches!(
            life,
            Life::Refused | Life::Unexecuted | Life::Unanswered | Life::DeletedInDoubt
        )
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_that_is_deleted() {
    cut_all(|life| matches!(life, Life::Deleted | Life::Lost)).await;
}

/// The shortest that the assumptions allow: the simulator here hides nothing and executes what it
/// executes within a second.
fn timing() -> Timing {
    Timing::quick()
        .with("--request-deadline", "1s")
        .with("--self-deadline", "1s")
        .with("--gateway-limit", "1s")
        .with("--list-lag", "1s")
        .with("--in-doubt-window", "4s")
        .with("--absence-spacing", "300ms")
        .with("--loss-span", "600ms")
        .with("--census-interval", "300ms")
        .with("--census-interval-busy", "200ms")
        .with("--stalled-retry", "1s")
}

/// Every row of the lives that are `wanted`, each at each point, one after the other.
async fn cut_all(wanted: fn(Life) -> bool) {
    // The cloud would sell a second pool of the same name: only the operator keeps it from happening.
    let profile = json!({ "createSeconds": 0, "deleteSeconds": 0, "poolQuota": 1000, "uniqueNames": false });
    let options = operator::Options {
        timing: timing(),
        ..operator::Options::default()
    };
    let mut ground = Proxied::start(profile, options).await;
    // Something that exists beside the pool of each row, as in any account.
    ground.start_operator().await;
    ground.create("beside").await;
    ground.until_ready("beside", PATIENCE).await.unwrap();

    let (mut table, mut failures, mut all) = (Vec::new(), Vec::new(), Vec::new());
    for (step, row) in rows().into_iter().filter(|(_, row)| wanted(row.life)) {
        for death in Death::of(row.effect) {
            let name = format!("row{}", table.len());
            let title = format!(
                "{step:<16} {:<42} {:<14} {death:<9?}",
                row.what,
                format!("{:?}", row.life)
            );
            let end = Box::pin(cut(&mut ground, &row, *death, &name)).await;
            match end {
                Ok((creates, text)) => {
                    all.push((name, creates));
                    table.push(format!("{title} {text}"));
                }
                Err(problem) => {
                    table.push(format!("{title} FAILED"));
                    failures.push(format!("{title} ({name}): {problem}"));
                }
            }
        }
    }
    println!("\n{}", table.join("\n"));
    // What was right when each row ended is still right now, after many more lives of operators.
    for (name, creates) in all {
        let counted = ground.creates(&name).await;
        if counted != creates {
            failures.push(format!("{name}: {counted} creations at the end instead of {creates}"));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn rows() -> Vec<(&'static str, Row)> {
    let steps = StepKind::ALL
        .into_iter()
        .flat_map(|kind| calls_of(kind).into_iter().map(move |row| (kind.as_str(), row)));
    steps
        .chain(status_writes().into_iter().map(|row| ("status", row)))
        .collect()
}

/// The version of an object; nothing if it is gone.
async fn version(ground: &Proxied, name: &str) -> Option<String> {
    let object = ground.pools().get_opt(name).await.unwrap();
    object.and_then(|object| object.metadata.resource_version)
}

/// Lives one life with one death in it. Gives the number of creations, and the end in words.
async fn cut(ground: &mut Proxied, row: &Row, death: Death, name: &str) -> Result<(usize, String), String> {
    if ground.world.operators.is_empty() {
        ground.start_operator().await;
    }
    row.life.prepare(ground, name).await?;
    let mut hold = ground.proxy.hold(death.point(), row.matcher(name));
    row.life.begin(ground, name).await;
    let uid = ground.pools().get(name).await.unwrap().metadata.uid.unwrap();
    if let Err(error) = hold.caught(PATIENCE).await {
        row.life.meanwhile(ground, name).await;
        return Err(format!("{error}\n{}", ground.story()));
    }
    let exit = ground.take_operator(0).process().kill().await.unwrap();
    assert_eq!(exit, Exit::Signal(SIGKILL));
    let before = version(ground, name).await;
    let overtaken = (death == Death::Overtaken).then_some(hold);
    row.life.meanwhile(ground, name).await;
    if overtaken.is_some() && row.effect == Effect::Buys {
        ground.start_operator_with("--in-doubt-window", LONG_WINDOW).await;
    } else {
        ground.start_operator().await;
    }
    if let Some(hold) = overtaken {
        ground.until_listed(LOOKS, PATIENCE).await;
        let moved_on = version(ground, name).await != before;
        let answer = hold.release().await;
        let refused = matches!(answer, Some(StatusCode::CONFLICT | StatusCode::NOT_FOUND));
        if row.effect == Effect::Writes && moved_on && !refused {
            return Err(format!(
                "a dead operator's write over a newer object was answered {answer:?}"
            ));
        }
    }

    let (creates, pools) = (row.life.creates(death != Death::Before), row.life.pools());
    let changes = row.life.changes(cut_of(row.effect, death));
    let end = row.life.finish(ground, name, &uid, changes).await?;
    if end.changes != changes {
        let (what, seen) = (end.what, end.changes);
        return Err(format!(
            "{what} after {seen} changes instead of {changes}\n{}",
            ground.story()
        ));
    }
    if (end.creates, end.pools) != (creates, pools) {
        return Err(format!(
            "{} after {} creations instead of {creates}, with {} pools instead of {pools}\n{}",
            end.what,
            end.creates,
            end.pools,
            ground.story()
        ));
    }
    if let Some(wrong) = end.wrong {
        return Err(format!("{wrong}\n{}", ground.story()));
    }
    let text = format!("{}, creates {creates}, pools {pools}, changes {changes}", end.what);
    Ok((creates, text))
}

/// What became of a change that was cut at that point.
fn cut_of(effect: Effect, death: Death) -> Cut {
    match (effect, death) {
        (Effect::Changes, Death::After | Death::Answered) => Cut::Done,
        (Effect::Changes, Death::Overtaken) => Cut::Late,
        _ => Cut::Unsent,
    }
}
