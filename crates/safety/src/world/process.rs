//! A process: its clock, what it remembers, what its census saw, and the pass that it is about.

use std::collections::BTreeMap;
use std::sync::Arc;

use modelarts_plan::budget::Creations;
use modelarts_plan::{Listing, Memory, Pools, Step, Tick, Trouble};

use super::moments::LONG;
use crate::scenario::Scenario;
use crate::state::{Number, Span};

/// What is lost when a process dies.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Process {
    /// Since its start.
    pub now: Tick,
    /// Its memories, by uid.
    pub memories: BTreeMap<String, Memory<Pools>>,
    /// The newest list.
    pub list: Option<Arc<Listing>>,
    /// The newest set of lists.
    pub set: Option<Arc<Listing>>,
    /// What went wrong since.
    pub trouble: Option<Trouble>,
    /// Who waits for a set of lists, by uid, and since when it must have begun.
    pub waiting: BTreeMap<String, Tick>,
    /// When something of a name was last asked to be deleted.
    pub deleted: BTreeMap<String, Tick>,
    /// The newest generation that was sent, by uid.
    pub sent: BTreeMap<String, i64>,
    /// What it has bought, or knows that an earlier process has, where creations are counted.
    pub creations: Creations,
    /// What it is about.
    pub pass: Option<Pass>,
}

/// A pass that waits at a call.
#[derive(Clone, Debug, PartialEq)]
pub struct Pass {
    /// Which object.
    pub slot: u8,
    /// Its uid.
    pub uid: String,
    /// The object as the pass knows it.
    pub held: Number,
    /// Whether it is still so.
    pub fresh: bool,
    /// When it was read.
    pub began: Tick,
    /// When the step was begun.
    pub started: Tick,
    /// Fingerprint of the spec.
    pub hash: String,
    /// What was decided.
    pub step: Step<Pools>,
    /// Whether the status is to be published after the step.
    pub publishes: bool,
    /// The object with the status that was decided.
    pub written: Number,
    /// How far it is.
    pub stage: Stage,
}

/// How far a pass is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The step is to be done.
    Step,
    /// The request of the step is under way.
    Waits,
    /// The status is to be published.
    Publish,
}

impl Process {
    /// Every moment that it holds.
    pub fn moments(&mut self) -> impl Iterator<Item = &mut Tick> {
        let Self {
            now,
            memories,
            list,
            set,
            trouble,
            waiting,
            deleted,
            sent: _,
            creations,
            pass,
        } = self;
        let memories = memories.values_mut().flat_map(Memory::moments);
        let lists = [list, set].into_iter().flatten();
        let lists = lists.map(|listing| &mut Arc::make_mut(listing).began);
        let trouble = trouble.iter_mut().map(|trouble| &mut trouble.since);
        let known = waiting.values_mut().chain(deleted.values_mut());
        let pass = pass.iter_mut().flat_map(|pass| [&mut pass.began, &mut pass.started]);
        std::iter::once(now)
            .chain(memories)
            .chain(lists)
            .chain(trouble)
            .chain(known)
            .chain(creations.moments())
            .chain(pass)
    }

    /// Whether somebody waits for a set of lists that is newer than the newest.
    #[must_use]
    pub fn wants_set(&self) -> bool {
        let began = self.set.as_ref().map(|set| set.began);
        let mut waiting = self.waiting.values();
        waiting.any(|since| began.is_none_or(|began| began < *since))
    }

    /// Whether it is about something for which a wait of that length may be over.
    #[must_use]
    pub fn waits(&self, span: Span) -> bool {
        let refused = |memory: &Memory<Pools>| {
            memory.rejection.is_some() || memory.refusal.is_some() || memory.change_refusal.is_some()
        };
        let mut memories = self.memories.values();
        match span {
            Span::Short => {
                let unsent = |pass: &Pass| matches!(pass.step, Step::Create { .. }) && pass.stage == Stage::Step;
                self.pass.as_ref().is_some_and(unsent)
                    || memories.any(|memory| {
                        memory.first_proof.is_some()
                            || memory.change.is_some()
                            || memory.change_doubt.is_some()
                            || memory.deleted.is_some()
                            || memory.canary.is_some()
                            || memory.details.is_some()
                            || memory.moving_since.is_some()
                            || refused(memory)
                    })
            }
            Span::Long => {
                !self.deleted.is_empty()
                    || self.creations != Creations::default()
                    || self.trouble.is_some()
                    || memories.any(|memory| memory.missing_since.is_some() || refused(memory))
            }
        }
    }

    /// Drops what cannot matter any more, so that processes that will do the same are the same.
    pub fn forget_the_settled(&mut self, scenario: &Scenario) {
        let now = self.now;
        self.creations.expire(now, LONG);
        let mut since = Tick::default();
        for memory in self.memories.values_mut() {
            let evidence = memory.evidence_since();
            since = since.max(evidence);
            // The finalizer counts only as long as nothing newer does.
            memory.finalizer_seen = memory
                .finalizer_seen
                .map(|seen| if seen < evidence { Tick(0) } else { seen });
            let old = |at: Tick| now.since(at) >= 1;
            memory.show.take_if(|show| show.began < evidence && old(show.began));
            memory.deleted.take_if(|(_, at)| old(*at));
            memory.canary.take_if(|at| now.since(*at) > 1);
            if !scenario.orders {
                memory.moving_since = None;
            }
        }
        let one = self.memories.len() == 1;
        self.list.take_if(|list| one && list.began < since);
        self.set.take_if(|set| one && set.began < since);
        if !scenario.same_name {
            self.deleted.clear();
        }
    }

    /// An object is read: what was shown before that was shown earlier, however little.
    pub fn looks_anew(&mut self) {
        let now = self.now;
        for memory in self.memories.values_mut() {
            memory.show.take_if(|show| show.began >= now);
        }
    }

    /// The pass ends.
    pub fn rest(&mut self) {
        self.pass = None;
    }

    /// Forgets objects that are no more and that no pass is about.
    pub fn forget_the_gone(&mut self, living: &[String]) {
        let about = self.pass.as_ref().map(|pass| pass.uid.clone());
        let known = |uid: &String| living.contains(uid) || about.as_ref() == Some(uid);
        self.memories.retain(|uid, _| known(uid));
        self.waiting.retain(|uid, _| known(uid));
        self.sent.retain(|uid, _| known(uid));
    }
}
