//! Calls signed with keys that a source hands out.
//!
//! A call takes the current key, whichever that is. If the cloud refuses it, the key is forgotten
//! and the next call asks the source anew; a read is repeated once with the key that comes, a
//! write never. Each key rests by itself after a refusal, and a source whose keys are refused one
//! after the other rests as a whole.

use std::sync::Arc;

use tokio::time::Instant;

use crate::authenticate::SigningKey;
use crate::client::Client;
use crate::error::ApiError;
use crate::failure::{Failure, Sent};
use crate::guard;
use crate::operation::Operation;
use crate::request::ApiRequest;
use crate::source::KeySource;
use crate::temporary::TemporaryKey;
use crate::transport::Answer;

impl Client {
    /// One signed call; for a read, a second one with another key if the first is refused.
    pub(crate) async fn with_fetched(
        &self,
        source: &KeySource,
        request: &ApiRequest,
        ends: Instant,
    ) -> Result<Answer, ApiError> {
        self.renew_key_if_due(source);
        let key = self.key(source, ends).await.map_err(ApiError::before_sending)?;
        let error = match self.try_key(request, &key, ends).await {
            Err(error) if may_take_another(request, &error) => error,
            result => return result,
        };
        // What the cloud said of the first key tells more than that there is no second.
        match self.key(source, ends).await {
            Ok(other) if !Arc::ptr_eq(&other, &key) => self.try_key(request, &other, ends).await,
            _ => Err(error),
        }
    }

    /// One signed call, if the key is not at rest.
    async fn try_key(&self, request: &ApiRequest, key: &Arc<TemporaryKey>, ends: Instant) -> Result<Answer, ApiError> {
        let inner = &self.inner;
        let steady = || inner.hooks.clock.steady();
        let _pass = self.turn(&key.guard, request.operation, ends).await?;
        let url = self.url(request)?;
        let signing = SigningKey {
            access_key: &key.access_key,
            secret_key: &key.secret_key,
            security_token: Some(&key.security_token),
        };
        let headers = self.headers_signed_with(signing, request, &url)?;
        let mut result = self.exchange(request, url, headers, ends, &key.secrets()).await;
        key.guard.report(result.as_ref().err(), steady());
        match &mut result {
            Err(error) if guard::is_refusal(error) => {
                inner.trials.refused(&key.access_key, error, steady());
                inner.keys.forget(key);
                // What was good before has ended, or was withdrawn; the next one may be good.
                if key.was_accepted() && error.failure == Failure::Unauthenticated {
                    error.failure = Failure::Expired;
                }
            }
            Err(error) if !guard::knows_the_key(error.failure) => {}
            _ => {
                key.accept();
                inner.trials.accepted(&key.access_key);
            }
        }
        result
    }

    /// The current key, fetched if there is none.
    async fn key(&self, source: &KeySource, ends: Instant) -> Result<Arc<TemporaryKey>, ApiError> {
        let inner = &self.inner;
        let operation = Operation::FetchKey.as_str();
        let current = inner
            .keys
            .current(|| inner.hooks.clock.wall(), || self.untried_key(source, ends));
        match tokio::time::timeout_at(ends, current).await {
            Ok(key) => key,
            Err(_) => Err(ApiError::unsent(
                operation,
                Failure::Transient,
                format!("{source} gave no key before the deadline"),
            )),
        }
    }

    /// Fetches a new key beside the call, which goes on with the old one.
    fn renew_key_if_due(&self, source: &KeySource) {
        let now = self.inner.hooks.clock.wall();
        if self.inner.keys.is_due(now) {
            let (client, source) = (self.clone(), source.clone());
            tokio::spawn(async move {
                let ends = Instant::now() + client.inner.config.deadline;
                let fetch = || client.untried_key(&source, ends);
                client.inner.keys.renew(now, fetch).await;
            });
        }
    }

    /// A key from the source that was not refused just now.
    async fn untried_key(&self, source: &KeySource, ends: Instant) -> Result<TemporaryKey, ApiError> {
        let operation = Operation::FetchKey.as_str();
        let (trials, clock) = (&self.inner.trials, &self.inner.hooks.clock);
        trials.admit_source(operation, clock.steady())?;
        let key = self.fetch_key(source, ends).await?;
        trials.admit_key(operation, &key.access_key, clock.steady())?;
        Ok(key)
    }
}

/// Whether the call may be made with another key: nothing was sent because this one rests, or it
/// is a read that was refused.
fn may_take_another(request: &ApiRequest, error: &ApiError) -> bool {
    let rests = error.sent == Sent::NotSent && error.failure == Failure::Locked;
    rests || request.operation.is_read() && guard::is_refusal(error)
}
