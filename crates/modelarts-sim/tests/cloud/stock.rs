//! Capacity: zones that are sold out, what is refused for it and where nodes go instead.

use modelarts_sim::Cloud;
use serde_json::{Value, json};

use crate::{CPU, PROJECT, START, body, id, new_cloud, refused, show};

const SOLD_OUT: (u16, &str) = (400, "ModelArts.50004000");

fn cpu_body(name: &str, entry: &Value) -> Value {
    let mut wanted = body(name);
    wanted["spec"]["resources"][0] = json!({"flavor": CPU, "count": 2});
    if let Some(zones) = entry.get("azs") {
        wanted["spec"]["resources"][0]["azs"] = zones.clone();
    }
    wanted["spec"].as_object_mut().expect("an object").remove("driver");
    wanted
}

fn in_zone(zone: &str) -> Value {
    json!({"azs": [{"az": zone, "count": 2}]})
}

/// Zone to word, of the CPU flavor.
fn phase(cloud: &mut Cloud) -> Value {
    let list = cloud.resource_flavors(PROJECT, START).expect("a list");
    let list = serde_json::to_value(list).expect("JSON");
    let flavors = list["items"].as_array().expect("items").clone();
    let found = flavors.into_iter().find(|flavor| flavor["metadata"]["name"] == CPU);
    found.expect("the flavor")["status"]["phase"].clone()
}

/// Zone and count of the nodes of the one entry.
fn zones(cloud: &mut Cloud, name: &str, state: &str, now: u64) -> Value {
    show(cloud, name, now)["status"]["resources"][state][0]["azs"].clone()
}

fn resize(cloud: &mut Cloud, entry: Value, now: u64) -> Result<(), modelarts_sim::Refusal> {
    let patch = json!({"spec": {"resources": [entry]}});
    cloud.patch_pool(PROJECT, &id("pool-001"), &patch, now).map(|_| ())
}

#[test]
fn a_sold_out_zone_is_listed_and_refused_by_name_until_it_is_restocked() {
    let mut cloud = new_cloud();
    assert_eq!(phase(&mut cloud)["cn-north-4a"], "normal");
    cloud.sell_out(CPU, Some("cn-north-4a")).expect("known");
    assert_eq!(phase(&mut cloud)["cn-north-4a"], "soldout");
    assert_eq!(phase(&mut cloud)["cn-north-4b"], "normal");
    let wanted = cpu_body("pool-001", &in_zone("cn-north-4a"));
    let refusal = cloud.create_pool(PROJECT, &wanted, START).expect_err("sold out");
    assert_eq!((refusal.status, refusal.code.as_str()), SOLD_OUT);
    assert!(refusal.message.contains("sold out in cn-north-4a"), "{refusal}");
    cloud.restock(CPU, Some("cn-north-4a")).expect("known");
    cloud.create_pool(PROJECT, &wanted, START).expect("there is capacity");
}

#[test]
fn where_the_service_may_choose_one_zone_is_enough() {
    let mut cloud = new_cloud();
    for zone in ["cn-north-7c", "cn-north-7a", "cn-north-4a"] {
        cloud.sell_out(CPU, Some(zone)).expect("known");
    }
    cloud
        .create_pool(PROJECT, &cpu_body("pool-001", &json!({})), START)
        .expect("one zone is left");
    let now = START + 2_000;
    assert_eq!(
        zones(&mut cloud, "pool-001", "available", now),
        json!([{"az": "cn-north-4b", "count": 2}])
    );
    cloud.sell_out(CPU, None).expect("known");
    let refusal = refused(
        cloud.create_pool(PROJECT, &cpu_body("pool-002", &json!({})), now),
        "sold out everywhere",
    );
    assert_eq!(refusal, (SOLD_OUT.0, SOLD_OUT.1.to_owned()));
    refused(resize(&mut cloud, json!({"flavor": CPU, "count": 3}), now), "no growth");
    resize(&mut cloud, json!({"flavor": CPU, "count": 1}), now).expect("shrinking needs no capacity");
}

#[test]
fn growth_is_refused_only_in_the_zone_that_grows() {
    let mut cloud = new_cloud();
    let wanted = cpu_body("pool-001", &in_zone("cn-north-4a"));
    cloud.create_pool(PROJECT, &wanted, START).expect("accepted");
    let now = START + 2_000;
    cloud.sell_out(CPU, Some("cn-north-4a")).expect("known");
    let entry = |a: u64, b: u64| {
        let azs = json!([{"az": "cn-north-4a", "count": a}, {"az": "cn-north-4b", "count": b}]);
        json!({"flavor": CPU, "count": a + b, "azs": azs})
    };
    refused(resize(&mut cloud, entry(3, 1), now), "the zone that grows is sold out");
    resize(&mut cloud, entry(2, 1), now).expect("the zone that grows has capacity");
    assert_eq!(
        zones(&mut cloud, "pool-001", "creating", now),
        json!([{"az": "cn-north-4b", "count": 1}])
    );
    let now = now + 2_000;
    resize(&mut cloud, entry(1, 1), now).expect("shrinking");
    assert_eq!(
        zones(&mut cloud, "pool-001", "deleting", now),
        json!([{"az": "cn-north-4a", "count": 1}]),
        "the zone that is to have fewer, although the youngest node is in the other"
    );
}

#[test]
fn only_what_the_catalogue_has_can_be_sold_out() {
    let mut cloud = new_cloud();
    refused(cloud.sell_out("modelarts.none", None), "no such flavor");
    refused(cloud.sell_out(CPU, Some("cn-north-9z")), "no such zone");
}
