//! What CreatePool refuses, in which order, and what it makes.

use modelarts_sim::{Cloud, Profile};
use serde_json::{Value, json};

use crate::{CPU, GPU, PROJECT, START, body, id, new_cloud, refused, show};

type Change = fn(&mut Value);

const BAD: &str = "ModelArts.50004000";

/// Why a body is bad, what makes it so, and the code of the refusal.
const BAD_BODIES: &[(&str, Change, &str)] = &[
    ("the version is fixed", |b| b["apiVersion"] = json!("v1"), BAD),
    ("the kind is fixed", |b| b["kind"] = json!("Network"), BAD),
    ("the name is required", |b| b["metadata"]["labels"] = json!({}), BAD),
    (
        "null counts as absent",
        |b| b["metadata"]["labels"]["os.modelarts/name"] = json!(null),
        BAD,
    ),
    ("labels are texts", |b| b["metadata"]["labels"]["x"] = json!(1), BAD),
    (
        "a name has no capitals",
        |b| b["metadata"]["labels"]["os.modelarts/name"] = json!("Pool-1"),
        BAD,
    ),
    (
        "a name begins with a letter",
        |b| b["metadata"]["labels"]["os.modelarts/name"] = json!("1pool"),
        BAD,
    ),
    (
        "a name ends in no hyphen",
        |b| b["metadata"]["labels"]["os.modelarts/name"] = json!("pool-"),
        BAD,
    ),
    (
        "a name has four letters",
        |b| b["metadata"]["labels"]["os.modelarts/name"] = json!("abc"),
        BAD,
    ),
    (
        "the ID has to fit a path parameter",
        |b| b["metadata"]["labels"]["os.modelarts/name"] = json!("a".repeat(31)),
        BAD,
    ),
    (
        "a description has 100 characters",
        |b| b["metadata"]["annotations"] = json!({"os.modelarts/description": "x".repeat(101)}),
        BAD,
    ),
    (
        "a description has no apostrophe",
        |b| b["metadata"]["annotations"] = json!({"os.modelarts/description": "it's"}),
        BAD,
    ),
    ("the type is required", |b| b["spec"]["type"] = json!("Dedicated"), BAD),
    ("a scope is required", |b| b["spec"]["scope"] = json!([]), BAD),
    ("a scope is known", |b| b["spec"]["scope"] = json!(["train"]), BAD),
    (
        "a scope is named once",
        |b| b["spec"]["scope"] = json!(["Train", "Train"]),
        BAD,
    ),
    ("resources are required", |b| b["spec"]["resources"] = json!([]), BAD),
    (
        "ten entries at most",
        |b| b["spec"]["resources"] = json!(vec![json!({"flavor": CPU, "count": 1}); 11]),
        BAD,
    ),
    (
        "a count is at least one",
        |b| b["spec"]["resources"][0]["count"] = json!(0),
        BAD,
    ),
    (
        "a count is a number",
        |b| b["spec"]["resources"][0]["count"] = json!("2"),
        BAD,
    ),
    (
        "maxCount is no larger",
        |b| b["spec"]["resources"][0]["maxCount"] = json!(3),
        BAD,
    ),
    (
        "zones hold no more than count",
        |b| b["spec"]["resources"][0]["azs"] = json!([{"az": "cn-north-7c", "count": 3}]),
        BAD,
    ),
    (
        "a step divides the count",
        |b| b["spec"]["resources"][0]["creatingStep"] = json!({"step": 3}),
        BAD,
    ),
    (
        "a node pool name is no default",
        |b| b["spec"]["resources"][0]["nodePool"] = json!("x-default"),
        BAD,
    ),
    (
        "an entry is unique",
        |b| b["spec"]["resources"] = json!([{"flavor": CPU, "count": 1}, {"flavor": CPU, "count": 2}]),
        BAD,
    ),
    (
        "one CPU architecture",
        |b| {
            b["spec"]["resources"] =
                json!([{"flavor": GPU, "count": 1}, {"flavor": "modelarts.kat1.8xlarge", "count": 1}])
        },
        BAD,
    ),
    (
        "a flavor is known",
        |b| b["spec"]["resources"][0]["flavor"] = json!("no.such"),
        BAD,
    ),
    (
        "sold out",
        |b| b["spec"]["resources"][0]["flavor"] = json!("modelarts.bm.gpu.8a100"),
        BAD,
    ),
    (
        "a zone that is sold out",
        |b| b["spec"]["resources"][0]["azs"] = json!([{"az": "cn-north-7a", "count": 2}]),
        BAD,
    ),
    ("a network is required", |b| b["spec"]["network"] = json!({}), BAD),
    (
        "a network is known",
        |b| b["spec"]["network"]["name"] = json!("other"),
        BAD,
    ),
    (
        "a workspace is known",
        |b| b["metadata"]["labels"]["os.modelarts/workspace.id"] = json!("f".repeat(32)),
        "ModelArts.7005",
    ),
    (
        "a workspace is normal",
        |b| b["metadata"]["labels"]["os.modelarts/workspace.id"] = json!("6d2d9bd5d6c84dc4a1b3c0d9e8f70002"),
        "ModelArts.7004",
    ),
    (
        "a subscription has a period",
        |b| b["metadata"]["annotations"] = json!({"os.modelarts/billing.mode": "1"}),
        BAD,
    ),
    (
        "nine months at most",
        |b| {
            b["metadata"]["annotations"] = json!({"os.modelarts/billing.mode": "1",
                    "os.modelarts/period.type": "2", "os.modelarts/period.num": "10"});
        },
        BAD,
    ),
    (
        "three years at most",
        |b| {
            b["metadata"]["annotations"] = json!({"os.modelarts/billing.mode": "1",
                    "os.modelarts/period.type": "3", "os.modelarts/period.num": "4"});
        },
        BAD,
    ),
];

#[test]
fn every_bad_body_is_refused_with_its_code_and_buys_nothing() {
    for (why, change, code) in BAD_BODIES {
        let mut cloud = new_cloud();
        let mut bad = body("pool-001");
        change(&mut bad);
        let refusal = refused(cloud.create_pool(PROJECT, &bad, START), why);
        assert_eq!(refusal, (400, (*code).to_owned()), "{why}");
        assert_eq!(cloud.ledger(START).len(), 0, "{why}");
        assert!(cloud.all_pools(START).is_empty(), "{why}");
    }
}

#[test]
fn the_bodies_next_to_the_limits_are_accepted() {
    let cases: &[(&str, Change)] = &[
        ("thirty letters of a name", |b| {
            b["metadata"]["labels"]["os.modelarts/name"] = json!("a".repeat(30))
        }),
        ("a hundred characters, not octets", |b| {
            b["metadata"]["annotations"] = json!({"os.modelarts/description": "é".repeat(100)})
        }),
        ("brackets in a description", |b| {
            b["metadata"]["annotations"] = json!({"os.modelarts/description": "text [mapool:1@2]"});
        }),
        ("an explicit null", |b| b["spec"]["clusters"] = json!(null)),
        ("no annotations", |b| b["metadata"]["annotations"] = json!(null)),
        ("unknown members", |b| b["spec"]["novelty"] = json!({"a": 1})),
        ("one flavor in two node pools", |b| {
            b["spec"]["resources"] =
                json!([{"flavor": GPU, "count": 1}, {"flavor": GPU, "count": 1, "nodePool": "second"}]);
        }),
    ];
    for (why, change) in cases {
        let mut cloud = new_cloud();
        let mut good = body("pool-001");
        change(&mut good);
        let result = cloud.create_pool(PROJECT, &good, START);
        assert!(result.is_ok(), "{why}: {result:?}");
    }
}

/// A body with every mistake is mended mistake by mistake; the refusals come in the fixed order.
#[test]
fn checks_come_in_their_order() {
    let profile = Profile {
        pool_quota: 1,
        ..Profile::default()
    };
    let mut cloud = Cloud::new(profile.clone(), 7);
    cloud.create_pool(PROJECT, &body("pool-001"), START).expect("the first");
    let mut bad = body("pool-001");
    bad["apiVersion"] = json!("v3");
    bad["spec"]["resources"][0]["flavor"] = json!("no.such");
    bad["spec"]["network"]["name"] = json!("other");
    bad["metadata"]["labels"]["os.modelarts/workspace.id"] = json!("f".repeat(32));
    let mends: [(&str, &str, Change); 6] = [
        ("apiVersion", BAD, |b| b["apiVersion"] = json!("v2")),
        ("flavor no.such", BAD, |b| {
            b["spec"]["resources"][0]["flavor"] = json!("modelarts.bm.gpu.8a100")
        }),
        ("sold out", BAD, |b| b["spec"]["resources"][0]["flavor"] = json!(GPU)),
        ("network other", BAD, |b| {
            b["spec"]["network"] = body("x")["spec"]["network"].clone()
        }),
        ("Workspace", "ModelArts.7005", |b| {
            b["metadata"]["labels"] = json!({"os.modelarts/name": "pool-001"});
        }),
        ("quota", "ModelArts.0118", |_| {}),
    ];
    for (word, code, mend) in mends {
        let refusal = cloud.create_pool(PROJECT, &bad, START).expect_err(word);
        assert_eq!(refusal.code, code, "{word}");
        assert!(refusal.message.contains(word), "{word}: {}", refusal.message);
        mend(&mut bad);
    }
    cloud.set_profile(Profile {
        pool_quota: 2,
        ..profile
    });
    let taken = refused(cloud.create_pool(PROJECT, &bad, START), "the name is taken");
    assert_eq!(taken, (409, "ModelArts.50015000".to_owned()));
}

#[test]
fn the_answer_is_accepted_and_nothing_more() {
    let mut cloud = new_cloud();
    let mut wanted = body("pool-001");
    wanted["metadata"]["annotations"] =
        json!({"os.modelarts/description": "", "os.modelarts/auto.pay": "1", "mine": "dropped"});
    let pool = cloud.create_pool(PROJECT, &wanted, START).expect("accepted");
    assert_eq!(pool.id(), Some(id("pool-001").as_str()));
    let pool = serde_json::to_value(&pool).expect("JSON");
    assert_eq!(pool["status"], json!({"resources": {}}));
    assert_eq!(pool["spec"]["resources"][0]["maxCount"], 2);
    let annotations = pool["metadata"]["annotations"].as_object().expect("annotations");
    for dropped in ["os.modelarts/description", "os.modelarts/auto.pay", "mine"] {
        assert!(!annotations.contains_key(dropped), "{dropped}");
    }
    assert_eq!(pool["metadata"]["creationTimestamp"], "2023-11-14T22:13:20Z");
}

#[test]
fn unknown_keys_are_kept_if_the_profile_says_so() {
    for keep in [false, true] {
        let profile = Profile {
            keep_unknown_keys: keep,
            ..Profile::default()
        };
        let mut cloud = Cloud::new(profile, 7);
        let mut wanted = body("pool-001");
        wanted["metadata"]["labels"]["example.com/owner"] = json!("me");
        cloud.create_pool(PROJECT, &wanted, START).expect("accepted");
        let pool = show(&mut cloud, "pool-001", START);
        assert_eq!(pool["metadata"]["labels"]["example.com/owner"] == "me", keep);
    }
}

#[test]
fn a_name_is_taken_in_the_whole_project_until_the_pool_is_gone() {
    let mut cloud = new_cloud();
    let mut elsewhere = body("pool-001");
    elsewhere["metadata"]["labels"]["os.modelarts/workspace.id"] = json!("6d2d9bd5d6c84dc4a1b3c0d9e8f70001");
    cloud.create_pool(PROJECT, &elsewhere, START).expect("the first");
    let conflict = (409, "ModelArts.50015000".to_owned());
    assert_eq!(
        refused(
            cloud.create_pool(PROJECT, &body("pool-001"), START),
            "another workspace"
        ),
        conflict
    );
    cloud.delete_pool(PROJECT, &id("pool-001"), START + 1).expect("deleted");
    assert_eq!(
        refused(cloud.create_pool(PROJECT, &body("pool-001"), START + 2_000), "Deleting"),
        conflict
    );
    cloud
        .create_pool(PROJECT, &body("pool-001"), START + 2_001)
        .expect("gone by now");
    let other = body("pool-001").to_string().replace(PROJECT, "other");
    let other: Value = serde_json::from_str(&other).expect("JSON");
    cloud
        .create_pool("other", &other, START + 2_001)
        .expect("another project");
}

#[test]
fn names_may_repeat_and_ids_be_opaque_if_the_profile_says_so() {
    let profile = Profile {
        unique_names: false,
        ..Profile::default()
    };
    let mut cloud = Cloud::new(profile.clone(), 7);
    let first = cloud.create_pool(PROJECT, &body("pool-001"), START).expect("the first");
    let second = cloud
        .create_pool(PROJECT, &body("pool-001"), START)
        .expect("the second");
    assert_ne!(first.id(), second.id());
    cloud.set_profile(Profile {
        opaque_ids: true,
        ..profile
    });
    let third = cloud.create_pool(PROJECT, &body("pool-001"), START).expect("the third");
    assert!(!third.id().expect("an ID").contains("pool-001"), "{:?}", third.id());
}

#[test]
fn the_same_seed_gives_the_same_cloud() {
    let run = |seed| {
        let mut cloud = Cloud::new(Profile::default(), seed);
        cloud.create_pool(PROJECT, &body("pool-001"), START).expect("accepted");
        cloud.all_pools(START + 5_000)
    };
    assert_eq!(run(1), run(1));
    assert_ne!(run(1), run(2));
}
