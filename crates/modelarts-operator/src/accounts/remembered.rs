//! What outlives the process: a crash loop would otherwise try refused credentials once in each life,
//! until the cloud locks the key, and begin each with a burst while the cloud asks for a pause.
//!
//! It is kept in the status of the account, hence not by an operator that may not write one. Wall
//! clocks are good enough: what they say is capped, and no promise rests on it.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use modelarts_crd::conditions::{ConditionType, Reason};
use modelarts_crd::{ModelArtsAccount, ModelArtsAccountStatus};

use super::{Accounts, Refused};
use crate::credentials::Place;

/// Shorter pauses are over before another process begins.
const SHORTEST: Duration = Duration::from_secs(10);
/// No pause is longer, whatever a clock or a person wrote.
const LONGEST: Duration = Duration::from_secs(600);
/// Two moments this near are the same pause.
const NEAR: Duration = Duration::from_secs(5);

/// What the next process, or a person who rotates keys, has to know of an account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The version of the Secret whose credentials are in use.
    pub secret: Option<String>,
    /// Which version of account and Secret has credentials that are not to be tried again.
    pub refused: Option<String>,
    /// How long nothing is to be sent.
    pub pause: Duration,
}

impl Accounts {
    /// What the next process has to know of an account, for its status. Nothing new as long as this
    /// one has not come so far as to use it.
    #[must_use]
    pub fn remember(&self, name: &str) -> Option<Remembered> {
        let sessions = self.sessions();
        let session = sessions.get(name)?;
        let is_refused = session.refused.as_ref().is_some_and(|refused| refused.final_);
        Some(Remembered {
            secret: session.secret.clone(),
            refused: is_refused.then(|| session.version.clone()),
            pause: self.governor.pause(name),
        })
    }
}

impl Remembered {
    /// Writes it down. A pause that is written already, or is too short, or over, costs no write.
    pub fn write(self, status: &mut ModelArtsAccountStatus, now: Timestamp) {
        status.secret_version = self.secret;
        status.refused_credentials = self.refused;
        if self.pause < SHORTEST {
            return;
        }
        let until = now.saturating_add(self.pause).unwrap_or(now);
        let near = |told: &Time| told.0.duration_until(until).unsigned_abs() <= NEAR;
        if !status.paused_until.as_ref().is_some_and(near) {
            let whole = Timestamp::from_second(until.as_second() + 1).unwrap_or(until);
            status.paused_until = Some(Time(whole));
        }
    }
}

/// What is left of the pause that the status tells of.
pub(super) fn pause(account: &ModelArtsAccount) -> Duration {
    let until = account.status.as_ref().and_then(|status| status.paused_until.as_ref());
    let left = until.map(|until| Timestamp::now().duration_until(until.0));
    let left = left.and_then(|left| Duration::try_from(left).ok());
    left.unwrap_or_default().min(LONGEST)
}

/// The refusal that the status tells of, if it is of this version. The environment of another
/// process may hold other credentials, so it counts for a Secret only.
pub(super) fn refusal(account: &ModelArtsAccount, place: Place<'_>, version: &str) -> Option<Refused> {
    let status = account.status.as_ref()?;
    let same = status.refused_credentials.as_deref() == Some(version);
    if !same || !matches!(place, Place::Secret(_)) {
        return None;
    }
    let told = status.conditions.iter().find(|told| {
        told.type_ == ConditionType::CredentialsValid.as_str() && told.reason == Reason::CredentialsRefused.as_str()
    });
    let message = told.map_or("the cloud refused them before", |told| told.message.as_str());
    Some(Refused {
        message: message.to_owned(),
        final_: true,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::bench::object;

    fn account(status: &Value) -> ModelArtsAccount {
        object(json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsAccount", "metadata": {"name": "default"},
            "spec": {"region": "cn-north-4", "credentials": {"secret": {"name": "keys"}}}, "status": status,
        }))
    }

    #[test]
    fn a_refusal_is_remembered_for_the_version_that_was_refused_and_in_its_own_words() {
        let told = json!({"refusedCredentials": "v1", "conditions": [{
            "type": "CredentialsValid", "status": "False", "reason": "CredentialsRefused", "message": "401 APIGW.0301",
            "lastTransitionTime": "2026-11-01T00:00:00Z",
        }]});
        let account = account(&told);
        let secret = Place::Secret("keys");
        let refused = refusal(&account, secret, "v1").unwrap();
        assert!(refused.final_ && refused.message == "401 APIGW.0301");
        assert!(refusal(&account, secret, "v2").is_none());
        assert!(refusal(&account, Place::Environment, "v1").is_none());
    }

    #[test]
    fn a_pause_is_remembered_and_no_longer_than_a_cloud_may_ask_for() {
        let until = |seconds: i64| {
            let until = Timestamp::from_second(Timestamp::now().as_second() + seconds).unwrap();
            pause(&account(&json!({"pausedUntil": Time(until)}))).as_secs()
        };
        assert!((25..=30).contains(&until(30)));
        assert_eq!((until(-30), until(86_400)), (0, 600));
        assert_eq!(pause(&account(&json!({}))), Duration::ZERO);
    }

    #[test]
    fn a_pause_is_written_once_and_a_short_one_never() {
        let now = Timestamp::from_second(1_000_000).unwrap();
        let written = |status: &mut ModelArtsAccountStatus, pause: u64, now: Timestamp| {
            let remembered = Remembered {
                secret: None,
                refused: None,
                pause: Duration::from_secs(pause),
            };
            remembered.write(status, now);
            status.paused_until.as_ref().map(|until| until.0.as_second())
        };
        let mut status = ModelArtsAccountStatus::default();
        assert_eq!(written(&mut status, 9, now), None);
        assert_eq!(written(&mut status, 60, now), Some(1_000_061));
        let later = Timestamp::from_second(1_000_020).unwrap();
        assert_eq!(written(&mut status, 40, later), Some(1_000_061), "the same pause");
        assert_eq!(written(&mut status, 120, later), Some(1_000_141), "a longer one");
        assert_eq!(
            written(&mut status, 0, later),
            Some(1_000_141),
            "what is over costs no write"
        );
    }
}
