//! Every state, nearest first. What is found is found on the shortest way to it.

use std::hash::BuildHasher;
use std::time::{Duration, Instant};

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

use crate::calm::Calm;
use crate::rules::{self, Broken};
use crate::scenario::Scenario;
use crate::state::{Action, State};
use crate::world::World;

/// What an exploration saw.
#[derive(Clone, Debug)]
pub struct Explored {
    /// Different states.
    pub states: usize,
    /// Ways from one to another.
    pub transitions: usize,
    /// The farthest state, in actions.
    pub depth: usize,
    /// Whether it was ended at the cap, so that there are more states.
    pub capped: bool,
    /// How long it took. Only told, never compared.
    pub took: Duration,
    /// The first rule that was found broken, and the shortest way there.
    pub found: Option<Found>,
    /// The longest way to rest, in rounds of calm.
    pub calm: usize,
}

/// A broken rule.
#[derive(Clone, Debug)]
pub struct Found {
    /// Which, and how.
    pub broken: Broken,
    /// The way from the first state.
    pub way: Vec<Action>,
    /// Whether it broke in the calm that followed.
    pub in_calm: bool,
}

/// The states by number, and how each was first reached.
#[derive(Default)]
struct Known {
    states: Vec<State>,
    from: Vec<(u32, Action)>,
    numbers: HashTable<u32>,
}

impl Known {
    /// Takes a state in, unless it is known.
    fn insert(&mut self, state: State, from: u32, by: Action) -> bool {
        let Self { states, numbers, .. } = self;
        let hash = FxBuildHasher.hash_one(state);
        if numbers.find(hash, |number| states[*number as usize] == state).is_some() {
            return false;
        }
        let number = u32::try_from(states.len()).unwrap_or(u32::MAX);
        numbers.insert_unique(hash, number, |number| FxBuildHasher.hash_one(states[*number as usize]));
        self.states.push(state);
        self.from.push((from, by));
        true
    }

    fn way_to(&self, mut number: u32) -> Vec<Action> {
        let mut way = Vec::new();
        while number != 0 {
            let (from, by) = self.from[number as usize];
            way.push(by);
            number = from;
        }
        way.reverse();
        way
    }
}

/// What is told of every step while exploring: the states before and after.
pub type Watch<'a> = &'a mut dyn FnMut(&mut World, &State, Action, &State);

/// Explores a small world, at most `cap` states of it.
pub fn explore(world: &mut World, cap: usize, watch: Option<Watch<'_>>) -> Explored {
    search(world, cap, true, watch)
}

/// The same by the rules alone, without the calm after each state.
pub fn explore_rules(world: &mut World, cap: usize) -> Explored {
    search(world, cap, false, None)
}

fn search(world: &mut World, cap: usize, calm: bool, watch: Option<Watch<'_>>) -> Explored {
    let began = Instant::now();
    let mut known = Known::default();
    let first = world.first();
    known.insert(first, 0, Action::Progress);
    let mut search = Search {
        calm: Calm::default(),
        explored: Explored {
            states: 0,
            transitions: 0,
            depth: 0,
            capped: false,
            took: Duration::ZERO,
            found: None,
            calm: 0,
        },
        cap,
        checks_calm: calm,
    };
    search.run(world, &mut known, watch);
    let mut explored = search.explored;
    explored.states = known.states.len();
    explored.calm = search.calm.longest;
    explored.took = began.elapsed();
    explored
}

struct Search {
    calm: Calm,
    explored: Explored,
    cap: usize,
    checks_calm: bool,
}

impl Search {
    fn run(&mut self, world: &mut World, known: &mut Known, mut watch: Option<Watch<'_>>) {
        let mut actions = Vec::new();
        let (mut at, mut level_ends) = (0, 1);
        while at < known.states.len() {
            if at == level_ends {
                level_ends = known.states.len();
                self.explored.depth += 1;
            }
            let state = known.states[at];
            let number = u32::try_from(at).unwrap_or(u32::MAX);
            if self.checks_calm
                && let Err(broken) = self.calm.check(world, &state)
            {
                self.explored.found = Some(Found {
                    broken,
                    way: known.way_to(number),
                    in_calm: true,
                });
                return;
            }
            world.actions(&state, &mut actions);
            for action in &actions {
                let reached = match world.step(&state, *action) {
                    None => continue,
                    Some(Ok(next)) => rules::state(world, &next).map(|()| next),
                    Some(Err(broken)) => Err(broken),
                };
                self.explored.transitions += 1;
                let next = match reached {
                    Ok(next) => next,
                    Err(broken) => {
                        let mut way = known.way_to(number);
                        way.push(*action);
                        self.explored.found = Some(Found {
                            broken,
                            way,
                            in_calm: false,
                        });
                        return;
                    }
                };
                if let Some(watch) = watch.as_mut() {
                    watch(world, &state, *action, &next);
                }
                if known.states.len() < self.cap {
                    known.insert(next, number, *action);
                } else if known
                    .numbers
                    .find(FxBuildHasher.hash_one(next), |n| known.states[*n as usize] == next)
                    .is_none()
                {
                    self.explored.capped = true;
                }
            }
            at += 1;
        }
    }
}

/// A world explored by its scenario alone.
#[must_use]
pub fn explored(scenario: Scenario, cap: usize) -> Explored {
    explore(&mut World::new(scenario), cap, None)
}
