//! Who asks whether we lead, and how: by the clock at the time of asking, not by the last message.

use tokio::sync::watch;
use tokio::time::Instant;

/// Where this process stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// Not leading.
    Candidate {
        /// Who leads, if known.
        holder: Option<String>,
    },
    /// Leading until `valid_until`, unless renewed.
    Leading {
        /// The fencing number of this term.
        transitions: i32,
        /// The end of the term by the monotonic clock.
        valid_until: Instant,
    },
    /// The only replica, without election.
    Sole,
    /// Was leading and must end the process now.
    Lost(Loss),
    /// Ended in good order; never leads again.
    Released,
}

/// Why a leader leads no more.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// No renewal succeeded in time.
    #[error("the lease could not be renewed before the renew deadline")]
    RenewDeadline,
    /// The record names another, or nobody.
    #[error("the lease was taken by {}", by.as_deref().unwrap_or("nobody"))]
    Taken {
        /// Who holds it now.
        by: Option<String>,
    },
    /// The electing task is gone without a word.
    #[error("leader election ended unexpectedly")]
    ElectorGone,
}

/// The view of the election that the rest of the process has. Clones see the same election.
#[derive(Debug, Clone)]
pub struct Leadership(watch::Receiver<Standing>);

impl Leadership {
    pub(super) fn new(standing: watch::Receiver<Standing>) -> Self {
        Self(standing)
    }

    /// For a single replica without election: leads always, loses never.
    #[must_use]
    pub fn sole() -> Self {
        Self(watch::channel(Standing::Sole).1)
    }

    /// Whether this process leads at `now`. Ask right before each effect: after a pause of the
    /// process the clock knows before any task does.
    #[must_use]
    pub fn is_leader(&self, now: Instant) -> bool {
        match &*self.0.borrow() {
            Standing::Sole => true,
            Standing::Leading { valid_until, .. } => now < *valid_until,
            Standing::Candidate { .. } | Standing::Lost(_) | Standing::Released => false,
        }
    }

    /// The end of the present term; `None` if there is no term or no end.
    #[must_use]
    pub fn valid_until(&self) -> Option<Instant> {
        match &*self.0.borrow() {
            Standing::Leading { valid_until, .. } => Some(*valid_until),
            _ => None,
        }
    }

    /// The fencing number of the present term: higher than that of any earlier leader. Zero
    /// without election.
    #[must_use]
    pub fn fencing(&self) -> Option<i32> {
        match &*self.0.borrow() {
            Standing::Leading { transitions, .. } => Some(*transitions),
            Standing::Sole => Some(0),
            _ => None,
        }
    }

    /// The standing and its changes, for logs and metrics.
    #[must_use]
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.0.clone()
    }

    /// Resolves once this process leads; never, if it never does.
    pub async fn acquired(&self) {
        let mut standing = self.0.clone();
        let leads = |standing: &Standing| matches!(standing, Standing::Sole | Standing::Leading { .. });
        if standing.wait_for(leads).await.is_err() {
            std::future::pending().await
        }
    }

    /// Resolves when this process must end: it led and leads no more, or the electing task died.
    /// Pending while a candidate, without election, and after a release.
    ///
    /// It watches the clock by itself, so a hanging or dead electing task does not hide a loss.
    pub async fn lost(&self) -> Loss {
        let mut standing = self.0.clone();
        loop {
            let end = match &*standing.borrow_and_update() {
                Standing::Lost(loss) => return loss.clone(),
                Standing::Sole | Standing::Released => break,
                Standing::Leading { valid_until, .. } => Some(*valid_until),
                Standing::Candidate { .. } => None,
            };
            let expiry = async {
                match end {
                    Some(end) => tokio::time::sleep_until(end).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                biased;
                changed = standing.changed() => {
                    if changed.is_err() {
                        return Loss::ElectorGone;
                    }
                }
                () = expiry => return Loss::RenewDeadline,
            }
        }
        std::future::pending().await
    }
}
