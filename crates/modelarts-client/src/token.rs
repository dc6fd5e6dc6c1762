//! The token of a password login: cached, renewed before it ends, fetched by one call at a time.

use std::future::Future;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::error::ApiError;
use crate::ids::ProjectId;

/// A token is not used within this time before its end: a call must not outlive it.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// A token is renewed at least this long before its end.
const RENEWAL: SignedDuration = SignedDuration::from_mins(30);
/// After a renewal has failed, the next one waits: wrong passwords are counted.
const RENEWAL_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// A token and what is known of it. No `Debug`.
pub(crate) struct Token {
    value: SecretString,
    issued: Timestamp,
    expires: Timestamp,
    project: Option<ProjectId>,
    accepted: AtomicBool,
}

impl Token {
    pub(crate) fn new(value: SecretString, issued: Timestamp, expires: Timestamp, project: Option<ProjectId>) -> Self {
        Self {
            value,
            issued,
            expires,
            project,
            accepted: AtomicBool::new(false),
        }
    }

    /// The token itself.
    pub(crate) fn value(&self) -> &SecretString {
        &self.value
    }

    /// The project it is for, if the answer said so.
    pub(crate) fn project(&self) -> Option<&ProjectId> {
        self.project.as_ref()
    }

    #[cfg(test)]
    pub(crate) fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Whether a call with it has ever succeeded. A refusal of one that never did is a refusal of
    /// the user, not a matter of age.
    pub(crate) fn was_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Takes note of a success.
    pub(crate) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }

    fn is_usable(&self, now: Timestamp) -> bool {
        self.expires.duration_since(now) > MARGIN
    }

    /// Half an hour or a quarter of its life before its end, whichever is earlier; for a short one
    /// not before half of its life.
    fn is_ageing(&self, now: Timestamp) -> bool {
        let life = self.expires.duration_since(self.issued);
        let window = RENEWAL.max(life / 4).min(life / 2);
        self.expires.duration_since(now) < window
    }
}

/// The place of the current token.
#[derive(Default)]
pub(crate) struct TokenCache {
    current: Mutex<Option<Arc<Token>>>,
    renewal_rests_until: Mutex<Option<Timestamp>>,
    rounds: AtomicU64,
    fetching: tokio::sync::Mutex<Option<ApiError>>,
}

impl TokenCache {
    /// The current token; if there is none, the result of the one fetch that all callers share.
    pub(crate) async fn current<F>(
        &self,
        now: impl Fn() -> Timestamp,
        fetch: impl FnOnce() -> F,
    ) -> Result<Arc<Token>, ApiError>
    where
        F: Future<Output = Result<Token, ApiError>>,
    {
        if let Some(token) = self.usable(now()) {
            return Ok(token);
        }
        let seen = self.rounds.load(Ordering::SeqCst);
        let mut last = self.fetching.lock().await;
        if let Some(token) = self.usable(now()) {
            return Ok(token);
        }
        // Whoever waited while another call failed shares that failure: the cloud counts logins.
        if self.rounds.load(Ordering::SeqCst) != seen
            && let Some(error) = &*last
        {
            return Err(error.clone());
        }
        let fetched = fetch().await;
        self.rounds.fetch_add(1, Ordering::SeqCst);
        *last = fetched.as_ref().err().cloned();
        Ok(self.put(fetched?))
    }

    /// Fetches a new token ahead of time, unless another call does, or one failed just now. The
    /// old one stays in use meanwhile.
    pub(crate) async fn renew<F>(&self, now: Timestamp, fetch: impl FnOnce() -> F)
    where
        F: Future<Output = Result<Token, ApiError>>,
    {
        let Ok(mut last) = self.fetching.try_lock() else {
            return;
        };
        if !self.is_due(now) {
            return;
        }
        let fetched = fetch().await;
        self.rounds.fetch_add(1, Ordering::SeqCst);
        *last = fetched.as_ref().err().cloned();
        match fetched {
            Ok(token) => {
                self.put(token);
            }
            Err(error) => {
                tracing::warn!(%error, "the token could not be renewed; the old one stays in use");
                let until = now.saturating_add(RENEWAL_PAUSE).unwrap_or(now);
                *lock(&self.renewal_rests_until) = Some(until);
            }
        }
    }

    /// Whether a renewal should begin now.
    pub(crate) fn is_due(&self, now: Timestamp) -> bool {
        let rests = lock(&self.renewal_rests_until).is_some_and(|until| now < until);
        let ageing = lock(&self.current).as_ref().is_some_and(|token| token.is_ageing(now));
        ageing && !rests
    }

    /// Forgets `token`, if it is still the current one.
    pub(crate) fn drop_token(&self, token: &Arc<Token>) {
        let mut current = lock(&self.current);
        if current.as_ref().is_some_and(|other| Arc::ptr_eq(other, token)) {
            *current = None;
        }
    }

    fn usable(&self, now: Timestamp) -> Option<Arc<Token>> {
        lock(&self.current)
            .as_ref()
            .filter(|token| token.is_usable(now))
            .cloned()
    }

    fn put(&self, token: Token) -> Arc<Token> {
        let token = Arc::new(token);
        *lock(&self.current) = Some(Arc::clone(&token));
        token
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // What is inside is replaced in one step and thus whole, also after a panic elsewhere.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
#[path = "token_tests.rs"]
mod tests;
