//! Faults that are planted in the world, so that it is known what the checks would find. None of them
//! is in any world unless a test puts it there.

use std::sync::atomic::{AtomicU64, Ordering};

use modelarts_plan::kind::Status;
use modelarts_plan::{Plan, Step};

use super::cloud::Stop;
use super::kinds::Lives;
use super::{SECOND, World};

/// What no seed decides.
static OUTSIDE: AtomicU64 = AtomicU64::new(0);

/// One of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// The API server takes every write, whatever version the writer had read.
    NoVersionGuard,
    /// New things stay out of lists for longer than the in-doubt window.
    LongListLag,
    /// The shell sends a creation again when no answer came.
    SendsTwice,
    /// The shell deletes what a deleted object has on record without a look at it.
    DeletesUnseen,
    /// The shell deletes what a living object has on record once it looks at it.
    DeletesUnasked,
    /// The shell writes the status on every pass.
    WritesWithoutEnd,
    /// The shell releases a deleted object at its first look.
    ReleasesAtOnce,
    /// The world draws from something that is not the seed.
    OutsideTheSeed,
}

impl World {
    /// A world with something wrong in it.
    pub fn with_flaw(&mut self, flaw: Flaw) {
        self.flaw = Some(flaw);
        match flaw {
            Flaw::NoVersionGuard => (self.kube.guarded, self.networks.guarded) = (false, false),
            Flaw::LongListLag => {
                let mut profile = self.cloud.profile().clone();
                profile.unique_names = false;
                profile.list_lag_seconds = 2 * self.timing.in_doubt_window / SECOND;
                self.cloud.set_profile(profile);
            }
            _ => {}
        }
    }

    /// What a flawed shell does beside the step of a plan.
    pub fn plant<K: Lives>(&mut self, object: &K::Object, plan: &Plan<K>) -> Result<(), Stop> {
        let Some(flaw) = self.flaw else { return Ok(()) };
        let leaving = K::metadata(object).deletion_timestamp.is_some();
        let id = K::status(object).and_then(|status| status.id().map(str::to_owned));
        let looks = matches!(plan.step, Step::LookAt { .. });
        match (flaw, id) {
            (Flaw::DeletesUnseen, Some(id)) if leaving && looks => {
                let _ = self.delete_thing::<K>(&id)?;
            }
            (Flaw::DeletesUnasked, Some(id)) if !leaving && looks => {
                let _ = self.delete_thing::<K>(&id)?;
            }
            (Flaw::ReleasesAtOnce, Some(_)) if leaving && looks => {
                let _ = self.write_finalizers::<K>(object, false)?;
            }
            (Flaw::OutsideTheSeed, _) => self.now += OUTSIDE.fetch_add(1, Ordering::Relaxed) % 3,
            _ => {}
        }
        Ok(())
    }
}
