//! Somebody who follows a page: applies its blocks, runs its commands, and waits for what it promises.

use std::process::Stdio;

use e2e::kubectl;
use e2e::scene::PATIENCE;
use k8s_openapi::serde::de::DeserializeOwned;
use kube::api::{Api, DeleteParams, Patch, PatchParams};
use kube::core::NamespaceResourceScope;
use modelarts_crd::ModelArtsPool;
use sandbox::simulator::PROJECT;
use sandbox::{World, wait};
use serde_json::{Value, json};
use tokio::process::Command;

use crate::pages::{self, file};

/// Where the pages put their objects, unless they say otherwise.
pub const NAMESPACE: &str = "default";

/// A reader in front of a world.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    pub world: &'a World,
}

/// A condition: type, status, reason.
pub type Told<'a> = (&'a str, &'a str, &'a str);

impl Reader<'_> {
    /// Applies the block of a page that has `words`, as it stands.
    pub async fn apply_block(self, page: &str, words: &str) {
        self.apply(&pages::page(page).block(words)).await;
    }

    /// Applies a manifest.
    pub async fn apply(self, manifest: &str) {
        kubectl::output(
            &self.world.control_plane,
            &["apply", "--server-side", "-f", "-"],
            manifest,
        )
        .await;
    }

    /// Runs commands of a page in the root of the repository.
    pub async fn run(self, commands: &str) {
        let control_plane = &self.world.control_plane;
        let tools = control_plane.kubectl().parent().unwrap().to_owned();
        let others = std::env::var_os("PATH").unwrap_or_default();
        let path = std::env::join_paths(std::iter::once(tools).chain(std::env::split_paths(&others))).unwrap();
        let output = Command::new("sh")
            .args(["-eu", "-c", commands])
            .env("PATH", path)
            .env("KUBECONFIG", &control_plane.kubeconfig)
            .current_dir(file(""))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .unwrap();
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        assert!(output.status.success() && err.is_empty(), "{commands}{out}{err}");
    }

    /// The pools of a namespace.
    pub fn pools(self, namespace: &str) -> Api<ModelArtsPool> {
        Api::namespaced(self.world.client.clone(), namespace)
    }

    /// Waits until a pool of the pages' namespace says all of this of its present generation.
    pub async fn until(self, name: &str, told: &[Told<'_>]) -> ModelArtsPool {
        self.until_of(&self.pools(NAMESPACE), name, told).await
    }

    /// The same for any kind and namespace.
    pub async fn until_of<K: Kind>(self, api: &Api<K>, name: &str, told: &[Told<'_>]) -> K {
        let waited = wait::until(format!("{name} to say {told:?}"), PATIENCE, async || {
            let object = api.get(name).await.map_err(|error| error.to_string())?;
            let seen = serde_json::to_value(&object).unwrap();
            if says(&seen, told) {
                Ok(object)
            } else {
                Err(format!("{:#}", seen["status"]))
            }
        });
        self.expect(waited.await)
    }

    /// Merges `changes` into a pool object.
    pub async fn patch(self, name: &str, changes: Value) -> ModelArtsPool {
        let (pools, parameters) = (self.pools(NAMESPACE), PatchParams::default());
        pools.patch(name, &parameters, &Patch::Merge(&changes)).await.unwrap()
    }

    /// Asks for the deletion of an object.
    pub async fn delete<K: Kind>(self, api: &Api<K>, name: &str) {
        api.delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Waits until an object is gone.
    pub async fn until_gone<K: Kind>(self, api: &Api<K>, name: &str) {
        let waited = wait::until(format!("{name} to be gone"), PATIENCE, async || {
            match api.get_opt(name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(object) => Err(format!("{:#}", serde_json::to_value(&object).unwrap()["status"])),
            }
        });
        self.expect(waited.await);
    }

    /// The pool of the cloud with this ID.
    pub async fn cloud_pool(self, id: &str) -> Option<Value> {
        let pools = self.world.simulator.pools().await.unwrap();
        pools.into_iter().find(|pool| pool["metadata"]["name"] == id)
    }

    /// What was done to a pool in the cloud, oldest first.
    pub async fn deeds(self, id: &str) -> Vec<String> {
        let ledger = self.world.simulator.ledger().await.unwrap();
        let entries = ledger.into_iter().filter(|entry| entry.pool_id.as_deref() == Some(id));
        entries.map(|entry| entry.operation).collect()
    }

    /// Somebody else makes a pool of one node; gives its ID.
    pub async fn somebody_makes(self, name: &str) -> String {
        let mut body = e2e::scene::stranger(name, "0");
        body["spec"]["resources"] = json!([{ "flavor": "modelarts.vm.gpu.v100", "count": 1 }]);
        let made = self.world.simulator.create_pool(PROJECT, &body).await.unwrap();
        let id = made["metadata"]["name"].as_str().unwrap().to_owned();
        let waited = wait::until(format!("{id} to run"), PATIENCE, async || {
            match self.cloud_pool(&id).await {
                Some(pool) if pool["status"]["phase"] == "Running" => Ok(()),
                seen => Err(format!("{seen:?}")),
            }
        });
        self.expect(waited.await);
        id
    }

    /// Somebody changes the job types of a pool in the console.
    pub async fn somebody_sets_scope(self, id: &str, scope: &[&str]) {
        let patch = json!({ "spec": { "scope": scope } });
        let path = format!("pools/{id}/console");
        let simulator = &self.world.simulator;
        simulator
            .call(reqwest::Method::PATCH, &path, Some(&patch))
            .await
            .unwrap();
    }

    /// The value, or a panic that shows what the operator did last.
    pub fn expect<T>(self, waited: Result<T, wait::TimedOut>) -> T {
        waited.unwrap_or_else(|error| panic!("{error}\n{}", self.world.operator_logs(25)))
    }
}

/// What the API of an object needs.
pub trait Kind:
    kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + Clone
    + DeserializeOwned
    + serde::Serialize
    + std::fmt::Debug
{
}

impl<K> Kind for K where
    K: kube::Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + Clone
        + DeserializeOwned
        + serde::Serialize
        + std::fmt::Debug
{
}

fn says(object: &Value, told: &[Told<'_>]) -> bool {
    let empty = Vec::new();
    let conditions = object["status"]["conditions"].as_array().unwrap_or(&empty);
    let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
    let said = |(type_, status, reason): &Told<'_>| {
        let mut same = conditions.iter().filter(|condition| condition["type"] == *type_);
        same.any(|condition| condition["status"] == *status && condition["reason"] == *reason)
    };
    current && told.iter().all(said)
}

/// Whether the operator's finalizer is on a pool.
pub fn is_held(pool: &ModelArtsPool) -> bool {
    let finalizers = pool.metadata.finalizers.iter().flatten();
    finalizers.into_iter().any(|name| name == modelarts_crd::FINALIZER)
}

/// The pool can be used and is as the spec asks.
pub const READY: Told<'static> = ("Ready", "True", "Ready");
/// The cloud is as the spec says.
pub const SYNCED: Told<'static> = ("Synced", "True", "Synced");
