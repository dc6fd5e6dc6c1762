//! What is said: conditions that change only when there is something new to say.

use modelarts_crd::conditions::{ConditionType, Reason};
use modelarts_plan::kind::Status;
use modelarts_plan::report::{Report, Sync, TEXT, Verdict, cut};
use modelarts_plan::{Details, Marker, Outcome, Plan, Pools, Step};
use serde_json::json;

use super::scene::{ID, Scene, UID, own, own_pool, pool, shared};

/// Type, status, reason, message, second of the last transition and generation of each condition.
type Told = Vec<(String, String, String, String, i64, Option<i64>)>;

fn told(report: Report<Pools>) -> Told {
    let conditions = report.finish().conditions;
    conditions
        .into_iter()
        .map(|c| {
            let second = c.last_transition_time.0.as_second();
            (c.type_, c.status, c.reason, c.message, second, c.observed_generation)
        })
        .collect()
}

/// One object, and what is said of it pass by pass, a second and a generation apart.
struct Speaker {
    scene: Scene,
    second: i64,
}

impl Speaker {
    fn new() -> Self {
        Self {
            scene: Scene::of(&json!({}), &json!({})),
            second: 0,
        }
    }

    fn says(&mut self, verdict: &Verdict, sync: &Sync) -> Told {
        self.second += 1;
        let millis = self.second * 1_000 + 999;
        self.scene.wall = jiff::Timestamp::from_millisecond(millis).expect("a time");
        self.scene.object.metadata.generation = Some(self.second);
        let mut report = self.scene.report();
        report.conclude(verdict, sync);
        self.scene.object.status = Some(report.clone().finish());
        told(report)
    }

    fn ready(&mut self, verdict: &Verdict) -> (String, i64) {
        let told = self.says(verdict, &Sync::AsBefore);
        let ready = told.into_iter().find(|told| told.0 == "Ready").expect("a condition");
        (ready.3, ready.4)
    }
}

fn working(reason: Reason, text: &str) -> Verdict {
    Verdict::Working(reason, text.to_owned())
}

#[test]
fn conditions_come_in_their_order_and_only_while_they_are_so() {
    let mut speaker = Speaker::new();
    let types = |told: Told| told.into_iter().map(|told| told.0).collect::<Vec<_>>();
    let synced = speaker.says(&Verdict::Ready("ready".into()), &Sync::Synced);
    assert_eq!(types(synced), ["Ready", "Synced"]);
    let stalled = speaker.says(&Verdict::Stalled(Reason::QuotaExceeded, "no".into()), &Sync::Synced);
    assert_eq!(types(stalled), ["Ready", "Stalled", "Synced"]);
    let going = speaker.says(&working(Reason::Scaling, "on its way"), &Sync::Synced);
    assert_eq!(types(going), ["Ready", "Reconciling", "Synced"]);
    let blind = speaker.says(
        &Verdict::Blind(Reason::CloudUnavailable, "no answer".into()),
        &Sync::Synced,
    );
    assert_eq!(types(blind), ["Ready", "Reconciling", "Synced"]);
    let paused = speaker.says(&Verdict::Paused("paused".into()), &Sync::Synced);
    assert_eq!(types(paused), ["Ready", "Synced"]);
}

#[test]
fn a_transition_has_the_whole_second_at_which_the_status_changed() {
    let mut speaker = Speaker::new();
    assert_eq!(speaker.ready(&Verdict::Ready("ready".into())), ("ready".into(), 1));
    assert_eq!(
        speaker.ready(&Verdict::Ready("still ready".into())),
        ("still ready".into(), 1)
    );
    assert_eq!(
        speaker.ready(&working(Reason::Scaling, "growing")),
        ("growing".into(), 3)
    );
    assert_eq!(
        speaker.ready(&working(Reason::Creating, "growing")),
        ("growing".into(), 3)
    );
    assert_eq!(speaker.ready(&Verdict::Ready("ready".into())), ("ready".into(), 5));
}

#[test]
fn a_text_that_only_a_request_id_tells_apart_stands() {
    let mut speaker = Speaker::new();
    let said = |text: &str| working(Reason::Scaling, text);
    assert_eq!(
        speaker.ready(&said("no (request 1) and no (request 2)")).0,
        "no (request 1) and no (request 2)"
    );
    assert_eq!(
        speaker.ready(&said("no (request 3) and no (request 4)")).0,
        "no (request 1) and no (request 2)"
    );
    assert_eq!(
        speaker.ready(&said("no (request 3) and yes (request 4)")).0,
        "no (request 3) and yes (request 4)"
    );
    assert_eq!(speaker.ready(&said("no (request 3), yes")).0, "no (request 3), yes");
    assert_eq!(speaker.ready(&said("no (request 3)! yes")).0, "no (request 3)! yes");
    assert_eq!(
        speaker.ready(&said("off (clock skew of 5 s)")).0,
        "off (clock skew of 5 s)"
    );
    assert_eq!(
        speaker.ready(&said("off (clock skew of 6 s)")).0,
        "off (clock skew of 5 s)"
    );
    assert_eq!(speaker.ready(&said("cut (request 7")).0, "cut (request 7");
    assert_eq!(speaker.ready(&said("cut (request 8")).0, "cut (request 7");
    assert_eq!(speaker.ready(&said("cut (request 9)")).0, "cut (request 7");
}

#[test]
fn a_text_that_is_another_each_time_stands_while_its_reason_does() {
    let mut speaker = Speaker::new();
    for reason in [Reason::CloudUnavailable, Reason::Throttled, Reason::SoldOut] {
        assert_eq!(speaker.ready(&working(reason, "first")).0, "first");
        assert_eq!(speaker.ready(&working(reason, "second")).0, "first");
        assert_eq!(
            speaker.ready(&Verdict::Blind(reason, "third".into())).0,
            "third",
            "another status"
        );
    }
    assert_eq!(speaker.ready(&working(Reason::Throttled, "")).0, "");
    assert_eq!(
        speaker.ready(&working(Reason::Throttled, "something at last")).0,
        "something at last"
    );
}

#[test]
fn what_was_said_before_is_said_of_this_generation_too() {
    let mut speaker = Speaker::new();
    speaker.says(&Verdict::Ready("ready".into()), &Sync::Synced);
    let told = speaker.says(&Verdict::Ready("ready".into()), &Sync::AsBefore);
    let generations: Vec<_> = told.iter().map(|told| (told.0.as_str(), told.5)).collect();
    assert_eq!(generations, [("Ready", Some(2)), ("Synced", Some(2))]);
    let mut report = speaker.scene.report();
    report.conclude(
        &Verdict::Ready("ready".into()),
        &Sync::Unknown(Reason::Suspended, "paused".into()),
    );
    assert_eq!(
        told_of(report, "Synced"),
        ("Unknown".to_owned(), "Suspended".to_owned(), "paused".to_owned())
    );
}

fn told_of(report: Report<Pools>, type_: &str) -> (String, String, String) {
    let found = told(report).into_iter().find(|told| told.0 == type_);
    found.map(|told| (told.1, told.2, told.3)).unwrap_or_default()
}

#[test]
fn a_difference_names_its_fields_as_the_user_writes_them() {
    let mut report = Speaker::new().scene.report();
    let sync = Sync::Differs(Reason::Updating, vec!["a".into(), "b".into()], "why".into());
    report.conclude(&Verdict::Ready("ready".into()), &sync);
    let text = "the cloud differs from spec.a, spec.b; why".to_owned();
    assert_eq!(
        told_of(report, "Synced"),
        ("False".to_owned(), "Updating".to_owned(), text)
    );
}

#[test]
fn a_warning_is_new_once() {
    let mut speaker = Speaker::new();
    let warning = Some((Reason::SubscriptionEnding, "soon"));
    for (given, new, there) in [
        (warning, true, true),
        (warning, false, true),
        (None, false, false),
        (None, false, false),
        (warning, true, true),
    ] {
        let mut report = speaker.scene.report();
        assert_eq!(report.while_true(ConditionType::SubscriptionEnding, given), new);
        speaker.scene.object.status = Some(report.finish());
        let conditions = &speaker.scene.object.status.as_ref().expect("a status").conditions;
        assert_eq!(conditions.iter().any(|c| c.type_ == "SubscriptionEnding"), there);
    }
}

#[test]
fn a_long_text_is_cut_between_characters_and_a_short_one_is_not() {
    let fits = "x".repeat(TEXT);
    assert_eq!(cut(&fits), fits);
    let long = cut(&"x".repeat(TEXT + 1));
    assert_eq!((long.len(), long.ends_with("x...")), (TEXT, true));
    let wide = cut(&"\u{1f980}".repeat(TEXT));
    assert!(wide.ends_with("\u{1f980}..."), "{wide}");
    assert_eq!(wide.len(), (TEXT - 3) / 4 * 4 + 3);
}

#[test]
fn a_status_speaks_of_the_generation_and_the_request_that_were_read() {
    let mut scene = Scene::of(&json!({}), &json!({}));
    scene.object.metadata.generation = Some(7);
    let annotations = scene.object.metadata.annotations.get_or_insert_default();
    annotations.insert(modelarts_crd::REQUESTED_AT.into(), "now".into());
    let planned: Plan = scene.plan();
    assert_eq!(planned.status.observed_generation, Some(7));
    assert_eq!(planned.status.last_handled_reconcile_at.as_deref(), Some("now"));
}

#[test]
fn a_status_has_what_is_wanted_what_is_there_and_what_was_learned() {
    let mut scene = Scene::with_pool(&json!({}));
    scene.plan();
    let planned = scene.plan();
    assert!(planned.status.pool_name.is_some_and(|name| name.starts_with("train-")));
    scene.lists(&[own_pool()]);
    let planned = scene.plan();
    assert_eq!(planned.status.phase.as_deref(), Some("Running"));
    assert!(planned.status.selector.is_some_and(|selector| selector.ends_with(UID)));
    assert_eq!(
        planned.status.applied_generation,
        Some(1),
        "the cloud has this generation"
    );
    let ask = Step::LookAtDetails {
        id: ID.into(),
        nodes: false,
    };
    let order = serde_json::from_value(json!({"name": "order-1"})).expect("an order");
    let details = Details {
        order: Some(order),
        abnormal_nodes: None,
    };
    scene.absorb(&ask, Outcome::Details(details));
    assert_eq!(
        scene.plan().status.order.map(|order| order.name),
        Some("order-1".into())
    );
}

#[test]
fn what_is_found_by_its_marker_is_recorded_by_its_id() {
    let mut scene = Scene::of(&json!({}), &json!(null));
    scene.plan();
    scene.lists(&[own_pool()]);
    let planned = scene.plan();
    assert_eq!(
        (planned.step.clone(), planned.status.pool_id.as_deref()),
        (Step::Record, Some(ID))
    );
    assert_eq!(Marker::on(&*own_pool()), Some(own()));
}

#[test]
fn a_status_has_the_words_of_the_cloud_and_its_counts_until_the_pool_is_gone() {
    let mut scene = Scene::with_pool(&json!({}));
    scene.plan();
    let mut seen = pool(ID, "train", &own().append_to(""));
    seen["status"]["message"] = json!("all is well");
    seen["status"]["resources"] =
        json!({"available": [{"flavor": "f", "count": 2}], "creating": [{"flavor": "f", "count": 1}]});
    scene.lists(&[shared(seen.clone())]);
    let mut status = scene.plan().status;
    assert_eq!(status.message.as_deref(), Some("all is well"));
    let counts = status.resources.clone().expect("counts");
    assert_eq!((counts.available[0].count, counts.creating[0].count), (2, 1));
    status.clear();
    let left = (
        status.phase,
        status.message,
        status.resources,
        status.created_at,
        status.scope.len(),
    );
    assert_eq!(left, (None, None, None, None, 0));

    seen["status"]["message"] = json!("");
    scene.lists(&[shared(seen)]);
    assert_eq!(scene.plan().status.message, None, "an empty word is none");
}
