//! What the world has to know of a kind of object beside what the protocol asks of it: where its
//! objects and its process's memory are, and which calls reach its things in the cloud.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use modelarts_crd::network::ModelArtsNetworkSpec;
use modelarts_crd::{ModelArtsNetwork, ModelArtsNetworkStatus, ModelArtsPool, ModelArtsPoolSpec, ModelArtsPoolStatus};
use modelarts_plan::{Around, Kind, Link, Networks, Pools};
use modelarts_sim::operation::Operation;
use modelarts_sim::{ListQuery, Refusal};
use modelarts_types::network::Network;
use modelarts_types::pool::{Phase, Pool};
use serde_json::Value;

use super::cloud::Which;
use super::faults::Op;
use super::kubernetes::Shelf;
use super::process::{Process, Worker};
use super::watched::Parsed;
use super::{PROJECT, World};

/// A kind that lives in the world.
pub trait Lives: Kind<Resource: Default> {
    /// What users write.
    type Spec: Clone + PartialEq + serde::Serialize + serde::de::DeserializeOwned;

    /// The word in a manifest.
    const KIND: &'static str;
    /// Its calls.
    const CALLS: Calls;
    /// What its uids begin with, so that no two kinds share one.
    const UIDS: &'static str;

    fn shelf(world: &World) -> &Shelf<Self>;
    fn shelf_mut(world: &mut World) -> &mut Shelf<Self>;
    fn worker(process: &Process) -> &Worker<Self>;
    fn worker_mut(process: &mut Process) -> &mut Worker<Self>;
    fn parsed(world: &World) -> &Parsed<Self>;
    fn parsed_mut(world: &mut World) -> &mut Parsed<Self>;

    fn object(name: &str, spec: Self::Spec) -> Self::Object;
    fn spec(object: &Self::Object) -> &Self::Spec;
    fn spec_mut(object: &mut Self::Object) -> &mut Self::Spec;
    fn metadata_mut(object: &mut Self::Object) -> &mut ObjectMeta;
    fn status_mut(object: &mut Self::Object) -> &mut Option<Self::Status>;
    /// The status of an object that nobody has looked at.
    fn unseen() -> Self::Status;
    /// The object as it would be read.
    fn value(object: &Self::Object) -> Value;
    /// Its status in full.
    fn written(object: &Self::Object) -> String;

    /// The name in the cloud that the status shows.
    fn external_name(object: &Self::Object) -> Option<String>;
    /// The order that the status follows.
    fn order_name(status: &Self::Status) -> Option<String>;
    /// Link and users.
    fn around(world: &World, object: &Self::Object) -> Around;
    /// Objects of other kinds that a change of this one concerns.
    fn neighbours(world: &World, object: &Self::Object) -> Vec<Neighbour>;

    /// One list, as the service gives it.
    fn list(world: &mut World, which: Which, hide_younger: u64) -> Result<Vec<Self::Resource>, Refusal>;
    /// Everything that exists, failed records included.
    fn all(world: &mut World) -> Vec<Value>;
    fn read(value: Value) -> Self::Resource;
    fn body(resource: &Self::Resource) -> Value;
    /// Whether it is the record of something that could not be made.
    fn has_failed(resource: &Self::Resource) -> bool;
}

/// The calls of a kind.
#[derive(Clone, Copy)]
pub struct Calls {
    pub list: (Op, Operation),
    pub show: (Op, Operation),
    pub create: (Op, Operation),
    pub patch: (Op, Operation),
    pub delete: (Op, Operation),
}

/// An object of another kind.
pub enum Neighbour {
    Pool(String),
    Network(String),
}

/// What the API server hands out: an object's own name, and the name of its network.
fn reference(pool: &ModelArtsPool) -> Option<&str> {
    pool.spec.network_ref.as_ref().map(|reference| reference.name.as_str())
}

impl Lives for Pools {
    type Spec = ModelArtsPoolSpec;

    const KIND: &'static str = "ModelArtsPool";
    const CALLS: Calls = Calls {
        list: (Op::List, Operation::ListPools),
        show: (Op::Show, Operation::ShowPool),
        create: (Op::Create, Operation::CreatePool),
        patch: (Op::Patch, Operation::PatchPool),
        delete: (Op::Delete, Operation::DeletePool),
    };
    const UIDS: &'static str = "0f1d5a0e-51a1-4f43-a1de";

    fn shelf(world: &World) -> &Shelf<Self> {
        &world.kube
    }

    fn shelf_mut(world: &mut World) -> &mut Shelf<Self> {
        &mut world.kube
    }

    fn worker(process: &Process) -> &Worker<Self> {
        &process.pools
    }

    fn worker_mut(process: &mut Process) -> &mut Worker<Self> {
        &mut process.pools
    }

    fn parsed(world: &World) -> &Parsed<Self> {
        &world.parsed_pools
    }

    fn parsed_mut(world: &mut World) -> &mut Parsed<Self> {
        &mut world.parsed_pools
    }

    fn object(name: &str, spec: Self::Spec) -> ModelArtsPool {
        ModelArtsPool::new(name, spec)
    }

    fn spec(object: &ModelArtsPool) -> &Self::Spec {
        &object.spec
    }

    fn spec_mut(object: &mut ModelArtsPool) -> &mut Self::Spec {
        &mut object.spec
    }

    fn metadata_mut(object: &mut ModelArtsPool) -> &mut ObjectMeta {
        &mut object.metadata
    }

    fn status_mut(object: &mut ModelArtsPool) -> &mut Option<ModelArtsPoolStatus> {
        &mut object.status
    }

    fn unseen() -> ModelArtsPoolStatus {
        ModelArtsPoolStatus {
            observed_generation: Some(-1),
            ..ModelArtsPoolStatus::default()
        }
    }

    fn written(object: &ModelArtsPool) -> String {
        serde_json::to_string(&object.status).expect("a status is plain data")
    }

    fn value(object: &ModelArtsPool) -> Value {
        serde_json::to_value(object).expect("an object is plain data")
    }

    fn external_name(object: &ModelArtsPool) -> Option<String> {
        object.status.as_ref()?.pool_name.clone()
    }

    fn order_name(status: &ModelArtsPoolStatus) -> Option<String> {
        Some(status.order.as_ref()?.name.clone())
    }

    fn around(world: &World, object: &ModelArtsPool) -> Around {
        Around {
            deletion: world.namespace_policy,
            link: link(world, object),
            users: Vec::new(),
            kind_leaves: world.kind_leaves,
            misspelt: world.misspelt.clone(),
        }
    }

    fn neighbours(world: &World, object: &ModelArtsPool) -> Vec<Neighbour> {
        let names = world.networks.all().filter(|(_, network)| uses(object, network));
        names.map(|(name, _)| Neighbour::Network(name.clone())).collect()
    }

    fn list(world: &mut World, which: Which, hide_younger: u64) -> Result<Vec<Pool>, Refusal> {
        let query = ListQuery {
            status: which.word().to_owned(),
            hide_younger,
            ..ListQuery::default()
        };
        let now = world.cloud_now();
        let (cloud, _) = world.cloud.settled(now);
        cloud.add_project(PROJECT, now);
        Ok(cloud.list_pools(PROJECT, &query, now)?.items.unwrap_or_default())
    }

    fn all(world: &mut World) -> Vec<Value> {
        let now = world.cloud_now();
        world.cloud.settled(now).0.all_pools(now)
    }

    fn read(value: Value) -> Pool {
        serde_json::from_value(value).expect("a pool")
    }

    fn body(pool: &Pool) -> Value {
        serde_json::to_value(pool).expect("a body")
    }

    fn has_failed(pool: &Pool) -> bool {
        pool.phase() == Some(&Phase::CreationFailed)
    }
}

/// The operator's rule: a network of that name that is Ready and has an ID.
fn link(world: &World, pool: &ModelArtsPool) -> Link {
    let Some(name) = reference(pool) else {
        return Link::None;
    };
    let Some(network) = world.networks.get(name) else {
        return Link::Waiting(format!("there is no ModelArtsNetwork {name}"));
    };
    let ready = world.networks.condition(name, "Ready").0 == "True";
    let id = network.status.and_then(|status| status.network_id).filter(|_| ready);
    match id {
        Some(id) if network.metadata.deletion_timestamp.is_none() => Link::Ready(id),
        _ => Link::Waiting(format!("ModelArtsNetwork {name} is not Ready")),
    }
}

/// Whether a pool is in a network, by name or by ID.
fn uses(pool: &ModelArtsPool, network: &ModelArtsNetwork) -> bool {
    let id = network.status.as_ref().and_then(|status| status.network_id.as_deref());
    let named = pool.spec.network.as_ref().map(|network| network.name.as_str());
    let seen = pool.status.as_ref().and_then(|status| status.network_id.as_deref());
    reference(pool) == network.metadata.name.as_deref() || (id.is_some() && (named == id || seen == id))
}

impl Lives for Networks {
    type Spec = ModelArtsNetworkSpec;

    const KIND: &'static str = "ModelArtsNetwork";
    const CALLS: Calls = Calls {
        list: (Op::NetworkList, Operation::ListNetworks),
        show: (Op::NetworkShow, Operation::ShowNetwork),
        create: (Op::NetworkCreate, Operation::CreateNetwork),
        patch: (Op::NetworkPatch, Operation::PatchNetwork),
        delete: (Op::NetworkDelete, Operation::DeleteNetwork),
    };
    const UIDS: &'static str = "7b3c9d52-0c44-4d0b-b7e1";

    fn shelf(world: &World) -> &Shelf<Self> {
        &world.networks
    }

    fn shelf_mut(world: &mut World) -> &mut Shelf<Self> {
        &mut world.networks
    }

    fn worker(process: &Process) -> &Worker<Self> {
        &process.networks
    }

    fn worker_mut(process: &mut Process) -> &mut Worker<Self> {
        &mut process.networks
    }

    fn parsed(world: &World) -> &Parsed<Self> {
        &world.parsed_networks
    }

    fn parsed_mut(world: &mut World) -> &mut Parsed<Self> {
        &mut world.parsed_networks
    }

    fn object(name: &str, spec: Self::Spec) -> ModelArtsNetwork {
        ModelArtsNetwork::new(name, spec)
    }

    fn spec(object: &ModelArtsNetwork) -> &Self::Spec {
        &object.spec
    }

    fn spec_mut(object: &mut ModelArtsNetwork) -> &mut Self::Spec {
        &mut object.spec
    }

    fn metadata_mut(object: &mut ModelArtsNetwork) -> &mut ObjectMeta {
        &mut object.metadata
    }

    fn status_mut(object: &mut ModelArtsNetwork) -> &mut Option<ModelArtsNetworkStatus> {
        &mut object.status
    }

    fn unseen() -> ModelArtsNetworkStatus {
        ModelArtsNetworkStatus {
            observed_generation: Some(-1),
            ..ModelArtsNetworkStatus::default()
        }
    }

    fn written(object: &ModelArtsNetwork) -> String {
        serde_json::to_string(&object.status).expect("a status is plain data")
    }

    fn value(object: &ModelArtsNetwork) -> Value {
        serde_json::to_value(object).expect("an object is plain data")
    }

    fn external_name(object: &ModelArtsNetwork) -> Option<String> {
        object.status.as_ref()?.network_name.clone()
    }

    fn order_name(_status: &ModelArtsNetworkStatus) -> Option<String> {
        None
    }

    fn around(world: &World, object: &ModelArtsNetwork) -> Around {
        let users = world.kube.all().filter(|(_, pool)| uses(pool, object));
        Around {
            deletion: world.namespace_policy,
            link: Link::None,
            users: users.map(|(name, _)| format!("ModelArtsPool {name}")).collect(),
            kind_leaves: world.kind_leaves,
            misspelt: world.misspelt.clone(),
        }
    }

    fn neighbours(world: &World, object: &ModelArtsNetwork) -> Vec<Neighbour> {
        let names = world.kube.all().filter(|(_, pool)| uses(pool, object));
        names.map(|(name, _)| Neighbour::Pool(name.clone())).collect()
    }

    fn list(world: &mut World, _which: Which, _hide_younger: u64) -> Result<Vec<Network>, Refusal> {
        let now = world.cloud_now();
        let (cloud, _) = world.cloud.settled(now);
        Ok(cloud.list_networks(PROJECT, now)?.items.unwrap_or_default())
    }

    fn all(world: &mut World) -> Vec<Value> {
        let now = world.cloud_now();
        world.cloud.settled(now).0.all_networks(now)
    }

    fn read(value: Value) -> Network {
        serde_json::from_value(value).expect("a network")
    }

    fn body(network: &Network) -> Value {
        serde_json::to_value(network).expect("a body")
    }

    fn has_failed(_network: &Network) -> bool {
        false
    }
}
