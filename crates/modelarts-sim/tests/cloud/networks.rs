//! Networks: creation, limits, use.

use modelarts_sim::{Cloud, Mishap, MishapKind, Profile};
use serde_json::{Value, json};

use crate::{PROJECT, START, body, id, new_cloud, refused};

fn network(name: &str, cidr: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Network",
        "metadata": {"labels": {"os.modelarts/name": name}},
        "spec": {"cidr": cidr},
    })
}

fn phase(cloud: &mut Cloud, name: &str, now: u64) -> Value {
    let network = cloud.show_network(PROJECT, &id(name), now).expect("it is there");
    serde_json::to_value(network).expect("JSON")["status"]["phase"].clone()
}

#[test]
fn a_network_is_active_after_its_time() {
    let mut cloud = new_cloud();
    let answer = cloud
        .create_network(PROJECT, &network("net-a", "192.168.0.0/17"), START)
        .expect("accepted");
    let answer = serde_json::to_value(answer).expect("JSON");
    assert_eq!(answer["metadata"]["name"], id("net-a"));
    assert_eq!(answer["status"]["phase"], "");
    assert_eq!(phase(&mut cloud, "net-a", START + 1_999), "Creating");
    assert_eq!(phase(&mut cloud, "net-a", START + 2_000), "Active");
}

#[test]
fn ranges_and_names_have_limits() {
    let cases = [
        ("net-a", "192.168.0.0/16", true),
        ("net-a", "192.168.0.0/24", true),
        ("net-a", "172.16.0.0/12", true),
        ("net-a", "172.31.0.0/16", true),
        ("net-a", "192.168.0.0/15", false),
        ("net-a", "192.168.0.0/25", false),
        ("net-a", "172.32.0.0/16", false),
        ("net-a", "10.0.0.0/16", false),
        ("net-a", "192.168.0.0", false),
        ("net-a", "", false),
        ("net", "192.168.0.0/16", false),
        ("Net-a", "192.168.0.0/16", false),
    ];
    for (name, cidr, good) in cases {
        let result = new_cloud().create_network(PROJECT, &network(name, cidr), START);
        assert_eq!(result.is_ok(), good, "{name} {cidr}: {result:?}");
    }
}

#[test]
fn the_quota_does_not_count_the_network_that_was_there() {
    let mut cloud = Cloud::new(
        Profile {
            network_quota: 1,
            ..Profile::default()
        },
        7,
    );
    cloud
        .create_network(PROJECT, &network("net-a", "192.168.0.0/16"), START)
        .expect("the first");
    let refusal = refused(
        cloud.create_network(PROJECT, &network("net-b", "192.168.0.0/16"), START),
        "the second",
    );
    assert_eq!(refusal, (400, "ModelArts.0118".to_owned()));
}

#[test]
fn a_network_in_use_stays_until_the_pool_is_gone() {
    let mut cloud = new_cloud();
    cloud
        .create_network(PROJECT, &network("net-a", "192.168.0.0/16"), START)
        .expect("accepted");
    let mut pool = body("pool-001");
    pool["spec"]["network"]["name"] = json!(id("net-a"));
    refused(
        cloud.create_pool(PROJECT, &pool, START),
        "the network is not active yet",
    );
    let now = START + 2_000;
    cloud.create_pool(PROJECT, &pool, now).expect("active now");
    let in_use = (400, "ModelArts.50025002".to_owned());
    assert_eq!(
        refused(cloud.delete_network(PROJECT, &id("net-a"), now), "in use"),
        in_use
    );
    cloud.delete_pool(PROJECT, &id("pool-001"), now).expect("accepted");
    assert_eq!(
        refused(cloud.delete_network(PROJECT, &id("net-a"), now), "Deleting"),
        in_use
    );
    cloud
        .delete_network(PROJECT, &id("net-a"), now + 2_000)
        .expect("free now");
    refused(
        cloud.create_pool(PROJECT, &pool, now + 2_000),
        "a network on its way out takes no pool",
    );
    let gone = refused(cloud.show_network(PROJECT, &id("net-a"), now + 4_000), "gone");
    assert_eq!(gone, (404, "ModelArts.50025001".to_owned()));
}

#[test]
fn connections_change_and_the_range_does_not() {
    let mut cloud = new_cloud();
    cloud
        .create_network(PROJECT, &network("net-a", "192.168.0.0/16"), START)
        .expect("accepted");
    let now = START + 2_000;
    let peers = json!([{"peerVpcId": "v", "peerSubnetId": "s"}]);
    let patch = json!({"spec": {"connection": {"peerConnectionList": peers}}});
    let answer = cloud
        .patch_network(PROJECT, &id("net-a"), &patch, now)
        .expect("accepted");
    let answer = serde_json::to_value(answer).expect("JSON");
    assert_eq!(answer["spec"]["connection"]["peerConnectionList"], peers);
    assert_eq!(
        answer["status"]["connectionStatus"]["peerConnectionStatus"][0]["phase"],
        "Active"
    );
    let range = json!({"spec": {"cidr": "192.168.0.0/24"}});
    refused(
        cloud.patch_network(PROJECT, &id("net-a"), &range, now),
        "the range is fixed",
    );
    let text = json!({"metadata": {"annotations": {"os.modelarts/description": "a&b"}}});
    refused(
        cloud.patch_network(PROJECT, &id("net-a"), &text, now),
        "a forbidden character",
    );
}

const MARKED: &str = "for training [mapool:11111111-2222-3333-4444-555555555555@abc234]";
const DESCRIPTION: &str = "/metadata/annotations/os.modelarts~1description";

fn json_of(network: &impl serde::Serialize) -> Value {
    serde_json::to_value(network).expect("JSON")
}

fn marked(name: &str) -> Value {
    let mut wanted = network(name, "192.168.0.0/16");
    wanted["metadata"]["annotations"] = json!({"os.modelarts/description": MARKED});
    wanted
}

#[test]
fn a_description_comes_back_as_it_was_sent_and_survives_other_changes() {
    let mut cloud = new_cloud();
    let answer = cloud
        .create_network(PROJECT, &marked("net-a"), START)
        .expect("accepted");
    assert_eq!(json_of(&answer).pointer(DESCRIPTION), Some(&json!(MARKED)));
    let now = START + 2_000;
    let peers = json!([{"peerVpcId": "v", "peerSubnetId": "s"}]);
    let patch = json!({"spec": {"connection": {"peerConnectionList": peers}}});
    cloud
        .patch_network(PROJECT, &id("net-a"), &patch, now)
        .expect("accepted");
    let shown = json_of(&cloud.show_network(PROJECT, &id("net-a"), now).expect("it is there"));
    assert_eq!(shown.pointer(DESCRIPTION), Some(&json!(MARKED)));
    let listed = json_of(&cloud.list_networks(PROJECT, now).expect("a list"));
    let found = listed["items"].as_array().expect("items").iter();
    let found: Vec<_> = found.filter_map(|item| item.pointer(DESCRIPTION)).collect();
    assert_eq!(found, [MARKED]);
    let text = json!({"metadata": {"annotations": {"os.modelarts/description": "other"}}});
    let answer = cloud
        .patch_network(PROJECT, &id("net-a"), &text, now)
        .expect("accepted");
    assert_eq!(json_of(&answer).pointer(DESCRIPTION), Some(&json!("other")));
    assert_eq!(
        json_of(&answer)["spec"]["connection"]["peerConnectionList"],
        peers,
        "a description alone changes nothing else"
    );
}

#[test]
fn a_list_of_connections_is_replaced_and_the_other_list_stays() {
    let mut cloud = new_cloud();
    cloud
        .create_network(PROJECT, &marked("net-a"), START)
        .expect("accepted");
    let now = START + 2_000;
    let both = json!({"spec": {"connection": {
        "peerConnectionList": [{"peerVpcId": "v1", "peerSubnetId": "s1"}, {"peerVpcId": "v2", "peerSubnetId": "s2"}],
        "sfsTurboConnectionList": [{"name": "share", "sfsId": "f1"}],
    }}});
    cloud
        .patch_network(PROJECT, &id("net-a"), &both, now)
        .expect("accepted");
    let one = json!({"spec": {"connection": {"peerConnectionList": [{"peerVpcId": "v2", "peerSubnetId": "s2"}]}}});
    let answer = cloud.patch_network(PROJECT, &id("net-a"), &one, now).expect("accepted");
    let connection = json_of(&answer)["spec"]["connection"].clone();
    assert_eq!(
        connection["peerConnectionList"],
        json!([{"peerVpcId": "v2", "peerSubnetId": "s2"}])
    );
    assert_eq!(connection["sfsTurboConnectionList"][0]["sfsId"], "f1");
}

#[test]
fn a_name_is_taken_until_the_network_is_gone() {
    let mut cloud = new_cloud();
    cloud
        .create_network(PROJECT, &marked("net-a"), START)
        .expect("accepted");
    let bad = (400, "ModelArts.50004000".to_owned());
    let again = |cloud: &mut Cloud, now: u64| cloud.create_network(PROJECT, &network("net-a", "192.168.0.0/17"), now);
    assert_eq!(refused(again(&mut cloud, START), "taken"), bad);
    let now = START + 2_000;
    cloud.delete_network(PROJECT, &id("net-a"), now).expect("accepted");
    assert_eq!(refused(again(&mut cloud, now + 1_999), "still going"), bad);
    again(&mut cloud, now + 2_000).expect("free now");
}

#[test]
fn an_abnormal_network_takes_no_pool_until_it_is_active_again() {
    let mut cloud = new_cloud();
    cloud
        .create_network(PROJECT, &marked("net-a"), START)
        .expect("accepted");
    let now = START + 2_000;
    cloud.set_network_phase(&id("net-a"), "Abnormal", now).expect("set");
    assert_eq!(phase(&mut cloud, "net-a", now), "Abnormal");
    let mut pool = body("pool-001");
    pool["spec"]["network"]["name"] = json!(id("net-a"));
    refused(cloud.create_pool(PROJECT, &pool, now), "the network is not active");
    cloud.set_network_phase(&id("net-a"), "Active", now).expect("set");
    cloud.create_pool(PROJECT, &pool, now).expect("active again");
    cloud
        .create_network(PROJECT, &network("net-b", "192.168.0.0/16"), now)
        .expect("accepted");
    cloud.set_network_phase(&id("net-b"), "Abnormal", now).expect("set");
    assert_eq!(
        phase(&mut cloud, "net-b", now + 2_000),
        "Abnormal",
        "its time of readiness does not mend it"
    );
}

#[test]
fn a_network_may_end_as_abnormal() {
    let mut cloud = new_cloud();
    cloud.plan_mishap(Mishap::once(MishapKind::NetworkFails));
    for name in ["net-a", "net-b"] {
        cloud
            .create_network(PROJECT, &network(name, "192.168.0.0/16"), START)
            .expect("accepted");
    }
    let now = START + 2_000;
    assert_eq!(phase(&mut cloud, "net-a", START), "Creating");
    assert_eq!(
        (phase(&mut cloud, "net-a", now), phase(&mut cloud, "net-b", now)),
        (json!("Abnormal"), json!("Active"))
    );
}

#[test]
fn networks_change_and_vanish_behind_everybodys_back() {
    let mut cloud = new_cloud();
    cloud
        .create_network_out_of_band(PROJECT, &marked("net-a"), "r1", START)
        .expect("created");
    let now = START + 2_000;
    let mut pool = body("pool-001");
    pool["spec"]["network"]["name"] = json!(id("net-a"));
    cloud.create_pool(PROJECT, &pool, now).expect("active");
    let text = json!({"metadata": {"annotations": {"os.modelarts/description": "edited"}}});
    cloud
        .patch_network_out_of_band(&id("net-a"), &text, "r2", now)
        .expect("patched");
    let shown = json_of(&cloud.show_network(PROJECT, &id("net-a"), now).expect("it is there"));
    assert_eq!(shown.pointer(DESCRIPTION), Some(&json!("edited")));
    cloud
        .delete_network_out_of_band(&id("net-a"), "r3", now)
        .expect("although a pool uses it");
    let gone = (404, "ModelArts.50025001".to_owned());
    assert_eq!(refused(cloud.show_network(PROJECT, &id("net-a"), now), "gone"), gone);
    assert_eq!(
        refused(cloud.delete_network_out_of_band(&id("net-a"), "r4", now), "gone"),
        gone
    );
    let entries = cloud.ledger(now).iter().map(|entry| entry.operation.as_str());
    assert_eq!(
        entries.collect::<Vec<_>>(),
        [
            "OutOfBandCreateNetwork",
            "CreatePool",
            "OutOfBandPatchNetwork",
            "OutOfBandDeleteNetwork"
        ]
    );
}
