//! The control calls that act on pools, networks, orders and flavors: that each reaches its method.

use serde_json::{Value, json};

use crate::{PROJECT, SECOND, World, code, parse, pool_body, pool_path, pools, unsigned, world};

fn id(name: &str) -> String {
    format!("{name}-{PROJECT}")
}

fn show(world: &mut World, name: &str) -> Value {
    parse(&world.call("GET", &pool_path(name), None))
}

fn running(name: &str) -> World {
    let mut world = world();
    world.create(name);
    world.wall += 2 * SECOND;
    world
}

fn total(pool: &Value, state: &str) -> u64 {
    pool["status"]["resources"][state][0]["count"]
        .as_u64()
        .unwrap_or_default()
}

fn latest_order(world: &mut World) -> Value {
    parse(&world.call("GET", &format!("/v1/{PROJECT}/orders"), None))["items"][0].clone()
}

fn subscription() -> World {
    let mut world = world();
    let mut wanted = pool_body("pool-001");
    wanted["spec"]["resources"][0]["flavor"] = json!("modelarts.vm.cpu.8ud");
    wanted["metadata"]["annotations"] = json!({
        "os.modelarts/billing.mode": "1", "os.modelarts/period.type": "2", "os.modelarts/period.num": "1"});
    assert_eq!(world.call("POST", &pools(), Some(&wanted)).status, 200);
    world
}

#[test]
fn mishaps_are_listed_with_the_strikes_that_are_left() {
    let mut world = world();
    let mishaps = json!([{"mishap": "creationFails", "message": "no capacity", "count": 1}]);
    world.control("PUT", "mishaps", &mishaps);
    world.create("pool-001");
    world.wall += 2 * SECOND;
    let pool = show(&mut world, "pool-001");
    assert_eq!(
        (&pool["status"]["phase"], &pool["status"]["message"]),
        (&json!("CreationFailed"), &json!("no capacity"))
    );
    assert_eq!(world.control("GET", "mishaps", &json!({}))[0]["count"], 0);
    for bad in [
        json!([{"mishap": "explodes"}]),
        json!([{"mishap": "fewerNodes", "node": 1}]),
    ] {
        let reply = world.send(&unsigned("PUT", "/_sim/mishaps", Some(&bad)));
        assert_eq!(reply.status, 400, "{bad}");
    }
}

#[test]
fn fewer_nodes_and_the_policy_for_them_come_through_the_control_api() {
    let mut world = running("pool-001");
    world.control("PUT", "profile", &json!({"failedScale": "countStays"}));
    world.control("PUT", "mishaps", &json!([{"mishap": "fewerNodes", "nodes": 1}]));
    let more = json!({"spec": {"resources": [{"flavor": "modelarts.vm.cpu.4ud", "count": 4}]}});
    world.call("PATCH", &pool_path("pool-001"), Some(&more));
    world.wall += 2 * SECOND;
    let pool = show(&mut world, "pool-001");
    assert_eq!((total(&pool, "available"), total(&pool, "creationFailed")), (3, 1));
    assert_eq!(pool["spec"]["resources"][0]["count"], 4);
    assert_eq!(latest_order(&mut world)["phase"], "partialSuccessed");
}

#[test]
fn a_failed_scope_is_retried_over_the_api() {
    let mut world = world();
    world.control("PUT", "mishaps", &json!([{"mishap": "scopeFails", "count": 1}]));
    world.create("pool-001");
    world.wall += 2 * SECOND;
    assert_eq!(
        show(&mut world, "pool-001")["status"]["scope"][0]["state"],
        "EnableFailed"
    );
    let path = format!("{}/retry-scope", pool_path("pool-001"));
    let reply = world.call("POST", &path, Some(&json!({"scope": "Infer"})));
    assert_eq!((reply.status, code(&reply).as_str()), (400, "ModelArts.50004000"));
    assert_eq!(world.call("POST", &path, Some(&json!({"scope": "Train"}))).status, 200);
    world.wall += 2 * SECOND;
    assert_eq!(show(&mut world, "pool-001")["status"]["scope"][0]["state"], "Enabled");
    let last = world.ledger().pop().expect("an entry");
    assert_eq!(last, ("RetryPoolScope".to_owned(), "accepted".to_owned()));
}

#[test]
fn a_flavor_is_sold_out_and_restocked() {
    let mut world = world();
    let flavor = "flavors/modelarts.vm.cpu.4ud/stock";
    world.control("POST", flavor, &json!({"state": "soldout"}));
    assert_eq!(world.create("pool-001").status, 400);
    world.control("POST", flavor, &json!({"zone": "cn-north-4b", "state": "normal"}));
    assert_eq!(world.create("pool-001").status, 200);
    let reply = world.send(&unsigned(
        "POST",
        &format!("/_sim/{flavor}"),
        Some(&json!({"state": "few"})),
    ));
    assert_eq!(reply.status, 400);
}

#[test]
fn nodes_break_and_heal() {
    let mut world = running("pool-001");
    let path = format!("pools/{}/nodes", id("pool-001"));
    world.control(
        "POST",
        &format!("{path}/break"),
        &json!({"count": 1, "phase": "Abnormal"}),
    );
    let pool = show(&mut world, "pool-001");
    assert_eq!(
        (total(&pool, "abnormal"), &pool["status"]["phase"]),
        (1, &json!("Abnormal"))
    );
    let events = world.call("GET", &format!("/v1/{PROJECT}/events?resource=pools"), None);
    let events = parse(&events)["items"].clone();
    let broke = json!("PoolResourcesStatusChange");
    let mut events = events.as_array().expect("items").iter();
    assert!(events.any(|event| event["reason"] == broke && event["type"] == "Warning"));
    world.control("POST", &format!("{path}/heal"), &json!({}));
    let pool = show(&mut world, "pool-001");
    assert_eq!(
        (total(&pool, "abnormal"), &pool["status"]["phase"]),
        (0, &json!("Running"))
    );
}

#[test]
fn the_console_scales_and_deletes() {
    let mut world = running("pool-001");
    let path = format!("pools/{}/console", id("pool-001"));
    let less = json!({"spec": {"resources": [{"flavor": "modelarts.vm.cpu.4ud", "count": 1}]}});
    world.control("PATCH", &path, &less);
    assert_eq!(total(&show(&mut world, "pool-001"), "deleting"), 1);
    world.control("DELETE", &path, &json!({}));
    assert_eq!(show(&mut world, "pool-001")["status"]["phase"], "Deleting");
}

#[test]
fn an_order_is_paid_or_cancelled_and_a_term_ends() {
    let mut world = subscription();
    let order = latest_order(&mut world)["orderName"]
        .as_str()
        .expect("a name")
        .to_owned();
    world.control("POST", &format!("orders/{order}/pay"), &json!({}));
    world.wall += 2 * SECOND;
    assert_eq!(show(&mut world, "pool-001")["status"]["phase"], "Running");
    let path = format!("pools/{}", id("pool-001"));
    world.control("POST", &format!("{path}/subscription/end"), &json!({}));
    assert_eq!(show(&mut world, "pool-001")["spec"]["controlMode"], 8);
    world.control("POST", &format!("{path}/subscription/renew"), &json!({}));
    assert_eq!(show(&mut world, "pool-001")["spec"]["controlMode"], 0);
    world.control("POST", &format!("{path}/control-mode"), &json!({"controlMode": 4}));
    assert_eq!(show(&mut world, "pool-001")["spec"]["controlMode"], 4);
    world.control("PUT", "profile", &json!({"retentionSeconds": 5}));
    world.control("POST", &format!("{path}/subscription/end"), &json!({}));
    world.wall += 5 * SECOND;
    assert_eq!(show(&mut world, "pool-001")["status"]["phase"], "Deleting");

    let mut world = subscription();
    let order = latest_order(&mut world)["orderName"]
        .as_str()
        .expect("a name")
        .to_owned();
    world.control("POST", &format!("orders/{order}/cancel"), &json!({}));
    assert_eq!(world.call("GET", &pool_path("pool-001"), None).status, 404);
}

#[test]
fn networks_can_be_changed_behind_everybodys_back() {
    let mut world = world();
    let network = json!({
        "apiVersion": "v1", "kind": "Network",
        "metadata": {"labels": {"os.modelarts/name": "net-a"}},
        "spec": {"cidr": "192.168.0.0/16"}});
    world.control("POST", "networks", &json!({"project": PROJECT, "body": network}));
    world.wall += 2 * SECOND;
    let path = format!("networks/{}", id("net-a"));
    world.control("POST", &format!("{path}/phase"), &json!({"phase": "Abnormal"}));
    let text = json!({"metadata": {"annotations": {"os.modelarts/description": "edited"}}});
    world.control("PATCH", &path, &text);
    let wire = format!("/v1/{PROJECT}/networks/{}", id("net-a"));
    let shown = parse(&world.call("GET", &wire, None));
    assert_eq!(shown["status"]["phase"], "Abnormal");
    assert_eq!(shown["metadata"]["annotations"]["os.modelarts/description"], "edited");
    let listed = world.control("GET", "networks", &json!({}));
    let names: Vec<_> = listed["items"]
        .as_array()
        .expect("items")
        .iter()
        .map(|network| network["metadata"]["labels"]["os.modelarts/name"].clone())
        .collect();
    assert!(names.contains(&json!("net-a")), "{names:?}");
    world.control("DELETE", &path, &json!({}));
    assert_eq!(code(&world.call("GET", &wire, None)), "ModelArts.50025001");
}

#[test]
fn a_lever_that_is_none_is_404() {
    let mut world = running("pool-001");
    for (method, path) in [
        ("GET", format!("pools/{}/console", id("pool-001"))),
        ("POST", format!("pools/{}/nodes/fly", id("pool-001"))),
        ("POST", "pools/none/pay".to_owned()),
        ("POST", "orders/none/pay".to_owned()),
        ("POST", "networks/none/phase".to_owned()),
        ("POST", "flavors/none/pay".to_owned()),
    ] {
        let body = json!({"phase": "Active"});
        let reply = world.send(&unsigned(method, &format!("/_sim/{path}"), Some(&body)));
        assert_eq!(reply.status, 404, "{method} {path}");
    }
}

#[test]
fn failed_records_and_the_first_network_count_towards_no_quota() {
    let mut world = world();
    world.control("PUT", "mishaps", &json!([{"mishap": "creationFails", "count": 1}]));
    world.create("pool-001");
    world.wall += 2 * SECOND;
    world.create("pool-002");
    let quotas = parse(&world.call("GET", &format!("/v1/{PROJECT}/quotas"), None));
    let used: Vec<_> = quotas["quotas"]["resources"]
        .as_array()
        .expect("resources")
        .iter()
        .map(|quota| (quota["type"].clone(), quota["used"].clone()))
        .collect();
    assert_eq!(used, [(json!("pool"), json!(1)), (json!("network"), json!(0))]);
}
