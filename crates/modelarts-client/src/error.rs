//! The error of every call. It says what this layer knows, and nothing that must not be read by
//! those who read logs, events and statuses: no header, no query, no secret.

use std::fmt;
use std::time::Duration;

use crate::failure::{Failure, Sent};

/// Longest message kept, in characters.
pub(crate) const LONGEST_MESSAGE: usize = 500;

/// A call that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiError {
    /// Its class.
    pub failure: Failure,
    /// Whether the request may have worked all the same.
    pub sent: Sent,
    /// The operation that failed. May be a login or a look-up that came before the one asked for;
    /// then `sent` is [`Sent::NotSent`].
    pub operation: &'static str,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// Error code, if the body had one.
    pub code: Option<String>,
    /// What went wrong, in the service's words where it has some; 500 characters at most, without
    /// anything that looks like a credential.
    pub message: String,
    /// The service's request ID, for its support.
    pub request_id: Option<Box<str>>,
    /// How long the service, or a pause of our own, asks to wait.
    pub retry_after: Option<Duration>,
    /// Seconds that the service's clock is ahead of ours (behind, if negative). Only on a refusal
    /// that a wrong clock may explain.
    pub clock_skew: Option<i64>,
}

impl ApiError {
    /// An error that arose before anything was sent.
    pub(crate) fn unsent(operation: &'static str, failure: Failure, message: impl Into<String>) -> Self {
        Self {
            failure,
            sent: Sent::NotSent,
            operation,
            status: None,
            code: None,
            message: message.into(),
            request_id: None,
            retry_after: None,
            clock_skew: None,
        }
    }

    /// The same error, as seen by the call it came before.
    pub(crate) fn before_sending(self) -> Self {
        Self {
            sent: Sent::NotSent,
            ..self
        }
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.operation)?;
        if let Some(status) = self.status {
            write!(f, " {status}")?;
        }
        if let Some(code) = &self.code {
            write!(f, " {code}")?;
        }
        if !self.message.is_empty() {
            write!(f, " {}", self.message)?;
        }
        if let Some(seconds) = self.clock_skew {
            write!(f, " (clock skew of {seconds} s)")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {id})")?;
        }
        Ok(())
    }
}

impl std::error::Error for ApiError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_as_one_line() {
        let mut error = ApiError::unsent("CreatePool", Failure::Conflict, "Pool already exists.");
        assert_eq!(error.to_string(), "CreatePool: Pool already exists.");
        error.status = Some(409);
        error.code = Some("ModelArts.50015000".into());
        error.request_id = Some("5f2d".into());
        error.clock_skew = Some(-400);
        assert_eq!(
            error.to_string(),
            "CreatePool: 409 ModelArts.50015000 Pool already exists. \
             (clock skew of -400 s) (request 5f2d)"
        );
    }
}
