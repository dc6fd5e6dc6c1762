//! Calls to the simulated cloud, with what can go wrong on the way there and back.

use std::sync::Arc;

use modelarts_plan::kind::Resource;
use modelarts_plan::{CloudFailure, Details, FailureKind, Outcome, Shown};
use modelarts_sim::Refusal;
use modelarts_sim::ledger::Trace;
use modelarts_sim::operation::{Call, Kind, Operation};
use modelarts_types::keys;
use modelarts_types::node::NodeList;
use modelarts_types::order::OrderList;
use serde_json::{Value, json};

use super::faults::{Fault, Op};
use super::judge::Called;
use super::kinds::Lives;
use super::{PROJECT, World};

/// Why a reconcile or a round of the census ends at a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The process died.
    Crash,
    /// Kubernetes could not be asked.
    Kubernetes,
    /// The reconcile took too long and was cancelled.
    Deadline,
}

/// A call and its request ID.
type Sent = (String, Call);

/// Which of the lists of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    Default,
    Creating,
    Failed,
}

impl Which {
    /// The lists that together tell all. Networks have only one.
    pub fn set_of<K: Lives>() -> &'static [Self] {
        match K::CALLS.list.1 {
            Operation::ListPools => &[Self::Default, Self::Creating, Self::Failed],
            _ => &[Self::Default],
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::Default => "",
            Self::Creating => "creating",
            Self::Failed => "failed",
        }
    }
}

/// How a call to the cloud ended, unless the process did.
pub type Answer<T> = Result<Result<T, CloudFailure>, Stop>;

impl World {
    /// A call begins: it is counted, and what will go wrong with it is decided.
    pub fn begin(&mut self, op: Op) -> Result<Option<Fault>, Stop> {
        self.meanwhile();
        let number = self.judge.calls.len();
        let planned = self.faults.strike(number, op);
        let fault = planned.or_else(|| self.weather.strike(self.now, op));
        // One process can stand still while another leads, not two.
        let fault = fault.filter(|fault| !matches!(fault, Fault::Freeze(_)) || !self.overlaps());
        let at = self.now;
        self.log.event(at, fault.map_or("call", Fault::name), op as u64);
        if fault.is_some() || !op.is_dull() {
            self.tell(format!("call {number} {op:?} {fault:?}"));
        }
        self.judge.calls.push(Called { at, op, fault });
        match fault {
            Some(Fault::CrashBefore) => Err(Stop::Crash),
            Some(Fault::Freeze(millis)) => {
                self.freeze(millis);
                Ok(None)
            }
            _ => Ok(fault),
        }
    }

    /// A call is over, if the process still lives.
    pub fn end(&mut self, fault: Option<Fault>) -> Result<(), Stop> {
        self.check();
        match fault {
            Some(Fault::CrashAfter) => Err(Stop::Crash),
            _ => Ok(()),
        }
    }

    /// One call to the cloud.
    fn ask<T>(
        &mut self,
        op: Op,
        late: Option<Sent>,
        doing: impl FnOnce(&mut Self, Option<Fault>) -> Result<T, Refusal>,
    ) -> Answer<T> {
        let fault = self.begin(op)?;
        let (kind, status, done) = match fault {
            None | Some(Fault::CrashBefore | Fault::CrashAfter | Fault::Conflict) => (None, 200, true),
            Some(Fault::ListLag(_) | Fault::EmptyList | Fault::PartialList) => (None, 200, true),
            Some(Fault::StaleRead | Fault::Freeze(_) | Fault::Overtaken(_)) => (None, 200, true),
            Some(Fault::LostAnswer) => (Some((FailureKind::Transient, true)), 0, true),
            Some(Fault::ErrorAfterCommit) => (Some((FailureKind::Transient, true)), 500, true),
            Some(Fault::Malformed) => (Some((FailureKind::Malformed, true)), 200, true),
            Some(Fault::DelayedCommit(_)) => (Some((FailureKind::Transient, true)), 0, false),
            Some(Fault::ServerError) => (Some((FailureKind::Transient, true)), 500, false),
            Some(Fault::Gateway404) => (Some((FailureKind::Misrouted, false)), 404, false),
            Some(Fault::Throttle) => (Some((FailureKind::Throttled, false)), 429, false),
            Some(Fault::Unauthenticated) => (Some((FailureKind::Unauthenticated, false)), 401, false),
            Some(Fault::Denied) => (Some((FailureKind::Denied, false)), 403, false),
            Some(Fault::Quota) => (Some((FailureKind::Quota, false)), 400, false),
            Some(Fault::SoldOut) => (Some((FailureKind::SoldOut, false)), 400, false),
            Some(Fault::Invalid) => (Some((FailureKind::Invalid, false)), 400, false),
            Some(Fault::NotConnected) => (Some((FailureKind::Transient, false)), 0, false),
        };
        if let (Some(Fault::DelayedCommit(delay)), Some(call)) = (fault, late) {
            let due = self.cloud_now() + delay;
            self.cloud.execute_later(call.1, &call.0, due);
        }
        self.now += self.weather.latency(self.latency);
        let result = done.then(|| doing(self, fault));
        let unanswered = status == 0 && kind.is_some_and(|(_, doubtful)| doubtful);
        if unanswered {
            self.now += self.timing.request_deadline;
        }
        self.end(fault)?;
        let result = match (kind, result) {
            (Some((kind, doubtful)), _) => Err(self.failure(op, kind, status, doubtful)),
            (None, Some(Ok(value))) => Ok(value),
            (None, Some(Err(refusal))) => Err(refused(op, &refusal)),
            (None, None) => Err(self.failure(op, FailureKind::Transient, status, true)),
        };
        self.note(&result);
        Ok(result)
    }

    fn failure(&self, op: Op, kind: FailureKind, status: u16, doubtful: bool) -> CloudFailure {
        let number = self.judge.calls.len();
        CloudFailure {
            kind,
            message: format!("{op:?}: {status} it went wrong (request {number:08x})"),
            doubtful,
        }
    }

    /// The account rests after a refusal of its credentials, until a call succeeds again.
    fn note<T>(&mut self, result: &Result<T, CloudFailure>) {
        match result {
            Ok(_) => self.process.refused = None,
            Err(failure) if failure.kind == FailureKind::Unauthenticated => {
                self.process.refused.get_or_insert(failure.message.clone());
            }
            Err(_) => {}
        }
    }

    pub fn list_things<K: Lives>(&mut self, which: Which) -> Answer<Vec<Arc<K::Resource>>> {
        let op = match which {
            Which::Default => K::CALLS.list.0,
            Which::Creating => Op::ListCreating,
            Which::Failed => Op::ListFailed,
        };
        self.ask(op, None, |world, fault| {
            let hide_younger = match fault {
                Some(Fault::ListLag(lag)) => lag,
                _ => 0,
            };
            let items = world.listed::<K>(which, hide_younger)?;
            let kept = match fault {
                Some(Fault::EmptyList) => 0,
                Some(Fault::PartialList) => items.len() / 2,
                _ => items.len(),
            };
            let skipped = items.len() - kept;
            Ok(items.iter().skip(skipped).map(Arc::clone).collect())
        })
    }

    pub fn create_thing<K: Lives>(&mut self, token: &str, body: &K::Resource) -> Answer<Arc<K::Resource>> {
        self.judge_token(token);
        let (op, operation) = K::CALLS.create;
        let call = self.call(operation, "", K::body(body));
        self.ask(op, Some(call.clone()), |world, fault| {
            let made = world.serve(&call)?;
            if let Some(Fault::ListLag(lag)) = fault {
                world.process_hides(lag);
            }
            Ok(Arc::new(K::read(made)))
        })
    }

    /// A change, or a marking.
    pub fn patch_thing<K: Lives>(&mut self, id: &str, patch: &Value) -> Answer<Arc<K::Resource>> {
        let (op, operation) = K::CALLS.patch;
        let mut call = self.call(operation, id, patch.clone());
        call.1.content_type = "application/merge-patch+json".to_owned();
        let answer = self.ask(op, Some(call.clone()), |world, _| {
            world.serve(&call).map(|value| Arc::new(K::read(value)))
        })?;
        if let Ok(thing) = &answer {
            self.judge.showed::<K>(thing);
        }
        Ok(answer)
    }

    /// The last order of a pool, and its abnormal nodes if asked for.
    pub fn look_at_details<K: Lives>(&mut self, status: &K::Status, id: &str, nodes: bool) -> Result<Outcome<K>, Stop> {
        let name = K::order_name(status);
        let mut list = self.call(Operation::ListOrders, "", Value::Null);
        list.1.query = vec![("involvedName".to_owned(), id.to_owned())];
        let orders: OrderList = match self.ask(Op::Details, None, |world, _| world.read(&list))? {
            Ok(orders) => orders,
            Err(failure) => return Ok(Outcome::Failed(failure)),
        };
        let mut abnormal_nodes = None;
        if nodes {
            let list = self.call(Operation::ListPoolNodes, id, Value::Null);
            let answer: NodeList = match self.ask(Op::Details, None, |world, _| world.read(&list))? {
                Ok(answer) => answer,
                Err(failure) => return Ok(Outcome::Failed(failure)),
            };
            abnormal_nodes = Some(modelarts_plan::orders::abnormal(&answer.items.unwrap_or_default()));
        }
        let orders = orders.items.unwrap_or_default();
        Ok(Outcome::Details(Details {
            order: modelarts_plan::orders::reported(&orders, name.as_deref()),
            abnormal_nodes,
        }))
    }

    pub fn delete_thing<K: Lives>(&mut self, id: &str) -> Answer<()> {
        let (op, operation) = K::CALLS.delete;
        let call = self.call(operation, id, Value::Null);
        self.ask(op, Some(call.clone()), |world, _| world.serve(&call).map(|_| ()))
    }

    /// GET by ID.
    pub fn show_thing<K: Lives>(&mut self, id: &str) -> Result<Shown<K>, Stop> {
        let (op, operation) = K::CALLS.show;
        let call = self.call(operation, id, Value::Null);
        let denied = self.deny_shows;
        let answer = self.ask(op, None, |world, _| match denied {
            true => Err(Refusal::pool_not_found()),
            // What was parsed once is not parsed again; what is not plainly there the service answers.
            false => match world.existing::<K>().iter().find(|thing| thing.id() == Some(id)) {
                Some(thing) if !K::has_failed(thing) => Ok(Arc::clone(thing)),
                _ => world.serve(&call).map(|shown| Arc::new(K::read(shown))),
            },
        })?;
        Ok(match answer {
            Ok(thing) => {
                self.judge.showed::<K>(&thing);
                Shown::Present(thing)
            }
            Err(failure) if failure.kind == FailureKind::Gone => Shown::Gone,
            Err(failure) => Shown::Unknown(failure),
        })
    }

    /// Whether something that exists can be read: the network stands for whatever is chosen.
    pub fn read_canary(&mut self) -> Result<bool, Stop> {
        let network = format!("net-0123-{PROJECT}");
        let answer = self.ask(Op::Canary, None, |world, _| {
            let now = world.cloud_now();
            world.cloud.show_network(PROJECT, &network, now)
        })?;
        Ok(answer.is_ok())
    }

    /// A call with a request ID of its own. What changes the cloud is remembered by it.
    fn call(&mut self, operation: Operation, id: &str, body: Value) -> Sent {
        let request_id = format!("{operation}-{}", self.judge.calls.len());
        let call = Call {
            operation,
            project: PROJECT.to_owned(),
            id: id.to_owned(),
            query: Vec::new(),
            content_type: "application/json".to_owned(),
            body: match &body {
                Value::Null => Vec::new(),
                body => serde_json::to_vec(body).expect("a body"),
            },
        };
        if operation.kind() == Kind::Write {
            self.judge.sends(&request_id, operation, id, body);
        }
        (request_id, call)
    }

    fn serve(&mut self, (request_id, call): &Sent) -> Result<Value, Refusal> {
        let trace = Trace {
            operation: call.operation.name(),
            request_id,
            outcome: "accepted",
        };
        let now = self.cloud_now();
        match call.operation.kind() {
            Kind::Write => self.cloud.execute(call, trace, now),
            _ => self.cloud.settled(now).0.execute(call, trace, now),
        }
    }

    fn read<T: serde::de::DeserializeOwned>(&mut self, call: &Sent) -> Result<T, Refusal> {
        let value = self.serve(call)?;
        Ok(serde_json::from_value(value).expect("an answer of the API"))
    }

    /// New pools stay out of lists from now on.
    fn process_hides(&mut self, lag: u64) {
        self.hides_until = self.now + lag;
        self.hides_for = lag;
    }

    /// Somebody else makes a pool; answers with its ID.
    pub fn stranger_creates(&mut self, name: &str, description: &str) -> String {
        let body = json!({
            "apiVersion": "v2",
            "kind": "Pool",
            "metadata": {
                "labels": {keys::NAME: name, keys::WORKSPACE_ID: "0"},
                "annotations": {keys::DESCRIPTION: description},
            },
            "spec": {
                "type": "Dedicate",
                "scope": ["Train"],
                "network": {"name": format!("net-0123-{PROJECT}")},
                "resources": [{"flavor": super::FLAVOR, "count": 1}],
            },
        });
        let now = self.cloud_now();
        let pool = self.cloud.create_out_of_band(PROJECT, &body, "stranger", now);
        let pool: Value = pool.expect("a stranger's pool");
        pool["metadata"]["name"].as_str().expect("an ID").to_owned()
    }

    /// Somebody deletes a pool in the console; it is gone at once.
    pub fn vanish(&mut self, id: &str) {
        let now = self.cloud_now();
        self.cloud
            .delete_out_of_band(id, "console", now)
            .expect("the pool is there");
    }

    /// Somebody changes a description in the console.
    pub fn describe(&mut self, id: &str, description: &str) {
        let now = self.cloud_now();
        let patch = json!({"metadata": {"annotations": {keys::DESCRIPTION: description}}});
        self.cloud
            .patch_out_of_band(id, &patch, "console", now)
            .expect("the pool is there");
    }

    /// The cloud puts a pool into a phase.
    pub fn set_phase(&mut self, id: &str, phase: &str, message: &str) {
        let now = self.cloud_now();
        self.cloud
            .set_phase(id, phase, message, now)
            .expect("the pool is there");
    }
}

fn refused(op: Op, refusal: &Refusal) -> CloudFailure {
    let kind = match (refusal.status, refusal.code.as_str()) {
        (404, "ModelArts.50015001" | "ModelArts.50025001") => FailureKind::Gone,
        (404, _) => FailureKind::Misrouted,
        (409, _) => FailureKind::Conflict,
        (400, "ModelArts.0118") => FailureKind::Quota,
        (400, _) if refusal.message.contains("sold out") => FailureKind::SoldOut,
        (400, _) => FailureKind::Invalid,
        (status, code) => {
            assert!(status >= 500, "the cloud refuses with {status} {code}");
            FailureKind::Transient
        }
    };
    CloudFailure {
        kind,
        message: format!("{op:?}: {refusal}"),
        doubtful: refusal.status >= 500,
    }
}
