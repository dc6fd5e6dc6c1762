//! The paths that the life of an object may take, as they look from outside: which states of the
//! object and its pools follow which, and by what.
//!
//! The model collects them from every state that it explores; what runs the real operator checks that
//! its lives take no other.

use std::collections::BTreeSet;

use modelarts_crd::ModelArtsPool;
use modelarts_crd::status::{Creation, Outcome};
use serde::{Deserialize, Serialize};

use crate::state::{Action, Deed, Ending, State};
use crate::world::World;
use crate::world::server::{incarnation_of, is_held, is_leaving, uid};
use crate::world::wire::Request;

/// What is known of one incarnation of an object, and how many pools carry its marker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Stand {
    /// Whether the object is there. If not, the next four are as if it had never been.
    pub exists: bool,
    /// Whether its deletion was asked for.
    pub leaving: bool,
    /// Whether it has our finalizer.
    pub finalizer: bool,
    /// The last attempt to create its pool.
    pub attempt: Attempt,
    /// Whether its status names a pool.
    pub id: bool,
    /// Pools with its marker that were created and whose deletion was not accepted so far.
    pub pool: u8,
}

/// How the last attempt stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Attempt {
    /// There was none.
    #[default]
    None,
    /// It has no outcome yet.
    Open,
    /// The cloud refused it.
    Rejected,
    /// Nobody answered, and nothing was found.
    NotFound,
    /// Its pool failed.
    Failed,
    /// Its pool was there and is gone.
    Lost,
    /// The answer named its pool.
    Created,
    /// Its pool was found.
    Adopted,
}

/// What happened. A write that does several of these at once has the first that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Label {
    /// A user made the object.
    Appeared,
    /// A user deleted an object that had no finalizer.
    Removed,
    /// The operator took its finalizer off, and the object is gone unless somebody else's holds it.
    FinalizerRemoved,
    /// A human took our finalizer off; the object is gone if its deletion had been asked for.
    FinalizerStripped,
    /// A user asked for the deletion.
    DeletionAsked,
    /// The operator put its finalizer on.
    FinalizerAdded,
    /// A new attempt was written down.
    AttemptOpened,
    /// The ID of the pool was written down; in the same write the attempt is closed.
    IdRecorded,
    /// The attempt got an outcome, and no ID came with it.
    AttemptClosed,
    /// The cloud accepted a POST.
    PoolCreated,
    /// The cloud accepted a PATCH.
    PoolChanged,
    /// The cloud accepted a DELETE.
    PoolDeleted,
    /// The pool went without us.
    PoolVanished,
}

/// One step: from, what, to.
pub type Step = (Stand, Label, Stand);

/// The steps that were seen.
pub type Steps = BTreeSet<Step>;

impl From<Option<&Creation>> for Attempt {
    fn from(creation: Option<&Creation>) -> Self {
        match creation.map(|creation| creation.outcome) {
            None => Self::None,
            Some(None) => Self::Open,
            Some(Some(Outcome::Rejected)) => Self::Rejected,
            Some(Some(Outcome::NotFound)) => Self::NotFound,
            Some(Some(Outcome::Failed)) => Self::Failed,
            Some(Some(Outcome::Lost)) => Self::Lost,
            Some(Some(Outcome::Created)) => Self::Created,
            Some(Some(Outcome::Adopted)) => Self::Adopted,
        }
    }
}

/// Adds what an action does to the objects of a world.
pub fn collect(world: &mut World, steps: &mut Steps, before: &State, action: Action, after: &State) {
    let again = match action {
        // A deletion of what is on its way out already is accepted too, and changes nothing.
        Action::Serve(at, Ending::Answered | Ending::Unanswered) => deleted_again(world, before, usize::from(at)),
        _ => None,
    };
    if let Some(uid) = again {
        let stand = stand(world, before, &uid);
        steps.insert((stand, Label::PoolDeleted, stand));
        return;
    }
    let patched = match action {
        Action::Serve(at, Ending::Answered | Ending::Unanswered) if before.cloud != after.cloud => {
            let sent = world.sent(before, usize::from(at));
            sent.filter(|sent| matches!(sent.request, Request::Patch { .. }))
                .map(|sent| sent.uid.clone())
        }
        Action::Meddle(slot, Deed::Resize | Deed::Unmark | Deed::UnknownPhase) => {
            let slot = usize::from(slot);
            Some(uid(slot, before.slots[slot].born - 1))
        }
        _ => None,
    };
    for slot in 0..world.scenario.objects {
        for born in 0..after.slots[slot].born {
            let uid = uid(slot, born);
            let (from, to) = (stand(world, before, &uid), stand(world, after, &uid));
            let label = match patched.as_ref() == Some(&uid) {
                true => Some(Label::PoolChanged),
                false => label(world, before, action, after, &uid, (from, to)),
            };
            steps.extend(label.map(|label| (from, label, to)));
        }
    }
    if before.slots != after.slots
        && let Action::Meddle(slot, Deed::Recreate) = action
    {
        let slot = usize::from(slot);
        let to = stand(world, after, &uid(slot, after.slots[slot].born - 1));
        steps.insert((Stand::default(), Label::Appeared, to));
    }
}

fn deleted_again(world: &mut World, state: &State, at: usize) -> Option<String> {
    let sent = world.sent(state, at)?;
    let Request::Delete { id } = &sent.request else {
        return None;
    };
    let pools = world.pools(state);
    let there = pools.iter().any(|pool| pool.id == *id && pool.leaving);
    there.then(|| sent.uid.clone())
}

/// What every object begins with.
pub fn begin(world: &mut World, steps: &mut Steps) {
    let first = world.first();
    for slot in 0..world.scenario.objects {
        let to = stand(world, &first, &uid(slot, 0));
        steps.insert((Stand::default(), Label::Appeared, to));
    }
}

fn object_of(world: &World, state: &State, wanted: &str) -> Option<std::sync::Arc<ModelArtsPool>> {
    let (slot, _) = incarnation_of(wanted)?;
    world
        .object(state, slot)
        .filter(|object| object.metadata.uid.as_deref() == Some(wanted))
}

fn stand(world: &mut World, state: &State, uid: &str) -> Stand {
    let pools = world.pools(state);
    let own = pools
        .iter()
        .filter(|pool| pool.uid.as_deref() == Some(uid) && !pool.leaving);
    let pool = u8::try_from(own.count()).unwrap_or(u8::MAX);
    let Some(object) = object_of(world, state, uid) else {
        return Stand {
            pool,
            ..Stand::default()
        };
    };
    let status = object.status.as_ref();
    Stand {
        exists: true,
        leaving: is_leaving(&object),
        finalizer: is_held(&object),
        attempt: status.and_then(|status| status.creation.as_ref()).into(),
        id: status.is_some_and(|status| status.pool_id.is_some()),
        pool,
    }
}

/// What happened to one incarnation, if anything that shows.
fn label(
    world: &World,
    before: &State,
    action: Action,
    after: &State,
    uid: &str,
    (from, to): (Stand, Stand),
) -> Option<Label> {
    if from.pool != to.pool {
        return match action {
            Action::Serve(..) if to.pool > from.pool => Some(Label::PoolCreated),
            Action::Serve(..) => Some(Label::PoolDeleted),
            Action::Meddle(..) => Some(Label::PoolVanished),
            // The record of a failed creation ends by itself, which nobody is told.
            _ => None,
        };
    }
    let by_hand = matches!(action, Action::Meddle(..));
    let took_off = if by_hand {
        Label::FinalizerStripped
    } else {
        Label::FinalizerRemoved
    };
    match (from.exists, to.exists) {
        (false, _) => return None,
        (true, false) if from.finalizer => return Some(took_off),
        (true, false) => return Some(Label::Removed),
        (true, true) => {}
    }
    let (old, new) = (object_of(world, before, uid)?, object_of(world, after, uid)?);
    let creation = |object: &ModelArtsPool| object.status.as_ref().and_then(|status| status.creation.clone());
    let id = |object: &ModelArtsPool| object.status.as_ref().and_then(|status| status.pool_id.clone());
    let number = |creation: &Option<Creation>| creation.as_ref().map(|creation| creation.attempt);
    let (was, is) = (creation(&old), creation(&new));
    if from.leaving != to.leaving {
        Some(Label::DeletionAsked)
    } else if !from.finalizer && to.finalizer {
        Some(Label::FinalizerAdded)
    } else if from.finalizer && !to.finalizer {
        Some(took_off)
    } else if number(&was) != number(&is) {
        Some(Label::AttemptOpened)
    } else if id(&old) != id(&new) && id(&new).is_some() {
        Some(Label::IdRecorded)
    } else if was.map(|creation| creation.outcome) != is.map(|creation| creation.outcome) || id(&old) != id(&new) {
        Some(Label::AttemptClosed)
    } else {
        None
    }
}
