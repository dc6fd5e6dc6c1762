//! Secrets that turn up where they do not belong.
//!
//! Every scene ends with a look at all that people and programs can read: the operator's log, its
//! metrics, and every object but Secrets. All secrets of the tests are made up, and can be recognised.

use data_encoding::{BASE64, HEXLOWER};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{ConfigMap, Event};
use kube::api::{Api, ListParams};
use modelarts_crd::{ModelArtsAccount, ModelArtsNetwork, ModelArtsPool};
use sandbox::World;
use sandbox::simulator::SECRET_KEY;
use serde::Serialize;

use crate::scene::OTHER_SECRET_KEY;

/// The secret key in the environment of an operator, and in further Secrets.
pub const FURTHER_SECRET_KEY: &str = "SKEXAMPLE-made-up/for+the=environment";
/// The password of a user.
pub const PASSWORD: &str = "PWEXAMPLE made up & odd";
/// What the simulator's pod identity has to be shown.
pub const POD_TOKEN: &str = "POD-TOKEN-EXAMPLE";
/// What secret keys and security tokens begin with that the simulator hands out.
const HANDED_OUT: [&str; 2] = ["SKHANDEDOUT-", "STHANDEDOUT-"];

/// All that must never be seen.
fn secrets() -> impl Iterator<Item = &'static str> {
    let whole = [SECRET_KEY, OTHER_SECRET_KEY, FURTHER_SECRET_KEY, PASSWORD, POD_TOKEN];
    whole.into_iter().chain(HANDED_OUT)
}

/// The secret as it is, in hexadecimal, percent-encoded, and inside of anything in Base64.
fn spellings(secret: &str) -> Vec<String> {
    let octets = secret.as_bytes();
    let hex = HEXLOWER.encode(octets);
    let percent: String = octets
        .iter()
        .map(|octet| match octet {
            octet if octet.is_ascii_alphanumeric() || b"-_.~".contains(octet) => char::from(*octet).to_string(),
            octet => format!("%{octet:02X}"),
        })
        .collect();
    let mut all = vec![secret.to_owned(), hex.to_uppercase(), hex, percent];
    for before in 0..3 {
        // Digits that also depend on the neighbours are left out.
        let code = BASE64.encode(&[vec![0; before], octets.to_vec()].concat());
        let (from, to) = ((before * 8).div_ceil(6), (before + octets.len()) * 8 / 6);
        all.push(code[from..to].replace('+', "-").replace('/', "_"));
        all.push(code[from..to].to_owned());
    }
    all
}

/// The first secret that `text` shows, and how.
#[must_use]
pub fn shown_in(text: &str) -> Option<String> {
    for secret in secrets() {
        for spelling in spellings(secret) {
            if let Some(at) = text.find(&spelling) {
                let from = text[..at].char_indices().rev().nth(200).map_or(0, |(index, _)| index);
                return Some(format!("{secret} as {spelling} after {:?}", &text[from..at]));
            }
        }
    }
    None
}

/// Looks everywhere.
pub async fn check(world: &World) {
    for operator in &world.operators {
        clean("the log", &operator.process().log());
        clean("the metrics", &operator.scrape().await.unwrap());
    }
    clean("a pool", &all::<ModelArtsPool>(world).await);
    clean("a network", &all::<ModelArtsNetwork>(world).await);
    clean("an account", &all::<ModelArtsAccount>(world).await);
    clean("an event", &all::<Event>(world).await);
    clean("a lease", &all::<Lease>(world).await);
    clean("a config map", &all::<ConfigMap>(world).await);
}

async fn all<K>(world: &World) -> String
where
    K: kube::Resource<DynamicType = ()> + Clone + Serialize + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let listed = Api::<K>::all(world.client.clone()).list(&ListParams::default()).await;
    match listed {
        Ok(listed) => serde_json::to_string(&listed.items).unwrap(),
        // A test may have taken the definition away.
        Err(kube::Error::Api(refusal)) if refusal.is_not_found() => String::new(),
        Err(error) => panic!("listing {}: {error}", K::kind(&())),
    }
}

fn clean(place: &str, text: &str) {
    if let Some(shown) = shown_in(text) {
        panic!("{place} shows {shown}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_found_in_every_spelling_and_nothing_is_found_where_none_is() {
        for secret in secrets() {
            let octets = secret.as_bytes();
            let json = BASE64.encode(format!(r#"{{"key":"{secret}"}}"#).as_bytes());
            let query = format!("k={}", spellings(secret)[3]);
            for text in [
                format!("key {secret}!"),
                HEXLOWER.encode(octets),
                HEXLOWER.encode(octets).to_uppercase(),
                BASE64.encode(octets),
                json,
                query,
            ] {
                assert!(shown_in(&text).is_some(), "{secret} in {text}");
            }
        }
        assert_eq!(
            shown_in("SKEXAMPLE and AKEXAMPLE are no secrets, nor is HANDEDOUT"),
            None
        );
    }
}
