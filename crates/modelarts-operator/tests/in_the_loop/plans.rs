//! One run of a scenario, and all the plans that one can be disturbed by.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::director::{Director, Moment, Perturbation, Travel};
use crate::flaws::Mistake;
use crate::judge::{Outcome, violations};
use crate::process::{House, supervise};
use crate::script::{Scenario, describe};
use crate::world::{World, pass};

/// Before the first act: the operator has listed and watches.
const STARTING: u64 = 10;
/// In which the last doubts are resolved after the last act: more than the in-doubt window.
const SETTLING: u64 = 420;
/// In which nothing may be written any more: more than any interval of the census.
const REST: u64 = 120;

/// How often a plan is played that strikes at nothing.
const TRIES: usize = 3;

/// A run that has ended.
pub struct Run {
    pub outcome: Outcome,
    pub effects: Vec<String>,
    pub changes: usize,
    /// How many of the plan's perturbations struck.
    pub struck: usize,
    /// What went wrong, whatever the other runs do.
    pub violations: Vec<String>,
}

/// Plays a scenario on a clock of its own.
pub fn play(scenario: &Scenario, plan: &[Perturbation], mistake: Option<Mistake>, arguments: &[&'static str]) -> Run {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::new((scenario.profile)(), (scenario.faults)());
        let director = Director::new(world.clone(), plan.to_vec());
        let house = House {
            world: world.clone(),
            director: director.clone(),
            mistake,
            arguments: arguments.to_vec(),
        };
        let mut violations = Vec::new();
        let story = async {
            // What is there already when the operator starts is not news to it.
            pass(STARTING).await;
            for act in (scenario.acts)() {
                act.play(&world, &director).await?;
            }
            pass(SETTLING).await;
            let before = director.effects().len();
            pass(REST).await;
            match &director.effects()[before..] {
                [] => Ok(()),
                late => Err(format!("there is no rest: {late:?}; {}", describe(&world))),
            }
        };
        let ended = tokio::select! {
            told = story => told,
            why = supervise(house) => Err(why),
        };
        violations.extend(ended.err());
        violations.extend(self::violations(&world));
        Run {
            outcome: Outcome::of(&world),
            effects: director.effects(),
            changes: director.changes(),
            struck: director.struck(),
            violations,
        }
    })
}

/// How much is tried at each effect and change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breadth {
    /// At least one perturbation of each kind: for each change of the code.
    Few,
    /// All of them: for the long run.
    All,
}

impl Breadth {
    /// How far back a view travels, and how.
    fn travels(self) -> &'static [(u64, Travel)] {
        match self {
            Self::Few => &[(1, Travel::Relist), (3, Travel::Restart)],
            Self::All => &[
                (1, Travel::Relist),
                (3, Travel::Restart),
                (1, Travel::Restart),
                (3, Travel::Relist),
            ],
        }
    }

    /// How many changes are missed at most.
    fn unseen(self) -> usize {
        match self {
            Self::Few => 1,
            Self::All => 3,
        }
    }
}

/// Every single perturbation of a run with so many effects and changes: a process that dies before
/// and after each effect, a stale view after each, and each change unseen. Nothing ends what begins
/// with the last change but time.
pub fn singles(effects: usize, changes: usize, breadth: Breadth) -> Vec<Vec<Perturbation>> {
    let mut plans = Vec::new();
    for effect in 0..effects {
        for moment in [Moment::Before, Moment::After] {
            plans.push(Perturbation::Crash { effect, moment });
        }
        for &(back, travel) in breadth.travels() {
            plans.push(Perturbation::Stale { effect, back, travel });
        }
    }
    for from in 0..changes {
        for until in from + 1..=(from + breadth.unseen()).min(changes) {
            plans.push(Perturbation::Unseen { from, until });
        }
    }
    plans.into_iter().map(|one| vec![one]).collect()
}

/// What a row of plans came to.
#[derive(Default)]
pub struct Tally {
    pub plans: usize,
    /// Plans that struck as often as they were to.
    pub struck: usize,
    /// Plans of one perturbation that did not strike although there was what they strike at.
    pub missed: usize,
    /// Plans that brought something to light.
    pub findings: usize,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.plans += other.plans;
        self.struck += other.struck;
        self.missed += other.missed;
        self.findings += other.findings;
    }
}

/// Plays a plan, and tells what differs from an undisturbed run. Two writes at the same instant may
/// become one in another order, and then the last effect is missing: a plan that strikes at nothing
/// is played again.
fn play_until_struck(scenario: &Scenario, plan: &[Perturbation], wanted: &Outcome) -> (Run, Vec<String>) {
    let mut found = Vec::new();
    let mut tries = 0;
    loop {
        let run = play(scenario, plan, None, &[]);
        found.extend(run.violations.iter().cloned());
        found.extend(run.outcome.differences(wanted));
        tries += 1;
        if run.struck > 0 || tries == TRIES {
            return (run, found);
        }
    }
}

/// Plays all plans against one undisturbed run.
pub fn play_all(scenario: &Scenario, wanted: &Outcome, plans: &[Vec<Perturbation>]) -> Tally {
    let next = AtomicUsize::new(0);
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some(plan) = plans.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let (run, found) = play_until_struck(scenario, plan, wanted);
                    let mut tally = tally.lock().unwrap();
                    tally.plans += 1;
                    tally.struck += usize::from(run.struck == plan.len());
                    if let ([one], 0) = (plan.as_slice(), run.struck) {
                        println!("{}: {one:?} did not strike", scenario.name);
                        tally.missed += usize::from(one.could_strike(run.effects.len(), run.changes));
                    }
                    if !found.is_empty() {
                        // At once, for a run may be ended before all plans are played.
                        println!("{}: {plan:?}: {found:#?}", scenario.name);
                        tally.findings += 1;
                    }
                }
            });
        }
    });
    tally.into_inner().unwrap()
}
