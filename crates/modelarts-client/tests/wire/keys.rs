//! Signed calls, and the rest of a refused key.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use modelarts_client::sign::{Algorithm, Unsigned, sign};
use modelarts_client::{Client, Credentials, Failure, ListPools, PoolId, Sent};
use secrecy::SecretString;
use serde_json::json;

use crate::cloud::{Cloud, HandClock, POOL, PROJECT, Reply, Seen, bad_key, keys, pool, refuse, say};

/// Computes the signature of a request as it arrived, the way a gateway does.
fn expected_authorization(seen: &Seen) -> String {
    let names = seen.header("authorization").unwrap();
    let names = names.split("SignedHeaders=").nth(1).unwrap();
    let names = names.split(',').next().unwrap();
    let headers: Vec<(String, String)> = names
        .split(';')
        .map(|name| (name.to_owned(), seen.header(name).unwrap().to_owned()))
        .collect();
    let decode = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    let query: Vec<(String, String)> = seen
        .uri
        .query()
        .into_iter()
        .flat_map(|query| query.split('&'))
        .map(|pair| pair.split_once('=').unwrap())
        .map(|(name, value)| (decode(name), decode(value)))
        .collect();
    let unsigned = Unsigned {
        method: seen.method.as_str(),
        path: seen.uri.path(),
        query: &query,
        headers: &headers,
        body: &seen.body,
    };
    let secret = SecretString::from("sk-example");
    sign(unsigned, "AKEXAMPLE", &secret, Algorithm::Sdk)
        .unwrap()
        .authorization
}

#[tokio::test]
async fn what_arrives_is_what_was_signed() {
    let cloud = Cloud::start(|seen| match seen.method.as_str() {
        "GET" if seen.uri.path().ends_with("/pools") => say(200, &json!({"items": []})),
        _ => say(200, &pool()),
    })
    .await;
    let client = cloud.client();
    let id = PoolId::parse(POOL).unwrap();
    let list = ListPools {
        workspace_id: "0".into(),
        label_selector: Some("os.modelarts/name=pool 001+*,ä".into()),
        status: Some(modelarts_client::PoolListStatus::Failed),
    };
    client.list_pools(&list).await.unwrap();
    client.show_pool(&id).await.unwrap();
    let patch = json!({"metadata": {"annotations": {"os.modelarts/description": "资源池"}}});
    client.patch_pool(&id, &patch).await.unwrap();
    client
        .create_pool(&serde_json::from_value(pool()).unwrap())
        .await
        .unwrap();
    client.delete_pool(&id).await.unwrap();

    let seen = cloud.seen();
    assert_eq!(seen.len(), 5);
    for request in &seen {
        assert_eq!(
            request.header("authorization").unwrap(),
            expected_authorization(request),
            "{} {}",
            request.method,
            request.uri
        );
        assert_eq!(request.header("x-project-id"), Some(PROJECT));
        assert_eq!(
            request.header("host"),
            Some(cloud.url.authority()),
            "the host is signed as it is sent"
        );
        assert_eq!(request.header("x-sdk-content-sha256"), None);
        let signed = request.header("authorization").unwrap();
        assert!(!signed.contains("user-agent"), "a proxy may change it");
    }
    assert_eq!(
        seen[0].target(),
        format!(
            "/v2/{PROJECT}/pools?labelSelector=os.modelarts%2Fname%3Dpool%20001%2B%2A%2C%C3%A4\
             &status=failed&workspaceId=0"
        )
    );
    let authorization = seen[2].header("authorization").unwrap();
    assert!(authorization.contains("SignedHeaders=content-type;host;x-project-id;x-sdk-date,"));
}

#[tokio::test]
async fn a_temporary_key_sends_its_token_signed() {
    let cloud = Cloud::start(|_| say(200, &pool())).await;
    let temporary = Credentials::Keys {
        access_key: "AKEXAMPLE".into(),
        secret_key: "sk-example".into(),
        security_token: Some("st-example".into()),
    };
    let client = Client::new(cloud.config(temporary)).unwrap();
    client.show_pool(&PoolId::parse(POOL).unwrap()).await.unwrap();
    let seen = &cloud.seen()[0];
    assert_eq!(seen.header("x-security-token"), Some("st-example"));
    let authorization = seen.header("authorization").unwrap();
    assert!(authorization.contains("x-security-token"));
    assert_eq!(authorization, expected_authorization(seen));
}

#[tokio::test]
async fn after_a_refusal_the_key_rests_and_nothing_is_sent() {
    let cloud = Cloud::start(|_| bad_key()).await;
    let clock = HandClock::new();
    let client = Client::with_hooks(cloud.config(keys()), clock.hooks()).unwrap();
    let id = PoolId::parse(POOL).unwrap();

    let first = client.show_pool(&id).await.unwrap_err();
    assert_eq!(first.failure, Failure::Unauthenticated);
    assert_eq!(first.sent, Sent::Rejected);
    clock.pass(Duration::from_secs(299));
    let clone = client.clone();
    let second = clone.list_pools(&ListPools::default()).await.unwrap_err();
    assert_eq!(second.failure, Failure::Locked);
    assert_eq!(second.sent, Sent::NotSent);
    assert_eq!(second.operation, "ListPools");
    assert_eq!(second.status, None);
    assert_eq!(cloud.seen().len(), 1, "a 401 is not repeated, and the key rests");

    clock.pass(Duration::from_secs(1));
    let third = client.show_pool(&id).await.unwrap_err();
    assert_eq!(third.failure, Failure::Unauthenticated);
    assert_eq!(cloud.seen().len(), 2);

    let renewed = Client::with_hooks(cloud.config(keys()), clock.hooks()).unwrap();
    assert_eq!(
        renewed.show_pool(&id).await.unwrap_err().failure,
        Failure::Unauthenticated,
        "new credentials are tried at once"
    );
}

#[tokio::test]
async fn a_refusal_that_a_wrong_clock_may_explain_says_so_and_so_does_the_rest_after_it() {
    let cloud = Cloud::start(|_| {
        let Reply::Say(mut response) = bad_key() else {
            return Reply::Hang;
        };
        let date = "Thu, 02 Jan 2025 12:20:00 GMT".parse().unwrap();
        response.headers_mut().insert("date", date);
        Reply::Say(response)
    })
    .await;
    // The clock of the test stands at noon.
    let client = Client::with_hooks(cloud.config(keys()), HandClock::new().hooks()).unwrap();
    for _ in 0..2 {
        let error = client.show_pool(&PoolId::parse(POOL).unwrap()).await.unwrap_err();
        assert_eq!(error.clock_skew, Some(1200));
        assert!(error.to_string().contains("clock skew of 1200 s"), "{error}");
    }
    assert_eq!(cloud.seen().len(), 1);
}

#[tokio::test]
async fn a_wrong_key_costs_one_refusal_however_many_callers_there_are() {
    let cloud = Cloud::start(|_| bad_key()).await;
    let client = cloud.client();
    let id = PoolId::parse(POOL).unwrap();
    let calls = (0..20).map(|_| client.show_pool(&id));
    let results = futures::future::join_all(calls).await;
    assert!(results.iter().all(Result::is_err));
    assert_eq!(cloud.seen().len(), 1);
}

#[tokio::test]
async fn an_accepted_key_serves_calls_side_by_side() {
    let barrier = Arc::new(AtomicUsize::new(0));
    let waiting = Arc::clone(&barrier);
    let cloud = Cloud::start(move |_| {
        waiting.fetch_add(1, Ordering::SeqCst);
        say(200, &pool())
    })
    .await;
    let client = cloud.client();
    let id = PoolId::parse(POOL).unwrap();
    client.show_pool(&id).await.unwrap();
    let results = futures::future::join_all((0..20).map(|_| client.show_pool(&id))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(barrier.load(Ordering::SeqCst), 21);
}

#[tokio::test]
async fn a_refusal_of_permission_does_not_rest_the_key() {
    let allowed = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&allowed);
    let cloud = Cloud::start(move |_| {
        if switch.load(Ordering::SeqCst) {
            say(200, &pool())
        } else {
            refuse(403, "APIGW.0302", "not allowed")
        }
    })
    .await;
    let client = cloud.client();
    let id = PoolId::parse(POOL).unwrap();
    let error = client.show_pool(&id).await.unwrap_err();
    assert_eq!(error.failure, Failure::Denied);
    allowed.store(true, Ordering::SeqCst);
    client.show_pool(&id).await.unwrap();
}
