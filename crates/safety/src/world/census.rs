//! The census of a process: a list, or a set of lists when somebody waits for one.

use std::sync::Arc;

use modelarts_plan::{CloudFailure, FailureKind, Listing, Trouble as Unseen};

use super::{Next, World};
use crate::scenario::Trouble;
use crate::state::{Lists, State};

impl World {
    /// One round of the census.
    pub(super) fn census(&mut self, state: &State, at: usize, lists: Lists) -> Next {
        if state.slots.iter().all(|slot| slot.object == 0) {
            return None;
        }
        let mut next = *state;
        next.left = match lists {
            Lists::True => next.left,
            Lists::Empty => next.left.without_one(Trouble::EmptyList)?,
            Lists::Failed => next.left.without_one(Trouble::FailedRead)?,
        };
        let key = (4, state.processes[at], state.cloud, 0, lists as u32);
        next.processes[at] = self.memoized(key, |world| {
            let mut process = (*world.processes.get(key.1)).clone();
            let (began, set) = (process.now, process.wants_set());
            let shown = match lists {
                Lists::True => Some(world.lists(key.2)),
                Lists::Empty => Some(Arc::default()),
                Lists::Failed => None,
            };
            let looked = shown.map(|shown| {
                let at = |listing: &Listing| Listing {
                    began,
                    ..listing.clone()
                };
                (at(&shown.0), set.then(|| at(&shown.1)))
            });
            match looked {
                Some((list, set)) => {
                    process.list = Some(Arc::new(list));
                    process.trouble = None;
                    if let Some(set) = set {
                        process.set = Some(Arc::new(set));
                        process.waiting.retain(|_, since| began < *since);
                    }
                }
                None => {
                    let since = process.trouble.as_ref().map_or(began, |trouble| trouble.since);
                    process.trouble = Some(Unseen {
                        since,
                        failure: out_of_order(),
                    });
                }
            }
            process.cut_short(&world.scenario);
            world.processes.number(process)
        });
        (next != *state).then_some(Ok(next))
    }
}

/// A failure that says nothing of what was done.
pub(super) fn out_of_order() -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Transient,
        message: "no answer".into(),
        doubtful: true,
    }
}
