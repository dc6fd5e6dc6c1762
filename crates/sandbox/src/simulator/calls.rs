//! The simulator's control API with types: the ledger, faults, time, and the cloud's own doings.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use reqwest::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{Key, Simulator};
use crate::error::{Error, Result};

/// One accepted mutation, as the ledger has it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LedgerEntry {
    /// 1, 2, 3, ...
    pub sequence: u64,
    /// Simulated time, RFC 3339.
    pub time: String,
    /// The project's ID.
    pub project: String,
    /// `CreatePool`, `PatchPool`, `DeletePool` and so on.
    pub operation: String,
    /// The pool concerned.
    pub pool_id: Option<String>,
    /// The network concerned.
    pub network_id: Option<String>,
    /// The display name of what is concerned.
    pub display_name: String,
    /// The pool's description after the change, if it has one.
    pub description: Option<String>,
    /// The `X-Request-Id` of the answer, whether or not it arrived.
    pub request_id: String,
    /// `accepted`, or the fault that struck after the change was made.
    pub outcome: String,
}

/// One fault that is switched on. What each does is in the simulator's own documentation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fault {
    /// An operation such as `CreatePool`, or `*`.
    pub operation: String,
    /// `lostAnswer`, `throttle`, `emptyList` and so on.
    pub fault: String,
    /// How likely it strikes a call, 0 to 1; absent means always.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub probability: Option<f64>,
    /// How often it may still strike; absent means without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Its duration, where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seconds: Option<u64>,
}

impl Fault {
    /// A fault that strikes every call of `operation`.
    pub fn always(operation: &str, fault: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            fault: fault.to_owned(),
            probability: None,
            count: None,
            seconds: None,
        }
    }

    /// A fault that strikes the next `count` calls of `operation`.
    pub fn times(operation: &str, fault: &str, count: u64) -> Self {
        Self {
            count: Some(count),
            ..Self::always(operation, fault)
        }
    }
}

/// How often an operation was called.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Tally {
    /// All calls, also those that were refused or lost.
    pub count: u64,
    /// Calls answered with a status of 400 or more.
    #[serde(default)]
    pub rejected: u64,
    /// Calls that a fault struck.
    #[serde(default)]
    pub faults: u64,
}

/// How the calls of one access key went.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
pub struct Caller {
    /// Calls answered with a status below 400.
    pub accepted: u64,
    /// All others.
    pub refused: u64,
    /// Those that were refused for the credentials.
    pub unauthenticated: u64,
    /// Those that were refused for the project, the action or the standing.
    pub denied: u64,
    /// The IAM actions that its calls needed.
    pub actions: BTreeSet<String>,
}

impl Simulator {
    /// Every accepted mutation, oldest first.
    ///
    /// # Errors
    /// When the simulator does not answer as documented. So have all calls below.
    pub async fn ledger(&self) -> Result<Vec<LedgerEntry>> {
        let doing = "reading the simulator's ledger";
        let text = self.call(Method::GET, "ledger", None).await?;
        text.lines()
            .filter(|line| !line.trim().is_empty())
            .map(|line| serde_json::from_str(line).map_err(Error::malformed(doing)))
            .collect()
    }

    /// The entries of one operation, oldest first.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn ledger_of(&self, operation: &str) -> Result<Vec<LedgerEntry>> {
        let mut entries = self.ledger().await?;
        entries.retain(|entry| entry.operation == operation);
        Ok(entries)
    }

    /// Replaces the list of faults.
    ///
    /// # Errors
    /// As [`Self::ledger`], and for a fault that the simulator does not know.
    pub async fn set_faults(&self, faults: &[Fault]) -> Result<()> {
        let body = serde_json::to_value(faults).map_err(Error::malformed("writing faults"))?;
        self.call(Method::PUT, "faults", Some(&body)).await.map(drop)
    }

    /// The faults that are switched on, with the strikes they have left.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn faults(&self) -> Result<Vec<Fault>> {
        self.read("faults").await
    }

    /// Switches all faults off.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn clear_faults(&self) -> Result<()> {
        self.set_faults(&[]).await
    }

    /// Moves the simulated time forward, by whole seconds. What falls due happens.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn advance_clock(&self, by: Duration) -> Result<()> {
        self.set_clock(&json!({ "advanceSeconds": by.as_secs() })).await
    }

    /// Sends any request to the clock, such as `{"mode": "stepped"}`.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn set_clock(&self, request: &Value) -> Result<()> {
        self.call(Method::POST, "clock", Some(request)).await.map(drop)
    }

    /// How the calls of each access key went.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn callers(&self) -> Result<BTreeMap<String, Caller>> {
        self.read("callers").await
    }

    /// Changes what a key may do, how it is regarded, or when it ends.
    ///
    /// # Errors
    /// As [`Self::ledger`], and for a key or a setting that the simulator does not know.
    pub async fn change_key(&self, access_key: &str, changes: &Value) -> Result<()> {
        let path = format!("keys/{access_key}");
        self.call(Method::PUT, &path, Some(changes)).await.map(drop)
    }

    /// Its settings.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn profile(&self) -> Result<Value> {
        self.read("profile").await
    }

    /// Puts `changes` over its settings.
    ///
    /// # Errors
    /// As [`Self::ledger`], and for a setting that the simulator does not know.
    pub async fn set_profile(&self, changes: &Value) -> Result<()> {
        self.call(Method::PUT, "profile", Some(changes)).await.map(drop)
    }

    /// Puts a pool into a phase, as if the cloud had done it.
    ///
    /// # Errors
    /// As [`Self::ledger`], and for a pool that does not exist.
    pub async fn set_phase(&self, pool_id: &str, phase: &str) -> Result<()> {
        let path = format!("pools/{pool_id}/phase");
        let body = json!({ "phase": phase });
        self.call(Method::POST, &path, Some(&body)).await.map(drop)
    }

    /// Changes a pool behind its owner's back: `changes` is a merge patch of the API's body.
    ///
    /// # Errors
    /// As [`Self::set_phase`].
    pub async fn patch_pool(&self, pool_id: &str, changes: &Value) -> Result<()> {
        let path = format!("pools/{pool_id}");
        self.call(Method::PATCH, &path, Some(changes)).await.map(drop)
    }

    /// Makes a pool vanish behind its owner's back.
    ///
    /// # Errors
    /// As [`Self::set_phase`].
    pub async fn delete_pool(&self, pool_id: &str) -> Result<()> {
        self.call(Method::DELETE, &format!("pools/{pool_id}"), None)
            .await
            .map(drop)
    }

    /// Creates a stranger's pool: `body` is the API's request body. Gives the pool.
    ///
    /// # Errors
    /// As [`Self::ledger`], and for a body that the API would refuse.
    pub async fn create_pool(&self, project: &str, body: &Value) -> Result<Value> {
        let request = json!({ "project": project, "body": body });
        let text = self.call(Method::POST, "pools", Some(&request)).await?;
        serde_json::from_str(&text).map_err(Error::malformed("reading the created pool"))
    }

    /// Pays the open order of a subscribed pool, as a person would in the console.
    ///
    /// # Errors
    /// As [`Self::set_phase`].
    pub async fn pay(&self, pool_id: &str) -> Result<()> {
        let path = format!("pools/{pool_id}/pay");
        self.call(Method::POST, &path, None).await.map(drop)
    }

    /// All pools of all projects, as the API shows each.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn pools(&self) -> Result<Vec<Value>> {
        let listed: Value = self.read("pools").await?;
        let items = listed.get("items").cloned().unwrap_or_default();
        serde_json::from_value(items).map_err(Error::malformed("reading /_sim/pools"))
    }

    /// Makes a key valid from now on.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn add_key(&self, key: &Key) -> Result<()> {
        let body = json!({ "ak": key.access, "sk": key.secret, "project": key.project });
        self.call(Method::POST, "keys", Some(&body)).await.map(drop)
    }

    /// Makes a key invalid from now on.
    ///
    /// # Errors
    /// As [`Self::ledger`], and for a key that it does not know.
    pub async fn remove_key(&self, access: &str) -> Result<()> {
        self.call(Method::DELETE, &format!("keys/{access}"), None)
            .await
            .map(drop)
    }

    /// How often each operation was called.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn requests(&self) -> Result<BTreeMap<String, Tally>> {
        self.read("requests").await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_that_always_strikes_names_no_limits() {
        let written = serde_json::to_value(Fault::always("CreatePool", "lostAnswer")).unwrap();
        assert_eq!(written, json!({ "operation": "CreatePool", "fault": "lostAnswer" }));
    }
}
