//! What a connection is shown of lists and watches: the newest state, or an earlier one.
//!
//! Reads and writes of single objects always meet the newest state, as they do at a real server
//! whose watch cache lags. Held at a version, lists are those of that version and watches stay
//! silent beyond it. Let go, watches tell everything since, one change after the other. Cut, they
//! end with 410, so that whoever lists again sees only what came of it all.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

/// The view of one connection. Clones are the same view.
#[derive(Clone, Debug)]
pub struct View {
    state: Arc<Mutex<State>>,
    /// Wakes the watches.
    changed: watch::Sender<()>,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    held: Option<u64>,
    cuts: u64,
}

impl View {
    pub(crate) fn new(changed: watch::Sender<()>) -> Self {
        Self {
            state: Arc::default(),
            changed,
        }
    }

    /// Shows lists and watches nothing after `version`.
    pub fn hold(&self, version: u64) {
        self.state().held = Some(version);
        self.changed.send_replace(());
    }

    /// Shows everything again.
    pub fn release(&self) {
        self.state().held = None;
        self.changed.send_replace(());
    }

    /// Ends all watches with 410.
    pub fn cut(&self) {
        self.state().cuts += 1;
        self.changed.send_replace(());
    }

    /// Whether it is held.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.state().held.is_some()
    }

    /// The newest version that is shown when the newest that there is is `newest`.
    pub(crate) fn newest(&self, newest: u64) -> u64 {
        self.state().held.map_or(newest, |held| held.min(newest))
    }

    /// How often watches were cut.
    pub(crate) fn cuts(&self) -> u64 {
        self.state().cuts
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
