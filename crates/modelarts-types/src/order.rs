//! Orders: the record of every create, resize and move, also for pools paid per use.

use crate::pool::FlavorCount;

words! {
    /// How far an order is.
    pub enum OrderPhase {
        /// Not begun.
        Pending = "pending",
        /// Under way.
        Processing = "processing",
        /// Under way, in the spelling of the filter.
        Running = "running",
        /// Done; the spelling is the service's.
        Succeeded = "successed",
        /// Done in part; the spelling is the service's.
        PartlySucceeded = "partialSuccessed",
        /// Failed; see `fail_reason`.
        Failed = "failed",
    }
}

shape! {
    /// An order about a pool.
    pub struct Order {
        /// Name of the record, as in the pool's label.
        order_name: Option<String> = "orderName",
        /// ID of the order in billing.
        order_id: Option<String> = "orderId",
        /// Pool ID.
        resource_name: Option<String> = "resourceName",
        /// The name the user chose.
        resource_display_name: Option<String> = "resourceDisplayName",
        /// The pool's workspace.
        workspace_id: Option<String> = "workspaceId",
        /// Milliseconds since 1970.
        creation_timestamp: Option<i64> = "creationTimestamp",
        /// Milliseconds since 1970.
        begin_timestamp: Option<i64> = "beginTimestamp",
        /// Milliseconds since 1970.
        end_timestamp: Option<i64> = "endTimestamp",
        /// Nodes before.
        init_count: Option<Vec<FlavorCount>> = "initCount",
        /// Nodes ordered.
        spec_count: Option<Vec<FlavorCount>> = "specCount",
        /// Nodes after.
        result_count: Option<Vec<FlavorCount>> = "resultCount",
        /// `apply`, `modify` or `delete`.
        operation: Option<String> = "operation",
        /// How far it is.
        phase: Option<OrderPhase> = "phase",
        /// Why it failed.
        fail_reason: Option<String> = "failReason",
    }
}

shape! {
    /// Orders, newest first.
    pub struct OrderList {
        /// How many.
        count: Option<i64> = "count",
        /// The orders. Absent means that the answer was not a list.
        items: Option<Vec<Order>> = "items",
    }
}

shape! {
    /// One thing that was made, changed or removed for an order.
    pub struct OrderItem {
        /// Name of the node or pool.
        resource_name: Option<String> = "resourceName",
        /// `createPool`, `deletePool`, `createNode`, `deleteNode`, `renew` or `toPeriodic`.
        action: Option<String> = "action",
        /// `processing`, `succeed` or `failed`.
        status: Option<String> = "status",
        /// Milliseconds since 1970.
        begin_timestamp: Option<i64> = "beginTimestamp",
        /// Milliseconds since 1970.
        update_timestamp: Option<i64> = "updateTimestamp",
        /// Why it failed.
        message: Option<String> = "message",
    }
}

shape! {
    /// What one order consists of.
    pub struct OrderDetail {
        /// How many.
        count: Option<i64> = "count",
        /// The parts. Absent means that the answer was not a list.
        items: Option<Vec<OrderItem>> = "items",
    }
}
