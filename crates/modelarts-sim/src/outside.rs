//! What happens to pools behind the back of every API client: strangers, the console, the cloud
//! itself. The ledger notes these deeds under names of their own.

use serde_json::{Map, Value};

use crate::{
    clock::Millis,
    cloud::{At, Cloud},
    json::merge,
    ledger::Trace,
    nodes::NodeState,
    pool::phase,
    refusal::Refusal,
};

pub(crate) fn trace<'a>(operation: &'a str, request_id: &'a str) -> Trace<'a> {
    Trace {
        operation,
        request_id,
        outcome: "accepted",
    }
}

/// Merges a change over a map, if it is an object.
pub(crate) fn over(map: &mut Map<String, Value>, change: &Value) {
    let mut value = Value::Object(std::mem::take(map));
    if change.is_object() {
        merge(&mut value, change);
    }
    *map = value.as_object().cloned().unwrap_or_default();
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
        over(&mut pool.labels, &patch["metadata"]["labels"]);
        over(&mut pool.annotations, &patch["metadata"]["annotations"]);
        over(&mut pool.spec, &patch["spec"]);
        pool.spec.remove("resources");
        let (name, view) = (pool.name().to_owned(), pool.view());
        self.record(&project, id, &name, trace("OutOfBandPatch", request_id), now);
        Ok(view)
    }

    /// A person changes the pool in the console: by the rules of PatchPool, node counts included.
    ///
    /// # Errors
    /// As PatchPool.
    pub fn console_patch(&mut self, id: &str, patch: &Value, request_id: &str, now: Millis) -> Result<Value, Refusal> {
        self.settle(now);
        let project = self.project_of(id)?;
        let patch = patch.as_object().cloned().unwrap_or_default();
        self.patch(&project, id, &patch, trace("ConsolePatch", request_id), now)
    }

    /// A person deletes the pool in the console: by the rules of DeletePool, and as slowly.
    ///
    /// # Errors
    /// As DeletePool.
    pub fn console_delete(&mut self, id: &str, request_id: &str, now: Millis) -> Result<Value, Refusal> {
        self.settle(now);
        let project = self.project_of(id)?;
        self.delete(&project, id, trace("ConsoleDelete", request_id), now)
    }

    /// Breaks that many available nodes. The pool is then shown in the phase given, if one is.
    ///
    /// # Errors
    /// 404; 400 if the pool has fewer available nodes.
    pub fn break_nodes(&mut self, id: &str, count: u64, phase: Option<&str>, now: Millis) -> Result<Value, Refusal> {
        self.settle(now);
        let project = self.project_of(id)?;
        let pool = self.pool_mut(&project, id)?;
        let broken = usize::try_from(count).unwrap_or(usize::MAX);
        let mut well: Vec<_> = pool
            .nodes
            .iter_mut()
            .filter(|node| node.state == NodeState::Available)
            .collect();
        if well.len() < broken {
            return Err(Refusal::bad_request(format!(
                "The pool {id} has only {} available nodes.",
                well.len()
            )));
        }
        for node in well.iter_mut().take(broken) {
            node.state = NodeState::Abnormal;
        }
        let message = format!("{count} nodes are abnormal");
        self.show_nodes_changed(&project, id, phase, &message, true, now)
    }

    /// Mends every broken node, and a pool that is Abnormal.
    ///
    /// # Errors
    /// 404.
    pub fn heal_nodes(&mut self, id: &str, now: Millis) -> Result<Value, Refusal> {
        self.settle(now);
        let project = self.project_of(id)?;
        let pool = self.pool_mut(&project, id)?;
        for node in pool.nodes.iter_mut().filter(|node| node.state == NodeState::Abnormal) {
            node.state = NodeState::Available;
        }
        for driver in pool.drivers.iter_mut().filter(|driver| driver.state == "Abnormal") {
            driver.state = "Running";
        }
        let phase = (pool.phase == phase::ABNORMAL).then_some(phase::RUNNING);
        self.show_nodes_changed(&project, id, phase, "", false, now)
    }

    fn show_nodes_changed(
        &mut self,
        project: &str,
        id: &str,
        phase: Option<&str>,
        message: &str,
        broke: bool,
        now: Millis,
    ) -> Result<Value, Refusal> {
        let pool = self.pool_mut(project, id)?;
        let from = pool.phase.clone();
        if let Some(phase) = phase {
            phase.clone_into(&mut pool.phase);
            message.clone_into(&mut pool.message);
        }
        let view = pool.view();
        if let Some(project) = self.projects.get_mut(project) {
            project.note_nodes(id, message, broke, now);
            if let Some(to) = phase.filter(|to| *to != from) {
                project.note_phase(id, &from, to, message, now);
            }
        }
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
