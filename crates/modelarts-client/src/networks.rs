//! Network operations.

use modelarts_types::{ListMeta, Network, NetworkList};
use serde_json::Value;

use crate::client::Client;
use crate::error::ApiError;
use crate::ids::NetworkId;
use crate::operation::Operation;
use crate::paging::Page;
use crate::request;

impl Page for NetworkList {
    type Item = Network;

    fn parts(&mut self) -> (Option<Vec<Network>>, Option<ListMeta>) {
        (self.items.take(), self.metadata.take())
    }
}

impl Client {
    /// Makes a network. The answer has the ID.
    ///
    /// # Errors
    ///
    /// An answer without a usable ID leaves doubt.
    pub async fn create_network(&self, network: &Network) -> Result<Network, ApiError> {
        let project = self.project_id().await?;
        let request = self.built(Operation::CreateNetwork, request::create_network(&project, network))?;
        let has_id = |network: &mut Network| match network.id().map(NetworkId::parse) {
            Some(Ok(_)) => Ok(()),
            _ => Err("the answer has no usable network ID"),
        };
        self.read(&request, has_id).await.map(|(network, ())| network)
    }

    /// All networks of the project, on however many pages.
    ///
    /// # Errors
    ///
    /// Also if only one page is missing or is no list.
    pub async fn list_networks(&self, label_selector: Option<&str>) -> Result<NetworkList, ApiError> {
        let project = self.project_id().await?;
        let (mut networks, items) = self
            .all_pages::<NetworkList>(request::list_networks(&project, label_selector))
            .await?;
        networks.items = Some(items);
        Ok(networks)
    }

    /// One network.
    ///
    /// # Errors
    ///
    /// [`Failure::Gone`](crate::Failure::Gone) only if the service itself says that there is no
    /// such network.
    pub async fn show_network(&self, id: &NetworkId) -> Result<Network, ApiError> {
        let project = self.project_id().await?;
        self.one_network(&request::show_network(&project, id), id).await
    }

    /// Changes a network by a merge patch (RFC 7396).
    ///
    /// # Errors
    ///
    /// As for every call.
    pub async fn patch_network(&self, id: &NetworkId, patch: &Value) -> Result<Network, ApiError> {
        let project = self.project_id().await?;
        let request = self.built(Operation::PatchNetwork, request::patch_network(&project, id, patch))?;
        self.one_network(&request, id).await
    }

    /// Asks for the deletion of a network.
    ///
    /// # Errors
    ///
    /// [`Failure::Conflict`](crate::Failure::Conflict) while a pool uses it.
    pub async fn delete_network(&self, id: &NetworkId) -> Result<Option<Network>, ApiError> {
        let project = self.project_id().await?;
        self.read_if_any(&request::delete_network(&project, id)).await
    }

    async fn one_network(&self, request: &request::ApiRequest, id: &NetworkId) -> Result<Network, ApiError> {
        let is_it = |network: &mut Network| match network.id() {
            Some(found) if found == id.as_str() => Ok(()),
            _ => Err("the answer is not the network that was asked for"),
        };
        self.read(request, is_it).await.map(|(network, ())| network)
    }
}
