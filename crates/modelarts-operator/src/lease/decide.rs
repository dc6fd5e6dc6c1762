//! What to do about the lease, from what was seen and the monotonic time. No I/O, no clock.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use tokio::time::Instant;

use super::{Loss, Rules};

/// Longest lease duration believed of another holder. A longer one in the record is a slip of a
/// hand, and would leave the fleet without a leader for as long as it says.
const LONGEST_BELIEVED: Duration = Duration::from_secs(600);

/// What this process has seen of the lease.
#[derive(Debug, Clone, Default)]
pub struct Observed {
    /// The lease at the last look; `None` if there was none.
    lease: Option<Lease>,
    /// When the last record that named another holder has stood still for long enough. It outlives
    /// the deletion of the lease, because a deletion does not stop the holder: without this, a
    /// candidate could create a lease of its own before the holder renews and finds out.
    claim_ends: Option<Instant>,
    /// The highest number of transitions seen.
    transitions: i32,
}

/// A time of holding the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Term {
    /// The fencing number: higher than in any earlier term.
    pub transitions: i32,
    /// When it ends if no renewal succeeds.
    pub valid_until: Instant,
}

/// The next deed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Act {
    /// There is no lease: create one as its holder.
    Create {
        /// The fencing number to write.
        transitions: i32,
    },
    /// Nobody holds it any more: replace the record seen by ours.
    TakeOver {
        /// The fencing number to write.
        transitions: i32,
    },
    /// It is ours: move its renew time.
    Renew,
    /// Somebody holds it: look again after this time.
    Wait(Duration),
    /// Stop leading, for good.
    StepDown(Loss),
}

impl Observed {
    /// Takes in one look. `at` is the monotonic time at which the answer was there.
    pub fn look(&mut self, lease: Option<Lease>, at: Instant, rules: &Rules) {
        if let Some(seen) = &lease {
            let spec = seen.spec.as_ref();
            self.transitions = self
                .transitions
                .max(spec.and_then(|spec| spec.lease_transitions).unwrap_or(0));
            let unchanged = self
                .lease
                .as_ref()
                .is_some_and(|known| known.spec == seen.spec && known.metadata.uid == seen.metadata.uid);
            if holder(seen).is_none_or(|holder| holder == rules.identity) {
                self.claim_ends = None;
            } else if !unchanged {
                // Only the record counts: a label on the lease is no sign of life of its holder.
                self.claim_ends = Some(at + patience(spec, rules));
            }
        }
        self.lease = lease;
    }

    /// The lease at the last look, to be written back under its resourceVersion.
    #[must_use]
    pub fn lease(&self) -> Option<&Lease> {
        self.lease.as_ref()
    }

    /// Who holds the lease, ours included.
    #[must_use]
    pub fn holder(&self) -> Option<&str> {
        self.lease.as_ref().and_then(holder)
    }
}

/// The next deed at `now`, holding the lease (`term`) or not.
#[must_use]
pub fn decide(observed: &Observed, term: Option<Term>, now: Instant, rules: &Rules) -> Act {
    match term {
        Some(term) => keep(observed, term, now, rules),
        None => win(observed, now, rules),
    }
}

fn keep(observed: &Observed, term: Term, now: Instant, rules: &Rules) -> Act {
    if now >= term.valid_until {
        return Act::StepDown(Loss::RenewDeadline);
    }
    match (&observed.lease, observed.holder()) {
        // Deleted by somebody. Candidates that knew it wait, so this is the same term.
        (None, _) => Act::Create {
            transitions: term.transitions,
        },
        (Some(_), Some(holder)) if holder == rules.identity => Act::Renew,
        (Some(_), holder) => Act::StepDown(Loss::Taken {
            by: holder.map(str::to_owned),
        }),
    }
}

fn win(observed: &Observed, now: Instant, rules: &Rules) -> Act {
    if let Some(left) = observed
        .claim_ends
        .map(|ends| ends.saturating_duration_since(now))
        .filter(|left| !left.is_zero())
    {
        // Not past the end of the claim: the next look is then the one that takes over.
        return Act::Wait(left.min(rules.retry_period));
    }
    let transitions = observed.transitions.saturating_add(1);
    match observed.lease {
        None => Act::Create { transitions },
        // Unheld, stood still for long enough, or ours from a reply that was lost.
        Some(_) => Act::TakeOver { transitions },
    }
}

fn holder(lease: &Lease) -> Option<&str> {
    lease
        .spec
        .as_ref()?
        .holder_identity
        .as_deref()
        .filter(|holder| !holder.is_empty())
}

/// How long a record must stand still: as long as its holder was promised, but never shorter than
/// we promise ourselves.
fn patience(spec: Option<&LeaseSpec>, rules: &Rules) -> Duration {
    let promised = spec
        .and_then(|spec| spec.lease_duration_seconds)
        .and_then(|seconds| u64::try_from(seconds).ok());
    let promised = Duration::from_secs(promised.unwrap_or(0)).min(LONGEST_BELIEVED);
    promised.max(rules.lease_duration)
}
