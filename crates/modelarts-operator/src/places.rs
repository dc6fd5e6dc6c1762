//! Bulkheads: how many passes may be under way for one account at a time.
//!
//! A pass that waits for a slow or throttled cloud holds a place of the controller. Without a share
//! for each account one that hangs would soon hold them all, and every other account would stand
//! still. Who finds no place waits in a queue that costs nothing and is woken when one is free; who
//! is being deleted goes first, because that saves money.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::directory::{Directory, Member};

/// The passes under way, and who waits.
#[derive(Clone)]
pub struct Places {
    share: usize,
    accounts: Arc<Mutex<HashMap<String, Account>>>,
}

/// What is going on for one account.
#[derive(Default)]
struct Account {
    busy: usize,
    waiting: VecDeque<Waiting>,
}

/// An object without a place, and where it is woken.
struct Waiting {
    member: Member,
    directory: Arc<Directory>,
}

/// A place. Dropping it wakes the next.
pub struct Taken {
    places: Places,
    account: String,
}

impl Places {
    /// Places for a controller that does so many passes at a time: an eighth for each account, so that
    /// several can hang at once and leave the others enough.
    #[must_use]
    pub fn of(concurrency: u16) -> Self {
        Self {
            share: usize::from(concurrency / 8).max(1),
            accounts: Arc::default(),
        }
    }

    /// Takes a place for an object, unless its account has none left: then the object is woken later.
    #[must_use]
    pub fn take(&self, member: &Member, directory: &Arc<Directory>) -> Option<Taken> {
        let name = &member.scope.account;
        let mut accounts = self.accounts();
        let account = accounts.entry(name.clone()).or_default();
        if account.busy < self.share {
            account.busy += 1;
            account.waiting.retain(|waiting| waiting.member.uid != member.uid);
            return Some(Taken {
                places: self.clone(),
                account: name.clone(),
            });
        }
        if !account.waiting.iter().any(|waiting| waiting.member.uid == member.uid) {
            let waiting = Waiting {
                member: member.clone(),
                directory: Arc::clone(directory),
            };
            match member.deleting {
                true => account.waiting.push_front(waiting),
                false => account.waiting.push_back(waiting),
            }
        }
        None
    }

    fn accounts(&self) -> MutexGuard<'_, HashMap<String, Account>> {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        let mut accounts = self.places.accounts();
        let Some(account) = accounts.get_mut(&self.account) else {
            return;
        };
        account.busy -= 1;
        if let Some(next) = account.waiting.pop_front() {
            next.directory.wake(&next.member);
        } else if account.busy == 0 {
            accounts.remove(&self.account);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directory::tests::member;

    /// Places with a share of two, and a directory.
    fn places() -> (Places, Arc<Directory>, impl FnMut() -> Vec<String>) {
        let (directory, mut woken) = Directory::new();
        let names = move || {
            std::iter::from_fn(|| woken.try_recv().ok())
                .map(|place| place.name)
                .collect()
        };
        (Places::of(16), Arc::new(directory), names)
    }

    fn named(uid: &str) -> Member {
        Member {
            name: uid.into(),
            ..member(uid)
        }
    }

    #[test]
    fn an_account_has_its_share_and_the_others_have_theirs() {
        let (places, directory, _) = places();
        let take = |member: &Member| places.take(member, &directory);
        let _held = [take(&named("a")), take(&named("b"))].map(Option::unwrap);
        assert!(take(&named("c")).is_none());
        let mut elsewhere = named("d");
        elsewhere.scope.account = "another".into();
        assert!(take(&elsewhere).is_some());
    }

    #[test]
    fn who_waits_is_woken_once_in_turn_and_who_is_deleted_first() {
        let (places, directory, mut woken) = places();
        let take = |member: &Member| places.take(member, &directory);
        let (first, second) = (take(&named("a")).unwrap(), take(&named("b")).unwrap());
        for waits in ["c", "d", "c"] {
            assert!(take(&named(waits)).is_none());
        }
        let leaving = Member {
            deleting: true,
            ..named("e")
        };
        assert!(take(&leaving).is_none());
        drop(first);
        assert_eq!(woken(), ["e"]);
        let third = take(&leaving).unwrap();
        drop(second);
        drop(third);
        assert_eq!(woken(), ["c", "d"]);
    }

    #[test]
    fn who_gets_a_place_by_itself_waits_no_longer() {
        let (places, directory, mut woken) = places();
        let take = |member: &Member| places.take(member, &directory);
        let (first, second) = (take(&named("a")).unwrap(), take(&named("b")).unwrap());
        assert!(take(&named("c")).is_none() && take(&named("d")).is_none());
        drop(first);
        assert_eq!(woken(), ["c"]);
        // Somebody else wakes d before the next place is free.
        let third = take(&named("d")).unwrap();
        drop((second, third));
        assert_eq!(woken(), [""; 0]);
        assert!(places.accounts().is_empty(), "nothing is kept of an account at rest");
    }
}
