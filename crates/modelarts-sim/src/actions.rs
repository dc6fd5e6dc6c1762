//! Which IAM action each operation needs: the one place that says so.
//!
//! The match has no catch-all, so a new operation cannot be forgotten. An action is the service's
//! own word; what is not published is marked as assumed, and the README lists it.

use crate::operation::Operation;

impl Operation {
    /// The IAM action that the caller must be granted; `None` if none is needed.
    ///
    /// Sources: the permission tables of ModelArts, IAM and billing, and where those are silent
    /// the page of the operation.
    #[must_use]
    pub fn action(self) -> Option<&'static str> {
        match self {
            Self::CreatePool => Some("modelarts:pool:create"),
            // Statistics are assumed to be what lists are.
            Self::ListPools | Self::ShowPoolStatistics => Some("modelarts:pool:list"),
            // Nodes and events need the pool's own action; node pools and orders are assumed to.
            Self::ShowPool
            | Self::ListPoolNodes
            | Self::ListNodePools
            | Self::ListEvents
            | Self::ListOrders
            | Self::ShowOrder => Some("modelarts:pool:get"),
            // Scopes and tags are assumed to be changes of the pool, as nodes are known to be.
            Self::PatchPool
            | Self::BatchDeletePoolNodes
            | Self::RetryPoolScope
            | Self::CreatePoolTags
            | Self::DeletePoolTags => Some("modelarts:pool:update"),
            Self::DeletePool => Some("modelarts:pool:delete"),
            Self::CreateNetwork => Some("modelarts:network:create"),
            Self::ListNetworks => Some("modelarts:network:list"),
            Self::ShowNetwork => Some("modelarts:network:get"),
            Self::PatchNetwork => Some("modelarts:network:update"),
            Self::DeleteNetwork => Some("modelarts:network:delete"),
            Self::ListWorkspaces => Some("modelarts:workspace:list"),
            Self::ShowWorkspace => Some("modelarts:workspace:get"),
            Self::ListProjects => Some("iam:projects:listProjects"),
            Self::UnsubscribeResources => Some("bss:unsubscribe:update"),
            // Assumed.
            Self::ListSubscriptions => Some("bss:order:view"),
            // The catalogue and the tags may be read without; of quotas and settings it is assumed.
            Self::ListResourceFlavors
            | Self::ListPoolTags
            | Self::ListProjectPoolTags
            | Self::ShowOsQuota
            | Self::ShowOsConfig
            | Self::ListAuthProjects
            | Self::ListAuthDomains => None,
            // Who asks for credentials has none yet.
            Self::CreateToken | Self::CreateMetadataToken | Self::ShowSecurityKey | Self::CreatePodCredential => None,
        }
    }

    /// Whether keys are handed out to whoever reaches the service.
    #[must_use]
    pub fn hands_out_keys(self) -> bool {
        self.hands_out_credentials() && self != Self::CreateToken
    }

    /// Whether the call is made without credentials of the cloud, to be given some.
    #[must_use]
    pub fn hands_out_credentials(self) -> bool {
        matches!(
            self,
            Self::CreateToken | Self::CreateMetadataToken | Self::ShowSecurityKey | Self::CreatePodCredential
        )
    }
}
