//! The life of a pool from Creating to gone, and what happens to it from outside.

use modelarts_sim::{Cloud, Profile};
use serde_json::{Value, json};

use crate::{PROJECT, START, body, count, id, new_cloud, refused, running, show};

fn gone(cloud: &mut Cloud, now: u64) -> bool {
    match cloud.show_pool(PROJECT, &id("pool-001"), now) {
        Ok(_) => false,
        Err(refusal) => {
            assert_eq!((refusal.status, refusal.code.as_str()), (404, "ModelArts.50015001"));
            true
        }
    }
}

#[test]
fn a_pool_runs_after_its_time_with_scopes_and_drivers() {
    let mut cloud = new_cloud();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    let pool = show(&mut cloud, "pool-001", START + 1_999);
    assert_eq!(pool["status"]["phase"], "Creating");
    assert_eq!(
        pool["status"]["scope"],
        json!([{"scopeType": "Train", "state": "Enabling"}])
    );
    assert_eq!(pool["status"]["driver"]["gpu"]["state"], "Creating");
    assert_eq!(count(&pool, "creating"), 2);
    let pool = show(&mut cloud, "pool-001", START + 2_000);
    assert_eq!(pool["status"]["phase"], "Running");
    assert_eq!(
        pool["status"]["scope"],
        json!([{"scopeType": "Train", "state": "Enabled"}])
    );
    assert_eq!(
        pool["status"]["driver"]["gpu"],
        json!({"version": "440.31", "state": "Running"})
    );
    assert_eq!((count(&pool, "creating"), count(&pool, "available")), (0, 2));
    assert!(
        pool["status"]["resources"]["available"].is_array(),
        "a list, not an object"
    );
    assert_eq!(
        pool["spec"]["resources"][0]["nodePool"],
        "modelarts.vm.gpu.tnt004-default"
    );
}

#[test]
fn a_deletion_takes_its_time_and_may_be_repeated() {
    let (mut cloud, now) = running("pool-001");
    let answer = cloud.delete_pool(PROJECT, &id("pool-001"), now).expect("accepted");
    assert!(answer.metadata.deletion_timestamp.is_some());
    let pool = show(&mut cloud, "pool-001", now + 1_999);
    assert_eq!(pool["status"]["phase"], "Deleting");
    assert_eq!(count(&pool, "deleting"), 2);
    assert_eq!(pool["status"]["scope"][0]["state"], "Disabling");
    cloud
        .delete_pool(PROJECT, &id("pool-001"), now + 1_999)
        .expect("a repeat is accepted");
    assert!(
        gone(&mut cloud, now + 2_000),
        "the repeat does not start the time again"
    );
    refused(
        cloud.delete_pool(PROJECT, &id("pool-001"), now + 2_000),
        "there is nothing to delete",
    );
}

#[test]
fn a_deletion_while_creating_wins_over_the_creation() {
    let mut cloud = new_cloud();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    cloud
        .delete_pool(PROJECT, &id("pool-001"), START + 1_000)
        .expect("accepted");
    let pool = show(&mut cloud, "pool-001", START + 2_500);
    assert_eq!(
        pool["status"]["phase"], "Deleting",
        "not Running, although its time had come"
    );
    assert!(gone(&mut cloud, START + 3_000));
}

#[test]
fn what_was_planned_for_a_pool_does_not_befall_its_successor() {
    let profile = Profile {
        create_seconds: 100,
        delete_seconds: 10,
        ..Profile::default()
    };
    let mut cloud = Cloud::new(profile, 7);
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("the first");
    cloud
        .delete_out_of_band(&id("pool-001"), "r", START + 50_000)
        .expect("gone at once");
    cloud
        .create_pool(PROJECT, &body("pool-001"), START + 60_000)
        .expect("the second");
    let pool = show(&mut cloud, "pool-001", START + 100_000);
    assert_eq!(
        pool["status"]["phase"], "Creating",
        "the readiness of the first is not its own"
    );
    let pool = show(&mut cloud, "pool-001", START + 160_000);
    assert_eq!(pool["status"]["phase"], "Running");
}

#[test]
fn a_successor_has_another_resource_and_time() {
    let (mut cloud, now) = running("pool-001");
    let first = show(&mut cloud, "pool-001", now);
    cloud
        .delete_out_of_band(&id("pool-001"), "r", now)
        .expect("gone at once");
    assert!(gone(&mut cloud, now));
    cloud
        .create_pool(PROJECT, &body("pool-001"), now + 1_000)
        .expect("the second");
    let second = show(&mut cloud, "pool-001", now + 1_000);
    assert_eq!(first["metadata"]["name"], second["metadata"]["name"]);
    for path in [
        "/metadata/creationTimestamp",
        "/metadata/labels/os.modelarts~1resource.id",
    ] {
        assert_ne!(first.pointer(path), second.pointer(path), "{path}");
    }
}

#[test]
fn forced_phases_bring_what_belongs_to_them() {
    type Check = fn(&Value) -> bool;
    let cases: [(&str, &str, Check); 6] = [
        ("Abnormal", "one node is broken", |p| {
            count(p, "abnormal") == 1 && count(p, "available") == 1
        }),
        ("CreationFailed", "nothing came to be", |p| {
            p["status"]["resources"] == json!({})
        }),
        ("Error", "scopes are off", |p| {
            p["status"]["scope"][0]["state"] == "Disabled"
        }),
        ("Running", "all is well", |p| count(p, "available") == 2),
        ("Reticulating", "a phase nobody knows", |p| count(p, "available") == 2),
        ("", "no phase at all", |p| p["status"].get("phase").is_none()),
    ];
    for (phase, why, check) in cases {
        let (mut cloud, now) = running("pool-001");
        cloud.set_phase(&id("pool-001"), phase, "because", now).expect("forced");
        let pool = show(&mut cloud, "pool-001", now);
        if !phase.is_empty() {
            assert_eq!(pool["status"]["phase"], phase);
            assert_eq!(pool["status"]["message"], "because");
        }
        assert!(check(&pool), "{why}: {pool}");
    }
}

#[test]
fn a_pool_recovers_from_abnormal() {
    let (mut cloud, now) = running("pool-001");
    cloud
        .set_phase(&id("pool-001"), "Abnormal", "node lost", now)
        .expect("forced");
    cloud.set_phase(&id("pool-001"), "Running", "", now).expect("forced");
    assert_eq!(count(&show(&mut cloud, "pool-001", now), "available"), 2);
}

#[test]
fn a_failed_resize_keeps_the_nodes_that_came() {
    let (mut cloud, now) = running("pool-001");
    let more = json!({"spec": {"resources": [{"flavor": crate::GPU, "count": 5}]}});
    cloud.patch_pool(PROJECT, &id("pool-001"), &more, now).expect("growing");
    cloud
        .set_phase(&id("pool-001"), "ScalingFailed", "no capacity", now)
        .expect("forced");
    let pool = show(&mut cloud, "pool-001", now + 10_000);
    assert_eq!((count(&pool, "available"), count(&pool, "creationFailed")), (2, 3));
    assert_eq!(pool["spec"]["resources"][0]["count"], 2);
}

#[test]
fn out_of_band_deeds_follow_no_rules_and_are_in_the_ledger() {
    let mut cloud = new_cloud();
    cloud
        .create_out_of_band(PROJECT, &body("stranger"), "r1", START)
        .expect("created");
    let patch = json!({"metadata": {"annotations": {"os.modelarts/description": "a<b"},
        "labels": {"os.modelarts/name": "renamed"}}});
    cloud
        .patch_out_of_band(&id("stranger"), &patch, "r2", START)
        .expect("patched");
    let pool = show(&mut cloud, "stranger", START);
    assert_eq!(pool["metadata"]["annotations"]["os.modelarts/description"], "a<b");
    assert_eq!(pool["metadata"]["labels"]["os.modelarts/name"], "renamed");
    cloud.delete_out_of_band(&id("stranger"), "r3", START).expect("deleted");
    let operations: Vec<_> = cloud
        .ledger(START)
        .iter()
        .map(|entry| (entry.sequence, entry.operation.clone(), entry.request_id.clone()))
        .collect();
    let expected = [
        (1, "OutOfBandCreate", "r1"),
        (2, "OutOfBandPatch", "r2"),
        (3, "OutOfBandDelete", "r3"),
    ];
    let expected: Vec<_> = expected.map(|(n, o, r)| (n, o.to_owned(), r.to_owned())).into();
    assert_eq!(operations, expected);
}

#[test]
fn out_of_band_deeds_on_an_absent_pool_are_refused() {
    let mut cloud = new_cloud();
    let absent = (404, "ModelArts.50015001".to_owned());
    assert_eq!(refused(cloud.delete_out_of_band("none", "r", START), "delete"), absent);
    assert_eq!(
        refused(cloud.patch_out_of_band("none", &json!({}), "r", START), "patch"),
        absent
    );
    assert_eq!(refused(cloud.set_phase("none", "Error", "", START), "phase"), absent);
    assert_eq!(refused(cloud.pay("none", START), "pay"), absent);
}
