//! Tests of the cache on a clock of their own, without a server.

use super::*;
use std::sync::atomic::AtomicUsize;

use secrecy::SecretString;

use crate::failure::Failure;
use crate::temporary::{TemporaryKey, made_up};
use crate::token::Token;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn token(value: &str, issued: &str, expires: &str) -> Token {
    Token::new(SecretString::from(value), at(issued), at(expires), None)
}

fn day(value: &str) -> Token {
    token(value, "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z")
}

fn failure() -> ApiError {
    ApiError::unsent("CreateToken", Failure::Transient, "down")
}

#[tokio::test]
async fn callers_that_wait_share_one_fetch() {
    let cache = Renewal::<Token>::default();
    let fetches = AtomicUsize::new(0);
    let now = || at("2024-01-01T01:00:00Z");
    let calls = (0..50).map(|_| {
        cache.current(now, || async {
            fetches.fetch_add(1, Ordering::SeqCst);
            tokio::task::yield_now().await;
            Ok(day("t"))
        })
    });
    let results = futures::future::join_all(calls).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn callers_that_wait_share_one_failure_and_the_next_caller_tries_again() {
    let cache = Renewal::<Token>::default();
    let fetches = AtomicUsize::new(0);
    let now = || at("2024-01-01T01:00:00Z");
    let fetch = || async {
        fetches.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        Err(failure())
    };
    let calls = (0..50).map(|_| cache.current(now, fetch));
    let results = futures::future::join_all(calls).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(fetches.load(Ordering::SeqCst), 1);
    assert!(cache.current(now, fetch).await.is_err());
    assert_eq!(fetches.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_token_is_fetched_again_shortly_before_its_end() {
    let cache = Renewal::<Token>::default();
    let fetches = AtomicUsize::new(0);
    for (now, expected) in [
        ("2024-01-01T00:00:00Z", 1),
        ("2024-01-01T23:58:59Z", 1),
        ("2024-01-01T23:59:00Z", 2),
    ] {
        let fetched = cache.current(
            || at(now),
            || async {
                fetches.fetch_add(1, Ordering::SeqCst);
                Ok(day("t"))
            },
        );
        assert!(fetched.await.is_ok());
        assert_eq!(fetches.load(Ordering::SeqCst), expected, "{now}");
    }
}

#[tokio::test]
async fn renewal_is_due_in_the_last_quarter_and_rests_after_a_failure() {
    let cache = Renewal::<Token>::default();
    assert!(!cache.is_due(at("2024-01-01T23:00:00Z")), "nothing to renew");
    cache.put(day("t"));
    assert!(!cache.is_due(at("2024-01-01T18:00:00Z")));
    let now = at("2024-01-01T18:00:01Z");
    assert!(cache.is_due(now));
    cache.renew(now, || async { Err(failure()) }).await;
    assert!(!cache.is_due(at("2024-01-01T18:05:00Z")));
    let later = at("2024-01-01T18:05:01Z");
    assert!(cache.is_due(later));
    assert!(cache.usable(later).is_some(), "the old one stays in use");
    cache
        .renew(later, || async {
            Ok(token("n", "2024-01-01T18:05:01Z", "2024-01-02T18:05:01Z"))
        })
        .await;
    assert!(!cache.is_due(later));
}

#[test]
fn a_short_lived_token_is_not_renewed_at_once() {
    let short = token("t", "2024-01-01T00:00:00Z", "2024-01-01T00:10:00Z");
    assert!(!short.is_ageing(at("2024-01-01T00:05:00Z")));
    assert!(short.is_ageing(at("2024-01-01T00:05:01Z")));
}

#[test]
fn only_the_token_that_was_refused_is_dropped() {
    let cache = Renewal::<Token>::default();
    let now = at("2024-01-01T01:00:00Z");
    let old = cache.put(day("old"));
    let new = cache.put(day("new"));
    cache.forget(&old);
    assert!(cache.usable(now).is_some());
    cache.forget(&new);
    assert!(cache.usable(now).is_none());
}

fn key(access_key: &str, issued: &str, expires: &str) -> TemporaryKey {
    made_up(access_key, issued, expires)
}

#[test]
fn a_key_is_renewed_40_minutes_before_its_end_or_in_the_last_third_of_a_short_life() {
    let day = key("A", "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z");
    assert!(!day.is_ageing(at("2024-01-01T23:20:00Z")));
    assert!(day.is_ageing(at("2024-01-01T23:20:01Z")));
    let quarter = key("A", "2024-01-01T00:00:00Z", "2024-01-01T00:15:00Z");
    assert!(!quarter.is_ageing(at("2024-01-01T00:10:00Z")));
    assert!(quarter.is_ageing(at("2024-01-01T00:10:01Z")));
    assert!(quarter.is_usable(at("2024-01-01T00:13:59Z")));
    assert!(!quarter.is_usable(at("2024-01-01T00:14:00Z")));
}

#[tokio::test]
async fn failed_renewals_of_a_key_come_at_growing_distances_and_the_key_stays_in_use() {
    let cache = Renewal::<TemporaryKey>::default();
    cache.put(key("A", "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"));
    let mut now = at("2024-01-01T23:30:00Z");
    for pause in [15, 30, 60, 120, 240, 240] {
        assert!(cache.is_due(now), "{now}");
        cache.renew(now, || async { Err(failure()) }).await;
        let almost = now + SignedDuration::from_secs(pause) - SignedDuration::from_millis(1);
        assert!(!cache.is_due(almost), "{pause} s after {now}");
        assert!(cache.usable(almost).is_some(), "the old one stays in use");
        now += SignedDuration::from_secs(pause);
    }
    let ahead = at("2024-01-01T23:25:00Z");
    assert!(cache.is_due(ahead), "a clock set back does not prolong the pause");
}

#[tokio::test]
async fn a_source_that_goes_on_with_the_same_key_is_asked_at_a_distance() {
    let cache = Renewal::<TemporaryKey>::default();
    let old = cache.put(key("A", "2024-01-01T00:00:00Z", "2024-01-02T00:00:00Z"));
    let now = at("2024-01-01T23:30:00Z");
    let same = || async { Ok(key("A", "2024-01-01T23:30:00Z", "2024-01-02T00:00:00Z")) };
    cache.renew(now, same).await;
    assert!(!cache.is_due(now));
    assert!(
        Arc::ptr_eq(&cache.usable(now).unwrap(), &old),
        "its age is not forgotten"
    );
    let later = now + SignedDuration::from_secs(15);
    let next = || async { Ok(key("B", "2024-01-01T23:30:15Z", "2024-01-01T23:50:00Z")) };
    cache.renew(later, next).await;
    let current = cache.usable(later).unwrap();
    assert_eq!(
        current.access_key, "B",
        "another key is taken, even one that ends sooner"
    );
}

#[tokio::test]
async fn callers_without_a_key_share_a_failure_for_a_growing_while() {
    let cache = Renewal::<TemporaryKey>::default();
    let fetches = AtomicUsize::new(0);
    let fetch = || async {
        fetches.fetch_add(1, Ordering::SeqCst);
        Err(failure())
    };
    let mut now = at("2024-01-01T00:00:00Z");
    for (expected, pause) in [(1, 1), (2, 2), (3, 4), (4, 8), (5, 16), (6, 32), (7, 64), (8, 64)] {
        for _ in 0..3 {
            assert!(cache.current(|| now, fetch).await.is_err());
        }
        assert_eq!(fetches.load(Ordering::SeqCst), expected, "{now}");
        let almost = now + SignedDuration::from_secs(pause) - SignedDuration::from_millis(1);
        assert!(cache.current(|| almost, fetch).await.is_err());
        assert_eq!(fetches.load(Ordering::SeqCst), expected, "{almost}");
        now += SignedDuration::from_secs(pause);
    }
    let good = || async { Ok(key("A", "2024-01-01T00:03:00Z", "2024-01-02T00:00:00Z")) };
    assert!(cache.current(|| now, good).await.is_ok(), "and then it goes on");
    assert!(lock(&cache.trouble).last.is_none());
}
