//! Networks, as the protocol sees them, and how they stand.

pub mod desired;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, ObjectMeta};
use modelarts_crd::conditions::Reason;
use modelarts_crd::network::ConnectionState;
use modelarts_crd::policy::DriftPolicy;
use modelarts_crd::status::Creation;
use modelarts_crd::{ModelArtsNetwork, ModelArtsNetworkStatus};
use modelarts_types::keys;
use modelarts_types::network::{Network, NetworkPhase};
use serde_json::{Value, json};

use crate::identity::{ClusterId, Marker};
use crate::kind::{Adoption, Desired, Kind, Parts, Resource, Status, Terms};
use crate::network::desired::{DesiredNetwork, next};
use crate::next::Next;
use crate::report::Verdict;
use crate::view::View;

/// The kind of networks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Networks;

impl Kind for Networks {
    type Object = ModelArtsNetwork;
    type Status = ModelArtsNetworkStatus;
    type Resource = Network;
    type Desired = DesiredNetwork;

    const NOUN: &'static str = "network";
    const FINALIZER: &'static str = modelarts_crd::NETWORK_FINALIZER;
    const ADOPTION: &'static str = "adoption.networkId";
    const NAME: &'static str = "networkName";

    fn metadata(object: &ModelArtsNetwork) -> &ObjectMeta {
        &object.metadata
    }

    fn status(object: &ModelArtsNetwork) -> Option<&ModelArtsNetworkStatus> {
        object.status.as_ref()
    }

    fn terms(object: &ModelArtsNetwork) -> Terms<'_> {
        let spec = &object.spec;
        Terms {
            account: spec.account_name(),
            workspace: spec.workspace(),
            name: spec.network_name.as_deref(),
            management: spec.management(),
            deletion: spec.deletion_policy,
            adoption: spec.adoption.as_ref().map(|adoption| Adoption {
                id: &adoption.network_id,
                replaces: adoption.replaces_marker.as_deref(),
            }),
            drift: spec
                .drift
                .as_ref()
                .and_then(|drift| drift.policy)
                .unwrap_or(DriftPolicy::Correct),
            subscription: false,
        }
    }

    fn verdict(network: &Network) -> Verdict {
        match network.phase() {
            None | Some(NetworkPhase::Creating) => {
                Verdict::Working(Reason::Creating, "the network is being created".into())
            }
            Some(NetworkPhase::Active) => Verdict::Ready("the network is Active".into()),
            Some(_) => Verdict::Working(Reason::NetworkNotActive, network.told()),
        }
    }

    fn next(desired: &DesiredNetwork, observed: &Network, marker: &Marker) -> Next {
        next(desired, observed, marker)
    }

    fn describe(description: &str) -> Value {
        json!({"metadata": {"annotations": {keys::DESCRIPTION: description}}})
    }
}

impl Resource for Network {
    fn id(&self) -> Option<&str> {
        self.id()
    }

    fn display_name(&self) -> Option<&str> {
        self.display_name()
    }

    fn description(&self) -> &str {
        self.description()
    }

    fn created_at(&self) -> Option<&str> {
        self.metadata.creation_timestamp.as_deref()
    }

    fn resource_id(&self) -> Option<&str> {
        None
    }

    fn is_leaving(&self) -> bool {
        self.metadata.deletion_timestamp.is_some()
    }

    fn is_moving(&self) -> bool {
        self.is_leaving() || matches!(self.phase(), None | Some(NetworkPhase::Creating))
    }

    fn is_settled(&self) -> bool {
        matches!(self.phase(), Some(NetworkPhase::Active | NetworkPhase::Abnormal))
    }

    fn is_subscription(&self) -> bool {
        false
    }

    fn told(&self) -> String {
        let phase = self.phase().map_or("no phase", NetworkPhase::as_str);
        format!("network {} is in phase {phase}", self.id().unwrap_or_default())
    }
}

impl Desired<Networks> for DesiredNetwork {
    fn parse(object: &ModelArtsNetwork, cluster: &ClusterId) -> Result<Self, Vec<String>> {
        Self::parse(object, cluster)
    }

    fn name(&self) -> &str {
        &self.network_name
    }

    fn hash(&self) -> &str {
        &self.hash
    }

    fn body(&self, _view: &View<'_, Networks>) -> Option<Network> {
        Some(self.network.clone())
    }

    fn obstacle(&self, _view: &View<'_, Networks>) -> Option<(Reason, String)> {
        let text = "set spec.cidr: a network without an address range is not created";
        self.network
            .spec
            .cidr
            .is_none()
            .then(|| (Reason::InvalidSpec, text.to_owned()))
    }
}

impl Status<Networks> for ModelArtsNetworkStatus {
    fn id(&self) -> Option<&str> {
        self.network_id.as_deref()
    }

    fn created_at(&self) -> Option<&str> {
        self.created_at.as_deref()
    }

    fn resource_id(&self) -> Option<&str> {
        None
    }

    fn creation(&self) -> Option<&Creation> {
        self.creation.as_ref()
    }

    fn conditions(&self) -> &[Condition] {
        &self.conditions
    }

    fn handled_request(&self) -> Option<&str> {
        self.last_handled_reconcile_at.as_deref()
    }

    fn applied(&self) -> Option<i64> {
        self.applied_generation
    }

    fn parts(&mut self) -> Parts<'_> {
        Parts {
            observed_generation: &mut self.observed_generation,
            handled_request: &mut self.last_handled_reconcile_at,
            id: &mut self.network_id,
            creation: &mut self.creation,
            applied: &mut self.applied_generation,
            conditions: &mut self.conditions,
        }
    }

    fn want(&mut self, desired: &DesiredNetwork) {
        self.network_name = Some(desired.network_name.clone());
    }

    fn mirror(&mut self, _view: &View<'_, Networks>, network: &Network) {
        self.network_id = network.id().map(str::to_owned);
        self.created_at = Resource::created_at(network).map(str::to_owned);
        self.cidr.clone_from(&network.spec.cidr);
        self.phase = network.phase().map(|phase| phase.as_str().to_owned());
        self.connections = connections(network);
    }

    fn clear(&mut self) {
        (self.created_at, self.cidr, self.phase, self.applied_generation) = (None, None, None, None);
        self.connections.clear();
    }
}

/// The states of the connections. The service gives a VPC a `phase` and a file system a `status`.
fn connections(network: &Network) -> Vec<ConnectionState> {
    let status = network
        .status
        .as_ref()
        .and_then(|status| status.connection_status.as_ref());
    let list = |key: &str| {
        status
            .and_then(|status| status.get(key)?.as_array())
            .into_iter()
            .flatten()
    };
    let text = |item: &Value, key: &str| item.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let peers = list("peerConnectionStatus").map(|item| ConnectionState {
        id: text(item, "peerVpcId"),
        state: text(item, "phase"),
    });
    let stores = list("sfsTurboStatus").map(|item| ConnectionState {
        id: text(item, "sfsId"),
        state: text(item, "status"),
    });
    peers.chain(stores).collect()
}
