//! Pools: listed by workspace, in three lists, and in need of a network.

use std::sync::Arc;

use kube::{Api, ResourceExt};
use modelarts_client::{ApiError, Client, ListOrders, ListPools, NetworkId, PoolId, PoolListStatus};
use modelarts_crd::status::{AbnormalNode, Order};
use modelarts_crd::{ModelArtsNetwork, ModelArtsPool, ModelArtsPoolStatus};
use modelarts_plan::kind::Terms;
use modelarts_plan::{Link, Pools, orders};
use modelarts_types::pool::Pool;
use serde_json::Value;

use super::{Service, Which};
use crate::accounts::Access;
use crate::around::Neighbours;
use crate::directory::{Directory, Member, References, ScopeKey};
use crate::links;
use crate::shared::{Directories, Shared};

/// How far back orders are asked for; the service keeps them for a month.
const ORDERS: jiff::SignedDuration = jiff::SignedDuration::from_hours(31 * 24);

impl Service for Pools {
    const CONTROLLER: &'static str = "modelartspool";
    const LISTS: &'static [Which] = &[Which::Default, Which::Creating, Which::Failed];

    type Id = PoolId;

    fn id(text: &str) -> Option<PoolId> {
        PoolId::parse(text).ok()
    }

    fn scope(terms: &Terms<'_>) -> ScopeKey {
        ScopeKey {
            account: terms.account.to_owned(),
            workspace: terms.workspace.to_owned(),
        }
    }

    fn cloud_name(status: &ModelArtsPoolStatus) -> Option<&str> {
        status.pool_name.as_deref()
    }

    fn phase(status: &ModelArtsPoolStatus) -> Option<&str> {
        status.phase.as_deref()
    }

    fn refers(object: &ModelArtsPool) -> References {
        let spec = &object.spec;
        let said = spec.network.as_ref().map(|network| network.name.clone());
        let seen = object.status.as_ref().and_then(|status| status.network_id.clone());
        References {
            object: spec.network_ref.as_ref().map(|reference| reference.name.clone()),
            ids: said.into_iter().chain(seen).collect(),
        }
    }

    fn directory(directories: &Directories) -> &Arc<Directory> {
        &directories.pools
    }

    fn tell_others(directories: &Directories, before: Option<&Member>, after: Option<&Member>) {
        if let (Some(pool), None) = (before, after) {
            directories.networks.wake_where(|network| links::uses(pool, network));
        }
    }

    async fn neighbours(shared: &Shared, object: &ModelArtsPool) -> Result<Option<Neighbours>, kube::Error> {
        let has_one = object.status.as_ref().is_some_and(|status| status.pool_id.is_some());
        let mut neighbours = Neighbours::default();
        if let Some(reference) = &object.spec.network_ref
            && object.metadata.deletion_timestamp.is_none()
            && !has_one
        {
            // Read live: a pool is bought into what is there now.
            let namespace = object.namespace().unwrap_or_default();
            let networks: Api<ModelArtsNetwork> = Api::namespaced(shared.kube.clone(), &namespace);
            let network = networks.get_opt(&reference.name).await?;
            neighbours.link = match network {
                Some(network) => links::link(&network, object.spec.account_name()),
                None => Link::Waiting(format!("ModelArtsNetwork {} does not exist", reference.name)),
            };
        }
        Ok(Some(neighbours))
    }

    async fn list(client: &Client, scope: &ScopeKey, which: Which) -> Result<Vec<Pool>, ApiError> {
        let list = ListPools {
            workspace_id: scope.workspace.clone(),
            status: match which {
                Which::Default => None,
                Which::Creating => Some(PoolListStatus::Creating),
                Which::Failed => Some(PoolListStatus::Failed),
            },
            ..ListPools::default()
        };
        Ok(client.list_pools(&list).await?.items.unwrap_or_default())
    }

    async fn show(client: &Client, id: &PoolId) -> Result<Pool, ApiError> {
        client.show_pool(id).await
    }

    async fn create(client: &Client, body: &Pool) -> Result<Pool, ApiError> {
        client.create_pool(body).await
    }

    async fn patch(client: &Client, id: &PoolId, patch: &Value) -> Result<Pool, ApiError> {
        client.patch_pool(id, patch).await
    }

    async fn delete(client: &Client, id: &PoolId) -> Result<(), ApiError> {
        client.delete_pool(id).await.map(drop)
    }

    async fn canary(_shared: &Shared, access: &Access, member: &Member) -> bool {
        let network = member.refers.ids.iter().find_map(|id| NetworkId::parse(id).ok());
        match network {
            Some(network) => access.client.show_network(&network).await.is_ok(),
            None => false,
        }
    }

    async fn order(client: &Client, id: &PoolId, status: &ModelArtsPoolStatus) -> Result<Option<Order>, ApiError> {
        let list = ListOrders {
            pool: Some(id.clone()),
            since: jiff::Timestamp::now().checked_sub(ORDERS).ok(),
            workspace_id: None,
        };
        let listed = client.list_orders(&list).await?.items.unwrap_or_default();
        let name = status.order.as_ref().map(|order| order.name.as_str());
        Ok(orders::reported(&listed, name))
    }

    async fn abnormal_nodes(client: &Client, id: &PoolId) -> Result<Vec<AbnormalNode>, ApiError> {
        let listed = client.list_nodes(id).await?;
        Ok(orders::abnormal(&listed.items.unwrap_or_default()))
    }
}
