//! One test's part of the stage: its namespace, its account, its own simulated cloud, and how it
//! writes pools and waits for what becomes of them.
//!
//! Waits end with a condition, never with a time; a wait that fails shows the pool and the end of
//! the operator's log. The ledger of the scene's cloud is the scene's alone.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use modelarts_crd::{ModelArtsAccount, ModelArtsPool};
use sandbox::simulator::{self, Fault, Key, LedgerEntry, PROJECT, Simulator, Tally};
use sandbox::{World, operator, wait};
use serde_json::{Value, json};

use crate::leaks;
use crate::record::{self, Record};

/// How long a condition may take on a busy machine, the longest window of the timing included.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// A second project in every scene's cloud, for its other account.
pub const OTHER_PROJECT: &str = "0b8f1c2d3e4f4a5b9c6d7e8f9a0b1c2d";

/// The secret key of that account.
pub const OTHER_SECRET_KEY: &str = "SKEXAMPLE-made-up-for-the-other-project";

/// A scene.
pub struct Scene {
    /// The stage's control plane and operator.
    pub world: &'static World,
    /// The scene's own cloud.
    pub simulator: Simulator,
    /// The name of its account, its namespace and its Secret.
    pub name: String,
    /// All versions of its pools.
    pub record: Record,
}

impl Scene {
    /// A scene with an empty cloud and an account for it. Pools appear and go at once there, unless
    /// the profile is changed.
    pub async fn open(world: &'static World, name: &str) -> Self {
        let folder = world.control_plane.folder().join(name);
        std::fs::create_dir(&folder).unwrap();
        let options = simulator::Options {
            profile: json!({ "createSeconds": 0, "deleteSeconds": 0 }),
            ..simulator::Options::default()
        };
        let simulator = Simulator::start(&folder, options).await.unwrap();
        let client = &world.client;
        let namespace = json!({ "metadata": { "name": name } });
        let namespaces: Api<Namespace> = Api::all(client.clone());
        match namespaces.create(&PostParams::default(), &parsed(namespace)).await {
            Ok(_) => {}
            // Made beforehand, for the rights of an operator in it.
            Err(kube::Error::Api(refusal)) if refusal.is_already_exists() => {}
            Err(error) => panic!("the namespace of a scene: {error}"),
        }
        let record = Record::of(client.clone(), name).await;
        let scene = Self {
            world,
            simulator,
            name: name.to_owned(),
            record,
        };
        scene.create_secret(&Key::default()).await;
        scene.create_account(name, &json!({})).await;
        scene
    }

    /// Checks the record, and that no secret is to be seen anywhere, then takes everything of the scene away, so that nobody works for it.
    pub async fn close(self) {
        self.record.check().await;
        leaks::check(self.world).await;
        let pools = self.pools();
        for pool in pools.list(&ListParams::default()).await.unwrap() {
            let bare = json!({ "metadata": { "finalizers": null } });
            let name = pool.name_any();
            let stripped = pools.patch(&name, &PatchParams::default(), &Patch::Merge(&bare)).await;
            let deleted = pools.delete(&name, &DeleteParams::default()).await;
            for error in [stripped.err(), deleted.err()].into_iter().flatten() {
                assert!(
                    matches!(&error, kube::Error::Api(status) if status.is_not_found()),
                    "{error}"
                );
            }
        }
    }

    /// A client of the administrator.
    #[must_use]
    pub fn client(&self) -> Client {
        self.world.client.clone()
    }

    /// The pools of the scene's namespace.
    #[must_use]
    pub fn pools(&self) -> Api<ModelArtsPool> {
        Api::namespaced(self.client(), &self.name)
    }

    /// All accounts.
    #[must_use]
    pub fn accounts(&self) -> Api<ModelArtsAccount> {
        Api::all(self.client())
    }

    /// Creates an account that points at the scene's cloud, with `changes` over its spec.
    pub async fn create_account(&self, name: &str, changes: &Value) {
        let mut spec = json!({
            "region": "cn-north-4",
            "projectId": PROJECT,
            "endpoint": self.simulator.url,
            "iamEndpoint": self.simulator.url,
            "credentials": { "secret": { "name": self.name } },
            "allowedNamespaces": {},
            "limits": { "readsPerSecond": 100, "writesPerSecond": 50, "creationsPerTenMinutes": 1000 },
        });
        merge(&mut spec, changes);
        let account = json!({ "metadata": { "name": name }, "spec": spec });
        create(&self.accounts(), typed::<ModelArtsAccount>(account)).await;
    }

    /// The name of the account of the other project. It is there after [`Self::open_other_account`].
    #[must_use]
    pub fn other_account(&self) -> String {
        format!("{}-other", self.name)
    }

    /// Creates an account for a second project in the same cloud, with a key of its own.
    pub async fn open_other_account(&self) {
        let key = Key {
            access: String::from("AKEXAMPLE2"),
            secret: OTHER_SECRET_KEY.to_owned(),
            project: OTHER_PROJECT.to_owned(),
        };
        self.simulator.add_key(&key).await.unwrap();
        let name = self.other_account();
        self.create_secret_named(&name, &key).await;
        let changes = json!({ "projectId": OTHER_PROJECT, "credentials": { "secret": { "name": name } } });
        self.create_account(&name, &changes).await;
    }

    /// Creates the Secret of the scene's account.
    pub async fn create_secret(&self, key: &Key) {
        self.create_secret_named(&self.name, key).await;
    }

    /// Creates a Secret with a key.
    pub async fn create_secret_named(&self, name: &str, key: &Key) {
        self.create_secret_of(name, &json!({ "accessKey": key.access, "secretKey": key.secret }))
            .await;
    }

    /// Creates a Secret with this content.
    pub async fn create_secret_of(&self, name: &str, data: &Value) {
        let secret = json!({ "metadata": { "name": name }, "stringData": data });
        create(&self.secrets(), secret).await;
    }

    /// The Secrets of the operator's namespace.
    #[must_use]
    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client(), operator::NAMESPACE)
    }

    /// The manifest of a pool of the scene: one CPU node, with `changes` merged into its spec.
    #[must_use]
    pub fn manifest(&self, name: &str, changes: &Value) -> Value {
        let mut spec = json!({
            "account": self.name,
            "scope": ["Train"],
            "network": { "name": format!("net-0123-{PROJECT}") },
            "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }],
        });
        merge(&mut spec, changes);
        let metadata = json!({ "name": name, "namespace": self.name });
        typed::<ModelArtsPool>(json!({ "metadata": metadata, "spec": spec }))
    }

    /// Creates a pool object.
    pub async fn create(&self, name: &str, changes: &Value) -> ModelArtsPool {
        create(&self.pools(), self.manifest(name, changes)).await
    }

    /// Creates a pool object and waits until it is ready.
    pub async fn create_ready(&self, name: &str, changes: &Value) -> ModelArtsPool {
        self.create(name, changes).await;
        self.until_ready(name).await
    }

    /// Merges `changes` into the spec of a pool object.
    pub async fn change(&self, name: &str, changes: &Value) -> ModelArtsPool {
        self.patch(name, &json!({ "spec": changes })).await
    }

    /// Merges `changes` into a pool object.
    pub async fn patch(&self, name: &str, changes: &Value) -> ModelArtsPool {
        let (pools, parameters) = (self.pools(), PatchParams::default());
        pools.patch(name, &parameters, &Patch::Merge(changes)).await.unwrap()
    }

    /// Asks for the deletion of a pool object.
    pub async fn delete(&self, name: &str) {
        self.pools().delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Asks for the deletion of a pool object and waits until it is gone.
    pub async fn delete_gone(&self, name: &str) {
        self.delete(name).await;
        self.until_gone(name).await;
    }

    /// Waits until a pool object is as `test` wants it.
    pub async fn until(&self, name: &str, what: &str, test: impl Fn(&ModelArtsPool) -> bool) -> ModelArtsPool {
        let pools = self.pools();
        let waited = wait::until(format!("{name}: {what}"), PATIENCE, async || {
            let pool = pools.get(name).await.map_err(|error| error.to_string())?;
            let told = serde_json::to_string_pretty(&pool.status).unwrap_or_default();
            if test(&pool) { Ok(pool) } else { Err(told) }
        });
        self.expect(waited.await)
    }

    /// Waits until a pool is ready in its present generation.
    pub async fn until_ready(&self, name: &str) -> ModelArtsPool {
        self.until(name, "to be ready", |pool| {
            record::kstatus(pool) == record::Kstatus::Current && record::condition(pool, "Ready") == "True"
        })
        .await
    }

    /// Waits until the status gives `reason`, for the present generation.
    pub async fn until_reason(&self, name: &str, reason: &str) -> ModelArtsPool {
        self.until(name, &format!("to say {reason}"), |pool| {
            let observed = pool.status.as_ref().and_then(|status| status.observed_generation);
            observed == pool.metadata.generation && record::reason(pool) == reason
        })
        .await
    }

    /// Waits until a condition has this status and reason.
    pub async fn until_condition(&self, name: &str, type_: &str, status: &str, reason: &str) -> ModelArtsPool {
        self.until(name, &format!("to say {type_}={status} ({reason})"), |pool| {
            let mut conditions = pool.status.iter().flat_map(|status| &status.conditions);
            conditions.any(|told| told.type_ == type_ && told.status == status && told.reason == reason)
        })
        .await
    }

    /// Waits until a pool object is gone.
    pub async fn until_gone(&self, name: &str) {
        let pools = self.pools();
        let waited = wait::until(format!("{name} to be gone"), PATIENCE, async || {
            match pools.get_opt(name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(pool) => Err(serde_json::to_string_pretty(&pool.status).unwrap_or_default()),
            }
        });
        self.expect(waited.await);
    }

    /// Replaces the faults of the scene's cloud.
    pub async fn faults(&self, faults: &[Fault]) {
        self.simulator.set_faults(faults).await.unwrap();
    }

    /// Waits until every fault that strikes a number of times has done so.
    pub async fn until_struck(&self) {
        let waited = wait::until("the faults to have struck", PATIENCE, async || {
            let faults = self.simulator.faults().await.map_err(|error| error.to_string())?;
            match faults.iter().find(|fault| fault.count.is_some_and(|left| left > 0)) {
                None => Ok(()),
                Some(fault) => Err(format!("{fault:?}")),
            }
        });
        self.expect(waited.await);
    }

    /// How often an operation was called so far.
    pub async fn tally(&self, operation: &str) -> Tally {
        let all = self.simulator.requests().await.unwrap();
        all.get(operation).copied().unwrap_or_default()
    }

    /// Waits until the operator has begun that many further LISTs.
    pub async fn until_listed(&self, more: u64) {
        self.until_called("ListPools", more).await;
    }

    /// Waits until an operation was called that many further times.
    pub async fn until_called(&self, operation: &str, more: u64) {
        let wanted = self.tally(operation).await.count + more;
        let waited = wait::until(format!("{more} further {operation}"), PATIENCE, async || {
            match self.tally(operation).await.count {
                count if count >= wanted => Ok(()),
                count => Err(format!("{count} of {wanted}")),
            }
        });
        self.expect(waited.await);
    }

    /// Every change of the scene's cloud, oldest first.
    pub async fn ledger(&self) -> Vec<LedgerEntry> {
        self.simulator.ledger().await.unwrap()
    }

    /// The same as the operations' names.
    pub async fn deeds(&self) -> Vec<String> {
        self.ledger().await.into_iter().map(|entry| entry.operation).collect()
    }

    /// Waits until the deeds are exactly these.
    pub async fn until_deeds(&self, wanted: &[&str]) {
        let waited = wait::until(format!("{wanted:?}"), PATIENCE, async || match self.deeds().await {
            deeds if deeds == wanted => Ok(()),
            deeds => Err(format!("{deeds:?}")),
        });
        self.expect(waited.await);
    }

    /// The pools that the scene's cloud holds.
    pub async fn cloud_pools(&self) -> Vec<Value> {
        self.simulator.pools().await.unwrap()
    }

    /// The value, or a panic that shows what the operator did last.
    pub fn expect<T>(&self, waited: Result<T, wait::TimedOut>) -> T {
        match waited {
            Ok(value) => value,
            Err(error) => panic!("{}: {error}\n{}", self.name, self.world.operator_logs(25)),
        }
    }
}

/// The ID of a pool on record.
#[must_use]
pub fn pool_id(pool: &ModelArtsPool) -> &str {
    let id = pool.status.as_ref().and_then(|status| status.pool_id.as_deref());
    id.unwrap_or_default()
}

/// A request body for a pool of somebody else.
#[must_use]
pub fn stranger(pool_name: &str, workspace: &str) -> Value {
    json!({
        "apiVersion": "v2",
        "kind": "Pool",
        "metadata": { "labels": { "os.modelarts/name": pool_name, "os.modelarts/workspace.id": workspace } },
        "spec": {
            "type": "Dedicate",
            "scope": ["Train"],
            "network": { "name": format!("net-0123-{PROJECT}") },
            "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }],
        },
    })
}

async fn create<K>(api: &Api<K>, object: Value) -> K
where
    K: kube::Resource + Clone + serde::Serialize + serde::de::DeserializeOwned + std::fmt::Debug,
{
    let object: K = serde_json::from_value(object).unwrap();
    api.create(&PostParams::default(), &object).await.unwrap()
}

/// An object from its JSON, kind and version left out.
#[must_use]
pub fn parsed<K: kube::Resource<DynamicType = ()> + serde::de::DeserializeOwned>(object: Value) -> K {
    serde_json::from_value(typed::<K>(object)).unwrap()
}

fn typed<K: kube::Resource<DynamicType = ()>>(mut object: Value) -> Value {
    object["apiVersion"] = K::api_version(&()).into();
    object["kind"] = K::kind(&()).into();
    object
}

/// Puts `changes` over `target`; null removes.
pub fn merge(target: &mut Value, changes: &Value) {
    let (Some(members), Some(changes)) = (target.as_object_mut(), changes.as_object()) else {
        *target = changes.clone();
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name.clone()).or_insert(Value::Null), change);
        }
    }
}
