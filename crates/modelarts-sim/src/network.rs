//! One network: what is known of it and how it is shown.

use modelarts_types::keys;
use serde_json::{Map, Value, json};

use crate::{
    chance::Chance,
    clock::{Millis, rfc3339},
    refusal::Refusal,
};

/// The network that every project has from the start.
const SEEDED_NAME: &str = "net-0123";
pub(crate) const CREATING: &str = "Creating";
pub(crate) const ACTIVE: &str = "Active";
pub(crate) const ABNORMAL: &str = "Abnormal";

/// A network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkRecord {
    /// The network ID, `<display name>-<project ID>`.
    pub id: String,
    /// Tells a network from an earlier one of the same ID.
    pub incarnation: u64,
    /// Labels as shown.
    pub labels: Map<String, Value>,
    /// Annotations as shown.
    pub annotations: Map<String, Value>,
    /// The spec as shown.
    pub spec: Value,
    /// The phase: Creating, Active, Abnormal, or whatever a test says.
    pub phase: String,
    /// When it was accepted.
    pub created: Millis,
    /// When a deletion was accepted.
    pub deleted: Option<Millis>,
    /// The ID of its subnet.
    pub subnet: String,
    /// Whether it was there from the start and so counts towards no quota.
    pub seeded: bool,
}

impl NetworkRecord {
    /// The network that a project has from the start, ready for use.
    pub(crate) fn seeded(project: &str, now: Millis, chance: &mut Chance) -> Self {
        Self {
            id: format!("{SEEDED_NAME}-{project}"),
            incarnation: 0,
            labels: Map::from_iter([
                (keys::NAME.to_owned(), json!(SEEDED_NAME)),
                (keys::WORKSPACE_ID.to_owned(), json!("0")),
            ]),
            annotations: Map::new(),
            spec: json!({"cidr": "192.168.0.0/16", "connection": {}}),
            phase: ACTIVE.to_owned(),
            created: now,
            deleted: None,
            subnet: chance.uuid(),
            seeded: true,
        }
    }

    /// Whether pools can be attached.
    #[must_use]
    pub fn active(&self) -> bool {
        self.phase == ACTIVE && self.deleted.is_none()
    }

    /// The display name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.labels.get(keys::NAME).and_then(Value::as_str).unwrap_or_default()
    }

    /// The network as ShowNetwork and ListNetworks show it.
    #[must_use]
    pub fn view(&self) -> Value {
        let mut metadata = json!({
            "name": self.id,
            "creationTimestamp": rfc3339(self.created),
            "labels": self.labels,
            "annotations": self.annotations,
        });
        if let Some(deleted) = self.deleted {
            metadata["deletionTimestamp"] = json!(rfc3339(deleted));
        }
        let status = if matches!(self.phase.as_str(), CREATING | "") {
            json!({"phase": self.phase, "connectionStatus": {}})
        } else {
            let word = if self.phase == ABNORMAL { ABNORMAL } else { ACTIVE };
            json!({
                "phase": self.phase,
                "connectionStatus": connection_status(&self.spec["connection"], word),
                "subnets": [{"networkId": self.subnet}],
            })
        };
        json!({
            "kind": "Network",
            "apiVersion": "v1",
            "metadata": metadata,
            "spec": self.spec,
            "status": status,
        })
    }
}

/// Every connection that is asked for is there at once, and is as well as its network.
fn connection_status(connection: &Value, word: &str) -> Value {
    let with = |list: &Value, key: &str| -> Vec<Value> {
        let items = list.as_array().cloned().unwrap_or_default();
        let mark = |mut item: Value| {
            item[key] = json!(word);
            item
        };
        items.into_iter().filter(Value::is_object).map(mark).collect()
    };
    let peers = with(&connection["peerConnectionList"], "phase");
    let turbos = with(&connection["sfsTurboConnectionList"], "status");
    let mut status = json!({});
    if !peers.is_empty() {
        status["peerConnectionStatus"] = json!(peers);
    }
    if !turbos.is_empty() {
        status["sfsTurboStatus"] = json!(turbos);
    }
    status
}

/// Checks an address range: 172.16.0.0/12 to /24 or 192.168.0.0/16 to /24.
pub(crate) fn check_cidr(cidr: &str) -> Result<(), Refusal> {
    let parsed = cidr.split_once('/').and_then(|(address, length)| {
        let address: std::net::Ipv4Addr = address.parse().ok()?;
        Some((address.octets(), length.parse::<u8>().ok()?))
    });
    let good = match parsed {
        Some(([172, second, ..], 12..=24)) => (16..=31).contains(&second),
        Some(([192, 168, ..], 16..=24)) => true,
        _ => false,
    };
    if good {
        return Ok(());
    }
    Err(Refusal::bad_request(format!(
        "spec.cidr {cidr:?} must lie in 172.16.0.0/12 or 192.168.0.0/16, /24 at the smallest."
    )))
}
