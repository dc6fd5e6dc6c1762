//! The control API.

use serde_json::{Value, json};

use crate::{PROJECT, SECOND, code, header, parse, pool_body, pool_path, pools, unsigned, world};

#[test]
fn the_ledger_is_one_object_a_line_oldest_first() {
    let mut world = world();
    let created = world.create("pool-001");
    world.wall += SECOND;
    world.call("DELETE", &pool_path("pool-001"), None);
    let reply = world.send(&unsigned("GET", "/_sim/ledger", None));
    assert_eq!(header(&reply, "Content-Type"), Some("application/x-ndjson"));
    let text = String::from_utf8(reply.body).expect("text");
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).expect("JSON"))
        .collect();
    let expected = json!({
        "sequence": 1,
        "time": "2023-11-14T22:13:20Z",
        "project": PROJECT,
        "operation": "CreatePool",
        "poolId": format!("pool-001-{PROJECT}"),
        "displayName": "pool-001",
        "requestId": header(&created, "X-Request-Id"),
        "outcome": "accepted",
    });
    assert_eq!(lines[0], expected);
    assert_eq!(
        (&lines[1]["sequence"], &lines[1]["operation"]),
        (&json!(2), &json!("DeletePool"))
    );
    assert_eq!(lines.len(), 2);
}

#[test]
fn the_ledger_shows_the_description_that_a_pool_then_has() {
    let mut world = world();
    world.create("pool-001");
    let described = json!({"metadata": {"annotations": {"os.modelarts/description": "of team a"}}});
    world.call("PATCH", &pool_path("pool-001"), Some(&described));
    world.call("DELETE", &pool_path("pool-001"), None);
    world.create("pool-002");
    world.control("DELETE", &format!("pools/pool-002-{PROJECT}"), &json!({}));
    let text = String::from_utf8(world.send(&unsigned("GET", "/_sim/ledger", None)).body).expect("text");
    let entries = text.lines().map(|line| serde_json::from_str(line).expect("JSON"));
    let told: Vec<Value> = entries.map(|entry: Value| entry["description"].clone()).collect();
    let ours = json!("of team a");
    assert_eq!(told, [Value::Null, ours.clone(), ours, Value::Null, Value::Null]);
}

#[test]
fn refused_mutations_are_not_in_the_ledger_but_counted() {
    let mut world = world();
    world.create("pool-001");
    world.create("pool-001");
    world.call("PATCH", &pool_path("pool-001"), Some(&json!({"spec": {"type": "x"}})));
    world.call("GET", "/nowhere", None);
    world.fault(json!({"operation": "ListPools", "fault": "emptyList"}));
    world.listed();
    assert_eq!(world.ledger().len(), 1);
    let counts = world.control("GET", "requests", &json!({}));
    let expected = json!({
        "CreatePool": {"count": 2, "rejected": 1, "faults": 0},
        "PatchPool": {"count": 1, "rejected": 1, "faults": 0},
        "ListPools": {"count": 1, "rejected": 0, "faults": 1},
        "Unknown": {"count": 1, "rejected": 1, "faults": 0},
    });
    assert_eq!(counts, expected);
}

#[test]
fn a_stepped_clock_stands_and_goes_on_without_a_jump() {
    let mut world = world();
    world.control("POST", "clock", &json!({"mode": "stepped"}));
    world.wall += 3_600 * SECOND;
    let clock = world.control("POST", "clock", &json!({"advanceSeconds": 5}));
    assert_eq!(clock, json!({"now": "2023-11-14T22:13:25Z", "mode": "stepped"}));
    let clock = world.control("POST", "clock", &json!({"mode": "real"}));
    assert_eq!(
        clock,
        json!({"now": "2023-11-14T22:13:25Z", "mode": "real"}),
        "not an hour later at once"
    );
    world.wall += SECOND;
    assert_eq!(world.control("GET", "clock", &json!({}))["now"], "2023-11-14T22:13:26Z");
}

#[test]
fn a_profile_is_merged_and_checked() {
    let mut world = world();
    let profile = world.control("PUT", "profile", &json!({"createSeconds": 60, "poolQuota": 1}));
    assert_eq!(
        (&profile["createSeconds"], &profile["deleteSeconds"]),
        (&json!(60), &json!(2))
    );
    for bad in [json!({"createSecond": 1}), json!({"poolQuota": "many"}), json!([])] {
        let reply = world.send(&unsigned("PUT", "/_sim/profile", Some(&bad)));
        assert_eq!(reply.status, 400, "{bad}");
    }
    assert_eq!(world.control("GET", "profile", &json!({})), profile);
    world.create("pool-001");
    assert_eq!(code(&world.create("pool-002")), "ModelArts.0118");
}

#[test]
fn a_bad_list_of_faults_is_refused_and_the_old_one_stays() {
    let mut world = world();
    world.fault(json!({"operation": "CreatePool", "fault": "throttle"}));
    for bad in [
        json!([{"operation": "CreateGhost", "fault": "throttle"}]),
        json!([{"operation": "CreatePool", "fault": "explode"}]),
        json!([{"operation": "CreatePool", "fault": "throttle", "probability": 1.5}]),
        json!([{"operation": "CreatePool", "fault": "throttle", "times": 1}]),
        json!({"operation": "CreatePool", "fault": "throttle"}),
    ] {
        assert_eq!(
            world.send(&unsigned("PUT", "/_sim/faults", Some(&bad))).status,
            400,
            "{bad}"
        );
    }
    assert_eq!(world.create("pool-001").status, 429);
}

#[test]
fn pools_can_be_changed_behind_everybodys_back() {
    let mut world = world();
    let id = format!("pool-001-{PROJECT}");
    world.control(
        "POST",
        "pools",
        &json!({"project": PROJECT, "body": pool_body("pool-001")}),
    );
    world.wall += 2 * SECOND;
    world.control(
        "POST",
        &format!("pools/{id}/phase"),
        &json!({"phase": "Abnormal", "message": "lost"}),
    );
    let pool = parse(&world.call("GET", &pool_path("pool-001"), None));
    assert_eq!(
        (&pool["status"]["phase"], &pool["status"]["message"]),
        (&json!("Abnormal"), &json!("lost"))
    );
    let text = json!({"metadata": {"annotations": {"os.modelarts/description": "edited"}}});
    world.control("PATCH", &format!("pools/{id}"), &text);
    let listed = world.control("GET", "pools", &json!({}));
    assert_eq!(
        listed["items"][0]["metadata"]["annotations"]["os.modelarts/description"],
        "edited"
    );
    world.control("DELETE", &format!("pools/{id}"), &json!({}));
    assert_eq!(world.call("GET", &pool_path("pool-001"), None).status, 404);
    let operations: Vec<_> = world.ledger().into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["OutOfBandCreate", "OutOfBandPatch", "OutOfBandDelete"]);
}

#[test]
fn a_failed_creation_tells_its_reason_in_the_order() {
    let mut world = world();
    let order = parse(&world.create("pool-001"))["metadata"]["labels"]["os.modelarts/order.name"].clone();
    let change = json!({"phase": "CreationFailed", "message": "no capacity"});
    world.control("POST", &format!("pools/pool-001-{PROJECT}/phase"), &change);
    let orders = parse(&world.call("GET", &format!("/v1/{PROJECT}/orders"), None));
    let [order_view] = orders["items"].as_array().expect("items").as_slice() else {
        panic!("one order: {orders}");
    };
    assert_eq!(order_view["orderName"], order);
    assert_eq!(
        (&order_view["phase"], &order_view["failReason"]),
        (&json!("failed"), &json!("no capacity"))
    );
}

#[test]
fn orders_can_be_asked_for_by_pool_and_time() {
    let mut world = world();
    world.create("pool-001");
    world.wall += 10 * SECOND;
    world.create("pool-002");
    let mut count = |query: &str| {
        let reply = world.call("GET", &format!("/v1/{PROJECT}/orders{query}"), None);
        parse(&reply)["count"].as_u64().expect("a count")
    };
    assert_eq!(count(""), 2);
    assert_eq!(count(&format!("?involvedName=pool-001-{PROJECT}")), 1);
    assert_eq!(count("?involvedName=pool-002"), 1, "the display name is taken, too");
    assert_eq!(count(&format!("?since={}", crate::START + 1)), 1);
    assert_eq!(count("?phase=running"), 1);
    assert_eq!(count("?phase=successed"), 1);
}

#[test]
fn what_the_control_api_does_not_know_is_404() {
    let mut world = world();
    for (method, path) in [
        ("GET", "/_sim/nothing"),
        ("POST", "/_sim/ledger"),
        ("DELETE", "/_sim/keys/none"),
    ] {
        assert_eq!(world.send(&unsigned(method, path, None)).status, 404, "{method} {path}");
    }
}

#[test]
fn control_calls_are_not_counted_and_no_fault_strikes_them() {
    let mut world = world();
    world.fault(json!({"operation": "*", "fault": "serverError"}));
    assert_eq!(world.control("GET", "requests", &json!({})), json!({}));
    assert_eq!(world.call("GET", &pools(), None).status, 500);
}
