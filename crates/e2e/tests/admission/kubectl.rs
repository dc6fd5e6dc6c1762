//! What people see in a terminal: refusals, columns, explanations, scaling, short names.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::world::{World, create, pool};

pub async fn check(world: &World) -> Vec<String> {
    let mut findings = refusals(world).await;
    findings.extend(columns(world).await);
    findings.extend(explanations(world).await);
    findings.extend(scaling(world).await);
    findings.extend(short_names(world).await);
    findings
}

/// A manifest of a pool as a user would write it.
fn manifest(name: &str, changes: &Value) -> String {
    serde_json::to_string(&pool(name, changes)).unwrap()
}

/// Why it is refused; the manifest; what kubectl must print.
fn refused() -> Vec<(&'static str, String, &'static str)> {
    vec![
        (
            "a capital in the name",
            manifest("capital", &json!({"poolName": "Pool-1"})),
            r#"The ModelArtsPool "capital" is invalid: spec.poolName: Invalid value: "Pool-1": spec.poolName in body should match '^[a-z][a-z0-9-]{2,23}[a-z0-9]$'"#,
        ),
        (
            "a changed network",
            manifest(
                "shown",
                &json!({"network": {"name": "net-9999-86c13962597848eeb29c5861153a391f"}}),
            ),
            "spec.network: Forbidden: network cannot be changed, added or removed after creation",
        ),
        (
            "both nodes and count",
            manifest("shown", &json!({"nodes": 3})),
            "use either nodes or resources[].count",
        ),
        (
            "a flavor twice",
            manifest(
                "shown",
                &json!({"resources": [{"flavor": "a", "count": 1}, {"flavor": "a", "count": 1}]}),
            ),
            "merge them, or give each its own nodePool",
        ),
        (
            "a misspelt field",
            manifest("shown", &json!({"poolname": "pool-001"})),
            r#"unknown field "spec.poolname""#,
        ),
    ]
}

async fn refusals(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    let good = world
        .kubectl(&["apply", "-f", "-"], &manifest("shown", &json!({})))
        .await;
    if !good.ok {
        findings.push(format!("kubectl apply of a good pool: {}", good.err));
    }
    let before = world.pools().get("shown").await.unwrap();
    for (case, manifest, text) in refused() {
        let run = world.kubectl(&["apply", "-f", "-"], &manifest).await;
        if run.ok || !run.err.contains(text) {
            findings.push(format!(
                "kubectl apply, {case}: wanted {text:?} in: {}{}",
                run.out, run.err
            ));
        }
    }
    if world.pools().get("shown").await.unwrap() != before {
        findings.push("kubectl apply: a refused change has changed the pool".to_owned());
    }
    findings
}

/// The words of each line of a table.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split_whitespace().collect()).collect()
}

async fn columns(world: &World) -> Vec<String> {
    let pools = world.pools();
    create(&pools, &pool("seen", &json!({"account": "spare"})))
        .await
        .unwrap();
    let status = json!({"status": {
        "observedGeneration": 1, "poolName": "pool-seen", "poolId": "pool-seen-0a", "phase": "Running",
        "nodes": {"desired": 2, "available": 1}, "flavors": "a,b",
        "conditions": [{"type": "Ready", "status": "False", "reason": "Scaling", "message": "1-of-2", "lastTransitionTime": "2026-01-01T00:00:00Z"}],
    }});
    pools
        .patch_status("seen", &PatchParams::default(), &Patch::Merge(status))
        .await
        .unwrap();
    let narrow = ["NAME", "POOL-NAME", "PHASE", "READY", "AVAILABLE", "DESIRED", "AGE"];
    let wide = ["POOL-ID", "FLAVORS", "ACCOUNT", "MESSAGE"];
    let mut findings = Vec::new();
    let mut expect = |what: &str, found: &[&str], wanted: &[&str]| {
        if found != wanted {
            findings.push(format!("{what}: {found:?} instead of {wanted:?}"));
        }
    };
    let run = world.kubectl(&["get", "mapool", "seen", "-o", "wide"], "").await;
    let table = cells(&run.out);
    expect("the wide columns", &table[0], &[&narrow[..], &wide[..]].concat());
    expect(
        "the wide cells",
        &table[1][..6],
        &["seen", "pool-seen", "Running", "False", "1", "2"],
    );
    expect(
        "the wide cells after the age",
        &table[1][7..],
        &["pool-seen-0a", "a,b", "spare", "1-of-2"],
    );
    let run = world.kubectl(&["get", "mapool", "seen"], "").await;
    expect("the columns", &cells(&run.out)[0], &narrow);
    let run = world.kubectl(&["get", "maaccount", "-o", "wide"], "").await;
    expect(
        "the columns of accounts",
        &cells(&run.out)[0],
        &["NAME", "REGION", "PROJECT", "READY", "AGE", "MESSAGE"],
    );
    findings
}

async fn explanations(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    for (path, words) in [
        ("mapool.spec.poolName", "Cannot be changed"),
        ("mapool.spec.resources.count", "spec.nodes"),
        ("mapool.spec.deletionPolicy", "leaves it running, and billed"),
        ("maaccount.spec.allowedNamespaces", "absent means none"),
    ] {
        // kubectl breaks the lines as it likes.
        let run = world.kubectl(&["explain", path], "").await;
        let text = run.out.split_whitespace().collect::<Vec<_>>().join(" ");
        if !run.ok || !text.contains(words) {
            findings.push(format!(
                "kubectl explain {path}: wanted {words:?} in: {text}{}",
                run.err
            ));
        }
    }
    findings
}

async fn scaling(world: &World) -> Vec<String> {
    let pools = world.pools();
    let mut findings = Vec::new();
    let one_number = json!({"nodes": 2, "resources": [{"flavor": "a"}]});
    create(&pools, &pool("scaled", &one_number)).await.unwrap();
    for (replicas, accepted, nodes) in [
        ("--replicas=3", true, 3),
        ("--replicas=0", false, 3),
        ("--replicas=2001", false, 3),
    ] {
        let run = world.kubectl(&["scale", "mapool/scaled", replicas], "").await;
        let now = &pools.get("scaled").await.unwrap().data["spec"]["nodes"];
        if run.ok != accepted || now != nodes {
            findings.push(format!(
                "kubectl scale {replicas}: spec.nodes is {now}: {}{}",
                run.out, run.err
            ));
        }
    }
    // A pool that is sized by count must not silently stay as it is.
    create(&pools, &pool("counted", &json!({}))).await.unwrap();
    let run = world.kubectl(&["scale", "mapool/counted", "--replicas=3"], "").await;
    let now = pools.get("counted").await.unwrap();
    if run.ok || now.data["spec"]["resources"][0]["count"] != 2 || !now.data["spec"]["nodes"].is_null() {
        findings.push(format!("kubectl scale of a pool with a count: {}{}", run.out, run.err));
    }
    findings
}

async fn short_names(world: &World) -> Vec<String> {
    let mut findings = Vec::new();
    for (asked, wanted) in [
        ("mapool", &["modelartspool.modelarts.huaweicloud.com/fresh"][..]),
        ("maaccount", &["modelartsaccount.modelarts.huaweicloud.com/fresh"]),
        (
            "modelarts",
            &[
                "modelartspool.modelarts.huaweicloud.com/fresh",
                "modelartsaccount.modelarts.huaweicloud.com/fresh",
            ],
        ),
    ] {
        let run = world.kubectl(&["get", asked, "-n", "default", "-o", "name"], "").await;
        for name in wanted {
            if !run.out.lines().any(|line| line == *name) {
                findings.push(format!("kubectl get {asked}: no {name} in: {}{}", run.out, run.err));
            }
        }
    }
    findings
}
