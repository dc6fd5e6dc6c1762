//! What is wanted of a network, and the next change that brings it closer.
//!
//! A network that is adopted or observed may do without a `cidr`; a connection that the spec does not
//! name is not managed.

use modelarts_crd::ModelArtsNetwork;
use modelarts_crd::conditions::Reason;
use modelarts_crd::network::ModelArtsNetworkSpec;
use modelarts_crd::policy::NetworkField;
use modelarts_types::keys;
use modelarts_types::metadata::Metadata;
use modelarts_types::network::{Connection, Network, NetworkPhase, NetworkSpec, PeerConnection, SfsTurboConnection};
use serde_json::{Map, Value, json};

use crate::identity::{ClusterId, Marker, derived_name, fingerprint_of, without_marker};
use crate::next::{Change, Next};
use crate::spelling;

/// A spec that can be turned into a network.
#[derive(Clone, Debug, PartialEq)]
pub struct DesiredNetwork {
    /// The network's name in the cloud.
    pub network_name: String,
    /// The network, with its marker.
    pub network: Network,
    /// Whether the user chose the name.
    named: bool,
    /// Fields that others own.
    ignore: Vec<NetworkField>,
    /// Fingerprint of what is asked for, and of the last request for a pass.
    pub hash: String,
}

impl DesiredNetwork {
    /// Parses the spec of an object.
    ///
    /// # Errors
    /// Every problem, each naming its field.
    pub fn parse(object: &ModelArtsNetwork, cluster: &ClusterId) -> Result<Self, Vec<String>> {
        let spec = &object.spec;
        let (given, description) = (spec.network_name.as_deref(), spec.description.as_deref());
        let problems = spelling::problems("networkName", given, description);
        if !problems.is_empty() {
            return Err(problems);
        }
        let uid = object.metadata.uid.as_deref().unwrap_or_default();
        let name = object.metadata.name.as_deref().unwrap_or_default();
        let network_name = spec.network_name.clone();
        let network_name = network_name.unwrap_or_else(|| derived_name(name, uid, cluster));
        let mut metadata = Metadata::default();
        metadata.labels.set(keys::NAME, network_name.clone());
        metadata.labels.set(keys::WORKSPACE_ID, spec.workspace());
        let text = spec.description.as_deref().unwrap_or_default();
        let description = Marker::of(uid, cluster).append_to(text);
        metadata.annotations.set(keys::DESCRIPTION, description);
        let network = Network {
            api_version: Some("v1".into()),
            kind: Some("Network".into()),
            metadata,
            spec: NetworkSpec {
                cidr: spec.cidr.clone(),
                connection: connection(spec),
                ..NetworkSpec::default()
            },
            ..Network::default()
        };
        let annotations = object.metadata.annotations.as_ref();
        let requested = annotations.and_then(|all| all.get(modelarts_crd::REQUESTED_AT));
        let hash = fingerprint_of(json!([network, requested]).to_string().as_bytes());
        Ok(Self {
            network_name,
            network,
            named: spec.network_name.is_some(),
            ignore: spec
                .drift
                .as_ref()
                .map(|drift| drift.ignore.clone())
                .unwrap_or_default(),
            hash,
        })
    }
}

fn connection(spec: &ModelArtsNetworkSpec) -> Option<Connection> {
    let wanted = spec.connection.as_ref()?;
    let peers = wanted.peer_connection_list.iter().map(|peer| PeerConnection {
        peer_vpc_id: Some(peer.peer_vpc_id.clone()),
        peer_subnet_id: Some(peer.peer_subnet_id.clone()),
        default_gate_way: peer.default_gate_way,
        ..PeerConnection::default()
    });
    let stores = wanted.sfs_turbo_connection_list.iter().map(|store| SfsTurboConnection {
        name: Some(store.name.clone()),
        sfs_id: Some(store.sfs_id.clone()),
        ..SfsTurboConnection::default()
    });
    Some(Connection {
        peer_connection_list: Some(peers.collect()),
        sfs_turbo_connection_list: Some(stores.collect()),
        ..Connection::default()
    })
}

/// The next change that brings `observed` closer to what is wanted.
pub(crate) fn next(desired: &DesiredNetwork, observed: &Network, marker: &Marker) -> Next {
    if let Some(refused) = immutable(desired, observed) {
        return refused;
    }
    let (mut fields, mut patch) = (Vec::new(), Map::new());
    let text = without_marker(desired.network.description()).trim();
    if !desired.ignore.contains(&NetworkField::Description) && text != without_marker(observed.description()).trim() {
        fields.push("description".to_owned());
        let description = json!({"annotations": {keys::DESCRIPTION: marker.append_to(text)}});
        patch.insert("metadata".to_owned(), description);
    }
    if let Some(wanted) = &desired.network.spec.connection
        && !desired.ignore.contains(&NetworkField::Connection)
        && !same_connection(wanted, observed.spec.connection.as_ref())
    {
        fields.push("connection".to_owned());
        patch.insert("spec".to_owned(), json!({"connection": wanted}));
    }
    if fields.is_empty() {
        return Next::Nothing;
    }
    match observed.phase() {
        Some(NetworkPhase::Active | NetworkPhase::Abnormal) => Next::Send(Change {
            fields,
            patch: Value::Object(patch),
            grows: false,
            shrinks: false,
        }),
        phase => Next::Wait {
            fields,
            reason: Reason::ChangePending,
            text: format!(
                "the network is in phase {}, in which it is not changed",
                phase.map_or("no phase", NetworkPhase::as_str)
            ),
        },
    }
}

/// What an adopted network has otherwise and the service cannot change.
fn immutable(desired: &DesiredNetwork, observed: &Network) -> Option<Next> {
    let refused = |field: &str, wanted: &str, there: &str| Next::Refused {
        fields: vec![field.to_owned()],
        reason: Reason::ImmutableField,
        text: format!("the network has {field} {there}, which cannot become {wanted}; write {there} into the spec"),
    };
    let there = observed.display_name().unwrap_or_default();
    if desired.named && there != desired.network_name {
        return Some(refused("networkName", &desired.network_name, there));
    }
    let (wanted, there) = (desired.network.spec.cidr.as_deref()?, observed.spec.cidr.as_deref()?);
    (wanted != there).then(|| refused("cidr", wanted, there))
}

/// Lists are full lists, and their order means nothing. A default route that is not named is none.
fn same_connection(wanted: &Connection, there: Option<&Connection>) -> bool {
    let peers = |connection: Option<&Connection>| {
        let list = connection.and_then(|connection| connection.peer_connection_list.as_deref());
        let mut all: Vec<_> = list
            .unwrap_or_default()
            .iter()
            .map(|peer| {
                let default_route = peer.default_gate_way.unwrap_or_default();
                (peer.peer_vpc_id.clone(), peer.peer_subnet_id.clone(), default_route)
            })
            .collect();
        all.sort();
        all
    };
    let stores = |connection: Option<&Connection>| {
        let list = connection.and_then(|connection| connection.sfs_turbo_connection_list.as_deref());
        let mut all: Vec<_> = list
            .unwrap_or_default()
            .iter()
            .map(|store| (store.name.clone(), store.sfs_id.clone()))
            .collect();
        all.sort();
        all
    };
    peers(Some(wanted)) == peers(there) && stores(Some(wanted)) == stores(there)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn object(extra: Value) -> ModelArtsNetwork {
        let mut spec = json!({"cidr": "192.168.128.0/17", "description": "for training"});
        if let (Some(spec), Value::Object(extra)) = (spec.as_object_mut(), extra) {
            spec.extend(extra);
        }
        serde_json::from_value(json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsNetwork",
            "metadata": {"name": "train", "uid": "u"}, "spec": spec,
        }))
        .unwrap()
    }

    fn desired(extra: Value) -> DesiredNetwork {
        DesiredNetwork::parse(&object(extra), &ClusterId("c".into())).unwrap()
    }

    fn marker() -> Marker {
        Marker::of("u", &ClusterId("c".into()))
    }

    /// What the cloud has after the creation, and what somebody did to it.
    fn observed(of: &DesiredNetwork, phase: &str, edit: impl FnOnce(&mut Value)) -> Network {
        let mut value = json!(of.network);
        value["status"] = json!({"phase": phase});
        edit(&mut value);
        serde_json::from_value(value).unwrap()
    }

    /// An object may be older than a rule of the schema.
    #[test]
    fn a_name_or_description_that_the_service_does_not_take_is_a_problem_with_its_field() {
        for (extra, field) in [
            (json!({"networkName": "../.."}), "spec.networkName"),
            (json!({"networkName": "Vision"}), "spec.networkName"),
            (json!({"networkName": "net"}), "spec.networkName"),
            (json!({"description": "a [mapool:"}), "spec.description"),
            (json!({"description": "x".repeat(48)}), "spec.description"),
        ] {
            let problems = DesiredNetwork::parse(&object(extra), &ClusterId("c".into())).unwrap_err();
            assert!(problems.len() == 1 && problems[0].starts_with(field), "{problems:?}");
        }
        desired(json!({"networkName": "vision-net", "description": "x".repeat(47)}));
    }

    #[test]
    fn what_is_as_wanted_is_left_alone_in_any_order() {
        let peers = json!({"connection": {"peerConnectionList": [
            {"peerVpcId": "a", "peerSubnetId": "1"}, {"peerVpcId": "b", "peerSubnetId": "2"},
        ]}});
        let desired = desired(peers);
        let reversed = observed(&desired, "Active", |value| {
            let list = &mut value["spec"]["connection"]["peerConnectionList"];
            *list = json!([
                {"peerVpcId": "b", "peerSubnetId": "2", "defaultGateWay": false},
                {"peerVpcId": "a", "peerSubnetId": "1"},
            ]);
        });
        assert_eq!(next(&desired, &reversed, &marker()), Next::Nothing);
    }

    #[test]
    fn a_change_holds_only_what_differs_and_keeps_the_marker() {
        let desired = desired(json!({"connection": {"sfsTurboConnectionList": [{"name": "s", "sfsId": "1"}]}}));
        let described = observed(&desired, "Active", |value| {
            value["metadata"]["annotations"][keys::DESCRIPTION] = json!(marker().append_to("other"));
        });
        let Next::Send(change) = next(&desired, &described, &marker()) else {
            panic!("a change is sent");
        };
        assert_eq!(change.fields, ["description"]);
        let text = marker().append_to("for training");
        assert_eq!(
            change.patch,
            json!({"metadata": {"annotations": {keys::DESCRIPTION: text}}})
        );
        let cut_off = observed(&desired, "Active", |value| value["spec"]["connection"] = json!({}));
        let Next::Send(change) = next(&desired, &cut_off, &marker()) else {
            panic!("a change is sent");
        };
        assert_eq!(change.fields, ["connection"]);
        assert_eq!(change.patch.as_object().map(Map::len), Some(1));
    }

    #[test]
    fn what_waits_what_is_refused_and_what_others_own() {
        let renamed = |value: &mut Value| value["metadata"]["annotations"][keys::DESCRIPTION] = json!("other");
        let plain = desired(json!({}));
        let creating = observed(&plain, "Creating", renamed);
        assert!(matches!(next(&plain, &creating, &marker()), Next::Wait { .. }));
        let ignoring = desired(json!({"drift": {"ignore": ["description"]}}));
        let active = observed(&ignoring, "Active", renamed);
        assert_eq!(next(&ignoring, &active, &marker()), Next::Nothing);
        let other = observed(&plain, "Active", |value| value["spec"]["cidr"] = json!("172.16.0.0/24"));
        let Next::Refused { reason, text, .. } = next(&plain, &other, &marker()) else {
            panic!("it is refused");
        };
        assert_eq!(reason, Reason::ImmutableField);
        assert!(text.contains("172.16.0.0/24"), "{text}");
    }
}
