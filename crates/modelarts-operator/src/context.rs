//! What every pass over objects of one kind shares.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use modelarts_plan::Memory;

use crate::census::Census;
use crate::directory::Directory;
use crate::service::Service;
use crate::shared::Shared;

/// What every pass over objects of one kind shares.
pub struct Context<K: Service> {
    /// What the other kinds share too.
    pub shared: Arc<Shared>,
    /// The objects.
    pub directory: Arc<Directory>,
    /// What is seen of the cloud.
    pub census: Census<K>,
    /// What is remembered of each object.
    pub memories: Memories<K>,
}

impl<K: Service> Context<K> {
    /// Nothing is remembered and nothing has been seen.
    #[must_use]
    pub fn new(shared: Arc<Shared>) -> Self {
        Self {
            directory: Arc::clone(K::directory(&shared.directories)),
            census: Census::new(Arc::clone(&shared)),
            memories: Memories::default(),
            shared,
        }
    }
}

/// A memory, which one pass at a time uses.
type Kept<K> = Arc<tokio::sync::Mutex<Memory<K>>>;

/// What is remembered of each object, by uid.
#[derive(Default)]
pub struct Memories<K: Service>(Mutex<HashMap<String, Kept<K>>>);

impl<K: Service> Memories<K> {
    /// The memory of an object.
    pub fn of(&self, uid: &str) -> Kept<K> {
        let mut memories = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(memories.entry(uid.to_owned()).or_default())
    }

    /// Forgets an object that is no more.
    pub fn forget(&self, uid: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(uid);
    }
}
