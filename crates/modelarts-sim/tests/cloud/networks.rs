//! Networks: creation, limits, use.

use modelarts_sim::{Cloud, Profile};
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
