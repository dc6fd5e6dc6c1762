//! `ModelArtsNetwork`: the network that the nodes of pools are in, with the same life as a pool.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::policy::{DeletionPolicy, ManagementPolicy, NetworkAdoption, NetworkDrift};
use crate::status::Creation;

/// What a network should be.
#[derive(CustomResource, JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    crates(kube_core = "::kube_core"),
    group = "modelarts.huaweicloud.com",
    version = "v1alpha1",
    kind = "ModelArtsNetwork",
    plural = "modelartsnetworks",
    singular = "modelartsnetwork",
    shortname = "manet",
    category = "modelarts",
    namespaced,
    status = "ModelArtsNetworkStatus",
    derive = "PartialEq",
    doc = "A network of Huawei Cloud ModelArts for the nodes of pools. The operator creates it in the cloud once, keeps it, and deletes it when this object is deleted and no pool uses it any more.",
    selectable = ".spec.account",
    selectable = ".status.phase",
    selectable = ".status.networkId",
    printcolumn(
        name = "Network-Name",
        type_ = "string",
        json_path = ".status.networkName",
        description = "The network's name in ModelArts"
    ),
    printcolumn(
        name = "CIDR",
        type_ = "string",
        json_path = ".status.cidr",
        description = "Address range of the network"
    ),
    printcolumn(
        name = "Phase",
        type_ = "string",
        json_path = ".status.phase",
        description = "The network's phase, in ModelArts' own word"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        description = "Whether pools can be created in the network"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Age of this object"
    ),
    printcolumn(
        name = "Network-ID",
        type_ = "string",
        json_path = ".status.networkId",
        priority = 1,
        description = "The network's ID in ModelArts"
    ),
    printcolumn(
        name = "Account",
        type_ = "string",
        json_path = ".spec.account",
        priority = 1,
        description = "ModelArtsAccount that the network belongs to; empty means default"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1,
        description = "Why the network is ready or not"
    )
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = crate::rules::network_spec)]
pub struct ModelArtsNetworkSpec {
    /// Name of the ModelArtsAccount to create the network with.
    /// Absent means "default". Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 253))]
    pub account: Option<String>,

    /// The network's name in ModelArts: 4 to 25 lowercase letters, digits and hyphens, beginning with a letter, not ending
    /// with a hyphen.
    /// Absent means that the operator derives one from this object's name and uid. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(min = 4, max = 25),
        regex(pattern = r"^[a-z][a-z0-9-]{2,23}[a-z0-9]$")
    )]
    pub network_name: Option<String>,

    /// ID of the ModelArts workspace to create the network in. Absent means "0", the default workspace. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 36), regex(pattern = r"^[A-Za-z0-9-]+$"))]
    pub workspace_id: Option<String>,

    /// Free text kept with the network, at most 47 characters, without any of ! < > = & " ' [ ].
    /// The operator appends a marker in square brackets to it in the cloud, by which it knows its own networks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = 47), regex(pattern = r#"^[^!<>=&"'\[\]]*$"#))]
    pub description: Option<String>,

    /// Address range: 172.16.0.0 with a prefix of 12 to 24 bits, or 192.168.0.0 with 16 to 24. It must not overlap your VPC,
    /// nor 172.16.0.0/16 and 10.247.0.0/16, which the nodes use inside. Needed to create a network. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(min = 9, max = 18),
        regex(
            pattern = r"^(172\.(1[6-9]|2[0-9]|3[01])\.[0-9]{1,3}\.[0-9]{1,3}/(1[2-9]|2[0-4])|192\.168\.[0-9]{1,3}\.[0-9]{1,3}/(1[6-9]|2[0-4]))$"
        )
    )]
    pub cidr: Option<String>,

    /// Connections of the network to your own VPCs and file systems. Absent: not managed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Connection")]
    pub connection: Option<Connection>,

    /// How far the operator goes: Manage (also what absence means) creates, changes and deletes; Observe only shows the network
    /// that networkName or adoption.networkId names, and never changes it; Pause makes no call to the cloud at all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ManagementPolicy")]
    pub management_policy: Option<ManagementPolicy>,

    /// What happens to the network in the cloud when this object is deleted: Delete deletes it once no pool uses it; Detach
    /// leaves it alone and names its ID in an event.
    /// Absent: what the namespace's annotation modelarts.huaweicloud.com/deletion-policy says, else Delete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DeletionPolicy")]
    pub deletion_policy: Option<DeletionPolicy>,

    /// Takes over a network that exists, instead of creating one. Absent: nothing that is not marked as this object's is taken over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NetworkAdoption")]
    pub adoption: Option<NetworkAdoption>,

    /// What to do when somebody else changes the network. Absent: put it back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NetworkDrift")]
    pub drift: Option<NetworkDrift>,
}

/// Connections out of a network. Each list is the full list.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Connection {
    /// VPCs to peer with.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"))]
    pub peer_connection_list: Vec<PeerConnection>,
    /// SFS Turbo file systems to connect.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 20), extend("x-kubernetes-list-type" = "atomic"))]
    pub sfs_turbo_connection_list: Vec<SfsTurboConnection>,
}

/// A VPC to peer with.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PeerConnection {
    /// ID of the VPC.
    #[schemars(length(min = 1, max = 64))]
    pub peer_vpc_id: String,
    /// ID of the subnet in it.
    #[schemars(length(min = 1, max = 64))]
    pub peer_subnet_id: String,
    /// Whether the default route of the network leads there. Absent: no. The spelling is the API's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "bool")]
    pub default_gate_way: Option<bool>,
}

/// An SFS Turbo file system.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SfsTurboConnection {
    /// Name of the file system.
    #[schemars(length(min = 1, max = 64))]
    pub name: String,
    /// ID of the file system.
    #[schemars(length(min = 1, max = 64))]
    pub sfs_id: String,
}

impl ModelArtsNetworkSpec {
    /// The account's name, with the meaning of absence.
    pub fn account_name(&self) -> &str {
        self.account.as_deref().unwrap_or("default")
    }

    /// The workspace's ID, with the meaning of absence.
    pub fn workspace(&self) -> &str {
        self.workspace_id.as_deref().unwrap_or("0")
    }

    /// The management policy, with the meaning of absence.
    pub fn management(&self) -> ManagementPolicy {
        self.management_policy.unwrap_or(ManagementPolicy::Manage)
    }
}

/// What was last seen of the network, and what is being done about it.
///
/// The API server puts `observedGeneration: -1` into every new object, as for pools.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"observedGeneration": -1}))]
pub struct ModelArtsNetworkStatus {
    /// Generation of the spec that this status speaks of; -1 before the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Value of the requestedAt annotation that was handled last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,

    /// The network's ID in ModelArts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_id: Option<String>,
    /// The network's name in ModelArts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub network_name: Option<String>,
    /// When ModelArts made the network, in its own notation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Address range of the network, as ModelArts gives it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cidr: Option<String>,

    /// The network's phase, in ModelArts' own word: Creating, Active, Abnormal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phase: Option<String>,
    /// States of the connections, as ModelArts gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "atomic"))]
    pub connections: Vec<ConnectionState>,

    /// The write-ahead record of the last attempt to create the network.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub creation: Option<Creation>,
    /// Generation of the spec that was last sent to the cloud or found there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied_generation: Option<i64>,

    /// Ready, Reconciling, Stalled, Synced.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}

/// State of one connection.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct ConnectionState {
    /// ID of the VPC, or of the file system.
    pub id: String,
    /// Connecting, Creating, Active, Abnormal or Deleting.
    pub state: String,
}
