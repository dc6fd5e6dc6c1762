//! What becomes of requests under way, and of those who wait for them.

use modelarts_plan::{CloudFailure, FailureKind, Outcome};

use super::census::out_of_order;
use super::process::Stage;
use super::wire::{Request, Sent};
use super::writes::compact;
use super::{Next, World};
use crate::rules;
use crate::scenario::{Shell, Trouble};
use crate::state::{Ending, Number, State};

impl World {
    /// A request to the cloud comes to its end.
    pub(super) fn serve(&mut self, state: &State, at: usize, ending: Ending) -> Next {
        let number = state.wire[at];
        let sent = self.sent(state, at)?;
        let from = usize::from(sent.from);
        let awaited = self.is_awaited(state, &sent);
        let mut next = *state;
        next.wire[at] = 0;
        compact(&mut next.wire);
        if matches!(sent.request, Request::Write { .. }) {
            // A late write that never arrives.
            return (ending == Ending::Dropped).then_some(Ok(next));
        }
        let creates = matches!(sent.request, Request::Create { .. });
        next.left = match ending {
            Ending::Answered => next.left,
            Ending::Unanswered if awaited => next.left.without_one(Trouble::LostAnswer)?,
            Ending::Dropped if awaited => next.left.without_one(Trouble::LostAnswer)?,
            Ending::Dropped => next.left,
            Ending::Doomed if creates => next.left.without_one(Trouble::FailedCreation)?,
            Ending::Refused if awaited => next.left.without_one(Trouble::Refusal)?,
            Ending::Unanswered | Ending::Doomed | Ending::Refused => return None,
        };
        let outcome = match ending {
            Ending::Answered | Ending::Unanswered | Ending::Doomed => {
                let pools = self.pools(state);
                if let Err(broken) = rules::executed(&sent, &pools) {
                    return Some(Err(broken));
                }
                let (cloud, outcome) = self.executed(state.cloud, number, ending == Ending::Doomed);
                next.cloud = cloud;
                match ending {
                    Ending::Unanswered => self.outcomes.number(Outcome::Failed(out_of_order())),
                    _ => outcome,
                }
            }
            Ending::Refused => self.outcomes.number(Outcome::Failed(throttled())),
            Ending::Dropped => self.outcomes.number(Outcome::Failed(out_of_order())),
        };
        if self.scenario.shell == Shell::Repeating && matches!(ending, Ending::Unanswered) {
            if let Request::Create { token, .. } = &sent.request {
                let token = self.token(&sent.uid, token);
                if let Err(broken) = rules::creates(state, token)
                    && !self.scenario.harm_only
                {
                    return Some(Err(broken));
                }
            }
            self.put_on_the_wire(&mut next, (*sent).clone())?;
            return Some(Ok(next));
        }
        if awaited {
            next.processes[from] = self.answered(state, from, outcome);
        }
        Some(Ok(next))
    }

    /// Whether the process that sent a request still waits for its end.
    fn is_awaited(&self, state: &State, sent: &Sent) -> bool {
        let process = self.process(state, usize::from(sent.from));
        let Some(pass) = process.pass.as_ref().filter(|pass| pass.stage == Stage::Waits) else {
            return false;
        };
        let same = match (&pass.step, &sent.request) {
            (modelarts_plan::Step::Create { token, .. }, Request::Create { token: sent, .. }) => token == sent,
            (modelarts_plan::Step::Delete { id }, Request::Delete { id: sent }) => id == sent,
            (
                modelarts_plan::Step::Change { patch, .. } | modelarts_plan::Step::Mark { patch, .. },
                Request::Patch { patch: sent, .. },
            ) => patch == sent,
            _ => false,
        };
        same && pass.uid == sent.uid
    }

    /// The cloud executes a request. The same request in the same cloud has the same outcome.
    fn executed(&mut self, cloud: Number, number: Number, doomed: bool) -> (Number, Number) {
        let key = (6, cloud, number, 0, u32::from(doomed));
        if let Some(known) = self.served.get(&key) {
            return *known;
        }
        let mut sky = (*self.skies.get(cloud)).clone();
        let sent = self.wires.get(number);
        let outcome = match &sent.request {
            Request::Create { body, .. } => match sky.create(body, doomed) {
                Ok(pool) => Outcome::Created(std::sync::Arc::new(pool)),
                Err(failure) => Outcome::Failed(failure),
            },
            Request::Patch { id, patch, .. } => match sky.patch(id, patch) {
                Ok(pool) => Outcome::Changed(std::sync::Arc::new(pool)),
                Err(failure) => Outcome::Failed(failure),
            },
            Request::Delete { id } => match sky.delete(id) {
                Ok(()) => Outcome::Done,
                Err(failure) => Outcome::Failed(failure),
            },
            Request::Write { .. } => Outcome::Stale,
        };
        let found = (self.skies.number(sky), self.outcomes.number(outcome));
        self.served.insert(key, found);
        found
    }

    /// A process takes in how its request ended.
    fn answered(&mut self, state: &State, at: usize, outcome: Number) -> Number {
        let key = (
            u16::try_from(8 + at).unwrap_or_default(),
            state.processes[at],
            outcome,
            0,
            Self::living_bits(state),
        );
        let living = self.living(state);
        self.memoized(key, |world| {
            let mut process = (*world.processes.get(key.1)).clone();
            let held = process.pass.as_ref().map_or(0, |pass| pass.held);
            let outcome = (*world.outcomes.get(outcome)).clone();
            world.absorb(&mut process, at, outcome, held, None, &living);
            world.settled(process, &living)
        })
    }

    /// A process gives up waiting; its request goes its way.
    pub(super) fn give_up(&mut self, state: &State, at: usize) -> Next {
        let process = self.process(state, at);
        process.pass.as_ref().filter(|pass| pass.stage == Stage::Waits)?;
        let mut next = *state;
        next.left = next.left.without_one(Trouble::Impatience)?;
        let outcome = self.outcomes.number(Outcome::Failed(out_of_order()));
        next.processes[at] = self.answered(state, at, outcome);
        Some(Ok(next))
    }

    /// A late write arrives at the API server. Its object is as it was, or it would not be there any more.
    pub(super) fn arrive(&mut self, state: &State, at: usize) -> Next {
        let sent = self.sent(state, at)?;
        let Request::Write { object } = sent.request else {
            return None;
        };
        let mut next = *state;
        next.wire[at] = 0;
        compact(&mut next.wire);
        // Nobody waits for it, so also its own sender holds an older version now.
        let from = usize::from(sent.from);
        let slot = usize::from(sent.slot);
        if let Err(broken) = self.store(state, &mut next, slot, object, Some(usize::MAX)) {
            return Some(Err(broken));
        }
        debug_assert!(from < 2);
        Some(Ok(next))
    }
}

fn throttled() -> CloudFailure {
    CloudFailure {
        kind: FailureKind::Throttled,
        message: "too many requests".into(),
        doubtful: false,
    }
}
