//! Keys that come and go while calls run, and the counts per caller by which a test judges it.

use serde_json::{Value, json};

use crate::identity::{list_with, log_in};
use crate::{AK, MINUTE, PROJECT, SECOND, SK, World, code, header, parse, pools, signed, unsigned, world};

fn call_with(world: &mut World, ak: &str) -> u16 {
    let request = signed(ak, SK, world.wall, "GET", &pools(), None);
    world.send(&request).status
}

fn tally(accepted: u64, unauthenticated: u64, denied: u64, faults: u64) -> Value {
    json!({
        "accepted": accepted,
        "refused": unauthenticated + denied,
        "unauthenticated": unauthenticated,
        "denied": denied,
        "faults": faults,
        "actions": ["modelarts:pool:list"],
    })
}

#[test]
fn a_rotation_shows_in_the_counts_of_both_keys() {
    let mut world = world();
    for _ in 0..3 {
        assert_eq!(call_with(&mut world, AK), 200);
    }
    let next = json!({"ak": "AKNEXT", "sk": SK, "project": PROJECT});
    world.control("POST", "keys", &next);
    assert_eq!(call_with(&mut world, AK), 200, "both hold for a while");
    assert_eq!(call_with(&mut world, "AKNEXT"), 200);
    world.control("DELETE", &format!("keys/{AK}"), &json!({}));
    assert_eq!(call_with(&mut world, AK), 401);
    assert_eq!(call_with(&mut world, "AKNEXT"), 200);
    let callers = world.control("GET", "callers", &json!({}));
    assert_eq!(
        callers,
        json!({"AKEXAMPLE": tally(4, 1, 0, 0), "AKNEXT": tally(2, 0, 0, 0)})
    );
}

#[test]
fn a_revoked_key_is_refused_as_an_unknown_one() {
    let mut world = world();
    world.control("DELETE", &format!("keys/{AK}"), &json!({}));
    let told = |world: &mut World, ak: &str| {
        let request = signed(ak, SK, world.wall, "GET", &pools(), None);
        let reply = world.send(&request);
        let body = parse(&reply);
        (
            reply.status,
            body["error_msg"].as_str().expect("text").replace(ak, "AK"),
        )
    };
    let (revoked, unknown) = (told(&mut world, AK), told(&mut world, "AKNEVER"));
    assert_eq!(revoked, unknown);
    assert_eq!(revoked.0, 401);
    let again = unsigned("DELETE", &format!("/_sim/keys/{AK}"), None);
    assert_eq!(world.send(&again).status, 404, "there is nothing to revoke any more");
}

#[test]
fn a_key_that_comes_back_has_no_old_restrictions() {
    let mut world = world();
    world.control(
        "PUT",
        &format!("keys/{AK}"),
        &json!({"actions": [], "standing": "arrears"}),
    );
    assert_eq!(call_with(&mut world, AK), 403);
    world.control("DELETE", &format!("keys/{AK}"), &json!({}));
    world.control("POST", "keys", &json!({"ak": AK, "sk": SK, "project": PROJECT}));
    assert_eq!(call_with(&mut world, AK), 200);
}

#[test]
fn a_key_ends_when_it_is_told_to_by_the_simulated_time() {
    let mut world = world();
    world.control("PUT", &format!("keys/{AK}"), &json!({"expiresInSeconds": 60}));
    world.wall += MINUTE - 1;
    assert_eq!(call_with(&mut world, AK), 200);
    world.wall += 1;
    assert_eq!(call_with(&mut world, AK), 401);
    world.control("PUT", &format!("keys/{AK}"), &json!({"expiresInSeconds": 60}));
    assert_eq!(call_with(&mut world, AK), 200, "its end can be put off");
    world.control("POST", "clock", &json!({"advanceSeconds": 60}));
    assert_eq!(call_with(&mut world, AK), 401, "the simulated time decides");
}

#[test]
fn refusals_are_told_apart_and_faults_are_counted_beside() {
    let mut world = world();
    let denied = signed(AK, SK, world.wall, "GET", "/v2/other/pools", None);
    world.send(&denied);
    let wrong = signed(AK, "wrong", world.wall, "GET", &pools(), None);
    world.send(&wrong);
    world.fault(json!({"operation": "ListPools", "fault": "throttle", "count": 1}));
    call_with(&mut world, AK);
    world.call("GET", &format!("{}/none", pools()), None);
    world.send(&unsigned("GET", &pools(), None));
    let callers = world.control("GET", "callers", &json!({}));
    let expected = json!({"AKEXAMPLE": {
        "accepted": 0, "refused": 4, "unauthenticated": 1, "denied": 1, "faults": 1,
        "actions": ["modelarts:pool:get", "modelarts:pool:list"],
    }});
    assert_eq!(callers, expected, "who names no key is nobody's call");
}

#[test]
fn the_calls_of_a_token_are_its_users() {
    let mut world = world();
    let reply = log_in(&mut world, "example", &json!({"project": {"id": PROJECT}}));
    let token = header(&reply, "X-Subject-Token").expect("a token").to_owned();
    assert_eq!(list_with(&mut world, &token).status, 200);
    let callers = world.control("GET", "callers", &json!({}));
    assert_eq!(callers, json!({"example_domain/operator": tally(1, 0, 0, 0)}));
}

#[test]
fn the_list_of_keys_says_what_holds_and_no_secret() {
    let mut world = world();
    let change = json!({"actions": ["modelarts:pool:list"], "standing": "arrears", "expiresInSeconds": 60});
    world.control("PUT", &format!("keys/{AK}"), &change);
    let keys = world.control("GET", "keys", &json!({}));
    let expected = json!([
        {"ak": AK, "project": PROJECT, "expires": "2023-11-14T22:14:20Z", "temporary": false,
         "actions": ["modelarts:pool:list"], "standing": "arrears"},
        {"ak": "AKOTHER", "project": "other", "expires": null, "temporary": false,
         "actions": ["*"], "standing": "active"},
    ]);
    assert_eq!(keys["items"], expected);
    assert!(!keys.to_string().contains(SK));
}

#[test]
fn a_stale_date_is_401_and_the_answer_shows_the_gateways_clock() {
    for (skew, shown) in [
        (1_200, "Tue, 14 Nov 2023 22:33:20 GMT"),
        (-1_200, "Tue, 14 Nov 2023 21:53:20 GMT"),
    ] {
        let mut world = world();
        world.control("POST", "clock", &json!({ "skewSeconds": skew }));
        let reply = world.call("GET", &pools(), None);
        assert_eq!((reply.status, code(&reply).as_str()), (401, "APIGW.0301"));
        assert_eq!(header(&reply, "Date"), Some(shown), "{skew}");
        let there = (world.wall.cast_signed() + skew * SECOND.cast_signed()).cast_unsigned();
        let request = signed(AK, SK, there, "GET", &pools(), None);
        assert_eq!(world.send(&request).status, 200, "signed with the time that it showed");
    }
}
