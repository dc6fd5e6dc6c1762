//! What must never be: in any state, or at any step. S1 to S16 are the names that `docs/safety.md`
//! gives them.

use modelarts_crd::ModelArtsPool;
use modelarts_crd::status::Outcome as Fate;
use modelarts_plan::{Marker, Shown, Tick};
use modelarts_types::pool::{Phase, Pool};
use serde_json::Value;

use crate::scenario::Scenario;
use crate::state::{State, incarnation};
use crate::world::World;
use crate::world::cloud::Owned;
use crate::world::process::{Pass, Process};
use crate::world::server::{incarnation_of, is_held, is_leaving};
use crate::world::wire::{Request, Sent};

/// A rule that does not hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which.
    pub rule: &'static str,
    /// How.
    pub how: String,
}

fn broken(rule: &'static str, how: impl Into<String>) -> Result<(), Broken> {
    Err(Broken { rule, how: how.into() })
}

/// The rules that every state keeps.
///
/// # Errors
/// The first that it does not.
pub fn state(world: &mut World, state: &State) -> Result<(), Broken> {
    let pools = world.pools(state);
    at_most_one(&pools)?;
    nothing_left_behind(world, state, &pools)?;
    claims(world, state)
}

/// S1: no object has two pools.
fn at_most_one(pools: &[Owned]) -> Result<(), Broken> {
    for (index, pool) in pools.iter().enumerate().filter(|(_, pool)| !pool.failed) {
        let twin = pools[..index]
            .iter()
            .find(|other| !other.failed && other.uid == pool.uid && pool.uid.is_some());
        if let Some(twin) = twin {
            return broken("S1", format!("{} and {} belong to one object", twin.id, pool.id));
        }
    }
    Ok(())
}

/// S3: a pool whose object is gone is left behind, unless somebody took the finalizer off by hand.
fn nothing_left_behind(world: &World, state: &State, pools: &[Owned]) -> Result<(), Broken> {
    for pool in pools.iter().filter(|pool| !pool.failed) {
        let Some((slot, born)) = pool.uid.as_deref().and_then(incarnation_of) else {
            continue;
        };
        let here = state.slots[slot];
        let lives = here.object != 0 && here.born == born + 1;
        let stripped = state.stripped & incarnation(slot, born) != 0;
        if !lives && !stripped && !pool.leaving {
            return broken("S3", format!("{} is left behind", pool.id));
        }
        let held = world.object(state, slot).is_some_and(|object| is_held(&object));
        if lives && !held && !stripped {
            return broken("S4", format!("{} belongs to an object that nothing holds", pool.id));
        }
    }
    Ok(())
}

/// S3: no pool of an object is there when a process lets it go, also none that is on its way out: what
/// the cloud has accepted to delete, it may still fail to delete.
///
/// # Errors
/// If one is.
pub fn released(uid: &str, pools: &[Owned]) -> Result<(), Broken> {
    let mut own = pools
        .iter()
        .filter(|pool| !pool.failed && pool.uid.as_deref() == Some(uid));
    match own.next() {
        Some(pool) => broken("S3", format!("an object is released while {} is there", pool.id)),
        None => Ok(()),
    }
}

/// S11: no two objects have one pool on record.
fn claims(world: &World, state: &State) -> Result<(), Broken> {
    let recorded = |slot| {
        let object = world.object(state, slot)?;
        let ours = |fate| matches!(fate, Fate::Created | Fate::Adopted);
        let status = object.status.as_ref()?;
        status.creation.as_ref()?.outcome.filter(|fate| ours(*fate))?;
        status.pool_id.clone()
    };
    match (recorded(0), recorded(1)) {
        (Some(first), Some(second)) if first == second => broken("S11", format!("{first} is on record twice")),
        _ => Ok(()),
    }
}

/// The rules of a write by a process, from one version of an object to the next.
///
/// # Errors
/// The first that it breaks.
pub fn written(before: &ModelArtsPool, after: &ModelArtsPool, stripped: bool) -> Result<(), Broken> {
    if before.metadata.uid != after.metadata.uid {
        return broken("S10", "a write hits another incarnation");
    }
    if before.spec != after.spec || before.metadata.generation != after.metadata.generation {
        return broken("S10", "a write takes back what a user wrote");
    }
    let open = |object: &ModelArtsPool| {
        let status = object.status.as_ref()?;
        let creation = status.creation.clone()?;
        creation.outcome.is_none().then_some(creation.token)
    };
    if open(after).is_some() && !is_held(after) && !stripped {
        return broken("S4", "an attempt is open and no finalizer holds the object");
    }
    if is_held(before) && !is_held(after) && !is_leaving(after) {
        return broken("S4", "the finalizer of a living object is taken off");
    }
    let id = |object: &ModelArtsPool| object.status.as_ref().and_then(|status| status.pool_id.clone());
    let lost = after
        .status
        .as_ref()
        .and_then(|status| status.creation.as_ref())
        .and_then(|creation| creation.outcome);
    match (id(before), id(after)) {
        (Some(old), Some(new)) if old != new && lost != Some(Fate::Adopted) => {
            return broken("S9", format!("{old} on record becomes {new}"));
        }
        (Some(old), None) if !matches!(lost, Some(Fate::Lost | Fate::Failed)) => {
            return broken("S9", format!("{old} is struck off without a loss"));
        }
        _ => {}
    }
    let seen = |object: &ModelArtsPool| object.status.as_ref().and_then(|status| status.observed_generation);
    if seen(after) < seen(before) {
        return broken("S9", "observedGeneration goes back");
    }
    Ok(())
}

/// S5: a creation leaves on a durable, unused token.
///
/// # Errors
/// If it does not.
pub fn creates(state: &State, token: u64) -> Result<(), Broken> {
    if state.durable & token == 0 {
        return broken("S5", "a creation is sent whose intent was never durable");
    }
    if state.sent & token != 0 {
        return broken("S5", "a token is sent twice");
    }
    Ok(())
}

/// S8: an account buys no more in a time than it may.
///
/// # Errors
/// If it does.
pub fn spends(state: &State, scenario: &Scenario) -> Result<(), Broken> {
    let bought = (state.sent & state.recent).count_ones();
    match scenario.creations {
        Some(most) if bought > most => broken("S8", format!("{bought} creations are sent where {most} may be")),
        _ => Ok(()),
    }
}

/// S6: an attempt begins after a complete look that shows nothing of ours.
///
/// # Errors
/// If it does not.
pub fn opens(process: &Process, pass: &Pass) -> Result<(), Broken> {
    let memory = process.memories.get(&pass.uid);
    let held_since = memory.and_then(|memory| memory.finalizer_seen).unwrap_or_default();
    let Some(set) = process.set.as_ref().filter(|set| set.began >= held_since) else {
        return broken("S6", "an attempt begins without a complete look since the finalizer");
    };
    let marked = |items: &[std::sync::Arc<modelarts_types::pool::Pool>]| {
        let mut markers = items.iter().filter_map(|item| Marker::on(&**item));
        markers.any(|marker| marker.uid == pass.uid)
    };
    if marked(&set.items) {
        return broken(
            "S6",
            "an attempt begins although the last complete look shows a pool of ours",
        );
    }
    Ok(())
}

/// Whether a patch asks for fewer nodes than there are.
fn shrinks(patch: &Value, pool: &Pool) -> bool {
    let asked = patch.pointer("/spec/resources/0/count").and_then(Value::as_i64);
    let spec = serde_json::to_value(&pool.spec).unwrap_or_default();
    asked < spec.pointer("/resources/0/count").and_then(Value::as_i64) && asked.is_some()
}

/// S2, S7, S12, S13, S14, S16: what a request that changes the cloud needs when it leaves.
///
/// # Errors
/// The first that it breaks.
pub fn sends(
    request: &Request,
    held: &ModelArtsPool,
    process: &mut Process,
    scenario: &Scenario,
) -> Result<(), Broken> {
    let uid = held.metadata.uid.clone().unwrap_or_default();
    let began = process.pass.as_ref().map(|pass| pass.began).unwrap_or_default();
    let (id, rule) = match request {
        Request::Create { .. } | Request::Write { .. } => return Ok(()),
        Request::Delete { id } => (id, "S2"),
        Request::Patch { id, .. } => (id, "S14"),
    };
    let shown = process.memories.get(&uid).and_then(|memory| memory.shown(id, began));
    let Some(Shown::Present(pool)) = shown.map(|show| show.shown.clone()) else {
        return broken(
            rule,
            format!("{id} is changed without a look that shows it in this pass"),
        );
    };
    let ours = Marker::on(&*pool).is_some_and(|marker| marker.uid == uid);
    match request {
        Request::Delete { .. } if !is_leaving(held) => broken("S16", "a pool of a living object is deleted"),
        Request::Delete { .. } if !ours => broken("S2", format!("{id} is deleted and was not seen to be ours")),
        Request::Patch { marking: None, .. } if !ours => {
            broken("S2", format!("{id} is changed and was not seen to be ours"))
        }
        Request::Patch {
            marking: None, patch, ..
        } => {
            if matches!(pool.phase(), Some(Phase::Other(_))) && shrinks(patch, &pool) {
                return broken("S13", format!("{id} is made smaller in a phase that nobody knows"));
            }
            if scenario.count_ignored && patch.pointer("/spec/resources").is_some() {
                return broken("S12", "a field is sent that the spec leaves to others");
            }
            let generation = held.metadata.generation.unwrap_or_default();
            let newest = process.sent.entry(uid).or_default();
            if generation < *newest {
                return broken("S7", format!("generation {generation} is sent after {newest}"));
            }
            *newest = generation;
            Ok(())
        }
        _ => Ok(()),
    }
}

/// S2: what a deletion hits when it is executed is ours.
///
/// # Errors
/// If it is not.
pub fn executed(sent: &Sent, pools: &[Owned]) -> Result<(), Broken> {
    let id = match &sent.request {
        Request::Delete { id } => id,
        Request::Patch { id, .. } => id,
        _ => return Ok(()),
    };
    let Some(pool) = pools.iter().find(|pool| pool.id == *id) else {
        return Ok(());
    };
    match &pool.uid {
        Some(owner) if *owner != sent.uid => {
            broken("S2", format!("{id} belongs to {owner} and is hit by {}", sent.uid))
        }
        _ => Ok(()),
    }
}

/// What is moved when time is cut short must stay in order: a process never has a moment in the future.
#[must_use]
pub fn in_order(process: &Process) -> bool {
    let now = process.now;
    let mut copy = process.clone();
    let in_order = copy.moments().all(|moment| *moment <= now);
    in_order && process.now >= Tick(0)
}
