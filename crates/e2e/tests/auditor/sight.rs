//! Where a report shows: the metric, the events and the condition of one account.

use e2e::scene::{PATIENCE, Scene};
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use modelarts_crd::ModelArtsAccount;
use sandbox::{World, wait};
use serde_json::json;

/// One account of one cluster.
pub struct Sight<'a> {
    pub world: &'a World,
    pub account: &'a str,
}

impl<'a> Sight<'a> {
    pub fn of(scene: &'a Scene) -> Self {
        Self {
            world: scene.world,
            account: &scene.name,
        }
    }

    /// The value of a series of the operator, if it is there.
    pub async fn series(&self, series: &str) -> Option<f64> {
        let text = self.world.operators[0].scrape().await.unwrap();
        let line = text.lines().find_map(|line| line.strip_prefix(series));
        line.map(|value| value.trim().parse().unwrap())
    }

    /// The number of orphans of a kind that the metrics show.
    pub async fn shown(&self, kind: &str) -> Option<f64> {
        let account = self.account;
        let series = format!(r#"modelarts_orphans{{kind="{kind}",account="{account}"}}"#);
        self.series(&series).await
    }

    /// Waits until the metrics show this number of orphans of a kind.
    pub async fn until_shown(&self, kind: &str, count: f64) {
        let waited = wait::until(format!("{count} {kind} orphans"), PATIENCE, async || {
            match self.shown(kind).await {
                Some(shown) if (shown - count).abs() < 0.1 => Ok(()),
                shown => Err(format!("{shown:?}")),
            }
        });
        self.expect(waited.await);
    }

    /// The events about orphans, wherever they are.
    pub async fn events(&self) -> Vec<Event> {
        let all: Api<Event> = Api::all(self.world.client.clone());
        let mut events = all.list(&ListParams::default()).await.unwrap().items;
        events.retain(|event| {
            let about = event.regarding.as_ref().and_then(|about| about.name.as_deref());
            event.reason.as_deref() == Some("OrphanFound") && about == Some(self.account)
        });
        events
    }

    /// Waits for the first event and gives it; there must be no other, and none that was repeated.
    pub async fn only_event(&self) -> Event {
        let waited = wait::until("an event", PATIENCE, async || match self.events().await {
            events if events.is_empty() => Err("none"),
            events => Ok(events),
        });
        let mut events = self.expect(waited.await);
        assert_eq!(events.len(), 1, "{events:?}");
        let event = events.remove(0);
        assert_eq!(event.series, None, "it is told once");
        assert_eq!(event.type_.as_deref(), Some("Warning"));
        let about = event.regarding.clone().unwrap_or_default();
        assert_eq!(about.kind.as_deref(), Some("ModelArtsAccount"));
        event
    }

    /// Waits until the condition is there, with a message that names `id`, or not there.
    pub async fn until_condition(&self, id: Option<&str>) {
        let accounts: Api<ModelArtsAccount> = Api::all(self.world.client.clone());
        let waited = wait::until(format!("a condition for {id:?}"), PATIENCE, async || {
            let account = accounts.get(self.account).await.map_err(|e| e.to_string())?;
            let status = account.status.unwrap_or_default();
            let told = status.conditions.iter().find(|told| told.type_ == "OrphanFound");
            let message = told
                .filter(|told| told.status == "True")
                .map(|told| told.message.as_str());
            let is_so = match id {
                Some(id) => message.is_some_and(|message| message.contains(id)),
                None => told.is_none(),
            };
            if is_so { Ok(()) } else { Err(format!("{told:?}")) }
        });
        self.expect(waited.await);
    }

    fn expect<T>(&self, waited: Result<T, wait::TimedOut>) -> T {
        waited.unwrap_or_else(|error| panic!("{}: {error}\n{}", self.account, self.world.operator_logs(25)))
    }
}

/// What makes the deletion of a pool or a network hang until somebody loses patience.
pub fn undeletable() -> [sandbox::simulator::Fault; 2] {
    ["DeletePool", "DeleteNetwork"].map(|call| sandbox::simulator::Fault::always(call, "serverError"))
}

/// The change with which a person tears an object away from what it stands for.
pub fn without_finalizers() -> serde_json::Value {
    json!({ "metadata": { "finalizers": null } })
}

/// Deletes a pool object whose pool the cloud does not delete, and strips its finalizer.
pub async fn tear(scene: &Scene, name: &str) {
    scene.faults(&undeletable()).await;
    scene.delete(name).await;
    scene
        .until(name, "to be deleted in vain", |pool| {
            pool.metadata.deletion_timestamp.is_some()
        })
        .await;
    scene.patch(name, &without_finalizers()).await;
    scene.until_gone(name).await;
}
