//! Passes: the object is read, the product's plan decides, and what came of the step is taken in.
//! Step for step as the operator's `reconcile`, which stops at each call where this one stops too.

use std::sync::Arc;

use jiff::Timestamp;
use modelarts_crd::ModelArtsPool;
use modelarts_plan::kind::{Desired, Status};
use modelarts_plan::{
    Account, Around, Cloud, Listing, Marker, OpenAccount, Outcome, Pools, Step, StepKind, Tick, View, desired, plan,
};

use super::cloud::PROJECT;
use super::process::{Pass, Process, Stage};
use super::{Next, World, moments, server};
use crate::scenario::Trouble;
use crate::state::{Number, State};

/// When all is. Only texts tell of it.
const WALL: i64 = 1_800_000_000;

/// An object as a pass is about to look at it.
#[derive(Clone, Copy)]
pub(super) struct Reading {
    pub at: usize,
    pub slot: usize,
    pub object: Number,
    pub fresh: bool,
    pub began: Tick,
}

impl World {
    /// A process reads an object and decides.
    pub(super) fn begin(&mut self, state: &State, at: usize, slot: usize, stale: bool) -> Next {
        let mut next = *state;
        let here = state.slots[slot];
        let object = if stale { here.before } else { here.object };
        if object == 0 || here.object == 0 {
            return None;
        }
        if stale {
            next.left = next.left.without_one(Trouble::StaleRead)?;
        }
        let code = 16 + u32::from(stale) + 2 * u32::try_from(slot * 2 + at).unwrap_or_default();
        let key = (
            u16::try_from(code).unwrap_or_default(),
            state.processes[at],
            object,
            0,
            Self::living_bits(state),
        );
        let living = self.living(state);
        next.processes[at] = self.memoized(key, |world| {
            let mut process = (*world.processes.get(key.1)).clone();
            let reading = Reading {
                at,
                slot,
                object,
                fresh: !stale,
                began: process.now,
            };
            process.looks_anew();
            world.decide(&mut process, reading, &living);
            process.forget_the_gone(&living);
            process.cut_short(&world.scenario);
            world.processes.number(process)
        });
        (next != *state).then_some(Ok(next))
    }

    /// The plan decides; what needs no call is done at once.
    pub(super) fn decide(&mut self, process: &mut Process, reading: Reading, living: &[String]) {
        let Reading {
            at,
            slot,
            object: number,
            fresh,
            began,
        } = reading;
        let object = self.objects.get(number);
        let uid = object.metadata.uid.clone().unwrap_or_default();
        let mut memory = process.memories.remove(&uid).unwrap_or_default();
        let desired = desired::DesiredPool::parse(&object, &self.cluster).ok();
        let cloud = self.cloud_of(process, desired.as_ref().map(Desired::name), living);
        let nonce = at.to_string();
        let may_create =
            moments::creations(&self.scenario).is_none_or(|budget| process.creations.fits(process.now, budget));
        let view = View {
            object: &*object,
            cluster: &self.cluster,
            account: &Account::Open(OpenAccount {
                project: PROJECT.to_owned(),
                may_create,
            }),
            cloud: &cloud,
            around: &Around::default(),
            now: process.now,
            began,
            wall: Timestamp::from_second(WALL).unwrap_or_default(),
            nonce: &nonce,
            fencing: None,
            timing: &self.timing,
        };
        let decided = plan(&view, &mut memory);
        process.memories.insert(uid.clone(), memory);
        if let Step::LookAtScope { since } = &decided.step {
            // No moment but such at which something happened: see `moments`. A set that began between the
            // two would have been found.
            debug_assert!(*since <= process.now);
            process.waiting.insert(uid.clone(), process.now);
        }
        let mut written = (*object).clone();
        written.status = Some(decided.status);
        let written = self.objects.number(written);
        let rests = matches!(decided.step, Step::Rest | Step::LookAtScope { .. });
        let publishes = decided.publish && written != number;
        process.pass = (!rests || publishes).then(|| Pass {
            slot: u8::try_from(slot).unwrap_or_default(),
            uid,
            held: number,
            fresh,
            began,
            started: process.now,
            hash: desired
                .map(|desired| Desired::<Pools>::hash(&desired).to_owned())
                .unwrap_or_default(),
            step: if rests { Step::Rest } else { decided.step },
            publishes,
            written,
            stage: if rests { Stage::Publish } else { Stage::Step },
        });
    }

    /// What the census saw, as far as it concerns an object.
    fn cloud_of(&self, process: &Process, name: Option<&str>, living: &[String]) -> Cloud {
        let listings = [&process.list, &process.set];
        let markers = listings.into_iter().flatten().flat_map(|listing| &listing.items);
        let markers = markers.filter_map(|item| Marker::find(item.description()));
        let orphans = markers
            .map(|marker| marker.uid)
            .filter(|uid| !living.contains(uid))
            .collect();
        let listing = |listing: &Option<Arc<Listing>>| listing.as_deref().cloned();
        Cloud {
            list: listing(&process.list),
            set: listing(&process.set),
            trouble: process.trouble.clone(),
            frozen: false,
            name_deleted: name.and_then(|name| process.deleted.get(name).copied()),
            orphans: Some(orphans),
        }
    }

    /// What came of the step is taken in, and the pass goes on: it publishes, decides again, or ends.
    ///
    /// `object` is the object as the pass now knows it; `reread` is what a new read shows, if the
    /// step found that the object had changed.
    pub(super) fn absorb(
        &mut self,
        process: &mut Process,
        at: usize,
        outcome: Outcome,
        object: Number,
        reread: Option<(Number, usize)>,
        living: &[String],
    ) {
        let Some(mut pass) = process.pass.take() else { return };
        let stale = outcome == Outcome::Stale;
        let written = self.objects.get(pass.written);
        let opened = written.status.as_ref().and_then(Status::creation);
        if let Some(memory) = process.memories.get_mut(&pass.uid) {
            memory.absorb(&pass.step, outcome, opened, &pass.hash, pass.started, process.now);
        }
        if stale {
            return self.read_again(process, at, &pass, reread, living);
        }
        pass.held = object;
        if pass.publishes && self.status_differs(object, pass.written) {
            pass.written = self.with_status_of(object, pass.written);
            pass.stage = Stage::Publish;
            process.pass = Some(pass);
            return;
        }
        self.go_on(process, at, &pass, living);
    }

    /// After a step and its status: on to the next, unless the pass is over.
    pub(super) fn go_on(&mut self, process: &mut Process, at: usize, pass: &Pass, living: &[String]) {
        process.pass = None;
        if !matches!(pass.step.kind(), StepKind::Rest | StepKind::RemoveFinalizer) {
            let reading = Reading {
                at,
                slot: usize::from(pass.slot),
                object: pass.held,
                fresh: pass.fresh,
                began: pass.began,
            };
            self.decide(process, reading, living);
        }
    }

    /// The object had changed: it is read anew, if it is still the same.
    pub(super) fn read_again(
        &mut self,
        process: &mut Process,
        at: usize,
        pass: &Pass,
        reread: Option<(Number, usize)>,
        living: &[String],
    ) {
        process.pass = None;
        if let Some((object, slot)) = reread
            && self.objects.get(object).metadata.uid.as_deref() == Some(pass.uid.as_str())
        {
            let reading = Reading {
                at,
                slot,
                object,
                fresh: true,
                began: process.now,
            };
            process.looks_anew();
            self.decide(process, reading, living);
        }
    }

    fn status_differs(&self, object: Number, written: Number) -> bool {
        self.objects.get(object).status != self.objects.get(written).status
    }

    fn with_status_of(&mut self, object: Number, written: Number) -> Number {
        let mut with: ModelArtsPool = (*self.objects.get(object)).clone();
        with.status.clone_from(&self.objects.get(written).status);
        self.objects.number(with)
    }

    /// The cloud name of the object that a pass is about.
    pub(super) fn name_of(&self, object: Number) -> Option<String> {
        let object = self.objects.get(object);
        let parsed = desired::DesiredPool::parse(&object, &self.cluster).ok()?;
        Some(Desired::<Pools>::name(&parsed).to_owned())
    }

    /// uid of an incarnation that lives in a slot.
    pub(super) fn uid_in(state: &State, slot: usize) -> Option<String> {
        let here = state.slots[slot];
        (here.object != 0).then(|| server::uid(slot, here.born - 1))
    }
}
