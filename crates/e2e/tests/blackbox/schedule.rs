//! What a run is going to be, from a seed: who does what at which moment.
//!
//! Moments are conditions that can be seen from outside. The plan of a run is made before it begins
//! and depends on the seed alone; how the run goes depends on the machine as well.

use std::collections::BTreeSet;

use sandbox::simulator::Fault;

use crate::dice::Dice;

/// How many acts there are, or a few more.
const ACTS: usize = 14;
/// How many objects there are.
const OBJECTS: usize = 3;

/// One of the objects, by number.
pub type Object = usize;
/// One of the replicas, by number.
pub type Replica = usize;

/// When an act is due. If the moment does not come for a while, the act comes without it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Moment {
    Now,
    /// As many further entries are in the ledger.
    Ledger(usize),
    /// As many further calls of an operation have arrived in the cloud.
    Calls(&'static str, u64),
    /// As many further writes were committed in the cluster.
    Writes(u64),
    /// The object has our finalizer and no attempt.
    Finalizer(Object),
    /// The object has an open attempt.
    Open(Object),
    /// The object's status names a pool.
    Recorded(Object),
    /// The object is on its way out.
    Leaving(Object),
    /// The object is not there.
    Gone(Object),
}

/// What is done.
#[derive(Debug, Clone, PartialEq)]
pub enum Deed {
    Create(Object),
    Resize(Object, usize),
    Describe(Object, usize),
    /// Another set of job types.
    Scope(Object),
    /// The annotation that asks for a look.
    Ask(Object),
    Delete(Object),
    /// Our finalizer is taken off by hand.
    Strip(Object),
    /// Its pool is deleted in the console.
    Vanish(Object),
    /// SIGKILL.
    Kill(Replica),
    /// SIGTERM.
    Terminate(Replica),
    /// SIGSTOP.
    Freeze(Replica),
    /// SIGCONT.
    Thaw(Replica),
    /// The place of a replica that ended is taken by a new process.
    Start(Replica),
    /// SIGKILL of the API server, and its start with the same data.
    RestartApi,
    /// SIGSTOP of the API server, a while, and SIGCONT.
    FreezeApi,
    /// These faults strike the cloud from now on, and no others.
    Faults(Vec<Fault>),
}

/// One act.
#[derive(Debug, Clone, PartialEq)]
pub struct Act {
    pub when: Moment,
    pub deed: Deed,
}

/// A run to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Schedule {
    pub seed: u64,
    pub replicas: usize,
    pub acts: Vec<Act>,
}

/// Faults that strike one call in doubt or refuse it, each inside what the operator assumes of the
/// cloud: nothing is executed later than [`LATE`] seconds after it was asked for.
pub const CALL_FAULTS: [&str; 9] = [
    "lostAnswer",
    "errorAfterCommit",
    "delayedCommit",
    "hang",
    "throttle",
    "serverError",
    "html503",
    "malformed",
    "gateway404",
];
/// Faults of lists.
pub const LIST_FAULTS: [&str; 3] = ["listLag", "emptyList", "partialList"];
/// The operations that they strike.
const OPERATIONS: [&str; 7] = [
    "CreatePool",
    "CreatePool",
    "DeletePool",
    "PatchPool",
    "ShowPool",
    "ListPools",
    "*",
];
/// How long a fault lasts that has a duration, in seconds.
pub const LATE: u64 = 1;

impl Schedule {
    /// The run of a seed.
    pub fn of(seed: u64, replicas: usize) -> Self {
        let mut plot = Plot {
            dice: Dice::new(seed.wrapping_mul(2).wrapping_add(replicas as u64)),
            there: vec![false; OBJECTS],
            newest: 0,
            vanished: false,
            stripped: false,
            lied: false,
            acts: Vec::new(),
        };
        let faults = plot.faults();
        plot.add(Moment::Now, faults);
        plot.create(0, Moment::Now);
        while plot.acts.len() < ACTS {
            match plot.dice.below(10) {
                0..=4 => plot.user(),
                5 | 6 => plot.signal(replicas),
                7 | 8 => {
                    let (when, faults) = (plot.moment(), plot.faults());
                    plot.add(when, faults);
                }
                _ => {
                    let api = plot.dice.pick(&[Deed::RestartApi, Deed::FreezeApi]);
                    let when = plot.moment();
                    plot.add(when, api);
                }
            }
        }
        let acts = plot.acts;
        Self { seed, replicas, acts }
    }

    /// The names of all its faults.
    pub fn faults(&self) -> BTreeSet<String> {
        let faults = self.acts.iter().filter_map(|act| match &act.deed {
            Deed::Faults(faults) => Some(faults),
            _ => None,
        });
        faults.flatten().map(|fault| fault.fault.clone()).collect()
    }
}

/// A run in the making.
struct Plot {
    dice: Dice,
    /// Which objects a user has made and not deleted.
    there: Vec<bool>,
    /// The object that was made last.
    newest: Object,
    vanished: bool,
    stripped: bool,
    lied: bool,
    acts: Vec<Act>,
}

impl Plot {
    fn add(&mut self, when: Moment, deed: Deed) {
        self.acts.push(Act { when, deed });
    }

    fn create(&mut self, object: Object, when: Moment) {
        self.there[object] = true;
        self.newest = object;
        self.add(when, Deed::Create(object));
    }

    /// A moment that somebody else's deed may well lead to.
    fn moment(&mut self) -> Moment {
        let just_made = matches!(self.acts.last(), Some(act) if act.deed == Deed::Create(self.newest));
        if just_made {
            let object = self.newest;
            return self.dice.pick(&[
                Moment::Finalizer(object),
                Moment::Open(object),
                Moment::Open(object),
                Moment::Calls("CreatePool", 1),
                Moment::Ledger(1),
            ]);
        }
        match self.dice.below(4) {
            0 => Moment::Now,
            1 => Moment::Ledger(1),
            2 => Moment::Calls(self.dice.pick(&["ListPools", "ShowPool"]), 1),
            _ => Moment::Writes(1 + self.dice.below(6) as u64),
        }
    }

    fn user(&mut self) {
        let object = self.dice.below(self.there.len());
        if !self.there[object] {
            return self.create(object, Moment::Gone(object));
        }
        let at = self.moment();
        match self.dice.below(12) {
            0 | 1 => {
                let nodes = 1 + self.dice.below(3);
                self.add(at, Deed::Resize(object, nodes));
            }
            2 | 3 => {
                let text = self.dice.below(100);
                self.add(at, Deed::Describe(object, text));
            }
            4 => self.add(at, Deed::Scope(object)),
            5 => self.add(at, Deed::Ask(object)),
            6 if !self.stripped => {
                self.stripped = true;
                self.strip(object, at);
            }
            7 if !self.vanished => {
                self.vanished = true;
                self.add(Moment::Recorded(object), Deed::Vanish(object));
            }
            _ => {
                self.add(at, Deed::Delete(object));
                self.there[object] = false;
                if self.dice.once_in(2) {
                    self.create(object, Moment::Gone(object));
                }
            }
        }
    }

    /// By hand, while the object stays or while it goes.
    fn strip(&mut self, object: Object, at: Moment) {
        if self.dice.once_in(2) {
            self.add(at, Deed::Delete(object));
            self.add(Moment::Leaving(object), Deed::Strip(object));
            self.there[object] = false;
        } else {
            self.add(at, Deed::Strip(object));
        }
    }

    /// One or two faults.
    fn faults(&mut self) -> Deed {
        let mut chosen = Vec::new();
        for _ in 0..=self.dice.below(2) {
            let (operation, fault) = match self.dice.below(4) {
                0 => ("ListPools", self.dice.pick(&LIST_FAULTS)),
                1 => (
                    "CreatePool",
                    self.dice.pick(&["lostAnswer", "delayedCommit", "soldOut", "listLag"]),
                ),
                _ => (self.dice.pick(&OPERATIONS), self.dice.pick(&CALL_FAULTS)),
            };
            // A list may lie once. Two that lie about one pool are a proof of its absence, as they would
            // be to anybody who has nothing but lists.
            let lies = ["emptyList", "partialList"].contains(&fault);
            if lies && self.lied {
                continue;
            }
            self.lied |= lies;
            let times = if lies { 1 } else { 1 + self.dice.below(3) };
            let fault = Fault::times(operation, fault, times as u64);
            chosen.push(Fault {
                seconds: Some(LATE),
                ..fault
            });
        }
        Deed::Faults(chosen)
    }

    fn signal(&mut self, replicas: usize) {
        let (replica, when) = (self.dice.below(replicas), self.moment());
        let deed = self.dice.pick(&[
            Deed::Kill(replica),
            Deed::Kill(replica),
            Deed::Terminate(replica),
            Deed::Freeze(replica),
        ]);
        let frozen = deed == Deed::Freeze(replica);
        self.add(when, deed);
        if self.dice.once_in(2) {
            self.user();
        }
        // A leader that sleeps is to be replaced before it wakes: somebody else then asks the cloud.
        let (until, back) = if frozen {
            (Moment::Calls("ListPools", 6), Deed::Thaw(replica))
        } else {
            (Moment::Now, Deed::Start(replica))
        };
        self.add(until, back);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seeds;
    use std::collections::HashSet;
    use std::mem::discriminant;

    /// How many kinds of deeds there are.
    const KINDS: usize = 16;

    fn kinds<'a>(schedules: impl IntoIterator<Item = &'a Schedule>) -> usize {
        let acts = schedules.into_iter().flat_map(|one| &one.acts);
        acts.map(|act| discriminant(&act.deed)).collect::<HashSet<_>>().len()
    }

    #[test]
    fn a_seed_and_a_number_of_replicas_make_one_schedule() {
        assert_eq!(Schedule::of(3, 2), Schedule::of(3, 2));
        assert_ne!(Schedule::of(3, 2).acts, Schedule::of(4, 2).acts);
        assert_ne!(Schedule::of(3, 2).acts, Schedule::of(3, 1).acts);
    }

    #[test]
    fn a_hundred_seeds_have_every_deed_and_every_fault() {
        let all: Vec<Schedule> = (0..100).map(|seed| Schedule::of(seed, 2)).collect();
        assert_eq!(kinds(&all), KINDS);
        let struck: BTreeSet<String> = all.iter().flat_map(Schedule::faults).collect();
        for fault in CALL_FAULTS.iter().chain(&LIST_FAULTS).chain(&["soldOut"]) {
            assert!(struck.contains(*fault), "{fault}");
        }
    }

    #[test]
    fn the_usual_seeds_have_every_deed() {
        let one = seeds::ONE_REPLICA.map(|seed| Schedule::of(seed, 1));
        let two = seeds::TWO_REPLICAS.map(|seed| Schedule::of(seed, 2));
        assert_eq!(kinds(one.iter().chain(&two)), KINDS);
    }

    #[test]
    fn whoever_is_stopped_goes_on() {
        for seed in 0..100 {
            for replicas in [1, 2] {
                let acts = Schedule::of(seed, replicas).acts;
                for (at, act) in acts.iter().enumerate() {
                    let back = match act.deed {
                        Deed::Freeze(replica) => Deed::Thaw(replica),
                        Deed::Kill(replica) | Deed::Terminate(replica) => Deed::Start(replica),
                        _ => continue,
                    };
                    assert!(
                        acts[at..].iter().any(|later| later.deed == back),
                        "seed {seed}: {act:?}"
                    );
                }
            }
        }
    }
}
