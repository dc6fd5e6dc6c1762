//! What a kind of thing needs of the cloud's client and of Kubernetes: the calls, where its objects
//! are, and who else has to look when one of them changes. No decisions.

use std::fmt::Debug;
use std::sync::Arc;

use kube::core::NamespaceResourceScope;
use kube::{CustomResourceExt, Resource};
use modelarts_client::{ApiError, Client};
use modelarts_crd::status::{AbnormalNode, Order};
use modelarts_plan::Kind;
use modelarts_plan::kind::Terms;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::accounts::Access;
use crate::around::Neighbours;
use crate::directory::{Directory, Member, References, ScopeKey};
use crate::shared::{Directories, Shared};

mod networks;
mod pools;

/// What Kubernetes' client asks of an object.
pub trait CustomObject:
    Resource<DynamicType = (), Scope = NamespaceResourceScope>
    + CustomResourceExt
    + DeserializeOwned
    + Serialize
    + Clone
    + Debug
    + Send
    + Sync
    + 'static
{
}

impl<T> CustomObject for T where
    T: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + CustomResourceExt
        + DeserializeOwned
        + Serialize
        + Clone
        + Debug
        + Send
        + Sync
        + 'static
{
}

/// Which things a list shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Which {
    /// Those that the service shows without being asked for others.
    Default,
    /// Those in the making.
    Creating,
    /// Records of those that could not be made.
    Failed,
}

/// A kind that the operator can look after.
pub trait Service:
    Kind<Object: CustomObject, Status: Serialize + 'static, Resource: Default + 'static, Desired: Send + Sync>
{
    /// The name of its controller in metrics.
    const CONTROLLER: &'static str;
    /// The lists that together show everything there is, the default one first.
    const LISTS: &'static [Which];

    /// An ID that can stand in a request.
    type Id: Clone + Send + Sync;

    /// Reads an ID; nothing if it cannot be one.
    fn id(text: &str) -> Option<Self::Id>;

    /// Which list shows the thing of an object with these terms.
    fn scope(terms: &Terms<'_>) -> ScopeKey;

    /// The name in the cloud, as a status gives it.
    fn cloud_name(status: &Self::Status) -> Option<&str>;

    /// The phase, as a status gives it.
    fn phase(status: &Self::Status) -> Option<&str>;

    /// What an object refers to.
    fn refers(_object: &Self::Object) -> References {
        References::default()
    }

    /// The objects of this kind.
    fn directory(directories: &Directories) -> &Arc<Directory>;

    /// Whom a change of an object concerns besides itself. Nothing stands for an object that was not
    /// known before, or is no more.
    fn tell_others(directories: &Directories, before: Option<&Member>, after: Option<&Member>);

    /// The other objects that matter to one that was read a moment ago; nothing while they are not
    /// all known.
    fn neighbours(
        shared: &Shared,
        object: &Self::Object,
    ) -> impl Future<Output = Result<Option<Neighbours>, kube::Error>> + Send;

    /// One complete list of a scope, on however many pages.
    fn list(
        client: &Client,
        scope: &ScopeKey,
        which: Which,
    ) -> impl Future<Output = Result<Vec<Self::Resource>, ApiError>> + Send;

    /// GETs one.
    fn show(client: &Client, id: &Self::Id) -> impl Future<Output = Result<Self::Resource, ApiError>> + Send;

    /// Creates one.
    fn create(client: &Client, body: &Self::Resource) -> impl Future<Output = Result<Self::Resource, ApiError>> + Send;

    /// Changes one by a merge patch.
    fn patch(
        client: &Client,
        id: &Self::Id,
        patch: &Value,
    ) -> impl Future<Output = Result<Self::Resource, ApiError>> + Send;

    /// Asks for the deletion of one.
    fn delete(client: &Client, id: &Self::Id) -> impl Future<Output = Result<(), ApiError>> + Send;

    /// Reads something of another kind in the account of `member` that is known to exist.
    fn canary(shared: &Shared, access: &Access, member: &Member) -> impl Future<Output = bool> + Send;

    /// The order that a status names, or the last one.
    fn order(
        _client: &Client,
        _id: &Self::Id,
        _status: &Self::Status,
    ) -> impl Future<Output = Result<Option<Order>, ApiError>> + Send {
        std::future::ready(Ok(None))
    }

    /// The parts that cannot be used.
    fn abnormal_nodes(
        _client: &Client,
        _id: &Self::Id,
    ) -> impl Future<Output = Result<Vec<AbnormalNode>, ApiError>> + Send {
        std::future::ready(Ok(Vec::new()))
    }
}

#[cfg(test)]
mod tests {
    use modelarts_crd::policy::{DriftPolicy, ManagementPolicy};
    use modelarts_plan::{Networks, Pools};

    use super::*;

    #[test]
    fn one_list_shows_the_pools_of_a_workspace_and_the_networks_of_an_account() {
        let terms = |workspace| Terms {
            account: "default",
            workspace,
            name: None,
            management: ManagementPolicy::Manage,
            deletion: None,
            adoption: None,
            drift: DriftPolicy::Correct,
            subscription: false,
        };
        assert_ne!(Pools::scope(&terms("0")), Pools::scope(&terms("w1")));
        assert_eq!(Networks::scope(&terms("0")), Networks::scope(&terms("w1")));
        assert_eq!(Networks::LISTS, [Which::Default]);
    }
}
