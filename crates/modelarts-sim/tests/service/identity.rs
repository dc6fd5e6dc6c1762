//! Tokens, projects and the account.

use modelarts_sim::message::Reply;
use serde_json::{Value, json};

use crate::{PROJECT, SECOND, World, code, header, parse, pools, unsigned, world};

pub fn log_in(world: &mut World, password: &str, scope: &Value) -> Reply {
    let user = json!({"name": "operator", "password": password, "domain": {"name": "example_domain"}});
    let identity = json!({"methods": ["password"], "password": {"user": user}});
    let body = json!({"auth": {"identity": identity, "scope": scope}});
    world.send(&unsigned("POST", "/v3/auth/tokens?nocatalog=true", Some(&body)))
}

pub fn list_with(world: &mut World, token: &str) -> Reply {
    let mut request = unsigned("GET", &pools(), None);
    request
        .headers
        .push(("X-Auth-Token".to_owned(), token.as_bytes().to_vec()));
    world.send(&request)
}

#[test]
fn a_token_is_in_a_header_and_lives_a_day() {
    let mut world = world();
    let reply = log_in(&mut world, "example", &json!({"project": {"name": "cn-north-4"}}));
    assert_eq!(reply.status, 201);
    let body = parse(&reply);
    assert_eq!(body["token"]["project"]["id"], PROJECT);
    assert_eq!(body["token"]["expires_at"], "2023-11-15T22:13:20.000000Z");
    let token = header(&reply, "X-Subject-Token").expect("a token").to_owned();
    assert_eq!(list_with(&mut world, &token).status, 200);
    world.wall += 86_400 * SECOND - 1;
    assert_eq!(list_with(&mut world, &token).status, 200);
    world.wall += 1;
    let late = list_with(&mut world, &token);
    assert_eq!((late.status, code(&late).as_str()), (401, "APIGW.0301"));
}

#[test]
fn a_made_up_token_is_refused_by_the_service() {
    let reply = list_with(&mut world(), "MIIE");
    assert_eq!((reply.status, code(&reply).as_str()), (401, "ModelArts.50001000"));
}

#[test]
fn a_token_is_good_for_its_project_alone() {
    let mut world = world();
    for scope in [
        json!({"project": {"id": "other"}}),
        json!({"domain": {"name": "example_domain"}}),
    ] {
        let reply = log_in(&mut world, "example", &scope);
        let token = header(&reply, "X-Subject-Token").expect("a token").to_owned();
        assert_eq!(list_with(&mut world, &token).status, 403, "{scope}");
    }
}

#[test]
fn a_wrong_login_is_refused_in_the_words_of_iam() {
    let mut world = world();
    let reply = log_in(&mut world, "wrong", &json!({"project": {"id": PROJECT}}));
    assert_eq!((reply.status, &parse(&reply)["error"]["code"]), (401, &json!(401)));
    assert!(header(&reply, "X-Subject-Token").is_none());
    let reply = log_in(&mut world, "example", &json!({"project": {"id": "none"}}));
    assert_eq!(reply.status, 400);
    let reply = world.send(&unsigned("POST", "/v3/auth/tokens", Some(&json!({}))));
    assert_eq!(reply.status, 400);
}

#[test]
fn a_caller_finds_exactly_one_project_by_the_region() {
    let mut world = world();
    let found = parse(&world.call("GET", "/v3/projects?name=cn-north-4", None));
    let projects = found["projects"].as_array().expect("projects");
    assert_eq!(projects.len(), 1);
    assert_eq!(projects[0]["id"], PROJECT);
    assert_eq!(
        parse(&world.call("GET", "/v3/projects?name=elsewhere", None))["projects"],
        json!([])
    );
    let all = parse(&world.call("GET", "/v3/auth/projects", None));
    assert_eq!(
        all["projects"].as_array().map(Vec::len),
        Some(1),
        "not those of other keys"
    );
}

#[test]
fn the_account_can_be_asked_for() {
    let mut world = world();
    let domains = parse(&world.call("GET", "/v3/auth/domains", None));
    assert_eq!(domains["domains"][0]["name"], "example_domain");
}
