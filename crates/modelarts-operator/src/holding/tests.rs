//! Who holds an account, when it is held, and when it is let go.

use std::collections::BTreeSet;

use http::Method;
use serde_json::{Value, json};

use super::*;
use crate::bench::{Answer, Bench, bench_of, nothing_here};
use crate::directory::tests::member;

/// An API server that takes what it is sent for the account.
fn taken(method: &Method, _: &str) -> Answer {
    let account = json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsAccount", "metadata": {"name": "default"},
        "spec": {"region": "cn-north-4", "credentials": {"secret": {"name": "keys"}}},
    });
    if method == Method::PATCH {
        (200, account)
    } else {
        nothing_here()
    }
}

async fn process(metadata: Value) -> Bench {
    bench_of(taken, |_, _, _| nothing_here(), json!({}), metadata).await
}

fn held_and_leaving() -> Value {
    json!({"finalizers": [ACCOUNT_FINALIZER, "example.com/other"], "deletionTimestamp": "2026-01-02T03:04:05Z"})
}

/// Lets go of the account if that may be; answers how often the API server was written to.
async fn released(bench: &Bench) -> usize {
    let account = bench.shared.accounts.object("default").unwrap();
    release(&bench.shared, &account).await.unwrap();
    bench.kube.count("PATCH")
}

fn nobody_else(bench: &Bench) {
    for directory in bench.shared.directories.all() {
        directory.keep(&BTreeSet::from(["a".to_owned()]));
    }
}

#[tokio::test]
async fn an_account_is_held_once_before_its_first_use() {
    let bench = process(json!({})).await;
    assert!(ensure(&bench.shared, "default").await.unwrap());
    assert_eq!(bench.kube.count("PATCH"), 1);
    let held = process(json!({"finalizers": [ACCOUNT_FINALIZER]})).await;
    assert!(ensure(&held.shared, "default").await.unwrap());
    assert!(!ensure(&held.shared, "another").await.unwrap());
    assert_eq!(held.kube.count("PATCH"), 0);
}

#[tokio::test]
async fn an_account_that_goes_is_not_held_any_more() {
    let leaving = json!({"finalizers": ["example.com/other"], "deletionTimestamp": "2026-01-02T03:04:05Z"});
    let bench = process(leaving).await;
    assert!(!ensure(&bench.shared, "default").await.unwrap());
    assert_eq!(bench.kube.count("PATCH"), 0);
}

#[tokio::test]
async fn a_deleted_account_is_held_until_nothing_is_kept_in_it() {
    let bench = process(held_and_leaving()).await;
    let pools = &bench.shared.directories.pools;
    assert_eq!(released(&bench).await, 0, "nobody knows who there is");
    pools.meet("a");
    nobody_else(&bench);
    assert_eq!(users(&bench.shared, "default"), Users::Unknown);
    assert_eq!(released(&bench).await, 0, "one was not read yet");
    pools.enter(member("a"));
    assert_eq!(users(&bench.shared, "default"), Users::Some("pool ml/train-a".into()));
    assert_eq!(released(&bench).await, 0, "it is in use");
    pools.forget("a");
    assert_eq!(released(&bench).await, 1);
}

#[tokio::test]
async fn an_object_that_cannot_be_read_may_need_the_account() {
    let bench = process(held_and_leaving()).await;
    let pools = &bench.shared.directories.pools;
    pools.meet("a");
    nobody_else(&bench);
    pools.unreadable("a");
    assert_eq!(released(&bench).await, 0);
}

#[tokio::test]
async fn an_account_that_stays_or_is_not_held_is_left_alone() {
    for metadata in [
        json!({"finalizers": [ACCOUNT_FINALIZER]}),
        json!({"finalizers": ["example.com/other"], "deletionTimestamp": "2026-01-02T03:04:05Z"}),
    ] {
        let bench = process(metadata).await;
        nobody_else(&bench);
        assert_eq!(released(&bench).await, 0);
    }
}

#[tokio::test]
async fn who_may_not_use_an_account_does_not_hold_it() {
    let bench = process(held_and_leaving()).await;
    let pools = &bench.shared.directories.pools;
    pools.meet("a");
    nobody_else(&bench);
    let of = |namespace: &str, binding| Member {
        namespace: namespace.into(),
        binding,
        ..member("a")
    };
    pools.enter(of("ml", Binding::Living));
    assert!(matches!(users(&bench.shared, "default"), Users::Some(_)));
    for (namespace, binding) in [("unknown", Binding::Living), ("ml", Binding::None)] {
        pools.enter(of(namespace, binding));
        assert_eq!(users(&bench.shared, "default"), Users::None, "{namespace} {binding:?}");
    }
}
