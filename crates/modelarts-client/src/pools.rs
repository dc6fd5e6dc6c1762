//! Pool operations.

use modelarts_types::pool::{ListMeta, Pool, PoolList};
use serde_json::Value;

use crate::client::Client;
use crate::error::ApiError;
use crate::ids::PoolId;
use crate::operation::Operation;
use crate::paging::Page;
use crate::request;

/// Which pools to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListPools {
    /// The workspace; `"0"` is the default one. A list covers exactly one.
    pub workspace_id: String,
    /// Label filter, for example `os.modelarts/name=pool-001`. Filter again on what comes back:
    /// the syntax is not documented.
    pub label_selector: Option<String>,
    /// Which records; absent means valid pools, whatever the service takes for that.
    pub status: Option<PoolListStatus>,
}

impl Default for ListPools {
    fn default() -> Self {
        Self {
            workspace_id: "0".into(),
            label_selector: None,
            status: None,
        }
    }
}

/// Filter on the state of the records.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PoolListStatus {
    /// Made.
    Created,
    /// Being made.
    Creating,
    /// Creation failed within the last three days.
    Failed,
}

impl PoolListStatus {
    /// The word of the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Creating => "creating",
            Self::Failed => "failed",
        }
    }
}

impl Page for PoolList {
    type Item = Pool;

    fn parts(&mut self) -> (Option<Vec<Pool>>, Option<ListMeta>) {
        (self.items.take(), self.metadata.take())
    }
}

impl Client {
    /// Orders a pool. The answer has the ID; it may have no phase yet.
    ///
    /// # Errors
    ///
    /// Unless [`Sent::Doubtful`](crate::Sent::Doubtful), no pool was ordered. An answer without a
    /// usable ID is doubtful, too.
    pub async fn create_pool(&self, pool: &Pool) -> Result<Pool, ApiError> {
        let project = self.project_id().await?;
        let request = self.built(Operation::CreatePool, request::create_pool(&project, pool))?;
        self.read(&request, has_id).await.map(|(pool, ())| pool)
    }

    /// All pools that the filters let through, on however many pages. An entry without an ID is
    /// left in: the caller must see that there is something it cannot name.
    ///
    /// # Errors
    ///
    /// Also if only one page is missing or is no list.
    pub async fn list_pools(&self, list: &ListPools) -> Result<PoolList, ApiError> {
        let project = self.project_id().await?;
        let (mut pools, items) = self.all_pages::<PoolList>(request::list_pools(&project, list)).await?;
        pools.items = Some(items);
        Ok(pools)
    }

    /// One pool.
    ///
    /// # Errors
    ///
    /// [`Failure::Gone`](crate::Failure::Gone) only if the service itself says that there is no
    /// such pool.
    pub async fn show_pool(&self, id: &PoolId) -> Result<Pool, ApiError> {
        let project = self.project_id().await?;
        self.one_pool(&request::show_pool(&project, id), id).await
    }

    /// Changes a pool by a merge patch (RFC 7396). Lists are replaced as a whole.
    ///
    /// # Errors
    ///
    /// As for every call.
    pub async fn patch_pool(&self, id: &PoolId, patch: &Value) -> Result<Pool, ApiError> {
        let project = self.project_id().await?;
        let request = self.built(Operation::PatchPool, request::patch_pool(&project, id, patch))?;
        self.one_pool(&request, id).await
    }

    /// Asks for the deletion of a pool, which goes on long after the answer. The answer is the
    /// pool as it was, or nothing.
    ///
    /// # Errors
    ///
    /// [`Failure::Gone`](crate::Failure::Gone) if there is no such pool.
    pub async fn delete_pool(&self, id: &PoolId) -> Result<Option<Pool>, ApiError> {
        let project = self.project_id().await?;
        self.read_if_any(&request::delete_pool(&project, id)).await
    }

    async fn one_pool(&self, request: &request::ApiRequest, id: &PoolId) -> Result<Pool, ApiError> {
        let is_it = |pool: &mut Pool| match pool.id() {
            Some(found) if found == id.as_str() => Ok(()),
            _ => Err("the answer is not the pool that was asked for"),
        };
        self.read(request, is_it).await.map(|(pool, ())| pool)
    }
}

fn has_id(pool: &mut Pool) -> Result<(), &'static str> {
    match pool.id().map(PoolId::parse) {
        Some(Ok(_)) => Ok(()),
        _ => Err("the answer has no usable pool ID"),
    }
}
