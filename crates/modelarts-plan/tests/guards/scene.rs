//! One look at the plan, without a world: the object, what was seen of the cloud and the moment are
//! said outright. It shows a guard at the very millisecond, and a sight that no honest cloud gives.

use std::sync::Arc;

use modelarts_crd::ModelArtsPool;
use modelarts_crd::status::Creation;
use modelarts_plan::desired::DesiredPool;
use modelarts_plan::kind::Desired;
use modelarts_plan::report::Report;
use modelarts_plan::{
    Account, Around, Cloud, CloudFailure, ClusterId, FailureKind, Kind, Listing, Marker, Memory, OpenAccount, Outcome,
    Plan, Pools, Shown, Step, Tick, Timing, Trouble, View, plan,
};
use modelarts_types::pool::Pool;
use serde_json::{Value, json};

/// Late enough that every window before it has passed.
pub const NOW: Tick = Tick(100_000_000);
/// The uid of the object.
pub const UID: &str = "own-uid";
/// The ID of its pool.
pub const ID: &str = "pool-1";

pub fn cluster() -> ClusterId {
    ClusterId("9be1e8c4-5df2-4be9-9e63-5c2a3c9c3b0a".into())
}

/// The object, the moment and the memory.
pub struct Scene {
    pub object: ModelArtsPool,
    pub account: Account,
    pub cloud: Cloud,
    pub around: Around,
    pub timing: Timing,
    pub now: Tick,
    pub wall: jiff::Timestamp,
    pub memory: Memory,
}

impl Scene {
    /// An object with our finalizer; `spec` is merged over its spec, `status` is its status.
    pub fn of(spec: &Value, status: &Value) -> Self {
        let mut wanted = json!({
            "scope": ["Train"], "network": {"name": "net-1"}, "resources": [{"flavor": "f", "count": 2}],
        });
        if let (Some(wanted), Some(spec)) = (wanted.as_object_mut(), spec.as_object()) {
            wanted.extend(spec.clone());
        }
        let object = json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
            "metadata": {"name": "train", "uid": UID, "generation": 1, "finalizers": [modelarts_crd::FINALIZER]},
            "spec": wanted, "status": status,
        });
        Self {
            object: serde_json::from_value(object).expect("an object"),
            account: Account::Open(OpenAccount {
                project: "project".into(),
                may_create: true,
            }),
            cloud: Cloud::default(),
            around: Around::default(),
            timing: Timing::default(),
            now: NOW,
            wall: jiff::Timestamp::UNIX_EPOCH,
            memory: Memory::default(),
        }
    }

    /// An object whose pool is on record.
    pub fn with_pool(spec: &Value) -> Self {
        Self::of(spec, &json!({"poolId": ID, "creation": attempt("Created")}))
    }

    /// The fingerprint of the spec.
    pub fn hash(&self) -> String {
        let desired = DesiredPool::parse(&self.object, &cluster()).expect("a good spec");
        Desired::hash(&desired).to_owned()
    }

    /// Both lists are begun now and show these pools.
    pub fn lists(&mut self, pools: &[Arc<Pool>]) {
        self.cloud.list = Some(listing(self.now, pools));
        self.cloud.set = Some(listing(self.now, pools));
    }

    /// Looking has failed since a moment.
    pub fn in_trouble_since(&mut self, since: Tick) {
        self.cloud.trouble = Some(Trouble {
            since,
            failure: failure(FailureKind::Transient),
        });
    }

    /// The object is being deleted.
    pub fn deleted(mut self) -> Self {
        let time = json!("2026-01-01T00:00:00Z");
        self.object.metadata.deletion_timestamp = serde_json::from_value(time).expect("a time");
        self
    }

    /// What is planned now, by a reconcile that began now.
    pub fn plan(&mut self) -> Plan {
        self.plan_begun(self.now)
    }

    /// What is planned now, by a reconcile that began earlier.
    pub fn plan_begun(&mut self, began: Tick) -> Plan {
        let cluster = cluster();
        let mut memory = std::mem::take(&mut self.memory);
        let planned = plan(&self.view(&cluster, began), &mut memory);
        self.memory = memory;
        planned
    }

    /// Takes in what came of a step, now.
    pub fn absorb(&mut self, step: &Step, outcome: Outcome) {
        let hash = self.hash();
        self.memory.absorb(step, outcome, None, &hash, self.now, self.now);
    }

    fn view<'a>(&'a self, cluster: &'a ClusterId, began: Tick) -> View<'a> {
        View {
            object: &self.object,
            cluster,
            account: &self.account,
            cloud: &self.cloud,
            around: &self.around,
            now: self.now,
            began,
            wall: self.wall,
            nonce: "n",
            fencing: None,
            timing: &self.timing,
        }
    }

    /// A report that is begun now.
    pub fn report(&self) -> Report<Pools> {
        Report::of(&self.view(&cluster(), self.now))
    }

    /// The attempt on record was written down by this process, now.
    pub fn opens(&mut self) {
        let creation = self.object.status.as_ref().and_then(|status| status.creation.clone());
        let (hash, now) = (self.hash(), self.now);
        self.memory
            .absorb(&Step::OpenAttempt, Outcome::Done, creation.as_ref(), &hash, now, now);
    }

    /// A creation for the attempt on record ends now.
    pub fn creates(&mut self, outcome: Outcome) {
        let token = "1-t".to_owned();
        self.memory.sent(&token);
        let body = Box::new(Pool::clone(&own_pool()));
        self.absorb(&Step::Create { token, body }, outcome);
    }

    /// Somebody writes into the record of the attempt.
    pub fn attempt(&mut self, edit: impl FnOnce(&mut Creation)) {
        let status = self.object.status.get_or_insert_default();
        edit(status.creation.as_mut().expect("an attempt"));
    }

    /// A GET of the pool ends now.
    pub fn shows(&mut self, shown: Shown) {
        self.absorb(&Step::LookAt { id: ID.into() }, Outcome::Shown(shown));
    }

    /// Plans until something else than a look by ID is planned, each of which shows this.
    pub fn plan_shown(&mut self, shown: &Shown) -> Plan {
        let mut planned = self.plan();
        for _ in 0..3 {
            if !matches!(planned.step, Step::LookAt { .. }) {
                break;
            }
            self.absorb(&planned.step, Outcome::Shown(shown.clone()));
            planned = self.plan();
        }
        planned
    }
}

/// What is planned at `now`, in a pass that began at `began`, with an open account and nothing around.
pub fn planned_at<K: Kind>(
    object: &K::Object,
    cloud: &Cloud<K>,
    (now, began): (Tick, Tick),
    memory: &mut Memory<K>,
) -> modelarts_plan::Plan<K> {
    let account = Account::Open(OpenAccount {
        project: "project".into(),
        may_create: true,
    });
    let (cluster, around, timing) = (cluster(), Around::default(), Timing::default());
    let view = View {
        object,
        cluster: &cluster,
        account: &account,
        cloud,
        around: &around,
        now,
        began,
        wall: jiff::Timestamp::UNIX_EPOCH,
        nonce: "n",
        fencing: None,
        timing: &timing,
    };
    plan(&view, memory)
}

/// The record of an attempt.
pub fn attempt(outcome: &str) -> Value {
    let outcome = (!outcome.is_empty()).then_some(outcome);
    let mut attempt = json!({"attempt": 1, "token": "1-t", "specHash": "h", "openedAt": "2026-01-01T00:00:00Z"});
    if let (Some(attempt), Some(outcome)) = (attempt.as_object_mut(), outcome) {
        attempt.insert("outcome".into(), json!(outcome));
    }
    attempt
}

pub fn listing(began: Tick, pools: &[Arc<Pool>]) -> Listing {
    Listing {
        began,
        items: pools.to_vec(),
        failed: Vec::new(),
    }
}

pub fn own() -> Marker {
    Marker::of(UID, &cluster())
}

/// A running pool with an ID, a name and a description.
pub fn pool(id: &str, name: &str, description: &str) -> Value {
    json!({
        "metadata": {
            "name": id,
            "labels": {"os.modelarts/name": name},
            "annotations": {"os.modelarts/description": description},
        },
        "spec": {"scope": ["Train"], "network": {"name": "net-1"}, "resources": [{"flavor": "f", "count": 2}]},
        "status": {
            "phase": "Running",
            "scope": [{"scopeType": "Train", "state": "Enabled"}],
            "resources": {"available": [{"flavor": "f", "count": 2}]},
        },
    })
}

/// The object's own pool.
pub fn own_pool() -> Arc<Pool> {
    shared(pool(ID, "train", &own().append_to("")))
}

pub fn shared(pool: Value) -> Arc<Pool> {
    Arc::new(serde_json::from_value(pool).expect("a pool"))
}

pub fn failure(kind: FailureKind) -> CloudFailure {
    CloudFailure {
        kind,
        message: "it failed".into(),
        doubtful: false,
    }
}

pub fn condition(plan: &Plan, type_: &str) -> Option<(String, String)> {
    let conditions = &plan.status.conditions;
    let condition = conditions.iter().find(|condition| condition.type_ == type_)?;
    Some((condition.status.clone(), condition.reason.clone()))
}

/// The text of Ready.
pub fn text(plan: &Plan) -> String {
    let conditions = &plan.status.conditions;
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready");
    ready.map(|condition| condition.message.clone()).unwrap_or_default()
}

/// The reason of Ready.
pub fn reason(plan: &Plan) -> String {
    condition(plan, "Ready").map(|(_, reason)| reason).unwrap_or_default()
}
