//! What pod identity and instance metadata answer.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use mutated_json::{Corpus, Damaged, budgeted};
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::Time;
use crate::renewal::{Ending, Renewal};
use crate::temporary::TemporaryKey;

const NAMES: [&[&str]; 3] = [
    &["access", "accessKeyId", "access_key_id"],
    &["secret", "secretAccessKey", "secret_access_key"],
    &["securitytoken", "securityToken", "security_token"],
];

fn answers() -> Corpus {
    Corpus::new([
        json!({"credential": {"access": "AKEXAMPLE", "secret": "sk-example", "securitytoken": "st-example",
                              "expires_at": "2024-01-02T03:04:05.678000Z"}}),
        json!({"assumedAgency": {"urn": "u", "id": "i"}, "audience": "a", "credentials": {
                   "accessKeyId": "AKEXAMPLE", "secretAccessKey": "sk-example", "securityToken": "st-example",
                   "expiration": "9999-12-31T23:59:59Z"}}),
        json!({"access_key_id": " AKEXAMPLE\n", "secret_access_key": "sk-example", "security_token": "st-example",
               "expiration": "2024-01-02T03:04:05Z"}),
    ])
}

/// The texts that an answer has under `names`, in an envelope or not.
fn said(document: &Value, names: &[&str]) -> Vec<String> {
    let envelopes = [Some(document), document.get("credential"), document.get("credentials")];
    let values = envelopes.into_iter().flatten();
    let texts = values.flat_map(|value| names.iter().filter_map(|name| value.get(name)?.as_str()));
    texts.map(|text| text.trim().to_owned()).collect()
}

/// A key is whole, is what the answer says, can be sent, and is good for more than a moment.
#[test]
fn a_key_that_is_read_is_the_one_in_the_answer_and_can_be_used() {
    let runtime = || tokio::runtime::Builder::new_current_thread().build().unwrap();
    budgeted(bolero::check!())
        .with_generator((answers().damaged(), Time))
        .for_each(|(Damaged(octets), now): &(Damaged, String)| {
            let now: Timestamp = now.parse().unwrap_or(Timestamp::UNIX_EPOCH);
            let Ok(key) = TemporaryKey::read(octets, now, Duration::from_secs(300)) else {
                return;
            };
            let document: Value = serde_json::from_slice(octets).unwrap();
            let parts = [
                key.access_key.as_str(),
                key.secret_key.expose_secret(),
                key.security_token.expose_secret(),
            ];
            for (part, names) in parts.into_iter().zip(NAMES) {
                assert!(said(&document, names).iter().any(|text| text == part), "{part:?}");
                assert!(!part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control()));
            }
            assert!(http::HeaderValue::from_str(key.security_token.expose_secret()).is_ok());
            assert!(key.expires().duration_since(now) > SignedDuration::from_secs(60));
            // However far off its end is, the cache can tell whether it is due.
            let cache = Renewal::<TemporaryKey>::default();
            let kept = runtime()
                .block_on(cache.current(|| now, async || Ok(key)))
                .ok()
                .unwrap();
            assert!(!cache.is_due(now), "no key is renewed as soon as it is there");
            for moment in [Timestamp::MIN, Timestamp::MAX, kept.expires()] {
                let _ = cache.is_due(moment);
            }
        });
}
