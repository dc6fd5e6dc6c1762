//! Carrying out an accepted patch, and what happens to nodes afterwards.

use modelarts_types::keys;
use serde_json::{Map, Value, json};

use crate::{
    clock::Millis,
    cloud::{At, Cloud, Due},
    create::drivers_wanted,
    endings::counted,
    entries::Entry,
    json::object,
    ledger::Trace,
    nodes::{self, Batch, Node, NodeState},
    operation::Call,
    orders::{OrderItem, OrderPhase},
    patch::{Change, SizeStep},
    pool::{Driver, PoolRecord, Scope},
    refusal::Refusal,
};

/// The one media type that PatchPool and PatchNetwork take.
pub(crate) const MERGE_PATCH: &str = "application/merge-patch+json";

impl Cloud {
    pub(crate) fn patch_from_call(&mut self, call: &Call, trace: Trace<'_>, now: Millis) -> Result<Value, Refusal> {
        if call.content_type != MERGE_PATCH {
            return Err(Refusal::content_type());
        }
        let patch = object(&call.body)?;
        self.patch(&call.project, &call.id, &patch, trace, now)
    }

    /// PatchPool. Answers with the pool as it is then.
    pub(crate) fn patch(
        &mut self,
        project: &str,
        id: &str,
        patch: &Map<String, Value>,
        trace: Trace<'_>,
        now: Millis,
    ) -> Result<Value, Refusal> {
        let pool = self.pool(project, id)?;
        let change = Change::plan(pool, patch, &self.profile, &self.stock)?;
        let at = At {
            project: project.to_owned(),
            id: id.to_owned(),
            incarnation: pool.incarnation,
        };
        let name = pool.name().to_owned();
        let steps = change.steps(pool);
        if !steps.is_empty() || change.workspace.is_some() {
            self.order_change(&at, &change, &steps, now);
        }
        self.apply(&at, change, now);
        self.record(project, id, &name, trace, now);
        Ok(self.pool(project, id)?.view())
    }

    /// Puts the new values in place, and scopes and drivers on their way.
    fn apply(&mut self, at: &At, change: Change, now: Millis) {
        let Some(pool) = self.pool_at(at) else {
            return;
        };
        let Change {
            workspace,
            labels,
            annotations,
            billing: _,
            entries,
            scopes,
            driver,
            job_flavors,
        } = change;
        if let Some(labels) = labels {
            let order = pool.labels.get(keys::ORDER_NAME).cloned();
            pool.labels = labels;
            pool.labels
                .extend(order.map(|order| (keys::ORDER_NAME.to_owned(), order)));
        }
        if let Some(workspace) = workspace {
            pool.labels.insert(keys::WORKSPACE_ID.to_owned(), json!(workspace));
        }
        if let Some(annotations) = annotations {
            pool.annotations = annotations;
        }
        if let Some(entries) = entries {
            pool.entries = entries;
        }
        if let Some(flavors) = job_flavors {
            pool.spec.insert("jobFlavors".to_owned(), flavors);
        }
        let (moves_scopes, moves_drivers) = (scopes.is_some(), driver.is_some());
        if let Some(wanted) = scopes {
            change_scopes(pool, &wanted);
        }
        if let Some(driver) = driver {
            change_drivers(pool, driver);
        }
        if moves_scopes {
            self.start_scopes(at, now);
        }
        if moves_drivers {
            self.start_drivers(at, now);
        }
    }

    /// Makes the order for a resize or move, and the nodes come and go.
    fn order_change(&mut self, at: &At, change: &Change, steps: &[SizeStep], now: Millis) {
        let Ok(pool) = self.pool(&at.project, &at.id) else {
            return;
        };
        let (name, workspace) = (pool.name().to_owned(), pool.label(keys::WORKSPACE_ID).to_owned());
        let entries = change.entries.clone().unwrap_or_else(|| pool.entries.clone());
        let before = counted(pool);
        let mut order = self.new_order(&at.id, &name, &workspace, "modify", &entries, now);
        order.before = before;
        order.phase = OrderPhase::Processing;
        let grows = steps.iter().any(|step| step.to > step.from);
        let shrinks = !grows && !steps.is_empty();
        order.shortfall = grows.then(|| self.mishaps.growth(&name)).flatten();
        let (mut chance, stock) = (self.chance.clone(), self.stock.clone());
        let (created, deleted) = (
            now.saturating_add(self.profile.create_millis()),
            now.saturating_add(self.profile.delete_millis()),
        );
        let Some(pool) = self.pool_at(at) else {
            return;
        };
        let billing = |key: &str| change.billing.get(key).and_then(Value::as_str);
        let subscription = billing(keys::BILLING_MODE).map_or(pool.subscription(), |mode| mode == "1");
        let paid = !subscription || matches!(billing(keys::AUTO_PAY), Some("1" | "true"));
        let prefix = pool.label(keys::NODE_PREFIX).to_owned();
        let batch = Batch {
            prefix: &prefix,
            order: &order.name,
            subscription,
            stock: &stock,
            now,
        };
        for step in steps {
            if step.to > step.from {
                let new = nodes::make(&step.entry, step.to - step.from, &pool.nodes, &batch, &mut chance);
                order
                    .items
                    .extend(new.iter().map(|node| OrderItem::new(&node.name, "createNode")));
                pool.nodes.extend(new);
            } else {
                let going = take_away(pool, step, &order.name);
                order
                    .items
                    .extend(going.iter().map(|node| OrderItem::new(node, "deleteNode")));
            }
        }
        pool.labels.insert(keys::ORDER_NAME.to_owned(), json!(order.name));
        forget_failures(pool, &entries);
        if grows && !paid {
            order.phase = OrderPhase::Pending;
            pool.unpaid.push(order.name.clone());
        }
        self.chance = chance;
        match (grows, shrinks) {
            (true, _) if paid => {
                self.schedule(created, Due::NodesReady(at.clone(), order.name.clone()));
            }
            (true, _) => {}
            (false, true) => {
                self.schedule(deleted, Due::NodesGone(at.clone(), order.name.clone()));
            }
            (false, false) => order.end(OrderPhase::Succeeded, "", now),
        }
        if let Some(project) = self.projects.get_mut(&at.project) {
            project.orders.push(order);
        }
    }
}

/// Forgets nodes that never came, except where the count still includes them.
fn forget_failures(pool: &mut PoolRecord, entries: &[Entry]) {
    let mut owed: Vec<(&Entry, u64)> = entries
        .iter()
        .map(|entry| (entry, entry.count.saturating_sub(pool.nodes_of(entry))))
        .collect();
    pool.nodes.retain(|node| {
        node.state != NodeState::CreationFailed
            || owed.iter_mut().any(|(entry, owed)| {
                let kept = node.flavor == entry.flavor.name && node.node_pool == entry.node_pool && *owed > 0;
                *owed -= u64::from(kept);
                kept
            })
    });
}

/// Marks nodes of the entry that are not paid in advance; the service chooses: the youngest, those
/// in zones that are to have fewer before the others. Nodes that never came need not go.
fn take_away(pool: &mut PoolRecord, step: &SizeStep, order: &str) -> Vec<String> {
    let here = pool.nodes_of(&step.entry);
    let surplus = usize::try_from(here.saturating_sub(step.to)).unwrap_or(usize::MAX);
    let mut shares = step.entry.zones();
    let mut kept = |zone: &str| {
        let share = shares.iter_mut().find(|(name, left)| name == zone && *left > 0);
        share.map(|(_, left)| *left -= 1).is_some()
    };
    let nodes = pool.nodes.iter_mut();
    let mut going: Vec<(bool, &mut Node)> = nodes
        .filter(|node| step.holds(node))
        .map(|node| (kept(&node.zone), node))
        .filter(|(_, node)| !node.subscription)
        .rev()
        .collect();
    going.sort_by_key(|(kept, _)| *kept);
    let mut gone = Vec::new();
    for (_, node) in going.into_iter().take(surplus) {
        node.state = NodeState::Deleting;
        order.clone_into(&mut node.order);
        gone.push(node.name.clone());
    }
    gone
}

fn change_scopes(pool: &mut PoolRecord, wanted: &[String]) {
    for scope in &mut pool.scopes {
        if !wanted.contains(&scope.name) {
            scope.state = "Disabling";
        }
    }
    for name in wanted {
        match pool.scopes.iter_mut().find(|scope| scope.name == *name) {
            Some(scope) if scope.state == "Disabling" => scope.state = "Enabling",
            Some(_) => {}
            None => pool.scopes.push(Scope::enabling(name)),
        }
    }
    pool.spec.insert("scope".to_owned(), json!(wanted));
}

fn change_drivers(pool: &mut PoolRecord, driver: Map<String, Value>) {
    pool.spec.insert("driver".to_owned(), Value::Object(driver));
    for wanted in drivers_wanted(pool, "Creating") {
        match pool.drivers.iter_mut().find(|driver| driver.kind == wanted.kind) {
            // The version in use stays until the upgrade is done.
            Some(driver) if driver.version != wanted.version => driver.state = "Upgrading",
            Some(_) => {}
            None => pool.drivers.push(Driver {
                state: "Creating",
                ..wanted
            }),
        }
    }
}
