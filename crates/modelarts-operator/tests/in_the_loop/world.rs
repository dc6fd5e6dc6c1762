//! The world around the operator: a cluster and a cloud in memory, on the runtime's paused clock.

use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use jiff::Timestamp;
use kube_in_memory::{ApiServer, Key, Resource, Store};
use modelarts_client::Clock;
use modelarts_sim::accounts::Key as AccessKey;
use modelarts_sim::clock::Millis;
use modelarts_sim::faults::Fault;
use modelarts_sim::{Profile, Setup, Simulator};
use serde_json::{Value, json};
use tokio::time::Instant;

/// The project of the account `default`.
pub const PROJECT: &str = "86c13962597848eeb29c5861153a391f";
/// The namespace of all objects.
pub const NAMESPACE: &str = "ml";
/// The namespace of the operator.
pub const SYSTEM: &str = "modelarts-system";

/// The definitions of our kinds, worked out once for all runs.
static DEFINITIONS: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let definitions = modelarts_crd::crds();
    let values = definitions
        .iter()
        .map(|definition| serde_json::to_value(definition).unwrap());
    values.collect()
});

/// A cluster and a cloud.
#[derive(Clone)]
pub struct World {
    pub api: ApiServer,
    pub cloud: Arc<Mutex<Simulator>>,
    time: Time,
}

/// The time of day, which follows the runtime's clock.
#[derive(Clone, Copy)]
struct Time {
    wall: Timestamp,
    since: Instant,
}

impl Time {
    fn now(self) -> Timestamp {
        self.wall + self.since.elapsed()
    }
}

impl World {
    /// A cluster with an account that may be used, and an empty cloud.
    pub fn new(profile: Profile, faults: Vec<Fault>) -> Self {
        let time = Time {
            wall: Timestamp::now(),
            since: Instant::now(),
        };
        let resources = DEFINITIONS
            .iter()
            .map(|definition| Resource::defined_by(definition).unwrap());
        let api = ApiServer::new(resources, move || time.now());
        let setup = Setup {
            keys: vec![AccessKey {
                access: "AKEXAMPLE".into(),
                secret: "sk-example".into(),
                project: PROJECT.into(),
                security_token: None,
                expires: None,
            }],
            profile,
            ..Setup::default()
        };
        let mut simulator = Simulator::new(setup, millis(time.now()));
        simulator.faults.replace(faults).unwrap();
        let world = Self {
            api,
            cloud: Arc::new(Mutex::new(simulator)),
            time,
        };
        world.furnish();
        world
    }

    fn furnish(&self) {
        self.api.write(|store, now| {
            let mut put = |key: &Key, object: Value| store.create(key, object, now).unwrap();
            for namespace in [NAMESPACE, SYSTEM] {
                put(&Key::new("namespaces", "", namespace), json!({}));
            }
            for definition in DEFINITIONS.iter() {
                let name = definition["metadata"]["name"].as_str().unwrap().to_owned();
                put(&Key::new("customresourcedefinitions", "", &name), definition.clone());
            }
            let data = json!({"accessKey": "QUtFWEFNUExF", "secretKey": "c2stZXhhbXBsZQ=="});
            put(&Key::new("secrets", SYSTEM, "keys"), json!({"data": data}));
            let spec = json!({
                "region": "cn-north-4", "projectId": PROJECT,
                "credentials": {"secret": {"name": "keys"}}, "allowedNamespaces": {},
            });
            put(&Key::new("modelartsaccounts", "", "default"), json!({"spec": spec}));
        });
    }

    /// The clocks by which the cloud is called.
    pub fn clock(&self) -> Clock {
        let time = self.time;
        Clock::new(move || time.now(), || Instant::now().into_std())
    }

    /// The cloud's time.
    pub fn now(&self) -> Millis {
        millis(self.time.now())
    }

    /// Looks at the cloud, or changes it.
    pub fn cloud<T>(&self, act: impl FnOnce(&mut Simulator, Millis) -> T) -> T {
        act(&mut self.cloud.lock().unwrap(), self.now())
    }

    /// An object of the scenario, if it is there.
    pub fn object(&self, plural: &str, name: &str) -> Option<Arc<Value>> {
        self.api
            .read(|store| store.get(&Key::new(plural, NAMESPACE, name)).ok())
    }

    /// The version of the cluster.
    pub fn version(&self) -> u64 {
        self.api.read(Store::version)
    }
}

fn millis(at: Timestamp) -> Millis {
    u64::try_from(at.as_millisecond()).unwrap()
}

/// The clock goes on by itself as soon as nobody has anything to do.
pub async fn pass(seconds: u64) {
    tokio::time::sleep(Duration::from_secs(seconds)).await;
}
