//! Orders: what they say while they are carried out, when all, some or none of it came.

use modelarts_sim::{Cloud, FailedScale, Mishap, MishapKind, Profile};
use serde_json::{Value, json};

use crate::{CPU, GPU, PROJECT, START, body, count, id, new_cloud, running, show};

const ORDER_NAME: &str = "os.modelarts/order.name";

fn short_of(nodes: u64) -> Mishap {
    Mishap {
        nodes,
        ..Mishap::once(MishapKind::FewerNodes)
    }
}

fn grow(cloud: &mut Cloud, to: u64, now: u64) -> Value {
    let patch = json!({"spec": {"resources": [{"flavor": GPU, "count": to}]}});
    let pool = cloud
        .patch_pool(PROJECT, &id("pool-001"), &patch, now)
        .expect("accepted");
    serde_json::to_value(pool).expect("JSON")
}

/// The latest order of the pool.
fn order(cloud: &mut Cloud, now: u64) -> Value {
    let list = cloud.pool_orders(PROJECT, &id("pool-001"), now).expect("a list");
    serde_json::to_value(list).expect("JSON")["items"][0].clone()
}

/// Action and status of each part of the latest order.
fn items(cloud: &mut Cloud, now: u64) -> Vec<(String, String)> {
    let name = order(cloud, now)["orderName"].as_str().expect("a name").to_owned();
    let items = cloud.show_order_items(PROJECT, &name, now).expect("its parts").items;
    let both = |item: modelarts_types::order::OrderItem| Some((item.action?, item.status?));
    items.expect("a list").into_iter().filter_map(both).collect()
}

fn pair(action: &str, status: &str) -> (String, String) {
    (action.to_owned(), status.to_owned())
}

/// A Running pool of two nodes under this policy, which is then to get two of three more.
fn short_cloud(policy: FailedScale, come: u64) -> (Cloud, u64) {
    let (mut cloud, now) = running("pool-001");
    cloud.set_profile(Profile {
        failed_scale: policy,
        ..Profile::default()
    });
    show(&mut cloud, "pool-001", now);
    cloud.plan_mishap(short_of(come));
    grow(&mut cloud, 5, now);
    (cloud, now + 2_000)
}

#[test]
fn a_create_and_a_resize_each_have_an_order_from_processing_to_done() {
    let mut cloud = new_cloud();
    let pool = cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    let label = pool.metadata.labels.get(ORDER_NAME).expect("a label").to_owned();
    let seen = order(&mut cloud, START);
    assert_eq!(seen["orderName"], label.as_str());
    assert_eq!(
        (&seen["phase"], &seen["operation"]),
        (&json!("processing"), &json!("apply"))
    );
    assert_eq!(seen["initCount"], json!([]));
    assert_eq!(seen["specCount"], json!([{"flavor": GPU, "count": 2}]));
    let now = START + 2_000;
    assert_eq!(order(&mut cloud, now)["phase"], "successed");
    assert_eq!(
        items(&mut cloud, now),
        [
            pair("createPool", "succeed"),
            pair("createNode", "succeed"),
            pair("createNode", "succeed")
        ]
    );
    grow(&mut cloud, 1, now);
    let seen = order(&mut cloud, now);
    assert_eq!(
        (&seen["phase"], &seen["operation"]),
        (&json!("processing"), &json!("modify"))
    );
    assert_eq!(seen["initCount"], json!([{"flavor": GPU, "count": 2}]));
    assert_eq!(seen["specCount"], json!([{"flavor": GPU, "count": 1}]));
    assert_eq!(items(&mut cloud, now + 2_000), [pair("deleteNode", "succeed")]);
    assert_eq!(order(&mut cloud, now + 2_000)["phase"], "successed");
}

#[test]
fn a_move_has_an_order_that_is_done_at_once() {
    let (mut cloud, now) = running("pool-001");
    let patch = json!({"metadata": {"labels": {"os.modelarts/workspace.id": "6d2d9bd5d6c84dc4a1b3c0d9e8f70001"}}});
    cloud
        .patch_pool(PROJECT, &id("pool-001"), &patch, now)
        .expect("accepted");
    assert_eq!(order(&mut cloud, now)["phase"], "successed");
}

#[test]
fn a_scale_out_may_get_only_some_nodes() {
    let cases = [
        (FailedScale::ScalingFailed, 4, 1, "the count falls to what is there"),
        (FailedScale::DropsBack, 4, 0, "nothing is left of the others"),
        (FailedScale::CountStays, 5, 1, "the count stays as ordered"),
    ];
    for (policy, size, failed, why) in cases {
        let (mut cloud, now) = short_cloud(policy, 2);
        let pool = show(&mut cloud, "pool-001", now);
        assert_eq!(pool["status"]["phase"], "Running", "{why}");
        assert_eq!(pool["spec"]["resources"][0]["count"], size, "{why}");
        assert_eq!(
            (count(&pool, "available"), count(&pool, "creationFailed")),
            (4, failed),
            "{why}"
        );
        let order = order(&mut cloud, now);
        assert_eq!(order["phase"], "partialSuccessed", "{why}");
        assert_eq!(order["failReason"], "The resources are insufficient.", "{why}");
        assert_eq!(order["resultCount"], json!([{"flavor": GPU, "count": 4}]), "{why}");
        let ends = [
            pair("createNode", "succeed"),
            pair("createNode", "succeed"),
            pair("createNode", "failed"),
        ];
        assert_eq!(items(&mut cloud, now), ends, "{why}");
    }
}

#[test]
fn a_scale_out_may_get_no_node_at_all() {
    let cases = [
        (FailedScale::ScalingFailed, "ScalingFailed", 2, 3),
        (FailedScale::DropsBack, "Running", 2, 0),
        (FailedScale::CountStays, "Running", 5, 3),
    ];
    for (policy, phase, size, failed) in cases {
        let (mut cloud, now) = short_cloud(policy, 0);
        let pool = show(&mut cloud, "pool-001", now);
        assert_eq!(pool["status"]["phase"], phase, "{policy:?}");
        assert_eq!(pool["spec"]["resources"][0]["count"], size, "{policy:?}");
        assert_eq!(
            (count(&pool, "available"), count(&pool, "creationFailed")),
            (2, failed),
            "{policy:?}"
        );
        assert_eq!(order(&mut cloud, now)["phase"], "failed", "{policy:?}");
    }
}

#[test]
fn another_try_after_a_shortfall_gets_all_and_forgets_the_failed() {
    for policy in [FailedScale::ScalingFailed, FailedScale::DropsBack] {
        let (mut cloud, now) = short_cloud(policy, 2);
        grow(&mut cloud, 5, now);
        let pool = show(&mut cloud, "pool-001", now + 2_000);
        assert_eq!(
            (count(&pool, "available"), count(&pool, "creationFailed")),
            (5, 0),
            "{policy:?}"
        );
    }
}

#[test]
fn where_the_count_stays_the_missing_nodes_go_first() {
    let (mut cloud, now) = short_cloud(FailedScale::CountStays, 2);
    let pool = grow(&mut cloud, 4, now);
    assert_eq!(
        (
            count(&pool, "available"),
            count(&pool, "deleting"),
            count(&pool, "creationFailed")
        ),
        (4, 0, 0),
        "no node that works is taken away"
    );
    let pool = grow(&mut cloud, 3, now + 2_000);
    assert_eq!((count(&pool, "available"), count(&pool, "deleting")), (3, 1));
}

#[test]
fn a_creation_may_get_only_some_nodes() {
    let mut cloud = new_cloud();
    cloud.plan_mishap(short_of(1));
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    let now = START + 2_000;
    let pool = show(&mut cloud, "pool-001", now);
    assert_eq!(pool["status"]["phase"], "Running");
    assert_eq!((count(&pool, "available"), count(&pool, "creationFailed")), (1, 1));
    assert_eq!(order(&mut cloud, now)["phase"], "partialSuccessed");
    assert_eq!(pool["status"]["scope"][0]["state"], "Enabled");
}

#[test]
fn a_creation_may_fail_after_it_was_accepted() {
    let no_nodes = short_of(0);
    for mishap in [Mishap::once(MishapKind::CreationFails), no_nodes] {
        let mut cloud = new_cloud();
        cloud.plan_mishap(Mishap {
            message: "no capacity".to_owned(),
            ..mishap
        });
        cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
        let pool = show(&mut cloud, "pool-001", START + 1_999);
        assert_eq!(pool["status"]["phase"], "Creating", "nobody knows yet");
        let now = START + 2_000;
        let pool = show(&mut cloud, "pool-001", now);
        assert_eq!(pool["status"]["phase"], "CreationFailed");
        assert_eq!(pool["status"]["message"], "no capacity");
        let order = order(&mut cloud, now);
        assert_eq!(
            (&order["phase"], &order["failReason"]),
            (&json!("failed"), &json!("no capacity"))
        );
        let listed = |cloud: &mut Cloud, status: &str, now: u64| {
            let query = modelarts_sim::ListQuery {
                status: status.to_owned(),
                ..modelarts_sim::ListQuery::default()
            };
            cloud
                .list_pools(PROJECT, &query, now)
                .expect("a list")
                .items
                .map_or(0, |items| items.len())
        };
        assert_eq!((listed(&mut cloud, "", now), listed(&mut cloud, "failed", now)), (0, 1));
        assert_eq!(
            listed(&mut cloud, "failed", now + 3 * 24 * 3_600_000),
            0,
            "after three days"
        );
    }
}

#[test]
fn a_mishap_befalls_what_it_is_meant_for_as_often_as_it_says() {
    let mut cloud = new_cloud();
    cloud.plan_mishap(Mishap {
        name: Some("pool-002".to_owned()),
        ..Mishap::once(MishapKind::CreationFails)
    });
    for name in ["pool-001", "pool-002", "pool-003"] {
        cloud.create_pool(PROJECT, &body(name), START).expect("accepted");
    }
    let now = START + 2_000;
    let phases =
        ["pool-001", "pool-002", "pool-003"].map(|name| show(&mut cloud, name, now)["status"]["phase"].clone());
    assert_eq!(phases, ["Running", "CreationFailed", "Running"]);
    assert_eq!(cloud.mishaps()[0].count, Some(0));
    cloud.set_mishaps(vec![Mishap::always(MishapKind::CreationFails)]);
    for name in ["pool-004", "pool-005"] {
        cloud.create_pool(PROJECT, &body(name), now).expect("accepted");
        assert_eq!(show(&mut cloud, name, now + 2_000)["status"]["phase"], "CreationFailed");
    }
}

#[test]
fn a_refused_change_uses_up_no_mishap() {
    let (mut cloud, now) = running("pool-001");
    cloud.plan_mishap(short_of(0));
    let both_ways = json!({"spec": {"resources": [{"flavor": GPU, "count": 1}, {"flavor": CPU, "count": 1}]}});
    cloud
        .patch_pool(PROJECT, &id("pool-001"), &both_ways, now)
        .expect_err("up and down");
    assert_eq!(cloud.mishaps()[0].count, Some(1));
}
