//! The pure cloud, rule by rule. Time is a number here: nothing waits.

mod billing;
mod create;
mod life;
mod lists;
mod networks;
mod nodes;
mod orders;
mod patch;
mod random;
mod scopes;
mod stock;
mod terms;

use modelarts_sim::{Cloud, Profile, Refusal};
use serde_json::{Value, json};

pub(crate) const PROJECT: &str = "86c13962597848eeb29c5861153a391f";
pub(crate) const GPU: &str = "modelarts.vm.gpu.tnt004";
pub(crate) const CPU: &str = "modelarts.vm.cpu.4ud";
/// A day in the past of every reader, so that timestamps are real ones.
pub(crate) const START: u64 = 1_700_000_000_000;

pub(crate) fn new_cloud() -> Cloud {
    Cloud::new(Profile::default(), 7)
}

/// The smallest body of a GPU pool.
pub(crate) fn body(name: &str) -> Value {
    json!({
        "apiVersion": "v2",
        "kind": "Pool",
        "metadata": {"labels": {"os.modelarts/name": name}},
        "spec": {
            "type": "Dedicate",
            "scope": ["Train"],
            "network": {"name": format!("net-0123-{PROJECT}")},
            "resources": [{"flavor": GPU, "count": 2}],
            "driver": {"gpuVersion": "440.31"},
        },
    })
}

pub(crate) fn id(name: &str) -> String {
    format!("{name}-{PROJECT}")
}

/// A cloud with one Running pool, and the time at which it is.
pub(crate) fn running(name: &str) -> (Cloud, u64) {
    let mut cloud = new_cloud();
    cloud.create_pool(PROJECT, &body(name), START).expect("accepted");
    (cloud, START + 2_000)
}

/// The pool as JSON.
pub(crate) fn show(cloud: &mut Cloud, name: &str, now: u64) -> Value {
    let pool = cloud.show_pool(PROJECT, &id(name), now).expect("the pool is there");
    serde_json::to_value(pool).expect("JSON")
}

/// Status and code of a refusal.
pub(crate) fn refused<T: std::fmt::Debug>(result: Result<T, Refusal>, why: &str) -> (u16, String) {
    let refusal = result.expect_err(why);
    (refusal.status, refusal.code)
}

/// How many nodes are in a state, over all entries.
pub(crate) fn count(pool: &Value, state: &str) -> u64 {
    let entries = pool["status"]["resources"][state].as_array();
    entries
        .into_iter()
        .flatten()
        .filter_map(|entry| entry["count"].as_u64())
        .sum()
}
