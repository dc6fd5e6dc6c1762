//! What `--once` found: whether every pool is ready and was bought exactly once, and if not, why.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::events::v1::Event;
use kube::Client;
use kube::api::{Api, ListParams};
use sandbox::pools::{Pool, Readiness};
use sandbox::simulator::LedgerEntry;

/// One line for each pool, and whether all of them are as they should be.
pub struct Verdict {
    /// For people.
    pub lines: Vec<String>,
    /// Whether each pool was created exactly once, and nothing else was.
    pub once_each: bool,
}

/// Compares the pools with the ledger, the judge of how often something was bought.
///
/// `took` has the time from the application to Ready by namespace and name.
pub fn judge(pools: &[Pool], ledger: &[LedgerEntry], took: &BTreeMap<(String, String), Duration>) -> Verdict {
    let created = |name: &str| {
        let creates = ledger.iter().filter(|entry| entry.operation == "CreatePool");
        creates.filter(|entry| entry.display_name == name).count()
    };
    let all = ledger.iter().filter(|entry| entry.operation == "CreatePool").count();
    let mut lines = Vec::new();
    let mut once_each = all == pools.len();
    for pool in pools {
        let count = created(&pool.pool_name);
        once_each &= count == 1;
        let key = (pool.namespace.clone(), pool.name.clone());
        let ready = took.get(&key).map_or_else(
            || String::from("not Ready"),
            |took| format!("Ready after {:.1} s", took.as_secs_f64()),
        );
        lines.push(format!(
            "{}/{} ({}): {ready}, CreatePool {count} {}",
            pool.namespace,
            pool.name,
            pool.pool_name,
            if count == 1 { "time" } else { "times" },
        ));
    }
    if all != pools.len() {
        let count = pools.len();
        lines.push(format!("the ledger has {all} CreatePool for {count} pools"));
    }
    Verdict { lines, once_each }
}

/// Why pools are not ready: their conditions and the last events about them.
pub async fn reasons(client: &Client, pools: &[Pool]) -> Vec<String> {
    let mut lines = Vec::new();
    for pool in pools.iter().filter(|pool| pool.ready != Readiness::Ready) {
        lines.push(format!(
            "{}/{}: phase {:?}, Ready {}, {}: {}",
            pool.namespace,
            pool.name,
            pool.phase,
            pool.ready.as_str(),
            if pool.reason.is_empty() {
                "no reason"
            } else {
                &pool.reason
            },
            pool.message,
        ));
        lines.extend(events(client, pool).await);
    }
    lines
}

async fn events(client: &Client, pool: &Pool) -> Vec<String> {
    let api: Api<Event> = Api::namespaced(client.clone(), &pool.namespace);
    let about = ListParams::default().fields(&format!("regarding.kind=ModelArtsPool,regarding.name={}", pool.name));
    match api.list(&about).await {
        Ok(list) => list
            .iter()
            .map(|event| {
                let text = |field: &Option<String>| field.clone().unwrap_or_default();
                let (reason, note) = (text(&event.reason), text(&event.note));
                format!("  event {}: {reason}: {note}", text(&event.type_))
            })
            .collect(),
        Err(error) => vec![format!("  events cannot be read: {error}")],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(name: &str) -> Pool {
        Pool {
            namespace: String::from("ml"),
            name: name.to_owned(),
            pool_name: format!("{name}-cloud"),
            phase: String::from("Running"),
            ready: Readiness::Ready,
            available: Some(1),
            desired: Some(1),
            reason: String::new(),
            message: String::new(),
        }
    }

    fn entry(operation: &str, name: &str) -> LedgerEntry {
        LedgerEntry {
            sequence: 1,
            time: String::new(),
            project: String::new(),
            operation: operation.to_owned(),
            pool_id: None,
            network_id: None,
            display_name: name.to_owned(),
            description: None,
            request_id: String::new(),
            outcome: String::from("accepted"),
        }
    }

    #[test]
    fn only_exactly_one_create_for_each_pool_passes() {
        let pools = [pool("a"), pool("b")];
        let (a, b) = (entry("CreatePool", "a-cloud"), entry("CreatePool", "b-cloud"));
        let other = entry("CreatePool", "c-cloud");
        let patch = entry("PatchPool", "a-cloud");
        let rows: [(&str, Vec<LedgerEntry>, bool); 5] = [
            ("one each", vec![a.clone(), patch, b.clone()], true),
            ("one missing", vec![a.clone()], false),
            ("one twice", vec![a.clone(), b.clone(), a.clone()], false),
            ("one twice instead of the other", vec![a.clone(), a.clone()], false),
            ("a pool that nobody asked for", vec![a, b, other], false),
        ];
        for (why, ledger, passes) in rows {
            let verdict = judge(&pools, &ledger, &BTreeMap::new());
            assert_eq!(verdict.once_each, passes, "{why}: {:?}", verdict.lines);
        }
    }

    #[test]
    fn each_pool_has_a_line_with_its_time_and_its_count() {
        let key = (String::from("ml"), String::from("a"));
        let took = BTreeMap::from([(key, Duration::from_millis(4200))]);
        let verdict = judge(&[pool("a")], &[entry("CreatePool", "a-cloud")], &took);
        assert_eq!(verdict.lines, ["ml/a (a-cloud): Ready after 4.2 s, CreatePool 1 time"]);
    }
}
