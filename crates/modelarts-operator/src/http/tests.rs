//! Requests over real sockets on loopback.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::*;
use crate::probe::{ProbeError, probe};

struct Served {
    metrics: SocketAddr,
    health: SocketAddr,
    readiness: Readiness,
    stop: oneshot::Sender<()>,
    serving: tokio::task::JoinHandle<io::Result<()>>,
}

async fn served(grace: Duration) -> Served {
    let any = SocketAddr::from(([127, 0, 0, 1], 0));
    let listeners = Listeners::bind(any, any).await.unwrap();
    let (metrics, health) = (listeners.metrics_addr().unwrap(), listeners.health_addr().unwrap());
    let readiness = Readiness::waiting_for(["ModelArtsPool", "ModelArtsAccount"]);
    let (stop, stopped) = oneshot::channel();
    let stopped = async move { stopped.await.unwrap_or_default() };
    let serving = tokio::spawn(listeners.serve(Metrics::new(), readiness.clone(), stopped, grace));
    Served {
        metrics,
        health,
        readiness,
        stop,
        serving,
    }
}

async fn request(address: SocketAddr, line: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream
        .write_all(format!("{line} HTTP/1.1\r\nhost: test\r\nconnection: close\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test]
async fn ready_only_after_every_watch_has_listed() {
    let served = served(GRACE).await;
    let first = request(served.health, "GET /readyz").await;
    assert!(
        first.starts_with("HTTP/1.1 503") && first.contains("ModelArtsAccount, ModelArtsPool"),
        "{first}"
    );
    served.readiness.listed("ModelArtsAccount");
    let second = request(served.health, "GET /readyz").await;
    assert!(
        second.starts_with("HTTP/1.1 503") && !second.contains("ModelArtsAccount"),
        "{second}"
    );
    served.readiness.listed("ModelArtsPool");
    assert!(request(served.health, "GET /readyz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn alive_before_it_is_ready() {
    let served = served(GRACE).await;
    assert!(request(served.health, "GET /healthz").await.starts_with("HTTP/1.1 200"));
}

#[tokio::test]
async fn metrics_come_as_openmetrics_text() {
    let served = served(GRACE).await;
    let answer = request(served.metrics, "GET /metrics").await.to_lowercase();
    assert!(
        answer.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{answer}"
    );
    assert!(answer.ends_with("# eof\n"), "{answer}");
}

#[tokio::test]
async fn fault_96_each_port_serves_its_own_paths_and_reads_only() {
    let served = served(GRACE).await;
    for (address, line, status) in [
        (served.health, "GET /metrics", "404"),
        (served.metrics, "GET /readyz", "404"),
        (served.metrics, "GET /debug/pprof", "404"),
        (served.health, "POST /healthz", "405"),
    ] {
        let answer = request(address, line).await;
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{line}: {answer}");
    }
}

#[tokio::test]
async fn a_request_that_never_ends_does_not_keep_the_process() {
    let served = served(Duration::from_millis(50)).await;
    let mut unfinished = TcpStream::connect(served.health).await.unwrap();
    unfinished.write_all(b"GET /healthz HTTP/1.1\r\nhost:").await.unwrap();
    // Connections are accepted in order: the answer shows that the unfinished one is being served.
    request(served.health, "GET /healthz").await;
    served.stop.send(()).unwrap();
    let ended = tokio::time::timeout(Duration::from_secs(30), served.serving)
        .await
        .expect("serving outlived its grace");
    ended.unwrap().unwrap();
}

#[tokio::test]
async fn a_taken_port_is_named_with_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let error = Listeners::bind(SocketAddr::from(([127, 0, 0, 1], 0)), taken.local_addr().unwrap())
        .await
        .unwrap_err();
    assert!(error.to_string().contains("--health-addr"), "{error}");
}

#[tokio::test]
async fn a_probe_tells_a_replica_that_serves_from_what_does_not() {
    let served = served(Duration::from_secs(1)).await;
    let at = |address: SocketAddr, path: &str| url::Url::parse(&format!("http://{address}{path}")).unwrap();
    probe(&at(served.metrics, "/metrics")).await.unwrap();
    let refused = probe(&at(served.metrics, "/elsewhere")).await.unwrap_err();
    assert!(
        matches!(refused, ProbeError::Refused { status, .. } if status == 404),
        "{refused}"
    );
    // Bound and closed again, so that nobody listens there.
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let unreachable = probe(&at(free, "/metrics")).await.unwrap_err();
    assert!(matches!(unreachable, ProbeError::Unreachable { .. }), "{unreachable}");
}
