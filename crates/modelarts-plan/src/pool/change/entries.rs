//! The entries of `resources` after the next request.
//!
//! The list that is sent is the list that was read, with what is wanted laid over it, because the
//! service resets what a PATCH leaves out. Nodes are added first and taken away in a later request;
//! while nodes that are wanted cannot be added, none are taken away.

use modelarts_crd::conditions::Reason;
use modelarts_types::keys;
use modelarts_types::pool::{Pool, PoolResource};
use serde_json::{Map, Value, json};

use super::Held;
use super::portion::{Growth, grown, spread, unit_of};
use crate::pool::desired::DesiredPool;
use crate::pool::drift::{self, Pair};
use crate::pool::written;

/// Bit of `controlMode`: the flavors may not be changed.
const FLAVORS_FIXED: i64 = 2;
/// Most entries of a pool.
const MOST_ENTRIES: usize = 10;

/// What to send.
pub(super) struct Entries {
    /// The full list; of no use if `fields` is empty.
    pub list: Vec<Value>,
    /// What it changes.
    pub fields: Vec<String>,
    /// Whether nodes are added.
    pub grows: bool,
    /// Whether nodes are removed.
    pub shrinks: bool,
    /// Whether an entry of the spec is still not there after it.
    pub incomplete: bool,
    /// What is not changed, and why.
    pub refusals: Vec<Held>,
}

/// Why the entries that were read are no ground to build a list on.
pub(super) fn unclear(observed: &Pool) -> Option<&'static str> {
    let entries = observed.spec.resources();
    if entries.is_empty() {
        return Some("the cloud does not say what nodes the pool has, so they are not changed");
    }
    if entries
        .iter()
        .any(|entry| entry.flavor.is_none() || entry.count.is_none_or(|count| count < 1))
    {
        return Some("an entry of the pool in the cloud has no flavor or no count, so its nodes are not changed");
    }
    let twice = |(index, entry): (usize, &PoolResource)| entries[..index].iter().any(|e| drift::same_entry(e, entry));
    entries.iter().enumerate().any(twice).then_some(
        "two entries of the pool in the cloud have the same flavor and nodePool, so its nodes are not changed",
    )
}

/// Plans the next request. The entries that were read must not be [`unclear`].
pub(super) fn plan(desired: &DesiredPool, observed: &Pool) -> Entries {
    let mut refusals = Vec::new();
    let mut slots: Vec<Slot<'_>> = drift::pairs(desired, observed)
        .into_iter()
        .map(|pair| Slot::new(desired, observed, pair, &mut refusals))
        .collect();
    decide(&mut slots, observed.spec.resources().len());
    // In the order of the cloud: an order that differs is no change.
    let position = |slot: &Slot<'_>| {
        let there = |entry: &PoolResource| observed.spec.resources().iter().position(|e| std::ptr::eq(e, entry));
        slot.there.and_then(there).unwrap_or(usize::MAX)
    };
    let mut sent: Vec<&Slot<'_>> = slots.iter().filter(|slot| slot.now > 0).collect();
    sent.sort_by_key(|slot| position(slot));
    Entries {
        list: sent.into_iter().map(|slot| slot.value(desired)).collect(),
        fields: slots.iter().flat_map(|slot| slot.changes(desired)).collect(),
        grows: slots.iter().any(|slot| slot.now > slot.from),
        shrinks: slots.iter().any(|slot| slot.now < slot.from),
        incomplete: slots.iter().any(|slot| slot.there.is_none() && slot.now == 0),
        refusals,
    }
}

/// An entry on its way. Counts are 0 where there is none.
struct Slot<'a> {
    wanted: Option<&'a PoolResource>,
    there: Option<&'a PoolResource>,
    /// Nodes that it has.
    from: i64,
    /// Nodes that it should have in the end, as far as that is allowed.
    goal: i64,
    /// Nodes that it has after the next request.
    now: i64,
    unit: i64,
    /// Whether it should grow and must not.
    short: bool,
    /// Fields beside count and zones that are laid over.
    overlay: Vec<&'static str>,
}

impl<'a> Slot<'a> {
    fn new(desired: &DesiredPool, observed: &Pool, pair: Pair<'a>, refusals: &mut Vec<Held>) -> Self {
        let (wanted, there) = match pair {
            Pair::Both(wanted, there) => (Some(wanted), Some(there)),
            Pair::Added(wanted) => (Some(wanted), None),
            Pair::Gone(there) => (None, Some(there)),
        };
        let from = there.and_then(|there| there.count).unwrap_or_default();
        let asked = match pair {
            Pair::Both(wanted, _) => drift::managed_count(desired, wanted).unwrap_or(from),
            // A count that others own counts when the entry is made.
            Pair::Added(wanted) => wanted.count.unwrap_or_default(),
            Pair::Gone(_) => 0,
        };
        let refused = refusal(desired, observed, pair, from, asked);
        let overlay = match (&refused, pair) {
            (Some((Reason::ImmutableField, _)), _) => Vec::new(),
            (_, Pair::Both(wanted, there)) => drift::entry_fields(desired, wanted, there)
                .into_iter()
                .filter(|field| !matches!(*field, "count" | "azs"))
                .collect(),
            _ => Vec::new(),
        };
        let mut slot = Self {
            wanted,
            there,
            from,
            goal: if refused.is_some() { from } else { asked },
            now: from,
            unit: there.or(wanted).map_or(1, unit_of),
            short: refused.is_some() && (asked > from || there.is_none()),
            overlay,
        };
        if let Some((reason, text)) = refused {
            let field = slot.refused_field(desired, reason);
            let text = format!("spec.{field}: {text}");
            refusals.push(Held {
                fields: vec![field],
                reason,
                text,
            });
            if reason == Reason::ImmutableField {
                slot.wanted = None;
            }
        }
        slot
    }

    fn refused_field(&self, desired: &DesiredPool, reason: Reason) -> String {
        match (self.wanted, self.there, reason) {
            (Some(wanted), Some(_), Reason::ImmutableField) => drift::field_name(desired, wanted, "creatingStep"),
            (Some(wanted), Some(_), _) => drift::field_name(desired, wanted, "count"),
            (Some(entry), None, _) | (None, Some(entry), _) => entry_field(entry),
            (None, None, _) => "resources".to_owned(),
        }
    }

    /// The fields that the next request changes, as the user writes them.
    fn changes(&self, desired: &DesiredPool) -> Vec<String> {
        let (wanted, there) = match (self.wanted, self.there) {
            (Some(wanted), Some(there)) => (wanted, there),
            (Some(entry), None) | (None, Some(entry)) if self.now != self.from => return vec![entry_field(entry)],
            _ => return Vec::new(),
        };
        let count = (self.now != self.from).then_some("count");
        let azs = drift::entry_fields(desired, wanted, there)
            .into_iter()
            .find(|field| *field == "azs" && self.zones_go(desired));
        let overlay = self.overlay.iter().copied();
        count
            .into_iter()
            .chain(azs)
            .chain(overlay)
            .map(|field| drift::field_name(desired, wanted, field))
            .collect()
    }

    /// Zones go with the count that they add up to, or in its proportions on the way up to it.
    fn zones_go(&self, desired: &DesiredPool) -> bool {
        let count = self.wanted.and_then(|wanted| drift::managed_count(desired, wanted));
        self.now != self.from || count.is_none_or(|count| count == self.now)
    }

    /// The entry as it is sent.
    fn value(&self, desired: &DesiredPool) -> Value {
        let mut entry = members(self.there.or(self.wanted));
        entry.remove("maxCount");
        let wanted = members(self.wanted);
        for field in &self.overlay {
            if let Some(value) = wanted.get(*field) {
                let there = entry.remove(*field);
                entry.insert((*field).to_owned(), overlaid(there, value));
            }
        }
        if let (Some(wanted), Some(there)) = (self.wanted, self.there) {
            for field in &self.overlay {
                let stale = written::stale(desired, wanted, there, field);
                if let Some(Value::Object(map)) = entry.get_mut(*field) {
                    map.retain(|key, _| !stale.contains(key));
                }
            }
        }
        if self.now != self.from {
            entry.insert("count".to_owned(), json!(self.now));
            entry.remove("azs");
        }
        let azs = self.wanted.and_then(|wanted| match self.there {
            Some(there) => drift::managed_azs(desired, wanted, there),
            None => wanted.azs.as_deref(),
        });
        if let Some(azs) = azs.filter(|_| self.zones_go(desired)) {
            entry.insert("azs".to_owned(), json!(spread(azs, self.now, self.unit)));
        }
        Value::Object(entry)
    }
}

fn entry_field(entry: &PoolResource) -> String {
    format!("resources[{}]", drift::entry_name(entry))
}

/// Why the entry cannot get the count that is asked for, or be changed at all.
fn refusal(desired: &DesiredPool, observed: &Pool, pair: Pair<'_>, from: i64, asked: i64) -> Option<(Reason, String)> {
    let mode = observed.spec.control_mode.unwrap_or_default();
    let paid = observed.metadata.annotations.get(keys::BILLING_MODE) == Some("1");
    let flavors = || {
        let text = "the service does not allow entries to be added or removed (controlMode 2); put resources back \
                    as the pool has them";
        (Reason::ChangeRefused, text.to_owned())
    };
    match pair {
        Pair::Added(_) if asked < 1 => {
            let text = "an entry is added to a pool with a count only; set spec.nodes or its count";
            return Some((Reason::ChangeRefused, text.to_owned()));
        }
        Pair::Added(_) | Pair::Gone(_) if mode & FLAVORS_FIXED != 0 => return Some(flavors()),
        Pair::Both(wanted, there) if drift::entry_fields(desired, wanted, there).contains(&"creatingStep") => {
            let text = "the pool's entry has another creatingStep, which cannot be changed; put it back, or make an \
                        entry with a nodePool of its own";
            return Some((Reason::ImmutableField, text.to_owned()));
        }
        Pair::Both(_, there) if asked != from && asked % unit_of(there) != 0 => {
            let unit = unit_of(there);
            let below = asked / unit * unit;
            let fits = match below {
                0 => format!("{unit} is the next that is"),
                _ => format!("{below} and {} are the next that are", below + unit),
            };
            let text = format!("{asked} is no whole multiple of the pool's creatingStep {unit}; {fits}");
            return Some((Reason::ChangeRefused, text));
        }
        _ => {}
    }
    (paid && asked < from).then(|| {
        let text = format!(
            "nodes that are paid for by the month or year cannot be removed by a change of the pool, and it has {from}; \
             put the count back, or unsubscribe nodes in the console first"
        );
        (Reason::SubscriptionActive, text)
    })
}

/// Sets what each entry has after the next request.
fn decide(slots: &mut [Slot<'_>], entries: usize) {
    let short = slots.iter().any(|slot| slot.short);
    let room = MOST_ENTRIES.saturating_sub(entries);
    let mut added = 0;
    let growth: Vec<Growth> = slots
        .iter()
        .map(|slot| {
            added += usize::from(slot.there.is_none() && slot.goal > 0);
            // An entry that would be one too many comes when another has gone.
            let held = slot.there.is_none() && added > room;
            Growth {
                count: slot.from,
                goal: if held { slot.from } else { slot.goal.max(slot.from) },
                unit: slot.unit,
            }
        })
        .collect();
    let grows = growth.iter().any(|entry| entry.goal > entry.count);
    if grows {
        for (slot, count) in slots.iter_mut().zip(grown(&growth)) {
            slot.now = count;
        }
        return;
    }
    if short {
        return;
    }
    let mut left = entries;
    for slot in slots.iter_mut().filter(|slot| slot.goal < slot.from) {
        // The last entry stays until there is another.
        if slot.goal > 0 || left > 1 {
            left -= usize::from(slot.goal == 0);
            slot.now = slot.goal;
        }
    }
}

fn members(entry: Option<&PoolResource>) -> Map<String, Value> {
    match serde_json::to_value(entry) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

/// What was read with what is wanted laid over it; members that are not named stay.
fn overlaid(there: Option<Value>, wanted: &Value) -> Value {
    match (there, wanted) {
        (Some(Value::Object(mut there)), Value::Object(wanted)) => {
            for (key, value) in wanted {
                let old = there.remove(key);
                there.insert(key.clone(), overlaid(old, value));
            }
            Value::Object(there)
        }
        (Some(Value::Array(there)), Value::Array(wanted)) if there.len() == wanted.len() => {
            let pairs = there.into_iter().zip(wanted);
            pairs.map(|(there, wanted)| overlaid(Some(there), wanted)).collect()
        }
        (_, wanted) => wanted.clone(),
    }
}
