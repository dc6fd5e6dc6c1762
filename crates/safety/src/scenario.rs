//! What there is in a small world, and what may go wrong in it how often.

use crate::state::Action;

/// What may go wrong or be done by people. Each has a budget of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Trouble {
    /// A process dies and is started anew with nothing in its memory.
    Crash,
    /// A process stands still in the middle of a pass, for a short or a long time.
    Pause,
    /// An answer does not arrive, of the cloud or of the API server.
    LostAnswer,
    /// A process stops waiting for a request to the cloud, which is executed later or never.
    Impatience,
    /// The cloud refuses a request before it does anything.
    Refusal,
    /// A list or a GET fails.
    FailedRead,
    /// A GET says that there is no such pool although there is.
    FalseGone,
    /// The lists of one round are empty although there are pools.
    EmptyList,
    /// A pass begins with the version of the object before the newest.
    StaleRead,
    /// A write to the API server arrives after its sender has given up waiting.
    LateWrite,
    /// A creation is accepted and fails afterwards.
    FailedCreation,
    /// Somebody changes the spec.
    Edit,
    /// Somebody deletes an object.
    Delete,
    /// Somebody makes an object of the name of one that is gone.
    Recreate,
    /// Somebody takes the finalizer off by hand.
    Strip,
    /// Somebody deletes the pool in the console.
    Vanish,
    /// Somebody changes the number of nodes in the console.
    Resize,
    /// Somebody writes over the description in the console, marker and all.
    Unmark,
    /// The cloud shows a pool in a phase that nobody knows.
    UnknownPhase,
}

impl Trouble {
    /// Every kind.
    pub const ALL: [Self; 19] = [
        Self::Crash,
        Self::Pause,
        Self::LostAnswer,
        Self::Impatience,
        Self::Refusal,
        Self::FailedRead,
        Self::FalseGone,
        Self::EmptyList,
        Self::StaleRead,
        Self::LateWrite,
        Self::FailedCreation,
        Self::Edit,
        Self::Delete,
        Self::Recreate,
        Self::Strip,
        Self::Vanish,
        Self::Resize,
        Self::Unmark,
        Self::UnknownPhase,
    ];
}

/// How often each kind of trouble may still come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Budget([u8; Trouble::ALL.len()]);

impl Budget {
    /// So much of one kind.
    #[must_use]
    pub const fn with(mut self, trouble: Trouble, times: u8) -> Self {
        self.0[trouble as usize] = times;
        self
    }

    /// None of anything.
    #[must_use]
    pub const fn none() -> Self {
        Self([0; Trouble::ALL.len()])
    }

    /// What is left once one of a kind is used up; nothing if none was left.
    #[must_use]
    pub fn without_one(mut self, trouble: Trouble) -> Option<Self> {
        let left = self.0.get_mut(trouble as usize)?;
        *left = left.checked_sub(1)?;
        Some(self)
    }

    /// How many of a kind are left.
    #[must_use]
    pub fn left(&self, trouble: Trouble) -> u8 {
        self.0[trouble as usize]
    }
}

/// What the operator around the plan does. All but the first are faults, for the bug zoo.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shell {
    /// What ours does: each write is guarded by the version of the object, each request is sent once,
    /// and the clock is looked at right before a creation is sent.
    #[default]
    Ours,
    /// Writes to the API server whatever the version of the object.
    Unguarded,
    /// Puts the finalizer on and takes it off whatever the version of the object, as patches do that
    /// test only the finalizer.
    UnguardedFinalizer,
    /// Writes down what came of an attempt whatever the version of the object.
    UnguardedRecord,
    /// Sends a request to the cloud again when no answer comes.
    Repeating,
    /// Sends a creation without another look at the clock.
    Timeless,
    /// Does not count what an earlier process has bought.
    Spendthrift,
}

/// A small world: what is in it and what may happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Its name, on the command line and in tables.
    pub name: &'static str,
    /// How many objects, 1 or 2.
    pub objects: usize,
    /// How many processes, 1 or 2, all of which believe that they lead.
    pub processes: usize,
    /// Whether the objects ask for one and the same name in the cloud.
    pub same_name: bool,
    /// Assumption U: whether the cloud refuses a name that is taken.
    pub unique_names: bool,
    /// Assumption T: whether a request is executed, and seen in lists, in bounded time.
    pub bounded: bool,
    /// Whether lists keep to that time. Without, in the bug zoo, they may lag behind for longer than the
    /// window.
    pub prompt_lists: bool,
    /// Whether only harm counts, and not how it comes to be: two pools of one object, a pool left
    /// behind, another's pool hit. For operators in the bug zoo that know of no attempts.
    pub harm_only: bool,
    /// Whether the cloud tells of orders, so that they are asked for.
    pub orders: bool,
    /// Whether the spec leaves the number of nodes to somebody else.
    pub count_ignored: bool,
    /// How many creations the account may start at a time, of all objects together.
    pub creations: Option<u32>,
    /// What the operator around the plan does.
    pub shell: Shell,
    /// What has happened before the exploration begins. Nothing, but in the bug zoo.
    pub prelude: &'static [&'static [Action]],
    /// How often each kind of trouble may come.
    pub budget: Budget,
}

/// Every small world.
pub const ALL: &[Scenario] = &[
    Scenario::quiet("quiet"),
    Scenario::quiet("crash").with(Trouble::Crash, 1).with(Trouble::Pause, 1),
    Scenario::quiet("two-crashes").with(Trouble::Crash, 2),
    Scenario::quiet("doubt")
        .with(Trouble::Impatience, 1)
        .with(Trouble::LostAnswer, 1),
    Scenario::quiet("doubt-without-unique-names")
        .with(Trouble::Impatience, 1)
        .with(Trouble::Crash, 1)
        .without_unique_names(),
    Scenario::quiet("delete")
        .with(Trouble::Crash, 1)
        .with(Trouble::Delete, 1),
    Scenario::quiet("delete-in-doubt")
        .with(Trouble::Delete, 1)
        .with(Trouble::Impatience, 1),
    Scenario::quiet("delete-and-make-again")
        .with(Trouble::Delete, 1)
        .with(Trouble::Recreate, 1)
        .with(Trouble::LostAnswer, 1),
    Scenario::quiet("false-answers")
        .with(Trouble::FalseGone, 1)
        .with(Trouble::EmptyList, 2)
        .with(Trouble::Delete, 1),
    Scenario::quiet("failed-reads")
        .with(Trouble::FailedRead, 2)
        .with(Trouble::Delete, 1),
    Scenario::quiet("false-loss")
        .with(Trouble::FalseGone, 2)
        .with(Trouble::EmptyList, 2),
    Scenario::quiet("vanish")
        .with(Trouble::Vanish, 1)
        .with(Trouble::Crash, 1),
    Scenario::quiet("vanish-and-delete")
        .with(Trouble::Vanish, 1)
        .with(Trouble::Delete, 1)
        .with(Trouble::LostAnswer, 1),
    Scenario::quiet("edit")
        .with(Trouble::Edit, 1)
        .with(Trouble::LostAnswer, 1),
    Scenario::quiet("edits")
        .with(Trouble::Edit, 2)
        .with(Trouble::StaleRead, 1),
    Scenario::quiet("resize")
        .with(Trouble::Resize, 1)
        .with(Trouble::Crash, 1),
    Scenario::quiet("resize-left-to-others")
        .with(Trouble::Resize, 1)
        .with(Trouble::Edit, 1)
        .without_the_count(),
    Scenario::quiet("unmark")
        .with(Trouble::Unmark, 1)
        .with(Trouble::Delete, 1),
    Scenario::quiet("unmark-and-crash")
        .with(Trouble::Unmark, 1)
        .with(Trouble::Crash, 1),
    Scenario::quiet("unknown-phase")
        .with(Trouble::UnknownPhase, 1)
        .with(Trouble::Resize, 1),
    Scenario::quiet("unknown-phase-and-delete")
        .with(Trouble::UnknownPhase, 1)
        .with(Trouble::Delete, 1),
    Scenario::quiet("refusal")
        .with(Trouble::Refusal, 1)
        .with(Trouble::Delete, 1),
    Scenario::quiet("failed-creation")
        .with(Trouble::FailedCreation, 1)
        .with(Trouble::Crash, 1),
    Scenario::quiet("late-write")
        .with(Trouble::LateWrite, 1)
        .with(Trouble::Delete, 1),
    Scenario::quiet("strip")
        .with(Trouble::Delete, 1)
        .with(Trouble::Strip, 1)
        .with(Trouble::Recreate, 1),
    Scenario::quiet("orders").with(Trouble::Crash, 1).with_orders(),
    Scenario::quiet("two-processes").with(Trouble::Pause, 1).twice(),
    Scenario::quiet("two-processes-without-unique-names")
        .with(Trouble::Pause, 1)
        .without_unique_names()
        .twice(),
    Scenario::quiet("two-processes-delete").with(Trouble::Delete, 1).twice(),
    Scenario::quiet("two-objects").with(Trouble::Crash, 1).with_another(),
    Scenario::quiet("one-name").with_another().under_one_name(),
    Scenario::quiet("budget")
        .with(Trouble::Crash, 1)
        .with_another()
        .with_creations(1),
    Scenario::quiet("budget-and-refusal")
        .with(Trouble::Crash, 1)
        .with(Trouble::Refusal, 1)
        .with_creations(1),
    Scenario::quiet("unbounded")
        .with(Trouble::Pause, 1)
        .with(Trouble::Crash, 1)
        .unbounded(),
];

impl Scenario {
    /// The same in a cloud that takes a name twice.
    #[must_use]
    pub const fn without_unique_names(mut self) -> Self {
        self.unique_names = false;
        self
    }

    /// The same with the number of nodes left to somebody else.
    #[must_use]
    pub const fn without_the_count(mut self) -> Self {
        self.count_ignored = true;
        self
    }

    /// The same with an account that may start so many creations at a time.
    #[must_use]
    pub const fn with_creations(mut self, creations: u32) -> Self {
        self.creations = Some(creations);
        self
    }

    /// The same in a cloud that tells of orders.
    #[must_use]
    pub const fn with_orders(mut self) -> Self {
        self.orders = true;
        self
    }

    /// The same with two processes.
    #[must_use]
    pub const fn twice(mut self) -> Self {
        self.processes = 2;
        self
    }

    /// The same with two objects.
    #[must_use]
    pub const fn with_another(mut self) -> Self {
        self.objects = 2;
        self
    }

    /// The same with one name for all objects.
    #[must_use]
    pub const fn under_one_name(mut self) -> Self {
        self.same_name = true;
        self
    }

    /// The same without any limit to how long a request is under way.
    #[must_use]
    pub const fn unbounded(mut self) -> Self {
        self.bounded = false;
        self
    }

    /// The same with lists that lag for any time.
    #[must_use]
    pub const fn with_late_lists(mut self) -> Self {
        self.prompt_lists = false;
        self
    }

    /// The same after something has happened.
    #[must_use]
    pub const fn after(mut self, prelude: &'static [&'static [Action]]) -> Self {
        self.prelude = prelude;
        self
    }

    /// What has happened before the exploration begins, one after the other.
    pub fn prelude(&self) -> impl Iterator<Item = Action> + use<> {
        self.prelude.iter().copied().flatten().copied()
    }

    /// The same with nothing counted but harm.
    #[must_use]
    pub const fn for_harm(mut self) -> Self {
        self.harm_only = true;
        self
    }

    /// The same with another operator around the plan.
    #[must_use]
    pub const fn in_shell(mut self, shell: Shell) -> Self {
        self.shell = shell;
        self
    }

    /// The small world of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        ALL.iter().find(|scenario| scenario.name == name).copied()
    }

    /// One object, one process, both assumptions, no trouble.
    #[must_use]
    pub const fn quiet(name: &'static str) -> Self {
        Self {
            name,
            objects: 1,
            processes: 1,
            same_name: false,
            unique_names: true,
            bounded: true,
            prompt_lists: true,
            harm_only: false,
            orders: false,
            count_ignored: false,
            creations: None,
            shell: Shell::Ours,
            prelude: &[],
            budget: Budget::none(),
        }
    }

    /// The same with so much of one kind of trouble.
    #[must_use]
    pub const fn with(mut self, trouble: Trouble, times: u8) -> Self {
        self.budget = self.budget.with(trouble, times);
        self
    }
}
