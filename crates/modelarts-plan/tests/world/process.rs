//! One process: its memory, its wake-ups, and the passes of the operator's reconcile, step for step.

use std::collections::{BTreeMap, BTreeSet};

use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::ManagementPolicy;
use modelarts_plan::kind::{Desired, Status};
use modelarts_plan::{
    Account, Around, Closed, Cloud, Memory, Networks, OpenAccount, Outcome, Plan, Pools, Step, StepKind, Tick, View,
    plan,
};

use super::census::{Census, Member};
use super::cloud::Stop;
use super::faults::{Fault, Op};
use super::kinds::Lives;
use super::kubernetes::Stale;
use super::{PROJECT, SECOND, World};

/// More steps in a row than any life of an object has, as in the operator.
const MOST_PASSES: usize = 24;
/// How long the canary's step and a failed pass wait before the next, as in the operator.
pub const LATER: u64 = 5 * SECOND;

/// What is lost when the process dies.
#[derive(Default)]
pub struct Process {
    pub started: u64,
    pub pools: Worker<Pools>,
    pub networks: Worker<Networks>,
    /// The refusal of the credentials that the account rests from.
    pub refused: Option<String>,
}

/// The part of the process that looks after one kind.
pub struct Worker<K: Lives> {
    pub memories: BTreeMap<String, Memory<K>>,
    pub census: Census<K>,
    /// When each object is to be looked at, in the world's time.
    pub wakes: BTreeMap<String, u64>,
    /// What the spec of each object asks for, and of which version that was read.
    specs: BTreeMap<String, (String, (Option<String>, String))>,
}

impl<K: Lives> Default for Worker<K> {
    fn default() -> Self {
        Self {
            memories: BTreeMap::new(),
            census: Census::default(),
            wakes: BTreeMap::new(),
            specs: BTreeMap::new(),
        }
    }
}

impl<K: Lives> Worker<K> {
    fn next_wake(&self) -> Option<(u64, &String)> {
        let wake = self.wakes.iter().min_by_key(|(_, at)| **at);
        wake.map(|(name, at)| (*at, name))
    }

    /// When something is due: an object's turn comes before a round of the census.
    fn next(&self) -> Option<(u64, Turn)> {
        let wake = self.next_wake().map(|(at, _)| (at, Turn::Object));
        let round = self.census.due.map(|at| (at, Turn::Round));
        wake.into_iter().chain(round).min()
    }
}

/// What is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Turn {
    Object,
    Round,
}

/// Which kind it is due for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Of {
    Pools,
    Networks,
}

impl Process {
    pub fn started(at: u64) -> Self {
        Self {
            started: at,
            ..Self::default()
        }
    }

    /// What is due next.
    pub fn next(&self) -> Option<(u64, (Turn, Of))> {
        let pools = self.pools.next().map(|(at, turn)| (at, (turn, Of::Pools)));
        let networks = self.networks.next().map(|(at, turn)| (at, (turn, Of::Networks)));
        pools.into_iter().chain(networks).min()
    }
}

/// What came of a step.
pub enum Executed<K: Lives> {
    Outcome(Outcome<K>),
    Written(Box<K::Object>),
    Later(u64),
}

/// What a pass looked at.
struct Observed<K: Lives> {
    account: Account,
    cloud: Cloud<K>,
    around: Around,
    hash: String,
}

impl World {
    /// The next thing that is due before `until` happens. False if there is none.
    pub fn happen_before(&mut self, until: u64) -> bool {
        if self.elder_acts_first() {
            self.let_elder_act();
        }
        let due = self.process.next().filter(|(at, _)| *at < until);
        let result = due.map(|(at, (turn, of))| {
            self.now = self.now.max(at);
            match of {
                Of::Pools => self.happen::<Pools>(turn),
                Of::Networks => self.happen::<Networks>(turn),
            }
        });
        if result == Some(Err(Stop::Crash)) {
            self.tell("crash");
            self.die();
        }
        self.let_leader_act();
        if result.is_some() {
            self.check();
        }
        result.is_some()
    }

    fn happen<K: Lives>(&mut self, turn: Turn) -> Result<(), Stop> {
        if turn == Turn::Round {
            return self.round::<K>();
        }
        let worker = K::worker_mut(&mut self.process);
        let Some(name) = worker.next_wake().map(|(_, name)| name.clone()) else {
            return Ok(());
        };
        worker.wakes.remove(&name);
        self.reconcile::<K>(&name)
    }

    fn reconcile<K: Lives>(&mut self, name: &str) -> Result<(), Stop> {
        let object = K::shelf(self).get(name);
        let uid = object.and_then(|object| K::metadata(&object).uid.clone());
        let memories = &mut K::worker_mut(&mut self.process).memories;
        let known = uid.as_ref().and_then(|uid| memories.remove(uid));
        let mut memory = known.unwrap_or_default();
        let result = self.passes::<K>(name, &mut memory);
        let worker = K::worker_mut(&mut self.process);
        if let Some(uid) = uid {
            worker.memories.insert(uid, memory);
        }
        let next = match result {
            Ok(Some(wait)) => wait,
            Ok(None) => return Ok(()),
            Err(Stop::Crash) => return Err(Stop::Crash),
            Err(Stop::Kubernetes | Stop::Deadline) => LATER,
        };
        let due = self.now + next;
        let wake = K::worker_mut(&mut self.process)
            .wakes
            .entry(name.to_owned())
            .or_insert(due);
        *wake = (*wake).min(due);
        Ok(())
    }

    fn read_object<K: Lives>(&mut self, name: &str) -> Result<Option<K::Object>, Stop> {
        let fault = self.begin(Op::Read)?;
        self.now += self.weather.latency(5);
        self.end(fault)?;
        match fault {
            Some(Fault::LostAnswer | Fault::NotConnected | Fault::Throttle) => Err(Stop::Kubernetes),
            Some(Fault::StaleRead) => Ok(K::shelf(self).stale(name)),
            _ => Ok(K::shelf(self).get(name)),
        }
    }

    /// The operator's `reconcile`: passes until there is nothing to do. None: nothing to wait for.
    fn passes<K: Lives>(&mut self, name: &str, memory: &mut Memory<K>) -> Result<Option<u64>, Stop> {
        let deadline = self.now + self.timing.request_deadline + 30 * SECOND;
        self.judge.reconcile_begins();
        let Some(mut object) = self.read_object::<K>(name)? else {
            return Ok(None);
        };
        let mut began = self.tick();
        for _ in 0..MOST_PASSES {
            if self.now >= deadline {
                return Err(Stop::Deadline);
            }
            let observed = self.observe::<K>(name, &object);
            let plan = self.decide(&object, &observed, began, memory);
            self.plant::<K>(&object, &plan)?;
            let started = self.tick();
            self.note_step(name, &plan);
            let outcome = match self.execute(name, &object, &plan, memory)? {
                Executed::Later(wait) => return Ok(Some(wait)),
                Executed::Outcome(outcome) => outcome,
                Executed::Written(written) => {
                    object = *written;
                    Outcome::Done
                }
            };
            let mut stale = outcome == Outcome::Stale;
            let opened = plan.status.creation();
            memory.absorb(&plan.step, outcome, opened, &observed.hash, started, self.tick());
            if !stale && plan.publish {
                // Nobody might wake it for whatever came in between, so it is looked at again at once.
                match self.write_status(&object, &plan)? {
                    Some(Ok(written)) => object = written,
                    Some(Err(Stale)) => stale = true,
                    None => {}
                }
            }
            if !stale && let Some(notice) = &plan.notice {
                self.chronicle_event::<K>(name, notice);
                self.judge.events.push(notice.reason);
            }
            match plan.step {
                Step::Rest | Step::LookAtScope { .. } if !stale => return Ok(Some(plan.next_look.max(50))),
                Step::RemoveFinalizer if !stale => return Ok(None),
                _ => {}
            }
            if stale {
                self.judge.reconcile_begins();
                match self.read_object::<K>(name)? {
                    Some(read) if K::metadata(&read).uid == K::metadata(&object).uid => {
                        (object, began) = (read, self.tick());
                    }
                    _ => return Ok(None),
                }
            }
        }
        assert!(
            self.now >= deadline,
            "more than {MOST_PASSES} steps in a row\n{}",
            self.story()
        );
        Ok(Some(self.timing.census_interval_busy))
    }

    fn note_step<K: Lives>(&mut self, name: &str, plan: &Plan<K>) {
        let kind = plan.step.kind();
        self.judge.doing = Some((K::KIND, name.to_owned(), kind));
        if kind != StepKind::Rest {
            let at = self.now;
            self.log.event(at, name, 1_000 + kind as u64);
            self.judge.steps.push((at, kind));
            self.tell(format!("step {kind:?} of {name}"));
        }
    }

    fn observe<K: Lives>(&mut self, name: &str, object: &K::Object) -> Observed<K> {
        let (external_name, hash) = self.read_spec::<K>(name, object);
        let around = K::around(self, object);
        let account = self.account();
        let member = member::<K>(object, external_name);
        let (now, cluster) = (self.now, self.cluster.clone());
        let living: BTreeSet<String> = K::shelf(self).uids().map(str::to_owned).collect();
        let census = &mut K::worker_mut(&mut self.process).census;
        // What is paused is not asked about.
        let cloud = if K::terms(object).management == ManagementPolicy::Pause {
            census.members.remove(name);
            Cloud::default()
        } else {
            census.members.insert(name.to_owned(), member.clone());
            census.due.get_or_insert(now);
            census.cloud_of(&member, &cluster, &living)
        };
        Observed {
            account,
            cloud,
            around,
            hash,
        }
    }

    /// Name and fingerprint of what the spec asks for, parsed once for each version of the object.
    fn read_spec<K: Lives>(&mut self, name: &str, object: &K::Object) -> (Option<String>, String) {
        let version = K::metadata(object).resource_version.clone().unwrap_or_default();
        let known = K::worker(&self.process).specs.get(name);
        if let Some((_, read)) = known.filter(|(of, _)| *of == version) {
            return read.clone();
        }
        let desired = K::Desired::parse(object, &self.cluster).ok();
        let wanted = desired.map(|desired| (desired.name().to_owned(), desired.hash().to_owned()));
        let (external_name, hash) = wanted.unzip();
        let read = (external_name, hash.unwrap_or_default());
        let specs = &mut K::worker_mut(&mut self.process).specs;
        specs.insert(name.to_owned(), (version, read.clone()));
        read
    }

    fn account(&self) -> Account {
        let refused = self.process.refused.as_ref().map(|message| Closed {
            reason: Reason::CredentialsRefused,
            stalled: true,
            message: message.clone(),
        });
        match self.closed.clone().or(refused) {
            Some(closed) => Account::Closed(closed),
            None => Account::Open(OpenAccount {
                project: PROJECT.to_owned(),
                may_create: self.may_create,
            }),
        }
    }

    fn decide<K: Lives>(
        &mut self,
        object: &K::Object,
        observed: &Observed<K>,
        began: Tick,
        memory: &mut Memory<K>,
    ) -> Plan<K> {
        self.judge.plans += 1;
        let nonce = self.nonce();
        let view = View {
            around: &observed.around,
            object,
            cluster: &self.cluster,
            account: &observed.account,
            cloud: &observed.cloud,
            now: self.tick(),
            began,
            wall: self.wall(),
            nonce: &nonce,
            fencing: None,
            timing: &self.timing,
        };
        plan(&view, memory)
    }
}

fn member<K: Lives>(object: &K::Object, external_name: Option<String>) -> Member {
    let status = K::status(object);
    let has = |type_: &str| {
        let conditions = status.iter().flat_map(|status| status.conditions());
        conditions
            .into_iter()
            .any(|condition| condition.type_ == type_ && condition.status == "True")
    };
    let metadata = K::metadata(object);
    Member {
        uid: metadata.uid.clone().unwrap_or_default(),
        external_name: external_name.or_else(|| K::external_name(object)),
        id: status.and_then(|status| status.id().map(str::to_owned)),
        object_name: metadata.name.clone().unwrap_or_default(),
        adoption: K::terms(object).adoption.map(|adoption| adoption.id.to_owned()),
        deleting: metadata.deletion_timestamp.is_some(),
        busy: !has("Ready") && !has("Stalled"),
    }
}
