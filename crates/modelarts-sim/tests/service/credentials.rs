//! Signatures, their age, lock-out, projects, temporary keys.

use modelarts_sim::accounts::Key;
use serde_json::json;

use crate::{AK, MINUTE, PROJECT, SECOND, SK, World, code, header, parse, pools, signed, unsigned, world};

fn status(world: &mut World, ak: &str, sk: &str) -> u16 {
    let request = signed(ak, sk, world.wall, "GET", &pools(), None);
    world.send(&request).status
}

#[test]
fn a_call_without_credentials_is_refused() {
    let mut world = world();
    let reply = world.send(&unsigned("GET", &pools(), None));
    assert_eq!((reply.status, code(&reply).as_str()), (401, "APIGW.0301"));
}

#[test]
fn refusals_carry_an_id_and_a_content_type() {
    let mut world = world();
    let replies = [
        world.send(&unsigned("GET", &pools(), None)),
        world.call("GET", "/no/such/path", None),
        world.call("GET", &format!("{}/none", pools()), None),
        world.call("GET", &pools(), None),
    ];
    for reply in &replies {
        assert_eq!(
            header(reply, "Content-Type"),
            Some("application/json"),
            "{}",
            reply.status
        );
        assert_eq!(
            header(reply, "X-Request-Id").map(str::len),
            Some(32),
            "{}",
            reply.status
        );
    }
    assert_eq!(
        parse(&replies[0])["request_id"].as_str(),
        header(&replies[0], "X-Request-Id")
    );
}

#[test]
fn what_is_no_api_is_the_gateways_404() {
    let mut world = world();
    for (method, path) in [("GET", "/v9/x"), ("PUT", pools().as_str()), ("GET", "/")] {
        let reply = world.call(method, path, None);
        assert_eq!(
            (reply.status, code(&reply).as_str()),
            (404, "APIG.0101"),
            "{method} {path}"
        );
    }
}

#[test]
fn the_age_of_a_signature_has_a_limit_both_ways() {
    let cases = [(15 * MINUTE, 200), (15 * MINUTE + SECOND, 401)];
    for (off, expected) in cases {
        for at in [START_PLUS_HOUR - off, START_PLUS_HOUR + off] {
            let mut world = world();
            world.wall = START_PLUS_HOUR;
            let request = signed(AK, SK, at, "GET", &pools(), None);
            assert_eq!(world.send(&request).status, expected, "{off} ms off");
        }
    }
}

const START_PLUS_HOUR: u64 = crate::START + 60 * MINUTE;

#[test]
fn moving_the_simulated_time_does_not_age_signatures() {
    let mut world = world();
    world.control("POST", "clock", &json!({"advanceSeconds": 86_400}));
    assert_eq!(status(&mut world, AK, SK), 200);
    world.control("POST", "clock", &json!({"skewSeconds": 1_000}));
    assert_eq!(status(&mut world, AK, SK), 401, "the gateway's own clock does");
}

#[test]
fn five_failures_in_a_row_lock_a_key_for_five_minutes() {
    let mut world = world();
    for _ in 0..4 {
        assert_eq!(status(&mut world, AK, "wrong"), 401);
    }
    assert_eq!(
        status(&mut world, AK, SK),
        200,
        "four do not, and success starts the count again"
    );
    for _ in 0..5 {
        assert_eq!(status(&mut world, AK, "wrong"), 401);
    }
    assert_eq!(status(&mut world, AK, SK), 401, "even the right signature");
    assert_eq!(
        status(&mut world, "AKOTHER", SK),
        403,
        "another key is not locked, only elsewhere at home"
    );
    world.wall += 5 * MINUTE - 1;
    assert_eq!(status(&mut world, AK, SK), 401);
    world.wall += 1;
    assert_eq!(status(&mut world, AK, SK), 200);
}

#[test]
fn a_locked_key_stays_locked_no_longer_for_being_used() {
    let mut world = world();
    for _ in 0..50 {
        status(&mut world, AK, "wrong");
    }
    world.wall += 5 * MINUTE;
    assert_eq!(status(&mut world, AK, SK), 200);
}

#[test]
fn a_foreign_project_is_403() {
    let mut world = world();
    let path = "/v2/other/pools";
    let reply = world.call("GET", path, None);
    assert_eq!((reply.status, code(&reply).as_str()), (403, "ModelArts.0210"));
    let mut request = signed(AK, SK, world.wall, "GET", &pools(), None);
    request.headers.push(("X-Project-Id".to_owned(), b"other".to_vec()));
    assert_eq!(world.send(&request).status, 403, "the header contradicts the path");
    let mut request = signed(AK, SK, world.wall, "GET", &pools(), None);
    request
        .headers
        .push(("X-Project-Id".to_owned(), PROJECT.as_bytes().to_vec()));
    assert_eq!(world.send(&request).status, 200);
}

#[test]
fn a_temporary_key_needs_its_token_and_ends() {
    let mut world = world();
    world.sim.accounts.add_key(Key {
        access: "AKTEMP".to_owned(),
        secret: SK.to_owned(),
        project: PROJECT.to_owned(),
        security_token: Some("token".to_owned()),
        expires: Some(world.wall + MINUTE),
    });
    let mut attempt = |token: Option<&str>, later: u64| {
        world.wall = crate::START + later;
        let mut request = signed("AKTEMP", SK, world.wall, "GET", &pools(), None);
        let header = token.map(|token| ("X-Security-Token".to_owned(), token.as_bytes().to_vec()));
        request.headers.extend(header);
        world.send(&request).status
    };
    assert_eq!(attempt(Some("token"), 0), 200);
    assert_eq!(attempt(Some("another"), 0), 401);
    assert_eq!(attempt(None, 0), 401);
    assert_eq!(attempt(Some("token"), MINUTE - 1), 200);
    assert_eq!(attempt(Some("token"), MINUTE), 401);
}

#[test]
fn a_permanent_key_has_no_security_token() {
    let mut world = world();
    let mut request = signed(AK, SK, world.wall, "GET", &pools(), None);
    request.headers.push(("X-Security-Token".to_owned(), b"token".to_vec()));
    assert_eq!(world.send(&request).status, 401);
}

#[test]
fn a_removed_key_is_unknown() {
    let mut world = world();
    world.control("DELETE", &format!("keys/{AK}"), &json!({}));
    let reply = world.call("GET", &pools(), None);
    assert_eq!(reply.status, 401);
    assert!(
        parse(&reply)["error_msg"]
            .as_str()
            .is_some_and(|text| text.contains("not exist"))
    );
}
