//! The signer reproduces every vector that the vendor's own signer made.
//!
//! The vectors lie in `shared/vectors`, beside the checkout.

// Clippy knows `#[test]` functions as tests, but not the functions they share.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::collections::BTreeMap;

use data_encoding::BASE64;
use modelarts_client::headers::{Completion, Payload, complete};
use modelarts_client::sign::{Algorithm, Unsigned, request_target, sign};
use secrecy::SecretString;
use serde::Deserialize;

type Texts = BTreeMap<String, String>;

#[derive(Deserialize)]
struct File {
    count: usize,
    vectors: Vec<Vector>,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    tier: String,
    algorithm: String,
    credentials: Keys,
    date: String,
    request: Asked,
    expected: Expected,
}

#[derive(Deserialize)]
struct Keys {
    ak: String,
    sk: String,
    security_token: Option<String>,
    project_id: Option<String>,
    domain_id: Option<String>,
    derived_service: Option<String>,
    derived_region: Option<String>,
}

#[derive(Deserialize)]
struct Asked {
    method: String,
    host: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Texts,
    body: Option<Body>,
}

#[derive(Deserialize)]
struct Body {
    encoding: String,
    data: String,
}

#[derive(Deserialize)]
struct Expected {
    canonical_uri: String,
    canonical_query: String,
    signed_headers: String,
    payload_hash: String,
    canonical_request: String,
    string_to_sign: String,
    signature: String,
    authorization: String,
    request_target: String,
    headers: Texts,
}

fn vectors() -> File {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared/vectors/signing.json");
    let text = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("the vectors must lie beside the checkout: {path}: {error}"));
    serde_json::from_str(&text).unwrap()
}

fn body(vector: &Vector) -> Vec<u8> {
    match &vector.request.body {
        None => Vec::new(),
        Some(body) if body.encoding == "base64" => BASE64.decode(body.data.as_bytes()).unwrap(),
        Some(body) => body.data.clone().into_bytes(),
    }
}

fn algorithm(vector: &Vector) -> Algorithm<'_> {
    match vector.algorithm.as_str() {
        "SDK-HMAC-SHA256" => Algorithm::Sdk,
        "V11-HMAC-SHA256" => Algorithm::V11 {
            region: vector.credentials.derived_region.as_deref().unwrap(),
            service: vector.credentials.derived_service.as_deref().unwrap(),
        },
        other => panic!("{}: unknown algorithm {other}", vector.name),
    }
}

/// Signs the headers and compares each text on the way to the signature.
fn check_signature(vector: &Vector, headers: &[(String, String)]) -> String {
    let name = &vector.name;
    let request = &vector.request;
    let body = body(vector);
    let unsigned = Unsigned {
        method: &request.method,
        path: &request.path,
        query: &request.query,
        headers,
        body: &body,
    };
    let secret = SecretString::from(vector.credentials.sk.as_str());
    let signed = sign(unsigned, &vector.credentials.ak, &secret, algorithm(vector)).unwrap();
    let expected = &vector.expected;
    assert_eq!(signed.canonical_uri, expected.canonical_uri, "{name}");
    assert_eq!(signed.canonical_query, expected.canonical_query, "{name}");
    assert_eq!(signed.signed_headers, expected.signed_headers, "{name}");
    assert_eq!(signed.payload_hash, expected.payload_hash, "{name}");
    assert_eq!(signed.canonical_request, expected.canonical_request, "{name}");
    assert_eq!(signed.string_to_sign, expected.string_to_sign, "{name}");
    assert_eq!(signed.signature, expected.signature, "{name}");
    assert_eq!(signed.authorization, expected.authorization, "{name}");
    assert_eq!(
        request_target(&request.path, &request.query),
        expected.request_target,
        "{name}"
    );
    signed.authorization
}

#[test]
fn every_vector_is_reproduced_from_its_headers() {
    let file = vectors();
    assert_eq!(file.count, 108);
    assert_eq!(file.vectors.len(), 108);
    for vector in &file.vectors {
        let headers: Vec<(String, String)> = vector
            .expected
            .headers
            .iter()
            .filter(|(name, _)| *name != "Authorization")
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        check_signature(vector, &headers);
    }
}

#[test]
fn every_vector_is_reproduced_from_the_callers_headers() {
    let file = vectors();
    let mut tiers: BTreeMap<String, usize> = BTreeMap::new();
    for vector in &file.vectors {
        *tiers.entry(vector.tier.clone()).or_default() += 1;
        let keys = &vector.credentials;
        let token = keys.security_token.as_deref().map(SecretString::from);
        let given: Vec<(String, String)> = vector.request.headers.clone().into_iter().collect();
        let completed = complete(
            &given,
            &Completion {
                host: &vector.request.host,
                date: &vector.date,
                project_id: keys.project_id.as_deref(),
                domain_id: keys.domain_id.as_deref(),
                security_token: token.as_ref(),
                payload: Payload::HashedIfJson,
            },
        );
        let authorization = check_signature(vector, &completed);
        let mut all: Texts = completed.into_iter().collect();
        all.insert("Authorization".into(), authorization);
        assert_eq!(all, vector.expected.headers, "{}", vector.name);
    }
    let tiers: Vec<(&str, usize)> = tiers.iter().map(|(k, v)| (k.as_str(), *v)).collect();
    assert_eq!(tiers, [("client", 12), ("derived", 4), ("signer", 92)]);
}

/// The vendor's habit for merge patches is reproduced above and must not be ours.
#[test]
fn our_own_form_always_hashes_the_body() {
    let given = [("Content-Type".to_owned(), "application/merge-patch+json".to_owned())];
    let completion = Completion {
        host: "h.example",
        date: "20250102T030405Z",
        project_id: None,
        domain_id: None,
        security_token: None,
        payload: Payload::Hashed,
    };
    let headers = complete(&given, &completion);
    assert!(
        headers
            .iter()
            .all(|(name, _)| !name.eq_ignore_ascii_case("X-Sdk-Content-Sha256"))
    );
}

#[test]
fn a_request_without_a_date_is_not_signed() {
    let secret = SecretString::from("sk-example");
    let unsigned = Unsigned {
        method: "GET",
        path: "/",
        query: &[],
        headers: &[],
        body: &[],
    };
    assert!(sign(unsigned, "AKEXAMPLE", &secret, Algorithm::Sdk).is_err());
}
