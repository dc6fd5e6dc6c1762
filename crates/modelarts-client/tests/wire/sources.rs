//! What the sources of temporary keys are asked, over real sockets, and what is said when one
//! gives none.

use std::path::{Path, PathBuf};

use axum::http::Response;
use modelarts_client::{ApiError, Client, ConfigError, Credentials, Failure, KeySource, PoolId, Sent};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::cloud::{Cloud, POOL, Reply, Seen, pool, refuse, say, text};

const SESSION: &str = "/meta-data/latest/api/token";
const KEY: &str = "/openstack/latest/securitykey";
const POD: &str = "/v1/credentials";

fn key() -> Value {
    json!({"access": "AKEXAMPLE", "secret": "sk-example", "securitytoken": "st-example",
           "expires_at": "2999-01-02T03:04:05.678000Z"})
}

fn pod_key() -> Value {
    json!({"assumedAgency": {"urn": "u", "id": "i"}, "audience": "a", "credentials": {
        "accessKeyId": "AKEXAMPLE", "secretAccessKey": "sk-example", "securityToken": "st-example",
        "expiration": "2999-01-08T03:50:07.574000Z"}})
}

/// A token file with `content`. It lasts as long as the folder.
fn token_file(content: impl AsRef<[u8]>) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, content).unwrap();
    (folder, file)
}

fn metadata(cloud: &Cloud) -> Client {
    let base = cloud.url.clone();
    Client::new(cloud.config(Credentials::Fetched(KeySource::InstanceMetadata { base }))).unwrap()
}

fn pod_identity(cloud: &Cloud, file: &Path) -> Client {
    let source = KeySource::PodIdentity {
        uri: cloud.url.join(POD).unwrap(),
        token_file: file.to_owned(),
    };
    Client::new(cloud.config(Credentials::Fetched(source))).unwrap()
}

async fn shown(client: &Client) -> Result<(), ApiError> {
    client.show_pool(&PoolId::parse(POOL).unwrap()).await.map(|_| ())
}

/// The error of a client without a key: the call itself never left.
async fn no_key(client: &Client) -> ApiError {
    let error = shown(client).await.unwrap_err();
    assert_eq!((error.operation, error.sent), ("FetchKey", Sent::NotSent), "{error}");
    error
}

/// The error where the metadata answer a request for a key so.
async fn metadata_error(answer: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> (ApiError, Cloud) {
    let cloud = Cloud::start(move |seen| match seen.uri.path() {
        SESSION => text(200, "session-example"),
        _ => answer(seen),
    })
    .await;
    (no_key(&metadata(&cloud)).await, cloud)
}

#[tokio::test]
async fn metadata_give_a_key_within_a_session() {
    let cloud = Cloud::start(|seen| match seen.uri.path() {
        SESSION => text(200, "session-example\n"),
        KEY => say(200, &json!({"credential": key()})),
        _ => say(200, &pool()),
    })
    .await;
    shown(&metadata(&cloud)).await.unwrap();
    let seen = cloud.seen();
    assert_eq!((seen[0].method.as_str(), seen[0].uri.path()), ("PUT", SESSION));
    assert_eq!(seen[0].header("x-metadata-token-ttl-seconds"), Some("21600"));
    assert_eq!((seen[1].method.as_str(), seen[1].uri.path()), ("GET", KEY));
    assert_eq!(seen[1].header("x-metadata-token"), Some("session-example"));
    assert_eq!(seen[2].header("x-security-token"), Some("st-example"));
    assert_eq!(seen.len(), 3);
}

#[tokio::test]
async fn old_metadata_know_no_sessions() {
    for status in [404, 405, 503] {
        let cloud = Cloud::start(move |seen| match seen.uri.path() {
            SESSION => text(status, ""),
            KEY => say(200, &key()),
            _ => say(200, &pool()),
        })
        .await;
        shown(&metadata(&cloud)).await.unwrap();
        assert_eq!(cloud.seen()[1].header("x-metadata-token"), None, "{status}");
    }
}

#[tokio::test]
async fn a_refused_session_is_opened_anew_once() {
    let cloud = Cloud::start(|seen| match seen.uri.path() {
        SESSION => text(200, "session-example"),
        _ => text(401, "session-example is invalid"),
    })
    .await;
    let error = no_key(&metadata(&cloud)).await;
    assert_eq!(error.failure, Failure::Unauthenticated);
    assert_eq!((cloud.count(SESSION), cloud.count(KEY)), (2, 2));
    assert!(!error.to_string().contains("session-example"), "{error}");
}

#[tokio::test]
async fn an_instance_without_an_agency_is_told_to_bind_one() {
    let answer = |_: &Seen| text(401, "Please configure Cloud Service Agency first.");
    let (error, cloud) = metadata_error(answer).await;
    assert_eq!(error.failure, Failure::Unauthenticated);
    assert!(error.message.contains("bind an agency to the instance"), "{error}");
    assert_eq!(cloud.count(KEY), 1, "asking again does not help");
}

#[tokio::test]
async fn an_answer_that_is_no_key_is_named_without_its_content() {
    for (name, value, words) in [
        ("expires_at", Value::Null, "no end of the key"),
        ("access", Value::Null, "no access key"),
        ("expires_at", json!("2001-01-01T00:00:00Z"), "clock is wrong"),
    ] {
        let mut answer = key();
        answer[name] = value;
        let (error, _) = metadata_error(move |_| say(200, &answer)).await;
        assert_eq!(error.failure, Failure::Malformed);
        assert!(error.message.contains(words), "{error}");
        assert!(error.message.contains("ECS instance metadata"), "{error}");
        assert!(!error.message.contains("sk-example"), "{error}");
    }
}

#[tokio::test]
async fn an_answer_larger_than_any_key_is_not_read() {
    let mut large = key();
    large["x"] = json!("x".repeat(64 * 1024));
    let (error, _) = metadata_error(move |_| say(200, &large)).await;
    assert!(error.message.contains("larger than any real one"), "{error}");
}

#[tokio::test]
async fn a_source_that_redirects_is_not_followed() {
    let elsewhere = Cloud::start(|_| say(200, &key())).await;
    let target = elsewhere.url.to_string();
    let (error, _) = metadata_error(move |_| {
        let response = Response::builder().status(307).header("Location", &target);
        Reply::Say(response.body(axum::body::Body::empty()).unwrap())
    })
    .await;
    assert_eq!(error.failure, Failure::Misrouted);
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn pod_identity_is_shown_the_content_of_the_file_as_it_is_now() {
    let cloud = Cloud::start(|seen| match seen.uri.path() {
        POD => say(200, &pod_key()),
        _ => say(200, &pool()),
    })
    .await;
    let (_folder, file) = token_file("pod-token-one\n");
    shown(&pod_identity(&cloud, &file)).await.unwrap();
    std::fs::write(&file, " pod-token-two ").unwrap();
    shown(&pod_identity(&cloud, &file)).await.unwrap();
    let seen = cloud.seen();
    let asked: Vec<&Seen> = seen.iter().filter(|seen| seen.uri.path() == POD).collect();
    assert_eq!(asked[0].method, "POST");
    assert_eq!(asked[0].header("authorization"), Some("pod-token-one"));
    assert_eq!(asked[0].header("content-type"), Some("application/json"));
    assert_eq!(asked[0].json(), json!({}));
    assert_eq!(asked[1].header("authorization"), Some("pod-token-two"));
    assert_eq!(seen[1].header("x-security-token"), Some("st-example"));
}

#[tokio::test]
async fn a_token_file_that_cannot_be_used_is_named() {
    let cloud = Cloud::start(|_| say(200, &pod_key())).await;
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    for (content, words) in [
        (None, "cannot be read"),
        (Some(b" \n".to_vec()), "is empty"),
        (Some(b"two\nlines".to_vec()), "cannot be sent in a header"),
        (Some(vec![0xff, 0xfe]), "is no text"),
        (Some(vec![b'x'; 64 * 1024 + 1]), "larger than any token"),
    ] {
        let (_folder, written) = token_file(content.as_deref().unwrap_or_default());
        let file = if content.is_some() { &written } else { &missing };
        let error = no_key(&pod_identity(&cloud, file)).await;
        assert!(error.message.contains(words), "{error}");
        assert!(error.message.contains("CCE pod identity"), "{error}");
    }
    assert!(cloud.seen().is_empty(), "nothing is asked without a token");
}

#[tokio::test]
async fn a_refusal_of_pod_identity_asks_for_the_agency_and_hides_the_token() {
    let cloud = Cloud::start(|_| refuse(403, "PI.1", "not-for-pod-token-one")).await;
    let (_folder, file) = token_file("pod-token-one");
    let error = no_key(&pod_identity(&cloud, &file)).await;
    assert_eq!((error.failure, error.code.as_deref()), (Failure::Denied, Some("PI.1")));
    assert!(error.message.contains("associated with an agency"), "{error}");
    assert!(!format!("{error:?}").contains("pod-token-one"), "{error:?}");
}

#[tokio::test]
async fn a_source_that_is_not_there_is_named() {
    let cloud = Cloud::start(|_| say(200, &pool())).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base: url::Url = format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let config = cloud.config(Credentials::Fetched(KeySource::InstanceMetadata { base }));
    let error = no_key(&Client::new(config).unwrap()).await;
    assert_eq!(error.failure, Failure::Transient);
    assert!(error.message.contains("is this an ECS instance"), "{error}");
}

#[test]
fn a_source_elsewhere_makes_no_client() {
    let good: url::Url = "https://modelarts.cn-north-4.myhuaweicloud.com".parse().unwrap();
    let base = "http://127.0.0.1:1".parse().unwrap();
    let credentials = Credentials::Fetched(KeySource::InstanceMetadata { base });
    let mut config = crate::cloud::config(&good, credentials);
    assert!(Client::new(config.clone()).is_ok());
    config.allow_http_loopback = false;
    let error = Client::new(config).unwrap_err();
    assert!(matches!(error, ConfigError::Credentials(_)), "{error}");
}
