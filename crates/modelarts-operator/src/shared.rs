//! What everything in the process shares, whatever kind of object it looks after.

use std::sync::Arc;

use kube::Client as Kube;
use kube::runtime::events::Recorder;
use modelarts_client::ApiError;
use modelarts_plan::{ClusterId, Timing};

use crate::accounts::{Access, Accounts};
use crate::auditor::Auditor;
use crate::claims::Claims;
use crate::clock::Clock;
use crate::directory::Directory;
use crate::governor::{Class, Governor};
use crate::lease::Leadership;
use crate::metrics::Metrics;
use crate::places::Places;
use crate::reach::Reach;

/// What everything in the process shares.
pub struct Shared {
    /// For single reads and writes.
    pub kube: Kube,
    /// The cluster's identity.
    pub cluster: ClusterId,
    /// Where objects are looked after.
    pub reach: Reach,
    /// The times of the protocol.
    pub timing: Timing,
    /// Now.
    pub clock: Clock,
    /// The accounts.
    pub accounts: Arc<Accounts>,
    /// The objects.
    pub directories: Directories,
    /// How fast.
    pub governor: Arc<Governor>,
    /// What to count.
    pub metrics: Arc<Metrics>,
    /// How many passes an account may have at a time.
    pub places: Places,
    /// Whether this process may act.
    pub leadership: Leadership,
    /// For events.
    pub recorder: Recorder,
    /// Who is about to write a marker.
    pub claims: Claims,
    /// What is left in the cloud without an object.
    pub auditor: Auditor,
}

/// The objects of each kind.
pub struct Directories {
    /// Pools.
    pub pools: Arc<Directory>,
    /// Networks.
    pub networks: Arc<Directory>,
}

impl Directories {
    /// All of them.
    pub fn all(&self) -> [&Arc<Directory>; 2] {
        [&self.pools, &self.networks]
    }
}

impl Shared {
    /// Tells an account how a call ended, and its objects if that changed the account's standing.
    pub fn note(&self, access: &Access, class: Class, error: Option<&ApiError>) {
        if self.accounts.absorb(access, class, error) {
            for directory in self.directories.all() {
                directory.wake_where(|member| member.scope.account == access.account());
            }
        }
    }
}
