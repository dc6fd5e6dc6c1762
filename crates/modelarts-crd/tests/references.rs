//! Where a text in an object can lead: every text that the definitions take is listed here with what it
//! names. A new field fails the test until somebody has said that it leads to no other namespace.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::collections::BTreeMap;

use kube_core::CustomResourceExt;
use modelarts_crd::{ModelArtsAccount, ModelArtsNetwork, ModelArtsPool};
use serde_json::Value;

/// What a text names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Names {
    /// Nothing: it is a setting, or text for people.
    Nothing,
    /// An account, which belongs to the cluster and says which namespaces may use it.
    Account,
    /// An object of the same namespace.
    Neighbour,
    /// A thing of the cloud, in the account's project, which the account's key alone decides.
    Cloud,
    /// A Secret in the operator's namespace. In a kind of the cluster only.
    Secret,
    /// Where signatures are sent. In a kind of the cluster only.
    Endpoint,
}
use Names::{Account, Cloud, Endpoint, Neighbour, Nothing, Secret};

/// The texts that name something, of all kinds. All others are settings.
const REFERENCES: [(&str, Names); 24] = [
    ("spec.account", Account),
    ("spec.networkRef.name", Neighbour),
    ("spec.adoption.poolId", Cloud),
    ("spec.adoption.networkId", Cloud),
    ("spec.adoption.replacesMarker", Cloud),
    ("spec.network.name", Cloud),
    ("spec.networkName", Cloud),
    ("spec.poolName", Cloud),
    ("spec.workspaceId", Cloud),
    ("spec.jobFlavors[]", Cloud),
    ("spec.resources[].azs[].az", Cloud),
    ("spec.resources[].flavor", Cloud),
    ("spec.resources[].nodePool", Cloud),
    ("spec.resources[].os.imageId", Cloud),
    ("spec.resources[].os.name", Cloud),
    ("spec.connection.peerConnectionList[].peerSubnetId", Cloud),
    ("spec.connection.peerConnectionList[].peerVpcId", Cloud),
    ("spec.connection.sfsTurboConnectionList[].name", Cloud),
    ("spec.connection.sfsTurboConnectionList[].sfsId", Cloud),
    ("spec.projectId", Cloud),
    ("spec.projectName", Cloud),
    ("spec.credentials.secret.name", Secret),
    ("spec.endpoint", Endpoint),
    ("spec.iamEndpoint", Endpoint),
];

/// The settings: texts that name nothing. A region leads to the vendor's own hosts only.
const SETTINGS: [&str; 23] = [
    "spec.allowedNamespaces.matchExpressions[].key",
    "spec.allowedNamespaces.matchExpressions[].operator",
    "spec.allowedNamespaces.matchExpressions[].values[]",
    "spec.allowedNamespaces.matchLabels{}",
    "spec.caBundle",
    "spec.cidr",
    "spec.description",
    "spec.driver.gpuVersion",
    "spec.driver.npuVersion",
    "spec.nodePrefix",
    "spec.pollInterval",
    "spec.region",
    "spec.resources[].creatingStep.type",
    "spec.resources[].dataVolumes[].extendParams{}",
    "spec.resources[].dataVolumes[].size",
    "spec.resources[].dataVolumes[].volumeType",
    "spec.resources[].driver.version",
    "spec.resources[].extendParams{}",
    "spec.resources[].labels{}",
    "spec.resources[].os.imageType",
    "spec.resources[].rootVolume.extendParams{}",
    "spec.resources[].rootVolume.size",
    "spec.resources[].rootVolume.volumeType",
];

/// The texts under a schema, by their path, those with a fixed set of values left out.
fn texts(schema: &Value, path: &str, found: &mut Vec<String>) {
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        texts(property, &format!("{path}.{name}"), found);
    }
    if schema["items"].is_object() {
        texts(&schema["items"], &format!("{path}[]"), found);
    }
    if schema["additionalProperties"].is_object() {
        texts(&schema["additionalProperties"], &format!("{path}{{}}"), found);
    }
    assert!(
        schema["x-kubernetes-preserve-unknown-fields"] != true,
        "{path} takes anything, so nobody can say where it leads"
    );
    if schema["type"] == "string" && schema["enum"].is_null() {
        found.push(path.to_owned());
    }
}

/// What the texts of a kind's spec name.
fn named<K: CustomResourceExt>(known: &BTreeMap<&str, Names>) -> Vec<(String, Names)> {
    let definition = serde_json::to_value(K::crd()).unwrap();
    let schema = &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"];
    let mut found = Vec::new();
    texts(&schema["properties"]["spec"], "spec", &mut found);
    assert!(found.len() > 5, "{found:?}");
    let name = |path: String| match known.get(path.as_str()) {
        Some(names) => (path, *names),
        None => panic!("{path}: say in this test what it names"),
    };
    found.into_iter().map(name).collect()
}

#[test]
fn no_text_of_a_pool_or_network_leads_to_another_namespace_a_secret_or_an_endpoint() {
    let settings = SETTINGS.map(|path| (path, Nothing));
    let known: BTreeMap<&str, Names> = REFERENCES.into_iter().chain(settings).collect();
    let mut reachable = named::<ModelArtsPool>(&known);
    reachable.extend(named::<ModelArtsNetwork>(&known));
    let across: Vec<_> = reachable
        .iter()
        .filter(|(_, names)| matches!(names, Secret | Endpoint))
        .collect();
    assert!(across.is_empty(), "{across:?}");
    let neighbours: Vec<&str> = reachable
        .iter()
        .filter(|(_, names)| *names == Neighbour)
        .map(|(path, _)| path.as_str())
        .collect();
    assert_eq!(
        neighbours,
        ["spec.networkRef.name"],
        "a name beside it, and no namespace"
    );
    let used = reachable.into_iter().chain(named::<ModelArtsAccount>(&known));
    let used: Vec<String> = used.map(|(path, _)| path).collect();
    let idle: Vec<_> = known
        .keys()
        .filter(|path| !used.iter().any(|used| used == *path))
        .collect();
    assert!(idle.is_empty(), "{idle:?}");
}

#[test]
fn no_field_of_a_pool_or_network_is_a_namespace() {
    for definition in [ModelArtsPool::crd(), ModelArtsNetwork::crd()] {
        let text = serde_json::to_string(&definition.spec.versions[0].schema).unwrap();
        assert!(!text.to_ascii_lowercase().contains(r#"namespace":{"#), "{text}");
    }
}
