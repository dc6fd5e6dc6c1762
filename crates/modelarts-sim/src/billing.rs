//! The two calls of the billing service through which subscriptions end.
//!
//! A subscription is not deleted but unsubscribed, node by node and then the pool; a pool goes
//! with its last node.

use modelarts_types::keys;
use serde_json::{Map, Value, json};

use crate::{
    clock::Millis,
    cloud::Cloud,
    json::object,
    ledger::Trace,
    nodes::{Node, NodeState},
    refusal::Refusal,
    subscriptions::control_mode,
};

/// A billing resource: a whole pool, or some nodes of one.
enum Billed {
    Pool(String, String),
    Node(String, String, String),
}

impl Cloud {
    /// Ends subscriptions of the given projects.
    ///
    /// # Errors
    /// 400 for a resource that is not there or not a subscription; nothing is then changed.
    pub fn unsubscribe(
        &mut self,
        projects: &[String],
        body: &[u8],
        trace: Trace<'_>,
        now: Millis,
    ) -> Result<Value, Refusal> {
        self.settle(now);
        let ids = resource_ids(&object(body)?)?;
        let billed = ids
            .iter()
            .map(|id| {
                self.billed(projects, id)
                    .ok_or_else(|| Refusal::billing(format!("The resource {id} is not a subscription in use.")))
            })
            .collect::<Result<Vec<_>, _>>()?;
        let mut orders = Vec::new();
        for resource in billed {
            let (project, pool) = match &resource {
                Billed::Pool(project, pool) | Billed::Node(project, pool, _) => (project, pool),
            };
            let name = self
                .pool(project, pool)
                .map(|p| p.name().to_owned())
                .unwrap_or_default();
            match &resource {
                Billed::Pool(..) => self.begin_deletion(project, pool, now),
                Billed::Node(_, _, node) => {
                    self.release_nodes(project, pool, &|n: &Node| n.name == *node, now);
                }
            }
            self.record(project, pool, &name, trace, now);
            orders.push(format!("CS{:013}", self.chance.bits() % 10_000_000_000_000));
        }
        Ok(json!({"order_ids": orders}))
    }

    /// Which of the given resources are still in use.
    ///
    /// # Errors
    /// 400 without `resource_ids`.
    pub fn subscriptions(&mut self, projects: &[String], body: &[u8], now: Millis) -> Result<Value, Refusal> {
        self.settle(now);
        let ids = resource_ids(&object(body)?)?;
        let data: Vec<Value> = ids
            .iter()
            .filter(|id| self.billed(projects, id).is_some())
            .map(|id| json!({"resource_id": id, "status": 2, "is_main_resource": 1}))
            .collect();
        Ok(json!({"total_count": data.len(), "data": data}))
    }

    /// The subscription behind a billing resource, unless it is on its way out.
    fn billed(&self, projects: &[String], id: &str) -> Option<Billed> {
        for name in projects {
            let pools = self.projects.get(name).into_iter().flat_map(|p| p.pools.values());
            // What is not paid, not made yet or seized cannot be given back.
            for pool in pools.filter(|pool| pool.in_use() && pool.control_mode & control_mode::SEIZED == 0) {
                if pool.subscription() && pool.label(keys::RESOURCE_ID) == id {
                    return Some(Billed::Pool(name.clone(), pool.id.clone()));
                }
                let mut nodes = pool.nodes.iter();
                let node = nodes.find(|node| {
                    let made = matches!(node.state, NodeState::Available | NodeState::Abnormal);
                    node.subscription && made && node.resource_id == id
                });
                if let Some(node) = node {
                    return Some(Billed::Node(name.clone(), pool.id.clone(), node.name.clone()));
                }
            }
        }
        None
    }
}

fn resource_ids(body: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let ids: Vec<String> = body
        .get("resource_ids")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(|id| id.as_str().map(str::to_owned))
        .collect();
    if ids.is_empty() {
        return Err(Refusal::billing("resource_ids is required."));
    }
    Ok(ids)
}
