//! Scopes and drivers on their way: flips, failures, and changes that overtake each other.

use modelarts_sim::{Cloud, Mishap, MishapKind, Profile};
use serde_json::{Value, json};

use crate::{PROJECT, START, body, id, new_cloud, refused, running, show};

fn state(cloud: &mut Cloud, scope: &str, now: u64) -> Value {
    let pool = show(cloud, "pool-001", now);
    let scopes = pool["status"]["scope"].as_array().expect("scopes").clone();
    let found = scopes.into_iter().find(|item| item["scopeType"] == scope);
    found.map_or(Value::Null, |item| item["state"].clone())
}

fn driver(cloud: &mut Cloud, now: u64) -> (String, String) {
    let gpu = show(cloud, "pool-001", now)["status"]["driver"]["gpu"].clone();
    let text = |key: &str| gpu[key].as_str().expect("a text").to_owned();
    (text("state"), text("version"))
}

fn patch(cloud: &mut Cloud, patch: &Value, now: u64) {
    cloud
        .patch_pool(PROJECT, &id("pool-001"), patch, now)
        .expect("accepted");
}

fn flapping() -> Cloud {
    let profile = Profile {
        flaps: true,
        ..Profile::default()
    };
    Cloud::new(profile, 7)
}

#[test]
fn with_flaps_a_scope_goes_back_once_before_it_stays() {
    let mut cloud = flapping();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    patch_after_rest(&mut cloud);
    let now = START + 100_000;
    let states = [0, 2_000, 4_000, 6_000, 900_000].map(|later| state(&mut cloud, "Infer", now + later));
    assert_eq!(states, ["Enabling", "Enabled", "Enabling", "Enabled", "Enabled"]);
    assert_eq!(state(&mut cloud, "Train", now + 900_000), "Enabled");
}

fn patch_after_rest(cloud: &mut Cloud) {
    patch(cloud, &json!({"spec": {"scope": ["Train", "Infer"]}}), START + 100_000);
}

#[test]
fn what_was_enabled_before_does_not_flap_with_what_is_new() {
    let mut cloud = flapping();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    patch_after_rest(&mut cloud);
    for later in [0, 2_000, 4_000, 6_000] {
        assert_eq!(
            state(&mut cloud, "Train", START + 100_000 + later),
            "Enabled",
            "{later}"
        );
    }
}

#[test]
fn with_flaps_a_new_pool_is_running_before_its_scopes_stay() {
    let mut cloud = flapping();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    let states = [0, 2_000, 4_000, 6_000].map(|later| state(&mut cloud, "Train", START + later));
    assert_eq!(states, ["Enabling", "Enabled", "Enabling", "Enabled"]);
    let mut cloud = flapping();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    let states = [0, 2_000, 4_000, 6_000].map(|later| driver(&mut cloud, START + later).0);
    assert_eq!(states, ["Creating", "Running", "Creating", "Running"]);
    assert_eq!(
        show(&mut cloud, "pool-001", START + 4_000)["status"]["phase"],
        "Running"
    );
}

#[test]
fn with_flaps_a_driver_runs_is_installed_and_runs_again() {
    let mut cloud = flapping();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    let now = START + 100_000;
    patch(&mut cloud, &json!({"spec": {"driver": {"gpuVersion": "470.57"}}}), now);
    let seen = [0, 2_000, 4_000, 6_000].map(|later| driver(&mut cloud, now + later));
    let expected = [
        ("Upgrading", "440.31"),
        ("Running", "470.57"),
        ("Creating", "470.57"),
        ("Running", "470.57"),
    ];
    assert_eq!(
        seen,
        expected.map(|(state, version)| (state.to_owned(), version.to_owned()))
    );
}

#[test]
fn a_change_does_not_settle_with_an_earlier_one() {
    let (mut cloud, now) = running("pool-001");
    patch(&mut cloud, &json!({"spec": {"scope": ["Train", "Infer"]}}), now);
    patch(
        &mut cloud,
        &json!({"spec": {"scope": ["Train", "Notebook"]}}),
        now + 1_500,
    );
    assert_eq!(state(&mut cloud, "Notebook", now + 3_499), "Enabling");
    assert_eq!(state(&mut cloud, "Notebook", now + 3_500), "Enabled");
    patch(
        &mut cloud,
        &json!({"spec": {"driver": {"gpuVersion": "450.1"}}}),
        now + 10_000,
    );
    patch(
        &mut cloud,
        &json!({"spec": {"driver": {"gpuVersion": "460.1"}}}),
        now + 11_500,
    );
    assert_eq!(driver(&mut cloud, now + 13_499).0, "Upgrading");
    assert_eq!(
        driver(&mut cloud, now + 13_500),
        ("Running".to_owned(), "460.1".to_owned())
    );
}

#[test]
fn a_scope_that_cannot_be_enabled_says_why_and_can_be_tried_again() {
    let (mut cloud, now) = running("pool-001");
    cloud.plan_mishap(Mishap {
        scope: Some("Infer".to_owned()),
        message: "no addresses".to_owned(),
        ..Mishap::once(MishapKind::ScopeFails)
    });
    patch(
        &mut cloud,
        &json!({"spec": {"scope": ["Train", "Infer", "Notebook"]}}),
        now,
    );
    let now = now + 2_000;
    let pool = show(&mut cloud, "pool-001", now);
    let expected = json!([
        {"scopeType": "Train", "state": "Enabled"},
        {"scopeType": "Infer", "state": "EnableFailed", "message": "no addresses"},
        {"scopeType": "Notebook", "state": "Enabled"},
    ]);
    assert_eq!(pool["status"]["scope"], expected);
    let refusal = refused(cloud.retry_scope(PROJECT, &id("pool-001"), "Train", now), "not failed");
    assert_eq!(refusal, (400, "ModelArts.50004000".to_owned()));
    cloud
        .retry_scope(PROJECT, &id("pool-001"), "Infer", now)
        .expect("accepted");
    assert_eq!(state(&mut cloud, "Infer", now), "Enabling");
    assert_eq!(state(&mut cloud, "Infer", now + 2_000), "Enabled");
}

#[test]
fn a_mishap_of_a_scope_waits_for_that_scope() {
    let mut cloud = new_cloud();
    cloud.plan_mishap(Mishap {
        scope: Some("Infer".to_owned()),
        ..Mishap::once(MishapKind::ScopeFails)
    });
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    assert_eq!(state(&mut cloud, "Train", START + 2_000), "Enabled");
    patch(
        &mut cloud,
        &json!({"spec": {"scope": ["Train", "Infer"]}}),
        START + 2_000,
    );
    assert_eq!(state(&mut cloud, "Infer", START + 4_000), "EnableFailed");
}
