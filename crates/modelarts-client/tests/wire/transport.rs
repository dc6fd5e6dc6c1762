//! One request leaves, and an answer that does not come, does not end or leads elsewhere does no
//! harm.

use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use bytes::Bytes;
use modelarts_client::{Client, Failure, ListPools, PoolId, Sent};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::cloud::{Cloud, POOL, Reply, config, keys, pool, say};

fn id() -> PoolId {
    PoolId::parse(POOL).unwrap()
}

fn wanted() -> modelarts_types::Pool {
    serde_json::from_value(pool()).unwrap()
}

#[tokio::test]
async fn fault_89_a_redirect_is_not_followed() {
    let elsewhere = Cloud::start(|_| say(200, &pool())).await;
    let target = elsewhere.url.join("/v2/stolen").unwrap();
    for status in [301, 302, 303, 307, 308] {
        let target = target.to_string();
        let cloud = Cloud::start(move |_| {
            let response = Response::builder()
                .status(status)
                .header("Location", &target)
                .body(Body::empty())
                .unwrap();
            Reply::Say(response)
        })
        .await;
        let client = cloud.client();
        let error = client.create_pool(&wanted()).await.unwrap_err();
        assert_eq!(error.failure, Failure::Misrouted);
        assert_eq!(error.sent, Sent::Doubtful);
        let error = client.show_pool(&id()).await.unwrap_err();
        assert_eq!(error.failure, Failure::Misrouted);
        assert_eq!(cloud.seen().len(), 2);
    }
    assert!(elsewhere.seen().is_empty());
}

#[tokio::test]
async fn a_server_that_hangs_is_left_at_the_deadline() {
    let cloud = Cloud::start(|_| Reply::Hang).await;
    let mut config = cloud.config(keys());
    config.deadline = Duration::from_millis(200);
    let client = Client::new(config).unwrap();
    let error = client.create_pool(&wanted()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Transient);
    assert_eq!(error.sent, Sent::Doubtful);
    assert_eq!(cloud.seen().len(), 1);
}

#[tokio::test]
async fn fault_71_a_body_that_trickles_is_left_at_the_deadline() {
    let cloud = Cloud::start(|_| {
        let start = futures::stream::iter([Ok::<_, std::io::Error>(Bytes::from_static(b"{"))]);
        let never = futures::stream::pending();
        let body = Body::from_stream(futures::StreamExt::chain(start, never));
        Reply::Say(Response::new(body))
    })
    .await;
    let mut config = cloud.config(keys());
    config.deadline = Duration::from_millis(200);
    let client = Client::new(config).unwrap();
    let error = client.create_pool(&wanted()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Transient);
    assert_eq!(error.sent, Sent::Doubtful);
}

#[tokio::test]
async fn waiting_callers_of_an_unproven_key_keep_their_deadline() {
    let cloud = Cloud::start(|_| Reply::Hang).await;
    let mut config = cloud.config(keys());
    config.deadline = Duration::from_millis(200);
    let client = Client::new(config).unwrap();
    let id = id();
    let results = futures::future::join_all((0..5).map(|_| client.show_pool(&id))).await;
    let sent: Vec<Sent> = results.into_iter().map(|result| result.unwrap_err().sent).collect();
    let doubtful = sent.iter().filter(|sent| **sent == Sent::Doubtful).count();
    assert_eq!(doubtful, cloud.seen().len());
    assert!(sent.contains(&Sent::NotSent));
}

#[tokio::test]
async fn fault_70_an_answer_without_end_is_cut() {
    let cloud = Cloud::start(|_| {
        let chunk = Bytes::from(vec![b' '; 1 << 20]);
        let endless = futures::stream::repeat_with(move || Ok::<_, std::io::Error>(chunk.clone()));
        Reply::Say(Response::new(Body::from_stream(endless)))
    })
    .await;
    let error = cloud.client().list_pools(&ListPools::default()).await;
    let error = error.unwrap_err();
    assert_eq!(error.failure, Failure::Malformed);
    assert_eq!(error.sent, Sent::Doubtful);
}

#[tokio::test]
async fn an_answer_that_announces_too_much_is_not_read() {
    let cloud = Cloud::start(|_| {
        let never = futures::stream::pending::<Result<Bytes, std::io::Error>>();
        let response = Response::builder()
            .header("Content-Length", (16 * 1024 * 1024 + 1).to_string())
            .body(Body::from_stream(never))
            .unwrap();
        Reply::Say(response)
    })
    .await;
    let error = cloud.client().list_pools(&ListPools::default()).await;
    assert_eq!(error.unwrap_err().failure, Failure::Malformed);
}

#[tokio::test]
async fn a_large_list_within_the_cap_is_read() {
    let padding = " ".repeat(15 * 1024 * 1024);
    let cloud = Cloud::start(move |_| {
        let body = format!(r#"{{"items":[]{padding}}}"#);
        Reply::Say(Response::new(body.into()))
    })
    .await;
    let list = cloud.client().list_pools(&ListPools::default()).await;
    assert_eq!(list.unwrap().items, Some(Vec::new()));
}

#[tokio::test]
async fn nobody_there_means_nothing_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let client = Client::new(config(&url.parse().unwrap(), keys())).unwrap();
    let error = client.create_pool(&wanted()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Transient);
    assert_eq!(error.sent, Sent::NotSent);
    assert!(!error.message.contains("http://"), "{error}");
}

/// Accepts connections, reads a request from each, says `answer` and closes. Counts requests.
async fn abrupt(answer: &'static [u8]) -> (url::Url, tokio::sync::mpsc::UnboundedReceiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (count, counted) = tokio::sync::mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut buffer = vec![0; 64 * 1024];
            if socket.read(&mut buffer).await.is_ok_and(|read| read > 0) {
                let _ = count.send(());
                let _ = socket.write_all(answer).await;
            }
        }
    });
    (url.parse().unwrap(), counted)
}

#[tokio::test]
async fn a_broken_connection_is_not_tried_again() {
    let half = b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"metadata\":";
    for answer in [&b""[..], b"HTTP/1.1 20", half, b"nonsense\r\n\r\n"] {
        let (url, mut counted) = abrupt(answer).await;
        let client = Client::new(config(&url, keys())).unwrap();
        let error = client.create_pool(&wanted()).await.unwrap_err();
        assert_eq!(error.failure, Failure::Transient, "{answer:?}");
        assert_eq!(error.sent, Sent::Doubtful, "{answer:?}");
        assert!(counted.try_recv().is_ok());
        assert!(counted.try_recv().is_err(), "sent twice: {answer:?}");
    }
}

#[tokio::test]
async fn a_refusal_whose_body_breaks_off_leaves_doubt() {
    let (url, _counted) = abrupt(b"HTTP/1.1 409 Conflict\r\nContent-Length: 100\r\n\r\n{\"error_code\":").await;
    let client = Client::new(config(&url, keys())).unwrap();
    let error = client.create_pool(&wanted()).await.unwrap_err();
    assert_eq!(error.status, Some(409));
    assert_eq!(error.sent, Sent::Doubtful);
}

#[test]
fn an_endpoint_outside_the_allow_list_makes_no_client() {
    use modelarts_client::ConfigError;
    let good: url::Url = "https://modelarts.cn-north-4.myhuaweicloud.com".parse().unwrap();
    for bad in [
        "http://modelarts.cn-north-4.myhuaweicloud.com",
        "http://127.0.0.1:1",
        "https://evil.example",
        "https://127.0.0.1",
    ] {
        let mut config = config(&good, keys());
        config.allow_http_loopback = false;
        let (mut modelarts, mut iam) = (config.clone(), config);
        modelarts.endpoint = bad.parse().unwrap();
        iam.iam_endpoint = bad.parse().unwrap();
        let refused = Client::new(modelarts).unwrap_err();
        assert!(matches!(refused, ConfigError::Endpoint(_)), "{bad}");
        let refused = Client::new(iam).unwrap_err();
        assert!(matches!(refused, ConfigError::IamEndpoint(_)), "{bad}");
    }
}
