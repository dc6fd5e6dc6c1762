//! Order operations.

use jiff::Timestamp;
use modelarts_types::order::{OrderDetail, OrderList};

use crate::client::Client;
use crate::error::ApiError;
use crate::ids::{OrderName, PoolId};
use crate::request;

/// Which orders to list. The service keeps a month and gives at most 500, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct ListOrders {
    /// Orders about this pool only.
    pub pool: Option<PoolId>,
    /// Orders since then.
    pub since: Option<Timestamp>,
    /// Orders of this workspace.
    pub workspace_id: Option<String>,
}

impl Client {
    /// The newest 500 orders that the filters let through.
    ///
    /// # Errors
    ///
    /// As for every call.
    pub async fn list_orders(&self, list: &ListOrders) -> Result<OrderList, ApiError> {
        let project = self.project_id().await?;
        let is_list = |list: &mut OrderList| match list.items {
            Some(_) => Ok(()),
            None => Err("the answer is no list"),
        };
        self.read(&request::list_orders(&project, list), is_list)
            .await
            .map(|(list, ())| list)
    }

    /// What one order consists of; here stands why a node could not be made.
    ///
    /// # Errors
    ///
    /// As for every call.
    pub async fn show_order(&self, name: &OrderName) -> Result<OrderDetail, ApiError> {
        let project = self.project_id().await?;
        let is_list = |order: &mut OrderDetail| match order.items {
            Some(_) => Ok(()),
            None => Err("the answer is no list"),
        };
        self.read(&request::show_order(&project, name), is_list)
            .await
            .map(|(order, ())| order)
    }
}
