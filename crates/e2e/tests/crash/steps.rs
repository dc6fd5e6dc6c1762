//! Which calls each kind of step makes, and in which life of a pool each is met.
//!
//! The list of kinds is the core's own and matched without a wildcard: a new kind of step does not
//! compile here before it has its rows.

use e2e::proxy::{Call, Side};
use http::Method;
use modelarts_crd::FINALIZER;
use modelarts_plan::StepKind;
use serde_json::Value;

use crate::life::Life;

/// One call in one life, to be cut at each of its points.
#[derive(Clone, Copy)]
pub struct Row {
    /// What the call is for.
    pub what: &'static str,
    /// What it changes.
    pub effect: Effect,
    /// The life in which it is met.
    pub life: Life,
    is: Is,
    /// Calls count only after one that is this.
    after: Option<Is>,
}

/// Whether a call is the one, for the object of this name.
type Is = fn(&Call, &str) -> bool;

/// What a call changes. One that changes anything may also arrive after its sender is dead.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Nothing.
    Reads,
    /// The object.
    Writes,
    /// The cloud: a pool goes.
    Deletes,
    /// The cloud: a pool is made, which costs money from then on.
    Buys,
    /// The cloud: a pool that is there becomes another.
    Changes,
}

impl Row {
    const fn reads(what: &'static str, life: Life, is: Is) -> Self {
        Self::new(what, Effect::Reads, life, is)
    }

    const fn writes(what: &'static str, life: Life, is: Is) -> Self {
        Self::new(what, Effect::Writes, life, is)
    }

    const fn deletes(what: &'static str, life: Life, is: Is) -> Self {
        Self::new(what, Effect::Deletes, life, is)
    }

    const fn buys(what: &'static str, life: Life, is: Is) -> Self {
        Self::new(what, Effect::Buys, life, is)
    }

    const fn changes(what: &'static str, life: Life, is: Is) -> Self {
        Self::new(what, Effect::Changes, life, is)
    }

    const fn new(what: &'static str, effect: Effect, life: Life, is: Is) -> Self {
        Self {
            what,
            effect,
            life,
            is,
            after: None,
        }
    }

    const fn after(self, after: Is) -> Self {
        let after = Some(after);
        Self { after, ..self }
    }

    /// Recognises the call.
    pub fn matcher(self, name: &str) -> impl FnMut(&Call) -> bool + Send + 'static {
        let name = name.to_owned();
        let mut begun = self.after.is_none();
        move |call| {
            let found = begun && (self.is)(call, &name);
            begun |= self.after.is_some_and(|after| after(call, &name));
            found
        }
    }
}

/// The calls of a kind of step.
pub fn calls_of(kind: StepKind) -> Vec<Row> {
    let finalizer = |call: &Call, name: &str| is_finalizers(call, name, true);
    match kind {
        // To rest is to make no call; what a pass that rests writes of the status is below.
        StepKind::Rest => Vec::new(),
        StepKind::AddFinalizer => vec![Row::writes("the finalizer", Life::Plain, finalizer)],
        StepKind::LookAtScope => vec![
            Row::reads("the default list", Life::Plain, |call, _| lists(call) == Some("")).after(finalizer),
            Row::reads("the list of those being made", Life::Plain, |call, _| {
                lists(call) == Some("creating")
            }),
            Row::reads("the list of the failed", Life::Plain, |call, _| {
                lists(call) == Some("failed")
            }),
        ],
        StepKind::OpenAttempt => vec![Row::writes("the intent", Life::Plain, |call, name| {
            creation(call, name).is_some_and(|record| record["token"].is_string() && record["outcome"].is_null())
        })],
        StepKind::Create => vec![
            Row::buys("the creation", Life::Plain, creates),
            Row::buys(
                "the creation, then the object is deleted",
                Life::DeletedInDoubt,
                creates,
            ),
        ],
        StepKind::CloseAttempt => vec![
            Row::writes("Rejected", Life::Refused, |call, name| ends(call, name, "Rejected")),
            Row::writes("NotFound", Life::Unexecuted, |call, name| ends(call, name, "NotFound")),
            Row::writes("Lost", Life::Lost, |call, name| ends(call, name, "Lost")),
        ],
        StepKind::Record => vec![
            Row::writes("Created", Life::Plain, |call, name| ends(call, name, "Created")),
            Row::writes("Adopted", Life::Unanswered, |call, name| ends(call, name, "Adopted")),
            Row::writes("Adopted, as asked for", Life::Adopted, |call, name| {
                ends(call, name, "Adopted")
            }),
        ],
        StepKind::Mark => vec![
            Row::reads("before an adoption", Life::Adopted, looks),
            Row::changes("the marker of an adoption", Life::Adopted, changes),
            Row::changes("the marker that was lost", Life::Unmarked, changes),
        ],
        StepKind::Change => vec![
            Row::reads("before more nodes", Life::Grown, looks),
            Row::changes("more nodes", Life::Grown, changes),
            Row::changes("more nodes, then still more are asked for", Life::GrownAgain, changes),
            Row::changes("fewer nodes", Life::Shrunk, changes),
        ],
        StepKind::LookAt => vec![
            Row::reads("before the deletion", Life::Deleted, looks),
            Row::reads("after the deletion", Life::Deleted, looks).after(deletes),
            Row::reads("of a pool that a list lacks", Life::Lost, looks),
        ],
        StepKind::LookAtDetails => vec![
            Row::reads("its orders", Life::Ordered, orders),
            Row::reads("its nodes", Life::Broken, nodes),
        ],
        StepKind::LookAtCanary => vec![Row::reads("something else that exists", Life::Lost, |call, name| {
            call.side == Side::Cloud && call.method == Method::GET && has_id(call) && !of_ours(call, name, &Method::GET)
        })],
        StepKind::Delete => vec![Row::deletes("the deletion", Life::Deleted, deletes)],
        StepKind::RemoveFinalizer => vec![Row::writes("the finalizer", Life::Deleted, |call, name| {
            is_finalizers(call, name, false)
        })],
    }
}

/// The writes of the status that no step makes, but the end of a pass.
pub fn status_writes() -> Vec<Row> {
    vec![
        Row::writes("Ready", Life::Plain, |call, name| {
            says(call, name, |condition| {
                condition["type"] == "Ready" && condition["status"] == "True"
            })
        }),
        Row::writes("ConfirmingCreation", Life::Unexecuted, |call, name| {
            says(call, name, |condition| condition["reason"] == "ConfirmingCreation")
        }),
        Row::writes("ConfirmingLoss", Life::Lost, |call, name| {
            says(call, name, |condition| condition["reason"] == "ConfirmingLoss")
        }),
        Row::writes("Deleting", Life::Deleted, |call, name| {
            says(call, name, |condition| condition["reason"] == "Deleting")
        }),
    ]
}

/// A patch of an object's finalizers that does or does not hold ours.
fn is_finalizers(call: &Call, name: &str, ours: bool) -> bool {
    let body = call.json();
    let finalizers = &body["metadata"]["finalizers"];
    call.side == Side::Cluster
        && call.method == Method::PATCH
        && call.path.ends_with(&format!("/modelartspools/{name}"))
        && finalizers
            .as_array()
            .is_some_and(|all| all.iter().any(|one| one == FINALIZER) == ours)
}

/// The status in a patch of it.
fn status(call: &Call, name: &str) -> Option<Value> {
    let path = format!("/modelartspools/{name}/status");
    (call.side == Side::Cluster && call.method == Method::PATCH && call.path.ends_with(&path))
        .then(|| call.json()["status"].take())
}

fn creation(call: &Call, name: &str) -> Option<Value> {
    status(call, name).map(|mut status| status["creation"].take())
}

/// Whether it writes down that an attempt ended so.
fn ends(call: &Call, name: &str, outcome: &str) -> bool {
    creation(call, name).is_some_and(|record| record["outcome"] == outcome)
}

fn says(call: &Call, name: &str, test: fn(&Value) -> bool) -> bool {
    status(call, name).is_some_and(|status| status["conditions"].as_array().is_some_and(|all| all.iter().any(test)))
}

/// Which list of pools is asked for, by its filter on the status.
fn lists(call: &Call) -> Option<&str> {
    let is_list = call.side == Side::Cloud && call.method == Method::GET && call.path.ends_with("/pools");
    let status = call.query.split('&').find_map(|pair| pair.strip_prefix("status="));
    is_list.then(|| status.unwrap_or_default())
}

/// Whether it names something in the cloud by ID.
fn has_id(call: &Call) -> bool {
    call.path.contains("/pools/") || call.path.contains("/networks/")
}

fn of_ours(call: &Call, name: &str, method: &Method) -> bool {
    call.side == Side::Cloud && call.method == method && call.path.contains(&format!("/pools/{name}-"))
}

fn looks(call: &Call, name: &str) -> bool {
    of_ours(call, name, &Method::GET) && !nodes(call, name)
}

fn nodes(call: &Call, name: &str) -> bool {
    of_ours(call, name, &Method::GET) && call.path.ends_with("/nodes")
}

fn orders(call: &Call, name: &str) -> bool {
    let of_pool = call.query.contains(&format!("involvedName={name}-"));
    call.side == Side::Cloud && call.method == Method::GET && call.path.ends_with("/orders") && of_pool
}

fn changes(call: &Call, name: &str) -> bool {
    of_ours(call, name, &Method::PATCH)
}

fn deletes(call: &Call, name: &str) -> bool {
    of_ours(call, name, &Method::DELETE)
}

fn creates(call: &Call, name: &str) -> bool {
    let is_creation = call.side == Side::Cloud && call.method == Method::POST && call.path.ends_with("/pools");
    let body = call.json();
    let label = body["metadata"]["labels"]["os.modelarts/name"].as_str();
    is_creation && label.is_some_and(|label| label.starts_with(&format!("{name}-")))
}
