//! Anything can be signed, or is refused; and one request has one canonical form.

use bolero::generator::{ValueGenerator, produce};
use modelarts_client::headers::{Completion, Payload, complete};
use modelarts_client::sign::{Algorithm, Pair, SignError, Signed, Unsigned, request_target, sign};
use mutated_json::{below, budgeted, odd_text, one_of};
use percent_encoding::percent_decode_str;
use secrecy::SecretString;

/// What somebody may want to have signed.
#[derive(Clone, Debug)]
struct Asked {
    method: String,
    path: String,
    query: Vec<Pair>,
    headers: Vec<Pair>,
    body: Vec<u8>,
    access_key: String,
}

struct Anything;

impl ValueGenerator for Anything {
    type Output = Asked;

    fn generate<D: bolero::Driver>(&self, driver: &mut D) -> Option<Asked> {
        const DATES: [&str; 5] = [
            "20240101T000000Z",
            "2024",
            "",
            "äöüäöüäö",
            "20240101T000000Z\r\nHost: evil",
        ];
        const NAMES: [&str; 6] = [
            "Host",
            "Content-Type",
            "content-type",
            "x_under",
            "X-Project-Id",
            "Accept",
        ];
        const METHODS: [&str; 5] = ["GET", "post", "PATCH", "DELETE", "ß"];
        let mut headers = vec![("X-Sdk-Date".to_owned(), (*one_of(driver, &DATES)?).to_owned())];
        for _ in 0..below(driver, 5)? {
            let name = match below(driver, 3)? {
                0 => odd_text(driver)?,
                _ => (*one_of(driver, &NAMES)?).to_owned(),
            };
            headers.push((name, odd_text(driver)?));
        }
        let mut query = Vec::new();
        for _ in 0..below(driver, 5)? {
            query.push((odd_text(driver)?, odd_text(driver)?));
        }
        Some(Asked {
            method: (*one_of(driver, &METHODS)?).to_owned(),
            path: format!("{}{}", one_of(driver, &["", "/", "/v2/p/pools/"])?, odd_text(driver)?),
            query,
            headers,
            body: odd_text(driver)?.into_bytes(),
            access_key: odd_text(driver)?,
        })
    }
}

fn signed(asked: &Asked, secret: &str, algorithm: Algorithm<'_>) -> Result<Signed, SignError> {
    let unsigned = Unsigned {
        method: &asked.method,
        path: &asked.path,
        query: &asked.query,
        headers: &asked.headers,
        body: &asked.body,
    };
    sign(unsigned, &asked.access_key, &SecretString::from(secret), algorithm)
}

const V11: Algorithm<'_> = Algorithm::V11 {
    region: "cn-north-4",
    service: "modelarts",
};

#[test]
fn anything_is_signed_or_refused_and_the_order_of_headers_and_query_does_not_matter() {
    budgeted(bolero::check!())
        .with_generator((Anything, produce::<u8>()))
        .for_each(|(asked, turn): &(Asked, u8)| {
            let mut other = asked.clone();
            // Of two headers of one name the first counts, so only different names may change places.
            let mut names: Vec<String> = asked.headers.iter().map(|(name, _)| name.to_lowercase()).collect();
            names.sort();
            names.dedup();
            if names.len() == asked.headers.len() {
                other.headers.rotate_left(usize::from(*turn) % asked.headers.len());
            }
            other.query.rotate_left(usize::from(*turn) % asked.query.len().max(1));
            for algorithm in [Algorithm::Sdk, V11] {
                match (
                    signed(asked, "example", algorithm),
                    signed(&other, "example", algorithm),
                ) {
                    (Ok(one), Ok(two)) => {
                        assert_eq!(one.canonical_request, two.canonical_request);
                        assert_eq!(one.signature, two.signature);
                        is_well_formed(asked, &one);
                        let another = signed(asked, "example2", algorithm).ok().unwrap();
                        assert_ne!(one.signature, another.signature, "another key");
                    }
                    (Err(one), Err(two)) => assert_eq!(one, two),
                    _ => panic!("signed in one order only"),
                }
            }
        });
}

fn is_well_formed(asked: &Asked, signed: &Signed) {
    assert!(signed.signature.len() == 64 && signed.signature.bytes().all(|octet| octet.is_ascii_hexdigit()));
    let unreserved = |text: &str, more: &str| {
        text.bytes()
            .all(|octet| octet.is_ascii_alphanumeric() || b"-_.~%".contains(&octet) || more.as_bytes().contains(&octet))
    };
    assert!(unreserved(&signed.canonical_uri, "/") && signed.canonical_uri.ends_with('/'));
    assert!(unreserved(&signed.canonical_query, "&="));
    // What goes on the wire says what was meant: decoded, the pairs are the pairs that were asked for.
    let target = request_target("/p", &asked.query);
    let decode = |text: &str| percent_decode_str(text).decode_utf8().unwrap().into_owned();
    let query = target.strip_prefix("/p").unwrap().trim_start_matches('?');
    let mut sent: Vec<Pair> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let mut meant = asked.query.clone();
    sent.sort();
    meant.sort();
    assert_eq!(sent, meant);
}

/// A change of any part of the request is a change of the signature.
#[test]
fn nothing_that_is_signed_can_be_exchanged() {
    budgeted(bolero::check!())
        .with_generator((Anything, Anything))
        .for_each(|(one, two): &(Asked, Asked)| {
            let Ok(before) = signed(one, "example", Algorithm::Sdk) else {
                return;
            };
            let body = Asked {
                body: two.body.clone(),
                ..one.clone()
            };
            let query = Asked {
                query: two.query.clone(),
                ..one.clone()
            };
            let path = Asked {
                path: two.path.clone(),
                ..one.clone()
            };
            for (other, differs) in [
                (&body, body.body != one.body),
                (
                    &query,
                    request_target("", &query.query) != request_target("", &one.query),
                ),
                (&path, false),
            ] {
                let Ok(after) = signed(other, "example", Algorithm::Sdk) else {
                    continue;
                };
                let same = after.canonical_request == before.canonical_request;
                assert_eq!(after.signature == before.signature, same);
                assert!(!(differs && same), "{one:?} and {other:?}");
            }
        });
}

/// The headers that authenticate are there once each; one that the caller gave is not doubled.
#[test]
fn a_request_is_completed_once() {
    budgeted(bolero::check!())
        .with_generator(Anything)
        .for_each(|asked: &Asked| {
            let token = SecretString::from("st-example");
            let completion = Completion {
                host: "h.example",
                date: "20240101T000000Z",
                project_id: Some("p"),
                domain_id: None,
                security_token: Some(&token),
                payload: Payload::Hashed,
            };
            let once = complete(&asked.headers, &completion);
            assert_eq!(complete(&once, &completion), once);
            for name in ["X-Project-Id", "X-Security-Token", "X-Sdk-Date", "Host"] {
                let given = asked
                    .headers
                    .iter()
                    .filter(|(given, _)| given.eq_ignore_ascii_case(name))
                    .count();
                let there = once
                    .iter()
                    .filter(|(there, _)| there.eq_ignore_ascii_case(name))
                    .count();
                assert_eq!(there, given.max(1), "{name}");
            }
        });
}
