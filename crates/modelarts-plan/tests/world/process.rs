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
    /// Until when, and for how long, new things stay out of lists.
    pub hides_until: u64,
    pub hides_for: u64,
}

/// The part of the process that looks after one kind.
pub struct Worker<K: Lives> {
    pub memories: BTreeMap<String, Memory<K>>,
    pub census: Census<K>,
    /// When each object is to be looked at, in the world's time.
    pub wakes: BTreeMap<String, u64>,
}

impl<K: Lives> Default for Worker<K> {
    fn default() -> Self {
        Self {
            memories: BTreeMap::new(),
            census: Census::default(),
            wakes: BTreeMap::new(),
        }
    }
}

impl<K: Lives> Worker<K> {
    fn next_wake(&self) -> Option<(u64, String)> {
        let wake = self.wakes.iter().min_by_key(|(_, at)| **at);
        wake.map(|(name, at)| (*at, name.clone()))
    }

    /// When something is due, and whether it is an object's turn.
    fn next(&self) -> Option<(u64, bool)> {
        let wake = self.next_wake().map(|(at, _)| (at, true));
        let round = self.census.due.map(|at| (at, false));
        wake.into_iter().chain(round).min_by_key(|(at, object)| (*at, !object))
    }
}

impl Process {
    pub fn started(at: u64) -> Self {
        Self {
            started: at,
            ..Self::default()
        }
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
        let pools = self.process.pools.next();
        let networks = self.process.networks.next();
        let order = |next: &Option<(u64, bool)>| next.map(|(at, object)| (at, !object));
        let result = match (order(&pools), order(&networks)) {
            (None, None) => return false,
            (Some(pool), Some(network)) if network < pool => self.happen::<Networks>(networks, until),
            (None, Some(_)) => self.happen::<Networks>(networks, until),
            _ => self.happen::<Pools>(pools, until),
        };
        let Some(result) = result else { return false };
        if result == Err(Stop::Crash) {
            self.tell("crash");
            self.restart();
        }
        self.check();
        true
    }

    fn happen<K: Lives>(&mut self, next: Option<(u64, bool)>, until: u64) -> Option<Result<(), Stop>> {
        let (at, object) = next.filter(|(at, _)| *at < until)?;
        self.now = self.now.max(at);
        if !object {
            return Some(self.round::<K>());
        }
        let worker = K::worker_mut(&mut self.process);
        let (_, name) = worker.next_wake()?;
        worker.wakes.remove(&name);
        Some(self.reconcile::<K>(&name))
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
        self.now += 5;
        self.end(fault)?;
        if fault == Some(Fault::LostAnswer) {
            return Err(Stop::Kubernetes);
        }
        Ok(K::shelf(self).get(name))
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
            let stale = outcome == Outcome::Stale;
            let opened = plan.status.creation();
            memory.absorb(&plan.step, outcome, opened, &observed.hash, started, self.tick());
            if !stale
                && plan.publish
                && let Some(Ok(written)) = self.write_status(&object, &plan)?
            {
                object = written;
            }
            if !stale && let Some(notice) = &plan.notice {
                self.chronicle_event::<K>(name, notice);
                self.judge.events.push(notice.reason);
            }
            match plan.step {
                Step::Rest | Step::LookAtScope { .. } => return Ok(Some(plan.next_look.max(50))),
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
            self.judge.steps.push((at, kind));
            self.tell(format!("step {kind:?} of {name}"));
        }
    }

    fn observe<K: Lives>(&mut self, name: &str, object: &K::Object) -> Observed<K> {
        let desired = K::Desired::parse(object, &self.cluster).ok();
        let hash = desired.as_ref().map(|desired| desired.hash().to_owned());
        let around = K::around(self, object);
        let account = self.account();
        let hash = hash.unwrap_or_default();
        let member = member::<K>(object, desired.as_ref());
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

fn member<K: Lives>(object: &K::Object, desired: Option<&K::Desired>) -> Member {
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
        external_name: desired
            .map(|desired| desired.name().to_owned())
            .or_else(|| K::external_name(object)),
        id: status.and_then(|status| status.id().map(str::to_owned)),
        object_name: metadata.name.clone().unwrap_or_default(),
        adoption: K::terms(object).adoption.map(|adoption| adoption.id.to_owned()),
        deleting: metadata.deletion_timestamp.is_some(),
        busy: !has("Ready") && !has("Stalled"),
    }
}
