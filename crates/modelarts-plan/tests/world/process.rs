//! One process: its memory, its wake-ups, and the passes of the operator's reconcile, step for step.

use std::collections::BTreeMap;

use modelarts_crd::conditions::Reason;
use modelarts_crd::{FINALIZER, ModelArtsPool};
use modelarts_plan::desired::DesiredPool as Desired;
use modelarts_plan::{Account, Around, Closed, Cloud, Memory, OpenAccount, Outcome, Plan, Step, StepKind, View, plan};

use super::census::{Census, Member};
use super::cloud::Stop;
use super::faults::{Fault, Op};
use super::kubernetes::Stale;
use super::{PROJECT, SECOND, World};

/// More steps in a row than any life of a pool has, as in the operator.
const MOST_PASSES: usize = 24;
/// How long the canary's step and a failed pass wait before the next, as in the operator.
const LATER: u64 = 5 * SECOND;

/// What is lost when the process dies.
#[derive(Default)]
pub struct Process {
    pub started: u64,
    pub memories: BTreeMap<String, Memory>,
    pub census: Census,
    /// When each object is to be looked at, in the world's time.
    pub wakes: BTreeMap<String, u64>,
    /// The refusal of the credentials that the account rests from.
    pub refused: Option<String>,
    /// Until when, and for how long, new pools stay out of lists.
    pub hides_until: u64,
    pub hides_for: u64,
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
enum Executed {
    Outcome(Outcome),
    Written(Box<ModelArtsPool>),
    Later(u64),
}

/// What a pass looked at.
struct Observed {
    account: Account,
    cloud: Cloud,
    hash: String,
}

impl World {
    /// The next thing that is due before `until` happens. False if there is none.
    pub fn happen_before(&mut self, until: u64) -> bool {
        let wake = self.process.wakes.iter().min_by_key(|(_, at)| **at);
        let wake = wake.map(|(name, at)| (*at, name.clone()));
        let round = self.process.census.due;
        let first = [wake.as_ref().map(|(at, _)| *at), round].into_iter().flatten().min();
        let Some(at) = first.filter(|at| *at < until) else {
            return false;
        };
        self.now = self.now.max(at);
        let result = match wake {
            Some((due, name)) if due == at => {
                self.process.wakes.remove(&name);
                self.reconcile(&name)
            }
            _ => self.round(),
        };
        if result == Err(Stop::Crash) {
            self.tell("crash");
            self.restart();
        }
        self.check();
        true
    }

    fn reconcile(&mut self, name: &str) -> Result<(), Stop> {
        let uid = self.kube.get(name).and_then(|object| object.metadata.uid);
        let mut memory = uid
            .as_ref()
            .and_then(|uid| self.process.memories.remove(uid))
            .unwrap_or_default();
        let result = self.passes(name, &mut memory);
        if let Some(uid) = uid {
            self.process.memories.insert(uid, memory);
        }
        let next = match result {
            Ok(Some(wait)) => wait,
            Ok(None) => return Ok(()),
            Err(Stop::Crash) => return Err(Stop::Crash),
            Err(Stop::Kubernetes | Stop::Deadline) => LATER,
        };
        let due = self.now + next;
        let wake = self.process.wakes.entry(name.to_owned()).or_insert(due);
        *wake = (*wake).min(due);
        Ok(())
    }

    fn read(&mut self, name: &str) -> Result<Option<ModelArtsPool>, Stop> {
        let fault = self.begin(Op::Read)?;
        self.now += 5;
        self.end(fault)?;
        if fault == Some(Fault::LostAnswer) {
            return Err(Stop::Kubernetes);
        }
        Ok(self.kube.get(name))
    }

    /// The operator's `reconcile`: passes until there is nothing to do. None: nothing to wait for.
    fn passes(&mut self, name: &str, memory: &mut Memory) -> Result<Option<u64>, Stop> {
        let deadline = self.now + self.timing.request_deadline + 30 * SECOND;
        self.judge.reconcile_begins();
        let Some(mut object) = self.read(name)? else {
            return Ok(None);
        };
        let mut began = self.tick();
        for _ in 0..MOST_PASSES {
            if self.now >= deadline {
                return Err(Stop::Deadline);
            }
            let observed = self.observe(name, &object);
            let nonce = self.nonce();
            let plan = self.decide(&object, &observed, began, &nonce, memory);
            let started = self.tick();
            let kind = plan.step.kind();
            if kind != StepKind::Rest {
                let at = self.now;
                self.judge.steps.push((at, kind));
                self.tell(format!("step {:?}", plan.step.kind()));
            }
            let outcome = match self.execute(name, &object, &plan, memory)? {
                Executed::Later(wait) => return Ok(Some(wait)),
                Executed::Outcome(outcome) => outcome,
                Executed::Written(written) => {
                    object = *written;
                    Outcome::Done
                }
            };
            let stale = outcome == Outcome::Stale;
            memory.absorb(
                &plan.step,
                outcome,
                plan.status.creation.as_ref(),
                &observed.hash,
                started,
                self.tick(),
            );
            if !stale
                && plan.publish
                && let Some(Ok(written)) = self.write_status(&object, &plan)?
            {
                object = written;
            }
            if !stale && let Some(notice) = &plan.notice {
                self.judge.events.push(notice.reason);
            }
            match plan.step {
                Step::Rest | Step::LookAtScope { .. } => return Ok(Some(plan.next_look.max(50))),
                Step::RemoveFinalizer if !stale => return Ok(None),
                _ => {}
            }
            if stale {
                self.judge.reconcile_begins();
                match self.read(name)? {
                    Some(read) if read.metadata.uid == object.metadata.uid => (object, began) = (read, self.tick()),
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

    fn observe(&mut self, name: &str, object: &ModelArtsPool) -> Observed {
        let desired = Desired::parse(object, &self.cluster).ok();
        let member = member(object, desired.as_ref());
        let (account, now) = (self.account(), self.now);
        let census = &mut self.process.census;
        census.members.insert(name.to_owned(), member.clone());
        census.due.get_or_insert(now);
        let mut cloud = census.cloud_of(&member, &self.cluster);
        let living: std::collections::BTreeSet<String> = self
            .kube
            .all()
            .filter_map(|(_, object)| object.metadata.uid.clone())
            .collect();
        cloud.orphans = Some(orphans(&cloud, &self.cluster, &living));
        Observed {
            account,
            cloud,
            hash: desired.map(|desired| desired.hash).unwrap_or_default(),
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

    fn decide(
        &mut self,
        object: &ModelArtsPool,
        observed: &Observed,
        began: modelarts_plan::Tick,
        nonce: &str,
        memory: &mut Memory,
    ) -> Plan {
        self.judge.plans += 1;
        let around = Around {
            deletion: self.namespace_policy,
            kind_leaves: self.kind_leaves,
            ..Around::default()
        };
        let view = View {
            around: &around,
            object,
            cluster: &self.cluster,
            account: &observed.account,
            cloud: &observed.cloud,
            now: self.tick(),
            began,
            wall: self.wall(),
            nonce,
            fencing: None,
            timing: &self.timing,
        };
        plan(&view, memory)
    }

    fn execute(
        &mut self,
        name: &str,
        object: &ModelArtsPool,
        plan: &Plan,
        memory: &mut Memory,
    ) -> Result<Executed, Stop> {
        let usable = self.closed.is_none();
        Ok(match &plan.step {
            Step::Rest => Executed::Outcome(Outcome::Done),
            Step::LookAtScope { since } => {
                let now = self.now;
                self.process.census.want(name, *since, now);
                Executed::Outcome(Outcome::Done)
            }
            Step::LookAt { id } => Executed::Outcome(Outcome::Shown(self.show_pool(id)?)),
            Step::LookAtCanary => match self.read_canary()? {
                true => Executed::Outcome(Outcome::Canary(true)),
                false => Executed::Later(LATER),
            },
            Step::AddFinalizer => written(self.write_finalizers(object, true)?),
            Step::RemoveFinalizer => {
                self.judge_release(object);
                written(self.write_finalizers(object, false)?)
            }
            Step::OpenAttempt | Step::CloseAttempt | Step::Record => match self.write_status(object, plan)? {
                Some(result) => written(result),
                None => Executed::Outcome(Outcome::Done),
            },
            Step::Create { .. } if !usable => Executed::Later(LATER),
            Step::Create { token, body } => {
                self.judge_create(name, token, body);
                memory.sent(token);
                if let Some(outcome) = self.answer_create.take() {
                    return Ok(Executed::Outcome(outcome));
                }
                Executed::Outcome(match self.create_pool(body)? {
                    Ok(pool) => Outcome::Created(pool),
                    Err(failure) => Outcome::Failed(failure),
                })
            }
            Step::LookAtDetails { id, nodes } => {
                let object = object.clone();
                Executed::Outcome(self.look_at_details(&object, id, *nodes)?)
            }
            Step::Mark { id, over, patch } => {
                self.judge_mark(name, id, over.as_ref());
                Executed::Outcome(match self.patch_pool(id, patch)? {
                    Ok(pool) => Outcome::Changed(pool),
                    Err(failure) => Outcome::Failed(failure),
                })
            }
            Step::Change { id, patch, .. } => {
                let generation = object.metadata.generation.unwrap_or_default();
                self.judge_change(name, id, generation, patch);
                Executed::Outcome(match self.patch_pool(id, patch)? {
                    Ok(pool) => Outcome::Changed(pool),
                    Err(failure) => Outcome::Failed(failure),
                })
            }
            Step::Delete { id } => {
                self.judge_delete(name, id);
                let tick = self.tick();
                if let Some(pool_name) = object.status.as_ref().and_then(|status| status.pool_name.clone()) {
                    self.process.census.deleted_names.insert(pool_name, tick);
                }
                Executed::Outcome(match self.delete_pool(id)? {
                    Ok(()) => Outcome::Done,
                    Err(failure) => Outcome::Failed(failure),
                })
            }
        })
    }

    /// The operator's guarded status write: nothing if nothing differs.
    fn write_status(
        &mut self,
        object: &ModelArtsPool,
        plan: &Plan,
    ) -> Result<Option<Result<ModelArtsPool, Stale>>, Stop> {
        if object.status.as_ref() == Some(&plan.status) {
            return Ok(None);
        }
        let status = plan.status.clone();
        self.now += self.slow_status;
        let mut result = self.write(Op::Status, object, |object| object.status = Some(status))?;
        if let Some(nodes) = self.edit_at_status.take()
            && let Ok(written) = &mut result
        {
            // Seen at once, as if the answer were read again: the plan must notice by itself.
            let name = written.metadata.name.clone().unwrap_or_default();
            self.edit(&name, |spec| spec.nodes = Some(nodes));
            *written = self.kube.object(&name).clone();
        }
        Ok(Some(result))
    }

    fn write_finalizers(&mut self, object: &ModelArtsPool, held: bool) -> Result<Result<ModelArtsPool, Stale>, Stop> {
        let name = object.metadata.name.clone().unwrap_or_default();
        let result = self.write(Op::Finalizer, object, |object| {
            let finalizers = object.metadata.finalizers.get_or_insert_with(Vec::new);
            finalizers.retain(|name| name != FINALIZER);
            if held {
                finalizers.push(FINALIZER.to_owned());
            }
        })?;
        // The watch shows changed finalizers, so the object is looked at once more.
        if self.kube.get(&name).is_some() {
            self.wake(&name);
        } else {
            self.process.census.members.remove(&name);
        }
        Ok(result)
    }

    fn write(
        &mut self,
        op: Op,
        object: &ModelArtsPool,
        change: impl FnOnce(&mut ModelArtsPool),
    ) -> Result<Result<ModelArtsPool, Stale>, Stop> {
        let fault = self.begin(op)?;
        self.now += 10;
        if fault == Some(Fault::Conflict) {
            let name = object.metadata.name.clone().unwrap_or_default();
            if self.kube.get(&name).is_some() {
                self.kube.change(&name, |_| {});
            }
        }
        let result = self.kube.write(object, change);
        if let Ok(after) = &result {
            self.judge.wrote(object, after);
        }
        self.end(fault)?;
        if fault == Some(Fault::LostAnswer) {
            return Err(Stop::Kubernetes);
        }
        Ok(result)
    }
}

fn written(result: Result<ModelArtsPool, Stale>) -> Executed {
    match result {
        Ok(object) => Executed::Written(Box::new(object)),
        Err(Stale) => Executed::Outcome(Outcome::Stale),
    }
}

/// uids in markers of this cluster among what was listed, whose objects are gone.
fn orphans(
    cloud: &Cloud,
    cluster: &modelarts_plan::ClusterId,
    living: &std::collections::BTreeSet<String>,
) -> std::collections::BTreeSet<String> {
    let listings = [&cloud.list, &cloud.set].into_iter().flatten();
    let markers = listings
        .flat_map(|listing| &listing.items)
        .filter_map(|pool| modelarts_plan::Marker::find(pool.description()));
    markers
        .filter(|marker| marker.cluster == cluster.fingerprint() && !living.contains(&marker.uid))
        .map(|marker| marker.uid)
        .collect()
}

fn member(object: &ModelArtsPool, desired: Option<&Desired>) -> Member {
    let status = object.status.as_ref();
    let has = |type_: &str| {
        let conditions = status.iter().flat_map(|status| &status.conditions);
        conditions
            .into_iter()
            .any(|condition| condition.type_ == type_ && condition.status == "True")
    };
    Member {
        uid: object.metadata.uid.clone().unwrap_or_default(),
        pool_name: desired
            .map(|desired| desired.pool_name.clone())
            .or_else(|| status.and_then(|status| status.pool_name.clone())),
        pool_id: status.and_then(|status| status.pool_id.clone()),
        object_name: object.metadata.name.clone().unwrap_or_default(),
        adoption: object.spec.adoption.as_ref().map(|adoption| adoption.pool_id.clone()),
        deleting: object.metadata.deletion_timestamp.is_some(),
        busy: !has("Ready") && !has("Stalled"),
    }
}
