//! What a scrape shows after records of each kind.

use super::*;

fn has(text: &str, line: &str) {
    assert!(text.lines().any(|found| found == line), "`{line}` is not in:\n{text}");
}

#[test]
fn each_record_shows_under_its_documented_name() {
    let metrics = Metrics::new();
    metrics.reconciled("modelartspool", PassResult::RequeueAfter, Duration::from_millis(7));
    metrics.reconciled("modelartspool", PassResult::Error, Duration::from_secs(90));
    metrics.requested("CreatePool", "throttled", Duration::from_millis(300));
    metrics.stepped("modelartspool", "create");
    metrics.counted(
        "modelartspool",
        "default",
        "0",
        3,
        "2026-01-02T03:04:05.5Z".parse().unwrap(),
    );
    metrics.breaker("modelartspool", "default", "0", true);
    metrics.orphans("pool", "default", 2);
    metrics.leading(true);
    let text = metrics.encode().unwrap();
    for line in [
        r#"controller_runtime_reconcile_total{controller="modelartspool",result="requeue_after"} 1"#,
        r#"controller_runtime_reconcile_total{controller="modelartspool",result="error"} 1"#,
        r#"controller_runtime_reconcile_errors_total{controller="modelartspool"} 1"#,
        r#"controller_runtime_reconcile_time_seconds_bucket{le="0.01",controller="modelartspool"} 1"#,
        r#"controller_runtime_reconcile_time_seconds_count{controller="modelartspool"} 2"#,
        r#"modelarts_api_requests_total{operation="CreatePool",outcome="throttled"} 1"#,
        r#"modelarts_api_request_duration_seconds_sum{operation="CreatePool"} 0.3"#,
        r#"modelarts_pool_steps_total{controller="modelartspool",step="create"} 1"#,
        r#"modelarts_census_last_success_timestamp_seconds{controller="modelartspool",account="default",workspace="0"} 1767323045.5"#,
        r#"modelarts_census_pools{controller="modelartspool",account="default",workspace="0"} 3"#,
        r#"modelarts_breaker_open{controller="modelartspool",account="default",workspace="0"} 1"#,
        r#"modelarts_orphans{kind="pool",account="default"} 2"#,
        r#"leader_election_master_status{name="modelarts-operator"} 1"#,
        concat!(
            r#"modelarts_operator_build_info{version=""#,
            env!("CARGO_PKG_VERSION"),
            r#""} 1"#
        ),
    ] {
        has(&text, line);
    }
    assert!(text.ends_with("# EOF\n"));
}

#[test]
fn an_introduced_controller_starts_at_zero() {
    let metrics = Metrics::new();
    metrics.introduce("modelartsaccount");
    let text = metrics.encode().unwrap();
    has(
        &text,
        r#"controller_runtime_reconcile_total{controller="modelartsaccount",result="error"} 0"#,
    );
    has(
        &text,
        r#"controller_runtime_reconcile_errors_total{controller="modelartsaccount"} 0"#,
    );
}

#[test]
fn orphans_go_back_to_zero_and_away_with_their_account() {
    let metrics = Metrics::new();
    metrics.orphans("network", "default", 1);
    metrics.orphans("network", "default", 0);
    has(
        &metrics.encode().unwrap(),
        r#"modelarts_orphans{kind="network",account="default"} 0"#,
    );
    metrics.forget_orphans("network", "default");
    assert!(!metrics.encode().unwrap().contains("modelarts_orphans{"));
}

#[test]
fn phases_are_counted_afresh_and_unknown_words_are_folded() {
    let metrics = Metrics::new();
    metrics.pools([
        Some("Running"),
        Some("Running"),
        Some("Hibernating\"} 1"),
        None,
        Some(""),
    ]);
    let text = metrics.encode().unwrap();
    has(&text, r#"modelarts_pools{phase="Running"} 2"#);
    has(&text, r#"modelarts_pools{phase="Other"} 1"#);
    has(&text, r#"modelarts_pools{phase="None"} 2"#);
    assert!(!text.contains("Hibernating"));
    metrics.pools([Some("Deleting")]);
    let text = metrics.encode().unwrap();
    has(&text, r#"modelarts_pools{phase="Running"} 0"#);
    has(&text, r#"modelarts_pools{phase="Deleting"} 1"#);
}

#[test]
fn scopes_are_capped_and_a_forgotten_one_makes_room() {
    let metrics = Metrics::new();
    for scope in 0..=MAX_SCOPES {
        metrics.counted("modelartspool", "default", &scope.to_string(), 1, Timestamp::UNIX_EPOCH);
    }
    let series = |text: &str| {
        text.lines()
            .filter(|line| line.starts_with("modelarts_census_pools{"))
            .count()
    };
    let text = metrics.encode().unwrap();
    assert_eq!(series(&text), MAX_SCOPES);
    has(&text, "modelarts_metrics_scopes_left_out_total 1");

    metrics.breaker("modelartspool", "default", "0", true);
    metrics.forget_scope("modelartspool", "default", "0");
    let text = metrics.encode().unwrap();
    assert_eq!(series(&text), MAX_SCOPES - 1);
    assert!(
        !text.contains(r#"workspace="0""#),
        "the time and the breaker of a forgotten scope stayed"
    );
    metrics.counted("modelartspool", "other", "0", 1, Timestamp::UNIX_EPOCH);
    has(
        &metrics.encode().unwrap(),
        r#"modelarts_census_pools{controller="modelartspool",account="other",workspace="0"} 1"#,
    );
}
