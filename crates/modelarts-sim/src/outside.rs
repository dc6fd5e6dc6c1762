//! What happens to pools behind the back of every API client: strangers, the console, the cloud
//! itself. The ledger notes these deeds under names of their own.

use serde_json::Value;

use crate::{
    clock::Millis,
    cloud::{At, Cloud},
    json::merge,
    ledger::Trace,
    pool::phase,
    refusal::Refusal,
};

fn trace<'a>(operation: &'a str, request_id: &'a str) -> Trace<'a> {
    Trace {
        operation,
        request_id,
        outcome: "accepted",
    }
}

impl Cloud {
    /// Somebody else creates a pool, by the same rules as everybody.
    ///
    /// # Errors
    /// As CreatePool.
    pub fn create_out_of_band(
        &mut self,
        project: &str,
        body: &Value,
        request_id: &str,
        now: Millis,
    ) -> Result<Value, Refusal> {
        self.settle(now);
        self.add_project(project, now);
        self.create(project, body, trace("OutOfBandCreate", request_id), now)
    }

    /// The pool vanishes at once, whatever it is paid by.
    ///
    /// # Errors
    /// 404.
    pub fn delete_out_of_band(&mut self, id: &str, request_id: &str, now: Millis) -> Result<(), Refusal> {
        self.settle(now);
        let project = self.project_of(id)?;
        let name = self.pool(&project, id)?.name().to_owned();
        self.remove_pool(&project, id, now);
        self.record(&project, id, &name, trace("OutOfBandDelete", request_id), now);
        Ok(())
    }

    /// Changes labels, annotations or the plain part of the spec, by no rules at all. Counts of
    /// nodes are not changed this way.
    ///
    /// # Errors
    /// 404.
    pub fn patch_out_of_band(
        &mut self,
        id: &str,
        patch: &Value,
        request_id: &str,
        now: Millis,
    ) -> Result<Value, Refusal> {
        self.settle(now);
        let project = self.project_of(id)?;
        let pool = self.pool_mut(&project, id)?;
        let over = |map: &mut serde_json::Map<String, Value>, change: &Value| {
            let mut value = Value::Object(std::mem::take(map));
            if change.is_object() {
                merge(&mut value, change);
            }
            *map = value.as_object().cloned().unwrap_or_default();
        };
        over(&mut pool.labels, &patch["metadata"]["labels"]);
        over(&mut pool.annotations, &patch["metadata"]["annotations"]);
        over(&mut pool.spec, &patch["spec"]);
        pool.spec.remove("resources");
        let (name, view) = (pool.name().to_owned(), pool.view());
        self.record(&project, id, &name, trace("OutOfBandPatch", request_id), now);
        Ok(view)
    }

    /// Puts a pool into a phase, known or not; empty: none.
    ///
    /// # Errors
    /// 404.
    pub fn set_phase(&mut self, id: &str, to: &str, message: &str, now: Millis) -> Result<Value, Refusal> {
        self.settle(now);
        let project = self.project_of(id)?;
        if to == phase::DELETING {
            self.begin_deletion(&project, id, now);
            return Ok(self.pool(&project, id)?.view());
        }
        let pool = self.pool_mut(&project, id)?;
        let from = pool.phase.clone();
        pool.force_phase(to, message);
        let at = At {
            project: project.clone(),
            id: id.to_owned(),
            incarnation: pool.incarnation,
        };
        let view = pool.view();
        if let Some(project) = self.projects.get_mut(&project) {
            project.note_phase(id, &from, to, message, now);
        }
        match to {
            phase::CREATION_FAILED => {
                self.fail_orders(&project, id, message, now);
                self.expire_record(at, now);
            }
            phase::ERROR | phase::SCALING_FAILED => self.fail_orders(&project, id, message, now),
            _ => {}
        }
        Ok(view)
    }
}
