//! A secret that ends, tokens and temporary keys alike: cached, renewed before its end, fetched by
//! one call at a time.
//!
//! What there is stays in use until shortly before its end, whatever becomes of a renewal. A
//! source is asked once for all who wait, and rests after a failure. Knows nothing of what the
//! secret is for: whether one was refused is told by whoever used it.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::{SignedDuration, Timestamp};

use crate::error::ApiError;

/// A secret is not used within this time before its end: a call must not outlive it.
pub(crate) const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// A secret that ends.
pub(crate) trait Ending {
    /// What a log calls it.
    const NAME: &'static str;

    /// When its life began, as far as we know.
    fn issued(&self) -> Timestamp;

    /// When it ends.
    fn expires(&self) -> Timestamp;

    /// How long before its end a secret with such a life is renewed.
    fn window(life: SignedDuration) -> SignedDuration;

    /// How long renewals rest after so many failures in a row.
    fn renewal_pause(failures: u32) -> SignedDuration;

    /// How long callers that have no secret share the last of so many failures in a row.
    fn fetch_pause(failures: u32) -> SignedDuration;

    /// Whether a renewal that brought this one has brought anything new.
    fn replaces(&self, current: &Self) -> bool;

    /// Whether a call may still be made with it.
    fn is_usable(&self, now: Timestamp) -> bool {
        self.expires().duration_since(now) > MARGIN
    }

    /// Whether it is time for the next one.
    fn is_ageing(&self, now: Timestamp) -> bool {
        let life = self.expires().duration_since(self.issued());
        self.expires().duration_since(now) < Self::window(life)
    }
}

/// The place of the current secret.
pub(crate) struct Renewal<T> {
    current: Mutex<Option<Arc<T>>>,
    trouble: Mutex<Trouble>,
    rounds: AtomicU64,
    fetching: tokio::sync::Mutex<()>,
}

/// What went wrong since the last success.
#[derive(Default)]
struct Trouble {
    failures: u32,
    since: Option<Timestamp>,
    last: Option<ApiError>,
}

impl Trouble {
    /// Whether the last failure is younger than its pause. One that lies ahead, because somebody
    /// set the clock back, counts for nothing.
    fn rests(&self, now: Timestamp, pause: fn(u32) -> SignedDuration) -> bool {
        self.since.is_some_and(|since| {
            let passed = now.duration_since(since);
            !passed.is_negative() && passed < pause(self.failures)
        })
    }
}

impl<T> Default for Renewal<T> {
    fn default() -> Self {
        Self {
            current: Mutex::default(),
            trouble: Mutex::default(),
            rounds: AtomicU64::new(0),
            fetching: tokio::sync::Mutex::new(()),
        }
    }
}

impl<T: Ending> Renewal<T> {
    /// The current secret; if there is none, the result of the one fetch that all callers share.
    pub(crate) async fn current<F>(
        &self,
        now: impl Fn() -> Timestamp,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<T>, ApiError>
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        if let Some(secret) = self.usable(now()) {
            return Ok(secret);
        }
        let seen = self.rounds.load(Ordering::SeqCst);
        let _turn = self.fetching.lock().await;
        if let Some(secret) = self.usable(now()) {
            return Ok(secret);
        }
        // Whoever waited while another call failed shares that failure: the cloud counts logins.
        let waited = self.rounds.load(Ordering::SeqCst) != seen;
        if let Some(error) = self.shared_failure(waited, now()) {
            return Err(error);
        }
        let fetched = fetch().await;
        self.rounds.fetch_add(1, Ordering::SeqCst);
        match fetched {
            Ok(secret) => Ok(self.put(secret)),
            Err(error) => {
                self.failed(now(), Some(error.clone()));
                Err(error)
            }
        }
    }

    /// Fetches a new secret ahead of time, unless another call does, or one failed just now. The
    /// old one stays in use meanwhile, and after a failure.
    pub(crate) async fn renew<F>(&self, now: Timestamp, fetch: impl FnOnce() -> F)
    where
        F: Future<Output = Result<T, ApiError>>,
    {
        let Ok(_turn) = self.fetching.try_lock() else {
            return;
        };
        if !self.is_due(now) {
            return;
        }
        let fetched = fetch().await;
        self.rounds.fetch_add(1, Ordering::SeqCst);
        match fetched {
            Ok(secret) if self.replaces_current(&secret) => {
                self.put(secret);
            }
            // The source has no newer one yet. Asked at every call it would not have it sooner.
            Ok(_) => self.failed(now, None),
            Err(error) => {
                tracing::warn!(%error, "the {} could not be renewed; the old one stays in use", T::NAME);
                self.failed(now, Some(error));
            }
        }
    }

    /// Whether a renewal should begin now.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let rests = lock(&self.trouble).rests(now, T::renewal_pause);
        let ageing = lock(&self.current).as_ref().is_some_and(|secret| secret.is_ageing(now));
        ageing && !rests
    }

    /// Forgets `secret`, if it is still the current one.
    pub(crate) fn forget(&self, secret: &Arc<T>) {
        let mut current = lock(&self.current);
        if current.as_ref().is_some_and(|other| Arc::ptr_eq(other, secret)) {
            *current = None;
        }
    }

    fn usable(&self, now: Timestamp) -> Option<Arc<T>> {
        lock(&self.current)
            .as_ref()
            .filter(|secret| secret.is_usable(now))
            .cloned()
    }

    fn replaces_current(&self, secret: &T) -> bool {
        lock(&self.current)
            .as_ref()
            .is_none_or(|current| secret.replaces(current))
    }

    fn shared_failure(&self, waited: bool, now: Timestamp) -> Option<ApiError> {
        let trouble = lock(&self.trouble);
        let shares = waited || trouble.rests(now, T::fetch_pause);
        trouble.last.clone().filter(|_| shares)
    }

    fn failed(&self, now: Timestamp, error: Option<ApiError>) {
        let mut trouble = lock(&self.trouble);
        trouble.failures = trouble.failures.saturating_add(1);
        trouble.since = Some(now);
        trouble.last = error;
    }

    fn put(&self, secret: T) -> Arc<T> {
        let secret = Arc::new(secret);
        *lock(&self.trouble) = Trouble::default();
        *lock(&self.current) = Some(Arc::clone(&secret));
        secret
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What is inside is replaced in one step and thus whole, also after a panic elsewhere.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "renewal_tests.rs"]
mod tests;
