//! What an unhappy end means: a closed set of classes, and whether the request may have worked.
//!
//! `classify` is one total function without I/O, so that every line of it stands in a table
//! test. It prefers codes to statuses, since proxies share the statuses, and it prefers doubt to
//! certainty: a creation wrongly thought to have failed is bought twice.

use std::fmt;

use modelarts_types::{ErrorBody, ErrorCode, codes};

use crate::operation::{Operation, Target};

/// Class of a failed call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Failure {
    /// May pass by itself: no connection, a reset, a timeout, 5xx.
    Transient,
    /// Too many calls.
    Throttled,
    /// The key, signature or password is wrong.
    Unauthenticated,
    /// The token or temporary key is no longer valid.
    Expired,
    /// The cloud locked the key, or this client stopped using it for a while.
    Locked,
    /// The credentials are good and do not suffice: permission, policy, arrears.
    Denied,
    /// The request cannot succeed as it is.
    Invalid,
    /// The cloud holds something that stands against it: the name is taken, the network in use.
    Conflict,
    /// A quota is used up.
    Quota,
    /// The flavor is sold out.
    SoldOut,
    /// The pool or network named in the path does not exist, in the service's own words.
    Gone,
    /// Something else answered: a gateway without this API, a redirect. Says nothing about a pool.
    Misrouted,
    /// Success by its status, nonsense by its content.
    Malformed,
}

impl Failure {
    /// All classes.
    pub const ALL: [Self; 13] = [
        Self::Transient,
        Self::Throttled,
        Self::Unauthenticated,
        Self::Expired,
        Self::Locked,
        Self::Denied,
        Self::Invalid,
        Self::Conflict,
        Self::Quota,
        Self::SoldOut,
        Self::Gone,
        Self::Misrouted,
        Self::Malformed,
    ];

    /// One word, fit for a metric label.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Transient => "transient",
            Self::Throttled => "throttled",
            Self::Unauthenticated => "unauthenticated",
            Self::Expired => "expired",
            Self::Locked => "locked",
            Self::Denied => "denied",
            Self::Invalid => "invalid",
            Self::Conflict => "conflict",
            Self::Quota => "quota",
            Self::SoldOut => "sold_out",
            Self::Gone => "gone",
            Self::Misrouted => "misrouted",
            Self::Malformed => "malformed",
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whether the service may have done what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sent {
    /// No octet of the request left.
    NotSent,
    /// The service said no before doing anything.
    Rejected,
    /// It may have been done, or may still be.
    Doubtful,
}

/// How a call ended, as far as its meaning goes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Reply<'a> {
    /// No connection: refused, unknown host, TLS.
    NotConnected,
    /// Sent, and no complete answer came.
    Interrupted,
    /// An answer that says no, or sends elsewhere.
    Status(u16, &'a ErrorBody),
    /// An answer that says yes without the content it should have.
    Unreadable,
}

/// The class of `reply` to `operation`, and whether the request may have worked.
pub(crate) fn classify(operation: Operation, reply: Reply<'_>) -> (Failure, Sent) {
    match reply {
        Reply::NotConnected => (Failure::Transient, Sent::NotSent),
        Reply::Interrupted => (Failure::Transient, Sent::Doubtful),
        Reply::Unreadable => (Failure::Malformed, Sent::Doubtful),
        Reply::Status(status, body) => {
            let failure = class_of(operation, status, body);
            (failure, sent_of(status, body))
        }
    }
}

/// Only statuses that are given before anything is done, and only in the words of the service or
/// its gateway: the page of a proxy may hide an answer of the service.
fn sent_of(status: u16, body: &ErrorBody) -> Sent {
    match status {
        400 | 401 | 403 | 404 | 405 | 409 | 413 | 415 | 422 | 429 if body.recognised => Sent::Rejected,
        _ => Sent::Doubtful,
    }
}

fn class_of(operation: Operation, status: u16, body: &ErrorBody) -> Failure {
    let message = body.message.to_lowercase();
    let code = ErrorCode(&body.code);
    if status == 429 || code.gateway() == Some(codes::GATEWAY_THROTTLED) {
        return Failure::Throttled;
    }
    match status {
        401 => refusal_of(&body.code, &message),
        403 if code.is(codes::KEY_INVALID) => Failure::Unauthenticated,
        403 if names_token(&body.code, &message) => Failure::Expired,
        404 => absence_of(operation, &body.code),
        408 | 425 | 500..=599 => Failure::Transient,
        400..=499 => rejection_of(status, &body.code, &message),
        _ => Failure::Misrouted,
    }
}

/// For 401: a locked key and an old token have no code of their own.
fn refusal_of(code: &str, message: &str) -> Failure {
    let mut words = message.split(|c: char| !c.is_alphanumeric());
    if message.contains("reach the limit") || words.any(|word| word == "locked") {
        Failure::Locked
    } else if names_token(code, message) {
        Failure::Expired
    } else {
        Failure::Unauthenticated
    }
}

/// Whether the refusal is about a token that a new one would mend.
fn names_token(code: &str, message: &str) -> bool {
    const CODES: [&str; 4] = [
        codes::TOKEN_INVALID,
        codes::TOKEN_EXPIRED,
        "ModelArts.0203",
        "ModelArts.4127",
    ];
    const WORDS: [&str; 5] = [
        "token must be updated",
        "token expires",
        "decrypt token fail",
        "token is invalid",
        "expired",
    ];
    CODES.contains(&code) || WORDS.iter().any(|words| message.contains(words))
}

/// For 404: a pool is gone only if ModelArts says so of the pool in the path; the gateway answers with
/// the same status when it is asked at the wrong place.
fn absence_of(operation: Operation, code: &str) -> Failure {
    match (operation.target(), code) {
        (Target::Pool, codes::POOL_NOT_FOUND) | (Target::Network, codes::NETWORK_NOT_FOUND) => Failure::Gone,
        (
            _,
            codes::POOL_NOT_FOUND | codes::NETWORK_NOT_FOUND | codes::FLAVOR_NOT_FOUND | codes::WORKSPACE_NOT_FOUND,
        ) => Failure::Invalid,
        _ => Failure::Misrouted,
    }
}

/// For the other 4xx.
fn rejection_of(status: u16, code: &str, message: &str) -> Failure {
    const SOLD_OUT: [&str; 3] = ["sold out", "sold-out", "soldout"];
    if matches!(code, codes::POOL_EXISTS | codes::NETWORK_IN_USE) {
        Failure::Conflict
    } else if code == codes::QUOTA || message.contains("quota") {
        Failure::Quota
    } else if status == 400 && SOLD_OUT.iter().any(|words| message.contains(words)) {
        Failure::SoldOut
    } else {
        match status {
            403 => Failure::Denied,
            409 => Failure::Conflict,
            _ => Failure::Invalid,
        }
    }
}

#[cfg(test)]
#[path = "failure_tests.rs"]
mod tests;
