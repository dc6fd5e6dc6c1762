//! Nodes that break and heal, and what a person does in the console.

use serde_json::{Value, json};

use crate::{GPU, PROJECT, START, body, count, id, new_cloud, refused, running, show};

/// Phase and driver phase of each node.
fn nodes(cloud: &mut modelarts_sim::Cloud, now: u64) -> Vec<(Value, Value)> {
    let list = cloud.pool_nodes(PROJECT, &id("pool-001"), now).expect("a list");
    let list = serde_json::to_value(list).expect("JSON");
    let items = list["items"].as_array().expect("items");
    let both = |node: &Value| {
        (
            node["status"]["phase"].clone(),
            node["status"]["driver"]["phase"].clone(),
        )
    };
    items.iter().map(both).collect()
}

fn text(phase: &str, driver: &str) -> (Value, Value) {
    (json!(phase), json!(driver))
}

#[test]
fn nodes_break_quietly_or_with_the_pool_and_heal() {
    for (phase, shown) in [(None, "Running"), (Some("Abnormal"), "Abnormal")] {
        let (mut cloud, now) = running("pool-001");
        cloud
            .break_nodes(&id("pool-001"), 1, phase, now)
            .expect("there are two");
        let pool = show(&mut cloud, "pool-001", now);
        assert_eq!((count(&pool, "available"), count(&pool, "abnormal")), (1, 1));
        assert_eq!(pool["status"]["phase"], shown);
        assert_eq!(pool["spec"]["resources"][0]["count"], 2);
        let seen = nodes(&mut cloud, now);
        assert!(seen.contains(&text("Abnormal", "Abnormal")), "{seen:?}");
        assert!(seen.contains(&text("Available", "Running")), "{seen:?}");
        cloud.heal_nodes(&id("pool-001"), now).expect("healed");
        let pool = show(&mut cloud, "pool-001", now);
        assert_eq!((count(&pool, "available"), count(&pool, "abnormal")), (2, 0));
        assert_eq!(pool["status"]["phase"], "Running");
        assert_eq!(nodes(&mut cloud, now), vec![text("Available", "Running"); 2]);
    }
}

#[test]
fn more_nodes_than_there_are_cannot_break() {
    let (mut cloud, now) = running("pool-001");
    refused(cloud.break_nodes(&id("pool-001"), 3, None, now), "there are two");
    assert_eq!(count(&show(&mut cloud, "pool-001", now), "abnormal"), 0);
    let absent = (404, "ModelArts.50015001".to_owned());
    assert_eq!(refused(cloud.break_nodes("none", 1, None, now), "no pool"), absent);
    assert_eq!(refused(cloud.heal_nodes("none", now), "no pool"), absent);
}

#[test]
fn healing_makes_no_pool_of_what_is_none_yet() {
    let mut cloud = new_cloud();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    cloud.heal_nodes(&id("pool-001"), START).expect("nothing to heal");
    let pool = show(&mut cloud, "pool-001", START);
    assert_eq!(
        (&pool["status"]["phase"], count(&pool, "creating")),
        (&json!("Creating"), 2)
    );
}

#[test]
fn an_abnormal_node_can_be_deleted_by_name_but_not_the_last() {
    let (mut cloud, now) = running("pool-001");
    cloud.break_nodes(&id("pool-001"), 1, None, now).expect("there are two");
    let list = cloud.pool_nodes(PROJECT, &id("pool-001"), now).expect("a list");
    let list = serde_json::to_value(list).expect("JSON");
    let all: Vec<&str> = list["items"]
        .as_array()
        .expect("items")
        .iter()
        .filter_map(|node| node["metadata"]["name"].as_str())
        .collect();
    refused(
        cloud.delete_pool_nodes(PROJECT, &id("pool-001"), &all, now),
        "one must remain",
    );
    let broken = list["items"].as_array().expect("items").iter();
    let broken = broken.filter(|node| node["status"]["phase"] == "Abnormal");
    let broken: Vec<&str> = broken.filter_map(|node| node["metadata"]["name"].as_str()).collect();
    cloud
        .delete_pool_nodes(PROJECT, &id("pool-001"), &broken, now)
        .expect("accepted");
    let pool = show(&mut cloud, "pool-001", now + 2_000);
    assert_eq!((count(&pool, "available"), count(&pool, "abnormal")), (1, 0));
    assert_eq!(pool["spec"]["resources"][0]["count"], 1);
    let orders = cloud
        .pool_orders(PROJECT, &id("pool-001"), now + 2_000)
        .expect("a list");
    let order = serde_json::to_value(orders).expect("JSON")["items"][0].clone();
    let one = |count: u64| json!([{"flavor": GPU, "count": count}]);
    assert_eq!((&order["initCount"], &order["specCount"]), (&one(2), &one(1)));
}

#[test]
fn a_person_scales_and_deletes_in_the_console_by_the_rules() {
    let (mut cloud, now) = running("pool-001");
    let patch = json!({"spec": {"resources": [{"flavor": GPU, "count": 4}]}});
    cloud
        .console_patch(&id("pool-001"), &patch, "r1", now)
        .expect("accepted");
    let pool = show(&mut cloud, "pool-001", now + 2_000);
    assert_eq!(count(&pool, "available"), 4);
    let fixed = json!({"spec": {"type": "Logical"}});
    refused(
        cloud.console_patch(&id("pool-001"), &fixed, "r2", now),
        "the type is fixed for everybody",
    );
    cloud
        .console_delete(&id("pool-001"), "r3", now + 2_000)
        .expect("accepted");
    assert_eq!(show(&mut cloud, "pool-001", now + 3_999)["status"]["phase"], "Deleting");
    refused(cloud.show_pool(PROJECT, &id("pool-001"), now + 4_000), "gone");
    let entries = cloud.ledger(now + 4_000).iter();
    let operations: Vec<&str> = entries.map(|entry| entry.operation.as_str()).collect();
    assert_eq!(operations, ["CreatePool", "ConsolePatch", "ConsoleDelete"]);
}
