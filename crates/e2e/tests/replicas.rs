//! Two replicas: one works, the other takes over, and whatever happens to the first in the middle of a
//! creation, every pool is bought once.
//!
//! Only the lease, the metrics, the ledger of the cloud and exit codes are looked at, never a clock: a
//! takeover that must not wait for the lease to run out is shown with a lease that outlasts the test.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::time::Duration;

use e2e::proxied::Proxied;
use e2e::proxy::{Call, Point, Side};
use http::Method;
use k8s_openapi::api::coordination::v1::Lease;
use kube::Api;
use sandbox::operator::{self, LeaderElection, NAMESPACE, Operator, Timing};
use sandbox::process::Exit;
use sandbox::wait::until;
use serde_json::json;

const LEASE: &str = "modelarts-operator";
const PATIENCE: Duration = Duration::from_secs(90);
const SIGKILL: i32 = 9;
/// Lease, renewal and retry with which a takeover takes seconds.
const SHORT: [&str; 3] = ["4s", "3s", "500ms"];
/// The same with which a lease that is not given back outlasts the test.
const LONG: [&str; 3] = ["10m", "5m", "500ms"];

/// Two replicas that are ready, of which the first leads.
async fn two(lease: [&str; 3]) -> Proxied {
    let timing = Timing::quick()
        .with("--request-deadline", "2s")
        .with("--self-deadline", "1s")
        .with("--gateway-limit", "1s")
        .with("--list-lag", "1s")
        .with("--in-doubt-window", "5s");
    let [duration, deadline, period] = lease;
    let options = operator::Options {
        timing,
        leader_election: LeaderElection::On,
        arguments: vec![
            format!("--lease-duration={duration}"),
            format!("--renew-deadline={deadline}"),
            format!("--retry-period={period}"),
        ],
        ..operator::Options::default()
    };
    let profile = json!({ "createSeconds": 0, "uniqueNames": false });
    let mut ground = Proxied::start(profile, options).await;
    ground.start_operator().await;
    until_leads(&ground, 0).await;
    ground.start_operator().await;
    ground
}

/// The name of the process that holds the lease; empty if nobody does.
async fn holder(ground: &Proxied) -> String {
    let leases: Api<Lease> = Api::namespaced(ground.world.client.clone(), NAMESPACE);
    let lease = leases.get_opt(LEASE).await.unwrap();
    let identity = lease.and_then(|lease| lease.spec?.holder_identity).unwrap_or_default();
    // The identity is the name of the process and the number of the try to start it.
    let name = identity.rsplit_once('-').map(|(name, _)| name);
    name.unwrap_or_default().to_owned()
}

/// Waits until an operator holds the lease.
async fn until_leads(ground: &Proxied, index: usize) {
    let name = ground.world.operators[index].process().name();
    until(format!("{name} to lead"), PATIENCE, async || {
        match holder(ground).await {
            seen if seen == name => Ok(()),
            seen => Err(format!("{seen:?} leads\n{}", ground.story())),
        }
    })
    .await
    .unwrap();
}

/// The value of a metric, summed over its labels.
async fn metric(operator: &Operator, name: &str) -> u64 {
    let text = operator.scrape().await.unwrap();
    let values = text
        .lines()
        .filter(|line| line.starts_with(&format!("{name}{{")) || line.starts_with(&format!("{name} ")))
        .filter_map(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok());
    values.sum()
}

async fn ready_once(ground: &Proxied, name: &str) {
    ground.until_ready(name, PATIENCE).await.unwrap();
    assert_eq!(ground.creates(name).await, 1, "{name}\n{}", ground.story());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_of_two_works_and_hands_over_when_it_is_told_to_stop() {
    let mut ground = two(LONG).await;
    for name in ["first", "second", "third"] {
        ground.create(name).await;
    }
    for name in ["first", "second", "third"] {
        ready_once(&ground, name).await;
    }
    let [leader, standby] = &ground.world.operators[..] else {
        panic!("two operators were started");
    };
    assert_eq!(metric(leader, "leader_election_master_status").await, 1);
    assert_eq!(metric(standby, "leader_election_master_status").await, 0);
    assert!(metric(leader, "modelarts_pool_steps_total").await >= 3);
    assert_eq!(metric(standby, "modelarts_pool_steps_total").await, 0);
    assert_eq!(metric(standby, "modelarts_api_requests_total").await, 0);

    let leader = ground.take_operator(0);
    assert_eq!(leader.terminate().await.unwrap(), Exit::Code(0));
    assert_ne!(
        holder(&ground).await,
        leader.process().name(),
        "the lease was not given back"
    );
    until_leads(&ground, 0).await;
    ground.create("fourth").await;
    ready_once(&ground, "fourth").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_leader_is_replaced() {
    let mut ground = two(SHORT).await;
    ground.create("before").await;
    ready_once(&ground, "before").await;
    let leader = ground.take_operator(0);
    assert_eq!(leader.process().kill().await.unwrap(), Exit::Signal(SIGKILL));
    // Nobody told: the record has to stand still for the whole lease first.
    assert_eq!(holder(&ground).await, leader.process().name());
    ground.create("meanwhile").await;
    until_leads(&ground, 0).await;
    ready_once(&ground, "meanwhile").await;
    ready_once(&ground, "before").await;
}

/// Freezes the leader in a call, lets the other take over and make the pool, and wakes it again.
async fn freeze_in(ground: &mut Proxied, point: Point, is: fn(&Call) -> bool, name: &str) {
    let mut hold = ground.proxy.hold(point, is);
    ground.create(name).await;
    hold.caught(PATIENCE).await.unwrap();
    let frozen = ground.take_operator(0);
    frozen.process().stop().await.unwrap();
    let looks = frozen.process().log().matches("look-at-scope").count();
    until_leads(ground, 0).await;
    ready_once(ground, name).await;

    frozen.process().cont().await.unwrap();
    hold.release().await;
    let exit = frozen.process().wait(PATIENCE).await.unwrap();
    assert_eq!(exit, Exit::Code(1), "{}", frozen.process().log_tail(20));
    // Other threads may still have a word while the last line is written.
    let log = frozen.process().log_tail(20);
    assert!(log.contains("the lease was lost"), "{log}");
    // What it only would have done does not count as done: this step needs nobody's answer.
    let log = frozen.process().log();
    assert_eq!(log.matches("look-at-scope").count(), looks, "{log}");
    ground.start_operator().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_leader_buys_nothing_when_it_wakes() {
    let mut ground = two(SHORT).await;
    // The intent is durable, the leader wakes when it has been given up, and the cloud would sell a
    // second pool of that name.
    let intent = |call: &Call| call.path.ends_with("/status") && !call.json()["status"]["creation"]["token"].is_null();
    Box::pin(freeze_in(&mut ground, Point::After, intent, "intent")).await;
    assert_eq!(calls(&ground).await, (1, 0), "a woken leader sent its creation");

    // The creation itself is late, later than the operator's assumptions allow for: no client can
    // take it back, and what is left is the cloud's own rule that a name is taken only once.
    let unique = json!({ "uniqueNames": true });
    ground.world.simulator.set_profile(&unique).await.unwrap();
    let creation =
        |call: &Call| call.side == Side::Cloud && call.method == Method::POST && call.path.ends_with("/pools");
    Box::pin(freeze_in(&mut ground, Point::Before, creation, "creation")).await;
    assert_eq!(calls(&ground).await, (3, 1), "the late creation was not refused");
    for name in ["intent", "creation"] {
        ready_once(&ground, name).await;
    }
}

/// How many creations arrived in the cloud, and how many of them it refused.
async fn calls(ground: &Proxied) -> (u64, u64) {
    let requests = ground.world.simulator.requests().await.unwrap();
    let tally = requests.get("CreatePool").copied().unwrap_or_default();
    (tally.count, tally.rejected)
}
