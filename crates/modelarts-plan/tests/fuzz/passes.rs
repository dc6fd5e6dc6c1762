//! Plays scenes: pass after pass, each plan judged before it is carried out.

use std::sync::atomic::{AtomicU32, Ordering};

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use modelarts_plan::kind::{Desired, Resource, Status};
use modelarts_plan::{
    Details, Kind, Memory, Networks, Outcome, Plan, Pools, Shown, Step, StepKind, Tick, Timing, View, plan,
};
use mutated_json::budgeted;

use crate::judge::Judge;
use crate::objects::{UID, cluster};
use crate::scenes::{Fuzzed, Scene, Scenes, Turn};

/// How often each kind of step was planned, over all scenes.
#[derive(Default)]
struct Counts {
    steps: [AtomicU32; StepKind::ALL.len()],
}

impl Counts {
    fn count(&self, kind: StepKind) {
        if let Some(at) = StepKind::ALL.iter().position(|known| *known == kind) {
            self.steps[at].fetch_add(1, Ordering::Relaxed);
        }
    }

    /// A target that never reaches a step shows nothing about it.
    fn expect_all(&self) {
        let never: Vec<_> = StepKind::ALL
            .iter()
            .zip(&self.steps)
            .filter(|(_, count)| count.load(Ordering::Relaxed) == 0)
            .map(|(kind, _)| kind)
            .collect();
        assert!(never.is_empty(), "never planned: {never:?}");
    }
}

fn play<K: Fuzzed>(scene: &Scene<K>, counts: &Counts) {
    let Ok(mut object) = serde_json::from_slice::<K::Object>(&scene.object.0) else {
        return;
    };
    // Nobody but the API server writes this.
    K::metadata_mut(&mut object).uid = Some(UID.to_owned());
    let (mut memory, mut judge) = (Memory::<K>::default(), Judge::<K>::default());
    let (mut now, mut began) = (Tick(0), Tick(0));
    for (number, turn) in scene.turns.iter().enumerate() {
        // No look ends within the millisecond in which it begins.
        now = now.after(turn.later.max(1));
        if turn.fresh || number == 0 {
            began = now;
            judge.reads();
        }
        let (cluster, timing, nonce) = (cluster(), Timing::default(), format!("{number:04x}"));
        let view = View {
            object: &object,
            cluster: &cluster,
            account: &turn.account,
            cloud: &turn.cloud,
            around: &turn.around,
            now,
            began,
            wall: Timestamp::UNIX_EPOCH,
            nonce: &nonce,
            fencing: None,
            timing: &timing,
        };
        let before = memory.clone();
        let decided = plan(&view, &mut memory);
        let again = plan(&view, &mut before.clone());
        assert_eq!(decided, again, "the same arguments, the same plan");
        counts.count(decided.step.kind());
        judge.judges(&view, &decided);
        let hash = K::Desired::parse(&object, &cluster).map(|desired| desired.hash().to_owned());
        carry_out(
            &mut object,
            &mut memory,
            &mut judge,
            &decided,
            turn,
            &hash.unwrap_or_default(),
            now,
        );
        if turn.deleted {
            let gone = Time(Timestamp::UNIX_EPOCH);
            K::metadata_mut(&mut object).deletion_timestamp.get_or_insert(gone);
        }
    }
}

/// What the operator does with a plan, as far as the next plan can see it.
fn carry_out<K: Fuzzed>(
    object: &mut K::Object,
    memory: &mut Memory<K>,
    judge: &mut Judge<K>,
    decided: &Plan<K>,
    turn: &Turn<K>,
    hash: &str,
    now: Tick,
) {
    if let Step::Create { token, .. } = &decided.step {
        memory.sent(token);
    }
    let outcome = outcome(decided, turn);
    judge.hears(&decided.step, &outcome);
    let written = outcome == Outcome::Done;
    match decided.step.kind() {
        StepKind::AddFinalizer if written => {
            K::metadata_mut(object).finalizers = Some(vec![K::FINALIZER.to_owned()]);
        }
        StepKind::RemoveFinalizer if written => K::metadata_mut(object).finalizers = None,
        StepKind::OpenAttempt | StepKind::CloseAttempt | StepKind::Record if !written => {}
        StepKind::OpenAttempt | StepKind::CloseAttempt | StepKind::Record => {
            K::with_status(object, decided.status.clone());
        }
        _ if decided.publish => K::with_status(object, decided.status.clone()),
        _ => {}
    }
    memory.absorb(&decided.step, outcome, decided.status.creation(), hash, now, now);
}

/// The client takes no answer about another thing than was asked for.
fn outcome<K: Kind>(decided: &Plan<K>, turn: &Turn<K>) -> Outcome<K> {
    let failed = turn.failure.clone().map(Outcome::Failed);
    let about = |id: &str| turn.thing.clone().filter(|thing| thing.id() == Some(id));
    match &decided.step {
        Step::LookAt { id } => Outcome::Shown(match (&turn.failure, about(id)) {
            (Some(failure), _) => Shown::Unknown(failure.clone()),
            (None, Some(thing)) if !turn.gone => Shown::Present(thing),
            _ => Shown::Gone,
        }),
        Step::LookAtCanary => Outcome::Canary(turn.failure.is_none()),
        Step::LookAtDetails { .. } => failed.unwrap_or_else(|| Outcome::Details(Details::default())),
        Step::Create { .. } => failed.unwrap_or_else(|| turn.thing.clone().map_or(Outcome::Stale, Outcome::Created)),
        Step::Mark { id, .. } | Step::Change { id, .. } => {
            failed.unwrap_or_else(|| about(id).map_or(Outcome::Stale, Outcome::Changed))
        }
        Step::Delete { .. } => failed.unwrap_or(Outcome::Done),
        // A write to Kubernetes that was not confirmed.
        _ if turn.gone && turn.failure.is_some() => Outcome::Stale,
        _ => Outcome::Done,
    }
}

#[test]
fn whatever_is_seen_of_a_pool_the_plan_may_be_carried_out() {
    let counts = Counts::default();
    budgeted(bolero::check!())
        .with_generator(Scenes::<Pools>::new())
        .for_each(|scene: &Scene<Pools>| play(scene, &counts));
    counts.expect_all();
}

#[test]
fn whatever_is_seen_of_a_network_the_plan_may_be_carried_out() {
    let counts = Counts::default();
    budgeted(bolero::check!())
        .with_generator(Scenes::<Networks>::new())
        .for_each(|scene: &Scene<Networks>| play(scene, &counts));
}
