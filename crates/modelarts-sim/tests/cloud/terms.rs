//! Payment of single orders, the end of terms, and the restrictions of billing.

use modelarts_sim::{Cloud, Profile};
use serde_json::{Value, json};

use crate::{GPU, PROJECT, START, body, count, id, new_cloud, refused, running, show};

const RENEW: &str = "os.modelarts/auto.renew";
const BAD: (u16, &str) = (400, "ModelArts.50004000");

fn subscribed(cloud: &mut Cloud, renew: &str, pay: &str) {
    let mut wanted = body("pool-001");
    wanted["metadata"]["annotations"] = json!({
        "os.modelarts/billing.mode": "1",
        "os.modelarts/period.type": "2",
        "os.modelarts/period.num": "1",
        "os.modelarts/auto.pay": pay,
        RENEW: renew,
    });
    cloud.create_pool(PROJECT, &wanted, START).expect("accepted");
}

fn latest(cloud: &mut Cloud, now: u64) -> Value {
    let list = cloud.pool_orders(PROJECT, &id("pool-001"), now).expect("a list");
    serde_json::to_value(list).expect("JSON")["items"][0].clone()
}

fn name(order: &Value) -> String {
    order["orderName"].as_str().expect("a name").to_owned()
}

/// A pool paid per use, Running, with an unpaid order for one prepaid node.
fn unpaid_node() -> (Cloud, String, u64) {
    let (mut cloud, now) = running("pool-001");
    let more = json!({
        "metadata": {"annotations": {"os.modelarts/billing.mode": "1"}},
        "spec": {"resources": [{"flavor": GPU, "count": 3}]},
    });
    cloud.patch_pool(PROJECT, &id("pool-001"), &more, now).expect("growing");
    let order = name(&latest(&mut cloud, now));
    (cloud, order, now)
}

fn billing(cloud: &mut Cloud, now: u64) -> Vec<Value> {
    let nodes = cloud.pool_nodes(PROJECT, &id("pool-001"), now).expect("a list");
    let nodes = serde_json::to_value(nodes).expect("JSON");
    let nodes = nodes["items"].as_array().expect("items");
    nodes
        .iter()
        .map(|node| node["metadata"]["labels"]["os.modelarts/billing.status"].clone())
        .collect()
}

#[test]
fn an_order_waits_until_it_is_paid_by_its_name() {
    let mut cloud = new_cloud();
    subscribed(&mut cloud, "0", "false");
    let order = latest(&mut cloud, START + 60_000);
    assert_eq!(order["phase"], "pending");
    cloud.pay_order(&name(&order), START + 60_000).expect("it waits");
    assert_eq!(latest(&mut cloud, START + 60_000)["phase"], "processing");
    let now = START + 62_000;
    assert_eq!(latest(&mut cloud, now)["phase"], "successed");
    assert_eq!(show(&mut cloud, "pool-001", now)["status"]["phase"], "Running");
    refused(cloud.pay_order(&name(&order), now), "it is paid");
    refused(cloud.cancel_order(&name(&order), now), "too late");
    let absent = refused(cloud.pay_order("order.none", now), "there is none");
    assert_eq!(absent.0, 404);
}

#[test]
fn the_order_of_added_nodes_is_paid_or_cancelled_by_its_name() {
    let (mut cloud, order, now) = unpaid_node();
    assert_eq!(latest(&mut cloud, now + 60_000)["phase"], "pending");
    cloud.pay_order(&order, now + 60_000).expect("it waits");
    assert_eq!(latest(&mut cloud, now + 60_000)["phase"], "processing");
    assert_eq!(count(&show(&mut cloud, "pool-001", now + 62_000), "available"), 3);

    let (mut cloud, order, now) = unpaid_node();
    cloud.cancel_order(&order, now).expect("it waits");
    let pool = show(&mut cloud, "pool-001", now);
    assert_eq!((count(&pool, "available"), count(&pool, "creating")), (2, 0));
    assert_eq!(pool["spec"]["resources"][0]["count"], 2);
    assert_eq!(latest(&mut cloud, now)["phase"], "failed");
}

#[test]
fn a_pool_whose_order_is_cancelled_never_was() {
    let mut cloud = new_cloud();
    subscribed(&mut cloud, "0", "false");
    let order = name(&latest(&mut cloud, START));
    cloud.cancel_order(&order, START).expect("it waits");
    refused(cloud.show_pool(PROJECT, &id("pool-001"), START), "gone");
}

#[test]
fn a_term_that_ends_freezes_the_pool_and_the_service_deletes_it() {
    let mut cloud = new_cloud();
    subscribed(&mut cloud, "0", "true");
    let now = START + 10_000;
    cloud.end_subscription(&id("pool-001"), now).expect("a subscription");
    let pool = show(&mut cloud, "pool-001", now + 59_999);
    assert_eq!(
        (&pool["spec"]["controlMode"], &pool["status"]["phase"]),
        (&json!(8), &json!("Running"))
    );
    assert_eq!(billing(&mut cloud, now), ["1", "1"]);
    let more = json!({"spec": {"resources": [{"flavor": GPU, "count": 3}]}});
    let refusal = refused(cloud.patch_pool(PROJECT, &id("pool-001"), &more, now), "frozen");
    assert_eq!(refusal, (BAD.0, BAD.1.to_owned()));
    let text = json!({"metadata": {"annotations": {"os.modelarts/description": "still here"}}});
    cloud
        .patch_pool(PROJECT, &id("pool-001"), &text, now)
        .expect("a description is allowed");
    assert_eq!(
        show(&mut cloud, "pool-001", now + 60_000)["status"]["phase"],
        "Deleting"
    );
    refused(cloud.show_pool(PROJECT, &id("pool-001"), now + 62_000), "gone");
    let deletions = cloud
        .ledger(now + 62_000)
        .iter()
        .filter(|e| e.operation.contains("Delete"));
    assert_eq!(deletions.count(), 0, "no client asked for it");
}

#[test]
fn a_renewal_in_time_keeps_the_pool() {
    let mut cloud = new_cloud();
    subscribed(&mut cloud, "0", "true");
    let now = START + 10_000;
    cloud.end_subscription(&id("pool-001"), now).expect("a subscription");
    cloud
        .renew_subscription(&id("pool-001"), now + 30_000)
        .expect("in time");
    let later = now + 1_000_000;
    let pool = show(&mut cloud, "pool-001", later);
    assert_eq!(
        (&pool["spec"]["controlMode"], &pool["status"]["phase"]),
        (&json!(0), &json!("Running"))
    );
    assert_eq!(billing(&mut cloud, later), ["0", "0"]);
}

#[test]
fn a_subscription_that_renews_itself_goes_on_with_an_order() {
    let mut cloud = new_cloud();
    subscribed(&mut cloud, "1", "true");
    let now = START + 10_000;
    cloud.end_subscription(&id("pool-001"), now).expect("a subscription");
    let pool = show(&mut cloud, "pool-001", now + 1_000_000);
    assert_eq!(pool["spec"]["controlMode"], 0);
    let order = latest(&mut cloud, now);
    assert_eq!(order["phase"], "successed");
    let items = cloud.show_order_items(PROJECT, &name(&order), now).expect("its parts");
    assert_eq!(
        serde_json::to_value(items).expect("JSON")["items"][0]["action"],
        "renew"
    );
}

#[test]
fn only_a_subscription_in_use_can_end() {
    let (mut cloud, now) = running("pool-001");
    refused(cloud.end_subscription(&id("pool-001"), now), "paid per use");
    let mut cloud = new_cloud();
    subscribed(&mut cloud, "0", "false");
    refused(cloud.end_subscription(&id("pool-001"), now), "never paid");
}

#[test]
fn each_restriction_forbids_its_own() {
    let resize = json!({"spec": {"resources": [{"flavor": GPU, "count": 3}]}});
    let scope = json!({"spec": {"scope": ["Train", "Infer"]}});
    for (mode, resizes, scopes) in [
        (0, true, true),
        (1, true, true),
        (2, false, true),
        (4, false, false),
        (8, false, false),
        (16, false, false),
    ] {
        for (patch, allowed) in [(&resize, resizes), (&scope, scopes)] {
            let (mut cloud, now) = running("pool-001");
            cloud.set_control_mode(&id("pool-001"), mode, now).expect("set");
            let result = cloud.patch_pool(PROJECT, &id("pool-001"), patch, now);
            assert_eq!(result.is_ok(), allowed, "{mode} {patch}");
        }
    }
}

#[test]
fn a_pool_with_prepaid_nodes_is_deleted_only_without_them() {
    let (mut cloud, order, now) = unpaid_node();
    cloud.pay_order(&order, now).expect("it waits");
    let now = now + 2_000;
    let refusal = refused(cloud.delete_pool(PROJECT, &id("pool-001"), now), "a prepaid node");
    assert_eq!(refusal, (BAD.0, BAD.1.to_owned()));
    let nodes = cloud.pool_nodes(PROJECT, &id("pool-001"), now).expect("a list");
    let nodes = serde_json::to_value(nodes).expect("JSON")["items"].clone();
    let prepaid = nodes
        .as_array()
        .expect("items")
        .iter()
        .find(|node| node["metadata"]["annotations"]["os.modelarts/billing.mode"] == "1");
    let resource = &prepaid.expect("one")["metadata"]["labels"]["os.modelarts/resource.id"];
    unsubscribe(&mut cloud, resource, now).expect("a subscription in use");
    cloud
        .delete_pool(PROJECT, &id("pool-001"), now + 2_000)
        .expect("nothing prepaid is left");
}

fn unsubscribe(cloud: &mut Cloud, resource: &Value, now: u64) -> Result<Value, modelarts_sim::Refusal> {
    let trace = modelarts_sim::ledger::Trace {
        operation: "UnsubscribeResources",
        request_id: "r",
        outcome: "accepted",
    };
    let body = json!({"resource_ids": [resource], "unsubscribe_type": 1}).to_string();
    cloud.unsubscribe(&[PROJECT.to_owned()], body.as_bytes(), trace, now)
}

#[test]
fn what_is_not_made_yet_or_seized_cannot_be_unsubscribed() {
    let mut cloud = Cloud::new(Profile::default(), 7);
    subscribed(&mut cloud, "0", "false");
    let resource = show(&mut cloud, "pool-001", START)["metadata"]["labels"]["os.modelarts/resource.id"].clone();
    refused(unsubscribe(&mut cloud, &resource, START), "nobody paid");
    cloud.pay(&id("pool-001"), START).expect("it waits");
    refused(unsubscribe(&mut cloud, &resource, START), "still being made");
    let now = START + 2_000;
    cloud.set_control_mode(&id("pool-001"), 16, now).expect("set");
    refused(unsubscribe(&mut cloud, &resource, now), "seized");
    cloud.set_control_mode(&id("pool-001"), 8, now).expect("set");
    unsubscribe(&mut cloud, &resource, now).expect("frozen for money may go");
}
