//! The pools of a world as somebody who watches them sees them.

use kube::api::{Api, ListParams};
use kube::{Client, ResourceExt};
use modelarts_crd::ModelArtsPool;

use crate::error::{Error, Result};

/// One pool, reduced to what its owner asks first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pool {
    /// The object's namespace.
    pub namespace: String,
    /// The object's name.
    pub name: String,
    /// Its name in the cloud; empty until it has one.
    pub pool_name: String,
    /// The cloud's own word; empty until there is one.
    pub phase: String,
    /// Whether it is ready in its present generation.
    pub ready: Readiness,
    /// Nodes that can be used.
    pub available: Option<i64>,
    /// Nodes that are asked for.
    pub desired: Option<i64>,
    /// The reason of the condition that says most: Stalled, Reconciling, then Ready.
    pub reason: String,
    /// Its message.
    pub message: String,
}

/// What `Ready` says about the present generation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Readiness {
    /// It is as wanted.
    Ready,
    /// It is not.
    NotReady,
    /// The operator has not spoken about this generation yet.
    Unknown,
}

impl Readiness {
    /// As a condition's status.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "True",
            Self::NotReady => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// All pools of the cluster, by namespace and name.
///
/// # Errors
/// When the API server does not answer.
pub async fn list(client: &Client) -> Result<Vec<Pool>> {
    let api: Api<ModelArtsPool> = Api::all(client.clone());
    let listed = api.list(&ListParams::default()).await;
    let listed = listed.map_err(Error::kubernetes("listing the pools"))?;
    let mut pools: Vec<_> = listed.iter().map(pool).collect();
    pools.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    Ok(pools)
}

fn pool(object: &ModelArtsPool) -> Pool {
    let status = object.status.clone().unwrap_or_default();
    let generation = object.metadata.generation;
    let named = |kind: &str| status.conditions.iter().find(|c| c.type_ == kind);
    // A condition that speaks of an older generation says nothing about what is wanted now.
    let current = status.observed_generation == generation;
    let ready = match named("Ready").map(|c| c.status.as_str()) {
        Some("True") if current => Readiness::Ready,
        Some("False") if current => Readiness::NotReady,
        _ => Readiness::Unknown,
    };
    let telling = ["Stalled", "Reconciling"]
        .iter()
        .find_map(|kind| named(kind).filter(|c| c.status == "True"))
        .or_else(|| named("Ready"));
    let nodes = status.nodes.as_ref();
    Pool {
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        pool_name: status.pool_name.clone().unwrap_or_default(),
        phase: status.phase.clone().unwrap_or_default(),
        ready,
        available: nodes.map(|n| n.available),
        desired: nodes.and_then(|n| n.desired),
        reason: telling.map(|c| c.reason.clone()).unwrap_or_default(),
        message: telling.map(|c| c.message.clone()).unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn seen(generation: i64, observed: i64, conditions: &[(&str, &str, &str)]) -> Pool {
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|(kind, status, reason)| {
                json!({
                    "type": kind, "status": status, "reason": reason, "message": "as it is",
                    "lastTransitionTime": "2026-01-01T00:00:00Z",
                })
            })
            .collect();
        let object = json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1",
            "kind": "ModelArtsPool",
            "metadata": { "name": "train-a", "namespace": "ml", "generation": generation },
            "spec": {
                "scope": ["Train"],
                "network": { "name": "net-0123" },
                "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }],
            },
            "status": {
                "observedGeneration": observed,
                "conditions": conditions,
                "nodes": { "desired": 2, "available": 1 },
            },
        });
        pool(&serde_json::from_value(object).unwrap())
    }

    #[test]
    fn ready_counts_only_for_the_present_generation() {
        let ready = [("Ready", "True", "PoolReady")];
        assert_eq!(seen(2, 2, &ready).ready, Readiness::Ready);
        assert_eq!(seen(3, 2, &ready).ready, Readiness::Unknown);
        assert_eq!(seen(1, -1, &[]).ready, Readiness::Unknown);
    }

    #[test]
    fn the_reason_shown_is_that_of_the_condition_that_says_most() {
        let stalled = [
            ("Ready", "False", "NotReady"),
            ("Reconciling", "False", "Idle"),
            ("Stalled", "True", "QuotaExceeded"),
        ];
        assert_eq!(seen(1, 1, &stalled).reason, "QuotaExceeded");
        let ready = [("Ready", "True", "PoolReady")];
        let pool = seen(1, 1, &ready);
        assert_eq!((pool.reason.as_str(), pool.available), ("PoolReady", Some(1)));
    }
}
