//! ListPools, DeletePool, statistics and node lists.

use modelarts_types::keys;
use serde_json::{Value, json};

use crate::{
    clock::Millis,
    cloud::{At, Cloud, Due},
    endings::counted,
    json::object,
    ledger::Trace,
    nodes::{Node, NodeState},
    operation::Call,
    orders::{OrderItem, OrderPhase},
    page,
    pool::{PoolRecord, phase},
    profile::FailedRecords,
    refusal::Refusal,
    selector::Selector,
};

/// What ListPools filters by.
#[derive(Debug, Clone, Default)]
pub struct ListQuery {
    /// The workspace; empty means `0`.
    pub workspace: String,
    /// A label selector; empty means all.
    pub selector: String,
    /// Empty, `created`, `creating` or `failed`.
    pub status: String,
    /// Hide pools younger than this, in milliseconds. Not part of the API: a fault.
    pub hide_younger: Millis,
}

impl ListQuery {
    /// The query of a ListPools call.
    pub(crate) fn of(call: &Call) -> Self {
        let parameter = |name: &str| call.parameter(name).unwrap_or_default().to_owned();
        Self {
            workspace: parameter("workspaceId"),
            selector: parameter("labelSelector"),
            status: parameter("status"),
            hide_younger: 0,
        }
    }
}

impl Cloud {
    pub(crate) fn list_from_call(&self, call: &Call, now: Millis) -> Result<Value, Refusal> {
        self.list(&call.project, &ListQuery::of(call), now)
    }

    /// Keeps a pool out of lists until then.
    pub(crate) fn hide_in_lists(&mut self, project: &str, id: &str, until: Millis) {
        if let Ok(pool) = self.pool_mut(project, id) {
            pool.visible = pool.visible.max(until);
        }
    }

    /// ListPools: everything in one answer, in the order of the IDs.
    pub(crate) fn list(&self, project: &str, query: &ListQuery, now: Millis) -> Result<Value, Refusal> {
        let selector = Selector::parse(&query.selector)?;
        let workspace = match query.workspace.as_str() {
            "" => "0",
            id => id,
        };
        let in_status = status_filter(&query.status)?;
        let all = query.status.is_empty() && self.profile.failed_records == FailedRecords::Listed;
        let pools = self.projects.get(project).into_iter().flat_map(|p| p.pools.values());
        let items: Vec<Value> = pools
            .filter(|pool| pool.label(keys::WORKSPACE_ID) == workspace)
            .filter(|pool| pool.visible <= now)
            .filter(|pool| pool.created.saturating_add(query.hide_younger) <= now)
            .filter(|pool| in_status(pool) || (all && pool.failed()))
            .filter(|pool| selector.matches(&pool.labels))
            .map(PoolRecord::view)
            .collect();
        Ok(json!({"kind": "PoolList", "apiVersion": "v2", "items": items}))
    }

    pub(crate) fn delete_from_call(&mut self, call: &Call, trace: Trace<'_>, now: Millis) -> Result<Value, Refusal> {
        self.delete(&call.project, &call.id, trace, now)
    }

    /// DeletePool. Answers with the pool as it was, and the time of its deletion.
    ///
    /// # Errors
    /// 404; 400 for a pool that is paid by the month or year, or has nodes that are.
    pub(crate) fn delete(&mut self, project: &str, id: &str, trace: Trace<'_>, now: Millis) -> Result<Value, Refusal> {
        let pool = self.pool_mut(project, id)?;
        let lives = !pool.failed() && pool.phase != phase::DELETING;
        if lives && pool.subscription() {
            return Err(Refusal::bad_request(format!(
                "The pool {id} is a subscription; it must be unsubscribed, not deleted."
            )));
        }
        if lives && pool.nodes.iter().any(|node| node.subscription && node.state.counts()) {
            return Err(Refusal::bad_request(format!(
                "The pool {id} has nodes that are subscriptions; they must be unsubscribed first."
            )));
        }
        pool.deleted.get_or_insert(now);
        let answer = pool.view();
        let name = pool.name().to_owned();
        self.begin_deletion(project, id, now);
        self.record(project, id, &name, trace, now);
        Ok(answer)
    }

    /// Starts the way out of a pool, unless it is on it.
    pub(crate) fn begin_deletion(&mut self, project: &str, id: &str, now: Millis) {
        let gone = now.saturating_add(self.profile.delete_millis());
        let Ok(pool) = self.pool_mut(project, id) else {
            return;
        };
        if pool.phase == phase::DELETING {
            return;
        }
        let from = pool.phase.clone();
        pool.become_deleting(now);
        let at = At {
            project: project.to_owned(),
            id: id.to_owned(),
            incarnation: pool.incarnation,
        };
        if let Some(project) = self.projects.get_mut(project) {
            project.note_phase(id, &from, phase::DELETING, "", now);
        }
        self.schedule(gone, Due::PoolGone(at));
    }

    pub(crate) fn list_nodes(&self, call: &Call) -> Result<Value, Refusal> {
        let pool = self.pool(&call.project, &call.id)?;
        let mut nodes: Vec<&Node> = pool
            .nodes
            .iter()
            .filter(|node| node.state != NodeState::CreationFailed)
            .collect();
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        let views: Vec<Value> = nodes.into_iter().map(|node| node.view(pool.frozen())).collect();
        let (items, metadata) = match call.parameter("limit") {
            None => (views, json!({})),
            Some(_) => page::cut(call, views)?,
        };
        Ok(json!({"kind": "NodeList", "apiVersion": "v2", "metadata": metadata, "items": items}))
    }

    pub(crate) fn list_node_pools(&self, call: &Call) -> Result<Value, Refusal> {
        let pool = self.pool(&call.project, &call.id)?;
        let items: Vec<Value> = pool
            .entries
            .iter()
            .map(|entry| {
                json!({
                    "kind": "NodePool",
                    "apiVersion": "v2",
                    "metadata": {"name": entry.node_pool},
                    "spec": {"resources": entry.members},
                })
            })
            .collect();
        Ok(json!({"kind": "NodePoolList", "apiVersion": "v2", "items": items}))
    }

    /// BatchDeletePoolNodes: at least one node must remain.
    pub(crate) fn delete_nodes(&mut self, call: &Call, trace: Trace<'_>, now: Millis) -> Result<Value, Refusal> {
        let body = object(&call.body)?;
        let listed: Vec<&str> = body
            .get("deleteNodeNames")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect();
        let pool = self.pool(&call.project, &call.id)?;
        let chosen = |node: &Node| node.state.counts() && listed.contains(&node.name.as_str());
        let going = pool.nodes.iter().filter(|node| chosen(node)).count();
        if going == 0 || going < listed.len() {
            return Err(Refusal::bad_request("deleteNodeNames must name nodes of the pool."));
        }
        if going >= pool.size() {
            return Err(Refusal::bad_request("At least one node must remain."));
        }
        if pool.nodes.iter().any(|node| chosen(node) && node.subscription) {
            return Err(Refusal::bad_request(
                "A node that is a subscription must be unsubscribed.",
            ));
        }
        let name = pool.name().to_owned();
        self.release_nodes(&call.project, &call.id, &chosen, now);
        self.record(&call.project, &call.id, &name, trace, now);
        Ok(json!({}))
    }

    /// Starts the way out of the chosen nodes, with an order of their own.
    pub(crate) fn release_nodes(&mut self, project: &str, id: &str, chosen: &dyn Fn(&Node) -> bool, now: Millis) {
        let Ok(pool) = self.pool(project, id) else {
            return;
        };
        let (name, workspace) = (pool.name().to_owned(), pool.label(keys::WORKSPACE_ID).to_owned());
        let entries = pool.entries.clone();
        let at = At {
            project: project.to_owned(),
            id: id.to_owned(),
            incarnation: pool.incarnation,
        };
        let before = counted(pool);
        let mut order = self.new_order(id, &name, &workspace, "modify", &entries, now);
        order.before = before;
        order.phase = OrderPhase::Processing;
        let Some(pool) = self.pool_at(&at) else {
            return;
        };
        for node in pool.nodes.iter_mut().filter(|node| chosen(node)) {
            node.state = NodeState::Deleting;
            order.name.clone_into(&mut node.order);
            order.items.push(OrderItem::new(&node.name, "deleteNode"));
        }
        pool.count_nodes_again();
        order.counts = counted(pool);
        pool.labels.insert(keys::ORDER_NAME.to_owned(), json!(order.name));
        let gone = now.saturating_add(self.profile.delete_millis());
        self.schedule(gone, Due::NodesGone(at, order.name.clone()));
        if let Some(project) = self.projects.get_mut(project) {
            project.orders.push(order);
        }
    }

    pub(crate) fn statistics(&self, call: &Call, now: Millis) -> Value {
        let workspace = call.parameter("workspaceId").unwrap_or("0");
        let (mut creating, mut created, mut deleting, mut failed, mut pending) = (0, 0, 0, 0, 0);
        let pools = self
            .projects
            .get(&call.project)
            .into_iter()
            .flat_map(|p| p.pools.values());
        for pool in pools.filter(|pool| pool.label(keys::WORKSPACE_ID) == workspace) {
            match pool.phase.as_str() {
                phase::WAITING => pending += 1,
                phase::CREATING => creating += 1,
                phase::DELETING => deleting += 1,
                phase::CREATION_FAILED => failed += 1,
                _ => created += 1,
            }
        }
        json!({
            "statistics": {"status": {
                "created": created,
                "creating": creating,
                "deleting": deleting,
                "failed": failed,
                "pending": pending,
            }},
            "operationTime": go_time(now),
        })
    }

    /// Ends the open orders of a pool as failed, with the reason.
    pub(crate) fn fail_orders(&mut self, project: &str, id: &str, reason: &str, now: Millis) {
        if let Some(project) = self.projects.get_mut(project) {
            project.end_orders_of(id, OrderPhase::Failed, reason, now);
        }
    }
}

/// The text form of a time in the service's statistics.
fn go_time(now: Millis) -> String {
    let text = crate::clock::rfc3339(now);
    format!("{} +0000 UTC", text.trim_end_matches('Z').replace('T', " "))
}

type Filter = fn(&PoolRecord) -> bool;

fn status_filter(status: &str) -> Result<Filter, Refusal> {
    let creating: Filter = |pool| matches!(pool.phase.as_str(), phase::WAITING | phase::CREATING | "");
    match status {
        "" => Ok(|pool| !pool.failed()),
        "failed" => Ok(PoolRecord::failed),
        "creating" => Ok(creating),
        "created" => Ok(|pool| !pool.failed() && !matches!(pool.phase.as_str(), phase::WAITING | phase::CREATING | "")),
        other => Err(Refusal::bad_request(format!("status {other:?} is not known."))),
    }
}
