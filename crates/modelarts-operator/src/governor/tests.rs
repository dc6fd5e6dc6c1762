//! The governor on a paused clock: every time below is exact or bounded by the timer's millisecond.

use std::sync::Arc;

use futures::FutureExt;
use futures::future::join_all;
use tokio::sync::Mutex as AsyncMutex;
use tokio::time::{advance, timeout};

use super::*;

const ONE: &str = "default";

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn limits(reads: f64, writes: f64) -> Limits {
    Limits {
        reads_per_second: reads,
        writes_per_second: writes,
        ..Limits::default()
    }
}

/// How long `calls` reads, asked for at once, take.
async fn reads(governor: &Governor, calls: usize) -> Duration {
    let begun = Instant::now();
    let all = join_all((0..calls).map(|_| governor.acquire(ONE, Class::Reads, Priority::Update)));
    timeout(secs(3600), all).await.expect("somebody was forgotten in line");
    begun.elapsed()
}

fn about(measured: Duration, wanted: Duration) -> bool {
    measured >= wanted && measured <= wanted + wanted / 20 + Duration::from_millis(5)
}

#[tokio::test(start_paused = true)]
async fn the_first_second_is_a_burst_and_then_the_limit_holds() {
    let governor = Governor::new();
    assert_eq!(reads(&governor, 10).await, Duration::ZERO);
    let fifty = reads(&governor, 50).await;
    assert!(about(fifty, secs(5)), "{fifty:?}");
}

#[tokio::test(start_paused = true)]
async fn accounts_and_classes_do_not_wait_for_each_other() {
    let governor = Governor::new();
    governor.throttled(ONE, Class::Reads, Some(secs(100)));
    for (account, class) in [("other", Class::Reads), (ONE, Class::Writes)] {
        timeout(
            Duration::from_millis(1),
            governor.acquire(account, class, Priority::Create),
        )
        .await
        .expect("waited");
    }
    assert!(
        governor
            .acquire(ONE, Class::Reads, Priority::Delete)
            .now_or_never()
            .is_none()
    );
}

#[tokio::test(start_paused = true)]
async fn a_429_halves_the_rate_and_success_raises_it_step_by_step() {
    let governor = Governor::new();
    governor.throttled(ONE, Class::Reads, Some(secs(1)));
    assert_eq!(governor.rate(ONE, Class::Reads), 5.0);
    assert!(governor.is_throttled(ONE, Class::Reads));
    advance(secs(1)).await;
    for (step, wanted) in [(1, 5.5), (2, 6.0), (3, 6.5)] {
        for _ in 0..100 {
            governor.succeeded(ONE, Class::Reads);
        }
        assert_eq!(
            governor.rate(ONE, Class::Reads),
            wanted,
            "step {step}: a hundred answers are one step"
        );
        advance(secs(1)).await;
    }
    for _ in 0..100 {
        governor.succeeded(ONE, Class::Reads);
        advance(secs(1)).await;
    }
    assert_eq!(governor.rate(ONE, Class::Reads), 10.0, "never above the limit");
    assert!(!governor.is_throttled(ONE, Class::Reads));
}

#[tokio::test(start_paused = true)]
async fn answers_to_one_burst_are_one_event() {
    let governor = Governor::new();
    for _ in 0..10 {
        governor.throttled(ONE, Class::Reads, Some(secs(5)));
    }
    assert_eq!(governor.rate(ONE, Class::Reads), 5.0);
    governor.succeeded(ONE, Class::Reads);
    assert_eq!(
        governor.rate(ONE, Class::Reads),
        5.0,
        "a late answer of the burst raised the rate"
    );
}

#[tokio::test(start_paused = true)]
async fn the_rate_has_a_floor() {
    let governor = Governor::new();
    for _ in 0..20 {
        governor.throttled(ONE, Class::Reads, Some(secs(1)));
        advance(secs(1)).await;
    }
    assert_eq!(governor.rate(ONE, Class::Reads), 0.1);
    let two = reads(&governor, 2).await;
    assert!(two <= secs(20) + Duration::from_millis(5), "{two:?}");
}

#[tokio::test(start_paused = true)]
async fn retry_after_pauses_everybody_who_waits_or_comes() {
    let governor = Arc::new(Governor::new());
    governor.set_limits(ONE, limits(1.0, 1.0));
    reads(&governor, 1).await;
    let waiting = tokio::spawn({
        let governor = governor.clone();
        async move { reads(&governor, 1).await }
    });
    tokio::task::yield_now().await;
    governor.throttled(ONE, Class::Reads, Some(secs(30)));
    let waited = waiting.await.unwrap();
    assert!(waited >= secs(30) && waited <= secs(33), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn an_asked_pause_of_hours_is_cut_to_ten_minutes() {
    let governor = Governor::new();
    governor.throttled(ONE, Class::Reads, Some(secs(86_400)));
    assert!(about(reads(&governor, 1).await, secs(600)));
}

#[tokio::test(start_paused = true)]
async fn without_retry_after_pauses_double_from_two_seconds_to_a_minute_and_success_resets_them() {
    let governor = Governor::new();
    let pause = async || {
        governor.throttled(ONE, Class::Reads, None);
        governor.succeeded(ONE, Class::Reads); // A late answer of the burst before: it proves nothing.
        reads(&governor, 1).await
    };
    for wanted in [2, 4, 8, 16, 32, 60, 60] {
        let measured = pause().await;
        assert!(about(measured, secs(wanted)), "{measured:?} instead of {wanted} s");
    }
    governor.succeeded(ONE, Class::Reads);
    assert!(about(pause().await, secs(2)));
    governor.throttled(ONE, Class::Reads, Some(Duration::ZERO));
    assert!(about(reads(&governor, 1).await, secs(4)), "zero says nothing");
}

#[tokio::test(start_paused = true)]
async fn deletes_go_before_updates_before_creates_and_equals_in_order_of_arrival() {
    let governor = Arc::new(Governor::new());
    governor.set_limits(ONE, limits(1.0, 1.0));
    governor.acquire(ONE, Class::Writes, Priority::Update).await;
    let served = Arc::new(AsyncMutex::new(Vec::new()));
    let mut tasks = Vec::new();
    for (name, priority) in [
        ("create 1", Priority::Create),
        ("update", Priority::Update),
        ("create 2", Priority::Create),
        ("delete 1", Priority::Delete),
        ("delete 2", Priority::Delete),
    ] {
        let (governor, served) = (governor.clone(), served.clone());
        tasks.push(tokio::spawn(async move {
            governor.acquire(ONE, Class::Writes, priority).await;
            served.lock().await.push(name);
        }));
        tokio::task::yield_now().await;
    }
    join_all(tasks).await;
    assert_eq!(
        *served.lock().await,
        ["delete 1", "delete 2", "update", "create 1", "create 2"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_dropped_call_takes_no_token_and_lets_the_next_go() {
    let governor = Governor::new();
    governor.set_limits(ONE, limits(1.0, 1.0));
    reads(&governor, 1).await;
    let begun = Instant::now();
    {
        let first = governor.acquire(ONE, Class::Reads, Priority::Delete);
        let second = governor.acquire(ONE, Class::Reads, Priority::Create);
        tokio::pin!(first, second);
        assert!(first.as_mut().now_or_never().is_none() && second.as_mut().now_or_never().is_none());
    }
    for _ in 0..10 {
        assert!(
            timeout(
                Duration::from_millis(10),
                governor.acquire(ONE, Class::Reads, Priority::Delete)
            )
            .await
            .is_err()
        );
    }
    reads(&governor, 1).await;
    assert!(about(begun.elapsed(), secs(1)), "{:?}", begun.elapsed());
}

#[tokio::test(start_paused = true)]
async fn the_second_in_line_wakes_when_the_first_is_dropped() {
    let governor = Arc::new(Governor::new());
    governor.set_limits(ONE, limits(1.0, 1.0));
    reads(&governor, 1).await;
    let spawn = |priority| {
        let governor = governor.clone();
        tokio::spawn(async move { governor.acquire(ONE, Class::Reads, priority).await })
    };
    let (first, second) = (spawn(Priority::Delete), spawn(Priority::Create));
    tokio::task::yield_now().await;
    first.abort();
    timeout(secs(2), second).await.expect("nobody told the second").unwrap();
}

#[tokio::test(start_paused = true)]
async fn new_limits_apply_at_once_and_keep_what_was_learned() {
    let governor = Governor::new();
    governor.set_limits(ONE, limits(2.0, 5.0));
    assert_eq!(governor.rate(ONE, Class::Reads), 2.0);
    governor.throttled(ONE, Class::Reads, Some(secs(1)));
    governor.set_limits(ONE, limits(100.0, 5.0));
    assert_eq!(
        governor.rate(ONE, Class::Reads),
        1.0,
        "a changed limit is no reason to forget a 429"
    );
    for nonsense in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        governor.set_limits(ONE, limits(nonsense, 5.0));
        assert_eq!(governor.rate(ONE, Class::Reads), 0.1, "{nonsense}");
    }
}

#[tokio::test(start_paused = true)]
async fn in_any_ten_minutes_no_more_creations_than_the_budget() {
    let governor = Governor::new();
    let mut made: Vec<Instant> = Vec::new();
    for _ in 0..3_600 {
        if governor.reserve_creation(ONE).is_ok() {
            made.push(Instant::now());
        }
        advance(secs(1)).await;
    }
    for window in made.windows(31) {
        assert!(window[30] - window[0] >= secs(600));
    }
    assert_eq!(made.len(), 180, "and no fewer in an hour");
}

#[tokio::test(start_paused = true)]
async fn a_used_up_budget_says_when_the_next_creation_fits() {
    let governor = Governor::new();
    governor.set_limits(
        ONE,
        Limits {
            creations_per_ten_minutes: 3,
            ..Limits::default()
        },
    );
    for _ in 0..3 {
        governor.reserve_creation(ONE).unwrap();
        advance(secs(100)).await;
    }
    assert_eq!(governor.reserve_creation(ONE), Err(secs(320)));
    governor.set_limits(
        ONE,
        Limits {
            creations_per_ten_minutes: 1,
            ..Limits::default()
        },
    );
    assert_eq!(
        governor.reserve_creation(ONE),
        Err(secs(520)),
        "all three have to leave"
    );
    governor.set_limits(
        ONE,
        Limits {
            creations_per_ten_minutes: 0,
            ..Limits::default()
        },
    );
    assert_eq!(governor.reserve_creation(ONE), Err(Duration::MAX));
    assert_eq!(governor.reserve_creation("other"), Ok(()), "each account has its own");
}

#[tokio::test(start_paused = true)]
async fn creations_of_an_earlier_process_count() {
    let governor = Governor::new();
    governor.set_limits(
        ONE,
        Limits {
            creations_per_ten_minutes: 2,
            ..Limits::default()
        },
    );
    governor.recall_creation(ONE, secs(100));
    governor.recall_creation(ONE, secs(400));
    governor.recall_creation(ONE, secs(620));
    assert_eq!(governor.reserve_creation(ONE), Err(secs(220)));
    advance(secs(220)).await;
    assert_eq!(governor.reserve_creation(ONE), Ok(()));
}

#[tokio::test(start_paused = true)]
async fn a_forgotten_account_starts_over() {
    let governor = Governor::new();
    governor.throttled(ONE, Class::Reads, None);
    governor.forget(ONE);
    assert_eq!(reads(&governor, 10).await, Duration::ZERO);
}
