//! Takes what looks like a credential out of a text before people read it.
//!
//! Answers repeat what they refuse: a gateway prints the request it could not verify, a proxy the
//! headers it received. Three nets, from certain to guessed: our own secrets in every spelling,
//! values after a word such as `token=`, and long runs that look random.

use data_encoding::{BASE64, BASE64URL, HEXLOWER};
use secrecy::{ExposeSecret, SecretString};

use crate::sign::encode;

/// What stands in place of a credential.
const REDACTED: &str = "[redacted]";
/// Only this much of a text is looked at; far more than is ever kept.
const LONGEST_TEXT: usize = 64 * 1024;
/// Words whose value is taken out, in small letters.
const WORDS: [&str; 9] = [
    "authorization",
    "password",
    "passwd",
    "secret",
    "token",
    "signature",
    "credential",
    "adminpass",
    "access",
];

/// `text` in one line of at most `longest` characters, without `secrets` and their likes.
pub(crate) fn clean(text: &str, secrets: &[SecretString], longest: usize) -> String {
    let mut text: String = text.get(..floor(text, LONGEST_TEXT)).unwrap_or("").to_owned();
    for secret in secrets {
        text = without(text, secret.expose_secret());
    }
    let text = without_values(&text);
    let text = without_random_runs(&text);
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = line.trim();
    match line.char_indices().nth(longest) {
        None => line.to_owned(),
        Some(_) => line.chars().take(longest - 1).chain(['…']).collect(),
    }
}

/// The last character boundary at or before `at`.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|index| text.is_char_boundary(*index))
        .unwrap_or(0)
}

/// Replaces the secret as it is and in the spellings in which an echo may show it.
fn without(text: String, secret: &str) -> String {
    if secret.is_empty() {
        return text;
    }
    let octets = secret.as_bytes();
    let hex = HEXLOWER.encode(octets);
    let json = serde_json::to_string(secret).unwrap_or_default();
    let spellings = [
        hex.to_uppercase(),
        hex,
        BASE64.encode(octets),
        BASE64URL.encode(octets),
        BASE64.encode(octets).trim_end_matches('=').to_owned(),
        BASE64URL.encode(octets).trim_end_matches('=').to_owned(),
        encode(secret),
        json.trim_matches('"').to_owned(),
        secret.to_owned(),
    ];
    spellings
        .iter()
        .filter(|spelling| !spelling.is_empty())
        .fold(text, |text, spelling| text.replace(spelling, REDACTED))
}

/// Replaces what follows one of the words and an equals sign or colon.
fn without_values(text: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut out = String::with_capacity(text.len());
    let mut kept = 0;
    while let Some((word, start)) = next_value(&lower, kept) {
        let rest = &lower[start..];
        // A header may have several words (scheme, key, signature): all of its line goes.
        let ends = |c: char| match word {
            "authorization" => matches!(c, '\n' | '\r' | '"' | '\''),
            _ => c.is_whitespace() || matches!(c, ',' | ';' | '&' | '"' | '\'' | '}' | ')' | '<'),
        };
        let end = start + rest.find(ends).unwrap_or(rest.len());
        out.push_str(&text[kept..start]);
        if end > start {
            out.push_str(REDACTED);
        }
        kept = end.max(start);
    }
    out.push_str(&text[kept..]);
    out
}

/// The next word that has a value, and where the value begins; looks from `from` on. `lower` is
/// in small letters.
fn next_value(lower: &str, from: usize) -> Option<(&'static str, usize)> {
    let mut best: Option<(&'static str, usize)> = None;
    for word in WORDS {
        let mut at = from;
        while let Some(found) = lower[at..].find(word) {
            let after = at + found + word.len();
            if let Some(start) = value_start(word, lower, after) {
                if best.is_none_or(|(_, other)| start < other) {
                    best = Some((word, start));
                }
                break;
            }
            at = after;
        }
    }
    best
}

/// Where the value begins, if `after` the word come the rest of a name, perhaps a quote, and an
/// equals sign or colon. `access` is too common a word for that: it counts in `Access=` only.
fn value_start(word: &str, lower: &str, after: usize) -> Option<usize> {
    if word == "access" {
        return lower[after..].starts_with('=').then_some(after + 1);
    }
    let name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    let rest = lower[after..].trim_start_matches(name);
    let rest = rest.trim_start_matches(['"', '\'', '\\', ' ']);
    let value = rest.strip_prefix(['=', ':'])?;
    let value = value.trim_start_matches(['"', '\'', '\\', ' ']);
    // An object or a list holds names and values of its own.
    (!value.starts_with(['{', '['])).then_some(lower.len() - value.len())
}

/// Replaces long runs that look random. Pool IDs are long too, but in small letters only and
/// shorter than a signature.
fn without_random_runs(text: &str) -> String {
    let in_run = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_' | '-');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let length = rest.find(|c| !in_run(c)).unwrap_or(rest.len());
        let (run, after) = rest.split_at(length);
        out.push_str(if is_random(run) { REDACTED } else { run });
        let next = after.chars().next().map_or(0, char::len_utf8);
        out.push_str(&after[..next]);
        rest = &after[next..];
    }
    out
}

fn is_random(run: &str) -> bool {
    let has = |test: fn(&u8) -> bool| run.bytes().any(|octet| test(&octet));
    let mixed = has(u8::is_ascii_lowercase) && has(u8::is_ascii_uppercase) && has(u8::is_ascii_digit);
    let hex = run.bytes().all(|octet| octet.is_ascii_hexdigit());
    run.len() >= 32 && mixed || run.len() >= 64 && hex || run.len() >= 160
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn cleaned(text: &str) -> String {
        clean(text, &[], 500)
    }

    #[test]
    fn ordinary_messages_stay() {
        for message in [
            "Pool already exists.",
            "token is invalid",
            "not accessible: zone is closed",
            "Bad request. The pool pool-001-86c13962597848eeb29c5861153a391f scope Train cannot be enabled.",
            "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 minute",
            "Incorrect IAM authentication information: verify aksk signature fail, ak not exist",
            "<html>bad gateway</html>",
            "池已存在",
        ] {
            assert_eq!(cleaned(message), message);
        }
    }

    #[test]
    fn values_after_a_telling_word_go() {
        for (text, left) in [
            ("password=abc next", "password=[redacted] next"),
            (
                r#"{"securityToken":"abc","x":1}"#,
                r#"{"securityToken":"[redacted]","x":1}"#,
            ),
            ("X-Auth-Token: abc\nHost: h", "X-Auth-Token: [redacted] Host: h"),
            (
                "Authorization: SDK-HMAC-SHA256 Access=A, Signature=ff\nHost: h",
                "Authorization: [redacted] Host: h",
            ),
            (
                "got Access=AKX, SignedHeaders=host, Signature=ff.",
                "got Access=[redacted], SignedHeaders=host, Signature=[redacted]",
            ),
            ("secret_key='abc'", "secret_key='[redacted]'"),
            (r#"{\"password\":\"abc\"}"#, r#"{\"password\":\"[redacted]"}"#),
            ("token=", "token="),
            (
                r#"{"password":{"user":{"password":"abc"}}}"#,
                r#"{"password":{"user":{"password":"[redacted]"}}}"#,
            ),
        ] {
            assert_eq!(cleaned(text), left, "{text}");
        }
    }

    #[test]
    fn long_random_runs_go() {
        let signature = "0123456789abcdef".repeat(4);
        assert_eq!(cleaned(&format!("saw {signature} here")), "saw [redacted] here");
        assert_eq!(
            cleaned("saw MIIabcdefghijklmnopqrstuvwxyz0123456789 here"),
            "saw [redacted] here"
        );
    }

    #[test]
    fn our_own_secrets_go_in_every_spelling() {
        let secret = "s3 cret/+&\"x";
        let secrets = [SecretString::from(secret)];
        let octets = secret.as_bytes();
        for spelling in [
            secret.to_owned(),
            HEXLOWER.encode(octets),
            HEXLOWER.encode(octets).to_uppercase(),
            BASE64.encode(octets),
            BASE64URL.encode(octets),
            encode(secret),
            r#"s3 cret/+&\"x"#.to_owned(),
        ] {
            let text = clean(&format!("<{spelling}>"), &secrets, 500);
            assert_eq!(text, "<[redacted]>", "{spelling}");
        }
    }

    #[test]
    fn a_text_becomes_one_line_of_limited_length() {
        assert_eq!(cleaned("a\r\nb\u{1b}[31m"), "a  b [31m");
        let long = "ä ".repeat(400);
        let line = clean(&long, &[], 500);
        assert_eq!(line.chars().count(), 500);
        assert!(line.ends_with('…'));
        assert_eq!(clean(&"x ".repeat(100_000), &[], 500).chars().count(), 500);
    }

    proptest! {
        #[test]
        fn any_text_is_cleaned(text in "(?s).{0,300}", word in prop::sample::select(&WORDS[..]), mark in "[=:\"' ]{0,4}") {
            let line = cleaned(&format!("{text}{word}{mark}{text}"));
            prop_assert!(line.chars().count() <= 500);
            prop_assert!(!line.chars().any(char::is_control));
        }

        #[test]
        fn a_known_secret_goes_from_any_text(before in "(?s).{0,80}", secret in "[a-zA-Z0-9/+&%]{12,40}", after in "(?s).{0,80}") {
            let secrets = [SecretString::from(secret.as_str())];
            let line = clean(&format!("{before}{secret}{after}"), &secrets, 500);
            prop_assert!(!line.contains(&secret), "{}", line);
        }
    }
}
