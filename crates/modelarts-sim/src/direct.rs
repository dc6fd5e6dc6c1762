//! The operations as plain methods with typed answers, for tests that need no wire.
//!
//! Bodies are anything that serializes to the JSON of the API, so that a test can send what no
//! typed value could hold.

use modelarts_types::{
    Network, NetworkList, Pool, PoolList,
    flavor::FlavorList,
    node::NodeList,
    order::{OrderDetail, OrderList},
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    clock::Millis,
    cloud::Cloud,
    ledger::Trace,
    operation::{Call, Operation},
    pools::ListQuery,
    refusal::Refusal,
    resize::MERGE_PATCH,
};

impl Cloud {
    /// CreatePool.
    ///
    /// # Errors
    /// As the API: see [`Cloud::execute`].
    pub fn create_pool(&mut self, project: &str, body: &impl Serialize, now: Millis) -> Result<Pool, Refusal> {
        self.direct(Operation::CreatePool, project, "", Some(body), now)
    }

    /// ListPools.
    ///
    /// # Errors
    /// 400 for a selector or status that cannot be parsed.
    pub fn list_pools(&mut self, project: &str, query: &ListQuery, now: Millis) -> Result<PoolList, Refusal> {
        self.settle(now);
        typed(self.list(project, query, now)?)
    }

    /// ShowPool.
    ///
    /// # Errors
    /// 404 `ModelArts.50015001`.
    pub fn show_pool(&mut self, project: &str, id: &str, now: Millis) -> Result<Pool, Refusal> {
        self.direct(Operation::ShowPool, project, id, NOTHING, now)
    }

    /// PatchPool with a merge patch.
    ///
    /// # Errors
    /// 404; 400 for what the pool does not allow now.
    pub fn patch_pool(
        &mut self,
        project: &str,
        id: &str,
        patch: &impl Serialize,
        now: Millis,
    ) -> Result<Pool, Refusal> {
        self.direct(Operation::PatchPool, project, id, Some(patch), now)
    }

    /// DeletePool.
    ///
    /// # Errors
    /// 404; 400 for a subscription.
    pub fn delete_pool(&mut self, project: &str, id: &str, now: Millis) -> Result<Pool, Refusal> {
        self.direct(Operation::DeletePool, project, id, NOTHING, now)
    }

    /// RetryPoolScope.
    ///
    /// # Errors
    /// 404; 400 unless the job type is EnableFailed.
    pub fn retry_scope(&mut self, project: &str, id: &str, scope: &str, now: Millis) -> Result<(), Refusal> {
        let body = json!({"scope": scope});
        let _: Value = self.direct(Operation::RetryPoolScope, project, id, Some(&body), now)?;
        Ok(())
    }

    /// ListPoolNodes, all of them.
    ///
    /// # Errors
    /// 404.
    pub fn pool_nodes(&mut self, project: &str, id: &str, now: Millis) -> Result<NodeList, Refusal> {
        self.direct(Operation::ListPoolNodes, project, id, NOTHING, now)
    }

    /// BatchDeletePoolNodes.
    ///
    /// # Errors
    /// 404; 400 if a node is none of the pool's, is a subscription, or would be the last to go.
    pub fn delete_pool_nodes(&mut self, project: &str, id: &str, nodes: &[&str], now: Millis) -> Result<(), Refusal> {
        let body = json!({"deleteNodeNames": nodes});
        let _: Value = self.direct(Operation::BatchDeletePoolNodes, project, id, Some(&body), now)?;
        Ok(())
    }

    /// ListOrders of a pool by its ID, newest first.
    ///
    /// # Errors
    /// None at present.
    pub fn pool_orders(&mut self, project: &str, id: &str, now: Millis) -> Result<OrderList, Refusal> {
        let query = vec![("involvedName".to_owned(), id.to_owned())];
        self.direct_query(Operation::ListOrders, project, "", query, NOTHING, now)
    }

    /// ShowOrder: the parts of an order by its name.
    ///
    /// # Errors
    /// 404.
    pub fn show_order_items(&mut self, project: &str, order: &str, now: Millis) -> Result<OrderDetail, Refusal> {
        self.direct(Operation::ShowOrder, project, order, NOTHING, now)
    }

    /// ListResourceFlavors, the first 500.
    ///
    /// # Errors
    /// None at present.
    pub fn resource_flavors(&mut self, project: &str, now: Millis) -> Result<FlavorList, Refusal> {
        self.direct(Operation::ListResourceFlavors, project, "", NOTHING, now)
    }

    /// CreateNetwork.
    ///
    /// # Errors
    /// 400.
    pub fn create_network(&mut self, project: &str, body: &impl Serialize, now: Millis) -> Result<Network, Refusal> {
        self.direct(Operation::CreateNetwork, project, "", Some(body), now)
    }

    /// ListNetworks, the first 500.
    ///
    /// # Errors
    /// None at present.
    pub fn list_networks(&mut self, project: &str, now: Millis) -> Result<NetworkList, Refusal> {
        self.direct(Operation::ListNetworks, project, "", NOTHING, now)
    }

    /// ShowNetwork.
    ///
    /// # Errors
    /// 404 `ModelArts.50025001`.
    pub fn show_network(&mut self, project: &str, id: &str, now: Millis) -> Result<Network, Refusal> {
        self.direct(Operation::ShowNetwork, project, id, NOTHING, now)
    }

    /// PatchNetwork with a merge patch.
    ///
    /// # Errors
    /// 404; 400 for what is fixed.
    pub fn patch_network(
        &mut self,
        project: &str,
        id: &str,
        patch: &impl Serialize,
        now: Millis,
    ) -> Result<Network, Refusal> {
        self.direct(Operation::PatchNetwork, project, id, Some(patch), now)
    }

    /// DeleteNetwork.
    ///
    /// # Errors
    /// 404; 400 `ModelArts.50025002` while a pool uses it.
    pub fn delete_network(&mut self, project: &str, id: &str, now: Millis) -> Result<Network, Refusal> {
        self.direct(Operation::DeleteNetwork, project, id, NOTHING, now)
    }

    fn direct<T: DeserializeOwned>(
        &mut self,
        operation: Operation,
        project: &str,
        id: &str,
        body: Option<&impl Serialize>,
        now: Millis,
    ) -> Result<T, Refusal> {
        self.direct_query(operation, project, id, Vec::new(), body, now)
    }

    fn direct_query<T: DeserializeOwned>(
        &mut self,
        operation: Operation,
        project: &str,
        id: &str,
        query: Vec<(String, String)>,
        body: Option<&impl Serialize>,
        now: Millis,
    ) -> Result<T, Refusal> {
        let body = body.map(serde_json::to_vec).transpose();
        let call = Call {
            operation,
            project: project.to_owned(),
            id: id.to_owned(),
            query,
            content_type: MERGE_PATCH.to_owned(),
            body: body
                .map_err(|error| Refusal::bad_request(error.to_string()))?
                .unwrap_or_default(),
        };
        let trace = Trace {
            operation: operation.name(),
            request_id: "direct",
            outcome: "accepted",
        };
        typed(self.execute(&call, trace, now)?)
    }
}

const NOTHING: Option<&Value> = None;

fn typed<T: DeserializeOwned>(value: Value) -> Result<T, Refusal> {
    serde_json::from_value(value).map_err(|_| Refusal::internal())
}
