//! Who is there, who is gone, and who is woken.

use super::*;

pub(crate) fn member(uid: &str) -> Member {
    Member {
        uid: uid.into(),
        namespace: "ml".into(),
        name: "train-a".into(),
        scope: ScopeKey {
            account: "default".into(),
            workspace: "0".into(),
        },
        cloud_name: None,
        id: None,
        adoption: None,
        refers: References::default(),
        deleting: false,
        binding: Binding::Held,
        paused: false,
        ready: false,
        phase: None,
        busy: true,
    }
}

#[test]
fn a_pass_that_ends_after_its_object_does_not_bring_it_back() {
    let (directory, _woken) = Directory::new();
    let scope = member("a").scope;
    directory.meet("a");
    assert_eq!(directory.enter(member("a")), Entry::First);
    assert_eq!(directory.enter(member("a")), Entry::Again(Box::new(member("a"))));
    directory.forget("a");
    assert_eq!(directory.enter(member("a")), Entry::Refused);
    assert_eq!(directory.of_scope(&scope), []);
    directory.meet("b");
    assert_eq!(directory.keep(&BTreeSet::new()), [("b".to_owned(), None)]);
    assert!(!directory.knows("b"));
}

#[test]
fn nobody_counts_as_gone_before_the_watch_has_told_of_everybody() {
    let (directory, _woken) = Directory::new();
    let uids = || ["a", "b"].into_iter();
    directory.meet("a");
    assert_eq!(directory.gone(uids()), None, "b may be yet to come");
    directory.keep(&BTreeSet::from(["a".to_owned()]));
    assert_eq!(directory.gone(uids()), Some(BTreeSet::from(["b".to_owned()])));
    directory.meet("b");
    assert_eq!(
        directory.gone(uids()),
        Some(BTreeSet::new()),
        "known, though no pass has seen it"
    );
}

#[test]
fn a_paused_object_is_in_no_census() {
    let (directory, _woken) = Directory::new();
    directory.meet("a");
    directory.enter(Member {
        paused: true,
        ..member("a")
    });
    assert_eq!(directory.of_scope(&member("a").scope), []);
    directory.enter(member("a"));
    assert_eq!(directory.of_scope(&member("a").scope).len(), 1);
}

#[test]
fn who_waits_to_take_something_over_is_woken_when_an_object_goes() {
    let (directory, mut woken) = Directory::new();
    let adopts = |uid: &str, id: Option<&str>| Member {
        name: uid.into(),
        adoption: Some("pool-1".into()),
        id: id.map(str::to_owned),
        ..member(uid)
    };
    for member in [adopts("waits", None), adopts("has-it", Some("pool-1")), member("buys")] {
        directory.meet(&member.uid);
        directory.enter(member);
    }
    directory.forget("owner");
    assert_eq!(woken.try_recv().map(|woken| woken.name).ok().as_deref(), Some("waits"));
    assert!(woken.try_recv().is_err());
}

#[test]
fn all_are_seen_once_each_that_can_be_read_had_a_pass() {
    let (directory, _woken) = Directory::new();
    assert!(!directory.has_seen_all(), "nobody knows who there is");
    directory.meet("a");
    directory.meet("b");
    directory.keep(&BTreeSet::from(["a".to_owned(), "b".to_owned()]));
    directory.enter(member("a"));
    assert!(!directory.has_seen_all(), "b had no pass yet");
    directory.unreadable("b");
    assert!(directory.has_seen_all());
}

#[test]
fn the_former_are_seen_once_each_that_was_there_had_a_pass_and_remain_so() {
    let (directory, _woken) = Directory::new();
    assert!(!directory.has_seen_the_former(), "nobody knows who there was");
    directory.meet("a");
    directory.keep(&BTreeSet::from(["a".to_owned()]));
    assert!(!directory.has_seen_the_former(), "a had no pass yet");
    directory.meet("new");
    directory.enter(member("a"));
    assert!(directory.has_seen_the_former() && !directory.has_seen_all());
    directory.meet("another");
    directory.keep(&BTreeSet::from(["another".to_owned()]));
    assert!(directory.has_seen_the_former());
}
