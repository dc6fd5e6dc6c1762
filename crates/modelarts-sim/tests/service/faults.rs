//! What each fault does to the caller, and what to the cloud.

use modelarts_sim::message::Delivery;
use serde_json::{Value, json};

use crate::{SECOND, code, header, parse, pool_path, pools, world};

#[test]
fn faults_before_the_commit_execute_nothing() {
    let cases = [
        ("throttle", 429, "APIGW.0308"),
        ("serverError", 500, "ModelArts.50005000"),
        ("gateway404", 404, "APIG.0101"),
        ("expiredCredentials", 401, "APIGW.0301"),
        ("soldOut", 400, "ModelArts.50004000"),
    ];
    for (fault, status, expected) in cases {
        let mut world = world();
        world.fault(json!({"operation": "CreatePool", "fault": fault, "count": 1}));
        let reply = world.create("pool-001");
        assert_eq!((reply.status, code(&reply).as_str()), (status, expected), "{fault}");
        assert_eq!(reply.delivery, Delivery::Send);
        assert!(world.ledger().is_empty(), "{fault}");
        assert_eq!(world.create("pool-001").status, 200, "{fault} strikes once");
    }
}

#[test]
fn faults_after_the_commit_are_named_in_the_ledger() {
    for (fault, status, delivery) in [
        ("lostAnswer", 200, Delivery::Cut),
        ("errorAfterCommit", 500, Delivery::Send),
        ("malformed", 200, Delivery::Send),
    ] {
        let mut world = world();
        world.fault(json!({"operation": "CreatePool", "fault": fault}));
        let reply = world.create("pool-001");
        assert_eq!((reply.status, reply.delivery), (status, delivery), "{fault}");
        assert_eq!(world.ledger(), [("CreatePool".to_owned(), fault.to_owned())]);
        if fault == "malformed" {
            assert!(serde_json::from_slice::<Value>(&reply.body).is_err());
        }
    }
}

#[test]
fn a_hang_executes_nothing_and_ends_in_a_cut() {
    let mut world = world();
    world.fault(json!({"operation": "CreatePool", "fault": "hang", "seconds": 3}));
    assert_eq!(world.create("pool-001").delivery, Delivery::CutAfter(3 * SECOND));
    assert!(world.ledger().is_empty());
    world.fault(json!({"operation": "CreatePool", "fault": "hang"}));
    assert_eq!(
        world.create("pool-001").delivery,
        Delivery::CutAfter(3_600 * SECOND),
        "very long by default"
    );
}

#[test]
fn a_late_commit_happens_in_its_time() {
    let mut world = world();
    world.fault(json!({"operation": "CreatePool", "fault": "delayedCommit", "seconds": 10, "count": 1}));
    assert_eq!(world.create("pool-001").delivery, Delivery::Cut);
    world.wall += 10 * SECOND - 1;
    assert_eq!((world.listed(), world.ledger().len()), (0, 0));
    world.wall += 1;
    assert_eq!(world.listed(), 1);
    assert_eq!(world.ledger(), [("CreatePool".to_owned(), "delayedCommit".to_owned())]);
}

#[test]
fn a_late_commit_that_is_then_refused_buys_nothing() {
    let mut world = world();
    world.fault(json!({"operation": "CreatePool", "fault": "delayedCommit", "seconds": 10, "count": 1}));
    world.create("pool-001");
    assert_eq!(world.create("pool-001").status, 200, "the retry is faster");
    world.wall += 60 * SECOND;
    assert_eq!(
        (world.listed(), world.ledger().len()),
        (1, 1),
        "the name was taken by then"
    );
}

#[test]
fn a_late_delete_can_hit_a_successor() {
    let mut world = world();
    world.create("pool-001");
    world.fault(json!({"operation": "DeletePool", "fault": "delayedCommit", "seconds": 60, "count": 1}));
    assert_eq!(
        world.call("DELETE", &pool_path("pool-001"), None).delivery,
        Delivery::Cut
    );
    world.call("DELETE", &pool_path("pool-001"), None);
    world.wall += 10 * SECOND;
    assert_eq!(world.create("pool-001").status, 200);
    world.wall += 50 * SECOND;
    assert_eq!(
        parse(&world.call("GET", &pool_path("pool-001"), None))["status"]["phase"],
        "Deleting"
    );
}

#[test]
fn throttling_tells_how_long_to_wait_only_if_asked_to() {
    for (seconds, expected) in [(Some(7), Some("7")), (None, None)] {
        let mut world = world();
        world.fault(json!({"operation": "*", "fault": "throttle", "seconds": seconds}));
        assert_eq!(header(&world.create("pool-001"), "Retry-After"), expected);
    }
}

#[test]
fn a_proxys_page_is_html() {
    let mut world = world();
    world.fault(json!({"operation": "ListPools", "fault": "html503"}));
    let reply = world.call("GET", &pools(), None);
    assert_eq!((reply.status, header(&reply, "Content-Type")), (503, Some("text/html")));
    assert!(reply.body.starts_with(b"<html>"));
}

#[test]
fn lists_can_lag_be_empty_or_lack_their_first_half() {
    let mut world = world();
    for name in ["pool-a", "pool-b", "pool-c"] {
        world.create(name);
    }
    for (fault, seconds, expected) in [
        ("emptyList", None, 0),
        ("partialList", None, 1),
        ("listLag", Some(60), 0),
    ] {
        world.fault(json!({"operation": "ListPools", "fault": fault, "seconds": seconds, "count": 1}));
        assert_eq!(world.listed(), expected, "{fault}");
        assert_eq!(world.listed(), 3, "{fault} strikes once");
    }
    world.fault(json!({"operation": "CreatePool", "fault": "listLag", "seconds": 60, "count": 1}));
    world.create("pool-d");
    assert_eq!(world.listed(), 3);
    assert_eq!(world.call("GET", &pool_path("pool-d"), None).status, 200);
    world.wall += 60 * SECOND;
    assert_eq!(world.listed(), 4);
}

#[test]
fn answers_can_have_odd_shapes() {
    type Check = fn(&Value) -> bool;
    let cases: [(&str, Check); 4] = [
        ("objectCounts", |p| p["status"]["resources"]["available"]["count"] == 2),
        ("missingStatus", |p| p.get("status").is_none()),
        ("unknownPhase", |p| p["status"]["phase"] == "Reticulating"),
        ("phaseFlap", |p| p["status"]["phase"] == "Abnormal"),
    ];
    for (fault, check) in cases {
        let mut world = world();
        world.create("pool-001");
        world.wall += 2 * SECOND;
        world.fault(json!({"operation": "*", "fault": fault}));
        let pool = parse(&world.call("GET", &pool_path("pool-001"), None));
        assert!(check(&pool), "{fault}: {pool}");
        world.control("PUT", "faults", &json!([]));
        let pool = parse(&world.call("GET", &pool_path("pool-001"), None));
        assert!(!check(&pool), "{fault} was only shown: {pool}");
    }
}

#[test]
fn a_flapping_phase_comes_and_goes() {
    let mut world = world();
    world.create("pool-001");
    world.wall += 2 * SECOND;
    world.fault(json!({"operation": "ShowPool", "fault": "phaseFlap"}));
    let phases: Vec<_> = (0..4)
        .map(|_| parse(&world.call("GET", &pool_path("pool-001"), None))["status"]["phase"].clone())
        .collect();
    assert_eq!(phases, ["Abnormal", "Running", "Abnormal", "Running"]);
}

#[test]
fn a_fault_needs_valid_credentials_where_the_real_thing_does() {
    let mut world = world();
    world.fault(json!({"operation": "CreatePool", "fault": "delayedCommit", "seconds": 0}));
    let request = crate::unsigned("POST", &pools(), Some(&crate::pool_body("pool-001")));
    assert_eq!(world.send(&request).status, 401);
    world.wall += 60 * SECOND;
    assert!(world.ledger().is_empty());
}

#[test]
fn chance_is_reproducible_and_roughly_right() {
    let strikes = || {
        let mut world = world();
        world.fault(json!({"operation": "ListPools", "fault": "serverError", "probability": 0.3}));
        (0..200)
            .map(|_| world.call("GET", &pools(), None).status == 500)
            .collect::<Vec<_>>()
    };
    let first = strikes();
    assert_eq!(first, strikes());
    let struck = first.iter().filter(|struck| **struck).count();
    assert!((40..=80).contains(&struck), "{struck} of 200 at 0.3");
}

#[test]
fn a_fault_that_does_not_fit_does_not_strike() {
    let mut world = world();
    world.fault(json!({"operation": "*", "fault": "emptyList", "count": 1}));
    assert_eq!(world.create("pool-001").status, 200);
    assert_eq!(world.listed(), 0, "the create did not use it up");
}

#[test]
fn the_first_fault_that_fits_strikes_and_the_list_tells_what_is_left() {
    let mut world = world();
    let list = json!([
        {"operation": "CreatePool", "fault": "throttle", "count": 1},
        {"operation": "CreatePool", "fault": "serverError", "count": 2},
    ]);
    world.control("PUT", "faults", &list);
    let statuses: Vec<_> = (0..4).map(|_| world.create("pool-001").status).collect();
    assert_eq!(statuses, [429, 500, 500, 200]);
    let left = world.control("GET", "faults", &json!({}));
    assert_eq!((&left[0]["count"], &left[1]["count"]), (&json!(0), &json!(0)));
}
