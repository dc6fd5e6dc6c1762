//! Finding the project by its name.

use modelarts_client::{Client, Credentials, Failure, PoolId, ProjectRef, Sent};
use serde_json::{Value, json};

use crate::cloud::{Cloud, POOL, PROJECT, Reply, keys, password, pool, refuse, say};

fn by_name(cloud: &Cloud, credentials: Credentials) -> Client {
    let mut config = cloud.config(credentials);
    config.project = ProjectRef::Name("cn-north-4".into());
    Client::new(config).unwrap()
}

fn projects(list: &[(&str, &str)]) -> Value {
    let list: Vec<Value> = list.iter().map(|(id, name)| json!({"id": id, "name": name})).collect();
    json!({"projects": list})
}

#[tokio::test]
async fn the_name_is_looked_up_once() {
    let cloud = Cloud::start(|seen| match seen.uri.path() {
        "/v3/projects" => say(200, &projects(&[(PROJECT, "cn-north-4"), ("b", "cn-north-4_x")])),
        _ => say(200, &pool()),
    })
    .await;
    let client = by_name(&cloud, keys());
    let id = PoolId::parse(POOL).unwrap();
    let results = futures::future::join_all((0..10).map(|_| client.show_pool(&id))).await;
    assert!(results.iter().all(Result::is_ok));
    assert_eq!(cloud.count("/v3/projects"), 1);
    let seen = cloud.seen();
    assert_eq!(seen[0].target(), "/v3/projects?name=cn-north-4");
    assert_eq!(seen[0].header("x-project-id"), None, "it is not yet known");
    assert_eq!(seen[1].uri.path(), format!("/v2/{PROJECT}/pools/{POOL}"));
    assert_eq!(seen[1].header("x-project-id"), Some(PROJECT));
}

#[tokio::test]
async fn without_permission_the_second_question_is_asked() {
    let cloud = Cloud::start(|seen| match seen.uri.path() {
        "/v3/projects" => refuse(403, "IAM.0003", "You are not authorized"),
        "/v3/auth/projects" => say(200, &projects(&[("b", "other"), (PROJECT, "cn-north-4")])),
        _ => say(200, &pool()),
    })
    .await;
    let id = by_name(&cloud, keys()).project_id().await.unwrap();
    assert_eq!(id.as_str(), PROJECT);
}

#[tokio::test]
async fn no_project_and_several_are_errors_that_say_what_to_do() {
    for (list, words) in [
        (projects(&[]), "no project is named"),
        (
            projects(&[("a", "cn-north-4"), ("b", "cn-north-4")]),
            "set one ID: a, b",
        ),
    ] {
        let cloud = Cloud::start(move |_| say(200, &list)).await;
        let wanted = serde_json::from_value(pool()).unwrap();
        let client = by_name(&cloud, keys());
        let error = client.create_pool(&wanted).await.unwrap_err();
        assert_eq!(error.failure, Failure::Invalid);
        assert_eq!(error.sent, Sent::NotSent);
        assert!(error.message.contains(words), "{error}");
    }
}

#[tokio::test]
async fn a_failed_look_up_leaves_no_doubt_about_the_creation() {
    let cloud = Cloud::start(|_| refuse(500, "X.1", "down")).await;
    let client = by_name(&cloud, keys());
    let wanted = serde_json::from_value(pool()).unwrap();
    let error = client.create_pool(&wanted).await.unwrap_err();
    assert_eq!(error.failure, Failure::Transient);
    assert_eq!(error.sent, Sent::NotSent);
    assert_eq!(error.operation, "ListProjects");
}

#[tokio::test]
async fn a_login_brings_the_project_along() {
    let cloud = Cloud::start(|seen| match seen.uri.path() {
        "/v3/auth/tokens" => {
            let body = json!({"token": {"expires_at": "2999-01-01T00:00:00Z",
                                        "project": {"id": PROJECT, "name": "cn-north-4"}}});
            let response = axum::http::Response::builder()
                .status(201)
                .header("X-Subject-Token", "t")
                .body(body.to_string().into())
                .unwrap();
            Reply::Say(response)
        }
        _ => say(200, &pool()),
    })
    .await;
    let client = by_name(&cloud, password());
    client.show_pool(&PoolId::parse(POOL).unwrap()).await.unwrap();
    let seen = cloud.seen();
    assert_eq!(seen.len(), 2, "no look-up");
    assert_eq!(
        seen[0].json()["auth"]["scope"],
        json!({"project": {"name": "cn-north-4", "domain": {"name": "account"}}})
    );
    assert_eq!(seen[1].uri.path(), format!("/v2/{PROJECT}/pools/{POOL}"));
}
