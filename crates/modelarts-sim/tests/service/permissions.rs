//! What a caller may do: actions, one by one, and standing.

use std::collections::BTreeSet;

use modelarts_sim::{
    Setup, Simulator,
    message::Reply,
    operation::{Operation, route},
    permissions::Actions,
};
use serde_json::{Value, json};

use crate::identity::{list_with, log_in};
use crate::{AK, PROJECT, SK, START, World, code, header, parse, pool_body, pool_path, pools, signed, unsigned, world};

/// The documented least privilege for pools and networks, and what the look-ups, the list of
/// projects and billing need besides.
const POLICY: [&str; 15] = [
    "modelarts:pool:list",
    "modelarts:pool:get",
    "modelarts:pool:create",
    "modelarts:pool:update",
    "modelarts:pool:delete",
    "modelarts:network:list",
    "modelarts:network:get",
    "modelarts:network:create",
    "modelarts:network:update",
    "modelarts:network:delete",
    "modelarts:workspace:list",
    "modelarts:workspace:get",
    "iam:projects:listProjects",
    "bss:unsubscribe:update",
    "bss:order:view",
];

/// A call of each operation that is made with credentials, and the action it needs. Whether the
/// call succeeds does not matter, only whether it is permitted.
const CALLS: [(&str, &str, &str, &str); 32] = [
    ("CreatePool", "POST", "/v2/P/pools", "modelarts:pool:create"),
    ("ListPools", "GET", "/v2/P/pools", "modelarts:pool:list"),
    (
        "ShowPoolStatistics",
        "GET",
        "/v2/P/statistics/pools",
        "modelarts:pool:list",
    ),
    ("ShowPool", "GET", "/v2/P/pools/x", "modelarts:pool:get"),
    ("ListPoolNodes", "GET", "/v2/P/pools/x/nodes", "modelarts:pool:get"),
    ("ListNodePools", "GET", "/v2/P/pools/x/nodepools", "modelarts:pool:get"),
    ("ListEvents", "GET", "/v1/P/events", "modelarts:pool:get"),
    ("ListOrders", "GET", "/v1/P/orders", "modelarts:pool:get"),
    ("ShowOrder", "GET", "/v1/P/orders/x", "modelarts:pool:get"),
    ("PatchPool", "PATCH", "/v2/P/pools/x", "modelarts:pool:update"),
    (
        "BatchDeletePoolNodes",
        "POST",
        "/v2/P/pools/x/nodes/batch-delete",
        "modelarts:pool:update",
    ),
    (
        "RetryPoolScope",
        "POST",
        "/v2/P/pools/x/retry-scope",
        "modelarts:pool:update",
    ),
    (
        "CreatePoolTags",
        "POST",
        "/v1/P/pools/x/tags/create",
        "modelarts:pool:update",
    ),
    (
        "DeletePoolTags",
        "DELETE",
        "/v1/P/pools/x/tags/delete",
        "modelarts:pool:update",
    ),
    ("DeletePool", "DELETE", "/v2/P/pools/x", "modelarts:pool:delete"),
    ("CreateNetwork", "POST", "/v1/P/networks", "modelarts:network:create"),
    ("ListNetworks", "GET", "/v1/P/networks", "modelarts:network:list"),
    ("ShowNetwork", "GET", "/v1/P/networks/x", "modelarts:network:get"),
    ("PatchNetwork", "PATCH", "/v1/P/networks/x", "modelarts:network:update"),
    (
        "DeleteNetwork",
        "DELETE",
        "/v1/P/networks/x",
        "modelarts:network:delete",
    ),
    ("ListWorkspaces", "GET", "/v1/P/workspaces", "modelarts:workspace:list"),
    ("ShowWorkspace", "GET", "/v1/P/workspaces/0", "modelarts:workspace:get"),
    ("ListProjects", "GET", "/v3/projects", "iam:projects:listProjects"),
    (
        "UnsubscribeResources",
        "POST",
        "/v2/orders/subscriptions/resources/unsubscribe",
        "bss:unsubscribe:update",
    ),
    (
        "ListSubscriptions",
        "POST",
        "/v2/orders/suscriptions/resources/query",
        "bss:order:view",
    ),
    ("ListResourceFlavors", "GET", "/v1/P/resourceflavors", ""),
    ("ListPoolTags", "GET", "/v1/P/pools/x/tags", ""),
    ("ListProjectPoolTags", "GET", "/v1/P/pools/tags", ""),
    ("ShowOsQuota", "GET", "/v1/P/quotas", ""),
    ("ShowOsConfig", "GET", "/v1/P/os-user-config", ""),
    ("ListAuthProjects", "GET", "/v3/auth/projects", ""),
    ("ListAuthDomains", "GET", "/v3/auth/domains", ""),
];

fn path(template: &str) -> String {
    template.replace("/P/", &format!("/{PROJECT}/"))
}

fn restricted(actions: &[&str]) -> World {
    let mut world = world();
    world.control("PUT", &format!("keys/{AK}"), &json!({ "actions": actions }));
    world
}

/// The operations whose calls a key with these actions is refused for want of permission.
fn refused(actions: &[&str]) -> BTreeSet<&'static str> {
    let mut world = restricted(actions);
    let mut refused = BTreeSet::new();
    for (operation, method, template, _) in CALLS {
        if world.call(method, &path(template), Some(&json!({}))).status == 403 {
            refused.insert(operation);
        }
    }
    refused
}

#[test]
fn the_table_has_every_operation_and_each_call_is_that_operation() {
    let mut seen = BTreeSet::new();
    for (operation, method, template, action) in CALLS {
        let call = route(&unsigned(method, &path(template), None)).expect("an operation");
        assert_eq!(call.operation.name(), operation);
        assert_eq!(call.operation.action().unwrap_or_default(), action, "{operation}");
        assert!(seen.insert(operation), "{operation} is there twice");
    }
    for operation in Operation::ALL {
        let wanted = !operation.hands_out_credentials();
        assert_eq!(seen.contains(operation.name()), wanted, "{operation}");
    }
}

#[test]
fn the_policy_suffices_for_every_operation() {
    assert_eq!(refused(&POLICY), BTreeSet::new());
}

#[test]
fn without_one_action_exactly_its_operations_are_refused() {
    for left_out in POLICY {
        let rest: Vec<&str> = POLICY.into_iter().filter(|action| *action != left_out).collect();
        let expected: BTreeSet<_> = CALLS
            .into_iter()
            .filter(|(_, _, _, action)| *action == left_out)
            .map(|(operation, ..)| operation)
            .collect();
        assert!(!expected.is_empty(), "nothing needs {left_out}");
        assert_eq!(refused(&rest), expected, "without {left_out}");
    }
}

#[test]
fn without_any_action_only_what_needs_none_is_permitted() {
    let free = CALLS.into_iter().filter(|(_, _, _, action)| action.is_empty());
    let free: BTreeSet<_> = free.map(|(operation, ..)| operation).collect();
    let all: BTreeSet<_> = CALLS.into_iter().map(|(operation, ..)| operation).collect();
    assert_eq!(refused(&[]), &all - &free);
}

#[test]
fn a_refused_action_is_named_in_the_words_of_its_service_and_changes_nothing() {
    let mut world = restricted(&["modelarts:pool:list"]);
    let reply = world.create("pool-001");
    let expected = json!({
        "error_code": "ModelArts.0108",
        "error_msg": "Policy doesn't allow modelarts:pool:create to be performed.",
    });
    assert_eq!((reply.status, parse(&reply)), (403, expected));
    assert_eq!(header(&reply, "X-Request-Id").map(str::len), Some(32));
    assert_eq!(world.listed(), 0);
    assert!(world.ledger().is_empty());
    let reply = world.call("GET", "/v3/projects", None);
    let expected = json!({"error": {
        "code": 403,
        "message": "Policy doesn't allow iam:projects:listProjects to be performed.",
        "title": "Forbidden",
    }});
    assert_eq!((reply.status, parse(&reply)), (403, expected));
    let reply = world.call(
        "POST",
        "/v2/orders/subscriptions/resources/unsubscribe",
        Some(&json!({})),
    );
    assert_eq!((reply.status, code(&reply).as_str()), (403, "CBC.0151"));
}

#[test]
fn a_refused_action_is_counted_and_locks_no_key() {
    let mut world = restricted(&[]);
    for _ in 0..10 {
        assert_eq!(world.create("pool-001").status, 403);
    }
    let counts = world.control("GET", "requests", &json!({}));
    assert_eq!(counts["CreatePool"], json!({"count": 10, "rejected": 10, "faults": 0}));
    world.control(
        "PUT",
        &format!("keys/{AK}"),
        &json!({"actions": ["modelarts:pool:create"]}),
    );
    assert_eq!(world.create("pool-001").status, 200, "granted while it runs");
}

#[test]
fn a_missing_pool_is_hidden_from_who_may_not_look() {
    let mut world = restricted(&["modelarts:pool:create"]);
    world.create("pool-001");
    assert_eq!(world.call("GET", &pool_path("pool-001"), None).status, 403);
    assert_eq!(world.call("GET", &pool_path("pool-none"), None).status, 403);
}

#[test]
fn one_caller_is_restricted_and_others_are_not() {
    let mut world = restricted(&[]);
    let other = signed("AKOTHER", SK, world.wall, "GET", "/v2/other/pools", None);
    assert_eq!(world.send(&other).status, 200);
    assert_eq!(world.call("GET", &pools(), None).status, 403);
}

/// Logs the user in and lists pools with the token.
fn list_by_token(world: &mut World) -> Result<Reply, Reply> {
    let reply = log_in(world, "example", &json!({"project": {"id": PROJECT}}));
    let token = header(&reply, "X-Subject-Token").map(str::to_owned);
    token.map_or(Err(reply), |token| Ok(list_with(world, &token)))
}

#[test]
fn a_users_actions_hold_for_its_tokens() {
    let mut world = world();
    let user = "users/example_domain/operator";
    world.control("PUT", user, &json!({"actions": ["modelarts:pool:get"]}));
    let reply = list_by_token(&mut world).expect("the login needs no action");
    assert_eq!((reply.status, code(&reply).as_str()), (403, "ModelArts.0108"));
    world.control("PUT", user, &json!({"actions": ["modelarts:pool:*"]}));
    assert_eq!(list_by_token(&mut world).expect("a token").status, 200);
}

#[test]
fn a_disabled_user_has_neither_login_nor_token_nor_key() {
    let mut world = world();
    let reply = log_in(&mut world, "example", &json!({"project": {"id": PROJECT}}));
    let token = header(&reply, "X-Subject-Token").expect("a token").to_owned();
    let (user, key) = ("users/example_domain/operator", format!("keys/{AK}"));
    for (standing, status) in [("disabled", 401), ("active", 200)] {
        world.control("PUT", user, &json!({ "standing": standing }));
        world.control("PUT", &key, &json!({ "standing": standing }));
        assert_eq!(list_with(&mut world, &token).status, status, "{standing}");
        assert_eq!(list_by_token(&mut world).map_or(401, |reply| reply.status), status);
        let reply = world.call("GET", &pools(), None);
        assert_eq!(reply.status, status, "{standing}");
        if status == 401 {
            assert_eq!(code(&reply), "APIGW.0301");
            let told = parse(&reply)["error_msg"].as_str().expect("text").to_owned();
            assert!(told.ends_with("the user is disabled"), "{told}");
        }
    }
}

#[test]
fn an_account_that_owes_or_is_suspended_is_403_until_it_is_mended() {
    let mut world = world();
    let key = format!("keys/{AK}");
    for (standing, expected) in [("arrears", "ModelArts.4116"), ("suspended", "ModelArts.4118")] {
        world.control("PUT", &key, &json!({ "standing": standing }));
        let reply = world.create("pool-001");
        assert_eq!((reply.status, code(&reply).as_str()), (403, expected));
        assert_eq!(
            world.call("GET", "/v3/auth/projects", None).status,
            200,
            "IAM still answers"
        );
    }
    world.control("PUT", &key, &json!({"standing": "active"}));
    assert_eq!(world.create("pool-001").status, 200);
}

#[test]
fn what_is_granted_at_the_start_holds_from_the_first_call() {
    let key = modelarts_sim::accounts::Key {
        access: AK.to_owned(),
        secret: SK.to_owned(),
        project: PROJECT.to_owned(),
        security_token: None,
        expires: None,
    };
    let setup = Setup {
        keys: vec![key],
        grants: vec![(
            AK.to_owned(),
            Actions::parse(["modelarts:pool:list"]).expect("an action"),
        )],
        ..Setup::default()
    };
    let mut world = World {
        sim: Simulator::new(setup, START),
        wall: START,
    };
    assert_eq!(world.listed(), 0);
    assert_eq!(world.call("POST", &pools(), Some(&pool_body("pool-001"))).status, 403);
}

#[test]
fn a_grant_that_cannot_be_read_changes_nothing() {
    let mut world = world();
    let change = |who: &str, body: &Value| unsigned("PUT", &format!("/_sim/{who}"), Some(body));
    let key = format!("keys/{AK}");
    let cases = [
        (key.as_str(), json!({"actions": ["pool:list"]}), 400, "no action"),
        (&key, json!({"standing": "gone"}), 400, "no standing"),
        (&key, json!({"action": []}), 400, "no setting"),
        ("keys/AKNONE", json!({"actions": []}), 404, "no key"),
        ("users/example_domain/none", json!({"actions": []}), 404, "no user"),
    ];
    for (who, body, status, why) in cases {
        assert_eq!(world.send(&change(who, &body)).status, status, "{why}");
    }
    let stranger = json!({"ak": "AKNEW", "sk": SK, "project": PROJECT, "actions": ["x"]});
    assert_eq!(world.send(&unsigned("POST", "/_sim/keys", Some(&stranger))).status, 400);
    assert_eq!(world.call("GET", &pools(), None).status, 200);
    let request = signed("AKNEW", SK, world.wall, "GET", &pools(), None);
    assert_eq!(world.send(&request).status, 401, "and adds no key");
}
