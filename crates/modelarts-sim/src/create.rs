//! CreatePool: the order of its checks, and what an accepted call makes.
//!
//! The order of the checks is part of the contract: a body with two mistakes must be refused for
//! the same one every time. Nothing is changed before the last check has passed.

use modelarts_types::keys;
use serde_json::{Map, Value, json};

use crate::{
    clock::Millis,
    cloud::{At, Cloud, Due},
    creation::{Creation, SPEC, scopes},
    endings::sizes,
    entries::{self, Entry},
    iam::{DOMAIN_ID, DOMAIN_NAME},
    json::{object, only},
    ledger::Trace,
    nodes::{self, Batch},
    operation::Call,
    orders::{Order, OrderItem, OrderPhase},
    pool::{Driver, PoolRecord, Scope, phase},
    profile::FailedRecords,
    project::WORKSPACES,
    refusal::Refusal,
};

impl Cloud {
    /// CreatePool. Answers with the accepted pool, which has no phase yet.
    ///
    /// # Errors
    /// In this order: 400 for the body, the flavors, the capacity, the network, the workspace,
    /// the quota; 409 if the name is taken.
    pub(crate) fn create(
        &mut self,
        project: &str,
        body: &Value,
        trace: Trace<'_>,
        now: Millis,
    ) -> Result<Value, Refusal> {
        let creation = Creation::parse(body, self.profile.keep_unknown_keys)?;
        let entries = entries::resolve(creation.spec.get("resources"))?;
        entries.iter().try_for_each(|entry| self.stock.check(entry, &[]))?;
        self.check_place(project, &creation)?;
        let record = self.new_record(project, creation, entries, now);
        let at = At {
            project: project.to_owned(),
            id: record.pool.id.clone(),
            incarnation: record.pool.incarnation,
        };
        let (name, pays) = (record.pool.name().to_owned(), record.pays);
        let answer = record.pool.accepted_view();
        if let Some(project) = self.projects.get_mut(project) {
            project.orders.push(record.order);
            project.pools.insert(at.id.clone(), record.pool);
        }
        if pays {
            self.begin_creation(&at, now);
        }
        self.record(project, &at.id, &name, trace, now);
        Ok(answer)
    }

    pub(crate) fn create_from_call(&mut self, call: &Call, trace: Trace<'_>, now: Millis) -> Result<Value, Refusal> {
        let body = Value::Object(object(&call.body)?);
        self.create(&call.project, &body, trace, now)
    }

    /// The checks that depend on what is already there.
    fn check_place(&self, id: &str, creation: &Creation) -> Result<(), Refusal> {
        let Some(project) = self.projects.get(id) else {
            return Err(Refusal::foreign_project());
        };
        let network = creation.spec["network"]["name"].as_str().unwrap_or_default();
        match project.networks.get(network) {
            None => {
                return Err(Refusal::bad_request(format!("The network {network} does not exist.")));
            }
            Some(network) if !network.active() => {
                return Err(Refusal::bad_request(format!(
                    "The network {} is not active.",
                    network.id
                )));
            }
            Some(_) => {}
        }
        match WORKSPACES.iter().find(|workspace| workspace.id == creation.workspace) {
            None => return Err(Refusal::unknown_workspace(&creation.workspace)),
            Some(workspace) if workspace.status != "NORMAL" => {
                return Err(Refusal::workspace_not_normal(workspace.id));
            }
            Some(_) => {}
        }
        if project.used().0 >= self.profile.pool_quota {
            return Err(Refusal::quota("pool", self.profile.pool_quota));
        }
        let mut pools = project.pools.values().filter(|pool| self.holds_name(pool));
        let taken = pools.any(|pool| pool.name() == creation.name);
        if taken && self.profile.unique_names {
            return Err(Refusal::pool_exists());
        }
        Ok(())
    }

    fn new_record(&mut self, project: &str, creation: Creation, entries: Vec<Entry>, now: Millis) -> NewRecord {
        let Creation {
            name,
            workspace,
            mut labels,
            mut annotations,
            spec,
            scopes,
            pays,
        } = creation;
        let id = self.new_id(project, &name);
        let order = self.new_order(&id, &name, &workspace, "apply", &entries, now);
        let subscription = annotations.get(keys::BILLING_MODE).is_some_and(|mode| mode == "1");
        let mut add = |key: &str, value: &str| {
            labels.entry(key).or_insert_with(|| json!(value));
        };
        add(keys::WORKSPACE_ID, &workspace);
        add(keys::NODE_PREFIX, "");
        add(keys::RESOURCE_ID, &format!("maos-{name}-{}", self.chance.suffix()));
        add(keys::TENANT_DOMAIN_ID, DOMAIN_ID);
        add(keys::TENANT_PROJECT_ID, project);
        add(keys::POOL_BIZ, "private");
        add(keys::CREATE_FROM, "console");
        add(keys::ORDER_NAME, &order.name);
        let billed: Map<String, Value> = entries
            .iter()
            .map(|entry| {
                let resource = entry.flavor.name.replacen("modelarts", "maos", 1);
                (entry.flavor.name.to_owned(), json!(resource))
            })
            .collect();
        let mut note = |key: &str, value: String| {
            annotations.entry(key).or_insert_with(|| json!(value));
        };
        note(keys::BILLING_MODE, "0".to_owned());
        note(keys::SUBPOOLS_COUNT, "0".to_owned());
        note(keys::TENANT_DOMAIN_NAME, DOMAIN_NAME.to_owned());
        note(keys::FLAVOR_RESOURCE_IDS, Value::Object(billed).to_string());
        if subscription {
            note(keys::ORDER_ID, order.number.clone());
            note(keys::AUTO_RENEW, "0".to_owned());
        }
        let pays = pays || !subscription;
        let lag = self.profile.list_lag_seconds.saturating_mul(1000);
        let pool = PoolRecord {
            id,
            incarnation: self.next_incarnation(),
            labels,
            annotations,
            spec: only(&spec, SPEC),
            entries,
            phase: if pays { phase::CREATING } else { phase::WAITING }.to_owned(),
            message: String::new(),
            created: now,
            deleted: None,
            visible: now.saturating_add(lag),
            nodes: Vec::new(),
            scopes: scopes
                .into_iter()
                .filter(|_| pays)
                .map(|name| Scope::enabling(&name))
                .collect(),
            scopes_round: 0,
            drivers: Vec::new(),
            drivers_round: 0,
            control_mode: 0,
            frozen_since: None,
            unpaid: if pays { Vec::new() } else { vec![order.name.clone()] },
            tags: std::collections::BTreeMap::new(),
        };
        NewRecord { pool, order, pays }
    }

    /// Whether nobody else can have the name, or the ID made of it.
    fn holds_name(&self, pool: &PoolRecord) -> bool {
        !pool.failed() || self.profile.failed_records != FailedRecords::Hidden
    }

    fn new_id(&mut self, project: &str, name: &str) -> String {
        if self.profile.opaque_ids {
            return format!("pool-{}", self.chance.hex32());
        }
        let plain = format!("{name}-{project}");
        let taken = self
            .projects
            .get(project)
            .and_then(|project| project.pools.get(&plain))
            .is_some_and(|pool| self.holds_name(pool));
        if taken {
            // Only with names that may repeat.
            format!("{name}-{}-{project}", self.chance.suffix())
        } else {
            plain
        }
    }

    pub(crate) fn new_order(
        &mut self,
        pool: &str,
        name: &str,
        workspace: &str,
        operation: &'static str,
        entries: &[Entry],
        now: Millis,
    ) -> Order {
        Order {
            name: format!("order.{name}-{}", self.chance.suffix()),
            number: format!("CS{:013}", self.chance.bits() % 10_000_000_000_000),
            pool: pool.to_owned(),
            display_name: name.to_owned(),
            workspace: workspace.to_owned(),
            operation,
            phase: OrderPhase::Pending,
            reason: String::new(),
            created: now,
            ended: None,
            before: json!([]),
            counts: sizes(entries),
            result: None,
            shortfall: None,
            items: Vec::new(),
        }
    }

    /// Starts making the pool, once it is paid.
    pub(crate) fn begin_creation(&mut self, at: &At, now: Millis) {
        let (mut chance, stock) = (self.chance.clone(), self.stock.clone());
        let delay = self.profile.create_millis();
        let Some(pool) = self.pool_at(at) else {
            return;
        };
        let order = pool.label(keys::ORDER_NAME).to_owned();
        let prefix = pool.label(keys::NODE_PREFIX).to_owned();
        let batch = Batch {
            prefix: &prefix,
            order: &order,
            subscription: pool.subscription(),
            stock: &stock,
            now,
        };
        phase::CREATING.clone_into(&mut pool.phase);
        pool.unpaid.clear();
        pool.nodes = pool
            .entries
            .iter()
            .flat_map(|entry| nodes::make(entry, entry.count, &[], &batch, &mut chance))
            .collect();
        pool.scopes = scopes(pool.spec.get("scope"))
            .unwrap_or_default()
            .into_iter()
            .map(|name| Scope::enabling(&name))
            .collect();
        pool.drivers = drivers_wanted(pool, "Creating");
        let name = pool.name().to_owned();
        let mut items = vec![OrderItem::new(&at.id, "createPool")];
        items.extend(pool.nodes.iter().map(|node| OrderItem::new(&node.name, "createNode")));
        let shortfall = self.mishaps.creation(&name);
        if let Some(project) = self.projects.get_mut(&at.project) {
            if let Some(order) = project.order_mut(&order) {
                order.phase = OrderPhase::Processing;
                order.items = items;
                order.shortfall = shortfall;
            }
            project.note_phase(&at.id, "", phase::CREATING, "", now);
        }
        self.chance = chance;
        self.schedule(now.saturating_add(delay), Due::PoolReady(at.clone(), order));
        self.start_scopes(at, now);
        self.start_drivers(at, now);
    }
}

struct NewRecord {
    pool: PoolRecord,
    order: Order,
    pays: bool,
}

/// The drivers that the spec asks for and a flavor of the pool can use.
pub(crate) fn drivers_wanted(pool: &PoolRecord, state: &'static str) -> Vec<Driver> {
    use crate::catalogue::Accelerator as A;
    let has = |kind: &str| {
        pool.entries.iter().any(|entry| match entry.flavor.accelerator {
            A::Gpu(..) => kind == "gpu",
            A::Npu(..) => kind == "npu",
            A::None => false,
        })
    };
    let wanted = pool.spec.get("driver").cloned().unwrap_or_default();
    ["gpu", "npu"]
        .into_iter()
        .filter(|kind| has(kind))
        .filter_map(|kind| {
            let version = wanted[format!("{kind}Version")].as_str()?;
            Some(Driver {
                kind,
                version: version.to_owned(),
                state,
            })
        })
        .collect()
}
