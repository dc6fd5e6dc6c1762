//! The lives of a pool in which the steps are met: what leads there, and how each has to end.

use std::time::Duration;

use e2e::proxied::Proxied;
use modelarts_crd::ModelArtsPool;
use modelarts_crd::status::Outcome;
use sandbox::simulator::Fault;
use serde_json::json;

/// More pools than the tests have rows.
const ENOUGH: u64 = 1000;
/// Longer than the operator waits for any answer.
const FOR_EVER: u64 = 600;
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
    /// Its object is deleted while the operator is down and nobody knows what came of the creation.
    DeletedInDoubt,
}

/// How a life ended.
pub struct End {
    /// In words.
    pub what: &'static str,
    /// How many creations the cloud accepted.
    pub creates: usize,
    /// How many of its pools are there.
    pub pools: usize,
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

impl Life {
    /// What comes before the call is waited for. The operator runs.
    pub async fn prepare(self, ground: &Proxied, name: &str) -> Result<(), String> {
        let simulator = &ground.world.simulator;
        match self {
            Self::Plain | Self::DeletedInDoubt => {}
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
            Self::Lost | Self::Deleted => {
                ground.create(name).await;
                ground.until_ready(name, PATIENCE).await.map_err(|e| e.to_string())?;
            }
        }
        Ok(())
    }

    /// What leads to the call.
    pub async fn begin(self, ground: &Proxied, name: &str) {
        match self {
            Self::Plain | Self::Refused | Self::Unexecuted | Self::Unanswered | Self::DeletedInDoubt => {
                ground.create(name).await;
            }
            Self::Lost => {
                let object = ground.pools().get(name).await.unwrap();
                let id = object.status.and_then(|status| status.pool_id).unwrap();
                ground.world.simulator.delete_pool(&id).await.unwrap();
            }
            Self::Deleted => ground.delete(name).await,
        }
    }

    /// What happens while the operator is down.
    pub async fn meanwhile(self, ground: &Proxied, name: &str) {
        let simulator = &ground.world.simulator;
        match self {
            Self::Plain | Self::Lost | Self::Deleted => {}
            Self::Refused => simulator.set_profile(&json!({ "poolQuota": ENOUGH })).await.unwrap(),
            Self::Unexecuted | Self::Unanswered => simulator.clear_faults().await.unwrap(),
            Self::DeletedInDoubt => ground.delete(name).await,
        }
    }

    /// Waits for the end that the object's owner is waiting for.
    pub async fn finish(self, ground: &Proxied, name: &str, uid: &str) -> Result<End, String> {
        if self.pools() == 0 {
            ground.until_gone(name, PATIENCE).await.map_err(|e| e.to_string())?;
            return Ok(End {
                what: "gone",
                creates: ground.creates(name).await,
                pools: ground.cloud_pools(uid).await.len(),
                wrong: None,
            });
        }
        if self == Self::Lost {
            // It says Ready until the loss is noticed, so its return is what tells.
            let again = ground.until_created(name, 2, PATIENCE).await;
            again.map_err(|e| e.to_string())?;
        }
        let object = ground.until_ready(name, PATIENCE).await.map_err(|e| e.to_string())?;
        let pools = ground.cloud_pools(uid).await;
        Ok(End {
            what: "Ready",
            creates: ground.creates(name).await,
            pools: pools.len(),
            wrong: wrong_record(&object, &pools),
        })
    }

    /// How many creations the cloud must have accepted, if the call that was cut was or was not
    /// executed.
    pub fn creates(self, executed: bool) -> usize {
        match self {
            Self::Lost => 2,
            Self::DeletedInDoubt => usize::from(executed),
            _ => 1,
        }
    }

    /// How many pools must be left.
    pub fn pools(self) -> usize {
        usize::from(!matches!(self, Self::Deleted | Self::DeletedInDoubt))
    }
}
