//! How fast we may ask ModelArts: one adaptive token bucket per account and class, shared by
//! everything in the process, and a budget of creations per account.
//!
//! The service publishes no limits and locks out keys that ignore its refusals, so the rate is
//! learned: halved when it says 429, raised step by step while it does not. A pause the service
//! asks for holds for the whole account and class. Who waits is served by priority, so that a
//! delete, which saves money, overtakes creates, which spend it.
//!
//! Nothing here sends or repeats a request. Dropping a waiting call costs no token.

mod bucket;
mod gate;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use modelarts_plan::Tick;
use modelarts_plan::budget::{self, Budget, Creations};
use tokio::time::Instant;

use crate::clock::Clock;
pub use bucket::Bucket;
use gate::Gate;

/// The two classes the service limits separately.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Requests that change nothing.
    Reads,
    /// Requests that change something.
    Writes,
}

/// Who goes first among those waiting for the same bucket; within one priority, who came first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// Deletes and scale-in.
    Delete,
    /// Everything that neither frees nor buys: reads, descriptions, drivers.
    Update,
    /// Creates and scale-out.
    Create,
}

/// What an account may do at most.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    /// Reads a second.
    pub reads_per_second: f64,
    /// Writes a second.
    pub writes_per_second: f64,
    /// Creates and scale-outs in any ten minutes.
    pub creations_per_ten_minutes: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            reads_per_second: 10.0,
            writes_per_second: 5.0,
            creations_per_ten_minutes: 30,
        }
    }
}

#[derive(Debug)]
struct Account {
    reads: Gate,
    writes: Gate,
    creations: Mutex<(Creations, Budget)>,
}

impl Account {
    fn new(limits: Limits, now: Instant) -> Self {
        Self {
            reads: Gate::new(Bucket::new(limits.reads_per_second, now)),
            writes: Gate::new(Bucket::new(limits.writes_per_second, now)),
            creations: Mutex::new((Creations::default(), Budget::of(limits.creations_per_ten_minutes))),
        }
    }

    fn gate(&self, class: Class) -> &Gate {
        match class {
            Class::Reads => &self.reads,
            Class::Writes => &self.writes,
        }
    }

    fn creations(&self) -> MutexGuard<'_, (Creations, Budget)> {
        self.creations.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The buckets of all accounts. An account not seen before has the default limits.
#[derive(Debug)]
pub struct Governor {
    accounts: Mutex<HashMap<String, Arc<Account>>>,
    clock: Clock,
}

impl Default for Governor {
    fn default() -> Self {
        Self {
            accounts: Mutex::default(),
            clock: Clock::start(),
        }
    }
}

impl Governor {
    /// No accounts yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the limits of an account. What was learned below them is kept.
    pub fn set_limits(&self, account: &str, limits: Limits) {
        let account = self.account(account);
        account.reads.set_limit(limits.reads_per_second);
        account.writes.set_limit(limits.writes_per_second);
        account.creations().1 = Budget::of(limits.creations_per_ten_minutes);
    }

    /// Forgets an account that is gone. Calls that wait for it still get their turn.
    pub fn forget(&self, account: &str) {
        self.accounts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(account);
    }

    /// Resolves when one request of this class may be sent. Cancel safe.
    pub async fn acquire(&self, account: &str, class: Class, priority: Priority) {
        self.account(account).gate(class).acquire(priority).await;
    }

    /// Reports that a request was answered and not throttled, whatever else the answer was.
    pub fn succeeded(&self, account: &str, class: Class) {
        self.account(account)
            .gate(class)
            .update(|bucket, now| bucket.succeeded(now));
    }

    /// Reports a 429, with the `Retry-After` of the answer if it had one.
    pub fn throttled(&self, account: &str, class: Class, retry_after: Option<Duration>) {
        self.account(account)
            .gate(class)
            .update(|bucket, now| bucket.throttled(now, retry_after));
    }

    /// How long the service asked this account, in one class or the other, to send nothing.
    #[must_use]
    pub fn pause(&self, account: &str) -> Duration {
        let account = self.account(account);
        let left = |gate: &Gate| gate.update(|bucket, now| bucket.pause(now));
        left(&account.reads).max(left(&account.writes))
    }

    /// Keeps to a pause that an earlier process was in.
    pub fn resume(&self, account: &str, pause: Duration) {
        let account = self.account(account);
        for gate in [&account.reads, &account.writes] {
            gate.update(|bucket, now| bucket.resume(now, pause));
        }
    }

    /// Whether the service slowed this account down and it has not recovered yet.
    #[must_use]
    pub fn is_throttled(&self, account: &str, class: Class) -> bool {
        self.account(account)
            .gate(class)
            .update(|bucket, now| bucket.is_throttled(now))
    }

    /// The present rate, requests a second.
    #[must_use]
    pub fn rate(&self, account: &str, class: Class) -> f64 {
        self.account(account).gate(class).update(|bucket, _| bucket.rate())
    }

    /// Takes one creation out of the budget, before its intent is written. Not given back, also
    /// if the creation then is not sent: the budget errs on the side of the bill.
    ///
    /// # Errors
    /// The budget is used up; the time until a creation fits again. `Duration::MAX` if the budget is zero.
    pub fn reserve_creation(&self, account: &str) -> Result<(), Duration> {
        let (account, now) = (self.account(account), self.now());
        let (creations, budget) = &mut *account.creations();
        creations
            .take(now, *budget)
            .map_err(|fits| fits.map_or(Duration::MAX, |fits| Duration::from_millis(fits.since(now))))
    }

    /// Whether a creation fits into the budget now.
    #[must_use]
    pub fn may_create(&self, account: &str) -> bool {
        let (account, now) = (self.account(account), self.now());
        let (creations, budget) = &mut *account.creations();
        creations.fits(now, *budget)
    }

    /// Counts a creation that an earlier process made `ago`, as the status of its object says.
    /// Without this a crash loop would have a fresh budget each time.
    pub fn recall_creation(&self, account: &str, ago: Duration) {
        let ago = u64::try_from(ago.as_millis()).unwrap_or(u64::MAX);
        if ago < budget::WINDOW {
            let at = Tick(self.now().0 - ago);
            self.account(account).creations().0.recall(at);
        }
    }

    /// Milliseconds since a window before the start, so that there is a moment for what counts from
    /// before it.
    fn now(&self) -> Tick {
        self.clock.now().after(budget::WINDOW)
    }

    fn account(&self, name: &str) -> Arc<Account> {
        let mut accounts = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = accounts.get(name) {
            return account.clone();
        }
        let account = Arc::new(Account::new(Limits::default(), Instant::now()));
        accounts.insert(name.to_owned(), account.clone());
        account
    }
}

#[cfg(test)]
mod tests;
