//! `ModelArtsAccount`: where pools are created and as whom. Cluster-scoped, so that it outlives the
//! namespaces that use it, and so that a pool never names a Secret or an endpoint.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, LabelSelector, Time};
use kube_derive::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where and as whom.
#[derive(CustomResource, JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    crates(kube_core = "::kube_core"),
    group = "modelarts.huaweicloud.com",
    version = "v1alpha1",
    kind = "ModelArtsAccount",
    plural = "modelartsaccounts",
    singular = "modelartsaccount",
    shortname = "maaccount",
    category = "modelarts",
    status = "ModelArtsAccountStatus",
    derive = "PartialEq",
    doc = "A project of Huawei Cloud to create ModelArts pools in, the credentials to do it with, and the namespaces that may.",
    printcolumn(
        name = "Region",
        type_ = "string",
        json_path = ".spec.region",
        description = "Region of the project"
    ),
    printcolumn(
        name = "Project",
        type_ = "string",
        json_path = ".status.projectId",
        description = "ID of the project"
    ),
    printcolumn(
        name = "Ready",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].status",
        description = "Whether the account can be used"
    ),
    printcolumn(
        name = "Age",
        type_ = "date",
        json_path = ".metadata.creationTimestamp",
        description = "Age of this object"
    ),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = ".status.conditions[?(@.type==\"Ready\")].message",
        priority = 1,
        description = "Why the account can be used or not"
    )
)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = crate::rules::account_spec)]
pub struct ModelArtsAccountSpec {
    /// Region, for example cn-north-4. Cannot be changed.
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"))]
    pub region: String,

    /// ID of the project, 32 hexadecimal digits. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 64), regex(pattern = r"^[A-Za-z0-9-]+$"))]
    pub project_id: Option<String>,

    /// Name of the project, whose ID is then looked up. Absent, like projectId: the project named after the region. Cannot be changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 64))]
    pub project_name: Option<String>,

    /// Base URL of the ModelArts API, for a private cloud. https only, and its host must be on the operator's list of allowed endpoints.
    /// Absent: the region's public endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 253), regex(pattern = r"^https?://"))]
    pub endpoint: Option<String>,

    /// Base URL of the IAM API. The same rules as for endpoint. Absent: the region's public endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(min = 1, max = 253), regex(pattern = r"^https?://"))]
    pub iam_endpoint: Option<String>,

    /// Certificates in PEM of the authorities that sign the endpoints' certificates, for a private cloud. They are trusted
    /// besides the public ones, by this account only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(min = 1, max = 65536),
        regex(pattern = r"-----BEGIN CERTIFICATE-----")
    )]
    pub ca_bundle: Option<String>,

    /// Where the credentials come from: exactly one of secret, environment, podIdentity and instanceMetadata.
    pub credentials: AccountCredentials,

    /// Which namespaces may have pools in this account, by their labels.
    /// An empty selector means all; absent means none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LabelSelector")]
    pub allowed_namespaces: Option<LabelSelector>,

    /// How fast the operator may call the cloud for this account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccountLimits")]
    pub limits: Option<AccountLimits>,

    /// How often the pools of a workspace are listed, from 5s to 10m, for example 30s.
    /// Absent: the operator's --census-interval.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        with = "String",
        length(min = 2, max = 8),
        regex(pattern = r"^([5-9]|[1-9][0-9]{1,2})s$|^([1-9]|10)m$")
    )]
    pub poll_interval: Option<String>,
}

/// Where the credentials of an account come from: exactly one of these.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[schemars(transform = crate::rules::account_credentials)]
pub struct AccountCredentials {
    /// A Secret in the operator's own namespace. Either the keys accessKey, secretKey and, for temporary keys, securityToken;
    /// or the keys domain, username and password, for tokens. It is read again whenever it changes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SecretName")]
    pub secret: Option<SecretName>,
    /// The operator's own environment: HUAWEICLOUD_SDK_AK, HUAWEICLOUD_SDK_SK and, for temporary keys, HUAWEICLOUD_SDK_SECURITY_TOKEN;
    /// or HW_ACCESS_KEY, HW_SECRET_KEY and HW_SECURITY_TOKEN; or HW_DOMAIN_NAME, HW_USER_NAME and HW_USER_PASSWORD, for tokens.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NoSettings")]
    pub environment: Option<NoSettings>,
    /// The agency of CCE that is associated with the operator's service account. No key is kept anywhere; what the cluster hands out
    /// is renewed before it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NoSettings")]
    pub pod_identity: Option<NoSettings>,
    /// The agency of the ECS instance, or of the CCE node, that the operator runs on. Every pod of that node that reaches the
    /// metadata service has the same rights: prefer podIdentity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "NoSettings")]
    pub instance_metadata: Option<NoSettings>,
}

/// Nothing to set.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct NoSettings {}

/// A Secret in the operator's own namespace.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
pub struct SecretName {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Rates, shared by everything that the operator does for the account.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AccountLimits {
    /// Reads per second. Absent means 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32", range(min = 1, max = 1000))]
    pub reads_per_second: Option<i32>,
    /// Writes per second. Absent means 5.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32", range(min = 1, max = 1000))]
    pub writes_per_second: Option<i32>,
    /// Pools created in any ten minutes. Absent means 30.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "i32", range(min = 1, max = 10000))]
    pub creations_per_ten_minutes: Option<i32>,
}

/// What is known of an account. Written on transitions only.
#[derive(JsonSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("default" = {"observedGeneration": -1}))]
pub struct ModelArtsAccountStatus {
    /// Generation of the spec that this status speaks of; -1 before the first look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// ID of the project.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// resourceVersion of the Secret whose credentials are in use. A key that was in an earlier one is not used any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_version: Option<String>,
    /// Until when the operator sends nothing, because the cloud asked for a pause. A new leader keeps to it, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub paused_until: Option<Time>,
    /// The version of the account and its Secret whose credentials the cloud refused. They are not tried again, also not
    /// after a restart, since the cloud locks a key after five failures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused_credentials: Option<String>,
    /// Ready and CredentialsValid, and Reconciling, Stalled or OrphanFound while true.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,
}
