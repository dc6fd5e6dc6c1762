//! The judge is judged: records made by hand that break one rule each, and one that breaks none.

use std::collections::BTreeSet;

use modelarts_crd::status::Outcome;

use crate::checker::{Broken, IN_FLIGHT, check, conform};
use crate::path::{Attempt, Departure, Label, Stand, Step, allowed};
use crate::record::{Author, Entry, Facts, Life, Record, Tried, Version, label};

const UID: &str = "u-1";
const POOL: &str = "train-a-86c1";

/// A record in the making, in which every event takes a millisecond of its own.
#[derive(Clone, Default)]
struct Tale {
    record: Record,
    facts: Facts,
    now: i64,
}

impl Tale {
    /// An object with finalizer and open attempt.
    fn announced() -> Self {
        Self::default()
            .appears()
            .writes(|facts| facts.finalizer = true)
            .opens(1)
    }

    /// The same with its pool, on record.
    fn settled() -> Self {
        Self::announced().cloud(Label::PoolCreated, POOL).records(POOL)
    }

    fn appears(self) -> Self {
        self.writes(|facts| facts.exists = true)
    }

    fn writes(self, change: impl FnOnce(&mut Facts)) -> Self {
        self.wrote(Author::Operator, change)
    }

    fn wrote(mut self, by: Author, change: impl FnOnce(&mut Facts)) -> Self {
        let before = self.facts.clone();
        change(&mut self.facts);
        self.now += 10_000;
        let version = Version {
            revision: u64::try_from(self.now).unwrap(),
            when: (self.now, self.now + 1000),
            by,
            label: label(&before, &self.facts, by),
            facts: self.facts.clone(),
        };
        if self.record.lives.is_empty() {
            let (uid, name) = (UID.to_owned(), String::from("train-a"));
            let versions = Vec::new();
            self.record.lives.push(Life { uid, name, versions });
        }
        self.record.lives[0].versions.push(version);
        self
    }

    fn opens(self, number: i64) -> Self {
        self.writes(|facts| {
            facts.attempt = Some(Tried {
                number,
                token: format!("t-{number}"),
                outcome: None,
            });
        })
    }

    fn closes(self, outcome: Outcome) -> Self {
        self.writes(|facts| facts.attempt.as_mut().unwrap().outcome = Some(outcome))
    }

    fn records(self, pool: &str) -> Self {
        self.writes(|facts| {
            facts.attempt.as_mut().unwrap().outcome = Some(Outcome::Created);
            facts.id = Some(pool.to_owned());
        })
    }

    fn asks_to_go(self) -> Self {
        self.wrote(Author::User, |facts| facts.leaving = true)
    }

    fn goes(self, by: Author) -> Self {
        self.wrote(by, |facts| *facts = Facts::default())
    }

    fn cloud(self, label: Label, pool: &str) -> Self {
        self.cloud_of(label, pool, Some(UID))
    }

    fn cloud_of(mut self, label: Label, pool: &str, owner: Option<&str>) -> Self {
        self.now += 10_000;
        self.record.ledger.push(Entry {
            sequence: u64::try_from(self.now).unwrap(),
            when: (self.now, self.now + 1000),
            label,
            pool: pool.to_owned(),
            marker: owner.map(str::to_owned),
            owner: owner.map(str::to_owned),
            outcome: String::from("accepted"),
        });
        self
    }

    fn after(mut self, micros: i64) -> Self {
        self.now += micros;
        self
    }

    fn broken(&self) -> Vec<Broken> {
        check(&self.record)
    }
}

fn uid() -> String {
    UID.to_owned()
}

fn pool() -> String {
    POOL.to_owned()
}

#[test]
fn a_good_life_breaks_nothing() {
    let life = Tale::settled().cloud(Label::PoolChanged, POOL).asks_to_go();
    let life = life.cloud(Label::PoolDeleted, POOL).goes(Author::Operator);
    assert_eq!(life.broken(), []);
    let refused = Tale::announced().closes(Outcome::Rejected).opens(2);
    assert_eq!(refused.cloud(Label::PoolCreated, POOL).records(POOL).broken(), []);
}

#[test]
fn a_second_pool_is_found() {
    let tale = Tale::announced()
        .cloud(Label::PoolCreated, POOL)
        .closes(Outcome::NotFound)
        .opens(2);
    let tale = tale.cloud(Label::PoolCreated, "other");
    let pools = BTreeSet::from([pool(), String::from("other")]);
    assert_eq!(tale.broken(), [Broken::SecondPool { uid: uid(), pools }]);
    // One after the other is not at the same time.
    let lost = Tale::settled()
        .cloud(Label::PoolVanished, POOL)
        .closes(Outcome::Lost)
        .opens(2);
    assert_eq!(lost.cloud(Label::PoolCreated, "other").broken(), []);
}

#[test]
fn a_creation_without_an_open_attempt_is_found() {
    let unannounced = [Broken::Unannounced {
        uid: uid(),
        pool: pool(),
    }];
    let nothing = Tale::default().appears().writes(|facts| facts.finalizer = true);
    assert_eq!(nothing.clone().cloud(Label::PoolCreated, POOL).broken(), unannounced);
    // The attempt comes after the creation.
    assert_eq!(nothing.cloud(Label::PoolCreated, POOL).opens(1).broken(), unannounced);
    // There is an attempt, and no finalizer.
    let bare = Tale::default().appears().opens(1).cloud(Label::PoolCreated, POOL);
    assert_eq!(bare.broken(), unannounced);
    let closed = Tale::announced()
        .closes(Outcome::Rejected)
        .cloud(Label::PoolCreated, POOL);
    assert_eq!(closed.broken(), unannounced);
    // A call that was on its way when somebody stripped the object is not the operator's fault.
    let stripped = Tale::announced().wrote(Author::User, |facts| facts.finalizer = false);
    assert_eq!(stripped.cloud(Label::PoolCreated, POOL).broken(), []);
}

#[test]
fn a_creation_in_the_same_millisecond_as_its_attempt_is_in_order() {
    let mut tale = Tale::default().appears().writes(|facts| facts.finalizer = true);
    tale = tale.cloud(Label::PoolCreated, POOL).after(-10_500).opens(1);
    assert_eq!(tale.broken(), []);
}

#[test]
fn two_creations_of_one_attempt_are_found() {
    let tale = Tale::announced()
        .cloud(Label::PoolCreated, POOL)
        .cloud(Label::PoolVanished, POOL);
    let tale = tale.cloud(Label::PoolCreated, "other");
    let other = String::from("other");
    assert_eq!(
        tale.broken(),
        [Broken::Repeated {
            uid: uid(),
            pool: other
        }]
    );
}

#[test]
fn a_pool_of_nobody_is_found() {
    let tale = Tale::settled().cloud_of(Label::PoolCreated, "other", Some("u-2"));
    let of_nobody = |pool: &str| Broken::OfNobody { pool: pool.to_owned() };
    assert_eq!(tale.broken(), [of_nobody("other")]);
    let unmarked = Tale::settled().cloud_of(Label::PoolCreated, "other", None);
    assert_eq!(unmarked.broken(), [of_nobody("other")]);
}

#[test]
fn a_deletion_that_nobody_asked_for_is_found() {
    let undeserved = |pool: &str, uid: Option<&str>| Broken::Undeserved {
        pool: pool.to_owned(),
        uid: uid.map(str::to_owned),
    };
    let early = Tale::settled().cloud(Label::PoolDeleted, POOL);
    assert_eq!(early.clone().broken(), [undeserved(POOL, Some(UID))]);
    // That it is asked for later does not make it good.
    assert_eq!(early.asks_to_go().broken(), [undeserved(POOL, Some(UID))]);
    let foreign = Tale::settled().asks_to_go().cloud_of(Label::PoolDeleted, "other", None);
    assert_eq!(foreign.broken(), [undeserved("other", None)]);
    // A stranger has written his marker over ours.
    let mut taken = Tale::settled().asks_to_go().cloud(Label::PoolDeleted, POOL);
    taken.record.ledger.last_mut().unwrap().marker = Some(String::from("u-2"));
    assert_eq!(taken.broken(), [undeserved(POOL, Some("u-2"))]);
}

#[test]
fn a_pool_that_is_left_behind_is_found() {
    let leaked = [Broken::Leaked {
        uid: uid(),
        pool: pool(),
    }];
    assert_eq!(Tale::settled().asks_to_go().goes(Author::Operator).broken(), leaked);
    // Deleting it afterwards is too late, and so is making it.
    let late = Tale::settled().asks_to_go().goes(Author::Operator);
    assert_eq!(late.cloud(Label::PoolDeleted, POOL).broken(), leaked);
    let mut born_late = Tale::announced().asks_to_go().goes(Author::Operator);
    born_late = born_late.cloud(Label::PoolCreated, POOL);
    assert!(born_late.broken().contains(&leaked[0]), "{:?}", born_late.broken());
}

#[test]
fn what_a_human_stripped_is_left_alone() {
    let stripped = Tale::settled().asks_to_go().goes(Author::User);
    assert_eq!(stripped.clone().broken(), []);
    let late = stripped.after(IN_FLIGHT + 2000).cloud(Label::PoolDeleted, POOL);
    assert_eq!(
        late.broken(),
        [Broken::Touched {
            uid: uid(),
            pool: pool()
        }]
    );
}

#[test]
fn letting_go_of_an_object_that_stays_is_found() {
    let tale = Tale::settled().writes(|facts| facts.finalizer = false);
    assert_eq!(tale.broken(), [Broken::LetGo { uid: uid() }]);
    let human = Tale::settled().wrote(Author::User, |facts| facts.finalizer = false);
    assert_eq!(human.broken(), []);
}

/// The steps of a plain life, by hand.
fn table() -> BTreeSet<Step> {
    let stand = |finalizer, attempt, id, pool| Stand {
        exists: true,
        leaving: false,
        finalizer,
        attempt,
        id,
        pool,
    };
    let bare = stand(false, Attempt::None, false, 0);
    let held = stand(true, Attempt::None, false, 0);
    let open = stand(true, Attempt::Open, false, 0);
    let bought = stand(true, Attempt::Open, false, 1);
    let settled = stand(true, Attempt::Created, true, 1);
    BTreeSet::from([
        (Stand::default(), Label::Appeared, bare),
        (bare, Label::FinalizerAdded, held),
        (held, Label::AttemptOpened, open),
        (open, Label::PoolCreated, bought),
        (bought, Label::IdRecorded, settled),
        (settled, Label::PoolChanged, settled),
    ])
}

#[test]
fn a_life_of_the_model_conforms_whatever_order_the_clocks_leave_open() {
    assert_eq!(conform(&Tale::settled().record, &table()), []);
    let mut tale = Tale::default().appears().writes(|facts| facts.finalizer = true);
    tale = tale
        .cloud(Label::PoolCreated, POOL)
        .after(-10_500)
        .opens(1)
        .records(POOL);
    assert_eq!(conform(&tale.record, &table()), []);
}

#[test]
fn a_life_that_leaves_the_model_is_found_where_it_leaves() {
    let early = Tale::default().appears().writes(|facts| facts.finalizer = true);
    let early = early.cloud(Label::PoolCreated, POOL).opens(1).records(POOL);
    let broken = conform(&early.record, &table());
    let [Broken::Departed { uid: of, departure }] = &broken[..] else {
        panic!("{broken:?}");
    };
    assert_eq!((of.as_str(), departure.at), (UID, 2));
    assert_eq!(departure.step.1, Label::PoolCreated);
    // Two things in one write are no step of the model.
    let both = Tale::default().appears().writes(|facts| {
        facts.finalizer = true;
        facts.id = Some(pool());
    });
    assert_eq!(conform(&both.record, &table()).len(), 1);
}

#[test]
fn what_a_person_does_with_a_pool_without_an_object_is_no_step_of_ours() {
    let torn = Tale::settled().goes(Author::User);
    let mut table = table();
    let torn_out = match &conform(&torn.record, &table)[..] {
        [Broken::Departed { departure, .. }] => departure.step,
        other => panic!("{other:?}"),
    };
    table.insert(torn_out);
    let by = |label| conform(&torn.clone().cloud(label, POOL).record, &table).len();
    assert_eq!((by(Label::PoolVanished), by(Label::PoolDeleted)), (0, 1));
}

#[test]
fn a_run_must_hang_together() {
    let steps: Vec<Step> = Tale::settled()
        .record
        .course(&Tale::settled().record.lives[0])
        .run(|_| true)
        .unwrap();
    assert_eq!(allowed(&table(), &steps), Ok(()));
    assert_eq!(steps.len(), 5);
    let torn = [steps[0], steps[2]];
    let departure = Departure {
        at: 1,
        step: steps[2],
        why: "does not begin where the last one ended",
    };
    assert_eq!(allowed(&table(), &torn), Err(departure));
}
