//! Which things are orphans, when, and how often that is said.

use modelarts_types::pool::Pool;
use serde_json::json;

use super::*;
use crate::network::Networks;
use crate::pool::Pools;

const PERIOD: u64 = 300;

fn cluster() -> ClusterId {
    ClusterId("cluster".into())
}

fn pool(id: &str, description: &str, phase: &str) -> Pool {
    serde_json::from_value(json!({
        "metadata": {"name": id, "annotations": {"os.modelarts/description": description}},
        "status": {"phase": phase},
    }))
    .unwrap()
}

/// A pool that runs and was made for the object with this uid.
fn made_for(id: &str, uid: &str) -> Pool {
    pool(id, &Marker::of(uid, &cluster()).append_to("text"), "Running")
}

fn words<const N: usize>(words: [&str; N]) -> BTreeSet<String> {
    words.map(str::to_owned).into()
}

fn orphan(id: &str, uid: &str) -> Orphan {
    Orphan {
        id: id.into(),
        uid: uid.into(),
    }
}

/// One list: when it was begun, what it shows, whose objects are gone, which IDs objects name.
struct Look {
    began: u64,
    pools: Vec<Pool>,
    gone: Option<BTreeSet<String>>,
    named: BTreeSet<String>,
}

/// A list that shows `p` of the object `u`, which is gone.
fn at(began: u64) -> Look {
    Look {
        began,
        pools: vec![made_for("p", "u")],
        gone: Some(words(["u"])),
        named: BTreeSet::new(),
    }
}

fn absorb(audit: &mut Audit, look: &Look) -> Vec<Orphan> {
    let ours = Ours::among(&look.pools, &cluster());
    let objects = Objects {
        gone: look.gone.as_ref(),
        named: &look.named,
    };
    audit.absorb(Tick(look.began), &ours, objects, PERIOD)
}

/// What each list newly told, and the orphans after the last.
fn told(looks: &[Look]) -> (Vec<Vec<Orphan>>, Vec<Orphan>) {
    let mut audit = Audit::default();
    let new = looks.iter().map(|look| absorb(&mut audit, look)).collect();
    (new, audit.orphans())
}

#[test]
fn an_orphan_is_told_once_when_all_lists_of_a_period_show_it() {
    let (new, orphans) = told(&[at(10), at(150), at(309), at(310), at(320), at(2_000)]);
    let none = Vec::new;
    assert_eq!(new, [none(), none(), none(), vec![orphan("p", "u")], none(), none()]);
    assert_eq!(orphans, [orphan("p", "u")]);
}

#[test]
fn one_list_in_between_without_the_suspicion_begins_the_period_anew() {
    let rows: [(Look, &str); 7] = [
        (
            Look {
                pools: Vec::new(),
                ..at(150)
            },
            "it is not listed: the list before still showed what had been deleted",
        ),
        (
            Look {
                gone: Some(words([])),
                ..at(150)
            },
            "its object is known after all: the watch lagged behind",
        ),
        (
            Look {
                named: words(["p"]),
                ..at(150)
            },
            "an object names it, to take it over or to observe it",
        ),
        (
            Look {
                pools: vec![made_for("p", "another")],
                ..at(150)
            },
            "another object has marked it",
        ),
        (
            Look {
                pools: vec![made_for("p", "another")],
                gone: Some(words(["u", "another"])),
                ..at(150)
            },
            "it was another's, which is gone too, so it has been without an object for less long",
        ),
        (
            Look {
                pools: vec![pool("p", "text", "Running")],
                ..at(150)
            },
            "its marker was removed, as the text says",
        ),
        (
            Look {
                pools: vec![pool("p", &Marker::of("u", &cluster()).append_to(""), "Deleting")],
                ..at(150)
            },
            "it is being deleted",
        ),
    ];
    for (between, why) in rows {
        let (new, orphans) = told(&[at(10), between, at(310), at(450)]);
        assert_eq!(new.concat(), [], "{why}");
        assert_eq!(orphans, [], "{why}");
    }
    let (new, _) = told(&[at(10), at(310)]);
    assert_eq!(new.concat(), [orphan("p", "u")], "and without any of these it is one");
}

#[test]
fn what_is_not_ours_is_none_of_our_business() {
    let of_another_cluster = Marker::of("u", &ClusterId("another".into())).append_to("text");
    let rows = [
        (of_another_cluster.as_str(), "the marker of another cluster"),
        ("text", "no marker"),
        ("[mapool:u@]", "something like a marker"),
    ];
    for (description, why) in rows {
        let looks = [10, 310, 700].map(|began| Look {
            pools: vec![pool("p", description, "Running")],
            ..at(began)
        });
        assert_eq!(told(&looks), (vec![Vec::new(); 3], Vec::new()), "{why}");
        assert_eq!(Ours::among(&looks[0].pools, &cluster()).uids().count(), 0, "{why}");
    }
}

#[test]
fn nothing_is_told_while_not_all_objects_are_known() {
    let unknown = |began| Look {
        gone: None,
        ..at(began)
    };
    let (new, orphans) = told(&[unknown(10), unknown(310), unknown(700)]);
    assert_eq!((new.concat(), orphans), (Vec::new(), Vec::new()));
    let (new, _) = told(&[unknown(10), at(310), at(400)]);
    assert_eq!(
        new.concat(),
        [],
        "the period begins with the first list that can be judged"
    );
    let (new, _) = told(&[at(10), unknown(200), at(310)]);
    assert_eq!(
        new.concat(),
        [orphan("p", "u")],
        "and a list that cannot be judged says nothing"
    );
}

#[test]
fn an_older_list_that_comes_late_changes_nothing() {
    let mut audit = Audit::default();
    assert_eq!(absorb(&mut audit, &at(10)), []);
    let late = Look {
        pools: Vec::new(),
        ..at(5)
    };
    assert_eq!(absorb(&mut audit, &late), []);
    assert_eq!(absorb(&mut audit, &at(310)), [orphan("p", "u")]);
}

#[test]
fn an_orphan_that_found_an_object_or_is_gone_is_none_and_told_again_if_it_comes_back() {
    for over in [
        Look {
            pools: Vec::new(),
            ..at(400)
        },
        Look {
            gone: Some(words([])),
            ..at(400)
        },
    ] {
        let (_, orphans) = told(&[at(10), at(310), Look { began: 400, ..over }]);
        assert_eq!(orphans, []);
    }
    let over = Look {
        pools: Vec::new(),
        ..at(400)
    };
    let (new, orphans) = told(&[at(10), at(310), over, at(500), at(800)]);
    assert_eq!(new.iter().map(Vec::len).collect::<Vec<_>>(), [0, 1, 0, 0, 1]);
    assert_eq!(orphans.len(), 1);
}

#[test]
fn each_orphan_has_a_period_of_its_own() {
    let both = |began| Look {
        pools: vec![made_for("p", "u"), made_for("q", "v"), made_for("r", "alive")],
        gone: Some(words(["u", "v"])),
        ..at(began)
    };
    let (new, orphans) = told(&[at(10), both(200), both(310), both(500)]);
    assert_eq!(new, [vec![], vec![], vec![orphan("p", "u")], vec![orphan("q", "v")]]);
    assert_eq!(orphans, [orphan("p", "u"), orphan("q", "v")]);
}

#[test]
fn the_next_list_is_due_when_the_oldest_suspicion_is_ripe() {
    let mut audit = Audit::default();
    assert_eq!((audit.due(PERIOD), audit.is_settled()), (None, false), "never listed");
    let empty = |began| Look {
        pools: Vec::new(),
        ..at(began)
    };
    absorb(&mut audit, &empty(10));
    assert_eq!((audit.due(PERIOD), audit.is_settled()), (Some(Tick(310)), true));
    absorb(&mut audit, &at(100));
    absorb(&mut audit, &at(200));
    assert_eq!((audit.due(PERIOD), audit.is_settled()), (Some(Tick(400)), false));
    absorb(&mut audit, &at(400));
    assert_eq!((audit.due(PERIOD), audit.is_settled()), (Some(Tick(700)), true));
}

#[test]
fn the_text_names_some_counts_all_and_says_what_to_do() {
    let orphans: Vec<Orphan> = (0..100).map(|n| orphan(&format!("pool-{n}"), "u")).collect();
    let one = text::<Pools>(&orphans[..1]);
    assert!(one.starts_with("1 pool with"), "{one}");
    for part in [
        "pool-0",
        "spec.adoption.poolId",
        "console",
        "detached on purpose",
        "[mapool:...]",
    ] {
        assert!(one.contains(part), "`{part}` is not in: {one}");
    }
    let many = text::<Pools>(&orphans);
    assert!(many.starts_with("100 pools with"), "{many}");
    assert!(
        many.contains("pool-4, and 95 more;") && !many.contains("pool-5"),
        "{many}"
    );
    let network = text::<Networks>(&orphans[..2]);
    assert!(
        network.starts_with("2 networks with") && network.contains("spec.adoption.networkId"),
        "{network}"
    );

    let told = found::<Pools>(&orphans);
    assert_eq!(
        (told.kind, told.reason, told.note),
        (NoticeKind::Warning, "OrphanFound", many)
    );
}

#[test]
fn as_many_as_are_named_leave_none_to_be_counted() {
    let orphans: Vec<Orphan> = (0..5).map(|n| orphan(&format!("pool-{n}"), "u")).collect();
    let text = text::<Pools>(&orphans);
    assert!(text.contains("pool-3, pool-4;") && !text.contains("more"), "{text}");
}

#[test]
fn the_objects_that_markers_name_are_asked_about() {
    let pools = [made_for("p", "u"), made_for("q", "v")];
    let ours = Ours::among(&pools, &cluster());
    assert_eq!(ours.uids().collect::<Vec<_>>(), ["u", "v"]);
}

#[test]
fn two_lists_of_one_moment_both_count() {
    let both = |began| Look {
        pools: vec![made_for("p", "u"), made_for("q", "u")],
        ..at(began)
    };
    let (new, _) = told(&[at(10), both(10), both(310)]);
    assert_eq!(new[2], [orphan("p", "u"), orphan("q", "u")]);
}
