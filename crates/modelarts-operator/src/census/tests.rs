//! Evidence on demand, and who is surely gone.

use futures::FutureExt;
use modelarts_plan::{FailureKind, Pools};
use modelarts_types::pool::Pool;
use serde_json::json;

use super::*;
use crate::bench::{Bench, bench, nothing_here, object};
use crate::directory::tests::member;
use crate::snapshot::Owners;

async fn process() -> (Bench, Census<Pools>) {
    let bench = bench(|_, _| nothing_here(), |_, _, _| nothing_here(), json!({})).await;
    let census = Census::new(Arc::clone(&bench.shared));
    (bench, census)
}

#[tokio::test]
async fn a_wish_for_evidence_is_served_at_once_unless_looking_fails() {
    let ((_bench, census), scope) = (process().await, Scope::default());
    census.want(&scope, "u", Tick(1));
    assert!(scope.called.notified().now_or_never().is_some());
    let failure = CloudFailure {
        kind: FailureKind::Transient,
        message: "down".into(),
        doubtful: false,
    };
    scope.state().trouble = Some(trouble(None, failure, Tick(2)));
    census.want(&scope, "u", Tick(3));
    assert!(scope.called.notified().now_or_never().is_none(), "the interval is kept");
    assert_eq!(scope.state().wanted, Some(Tick(3)), "and the wish is not forgotten");
}

#[tokio::test]
async fn an_orphan_is_one_only_when_all_objects_and_a_list_are_known() {
    let ((bench, census), scope) = (process().await, Scope::default());
    let marker = |uid: &str, cluster: &str| format!("text [mapool:{uid}@{cluster}]");
    let ours = bench.shared.cluster.fingerprint();
    let pool = |name: &str, description: String| -> Pool {
        object(json!({"metadata": {
            "name": name,
            "labels": {"os.modelarts/name": "wanted"},
            "annotations": {"os.modelarts/description": description},
        }}))
    };
    let member = Member {
        cloud_name: Some("wanted".into()),
        ..member("me")
    };
    let directory = &bench.shared.directories.pools;
    directory.keep(&BTreeSet::new());
    directory.meet("me");
    directory.meet("lives-elsewhere");
    let orphans = || census.cloud_of(&scope, &member).orphans;
    assert_eq!(orphans(), None, "nothing is listed yet");
    let pools = vec![
        pool("p1", marker("gone", &ours)),
        pool("p2", marker("lives-elsewhere", &ours)),
        pool("p3", marker("of-another-cluster", "abcdef")),
        pool("p4", "no marker".into()),
    ];
    let owners = Owners {
        cluster: &bench.shared.cluster,
        knows: &|_| false,
    };
    scope.state().list = Some(Arc::new(Snapshot::new(Tick(1), pools, Vec::new(), None, owners)));
    assert_eq!(orphans(), Some(BTreeSet::from(["gone".to_owned()])));
    directory.meet("gone");
    assert_eq!(orphans(), Some(BTreeSet::new()));

    let (unfinished, _woken) = crate::directory::Directory::new();
    assert_eq!(
        unfinished.gone(["gone"].into_iter()),
        None,
        "the watch is still listing"
    );
}
