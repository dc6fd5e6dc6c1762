//! What pools are paid by: orders that wait for payment, terms that end, and the restrictions
//! that billing puts on a pool.
//!
//! A subscription whose term ends is frozen first and deleted by the service after a while, unless
//! it renews itself or somebody renews it; none of this is a call of a client, so none of it is in
//! the ledger.

use modelarts_types::keys;
use serde_json::{Value, json};

use crate::{
    clock::Millis,
    cloud::{At, Cloud, Due},
    endings::counted,
    orders::{OrderItem, OrderPhase},
    pool::{PoolRecord, phase},
    refusal::Refusal,
};

/// The bits of `spec.controlMode`.
pub mod control_mode {
    /// No resize.
    pub const NO_RESIZE: u64 = 2;
    /// The service is restricted.
    pub const RESTRICTED: u64 = 4;
    /// Frozen, for want of money.
    pub const FROZEN: u64 = 8;
    /// Frozen by the authorities; cannot be unsubscribed.
    pub const SEIZED: u64 = 16;
}

impl Cloud {
    /// Pays every open order of a pool.
    ///
    /// # Errors
    /// 404; 400 if there is nothing to pay.
    pub fn pay(&mut self, id: &str, now: Millis) -> Result<Value, Refusal> {
        self.settle(now);
        let project = self.project_of(id)?;
        let pool = self.pool(&project, id)?;
        let (at, orders) = (pool.at(&project), pool.unpaid.clone());
        if orders.is_empty() {
            return Err(Refusal::bad_request("There is nothing to pay."));
        }
        for order in orders {
            self.pay_one(&at, &order, now);
        }
        Ok(self.pool(&project, id)?.view())
    }

    /// Pays one order by its name.
    ///
    /// # Errors
    /// 404; 400 if it does not wait for payment.
    pub fn pay_order(&mut self, order: &str, now: Millis) -> Result<Value, Refusal> {
        self.settle(now);
        let at = self.unpaid(order)?;
        self.pay_one(&at, order, now);
        Ok(self.pool(&at.project, &at.id)?.view())
    }

    /// Cancels an order that nobody paid: a pool that waited for it goes, nodes that waited for it
    /// go from their pool.
    ///
    /// # Errors
    /// 404; 400 if it does not wait for payment.
    pub fn cancel_order(&mut self, order: &str, now: Millis) -> Result<(), Refusal> {
        self.settle(now);
        let at = self.unpaid(order)?;
        if let Some(project) = self.projects.get_mut(&at.project) {
            project.end_order(order, OrderPhase::Failed, "The order was cancelled.", now);
        }
        let pool = self.pool_mut(&at.project, &at.id)?;
        if pool.phase == phase::WAITING {
            self.remove_pool(&at.project, &at.id, now);
            return Ok(());
        }
        pool.unpaid.retain(|name| name != order);
        pool.nodes.retain(|node| node.order != order);
        pool.count_nodes_again();
        Ok(())
    }

    /// The pool that waits for the payment of an order.
    fn unpaid(&self, order: &str) -> Result<At, Refusal> {
        let projects = self.projects.iter();
        let mut known = projects.flat_map(|(name, project)| project.orders.iter().map(move |o| (name, project, o)));
        let (name, project, found) = known
            .find(|(_, _, known)| known.name == order)
            .ok_or_else(|| Refusal::not_found("Order"))?;
        let pool = project.pools.get(&found.pool);
        pool.filter(|pool| pool.unpaid.iter().any(|unpaid| unpaid == order))
            .map(|pool| pool.at(name))
            .ok_or_else(|| Refusal::bad_request(format!("The order {order} does not wait for payment.")))
    }

    fn pay_one(&mut self, at: &At, order: &str, now: Millis) {
        let Some(pool) = self.pool_at(at) else {
            return;
        };
        pool.unpaid.retain(|name| name != order);
        if pool.phase == phase::WAITING {
            self.begin_creation(at, now);
            return;
        }
        if let Some(order) = self.projects.get_mut(&at.project).and_then(|p| p.order_mut(order)) {
            order.phase = OrderPhase::Processing;
        }
        let ready = now.saturating_add(self.profile.create_millis());
        self.schedule(ready, Due::NodesReady(at.clone(), order.to_owned()));
    }

    /// The term of a subscription ends. With `auto.renew` another begins; otherwise the pool is
    /// frozen, and deleted after `retentionSeconds` of the profile.
    ///
    /// # Errors
    /// 404; 400 for a pool that is no subscription in use.
    pub fn end_subscription(&mut self, id: &str, now: Millis) -> Result<Value, Refusal> {
        let at = self.subscription(id, now)?;
        let over = now.saturating_add(self.profile.retention_seconds.saturating_mul(1000));
        let pool = self.pool_mut(&at.project, id)?;
        if pool.annotation(keys::AUTO_RENEW) == "1" {
            return self.renewed(&at, now);
        }
        pool.control_mode |= control_mode::FROZEN;
        pool.frozen_since = Some(now);
        self.schedule(over, Due::SubscriptionOver(at.clone(), now));
        Ok(self.pool(&at.project, id)?.view())
    }

    /// Somebody pays another term; a frozen pool can be used again.
    ///
    /// # Errors
    /// 404; 400 for a pool that is no subscription in use.
    pub fn renew_subscription(&mut self, id: &str, now: Millis) -> Result<Value, Refusal> {
        let at = self.subscription(id, now)?;
        let pool = self.pool_mut(&at.project, id)?;
        pool.control_mode &= !control_mode::FROZEN;
        pool.frozen_since = None;
        self.renewed(&at, now)
    }

    /// Puts restrictions on a pool, as the bits of [`control_mode`]; 0 lifts them all.
    ///
    /// # Errors
    /// 404.
    pub fn set_control_mode(&mut self, id: &str, mode: u64, now: Millis) -> Result<Value, Refusal> {
        self.settle(now);
        let project = self.project_of(id)?;
        let pool = self.pool_mut(&project, id)?;
        pool.control_mode = mode;
        if mode & control_mode::FROZEN == 0 {
            pool.frozen_since = None;
        }
        Ok(pool.view())
    }

    fn subscription(&mut self, id: &str, now: Millis) -> Result<At, Refusal> {
        self.settle(now);
        let project = self.project_of(id)?;
        let pool = self.pool(&project, id)?;
        if pool.subscription() && pool.in_use() {
            return Ok(pool.at(&project));
        }
        Err(Refusal::bad_request(format!(
            "The pool {id} is not a subscription in use."
        )))
    }

    fn renewed(&mut self, at: &At, now: Millis) -> Result<Value, Refusal> {
        let pool = self.pool(&at.project, &at.id)?;
        let (name, workspace) = (pool.name().to_owned(), pool.label(keys::WORKSPACE_ID).to_owned());
        let (entries, before) = (pool.entries.clone(), counted(pool));
        let mut order = self.new_order(&at.id, &name, &workspace, "modify", &entries, now);
        order.before = before;
        order.items = vec![OrderItem::new(&at.id, "renew")];
        order.end(OrderPhase::Succeeded, "", now);
        let pool = self.pool_mut(&at.project, &at.id)?;
        pool.labels.insert(keys::ORDER_NAME.to_owned(), json!(order.name));
        let view = pool.view();
        if let Some(project) = self.projects.get_mut(&at.project) {
            project.orders.push(order);
        }
        Ok(view)
    }

    /// The service deletes a pool that nobody renewed since it was frozen.
    pub(crate) fn subscription_over(&mut self, at: &At, frozen: Millis, now: Millis) {
        if self.pool_at(at).is_some_and(|pool| pool.frozen_since == Some(frozen)) {
            self.begin_deletion(&at.project, &at.id, now);
        }
    }
}

impl PoolRecord {
    /// Whether it has been paid for and made, and is not on its way out.
    #[must_use]
    pub fn in_use(&self) -> bool {
        let early_or_late = [phase::WAITING, phase::CREATING, phase::DELETING, phase::CREATION_FAILED];
        !early_or_late.contains(&self.phase.as_str())
    }

    /// Whether its nodes can be used only after somebody settled with billing.
    #[must_use]
    pub fn frozen(&self) -> bool {
        self.control_mode & (control_mode::FROZEN | control_mode::SEIZED) != 0
    }
}
