//! Temporary keys from instance metadata and from pod identity.

use modelarts_sim::message::{Reply, Request};
use serde_json::{Value, json};

use crate::{MINUTE, PROJECT, SECOND, World, code, header, parse, pools, signed, unsigned, world};

const SESSION: &str = "/meta-data/latest/api/token";
const SECURITY_KEY: &str = "/openstack/latest/securitykey";
const POD: &str = "/v1/credentials";

fn with(mut request: Request, name: &str, value: &str) -> Request {
    request.headers.push((name.to_owned(), value.as_bytes().to_vec()));
    request
}

fn open_session(world: &mut World, ttl: Option<&str>) -> Reply {
    let mut request = unsigned("PUT", SESSION, None);
    if let Some(ttl) = ttl {
        request = with(request, "X-Metadata-Token-Ttl-Seconds", ttl);
    }
    world.send(&request)
}

fn session(world: &mut World) -> String {
    let reply = open_session(world, Some("21600"));
    assert_eq!(
        (reply.status, header(&reply, "Content-Type")),
        (200, Some("text/plain"))
    );
    String::from_utf8(reply.body).expect("text")
}

fn security_key(world: &mut World, session: &str) -> Reply {
    world.send(&with(unsigned("GET", SECURITY_KEY, None), "X-Metadata-Token", session))
}

fn pod_credential(world: &mut World, token: &str) -> Reply {
    let request = unsigned("POST", POD, Some(&json!({})));
    world.send(&with(request, "Authorization", token))
}

/// A key as handed out: access key ID, secret, security token.
type Temporary = (String, String, String);

fn temporary(of: &Value, names: [&str; 3]) -> Temporary {
    let [access, secret, token] = names.map(|name| of[name].as_str().expect("text").to_owned());
    (access, secret, token)
}

fn from_metadata(world: &mut World) -> Temporary {
    let session = session(world);
    let reply = security_key(world, &session);
    assert_eq!(reply.status, 200);
    temporary(&parse(&reply)["credential"], ["access", "secret", "securitytoken"])
}

fn from_pod_identity(world: &mut World) -> Temporary {
    let reply = pod_credential(world, "POD-TOKEN-EXAMPLE");
    assert_eq!(reply.status, 200);
    temporary(
        &parse(&reply)["credentials"],
        ["accessKeyId", "secretAccessKey", "securityToken"],
    )
}

fn list_with(world: &mut World, key: &Temporary, token: Option<&str>) -> Reply {
    let mut request = signed(&key.0, &key.1, world.wall, "GET", &pools(), None);
    if let Some(token) = token {
        request = with(request, "X-Security-Token", token);
    }
    world.send(&request)
}

fn list(world: &mut World, key: &Temporary) -> u16 {
    list_with(world, key, Some(&key.2)).status
}

#[test]
fn metadata_hands_out_a_key_that_the_cloud_takes_with_its_security_token_alone() {
    let mut world = world();
    let key = from_metadata(&mut world);
    assert_eq!(list(&mut world, &key), 200);
    assert_eq!(list_with(&mut world, &key, None).status, 401, "without the token");
    assert_eq!(list_with(&mut world, &key, Some("x")).status, 401, "with another");
}

#[test]
fn pod_identity_hands_out_a_key_that_the_cloud_takes_with_its_security_token_alone() {
    let mut world = world();
    let key = from_pod_identity(&mut world);
    assert_eq!(list(&mut world, &key), 200);
    assert_eq!(list_with(&mut world, &key, None).status, 401, "without the token");
    assert_eq!(list_with(&mut world, &key, Some("x")).status, 401, "with another");
}

#[test]
fn keys_live_as_long_as_they_say_and_older_ones_stay() {
    let mut world = world();
    world.control("PUT", "metadata", &json!({"lifeSeconds": 60}));
    let session = session(&mut world);
    let reply = security_key(&mut world, &session);
    assert_eq!(parse(&reply)["credential"]["expires_at"], "2023-11-14T22:14:20.000000Z");
    let first = temporary(&parse(&reply)["credential"], ["access", "secret", "securitytoken"]);
    world.wall += MINUTE - SECOND;
    let second = from_metadata(&mut world);
    assert_ne!(first.0, second.0);
    assert_eq!((list(&mut world, &first), list(&mut world, &second)), (200, 200));
    world.wall += SECOND;
    assert_eq!((list(&mut world, &first), list(&mut world, &second)), (401, 200));
    world.control("POST", "clock", &json!({"advanceSeconds": 59}));
    assert_eq!(list(&mut world, &second), 401, "the simulated time decides");
}

#[test]
fn pod_identity_has_a_life_of_its_own() {
    let mut world = world();
    world.control("PUT", "pod-identity", &json!({"lifeSeconds": 60}));
    let reply = pod_credential(&mut world, "POD-TOKEN-EXAMPLE");
    assert_eq!(
        parse(&reply)["credentials"]["expiration"],
        "2023-11-14T22:14:20.000000Z"
    );
    let (pod, metadata) = (from_pod_identity(&mut world), from_metadata(&mut world));
    world.wall += MINUTE;
    assert_eq!((list(&mut world, &pod), list(&mut world, &metadata)), (401, 200));
}

#[test]
fn the_key_needs_a_session_that_holds() {
    let mut world = world();
    assert_eq!(world.send(&unsigned("GET", SECURITY_KEY, None)).status, 401);
    let reply = security_key(&mut world, "made-up");
    assert_eq!(reply.status, 401);
    assert!(!agency_is_missing(&reply), "only a new session is needed");
    let reply = open_session(&mut world, Some("60"));
    let session = String::from_utf8(reply.body).expect("text");
    world.wall += MINUTE - 1;
    assert_eq!(security_key(&mut world, &session).status, 200);
    world.wall += 1;
    assert_eq!(security_key(&mut world, &session).status, 401);
}

#[test]
fn a_session_needs_a_life_of_at_most_six_hours() {
    let cases = [
        (Some("21600"), 200),
        (Some("1"), 200),
        (Some("21601"), 400),
        (Some("0"), 400),
        (Some("soon"), 400),
        (None, 400),
    ];
    for (ttl, status) in cases {
        assert_eq!(open_session(&mut world(), ttl).status, status, "{ttl:?}");
    }
}

fn agency_is_missing(reply: &Reply) -> bool {
    String::from_utf8_lossy(&reply.body).contains("Please configure Cloud Service Agency first")
}

#[test]
fn without_an_agency_metadata_is_401_with_the_text_that_says_so() {
    let mut world = world();
    world.control("PUT", "metadata", &json!({"mode": "noAgency"}));
    let session = session(&mut world);
    let reply = security_key(&mut world, &session);
    assert!(reply.status == 401 && agency_is_missing(&reply));
    world.control("PUT", "metadata", &json!({"mode": "working"}));
    assert_eq!(security_key(&mut world, &session).status, 200, "bound while it runs");
}

#[test]
fn an_old_metadata_service_has_no_sessions_and_asks_for_none() {
    let mut world = world();
    world.control("PUT", "metadata", &json!({"mode": "oldStyle"}));
    assert_eq!(open_session(&mut world, Some("21600")).status, 404);
    let reply = world.send(&unsigned("GET", SECURITY_KEY, None));
    assert_eq!(reply.status, 200);
    let key = temporary(&parse(&reply)["credential"], ["access", "secret", "securitytoken"]);
    assert_eq!(list(&mut world, &key), 200);
}

#[test]
fn failing_services_are_500_and_spoil_no_key() {
    let mut world = world();
    let (metadata, pod) = (from_metadata(&mut world), from_pod_identity(&mut world));
    for service in ["metadata", "pod-identity"] {
        world.control("PUT", service, &json!({"mode": "failing"}));
    }
    assert_eq!(open_session(&mut world, Some("21600")).status, 500);
    assert_eq!(security_key(&mut world, "any").status, 500);
    assert_eq!(pod_credential(&mut world, "POD-TOKEN-EXAMPLE").status, 500);
    assert_eq!((list(&mut world, &metadata), list(&mut world, &pod)), (200, 200));
}

#[test]
fn pod_identity_takes_the_token_of_the_file_and_no_other() {
    let mut world = world();
    for wrong in ["another", "Bearer POD-TOKEN-EXAMPLE", ""] {
        assert_eq!(pod_credential(&mut world, wrong).status, 401, "{wrong:?}");
    }
    assert_eq!(world.send(&unsigned("POST", POD, Some(&json!({})))).status, 401);
    let listed = unsigned("POST", POD, Some(&json!([])));
    let listed = with(listed, "Authorization", "POD-TOKEN-EXAMPLE");
    assert_eq!(world.send(&listed).status, 400, "the body is an object");
    world.control("PUT", "pod-identity", &json!({"token": "rotated"}));
    assert_eq!(pod_credential(&mut world, "POD-TOKEN-EXAMPLE").status, 401);
    assert_eq!(pod_credential(&mut world, "rotated").status, 200);
}

#[test]
fn pod_identity_without_an_agency_is_403() {
    let mut world = world();
    world.control("PUT", "pod-identity", &json!({"mode": "noAgency"}));
    assert_eq!(pod_credential(&mut world, "POD-TOKEN-EXAMPLE").status, 403);
}

#[test]
fn an_agencys_actions_hold_for_keys_that_it_handed_out_before() {
    let mut world = world();
    let (metadata, pod) = (from_metadata(&mut world), from_pod_identity(&mut world));
    world.control("PUT", "metadata", &json!({"actions": ["modelarts:pool:get"]}));
    let reply = list_with(&mut world, &metadata, Some(&metadata.2));
    assert_eq!((reply.status, code(&reply).as_str()), (403, "ModelArts.0108"));
    assert_eq!(list(&mut world, &pod), 200, "another agency");
    world.control("PUT", "metadata", &json!({"actions": ["modelarts:pool:list"]}));
    assert_eq!(list(&mut world, &metadata), 200);
}

#[test]
fn a_handed_out_key_can_be_revoked_and_reaches_the_project_of_its_agency() {
    let mut world = world();
    let key = from_metadata(&mut world);
    world.control("DELETE", &format!("keys/{}", key.0), &json!({}));
    assert_eq!(list(&mut world, &key), 401);
    world.control("PUT", "metadata", &json!({"project": "other"}));
    let key = from_metadata(&mut world);
    assert_eq!(list(&mut world, &key), 403, "not the first project any more");
    let request = signed(&key.0, &key.1, world.wall, "GET", "/v2/other/pools", None);
    assert_eq!(world.send(&with(request, "X-Security-Token", &key.2)).status, 200);
}

#[test]
fn settings_are_shown_and_what_a_service_does_not_have_is_refused() {
    let mut world = world();
    let shown = world.control("GET", "metadata", &json!({}));
    let expected = json!({"mode": "working", "lifeSeconds": 3600, "project": null,
        "actions": ["*"], "standing": "active"});
    assert_eq!(shown, expected);
    let changed = world.control(
        "PUT",
        "pod-identity",
        &json!({"project": PROJECT, "standing": "arrears"}),
    );
    let expected = json!({"mode": "working", "lifeSeconds": 3600, "project": PROJECT,
        "actions": ["*"], "standing": "arrears", "token": "POD-TOKEN-EXAMPLE"});
    assert_eq!(changed, expected);
    let cases = [
        ("metadata", json!({"token": "x"})),
        ("pod-identity", json!({"mode": "oldStyle"})),
        ("metadata", json!({"mode": "gone"})),
        ("metadata", json!({"life": 1})),
        ("pod-identity", json!({"actions": ["x"]})),
    ];
    for (service, body) in cases {
        let request = unsigned("PUT", &format!("/_sim/{service}"), Some(&body));
        assert_eq!(world.send(&request).status, 400, "{body}");
    }
}

#[test]
fn faults_strike_these_services_too_and_calls_are_counted() {
    let mut world = world();
    world.fault(json!({"operation": "ShowSecurityKey", "fault": "html503", "count": 1}));
    let session = session(&mut world);
    assert_eq!(security_key(&mut world, &session).status, 503);
    assert_eq!(security_key(&mut world, &session).status, 200);
    pod_credential(&mut world, "wrong");
    let counts = world.control("GET", "requests", &json!({}));
    let expected = json!({
        "CreateMetadataToken": {"count": 1, "rejected": 0, "faults": 0},
        "ShowSecurityKey": {"count": 2, "rejected": 1, "faults": 1},
        "CreatePodCredential": {"count": 1, "rejected": 1, "faults": 0},
    });
    assert_eq!(counts, expected);
    assert_eq!(world.control("GET", "callers", &json!({})), json!({}));
}
