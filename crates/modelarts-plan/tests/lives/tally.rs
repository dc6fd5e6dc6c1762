//! How much happened in lives, so that they are known to be lives: a change that silences a fault or a
//! deed is noticed by its count.

use std::collections::BTreeMap;

use crate::world::World;

/// Counts by name.
pub type Counts = BTreeMap<String, usize>;

#[derive(Clone, Debug, Default)]
pub struct Tally {
    pub lives: usize,
    /// Virtual milliseconds.
    pub millis: u64,
    pub events: u64,
    pub creations: usize,
    pub changes: usize,
    pub deletions: usize,
    pub deaths: usize,
    /// Changes of the cloud that others made.
    pub meddling: usize,
    /// Guarded writes to Kubernetes.
    pub writes: usize,
    /// Objects that were released, with the proof checked.
    pub releases: usize,
    /// Deletions and markings that were executed and judged by whose the thing was.
    pub judged: usize,
    /// Objects at rest in the end, by the word that they say.
    pub ends: Counts,
    pub faults: Counts,
    pub deeds: Counts,
    /// The sum of the hashes of the event logs: the same for the same seeds, in whatever order.
    pub hash: u64,
}

impl Tally {
    /// What happened in a world.
    pub fn of(world: &World, deeds: &Counts, ends: &Counts) -> Self {
        let sent = |prefix: &str| {
            let all = world.chronicle.mutations.iter();
            all.filter(|(operation, _)| operation.starts_with(prefix)).count()
        };
        let mut faults = Counts::new();
        for fault in world.judge.calls.iter().filter_map(|call| call.fault) {
            *faults.entry(fault.name().to_owned()).or_default() += 1;
        }
        Self {
            lives: 1,
            millis: world.now,
            events: world.log.events,
            creations: sent("Create"),
            changes: sent("Patch"),
            deletions: sent("Delete"),
            deaths: usize::try_from(world.restarts).unwrap_or_default(),
            meddling: world.judge.mutations - world.chronicle.mutations.len(),
            writes: world.kube.writes + world.networks.writes,
            releases: world.judge.released,
            judged: world.judge.ownership.judged,
            ends: ends.clone(),
            faults,
            deeds: deeds.clone(),
            hash: world.log.hash(),
        }
    }

    /// Both together.
    pub fn add(&mut self, other: &Self) {
        let Self {
            lives,
            millis,
            events,
            creations,
            changes,
            deletions,
            deaths,
            meddling,
            writes,
            releases,
            judged,
            ends,
            faults,
            deeds,
            hash,
        } = other;
        self.lives += lives;
        self.millis += millis;
        self.events += events;
        self.creations += creations;
        self.changes += changes;
        self.deletions += deletions;
        self.deaths += deaths;
        self.meddling += meddling;
        self.writes += writes;
        self.releases += releases;
        self.judged += judged;
        for (into, from) in [
            (&mut self.ends, ends),
            (&mut self.faults, faults),
            (&mut self.deeds, deeds),
        ] {
            for (name, times) in from {
                *into.entry(name.clone()).or_default() += times;
            }
        }
        self.hash = self.hash.wrapping_add(*hash);
    }

    /// The figures for people. What must not have happened ends a life at once, so its count is 0 here.
    pub fn told(&self) -> String {
        let list = |counts: &Counts| {
            let words: Vec<String> = counts.iter().map(|(name, times)| format!("{name} {times}")).collect();
            words.join(", ")
        };
        let years = self.millis as f64 / (365.25 * 24.0 * 3_600_000.0);
        let failed: usize = self.faults.values().sum();
        format!(
            "{} lives, {years:.2} virtual years, {} events, hash {:016x}\n\
             {} creations, {} changes, {} deletions executed; {} deaths, {} changes by others, {} Kubernetes writes\n\
             second pools 0, leaks 0 of {} releases, foreign deletes 0 and foreign adoptions 0 of {} judged\n\
             {failed} faults: {}\n\
             deeds: {}\n\
             ends: {}",
            self.lives,
            self.events,
            self.hash,
            self.creations,
            self.changes,
            self.deletions,
            self.deaths,
            self.meddling,
            self.writes,
            self.releases,
            self.judged,
            list(&self.faults),
            list(&self.deeds),
            list(&self.ends),
        )
    }

    /// Which of these words happened less often than that.
    pub fn rare(counts: &Counts, words: impl IntoIterator<Item = String>, least: usize) -> Vec<String> {
        let times = |word: &String| counts.get(word).copied().unwrap_or_default();
        words.into_iter().filter(|word| times(word) < least).collect()
    }
}
