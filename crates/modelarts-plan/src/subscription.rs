//! The term of a subscription.

use jiff::Timestamp;
use modelarts_crd::status::Subscription;
use modelarts_types::pool::Pool;

/// The term of a pool that is paid for by the month or year.
pub fn term(_pool: &Pool, _now: Timestamp) -> Option<Subscription> {
    None
}

/// A warning, if it ends soon.
pub fn ends_soon(_subscription: &Subscription, _now: Timestamp) -> Option<String> {
    None
}
