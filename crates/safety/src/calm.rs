//! Nothing more goes wrong: from any state, everybody who has something to do gets to do it, in turn,
//! and time passes. Then all must come to rest, and at rest be as it should: L1, L2, L3 and L8.

use modelarts_crd::ModelArtsPool;
use modelarts_plan::kind::Status;
use rustc_hash::FxHashSet;

use crate::rules::Broken;
use crate::scenario::Trouble;
use crate::state::{Action, Ending, Fate, Lists, Span, State};
use crate::world::World;
use crate::world::process::Stage;
use crate::world::server::is_leaving;

/// Rounds in which all must have come to rest.
const ROUNDS: usize = 40;
/// Steps of one process in a row that no pass needs.
const STEPS: usize = 64;

/// States from which all is known to end well.
#[derive(Debug, Default)]
pub struct Calm {
    good: FxHashSet<State>,
    /// The longest way to rest that was seen, in rounds.
    pub longest: usize,
}

impl Calm {
    /// Whether all ends well from a state on.
    ///
    /// # Errors
    /// The rule that is broken on the way or at rest.
    pub fn check(&mut self, world: &mut World, from: &State) -> Result<(), Broken> {
        let mut way = Vec::new();
        let mut state = *from;
        while !self.good.contains(&state) {
            if way.len() == ROUNDS {
                return unrest(world, &state);
            }
            way.push(state);
            let (next, written) = round(world, &state)?;
            if next == state {
                at_rest(world, &state, written)?;
                break;
            }
            state = next;
        }
        self.longest = self.longest.max(way.len());
        self.good.extend(way);
        Ok(())
    }
}

fn unrest(world: &World, state: &State) -> Result<(), Broken> {
    let told = (0..2)
        .filter_map(|slot| world.object(state, slot))
        .map(|object| told(&object));
    Err(Broken {
        rule: "L8",
        how: format!("no rest: {}", told.collect::<Vec<_>>().join("; ")),
    })
}

/// One action, if it can be.
fn take(world: &mut World, state: &mut State, action: Action) -> Result<bool, Broken> {
    match world.step(state, action) {
        None => Ok(false),
        Some(Err(broken)) => Err(broken),
        Some(Ok(next)) => {
            crate::rules::state(world, &next)?;
            *state = next;
            Ok(true)
        }
    }
}

/// Everybody has a turn, then time passes. Also whether any object was another in between: what is
/// written to and fro can end where it began.
fn round(world: &mut World, from: &State) -> Result<(State, bool), Broken> {
    let (mut state, mut written) = (*from, false);
    for span in [Span::Short, Span::Long] {
        drain(world, &mut state)?;
        for at in 0..world.scenario.processes {
            turn(world, &mut state, at)?;
            written |= state.slots != from.slots;
        }
        take(world, &mut state, Action::Pass(span))?;
    }
    Ok((state, written))
}

/// Every request arrives, and what is due in the cloud happens.
fn drain(world: &mut World, state: &mut State) -> Result<(), Broken> {
    loop {
        let arrived = take(world, state, Action::Serve(0, Ending::Answered))? || take(world, state, Action::Arrive(0))?;
        if !arrived && !take(world, state, Action::Progress)? {
            return Ok(());
        }
    }
}

/// A process lists and has a pass over each object, to its end.
fn turn(world: &mut World, state: &mut State, at: usize) -> Result<(), Broken> {
    let process = u8::try_from(at).unwrap_or_default();
    finish(world, state, at)?;
    for slot in 0..world.scenario.objects {
        take(world, state, Action::List(process, Lists::True))?;
        take(
            world,
            state,
            Action::Begin(process, u8::try_from(slot).unwrap_or_default(), false),
        )?;
        finish(world, state, at)?;
    }
    Ok(())
}

/// The pass that a process is about goes on to its end.
fn finish(world: &mut World, state: &mut State, at: usize) -> Result<(), Broken> {
    let process = u8::try_from(at).unwrap_or_default();
    for _ in 0..STEPS {
        let stage = world.process(state, at).pass.as_ref().map(|pass| pass.stage);
        match stage {
            None => return Ok(()),
            Some(Stage::Waits) => drain(world, state)?,
            Some(Stage::Step | Stage::Publish) => {
                take(world, state, Action::Do(process, Fate::Done))?;
            }
        }
    }
    Err(Broken {
        rule: "L8",
        how: format!(
            "process {at} never ends its pass: {:?}",
            world
                .process(state, at)
                .pass
                .as_ref()
                .map(|pass| (pass.step.kind(), pass.stage))
        ),
    })
}

/// At rest nothing is written, and all is as it should be: living objects have their pool and say so, or
/// say why not; deleted ones are gone, and so are their pools.
fn at_rest(world: &mut World, state: &State, written: bool) -> Result<(), Broken> {
    if written {
        return unrest(world, state);
    }
    let pools = world.pools(state);
    for slot in 0..world.scenario.objects {
        let Some(object) = world.object(state, slot) else {
            continue;
        };
        if is_leaving(&object) {
            return Err(Broken {
                rule: "L2",
                how: format!("a deleted object stays: {}", told(&object)),
            });
        }
        let uid = object.metadata.uid.as_deref();
        let recorded = object.status.as_ref().and_then(|status| status.pool_id.as_deref());
        let mut own = pools.iter().filter(|pool| !pool.failed && pool.uid.as_deref() == uid);
        let matched = own.next().is_some_and(|pool| Some(pool.id.as_str()) == recorded) && is(&object, "Ready", None);
        let excused = world.scenario.same_name && is(&object, "Stalled", Some("NameConflict"));
        // What a finalizer taken off by hand left behind is shown, and not bought again.
        let orphaned = state.stripped != 0 && is(&object, "Stalled", Some("OrphanFound"));
        // Without its marker it cannot be told from a stranger's until its ID is on record.
        let met = |trouble| world.scenario.budget.left(trouble) > state.left.left(trouble);
        let unmarked = met(Trouble::Unmark) && is(&object, "Stalled", Some("NameConflict"));
        // A phase without a meaning is shown as it is, for as long as it lasts.
        let strange = met(Trouble::UnknownPhase) && is(&object, "Reconciling", Some("PoolNotRunning"));
        if !matched && !excused && !orphaned && !unmarked && !strange {
            return Err(Broken {
                rule: "L1",
                how: format!("an object is not as it should be at rest: {}", told(&object)),
            });
        }
    }
    Ok(())
}

fn is(object: &ModelArtsPool, type_: &str, reason: Option<&str>) -> bool {
    let conditions = object.status.as_ref().map(Status::conditions).unwrap_or_default();
    let mut of_type = conditions
        .iter()
        .filter(|condition| condition.type_ == type_ && condition.status == "True");
    of_type.any(|condition| reason.is_none_or(|reason| condition.reason == reason))
}

fn told(object: &ModelArtsPool) -> String {
    let conditions = object.status.as_ref().map(Status::conditions).unwrap_or_default();
    let texts = conditions.iter().map(|condition| {
        format!(
            "{}={} {}: {}",
            condition.type_, condition.status, condition.reason, condition.message
        )
    });
    texts.collect::<Vec<_>>().join(", ")
}
