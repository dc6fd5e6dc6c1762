//! Command lines accepted and refused. No test sets an environment variable: that would reach
//! every other test of this process.

use std::time::Duration;

use clap::CommandFactory;

use super::{FlagError, Flags, Reach};

fn flags(args: &[&str]) -> Result<Flags, FlagError> {
    Flags::parse_checked(std::iter::once("modelarts-operator").chain(args.iter().copied()))
}

#[test]
fn the_defaults_are_accepted_and_are_those_of_the_design() {
    let flags = flags(&[]).unwrap();
    let timing = flags.timing();
    assert_eq!(flags.kubeconfig, None);
    assert_eq!(flags.namespace, "modelarts-system");
    assert!(!flags.leader_elect && !flags.dev_timing && !flags.dev_allow_http_loopback);
    assert_eq!(timing, modelarts_plan::Timing::default());
    assert_eq!(flags.lease.lease_duration, Duration::from_secs(15));
    assert_eq!(flags.lease.renew_deadline, Duration::from_secs(10));
    assert_eq!(flags.lease.retry_period, Duration::from_secs(2));
    assert_eq!(flags.concurrency, 32);
}

#[test]
fn every_flag_has_the_environment_variable_of_its_name() {
    let command = Flags::command();
    let mut seen = 0;
    for arg in command.get_arguments() {
        let Some(long) = arg.get_long().filter(|long| !["help", "version"].contains(long)) else {
            continue;
        };
        let wanted = format!("MODELARTS_OPERATOR_{}", long.replace('-', "_").to_uppercase());
        assert_eq!(
            arg.get_env().and_then(|env| env.to_str()),
            Some(wanted.as_str()),
            "--{long}"
        );
        seen += 1;
    }
    assert_eq!(seen, 31, "a flag came or went: say so in the documentation, then here");
}

/// Flags, what the refusal names, and why they are refused.
type Refused = (&'static [&'static str], &'static [&'static str], &'static str);

const UNSAFE: [Refused; 14] = [
    (
        &["--in-doubt-window", "169s", "--dev-timing"],
        &["--in-doubt-window is 169000 ms", "at least 170000 ms"],
        "one below the sum",
    ),
    (
        &["--list-lag", "4m"],
        &["--list-lag", "350000 ms"],
        "the parts grew past the window",
    ),
    (
        &["--request-deadline", "29s"],
        &["--request-deadline is 29000 ms", "default of 30000 ms", "--dev-timing"],
        "below its default",
    ),
    (
        &["--self-deadline", "19s"],
        &["--self-deadline is 19000 ms", "--dev-timing"],
        "below its default",
    ),
    (
        &["--gateway-limit", "59s"],
        &["--gateway-limit is 59000 ms", "--dev-timing"],
        "below its default",
    ),
    (
        &["--list-lag", "59999ms"],
        &["--list-lag is 59999 ms", "--dev-timing"],
        "below its default by a millisecond",
    ),
    (
        &["--in-doubt-window", "299s"],
        &["--in-doubt-window is 299000 ms", "--dev-timing"],
        "above the sum, below its default",
    ),
    (
        &["--absence-spacing", "1s"],
        &["--absence-spacing is 1000 ms", "--dev-timing"],
        "below its default",
    ),
    (
        &["--loss-span", "9m"],
        &["--loss-span is 540000 ms", "--dev-timing"],
        "below its default",
    ),
    (
        &["--census-interval", "2m"],
        &["--census-interval-max 60s", "--census-interval 120s"],
        "slower than the slowest",
    ),
    (
        &["--audit-period", "59s"],
        &["--audit-period 59s", "at least --list-lag 60s"],
        "shorter than what the list lags behind",
    ),
    (
        &["--lease-duration", "10s"],
        &["--lease-duration 10s", "longer than --renew-deadline 10s"],
        "equal is not longer",
    ),
    (
        &["--retry-period", "10s"],
        &["--renew-deadline 10s", "longer than --retry-period 10s"],
        "no second try",
    ),
    (&["--concurrency", "0"], &["--concurrency 0"], "nothing would run"),
];

#[test]
fn combinations_that_are_unsafe_refuse_the_start_and_name_the_remedy() {
    for (args, parts, reason) in UNSAFE {
        let line = flags(args).expect_err(reason).to_string();
        for part in parts {
            assert!(line.contains(part), "{reason}: `{part}` is not in `{line}`");
        }
        assert!(!line.contains('\n'), "{reason}: more than one line: {line}");
    }
}

#[test]
fn dev_timing_accepts_values_below_the_defaults_as_long_as_they_add_up() {
    let args = "--dev-timing --request-deadline 500ms --self-deadline 400ms --gateway-limit 300ms --list-lag 200ms \
                --in-doubt-window 1400ms --absence-spacing 50ms --loss-span 1s";
    let timing = flags(&args.split_whitespace().collect::<Vec<_>>()).unwrap().timing();
    assert_eq!(timing.in_doubt_window, 1_400);
    assert_eq!(timing.absence_spacing, 50);
}

#[test]
fn times_need_a_unit_and_are_never_zero_or_negative() {
    for (text, wanted) in [
        ("500ms", 500),
        ("5s", 5_000),
        ("5m", 300_000),
        ("1h", 3_600_000),
        ("1h30m", 5_400_000),
    ] {
        assert_eq!(
            super::duration::parse(text),
            Ok(Duration::from_millis(wanted)),
            "{text}"
        );
    }
    for text in ["", "5", "-5s", "5s ago", "0s", "1us", "soon", "5x", "366d"] {
        assert!(super::duration::parse(text).is_err(), "{text}");
    }
}

#[test]
fn allowed_endpoints_are_bare_hosts() {
    let accepted = flags(&[
        "--allow-endpoint",
        "ModelArts.Example.com",
        "--allow-endpoint",
        "127.0.0.1,[::1]",
    ])
    .unwrap();
    assert_eq!(
        accepted.allow_endpoints,
        ["modelarts.example.com", "127.0.0.1", "[::1]"]
    );
    for refused in [
        "https://modelarts.example.com",
        "modelarts.example.com:443",
        "modelarts.example.com/v1",
        "*.example.com",
        "",
    ] {
        assert!(flags(&["--allow-endpoint", refused]).is_err(), "{refused}");
    }
}

#[test]
fn each_process_has_its_own_identity_unless_one_is_given() {
    let unnamed = flags(&[]).unwrap();
    assert_ne!(unnamed.replica_identity(), unnamed.replica_identity());
    assert_eq!(flags(&["--identity", "pod-a"]).unwrap().replica_identity(), "pod-a");
    assert!(matches!(flags(&["--identity", " "]), Err(FlagError::EmptyIdentity)));
}

#[test]
fn one_namespace_can_be_named_and_nothing_else() {
    let named = flags(&["--watch-namespace", "ml-a"]).unwrap();
    assert_eq!(named.reach(), Reach::Namespace("ml-a".into()));
    assert_eq!(flags(&[]).unwrap().reach(), Reach::Cluster);
    for bad in ["", "a,b", "A", "-a", "a-", "a.b", "*"] {
        assert!(flags(&["--watch-namespace", bad]).is_err(), "{bad}");
    }
}
