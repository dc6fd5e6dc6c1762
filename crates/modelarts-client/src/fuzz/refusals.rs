//! What an answer that says no is taken for, and what it may bring along.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bolero::generator::{ValueGenerator, produce};
use bytes::Bytes;
use jiff::Timestamp;
use modelarts_types::{ErrorBody, codes};
use mutated_json::{Corpus, Damaged, below, budgeted, one_of};
use secrecy::SecretString;
use serde_json::json;

use super::{Time, header_map};
use crate::answer::refusal;
use crate::failure::{Reply, classify};
use crate::operation::{Operation, Target};
use crate::transport::Answer;
use crate::{Failure, Sent};

const CODES: [&str; 22] = [
    codes::BAD_REQUEST,
    codes::POOL_EXISTS,
    codes::POOL_NOT_FOUND,
    codes::NETWORK_NOT_FOUND,
    codes::NETWORK_IN_USE,
    codes::FLAVOR_NOT_FOUND,
    codes::TOKEN_INVALID,
    codes::INTERNAL,
    codes::QUOTA,
    codes::WORKSPACE_NOT_FOUND,
    codes::PROJECT_MISMATCH,
    codes::KEY_INVALID,
    codes::NOT_AUTHORISED,
    codes::TOKEN_EXPIRED,
    codes::IN_ARREARS,
    "APIG.0101",
    "APIGW.0301",
    "APIG.0308",
    "APIGW.0308",
    "404",
    "Gone",
    "",
];
const MESSAGES: [&str; 8] = [
    "Pool already exists.",
    "quota",
    "sold out",
    "token expires",
    "reach the limit",
    "locked",
    "not found",
    "it was created",
];

/// An operation, a status and the body of an error, in any combination.
struct Refusals;

impl ValueGenerator for Refusals {
    type Output = (Operation, u16, Vec<u8>);

    fn generate<D: bolero::Driver>(&self, driver: &mut D) -> Option<Self::Output> {
        let operation = *one_of(driver, &Operation::ALL)?;
        let status = u16::try_from(below(driver, 1_000)?).ok()?;
        let (code, message) = (one_of(driver, &CODES)?, one_of(driver, &MESSAGES)?);
        let documents = [
            json!({"error_code": code, "error_msg": message}),
            json!({"error": {"code": code, "message": message}}),
            json!({"errorCode": code, "errorMsg": message, "request_id": "r"}),
        ];
        let body = match driver.produce::<bool>()? {
            true => one_of(driver, &documents)?.to_string().into_bytes(),
            false => Corpus::new(documents).damaged().generate(driver)?.0,
        };
        Some((operation, status, body))
    }
}

/// The rule that money hangs on, whatever operation, status and body: that something was surely not
/// done is said only at a status that precedes execution, in the words of the service or its gateway;
/// that something is gone, only by the service's own code for just that kind of thing.
#[test]
fn no_answer_claims_more_than_it_proves() {
    budgeted(bolero::check!()).with_generator(Refusals).for_each(
        |(operation, status, octets): &(Operation, u16, Vec<u8>)| {
            let body = ErrorBody::parse(*status, octets);
            let (failure, sent) = classify(*operation, Reply::Status(*status, &body));
            let precedes = [400, 401, 403, 404, 405, 409, 413, 415, 422, 429].contains(status);
            assert_eq!(sent == Sent::Rejected, precedes && body.recognised, "{status} {body:?}");
            assert_ne!(sent, Sent::NotSent);
            let own_word = match operation.target() {
                Target::Pool => body.recognised && body.code == codes::POOL_NOT_FOUND,
                Target::Network => body.recognised && body.code == codes::NETWORK_NOT_FOUND,
                Target::None => false,
            };
            assert_eq!(
                failure == Failure::Gone,
                *status == 404 && own_word,
                "{status} {body:?}"
            );
        },
    );
}

#[test]
fn times_in_headers_are_read_or_ignored() {
    let now: Timestamp = "2025-01-02T12:00:00Z".parse().unwrap();
    let (waits, skews) = <(AtomicU32, AtomicU32)>::default();
    budgeted(bolero::check!())
        .with_generator((Time, Time, produce::<bool>()))
        .for_each(|(after, date, refused): &(String, String, bool)| {
            let answer = Answer {
                status: if *refused { 401 } else { 429 },
                headers: header_map(&[("retry-after", after), ("date", date)]),
                body: Bytes::new(),
            };
            let error = refusal(Operation::CreatePool, &answer, now, &[]);
            let seconds = after.trim().parse::<u64>().ok().map(Duration::from_secs);
            match (error.retry_after, seconds) {
                (found, Some(seconds)) => assert_eq!(found, Some(seconds)),
                // A date lies within what a date can say.
                (Some(wait), None) => assert!(wait < Duration::from_secs(400_000_000_000), "{after:?}"),
                (None, None) => {}
            }
            waits.fetch_add(u32::from(error.retry_after.is_some()), Ordering::Relaxed);
            if let Some(skew) = error.clock_skew {
                assert!(*refused && skew.abs() > 300, "{date:?}");
                skews.fetch_add(1, Ordering::Relaxed);
            }
            let _ = error.to_string();
        });
    let (waits, skews) = (waits.into_inner(), skews.into_inner());
    assert!(waits > 0 && skews > 0, "{waits} waits and {skews} skews were read");
}

/// No answer brings a secret of ours into an error, in whatever spelling it echoes it.
#[test]
fn no_error_repeats_a_secret() {
    let secret = "s3cret/of+an=example";
    let spellings = [
        secret.to_owned(),
        crate::sign::encode(secret),
        data_encoding::BASE64.encode(secret.as_bytes()),
        data_encoding::HEXLOWER.encode(secret.as_bytes()),
    ];
    let corpus = Corpus::new(spellings.iter().flat_map(|spelling| {
        [
            json!({"error_code": spelling, "error_msg": format!("no {spelling}, {spelling}"), "request_id": spelling}),
            json!({"error": {"code": 401, "message": spelling}}),
        ]
    }));
    budgeted(bolero::check!())
        .with_generator((corpus.damaged(), produce::<u16>(), Time))
        .for_each(|(Damaged(octets), status, text): &(Damaged, u16, String)| {
            let echo = format!("{text}{}", spellings[usize::from(*status) % spellings.len()]);
            let answer = Answer {
                status: *status,
                headers: header_map(&[("x-request-id", &echo)]),
                body: Bytes::copy_from_slice(octets),
            };
            let now = Timestamp::UNIX_EPOCH;
            let error = refusal(Operation::ShowPool, &answer, now, &[SecretString::from(secret)]);
            let shown = format!("{error} {error:?}");
            for spelling in &spellings {
                assert!(!shown.contains(spelling.as_str()), "{shown}");
            }
        });
}
