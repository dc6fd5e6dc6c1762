//! What was accepted, in order, and how often each operation was called.
//!
//! The ledger is the judge of "never a second pool": entries are only ever appended, and an entry
//! is made exactly where the cloud changes, whether or not the caller ever hears of it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{
    clock::{Millis, stamp},
    operation::Operation,
};

/// One accepted mutation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// 1, 2, 3, ...
    pub sequence: u64,
    /// When, in simulated time, RFC 3339.
    pub time: String,
    /// The project ID.
    pub project: String,
    /// The operation, or `OutOfBandCreate`, `OutOfBandPatch`, `OutOfBandDelete`.
    pub operation: String,
    /// The pool concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pool_id: Option<String>,
    /// The network concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_id: Option<String>,
    /// The display name of what is concerned.
    pub display_name: String,
    /// The pool's description after the change, where people and programs say whose it is. Absent
    /// without one, for networks, and for a pool that vanished with the change.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The `X-Request-Id` of the answer, whether or not it arrived.
    pub request_id: String,
    /// `accepted`, or the name of the fault that struck after the change was made.
    pub outcome: String,
}

/// What a mutation was about; the ledger adds the rest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subject {
    /// The pool concerned.
    pub pool: Option<String>,
    /// The network concerned.
    pub network: Option<String>,
    /// Its display name.
    pub name: String,
    /// A pool's description.
    pub description: Option<String>,
}

/// Who asked, for the ledger.
#[derive(Debug, Clone, Copy)]
pub struct Trace<'a> {
    /// The name of the operation.
    pub operation: &'a str,
    /// The request ID.
    pub request_id: &'a str,
    /// What to write as outcome.
    pub outcome: &'a str,
}

/// The append-only record.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
}

impl Ledger {
    /// Appends one accepted mutation.
    pub fn append(&mut self, now: Millis, project: &str, subject: Subject, trace: Trace<'_>) {
        self.entries.push(Entry {
            sequence: self.entries.len() as u64 + 1,
            time: stamp(now),
            project: project.to_owned(),
            operation: trace.operation.to_owned(),
            pool_id: subject.pool,
            network_id: subject.network,
            display_name: subject.name,
            description: subject.description,
            request_id: trace.request_id.to_owned(),
            outcome: trace.outcome.to_owned(),
        });
    }

    /// All entries, oldest first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }
}

/// How often an operation was called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// All calls, also those that were refused or lost.
    pub count: u64,
    /// Calls answered with a status of 400 or more.
    pub rejected: u64,
    /// Calls that a fault struck.
    pub faults: u64,
}

/// How the calls of one caller went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CallerTally {
    /// Calls answered with a status below 400. With `refused`, all calls.
    pub accepted: u64,
    /// Calls answered with a status of 400 or more.
    pub refused: u64,
    /// Of those that were refused: 401, for the credentials.
    pub unauthenticated: u64,
    /// Of those that were refused: 403, for the project, the action or the standing.
    pub denied: u64,
    /// Calls that a fault struck, however they ended.
    pub faults: u64,
    /// The IAM actions that its calls needed.
    pub actions: BTreeSet<&'static str>,
}

/// One call, for the counts of its caller.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// What was called, if anything that is known.
    pub operation: Option<Operation>,
    /// The status of the answer.
    pub status: u16,
    /// Whether a fault struck.
    pub struck: bool,
}

/// Counts per operation and per caller.
#[derive(Debug, Clone, Default)]
pub struct Requests {
    tallies: BTreeMap<&'static str, Tally>,
    callers: BTreeMap<String, CallerTally>,
}

impl Requests {
    /// The tally of an operation, to be counted up.
    pub fn tally(&mut self, operation: Option<Operation>) -> &mut Tally {
        let name = operation.map_or("Unknown", Operation::name);
        self.tallies.entry(name).or_default()
    }

    /// Counts one call of a caller.
    pub fn count_caller(&mut self, caller: String, call: Counted) {
        let status = call.status;
        let tally = self.callers.entry(caller).or_default();
        if status < 400 {
            tally.accepted += 1;
        } else {
            tally.refused += 1;
        }
        tally.unauthenticated += u64::from(status == 401);
        tally.denied += u64::from(status == 403);
        tally.faults += u64::from(call.struck);
        tally.actions.extend(call.operation.and_then(Operation::action));
    }

    /// All tallies by access key ID, also of keys that are not known, or by `DOMAIN/NAME` of the
    /// user whose token came.
    #[must_use]
    pub fn callers(&self) -> &BTreeMap<String, CallerTally> {
        &self.callers
    }

    /// All tallies by operation.
    #[must_use]
    pub fn all(&self) -> &BTreeMap<&'static str, Tally> {
        &self.tallies
    }
}
