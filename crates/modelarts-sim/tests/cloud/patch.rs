//! PatchPool: what is a change, what is refused, what happens then.

use modelarts_sim::{Cloud, Profile};
use serde_json::{Value, json};

use crate::{CPU, GPU, PROJECT, START, body, count, id, new_cloud, refused, running, show};

const TEAM_A: &str = "6d2d9bd5d6c84dc4a1b3c0d9e8f70001";

fn patch(cloud: &mut Cloud, patch: &Value, now: u64) -> Value {
    let pool = cloud
        .patch_pool(PROJECT, &id("pool-001"), patch, now)
        .expect("accepted");
    serde_json::to_value(pool).expect("JSON")
}

fn resources(list: Value) -> Value {
    json!({"spec": {"resources": list}})
}

fn description(text: Value) -> Value {
    json!({"metadata": {"annotations": {"os.modelarts/description": text}}})
}

#[test]
fn what_a_running_pool_does_not_allow_is_refused_and_changes_nothing() {
    let mixed = json!([{"flavor": GPU, "count": 1}, {"flavor": CPU, "count": 1}]);
    let cases: &[(&str, Value)] = &[
        (
            "the name is fixed",
            json!({"metadata": {"labels": {"os.modelarts/name": "other"}}}),
        ),
        (
            "the name cannot be removed",
            json!({"metadata": {"labels": {"os.modelarts/name": null}}}),
        ),
        (
            "the prefix is fixed",
            json!({"metadata": {"labels": {"os.modelarts/node.prefix": "x"}}}),
        ),
        ("the type is fixed", json!({"spec": {"type": "Logical"}})),
        ("the network is fixed", json!({"spec": {"network": {"name": "other"}}})),
        (
            "clusters are fixed",
            json!({"spec": {"clusters": [{"providerId": "x"}]}}),
        ),
        ("up and down at once", resources(mixed)),
        ("no entry left", resources(json!([]))),
        ("a count of zero", resources(json!([{"flavor": GPU, "count": 0}]))),
        (
            "an unknown flavor",
            resources(json!([{"flavor": "no.such", "count": 1}])),
        ),
        (
            "growth of what is sold out",
            resources(json!([{"flavor": GPU, "count": 2}, {"flavor": "modelarts.bm.gpu.8a100", "count": 1}])),
        ),
        (
            "billing without growth",
            json!({"metadata": {"annotations": {"os.modelarts/billing.mode": "1"}}}),
        ),
        ("no scope left", json!({"spec": {"scope": []}})),
        ("an unknown scope", json!({"spec": {"scope": ["Sleep"]}})),
        (
            "a driver without nodes for it",
            json!({"spec": {"driver": {"npuVersion": "C78"}}}),
        ),
        ("a forbidden character", description(json!("a=b"))),
        ("a long description", description(json!("x".repeat(101)))),
        ("a description that is no text", description(json!(1))),
        (
            "the workspace with something else",
            json!({"metadata": {"labels": {"os.modelarts/workspace.id": TEAM_A},
                "annotations": {"os.modelarts/description": "moved"}}}),
        ),
    ];
    for (why, change) in cases {
        let (mut cloud, now) = running("pool-001");
        let before = show(&mut cloud, "pool-001", now);
        let refusal = refused(cloud.patch_pool(PROJECT, &id("pool-001"), change, now), why);
        assert_eq!(refusal, (400, "ModelArts.50004000".to_owned()), "{why}");
        assert_eq!(show(&mut cloud, "pool-001", now + 60_000), before, "{why}");
        assert_eq!(cloud.ledger(now).len(), 1, "{why}");
    }
}

#[test]
fn an_unknown_workspace_has_its_own_code() {
    let (mut cloud, now) = running("pool-001");
    for (workspace, code) in [
        ("f", "ModelArts.7005"),
        ("6d2d9bd5d6c84dc4a1b3c0d9e8f70002", "ModelArts.7004"),
    ] {
        let change = json!({"metadata": {"labels": {"os.modelarts/workspace.id": workspace}}});
        let refusal = refused(cloud.patch_pool(PROJECT, &id("pool-001"), &change, now), workspace);
        assert_eq!(refusal, (400, code.to_owned()));
    }
}

#[test]
fn an_absent_pool_cannot_be_patched() {
    let refusal = refused(new_cloud().patch_pool(PROJECT, "none", &json!({}), START), "absent");
    assert_eq!(refusal, (404, "ModelArts.50015001".to_owned()));
}

#[test]
fn only_real_changes_need_a_running_pool() {
    let real: &[(&str, Value)] = &[
        ("resources", resources(json!([{"flavor": GPU, "count": 3}]))),
        ("scope", json!({"spec": {"scope": ["Infer"]}})),
        ("driver", json!({"spec": {"driver": {"gpuVersion": "440.33"}}})),
    ];
    let repeats: &[(&str, Value)] = &[
        ("the same resources", resources(json!([{"flavor": GPU, "count": 2}]))),
        (
            "the same resources as read, with empty members",
            resources(
                json!([{"flavor": GPU, "count": 2, "maxCount": 2, "nodePool": format!("{GPU}-default"),
                "labels": {}, "creatingStep": null}]),
            ),
        ),
        ("the same scope", json!({"spec": {"scope": ["Train"]}})),
        ("the same driver", json!({"spec": {"driver": {"gpuVersion": "440.31"}}})),
        ("absent clusters", json!({"spec": {"clusters": null}})),
        ("a description", description(json!("still creating"))),
    ];
    let mut cloud = new_cloud();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    for (why, change) in real {
        refused(cloud.patch_pool(PROJECT, &id("pool-001"), change, START), why);
    }
    let order = show(&mut cloud, "pool-001", START)["metadata"]["labels"]["os.modelarts/order.name"].clone();
    for (why, change) in repeats {
        let pool = patch(&mut cloud, change, START);
        assert_eq!(
            pool["metadata"]["labels"]["os.modelarts/order.name"], order,
            "{why} makes no order"
        );
    }
}

#[test]
fn the_order_of_scopes_and_entries_is_no_change() {
    let mut cloud = new_cloud();
    let mut wanted = body("pool-001");
    wanted["spec"]["scope"] = json!(["Train", "Infer"]);
    wanted["spec"]["resources"] = json!([{"flavor": GPU, "count": 2}, {"flavor": CPU, "count": 1}]);
    cloud.create_pool(PROJECT, &wanted, START).expect("accepted");
    let change = json!({"spec": {"scope": ["Infer", "Train"],
        "resources": [{"flavor": CPU, "count": 1}, {"flavor": GPU, "count": 2}]}});
    patch(&mut cloud, &change, START);
}

#[test]
fn growing_and_shrinking_take_their_time() {
    let (mut cloud, now) = running("pool-001");
    let before = show(&mut cloud, "pool-001", now);
    let pool = patch(&mut cloud, &resources(json!([{"flavor": GPU, "count": 5}])), now);
    assert_eq!(pool["status"]["phase"], "Running");
    assert_eq!((count(&pool, "available"), count(&pool, "creating")), (2, 3));
    assert_ne!(
        pool["metadata"]["labels"]["os.modelarts/order.name"],
        before["metadata"]["labels"]["os.modelarts/order.name"]
    );
    let now = now + 2_000;
    let pool = show(&mut cloud, "pool-001", now);
    assert_eq!((count(&pool, "available"), count(&pool, "creating")), (5, 0));
    let pool = patch(&mut cloud, &resources(json!([{"flavor": GPU, "count": 1}])), now);
    assert_eq!((count(&pool, "available"), count(&pool, "deleting")), (1, 4));
    let pool = show(&mut cloud, "pool-001", now + 2_000);
    assert_eq!((count(&pool, "available"), count(&pool, "deleting")), (1, 0));
}

#[test]
fn count_wins_over_the_max_count_and_zones_that_were_read() {
    let mut cloud = new_cloud();
    let mut wanted = body("pool-001");
    wanted["spec"]["resources"][0]["azs"] = json!([{"az": "cn-north-4b", "count": 2}]);
    cloud.create_pool(PROJECT, &wanted, START).expect("accepted");
    let now = START + 2_000;
    for size in [3_u64, 1] {
        let read = show(&mut cloud, "pool-001", now)["spec"]["resources"][0].clone();
        let mut entry = read;
        entry["count"] = json!(size);
        let pool = patch(&mut cloud, &resources(json!([entry])), now);
        let kept = &pool["spec"]["resources"][0];
        assert_eq!((&kept["count"], &kept["maxCount"]), (&json!(size), &json!(size)));
        assert!(kept.get("azs").is_none(), "zones that do not add up give way");
    }
}

#[test]
fn zones_decide_where_nodes_go() {
    let mut cloud = new_cloud();
    let mut wanted = body("pool-001");
    wanted["spec"]["resources"][0]["azs"] =
        json!([{"az": "cn-north-4b", "count": 1}, {"az": "cn-north-7c", "count": 1}]);
    cloud.create_pool(PROJECT, &wanted, START).expect("accepted");
    let pool = show(&mut cloud, "pool-001", START);
    let zones = &pool["status"]["resources"]["creating"][0]["azs"];
    assert_eq!(
        *zones,
        json!([{"az": "cn-north-4b", "count": 1}, {"az": "cn-north-7c", "count": 1}])
    );
}

#[test]
fn an_entry_can_be_added_and_another_time_removed() {
    let (mut cloud, now) = running("pool-001");
    let two = json!([{"flavor": GPU, "count": 2}, {"flavor": CPU, "count": 3}]);
    assert_eq!(count(&patch(&mut cloud, &resources(two), now), "creating"), 3);
    let now = now + 2_000;
    let pool = patch(&mut cloud, &resources(json!([{"flavor": GPU, "count": 2}])), now);
    assert_eq!(count(&pool, "deleting"), 3);
    let pool = show(&mut cloud, "pool-001", now + 2_000);
    assert_eq!(pool["spec"]["resources"].as_array().map(Vec::len), Some(1));
    assert_eq!(count(&pool, "available"), 2);
}

#[test]
fn an_entry_sent_without_its_members_loses_them() {
    let mut cloud = new_cloud();
    let mut wanted = body("pool-001");
    wanted["spec"]["resources"][0]["extendParams"] = json!({"dockerBaseSize": "80"});
    cloud.create_pool(PROJECT, &wanted, START).expect("accepted");
    let now = START + 2_000;
    let pool = patch(&mut cloud, &resources(json!([{"flavor": GPU, "count": 2}])), now);
    assert!(pool["spec"]["resources"][0].get("extendParams").is_none());
}

#[test]
fn scopes_come_and_go_with_time() {
    let (mut cloud, now) = running("pool-001");
    let pool = patch(&mut cloud, &json!({"spec": {"scope": ["Infer", "Notebook"]}}), now);
    let expected = json!([
        {"scopeType": "Train", "state": "Disabling"},
        {"scopeType": "Infer", "state": "Enabling"},
        {"scopeType": "Notebook", "state": "Enabling"},
    ]);
    assert_eq!(pool["status"]["scope"], expected);
    assert_eq!(pool["spec"]["scope"], json!(["Infer", "Notebook"]));
    let pool = show(&mut cloud, "pool-001", now + 2_000);
    let states: Vec<_> = pool["status"]["scope"].as_array().into_iter().flatten().collect();
    assert!(
        states.iter().all(|scope| scope["state"] == "Enabled") && states.len() == 2,
        "{states:?}"
    );
}

#[test]
fn a_description_can_be_set_and_emptied() {
    let (mut cloud, now) = running("pool-001");
    let key = "os.modelarts/description";
    let pool = patch(&mut cloud, &description(json!("text [mapool:1@2]")), now);
    assert_eq!(pool["metadata"]["annotations"][key], "text [mapool:1@2]");
    for empty in [json!(""), json!(null)] {
        patch(&mut cloud, &description(json!("again")), now);
        let pool = patch(&mut cloud, &description(empty.clone()), now);
        assert!(pool["metadata"]["annotations"].get(key).is_none(), "{empty}");
    }
}

#[test]
fn a_move_changes_the_workspace_and_makes_an_order() {
    let (mut cloud, now) = running("pool-001");
    let before = show(&mut cloud, "pool-001", now);
    let change = json!({"metadata": {"labels": {"os.modelarts/workspace.id": TEAM_A}}});
    let pool = patch(&mut cloud, &change, now);
    assert_eq!(pool["metadata"]["labels"]["os.modelarts/workspace.id"], TEAM_A);
    assert_ne!(
        pool["metadata"]["labels"]["os.modelarts/order.name"],
        before["metadata"]["labels"]["os.modelarts/order.name"]
    );
    let repeat = json!({"metadata": {"labels": {"os.modelarts/workspace.id": TEAM_A},
        "annotations": {"os.modelarts/description": "moved"}}});
    patch(&mut cloud, &repeat, now);
}

#[test]
fn immutable_fields_can_be_ignored_instead() {
    let profile = Profile {
        ignore_immutable: true,
        ..Profile::default()
    };
    let mut cloud = Cloud::new(profile, 7);
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    let change = json!({"metadata": {"labels": {"os.modelarts/name": "other"}}, "spec": {"type": "Logical"}});
    let pool = patch(&mut cloud, &change, START);
    assert_eq!(pool["metadata"]["labels"]["os.modelarts/name"], "pool-001");
    assert_eq!(pool["spec"]["type"], "Dedicate");
}

#[test]
fn a_description_alone_changes_nothing_else_and_an_empty_order_id_is_no_change() {
    let (mut cloud, now) = running("pool-001");
    let before = show(&mut cloud, "pool-001", now);
    let change = json!({"metadata": {"annotations": {
        "os.modelarts/description": "new", "os.modelarts/order.id": ""}}});
    let mut after = patch(&mut cloud, &change, now);
    assert_eq!(after["metadata"]["annotations"]["os.modelarts/description"], "new");
    let annotations = after["metadata"]["annotations"].as_object_mut().expect("annotations");
    annotations.remove("os.modelarts/description");
    assert_eq!(after, before, "no order, no node, no other annotation");
    let grow = json!({
        "metadata": {"annotations": {"os.modelarts/order.id": ""}},
        "spec": {"resources": [{"flavor": GPU, "count": 3}]},
    });
    let pool = patch(&mut cloud, &grow, now);
    assert_eq!(count(&pool, "creating"), 1);
    assert!(pool["metadata"]["annotations"].get("os.modelarts/order.id").is_none());
}
