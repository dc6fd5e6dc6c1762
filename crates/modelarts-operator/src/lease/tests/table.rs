//! The pure decision, row by row. Each row says what was seen, when, and why that act is right.

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use k8s_openapi::jiff::Timestamp;

use super::super::{Act, Observed, Term, decide};
use super::*;

/// A record; `renewed` is what the holder's own clock said, in Unix seconds.
fn lease(holder: &str, renewed: i64, transitions: i32) -> Option<Lease> {
    let spec = LeaseSpec {
        holder_identity: Some(holder.to_owned()),
        lease_duration_seconds: Some(15),
        lease_transitions: Some(transitions),
        renew_time: Some(MicroTime(Timestamp::from_second(renewed).unwrap())),
        ..LeaseSpec::default()
    };
    let metadata = ObjectMeta {
        uid: Some("uid-1".to_owned()),
        ..ObjectMeta::default()
    };
    Some(Lease {
        metadata,
        spec: Some(spec),
    })
}

fn promising(seconds: i32) -> Option<Lease> {
    let mut lease = lease("other", 0, 4)?;
    lease.spec.as_mut()?.lease_duration_seconds = Some(seconds);
    Some(lease)
}

fn labelled() -> Option<Lease> {
    let mut lease = lease("other", 0, 4)?;
    lease.metadata.resource_version = Some("99".to_owned());
    lease.metadata.labels = Some([("team".to_owned(), "ml".to_owned())].into());
    Some(lease)
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Looks as (seconds since the start, what was there).
type Looks = Vec<(u64, Option<Lease>)>;

/// What a candidate does at `now` after these looks.
fn candidate_does(looks: Looks, now: u64, act: &Act, reason: &str) {
    let start = Instant::now();
    let mut observed = Observed::default();
    for (at, seen) in looks {
        observed.look(seen, start + secs(at), &rules("me"));
    }
    assert_eq!(
        &decide(&observed, None, start + secs(now), &rules("me")),
        act,
        "{reason}"
    );
}

fn take_over(transitions: i32) -> Act {
    Act::TakeOver { transitions }
}

#[tokio::test(start_paused = true)]
async fn a_candidate_takes_what_nobody_holds() {
    let create = Act::Create { transitions: 1 };
    candidate_does(vec![(0, None)], 0, &create, "nobody ever held it");
    candidate_does(vec![(0, lease("", 0, 4))], 0, &take_over(5), "given back");
    candidate_does(
        vec![(0, lease("me", 0, 4))],
        0,
        &take_over(5),
        "ours, from a lost reply",
    );
    candidate_does(
        vec![(0, Some(Lease::default()))],
        0,
        &take_over(1),
        "an empty record is unheld",
    );
    let edited = lease("other", 0, i32::MAX);
    candidate_does(
        vec![(0, edited)],
        15,
        &take_over(i32::MAX),
        "an edited number does not overflow",
    );
}

#[tokio::test(start_paused = true)]
async fn only_a_record_that_stands_still_by_our_own_clock_has_expired() {
    let (year_2000, year_2100) = (946_684_800, 4_102_444_800);
    let seen = |renewed| (0, lease("other", renewed, 4));
    let wait = Act::Wait(secs(1));
    candidate_does(
        vec![seen(0)],
        0,
        &Act::Wait(RETRY),
        "first sight proves nothing, however old it looks",
    );
    candidate_does(
        vec![seen(year_2000)],
        14,
        &wait,
        "a renew time of another century is not read",
    );
    candidate_does(vec![seen(year_2100)], 15, &take_over(5), "nor is one in the future");
    let backwards = (10, lease("other", 3, 4));
    candidate_does(
        vec![seen(5), backwards],
        24,
        &wait,
        "a clock that goes back is a sign of life",
    );
    let again = (14, lease("other", 5, 4));
    candidate_does(vec![seen(5), again], 15, &take_over(5), "seen again unchanged");
    candidate_does(
        vec![seen(0), (14, labelled())],
        15,
        &take_over(5),
        "a label is no sign of life",
    );
}

#[tokio::test(start_paused = true)]
async fn the_holder_has_the_time_it_was_promised() {
    let wait = Act::Wait(secs(1));
    candidate_does(vec![(0, promising(60))], 59, &wait, "promised longer than we promise");
    candidate_does(
        vec![(0, promising(1))],
        14,
        &wait,
        "a shorter promise is not used against it",
    );
    candidate_does(
        vec![(0, promising(86_400))],
        600,
        &take_over(5),
        "a slip of the hand does not cost a day",
    );
    candidate_does(vec![(0, promising(-5))], 15, &take_over(5), "nonsense is no promise");
}

#[tokio::test(start_paused = true)]
async fn a_deletion_does_not_stop_the_holder() {
    let (held, deleted) = (|| (0, lease("other", 0, 4)), (10, None));
    candidate_does(
        vec![held(), deleted.clone()],
        14,
        &Act::Wait(secs(1)),
        "it may make the lease again",
    );
    candidate_does(
        vec![held(), deleted.clone()],
        15,
        &Act::Create { transitions: 5 },
        "it did not",
    );
    let released = (1, lease("", 0, 4));
    candidate_does(
        vec![held(), released, deleted],
        10,
        &Act::Create { transitions: 5 },
        "given back before",
    );
}

#[tokio::test(start_paused = true)]
async fn a_holder_renews_or_steps_down() {
    let taken = |by: Option<&str>| {
        Act::StepDown(Loss::Taken {
            by: by.map(str::to_owned),
        })
    };
    let rows: Vec<(Option<Lease>, u64, Act, &str)> = vec![
        (lease("me", 0, 7), 9, Act::Renew, "ours and in time"),
        (
            lease("me", 0, 7),
            10,
            Act::StepDown(Loss::RenewDeadline),
            "the term ended, whatever the record says",
        ),
        (lease("other", 0, 8), 1, taken(Some("other")), "somebody else holds it"),
        (lease("", 0, 7), 1, taken(None), "a person cleared it"),
        (
            None,
            1,
            Act::Create { transitions: 7 },
            "deleted: made again in the same term",
        ),
        (
            None,
            10,
            Act::StepDown(Loss::RenewDeadline),
            "deleted, and the term ended",
        ),
    ];
    let start = Instant::now();
    let term = Term {
        transitions: 7,
        valid_until: start + RENEW,
    };
    for (seen, now, act, reason) in rows {
        let mut observed = Observed::default();
        observed.look(seen, start, &rules("me"));
        assert_eq!(
            decide(&observed, Some(term), start + secs(now), &rules("me")),
            act,
            "{reason}"
        );
    }
}
