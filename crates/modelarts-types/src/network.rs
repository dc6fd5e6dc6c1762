//! The network that the nodes of a pool are in.

use serde_json::Value;

use crate::keys;
use crate::metadata::{ListMeta, Metadata};

words! {
    /// The life of a network in the service's own words.
    pub enum NetworkPhase {
        /// Being made.
        Creating = "Creating",
        /// Usable: pools may be created in it.
        Active = "Active",
        /// Broken.
        Abnormal = "Abnormal",
    }
}

shape! {
    /// A network.
    pub struct Network {
        /// `v1`.
        api_version: Option<String> = "apiVersion",
        /// `Network`.
        kind: Option<String> = "kind",
        /// Identity, labels and annotations.
        metadata: Metadata = "metadata",
        /// What was asked for.
        spec: NetworkSpec = "spec",
        /// What became of it. Absent in a request.
        status: Option<NetworkStatus> = "status",
    }
}

shape! {
    /// What a network should be.
    pub struct NetworkSpec {
        /// Address range; fixed at creation.
        cidr: Option<String> = "cidr",
        /// Connections to the user's own networks and file systems.
        connection: Option<Connection> = "connection",
    }
}

shape! {
    /// Connections out of a network.
    pub struct Connection {
        /// Peered VPCs, the full list.
        peer_connection_list: Option<Vec<PeerConnection>> = "peerConnectionList",
        /// SFS Turbo file systems, the full list.
        sfs_turbo_connection_list: Option<Vec<SfsTurboConnection>> = "sfsTurboConnectionList",
    }
}

shape! {
    /// A peered VPC.
    pub struct PeerConnection {
        /// The VPC.
        peer_vpc_id: Option<String> = "peerVpcId",
        /// The subnet in it.
        peer_subnet_id: Option<String> = "peerSubnetId",
        /// Whether the default route leads there; the spelling is the service's.
        default_gate_way: Option<bool> = "defaultGateWay",
        /// `Connecting`, `Active` or `Abnormal`; only in a status.
        phase: Option<String> = "phase",
    }
}

shape! {
    /// An SFS Turbo file system.
    pub struct SfsTurboConnection {
        /// Its name.
        name: Option<String> = "name",
        /// Its ID.
        sfs_id: Option<String> = "sfsId",
        /// Only in a status.
        status: Option<String> = "status",
    }
}

shape! {
    /// Observed state of a network.
    pub struct NetworkStatus {
        /// Empty for a moment after creation.
        phase: Option<NetworkPhase> = "phase",
        /// State of each connection.
        connection_status: Option<Value> = "connectionStatus",
        /// Subnets behind the network.
        subnets: Option<Vec<Value>> = "subnets",
    }
}

shape! {
    /// One page of networks.
    pub struct NetworkList {
        /// `v1`.
        api_version: Option<String> = "apiVersion",
        /// `NetworkList`.
        kind: Option<String> = "kind",
        /// Where the next page begins.
        metadata: Option<ListMeta> = "metadata",
        /// The networks. Absent means that the answer was not a list.
        items: Option<Vec<Network>> = "items",
    }
}

impl Network {
    /// The network ID.
    #[must_use]
    pub fn id(&self) -> Option<&str> {
        self.metadata.name.as_deref().filter(|id| !id.is_empty())
    }

    /// The name the user chose.
    #[must_use]
    pub fn display_name(&self) -> Option<&str> {
        self.metadata.labels.get(keys::NAME)
    }

    /// The description; empty if there is none.
    #[must_use]
    pub fn description(&self) -> &str {
        self.metadata.annotations.get(keys::DESCRIPTION).unwrap_or_default()
    }

    /// The phase; nothing while the service has given none, or an empty one.
    #[must_use]
    pub fn phase(&self) -> Option<&NetworkPhase> {
        let phase = self.status.as_ref()?.phase.as_ref()?;
        (!phase.as_str().is_empty()).then_some(phase)
    }
}
