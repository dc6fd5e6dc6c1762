//! What no plan may be, whatever it was made from: the rules of the protocol as somebody states them
//! who sees the object, the cloud and the plan, and not how the plan was made.

use std::collections::BTreeSet;
use std::sync::Arc;

use modelarts_crd::policy::{DeletionPolicy, ManagementPolicy};
use modelarts_plan::kind::{Resource, Status};
use modelarts_plan::{Account, Kind, Marker, Outcome, Plan, Shown, Step, View};
use serde::Serialize;
use serde_json::Value;

use crate::scenes::Fuzzed;

/// Longest text of a condition and of an event that the API server takes.
const CONDITION: usize = 32_768;
const NOTE: usize = 1_024;
/// Longest time without a look: an hour.
const HOUR: u64 = 3_600_000;

/// What happened so far in a scene.
pub struct Judge<K: Kind> {
    /// Tokens that this process wrote down, and those that it sent.
    opened: BTreeSet<String>,
    sent: BTreeSet<String>,
    /// The answers to its creations.
    made: Vec<Arc<K::Resource>>,
    /// What GETs showed since the object was last read.
    shown: Vec<Arc<K::Resource>>,
    /// The same, and from before.
    ever: Vec<Arc<K::Resource>>,
}

impl<K: Kind> Default for Judge<K> {
    fn default() -> Self {
        Self {
            opened: BTreeSet::new(),
            sent: BTreeSet::new(),
            made: Vec::new(),
            shown: Vec::new(),
            ever: Vec::new(),
        }
    }
}

impl<K: Fuzzed> Judge<K> {
    /// The object is read live.
    pub fn reads(&mut self) {
        self.shown.clear();
    }

    /// A step ended so.
    pub fn hears(&mut self, step: &Step<K>, outcome: &Outcome<K>) {
        match (step, outcome) {
            (Step::LookAt { .. }, Outcome::Shown(Shown::Present(thing))) | (_, Outcome::Changed(thing)) => {
                self.shown.push(Arc::clone(thing));
                self.ever.push(Arc::clone(thing));
            }
            (_, Outcome::Created(thing)) => self.made.push(Arc::clone(thing)),
            _ => {}
        }
    }

    /// What the newest GET of this ID showed in this very reconcile.
    fn showed(&self, id: &str) -> Option<&Arc<K::Resource>> {
        self.shown.iter().rfind(|thing| thing.id() == Some(id))
    }

    /// Whether that showed our marker.
    fn showed_ours(&self, view: &View<'_, K>, id: &str) -> bool {
        self.showed(id)
            .is_some_and(|thing| Marker::on(&**thing) == Some(view.marker()))
    }

    pub fn judges(&mut self, view: &View<'_, K>, plan: &Plan<K>) {
        judge_texts(view, plan);
        assert!(plan.next_look <= HOUR, "nobody looks for {} ms", plan.next_look);
        let (leaving, held) = (view.is_leaving(), view.has_finalizer());
        let management = view.terms().management;
        match &plan.step {
            Step::Rest => assert!(plan.next_look > 0, "a rest that ends at once is none"),
            Step::LookAtScope { .. } | Step::LookAt { .. } | Step::LookAtCanary | Step::LookAtDetails { .. } => {
                assert_ne!(management, ManagementPolicy::Pause, "a paused object makes no call");
            }
            Step::AddFinalizer => assert!(!leaving && !held),
            Step::RemoveFinalizer => assert!(leaving && held),
            Step::OpenAttempt => self.judge_intent(view, plan),
            Step::Create { token, body } => self.judge_creation(view, token, body),
            Step::CloseAttempt => assert!(plan.status.creation().is_some_and(|record| record.outcome.is_some())),
            Step::Record => self.judge_record(view, plan),
            Step::Mark { id, over, .. } => {
                may_change(view);
                let seen = self.showed(id).expect("a look before a mark");
                assert_eq!(
                    Marker::on(&**seen).as_ref(),
                    over.as_ref(),
                    "marked over something else than was seen"
                );
            }
            Step::Change { id, patch, .. } => {
                may_change(view);
                assert!(!leaving, "what is leaving is not changed");
                assert!(self.showed_ours(view, id), "changed without a look at our marker");
                judge_counts(patch, self.showed(id).map(|thing| written(&**thing)).as_ref());
            }
            Step::Delete { id } => {
                may_change(view);
                let said = view.terms().deletion;
                let policy = said.or(view.around.deletion).unwrap_or(DeletionPolicy::Delete);
                assert!(leaving && policy == DeletionPolicy::Delete && !view.around.kind_leaves);
                assert!(
                    said.is_some() || view.around.misspelt.is_none(),
                    "deleted on a misspelt word"
                );
                assert!(view.around.users.is_empty(), "deleted although it is used");
                assert!(self.showed_ours(view, id), "deleted without a look at our marker");
            }
        }
    }

    fn judge_intent(&mut self, view: &View<'_, K>, plan: &Plan<K>) {
        may_change(view);
        assert!(view.has_finalizer() && !view.is_leaving(), "the finalizer comes first");
        let record = plan.status.creation().expect("an intent");
        let last = view.creation();
        assert!(
            last.is_none_or(|last| last.outcome.is_some()),
            "an open attempt is given up"
        );
        assert!(last.is_none_or(|last| last.token != record.token && last.attempt <= record.attempt));
        assert!(view.cloud.set.is_some(), "an intent without a look");
        assert!(!view.cloud.frozen && view.recorded_id().is_none());
        let ours = |listing: &modelarts_plan::Listing<K>| !listing.marked(&view.marker()).is_empty();
        let newest = view.cloud.newest(Default::default());
        assert!(
            !newest.is_some_and(ours),
            "a second one is bought in sight of the first"
        );
        self.opened.insert(record.token.clone());
    }

    fn judge_creation(&mut self, view: &View<'_, K>, token: &str, body: &K::Resource) {
        may_change(view);
        assert!(view.has_finalizer() && !view.is_leaving());
        let record = view.creation().expect("an intent that is written down");
        assert!(
            record.outcome.is_none() && record.token == token,
            "another attempt than the one on record"
        );
        assert!(self.opened.contains(token), "somebody else's attempt is sent");
        assert!(self.sent.insert(token.to_owned()), "{token} is sent twice");
        assert_eq!(Marker::on(body).as_ref(), Some(&view.marker()));
        assert!(
            body.description().chars().count() <= 47 + 1 + 52 + view.uid().len(),
            "{}",
            body.description()
        );
        let name = body.display_name().unwrap_or_default();
        let plain = |octet: u8| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-';
        assert!((4..=25).contains(&name.len()) && name.bytes().all(plain), "{name}");
        assert_eq!(
            body.is_subscription(),
            view.terms().subscription,
            "another way to pay than was written"
        );
        judge_counts(&written(body), None);
    }

    fn judge_record(&self, view: &View<'_, K>, plan: &Plan<K>) {
        let id = plan.status.id().expect("an ID to record");
        let ours = |thing: &Arc<K::Resource>| thing.id() == Some(id) && Marker::on(&**thing) == Some(view.marker());
        let lists = [view.cloud.list.as_ref(), view.cloud.set.as_ref()]
            .into_iter()
            .flatten();
        let seen = lists
            .flat_map(|listing| listing.items.iter())
            .chain(&self.ever)
            .any(ours);
        let made = self.made.iter().any(|thing| thing.id() == Some(id));
        assert!(seen || made, "{id} was never seen to be ours");
    }
}

/// Whoever touches the cloud must be allowed to.
fn may_change<K: Kind>(view: &View<'_, K>) {
    assert!(matches!(view.account, Account::Open(_)), "the account is closed");
    assert_eq!(view.terms().management, ManagementPolicy::Manage);
}

/// No request asks for fewer nodes than one, or for more than a spec may; what is there may stay.
fn judge_counts(asked: &Value, there: Option<&Value>) {
    let entries = |document: &Value| document.pointer("/spec/resources").and_then(Value::as_array).cloned();
    let there: Vec<Value> = there.and_then(entries).unwrap_or_default();
    for entry in entries(asked).unwrap_or_default() {
        let Some(count) = entry.get("count") else { continue };
        let kept = there.iter().any(|known| known.get("count") == Some(count));
        let fits = count.as_i64().is_some_and(|count| (1..=2000).contains(&count));
        assert!(kept || fits, "{entry}");
    }
}

fn written<R: Serialize>(thing: &R) -> Value {
    serde_json::to_value(thing).expect("a thing can be written")
}

/// What is written must be such that the API server takes it: a status that it refuses is never shown,
/// and the object stands still.
fn judge_texts<K: Kind>(view: &View<'_, K>, plan: &Plan<K>) {
    let word = |text: &str| {
        let inner = |c: char| c.is_ascii_alphanumeric() || "_,:".contains(c);
        text.starts_with(|c: char| c.is_ascii_alphabetic()) && text.chars().all(inner) && !text.ends_with([',', ':'])
    };
    let before = view.status().map(Status::conditions).unwrap_or_default();
    for condition in plan.status.conditions() {
        // What stood there and stays is not ours to judge.
        if before
            .iter()
            .any(|known| known.type_ == condition.type_ && known.reason == condition.reason)
        {
            continue;
        }
        assert!(
            condition.message.chars().count() <= CONDITION,
            "a message of {} octets",
            condition.message.len()
        );
        assert!(word(&condition.reason), "{:?}", condition.reason);
    }
    if let Some(notice) = &plan.notice {
        assert!(notice.note.len() <= NOTE && word(notice.reason) && !notice.note.is_empty());
    }
}
