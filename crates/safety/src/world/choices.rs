//! What may happen next in a state.

use super::World;
use super::process::{Process, Stage};
use super::wire::Request;
use crate::scenario::Trouble;
use crate::state::{Action, Deed, Ending, Fate, Lists, Span, State};

impl World {
    /// Everything that may happen next. What turns out not to be possible leads to nothing.
    pub fn actions(&mut self, state: &State, actions: &mut Vec<Action>) {
        actions.clear();
        for at in 0..self.scenario.processes {
            self.actions_of(state, at, actions);
        }
        for (at, number) in state.wire.iter().enumerate().filter(|(_, number)| **number != 0) {
            let at = u8::try_from(at).unwrap_or_default();
            if matches!(self.wires.get(*number).request, Request::Write { .. }) {
                actions.push(Action::Arrive(at));
                actions.push(Action::Serve(at, Ending::Dropped));
                continue;
            }
            let endings = [
                Ending::Answered,
                Ending::Unanswered,
                Ending::Doomed,
                Ending::Refused,
                Ending::Dropped,
            ];
            actions.extend(endings.map(|ending| Action::Serve(at, ending)));
        }
        actions.push(Action::Progress);
        for slot in 0..self.scenario.objects {
            let slot = u8::try_from(slot).unwrap_or_default();
            let deeds = Deed::ALL.iter().filter(|(_, trouble)| state.left.left(*trouble) > 0);
            actions.extend(deeds.map(|(deed, _)| Action::Meddle(slot, *deed)));
        }
        for span in [Span::Short, Span::Long] {
            if self.is_waited_for(state, span) {
                actions.push(Action::Pass(span));
            }
        }
    }

    /// Whether anything is different once so much time has passed. If not, it need not pass.
    fn is_waited_for(&self, state: &State, span: Span) -> bool {
        let slots = (0..self.scenario.objects).filter_map(|slot| self.object(state, slot));
        let creations = slots.filter_map(|object| object.status.as_ref()?.creation.clone());
        let doubted = creations.into_iter().any(|creation| creation.outcome.is_none());
        let processes = state.processes.iter().filter(|process| **process != 0);
        let waits = processes
            .into_iter()
            .any(|process| self.processes.get(*process).waits(span));
        let under_way = state.wire.iter().any(|number| *number != 0);
        match span {
            Span::Short => waits || under_way || self.skies.get(state.cloud).lags(),
            Span::Long => waits || doubted,
        }
    }

    /// Whether a list would tell a process anything that it does not know.
    fn would_learn(&mut self, state: &State, process: &Process) -> bool {
        let known = process.memories.values().map(modelarts_plan::Memory::evidence_since);
        let since = known.max().unwrap_or_default();
        let old = process.list.as_ref().is_none_or(|list| list.began < since);
        if old || process.wants_set() || process.trouble.is_some() {
            return true;
        }
        let shown = self.lists(state.cloud);
        process.list.as_ref().is_none_or(|known| known.items != shown.0.items)
    }

    fn actions_of(&mut self, state: &State, at: usize, actions: &mut Vec<Action>) {
        let process = self.processes.get(state.processes[at]);
        let at = u8::try_from(at).unwrap_or_default();
        let may = |trouble| state.left.left(trouble) > 0;
        match process.pass.as_ref().map(|pass| pass.stage) {
            None => {
                for slot in 0..self.scenario.objects {
                    let slot = u8::try_from(slot).unwrap_or_default();
                    actions.push(Action::Begin(at, slot, false));
                    if may(Trouble::StaleRead) {
                        actions.push(Action::Begin(at, slot, true));
                    }
                }
            }
            Some(Stage::Waits) => actions.push(Action::GiveUp(at)),
            Some(Stage::Step | Stage::Publish) => {
                let fates = [
                    Fate::Done,
                    Fate::DoneThenCrash,
                    Fate::Unanswered,
                    Fate::Late,
                    Fate::Failed,
                    Fate::FalseGone,
                ];
                actions.extend(fates.map(|fate| Action::Do(at, fate)));
            }
        }
        if may(Trouble::Crash) {
            actions.push(Action::Crash(at));
        }
        if self.would_learn(state, &process) {
            actions.push(Action::List(at, Lists::True));
        }
        if may(Trouble::EmptyList) {
            actions.push(Action::List(at, Lists::Empty));
        }
        if may(Trouble::FailedRead) {
            actions.push(Action::List(at, Lists::Failed));
        }
    }
}
