//! What to say: the status of an object, and the event that goes with a transition.
//!
//! The conditions follow kstatus: `Ready` is always there, `Reconciling` and `Stalled` only while
//! true. A text changes only when its reason does, so a failing cloud causes one write and not one
//! in every interval.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use modelarts_crd::conditions::{ConditionType, Reason};
use modelarts_crd::status::Creation;

use crate::failure::{CloudFailure, Remedy};
use crate::kind::{Kind, Status};
use crate::step::Details;
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
    /// Nobody looks, because the user wants it so.
    Paused(String),
}

impl Verdict {
    /// What it says.
    #[must_use]
    pub fn text(&self) -> &String {
        match self {
            Self::Ready(text) | Self::Working(_, text) | Self::Stalled(_, text) => text,
            Self::Blind(_, text) | Self::Paused(text) => text,
        }
    }

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
    /// It differs in these fields: why, and what of it.
    Differs(Reason, Vec<String>, String),
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
pub struct Report<K: Kind> {
    status: K::Status,
    generation: i64,
    wall: Timestamp,
}

impl<K: Kind> Report<K> {
    /// Begins with what the object says now.
    #[must_use]
    pub fn of(view: &View<'_, K>) -> Self {
        let mut status = view.status().cloned().unwrap_or_default();
        status.begin(view);
        let parts = status.parts();
        *parts.observed_generation = Some(view.generation());
        *parts.handled_request = view.requested_at().map(str::to_owned);
        Self {
            status,
            generation: view.generation(),
            wall: view.wall,
        }
    }

    /// Takes in what is wanted.
    pub fn wants(&mut self, desired: &K::Desired) {
        self.status.want(desired);
    }

    /// Takes in what the cloud says.
    pub fn mirror(&mut self, view: &View<'_, K>, resource: &K::Resource) {
        self.status.mirror(view, resource);
    }

    /// Takes in what else is known.
    pub fn detail(&mut self, details: &Details) {
        self.status.detail(details);
    }

    /// Forgets what was seen of a thing that is no more.
    pub fn clear(&mut self) {
        *self.status.parts().id = None;
        self.status.clear();
    }

    /// The record of the last attempt.
    pub fn creation(&mut self) -> &mut Option<Creation> {
        self.status.parts().creation
    }

    /// The spec of this generation is what the cloud has, or was sent.
    pub fn applied(&mut self, desired: &K::Desired) {
        let generation = self.generation;
        self.status.settle(desired);
        *self.status.parts().applied = Some(generation);
    }

    /// Sets the conditions.
    pub fn conclude(&mut self, verdict: &Verdict, sync: &Sync) {
        let (ready, reason, text) = match verdict {
            Verdict::Ready(text) => ("True", Reason::Ready, text),
            Verdict::Working(reason, text) | Verdict::Stalled(reason, text) => ("False", *reason, text),
            Verdict::Blind(reason, text) => ("Unknown", *reason, text),
            Verdict::Paused(text) => ("Unknown", Reason::Suspended, text),
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
            Sync::Differs(reason, fields, why) => {
                let fields: Vec<String> = fields.iter().map(|field| format!("spec.{field}")).collect();
                let text = format!("the cloud differs from {}; {why}", fields.join(", "));
                self.set(ConditionType::Synced, "False", *reason, &text);
            }
            Sync::Unknown(reason, text) => self.set(ConditionType::Synced, "Unknown", *reason, text),
            Sync::AsBefore => self.touch(ConditionType::Synced),
        }
    }

    /// The finished status.
    #[must_use]
    pub fn finish(self) -> K::Status {
        self.status
    }

    /// A condition that is there only while it is true. Answers whether it became so now.
    pub fn while_true(&mut self, type_: ConditionType, told: Option<(Reason, &str)>) -> bool {
        let conditions = self.status.parts().conditions;
        let was = conditions.iter().any(|condition| condition.type_ == type_.as_str());
        let (reason, text) = told.unwrap_or((Reason::Ready, ""));
        self.set_while(type_, told.is_some(), reason, text);
        told.is_some() && !was
    }

    fn set_while(&mut self, type_: ConditionType, is_so: bool, reason: Reason, text: &str) {
        if is_so {
            self.set(type_, "True", reason, text);
        } else {
            let conditions = self.status.parts().conditions;
            conditions.retain(|condition| condition.type_ != type_.as_str());
        }
    }

    /// What was said before was looked at in this generation and stands.
    fn touch(&mut self, type_: ConditionType) {
        let generation = self.generation;
        let conditions = self.status.parts().conditions;
        if let Some(condition) = conditions
            .iter_mut()
            .find(|condition| condition.type_ == type_.as_str())
        {
            condition.observed_generation = Some(generation);
        }
    }

    fn set(&mut self, type_: ConditionType, status: &str, reason: Reason, text: &str) {
        let wall = Time(whole_seconds(self.wall));
        let generation = Some(self.generation);
        let conditions = self.status.parts().conditions;
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
