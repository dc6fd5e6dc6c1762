//! The token of a password login. `renewal.rs` keeps and renews it.

use std::sync::atomic::{AtomicBool, Ordering};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;

use crate::ids::ProjectId;
use crate::renewal::Ending;

/// A token is renewed at least this long before its end.
const RENEWAL: SignedDuration = SignedDuration::from_mins(30);
/// After a renewal has failed, the next one waits: wrong passwords are counted.
const RENEWAL_PAUSE: SignedDuration = SignedDuration::from_mins(5);

/// A token and what is known of it. No `Debug`.
pub(crate) struct Token {
    value: SecretString,
    issued: Timestamp,
    expires: Timestamp,
    project: Option<ProjectId>,
    accepted: AtomicBool,
}

impl Token {
    pub(crate) fn new(value: SecretString, issued: Timestamp, expires: Timestamp, project: Option<ProjectId>) -> Self {
        Self {
            value,
            issued,
            expires,
            project,
            accepted: AtomicBool::new(false),
        }
    }

    /// The token itself.
    pub(crate) fn value(&self) -> &SecretString {
        &self.value
    }

    /// The project it is for, if the answer said so.
    pub(crate) fn project(&self) -> Option<&ProjectId> {
        self.project.as_ref()
    }

    /// Whether a call with it has ever succeeded. A refusal of one that never did is a refusal of
    /// the user, not a matter of age.
    pub(crate) fn was_accepted(&self) -> bool {
        self.accepted.load(Ordering::Relaxed)
    }

    /// Takes note of a success.
    pub(crate) fn accept(&self) {
        self.accepted.store(true, Ordering::Relaxed);
    }
}

impl Ending for Token {
    const NAME: &'static str = "token";

    fn issued(&self) -> Timestamp {
        self.issued
    }

    fn expires(&self) -> Timestamp {
        self.expires
    }

    /// Half an hour or a quarter of its life before its end, whichever is earlier; for a short one
    /// not before half of its life.
    fn window(life: SignedDuration) -> SignedDuration {
        RENEWAL.max(life / 4).min(life / 2)
    }

    /// Each login makes a token of its own.
    fn replaces(&self, _current: &Self) -> bool {
        true
    }

    fn renewal_pause(_failures: u32) -> SignedDuration {
        RENEWAL_PAUSE
    }

    /// A refused login rests the user; what else went wrong may be over for the next caller.
    fn fetch_pause(_failures: u32) -> SignedDuration {
        SignedDuration::ZERO
    }
}
