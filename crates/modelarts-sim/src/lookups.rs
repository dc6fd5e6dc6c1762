//! What can only be looked up: flavors, workspaces, orders, events, quotas; and tags.

use serde_json::{Value, json};

use crate::{
    catalogue,
    clock::Millis,
    cloud::Cloud,
    json::object,
    ledger::Trace,
    operation::{Call, Operation},
    orders, page,
    pool::PoolRecord,
    project::{PoolEvent, Project, WORKSPACES, Workspace},
    refusal::Refusal,
    selector::Selector,
    stock::Stock,
};

const MOST_TAGS: usize = 20;

/// ListResourceFlavors.
pub(crate) fn flavors(call: &Call, stock: &Stock) -> Result<Value, Refusal> {
    let selector = Selector::parse(call.parameter("labelSelector").unwrap_or_default())?;
    let items: Vec<Value> = catalogue::all()
        .into_iter()
        .map(|flavor| stock.view(flavor))
        .filter(|flavor| {
            let labels = flavor["metadata"]["labels"].as_object();
            labels.is_some_and(|labels| selector.matches(labels))
        })
        .collect();
    let (items, metadata) = page::cut(call, items)?;
    Ok(json!({
        "kind": "ResourceFlavorList",
        "apiVersion": "v1",
        "metadata": metadata,
        "items": items,
    }))
}

/// ListWorkspaces: an offset past the end is an empty page, not an error.
pub(crate) fn workspaces(call: &Call) -> Result<Value, Refusal> {
    let number = |name: &str, default: usize| match call.parameter(name) {
        None => Ok(default),
        Some(text) => text
            .parse::<usize>()
            .map_err(|_| Refusal::bad_request(format!("{name} must be a number."))),
    };
    let offset = number("offset", 0)?;
    let limit = number("limit", 1000)?;
    if !(1..=1000).contains(&limit) {
        return Err(Refusal::bad_request("limit must be 1 to 1000."));
    }
    let fitting: Vec<&Workspace> = WORKSPACES
        .iter()
        .filter(|workspace| call.parameter("name").is_none_or(|name| workspace.name.contains(name)))
        .collect();
    let page: Vec<Value> = fitting
        .iter()
        .skip(offset)
        .take(limit)
        .map(|workspace| workspace_view(workspace))
        .collect();
    Ok(json!({"total_count": fitting.len(), "count": page.len(), "workspaces": page}))
}

/// ShowWorkspace.
pub(crate) fn workspace(id: &str) -> Result<Value, Refusal> {
    let workspace = WORKSPACES
        .iter()
        .find(|workspace| workspace.id == id)
        .ok_or_else(|| Refusal::unknown_workspace(id))?;
    let mut view = workspace_view(workspace);
    view["grants"] = json!([]);
    Ok(view)
}

fn workspace_view(workspace: &Workspace) -> Value {
    json!({
        "id": workspace.id,
        "name": workspace.name,
        "description": "",
        "owner": "example_user",
        "enterprise_project_id": "0",
        "enterprise_project_name": "default",
        "auth_type": "PUBLIC",
        "create_time": 1_460_000_010_000_u64,
        "update_time": 1_460_000_010_000_u64,
        "status": workspace.status,
        "status_info": "",
    })
}

impl Cloud {
    pub(crate) fn list_orders(&self, call: &Call) -> Result<Value, Refusal> {
        let orders = self.projects.get(&call.project);
        orders::list(orders.map_or(&[][..], |project| &project.orders), call)
    }

    pub(crate) fn show_order(&self, call: &Call) -> Result<Value, Refusal> {
        self.projects
            .get(&call.project)
            .and_then(|project| project.orders.iter().find(|order| order.name == call.id))
            .map(orders::Order::items_view)
            .ok_or_else(|| Refusal::not_found("Order"))
    }

    /// ListEvents of a pool, newest first.
    pub(crate) fn list_events(&self, call: &Call) -> Result<Value, Refusal> {
        if call.parameter("resource") != Some("pools") {
            return Err(Refusal::bad_request("resource must be pools."));
        }
        let events = self.projects.get(&call.project).into_iter();
        let items: Vec<Value> = events
            .flat_map(|project| project.events.iter().rev())
            .filter(|event| call.parameter("name").is_none_or(|name| name == event.pool))
            .filter(|event| call.parameter("type").is_none_or(|kind| event.is(kind)))
            .take(500)
            .map(PoolEvent::view)
            .collect();
        Ok(json!({"kind": "EventList", "apiVersion": "v1", "metadata": {}, "items": items}))
    }

    pub(crate) fn quotas(&self, project: &str) -> Value {
        let (pools, networks) = self.projects.get(project).map_or((0, 0), Project::used);
        json!({"quotas": {"resources": [
            {"type": "pool", "quota": self.profile.pool_quota, "used": pools},
            {"type": "network", "quota": self.profile.network_quota, "used": networks},
        ]}})
    }

    pub(crate) fn user_config(&self) -> Value {
        json!({
            "poolQuota": self.profile.pool_quota,
            "networkQuota": self.profile.network_quota,
            "maxPoolFlavors": 10,
            "networkCidrs": ["172.16.0.0/12", "192.168.0.0/16"],
        })
    }

    pub(crate) fn list_tags(&self, call: &Call) -> Result<Value, Refusal> {
        let tags: Vec<(&str, &str)> = if call.operation == Operation::ListPoolTags {
            tags_of(self.pool(&call.project, &call.id)?)
        } else {
            let pools = self.projects.get(&call.project).into_iter();
            pools
                .flat_map(|project| project.pools.values())
                .flat_map(tags_of)
                .collect()
        };
        let mut keys: Vec<&str> = tags.iter().map(|(key, _)| *key).collect();
        keys.sort_unstable();
        keys.dedup();
        let views: Vec<Value> = keys
            .into_iter()
            .map(|wanted| {
                let mut values: Vec<&str> = tags
                    .iter()
                    .filter(|(key, _)| *key == wanted)
                    .map(|(_, value)| *value)
                    .collect();
                values.sort_unstable();
                values.dedup();
                json!({"key": wanted, "value": values.first(), "values": values})
            })
            .collect();
        Ok(json!({"tags": views}))
    }

    /// CreatePoolTags and DeletePoolTags.
    pub(crate) fn change_tags(&mut self, call: &Call, trace: Trace<'_>, now: Millis) -> Result<Value, Refusal> {
        let body = object(&call.body)?;
        let items = body
            .get("tags")
            .and_then(Value::as_array)
            .ok_or_else(|| Refusal::bad_request("tags is required."))?;
        let pool = self.pool_mut(&call.project, &call.id)?;
        let mut tags = pool.tags.clone();
        for item in items {
            let key = item["key"]
                .as_str()
                .filter(|key| (1..=128).contains(&key.chars().count()))
                .ok_or_else(|| Refusal::bad_request("A tag key must have 1 to 128 characters."))?;
            let value = item["value"].as_str().unwrap_or_default();
            if value.chars().count() > 255 {
                return Err(Refusal::bad_request("A tag value must have at most 255 characters."));
            }
            if call.operation == Operation::CreatePoolTags {
                tags.insert(key.to_owned(), value.to_owned());
            } else {
                tags.remove(key);
            }
        }
        if tags.len() > MOST_TAGS {
            return Err(Refusal::bad_request("A pool can have at most 20 tags."));
        }
        pool.tags = tags;
        let name = pool.name().to_owned();
        self.record(&call.project, &call.id, &name, trace, now);
        Ok(json!({}))
    }
}

fn tags_of(pool: &PoolRecord) -> Vec<(&str, &str)> {
    pool.tags
        .iter()
        .map(|(key, value)| (key.as_str(), value.as_str()))
        .collect()
}
