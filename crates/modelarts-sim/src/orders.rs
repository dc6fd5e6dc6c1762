//! Orders: every create, resize and move makes one, whoever pays and however.

use serde_json::{Value, json};

use crate::{clock::Millis, mishaps::Shortfall, operation::Call, refusal::Refusal};

/// How an order stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderPhase {
    /// Nobody has paid it.
    Pending,
    /// Being carried out.
    Processing,
    /// Carried out. The spelling on the wire, `successed`, is the service's.
    Succeeded,
    /// Some of the nodes came. The spelling on the wire, `partialSuccessed`, is the service's.
    PartlySucceeded,
    /// Given up.
    Failed,
}

impl OrderPhase {
    fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Succeeded => "successed",
            Self::PartlySucceeded => "partialSuccessed",
            Self::Failed => "failed",
        }
    }
}

/// One thing that an order makes or takes away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderItem {
    /// The pool ID or the name of the node.
    pub resource: String,
    /// `createPool`, `createNode`, `deleteNode`.
    pub action: &'static str,
    /// How it ends.
    pub end: ItemEnd,
}

impl OrderItem {
    /// An item that is going to end as its order does.
    #[must_use]
    pub fn new(resource: &str, action: &'static str) -> Self {
        Self {
            resource: resource.to_owned(),
            action,
            end: ItemEnd::WithOrder,
        }
    }
}

/// How a part of an order ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ItemEnd {
    /// As the order does.
    WithOrder,
    /// It failed, although others may not have.
    Failed,
}

/// An order.
#[derive(Debug, Clone, PartialEq)]
pub struct Order {
    /// Its name, in label `os.modelarts/order.name` of the pool.
    pub name: String,
    /// Its number in billing.
    pub number: String,
    /// The pool ID.
    pub pool: String,
    /// The pool's display name.
    pub display_name: String,
    /// The pool's workspace.
    pub workspace: String,
    /// `apply`, `modify` or `delete`.
    pub operation: &'static str,
    /// How it stands.
    pub phase: OrderPhase,
    /// Why it failed.
    pub reason: String,
    /// When it was made.
    pub created: Millis,
    /// When it ended.
    pub ended: Option<Millis>,
    /// The counts before.
    pub before: Value,
    /// The counts ordered.
    pub counts: Value,
    /// The counts that came of it, once it has ended.
    pub result: Option<Value>,
    /// What it is not going to get.
    pub shortfall: Option<Shortfall>,
    /// What it makes or takes away.
    pub items: Vec<OrderItem>,
}

impl Order {
    /// Ends the order unless it has ended.
    pub fn end(&mut self, phase: OrderPhase, reason: &str, now: Millis) {
        if self.ended.is_none() {
            self.phase = phase;
            reason.clone_into(&mut self.reason);
            self.ended = Some(now);
        }
    }

    fn view(&self) -> Value {
        let mut view = json!({
            "orderName": self.name,
            "orderId": self.number,
            "resourceName": self.pool,
            "resourceDisplayName": self.display_name,
            "workspaceId": self.workspace,
            "creationTimestamp": self.created,
            "beginTimestamp": self.created,
            "initCount": self.before,
            "specCount": self.counts,
            "operation": self.operation,
            "phase": self.phase.word(),
        });
        if let Some(ended) = self.ended {
            view["endTimestamp"] = json!(ended);
        }
        match &self.result {
            Some(result) => view["resultCount"] = result.clone(),
            None if self.phase == OrderPhase::Succeeded => view["resultCount"] = self.counts.clone(),
            None => {}
        }
        if !self.reason.is_empty() {
            view["failReason"] = json!(self.reason);
        }
        view
    }

    /// The items as ShowOrder shows them.
    #[must_use]
    pub fn items_view(&self) -> Value {
        let status = |item: &OrderItem| match (item.end, self.phase) {
            (ItemEnd::Failed, _) | (_, OrderPhase::Failed) => "failed",
            (_, OrderPhase::Pending | OrderPhase::Processing) => "processing",
            (_, OrderPhase::Succeeded | OrderPhase::PartlySucceeded) => "succeed",
        };
        let items: Vec<Value> = self
            .items
            .iter()
            .map(|item| {
                json!({
                    "resourceName": item.resource,
                    "action": item.action,
                    "status": status(item),
                    "beginTimestamp": self.created,
                    "updateTimestamp": self.ended.unwrap_or(self.created),
                    "message": if status(item) == "failed" { self.reason.as_str() } else { "" },
                })
            })
            .collect();
        json!({"count": items.len(), "items": items})
    }

    /// Whether the filters of ListOrders let it through.
    fn fits(&self, call: &Call, since: u64, until: u64) -> bool {
        let involved = call
            .parameter("involvedName")
            .is_none_or(|name| name == self.pool || name == self.display_name);
        let phase = call.parameter("phase").is_none_or(|phase| {
            let asked = if phase == "running" { "processing" } else { phase };
            asked == self.phase.word()
        });
        let workspace = call.parameter("workspaceId").is_none_or(|id| id == self.workspace);
        involved && phase && workspace && (since..=until).contains(&self.created)
    }
}

/// ListOrders over the orders of a project, which are in the order of their creation.
///
/// # Errors
/// 400 for a number that is none or out of range.
pub fn list(orders: &[Order], call: &Call) -> Result<Value, Refusal> {
    let number = |name: &str, default: u64, most: u64| match call.parameter(name) {
        None => Ok(default),
        Some(text) => text
            .parse::<u64>()
            .ok()
            .filter(|number| *number <= most)
            .ok_or_else(|| Refusal::bad_request(format!("{name} must be 0 to {most}."))),
    };
    let limit = match number("limit", 100, 500)? {
        0 => 100,
        limit => limit,
    };
    let offset = number("offset", 0, 500)?;
    let since = number("since", 0, u64::MAX)?;
    let until = number("until", u64::MAX, u64::MAX)?;
    let fitting: Vec<Value> = orders
        .iter()
        .rev()
        .filter(|order| order.fits(call, since, until))
        .map(Order::view)
        .collect();
    let count = fitting.len();
    let skip = usize::try_from(offset).unwrap_or(usize::MAX);
    let take = usize::try_from(limit).unwrap_or(usize::MAX);
    let page: Vec<Value> = fitting.into_iter().skip(skip).take(take).collect();
    Ok(json!({"count": count, "items": page}))
}
