//! Calls with a token: one login for all, and what happens when the token is refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::http::Response;
use modelarts_client::{Client, Failure, PoolId, Sent};
use serde_json::json;

use crate::cloud::{Cloud, HandClock, POOL, PROJECT, Reply, Seen, password, pool, refuse, say};

const LOGIN: &str = "/v3/auth/tokens";

fn id() -> PoolId {
    PoolId::parse(POOL).unwrap()
}

fn show() -> String {
    format!("/v2/{PROJECT}/pools/{POOL}")
}

/// A login's answer with a token of the given number, good for a day from the test's noon.
fn token(number: usize) -> Reply {
    let body = json!({"token": {"expires_at": "2025-01-03T12:00:00.000000Z",
                                "project": {"id": PROJECT, "name": "cn-north-4"}}});
    let response = Response::builder()
        .status(201)
        .header("X-Subject-Token", format!("token-{number}"))
        .body(body.to_string().into())
        .unwrap();
    Reply::Say(response)
}

/// A cloud that numbers its tokens and accepts those that `good` accepts.
async fn cloud_accepting(good: impl Fn(usize) -> bool + Send + Sync + 'static) -> Cloud {
    let logins = AtomicUsize::new(0);
    Cloud::start(move |seen: &Seen| {
        if seen.uri.path() == LOGIN {
            return token(logins.fetch_add(1, Ordering::SeqCst) + 1);
        }
        let sent = seen.header("x-auth-token").unwrap();
        let number: usize = sent.strip_prefix("token-").unwrap().parse().unwrap();
        if good(number) {
            say(200, &pool())
        } else {
            refuse(401, "APIGW.0301", "Incorrect IAM authentication information")
        }
    })
    .await
}

fn client(cloud: &Cloud, clock: &HandClock) -> Client {
    Client::with_hooks(cloud.config(password()), clock.hooks()).unwrap()
}

#[tokio::test]
async fn many_callers_cost_one_login() {
    let cloud = cloud_accepting(|_| true).await;
    let client = client(&cloud, &HandClock::new());
    let id = id();
    let results = futures::future::join_all((0..50).map(|_| client.show_pool(&id))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(cloud.count(LOGIN), 1);
    assert_eq!(cloud.count(&show()), 50);

    let seen = cloud.seen();
    let login = seen.iter().find(|seen| seen.uri.path() == LOGIN).unwrap();
    assert_eq!(login.method, "POST");
    assert_eq!(login.target(), "/v3/auth/tokens?nocatalog=true");
    assert_eq!(login.header("content-type"), Some("application/json"));
    assert_eq!(
        login.json(),
        json!({"auth": {
            "identity": {"methods": ["password"], "password": {"user": {
                "name": "user", "password": "pw-example", "domain": {"name": "account"}}}},
            "scope": {"project": {"id": PROJECT}}}})
    );
    let call = seen.iter().find(|seen| seen.uri.path() == show()).unwrap();
    assert_eq!(call.header("x-auth-token"), Some("token-1"));
    assert_eq!(call.header("authorization"), None);
}

#[tokio::test]
async fn a_read_whose_token_is_refused_is_repeated_once_with_a_new_one() {
    let cloud = cloud_accepting(|number| number >= 2).await;
    let client = client(&cloud, &HandClock::new());
    client.show_pool(&id()).await.unwrap();
    assert_eq!(cloud.count(LOGIN), 2);
    assert_eq!(cloud.count(&show()), 2);
}

#[tokio::test]
async fn a_read_is_not_repeated_twice_and_then_the_user_rests() {
    let cloud = cloud_accepting(|_| false).await;
    let clock = HandClock::new();
    let client = client(&cloud, &clock);
    let error = client.show_pool(&id()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Unauthenticated);
    assert_eq!(cloud.count(LOGIN), 2);
    assert_eq!(cloud.count(&show()), 2);
    let error = client.show_pool(&id()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Locked);
    assert_eq!(cloud.seen().len(), 4);
}

#[tokio::test]
async fn a_write_whose_token_has_grown_old_is_not_replayed() {
    // The first token is good for one call only.
    let calls = AtomicUsize::new(0);
    let cloud = cloud_accepting(move |number| number >= 2 || calls.fetch_add(1, Ordering::SeqCst) == 0).await;
    let client = client(&cloud, &HandClock::new());
    client.show_pool(&id()).await.unwrap();

    let wanted = serde_json::from_value(pool()).unwrap();
    let error = client.create_pool(&wanted).await.unwrap_err();
    assert_eq!(error.failure, Failure::Expired);
    assert_eq!(error.sent, Sent::Rejected);
    let pools = format!("/v2/{PROJECT}/pools");
    assert_eq!(cloud.count(&pools), 1, "the creation was sent once");
    assert_eq!(cloud.count(LOGIN), 1, "and nothing was fetched for it");

    client.create_pool(&wanted).await.unwrap();
    assert_eq!(cloud.count(&pools), 2, "the caller decides to send it again");
    assert_eq!(cloud.count(LOGIN), 2);
}

#[tokio::test]
async fn a_wrong_password_is_tried_once() {
    let cloud = Cloud::start(|_| {
        say(
            401,
            &json!({"error": {"code": 401, "message": "The username or password is wrong.",
                              "title": "Unauthorized"}}),
        )
    })
    .await;
    let clock = HandClock::new();
    let client = client(&cloud, &clock);
    let id = id();
    let results = futures::future::join_all((0..20).map(|_| client.show_pool(&id))).await;
    for error in results.into_iter().map(Result::unwrap_err) {
        assert_eq!(error.sent, Sent::NotSent, "the call itself never left");
    }
    assert_eq!(cloud.seen().len(), 1);
    clock.pass(Duration::from_secs(300));
    let error = client.show_pool(&id).await.unwrap_err();
    assert_eq!(error.operation, "CreateToken");
    assert_eq!(error.failure, Failure::Unauthenticated);
    assert_eq!(error.code.as_deref(), Some("401"));
    assert_eq!(cloud.seen().len(), 2);
}

#[tokio::test]
async fn an_ageing_token_is_renewed_while_calls_go_on_with_it() {
    let cloud = cloud_accepting(|_| true).await;
    let clock = HandClock::new();
    let client = client(&cloud, &clock);
    client.show_pool(&id()).await.unwrap();
    clock.pass(Duration::from_secs(19 * 3600));
    client.show_pool(&id()).await.unwrap();
    let used = |cloud: &Cloud| {
        let seen = cloud.seen();
        let call = seen.iter().rfind(|seen| seen.uri.path() == show()).unwrap();
        call.header("x-auth-token").unwrap().to_owned()
    };
    assert_eq!(used(&cloud), "token-1");
    // The new token is in use as soon as the renewal beside the calls is done.
    while used(&cloud) == "token-1" {
        client.show_pool(&id()).await.unwrap();
    }
    assert_eq!(used(&cloud), "token-2");
    assert_eq!(cloud.count(LOGIN), 2);
}

#[tokio::test]
async fn an_ended_token_is_fetched_anew_before_the_call() {
    let cloud = cloud_accepting(|_| true).await;
    let clock = HandClock::new();
    let client = client(&cloud, &clock);
    client.show_pool(&id()).await.unwrap();
    clock.pass(Duration::from_secs(24 * 3600));
    client.show_pool(&id()).await.unwrap();
    assert_eq!(cloud.count(LOGIN), 2);
    assert_eq!(cloud.count(&show()), 2, "the old token was not tried");
}

#[tokio::test]
async fn a_hanging_login_ends_with_the_deadline_and_nothing_was_sent() {
    let cloud = Cloud::start(|_| Reply::Hang).await;
    let mut config = cloud.config(password());
    config.deadline = Duration::from_millis(200);
    let client = Arc::new(Client::new(config).unwrap());
    let wanted = serde_json::from_value(pool()).unwrap();
    let error = client.create_pool(&wanted).await.unwrap_err();
    assert_eq!(error.failure, Failure::Transient);
    assert_eq!(error.sent, Sent::NotSent);
    assert_eq!(cloud.count(&format!("/v2/{PROJECT}/pools")), 0);
}
