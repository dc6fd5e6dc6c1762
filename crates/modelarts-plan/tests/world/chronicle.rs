//! The recorded life: what people did, what changed in the cloud and with which body, how the
//! conditions went, and which events were told, each with its time.
//!
//! It holds nothing that differs between two runs of the same story, so that it can be compared.

use std::collections::BTreeMap;

use modelarts_plan::kind::Status;
use modelarts_plan::report::{Notice, NoticeKind};
use modelarts_sim::ledger::Entry;
use serde_json::Value;

use super::kinds::Lives;
use super::{PROJECT, World};

/// Status, reason and message by type.
type Conditions = BTreeMap<String, (String, String, String)>;

/// A life in the making.
#[derive(Default)]
pub struct Chronicle {
    pub lines: Vec<String>,
    /// Every mutation that others did not do: operation and body, in order.
    pub mutations: Vec<(String, Value)>,
    /// Events by object, in order.
    pub events: Vec<(&'static str, String, &'static str)>,
    /// The conditions that were last written down, by kind and name.
    conditions: BTreeMap<(&'static str, String), Conditions>,
}

impl World {
    /// Writes a line down.
    pub fn chronicle(&mut self, text: &str) {
        let seconds = self.now / 1_000;
        let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        let text = text.replace(PROJECT, "<project>");
        let line = format!("{hours:02}:{minutes:02}:{seconds:02}  {text}");
        self.chronicle.lines.push(line);
    }

    pub fn chronicle_event<K: Lives>(&mut self, name: &str, notice: &Notice) {
        let kind = match notice.kind {
            NoticeKind::Normal => "",
            NoticeKind::Warning => "Warning ",
        };
        self.chronicle(&format!("  event    {name}: {kind}{}: {}", notice.reason, notice.note));
        let event = (K::KIND, name.to_owned(), notice.reason);
        self.chronicle.events.push(event);
    }

    /// Notes how the conditions of an object have changed.
    pub fn chronicle_object<K: Lives>(&mut self, name: &str, object: &K::Object) {
        let status = K::status(object);
        let now: Conditions = status
            .iter()
            .flat_map(|status| status.conditions())
            .map(|c| (c.type_.clone(), (c.status.clone(), c.reason.clone(), c.message.clone())))
            .collect();
        let key = (K::KIND, name.to_owned());
        let before = self
            .chronicle
            .conditions
            .insert(key.clone(), now.clone())
            .unwrap_or_default();
        for (type_, (status, reason, message)) in &now {
            let same = before
                .get(type_)
                .is_some_and(|(s, r, m)| (s, r, m) == (status, reason, message));
            // Both repeat what Ready says.
            let repeats = matches!(type_.as_str(), "Reconciling" | "Stalled")
                && now.get("Ready").is_some_and(|ready| ready.2 == *message);
            if same || (repeats && before.contains_key(type_)) {
                continue;
            }
            let text = if repeats { "" } else { message.as_str() };
            let line = format!("  status   {name}: {type_}={status} {reason} {text}");
            self.chronicle(line.trim_end());
        }
        for type_ in before.keys().filter(|type_| !now.contains_key(*type_)) {
            self.chronicle(&format!("  status   {name}: no longer {type_}"));
        }
        if K::shelf(self).get(name).is_none() {
            self.chronicle(&format!("  status   {name}: the object is gone"));
            self.chronicle.conditions.remove(&key);
        }
    }

    /// Notes a change of the cloud.
    pub fn chronicle_mutation(&mut self, entry: &Entry) {
        let sent = self.judge.sent.get(&entry.request_id);
        let body = sent.map(|sent| sent.body.clone()).unwrap_or_default();
        let ours = sent.is_some();
        let id = entry
            .pool_id
            .as_deref()
            .or(entry.network_id.as_deref())
            .unwrap_or_default();
        let outcome = match entry.outcome.as_str() {
            "accepted" => String::new(),
            other => format!(" ({other})"),
        };
        let shown = match &body {
            Value::Null => String::new(),
            body => format!(" {body}"),
        };
        let line = format!("  cloud    {} {id}{outcome}{shown}", entry.operation);
        self.chronicle(&line);
        if ours {
            self.chronicle.mutations.push((entry.operation.clone(), body));
        }
    }
}
