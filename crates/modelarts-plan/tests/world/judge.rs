//! What must never happen, checked at every call: the invariants of the protocol as an observer
//! sees them who knows cloud and cluster but not the plan.

use std::collections::{BTreeMap, BTreeSet};

use modelarts_crd::policy::{DeletionPolicy, ManagementPolicy};
use modelarts_plan::kind::{Resource, Status};
use modelarts_plan::{Kind, Marker, Networks, Pools, StepKind};
use modelarts_sim::operation::Operation;
use modelarts_types::pool::Pool;
use serde_json::Value;

use super::World;
use super::faults::{Fault, Op};
use super::kinds::Lives;
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
    /// How often the cloud has accepted it.
    pub accepted: u32,
}

/// A thing in the cloud: its kind and its ID.
type Thing = (&'static str, String);

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
    /// What happened, in words.
    pub story: Vec<String>,
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
    /// The newest generation that was sent to each thing.
    pub sent_generations: BTreeMap<Thing, i64>,
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
    pub fn judge_create<K: Lives>(&mut self, name: &str, token: &str, body: &K::Resource) {
        self.judge_managed::<K>(name);
        let object = K::shelf(self).object(name);
        let attempt = K::status(object).and_then(|status| status.creation().cloned());
        let attempt = attempt.expect("a creation without an intent");
        assert_eq!(
            attempt.token, token,
            "a creation of another attempt than the durable one"
        );
        assert_eq!(attempt.outcome, None, "a creation of a closed attempt");
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
            Some(self.marker_of_any::<K>(name)),
            "a creation without our marker"
        );
        let again = self.judge.tokens.iter().any(|sent| sent == token);
        assert!(!again, "token {token} was sent twice\n{}", self.story());
        self.judge.tokens.push(token.to_owned());
        let paid = K::body(body)["metadata"]["annotations"]["os.modelarts/auto.pay"].clone();
        let asked = K::value(K::shelf(self).object(name))["spec"]["billing"]["autoPay"].clone();
        assert!(
            matches!(paid.as_str(), None | Some("0" | "false")) || asked == Value::Bool(true),
            "money is spent that nobody allowed"
        );
    }

    /// A marking leaves: a GET of this very reconcile showed what is marked over, and nothing else changes.
    pub fn judge_mark<K: Lives>(&mut self, name: &str, id: &str, over: Option<&Marker>, patch: &Value) {
        self.judge_managed::<K>(name);
        assert!(
            self.judge.shown.contains_key(&(K::NOUN, id.to_owned())),
            "a look before a marking"
        );
        let shown = self.judge.shown_marker::<K>(id);
        assert_eq!(shown.as_ref(), over, "{id} is marked over another marker");
        let living = over.is_some_and(|over| {
            let ours = *over == self.marker_of_any::<K>(name);
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
    pub fn judge_change<K: Lives>(&mut self, name: &str, id: &str, generation: i64, patch: &Value) {
        self.judge_managed::<K>(name);
        let object = K::shelf(self).object(name);
        let leaving = K::metadata(object).deletion_timestamp.is_some();
        // Somebody may delete the object while the pass is under way: its own read did not show it.
        let read_later = K::metadata(object).generation != Some(generation);
        assert!(!leaving || read_later, "a change for a deleted object");
        let (shown, ours) = (self.judge.shown_marker::<K>(id), self.marker_of_any::<K>(name));
        assert_eq!(
            shown,
            Some(ours),
            "{id} is changed without a look that shows our marker\n{}",
            self.story()
        );
        let last = self.judge.sent_generations.entry((K::NOUN, id.to_owned())).or_default();
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
    fn judge_managed<K: Lives>(&self, name: &str) {
        let object = K::shelf(self).get(name).expect("the object of a step is there");
        let management = K::terms(&object).management;
        assert_eq!(management, ManagementPolicy::Manage, "{}", self.story());
    }

    /// A deletion leaves: the object is being deleted, and a GET of this very reconcile showed our marker.
    pub fn judge_delete<K: Lives>(&mut self, name: &str, id: &str) {
        let object = K::shelf(self).get(name).expect("the object of a deletion is there");
        let terms = K::terms(&object);
        assert!(
            K::metadata(&object).deletion_timestamp.is_some(),
            "a deletion for a living object"
        );
        assert_eq!(terms.management, ManagementPolicy::Manage, "a deletion by hand only");
        let detached = terms.deletion.or(self.namespace_policy) == Some(DeletionPolicy::Detach);
        assert!(!detached && !self.kind_leaves, "{id} is deleted although it is to stay");
        let ours = self.marker_of_any::<K>(name);
        assert_eq!(
            self.judge.shown_marker::<K>(id),
            Some(ours.clone()),
            "{id} is deleted without a look that shows our marker"
        );
        for thing in self.things::<K>() {
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
        let said = terms.deletion.or(self.namespace_policy);
        let detached = said == Some(DeletionPolicy::Detach) || self.kind_leaves;
        if detached || terms.management != ManagementPolicy::Manage {
            return;
        }
        let ours = Marker::of(metadata.uid.as_deref().unwrap_or_default(), &self.cluster);
        let left = self.marked_any::<K>(&ours);
        assert!(left.is_empty(), "released with {left:?} left behind\n{}", self.story());
    }

    /// All things of a kind that exist, failed records included.
    pub fn things<K: Lives>(&mut self) -> Vec<K::Resource> {
        let now = self.cloud_now();
        let views = match K::CALLS.list.1 {
            Operation::ListPools => self.cloud.all_pools(now),
            _ => self.cloud.all_networks(now),
        };
        views.into_iter().map(K::read).collect()
    }

    /// All pools that exist, failed records included.
    pub fn pools(&mut self) -> Vec<Pool> {
        self.things::<Pools>()
    }

    /// The IDs of the live pools with a marker.
    pub fn marked(&mut self, marker: &Marker) -> Vec<String> {
        self.marked_any::<Pools>(marker)
    }

    /// The IDs of the live things with a marker.
    pub fn marked_any<K: Lives>(&mut self, marker: &Marker) -> Vec<String> {
        self.things::<K>()
            .iter()
            .filter(|thing| !K::has_failed(thing) && Marker::find(thing.description()).as_ref() == Some(marker))
            .filter_map(|thing| thing.id().map(str::to_owned))
            .collect()
    }

    /// Every change of the cloud is explained, and no object has two things. Only what the ledger tells
    /// can have changed that.
    pub fn check(&mut self) {
        let now = self.cloud_now();
        let seen = self.judge.mutations;
        let new = self.cloud.ledger(now)[seen..].to_vec();
        if new.is_empty() {
            return;
        }
        self.judge.mutations += new.len();
        for entry in &new {
            self.explain(entry);
        }
        self.check_twins::<Pools>();
        self.check_twins::<Networks>();
    }

    /// The ledger holds what a step of a plan sent, each at most once, and what others did under names of their own.
    fn explain(&mut self, entry: &modelarts_sim::ledger::Entry) {
        let others = ["OutOfBand", "Console"];
        if !others.iter().any(|word| entry.operation.starts_with(word)) {
            let sent = self.judge.sent.get_mut(&entry.request_id);
            assert!(sent.is_some(), "nobody sent {entry:?}");
            let Some(sent) = sent else { return };
            assert_eq!(sent.operation.name(), entry.operation, "another request than was sent");
            sent.accepted += 1;
            assert_eq!(sent.accepted, 1, "{entry:?} was executed twice");
        }
        self.chronicle_mutation(entry);
    }

    fn check_twins<K: Lives>(&mut self) {
        let mut owners = BTreeSet::new();
        for thing in self.things::<K>() {
            if K::has_failed(&thing) {
                continue;
            }
            if let Some(marker) = Marker::find(thing.description()) {
                let first = owners.insert(marker.to_string());
                assert!(first || self.allow_twins, "two of {marker}\n{}", self.story());
            }
        }
    }

    pub fn tell(&mut self, text: impl AsRef<str>) {
        let line = format!("{:>9} {}", self.now, text.as_ref());
        self.judge.story.push(line);
    }
}
