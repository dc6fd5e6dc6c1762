//! What is listed, what is taken for an orphan, and where that shows.

use modelarts_plan::Marker;
use modelarts_types::pool::Pool;
use serde_json::{Value, json};

use super::*;
use crate::bench::{Bench, bench, nothing_here, object};
use crate::directory::Member;
use crate::directory::tests::member;

/// The period of the bench.
const PERIOD: u64 = 300_000;

/// A process whose cloud holds these pools and no network.
async fn process(pools: Vec<Value>) -> Bench {
    let cloud = move |path: &str| match path.ends_with("/pools") {
        true => (200, json!({"items": pools.clone()})),
        false => (200, json!({"items": []})),
    };
    let limits = json!({"readsPerSecond": 1000});
    bench(|_, _| nothing_here(), move |_, path, _| cloud(path), limits).await
}

fn key(workspace: &str) -> ScopeKey {
    ScopeKey {
        account: "default".into(),
        workspace: workspace.into(),
    }
}

/// A pool that was made for the object `gone` of the bench's cluster.
fn left(bench: &Bench) -> Pool {
    object(json!({"metadata": {
        "name": "pool-1",
        "annotations": {"os.modelarts/description": Marker::of("gone", &bench.shared.cluster).append_to("text")},
    }}))
}

fn absorb_at(bench: &Bench, began: u64) {
    absorb::<Pools>(&bench.shared, &key("0"), Tick(began), [&left(bench)]);
}

/// The number of orphans that the metrics show.
fn shown(bench: &Bench) -> Option<String> {
    let text = bench.shared.metrics.encode().unwrap();
    let series = r#"modelarts_orphans{kind="pool",account="default"} "#;
    text.lines()
        .find_map(|line| line.strip_prefix(series))
        .map(str::to_owned)
}

fn lists(bench: &Bench, of: &str) -> usize {
    let asked = bench.cloud.all();
    asked.iter().filter(|asked| asked.ends_with(of)).count()
}

#[tokio::test]
async fn an_orphan_shows_after_a_period_and_no_more_once_somebody_names_it() {
    let bench = process(Vec::new()).await;
    let directory = &bench.shared.directories.pools;
    let orphans = || bench.shared.auditor.orphans::<Pools>("default");
    directory.keep(&BTreeSet::new());
    absorb_at(&bench, 1_000);
    assert_eq!((orphans(), shown(&bench)), (None, None), "it cannot be told yet");
    absorb_at(&bench, 1_000 + PERIOD);
    absorb_at(&bench, 2_000 + PERIOD);
    assert_eq!(orphans().unwrap().len(), 1);
    assert_eq!(shown(&bench).as_deref(), Some("1"));
    assert_eq!(orphans().unwrap()[0].id, "pool-1");
    assert_eq!(bench.shared.auditor.orphans::<Pools>("another"), None);
    {
        let news = bench.shared.auditor.news();
        assert_eq!(news.len(), 1, "it is told once");
        assert_eq!(news[0].about.uid.as_deref(), Some("gone"));
        assert!(news[0].notice.note.contains("pool-1"), "{}", news[0].notice.note);
    }
    directory.meet("adopter");
    directory.enter(Member {
        adoption: Some("pool-1".into()),
        ..member("adopter")
    });
    absorb_at(&bench, 3_000 + PERIOD);
    assert_eq!(orphans(), Some(Vec::new()));
    assert_eq!(shown(&bench).as_deref(), Some("0"));
}

#[tokio::test]
async fn nothing_is_an_orphan_whose_object_is_known_or_may_be_yet_to_come() {
    let bench = process(Vec::new()).await;
    let directory = &bench.shared.directories.pools;
    absorb_at(&bench, 1_000);
    absorb_at(&bench, 1_000 + PERIOD);
    assert_eq!(shown(&bench), None, "the watch is still listing");
    directory.meet("gone");
    directory.keep(&BTreeSet::from(["gone".to_owned()]));
    absorb_at(&bench, 2_000 + PERIOD);
    absorb_at(&bench, 2_000 + 2 * PERIOD);
    assert_eq!(
        shown(&bench).as_deref(),
        Some("0"),
        "it is known, though no pass has seen it"
    );
}

#[tokio::test]
async fn a_new_account_is_listed_after_a_period_and_a_lost_workspace_at_once() {
    let bench = process(Vec::new()).await;
    let shared = &bench.shared;
    shared.directories.pools.keep(&BTreeSet::new());
    let look = async || {
        follow_accounts(shared);
        look::<Pools>(shared).await;
        look::<Networks>(shared).await;
    };
    look().await;
    assert_eq!(bench.cloud.all(), Vec::<String>::new(), "nobody uses the account");
    let scopes: Vec<_> = shared.auditor.scopes().keys().cloned().collect();
    assert_eq!(scopes, [("network", key("")), ("pool", key("0"))]);
    let due = shared.auditor.next_due(shared.clock.now()).unwrap();
    let left = due.since(shared.clock.now());
    assert!((PERIOD - 5_000..=PERIOD).contains(&left), "due in {left} ms");

    released::<Pools>(shared, &key("w1"));
    look().await;
    look().await;
    assert_eq!((lists(&bench, "/pools"), lists(&bench, "/networks")), (1, 0));
    assert_eq!(shown(&bench), None, "the default workspace is yet to be listed");
}

#[tokio::test]
async fn what_the_census_lists_is_not_listed_again() {
    let bench = process(Vec::new()).await;
    let shared = &bench.shared;
    shared.directories.pools.meet("alive");
    shared.directories.pools.enter(member("alive"));
    released::<Pools>(shared, &key("0"));
    look::<Pools>(shared).await;
    assert_eq!(lists(&bench, "/pools"), 0, "an object came back in the meantime");
    assert_eq!(
        shared.auditor.next_due(shared.clock.now()),
        None,
        "and it is not waited for"
    );
    shared.directories.pools.forget("alive");
    look::<Pools>(shared).await;
    assert_eq!(lists(&bench, "/pools"), 1);
}

#[tokio::test]
async fn an_answer_that_is_not_complete_shows_nothing_and_is_asked_for_again() {
    let nameless = json!({"metadata": {}, "spec": {}});
    let bench = process(vec![nameless]).await;
    let shared = &bench.shared;
    shared.directories.pools.keep(&BTreeSet::new());
    absorb_at(&bench, 0);
    absorb_at(&bench, PERIOD);
    released::<Pools>(shared, &key("0"));
    look::<Pools>(shared).await;
    assert_eq!(lists(&bench, "/pools"), 1);
    assert_eq!(shown(&bench).as_deref(), Some("1"), "what was seen last stands");
    assert!(shared.auditor.next_due(shared.clock.now()).is_some());
}

#[tokio::test]
async fn an_account_that_is_gone_is_forgotten() {
    let bench = process(Vec::new()).await;
    let shared = &bench.shared;
    shared.directories.pools.keep(&BTreeSet::new());
    let elsewhere = ScopeKey {
        account: "deleted".into(),
        workspace: "0".into(),
    };
    absorb::<Pools>(shared, &elsewhere, Tick(1), []);
    let has = || shared.metrics.encode().unwrap().contains(r#"account="deleted""#);
    assert!(has());
    follow_accounts(shared);
    assert!(!has());
    assert_eq!(shared.auditor.orphans::<Pools>("deleted"), None);
}

#[tokio::test]
async fn the_number_of_workspaces_without_objects_is_bounded() {
    let bench = process(Vec::new()).await;
    for number in 0..MAX_SCOPES + 10 {
        released::<Pools>(&bench.shared, &key(&format!("w{number}")));
    }
    assert_eq!(bench.shared.auditor.scopes().len(), MAX_SCOPES);
}
