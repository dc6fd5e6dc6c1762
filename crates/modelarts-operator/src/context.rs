//! What every pass shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use kube::Client as Kube;
use kube::runtime::events::Recorder;
use modelarts_plan::{ClusterId, Memory, Timing};

use crate::accounts::Accounts;
use crate::census::Census;
use crate::claims::Claims;
use crate::clock::Clock;
use crate::directory::Directory;
use crate::governor::Governor;
use crate::lease::Leadership;
use crate::metrics::Metrics;

/// What every pass shares.
pub struct Context {
    /// For single reads and writes.
    pub kube: Kube,
    /// The cluster's identity.
    pub cluster: ClusterId,
    /// The times of the protocol.
    pub timing: Timing,
    /// Now.
    pub clock: Clock,
    /// The accounts.
    pub accounts: Arc<Accounts>,
    /// The objects.
    pub directory: Arc<Directory>,
    /// What is seen of the cloud.
    pub census: Arc<Census>,
    /// How fast.
    pub governor: Arc<Governor>,
    /// What to count.
    pub metrics: Arc<Metrics>,
    /// Whether this process may act.
    pub leadership: Leadership,
    /// For events.
    pub recorder: Recorder,
    /// Who is about to write a marker.
    pub claims: Claims,
    /// What is remembered of each object, by uid.
    pub memories: Memories,
}

/// What is remembered of each object, by uid.
#[derive(Default)]
pub struct Memories(Mutex<HashMap<String, Arc<tokio::sync::Mutex<Memory>>>>);

impl Memories {
    /// The memory of an object.
    pub fn of(&self, uid: &str) -> Arc<tokio::sync::Mutex<Memory>> {
        let mut memories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(memories.entry(uid.to_owned()).or_default())
    }

    /// Forgets an object that is no more.
    pub fn forget(&self, uid: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }
}
