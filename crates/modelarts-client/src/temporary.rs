//! A temporary key, and how it is read from what a source answers. Pure.
//!
//! Access key, secret key, security token and end belong together: they come in one answer and are
//! replaced as one value.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::Value;
use thiserror::Error;

use crate::credentials::{Credentials, CredentialsError};
use crate::guard::KeyGuard;
use crate::renewal::Ending;

/// A key is renewed at most this long before its end.
const RENEWAL: SignedDuration = SignedDuration::from_mins(40);

/// A temporary key and what is known of it. No `Debug`.
pub(crate) struct TemporaryKey {
    pub(crate) access_key: String,
    pub(crate) secret_key: SecretString,
    pub(crate) security_token: SecretString,
    issued: Timestamp,
    expires: Timestamp,
    /// The rest of this key after a refusal; the next key does not inherit it.
    pub(crate) guard: KeyGuard,
    accepted: AtomicBool,
}

/// What is wrong with an answer. Never says what is in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(crate) enum BadKey {
    #[error("its answer is no JSON object")]
    NotAnObject,
    #[error("its answer has no {0}")]
    Missing(&'static str),
    #[error("the end of the key in its answer is no time in RFC 3339 form")]
    NoTime,
    #[error("{0} in its answer")]
    Unusable(CredentialsError),
    #[error("the key in its answer has ended or is about to; if that is not so, this machine's clock is wrong")]
    Ended,
}

impl TemporaryKey {
    /// The key in an answer that came at `now`. It rests for `rest` after a refusal.
    ///
    /// Every spelling that the vendor's SDK reads is read here: the parts may be in an envelope or
    /// not.
    pub(crate) fn read(body: &[u8], now: Timestamp, rest: Duration) -> Result<Self, BadKey> {
        let document: Value = serde_json::from_slice(body).map_err(|_| BadKey::NotAnObject)?;
        let envelope = ["credential", "credentials"]
            .iter()
            .filter_map(|name| document.get(name))
            .find(|value| value.is_object());
        let parts = envelope.unwrap_or(&document);
        if !parts.is_object() {
            return Err(BadKey::NotAnObject);
        }
        let part = |names: &[&str], what| {
            let texts = names.iter().filter_map(|name| parts.get(name)?.as_str());
            texts
                .map(str::trim)
                .find(|text| !text.is_empty())
                .ok_or(BadKey::Missing(what))
        };
        let access_key = part(&["access", "accessKeyId", "access_key_id"], "access key")?;
        let secret_key = part(&["secret", "secretAccessKey", "secret_access_key"], "secret key")?;
        let token = part(&["securitytoken", "securityToken", "security_token"], "security token")?;
        let end = part(&["expires_at", "expiration"], "end of the key")?;
        let expires: Timestamp = end.parse().map_err(|_| BadKey::NoTime)?;
        let given = Credentials::Keys {
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            security_token: Some(token.into()),
        };
        given.checked(false).map_err(BadKey::Unusable)?;
        let key = Self {
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            security_token: token.into(),
            issued: now,
            expires,
            guard: KeyGuard::new(rest),
            accepted: AtomicBool::new(false),
        };
        if key.is_usable(now) {
            Ok(key)
        } else {
            Err(BadKey::Ended)
        }
    }

    /// What must not appear in a message.
    pub(crate) fn secrets(&self) -> [SecretString; 2] {
        [self.secret_key.clone(), self.security_token.clone()]
    }

    /// Whether a call with it has ever succeeded.
    pub(crate) fn was_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Takes note of a success.
    pub(crate) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }
}

impl Ending for TemporaryKey {
    const NAME: &'static str = "temporary key";

    fn issued(&self) -> Timestamp {
        self.issued
    }

    fn expires(&self) -> Timestamp {
        self.expires
    }

    /// The rule of the vendor's SDK, 40 minutes, but never more than a third of the life: a key
    /// that lives for less than 40 minutes would be renewed at every call.
    fn window(life: SignedDuration) -> SignedDuration {
        RENEWAL.min(life / 3)
    }

    /// A source may go on with the same key for a while.
    fn replaces(&self, current: &Self) -> bool {
        self.access_key != current.access_key || self.expires > current.expires
    }

    /// 15 s, doubled up to 4 min: several tries fit into the window of a key of 15 minutes.
    fn renewal_pause(failures: u32) -> SignedDuration {
        SignedDuration::from_secs(15 << failures.saturating_sub(1).min(4))
    }

    /// 1 s, doubled up to 64 s: a source that is down is on this node, and back soon.
    fn fetch_pause(failures: u32) -> SignedDuration {
        SignedDuration::from_secs(1 << failures.saturating_sub(1).min(6))
    }
}

/// A key for tests.
#[cfg(test)]
pub(crate) fn made_up(access_key: &str, issued: &str, expires: &str) -> TemporaryKey {
    let answer = serde_json::json!({"access": access_key, "secret": "sk-example", "securitytoken": "st-example",
                                    "expires_at": expires});
    let now = issued.parse().unwrap_or(Timestamp::MIN);
    match TemporaryKey::read(answer.to_string().as_bytes(), now, Duration::from_secs(300)) {
        Ok(key) => key,
        Err(why) => unreachable!("{why}"),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;
    use serde_json::json;

    use super::*;

    fn noon() -> Timestamp {
        "2024-01-02T12:00:00Z".parse().unwrap()
    }

    fn read(answer: &Value) -> Result<TemporaryKey, BadKey> {
        TemporaryKey::read(answer.to_string().as_bytes(), noon(), Duration::from_secs(300))
    }

    #[test]
    fn every_spelling_is_read() {
        let end = "2024-01-03T03:04:05.678000Z";
        let short = json!({"access": "A", "secret": "S", "securitytoken": "T", "expires_at": end});
        let camel = json!({"accessKeyId": "A", "secretAccessKey": "S", "securityToken": "T", "expiration": end});
        let snake = json!({"access_key_id": "A", "secret_access_key": "S", "security_token": "T", "expiration": end});
        for parts in [short, camel, snake] {
            let enveloped = [
                json!({"credential": parts}),
                json!({"credentials": parts, "audience": "a"}),
                json!({"credential": null, "credentials": parts}),
                parts,
            ];
            for answer in enveloped {
                let key = read(&answer).ok().unwrap();
                assert_eq!(key.access_key, "A", "{answer}");
                assert_eq!(key.secret_key.expose_secret(), "S", "{answer}");
                assert_eq!(key.security_token.expose_secret(), "T", "{answer}");
                assert_eq!(key.expires().to_string(), "2024-01-03T03:04:05.678Z", "{answer}");
            }
        }
    }

    #[test]
    fn an_answer_that_lacks_a_part_says_which() {
        let whole = json!({"access": "A", "secret": "S", "securitytoken": "T", "expires_at": "2024-01-03T00:00:00Z"});
        for (name, what) in [
            ("access", "access key"),
            ("secret", "secret key"),
            ("securitytoken", "security token"),
            ("expires_at", "end of the key"),
        ] {
            for odd in [json!(null), json!(""), json!(" "), json!(7), json!({})] {
                let mut answer = whole.clone();
                answer[name] = odd;
                assert_eq!(read(&answer).err(), Some(BadKey::Missing(what)), "{answer}");
            }
        }
        for (answer, why) in [
            (json!([]), BadKey::NotAnObject),
            (json!("A"), BadKey::NotAnObject),
            (json!({}), BadKey::Missing("access key")),
            (json!({"credential": []}), BadKey::Missing("access key")),
        ] {
            assert_eq!(read(&answer).err(), Some(why), "{answer}");
        }
        for (name, value, why) in [
            ("expires_at", "soon", BadKey::NoTime),
            ("expires_at", "2024-01-02T12:01:00Z", BadKey::Ended),
            ("expires_at", "2023-01-02T12:01:00Z", BadKey::Ended),
            ("access", "A K", BadKey::Unusable(CredentialsError::Blank("access key"))),
            (
                "securitytoken",
                "T T",
                BadKey::Unusable(CredentialsError::Blank("security token")),
            ),
        ] {
            let mut answer = whole.clone();
            answer[name] = json!(value);
            assert_eq!(read(&answer).err(), Some(why), "{answer}");
        }
        assert!(TemporaryKey::read(b"<html>", noon(), Duration::ZERO).is_err());
    }
}
