//! Subscriptions: payment, and their end through the billing service.

use modelarts_sim::{
    Cloud,
    ledger::Trace,
    operation::{Call, Operation},
};
use serde_json::{Value, json};

use crate::{GPU, PROJECT, START, body, count, id, new_cloud, refused, show};

const TRACE: Trace<'_> = Trace {
    operation: "UnsubscribeResources",
    request_id: "r",
    outcome: "accepted",
};

fn subscription(auto_pay: Option<&str>) -> (Cloud, u64) {
    let mut cloud = new_cloud();
    let mut wanted = body("pool-001");
    wanted["metadata"]["annotations"] = json!({
        "os.modelarts/billing.mode": "1",
        "os.modelarts/period.type": "2",
        "os.modelarts/period.num": "1",
        "os.modelarts/auto.pay": auto_pay,
    });
    cloud.create_pool(PROJECT, &wanted, START).expect("accepted");
    (cloud, START + 2_000)
}

fn nodes(cloud: &mut Cloud, now: u64) -> Vec<Value> {
    let call = Call {
        operation: Operation::ListPoolNodes,
        project: PROJECT.to_owned(),
        id: id("pool-001"),
        query: Vec::new(),
        content_type: String::new(),
        body: Vec::new(),
    };
    let list = cloud.execute(&call, TRACE, now).expect("a list");
    list["items"].as_array().expect("items").clone()
}

fn resource(item: &Value) -> String {
    item["metadata"]["labels"]["os.modelarts/resource.id"]
        .as_str()
        .expect("a resource")
        .to_owned()
}

fn unsubscribe(cloud: &mut Cloud, ids: &[String], now: u64) -> Result<Value, modelarts_sim::Refusal> {
    let body = json!({"resource_ids": ids, "unsubscribe_type": 1}).to_string();
    cloud.unsubscribe(&[PROJECT.to_owned()], body.as_bytes(), TRACE, now)
}

fn in_use(cloud: &mut Cloud, ids: &[String], now: u64) -> usize {
    let body = json!({"resource_ids": ids, "status_list": [2]}).to_string();
    let answer = cloud
        .subscriptions(&[PROJECT.to_owned()], body.as_bytes(), now)
        .expect("an answer");
    answer["data"].as_array().expect("data").len()
}

#[test]
fn an_unpaid_pool_waits_and_a_paid_one_does_not() {
    for (auto_pay, phase) in [
        (None, "Waiting"),
        (Some("false"), "Waiting"),
        (Some("0"), "Waiting"),
        (Some("1"), "Running"),
        (Some("true"), "Running"),
    ] {
        let (mut cloud, now) = subscription(auto_pay);
        let pool = show(&mut cloud, "pool-001", now + 1_000_000);
        assert_eq!(pool["status"]["phase"], phase, "{auto_pay:?}");
        let order = pool["metadata"]["annotations"]["os.modelarts/order.id"].as_str();
        assert!(order.is_some_and(|order| order.starts_with("CS")), "{order:?}");
    }
}

#[test]
fn payment_starts_the_creation() {
    let (mut cloud, now) = subscription(None);
    assert!(nodes(&mut cloud, now).is_empty());
    cloud.pay(&id("pool-001"), now).expect("there is something to pay");
    assert_eq!(show(&mut cloud, "pool-001", now)["status"]["phase"], "Creating");
    assert_eq!(show(&mut cloud, "pool-001", now + 2_000)["status"]["phase"], "Running");
    refused(cloud.pay(&id("pool-001"), now + 2_000), "it is paid");
}

#[test]
fn a_subscription_is_not_deleted() {
    let (mut cloud, now) = subscription(Some("1"));
    let refusal = refused(cloud.delete_pool(PROJECT, &id("pool-001"), now), "a subscription");
    assert_eq!(refusal, (400, "ModelArts.50004000".to_owned()));
    let pool = show(&mut cloud, "pool-001", now + 60_000);
    assert_eq!(pool["status"]["phase"], "Running");
    assert!(pool["metadata"].get("deletionTimestamp").is_none());
}

#[test]
fn its_nodes_are_not_removed_by_lowering_the_count() {
    let (mut cloud, now) = subscription(Some("1"));
    let less = json!({"spec": {"resources": [{"flavor": GPU, "count": 1}]}});
    refused(
        cloud.patch_pool(PROJECT, &id("pool-001"), &less, now),
        "paid in advance",
    );
}

#[test]
fn a_pool_goes_with_its_last_node() {
    let (mut cloud, now) = subscription(Some("1"));
    let ids: Vec<String> = nodes(&mut cloud, now).iter().map(resource).collect();
    assert_eq!(in_use(&mut cloud, &ids, now), 2);
    unsubscribe(&mut cloud, &ids[..1], now).expect("the first node");
    assert_eq!(in_use(&mut cloud, &ids, now), 1);
    let pool = show(&mut cloud, "pool-001", now + 2_000);
    assert_eq!(
        (count(&pool, "available"), &pool["spec"]["resources"][0]["count"]),
        (1, &json!(1))
    );
    unsubscribe(&mut cloud, &ids[1..], now + 2_000).expect("the last node");
    show(&mut cloud, "pool-001", now + 3_999);
    refused(
        cloud.show_pool(PROJECT, &id("pool-001"), now + 4_000),
        "gone with its last node",
    );
}

#[test]
fn a_pool_can_be_unsubscribed_whole() {
    let (mut cloud, now) = subscription(Some("1"));
    let resource = resource(&show(&mut cloud, "pool-001", now));
    unsubscribe(&mut cloud, std::slice::from_ref(&resource), now).expect("the pool");
    assert_eq!(show(&mut cloud, "pool-001", now)["status"]["phase"], "Deleting");
    assert_eq!(in_use(&mut cloud, std::slice::from_ref(&resource), now), 0);
    refused(cloud.show_pool(PROJECT, &id("pool-001"), now + 2_000), "gone");
}

#[test]
fn what_is_no_subscription_or_anothers_cannot_be_unsubscribed() {
    let (mut cloud, now) = subscription(Some("1"));
    let ids: Vec<String> = nodes(&mut cloud, now).iter().map(resource).collect();
    let refusal = refused(
        unsubscribe(&mut cloud, &["no-such".to_owned(), ids[0].clone()], now),
        "unknown",
    );
    assert_eq!(refusal, (400, "CBC.0100".to_owned()));
    assert_eq!(in_use(&mut cloud, &ids, now), 2, "nothing happened to the others");
    let body = json!({"resource_ids": ids}).to_string();
    refused(
        cloud.unsubscribe(&["other".to_owned()], body.as_bytes(), TRACE, now),
        "another project",
    );
}

#[test]
fn added_nodes_are_billed_as_the_patch_says() {
    let mut cloud = new_cloud();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    let now = START + 2_000;
    let more = json!({
        "metadata": {"annotations": {"os.modelarts/billing.mode": "1", "os.modelarts/auto.pay": "1"}},
        "spec": {"resources": [{"flavor": GPU, "count": 3}]},
    });
    cloud.patch_pool(PROJECT, &id("pool-001"), &more, now).expect("growing");
    let modes: Vec<_> = nodes(&mut cloud, now + 2_000)
        .iter()
        .map(|node| node["metadata"]["annotations"]["os.modelarts/billing.mode"] == "1")
        .collect();
    assert_eq!(modes.iter().filter(|paid| **paid).count(), 1);
    let pool = show(&mut cloud, "pool-001", now + 2_000);
    assert_eq!(
        pool["metadata"]["annotations"]["os.modelarts/billing.mode"], "0",
        "the pool stays as it is"
    );
}

#[test]
fn added_nodes_that_are_not_paid_wait() {
    let mut cloud = new_cloud();
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
    let now = START + 2_000;
    let more = json!({
        "metadata": {"annotations": {"os.modelarts/billing.mode": "1"}},
        "spec": {"resources": [{"flavor": GPU, "count": 3}]},
    });
    cloud.patch_pool(PROJECT, &id("pool-001"), &more, now).expect("growing");
    assert_eq!(count(&show(&mut cloud, "pool-001", now + 60_000), "creating"), 1);
    cloud
        .pay(&id("pool-001"), now + 60_000)
        .expect("the order of the nodes");
    assert_eq!(count(&show(&mut cloud, "pool-001", now + 62_000), "available"), 3);
}
