//! The series of orphans: by kind and account, there as long as the account and no longer.

use prometheus_client::encoding::EncodeLabelSet;

use super::{Metrics, gauge};

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Left {
    kind: &'static str,
    account: String,
}

impl Metrics {
    /// Sets how many things of a kind the cloud holds in an account for objects that are gone. Accounts
    /// are made by administrators, so there are no more series than they want.
    pub fn orphans(&self, kind: &'static str, account: &str, count: usize) {
        let account = account.to_owned();
        self.orphans.get_or_create(&Left { kind, account }).set(gauge(count));
    }

    /// Drops the series of an account that is gone.
    pub fn forget_orphans(&self, kind: &'static str, account: &str) {
        let account = account.to_owned();
        self.orphans.remove(&Left { kind, account });
    }
}
