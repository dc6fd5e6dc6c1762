//! What the player sees: objects, things in the cloud, and what was counted.

use k8s_openapi::api::events::v1::Event;
use kube::ResourceExt;
use kube::api::{Api, ListParams};
use reqwest::Method;
use serde_json::{Value, json};

use crate::player::{Known, Player, name_of};
use crate::story::language::{Expect, Object};
use crate::story::matching::{Seen, differences, list};

impl Player<'_> {
    /// Takes note of an object's uid and ID while it is there.
    pub async fn look(&mut self, object: &Object) -> Result<(), String> {
        let there = self
            .api(object)
            .get_opt(name_of(object))
            .await
            .map_err(|error| error.to_string())?;
        let Some(there) = there else { return Ok(()) };
        let uid = there.uid().unwrap_or_default();
        let id = match object {
            Object::Pool(_) => &there.data["status"]["poolId"],
            Object::Network(_) => &there.data["status"]["networkId"],
        };
        let id = id.as_str().map(str::to_owned);
        let known = self.known.entry(object.clone()).or_default();
        // Another incarnation has had nothing yet.
        if known.uid != uid {
            *known = Known { uid, id: None };
        }
        known.id = id.or_else(|| known.id.take());
        Ok(())
    }

    /// The same for all that the story has spoken of.
    pub async fn look_at_all(&mut self) -> Result<(), String> {
        for object in self.known.keys().cloned().collect::<Vec<_>>() {
            self.look(&object).await?;
        }
        Ok(())
    }

    /// How the world differs from what is expected, counts aside.
    pub async fn differences(&self, expect: &Expect) -> Result<Vec<String>, String> {
        let pools = self.things("pools").await?;
        let networks = self.things("networks").await?;
        let seen = match expect.object() {
            None => Seen::default(),
            Some(object) => self.see(&object, &pools, &networks).await?,
        };
        let mut found = differences(expect, &seen);
        let pools = pools.iter().filter(|pool| pool["status"]["phase"] != "CreationFailed");
        let seeded = |network: &&Value| network["metadata"]["labels"]["os.modelarts/name"] != "net-0123";
        let networks = networks.iter().filter(seeded);
        for (what, wanted, there) in [
            ("pools", expect.pools, pools.count()),
            ("networks", expect.networks, networks.count()),
        ] {
            if wanted.is_some_and(|wanted| wanted != there) {
                found.push(format!("there are {there} {what}"));
            }
        }
        Ok(found)
    }

    async fn see(&self, object: &Object, pools: &[Value], networks: &[Value]) -> Result<Seen, String> {
        let there = self
            .api(object)
            .get_opt(name_of(object))
            .await
            .map_err(|error| error.to_string())?;
        let id = self.known.get(object).and_then(|known| known.id.clone());
        let things = match object {
            Object::Pool(_) => pools,
            Object::Network(_) => networks,
        };
        let failed = |thing: &Value| thing["status"]["phase"] == "CreationFailed";
        let held = |thing: &&Value| id.as_deref().is_some_and(|id| thing["metadata"]["name"] == id) && !failed(thing);
        Ok(Seen {
            object: there.map_or(Value::Null, |object| json!(object)),
            thing: things.iter().find(held).cloned().unwrap_or_default(),
        })
    }

    async fn things(&self, what: &str) -> Result<Vec<Value>, String> {
        let text = self.house.simulator().call(Method::GET, what, None).await;
        let listed: Value = serde_json::from_str(&text.map_err(|error| error.to_string())?).unwrap_or_default();
        Ok(listed["items"].as_array().cloned().unwrap_or_default())
    }

    /// Differences in what is counted since the last time.
    pub async fn counts(&self, expect: &Expect) -> Result<Vec<String>, String> {
        let (ledger, patches, events) = self.counted;
        let mut found = Vec::new();
        found.extend(list("ledger", expect.ledger.as_ref(), &self.ledger().await?[ledger..]));
        let sent = &self.house.patches()[patches..];
        found.extend(
            list("patches", expect.patches.as_ref(), sent)
                .map(|_| format!("patches: {}, not {}", json!(sent), json!(expect.patches))),
        );
        if expect.events.is_some() {
            let told: Vec<String> = self
                .events()
                .await?
                .split_off(events)
                .into_iter()
                .filter(|(name, _)| expect.object().is_none_or(|object| name == name_of(&object)))
                .map(|(_, reason)| reason)
                .collect();
            found.extend(list("events", expect.events.as_ref(), &told));
        }
        Ok(found)
    }

    /// What was asked for counts as told.
    pub async fn note_counts(&mut self, expect: &Expect) -> Result<(), String> {
        if expect.ledger.is_some() {
            self.counted.0 = self.ledger().await?.len();
        }
        if expect.patches.is_some() {
            self.counted.1 = self.house.patches().len();
        }
        if expect.events.is_some() {
            self.counted.2 = self.events().await?.len();
        }
        Ok(())
    }

    /// The operator's changes of the cloud, by operation.
    async fn ledger(&self) -> Result<Vec<String>, String> {
        let entries = self
            .house
            .simulator()
            .ledger()
            .await
            .map_err(|error| error.to_string())?;
        let operations = entries.into_iter().map(|entry| entry.operation);
        Ok(operations
            .filter(|operation| !operation.starts_with("OutOfBand") && !operation.starts_with("Console"))
            .collect())
    }

    /// The events of pools and networks, oldest first: of what, and why.
    async fn events(&self) -> Result<Vec<(String, String)>, String> {
        let api: Api<Event> = Api::namespaced(self.house.client(), self.house.namespace());
        let mut events = api
            .list(&ListParams::default())
            .await
            .map_err(|error| error.to_string())?
            .items;
        events.sort_by_key(|event| event.event_time.as_ref().map(|time| time.0));
        let told = events.into_iter().filter_map(|event| {
            let regarding = event.regarding?;
            let ours = matches!(regarding.kind.as_deref(), Some("ModelArtsPool" | "ModelArtsNetwork"));
            ours.then(|| (regarding.name.unwrap_or_default(), event.reason.unwrap_or_default()))
        });
        Ok(told.collect())
    }

    /// The expectation with its words filled in.
    pub fn filled(&self, expect: &Expect) -> Result<Expect, String> {
        let mut filled = expect.clone();
        filled.status = self.fill(&expect.status)?;
        filled.cloud = self.fill(&expect.cloud)?;
        for wanted in filled.conditions.values_mut() {
            *wanted = self.fill(wanted)?;
        }
        for patch in filled.patches.iter_mut().flatten() {
            *patch = self.fill(patch)?;
        }
        Ok(filled)
    }
}
