//! Small worlds that only the zoo uses: for operators that know of no attempts, for lies that ours does
//! not believe, and for ways that are too long to be found from their beginning.

use zoo::scenario::{Scenario, Trouble};
use zoo::state::{Action, Deed, Ending, Fate, Lists, Span};

/// Where a fault of the plan is looked for; nothing if in all worlds of the model.
pub fn of(name: &str) -> &'static [Scenario] {
    match name {
        "creates-then-writes-the-id" => NAIVE,
        "looks-then-creates" => DOUBT,
        "releases-with-an-attempt-open" | "does-not-wait-before-release" | "release-closes-without-looking" => {
            UNDER_WAY
        }
        "one-proof-is-enough" | "lists-prove-absence" => FALSE_LISTS,
        "a-404-proves-absence" => FALSE_404,
        "unknown-is-absent" => FAILED_READS,
        "lost-at-once" | "missing-is-lost" => FALSE_LOSS,
        "sends-too-late" => STOPPED,
        _ => &[],
    }
}

/// An operator reads an object as it was before its own last write.
const NAIVE: &[Scenario] = &[Scenario::quiet("harm-of-a-stale-read")
    .with(Trouble::StaleRead, 1)
    .without_unique_names()
    .for_harm()];

/// No answer comes to a creation.
pub const DOUBT: &[Scenario] = &[Scenario::quiet("harm-of-a-lost-answer")
    .with(Trouble::LostAnswer, 1)
    .without_unique_names()
    .for_harm()];

/// The object is deleted while a creation is in doubt.
pub const LEAVES: &[Scenario] = &[Scenario::quiet("harm-of-a-deletion-in-doubt")
    .with(Trouble::Delete, 1)
    .with(Trouble::Impatience, 1)
    .for_harm()];

/// Two processes begin at the same time.
pub const RACE: &[Scenario] = &[Scenario::quiet("harm-of-two-processes")
    .without_unique_names()
    .twice()
    .for_harm()];

/// The first intent is written down.
const INTENT: &[Action] = &[
    Action::Begin(0, 0, false),
    Action::Do(0, Fate::Done),
    Action::List(0, Lists::True),
    Action::Begin(0, 0, false),
    Action::Do(0, Fate::Done),
];

/// Its creation is on the wire.
const SENT: &[Action] = &[Action::Do(0, Fate::Done)];

/// The object has its pool, and is deleted.
const DELETED: &[Action] = &[
    Action::Serve(0, Ending::Answered),
    Action::Do(0, Fate::Done),
    Action::Meddle(0, Deed::Delete),
];

/// The service says twice that there is no such pool. Its lists know better.
const FALSE_404: &[Scenario] = &[Scenario::quiet("deleted-amid-false-404s")
    .with(Trouble::FalseGone, 2)
    .with(Trouble::Delete, 1)
    .after(&[INTENT, SENT, DELETED])];

/// The service says once that there is no such pool, and lists say so longer.
const FALSE_LISTS: &[Scenario] = &[Scenario::quiet("deleted-amid-empty-lists")
    .with(Trouble::FalseGone, 1)
    .with(Trouble::EmptyList, 2)
    .with(Trouble::Delete, 1)
    .after(&[INTENT, SENT, DELETED])];

/// Reads fail, and lists lie.
const FAILED_READS: &[Scenario] = &[Scenario::quiet("deleted-amid-failed-reads")
    .with(Trouble::FailedRead, 2)
    .with(Trouble::EmptyList, 2)
    .with(Trouble::Delete, 1)
    .after(&[INTENT, SENT, DELETED])];

/// Nobody waits for the creation any more, and the object is deleted while it is under way.
pub const UNDER_WAY: &[Scenario] = &[Scenario::quiet("deleted-with-a-creation-under-way")
    .with(Trouble::Impatience, 1)
    .with(Trouble::Delete, 1)
    .after(&[INTENT, SENT, &[Action::GiveUp(0), Action::Meddle(0, Deed::Delete)]])
    .for_harm()];

/// All lies of one moment, in a cloud that takes a name twice.
const FALSE_LOSS: &[Scenario] = &[Scenario::quiet("false-loss-without-unique-names")
    .with(Trouble::FalseGone, 1)
    .with(Trouble::EmptyList, 2)
    .without_unique_names()];

/// A process has written an intent down and is stopped before it sends; another sees the intent, and the
/// window passes.
pub const STOPPED: &[Scenario] = &[Scenario::quiet("stopped-before-sending")
    .with(Trouble::Pause, 1)
    .without_unique_names()
    .twice()
    .after(&[
        INTENT,
        &[
            Action::Begin(1, 0, false),
            Action::Do(1, Fate::Done),
            Action::Pass(Span::Long),
        ],
    ])];

/// The account has bought what it may at a time.
pub const SPENT: &[Scenario] = &[Scenario::quiet("budget-used-up")
    .with(Trouble::Crash, 1)
    .with_another()
    .with_creations(1)
    .after(&[INTENT, SENT])];
