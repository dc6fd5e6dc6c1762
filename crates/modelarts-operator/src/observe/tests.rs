//! What makes the census fast, and whom nobody looks at.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use modelarts_crd::ModelArtsPool;
use modelarts_plan::Pools;
use serde_json::json;

use super::*;
use crate::bench::{bench, nothing_here, object};

fn told(type_: &str, status: &str, reason: Reason) -> Condition {
    Condition {
        type_: type_.into(),
        status: status.into(),
        reason: reason.as_str().into(),
        message: String::new(),
        last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
        observed_generation: None,
    }
}

#[test]
fn only_what_is_on_its_way_makes_the_census_fast() {
    assert!(is_busy(&[]), "nobody has looked yet");
    assert!(is_busy(&[told("Ready", "False", Reason::Creating)]));
    for at_rest in [
        &[told("Ready", "True", Reason::Ready)][..],
        &[told("Ready", "Unknown", Reason::Suspended)],
        &[told("Ready", "False", Reason::Observed)],
        &[
            told("Ready", "False", Reason::QuotaExceeded),
            told("Stalled", "True", Reason::QuotaExceeded),
        ],
    ] {
        assert!(!is_busy(at_rest), "{at_rest:?}");
    }
}

fn pool(policy: &str) -> ModelArtsPool {
    object(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
        "metadata": {"name": "train-a", "namespace": "ml", "uid": "u"},
        "spec": {
            "scope": ["Train"], "network": {"name": "net-1"}, "resources": [{"flavor": "f", "count": 1}],
            "managementPolicy": policy,
        },
    }))
}

#[tokio::test]
async fn nobody_is_asked_about_a_paused_object() {
    let bench = bench(|_, _| nothing_here(), |_, _, _| nothing_here(), json!({})).await;
    let ctx = Context::<Pools>::new(Arc::clone(&bench.shared));
    ctx.directory.meet("u");
    let observed = observe(&ctx, &pool("Pause")).await;
    assert!(observed.scope.is_none() && observed.access.is_none());
    let Account::Closed(closed) = &observed.account else {
        panic!("the account is open");
    };
    assert_eq!(closed.reason, Reason::Suspended);
    assert!(!ctx.census.looks_at(&observed.member.scope), "no task lists its scope");

    let observed = observe(&ctx, &pool("Manage")).await;
    assert!(observed.scope.is_some());
    assert!(ctx.census.looks_at(&observed.member.scope));
}
