//! Tests of the token cache on a clock of their own, without a server.

use super::*;
use crate::failure::Failure;
use std::sync::atomic::AtomicUsize;

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
    let cache = TokenCache::default();
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
    let cache = TokenCache::default();
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
    let cache = TokenCache::default();
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
    let cache = TokenCache::default();
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
    let cache = TokenCache::default();
    let now = at("2024-01-01T01:00:00Z");
    let old = cache.put(day("old"));
    let new = cache.put(day("new"));
    cache.drop_token(&old);
    assert!(cache.usable(now).is_some());
    cache.drop_token(&new);
    assert!(cache.usable(now).is_none());
}
