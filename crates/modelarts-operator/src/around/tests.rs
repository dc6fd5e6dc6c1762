//! What decides between deleting and leaving alone is known, or the pass fails.

use http::Method;
use modelarts_crd::{ModelArtsNetwork, ModelArtsPool};
use modelarts_plan::{Networks, Pools};
use serde_json::{Value, json};

use super::*;
use crate::bench::{Answer, Bench, bench, nothing_here, object};

const NAMESPACE: &str = "/api/v1/namespaces/ml";
const DEFINITION: &str =
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/modelartspools.modelarts.huaweicloud.com";

async fn cluster(namespace: Answer, definition: Answer) -> Bench {
    let answer = move |_: &Method, path: &str| match path {
        NAMESPACE => namespace.clone(),
        DEFINITION => definition.clone(),
        _ => nothing_here(),
    };
    bench(answer, |_, _, _| nothing_here(), json!({})).await
}

fn there(metadata: Value) -> Answer {
    let body = json!({"apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": metadata});
    (200, body)
}

fn broken() -> Answer {
    (
        500,
        json!({"kind": "Status", "status": "Failure", "message": "etcd", "reason": "InternalError", "code": 500}),
    )
}

fn pool(deleted: bool) -> ModelArtsPool {
    let at = deleted.then_some("2026-01-01T00:00:00Z");
    object(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsPool",
        "metadata": {"name": "train-a", "namespace": "ml", "uid": "u", "deletionTimestamp": at},
        "spec": {"scope": ["Train"], "network": {"name": "net-1"}, "resources": [{"flavor": "f", "count": 1}]},
    }))
}

async fn seen(namespace: Answer, definition: Answer) -> Result<Option<Around>, kube::Error> {
    let bench = cluster(namespace, definition).await;
    around::<Pools>(&bench.shared, &pool(true)).await
}

#[tokio::test]
async fn a_kind_leaves_when_its_definition_is_being_removed_or_is_gone() {
    let plain = || there(json!({"name": "x"}));
    let leaving = there(json!({"name": "x", "deletionTimestamp": "2026-01-01T00:00:00Z"}));
    for (definition, leaves) in [(plain(), false), (leaving, true), (nothing_here(), true)] {
        let around = seen(plain(), definition).await.unwrap().unwrap();
        assert_eq!(around.kind_leaves, leaves);
    }
}

#[tokio::test]
async fn the_namespace_says_what_a_deletion_means() {
    let annotated = |word: &str| there(json!({"name": "ml", "annotations": {modelarts_crd::DELETION_POLICY: word}}));
    for (namespace, policy, misspelt) in [
        (there(json!({"name": "ml"})), None, None),
        (annotated("Detach"), Some(DeletionPolicy::Detach), None),
        (annotated("Delete"), Some(DeletionPolicy::Delete), None),
        (annotated("Keep"), None, Some("Keep")),
    ] {
        let around = seen(namespace, there(json!({"name": "x"}))).await.unwrap().unwrap();
        assert_eq!((around.deletion, around.misspelt.as_deref()), (policy, misspelt));
    }
}

#[tokio::test]
async fn in_doubt_the_pass_fails() {
    let plain = || there(json!({"name": "x"}));
    assert!(seen(plain(), broken()).await.is_err());
    assert!(seen(broken(), plain()).await.is_err());
}

#[tokio::test]
async fn an_object_that_stays_costs_no_look_around() {
    let bench = cluster(broken(), broken()).await;
    let around = around::<Pools>(&bench.shared, &pool(false)).await.unwrap();
    assert_eq!(around, Some(Around::default()));
    assert_eq!(bench.kube.all(), [""; 0]);
}

fn network() -> ModelArtsNetwork {
    object(json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsNetwork",
        "metadata": {"name": "net", "namespace": "ml", "uid": "n", "deletionTimestamp": "2026-01-01T00:00:00Z"},
        "spec": {"cidr": "192.168.0.0/24"},
    }))
}

#[tokio::test]
async fn a_network_waits_until_all_pools_are_known() {
    let answer = |_: &Method, _: &str| there(json!({"name": "x"}));
    let bench = bench(answer, |_, _, _| nothing_here(), json!({})).await;
    let network = network();
    let look = || around::<Networks>(&bench.shared, &network);
    assert_eq!(look().await.unwrap(), None);
    bench.shared.directories.pools.keep(&std::collections::BTreeSet::new());
    assert_eq!(look().await.unwrap().map(|around| around.users), Some(Vec::new()));
}

#[tokio::test]
async fn a_network_whose_kind_leaves_waits_for_nobody() {
    let bench = cluster(there(json!({"name": "ml"})), broken()).await;
    let around = around::<Networks>(&bench.shared, &network()).await.unwrap();
    assert!(around.is_some_and(|around| around.kind_leaves));
}

const DISCOVERED: &str = "/apis/modelarts.huaweicloud.com/v1alpha1";

/// What discovery tells of pools: these verbs.
fn discovered(verbs: &[&str]) -> Answer {
    let kind = json!({"name": "modelartspools", "singularName": "", "namespaced": true, "kind": "ModelArtsPool", "verbs": verbs});
    (
        200,
        json!({"kind": "APIResourceList", "groupVersion": "modelarts.huaweicloud.com/v1alpha1", "resources": [kind]}),
    )
}

/// What is seen around a pool by an operator of one namespace.
async fn seen_in_one(discovery: Answer, pool: &ModelArtsPool) -> (Result<Option<Around>, kube::Error>, Bench) {
    let answer = move |_: &Method, path: &str| match path {
        NAMESPACE => there(json!({"name": "ml"})),
        DISCOVERED => discovery.clone(),
        _ => nothing_here(),
    };
    let mut bench = bench(answer, |_, _, _| nothing_here(), json!({})).await;
    std::sync::Arc::get_mut(&mut bench.shared).unwrap().reach = Reach::Namespace("ml".into());
    (around::<Pools>(&bench.shared, pool).await, bench)
}

#[tokio::test]
async fn in_one_namespace_discovery_tells_whether_a_kind_leaves() {
    for (discovery, leaves) in [
        (
            discovered(&["create", "delete", "get", "list", "patch", "update", "watch"]),
            false,
        ),
        (
            discovered(&["delete", "deletecollection", "get", "list", "watch"]),
            true,
        ),
        (nothing_here(), true),
    ] {
        let (around, bench) = seen_in_one(discovery, &pool(true)).await;
        assert_eq!(around.unwrap().unwrap().kind_leaves, leaves);
        assert!(
            !bench
                .kube
                .all()
                .iter()
                .any(|asked| asked.contains("customresourcedefinitions"))
        );
    }
    assert!(seen_in_one(broken(), &pool(true)).await.0.is_err());
}

#[tokio::test]
async fn discovery_is_not_believed_right_after_a_deletion() {
    let mut young = pool(true);
    let now = jiff::Timestamp::now();
    young.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(now));
    let (around, bench) = seen_in_one(discovered(&["create"]), &young).await;
    assert_eq!(around.unwrap(), None);
    assert!(!bench.kube.all().iter().any(|asked| asked.contains(DISCOVERED)));
}
