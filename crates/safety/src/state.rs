//! A state: numbers that stand for what the tables of the world hold. Two states that hold the same
//! are the same numbers, so that a state is small and comparing is cheap.

use crate::scenario::{Budget, Trouble};

/// Most objects in a world.
pub const OBJECTS: usize = 2;
/// Most processes in a world.
pub const PROCESSES: usize = 2;
/// Most requests that are under way at a time.
pub const WIRE: usize = 3;

/// The number of something in a table; 0 stands for nothing.
pub type Number = u32;

/// The place of one name in the API server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Slot {
    /// The object as it is now.
    pub object: Number,
    /// The object as it was before the last write, if that left it there.
    pub before: Number,
    /// How many objects of this name there have been.
    pub born: u8,
}

/// One state of the world.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct State {
    /// The API server.
    pub slots: [Slot; OBJECTS],
    /// What each process remembers and is about.
    pub processes: [Number; PROCESSES],
    /// The cloud.
    pub cloud: Number,
    /// Requests under way, in the order of their numbers.
    pub wire: [Number; WIRE],
    /// Tokens that were put on the wire, a bit each.
    pub sent: u64,
    /// Tokens that were durable once, a bit each.
    pub durable: u64,
    /// Tokens that became durable since time last passed for long, a bit each, where creations are
    /// counted.
    pub recent: u64,
    /// Incarnations whose finalizer was taken off by hand, a bit each.
    pub stripped: u32,
    /// What may still go wrong.
    pub left: Budget,
}

/// The bit of an incarnation of an object.
#[must_use]
pub fn incarnation(slot: usize, born: u8) -> u32 {
    1 << (slot * 8 + usize::from(born & 7))
}

/// How a request to the cloud ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ending {
    /// It is executed and the answer arrives, if somebody waits for it.
    Answered,
    /// It is executed and the answer is lost.
    Unanswered,
    /// It is accepted, the answer arrives, and what it began fails afterwards.
    Doomed,
    /// It is refused before anything is done.
    Refused,
    /// It is lost on the way.
    Dropped,
}

/// How a write to the API server, or a read of the cloud, ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Fate {
    /// It is done and the answer is used.
    Done,
    /// It is done, and the process dies before it uses the answer.
    DoneThenCrash,
    /// It is done and the answer is lost.
    Unanswered,
    /// It is not done now, and the process gives up waiting; it may arrive later.
    Late,
    /// It fails.
    Failed,
    /// It answers that there is no such pool.
    FalseGone,
}

/// What a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Lists {
    /// What there is.
    True,
    /// Nothing at all.
    Empty,
    /// An error.
    Failed,
}

/// What somebody does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Deed {
    /// Changes the spec.
    Edit,
    /// Deletes the object.
    Delete,
    /// Makes the object again.
    Recreate,
    /// Takes the finalizer off.
    Strip,
    /// Deletes the pool.
    Vanish,
    /// Changes the number of nodes.
    Resize,
    /// Writes over the description.
    Unmark,
    /// The cloud by itself: shows a phase that nobody knows.
    UnknownPhase,
}

impl Deed {
    /// Every deed and the budget that it uses up.
    pub const ALL: [(Self, Trouble); 8] = [
        (Self::Edit, Trouble::Edit),
        (Self::Delete, Trouble::Delete),
        (Self::Recreate, Trouble::Recreate),
        (Self::Strip, Trouble::Strip),
        (Self::Vanish, Trouble::Vanish),
        (Self::Resize, Trouble::Resize),
        (Self::Unmark, Trouble::Unmark),
        (Self::UnknownPhase, Trouble::UnknownPhase),
    ];
}

/// How much time passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Span {
    /// The self-deadline, the gateway's limit, the lag of lists, the spacing of proofs: each passes.
    Short,
    /// The in-doubt window and every longer wait passes.
    Long,
}

/// What happens next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Action {
    /// A process reads an object and decides; `true`: it reads the version before the newest.
    Begin(u8, u8, bool),
    /// A process does what it decided.
    Do(u8, Fate),
    /// A process gives up waiting for the cloud.
    GiveUp(u8),
    /// A process dies.
    Crash(u8),
    /// The census of a process lists.
    List(u8, Lists),
    /// A request to the cloud comes to its end.
    Serve(u8, Ending),
    /// A late write arrives at the API server.
    Arrive(u8),
    /// What is due in the cloud happens.
    Progress,
    /// Somebody does something to an object or its pool.
    Meddle(u8, Deed),
    /// Time passes.
    Pass(Span),
}
