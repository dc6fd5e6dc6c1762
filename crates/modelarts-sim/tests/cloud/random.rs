//! Random calls at random times: what must hold whatever happens.

use std::collections::BTreeSet;

use modelarts_sim::{Cloud, ListQuery, Mishap, MishapKind};
use proptest::prelude::{Strategy, any, prop, prop_assert, prop_assert_eq, prop_oneof, proptest};
use serde_json::{Value, json};

use crate::{GPU, PROJECT, START, body, count, id, new_cloud};

#[derive(Debug, Clone)]
enum Deed {
    Create(u8),
    Delete(u8),
    Resize(u8, u64),
    Phase(u8, &'static str),
    Vanish(u8),
    Mishap(MishapKind, u64),
    Break(u8, u64),
    Wait(u64),
}

fn deed() -> impl Strategy<Value = Deed> {
    let phases = vec![
        "Running",
        "Abnormal",
        "Error",
        "CreationFailed",
        "ScalingFailed",
        "Creating",
        "",
    ];
    let mishaps = vec![
        MishapKind::CreationFails,
        MishapKind::FewerNodes,
        MishapKind::ScopeFails,
    ];
    prop_oneof![
        (0..3_u8).prop_map(Deed::Create),
        (0..3_u8).prop_map(Deed::Delete),
        (0..3_u8, 1..6_u64).prop_map(|(pool, size)| Deed::Resize(pool, size)),
        (0..3_u8, prop::sample::select(phases)).prop_map(|(pool, phase)| Deed::Phase(pool, phase)),
        (0..3_u8).prop_map(Deed::Vanish),
        (prop::sample::select(mishaps), 0..4_u64).prop_map(|(kind, nodes)| Deed::Mishap(kind, nodes)),
        (0..3_u8, 0..3_u64).prop_map(|(pool, nodes)| Deed::Break(pool, nodes)),
        (0..5_000_u64).prop_map(Deed::Wait),
    ]
}

fn name(pool: u8) -> String {
    format!("pool-{pool}")
}

/// Does the deed; true if the cloud accepted a mutation that belongs into the ledger.
fn perform(cloud: &mut Cloud, deed: &Deed, now: &mut u64) -> bool {
    match deed {
        Deed::Create(pool) => cloud.create_pool(PROJECT, &body(&name(*pool)), *now).is_ok(),
        Deed::Delete(pool) => cloud.delete_pool(PROJECT, &id(&name(*pool)), *now).is_ok(),
        Deed::Resize(pool, size) => {
            let patch = json!({"spec": {"resources": [{"flavor": GPU, "count": size}]}});
            cloud.patch_pool(PROJECT, &id(&name(*pool)), &patch, *now).is_ok()
        }
        Deed::Vanish(pool) => cloud.delete_out_of_band(&id(&name(*pool)), "r", *now).is_ok(),
        Deed::Phase(pool, phase) => {
            // A forced phase is no mutation by a client; the pool may be absent.
            let _ = cloud.set_phase(&id(&name(*pool)), phase, "", *now);
            false
        }
        Deed::Mishap(kind, nodes) => {
            cloud.plan_mishap(Mishap {
                nodes: *nodes,
                ..Mishap::once(*kind)
            });
            false
        }
        Deed::Break(pool, nodes) => {
            // As a forced phase.
            let _ = cloud.break_nodes(&id(&name(*pool)), *nodes, None, *now);
            false
        }
        Deed::Wait(millis) => {
            *now += millis;
            false
        }
    }
}

fn is_settled(pool: &Value) -> bool {
    pool["status"]["phase"] == "Running" && count(pool, "creating") == 0 && count(pool, "deleting") == 0
}

proptest! {
    #[test]
    fn the_ledger_tells_all_and_counts_add_up(deeds in prop::collection::vec(deed(), 1..40), seed in any::<u64>()) {
        let mut cloud = Cloud::new(new_cloud().profile().clone(), seed);
        let mut now = START;
        let mut accepted = 0;
        for deed in &deeds {
            accepted += usize::from(perform(&mut cloud, deed, &mut now));
            prop_assert_eq!(cloud.ledger(now).len(), accepted, "one entry for each accepted mutation");
            let pools = cloud.all_pools(now);
            let names: BTreeSet<_> = pools.iter().map(|pool| pool["metadata"]["name"].to_string()).collect();
            prop_assert_eq!(names.len(), pools.len(), "an ID is there once");
            for pool in pools.iter().filter(|pool| is_settled(pool)) {
                let wanted = pool["spec"]["resources"][0]["count"].as_u64().unwrap_or_default();
                let here = count(pool, "available") + count(pool, "abnormal");
                // Error takes all nodes away, and a pool that is then called Running has none.
                prop_assert!(here == wanted || here == 0, "{pool}");
            }
        }
        let default = cloud.list_pools(PROJECT, &ListQuery::default(), now).expect("a list");
        let failed = ListQuery { status: "failed".to_owned(), ..ListQuery::default() };
        let failed = cloud.list_pools(PROJECT, &failed, now).expect("a list");
        let listed = default.items.unwrap_or_default().len() + failed.items.unwrap_or_default().len();
        prop_assert_eq!(listed, cloud.all_pools(now).len(), "every pool is in exactly one of the two lists");
        let sequences: Vec<_> = cloud.ledger(now).iter().map(|entry| entry.sequence).collect();
        prop_assert_eq!(sequences, (1..=accepted as u64).collect::<Vec<_>>());
    }
}
