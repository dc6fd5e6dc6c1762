//! The election between whole candidates over the fake API, on a paused clock.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use serde_json::json;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{Instant, advance, sleep, timeout};

use super::fake::{LATENCY, Line, Server, Wire};
use super::{Leadership, Loss, Rules, Standing, elect};

mod table;

const DURATION: Duration = Duration::from_secs(15);
const RENEW: Duration = Duration::from_secs(10);
const RETRY: Duration = Duration::from_secs(2);
/// A takeover is a look and a write, each with latency in both directions, and the timer rounds up.
const TAKEOVER: Duration = LATENCY.saturating_mul(5);

fn rules(identity: &str) -> Rules {
    Rules {
        namespace: "ops".to_owned(),
        identity: identity.to_owned(),
        lease_duration: DURATION,
        renew_deadline: RENEW,
        retry_period: RETRY,
    }
}

struct Candidate {
    leadership: Leadership,
    wire: Wire,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

fn candidate(server: &Server, identity: &str) -> Candidate {
    let (client, wire) = server.connect();
    let (leadership, elector) = elect(client, rules(identity));
    let (stop, stopped) = oneshot::channel::<()>();
    let task = tokio::spawn(elector.run(async move {
        let _ = stopped.await;
    }));
    Candidate {
        leadership,
        wire,
        stop: Some(stop),
        task,
    }
}

impl Candidate {
    fn leads(&self) -> bool {
        self.leadership.is_leader(Instant::now())
    }

    /// SIGKILL: nothing is released.
    fn crash(&self) {
        self.task.abort();
    }
}

/// A leader and a standby that has seen it.
async fn pair() -> (Server, Candidate, Candidate) {
    let server = Server::default();
    let first = candidate(&server, "first");
    first.leadership.acquired().await;
    let second = candidate(&server, "second");
    sleep(RETRY * 2).await;
    assert!(first.leads() && !second.leads());
    (server, first, second)
}

#[tokio::test(start_paused = true)]
async fn of_many_candidates_at_once_exactly_one_leads() {
    let server = Server::default();
    let candidates: Vec<_> = (0..5).map(|n| candidate(&server, &format!("candidate-{n}"))).collect();
    sleep(RETRY).await;
    assert_eq!(candidates.iter().filter(|candidate| candidate.leads()).count(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_standby_takes_over_from_a_crashed_leader_within_17_seconds_and_not_before_its_term_ended() {
    let (_server, first, second) = pair().await;
    let term_ends = first.leadership.valid_until().unwrap();
    let (crashed, fencing) = (Instant::now(), first.leadership.fencing().unwrap());
    first.crash();
    second.leadership.acquired().await;
    assert!(
        crashed.elapsed() <= DURATION + RETRY + TAKEOVER,
        "took {:?}",
        crashed.elapsed()
    );
    assert!(Instant::now() > term_ends);
    assert!(second.leadership.fencing().unwrap() > fencing);
}

#[tokio::test(start_paused = true)]
async fn a_partitioned_leader_gives_up_at_its_renew_deadline_before_anybody_else_leads() {
    for line in [Line::Cut, Line::Refused, Line::RepliesLost] {
        let (_server, first, second) = pair().await;
        let cut = Instant::now();
        first.wire.set(line);
        let lost = first.leadership.lost().await;
        assert_eq!(lost, Loss::RenewDeadline, "{line:?}");
        assert!(cut.elapsed() <= RENEW, "{line:?}: took {:?}", cut.elapsed());
        assert!(!first.leads() && !second.leads(), "{line:?}");
        timeout(LATENCY, first.task).await.expect("the loser went on").unwrap();
        timeout(DURATION + RETRY, second.leadership.acquired())
            .await
            .expect("nobody took over");
    }
}

#[tokio::test(start_paused = true)]
async fn a_leader_that_stops_in_good_order_is_followed_at_the_next_look() {
    let (server, mut first, second) = pair().await;
    first.stop.take().unwrap().send(()).unwrap();
    first.task.await.unwrap();
    assert_eq!(*first.leadership.standing().borrow(), Standing::Released);
    assert_eq!(server.lease().unwrap()["spec"]["holderIdentity"], "");
    timeout(RETRY + TAKEOVER, second.leadership.acquired())
        .await
        .expect("the standby waited for an expiry");
    assert!(
        timeout(RENEW * 3, first.leadership.lost()).await.is_err(),
        "an orderly end is no loss"
    );
}

#[tokio::test(start_paused = true)]
async fn a_release_after_a_lost_reply_still_gives_the_lease_back() {
    let (server, mut first, _second) = pair().await;
    first.wire.set(Line::RepliesLost);
    // The renewal that loses its reply starts within a retry period and gives up after half of RENEW.
    sleep(RETRY + RENEW / 2 + LATENCY * 2).await;
    first.wire.set(Line::Up);
    first.stop.take().unwrap().send(()).unwrap();
    first.task.await.unwrap();
    assert_eq!(server.lease().unwrap()["spec"]["holderIdentity"], "");
}

#[tokio::test(start_paused = true)]
async fn one_lost_reply_costs_nothing() {
    let (_server, first, second) = pair().await;
    let fencing = first.leadership.fencing();
    first.wire.set(Line::RepliesLost);
    sleep(RETRY + LATENCY * 3).await;
    first.wire.set(Line::Up);
    sleep(DURATION * 2).await;
    assert!(first.leads() && !second.leads());
    assert_eq!(first.leadership.fencing(), fencing);
}

#[tokio::test(start_paused = true)]
async fn an_answer_after_the_end_of_the_term_does_not_extend_it() {
    let (_server, first, _second) = pair().await;
    let term_ends = first.leadership.valid_until().unwrap();
    first.wire.set(Line::Late(RENEW));
    assert_eq!(first.leadership.lost().await, Loss::RenewDeadline);
    assert!(Instant::now() <= term_ends + RETRY);
    sleep(RENEW * 3).await;
    assert!(!first.leads());
}

#[tokio::test(start_paused = true)]
async fn a_term_counts_from_before_its_renewal_was_sent() {
    let (_server, first, _second) = pair().await;
    let slow = RENEW / 3;
    first.wire.set(Line::Late(slow));
    let mut standing = first.leadership.standing();
    standing.mark_unchanged();
    // The first change may belong to a renewal that was under way before the line became slow.
    for _ in 0..2 {
        standing.changed().await.unwrap();
    }
    let left = first.leadership.valid_until().unwrap() - Instant::now();
    assert!(
        left <= RENEW - slow,
        "the others count from the write, {slow:?} ago: {left:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_answer_found_after_a_pause_of_the_process_does_not_revive_the_term() {
    let (_server, first, _second) = pair().await;
    let mut standing = first.leadership.standing();
    standing.mark_unchanged();
    standing.changed().await.unwrap();
    first.wire.set(Line::Late(RENEW / 3));
    sleep(RETRY + LATENCY * 2).await;
    // The next renewal is under way. All at once its answer is there, and both its deadline and
    // the term are over.
    advance(RENEW * 2).await;
    assert!(!first.leads());
    timeout(RETRY, first.task).await.expect("went on").unwrap();
    assert_eq!(
        *first.leadership.standing().borrow(),
        Standing::Lost(Loss::RenewDeadline)
    );
}

#[tokio::test(start_paused = true)]
async fn a_deleted_lease_is_made_again_by_its_holder_in_the_same_term() {
    let (server, first, second) = pair().await;
    let fencing = first.leadership.fencing();
    for _ in 0..20 {
        server.edit(|lease| *lease = None);
        sleep(Duration::from_millis(2_300)).await;
        assert!(first.leads() && !second.leads());
        assert_eq!(server.lease().unwrap()["spec"]["holderIdentity"], "first");
    }
    assert_eq!(first.leadership.fencing(), fencing);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_lease_whose_holder_is_dead_is_taken_after_the_wait() {
    let (server, first, second) = pair().await;
    let fencing = first.leadership.fencing().unwrap();
    first.crash();
    let crashed = Instant::now();
    server.edit(|lease| *lease = None);
    second.leadership.acquired().await;
    assert!(crashed.elapsed() <= DURATION + RETRY + TAKEOVER);
    assert!(
        second.leadership.fencing().unwrap() > fencing,
        "the number must not start over"
    );
}

#[tokio::test(start_paused = true)]
async fn an_edited_holder_is_believed() {
    for (written, by) in [
        (json!("somebody"), Some("somebody".to_owned())),
        (json!(""), None),
        (json!(null), None),
    ] {
        let (server, first, second) = pair().await;
        server.edit(|lease| lease.as_mut().unwrap()["spec"]["holderIdentity"] = written.clone());
        let lost = timeout(RETRY + TAKEOVER, first.leadership.lost())
            .await
            .expect("the leader did not notice");
        assert_eq!(lost, Loss::Taken { by: by.clone() });
        let wait = if by.is_some() { DURATION + RETRY } else { RETRY };
        timeout(wait + TAKEOVER, second.leadership.acquired())
            .await
            .expect("nobody took over");
    }
}

#[tokio::test(start_paused = true)]
async fn an_edit_beside_the_record_neither_costs_the_term_nor_gets_lost() {
    let (server, first, second) = pair().await;
    server.edit(|lease| lease.as_mut().unwrap()["metadata"]["labels"] = json!({"team": "ml"}));
    sleep(DURATION * 2).await;
    assert!(first.leads() && !second.leads());
    assert_eq!(server.lease().unwrap()["metadata"]["labels"]["team"], "ml");
}

#[tokio::test(start_paused = true)]
async fn a_restart_under_the_same_identity_leads_at_once_in_a_new_term() {
    let (server, first, second) = pair().await;
    let fencing = first.leadership.fencing().unwrap();
    first.crash();
    let again = candidate(&server, "first");
    timeout(TAKEOVER, again.leadership.acquired())
        .await
        .expect("waited for itself");
    assert!(again.leadership.fencing().unwrap() > fencing);
    sleep(DURATION * 2).await;
    assert!(again.leads() && !second.leads());
}

#[tokio::test(start_paused = true)]
async fn a_hanging_or_dead_elector_does_not_hide_the_loss() {
    let (_server, first, _second) = pair().await;
    first.crash();
    assert_eq!(first.leadership.lost().await, Loss::ElectorGone);

    let (client, _wire) = Server::default().connect();
    let (leadership, elector) = elect(client, rules("stuck"));
    let running = elector.run(std::future::pending());
    tokio::pin!(running);
    tokio::select! {
        () = &mut running => panic!("ended"),
        () = leadership.acquired() => {}
    }
    let term_ends = leadership.valid_until().unwrap();
    // From here on nobody polls the elector, as if its thread hung.
    let lost = timeout(RENEW * 2, leadership.lost())
        .await
        .expect("nobody watched the clock");
    assert_eq!(lost, Loss::RenewDeadline);
    assert!(Instant::now() >= term_ends && !leadership.is_leader(Instant::now()));
}

#[tokio::test(start_paused = true)]
async fn without_election_one_replica_leads_for_ever() {
    let sole = Leadership::sole();
    sole.acquired().await;
    assert!(sole.is_leader(Instant::now() + DURATION * 1000));
    assert_eq!((sole.fencing(), sole.valid_until()), (Some(0), None));
    assert!(timeout(DURATION * 1000, sole.lost()).await.is_err());
}

/// Three replicas, restarted when they crash or lose, under partitions, lost replies and refusals
/// by seed. The lease must never have two holders at once, and must not stay without one.
#[tokio::test(start_paused = true)]
async fn under_random_faults_never_two_leaders_and_never_long_without_one() {
    for seed in 0..12 {
        let mut random = StdRng::seed_from_u64(seed);
        let server = Server::default();
        let mut born = 0;
        let mut replica = || {
            born += 1;
            candidate(&server, &format!("replica-{born}"))
        };
        let mut replicas: Vec<_> = (0..3).map(|_| replica()).collect();
        let (mut highest, mut led) = (0, 0_u32);
        for tick in 0..6_000 {
            sleep(Duration::from_millis(100)).await;
            let leaders: Vec<_> = replicas.iter().filter(|replica| replica.leads()).collect();
            assert!(
                leaders.len() <= 1,
                "seed {seed}, tick {tick}: {} leaders",
                leaders.len()
            );
            if let Some(fencing) = leaders.first().and_then(|leader| leader.leadership.fencing()) {
                assert!(
                    fencing >= highest,
                    "seed {seed}, tick {tick}: {fencing} after {highest}"
                );
                highest = fencing;
                led += 1;
            }
            for candidate in &mut replicas {
                if candidate.task.is_finished() {
                    *candidate = replica();
                }
                match random.random_range(0..600) {
                    0 => candidate.crash(),
                    1 => candidate.wire.set(Line::Cut),
                    2 => candidate.wire.set(Line::RepliesLost),
                    3 => candidate.wire.set(Line::Refused),
                    4 => candidate
                        .wire
                        .set(Line::Late(Duration::from_millis(random.random_range(0..12_000)))),
                    5..20 => candidate.wire.set(Line::Up),
                    _ => {}
                }
            }
        }
        assert!(highest > 3, "seed {seed}: the faults changed no leader");
        assert!(led > 1_500, "seed {seed}: led in {led} ticks of 6000");
    }
}
