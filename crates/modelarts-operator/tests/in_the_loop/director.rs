//! Who strikes, and when: the perturbations of a plan, by the effects of the run.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use kube_in_memory::View;
use tokio::sync::Notify;

use crate::world::World;

/// How long a stale view stays stale.
const STALE: Duration = Duration::from_secs(90);
/// How long events are held at most: less than a run goes on after the last act.
const UNSEEN: Duration = Duration::from_secs(400);

/// Before or after an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    Before,
    /// Carried out, not yet answered.
    After,
}

/// How a process comes to a stale view.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Travel {
    /// Its watches end, and it lists again at a server that is behind.
    Relist,
    /// It is killed, and the next one lists at a server that is behind.
    Restart,
}

/// One perturbation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Perturbation {
    /// Intermediate state: the process is killed at an effect.
    Crash { effect: usize, moment: Moment },
    /// Stale state: after an effect, lists and watches show the state some versions ago, for a while.
    Stale { effect: usize, back: u64, travel: Travel },
    /// Unobserved state: from one change of an object on nothing is told until another one is done;
    /// then only what came of it all can be seen.
    Unseen { from: usize, until: usize },
}

impl Perturbation {
    /// Whether a run with so many effects and changes has what this strikes at.
    pub fn could_strike(self, effects: usize, changes: usize) -> bool {
        match self {
            Self::Crash { effect, .. } | Self::Stale { effect, .. } => effect < effects,
            Self::Unseen { from, .. } => from < changes,
        }
    }
}

/// What becomes of the process that asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Lives,
    Dies,
}

struct State {
    plan: Vec<Perturbation>,
    /// Those of the plan that have struck.
    struck: usize,
    effects: Vec<String>,
    process: u64,
    view: Option<View>,
    /// Which changes of pools and networks have been counted.
    changes: usize,
    counted: u64,
}

/// Of one run.
pub struct Director {
    world: World,
    state: Mutex<State>,
    /// A process was killed.
    pub killed: Notify,
}

impl Director {
    pub fn new(world: World, plan: Vec<Perturbation>) -> Arc<Self> {
        Arc::new(Self {
            world,
            state: Mutex::new(State {
                plan,
                struck: 0,
                effects: Vec::new(),
                process: 0,
                view: None,
                changes: 0,
                counted: 0,
            }),
            killed: Notify::new(),
        })
    }

    /// A new process, with a view of its own; it begins with what the last one was shown.
    pub fn enter(&self, process: u64, view: &View) {
        let mut state = self.state();
        state.process = process;
        state.view = Some(view.clone());
    }

    /// Whether a process is the present one.
    pub fn lives(&self, process: u64) -> bool {
        self.state().process == process
    }

    /// All effects so far.
    pub fn effects(&self) -> Vec<String> {
        self.state().effects.clone()
    }

    /// How many changes of pools and networks there were so far.
    pub fn changes(&self) -> usize {
        self.state().changes
    }

    /// How many of the plan have struck.
    pub fn struck(&self) -> usize {
        self.state().struck
    }

    /// Counts an effect.
    pub fn begin(&self, what: String) -> usize {
        let mut state = self.state();
        state.effects.push(what);
        state.effects.len() - 1
    }

    /// Strikes what is due at this effect.
    pub fn at(&self, process: u64, effect: usize, moment: Moment) -> Fate {
        if moment == Moment::After {
            self.look();
        }
        let mut state = self.state();
        if state.process != process {
            return Fate::Dies;
        }
        let due = |planned: &Perturbation| match *planned {
            Perturbation::Crash {
                effect: at,
                moment: when,
            } => at == effect && when == moment,
            Perturbation::Stale { effect: at, .. } => at == effect && moment == Moment::After,
            Perturbation::Unseen { .. } => false,
        };
        let Some(at) = state.plan.iter().position(due) else {
            return Fate::Lives;
        };
        let planned = state.plan.remove(at);
        state.struck += 1;
        let mut dies = true;
        if let (Perturbation::Stale { back, travel, .. }, Some(view)) = (planned, state.view.clone()) {
            view.hold(self.world.version().saturating_sub(back));
            view.cut();
            let later = view.clone();
            tokio::spawn(async move {
                tokio::time::sleep(STALE).await;
                later.release();
            });
            dies = travel == Travel::Restart;
        }
        if !dies {
            return Fate::Lives;
        }
        state.process = 0;
        drop(state);
        self.killed.notify_one();
        Fate::Dies
    }

    /// Counts the changes of objects since the last look, and holds or lets go what is due.
    pub fn look(&self) {
        let mut state = self.state();
        let counted = state.counted;
        let news = self.world.api.read(|store| {
            let changes = store.changes_between(counted, store.version());
            let concerned = |plural: &str| ["modelartspools", "modelartsnetworks"].contains(&plural);
            let concerned = changes.filter(|change| concerned(&change.key.plural));
            concerned.map(|change| change.version).collect::<Vec<u64>>()
        });
        state.counted = self.world.version();
        for version in news {
            let change = state.changes;
            state.changes += 1;
            let Some(view) = state.view.clone() else { continue };
            if let Some(at) = state
                .plan
                .iter()
                .position(|planned| matches!(planned, Perturbation::Unseen { from, .. } if *from == change))
            {
                let planned = state.plan[at];
                view.hold(version - 1);
                tokio::spawn(async move {
                    tokio::time::sleep(UNSEEN).await;
                    if view.is_held() {
                        view.release();
                        view.cut();
                    }
                });
                // From now on its end is waited for.
                if let Perturbation::Unseen { until, .. } = planned {
                    state.plan[at] = Perturbation::Unseen {
                        from: usize::MAX,
                        until,
                    };
                    state.struck += 1;
                }
            } else if let Some(at) = state.plan.iter().position(
                |planned| matches!(planned, Perturbation::Unseen { from: usize::MAX, until } if *until == change),
            ) {
                state.plan.remove(at);
                view.release();
                view.cut();
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}
