//! The judge: what may never be seen from outside, whoever was killed when.
//!
//! It knows markers, attempts, finalizers and deletions, which are documented, and nothing of how the
//! operator works. Where the clocks of the two sources leave an order open, the operator gets the
//! benefit of the doubt: that is a few milliseconds at each end of a call.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::path::{Between, Departure, Label, Stand, Step, allowed};
use crate::record::{Author, Entry, Life, Record, Version};

/// For how long after the end of an object that was stripped a deletion may still arrive that was sent
/// before, in microseconds: the longest pause of a process and the deadline of a call.
pub const IN_FLIGHT: i64 = 10_000_000;

/// What was broken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Broken {
    /// A second pool of one object was made while the first was there.
    SecondPool { uid: String, pools: BTreeSet<String> },
    /// A pool without the marker of an object that there was.
    OfNobody { pool: String },
    /// A pool was made for an object that had no open attempt and finalizer then.
    Unannounced { uid: String, pool: String },
    /// One attempt made more than one pool.
    Repeated { uid: String, pool: String },
    /// A pool was deleted whose object was not asked to go, or that is nobody's.
    Undeserved { pool: String, uid: Option<String> },
    /// An object went and left its pool behind.
    Leaked { uid: String, pool: String },
    /// A finalizer was taken off by hand while the object went, and the pool was deleted all the same.
    Touched { uid: String, pool: String },
    /// The operator let go of an object that was to stay.
    LetGo { uid: String },
    /// A step that the model does not have.
    Departed { uid: String, departure: Departure },
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Departed { uid, departure } => write!(f, "{uid} left the model: {departure}"),
            other => write!(f, "{other:?}"),
        }
    }
}

/// All that is wrong with a record.
pub fn check(record: &Record) -> Vec<Broken> {
    let mut broken = Vec::new();
    pools_of_each(record, &mut broken);
    creations(record, &mut broken);
    deletions(record, &mut broken);
    for life in &record.lives {
        releases(life, &mut broken);
        ends(record, life, &mut broken);
    }
    broken
}

/// Whether each life is a path of the model.
pub fn conform(record: &Record, transitions: &BTreeSet<Step>) -> Vec<Broken> {
    let transitions: &BTreeSet<Step> = &transitions.iter().copied().chain(left_behind()).collect();
    let departed = |life: &Life| {
        let run = record.course(life).run(|step| transitions.contains(step));
        let run = run.unwrap_or_else(|furthest| furthest);
        allowed(transitions, &run).err().map(|departure| Broken::Departed {
            uid: life.uid.clone(),
            departure,
        })
    };
    record.lives.iter().filter_map(departed).collect()
}

/// A person deletes in the console what an object left behind that lost its finalizer. The model's person
/// touches pools of objects only, and no step of the operator's is in it.
fn left_behind() -> impl Iterator<Item = Step> {
    let alone = |pool| Stand {
        pool,
        ..Stand::default()
    };
    (1..=2).map(move |pool| (alone(pool), Label::PoolVanished, alone(pool - 1)))
}

/// At most one pool at a time carries an object's marker.
fn pools_of_each(record: &Record, broken: &mut Vec<Broken>) {
    let mut there: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for entry in &record.ledger {
        let Some(uid) = entry.owner.as_deref() else { continue };
        let pools = there.entry(uid).or_default();
        match entry.label {
            Label::PoolCreated => {
                pools.insert(entry.pool.clone());
                if pools.len() > 1 {
                    let (uid, pools) = (uid.to_owned(), pools.clone());
                    broken.push(Broken::SecondPool { uid, pools });
                }
            }
            Label::PoolDeleted | Label::PoolVanished => {
                pools.remove(&entry.pool);
            }
            _ => {}
        }
    }
}

/// Every creation belongs to an attempt of its own that was durable, on an object with our finalizer.
fn creations(record: &Record, broken: &mut Vec<Broken>) {
    let mut used: BTreeSet<(&str, i64)> = BTreeSet::new();
    for entry in record.ledger.iter().filter(|entry| entry.label == Label::PoolCreated) {
        let pool = entry.pool.clone();
        let life = record.lives.iter().find(|life| Some(&life.uid) == entry.owner.as_ref());
        let Some(life) = life else {
            broken.push(Broken::OfNobody { pool });
            continue;
        };
        let open = attempts_at(life, entry.when);
        let uid = life.uid.clone();
        if open.is_empty() {
            broken.push(Broken::Unannounced { uid, pool });
        } else if let Some(number) = open
            .iter()
            .find(|number| !used.contains(&(life.uid.as_str(), **number)))
        {
            used.insert((&life.uid, *number));
        } else {
            broken.push(Broken::Repeated { uid, pool });
        }
    }
}

/// The attempts that may have been open then and were so before on an object with our finalizer. What a
/// human stripped since keeps its attempt: a call that was on its way cannot be called back.
fn attempts_at(life: &Life, when: Between) -> BTreeSet<i64> {
    let (mut announced, mut open) = (BTreeSet::new(), BTreeSet::new());
    for (at, version) in life.versions.iter().enumerate() {
        let attempt = version.facts.attempt.as_ref();
        let Some(attempt) = attempt.filter(|attempt| attempt.outcome.is_none()) else {
            continue;
        };
        let begins = version.when.0 <= when.1;
        if begins && version.facts.finalizer {
            announced.insert(attempt.number);
        }
        let ends = life.versions[at + 1..].iter().find(|later| !stripped(later));
        if begins && ends.is_none_or(|later| later.when.1 >= when.0) {
            open.insert(attempt.number);
        }
    }
    open.intersection(&announced).copied().collect()
}

fn stripped(version: &Version) -> bool {
    version.label == Some(Label::FinalizerStripped)
}

/// Every deletion hits a pool whose marker names an object that was asked to go before.
fn deletions(record: &Record, broken: &mut Vec<Broken>) {
    for entry in record.ledger.iter().filter(|entry| entry.label == Label::PoolDeleted) {
        let named = entry.marker.as_ref().or(entry.owner.as_ref());
        let life = record.lives.iter().find(|life| Some(&life.uid) == named);
        let asked = life.is_some_and(|life| {
            let mut versions = life.versions.iter();
            versions.any(|version| version.facts.leaving && version.when.0 <= entry.when.1)
        });
        if !asked
            || entry
                .marker
                .as_ref()
                .is_some_and(|marker| entry.owner.as_ref() != Some(marker))
        {
            let (pool, uid) = (entry.pool.clone(), named.cloned());
            broken.push(Broken::Undeserved { pool, uid });
        }
    }
}

/// The operator takes its finalizer off only what was asked to go.
fn releases(life: &Life, broken: &mut Vec<Broken>) {
    let mut leaving = false;
    for version in &life.versions {
        if version.label == Some(Label::FinalizerRemoved) && version.by == Author::Operator && !leaving {
            broken.push(Broken::LetGo { uid: life.uid.clone() });
        }
        leaving = version.facts.leaving;
    }
}

/// What is left in the cloud of an object that is gone.
fn ends(record: &Record, life: &Life, broken: &mut Vec<Broken>) {
    let Some(end) = life.versions.last().filter(|version| !version.facts.exists) else {
        return;
    };
    let ours: Vec<&Entry> = record
        .ledger
        .iter()
        .filter(|entry| entry.owner.as_ref() == Some(&life.uid))
        .collect();
    let uid = || life.uid.clone();
    if stripped(end) {
        let late = |entry: &&&Entry| entry.label == Label::PoolDeleted && entry.when.0 > end.when.1 + IN_FLIGHT;
        broken.extend(ours.iter().filter(late).map(|entry| Broken::Touched {
            uid: uid(),
            pool: entry.pool.clone(),
        }));
        return;
    }
    let mut left = BTreeSet::new();
    for entry in ours {
        // What came to be later is as much of a leak as what was still there.
        match entry.label {
            Label::PoolCreated => left.insert(entry.pool.clone()),
            Label::PoolDeleted | Label::PoolVanished if entry.when.0 <= end.when.1 => left.remove(&entry.pool),
            _ => false,
        };
    }
    broken.extend(left.into_iter().map(|pool| Broken::Leaked { uid: uid(), pool }));
}
