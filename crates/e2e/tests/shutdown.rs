//! How the operator ends: in good order when asked to, and with one clear line when it cannot go on.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use e2e::proxied::Proxied;
use e2e::proxy::{Call, Point, Side};
use http::Method;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use sandbox::operator::{self, LeaderElection, NAMESPACE};
use sandbox::process::Exit;
use sandbox::wait::until;
use sandbox::{binaries, ports};
use serde_json::json;
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_creation_under_way_is_recorded_before_the_operator_ends() {
    let options = operator::Options {
        leader_election: LeaderElection::On,
        ..operator::Options::default()
    };
    let mut ground = Proxied::start(json!({ "createSeconds": 0 }), options).await;
    ground.start_operator().await;
    // The standby is ready without leading, or a rolling update would wait for ever.
    let standby = ground.start_operator().await;
    let text = ground.world.operators[standby].scrape().await.unwrap();
    let gauge = text
        .lines()
        .find(|line| line.starts_with("leader_election_master_status"));
    assert!(gauge.is_some_and(|line| line.ends_with(" 0")), "{gauge:?}");
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    let ready = http.get(&ground.world.operators[standby].ready).send().await.unwrap();
    assert_eq!(ready.status(), 200);
    let standby = ground.take_operator(standby);
    assert_eq!(standby.terminate().await.unwrap(), Exit::Code(0));

    let creation =
        |call: &Call| call.side == Side::Cloud && call.method == Method::POST && call.path.ends_with("/pools");
    let mut hold = ground.proxy.hold(Point::After, creation);
    ground.create("held").await;
    hold.caught(PATIENCE).await.unwrap();
    let leader = ground.take_operator(0);
    let answered = async {
        until("the signal to be heard", PATIENCE, async || {
            let log = leader.process().log();
            if log.contains("SIGTERM") { Ok(()) } else { Err(log) }
        })
        .await
        .unwrap();
        hold.release().await;
    };
    let (exit, ()) = tokio::join!(leader.terminate(), answered);
    assert_eq!(exit.unwrap(), Exit::Code(0), "{}", leader.process().log_tail(20));

    let status = ground.pools().get("held").await.unwrap().status.unwrap();
    assert!(
        status.pool_id.is_some(),
        "{status:?}\n{}",
        leader.process().log_tail(20)
    );
    let leases: Api<Lease> = Api::namespaced(ground.world.client.clone(), NAMESPACE);
    let lease = leases.get("modelarts-operator").await.unwrap().spec.unwrap();
    assert_eq!(lease.holder_identity.unwrap_or_default(), "");

    ground.start_operator().await;
    ground.until_ready("held", PATIENCE).await.unwrap();
    assert_eq!(ground.creates("held").await, 1);
}

/// Runs the operator with these arguments to its end.
async fn run(arguments: &[&str]) -> Output {
    let child = Command::new(binaries::operator().await.unwrap())
        .args(arguments)
        .stdin(Stdio::null())
        .kill_on_drop(true)
        .output();
    tokio::time::timeout(PATIENCE, child).await.unwrap().unwrap()
}

/// A kubeconfig of a server that nobody listens at.
fn kubeconfig(folder: &Path) -> String {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{ "name": "c", "cluster": { "server": "http://127.0.0.1:9" } }],
        "users": [{ "name": "u", "user": {} }],
        "contexts": [{ "name": "c", "context": { "cluster": "c", "user": "u" } }],
    });
    let path = folder.join("kubeconfig");
    std::fs::write(&path, config.to_string()).unwrap();
    path.display().to_string()
}

#[tokio::test]
async fn what_cannot_start_says_why_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let good = format!("--kubeconfig={}", kubeconfig(folder.path()));
    let garbage = folder.path().join("garbage");
    std::fs::write(&garbage, "no: [kubeconfig").unwrap();
    let garbage = format!("--kubeconfig={}", garbage.display());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("--metrics-addr={}", taken.local_addr().unwrap());
    let free = format!("--health-addr=127.0.0.1:{}", ports::free().unwrap());
    // What is wrong, the command line, and what the line has to name.
    let rows: [(&str, Vec<&str>, &str); 6] = [
        (
            "no kubeconfig",
            vec!["--kubeconfig=/nowhere/kubeconfig"],
            "/nowhere/kubeconfig",
        ),
        ("no YAML", vec![&garbage], "garbage"),
        ("neither a pod nor a kubeconfig", vec![], "--kubeconfig"),
        (
            "a window that is too short",
            vec![&good, "--in-doubt-window=5s", "--dev-timing"],
            "--in-doubt-window",
        ),
        (
            "a safety time below its default",
            vec![&good, "--absence-spacing=5s"],
            "--dev-timing",
        ),
        ("an address that is taken", vec![&good, &taken, &free], "127.0.0.1"),
    ];
    for (why, arguments, named) in rows {
        let Output { status, stdout, stderr } = run(&arguments).await;
        let said = String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(1), "{why}: {said}");
        assert_eq!(said.lines().count(), 1, "{why}: {said}");
        assert!(
            said.starts_with("modelarts-operator: ") && said.contains(named),
            "{why}: {said}"
        );
        assert!(stdout.is_empty(), "{why}: {}", String::from_utf8_lossy(&stdout));
    }
}
