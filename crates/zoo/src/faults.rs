//! Every fault: those of the plan, those of what is around the plan, and assumptions that do not hold.

use modelarts_plan::flaws::FLAWS;
use zoo::scenario::{self, Scenario, Shell, Trouble};

use crate::worlds;

/// An operator, or a cloud, with one fault.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// What it does wrong.
    pub what: &'static str,
    /// Which known failure it stands for.
    pub known: &'static str,
    /// The switches of the plan.
    pub plan: &'static [&'static str],
    /// What is around the plan.
    pub shell: Shell,
    /// The small worlds in which it is looked for: all of the model if empty.
    pub worlds: &'static [Scenario],
    /// Whether it is the world that is at fault.
    pub assumption: bool,
}

impl Fault {
    /// The small worlds in which it is looked for. Where the model leaves bounds on time out, more may
    /// happen than any operator can answer for.
    pub fn worlds(&self) -> Vec<Scenario> {
        let all = scenario::ALL.iter().filter(|scenario| scenario.bounded);
        match self.worlds {
            [] => all.copied().collect(),
            own => own.to_vec(),
        }
    }

    /// One of them, by name.
    pub fn world(&self, name: &str) -> Option<Scenario> {
        self.worlds().into_iter().find(|world| world.name == name)
    }

    /// The same world, or the same operator in it, without the fault.
    pub fn cured(&self, world: Scenario) -> Scenario {
        let cured = world.in_shell(Shell::Ours);
        match (self.assumption, world.unique_names) {
            (false, _) => cured,
            // Two pools need both assumptions broken, a pool left behind only that on time.
            (true, false) => Scenario {
                unique_names: true,
                ..cured
            },
            (true, true) => Scenario {
                bounded: true,
                prompt_lists: true,
                ..cured
            },
        }
    }
}

/// Faults that do no harm alone, since another guard comes after the one that they take away. They are
/// caught in pairs.
pub static SECOND_LOCKS: [&str; 2] = ["closes-without-looking", "releases-the-refused-without-looking"];

/// All faults.
pub fn all() -> Vec<Fault> {
    let alone = FLAWS.iter().filter(|flaw| !SECOND_LOCKS.contains(&flaw.name));
    let plans = alone.map(|flaw| Fault {
        name: flaw.name,
        what: flaw.what,
        known: flaw.known,
        plan: std::slice::from_ref(&flaw.name),
        worlds: worlds::of(flaw.name),
        ..NONE
    });
    plans
        .chain(AROUND.iter().copied())
        .chain(BROKEN.iter().copied())
        .collect()
}

const NONE: Fault = Fault {
    name: "",
    what: "",
    known: "",
    plan: &[],
    shell: Shell::Ours,
    worlds: &[],
    assumption: false,
};

/// Faults of the plan together, and faults around it.
const AROUND: &[Fault] = &[
    Fault {
        name: "never-looks",
        what: "takes a doubtful creation for not executed once the window is over, and begins the next without a look",
        known: "A time-out counts as a failure once enough time has passed.",
        plan: &["closes-without-looking", "creates-without-looking"],
        worlds: worlds::DOUBT,
        ..NONE
    },
    Fault {
        name: "never-looks-before-release",
        what: "takes a doubtful creation for refused once the window is over, and releases the object without a look",
        known: "A creation without an answer counts as none when its object is deleted.",
        plan: &["release-closes-without-looking", "releases-the-refused-without-looking"],
        worlds: worlds::UNDER_WAY,
        ..NONE
    },
    Fault {
        name: "creates-then-writes-the-id-of-a-unique-name",
        what: "the same in a cloud that refuses a name that is taken",
        known: "The naive operator, saved from a second pool by the cloud, and not from a leak.",
        plan: &["creates-then-writes-the-id"],
        worlds: worlds::LEAVES,
        ..NONE
    },
    Fault {
        name: "unguarded-writes",
        what: "writes to the API server whatever the version of the object",
        known: "Merge patches of the status, which land also on another object of the same name.",
        shell: Shell::Unguarded,
        ..NONE
    },
    Fault {
        name: "unguarded-intent",
        what: "the same, looked at by nothing but its harm",
        known: "An intent is written down, and two processes can each believe that theirs stands.",
        shell: Shell::Unguarded,
        worlds: worlds::RACE,
        ..NONE
    },
    Fault {
        name: "unguarded-finalizer",
        what: "puts the finalizer on and takes it off whatever the version of the object",
        known: "A helper whose patch tests only the finalizer takes it off the object's successor.",
        shell: Shell::UnguardedFinalizer,
        ..NONE
    },
    Fault {
        name: "unguarded-record",
        what: "writes down what came of an attempt whatever the version of the object",
        known: "The ID of an older attempt is written down late, over a newer attempt.",
        shell: Shell::UnguardedRecord,
        ..NONE
    },
    Fault {
        name: "repeats-requests",
        what: "sends a creation again below the plan",
        known: "HTTP clients that retry by themselves, by default.",
        shell: Shell::Repeating,
        ..NONE
    },
    Fault {
        name: "looks-at-no-clock",
        what: "does not look at the clock again right before it sends a creation",
        known: "A process that was stopped between its decision and its call, and believes that it still leads.",
        shell: Shell::Timeless,
        worlds: worlds::STOPPED,
        ..NONE
    },
    Fault {
        name: "forgets-what-was-bought",
        what: "begins each life with the account's whole budget, whatever an earlier process has bought",
        known: "Limits that are kept in memory, so that a crash loop spends without one.",
        shell: Shell::Spendthrift,
        worlds: worlds::SPENT,
        ..NONE
    },
];

/// Assumptions that do not hold.
const BROKEN: &[Fault] = &[
    Fault {
        name: "assumption-late-creation-no-unique-names",
        what: "a creation is executed after the window, in a cloud that takes a name twice",
        known: "No lease and no window helps against a pause without end; unique names do.",
        worlds: &[Scenario::quiet("late-creation-without-unique-names")
            .with(Trouble::Impatience, 1)
            .unbounded()
            .without_unique_names()],
        assumption: true,
        ..NONE
    },
    Fault {
        name: "assumption-late-creation",
        what: "a creation is executed after the window, and its object is deleted by then",
        known: "Unique names don't help against a pool that comes when its object is gone; the auditor reports it.",
        worlds: &[Scenario::quiet("late-creation")
            .with(Trouble::Impatience, 1)
            .with(Trouble::Delete, 1)
            .unbounded()],
        assumption: true,
        ..NONE
    },
    Fault {
        name: "assumption-late-lists-no-unique-names",
        what: "lists lag for longer than the window, in a cloud that takes a name twice",
        known: "A list that lags for longer than is waited for buys twice.",
        worlds: &[Scenario::quiet("late-lists-without-unique-names")
            .with(Trouble::Impatience, 1)
            .with_late_lists()
            .without_unique_names()],
        assumption: true,
        ..NONE
    },
    Fault {
        name: "assumption-late-lists",
        what: "lists lag for longer than the window, and the object is deleted by then",
        known: "The same with unique names and a deletion: the pool is there, no list shows it, and the auditor reports it.",
        worlds: &[Scenario::quiet("late-lists")
            .with(Trouble::Impatience, 1)
            .with(Trouble::Delete, 1)
            .with_late_lists()],
        assumption: true,
        ..NONE
    },
];
