//! The networks of a scene: how a test writes them, waits for them, and sees them in the cloud.

use e2e::scene::{PATIENCE, Scene};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Resource, ResourceExt};
use modelarts_crd::ModelArtsNetwork;
use sandbox::simulator::PROJECT;
use sandbox::wait;
use serde_json::{Value, json};

/// The networks of a scene's namespace.
pub struct Nets<'a> {
    pub scene: &'a Scene,
    api: Api<ModelArtsNetwork>,
}

impl<'a> Nets<'a> {
    pub fn of(scene: &'a Scene) -> Self {
        let api = Api::namespaced(scene.client(), &scene.name);
        Self { scene, api }
    }

    /// The manifest of a network, with `changes` over its spec.
    pub fn manifest(&self, name: &str, changes: &Value) -> Value {
        let mut spec = json!({ "account": self.scene.name, "cidr": "192.168.20.0/24" });
        for (key, value) in changes.as_object().unwrap() {
            spec[key] = value.clone();
        }
        json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1",
            "kind": "ModelArtsNetwork",
            "metadata": { "name": name, "namespace": self.scene.name },
            "spec": spec,
        })
    }

    pub async fn create(&self, name: &str, changes: &Value) {
        let network = serde_json::from_value(self.manifest(name, changes)).unwrap();
        self.api.create(&PostParams::default(), &network).await.unwrap();
    }

    pub async fn change(&self, name: &str, changes: &Value) {
        let patch = Patch::Merge(json!({ "spec": changes }));
        self.api.patch(name, &PatchParams::default(), &patch).await.unwrap();
    }

    pub async fn delete(&self, name: &str) {
        self.api.delete(name, &DeleteParams::default()).await.unwrap();
    }

    pub async fn until(&self, name: &str, what: &str, test: impl Fn(&ModelArtsNetwork) -> bool) -> ModelArtsNetwork {
        let waited = wait::until(format!("{name}: {what}"), PATIENCE, async || {
            let network = self.api.get(name).await.map_err(|error| error.to_string())?;
            let told = serde_json::to_string_pretty(&network.status).unwrap_or_default();
            if test(&network) { Ok(network) } else { Err(told) }
        });
        self.scene.expect(waited.await)
    }

    /// Waits until a network is ready in its present generation; gives its ID.
    pub async fn until_ready(&self, name: &str) -> String {
        let is_ready = |network: &ModelArtsNetwork| {
            let status = network.status.clone().unwrap_or_default();
            status.observed_generation == network.metadata.generation && says(network, "Ready", "True", "Ready")
        };
        let network = self.until(name, "to be ready", is_ready).await;
        network.status.and_then(|status| status.network_id).unwrap()
    }

    /// Waits until some condition gives this reason.
    pub async fn until_reason(&self, name: &str, reason: &str) -> ModelArtsNetwork {
        self.until(name, &format!("to say {reason}"), |network| {
            conditions(network).any(|(_, _, told, _)| told == reason)
        })
        .await
    }

    pub async fn until_gone(&self, name: &str) {
        let waited = wait::until(format!("{name} to be gone"), PATIENCE, async || {
            match self.api.get_opt(name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(network) => Err(serde_json::to_string_pretty(&network.status).unwrap_or_default()),
            }
        });
        self.scene.expect(waited.await);
    }

    /// Takes all network objects away, so that nobody works for them when the scene is over.
    pub async fn close(&self) {
        for network in self.api.list(&ListParams::default()).await.unwrap() {
            let bare = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
            let name = network.name_any();
            let stripped = self.api.patch(&name, &PatchParams::default(), &bare).await;
            let deleted = self.api.delete(&name, &DeleteParams::default()).await;
            for error in [stripped.err(), deleted.err()].into_iter().flatten() {
                assert!(
                    matches!(&error, kube::Error::Api(status) if status.is_not_found()),
                    "{error}"
                );
            }
        }
    }

    /// The networks that the cloud holds besides the one that every project has.
    pub async fn in_cloud(&self) -> Vec<Value> {
        let listed: Value = self.control(reqwest::Method::GET, "", None).await;
        let items = listed["items"].as_array().unwrap().clone();
        let known = format!("net-0123-{PROJECT}");
        items
            .into_iter()
            .filter(|network| network["metadata"]["name"] != known.as_str())
            .collect()
    }

    /// Somebody else makes a network; gives its ID.
    pub async fn stranger(&self, name: &str) -> String {
        let body = json!({
            "apiVersion": "v1",
            "kind": "Network",
            "metadata": { "labels": { "os.modelarts/name": name, "os.modelarts/workspace.id": "0" } },
            "spec": { "cidr": "192.168.30.0/24" },
        });
        let request = json!({ "project": PROJECT, "body": body });
        let made = self.control(reqwest::Method::POST, "", Some(&request)).await;
        made["metadata"]["name"].as_str().unwrap().to_owned()
    }

    /// Somebody deletes a network in the console; it is gone at once.
    pub async fn vanish(&self, id: &str) {
        self.control(reqwest::Method::DELETE, &format!("/{id}"), None).await;
    }

    /// The cloud puts a network into a phase.
    pub async fn set_phase(&self, id: &str, phase: &str) {
        let body = json!({ "phase": phase });
        self.control(reqwest::Method::POST, &format!("/{id}/phase"), Some(&body))
            .await;
    }

    async fn control(&self, method: reqwest::Method, path: &str, body: Option<&Value>) -> Value {
        let url = format!("{}/_sim/networks{path}", self.scene.simulator.url);
        let mut request = reqwest::Client::new().request(method, url);
        if let Some(body) = body {
            request = request
                .header("content-type", "application/json")
                .body(body.to_string());
        }
        let answer = request.send().await.unwrap().error_for_status().unwrap();
        serde_json::from_str(&answer.text().await.unwrap()).unwrap_or_default()
    }
}

/// Type, status, reason and message of each condition.
fn conditions(network: &ModelArtsNetwork) -> impl Iterator<Item = (&str, &str, &str, &str)> {
    let all = network.status.iter().flat_map(|status| &status.conditions);
    all.map(|told| {
        let (type_, status) = (told.type_.as_str(), told.status.as_str());
        (type_, status, told.reason.as_str(), told.message.as_str())
    })
}

/// Whether a condition says this.
pub fn says(network: &ModelArtsNetwork, type_: &str, status: &str, reason: &str) -> bool {
    conditions(network).any(|told| (told.0, told.1, told.2) == (type_, status, reason))
}

/// The message of the condition Ready.
pub fn message(network: &ModelArtsNetwork) -> String {
    let ready = conditions(network).find(|told| told.0 == "Ready");
    ready.map(|told| told.3.to_owned()).unwrap_or_default()
}

/// The marker that an object's thing carries in the cloud begins with this.
pub fn marker_of(network: &ModelArtsNetwork) -> String {
    format!("[mapool:{}@", network.meta().uid.clone().unwrap_or_default())
}
