//! Every operation: what it asks, and what it makes of the answer.

use std::sync::{Arc, Mutex};

use modelarts_client::{
    CallRecord, Client, Failure, Hooks, ListOrders, ListPools, NetworkId, OrderName, PoolId, Sent, WorkspaceId,
};
use modelarts_types::order::OrderPhase;
use serde_json::{Value, json};

use crate::cloud::{Cloud, POOL, PROJECT, keys, pool, refuse, say, text};

const NETWORK: &str = "network-7a03-0123456789abcdef0123456789abcdef";

fn id() -> PoolId {
    PoolId::parse(POOL).unwrap()
}

fn network() -> Value {
    json!({"metadata": {"name": NETWORK}, "spec": {"cidr": "192.168.128.0/17"}})
}

#[tokio::test]
async fn pool_operations_ask_what_the_contract_says() {
    let cloud = Cloud::start(|seen| match seen.method.as_str() {
        "GET" if seen.uri.path().ends_with("/pools") => say(200, &json!({"items": [pool()]})),
        _ => say(200, &pool()),
    })
    .await;
    let client = cloud.client();
    let body = json!({"kind": "Pool", "apiVersion": "v2", "spec": {"type": "Dedicate"}});
    let created = client
        .create_pool(&serde_json::from_value(body.clone()).unwrap())
        .await
        .unwrap();
    assert_eq!(created.id(), Some(POOL));
    let list = client.list_pools(&ListPools::default()).await.unwrap();
    assert_eq!(list.pools().len(), 1);
    assert_eq!(client.show_pool(&id()).await.unwrap().id(), Some(POOL));
    let patch = json!({"spec": {"scope": ["Train"]}, "metadata": null});
    client.patch_pool(&id(), &patch).await.unwrap();
    assert!(client.delete_pool(&id()).await.unwrap().is_some());

    let seen = cloud.seen();
    let lines: Vec<String> = seen
        .iter()
        .map(|seen| format!("{} {}", seen.method, seen.target()))
        .collect();
    assert_eq!(
        lines,
        [
            format!("POST /v2/{PROJECT}/pools"),
            format!("GET /v2/{PROJECT}/pools?workspaceId=0"),
            format!("GET /v2/{PROJECT}/pools/{POOL}"),
            format!("PATCH /v2/{PROJECT}/pools/{POOL}"),
            format!("DELETE /v2/{PROJECT}/pools/{POOL}"),
        ]
    );
    assert_eq!(seen[0].json(), body);
    assert_eq!(seen[3].json(), patch, "null means removal and must stay");
    let types: Vec<Option<&str>> = seen.iter().map(|seen| seen.header("content-type")).collect();
    let merge = Some("application/merge-patch+json");
    assert_eq!(types, [Some("application/json"), None, None, merge, None]);
    for request in &seen {
        assert_eq!(request.header("accept"), Some("application/json"));
        assert!(
            request
                .header("user-agent")
                .unwrap()
                .starts_with("modelarts-pool-operator/")
        );
    }
    for read in [&seen[1], &seen[2], &seen[4]] {
        assert!(read.body.is_empty());
    }
}

#[tokio::test]
async fn network_operations_ask_what_the_contract_says() {
    let cloud = Cloud::start(|seen| match seen.method.as_str() {
        "GET" if seen.uri.path().ends_with("/networks") => say(200, &json!({"items": [network()]})),
        _ => say(200, &network()),
    })
    .await;
    let client = cloud.client();
    let id = NetworkId::parse(NETWORK).unwrap();
    let wanted = serde_json::from_value(network()).unwrap();
    assert_eq!(client.create_network(&wanted).await.unwrap().id(), Some(NETWORK));
    let list = client.list_networks(Some("os.modelarts/name")).await.unwrap();
    assert_eq!(list.items.unwrap().len(), 1);
    client.show_network(&id).await.unwrap();
    client.patch_network(&id, &json!({"spec": {}})).await.unwrap();
    client.delete_network(&id).await.unwrap();
    let lines: Vec<String> = cloud
        .seen()
        .iter()
        .map(|seen| format!("{} {}", seen.method, seen.target()))
        .collect();
    assert_eq!(
        lines,
        [
            format!("POST /v1/{PROJECT}/networks"),
            format!("GET /v1/{PROJECT}/networks?labelSelector=os.modelarts%2Fname&limit=500"),
            format!("GET /v1/{PROJECT}/networks/{NETWORK}"),
            format!("PATCH /v1/{PROJECT}/networks/{NETWORK}"),
            format!("DELETE /v1/{PROJECT}/networks/{NETWORK}"),
        ]
    );
    let patch = &cloud.seen()[3];
    assert_eq!(patch.header("content-type"), Some("application/merge-patch+json"));
}

#[tokio::test]
async fn the_other_reads_ask_what_the_contract_says() {
    let cloud = Cloud::start(|seen| {
        let path = seen.uri.path();
        if path.ends_with("/workspaces") {
            return say(200, &json!({"total_count": 1, "workspaces": [{"id": "0"}]}));
        }
        if path.ends_with("/workspaces/0") {
            return say(200, &json!({"id": 0, "status": "NORMAL"}));
        }
        say(200, &json!({"items": [{"phase": "successed"}]}))
    })
    .await;
    let client = cloud.client();
    client.list_flavors(None).await.unwrap();
    assert_eq!(client.list_workspaces().await.unwrap().len(), 1);
    let workspace = client.show_workspace(&WorkspaceId::parse("0").unwrap()).await;
    assert_eq!(workspace.unwrap().status.as_deref(), Some("NORMAL"));
    let orders = client
        .list_orders(&ListOrders {
            pool: Some(id()),
            since: Some("2025-01-02T03:04:05Z".parse().unwrap()),
            workspace_id: None,
        })
        .await
        .unwrap();
    let phase = orders.items.unwrap()[0].phase.clone();
    assert_eq!(phase, Some(OrderPhase::Succeeded));
    client
        .show_order(&OrderName::parse("order.pool-001-w4l2n").unwrap())
        .await
        .unwrap();
    client.list_nodes(&id()).await.unwrap();
    let targets: Vec<String> = cloud.seen().iter().map(crate::cloud::Seen::target).collect();
    assert_eq!(
        targets,
        [
            format!("/v1/{PROJECT}/resourceflavors?limit=500"),
            format!("/v1/{PROJECT}/workspaces?limit=1000&offset=0"),
            format!("/v1/{PROJECT}/workspaces/0"),
            format!("/v1/{PROJECT}/orders?involvedName={POOL}&limit=500&offset=0&since=1735787045000"),
            format!("/v1/{PROJECT}/orders/order.pool-001-w4l2n"),
            format!("/v2/{PROJECT}/pools/{POOL}/nodes?limit=500"),
        ]
    );
}

#[tokio::test]
async fn all_pages_are_read() {
    let cloud = Cloud::start(|seen| {
        let page = |items: Value, next: &str| say(200, &json!({"items": items, "metadata": {"continue": next}}));
        match seen.uri.query().unwrap() {
            query if query.contains("continue=b%2F2") => page(json!([{"kind": "3"}]), ""),
            query if query.contains("continue=a") => page(json!([]), "b/2"),
            _ => page(json!([{"kind": "1"}, {"kind": "2"}]), "a"),
        }
    })
    .await;
    let client = cloud.client();
    let flavors = client.list_flavors(None).await.unwrap();
    assert_eq!(flavors.items.unwrap().len(), 3);
    let pools = client.list_pools(&ListPools::default()).await.unwrap();
    assert_eq!(pools.pools().len(), 3, "pools have no pages today");
    assert_eq!(cloud.seen().len(), 6);
    assert_eq!(
        cloud.seen()[5].target(),
        format!("/v2/{PROJECT}/pools?continue=b%2F2&workspaceId=0")
    );
}

#[tokio::test]
async fn workspaces_are_read_to_the_empty_page() {
    let cloud = Cloud::start(|seen| match seen.uri.query().unwrap() {
        query if query.ends_with("offset=0") => say(200, &json!({"workspaces": [{"id": "0"}, {"id": "1"}]})),
        query if query.ends_with("offset=2") => say(200, &json!({"workspaces": [{"id": "2"}]})),
        _ => say(200, &json!({"workspaces": []})),
    })
    .await;
    let all = cloud.client().list_workspaces().await.unwrap();
    assert_eq!(all.len(), 3);
    assert_eq!(cloud.seen().len(), 3);
}

#[tokio::test]
async fn a_list_that_lacks_a_page_is_no_list() {
    let cloud = Cloud::start(|seen| match seen.uri.query().unwrap() {
        query if query.contains("continue") => refuse(500, "X.1", "down"),
        _ => say(200, &json!({"items": [pool()], "metadata": {"continue": "a"}})),
    })
    .await;
    let error = cloud.client().list_pools(&ListPools::default()).await;
    assert_eq!(error.unwrap_err().failure, Failure::Transient);
}

#[tokio::test]
async fn a_list_that_goes_in_circles_ends() {
    let cloud = Cloud::start(|_| say(200, &json!({"items": [], "metadata": {"continue": "a"}}))).await;
    let error = cloud.client().list_pools(&ListPools::default()).await;
    assert_eq!(error.unwrap_err().failure, Failure::Malformed);
    assert_eq!(cloud.seen().len(), 2);
}

#[tokio::test]
async fn a_success_without_sense_is_malformed_and_leaves_doubt() {
    let other = json!({"metadata": {"name": "other-1"}});
    let nameless = json!({"metadata": {}});
    for (body, why) in [
        ("", "nothing"),
        ("<html>ok</html>", "a page"),
        ("[]", "no object"),
        ("null", "no object"),
        (r#"{"metadata":"#, "cut off"),
        (&nameless.to_string(), "no ID"),
        (r#"{"metadata":{"name":"../x"}}"#, "an ID that is none"),
    ] {
        let body = body.to_owned();
        let cloud = Cloud::start(move |_| text(200, &body)).await;
        let wanted = serde_json::from_value(pool()).unwrap();
        let error = cloud.client().create_pool(&wanted).await.unwrap_err();
        assert_eq!(error.failure, Failure::Malformed, "{why}");
        assert_eq!(error.sent, Sent::Doubtful, "{why}");
        assert_eq!(error.status, Some(200), "{why}");
    }
    let cloud = Cloud::start(move |_| say(200, &other)).await;
    let error = cloud.client().show_pool(&id()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Malformed, "another pool");
    let error = cloud.client().list_pools(&ListPools::default()).await;
    assert_eq!(error.unwrap_err().failure, Failure::Malformed, "no items");
}

#[tokio::test]
async fn a_deletion_may_be_answered_with_nothing() {
    let cloud = Cloud::start(|_| text(200, "")).await;
    assert!(cloud.client().delete_pool(&id()).await.unwrap().is_none());
    let cloud = Cloud::start(|_| text(200, "<html>")).await;
    let error = cloud.client().delete_pool(&id()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Malformed);
}

#[tokio::test]
async fn an_error_keeps_what_the_service_said() {
    let cloud = Cloud::start(|_| {
        let response = axum::http::Response::builder()
            .status(429)
            .header("X-Request-Id", "5f2d6c1e")
            .header("Retry-After", "7")
            .body(r#"{"error_code":"APIGW.0308","error_msg":"The throttling threshold has been reached"}"#.into())
            .unwrap();
        crate::cloud::Reply::Say(response)
    })
    .await;
    let error = cloud.client().show_pool(&id()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Throttled);
    assert_eq!(error.retry_after, Some(std::time::Duration::from_secs(7)));
    assert_eq!(
        error.to_string(),
        "ShowPool: 429 APIGW.0308 The throttling threshold has been reached (request 5f2d6c1e)"
    );
}

#[tokio::test]
async fn the_observer_hears_of_every_call() {
    let cloud = Cloud::start(|seen| match seen.method.as_str() {
        "DELETE" => refuse(404, "ModelArts.50015001", "pool not found"),
        "POST" => text(200, "{}"),
        _ => say(200, &pool()),
    })
    .await;
    let heard: Arc<Mutex<Vec<CallRecord>>> = Arc::default();
    let book = Arc::clone(&heard);
    let hooks = Hooks {
        observer: Some(Arc::new(move |record| book.lock().unwrap().push(*record))),
        ..Hooks::default()
    };
    let client = Client::with_hooks(cloud.config(keys()), hooks).unwrap();
    client.show_pool(&id()).await.unwrap();
    client.delete_pool(&id()).await.unwrap_err();
    let wanted = serde_json::from_value(pool()).unwrap();
    client.create_pool(&wanted).await.unwrap_err();
    let heard = heard.lock().unwrap();
    let heard: Vec<_> = heard.iter().map(|record| (record.operation, record.failure)).collect();
    assert_eq!(
        heard,
        [
            ("ShowPool", None),
            ("DeletePool", Some((Failure::Gone, Sent::Rejected))),
            ("CreatePool", Some((Failure::Malformed, Sent::Doubtful))),
        ]
    );
}
