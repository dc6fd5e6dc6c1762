//! A whole world: control plane, simulated cloud, operators, and the objects that join them.
//!
//! [`World::prepare`] builds all of it but the operators, so that a test can put a proxy in between
//! first; [`World::start`] goes all the way. Objects are applied as a user would, through the API.

use k8s_openapi::api::core::v1::{Namespace, Secret};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, Patch, PatchParams};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use crate::control_plane::{self, ControlPlane};
use crate::credentials;
use crate::error::{Error, Result};
use crate::operator::{self, NAMESPACE, Operator};
use crate::simulator::{self, Key, Simulator};
use crate::{binaries, wait};

/// The field manager of all that the sandbox applies.
const MANAGER: &str = "sandbox";
/// The account that pools without `spec.account` belong to.
pub const ACCOUNT: &str = "default";
/// The Secret with its keys.
pub const SECRET: &str = "modelarts-credentials";

/// What kind of world.
#[derive(Clone)]
pub struct Options {
    /// The control plane.
    pub control_plane: control_plane::Options,
    /// The simulator.
    pub simulator: simulator::Options,
    /// Each operator.
    pub operator: operator::Options,
    /// How many operators; more than one needs leader election.
    pub operators: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            control_plane: control_plane::Options::default(),
            simulator: simulator::Options::default(),
            operator: operator::Options::default(),
            operators: 1,
        }
    }
}

/// A running world. Dropping it ends operators, simulator and control plane, in this order.
pub struct World {
    /// The operators, in the order of their start.
    pub operators: Vec<Operator>,
    /// The simulated cloud.
    pub simulator: Simulator,
    /// The cluster.
    pub control_plane: ControlPlane,
    /// A client of the administrator. It repeats nothing by itself.
    pub client: Client,
    started: usize,
}

impl World {
    /// Starts everything, operators included, and waits until they are ready.
    ///
    /// # Errors
    /// Whatever did not start, with the end of its log.
    pub async fn start(options: Options) -> Result<Self> {
        let (operators, operator) = (options.operators, options.operator.clone());
        let progress = options.control_plane.progress.clone();
        let mut world = Self::prepare(options).await?;
        progress("starting modelarts-operator");
        for _ in 0..operators {
            world.add_operator(&operator).await?;
        }
        Ok(world)
    }

    /// Starts everything but the operators. `options.operator` and `options.operators` are not used.
    ///
    /// # Errors
    /// Whatever did not start, with the end of its log.
    pub async fn prepare(options: Options) -> Result<Self> {
        let progress = options.control_plane.progress.clone();
        let key = options.simulator.keys.first().cloned().unwrap_or_default();
        progress("building simulator and operator");
        binaries::prepare(&progress).await?;
        let control_plane = ControlPlane::start(options.control_plane).await?;
        progress("starting modelarts-sim");
        let simulator = Simulator::start(control_plane.folder(), options.simulator).await?;
        let client = control_plane.client().await?;
        progress("applying the custom resource definitions");
        apply_crds(&client, modelarts_crd::crds()).await?;
        join(&client, &simulator.url, &key).await?;
        Ok(Self {
            operators: Vec::new(),
            simulator,
            control_plane,
            client,
            started: 0,
        })
    }

    /// Starts one more operator and waits until it is ready; gives its index.
    ///
    /// # Errors
    /// When it does not become ready, with the end of its log.
    pub async fn add_operator(&mut self, options: &operator::Options) -> Result<usize> {
        let admin = self.control_plane.kubeconfig.clone();
        let kubeconfig = match (&options.api_server, &options.user) {
            (None, None) => admin,
            (server, user) => self.control_plane.kubeconfig_for(
                server.as_deref().unwrap_or(&self.control_plane.server),
                user.as_deref().unwrap_or(credentials::ADMINISTRATOR),
            )?,
        };
        // A replica that takes the place of a killed one is another one, with a log of its own.
        self.started += 1;
        let name = format!("operator-{}", self.started);
        let folder = self.control_plane.folder();
        let operator = Operator::start(&kubeconfig, folder, &name, options).await?;
        self.operators.push(operator);
        Ok(self.operators.len() - 1)
    }

    /// Sends operators to another URL for the cloud, such as that of a proxy in front of it.
    ///
    /// # Errors
    /// When the account cannot be changed.
    pub async fn set_endpoint(&self, url: &str) -> Result<()> {
        let patch = json!({ "spec": { "endpoint": url, "iamEndpoint": url } });
        accounts(&self.client)
            .patch(ACCOUNT, &PatchParams::default(), &Patch::Merge(&patch))
            .await
            .map_err(Error::kubernetes("changing the account's endpoint"))
            .map(drop)
    }

    /// The logs of all operators, for the message of a test that fails.
    #[must_use]
    pub fn operator_logs(&self, lines: usize) -> String {
        let tail = |operator: &Operator| {
            let process = operator.process();
            format!("--- {}\n{}", process.name(), process.log_tail(lines))
        };
        self.operators.iter().map(tail).collect::<Vec<_>>().join("\n")
    }
}

/// Applies definitions and waits until each is established and served: before that, objects of the
/// kind are refused.
///
/// # Errors
/// When the API server refuses one, or does not serve it in time.
pub async fn apply_crds(client: &Client, crds: Vec<CustomResourceDefinition>) -> Result<()> {
    let api: Api<CustomResourceDefinition> = Api::all(client.clone());
    for crd in &crds {
        let name = crd.name_any();
        api.patch(&name, &apply(), &Patch::Apply(crd))
            .await
            .map_err(Error::kubernetes(format!("applying the definition {name}")))?;
    }
    for crd in &crds {
        let name = crd.name_any();
        wait::until(format!("{name} to be served"), wait::DEADLINE, async || {
            let seen = api.get(&name).await.map_err(|e| e.to_string())?;
            let conditions = seen.status.and_then(|status| status.conditions);
            let conditions = conditions.unwrap_or_default();
            let established = conditions
                .iter()
                .any(|c| c.type_ == "Established" && c.status == "True");
            if !established {
                return Err(format!("{conditions:?}"));
            }
            let served = Api::<DynamicObject>::all_with(client.clone(), &resource_of(crd));
            served
                .list(&kube::api::ListParams::default().limit(1))
                .await
                .map(drop)
                .map_err(|e| e.to_string())
        })
        .await?;
    }
    Ok(())
}

/// The resource that a definition defines, in its first version.
#[must_use]
pub fn resource_of(crd: &CustomResourceDefinition) -> ApiResource {
    let names = &crd.spec.names;
    let version = crd.spec.versions.first().map_or("", |version| &version.name);
    let kind = GroupVersionKind::gvk(&crd.spec.group, version, &names.kind);
    ApiResource::from_gvk_with_plural(&kind, &names.plural)
}

/// The namespace of the operator, the Secret, and the account that points at the simulator.
async fn join(client: &Client, url: &str, key: &Key) -> Result<()> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let namespace = object("v1", "Namespace", NAMESPACE, json!({}));
    put(&namespaces, NAMESPACE, &namespace).await?;

    let secrets: Api<Secret> = Api::namespaced(client.clone(), NAMESPACE);
    let data = json!({ "accessKey": key.access, "secretKey": key.secret });
    let secret = object("v1", "Secret", SECRET, json!({ "stringData": data }));
    put(&secrets, SECRET, &secret).await?;

    let spec = json!({
        "region": "cn-north-4",
        "projectId": key.project,
        "endpoint": url,
        "iamEndpoint": url,
        "credentials": { "secret": { "name": SECRET } },
        "allowedNamespaces": {},
        // The simulator bears more than the cloud does, and a demo should not wait for politeness.
        "limits": { "readsPerSecond": 100, "writesPerSecond": 50, "creationsPerTenMinutes": 1000 },
    });
    let version = format!("{}/v1alpha1", modelarts_crd::GROUP);
    let account = object(&version, "ModelArtsAccount", ACCOUNT, json!({ "spec": spec }));
    put(&accounts(client), ACCOUNT, &account).await
}

fn object(version: &str, kind: &str, name: &str, body: Value) -> Value {
    let mut object = body;
    object["apiVersion"] = version.into();
    object["kind"] = kind.into();
    object["metadata"] = json!({ "name": name });
    object
}

async fn put<K>(api: &Api<K>, name: &str, object: &Value) -> Result<()>
where
    K: Clone + serde::de::DeserializeOwned + std::fmt::Debug,
{
    api.patch(name, &apply(), &Patch::Apply(object))
        .await
        .map_err(Error::kubernetes(format!("applying {} {name}", object["kind"])))
        .map(drop)
}

fn apply() -> PatchParams {
    PatchParams::apply(MANAGER).force()
}

fn accounts(client: &Client) -> Api<DynamicObject> {
    let kind = GroupVersionKind::gvk(modelarts_crd::GROUP, "v1alpha1", "ModelArtsAccount");
    let resource = ApiResource::from_gvk_with_plural(&kind, "modelartsaccounts");
    Api::all_with(client.clone(), &resource)
}
