//! What can be seen of a run from outside: every version of every object as the store has it, who
//! wrote it and when as the audit log has it, and the ledger of the cloud.
//!
//! Nothing here judges, and nothing comes from the operator itself.

use std::collections::BTreeMap;

use modelarts_crd::status::Outcome;
use modelarts_crd::{FINALIZER, ModelArtsPool};
use sandbox::history::Version as Stored;
use sandbox::simulator::LedgerEntry;
use serde::{Deserialize, Serialize};

use crate::audit::Audited;
use crate::path::{Attempt, Between, Change, Course, Label, Stand, Write};

/// The last moment there is.
const NEVER: i64 = i64::MAX;

/// Who wrote a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Author {
    /// The operator, or nobody knows: a request in which the API server was killed is in no log, and
    /// users wait for their answers.
    Operator,
    /// Somebody else.
    User,
}

/// An attempt as an object has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tried {
    pub number: i64,
    pub token: String,
    pub outcome: Option<Outcome>,
}

/// What counts of one version of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    pub exists: bool,
    pub leaving: bool,
    pub finalizer: bool,
    pub attempt: Option<Tried>,
    pub id: Option<String>,
}

/// One version of an object.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    pub revision: u64,
    /// When it was committed, in microseconds since 1970.
    pub when: Between,
    pub by: Author,
    pub facts: Facts,
    /// What happened, if it was one of the things that count.
    pub label: Option<Label>,
}

/// One incarnation of an object, from its creation on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    pub uid: String,
    pub name: String,
    pub versions: Vec<Version>,
}

/// One accepted change of the cloud.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub sequence: u64,
    pub when: Between,
    pub label: Label,
    pub pool: String,
    /// The uid in the marker of the pool after the change.
    pub marker: Option<String>,
    /// The uid whose pool it is: that of its marker when it was created.
    pub owner: Option<String>,
    /// `accepted`, or the fault that struck afterwards.
    pub outcome: String,
}

/// A run as it was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    pub lives: Vec<Life>,
    pub ledger: Vec<Entry>,
}

impl Facts {
    /// Of an object as it is stored.
    pub fn of(object: &ModelArtsPool) -> Self {
        let status = object.status.clone().unwrap_or_default();
        Self {
            exists: true,
            leaving: object.metadata.deletion_timestamp.is_some(),
            finalizer: object
                .metadata
                .finalizers
                .iter()
                .flatten()
                .any(|name| name == FINALIZER),
            attempt: status.creation.map(|creation| Tried {
                number: creation.attempt,
                token: creation.token,
                outcome: creation.outcome,
            }),
            id: status.pool_id,
        }
    }

    /// The object's part of a stand.
    pub fn stand(&self) -> Stand {
        if !self.exists {
            return Stand::default();
        }
        let attempt = match self.attempt.as_ref().map(|attempt| attempt.outcome) {
            None => Attempt::None,
            Some(None) => Attempt::Open,
            Some(Some(Outcome::Rejected)) => Attempt::Rejected,
            Some(Some(Outcome::NotFound)) => Attempt::NotFound,
            Some(Some(Outcome::Failed)) => Attempt::Failed,
            Some(Some(Outcome::Lost)) => Attempt::Lost,
            Some(Some(Outcome::Created)) => Attempt::Created,
            Some(Some(Outcome::Adopted)) => Attempt::Adopted,
        };
        Stand {
            exists: true,
            leaving: self.leaving,
            finalizer: self.finalizer,
            attempt,
            id: self.id.is_some(),
            pool: 0,
        }
    }
}

/// What happened from one version to the next.
pub fn label(before: &Facts, after: &Facts, by: Author) -> Option<Label> {
    let took_off = match by {
        Author::Operator => Label::FinalizerRemoved,
        Author::User => Label::FinalizerStripped,
    };
    let number = |facts: &Facts| facts.attempt.as_ref().map(|attempt| attempt.number);
    match (before.exists, after.exists) {
        (false, true) => return Some(Label::Appeared),
        (true, false) if before.finalizer => return Some(took_off),
        (true, false) => return Some(Label::Removed),
        _ => {}
    }
    if before.leaving != after.leaving {
        Some(Label::DeletionAsked)
    } else if !before.finalizer && after.finalizer {
        Some(Label::FinalizerAdded)
    } else if before.finalizer && !after.finalizer {
        Some(took_off)
    } else if number(before) != number(after) {
        Some(Label::AttemptOpened)
    } else if before.id != after.id && after.id.is_some() {
        Some(Label::IdRecorded)
    } else if before.attempt != after.attempt || before.id != after.id {
        Some(Label::AttemptClosed)
    } else {
        None
    }
}

/// The lives of all objects whose whole life is in these versions.
pub fn lives(stored: &[Stored], audit: &[Audited]) -> Vec<Life> {
    let mut lives: BTreeMap<String, Life> = BTreeMap::new();
    let typed = |object: &serde_json::Value| serde_json::from_value::<ModelArtsPool>(object.clone()).unwrap();
    for version in stored {
        let object = typed(version.after.as_ref().or(version.before.as_ref()).unwrap());
        let (uid, name) = (
            object.metadata.uid.clone().unwrap(),
            object.metadata.name.clone().unwrap(),
        );
        if version.before.is_some() && !lives.contains_key(&uid) {
            continue;
        }
        let facts = version
            .after
            .as_ref()
            .map_or_else(Facts::default, |_| Facts::of(&object));
        let life = lives.entry(uid.clone()).or_insert_with(|| Life {
            uid: uid.clone(),
            name,
            versions: Vec::new(),
        });
        let wrote = |request: &&Audited| match version.after {
            Some(_) => request.wrote(&uid, version.revision),
            // The answer names no version of its own.
            None => request.uid == uid && request.ends,
        };
        let request = audit.iter().find(wrote);
        let by = match request {
            Some(request) if !request.by_operator => Author::User,
            _ => Author::Operator,
        };
        let before = life
            .versions
            .last()
            .map_or_else(Facts::default, |version| version.facts.clone());
        life.versions.push(Version {
            revision: version.revision,
            when: request.map_or((0, NEVER), |request| request.when),
            by,
            label: label(&before, &facts, by),
            facts,
        });
    }
    let mut lives: Vec<Life> = lives.into_values().collect();
    lives.iter_mut().for_each(|life| in_order(&mut life.versions));
    lives
}

/// Versions were committed in their order, so each knows something of the others' times.
fn in_order(versions: &mut [Version]) {
    let mut earliest = 0;
    for version in versions.iter_mut() {
        earliest = earliest.max(version.when.0);
        version.when.0 = earliest;
    }
    let mut latest = NEVER;
    for version in versions.iter_mut().rev() {
        latest = latest.min(version.when.1).max(version.when.0);
        version.when.1 = latest;
    }
}

/// The ledger, with the owner of each pool. Entries that concern no pool are left out.
pub fn ledger(entries: &[LedgerEntry]) -> Vec<Entry> {
    let mut owners: BTreeMap<String, String> = BTreeMap::new();
    let mut told = Vec::new();
    for entry in entries {
        let Some(pool) = entry.pool_id.clone() else { continue };
        let marker = entry.description.as_deref().and_then(marker);
        let label = match entry.operation.as_str() {
            "CreatePool" | "OutOfBandCreate" => Label::PoolCreated,
            "DeletePool" => Label::PoolDeleted,
            "OutOfBandDelete" => Label::PoolVanished,
            _ => Label::PoolChanged,
        };
        if label == Label::PoolCreated {
            owners.remove(&pool);
            owners.extend(marker.clone().map(|uid| (pool.clone(), uid)));
        }
        let at: jiff::Timestamp = entry.time.parse().unwrap();
        // The cloud's clock shows milliseconds.
        let at = at.as_microsecond();
        told.push(Entry {
            sequence: entry.sequence,
            when: (at, at + 1000),
            label,
            owner: owners.get(&pool).cloned(),
            pool,
            marker,
            outcome: entry.outcome.clone(),
        });
    }
    told
}

/// The uid in a description's marker.
pub fn marker(description: &str) -> Option<String> {
    let (_, rest) = description.rsplit_once("[mapool:")?;
    rest.split_once('@').map(|(uid, _)| uid.to_owned())
}

impl Record {
    /// One life as a course of steps.
    pub fn course(&self, life: &Life) -> Course {
        let write = |version: &Version| {
            Some(Write {
                label: version.label?,
                then: version.facts.stand(),
                when: version.when,
            })
        };
        let mut there: Vec<&str> = Vec::new();
        let ours = self
            .ledger
            .iter()
            .filter(|entry| entry.owner.as_deref() == Some(&life.uid));
        let changes = ours.map(|entry| {
            match entry.label {
                Label::PoolCreated => there.push(&entry.pool),
                Label::PoolDeleted | Label::PoolVanished => there.retain(|pool| *pool != entry.pool),
                _ => {}
            }
            Change {
                label: entry.label,
                pools: u8::try_from(there.len()).unwrap(),
                when: entry.when,
            }
        });
        Course {
            changes: changes.collect(),
            writes: life.versions.iter().filter_map(write).collect(),
        }
    }
}
