//! Who is about to write a marker: one object of this process at a time for each thing in the cloud.
//!
//! The service compares nothing before it changes a description. Two objects that name the same
//! pool would otherwise both look, both see it free, and both mark it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use tokio::sync::OwnedMutexGuard;

/// The things that are being marked, by ID.
#[derive(Debug, Default)]
pub struct Claims(Mutex<HashMap<String, Weak<tokio::sync::Mutex<()>>>>);

impl Claims {
    /// Resolves when nobody else marks the thing with this ID, and keeps others from it until the
    /// answer is dropped.
    pub async fn alone(&self, id: &str) -> OwnedMutexGuard<()> {
        self.of(id).lock_owned().await
    }

    fn of(&self, id: &str) -> Arc<tokio::sync::Mutex<()>> {
        let mut claims = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(claim) = claims.get(id).and_then(Weak::upgrade) {
            return claim;
        }
        claims.retain(|_, claim| claim.strong_count() > 0);
        let claim = Arc::default();
        claims.insert(id.to_owned(), Arc::downgrade(&claim));
        claim
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_thing_is_marked_by_one_object_at_a_time_and_then_forgotten() {
        let claims = Claims::default();
        let first = claims.alone("pool-1").await;
        assert!(claims.alone("pool-1").now_or_never().is_none(), "it is taken");
        let other = claims.alone("pool-2").now_or_never();
        assert!(other.is_some(), "another is not");
        drop((first, other));
        assert!(claims.alone("pool-1").now_or_never().is_some());
        drop(claims.alone("pool-3").await);
        assert_eq!(claims.0.lock().unwrap().len(), 1, "only the last");
    }
}
