//! What the faulty operators of the bug zoo do: they write whatever the version of the object.

use modelarts_crd::ModelArtsPool;
use modelarts_plan::{Outcome, StepKind};

use super::process::{Pass, Stage};
use super::{Next, World, server};
use crate::rules::Broken;
use crate::scenario::Shell;
use crate::state::State;

impl World {
    /// Whether a faulty operator makes this write of any version of the object.
    pub(super) fn is_unguarded(&self, pass: &Pass) -> bool {
        let step = (pass.stage == Stage::Step).then(|| pass.step.kind());
        match self.scenario.shell {
            Shell::Unguarded => true,
            Shell::UnguardedFinalizer => matches!(step, Some(StepKind::AddFinalizer | StepKind::RemoveFinalizer)),
            Shell::UnguardedRecord => matches!(step, Some(StepKind::Record | StepKind::CloseAttempt)),
            Shell::Ours | Shell::Repeating | Shell::Timeless | Shell::Spendthrift => false,
        }
    }

    /// A faulty operator's write: it lands on whatever is there.
    pub(super) fn write_unguarded(&mut self, state: &State, mut next: State, at: usize, pass: &Pass) -> Next {
        let slot = usize::from(pass.slot);
        let mut object: ModelArtsPool = (*self.object(state, slot)?).clone();
        let other = object.metadata.uid.as_deref() != Some(pass.uid.as_str());
        match (pass.stage, pass.step.kind()) {
            (Stage::Step, StepKind::AddFinalizer) => server::hold(&mut object, true),
            (Stage::Step, StepKind::RemoveFinalizer) => server::hold(&mut object, false),
            _ => object.status.clone_from(&self.objects.get(pass.written).status),
        }
        if other {
            let how = "a write meant for one incarnation hits another".to_owned();
            return Some(Err(Broken { rule: "S10", how }));
        }
        let object = self.objects.number(object);
        if let Err(broken) = self.store(state, &mut next, slot, object, Some(at)) {
            return Some(Err(broken));
        }
        let living = self.living(&next);
        let mut process = (*self.process(state, at)).clone();
        let mut pass = pass.clone();
        (pass.held, pass.fresh) = (object, true);
        process.pass = Some(pass.clone());
        if pass.stage == Stage::Publish {
            self.go_on(&mut process, at, &pass, &living);
        } else {
            self.absorb(&mut process, at, Outcome::Done, object, None, &living);
        }
        next.processes[at] = self.settled(process, &living);
        Some(Ok(next))
    }
}
