//! Carries out what `decide` says: the only code that talks to the API server about the lease.
//!
//! Every call has its own deadline, and a leader's call never outlives its term. After a refused
//! write the record is read again before anything else: whether a lost reply had been carried out
//! shows there.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio::time::{Instant, timeout};

use super::{Act, Leadership, Loss, NAME, Observed, Rules, Standing, Term, decide};

/// Tries in one round: the write, and once more after reading what it collided with.
const TRIES: usize = 3;

/// Takes part in the election while [`Elector::run`] is polled.
pub struct Elector {
    api: Api<Lease>,
    rules: Rules,
    observed: Observed,
    term: Option<Term>,
    acquired_at: Option<MicroTime>,
    standing: watch::Sender<Standing>,
}

/// What one try came to.
enum Try {
    Settled,
    Collided,
}

#[derive(Debug, thiserror::Error)]
enum CallError {
    #[error("no answer within {0:?}")]
    Deadline(Duration),
    #[error(transparent)]
    Refused(#[from] kube::Error),
}

/// A candidate for the lease and the view of it. Use a client of its own, without retries.
///
/// Nothing happens until [`Elector::run`] is polled.
#[must_use]
pub fn elect(client: Client, rules: Rules) -> (Leadership, Elector) {
    let (standing, receiver) = watch::channel(Standing::Candidate { holder: None });
    let api = Api::namespaced(client, &rules.namespace);
    let elector = Elector {
        api,
        rules,
        observed: Observed::default(),
        term: None,
        acquired_at: None,
        standing,
    };
    (Leadership::new(receiver), elector)
}

impl Elector {
    /// Wins and keeps the lease until it is lost, or until `stop`, and then gives it back.
    ///
    /// Let `stop` resolve only after the work has ended: another replica starts at once.
    pub async fn run(mut self, stop: impl Future<Output = ()>) {
        tokio::pin!(stop);
        loop {
            let pause = self.round().await;
            if let Standing::Lost(loss) = &*self.standing.borrow() {
                tracing::error!(%loss, "leadership lost");
                return;
            }
            tokio::select! {
                biased;
                () = &mut stop => break,
                () = tokio::time::sleep(pause) => {}
            }
        }
        self.release().await;
    }

    /// One look or renewal. Returns the time until the next.
    async fn round(&mut self) -> Duration {
        let mut look = self.term.is_none();
        for _ in 0..TRIES {
            if look && let Err(error) = self.look().await {
                return self.failed(&error);
            }
            match decide(&self.observed, self.term, Instant::now(), &self.rules) {
                Act::StepDown(loss) => {
                    self.step_down(loss);
                    return Duration::ZERO;
                }
                Act::Wait(pause) => {
                    let holder = self.observed.holder().map(str::to_owned);
                    self.announce(Standing::Candidate { holder });
                    return pause;
                }
                act => match self.write(&act).await {
                    Ok(Try::Settled) => return self.rules.retry_period,
                    Ok(Try::Collided) => look = true,
                    Err(error) => return self.failed(&error),
                },
            }
        }
        self.rules.retry_period
    }

    async fn look(&mut self) -> Result<(), CallError> {
        let lease = self.call(self.api.get_opt(NAME)).await?;
        self.observed.look(lease, Instant::now(), &self.rules);
        Ok(())
    }

    async fn write(&mut self, act: &Act) -> Result<Try, CallError> {
        let sent = Instant::now();
        let now = MicroTime(Timestamp::now());
        let (transitions, acquired_at) = match (act, self.term) {
            (Act::Create { transitions } | Act::TakeOver { transitions }, None) => (*transitions, now.clone()),
            (_, Some(term)) => (
                term.transitions,
                self.acquired_at.clone().unwrap_or_else(|| now.clone()),
            ),
            // The remaining acts write nothing, and are handled before.
            (_, None) => return Ok(Try::Settled),
        };
        let mut lease = self.observed.lease().cloned().unwrap_or_else(|| self.unborn());
        let spec = lease.spec.get_or_insert_default();
        *spec = self.claim(spec, transitions, acquired_at.clone(), now);
        let written = match act {
            Act::Create { .. } => self.call(self.api.create(&PostParams::default(), &lease)).await,
            _ => self.call(self.api.replace(NAME, &PostParams::default(), &lease)).await,
        };
        let written = match written {
            Ok(written) => written,
            Err(CallError::Refused(kube::Error::Api(status)))
                if status.is_conflict() || status.is_already_exists() || status.is_not_found() =>
            {
                return Ok(Try::Collided);
            }
            Err(error) => return Err(error),
        };
        let at = Instant::now();
        if let Act::StepDown(loss) = decide(&self.observed, self.term, at, &self.rules) {
            // The answer came after the end of the term, and others may have acted on that.
            self.step_down(loss);
            return Ok(Try::Settled);
        }
        if self.term.is_none() {
            tracing::info!(identity = self.rules.identity, transitions, "leadership acquired");
        }
        self.observed.look(Some(written), at, &self.rules);
        self.acquired_at = Some(acquired_at);
        let valid_until = sent + self.rules.renew_deadline;
        self.term = Some(Term {
            transitions,
            valid_until,
        });
        self.announce(Standing::Leading {
            transitions,
            valid_until,
        });
        Ok(Try::Settled)
    }

    /// Gives the lease back, so that the next replica need not wait. Failing that, it expires.
    async fn release(&mut self) {
        let held = self.term.take().is_some_and(|term| Instant::now() < term.valid_until);
        self.announce(Standing::Released);
        if !held {
            return;
        }
        for _ in 0..TRIES {
            let Some(mut lease) = self.observed.lease().cloned() else {
                return;
            };
            if self.observed.holder() != Some(&self.rules.identity) {
                return;
            }
            if let Some(spec) = &mut lease.spec {
                spec.holder_identity = Some(String::new());
                spec.renew_time = Some(MicroTime(Timestamp::now()));
            }
            match self.call(self.api.replace(NAME, &PostParams::default(), &lease)).await {
                Ok(_) => {
                    tracing::info!("leadership released");
                    return;
                }
                // The last renewal may have been carried out without a reply.
                Err(CallError::Refused(kube::Error::Api(status))) if status.is_conflict() => {
                    if let Err(error) = self.look().await {
                        tracing::warn!(%error, "lease not released; it will expire");
                        return;
                    }
                }
                Err(error) => {
                    tracing::warn!(%error, "lease not released; it will expire");
                    return;
                }
            }
        }
    }

    /// A failed call changes nothing but the time: it is tried again, sooner than the term ends.
    fn failed(&mut self, error: &CallError) -> Duration {
        tracing::warn!(%error, leading = self.term.is_some(), "lease not reached");
        match self.term {
            Some(term) => self
                .rules
                .retry_period
                .min(term.valid_until.saturating_duration_since(Instant::now())),
            None => self.rules.retry_period,
        }
    }

    /// Half of the renew deadline, so that a renewal that hangs leaves time for another.
    async fn call<T>(&self, call: impl Future<Output = kube::Result<T>>) -> Result<T, CallError> {
        let usual = self.rules.renew_deadline / 2;
        let left = self
            .term
            .map_or(usual, |term| term.valid_until.saturating_duration_since(Instant::now()));
        let limit = usual.min(left);
        Ok(timeout(limit, call).await.map_err(|_| CallError::Deadline(limit))??)
    }

    fn step_down(&mut self, loss: Loss) {
        self.term = None;
        self.announce(Standing::Lost(loss));
    }

    fn announce(&self, standing: Standing) {
        self.standing.send_if_modified(|known| {
            let changed = *known != standing;
            *known = standing;
            changed
        });
    }

    fn unborn(&self) -> Lease {
        let metadata = ObjectMeta {
            name: Some(NAME.to_owned()),
            namespace: Some(self.rules.namespace.clone()),
            ..ObjectMeta::default()
        };
        Lease { metadata, spec: None }
    }

    /// Our record, keeping what coordinated election of newer clusters may have put beside it.
    fn claim(&self, spec: &LeaseSpec, transitions: i32, acquired_at: MicroTime, now: MicroTime) -> LeaseSpec {
        let seconds = self.rules.lease_duration.as_millis().div_ceil(1000);
        LeaseSpec {
            holder_identity: Some(self.rules.identity.clone()),
            lease_duration_seconds: Some(i32::try_from(seconds).unwrap_or(i32::MAX)),
            lease_transitions: Some(transitions),
            acquire_time: Some(acquired_at),
            renew_time: Some(now),
            ..spec.clone()
        }
    }
}
