//! What must never happen, checked at every call: the invariants of the protocol as an observer
//! sees them who knows cloud and cluster but not the plan.

use std::collections::{BTreeMap, BTreeSet};

use modelarts_crd::ModelArtsPool;
use modelarts_plan::{Marker, StepKind};
use modelarts_types::pool::{Phase, Pool};

use super::World;
use super::faults::{Fault, Op};

/// A call that was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Called {
    pub at: u64,
    pub op: Op,
    pub fault: Option<Fault>,
}

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
    /// Length of the cloud's ledger when it was last looked at.
    mutations: usize,
    /// The highest generation that a status spoke of, by uid.
    generations: BTreeMap<String, i64>,
    /// IDs that a GET of the present reconcile showed, and with which description.
    shown: BTreeMap<String, String>,
    /// The newest generation that was sent to each pool.
    pub sent_generations: BTreeMap<String, i64>,
    /// Every change that was sent: to which pool, and what.
    pub patches: Vec<(String, serde_json::Value)>,
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

    pub fn showed(&mut self, pool: &Pool) {
        self.shown
            .insert(pool.id().unwrap_or_default().to_owned(), pool.description().to_owned());
    }

    /// A status or a finalizer was written.
    pub fn wrote(&mut self, before: &ModelArtsPool, after: &ModelArtsPool) {
        let uid = after.metadata.uid.clone().unwrap_or_default();
        let observed = |object: &ModelArtsPool| object.status.as_ref().and_then(|status| status.observed_generation);
        let generation = observed(after).unwrap_or_default();
        let highest = self.generations.entry(uid).or_insert(generation);
        assert!(generation >= *highest, "observedGeneration went back to {generation}");
        *highest = generation;
        assert_eq!(before.spec, after.spec, "the process wrote the spec");
        assert_eq!(
            before.metadata.labels, after.metadata.labels,
            "the process wrote labels"
        );
        let attempt = after.status.as_ref().and_then(|status| status.creation.as_ref());
        let finalizers = before.metadata.finalizers.iter().flatten();
        if attempt.is_some_and(|attempt| attempt.outcome.is_none()) {
            assert!(
                finalizers.into_iter().any(|name| name == modelarts_crd::FINALIZER),
                "an intent without a finalizer"
            );
        }
    }
}

impl World {
    /// A creation leaves: its intent is durable, its object is held, and its token is new.
    pub fn judge_create(&mut self, name: &str, token: &str, body: &Pool) {
        let object = self.kube.get(name).expect("the object of a creation is there");
        let attempt = object.status.as_ref().and_then(|status| status.creation.clone());
        let attempt = attempt.expect("a creation without an intent");
        assert_eq!(
            attempt.token, token,
            "a creation of another attempt than the durable one"
        );
        assert_eq!(attempt.outcome, None, "a creation of a closed attempt");
        let held = object
            .metadata
            .finalizers
            .iter()
            .flatten()
            .any(|name| name == modelarts_crd::FINALIZER);
        assert!(held, "a creation without a finalizer");
        assert!(
            object.metadata.deletion_timestamp.is_none(),
            "a creation for a deleted object"
        );
        assert_eq!(
            Marker::on(body),
            Some(self.marker_of(name)),
            "a creation without our marker"
        );
        let again = self.judge.tokens.iter().any(|sent| sent == token);
        assert!(!again, "token {token} was sent twice\n{}", self.story());
        self.judge.tokens.push(token.to_owned());
    }

    /// A marking leaves: a GET of this very reconcile showed what is marked over.
    pub fn judge_mark(&mut self, name: &str, id: &str, over: Option<&Marker>) {
        self.judge_managed(name);
        let shown = self.judge.shown.get(id).expect("a look before a marking");
        assert_eq!(Marker::find(shown).as_ref(), over, "{id} is marked over another marker");
        let living = over.is_some_and(|over| {
            let ours = *over == self.marker_of(name);
            let uids = self.kube.all().filter_map(|(_, object)| object.metadata.uid.clone());
            !ours && over.cluster == self.cluster.fingerprint() && uids.into_iter().any(|uid| uid == over.uid)
        });
        assert!(
            !living,
            "{id} belongs to a living object and is taken over\n{}",
            self.story()
        );
    }

    /// A change leaves: from a spec that is no older than any sent before, to what a GET of this very
    /// reconcile showed to be ours.
    pub fn judge_change(&mut self, name: &str, id: &str, generation: i64, patch: &serde_json::Value) {
        self.judge_managed(name);
        let deleted = self
            .kube
            .get(name)
            .is_some_and(|object| object.metadata.deletion_timestamp.is_some());
        assert!(
            !deleted || self.kube.get(name).is_none(),
            "a change for a deleted object"
        );
        let shown = self.judge.shown.get(id).and_then(|text| Marker::find(text));
        assert_eq!(
            shown,
            Some(self.marker_of(name)),
            "{id} is changed without a look that shows our marker"
        );
        let last = self.judge.sent_generations.entry(id.to_owned()).or_default();
        assert!(generation >= *last, "generation {generation} is sent after {last}");
        *last = generation;
        self.judge.patches.push((id.to_owned(), patch.clone()));
    }

    /// Whatever is sent, the object wants to be managed.
    fn judge_managed(&self, name: &str) {
        let object = self.kube.get(name).expect("the object of a change is there");
        let management = object.spec.management();
        assert_eq!(
            management,
            modelarts_crd::policy::ManagementPolicy::Manage,
            "{}",
            self.story()
        );
    }

    /// A deletion leaves: the object is being deleted, and a GET of this very reconcile showed our marker.
    pub fn judge_delete(&mut self, name: &str, id: &str) {
        let object = self.kube.get(name).expect("the object of a deletion is there");
        assert!(
            object.metadata.deletion_timestamp.is_some(),
            "a deletion for a living object"
        );
        let ours = self.marker_of(name);
        let seen = self
            .judge
            .shown
            .get(id)
            .and_then(|description| Marker::find(description));
        assert_eq!(
            seen,
            Some(ours.clone()),
            "{id} is deleted without a look that shows our marker"
        );
        for pool in self.pools() {
            assert!(
                pool.id() != Some(id) || Marker::on(&pool) == Some(ours.clone()),
                "{id} is deleted and is not ours\n{}",
                self.story()
            );
        }
    }

    /// The finalizer is gone: nothing of ours may be left, except by policy.
    pub fn judge_release(&mut self, object: &ModelArtsPool) {
        use modelarts_crd::policy::DeletionPolicy;
        assert!(
            object.metadata.deletion_timestamp.is_some(),
            "a living object was released"
        );
        use modelarts_crd::policy::ManagementPolicy;
        let said = object.spec.deletion_policy.or(self.namespace_policy);
        let detached = said == Some(DeletionPolicy::Detach) || self.kind_leaves;
        if detached || object.spec.management() != ManagementPolicy::Manage {
            return;
        }
        let uid = object.metadata.uid.as_deref().unwrap_or_default();
        let ours = Marker::of(uid, &self.cluster);
        let left = self.marked(&ours);
        assert!(left.is_empty(), "released with {left:?} left behind\n{}", self.story());
    }

    /// All pools that exist, failed records included.
    pub fn pools(&mut self) -> Vec<Pool> {
        let now = self.cloud_now();
        let views = self.cloud.all_pools(now);
        views
            .into_iter()
            .map(|view| serde_json::from_value(view).expect("a pool"))
            .collect()
    }

    /// The IDs of the live pools with a marker.
    pub fn marked(&mut self, marker: &Marker) -> Vec<String> {
        self.pools()
            .iter()
            .filter(|pool| {
                pool.phase() != Some(&Phase::CreationFailed)
                    && Marker::find(pool.description()).as_ref() == Some(marker)
            })
            .filter_map(|pool| pool.id().map(str::to_owned))
            .collect()
    }

    /// No object has two pools. Only what the ledger tells can have changed that.
    pub fn check(&mut self) {
        let now = self.cloud_now();
        let mutations = self.cloud.ledger(now).len();
        if std::mem::replace(&mut self.judge.mutations, mutations) == mutations {
            return;
        }
        let mut owners = BTreeSet::new();
        for pool in self.pools() {
            if pool.phase() == Some(&Phase::CreationFailed) {
                continue;
            }
            if let Some(marker) = Marker::on(&pool) {
                let first = owners.insert(marker.to_string());
                assert!(first || self.allow_twins, "two pools of {marker}\n{}", self.story());
            }
        }
    }

    pub fn tell(&mut self, text: impl AsRef<str>) {
        let line = format!("{:>9} {}", self.now, text.as_ref());
        self.judge.story.push(line);
    }
}
