//! The server: one store that all connections share, and word of every change.

use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::connection::Connection;
use crate::resource::Resource;
use crate::store::Store;
use crate::view::View;

/// An API server. Clones are the same server.
#[derive(Clone)]
pub struct ApiServer {
    store: Arc<Mutex<Store>>,
    changed: watch::Sender<()>,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl ApiServer {
    /// A server with these custom resources, that tells the time by `now`.
    #[must_use]
    pub fn new(
        custom: impl IntoIterator<Item = Resource>,
        now: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        Self {
            store: Arc::new(Mutex::new(Store::new(custom, now()))),
            changed: watch::Sender::new(()),
            now: Arc::new(now),
        }
    }

    /// A connection with a view of its own.
    #[must_use]
    pub fn connect(&self) -> Connection {
        Connection::new(self.clone(), View::new(self.changed.clone()))
    }

    /// Looks at the store.
    pub fn read<T>(&self, look: impl FnOnce(&Store) -> T) -> T {
        look(&self.store.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the store, at the server's time, and tells the watches.
    pub fn write<T>(&self, change: impl FnOnce(&mut Store, Timestamp) -> T) -> T {
        let now = (self.now)();
        let mut store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let before = store.version();
        let result = change(&mut store, now);
        let changed = store.version() != before;
        drop(store);
        if changed {
            self.changed.send_replace(());
        }
        result
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }
}
