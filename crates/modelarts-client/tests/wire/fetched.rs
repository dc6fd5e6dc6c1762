//! Calls with keys that a source hands out: one fetch for all, renewal, and refused keys.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use modelarts_client::{Client, Config, Credentials, Failure, KeySource, ListPools, PoolId, ProjectRef, Sent};
use serde_json::{Value, json};

use crate::cloud::{Cloud, HandClock, POOL, PROJECT, Reply, Seen, bad_key, pool, refuse, say};

const SESSION: &str = "/meta-data/latest/api/token";
const KEY: &str = "/openstack/latest/securitykey";

fn id() -> PoolId {
    PoolId::parse(POOL).unwrap()
}

fn show() -> String {
    format!("/v2/{PROJECT}/pools/{POOL}")
}

/// The key of the given number, as instance metadata show it; `life` from the test's noon.
fn key(number: usize, life: SignedDuration) -> Value {
    let noon: Timestamp = "2025-01-02T12:00:00Z".parse().unwrap();
    json!({"credential": {"access": format!("AKFETCHED{number}"), "secret": format!("sk-fetched-{number}"),
                          "securitytoken": format!("st-fetched-{number}"),
                          "expires_at": (noon + life).to_string()}})
}

/// The number of the key a request is signed with.
fn number_of(seen: &Seen) -> usize {
    let authorization = seen.header("authorization").unwrap();
    let number = authorization.split("Access=AKFETCHED").nth(1).unwrap();
    let number: usize = number.split(',').next().unwrap().parse().unwrap();
    assert_eq!(seen.header("x-security-token"), Some(&*format!("st-fetched-{number}")));
    assert!(authorization.contains("x-security-token"), "the token is signed");
    number
}

/// Instance metadata and a cloud in one. The n-th fetch gets what `hand` says to n, and the cloud
/// accepts the keys that `good` accepts.
async fn cloud(
    hand: impl Fn(usize) -> Reply + Send + Sync + 'static,
    good: impl Fn(usize) -> bool + Send + Sync + 'static,
) -> Cloud {
    let fetches = AtomicUsize::new(0);
    Cloud::start(move |seen: &Seen| match seen.uri.path() {
        SESSION => crate::cloud::text(200, "session-example"),
        KEY => hand(fetches.fetch_add(1, Ordering::SeqCst) + 1),
        "/v3/projects" => say(200, &json!({"projects": [{"id": PROJECT, "name": "cn-north-4"}]})),
        _ if !good(number_of(seen)) => bad_key(),
        _ => say(200, &pool()),
    })
    .await
}

fn fetched(cloud: &Cloud) -> Config {
    let base = cloud.url.clone();
    cloud.config(Credentials::Fetched(KeySource::InstanceMetadata { base }))
}

fn client(cloud: &Cloud, clock: &HandClock) -> Client {
    Client::with_hooks(fetched(cloud), clock.hooks()).unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

/// The keys with which calls were made, in order.
fn used(cloud: &Cloud) -> Vec<usize> {
    let seen = cloud.seen();
    let calls = seen.iter().filter(|seen| seen.header("x-project-id").is_some());
    calls.map(number_of).collect()
}

#[tokio::test]
async fn one_fetch_serves_all_calls() {
    let cloud = cloud(|number| say(200, &key(number, hours(24))), |_| true).await;
    let client = client(&cloud, &HandClock::new());
    let id = id();
    let results = futures::future::join_all((0..50).map(|_| client.show_pool(&id))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(cloud.count(KEY), 1);
    assert_eq!(used(&cloud), vec![1; 50]);
    let seen = cloud.seen();
    let call = seen.iter().find(|seen| seen.uri.path() == show()).unwrap();
    assert_eq!(call.header("x-project-id"), Some(PROJECT));
}

#[tokio::test]
async fn an_ageing_key_is_renewed_while_calls_go_on_with_it() {
    let cloud = cloud(|number| say(200, &key(number, hours(24 * number as i64))), |_| true).await;
    let clock = HandClock::new();
    let client = client(&cloud, &clock);
    client.show_pool(&id()).await.unwrap();
    clock.pass(Duration::from_secs(23 * 3600 + 1800));
    client.show_pool(&id()).await.unwrap();
    assert_eq!(used(&cloud), [1, 1]);
    // The new key is in use as soon as the renewal beside the calls is done.
    while used(&cloud).last() == Some(&1) {
        client.show_pool(&id()).await.unwrap();
    }
    assert_eq!(cloud.count(KEY), 2);
}

#[tokio::test]
async fn while_the_source_is_down_the_old_key_serves_until_shortly_before_its_end() {
    let cloud = cloud(
        |number| match number {
            1 => say(200, &key(1, hours(24))),
            _ => refuse(500, "X.1", "down"),
        },
        |_| true,
    )
    .await;
    let clock = HandClock::new();
    let client = client(&cloud, &clock);
    client.show_pool(&id()).await.unwrap();
    clock.pass(Duration::from_secs(24 * 3600 - 61));
    client.show_pool(&id()).await.unwrap();
    while cloud.count(KEY) < 2 {
        tokio::task::yield_now().await;
    }
    client.show_pool(&id()).await.unwrap();
    clock.pass(Duration::from_secs(1));
    let error = client.show_pool(&id()).await.unwrap_err();
    assert_eq!(
        (error.operation, error.failure, error.sent),
        ("FetchKey", Failure::Transient, Sent::NotSent)
    );
    assert!(error.message.contains("ECS instance metadata"), "{error}");
    assert!(used(&cloud).iter().all(|number| *number == 1));
}

#[tokio::test]
async fn a_read_whose_key_is_refused_is_repeated_once_with_the_next() {
    let cloud = cloud(|number| say(200, &key(number, hours(24))), |number| number >= 2).await;
    let client = client(&cloud, &HandClock::new());
    client.show_pool(&id()).await.unwrap();
    client.show_pool(&id()).await.unwrap();
    assert_eq!(
        used(&cloud),
        [1, 2, 2],
        "the rest of the first key does not hold for the second"
    );
}

#[tokio::test]
async fn a_write_is_not_repeated_and_the_next_call_has_the_next_key() {
    let calls = AtomicUsize::new(0);
    let good = move |number| number >= 2 || calls.fetch_add(1, Ordering::SeqCst) == 0;
    let cloud = cloud(|number| say(200, &key(number, hours(24))), good).await;
    let client = client(&cloud, &HandClock::new());
    client.show_pool(&id()).await.unwrap();
    let wanted = serde_json::from_value(pool()).unwrap();
    let error = client.create_pool(&wanted).await.unwrap_err();
    assert_eq!((error.failure, error.sent), (Failure::Expired, Sent::Rejected));
    let pools = format!("/v2/{PROJECT}/pools");
    assert_eq!((cloud.count(&pools), cloud.count(KEY)), (1, 1));
    client.create_pool(&wanted).await.unwrap();
    assert_eq!((cloud.count(&pools), cloud.count(KEY)), (2, 2));
}

#[tokio::test]
async fn a_source_of_refused_keys_costs_two_refusals_and_then_one_after_each_rest() {
    let cloud = cloud(|number| say(200, &key(number, hours(24))), |_| false).await;
    let clock = HandClock::new();
    let client = client(&cloud, &clock);
    let id = id();
    let error = client.show_pool(&id).await.unwrap_err();
    assert_eq!((error.operation, error.failure), ("ShowPool", Failure::Unauthenticated));
    assert_eq!(used(&cloud), [1, 2]);
    let results = futures::future::join_all((0..20).map(|_| client.show_pool(&id))).await;
    for error in results.into_iter().map(Result::unwrap_err) {
        assert_eq!((error.failure, error.sent), (Failure::Locked, Sent::NotSent));
        assert!(error.message.contains("verify aksk signature fail"), "{error}");
    }
    let wanted = serde_json::from_value(pool()).unwrap();
    assert_eq!(client.create_pool(&wanted).await.unwrap_err().failure, Failure::Locked);
    assert_eq!((used(&cloud).len(), cloud.count(KEY)), (2, 2), "both are left alone");

    clock.pass(Duration::from_secs(300));
    for _ in 0..5 {
        client.show_pool(&id).await.unwrap_err();
    }
    assert_eq!(used(&cloud), [1, 2, 3]);
}

#[tokio::test]
async fn many_callers_with_one_refused_key_cost_one_refusal_and_go_on_with_the_next() {
    let cloud = cloud(|number| say(200, &key(number, hours(24))), |number| number >= 2).await;
    let client = client(&cloud, &HandClock::new());
    let id = id();
    let results = futures::future::join_all((0..20).map(|_| client.show_pool(&id))).await;
    assert!(
        results.iter().all(Result::is_ok),
        "{:?}",
        results.iter().find(|result| result.is_err())
    );
    assert_eq!(used(&cloud).iter().filter(|number| **number == 1).count(), 1);
    assert_eq!(cloud.count(KEY), 2);
}

#[tokio::test]
async fn a_source_without_a_newer_key_is_not_asked_at_every_call_nor_is_its_key_tried() {
    let cloud = cloud(|_| say(200, &key(1, hours(24))), |_| false).await;
    let clock = HandClock::new();
    let client = client(&cloud, &clock);
    let error = client.show_pool(&id()).await.unwrap_err();
    assert_eq!((error.failure, error.status), (Failure::Unauthenticated, Some(401)));
    for _ in 0..10 {
        let error = client.show_pool(&id()).await.unwrap_err();
        assert_eq!((error.failure, error.sent), (Failure::Locked, Sent::NotSent));
    }
    assert_eq!((used(&cloud), cloud.count(KEY)), (vec![1], 2));
    clock.pass(Duration::from_secs(300));
    let error = client.show_pool(&id()).await.unwrap_err();
    assert_eq!(
        error.failure,
        Failure::Unauthenticated,
        "after its rest it is tried again"
    );
    assert_eq!(used(&cloud), [1, 1]);
}

#[tokio::test]
async fn an_ended_key_is_not_tried() {
    let cloud = cloud(|number| say(200, &key(number, hours(24 * number as i64))), |_| true).await;
    let clock = HandClock::new();
    let client = client(&cloud, &clock);
    client.show_pool(&id()).await.unwrap();
    clock.pass(Duration::from_secs(24 * 3600 - 60));
    client.show_pool(&id()).await.unwrap();
    assert_eq!(used(&cloud), [1, 2]);
}

#[tokio::test]
async fn the_project_is_looked_up_with_a_fetched_key_and_outlives_it() {
    let cloud = cloud(|number| say(200, &key(number, hours(24 * number as i64))), |_| true).await;
    let clock = HandClock::new();
    let mut config = fetched(&cloud);
    config.project = ProjectRef::Name("cn-north-4".into());
    let client = Client::with_hooks(config, clock.hooks()).unwrap();
    client.show_pool(&id()).await.unwrap();
    clock.pass(Duration::from_secs(24 * 3600));
    client.show_pool(&id()).await.unwrap();
    assert_eq!(used(&cloud), [1, 2]);
    assert_eq!(cloud.count("/v3/projects"), 1);
}

#[tokio::test]
async fn an_error_shows_no_part_of_a_fetched_key() {
    let cloud = Cloud::start(|seen| match seen.uri.path() {
        SESSION => crate::cloud::text(200, "session-example"),
        KEY => say(200, &key(1, hours(24))),
        _ => refuse(400, "X.1", "saw sk-fetched-1 and st-fetched-1 here"),
    })
    .await;
    let client = Arc::new(client(&cloud, &HandClock::new()));
    let error = client.list_pools(&ListPools::default()).await.unwrap_err();
    let shown = format!("{error} {error:?} {client:?}");
    assert!(shown.contains("saw [redacted] and [redacted] here"), "{shown}");
    assert!(!shown.contains("fetched-1"), "{shown}");
}
