//! Any pool becomes any other pool, and no request on the way is one that must never be sent.
//!
//! The simulated cloud applies and judges each patch; beside it, what was read is compared with what
//! is sent, so that a rule holds even where the simulated cloud would let it pass.

use std::collections::BTreeMap;

use modelarts_crd::ModelArtsPool;
use modelarts_crd::policy::PoolField;
use modelarts_sim::{Cloud, Profile};
use modelarts_types::pool::Pool;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Change, Next, next};
use crate::identity::{ClusterId, Marker};
use crate::pool::desired::DesiredPool;
use crate::pool::drift::differences;

const PROJECT: &str = "p";
/// Flavors of one architecture that are sold nowhere out; nodes of the last are made four at a time.
const FLAVORS: [(&str, i64); 4] = [
    ("modelarts.vm.cpu.4ud", 1),
    ("modelarts.vm.cpu.8ud", 1),
    ("modelarts.vm.gpu.v100", 1),
    ("modelarts.bm.gpu.8v100", 4),
];

fn cluster() -> ClusterId {
    ClusterId("c".into())
}

fn desired(spec: &Value) -> DesiredPool {
    let object: ModelArtsPool = serde_json::from_value(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
        "metadata": {"name": "train", "uid": "u"}, "spec": spec,
    }))
    .unwrap();
    DesiredPool::parse(&object, &cluster()).unwrap()
}

fn entry() -> impl Strategy<Value = Value> {
    let place = (
        0..FLAVORS.len(),
        prop_oneof![Just(None), Just(Some("a")), Just(Some("b"))],
    );
    let extras = (
        any::<bool>(),
        prop::option::of(0..3u8),
        prop::option::of(0..3u8),
        prop::option::of(0..3usize),
    );
    (place, 1..25i64, extras).prop_map(|((flavor, node_pool), size, (azs, label, volume, disks))| {
        let (flavor, unit) = FLAVORS[flavor];
        let count = size * unit;
        let mut entry = json!({"flavor": flavor, "count": count});
        if let Some(node_pool) = node_pool {
            entry["nodePool"] = json!(node_pool);
        }
        if unit > 1 {
            entry["creatingStep"] = json!({"step": unit, "type": "rack"});
        }
        if azs {
            let first = size / 2 * unit;
            let zones = [("cn-north-4a", first), ("cn-north-4b", count - first)];
            entry["azs"] = zones
                .iter()
                .filter(|(_, count)| *count > 0)
                .map(|(az, count)| json!({"az": az, "count": count}))
                .collect();
        }
        if let Some(label) = label {
            entry["labels"] = json!({format!("k{label}"): "v"});
            entry["extendParams"] = json!({"dockerBaseSize": label.to_string()});
        }
        if let Some(volume) = volume {
            entry["rootVolume"] = json!({"volumeType": "SSD", "size": format!("{}Gi", 50 + volume)});
        }
        if let Some(disks) = disks.filter(|disks| *disks > 0) {
            entry["dataVolumes"] = json!(vec![json!({"volumeType": "SSD", "size": "100Gi"}); disks]);
        }
        entry
    })
}

fn entries() -> impl Strategy<Value = Vec<Value>> {
    prop_oneof![
        proptest::collection::vec(entry(), 1..=3),
        proptest::collection::vec(entry(), 1..=10),
    ]
    .prop_map(|entries| {
        let key = |entry: &Value| format!("{}/{}", entry["flavor"], entry["nodePool"]);
        let different: BTreeMap<String, Value> = entries.into_iter().map(|entry| (key(&entry), entry)).collect();
        different.into_values().collect()
    })
}

fn spec() -> impl Strategy<Value = Value> {
    let scope = proptest::sample::subsequence(vec!["Train", "Infer", "Notebook"], 1..=3);
    let flavors = proptest::sample::subsequence(vec!["a", "b"], 0..=2);
    let driver = prop::option::of(0..3u8);
    (entries(), scope.prop_shuffle(), "[a-z]{0,8}", flavors, driver).prop_map(
        |(resources, scope, description, flavors, driver)| {
            let gpu = resources
                .iter()
                .any(|entry| entry["flavor"].to_string().contains("gpu"));
            let mut spec = json!({
                "scope": scope, "network": {"name": format!("net-0123-{PROJECT}")}, "resources": resources,
                "description": description, "jobFlavors": flavors,
            });
            if let Some(version) = driver.filter(|_| gpu) {
                spec["driver"] = json!({"gpuVersion": version.to_string(), "updateStrategy": "idle"});
            }
            spec
        },
    )
}

fn ignored() -> impl Strategy<Value = Vec<PoolField>> {
    let some = proptest::sample::subsequence(PoolField::ALL.to_vec(), 0..=3);
    prop_oneof![3 => Just(Vec::new()), 1 => some]
}

/// The cloud, and the time in it.
struct Sky(Cloud, u64);

impl Sky {
    fn show(&mut self) -> Pool {
        self.1 += 60_000;
        let (id, now) = (self.id(), self.1);
        self.0.show_pool(PROJECT, &id, now).unwrap()
    }

    fn id(&self) -> String {
        format!("pool-1-{PROJECT}")
    }

    /// Brings the pool to what is wanted; gives what was told at the end, and in how many requests.
    fn bring(&mut self, desired: &DesiredPool) -> Result<(Next, usize), TestCaseError> {
        for sent in 0..200 {
            let observed = self.show();
            let next = next(desired, &observed, &Marker::of("u", &cluster()));
            prop_assert_eq!(differences(desired, &observed).is_empty(), next == Next::Nothing);
            let Next::Send(change) = next else {
                return Ok((next, sent));
            };
            judge(desired, &observed, &change)?;
            let (id, now) = (self.id(), self.1);
            let answer = self.0.patch_pool(PROJECT, &id, &change.patch, now);
            prop_assert!(answer.is_ok(), "{answer:?} to {}", change.patch);
        }
        Err(TestCaseError::fail("the changes never end"))
    }
}

fn counts(resources: &Value) -> BTreeMap<String, (i64, i64)> {
    let list = resources.as_array().cloned().unwrap_or_default();
    list.into_iter()
        .map(|entry| {
            let flavor = entry["flavor"].as_str().unwrap_or_default();
            let node_pool = entry["nodePool"]
                .as_str()
                .map_or(format!("{flavor}-default"), str::to_owned);
            let unit = entry["creatingStep"]["step"].as_i64().unwrap_or(1);
            (
                format!("{flavor}/{node_pool}"),
                (entry["count"].as_i64().unwrap_or_default(), unit),
            )
        })
        .collect()
}

/// The rules that every request has to keep.
fn judge(desired: &DesiredPool, observed: &Pool, change: &Change) -> Result<(), TestCaseError> {
    prop_assert!(!change.fields.is_empty());
    prop_assert!(!change.grows || !change.shrinks);
    let told = differences(desired, observed);
    for field in &change.fields {
        prop_assert!(told.contains(field), "{field} is sent and not among {told:?}");
    }
    let Some(list) = change.patch.pointer("/spec/resources") else {
        prop_assert!(!change.grows && !change.shrinks);
        return Ok(());
    };
    let entries = list.as_array().map_or(0, Vec::len);
    prop_assert!((1..=10).contains(&entries), "{entries} entries");
    prop_assert!(!list.to_string().contains("maxCount"));
    let (before, after) = (counts(&json!(observed.spec.resources)), counts(list));
    prop_assert_eq!(after.len(), entries, "an entry is there twice");
    let (mut up, mut down, mut growing) = (0, 0, 0);
    for (key, (count, unit)) in &after {
        prop_assert!(*count >= 1 && count % unit == 0, "{key}: {count}");
        let was = before.get(key).map_or(0, |(count, _)| *count);
        up += (count - was).max(0);
        down += (was - count).max(0);
        growing += usize::from(*count > was);
    }
    down += before
        .iter()
        .filter(|(key, _)| !after.contains_key(*key))
        .map(|(_, (count, _))| count)
        .sum::<i64>();
    prop_assert!(up == 0 || down == 0, "{up} up and {down} down");
    prop_assert!(up <= 30, "{up} nodes in {growing} entries");
    prop_assert_eq!((up > 0, down > 0), (change.grows, change.shrinks));
    Ok(())
}

fn sky(first: &DesiredPool) -> Result<Sky, TestCaseError> {
    let mut sky = Sky(Cloud::new(Profile::default(), 1), 0);
    let body = first.creation();
    let entries = body.spec.resources();
    let total: i64 = entries.iter().filter_map(|entry| entry.count).sum();
    prop_assert!(
        total <= 30
            || entries
                .iter()
                .all(|entry| entry.count == Some(super::portion::unit_of(entry)))
    );
    let answer = sky.0.create_pool(PROJECT, &body, 0);
    prop_assert!(answer.is_ok(), "{answer:?}");
    Ok(sky)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn any_pool_becomes_any_other(first in spec(), then in spec(), ignore in ignored()) {
        let named = |mut spec: Value| {
            spec["poolName"] = json!("pool-1");
            spec
        };
        let first = desired(&named(first));
        let mut then = named(then);
        then["drift"] = json!({"ignore": ignore});
        let then = desired(&then);
        let mut sky = sky(&first)?;
        prop_assert_eq!(sky.bring(&first)?.0, Next::Nothing);
        let before = sky.show();
        let (end, _) = sky.bring(&then)?;
        prop_assert_eq!(end, Next::Nothing);
        if ignore.contains(&PoolField::Count) {
            let (before, after) = (counts(&json!(before.spec.resources)), counts(&json!(sky.show().spec.resources)));
            for (key, (count, _)) in after {
                prop_assert!(before.get(&key).is_none_or(|(was, _)| *was == count), "{key} had another count");
            }
        }
    }

    /// Whatever is read, every difference is told, and nothing is told without one.
    #[test]
    fn a_difference_is_told_in_every_state(
        first in spec(), then in spec(), phase in "Running|Abnormal|Creating|Deleting|Waiting|Error|ScalingFailed|New|",
        mode in 0..32i64, paid in any::<bool>(), creating in 0..2i64,
    ) {
        let (wanted, there) = (desired(&then), desired(&first));
        let mut observed = serde_json::to_value(&there.pool).unwrap_or_default();
        observed["spec"]["controlMode"] = json!(mode);
        observed["status"] = json!({"phase": phase, "resources": {"creating": [{"count": creating}]}});
        if paid {
            observed["metadata"]["annotations"]["os.modelarts/billing.mode"] = json!("1");
        }
        let observed: Pool = serde_json::from_value(observed).unwrap_or_default();
        let told = differences(&wanted, &observed);
        let fields = match next(&wanted, &observed, &Marker::of("u", &cluster())) {
            Next::Nothing => Vec::new(),
            Next::Send(change) => {
                judge(&wanted, &observed, &change)?;
                prop_assert!(mode & 28 == 0 && matches!(phase.as_str(), "Running" | "Abnormal"));
                prop_assert!(phase == "Running" || change.fields == ["description"]);
                prop_assert!(!(change.shrinks && paid));
                change.fields
            }
            Next::Wait { fields, .. } | Next::Refused { fields, .. } => fields,
        };
        prop_assert_eq!(fields.is_empty(), told.is_empty());
        for field in &fields {
            prop_assert!(told.contains(field), "{field} is not among {told:?}");
        }
    }
}
