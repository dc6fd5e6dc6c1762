//! Scopes and drivers on their way to a state that lasts.
//!
//! With `flaps` in the profile they go back once before they stay, as the service was seen to do.
//! A later change takes over from an earlier one: only the turns of the latest round happen, so
//! that nothing settles before its own time.

use serde_json::{Value, json};

use crate::{
    clock::Millis,
    cloud::{At, Cloud, Due},
    json::{object, text},
    ledger::Trace,
    mishaps::MishapKind,
    operation::Call,
    pool::{Driver, PoolRecord, Scope},
    refusal::Refusal,
};

/// One step on the way, of a round that a later change replaces.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    round: u64,
    step: Step,
}

#[derive(Debug, Clone)]
enum Step {
    /// It looks settled.
    First,
    /// What looked settled is on its way again.
    Back(Vec<String>),
    /// Settled.
    Last,
}

impl Cloud {
    /// Starts the time of scopes that are Enabling or Disabling.
    pub(crate) fn start_scopes(&mut self, at: &At, now: Millis) {
        let mut mishaps = self.mishaps.clone();
        let Some(pool) = self.pool_at(at) else {
            return;
        };
        let name = pool.name().to_owned();
        let mut new = pool
            .scopes
            .iter_mut()
            .filter(|scope| scope.state == "Enabling" && scope.doom.is_none())
            .collect::<Vec<_>>();
        let struck = mishaps.strike(&name, |mishap| {
            let meant = |scope: &&mut Scope| mishap.scope.as_ref().is_none_or(|wanted| *wanted == scope.name);
            mishap.mishap == MishapKind::ScopeFails && new.iter().any(meant)
        });
        if let Some(mishap) = struck {
            for scope in &mut new {
                if mishap.scope.as_ref().is_none_or(|wanted| *wanted == scope.name) {
                    scope.doom = Some(mishap.message.clone());
                }
            }
        }
        pool.scopes_round += 1;
        let round = pool.scopes_round;
        self.mishaps = mishaps;
        let step = Step::First;
        self.schedule(self.after_creation(now), Due::Scopes(at.clone(), Turn { round, step }));
    }

    /// Starts the time of drivers that are Creating or Upgrading.
    pub(crate) fn start_drivers(&mut self, at: &At, now: Millis) {
        let Some(pool) = self.pool_at(at) else {
            return;
        };
        pool.drivers_round += 1;
        let round = pool.drivers_round;
        let step = Step::First;
        self.schedule(self.after_creation(now), Due::Drivers(at.clone(), Turn { round, step }));
    }

    pub(crate) fn scopes_due(&mut self, at: &At, turn: &Turn, now: Millis) {
        let Some(pool) = self.running_at(at).filter(|pool| pool.scopes_round == turn.round) else {
            return;
        };
        let turned = match &turn.step {
            Step::First | Step::Last => end_scopes(pool),
            Step::Back(names) => {
                let back = pool.scopes.iter_mut().filter(|scope| names.contains(&scope.name));
                back.filter(|scope| scope.state == "Enabled")
                    .for_each(|scope| scope.state = "Enabling");
                Vec::new()
            }
        };
        if let Some(next) = self.next_turn(turn, turned) {
            self.schedule(self.after_creation(now), Due::Scopes(at.clone(), next));
        }
    }

    pub(crate) fn drivers_due(&mut self, at: &At, turn: &Turn, now: Millis) {
        let Some(pool) = self.running_at(at).filter(|pool| pool.drivers_round == turn.round) else {
            return;
        };
        let turned = match &turn.step {
            Step::First | Step::Last => end_drivers(pool),
            Step::Back(kinds) => {
                let back = pool.drivers.iter_mut().filter(|d| kinds.iter().any(|k| k == d.kind));
                back.filter(|driver| driver.state == "Running")
                    .for_each(|driver| driver.state = "Creating");
                Vec::new()
            }
        };
        if let Some(next) = self.next_turn(turn, turned) {
            self.schedule(self.after_creation(now), Due::Drivers(at.clone(), next));
        }
    }

    /// RetryPoolScope: tries a job type again that could not be enabled.
    ///
    /// # Errors
    /// 404; 400 unless the job type is EnableFailed.
    pub(crate) fn retry_from_call(&mut self, call: &Call, trace: Trace<'_>, now: Millis) -> Result<Value, Refusal> {
        let body = object(&call.body)?;
        let wanted = text(&body, "scope")?.unwrap_or_default();
        let pool = self.pool_mut(&call.project, &call.id)?;
        let failed = pool
            .scopes
            .iter_mut()
            .find(|scope| scope.name == wanted && scope.state == "EnableFailed")
            .ok_or_else(|| Refusal::bad_request(format!("The scope {wanted:?} has not failed.")))?;
        *failed = Scope::enabling(wanted);
        let name = pool.name().to_owned();
        let at = pool.at(&call.project);
        self.start_scopes(&at, now);
        self.record(&call.project, &call.id, &name, trace, now);
        Ok(json!({}))
    }

    fn next_turn(&self, turn: &Turn, turned: Vec<String>) -> Option<Turn> {
        let step = match turn.step {
            Step::First if self.profile.flaps && !turned.is_empty() => Step::Back(turned),
            Step::Back(_) => Step::Last,
            Step::First | Step::Last => return None,
        };
        Some(Turn {
            round: turn.round,
            step,
        })
    }

    fn after_creation(&self, now: Millis) -> Millis {
        now.saturating_add(self.profile.create_millis())
    }
}

/// Ends what is Enabling and Disabling; answers with the job types that are Enabled by it.
fn end_scopes(pool: &mut PoolRecord) -> Vec<String> {
    pool.scopes.retain(|scope| scope.state != "Disabling");
    let mut turned = Vec::new();
    for scope in pool.scopes.iter_mut().filter(|scope| scope.state == "Enabling") {
        match scope.doom.take() {
            Some(message) => {
                scope.state = "EnableFailed";
                scope.message = message;
            }
            None => {
                scope.state = "Enabled";
                turned.push(scope.name.clone());
            }
        }
    }
    turned
}

/// Ends installations and upgrades; answers with the drivers that run by it.
fn end_drivers(pool: &mut PoolRecord) -> Vec<String> {
    let wanted = pool.spec.get("driver").cloned().unwrap_or_default();
    let busy = |driver: &&mut Driver| matches!(driver.state, "Creating" | "Upgrading");
    let mut turned = Vec::new();
    for driver in pool.drivers.iter_mut().filter(busy) {
        if let Some(version) = wanted[format!("{}Version", driver.kind)].as_str() {
            version.clone_into(&mut driver.version);
        }
        driver.state = "Running";
        turned.push(driver.kind.to_owned());
    }
    turned
}
