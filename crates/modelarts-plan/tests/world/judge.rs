//! What must never happen, checked at every call: the invariants of the protocol as an observer
//! sees them who knows cloud and cluster but not the plan.

use std::collections::BTreeMap;

use modelarts_crd::policy::{DeletionPolicy, ManagementPolicy};
use modelarts_plan::kind::{Resource, Status};
use modelarts_plan::{Kind, Marker, StepKind};
use modelarts_sim::operation::Operation;
use serde_json::Value;

use super::World;
use super::faults::{Fault, Op};
use super::kinds::Lives;
use super::ownership::{Ownership, Sender};
use super::sizes;

/// A call that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Called {
    pub at: u64,
    pub op: Op,
    pub fault: Option<Fault>,
}

/// A request that changes the cloud, as it left.
#[derive(Clone, Debug)]
pub struct Mutation {
    pub operation: Operation,
    pub id: String,
    pub body: Value,
    pub sender: Option<Sender>,
    /// How often the cloud has accepted it.
    pub accepted: u32,
}

/// A thing in the cloud: its kind and its ID.
pub type Thing = (&'static str, String);

/// The step under way, and what was shown in its reconcile.
type Doing = (Option<(&'static str, String, StepKind)>, BTreeMap<Thing, String>);

#[derive(Default)]
pub struct Judge {
    /// Every call of every process, in order.
    pub calls: Vec<Called>,
    /// Every step but rest, and when.
    pub steps: Vec<(u64, StepKind)>,
    /// How many plans were made.
    pub plans: usize,
    /// Events that were told.
    pub events: Vec<&'static str>,
    /// Tokens of creations that were sent, in order.
    pub tokens: Vec<String>,
    /// The step that is being done: kind and name of the object, and which step.
    pub doing: Option<(&'static str, String, StepKind)>,
    /// Every request that changes the cloud, by its ID.
    pub sent: BTreeMap<String, Mutation>,
    /// Length of the cloud's ledger when it was last looked at.
    pub mutations: usize,
    /// The highest generation that a status spoke of, by uid.
    generations: BTreeMap<String, i64>,
    /// What a GET of the present reconcile showed, and with which description.
    shown: BTreeMap<Thing, String>,
    /// The newest generation of each object that was sent to each thing, by uid and ID.
    pub sent_generations: BTreeMap<(String, String), i64>,
    pub ownership: Ownership,
    /// For whom the next request is.
    sender: Option<Sender>,
    /// Objects whose finalizer was taken away.
    pub released: usize,
    /// Every change that was sent: to which ID, and what.
    pub patches: Vec<(String, Value)>,
}

impl Judge {
    pub fn count(&self, op: Op) -> usize {
        self.calls.iter().filter(|call| call.op == op).count()
    }

    pub fn cloud_calls(&self) -> usize {
        self.calls.iter().filter(|call| call.op.is_cloud()).count()
    }

    /// When the calls of a kind were made.
    pub fn times(&self, op: Op) -> Vec<u64> {
        self.calls
            .iter()
            .filter(|call| call.op == op)
            .map(|call| call.at)
            .collect()
    }

    /// A reconcile begins: what was seen before it justifies no deletion.
    pub fn reconcile_begins(&mut self) {
        self.shown.clear();
    }

    pub fn showed<K: Kind>(&mut self, thing: &K::Resource) {
        let key = (K::NOUN, thing.id().unwrap_or_default().to_owned());
        self.shown.insert(key, thing.description().to_owned());
    }

    fn shown_marker<K: Kind>(&self, id: &str) -> Option<Marker> {
        let shown = self.shown.get(&(K::NOUN, id.to_owned()));
        shown.and_then(|description| Marker::find(description))
    }

    /// What is being done, put aside while somebody else acts.
    pub fn set_aside(&mut self) -> Doing {
        (self.doing.take(), std::mem::take(&mut self.shown))
    }

    /// Goes on with what was put aside.
    pub fn take_up(&mut self, (doing, shown): Doing) {
        (self.doing, self.shown) = (doing, shown);
    }

    /// A request that changes the cloud leaves: only the step of that name may send it.
    pub fn sends(&mut self, request_id: &str, operation: Operation, id: &str, body: Value) {
        use Operation as O;
        let doing = self.doing.as_ref().map(|(_, _, step)| *step);
        let fits = match operation {
            O::CreatePool | O::CreateNetwork => doing == Some(StepKind::Create),
            O::PatchPool | O::PatchNetwork => matches!(doing, Some(StepKind::Mark | StepKind::Change)),
            O::DeletePool | O::DeleteNetwork => doing == Some(StepKind::Delete),
            _ => false,
        };
        assert!(fits, "{operation} is sent by {:?}", self.doing);
        let mutation = Mutation {
            operation,
            id: id.to_owned(),
            body,
            sender: self.sender.take(),
            accepted: 0,
        };
        let before = self.sent.insert(request_id.to_owned(), mutation);
        assert!(before.is_none(), "{request_id} was sent before");
    }

    /// A status or a finalizer was written.
    pub fn wrote<K: Lives>(&mut self, before: &K::Object, after: &K::Object) {
        let uid = K::metadata(after).uid.clone().unwrap_or_default();
        let observed = |object: &K::Object| {
            let mut status = K::status(object).cloned();
            status.as_mut().and_then(|status| *status.parts().observed_generation)
        };
        let generation = observed(after).unwrap_or_default();
        let highest = self.generations.entry(uid).or_insert(generation);
        assert!(generation >= *highest, "observedGeneration went back to {generation}");
        *highest = generation;
        assert!(K::spec(before) == K::spec(after), "the process wrote the spec");
        let labels = |object: &K::Object| K::metadata(object).labels.clone();
        assert_eq!(labels(before), labels(after), "the process wrote labels");
        let attempt = K::status(after).and_then(|status| status.creation());
        let mut finalizers = K::metadata(before).finalizers.iter().flatten();
        if attempt.is_some_and(|attempt| attempt.outcome.is_none()) {
            assert!(
                finalizers.any(|name| name == K::FINALIZER),
                "an intent without a finalizer"
            );
        }
    }
}

impl World {
    /// A creation leaves: its intent is durable, its object is held, and its token is new.
    pub fn judge_create<K: Lives>(&mut self, read: &K::Object, body: &K::Resource) {
        let object = &self.judged::<K>(read);
        self.judge_managed::<K>(object);
        self.judge.sender = Some(self.sender::<K>(object));
        let intent = |object: &K::Object| {
            let attempt = K::status(object).and_then(|status| status.creation().cloned());
            attempt
                .filter(|attempt| attempt.outcome.is_none())
                .map(|attempt| attempt.token)
        };
        let durable = intent(object).expect("a creation without an intent");
        assert_eq!(
            Some(durable),
            intent(read),
            "a creation of another attempt than the durable one"
        );
        let mut finalizers = K::metadata(object).finalizers.iter().flatten();
        assert!(
            finalizers.any(|name| name == K::FINALIZER),
            "a creation without a finalizer"
        );
        assert!(
            K::metadata(object).deletion_timestamp.is_none(),
            "a creation for a deleted object"
        );
        assert_eq!(
            Marker::find(body.description()),
            Some(self.marker_on::<K>(object)),
            "a creation without our marker"
        );
        let paid = K::body(body)["metadata"]["annotations"]["os.modelarts/auto.pay"].clone();
        let asked = K::value(object)["spec"]["billing"]["autoPay"].clone();
        assert!(
            matches!(paid.as_str(), None | Some("0" | "false")) || asked == Value::Bool(true),
            "money is spent that nobody allowed"
        );
    }

    /// A creation is put on the wire: its token never was before.
    pub fn judge_token(&mut self, token: &str) {
        let again = self.judge.tokens.iter().any(|sent| sent == token);
        assert!(!again, "token {token} was sent twice\n{}", self.story());
        self.judge.tokens.push(token.to_owned());
    }

    /// The object by which a step is judged: the newest, if the process has read this generation of it,
    /// else the one that it read live in this very reconcile. What people did since cannot be known to it.
    fn judged<K: Lives>(&self, read: &K::Object) -> K::Object {
        let seen = K::metadata(read);
        let name = seen.name.as_deref().unwrap_or_default();
        let newest = K::shelf(self).get(name).filter(|newest| {
            let newest = K::metadata(newest);
            newest.uid == seen.uid && newest.generation == seen.generation
        });
        newest.unwrap_or_else(|| read.clone())
    }

    fn marker_on<K: Lives>(&self, object: &K::Object) -> Marker {
        Marker::of(K::metadata(object).uid.as_deref().unwrap_or_default(), &self.cluster)
    }

    /// A marking leaves: a GET of this very reconcile showed what is marked over, and nothing else changes.
    pub fn judge_mark<K: Lives>(&mut self, read: &K::Object, id: &str, over: Option<&Marker>, patch: &Value) {
        let object = &self.judged::<K>(read);
        self.judge_managed::<K>(object);
        self.judge.sender = Some(self.sender::<K>(object));
        assert!(
            self.judge.shown.contains_key(&(K::NOUN, id.to_owned())),
            "a look before a marking"
        );
        let shown = self.judge.shown_marker::<K>(id);
        assert_eq!(shown.as_ref(), over, "{id} is marked over another marker");
        let living = over.is_some_and(|over| {
            let ours = *over == self.marker_on::<K>(object);
            let mut uids = K::shelf(self).uids();
            !ours && over.cluster == self.cluster.fingerprint() && uids.any(|uid| uid == over.uid)
        });
        assert!(
            !living,
            "{id} belongs to a living object and is taken over\n{}",
            self.story()
        );
        assert_eq!(patch.get("spec"), None, "a marking changes more than the description");
    }

    /// A change leaves: from a spec that is no older than any sent before, to what a GET of this very
    /// reconcile showed to be ours.
    pub fn judge_change<K: Lives>(&mut self, read: &K::Object, id: &str, generation: i64, patch: &Value) {
        // Somebody may delete the object while the pass is under way: its own read did not show it.
        let object = &self.judged::<K>(read);
        self.judge_managed::<K>(object);
        self.judge.sender = Some(self.sender::<K>(object));
        let leaving = K::metadata(object).deletion_timestamp.is_some();
        assert!(!leaving, "a change for a deleted object");
        let (shown, ours) = (self.judge.shown_marker::<K>(id), self.marker_on::<K>(object));
        assert_eq!(
            shown,
            Some(ours),
            "{id} is changed without a look that shows our marker\n{}",
            self.story()
        );
        // Generations are those of one object: what it had may be another's by now.
        let uid = K::metadata(object).uid.clone().unwrap_or_default();
        let last = self.judge.sent_generations.entry((uid, id.to_owned())).or_default();
        assert!(generation >= *last, "generation {generation} is sent after {last}");
        *last = generation;
        if let Some(resources) = patch["spec"].get("resources") {
            let now = self.cloud_now();
            let pools = self.cloud.all_pools(now);
            let pool = pools.iter().find(|pool| pool["metadata"]["name"] == *id);
            let checked = sizes::check(pool, resources);
            assert_eq!(checked, Ok(()), "{resources}\n{}", self.story());
        }
        self.judge.patches.push((id.to_owned(), patch.clone()));
    }

    /// Whatever is sent, the object wants to be managed.
    fn judge_managed<K: Lives>(&self, object: &K::Object) {
        let management = K::terms(object).management;
        assert_eq!(management, ManagementPolicy::Manage, "{}", self.story());
    }

    /// A deletion leaves: the object is being deleted, and a GET of this very reconcile showed our marker.
    pub fn judge_delete<K: Lives>(&mut self, read: &K::Object, id: &str) {
        let object = &self.judged::<K>(read);
        self.judge.sender = Some(self.sender::<K>(object));
        let terms = K::terms(object);
        assert!(
            K::metadata(object).deletion_timestamp.is_some(),
            "a deletion for a living object"
        );
        assert_eq!(terms.management, ManagementPolicy::Manage, "a deletion by hand only");
        let detached = terms.deletion.or(self.namespace_policy) == Some(DeletionPolicy::Detach);
        assert!(!detached && !self.kind_leaves, "{id} is deleted although it is to stay");
        let ours = self.marker_on::<K>(object);
        assert_eq!(
            self.judge.shown_marker::<K>(id),
            Some(ours.clone()),
            "{id} is deleted without a look that shows our marker"
        );
        for thing in self.existing::<K>().iter() {
            let meant = thing.id() == Some(id);
            assert!(
                !meant || Marker::find(thing.description()) == Some(ours.clone()),
                "{id} is deleted and is not ours\n{}",
                self.story()
            );
            assert!(!(meant && thing.is_subscription()), "a subscription is deleted");
        }
    }

    /// The finalizer is gone: nothing of ours may be left, except by policy.
    pub fn judge_release<K: Lives>(&mut self, object: &K::Object) {
        let metadata = K::metadata(object);
        assert!(metadata.deletion_timestamp.is_some(), "a living object was released");
        let terms = K::terms(object);
        self.judge.released += 1;
        let uid = metadata.uid.clone().unwrap_or_default();
        let said = terms.deletion.or(self.namespace_policy);
        let detached = said == Some(DeletionPolicy::Detach) || self.kind_leaves;
        if detached || terms.management != ManagementPolicy::Manage {
            self.leave_alone(&uid);
            return;
        }
        let ours = Marker::of(&uid, &self.cluster);
        let left = self.marked_any::<K>(&ours);
        assert!(left.is_empty(), "released with {left:?} left behind\n{}", self.story());
    }
}
