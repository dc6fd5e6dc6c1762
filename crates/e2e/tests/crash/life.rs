//! The lives of a pool in which the steps are met: what leads there, and how each has to end.

use std::time::Duration;

use e2e::proxied::Proxied;
use e2e::scene::stranger;
use http::Method;
use modelarts_crd::ModelArtsPool;
use modelarts_crd::status::Outcome;
use sandbox::simulator::{Fault, PROJECT};
use sandbox::wait::until;
use serde_json::{Value, json};

/// More pools than the tests have rows.
const ENOUGH: u64 = 1000;
/// Longer than the operator waits for any answer.
const FOR_EVER: u64 = 600;
/// Nodes that break.
const BROKEN: usize = 1;
/// For a wait on two busy cores that takes seconds.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// A course of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// A pool is made.
    Plain,
    /// Its first creation is refused, because a quota is used up.
    Refused,
    /// Its first creation gets no answer and is not executed.
    Unexecuted,
    /// Its first creation gets no answer and is executed.
    Unanswered,
    /// Somebody else deletes it in the cloud, and it is made again.
    Lost,
    /// A pool is made, then deleted.
    Deleted,
    /// A pool is made, and its order has to be known in the end.
    Ordered,
    /// Some nodes of a pool break.
    Broken,
    /// A pool that somebody else made is taken over.
    Adopted,
    /// Somebody else takes the marker off.
    Unmarked,
    /// A pool gets more nodes.
    Grown,
    /// A pool gets more nodes, and while the operator is down still more are asked for.
    GrownAgain,
    /// A pool gets fewer nodes.
    Shrunk,
    /// Its object is deleted while the operator is down and nobody knows what came of the creation.
    DeletedInDoubt,
}

/// What became of a change of the cloud that was cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It was no such call, or never arrived.
    Unsent,
    /// It was done.
    Done,
    /// It was done when the next operator had done its work.
    Late,
}

/// How a life ended.
pub struct End {
    /// In words.
    pub what: &'static str,
    /// How many creations the cloud accepted.
    pub creates: usize,
    /// How many of its pools are there.
    pub pools: usize,
    /// How many changes of its pool the cloud accepted from the operator.
    pub changes: usize,
    /// Why the object's record of its pool is wrong, if it is.
    pub wrong: Option<String>,
}

/// A ready pool's record names the pool, and its last attempt is the one that led to it.
fn wrong_record(object: &ModelArtsPool, pools: &[String]) -> Option<String> {
    let status = object.status.clone().unwrap_or_default();
    let outcome = status.creation.and_then(|record| record.outcome);
    let named = status.pool_id.as_ref().is_some_and(|id| pools.contains(id));
    let led = matches!(outcome, Some(Outcome::Created | Outcome::Adopted));
    (!named || !led).then(|| format!("poolId {:?} with {pools:?}, last attempt {outcome:?}", status.pool_id))
}

/// What a row's pool has and how the operator came to it, beside what all lives have in common.
fn wrong_shape(life: Life, object: &ModelArtsPool, pool: Option<&Value>) -> Option<String> {
    let status = object.status.clone().unwrap_or_default();
    let (order, broken) = (status.order.and_then(|order| order.phase), status.abnormal_nodes.len());
    if life == Life::Ordered && order.as_deref() != Some("successed") {
        return Some(format!("its order is {order:?}"));
    }
    if life == Life::Broken && broken != BROKEN {
        return Some(format!("{broken} abnormal nodes are named"));
    }
    let counts = pool.map(|pool| pool["spec"]["resources"][0]["count"].clone());
    (counts != Some(json!(life.nodes()))).then(|| format!("its pool is {pool:?}"))
}

impl Life {
    /// How many nodes its pool has in the end.
    fn nodes(self) -> usize {
        match self {
            Self::Grown => 2,
            Self::Broken | Self::GrownAgain => 3,
            _ => 1,
        }
    }

    /// Its spec at the beginning, beside what every pool of these tests has.
    fn spec(self, name: &str) -> Value {
        let nodes = |count: usize| json!({ "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": count }] });
        match self {
            Self::Broken | Self::Shrunk => nodes(3),
            Self::Adopted => json!({ "adoption": { "poolId": format!("{name}-there-{PROJECT}") } }),
            _ => json!({}),
        }
    }

    /// What comes before the call is waited for. The operator runs.
    pub async fn prepare(self, ground: &Proxied, name: &str) -> Result<(), String> {
        let simulator = &ground.world.simulator;
        match self {
            Self::Plain | Self::Ordered | Self::DeletedInDoubt => {}
            Self::Adopted => {
                let body = stranger(&format!("{name}-there"), "0");
                simulator.create_pool(PROJECT, &body).await.unwrap();
            }
            Self::Refused => simulator.set_profile(&json!({ "poolQuota": 0 })).await.unwrap(),
            Self::Unexecuted => {
                let hang = Fault {
                    seconds: Some(FOR_EVER),
                    ..Fault::times("CreatePool", "hang", 1)
                };
                simulator.set_faults(&[hang]).await.unwrap();
            }
            Self::Unanswered => {
                let lost = Fault::times("CreatePool", "lostAnswer", 1);
                simulator.set_faults(&[lost]).await.unwrap();
            }
            Self::Lost
            | Self::Deleted
            | Self::Broken
            | Self::Unmarked
            | Self::Grown
            | Self::GrownAgain
            | Self::Shrunk => {
                ground.create_with(name, &self.spec(name)).await;
                ground.until_ready(name, PATIENCE).await.map_err(|e| e.to_string())?;
            }
        }
        Ok(())
    }

    /// What leads to the call.
    pub async fn begin(self, ground: &Proxied, name: &str) {
        let simulator = &ground.world.simulator;
        match self {
            Self::Plain
            | Self::Ordered
            | Self::Refused
            | Self::Unexecuted
            | Self::Unanswered
            | Self::Adopted
            | Self::DeletedInDoubt => {
                ground.create_with(name, &self.spec(name)).await;
            }
            Self::Lost => simulator.delete_pool(&ground.recorded_id(name).await).await.unwrap(),
            Self::Broken => {
                let path = format!("pools/{}/nodes/break", ground.recorded_id(name).await);
                let broken = json!({ "count": BROKEN });
                simulator.call(Method::POST, &path, Some(&broken)).await.unwrap();
            }
            Self::Unmarked => {
                let bare = json!({ "metadata": { "annotations": { "os.modelarts/description": null } } });
                let id = ground.recorded_id(name).await;
                simulator.patch_pool(&id, &bare).await.unwrap();
            }
            Self::Grown | Self::GrownAgain => ground.resize(name, 2).await,
            Self::Shrunk => ground.resize(name, 1).await,
            Self::Deleted => ground.delete(name).await,
        }
    }

    /// What happens while the operator is down.
    pub async fn meanwhile(self, ground: &Proxied, name: &str) {
        let simulator = &ground.world.simulator;
        match self {
            Self::Plain
            | Self::Ordered
            | Self::Broken
            | Self::Adopted
            | Self::Unmarked
            | Self::Grown
            | Self::Shrunk
            | Self::Lost
            | Self::Deleted => {}
            Self::GrownAgain => ground.resize(name, self.nodes()).await,
            Self::Refused => simulator.set_profile(&json!({ "poolQuota": ENOUGH })).await.unwrap(),
            Self::Unexecuted | Self::Unanswered => simulator.clear_faults().await.unwrap(),
            Self::DeletedInDoubt => ground.delete(name).await,
        }
    }

    /// Waits for the end that the object's owner is waiting for, and for `changes` to have been sent.
    pub async fn finish(self, ground: &Proxied, name: &str, uid: &str, changes: usize) -> Result<End, String> {
        let what = if self.pools() == 0 {
            ground.until_gone(name, PATIENCE).await.map_err(|e| e.to_string())?;
            "gone"
        } else {
            self.until_ready(ground, name, uid, changes).await?;
            "Ready"
        };
        let pools = ground.cloud_pools(uid).await;
        let wrong = match ground.pools().get_opt(name).await.unwrap() {
            None => None,
            Some(object) => {
                let all = ground.world.simulator.pools().await.unwrap();
                let pool = all
                    .iter()
                    .find(|pool| pools.iter().any(|id| pool["metadata"]["name"] == **id));
                wrong_record(&object, &pools).or_else(|| wrong_shape(self, &object, pool))
            }
        };
        Ok(End {
            what,
            creates: ground.creates(name).await,
            pools: pools.len(),
            changes: ground.changes(name).await,
            wrong,
        })
    }

    async fn until_ready(self, ground: &Proxied, name: &str, uid: &str, changes: usize) -> Result<(), String> {
        // It says Ready until the loss or the change is noticed, so what comes of that is what tells.
        if self == Self::Lost {
            let again = ground.until_created(name, 2, PATIENCE).await;
            again.map_err(|e| e.to_string())?;
        }
        ground
            .until_changed(name, changes, PATIENCE)
            .await
            .map_err(|e| e.to_string())?;
        let done = until(format!("{name} to be as it should"), PATIENCE, async || {
            let object = ground.pools().get(name).await.map_err(|error| error.to_string())?;
            let ids = ground.cloud_pools(uid).await;
            let all = ground
                .world
                .simulator
                .pools()
                .await
                .map_err(|error| error.to_string())?;
            let pool = all
                .iter()
                .find(|pool| ids.iter().any(|id| pool["metadata"]["name"] == **id));
            match wrong_shape(self, &object, pool) {
                Some(wrong) => Err(format!("{wrong}\n{}", ground.story())),
                None => Ok(()),
            }
        });
        done.await.map_err(|e| e.to_string())?;
        ground.until_ready(name, PATIENCE).await.map_err(|e| e.to_string())?;
        if changes > 0 {
            // One change too many would come by now.
            ground.until_listed(4, PATIENCE).await;
        }
        Ok(())
    }

    /// How many creations the cloud must have accepted, if the call that was cut was or was not
    /// executed.
    pub fn creates(self, executed: bool) -> usize {
        match self {
            Self::Lost => 2,
            Self::DeletedInDoubt => usize::from(executed),
            // A stranger made it.
            Self::Adopted => 0,
            _ => 1,
        }
    }

    /// How many changes the cloud must have accepted.
    pub fn changes(self, cut: Cut) -> usize {
        match (self, cut) {
            // The one that the next operator finds done, or does itself.
            (Self::Adopted | Self::Unmarked | Self::Grown | Self::Shrunk, Cut::Unsent | Cut::Done) => 1,
            // Its own, and the late one, which asks for the same.
            (Self::Adopted | Self::Unmarked | Self::Grown | Self::Shrunk, Cut::Late) => 2,
            (Self::GrownAgain, Cut::Unsent) => 1,
            (Self::GrownAgain, Cut::Done) => 2,
            // Its own, the late one, which is old, and its own again.
            (Self::GrownAgain, Cut::Late) => 3,
            _ => 0,
        }
    }

    /// How many pools must be left.
    pub fn pools(self) -> usize {
        usize::from(!matches!(self, Self::Deleted | Self::DeletedInDoubt))
    }
}
