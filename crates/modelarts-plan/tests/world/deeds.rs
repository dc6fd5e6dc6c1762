//! The steps of a plan, done: each at most one write, guarded as the operator guards it.

use std::sync::Arc;

use modelarts_plan::kind::Status;
use modelarts_plan::{Memory, Outcome, Plan, Step};

use super::World;
use super::cloud::Stop;
use super::faults::{Fault, Op};
use super::flaws::Flaw;
use super::kinds::{Lives, Neighbour};
use super::kubernetes::Stale;
use super::process::{Executed, LATER};

impl World {
    pub fn execute<K: Lives>(
        &mut self,
        name: &str,
        object: &K::Object,
        plan: &Plan<K>,
        memory: &mut Memory<K>,
    ) -> Result<Executed<K>, Stop> {
        Ok(match &plan.step {
            Step::Rest => Executed::Outcome(Outcome::Done),
            Step::LookAtScope { since } => {
                let now = self.now;
                K::worker_mut(&mut self.process).census.want(name, *since, now);
                Executed::Outcome(Outcome::Done)
            }
            Step::LookAt { id } => Executed::Outcome(Outcome::Shown(self.show_thing::<K>(id)?)),
            Step::LookAtCanary => match self.read_canary()? {
                true => Executed::Outcome(Outcome::Canary(true)),
                false => Executed::Later(LATER),
            },
            Step::AddFinalizer => written(self.write_finalizers::<K>(object, true)?),
            Step::RemoveFinalizer => written(self.write_finalizers::<K>(object, false)?),
            Step::OpenAttempt | Step::CloseAttempt | Step::Record => match self.write_status(object, plan)? {
                Some(result) => written(result),
                None => Executed::Outcome(Outcome::Done),
            },
            Step::Create { .. } if self.closed.is_some() => Executed::Later(LATER),
            Step::Create { token, body } => {
                self.judge_create::<K>(object, body);
                memory.sent(token);
                if let Some(answer) = self.answer_create.take() {
                    return Ok(Executed::Outcome(Outcome::Created(Arc::new(K::read(answer)))));
                }
                let mut answer = self.create_thing::<K>(token, body)?;
                if self.flaw == Some(Flaw::SendsTwice) && answer.as_ref().is_err_and(|failure| failure.doubtful) {
                    answer = self.create_thing::<K>(token, body)?;
                }
                Executed::Outcome(match answer {
                    Ok(made) => Outcome::Created(made),
                    Err(failure) => Outcome::Failed(failure),
                })
            }
            Step::LookAtDetails { id, nodes } => {
                Executed::Outcome(self.look_at_details::<K>(&plan.status, id, *nodes)?)
            }
            Step::Mark { id, over, patch } => {
                self.judge_mark::<K>(object, id, over.as_ref(), patch);
                self.patch::<K>(id, patch)?
            }
            Step::Change { id, patch, .. } => {
                let generation = K::metadata(object).generation.unwrap_or_default();
                self.judge_change::<K>(object, id, generation, patch);
                self.patch::<K>(id, patch)?
            }
            Step::Delete { id } => {
                self.judge_delete::<K>(object, id);
                let tick = self.tick();
                if let Some(external) = K::external_name(object) {
                    let census = &mut K::worker_mut(&mut self.process).census;
                    census.deleted_names.insert(external, tick);
                }
                Executed::Outcome(match self.delete_thing::<K>(id)? {
                    Ok(()) => Outcome::Done,
                    Err(failure) => Outcome::Failed(failure),
                })
            }
        })
    }

    /// A write of ours, with all that it wrote.
    fn log_write<K: Lives>(&mut self, after: &K::Object) {
        let metadata = K::metadata(after);
        let version = metadata.resource_version.as_deref().unwrap_or_default();
        self.log.event(self.now, version, 2_000);
        self.log.text(metadata.name.as_deref().unwrap_or_default());
        let finalizers = metadata.finalizers.iter().flatten().count() as u64;
        self.log.number(finalizers);
        self.log.text(&K::written(after));
    }

    fn patch<K: Lives>(&mut self, id: &str, patch: &serde_json::Value) -> Result<Executed<K>, Stop> {
        Ok(Executed::Outcome(match self.patch_thing::<K>(id, patch)? {
            Ok(thing) => Outcome::Changed(thing),
            Err(failure) => Outcome::Failed(failure),
        }))
    }

    /// The operator's guarded status write: nothing if nothing differs.
    pub fn write_status<K: Lives>(
        &mut self,
        object: &K::Object,
        plan: &Plan<K>,
    ) -> Result<Option<Result<K::Object, Stale>>, Stop> {
        if K::status(object) == Some(&plan.status) && self.flaw != Some(Flaw::WritesWithoutEnd) {
            return Ok(None);
        }
        let status = plan.status.clone();
        self.now += self.slow_status;
        let mut result = self.write::<K>(Op::Status, object, |object| *K::status_mut(object) = Some(status))?;
        if let Some(nodes) = self.edit_at_status.take()
            && let Ok(written) = &mut result
        {
            // Seen at once, as if the answer were read again: the plan must notice by itself.
            let name = K::metadata(written).name.clone().unwrap_or_default();
            self.edit(&name, |spec| spec.nodes = Some(nodes));
            *written = K::shelf(self).object(&name).clone();
        }
        Ok(Some(result))
    }

    pub fn write_finalizers<K: Lives>(
        &mut self,
        object: &K::Object,
        held: bool,
    ) -> Result<Result<K::Object, Stale>, Stop> {
        let name = K::metadata(object).name.clone().unwrap_or_default();
        let result = self.write::<K>(Op::Finalizer, object, |object| {
            let finalizers = K::metadata_mut(object).finalizers.get_or_insert_with(Vec::new);
            finalizers.retain(|name| name != K::FINALIZER);
            if held {
                finalizers.push(K::FINALIZER.to_owned());
            }
        })?;
        // The watch shows changed finalizers, so the object is looked at once more.
        if K::shelf(self).get(&name).is_some() {
            self.wake_any::<K>(&name);
        } else {
            K::worker_mut(&mut self.process).census.members.remove(&name);
        }
        Ok(result)
    }

    fn write<K: Lives>(
        &mut self,
        op: Op,
        object: &K::Object,
        change: impl FnOnce(&mut K::Object),
    ) -> Result<Result<K::Object, Stale>, Stop> {
        let fault = self.begin(op)?;
        self.now += self.weather.latency(10);
        if matches!(fault, Some(Fault::NotConnected | Fault::Throttle)) {
            self.end(fault)?;
            return Err(Stop::Kubernetes);
        }
        let name = K::metadata(object).name.clone().unwrap_or_default();
        if fault == Some(Fault::Conflict) && K::shelf(self).get(&name).is_some() {
            K::shelf_mut(self).change(&name, |_| {});
        }
        let result = K::shelf_mut(self).write(object, change);
        if let Ok(after) = &result {
            let read = K::metadata(object).resource_version.as_ref();
            let replaced = K::shelf(self).replaced(&name);
            assert_eq!(replaced, read, "a write of {name} over what was never read");
            self.judge.wrote::<K>(object, after);
            self.log_write::<K>(after);
            let held = |object: &K::Object| {
                K::metadata(object)
                    .finalizers
                    .iter()
                    .flatten()
                    .any(|name| name == K::FINALIZER)
            };
            if held(object) && !held(after) {
                self.judge_release::<K>(object);
            }
            self.chronicle_object::<K>(&name, after);
            self.wake_neighbours::<K>(after);
        }
        self.end(fault)?;
        if fault == Some(Fault::LostAnswer) {
            return Err(Stop::Kubernetes);
        }
        Ok(result)
    }

    /// The watches of other kinds see what concerns their objects.
    pub fn wake_neighbours<K: Lives>(&mut self, object: &K::Object) {
        if K::status(object).is_none_or(|status| status.conditions().is_empty()) {
            return;
        }
        for neighbour in K::neighbours(self, object) {
            match neighbour {
                Neighbour::Pool(name) => self.wake_any::<modelarts_plan::Pools>(&name),
                Neighbour::Network(name) => self.wake_any::<modelarts_plan::Networks>(&name),
            }
        }
    }
}

fn written<K: Lives>(result: Result<K::Object, Stale>) -> Executed<K> {
    match result {
        Ok(object) => Executed::Written(Box::new(object)),
        Err(Stale) => Executed::Outcome(Outcome::Stale),
    }
}
