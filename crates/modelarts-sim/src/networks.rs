//! The operations on networks: created in the background like pools, held by the pools attached.

use modelarts_types::keys;
use serde_json::{Map, Value, json};

use crate::{
    clock::Millis,
    cloud::{At, Cloud, Due},
    json::{drop_nulls, fixed, merge, object, section, text},
    ledger::{Subject, Trace},
    mishaps::MishapKind,
    network::{self, NetworkRecord, check_cidr},
    operation::Call,
    page,
    refusal::Refusal,
    resize::MERGE_PATCH,
    rules,
    selector::Selector,
};

const LONGEST_NAME: usize = 32;

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
        if place.used().1 >= quota {
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
            phase: network::CREATING.to_owned(),
            created: now,
            deleted: None,
            subnet,
            seeded: false,
        };
        let mut answer = network.view();
        answer["status"] = json!({"phase": ""});
        let struck = self
            .mishaps
            .strike(&name, |mishap| mishap.mishap == MishapKind::NetworkFails);
        let then = struck.map_or(network::ACTIVE, |_| network::ABNORMAL);
        place.networks.insert(id.clone(), network);
        let at = At {
            project: project.to_owned(),
            id: id.clone(),
            incarnation,
        };
        let ready = now.saturating_add(self.profile.create_millis());
        self.schedule(ready, Due::NetworkReady(at, then));
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

    pub(crate) fn network_ready(&mut self, at: &At, then: &str) {
        if let Some(network) = self.network_at(at).filter(|network| network.phase == network::CREATING) {
            then.clone_into(&mut network.phase);
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

    pub(crate) fn network_mut(&mut self, project: &str, id: &str) -> Result<&mut NetworkRecord, Refusal> {
        self.projects
            .get_mut(project)
            .and_then(|project| project.networks.get_mut(id))
            .ok_or_else(Refusal::network_not_found)
    }

    pub(crate) fn record_network(&mut self, project: &str, id: &str, name: &str, trace: Trace<'_>, now: Millis) {
        let subject = Subject {
            pool: None,
            network: Some(id.to_owned()),
            name: name.to_owned(),
            description: None,
        };
        self.ledger.append(now, project, subject, trace);
    }
}
