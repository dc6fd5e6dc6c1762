//! Node operations.

use modelarts_types::ListMeta;
use modelarts_types::node::{Node, NodeList};

use crate::client::Client;
use crate::error::ApiError;
use crate::ids::PoolId;
use crate::paging::Page;
use crate::request;

impl Page for NodeList {
    type Item = Node;

    fn parts(&mut self) -> (Option<Vec<Node>>, Option<ListMeta>) {
        (self.items.take(), self.metadata.take())
    }
}

impl Client {
    /// All nodes of a pool, on however many pages.
    ///
    /// # Errors
    ///
    /// [`Failure::Gone`](crate::Failure::Gone) if there is no such pool.
    pub async fn list_nodes(&self, pool: &PoolId) -> Result<NodeList, ApiError> {
        let project = self.project_id().await?;
        let (mut nodes, items) = self
            .all_pages::<NodeList>(request::list_pool_nodes(&project, pool))
            .await?;
        nodes.items = Some(items);
        Ok(nodes)
    }
}
