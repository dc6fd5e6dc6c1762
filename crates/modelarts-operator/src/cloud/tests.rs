//! A marking replaces only the marker that was seen, and whatever buys counts against the budget.

use std::collections::BTreeSet;
use std::sync::Mutex;

use http::Method;
use modelarts_plan::Pools;
use serde_json::json;

use super::*;
use crate::bench::{Answer, Bench, bench, nothing_here};
use crate::directory::tests::member;
use crate::observe::Observed;

/// A cloud with the pool `pool-1`, whose description can be changed.
fn cloud(description: &str) -> impl Fn(&Method, &str, &[u8]) -> Answer + Clone + Send + Sync + 'static {
    let held = Arc::new(Mutex::new(description.to_owned()));
    move |method, _, body| {
        let mut description = held.lock().unwrap();
        if method == Method::PATCH {
            let patch: Value = serde_json::from_slice(body).unwrap();
            let told = &patch["metadata"]["annotations"]["os.modelarts/description"];
            *description = told.as_str().unwrap_or_default().to_owned();
        }
        let annotations = json!({"os.modelarts/description": *description});
        let metadata = json!({"name": "pool-1", "annotations": annotations});
        (
            200,
            json!({"apiVersion": "v2", "kind": "Pool", "metadata": metadata, "spec": {}}),
        )
    }
}

async fn process(description: &str, limits: Value) -> (Bench, Context<Pools>) {
    let bench = bench(|_, _| nothing_here(), cloud(description), limits).await;
    let ctx = Context::new(Arc::clone(&bench.shared));
    (bench, ctx)
}

fn observed(bench: &Bench) -> Observed<Pools> {
    Observed {
        member: member("u"),
        scope: None,
        account: modelarts_plan::Account::Open(modelarts_plan::OpenAccount {
            project: "p1".into(),
            may_create: true,
        }),
        access: bench.shared.accounts.access_for("default", "ml").ok(),
        cloud: modelarts_plan::Cloud::default(),
        hash: String::new(),
    }
}

fn marker(uid: &str) -> Marker {
    Marker {
        uid: uid.into(),
        cluster: "abcdef".into(),
    }
}

fn patch(marker: &Marker) -> Value {
    json!({"metadata": {"annotations": {"os.modelarts/description": marker.append_to("text")}}})
}

fn is_changed(executed: &Executed<Pools>) -> bool {
    matches!(executed, Executed::Outcome(Outcome::Changed(_)))
}

fn is_stale(executed: &Executed<Pools>) -> bool {
    matches!(executed, Executed::Outcome(Outcome::Stale))
}

#[tokio::test]
async fn a_marker_that_changed_since_it_was_seen_is_not_replaced() {
    let (bench, ctx) = process(&marker("somebody").append_to("text"), json!({})).await;
    let (observed, ours) = (observed(&bench), marker("u"));
    for over in [None, Some(marker("another"))] {
        let executed = mark(&ctx, &observed, "pool-1", over.as_ref(), &patch(&ours)).await;
        assert!(is_stale(&executed), "over {over:?}");
    }
    assert_eq!(bench.cloud.count("PATCH"), 0);
    let over = marker("somebody");
    let executed = mark(&ctx, &observed, "pool-1", Some(&over), &patch(&ours)).await;
    assert!(is_changed(&executed));
    assert_eq!(bench.cloud.count("PATCH"), 1);
}

#[tokio::test]
async fn of_two_objects_that_take_over_one_pool_one_does() {
    let (bench, ctx) = process("text", json!({})).await;
    let observed = observed(&bench);
    let (a, b) = (patch(&marker("a")), patch(&marker("b")));
    let (a, b) = tokio::join!(
        mark(&ctx, &observed, "pool-1", None, &a),
        mark(&ctx, &observed, "pool-1", None, &b),
    );
    assert!(is_changed(&a) && is_stale(&b) || is_stale(&a) && is_changed(&b));
    assert_eq!(bench.cloud.count("PATCH"), 1);
}

#[tokio::test]
async fn nodes_are_bought_out_of_the_budget_and_given_back_without_it() {
    let (bench, ctx) = process("text", json!({"creationsPerTenMinutes": 1})).await;
    let (observed, what) = (observed(&bench), json!({}));
    let send = async |effect| change(&ctx, &observed, "pool-1", &what, effect).await;
    for directory in bench.shared.directories.all() {
        directory.keep(&BTreeSet::new());
    }
    assert!(is_changed(&send(Effect::Grows).await));
    assert!(matches!(send(Effect::Grows).await, Executed::Later(_)));
    assert_eq!(bench.cloud.count("PATCH"), 1);
    assert!(is_changed(&send(Effect::Shrinks).await));
    assert!(is_changed(&send(Effect::Neither).await));
}

#[tokio::test]
async fn nothing_is_bought_before_all_is_known_that_an_earlier_process_bought() {
    let (bench, ctx) = process("text", json!({})).await;
    let (observed, what) = (observed(&bench), json!({}));
    let send = async |effect| change(&ctx, &observed, "pool-1", &what, effect).await;
    let [pools, networks] = bench.shared.directories.all();
    assert!(
        matches!(send(Effect::Grows).await, Executed::Later(_)),
        "nobody knows who there is"
    );
    pools.meet("bought-before");
    pools.keep(&BTreeSet::from(["bought-before".to_owned()]));
    networks.keep(&BTreeSet::new());
    assert!(
        matches!(send(Effect::Grows).await, Executed::Later(_)),
        "one was not read yet"
    );
    assert_eq!(bench.cloud.count("PATCH"), 0);
    pools.unreadable("bought-before");
    pools.meet("made-meanwhile");
    assert!(
        is_changed(&send(Effect::Grows).await),
        "who comes later has bought nothing"
    );
}

#[tokio::test]
async fn an_id_that_is_none_is_never_sent() {
    let (bench, ctx) = process("text", json!({})).await;
    let executed = change(&ctx, &observed(&bench), "../pools", &json!({}), Effect::Neither).await;
    assert!(matches!(executed, Executed::Outcome(Outcome::Failed(_))));
    assert_eq!(bench.cloud.all(), [""; 0]);
}
