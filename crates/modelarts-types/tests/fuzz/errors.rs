//! Error bodies: total for every status, and never more certain than what came.

use bolero::generator::produce;
use modelarts_types::{ErrorBody, ErrorCode};
use mutated_json::{Altered, Corpus, Damaged, budgeted};
use serde::de::IgnoredAny;
use serde_json::Value;

use crate::examples::corpus;

const PAIRS: [(&str, &str); 3] = [
    ("error_code", "error_msg"),
    ("errorCode", "errorMsg"),
    ("code", "message"),
];

/// Whether a code and a message stand side by side, each a text or a number, anywhere in objects.
fn has_a_pair(value: &Value) -> bool {
    let Value::Object(members) = value else { return false };
    let is_word = |key| {
        members
            .get(key)
            .is_some_and(|value| value.is_string() || value.is_number())
    };
    PAIRS.iter().any(|(code, message)| is_word(*code) && is_word(*message)) || members.values().any(has_a_pair)
}

fn errors() -> Corpus {
    corpus(|name| name.starts_with("error-"))
}

/// Whatever octets came: what is not recognised is told as it came, with the status for a code.
#[test]
fn any_octets_are_an_error_body() {
    budgeted(bolero::check!())
        .with_generator((produce::<u16>(), errors().damaged()))
        .for_each(|(status, Damaged(octets)): &(u16, Damaged)| {
            let error = ErrorBody::parse(*status, octets);
            match serde_json::from_slice(octets) {
                // Of two members of one name both are looked into, and the document here has only one.
                Ok(document) => assert!(error.recognised || !has_a_pair(&document)),
                // What is passed over unread need not be a value, only well formed: it may lie too deep, spell
                // no text, or be too large a number.
                Err(why) => {
                    let formed = serde_json::from_slice::<IgnoredAny>(octets).is_ok();
                    assert!(!error.recognised || formed, "{why}");
                }
            }
            if !error.recognised {
                assert_eq!(
                    error.code,
                    status.to_string(),
                    "without a code the status stands for it"
                );
                assert_eq!(error.message, String::from_utf8_lossy(octets));
            }
        });
}

#[test]
fn an_error_body_is_recognised_exactly_if_it_has_a_pair() {
    budgeted(bolero::check!())
        .with_generator(errors().altered())
        .for_each(|input: &Altered| {
            let error = ErrorBody::parse(400, input.after.to_string().as_bytes());
            assert_eq!(error.recognised, has_a_pair(&input.after));
        });
}

/// The number of a gateway code is found under both prefixes and nowhere else.
#[test]
fn any_text_may_be_a_code() {
    let text = mutated_json::OddText;
    budgeted(bolero::check!())
        .with_generator((text, text, produce::<u16>()))
        .for_each(|(one, other, number): &(String, String, u16)| {
            assert!(ErrorCode(one).is(one));
            assert_eq!(ErrorCode(one).is(other), ErrorCode(other).is(one));
            for prefix in ["APIG.", "APIGW."] {
                let code = format!("{prefix}{number:04}");
                assert_eq!(ErrorCode(&code).gateway(), Some(*number));
                assert_eq!(ErrorCode(&format!("{one}{code}")).gateway().is_some(), one.is_empty());
            }
        });
}
