//! A service in this process stands in for the sources of keys as well, at their real addresses,
//! so that tests of whatever uses a client need no sockets.

use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use modelarts_client::{
    ApiError, Carrier, Client, Config, Credentials, Failure, Hooks, InMemory, Interrupted, KeySource, PoolId,
    ProjectId, ProjectRef,
};
use serde_json::json;
use tokio::time::Instant;

use crate::cloud::{POOL, PROJECT, pool};

type Answered = Result<Response<Bytes>, Interrupted>;

async fn shown<F>(
    source: KeySource,
    answer: impl Fn(Request<Bytes>) -> F + Send + Sync + 'static,
) -> Result<(), ApiError>
where
    F: Future<Output = Answered> + Send + 'static,
{
    let endpoint: url::Url = "https://modelarts.cn-north-4.myhuaweicloud.com".parse().unwrap();
    let project = ProjectRef::Id(ProjectId::parse(PROJECT).unwrap());
    let hooks = Hooks {
        carrier: Carrier::InMemory(InMemory::for_tests(answer)),
        ..Hooks::default()
    };
    let config = Config::new(endpoint.clone(), endpoint, project, Credentials::Fetched(source));
    let client = Client::with_hooks(config, hooks).unwrap();
    client.show_pool(&PoolId::parse(POOL).unwrap()).await.map(|_| ())
}

fn respond(body: &serde_json::Value) -> Answered {
    Ok(Response::new(body.to_string().into()))
}

#[tokio::test]
async fn metadata_are_asked_at_their_own_address() {
    let answer = |request: Request<Bytes>| async move {
        match request.uri().to_string().as_str() {
            "http://169.254.169.254/meta-data/latest/api/token" => Ok(Response::new("session-example".into())),
            "http://169.254.169.254/openstack/latest/securitykey" => respond(&json!({
                "credential": {"access": "AKEXAMPLE", "secret": "sk-example", "securitytoken": "st-example",
                               "expires_at": "2999-01-01T00:00:00Z"}})),
            other => {
                assert!(other.starts_with("https://modelarts."), "{other}");
                assert_eq!(request.headers()["x-security-token"], "st-example");
                respond(&pool())
            }
        }
    };
    shown(KeySource::instance_metadata().unwrap(), answer).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_silent_source_is_left_long_before_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let token_file = folder.path().join("token");
    std::fs::write(&token_file, "pod-token").unwrap();
    let pod = KeySource::PodIdentity {
        uri: "http://169.254.170.23/v1/credentials".parse().unwrap(),
        token_file,
    };
    for (source, seconds) in [(KeySource::instance_metadata().unwrap(), 6), (pod, 10)] {
        let begun = Instant::now();
        let error = shown(source, |_| std::future::pending()).await.unwrap_err();
        assert_eq!((error.operation, error.failure), ("FetchKey", Failure::Transient));
        assert_eq!(begun.elapsed().as_secs(), Duration::from_secs(seconds).as_secs());
    }
}
