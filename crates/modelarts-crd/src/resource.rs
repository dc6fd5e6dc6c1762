//! An entry of a pool's `resources`: nodes of one flavor. Known by flavor and node pool.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Nodes of one flavor.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ResourceEntry {
    /// Flavor of the nodes, for example modelarts.vm.gpu.tnt004.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[A-Za-z0-9][A-Za-z0-9._-]*$"))]
    pub flavor: String,

    /// Number of nodes. A pool with a single entry may leave it out and set spec.nodes instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32", range(min = 1, max = 2000))]
    pub count: Option<i32>,

    /// Name of the node pool, for a flavor that occurs more than once. Absent: the service uses the flavor's default node pool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(min = 2, max = 50),
        regex(pattern = r"^[a-z]([a-z0-9-]*[a-z0-9])?$")
    )]
    pub node_pool: Option<String>,

    /// How the nodes are spread over availability zones. Absent: the service chooses.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10), extend("x-kubernetes-list-type" = "atomic"))]
    pub azs: Vec<Az>,

    /// Further parameters of the nodes as the API defines them, for example dockerBaseSize: "50" (GiB).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 20, "additionalProperties" = {"type": "string", "maxLength": 16384}))]
    pub extend_params: BTreeMap<String, String>,

    /// Operating system image. Absent: the flavor's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Os")]
    pub os: Option<Os>,

    /// Driver of this node pool, where it differs from the pool's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EntryDriver")]
    pub driver: Option<EntryDriver>,

    /// For supernodes: how many nodes are made together. count must be a multiple. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CreatingStep")]
    pub creating_step: Option<CreatingStep>,

    /// System disk of the nodes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Volume")]
    pub root_volume: Option<Volume>,

    /// Data disks of the nodes.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 16), extend("x-kubernetes-list-type" = "atomic"))]
    pub data_volumes: Vec<Volume>,

    /// Kubernetes labels of the nodes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 20, "additionalProperties" = {"type": "string", "maxLength": 63}))]
    pub labels: BTreeMap<String, String>,
}

/// Nodes in one availability zone.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct Az {
    /// Name of the zone, for example cn-north-4a.
    #[schemars(length(min = 1, max = 64))]
    pub az: String,
    /// Number of nodes in the zone.
    #[schemars(range(min = 1, max = 2000))]
    pub count: i32,
}

/// Operating system image.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Os {
    /// Name of the system.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 128))]
    pub name: Option<String>,
    /// ID of the image.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 128))]
    pub image_id: Option<String>,
    /// private for an image of your own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 32))]
    pub image_type: Option<String>,
}

/// Driver of one node pool.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
pub struct EntryDriver {
    /// Version of the driver.
    #[schemars(length(min = 1, max = 64))]
    pub version: String,
}

/// How many nodes are made together.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct CreatingStep {
    /// Nodes per step.
    #[schemars(range(min = 1, max = 2000))]
    pub step: i32,
    /// What a step is: hyperinstance or rack.
    #[serde(rename = "type")]
    #[schemars(length(min = 1, max = 32))]
    pub type_: String,
}

/// A disk.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Volume {
    /// Type of the disk: SSD, GPSSD, SAS or SATA.
    #[schemars(length(min = 1, max = 32))]
    pub volume_type: String,
    /// Size with its unit, for example 500Gi.
    #[schemars(length(min = 1, max = 16), regex(pattern = r"^[0-9]+Gi$"))]
    pub size: String,
    /// Number of such disks. Absent means one. For data disks only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32", range(min = 1, max = 16))]
    pub count: Option<i32>,
    /// Further parameters of the disk as the API defines them, for example volumeGroup.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(extend("maxProperties" = 10, "additionalProperties" = {"type": "string", "maxLength": 128}))]
    pub extend_params: BTreeMap<String, String>,
}
