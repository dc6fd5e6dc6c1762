//! Turns an unhappy end into an error: what happened, in which words, and what else it tells.
//! Pure: the wall clock is an argument.

use std::time::Duration;

use http::HeaderMap;
use http::header::{DATE, RETRY_AFTER};
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use modelarts_types::ErrorBody;
use secrecy::SecretString;

use crate::error::{ApiError, LONGEST_MESSAGE};
use crate::failure::{Reply, classify};
use crate::operation::Operation;
use crate::scrub::clean;
use crate::transport::{Answer, NoAnswer};

/// A difference between the clocks that is worth telling. The service tolerates 15 minutes.
const SKEW: i64 = 5 * 60;
/// Longest code or request ID kept.
const LONGEST_WORD: usize = 128;

/// The error of an answer that does not say yes.
pub(crate) fn refusal(operation: Operation, answer: &Answer, now: Timestamp, secrets: &[SecretString]) -> ApiError {
    let body = ErrorBody::parse(answer.status, &answer.body);
    let (failure, sent) = classify(operation, Reply::Status(answer.status, &body));
    let code = body.recognised.then(|| clean(&body.code, secrets, LONGEST_WORD));
    ApiError {
        failure,
        sent,
        operation: operation.as_str(),
        status: Some(answer.status),
        code,
        message: clean(&body.message, secrets, LONGEST_MESSAGE),
        request_id: request_id(&answer.headers, body.request_id.as_deref())
            .map(|id| clean(&id, secrets, LONGEST_WORD).into()),
        retry_after: retry_after(&answer.headers, now),
        clock_skew: (answer.status == 401)
            .then(|| clock_skew(&answer.headers, now))
            .flatten(),
    }
}

/// The error of a call without an answer.
pub(crate) fn silence(operation: Operation, no_answer: NoAnswer) -> ApiError {
    let (reply, status, request_id, message) = match no_answer {
        NoAnswer::NotConnected(why) => (Reply::NotConnected, None, None, why),
        NoAnswer::Interrupted(why) => (Reply::Interrupted, None, None, why),
        NoAnswer::Oversized { status, headers } => (
            Reply::Unreadable,
            Some(status),
            request_id(&headers, None),
            "the answer is larger than any real one".into(),
        ),
    };
    let (failure, sent) = classify(operation, reply);
    ApiError {
        sent,
        status,
        request_id,
        ..ApiError::unsent(operation.as_str(), failure, clean(&message, &[], LONGEST_MESSAGE))
    }
}

/// The ID under which the service's support finds the call.
pub(crate) fn request_id(headers: &HeaderMap, in_body: Option<&str>) -> Option<Box<str>> {
    let header = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?;
        (!value.is_empty()).then(|| value.to_owned())
    };
    header("x-request-id")
        .or_else(|| in_body.map(str::to_owned))
        .or_else(|| header("x-iam-trace-id"))
        .map(|id| id.chars().take(LONGEST_WORD).collect::<String>().into())
}

/// Seconds, or a date. A date that has passed means now.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let wait = http_date(text)?.duration_since(now);
    Some(wait.try_into().unwrap_or(Duration::ZERO))
}

/// How far the service's clock is ahead, if that is far.
fn clock_skew(headers: &HeaderMap, now: Timestamp) -> Option<i64> {
    let theirs = http_date(headers.get(DATE)?.to_str().ok()?)?;
    let seconds = theirs.duration_since(now).as_secs();
    (seconds.abs() > SKEW).then_some(seconds)
}

fn http_date(text: &str) -> Option<Timestamp> {
    rfc2822::DateTimeParser::new().parse_timestamp(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, value.parse().unwrap());
        }
        headers
    }

    fn noon() -> Timestamp {
        "2025-01-02T12:00:00Z".parse().unwrap()
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let of = |text| retry_after(&headers(&[("retry-after", text)]), noon());
        assert_eq!(of("120"), Some(Duration::from_secs(120)));
        assert_eq!(of("Thu, 02 Jan 2025 12:01:00 GMT"), Some(Duration::from_secs(60)));
        assert_eq!(of("Thu, 02 Jan 2025 11:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(of("soon"), None);
        assert_eq!(of("-1"), None);
        assert_eq!(retry_after(&HeaderMap::new(), noon()), None);
    }

    #[test]
    fn a_skew_is_told_on_a_refusal_and_only_if_large() {
        let of = |status, date| {
            let answer = Answer {
                status,
                headers: headers(&[("date", date)]),
                body: Bytes::new(),
            };
            refusal(Operation::ShowPool, &answer, noon(), &[]).clock_skew
        };
        assert_eq!(of(401, "Thu, 02 Jan 2025 12:20:00 GMT"), Some(1200));
        assert_eq!(of(401, "Thu, 02 Jan 2025 11:40:00 GMT"), Some(-1200));
        assert_eq!(of(401, "Thu, 02 Jan 2025 12:05:00 GMT"), None);
        assert_eq!(of(400, "Thu, 02 Jan 2025 12:20:00 GMT"), None);
    }

    #[test]
    fn the_request_id_is_found_wherever_it_stands() {
        let id = |pairs: &[_], body| request_id(&headers(pairs), body);
        assert_eq!(id(&[("X-Request-Id", "a")], Some("b")).as_deref(), Some("a"));
        assert_eq!(id(&[("x-iam-trace-id", "c")], Some("b")).as_deref(), Some("b"));
        assert_eq!(id(&[("x-iam-trace-id", "c")], None).as_deref(), Some("c"));
        assert_eq!(id(&[("x-request-id", "")], None), None);
    }
}
