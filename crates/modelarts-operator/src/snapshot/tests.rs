//! What concerns an object, and what has been left behind.

use std::collections::BTreeSet;

use modelarts_types::pool::Pool;
use serde_json::json;

use super::*;

fn cluster() -> ClusterId {
    ClusterId("cluster".into())
}

fn pool(name: &str, uid: Option<&str>) -> Pool {
    let description = uid.map_or(String::new(), |uid| Marker::of(uid, &cluster()).append_to("text"));
    let metadata = json!({
        "name": format!("{name}-p1"),
        "labels": {"os.modelarts/name": name},
        "annotations": {"os.modelarts/description": description},
    });
    serde_json::from_value(json!({"apiVersion": "v2", "kind": "Pool", "metadata": metadata})).unwrap()
}

fn member(uid: &str, name: &str) -> Member {
    Member {
        name: name.into(),
        cloud_name: Some(derived_name(name, uid, &cluster())),
        ..crate::directory::tests::member(uid)
    }
}

fn snapshot(pools: Vec<Pool>, known: &[&str]) -> Snapshot {
    let known: BTreeSet<&str> = known.iter().copied().collect();
    let owners = Owners {
        cluster: &cluster(),
        knows: &|uid| known.contains(uid),
    };
    Snapshot::new(Tick(1), pools, Vec::new(), None, owners)
}

fn seen(snapshot: &Snapshot, member: &Member) -> Vec<String> {
    let listing = snapshot.concerning(member, &cluster());
    let names = listing.items.iter().filter_map(|pool| pool.display_name());
    names.map(str::to_owned).collect()
}

#[test]
fn a_pool_concerns_an_object_by_marker_name_record_or_adoption() {
    let pools = vec![
        pool("marked", Some("a")),
        pool("named", None),
        pool("recorded", None),
        pool("adopted", Some("b")),
        pool("other", Some("c")),
    ];
    let member = Member {
        cloud_name: Some("named".into()),
        id: Some("recorded-p1".into()),
        adoption: Some("adopted-p1".into()),
        ..member("a", "train-a")
    };
    let all = ["a", "b", "c"];
    assert_eq!(
        seen(&snapshot(pools, &all), &member),
        ["marked", "named", "recorded", "adopted"]
    );
}

#[test]
fn what_an_earlier_object_of_the_name_left_behind_concerns_its_successor() {
    let name = "train-a";
    let left = derived_name(name, "gone", &cluster());
    let twin = derived_name(name, "twin", &cluster());
    let pools = vec![
        pool(&left, Some("gone")),
        // In another namespace an object of the same name lives.
        pool(&twin, Some("twin")),
        // The name only looks derived.
        pool("train-a-0123456789", Some("stranger")),
        pool(&derived_name("train-b", "gone-too", &cluster()), Some("gone-too")),
    ];
    let found = seen(&snapshot(pools, &["twin", "new"]), &member("new", name));
    assert_eq!(found, [left]);
}

#[test]
fn a_change_of_what_is_to_be_taken_over_is_a_change_for_the_object() {
    let member = Member {
        adoption: Some("adopted-p1".into()),
        ..member("a", "train-a")
    };
    let before = snapshot(vec![pool("adopted", Some("b"))], &["a", "b"]);
    let after = snapshot(vec![pool("adopted", None)], &["a", "b"]);
    assert!(before.is_same_for(&before, &member, &cluster()));
    assert!(!before.is_same_for(&after, &member, &cluster()));
}
