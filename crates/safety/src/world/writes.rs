//! What a pass does once it has decided, as far as it does not leave through the wire: guarded writes
//! to the API server, reads of the cloud, and putting a request on the wire.

use modelarts_crd::ModelArtsPool;
use modelarts_plan::memory::Sending;
use modelarts_plan::{Marker, Outcome, Shown, Step, StepKind};

use super::census::out_of_order;
use super::moments::creations;
use super::process::{Pass, Process, Stage};
use super::wire::{Request, Sent};
use super::{CutAt, Next, World, server};
use crate::rules::{self, Broken};
use crate::scenario::{Shell, Trouble};
use crate::state::{Fate, Number, State, incarnation};

impl World {
    /// A process does what it decided.
    pub(super) fn act(&mut self, state: &State, at: usize, fate: Fate) -> Next {
        let process = self.process(state, at);
        let pass = process.pass.as_ref()?;
        let mut next = *state;
        next.left = match fate {
            Fate::Done => next.left,
            Fate::DoneThenCrash => next.left.without_one(Trouble::Crash)?,
            Fate::Unanswered => next.left.without_one(Trouble::LostAnswer)?,
            Fate::Late => next.left.without_one(Trouble::LateWrite)?,
            Fate::Failed => next.left.without_one(Trouble::FailedRead)?,
            Fate::FalseGone => next.left.without_one(Trouble::FalseGone)?,
        };
        let writes = pass.stage == Stage::Publish
            || matches!(
                pass.step.kind(),
                StepKind::AddFinalizer
                    | StepKind::RemoveFinalizer
                    | StepKind::OpenAttempt
                    | StepKind::CloseAttempt
                    | StepKind::Record
            );
        if pass.stage == Stage::Step
            && pass.step.kind() == StepKind::OpenAttempt
            && !self.scenario.harm_only
            && let Err(broken) = rules::opens(&process, pass)
        {
            return Some(Err(broken));
        }
        if pass.stage == Stage::Step && pass.step.kind() == StepKind::OpenAttempt {
            return self.open(state, next, at, pass, fate);
        }
        if writes {
            return self.write(state, next, at, pass, fate);
        }
        match (&pass.step, fate) {
            (Step::LookAt { .. }, Fate::Done | Fate::Failed | Fate::FalseGone)
            | (Step::LookAtCanary | Step::LookAtDetails { .. }, Fate::Done | Fate::Failed) => {
                self.look(state, next, at, pass, fate)
            }
            (Step::Create { .. } | Step::Mark { .. } | Step::Change { .. } | Step::Delete { .. }, Fate::Done) => {
                self.send(state, next, at, pass)
            }
            _ => None,
        }
    }

    /// An attempt is taken out of the budget and written down, or put off.
    fn open(&mut self, state: &State, mut next: State, at: usize, pass: &Pass, fate: Fate) -> Next {
        let Some(budget) = creations(&self.scenario) else {
            return self.write(state, next, at, pass, fate);
        };
        let mut process = (*self.process(state, at)).clone();
        if process.creations.take(process.now, budget).is_err() {
            process.rest();
            let living = self.living(state);
            next.processes[at] = self.settled(process, &living);
            return (fate == Fate::Done).then_some(Ok(next));
        }
        let mut state = *state;
        state.processes[at] = self.processes.number(process);
        next.processes[at] = state.processes[at];
        self.write(&state, next, at, pass, fate)
    }

    /// A guarded write to the API server.
    fn write(&mut self, state: &State, mut next: State, at: usize, pass: &Pass, fate: Fate) -> Next {
        let slot = usize::from(pass.slot);
        let object = self.outcome_of_write(pass);
        if matches!(fate, Fate::Failed | Fate::FalseGone) || (!pass.fresh && fate != Fate::Done) {
            return None;
        }
        if !pass.fresh && self.is_unguarded(pass) {
            return self.write_unguarded(state, next, at, pass);
        }
        if fate == Fate::Late {
            return self.write_later(state, next, at, pass, object);
        }
        if pass.fresh && object != pass.held {
            match self.store(state, &mut next, slot, object, Some(at)) {
                Ok(()) => {}
                Err(broken) => return Some(Err(broken)),
            }
        } else if fate != Fate::Done {
            return None;
        }
        let living = self.living(&next);
        match fate {
            Fate::DoneThenCrash => {
                self.crashed.insert((pass.step.kind(), CutAt::OnceWritten));
                next.processes[at] = self.started(&next);
            }
            Fate::Unanswered => {
                let mut process = (*self.process(state, at)).clone();
                process.rest();
                next.processes[at] = self.settled(process, &living);
            }
            _ => {
                let mut process = (*self.process(state, at)).clone();
                let here = next.slots[slot].object;
                let reread = (here != 0).then_some((here, slot));
                let mut pass = pass.clone();
                if pass.stage == Stage::Publish {
                    if pass.fresh {
                        pass.held = object;
                        self.go_on(&mut process, at, &pass, &living);
                    } else {
                        self.read_again(&mut process, at, &pass, reread, &living);
                    }
                } else {
                    let outcome = if pass.fresh { Outcome::Done } else { Outcome::Stale };
                    self.absorb(&mut process, at, outcome, object, reread, &living);
                }
                next.processes[at] = self.settled(process, &living);
            }
        }
        Some(Ok(next))
    }

    /// The object as a write would leave it.
    fn outcome_of_write(&mut self, pass: &Pass) -> Number {
        let held = match (pass.stage, pass.step.kind()) {
            (Stage::Step, StepKind::AddFinalizer) => true,
            (Stage::Step, StepKind::RemoveFinalizer) => false,
            _ => return pass.written,
        };
        let mut object: ModelArtsPool = (*self.objects.get(pass.held)).clone();
        server::hold(&mut object, held);
        self.objects.number(object)
    }

    /// The write is on its way when its sender gives up.
    fn write_later(&mut self, state: &State, mut next: State, at: usize, pass: &Pass, object: Number) -> Next {
        if object == pass.held {
            return None;
        }
        let sent = Sent {
            from: u8::try_from(at).unwrap_or_default(),
            slot: pass.slot,
            uid: pass.uid.clone(),
            request: Request::Write { object },
            age: 0,
        };
        self.put_on_the_wire(&mut next, sent)?;
        let mut process = (*self.process(state, at)).clone();
        process.rest();
        let living = self.living(&next);
        next.processes[at] = self.settled(process, &living);
        Some(Ok(next))
    }

    /// The API server takes an object: whoever holds an older version of it will be told so.
    pub(super) fn store(
        &mut self,
        state: &State,
        next: &mut State,
        slot: usize,
        object: Number,
        by: Option<usize>,
    ) -> Result<(), Broken> {
        let before = state.slots[slot];
        let after = self.objects.get(object);
        if by.is_some() {
            let old = self.objects.get(before.object);
            let stripped = next.stripped & incarnation(slot, before.born - 1) != 0;
            let kept = rules::written(&old, &after, stripped);
            if !self.scenario.harm_only {
                kept?;
            }
        }
        let open = after.status.as_ref().and_then(|status| status.creation.as_ref());
        if let Some(creation) = open.filter(|creation| creation.outcome.is_none()) {
            let uid = after.metadata.uid.clone().unwrap_or_default();
            let token = self.token(&uid, &creation.token);
            if self.scenario.creations.is_some() && next.durable & token == 0 {
                next.recent |= token;
            }
            next.durable |= token;
        }
        let gone = server::is_released(&after);
        if gone && by.is_some() {
            let uid = after.metadata.uid.as_deref().unwrap_or_default();
            rules::released(uid, &self.pools(state))?;
        }
        next.slots[slot].object = if gone { 0 } else { object };
        next.slots[slot].before = if gone { 0 } else { before.object };
        for (at, process) in next.processes.iter_mut().enumerate() {
            if *process != 0 && Some(at) != by {
                *process = self.outdated(*process, slot, gone.then(|| after.metadata.uid.clone()).flatten());
            }
        }
        for number in next.wire.iter_mut().filter(|number| **number != 0) {
            let sent = self.wires.get(*number);
            if usize::from(sent.slot) == slot && matches!(sent.request, Request::Write { .. }) {
                *number = 0;
            }
        }
        compact(&mut next.wire);
        Ok(())
    }

    /// A process of which somebody else has changed an object, or seen it go.
    fn outdated(&mut self, number: Number, slot: usize, gone: Option<String>) -> Number {
        let bits = u32::try_from(slot).unwrap_or_default() * 2 + u32::from(gone.is_some());
        let uid = gone.as_deref().and_then(server::incarnation_of);
        let uid = uid.map_or(0, |(slot, born)| {
            u32::try_from(slot * 8).unwrap_or_default() + u32::from(born) + 1
        });
        self.memoized((5, number, bits, uid, 0), |world| {
            let mut process = (*world.processes.get(number)).clone();
            if let Some(pass) = process.pass.as_mut().filter(|pass| usize::from(pass.slot) == slot) {
                pass.fresh = false;
            }
            if let Some(gone) = gone
                && process.pass.as_ref().is_none_or(|pass| pass.uid != gone)
            {
                process.memories.remove(&gone);
                process.waiting.remove(&gone);
                process.sent.remove(&gone);
            }
            process.cut_short(&world.scenario);
            world.processes.number(process)
        })
    }

    pub(super) fn settled(&mut self, mut process: Process, living: &[String]) -> Number {
        process.forget_the_gone(living);
        process.cut_short(&self.scenario);
        self.processes.number(process)
    }

    /// A read of the cloud.
    fn look(&mut self, state: &State, mut next: State, at: usize, pass: &Pass, fate: Fate) -> Next {
        let mut sky = (*self.skies.get(state.cloud)).clone();
        let mut process = (*self.process(state, at)).clone();
        let living = self.living(state);
        let outcome = match (&pass.step, fate) {
            (Step::LookAt { .. }, Fate::Failed) => Outcome::Shown(Shown::Unknown(out_of_order())),
            (Step::LookAt { .. }, Fate::FalseGone) => Outcome::Shown(Shown::Gone),
            (Step::LookAt { id }, _) => Outcome::Shown(sky.show(id)),
            (Step::LookAtDetails { .. }, Fate::Failed) => Outcome::Failed(out_of_order()),
            (Step::LookAtDetails { id, .. }, _) => {
                let written = self.objects.get(pass.written);
                let order = written.status.as_ref().and_then(|status| status.order.as_ref());
                Outcome::Details(sky.details(id, order.map(|order| order.name.as_str())))
            }
            (_, Fate::Failed) => {
                // The operator comes back later when the canary cannot be read.
                process.rest();
                next.processes[at] = self.settled(process, &living);
                return Some(Ok(next));
            }
            _ => Outcome::Canary(true),
        };
        self.absorb(&mut process, at, outcome, pass.held, None, &living);
        next.processes[at] = self.settled(process, &living);
        Some(Ok(next))
    }

    /// A request that changes the cloud leaves, unless it is too late for it.
    fn send(&mut self, state: &State, mut next: State, at: usize, pass: &Pass) -> Next {
        let mut process = (*self.process(state, at)).clone();
        let living = self.living(state);
        let request = match &pass.step {
            Step::Create { token, body } => {
                let memory = process.memories.get_mut(&pass.uid)?;
                let in_time = memory.sending(token, process.now, self.timing.self_deadline) == Sending::InTime;
                if !in_time && self.scenario.shell != Shell::Timeless {
                    process.rest();
                    next.processes[at] = self.settled(process, &living);
                    return Some(Ok(next));
                }
                memory.sent(token);
                let bit = self.token(&pass.uid, token);
                if let Err(broken) = rules::creates(state, bit)
                    && !self.scenario.harm_only
                {
                    return Some(Err(broken));
                }
                next.sent |= bit;
                if let Err(broken) = rules::spends(&next, &self.scenario) {
                    return Some(Err(broken));
                }
                Request::Create {
                    token: token.clone(),
                    body: body.clone(),
                }
            }
            Step::Mark { id, over, patch } => {
                if let Some(outcome) = self.forbids_marking(state, id, over.as_ref()) {
                    return self.not_sent(state, next, at, pass, outcome);
                }
                Request::Patch {
                    id: id.clone(),
                    patch: patch.clone(),
                    marking: Some(over.clone()),
                }
            }
            Step::Change { id, patch, .. } => Request::Patch {
                id: id.clone(),
                patch: patch.clone(),
                marking: None,
            },
            Step::Delete { id } => {
                if let Some(name) = self.name_of(pass.held) {
                    process.deleted.insert(name, process.now);
                }
                Request::Delete { id: id.clone() }
            }
            _ => return None,
        };
        let held = self.objects.get(pass.held);
        if let Err(broken) = rules::sends(&request, &held, &mut process, &self.scenario)
            && !self.scenario.harm_only
        {
            return Some(Err(broken));
        }
        let sent = Sent {
            from: u8::try_from(at).unwrap_or_default(),
            slot: pass.slot,
            uid: pass.uid.clone(),
            request,
            age: 0,
        };
        self.put_on_the_wire(&mut next, sent)?;
        if let Some(pass) = &mut process.pass {
            pass.stage = Stage::Waits;
        }
        next.processes[at] = self.settled(process, &living);
        Some(Ok(next))
    }

    /// A marking looks once more right before it is sent: what ends it there, if anything does.
    fn forbids_marking(&self, state: &State, id: &str, over: Option<&Marker>) -> Option<Outcome> {
        let mut sky = (*self.skies.get(state.cloud)).clone();
        match sky.show(id) {
            Shown::Present(pool) if Marker::on(&*pool).as_ref() == over => None,
            Shown::Present(_) => Some(Outcome::Stale),
            _ => Some(Outcome::Failed(out_of_order())),
        }
    }

    /// The step ends before anything is sent.
    fn not_sent(&mut self, state: &State, mut next: State, at: usize, pass: &Pass, outcome: Outcome) -> Next {
        let mut process = (*self.process(state, at)).clone();
        let living = self.living(state);
        let slot = usize::from(pass.slot);
        let here = state.slots[slot].object;
        let reread = (here != 0).then_some((here, slot));
        self.absorb(&mut process, at, outcome, pass.held, reread, &living);
        next.processes[at] = self.settled(process, &living);
        Some(Ok(next))
    }

    pub(super) fn put_on_the_wire(&mut self, next: &mut State, sent: Sent) -> Option<()> {
        let number = self.wires.number(sent);
        let free = next.wire.iter_mut().find(|place| **place == 0)?;
        *free = number;
        compact(&mut next.wire);
        Some(())
    }
}

/// Requests in the order of their numbers, free places last.
pub(super) fn compact(wire: &mut [Number]) {
    wire.sort_unstable_by_key(|number| (*number == 0, *number));
}
