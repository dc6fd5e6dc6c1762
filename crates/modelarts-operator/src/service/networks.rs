//! Networks: all of a project in one list, and in use by pools.

use std::sync::Arc;

use modelarts_client::{ApiError, Client, NetworkId, PoolId};
use modelarts_crd::{ModelArtsNetwork, ModelArtsNetworkStatus};
use modelarts_plan::Networks;
use modelarts_plan::kind::Terms;
use modelarts_types::Network;
use serde_json::Value;

use super::{Service, Which};
use crate::accounts::Access;
use crate::around::Neighbours;
use crate::directory::{Directory, Member, ScopeKey};
use crate::links;
use crate::shared::{Directories, Shared};

impl Service for Networks {
    const CONTROLLER: &'static str = "modelartsnetwork";
    const LISTS: &'static [Which] = &[Which::Default];

    type Id = NetworkId;

    fn id(text: &str) -> Option<NetworkId> {
        NetworkId::parse(text).ok()
    }

    /// The service lists the networks of all workspaces together.
    fn scope(terms: &Terms<'_>) -> ScopeKey {
        ScopeKey {
            account: terms.account.to_owned(),
            workspace: String::new(),
        }
    }

    fn cloud_name(status: &ModelArtsNetworkStatus) -> Option<&str> {
        status.network_name.as_deref()
    }

    fn phase(status: &ModelArtsNetworkStatus) -> Option<&str> {
        status.phase.as_deref()
    }

    fn directory(directories: &Directories) -> &Arc<Directory> {
        &directories.networks
    }

    fn tell_others(directories: &Directories, before: Option<&Member>, after: Option<&Member>) {
        let standing = |network: &Member| (network.ready, network.deleting, network.id.clone());
        if before.map(standing) == after.map(standing) {
            return;
        }
        if let Some(network) = after.or(before) {
            directories.pools.wake_where(|pool| links::uses(pool, network));
        }
    }

    async fn neighbours(shared: &Shared, object: &ModelArtsNetwork) -> Result<Option<Neighbours>, kube::Error> {
        if object.metadata.deletion_timestamp.is_none() {
            return Ok(Some(Neighbours::default()));
        }
        let users = links::users(&shared.directories.pools, object);
        Ok(users.map(|users| Neighbours {
            users,
            ..Neighbours::default()
        }))
    }

    async fn list(client: &Client, _scope: &ScopeKey, _which: Which) -> Result<Vec<Network>, ApiError> {
        Ok(client.list_networks(None).await?.items.unwrap_or_default())
    }

    async fn show(client: &Client, id: &NetworkId) -> Result<Network, ApiError> {
        client.show_network(id).await
    }

    async fn create(client: &Client, body: &Network) -> Result<Network, ApiError> {
        client.create_network(body).await
    }

    async fn patch(client: &Client, id: &NetworkId, patch: &Value) -> Result<Network, ApiError> {
        client.patch_network(id, patch).await
    }

    async fn delete(client: &Client, id: &NetworkId) -> Result<(), ApiError> {
        client.delete_network(id).await.map(drop)
    }

    /// A pool of the account whose ID is on record.
    async fn canary(shared: &Shared, access: &Access, member: &Member) -> bool {
        let account = &member.scope.account;
        let pools = shared.directories.pools.filter(|pool| pool.scope.account == *account);
        let pool = pools.iter().find_map(|pool| PoolId::parse(pool.id.as_deref()?).ok());
        match pool {
            Some(pool) => access.client.show_pool(&pool).await.is_ok(),
            None => false,
        }
    }
}
