//! The counterpart of an object in the cloud: what it looks like, what others do to it, and what the
//! operator did.

use std::collections::BTreeMap;

use reqwest::Method;
use sandbox::simulator::PROJECT;
use sandbox::wait;
use serde_json::{Value, json};

use crate::ground::{Kind, PATIENCE, Subject};
use crate::table::Outcome;

const DESCRIPTION: &str = "os.modelarts/description";

impl Subject<'_> {
    /// Waits until the scope of the account was listed some times more: whatever was going to happen
    /// at rest has then happened.
    pub async fn rest(&self) {
        let lists = match self.kind {
            Kind::Pool => "ListPools",
            Kind::Network => "ListNetworks",
        };
        self.scene.until_called(lists, 4).await;
    }

    /// The recorded ID.
    pub async fn id(&self) -> Result<String, String> {
        let object = self.get().await?;
        let id = object["status"][self.kind.id()].as_str();
        id.map(str::to_owned).ok_or_else(|| format!("{} has no ID", self.name))
    }

    /// Its counterpart in the cloud, with the marker taken off the description.
    pub async fn cloud(&self) -> Result<Value, String> {
        let id = self.id().await?;
        let found = self.in_cloud(&id).await?;
        found.ok_or_else(|| format!("{id} is not in the cloud"))
    }

    /// The description of its counterpart, with the marker.
    pub async fn description(&self) -> Result<String, String> {
        let id = self.id().await?;
        let all = self.all_in_cloud().await?;
        let found = all.iter().find(|item| item["metadata"]["name"] == id.as_str());
        let text = found.and_then(|item| item["metadata"]["annotations"][DESCRIPTION].as_str());
        text.map(str::to_owned)
            .ok_or_else(|| format!("{id} has no description"))
    }

    /// What the cloud has under an ID, with the marker taken off the description.
    pub async fn in_cloud(&self, id: &str) -> Result<Option<Value>, String> {
        let all = self.all_in_cloud().await?;
        let found = all.into_iter().find(|item| item["metadata"]["name"] == id);
        Ok(found.map(without_marker))
    }

    async fn all_in_cloud(&self) -> Result<Vec<Value>, String> {
        let text = self.scene.simulator.call(Method::GET, self.kind.lever(), None).await;
        let listed: Value = serde_json::from_str(&text.map_err(|error| error.to_string())?).unwrap();
        Ok(listed["items"].as_array().cloned().unwrap_or_default())
    }

    /// Somebody else makes one of that name, with that description, as the row's bare spec asks for.
    pub async fn made_by_others(&self, name: &str, description: &str) -> Outcome {
        let mut body = match self.kind {
            Kind::Pool => e2e::scene::stranger(name, "0"),
            Kind::Network => json!({
                "apiVersion": "v1",
                "kind": "Network",
                "metadata": { "labels": { "os.modelarts/name": name } },
                "spec": { "cidr": "192.168.20.0/24" },
            }),
        };
        body["metadata"]["annotations"][DESCRIPTION] = json!(description);
        let request = json!({ "project": PROJECT, "body": body });
        let made = self
            .scene
            .simulator
            .call(Method::POST, self.kind.lever(), Some(&request))
            .await;
        made.map(drop).map_err(|error| error.to_string())
    }

    /// How many were created for objects whose names begin so.
    pub async fn bought(&self, prefix: &str) -> Result<usize, String> {
        let made = self.scene.simulator.ledger_of(self.kind.creates()).await;
        let made = made.map_err(|error| error.to_string())?;
        Ok(made
            .iter()
            .filter(|entry| entry.display_name.starts_with(prefix))
            .count())
    }

    /// Changes its counterpart behind its back.
    pub async fn tamper(&self, changes: &Value) -> Outcome {
        let id = self.id().await?;
        let path = match self.kind {
            Kind::Pool => format!("pools/{id}/console"),
            Kind::Network => format!("networks/{id}"),
        };
        let done = self.scene.simulator.call(Method::PATCH, &path, Some(changes)).await;
        done.map(drop).map_err(|error| error.to_string())
    }

    /// What the operator did to its counterpart, operation by operation.
    pub async fn deeds(&self) -> Result<BTreeMap<String, usize>, String> {
        let id = self.id().await?;
        let ledger = self.scene.simulator.ledger().await.map_err(|error| error.to_string())?;
        let mut deeds = BTreeMap::new();
        for entry in ledger {
            if entry.pool_id.as_deref() == Some(&id) || entry.network_id.as_deref() == Some(&id) {
                *deeds.entry(entry.operation).or_default() += 1;
            }
        }
        Ok(deeds)
    }

    /// Waits until the operator has changed its counterpart that many times.
    pub async fn until_patched(&self, count: usize) -> Outcome {
        let waited = wait::until(
            format!("change {count} of {}", self.name),
            PATIENCE,
            async || match self.expect_patches(count).await {
                Ok(()) => Ok(()),
                Err(problem) => Err(format!("{problem} {}", self.get().await?["status"])),
            },
        );
        waited.await.map_err(|error| error.to_string())
    }

    /// Fails unless the operator changed its counterpart that many times.
    pub async fn expect_patches(&self, count: usize) -> Outcome {
        let deeds = self.deeds().await?;
        let seen = deeds.get(self.kind.patches()).copied().unwrap_or_default();
        match seen == count {
            true => Ok(()),
            false => Err(format!("{count} changes were due, and the ledger has {deeds:?}")),
        }
    }
}

fn without_marker(mut found: Value) -> Value {
    let description = &mut found["metadata"]["annotations"][DESCRIPTION];
    if let Some((text, _)) = description.as_str().and_then(|text| text.rsplit_once("[mapool:")) {
        *description = json!(text.trim());
    }
    found
}
