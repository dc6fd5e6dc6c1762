//! ListPools: what is in it.

use modelarts_sim::{Cloud, FailedRecords, ListQuery, Mishap, MishapKind, Profile};
use serde_json::json;

use crate::{PROJECT, START, body, id, new_cloud, refused, running};

const TEAM_A: &str = "6d2d9bd5d6c84dc4a1b3c0d9e8f70001";

fn names(cloud: &mut Cloud, query: &ListQuery, now: u64) -> Vec<String> {
    let list = cloud.list_pools(PROJECT, query, now).expect("a list");
    let items = list.items.expect("items");
    items
        .iter()
        .map(|pool| pool.display_name().expect("a name").to_owned())
        .collect()
}

fn selected(cloud: &mut Cloud, selector: &str) -> Vec<String> {
    let query = ListQuery {
        selector: selector.to_owned(),
        ..ListQuery::default()
    };
    names(cloud, &query, START)
}

fn with_status(status: &str) -> ListQuery {
    ListQuery {
        status: status.to_owned(),
        ..ListQuery::default()
    }
}

#[test]
fn selectors_are_those_of_kubernetes() {
    let mut cloud = new_cloud();
    for name in ["pool-a", "pool-b", "pool-c"] {
        let mut pool = body(name);
        pool["metadata"]["labels"]["os.modelarts/node.prefix"] = json!(&name[5..]);
        cloud.create_pool(PROJECT, &pool, START).expect("accepted");
    }
    let all = ["pool-a", "pool-b", "pool-c"];
    let cases: &[(&str, &[&str])] = &[
        ("", &all),
        ("os.modelarts/name=pool-b", &["pool-b"]),
        ("os.modelarts/name==pool-b", &["pool-b"]),
        ("os.modelarts/name = pool-b", &["pool-b"]),
        ("os.modelarts/name!=pool-b", &["pool-a", "pool-c"]),
        ("os.modelarts/name in (pool-a, pool-c)", &["pool-a", "pool-c"]),
        ("os.modelarts/name notin (pool-a,pool-c)", &["pool-b"]),
        ("os.modelarts/name", &all),
        ("!os.modelarts/name", &[]),
        ("absent!=x", &all),
        ("absent notin (x)", &all),
        ("absent=", &[]),
        (
            "os.modelarts/name in (pool-a,pool-b),os.modelarts/node.prefix=b",
            &["pool-b"],
        ),
        ("os.modelarts/name=pool-a,os.modelarts/name=pool-b", &[]),
    ];
    for (selector, expected) in cases {
        assert_eq!(selected(&mut cloud, selector), *expected, "{selector}");
    }
}

#[test]
fn a_selector_that_does_not_parse_is_refused() {
    let mut cloud = new_cloud();
    let bad = [
        "a b c", "=x", "a in x", "a in (x", "a,", ",a", "a=b=c", "/a", "a/", "a/b/c", "!", "a=b%2Cc", "ä=b",
    ];
    for selector in bad {
        let query = ListQuery {
            selector: selector.to_owned(),
            ..ListQuery::default()
        };
        let refusal = refused(cloud.list_pools(PROJECT, &query, START), selector);
        assert_eq!(refusal, (400, "ModelArts.50004000".to_owned()), "{selector}");
    }
}

#[test]
fn a_list_covers_one_workspace_by_default_the_first() {
    let mut cloud = new_cloud();
    cloud.create_pool(PROJECT, &body("pool-a"), START).expect("accepted");
    let mut other = body("pool-b");
    other["metadata"]["labels"]["os.modelarts/workspace.id"] = json!(TEAM_A);
    cloud.create_pool(PROJECT, &other, START).expect("accepted");
    for (workspace, expected) in [("", "pool-a"), ("0", "pool-a"), (TEAM_A, "pool-b")] {
        let query = ListQuery {
            workspace: workspace.to_owned(),
            ..ListQuery::default()
        };
        assert_eq!(names(&mut cloud, &query, START), [expected], "{workspace}");
    }
}

#[test]
fn each_status_has_its_phases() {
    let cases: &[(&str, &[&str])] = &[
        ("Waiting", &["", "creating"]),
        ("Creating", &["", "creating"]),
        ("Running", &["", "created"]),
        ("Abnormal", &["", "created"]),
        ("Error", &["", "created"]),
        ("Deleting", &["", "created"]),
        ("CreationFailed", &["failed"]),
    ];
    for (phase, expected) in cases {
        let (mut cloud, now) = running("pool-a");
        cloud.set_phase(&id("pool-a"), phase, "", now).expect("forced");
        let all = ["", "creating", "created", "failed"];
        let shown: Vec<_> = all
            .into_iter()
            .filter(|status| !names(&mut cloud, &with_status(status), now).is_empty())
            .collect();
        assert_eq!(shown, *expected, "{phase}");
    }
    refused(
        new_cloud().list_pools(PROJECT, &with_status("gone"), START),
        "an unknown status",
    );
}

#[test]
fn a_failed_creation_is_kept_for_three_days() {
    let (mut cloud, now) = running("pool-a");
    cloud
        .set_phase(&id("pool-a"), "CreationFailed", "sold out", now)
        .expect("forced");
    let three_days = 3 * 24 * 3600 * 1000;
    assert_eq!(
        names(&mut cloud, &with_status("failed"), now + three_days - 1),
        ["pool-a"]
    );
    cloud
        .show_pool(PROJECT, &id("pool-a"), now + three_days - 1)
        .expect("the record can be shown");
    refused(
        cloud.create_pool(PROJECT, &body("pool-a"), now),
        "the record holds the name",
    );
    assert!(names(&mut cloud, &with_status("failed"), now + three_days).is_empty());
    cloud
        .create_pool(PROJECT, &body("pool-a"), now + three_days)
        .expect("the name is free");
}

#[test]
fn a_list_can_lag_behind_the_creation() {
    let profile = Profile {
        list_lag_seconds: 60,
        ..Profile::default()
    };
    let mut cloud = Cloud::new(profile, 7);
    cloud.create_pool(PROJECT, &body("pool-a"), START).expect("accepted");
    cloud
        .show_pool(PROJECT, &id("pool-a"), START)
        .expect("a GET does not lag");
    let query = ListQuery::default();
    assert!(names(&mut cloud, &query, START + 59_999).is_empty());
    assert_eq!(names(&mut cloud, &query, START + 60_000), ["pool-a"]);
}

#[test]
fn where_a_failed_creation_is_seen_is_for_the_profile_to_say() {
    for (failed_records, shown, listed, name_free) in [
        (FailedRecords::Shown, true, false, false),
        (FailedRecords::Listed, true, true, false),
        (FailedRecords::Hidden, false, false, true),
    ] {
        let profile = Profile {
            failed_records,
            ..Profile::default()
        };
        let mut cloud = Cloud::new(profile, 7);
        cloud.plan_mishap(Mishap::once(MishapKind::CreationFails));
        cloud.create_pool(PROJECT, &body("pool-a"), START).expect("accepted");
        let now = START + 2_000;
        assert_eq!(names(&mut cloud, &with_status("failed"), now), ["pool-a"]);
        let found = |cloud: &mut Cloud| cloud.show_pool(PROJECT, &id("pool-a"), now).is_ok();
        assert_eq!(found(&mut cloud), shown, "{failed_records:?}");
        let deletable = cloud.clone().delete_pool(PROJECT, &id("pool-a"), now).is_ok();
        assert_eq!(deletable, shown, "{failed_records:?}");
        let all = names(&mut cloud, &ListQuery::default(), now);
        assert_eq!(!all.is_empty(), listed, "{failed_records:?}");
        let again = cloud.create_pool(PROJECT, &body("pool-a"), now);
        assert_eq!(again.is_ok(), name_free, "{failed_records:?}");
        if let Ok(pool) = again {
            assert_eq!(pool.id(), Some(id("pool-a").as_str()), "the same ID again");
            let three_days = 3 * 24 * 3600 * 1000;
            cloud
                .show_pool(PROJECT, &id("pool-a"), now + three_days)
                .expect("it does not go with the record");
        }
    }
}
