//! Networks: created in the background like pools, and held by the pools attached to them.

use modelarts_types::keys;
use serde_json::{Map, Value, json};

use crate::{
    chance::Chance,
    clock::{Millis, rfc3339},
    cloud::{At, Cloud, Due},
    json::{drop_nulls, fixed, merge, object, section, text},
    ledger::{Subject, Trace},
    operation::Call,
    page,
    refusal::Refusal,
    resize::MERGE_PATCH,
    rules,
    selector::Selector,
};

const LONGEST_NAME: usize = 32;
/// The network that every project has from the start.
const SEEDED_NAME: &str = "net-0123";

/// A network.
#[derive(Debug, Clone, PartialEq)]
pub struct NetworkRecord {
    /// The network ID, `<display name>-<project ID>`.
    pub id: String,
    incarnation: u64,
    labels: Map<String, Value>,
    annotations: Map<String, Value>,
    spec: Value,
    ready: bool,
    created: Millis,
    deleted: Option<Millis>,
    subnet: String,
    /// Whether it was there from the start and so counts towards no quota.
    seeded: bool,
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
            ready: true,
            created: now,
            deleted: None,
            subnet: chance.uuid(),
            seeded: true,
        }
    }

    /// Whether pools can be attached.
    #[must_use]
    pub fn active(&self) -> bool {
        self.ready && self.deleted.is_none()
    }

    fn name(&self) -> &str {
        self.labels.get(keys::NAME).and_then(Value::as_str).unwrap_or_default()
    }

    fn view(&self) -> Value {
        let mut metadata = json!({
            "name": self.id,
            "creationTimestamp": rfc3339(self.created),
            "labels": self.labels,
            "annotations": self.annotations,
        });
        if let Some(deleted) = self.deleted {
            metadata["deletionTimestamp"] = json!(rfc3339(deleted));
        }
        let status = if self.ready {
            json!({
                "phase": "Active",
                "connectionStatus": connection_status(&self.spec["connection"]),
                "subnets": [{"networkId": self.subnet}],
            })
        } else {
            json!({"phase": "Creating", "connectionStatus": {}})
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

/// Every connection that is asked for is there at once.
fn connection_status(connection: &Value) -> Value {
    let with = |list: &Value, key: &str, word: &str| -> Vec<Value> {
        let items = list.as_array().cloned().unwrap_or_default();
        let mark = |mut item: Value| {
            item[key] = json!(word);
            item
        };
        items.into_iter().filter(Value::is_object).map(mark).collect()
    };
    let peers = with(&connection["peerConnectionList"], "phase", "Active");
    let turbos = with(&connection["sfsTurboConnectionList"], "status", "Active");
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
fn check_cidr(cidr: &str) -> Result<(), Refusal> {
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

impl Cloud {
    pub(crate) fn create_network_from_call(
        &mut self,
        call: &Call,
        trace: Trace<'_>,
        now: Millis,
    ) -> Result<Value, Refusal> {
        let body = Value::Object(object(&call.body)?);
        self.new_network(&call.project, &body, trace, now)
    }

    /// CreateNetwork.
    pub(crate) fn new_network(
        &mut self,
        project: &str,
        body: &Value,
        trace: Trace<'_>,
        now: Millis,
    ) -> Result<Value, Refusal> {
        let mut body = body.clone();
        drop_nulls(&mut body);
        let body = body.as_object().cloned().unwrap_or_default();
        fixed(&body, "apiVersion", "v1")?;
        fixed(&body, "kind", "Network")?;
        let metadata = section(&body, "metadata")?;
        let mut labels = section(&metadata, "labels")?;
        let mut annotations = section(&metadata, "annotations")?;
        rules::texts(&labels)?;
        rules::texts(&annotations)?;
        let name = text(&labels, keys::NAME)?.unwrap_or_default().to_owned();
        rules::display_name(&name, LONGEST_NAME)?;
        rules::description(&annotations)?;
        let spec = section(&body, "spec")?;
        check_cidr(text(&spec, "cidr")?.unwrap_or_default())?;
        let connection = section(&spec, "connection")?;
        if !self.profile.keep_unknown_keys {
            labels.retain(|key, _| key == keys::NAME || key == keys::WORKSPACE_ID);
            annotations.retain(|key, _| key == keys::DESCRIPTION);
        }
        let id = format!("{name}-{project}");
        let incarnation = self.next_incarnation();
        let subnet = self.chance.uuid();
        let quota = self.profile.network_quota;
        let Some(place) = self.projects.get_mut(project) else {
            return Err(Refusal::foreign_project());
        };
        if place.networks.values().filter(|network| !network.seeded).count() as u64 >= quota {
            return Err(Refusal::quota("network", quota));
        }
        if place.networks.contains_key(&id) {
            return Err(Refusal::bad_request(format!("The network {name} already exists.")));
        }
        let network = NetworkRecord {
            id: id.clone(),
            incarnation,
            labels,
            annotations,
            spec: json!({"cidr": spec["cidr"], "connection": connection}),
            ready: false,
            created: now,
            deleted: None,
            subnet,
            seeded: false,
        };
        let mut answer = network.view();
        answer["status"] = json!({"phase": ""});
        place.networks.insert(id.clone(), network);
        let at = At {
            project: project.to_owned(),
            id: id.clone(),
            incarnation,
        };
        let ready = now.saturating_add(self.profile.create_millis());
        self.schedule(ready, Due::NetworkReady(at));
        self.record_network(project, &id, &name, trace, now);
        Ok(answer)
    }

    pub(crate) fn list_networks_from_call(&self, call: &Call) -> Result<Value, Refusal> {
        let selector = Selector::parse(call.parameter("labelSelector").unwrap_or_default())?;
        let networks = self.projects.get(&call.project).into_iter();
        let items: Vec<Value> = networks
            .flat_map(|project| project.networks.values())
            .filter(|network| selector.matches(&network.labels))
            .map(NetworkRecord::view)
            .collect();
        let (items, metadata) = page::cut(call, items)?;
        Ok(json!({
            "kind": "NetworkList",
            "apiVersion": "v1",
            "metadata": metadata,
            "items": items,
        }))
    }

    pub(crate) fn network_view(&self, project: &str, id: &str) -> Result<Value, Refusal> {
        self.projects
            .get(project)
            .and_then(|project| project.networks.get(id))
            .map(NetworkRecord::view)
            .ok_or_else(Refusal::network_not_found)
    }

    pub(crate) fn patch_network_from_call(
        &mut self,
        call: &Call,
        trace: Trace<'_>,
        now: Millis,
    ) -> Result<Value, Refusal> {
        if call.content_type != MERGE_PATCH {
            return Err(Refusal::content_type());
        }
        let patch = object(&call.body)?;
        self.change_network(&call.project, &call.id, patch, trace, now)
    }

    /// PatchNetwork: connections, description and workspace; everything else is fixed.
    pub(crate) fn change_network(
        &mut self,
        project: &str,
        id: &str,
        patch: Map<String, Value>,
        trace: Trace<'_>,
        now: Millis,
    ) -> Result<Value, Refusal> {
        let ignore = self.profile.ignore_immutable;
        let network = self.network_mut(project, id)?;
        let mut metadata = json!({"labels": network.labels, "annotations": network.annotations});
        merge(&mut metadata, patch.get("metadata").unwrap_or(&json!({})));
        let mut spec = network.spec.clone();
        merge(&mut spec, patch.get("spec").unwrap_or(&json!({})));
        let metadata = metadata.as_object().cloned().unwrap_or_default();
        let labels = section(&metadata, "labels")?;
        let annotations = section(&metadata, "annotations")?;
        rules::texts(&labels)?;
        rules::texts(&annotations)?;
        rules::description(&annotations)?;
        let fixed = labels.get(keys::NAME) == network.labels.get(keys::NAME) && spec["cidr"] == network.spec["cidr"];
        if !fixed && !ignore {
            return Err(Refusal::bad_request(
                "The name and cidr of a network cannot be changed.",
            ));
        }
        for (key, value) in labels {
            if key == keys::WORKSPACE_ID {
                network.labels.insert(key, value);
            }
        }
        match annotations.get(keys::DESCRIPTION) {
            Some(text) if text != "" => {
                network.annotations.insert(keys::DESCRIPTION.to_owned(), text.clone());
            }
            _ => {
                network.annotations.remove(keys::DESCRIPTION);
            }
        }
        let connection = spec.get("connection").filter(|value| value.is_object());
        network.spec["connection"] = connection.cloned().unwrap_or_else(|| json!({}));
        let (view, name) = (network.view(), network.name().to_owned());
        self.record_network(project, id, &name, trace, now);
        Ok(view)
    }

    pub(crate) fn delete_network_from_call(
        &mut self,
        call: &Call,
        trace: Trace<'_>,
        now: Millis,
    ) -> Result<Value, Refusal> {
        self.drop_network(&call.project, &call.id, trace, now)
    }

    /// DeleteNetwork.
    pub(crate) fn drop_network(
        &mut self,
        project: &str,
        id: &str,
        trace: Trace<'_>,
        now: Millis,
    ) -> Result<Value, Refusal> {
        let used = self
            .projects
            .get(project)
            .is_some_and(|project| project.uses_network(id));
        let network = self.network_mut(project, id)?;
        if used {
            return Err(Refusal::network_in_use());
        }
        network.deleted.get_or_insert(now);
        let at = At {
            project: project.to_owned(),
            id: id.to_owned(),
            incarnation: network.incarnation,
        };
        let (view, name) = (network.view(), network.name().to_owned());
        let gone = now.saturating_add(self.profile.delete_millis());
        self.schedule(gone, Due::NetworkGone(at));
        self.record_network(project, id, &name, trace, now);
        Ok(view)
    }

    pub(crate) fn network_ready(&mut self, at: &At) {
        if let Some(network) = self.network_at(at) {
            network.ready = true;
        }
    }

    pub(crate) fn network_gone(&mut self, at: &At) {
        if self.network_at(at).is_some()
            && let Some(project) = self.projects.get_mut(&at.project)
        {
            project.networks.remove(&at.id);
        }
    }

    fn network_at(&mut self, at: &At) -> Option<&mut NetworkRecord> {
        self.network_mut(&at.project, &at.id)
            .ok()
            .filter(|network| network.incarnation == at.incarnation)
    }

    fn network_mut(&mut self, project: &str, id: &str) -> Result<&mut NetworkRecord, Refusal> {
        self.projects
            .get_mut(project)
            .and_then(|project| project.networks.get_mut(id))
            .ok_or_else(Refusal::network_not_found)
    }

    fn record_network(&mut self, project: &str, id: &str, name: &str, trace: Trace<'_>, now: Millis) {
        let subject = Subject {
            pool: None,
            network: Some(id.to_owned()),
            name: name.to_owned(),
        };
        self.ledger.append(now, project, subject, trace);
    }
}
