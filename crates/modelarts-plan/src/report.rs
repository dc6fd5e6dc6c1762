//! What to say: the status of an object, and the event that goes with a transition.
//!
//! The conditions follow kstatus: `Ready` is always there, `Reconciling` and `Stalled` only while
//! true. A text changes only when its reason does, so a failing cloud causes one write and not one
//! in every interval.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use modelarts_crd::ModelArtsPoolStatus;
use modelarts_crd::conditions::{ConditionType, Reason};
use modelarts_crd::status::{DriverState, DriverStates, FlavorNodes, NodeCounts, NodeTotals, ScopeState};
use modelarts_types::pool::{Counts, Pool, PoolStatus};

use crate::desired::Desired;
use crate::failure::{CloudFailure, Remedy};
use crate::view::View;

/// Longest text in a condition or an event.
pub const TEXT: usize = 900;

/// How an object stands.
#[derive(Clone, Debug, PartialEq)]
pub enum Verdict {
    /// As wanted.
    Ready(String),
    /// Going on, or waiting for what clears by itself.
    Working(Reason, String),
    /// A person has to do something.
    Stalled(Reason, String),
    /// Nothing has been seen for so long that readiness is not known.
    Blind(Reason, String),
}

impl Verdict {
    /// The verdict on a failed call.
    #[must_use]
    pub fn on(failure: &CloudFailure) -> Self {
        match failure.reason() {
            (reason, Remedy::Wait) => Self::Working(reason, failure.message.clone()),
            (reason, Remedy::Person) => Self::Stalled(reason, failure.message.clone()),
        }
    }
}

/// Whether the cloud is as the spec says.
#[derive(Clone, Debug, PartialEq)]
pub enum Sync {
    /// It is.
    Synced,
    /// It differs in these fields.
    Differs(Vec<String>),
    /// It cannot be told.
    Unknown(Reason, String),
    /// Nothing new is known; what was said before stands.
    AsBefore,
}

/// Kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoticeKind {
    /// All is well.
    Normal,
    /// Somebody should look.
    Warning,
}

/// An event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Its kind.
    pub kind: NoticeKind,
    /// Its reason, a word.
    pub reason: &'static str,
    /// What was being done, a word.
    pub action: &'static str,
    /// The text.
    pub note: String,
}

/// A status in the making: what was there, with what was seen and decided in this pass.
#[derive(Clone, Debug)]
pub struct Report {
    status: ModelArtsPoolStatus,
    generation: i64,
    wall: Timestamp,
}

impl Report {
    /// Begins with what the object says now.
    #[must_use]
    pub fn of(view: &View<'_>) -> Self {
        let mut status = view.object.status.clone().unwrap_or_default();
        status.observed_generation = Some(view.generation());
        status.last_handled_reconcile_at = view.requested_at().map(str::to_owned);
        status.selector = Some(format!("{}={}", modelarts_crd::POOL_UID_LABEL, view.uid()));
        Self {
            status,
            generation: view.generation(),
            wall: view.wall,
        }
    }

    /// Takes in what is wanted.
    pub fn wants(&mut self, desired: &Desired) {
        self.status.pool_name = Some(desired.pool_name.clone());
        let available = self.status.nodes.as_ref().map_or(0, |nodes| nodes.available);
        self.status.nodes = Some(NodeTotals {
            desired: desired.nodes,
            available,
        });
        let mut flavors: Vec<&str> = desired
            .pool
            .spec
            .resources()
            .iter()
            .filter_map(|entry| entry.flavor.as_deref())
            .collect();
        flavors.dedup();
        self.status.flavors = Some(flavors.join(","));
    }

    /// Takes in what the cloud says of the pool.
    pub fn mirror(&mut self, pool: &Pool) {
        let seen = pool.status.clone().unwrap_or_default();
        self.status.resource_id = pool.resource_id().map(str::to_owned);
        self.status.created_at = pool.created_at().map(str::to_owned);
        self.status.phase = pool.phase().map(|phase| phase.as_str().to_owned());
        self.status.message = seen
            .message
            .clone()
            .filter(|message| !message.is_empty())
            .map(|message| cut(&message));
        self.status.resources = Some(counts(&seen));
        if let Some(nodes) = &mut self.status.nodes {
            nodes.available = total(seen.resources.as_ref().and_then(|all| all.available.as_ref()));
            if nodes.desired.is_none() {
                nodes.desired = Some(pool.spec.resources().iter().filter_map(|entry| entry.count).sum());
            }
        }
        self.status.scope = scopes(&seen);
        self.status.driver = drivers(&seen);
        self.status.control_mode = pool.spec.control_mode;
    }

    /// Forgets what was seen of a pool that is no more.
    pub fn clear(&mut self) {
        let status = &mut self.status;
        (status.pool_id, status.resource_id, status.created_at) = (None, None, None);
        (status.phase, status.message, status.resources) = (None, None, None);
        (status.driver, status.control_mode) = (None, None);
        status.scope.clear();
        if let Some(nodes) = &mut status.nodes {
            nodes.available = 0;
        }
    }

    /// The status as it stands, to be changed by a step.
    pub fn status_mut(&mut self) -> &mut ModelArtsPoolStatus {
        &mut self.status
    }

    /// Sets the conditions.
    pub fn conclude(&mut self, verdict: &Verdict, sync: &Sync) {
        let (ready, reason, text) = match verdict {
            Verdict::Ready(text) => ("True", Reason::Ready, text),
            Verdict::Working(reason, text) | Verdict::Stalled(reason, text) => ("False", *reason, text),
            Verdict::Blind(reason, text) => ("Unknown", *reason, text),
        };
        self.set(ConditionType::Ready, ready, reason, text);
        let working = matches!(verdict, Verdict::Working(..) | Verdict::Blind(..));
        self.set_while(ConditionType::Reconciling, working, reason, text);
        self.set_while(
            ConditionType::Stalled,
            matches!(verdict, Verdict::Stalled(..)),
            reason,
            text,
        );
        match sync {
            Sync::Synced => self.set(
                ConditionType::Synced,
                "True",
                Reason::Synced,
                "the cloud is as the spec says",
            ),
            Sync::Differs(fields) => {
                let text = format!(
                    "the cloud differs from the spec in {}; this version does not send changes",
                    fields
                        .iter()
                        .map(|field| format!("spec.{field}"))
                        .collect::<Vec<_>>()
                        .join(", ")
                );
                self.set(ConditionType::Synced, "False", Reason::ChangePending, &text);
            }
            Sync::Unknown(reason, text) => self.set(ConditionType::Synced, "Unknown", *reason, text),
            Sync::AsBefore => self.touch(ConditionType::Synced),
        }
    }

    /// The finished status.
    #[must_use]
    pub fn finish(self) -> ModelArtsPoolStatus {
        self.status
    }

    fn set_while(&mut self, type_: ConditionType, is_so: bool, reason: Reason, text: &str) {
        if is_so {
            self.set(type_, "True", reason, text);
        } else {
            self.status
                .conditions
                .retain(|condition| condition.type_ != type_.as_str());
        }
    }

    /// What was said before was looked at in this generation and stands.
    fn touch(&mut self, type_: ConditionType) {
        let generation = self.generation;
        if let Some(condition) = self
            .status
            .conditions
            .iter_mut()
            .find(|condition| condition.type_ == type_.as_str())
        {
            condition.observed_generation = Some(generation);
        }
    }

    fn set(&mut self, type_: ConditionType, status: &str, reason: Reason, text: &str) {
        let wall = Time(whole_seconds(self.wall));
        let generation = Some(self.generation);
        let conditions = &mut self.status.conditions;
        match conditions
            .iter_mut()
            .find(|condition| condition.type_ == type_.as_str())
        {
            Some(condition) => {
                let same_reason = condition.status == status && condition.reason == reason.as_str();
                if condition.status != status {
                    condition.last_transition_time = wall;
                }
                let stands = is_volatile(reason) || lasting(&condition.message) == lasting(&cut(text));
                if !(same_reason && stands && !condition.message.is_empty()) {
                    condition.message = cut(text);
                }
                condition.status = status.to_owned();
                condition.reason = reason.as_str().to_owned();
                condition.observed_generation = generation;
            }
            None => {
                conditions.push(Condition {
                    type_: type_.as_str().to_owned(),
                    status: status.to_owned(),
                    reason: reason.as_str().to_owned(),
                    message: cut(text),
                    last_transition_time: wall,
                    observed_generation: generation,
                });
                conditions.sort_by_key(|condition| order_of(&condition.type_));
            }
        }
    }
}

/// Whether the texts of a reason differ from call to call, by a request ID for example.
fn is_volatile(reason: Reason) -> bool {
    matches!(reason, Reason::CloudUnavailable | Reason::Throttled | Reason::SoldOut)
}

/// A text without the parts that differ from call to call although it says the same.
fn lasting(text: &str) -> String {
    let mut text = text.to_owned();
    for opening in [" (request ", " (clock skew of "] {
        while let Some(begin) = text.find(opening) {
            let end = text[begin..].find(')').map_or(text.len(), |length| begin + length + 1);
            text.replace_range(begin..end, "");
        }
    }
    text
}

fn order_of(type_: &str) -> usize {
    ["Ready", "Reconciling", "Stalled", "Synced"]
        .iter()
        .position(|known| *known == type_)
        .unwrap_or(usize::MAX)
}

fn whole_seconds(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

/// At most [`TEXT`] bytes, cut between characters.
#[must_use]
pub fn cut(text: &str) -> String {
    if text.len() <= TEXT {
        return text.to_owned();
    }
    let mut end = TEXT - 3;
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}...", &text[..end])
}

fn total(counts: Option<&Counts>) -> i64 {
    counts.map_or(0, Counts::total)
}

fn counts(seen: &PoolStatus) -> NodeCounts {
    let list = |counts: Option<&Counts>| -> Vec<FlavorNodes> {
        counts
            .map(Counts::entries)
            .unwrap_or_default()
            .iter()
            .map(|entry| FlavorNodes {
                flavor: entry.flavor.clone().unwrap_or_default(),
                count: entry.count.unwrap_or_default(),
                node_pool: entry.node_pool.clone(),
            })
            .collect()
    };
    let all = seen.resources.as_ref();
    NodeCounts {
        creating: list(all.and_then(|all| all.creating.as_ref())),
        available: list(all.and_then(|all| all.available.as_ref())),
        abnormal: list(all.and_then(|all| all.abnormal.as_ref())),
        deleting: list(all.and_then(|all| all.deleting.as_ref())),
        creation_failed: list(all.and_then(|all| all.creation_failed.as_ref())),
    }
}

fn scopes(seen: &PoolStatus) -> Vec<ScopeState> {
    seen.scope
        .iter()
        .flatten()
        .map(|scope| ScopeState {
            scope_type: scope.scope_type.clone().unwrap_or_default(),
            state: scope.state.clone().unwrap_or_default(),
        })
        .collect()
}

fn drivers(seen: &PoolStatus) -> Option<DriverStates> {
    let state = |driver: &modelarts_types::pool::DriverState| DriverState {
        version: driver.version.clone(),
        state: driver.state.clone(),
    };
    seen.driver.as_ref().map(|all| DriverStates {
        gpu: all.gpu.as_ref().map(state),
        npu: all.npu.as_ref().map(state),
    })
}
