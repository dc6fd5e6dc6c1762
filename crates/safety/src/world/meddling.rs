//! What people do: to objects through the API server, to pools in the console.

use modelarts_crd::ModelArtsPool;

use super::{Next, World, server};
use crate::scenario::Trouble;
use crate::state::{Deed, State, incarnation};

impl World {
    /// Somebody does something to an object or to its pool.
    pub(super) fn meddle(&mut self, state: &State, slot: usize, deed: Deed) -> Next {
        let trouble = Deed::ALL
            .iter()
            .find(|(known, _)| *known == deed)
            .map(|(_, trouble)| *trouble);
        let mut next = *state;
        next.left = next.left.without_one(trouble.unwrap_or(Trouble::Edit))?;
        match deed {
            Deed::Recreate => self.recreate(next, slot),
            Deed::Edit | Deed::Delete | Deed::Strip => self.change_object(state, next, slot, deed),
            Deed::Vanish | Deed::Resize | Deed::Unmark | Deed::UnknownPhase => {
                self.change_pool(state, next, slot, deed)
            }
        }
    }

    fn recreate(&mut self, mut next: State, slot: usize) -> Next {
        if next.slots[slot].object != 0 {
            return None;
        }
        let object = server::born(&self.scenario, slot, next.slots[slot].born)?;
        next.slots[slot].object = self.objects.number(object);
        next.slots[slot].before = 0;
        next.slots[slot].born += 1;
        Some(Ok(next))
    }

    fn change_object(&mut self, state: &State, mut next: State, slot: usize, deed: Deed) -> Next {
        let mut object: ModelArtsPool = (*self.object(state, slot)?).clone();
        match deed {
            Deed::Edit if server::is_leaving(&object) => return None,
            Deed::Edit => server::edit(&mut object),
            Deed::Delete if server::is_leaving(&object) => return None,
            Deed::Delete => server::mark_deleted(&mut object),
            _ if !server::is_held(&object) => return None,
            _ => {
                server::hold(&mut object, false);
                next.stripped |= incarnation(slot, state.slots[slot].born - 1);
            }
        }
        let number = self.objects.number(object);
        match self.store(state, &mut next, slot, number, None) {
            Ok(()) => Some(Ok(next)),
            Err(broken) => Some(Err(broken)),
        }
    }

    fn change_pool(&mut self, state: &State, mut next: State, slot: usize, deed: Deed) -> Next {
        let uid = Self::uid_in(state, slot)?;
        let pools = self.pools(state);
        let meant = |pool: &&super::cloud::Owned| pool.uid.as_deref() == Some(uid.as_str()) && !pool.failed;
        let id = pools.iter().find(meant)?.id.clone();
        let mut sky = (*self.skies.get(state.cloud)).clone();
        let done = match deed {
            Deed::Vanish => sky.vanish(&id),
            Deed::Resize => sky.resize(&id, 2),
            Deed::UnknownPhase => sky.disguise(&id),
            _ => sky.unmark(&id),
        };
        next.cloud = self.skies.number(sky);
        (done && next.cloud != state.cloud).then_some(Ok(next))
    }
}
