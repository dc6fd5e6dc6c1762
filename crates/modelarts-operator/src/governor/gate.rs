//! Waiting for a bucket, in order of priority and arrival.
//!
//! Only the first in line asks the bucket and sleeps; the others sleep until the line moves. A
//! token is taken in the very poll that returns, so a dropped call has none, and it leaves the line.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use super::{Bucket, Priority};

type Place = (Priority, u64);

#[derive(Debug)]
struct Line {
    bucket: Bucket,
    waiting: BTreeSet<Place>,
    arrivals: u64,
}

#[derive(Debug)]
pub(super) struct Gate {
    line: Mutex<Line>,
    moved: Notify,
}

/// Leaves the line when dropped, served or not.
struct Waiting<'a> {
    gate: &'a Gate,
    place: Place,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.gate.line().waiting.remove(&self.place);
        self.gate.moved.notify_waiters();
    }
}

impl Gate {
    pub(super) fn new(bucket: Bucket) -> Self {
        Self {
            line: Mutex::new(Line {
                bucket,
                waiting: BTreeSet::new(),
                arrivals: 0,
            }),
            moved: Notify::new(),
        }
    }

    pub(super) async fn acquire(&self, priority: Priority) {
        let waiting = self.join(priority);
        loop {
            // Listening starts before the line is looked at, so that no move is missed.
            let moved = self.moved.notified();
            match waiting.ask() {
                Some(Ok(())) => return,
                Some(Err(pause)) => {
                    tokio::select! {
                        () = sleep(pause) => {}
                        () = moved => {}
                    }
                }
                None => moved.await,
            }
        }
    }

    /// Changes or reads the bucket, and lets the first in line ask again.
    pub(super) fn update<T>(&self, change: impl FnOnce(&mut Bucket, Instant) -> T) -> T {
        let answer = change(&mut self.line().bucket, Instant::now());
        self.moved.notify_waiters();
        answer
    }

    pub(super) fn set_limit(&self, limit: f64) {
        self.update(|bucket, now| bucket.set_limit(limit, now));
    }

    fn join(&self, priority: Priority) -> Waiting<'_> {
        let mut line = self.line();
        let place = (priority, line.arrivals);
        line.arrivals += 1;
        line.waiting.insert(place);
        Waiting { gate: self, place }
    }

    fn line(&self) -> MutexGuard<'_, Line> {
        self.line.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting<'_> {
    /// `None` while others are first.
    fn ask(&self) -> Option<Result<(), std::time::Duration>> {
        let mut line = self.gate.line();
        (line.waiting.first() == Some(&self.place)).then(|| line.bucket.take(Instant::now()))
    }
}
