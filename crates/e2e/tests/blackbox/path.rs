//! A recorded life as a path of small steps, and whether a table of allowed steps has it.
//!
//! A [`Stand`] is what one incarnation of an object and its pools look like from outside; a step is
//! one write of the object or one accepted change of the cloud. The table comes from the model of the
//! protocol. Nothing here knows what a good step is: this file only walks.
//!
//! Object and ledger are two sources. Each is in order; between them only times tell, and where the
//! times leave it open, either order counts: a life is allowed if one of its possible orders is.

use std::collections::BTreeSet;
use std::fmt;

pub use safety::paths::{Attempt, Label, Stand, Step};

/// The first step of a run that the table does not have, or a run that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Departure {
    /// Its index in the run.
    pub at: usize,
    /// The step.
    pub step: Step,
    /// Why it cannot be.
    pub why: &'static str,
}

impl fmt::Display for Departure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, label, to) = self.step;
        write!(f, "step {} {}: {from:?}\n  {label:?}\n  {to:?}", self.at + 1, self.why)
    }
}

/// Whether every step of a run is in the table, and each begins where the one before ended.
pub fn allowed(transitions: &BTreeSet<Step>, run: &[Step]) -> Result<(), Departure> {
    let mut stand = run.first().map(|step| step.0);
    for (at, step) in run.iter().enumerate() {
        let departs = |why| Departure { at, step: *step, why };
        if stand != Some(step.0) {
            return Err(departs("does not begin where the last one ended"));
        }
        if !transitions.contains(step) {
            return Err(departs("is not allowed"));
        }
        stand = Some(step.2);
    }
    Ok(())
}

/// When something happened, in microseconds since 1970: not before the first, not after the second.
pub type Between = (i64, i64);

/// A write of the object: its effect on the object's part of a stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    pub label: Label,
    /// The object from then on; `pool` is not used.
    pub then: Stand,
    pub when: Between,
}

/// An accepted change of the cloud: its effect on the number of pools.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    pub label: Label,
    /// How many pools there are from then on.
    pub pools: u8,
    pub when: Between,
}

/// One life from its two sources, each in its own order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Course {
    pub writes: Vec<Write>,
    pub changes: Vec<Change>,
}

impl Course {
    fn stand(&self, writes: usize, changes: usize) -> Stand {
        let before = |count: usize| count.checked_sub(1);
        let object = before(writes).map_or_else(Stand::default, |last| self.writes[last].then);
        let pool = before(changes).map_or(0, |last| self.changes[last].pools);
        Stand { pool, ..object }
    }

    /// Whether the next write may come before the next change.
    fn write_may_be_next(&self, writes: usize, changes: usize) -> bool {
        let change = self.changes.get(changes);
        self.writes
            .get(writes)
            .is_some_and(|write| change.is_none_or(|change| write.when.0 <= change.when.1))
    }

    /// Whether the next change may come before the next write.
    fn change_may_be_next(&self, writes: usize, changes: usize) -> bool {
        let write = self.writes.get(writes);
        self.changes
            .get(changes)
            .is_some_and(|change| write.is_none_or(|write| change.when.0 <= write.when.1))
    }

    /// A run of this life whose every step `is_allowed`, or else the one that gets furthest, with the
    /// step that stops it at its end.
    pub fn run(&self, is_allowed: impl Fn(&Step) -> bool) -> Result<Vec<Step>, Vec<Step>> {
        let mut tried = BTreeSet::new();
        let mut furthest = Vec::new();
        // Each entry is a point of the grid of both sources, with the run that leads there.
        let mut open = vec![(0, 0, Vec::<Step>::new())];
        while let Some((writes, changes, run)) = open.pop() {
            if !tried.insert((writes, changes)) {
                continue;
            }
            if (writes, changes) == (self.writes.len(), self.changes.len()) {
                return Ok(run);
            }
            let from = self.stand(writes, changes);
            let mut next = Vec::new();
            if self.change_may_be_next(writes, changes) {
                next.push((writes, changes + 1, self.changes[changes].label));
            }
            if self.write_may_be_next(writes, changes) {
                next.push((writes + 1, changes, self.writes[writes].label));
            }
            for (writes, changes, label) in next {
                let step = (from, label, self.stand(writes, changes));
                let mut longer = run.clone();
                longer.push(step);
                if is_allowed(&step) {
                    open.push((writes, changes, longer));
                } else if longer.len() > furthest.len() {
                    furthest = longer;
                }
            }
        }
        Err(furthest)
    }
}
