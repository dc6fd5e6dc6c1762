//! The world: what the numbers of a state stand for, and what each action makes of them.

pub mod cloud;
pub mod moments;
pub mod process;
pub mod server;
pub mod wire;

mod census;
mod choices;
mod meddling;
mod passes;
mod requests;
mod table;
mod unguarded;
mod writes;

use std::collections::BTreeSet;
use std::sync::Arc;

use modelarts_crd::ModelArtsPool;
use modelarts_plan::{ClusterId, Listing, Outcome, StepKind, Tick, Timing};
use rustc_hash::FxHashMap;

use crate::rules::Broken;
use crate::scenario::{Scenario, Shell, Trouble};
use crate::state::{Action, Number, Slot, Span, State, incarnation};
use cloud::{Owned, Sky};
use moments::timing;
use process::{Process, Stage};
use table::Table;
use wire::{Request, Sent};

/// What an action leads to: nothing if it cannot be, else a state, or a broken rule.
pub type Next = Option<Result<State, Broken>>;

/// What a memo is kept under: what is done, and the numbers that decide what comes of it.
type Key = (u16, Number, Number, Number, u32);

/// How far a step was when its process died.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CutAt {
    /// Nothing was sent.
    BeforeIt,
    /// A request to the cloud was under way, executed or not, and no answer was taken in.
    OnceSent,
    /// The API server had done it, and the answer was not taken in.
    OnceWritten,
    /// All was done but to write the status.
    BeforeItsStatus,
}

/// A small world.
pub struct World {
    /// What there is and what may happen.
    pub scenario: Scenario,
    timing: Timing,
    cluster: ClusterId,
    objects: Table<ModelArtsPool>,
    processes: Table<Process>,
    skies: Table<Sky>,
    wires: Table<Sent>,
    outcomes: Table<Outcome>,
    tokens: Table<(String, String)>,
    pools: FxHashMap<Number, Arc<[Owned]>>,
    lists: FxHashMap<Number, Arc<(Listing, Listing)>>,
    memo: FxHashMap<Key, Number>,
    served: FxHashMap<Key, (Number, Number)>,
    /// Where a process died: at which step, and how far it was.
    pub crashed: BTreeSet<(StepKind, CutAt)>,
}

impl World {
    /// The world before anything has happened.
    #[must_use]
    pub fn new(scenario: Scenario) -> Self {
        Self {
            scenario,
            timing: timing(),
            cluster: ClusterId("5afe5afe-0000-4000-8000-000000000000".into()),
            objects: Table::default(),
            processes: Table::default(),
            skies: Table::default(),
            wires: Table::default(),
            outcomes: Table::default(),
            tokens: Table::default(),
            pools: FxHashMap::default(),
            lists: FxHashMap::default(),
            memo: FxHashMap::default(),
            served: FxHashMap::default(),
            crashed: BTreeSet::new(),
        }
    }

    /// The first state: the objects have just been made, and the prelude has been played.
    pub fn first(&mut self) -> State {
        let mut slots = [Slot::default(); 2];
        for (index, slot) in slots.iter_mut().enumerate().take(self.scenario.objects) {
            let object = server::born(&self.scenario, index, 0);
            slot.object = object.map_or(0, |object| self.objects.number(object));
            slot.born = 1;
        }
        let mut processes = [0; 2];
        for process in processes.iter_mut().take(self.scenario.processes) {
            *process = self.processes.number(Process::default());
        }
        let sky = Sky::new(&self.scenario);
        let made = State {
            slots,
            processes,
            cloud: self.skies.number(sky),
            wire: [0; 3],
            sent: 0,
            durable: 0,
            recent: 0,
            stripped: 0,
            left: self.scenario.budget,
        };
        let prelude = self.scenario.prelude();
        prelude.fold(made, |state, action| match self.step(&state, action) {
            Some(Ok(next)) => next,
            _ => state,
        })
    }

    /// What an action leads to.
    pub fn step(&mut self, state: &State, action: Action) -> Next {
        match action {
            Action::Begin(at, slot, stale) => self.begin(state, usize::from(at), usize::from(slot), stale),
            Action::Do(at, fate) => self.act(state, usize::from(at), fate),
            Action::GiveUp(at) => self.give_up(state, usize::from(at)),
            Action::Crash(at) => self.crash(state, usize::from(at)),
            Action::List(at, lists) => self.census(state, usize::from(at), lists),
            Action::Serve(at, ending) => self.serve(state, usize::from(at), ending),
            Action::Arrive(at) => self.arrive(state, usize::from(at)),
            Action::Progress => self.progress(state),
            Action::Meddle(slot, deed) => self.meddle(state, usize::from(slot), deed),
            Action::Pass(span) => self.pass(state, span),
        }
    }

    /// A process dies, and a new one takes its place.
    fn crash(&mut self, state: &State, at: usize) -> Next {
        let mut next = *state;
        next.left = next.left.without_one(Trouble::Crash)?;
        let process = self.processes.get(state.processes[at]);
        if let Some(pass) = &process.pass {
            let how = match pass.stage {
                Stage::Step => CutAt::BeforeIt,
                Stage::Waits => CutAt::OnceSent,
                Stage::Publish => CutAt::BeforeItsStatus,
            };
            self.crashed.insert((pass.step.kind(), how));
        }
        next.processes[at] = self.started(&next);
        (next.processes[at] != state.processes[at]).then_some(Ok(next))
    }

    /// A new process, that knows of what the statuses of the objects tell: also what was bought.
    fn started(&mut self, state: &State) -> Number {
        let mut process = Process::default();
        if state.recent == 0 || self.scenario.shell == Shell::Spendthrift {
            return self.processes.number(process);
        }
        let slots = (0..self.scenario.objects).filter_map(|slot| self.object(state, slot));
        for object in slots.collect::<Vec<_>>() {
            let creation = object.status.as_ref().and_then(|status| status.creation.as_ref());
            let uid = object.metadata.uid.as_deref().unwrap_or_default();
            if creation.is_some_and(|creation| self.token(uid, &creation.token) & state.recent != 0) {
                process.creations.recall(Tick::default());
            }
        }
        self.processes.number(process)
    }

    /// Time passes, unless a request would be under way for longer than it can be.
    fn pass(&mut self, state: &State, span: Span) -> Next {
        let mut next = *state;
        let processes = state.processes.iter().filter(|process| **process != 0);
        let stands = |process: &Process| process.pass.as_ref().is_some_and(|pass| pass.stage != Stage::Waits);
        if processes
            .into_iter()
            .any(|process| stands(&self.processes.get(*process)))
        {
            next.left = next.left.without_one(Trouble::Pause)?;
        }
        for number in next.wire.iter_mut().filter(|number| **number != 0) {
            let sent = self.wires.get(*number);
            if matches!(sent.request, Request::Write { .. }) || !self.scenario.bounded {
                continue;
            }
            if span == Span::Long || sent.age > 0 {
                return None;
            }
            *number = self.wires.number(Sent {
                age: sent.age + 1,
                ..(*sent).clone()
            });
        }
        writes::compact(&mut next.wire);
        if span == Span::Long {
            next.recent = 0;
        }
        if self.scenario.bounded && self.scenario.prompt_lists {
            next.cloud = self.memoized((1, state.cloud, 0, 0, 0), |world| {
                let mut sky = (*world.skies.get(state.cloud)).clone();
                sky.reveal();
                world.skies.number(sky)
            });
        }
        for process in next.processes.iter_mut().filter(|process| **process != 0) {
            let number = *process;
            *process = self.memoized((2, number, 0, 0, span as u32), |world| {
                let mut process = (*world.processes.get(number)).clone();
                process.now = process.now.after(moments::length(span));
                let (now, window) = (process.now, world.timing.in_doubt_window);
                process.deleted.retain(|_, at| now.since(*at) < window);
                process.cut_short(&world.scenario);
                world.processes.number(process)
            });
        }
        (next != *state).then_some(Ok(next))
    }

    /// What is due in the cloud happens.
    fn progress(&mut self, state: &State) -> Next {
        if self.skies.get(state.cloud).is_settled() {
            return None;
        }
        let mut next = *state;
        next.cloud = self.memoized((3, state.cloud, 0, 0, 0), |world| {
            let mut sky = (*world.skies.get(state.cloud)).clone();
            sky.progress();
            world.skies.number(sky)
        });
        Some(Ok(next))
    }

    /// The same question has the same answer.
    fn memoized(&mut self, key: Key, answer: impl FnOnce(&mut Self) -> Number) -> Number {
        if let Some(known) = self.memo.get(&key) {
            return *known;
        }
        let found = answer(self);
        self.memo.insert(key, found);
        found
    }

    /// The object in a slot.
    #[must_use]
    pub fn object(&self, state: &State, slot: usize) -> Option<Arc<ModelArtsPool>> {
        let number = state.slots[slot].object;
        (number != 0).then(|| self.objects.get(number))
    }

    /// The pools in the cloud.
    pub fn pools(&mut self, state: &State) -> Arc<[Owned]> {
        let number = state.cloud;
        if let Some(known) = self.pools.get(&number) {
            return Arc::clone(known);
        }
        let mut sky = (*self.skies.get(number)).clone();
        let mut pools = sky.pools();
        // Whose a pool is that lost its marker is still told by its name.
        for pool in pools.iter_mut().filter(|pool| pool.uid.is_none()) {
            pool.uid = self.owner_by_name(&pool.name);
        }
        let pools: Arc<[Owned]> = pools.into();
        self.pools.insert(number, Arc::clone(&pools));
        pools
    }

    /// The default list and the set of lists that a cloud shows.
    fn lists(&mut self, cloud: Number) -> Arc<(Listing, Listing)> {
        if let Some(known) = self.lists.get(&cloud) {
            return Arc::clone(known);
        }
        let mut sky = (*self.skies.get(cloud)).clone();
        let lists = Arc::new(sky.lists());
        self.lists.insert(cloud, Arc::clone(&lists));
        lists
    }

    fn owner_by_name(&self, name: &str) -> Option<String> {
        let all = (0..2).flat_map(|slot| (0..8).map(move |born| (slot, born)));
        let named = |slot: usize, born| {
            let uid = server::uid(slot, born);
            let derived = modelarts_plan::identity::derived_name(["train", "infer"][slot], &uid, &self.cluster);
            (derived == name).then_some(uid)
        };
        all.into_iter().find_map(|(slot, born)| named(slot, born))
    }

    /// A process as it is.
    #[must_use]
    pub fn process(&self, state: &State, at: usize) -> Arc<Process> {
        self.processes.get(state.processes[at])
    }

    /// A request under way.
    #[must_use]
    pub fn sent(&self, state: &State, at: usize) -> Option<Arc<Sent>> {
        let number = state.wire[at];
        (number != 0).then(|| self.wires.get(number))
    }

    /// uids of the objects that there are.
    fn living(&self, state: &State) -> Vec<String> {
        let slots = state.slots.iter().enumerate();
        let there = slots.filter(|(_, slot)| slot.object != 0);
        there.map(|(index, slot)| server::uid(index, slot.born - 1)).collect()
    }

    /// The same, as bits.
    fn living_bits(state: &State) -> u32 {
        let slots = state.slots.iter().enumerate();
        let there = slots.filter(|(_, slot)| slot.object != 0);
        there.fold(0, |bits, (index, slot)| bits | incarnation(index, slot.born - 1))
    }

    /// The bit of a token.
    fn token(&mut self, uid: &str, token: &str) -> u64 {
        let number = self.tokens.number((uid.to_owned(), token.to_owned()));
        assert!(number <= 64, "more tokens than bits");
        1 << (number - 1)
    }

    /// How large the tables are: objects, processes, clouds, requests.
    #[must_use]
    pub fn sizes(&self) -> [usize; 4] {
        [
            self.objects.len(),
            self.processes.len(),
            self.skies.len(),
            self.wires.len(),
        ]
    }
}
