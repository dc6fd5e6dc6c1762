//! A world whose operators reach everything through the holding proxy, and what tests of crashes and
//! replicas ask of it.
//!
//! One control plane and one simulated cloud; operators come and go. The tests themselves speak to
//! both directly, past the proxy.

use std::time::Duration;

use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use modelarts_crd::ModelArtsPool;
use sandbox::operator::{self, Operator};
use sandbox::simulator::PROJECT;
use sandbox::wait::{self, until};
use sandbox::{World, simulator, world};
use serde_json::{Value, json};

use crate::proxy::Proxy;
use crate::scene::merge;

/// Where the pools are.
pub const NAMESPACE: &str = "default";

/// The world and the proxy in the middle of it.
pub struct Proxied {
    /// The world. Its operators were started by [`Self::start_operator`].
    pub world: World,
    /// The proxy.
    pub proxy: Proxy,
    operator: operator::Options,
}

impl Proxied {
    /// Starts all but the operators. `operator` is how each of them will be started.
    pub async fn start(profile: Value, operator: operator::Options) -> Self {
        let simulator = simulator::Options {
            profile,
            ..simulator::Options::default()
        };
        let world = World::prepare(world::Options {
            simulator,
            ..world::Options::default()
        })
        .await
        .unwrap();
        let proxy = Proxy::start(&world).await.unwrap();
        world.set_endpoint(&proxy.cloud).await.unwrap();
        let operator = operator::Options {
            api_server: Some(proxy.cluster.clone()),
            ..operator
        };
        Self { world, proxy, operator }
    }

    /// Starts one more operator and waits until it is ready; gives its index.
    pub async fn start_operator(&mut self) -> usize {
        self.world.add_operator(&self.operator).await.unwrap()
    }

    /// The same with one timing flag changed.
    pub async fn start_operator_with(&mut self, flag: &str, value: &str) -> usize {
        let mut options = self.operator.clone();
        options.timing = options.timing.with(flag, value);
        self.world.add_operator(&options).await.unwrap()
    }

    /// Waits until the cloud's pools have been listed as many times more.
    pub async fn until_listed(&self, times: u64, deadline: Duration) {
        let count = async || {
            let requests = self.world.simulator.requests().await.unwrap();
            requests.get("ListPools").copied().unwrap_or_default().count
        };
        let goal = count().await + times;
        until(format!("{times} more lists"), deadline, async || match count().await {
            seen if seen >= goal => Ok(()),
            seen => Err(format!("{seen} of {goal}\n{}", self.story())),
        })
        .await
        .unwrap();
    }

    /// Takes an operator out of the world, running as it is.
    pub fn take_operator(&mut self, index: usize) -> Operator {
        self.world.operators.remove(index)
    }

    /// The pools' API.
    #[must_use]
    pub fn pools(&self) -> Api<ModelArtsPool> {
        Api::namespaced(self.world.client.clone(), NAMESPACE)
    }

    /// Creates a pool of one node, as a user would.
    pub async fn create(&self, name: &str) -> ModelArtsPool {
        self.create_with(name, &json!({})).await
    }

    /// The same with `changes` merged into its spec.
    pub async fn create_with(&self, name: &str, changes: &Value) -> ModelArtsPool {
        let mut object = serde_json::to_value(pool(name)).unwrap();
        merge(&mut object["spec"], changes);
        let object = serde_json::from_value(object).unwrap();
        self.pools().create(&PostParams::default(), &object).await.unwrap()
    }

    /// Asks for another number of nodes.
    pub async fn resize(&self, name: &str, nodes: usize) {
        let entry = json!({ "flavor": "modelarts.vm.cpu.8ud", "count": nodes });
        let spec = json!({ "spec": { "resources": [entry] } });
        let parameters = PatchParams::default();
        self.pools()
            .patch(name, &parameters, &Patch::Merge(&spec))
            .await
            .unwrap();
    }

    /// The ID on record.
    pub async fn recorded_id(&self, name: &str) -> String {
        let object = self.pools().get(name).await.unwrap();
        object.status.and_then(|status| status.pool_id).unwrap()
    }

    /// Asks for the deletion of a pool.
    pub async fn delete(&self, name: &str) {
        self.pools().delete(name, &DeleteParams::default()).await.unwrap();
    }

    /// Waits until a pool is ready; gives the object.
    ///
    /// # Errors
    /// What was seen last.
    pub async fn until_ready(&self, name: &str, deadline: Duration) -> Result<ModelArtsPool, wait::TimedOut> {
        let pools = self.pools();
        until(format!("{name} to be ready"), deadline, async || {
            let seen = pools.get(name).await.map_err(|error| error.to_string())?;
            if is_ready(&seen) {
                return Ok(seen);
            }
            Err(format!("{:?}\n{}", seen.status, self.story()))
        })
        .await
    }

    /// Waits until a pool's object is gone.
    ///
    /// # Errors
    /// What was seen last.
    pub async fn until_gone(&self, name: &str, deadline: Duration) -> Result<(), wait::TimedOut> {
        let pools = self.pools();
        until(format!("{name} to be gone"), deadline, async || {
            match pools.get_opt(name).await.map_err(|error| error.to_string())? {
                None => Ok(()),
                Some(seen) => Err(format!("{:?}\n{}", seen.status, self.story())),
            }
        })
        .await
    }

    /// Waits until the cloud has accepted as many creations for an object.
    ///
    /// # Errors
    /// What was seen last.
    pub async fn until_created(&self, name: &str, count: usize, deadline: Duration) -> Result<(), wait::TimedOut> {
        until(format!("{count} creations of {name}"), deadline, async || {
            match self.creates(name).await {
                seen if seen >= count => Ok(()),
                seen => Err(format!("{seen}\n{}", self.story())),
            }
        })
        .await
    }

    /// Waits until the cloud has accepted as many changes of an object's pool.
    ///
    /// # Errors
    /// What was seen last.
    pub async fn until_changed(&self, name: &str, count: usize, deadline: Duration) -> Result<(), wait::TimedOut> {
        until(format!("{count} changes of {name}"), deadline, async || {
            match self.changes(name).await {
                seen if seen >= count => Ok(()),
                seen => Err(format!("{seen}\n{}", self.story())),
            }
        })
        .await
    }

    /// How many creations the cloud accepted for an object: its pool's name begins with the object's
    /// name.
    pub async fn creates(&self, name: &str) -> usize {
        self.accepted("CreatePool", name).await
    }

    /// The same for changes.
    pub async fn changes(&self, name: &str) -> usize {
        self.accepted("PatchPool", name).await
    }

    async fn accepted(&self, operation: &str, name: &str) -> usize {
        let entries = self.world.simulator.ledger_of(operation).await.unwrap();
        let begin = format!("{name}-");
        let ours = entries.iter().filter(|entry| entry.display_name.starts_with(&begin));
        ours.count()
    }

    /// The IDs of the cloud pools that carry an object's marker.
    pub async fn cloud_pools(&self, uid: &str) -> Vec<String> {
        let marker = format!("[mapool:{uid}@");
        let pools = self.world.simulator.pools().await.unwrap();
        let ours = pools.iter().filter(|pool| {
            let description = &pool["metadata"]["annotations"]["os.modelarts/description"];
            description.as_str().is_some_and(|text| text.contains(&marker))
        });
        ours.map(|pool| pool["metadata"]["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    }

    /// What happened last, for the message of a test that fails.
    #[must_use]
    pub fn story(&self) -> String {
        format!(
            "{}\n--- last calls\n{}",
            self.world.operator_logs(25),
            self.proxy.last_calls()
        )
    }
}

/// Whether a pool is ready in its present generation.
#[must_use]
pub fn is_ready(pool: &ModelArtsPool) -> bool {
    let Some(status) = &pool.status else { return false };
    status.observed_generation == pool.metadata.generation
        && status
            .conditions
            .iter()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// A pool of one node, whose name in the cloud is derived from `name`: keep that to 14 characters.
#[must_use]
pub fn pool(name: &str) -> ModelArtsPool {
    let object = json!({
        "apiVersion": "modelarts.huaweicloud.com/v1alpha1",
        "kind": "ModelArtsPool",
        "metadata": { "name": name, "namespace": NAMESPACE },
        "spec": {
            "scope": ["Train"],
            "network": { "name": format!("net-0123-{PROJECT}") },
            "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }],
        },
    });
    serde_json::from_value(object).unwrap()
}
