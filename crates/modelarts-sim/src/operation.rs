//! The operations of the API and the calls that reach them.
//!
//! One table decides which method and path is which operation; faults, counters and the ledger
//! name operations by the same words as the service's own reference.

use std::fmt;

use crate::message::Request;

macro_rules! operations {
    ($($name:ident $kind:ident),* $(,)?) => {
        /// What a call asks for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "the names are those of the service's reference")]
        pub enum Operation { $($name),* }

        impl Operation {
            /// Every operation.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            /// The name as in faults, counters and the ledger.
            #[must_use]
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// Whether the path names a pool.
            #[must_use]
            pub fn names_pool(self) -> bool {
                matches!(
                    self,
                    Self::ShowPool
                        | Self::PatchPool
                        | Self::DeletePool
                        | Self::RetryPoolScope
                        | Self::ListPoolNodes
                        | Self::BatchDeletePoolNodes
                        | Self::ListNodePools
                        | Self::ListPoolTags
                        | Self::CreatePoolTags
                        | Self::DeletePoolTags
                )
            }

            /// What kind of call it is.
            #[must_use]
            pub fn kind(self) -> Kind {
                match self { $(Self::$name => Kind::$kind),* }
            }
        }
    };
}

/// Whether an operation changes anything, and whether its answer is a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Changes the cloud.
    Write,
    /// Shows one thing.
    Read,
    /// Shows many.
    List,
    /// Hands out a token or a key; changes nothing that the ledger knows.
    Login,
}

operations! {
    CreatePool Write, ListPools List, ShowPool Read, PatchPool Write, DeletePool Write,
    RetryPoolScope Write,
    ListPoolNodes List, BatchDeletePoolNodes Write, ListNodePools List, ShowPoolStatistics Read,
    CreateNetwork Write, ListNetworks List, ShowNetwork Read, PatchNetwork Write,
    DeleteNetwork Write, ListResourceFlavors List, ListWorkspaces List, ShowWorkspace Read,
    ListOrders List, ShowOrder Read, ListEvents List, ShowOsQuota Read, ShowOsConfig Read,
    ListPoolTags List, ListProjectPoolTags List, CreatePoolTags Write, DeletePoolTags Write,
    CreateToken Login, ListProjects List, ListAuthProjects List, ListAuthDomains List,
    UnsubscribeResources Write, ListSubscriptions List,
    CreateMetadataToken Login, ShowSecurityKey Login, CreatePodCredential Login,
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A call after routing: what is asked, of which project, about what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// The operation.
    pub operation: Operation,
    /// The project ID of the path; empty for IAM and billing.
    pub project: String,
    /// The pool, network, workspace or order of the path; empty if none.
    pub id: String,
    /// The decoded query.
    pub query: Vec<(String, String)>,
    /// The media type of the body, without parameters, in lower case.
    pub content_type: String,
    /// The body as received.
    pub body: Vec<u8>,
}

impl Call {
    /// The first value of a query parameter, if it is there and not empty.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
            .filter(|value| !value.is_empty())
    }
}

/// Finds the operation of a request; `None` if the API has none at that method and path.
#[must_use]
pub fn route(request: &Request) -> Option<Call> {
    let segments = request.segments();
    let path: Vec<&str> = segments.iter().map(String::as_str).collect();
    let (operation, project, id) = find(&request.method, &path)?;
    Some(Call {
        operation,
        project: project.to_owned(),
        id: id.to_owned(),
        query: request.parameters(),
        content_type: request
            .header("content-type")
            .and_then(|value| value.split(';').next())
            .map(|media| media.trim().to_ascii_lowercase())
            .unwrap_or_default(),
        body: request.body.clone(),
    })
}

fn find<'a>(method: &str, path: &[&'a str]) -> Option<(Operation, &'a str, &'a str)> {
    use Operation as O;
    let (operation, project, id) = match (method, path) {
        ("POST", ["v3", "auth", "tokens"]) => (O::CreateToken, "", ""),
        ("GET", ["v3", "projects"]) => (O::ListProjects, "", ""),
        ("GET", ["v3", "auth", "projects"]) => (O::ListAuthProjects, "", ""),
        ("GET", ["v3", "auth", "domains"]) => (O::ListAuthDomains, "", ""),
        ("PUT", ["meta-data", "latest", "api", "token"]) => (O::CreateMetadataToken, "", ""),
        ("GET", ["openstack", "latest", "securitykey"]) => (O::ShowSecurityKey, "", ""),
        // The address is the cluster's to choose; this path is ours.
        ("POST", ["v1", "credentials"]) => (O::CreatePodCredential, "", ""),
        ("POST", ["v2", "orders", "subscriptions", "resources", "unsubscribe"]) => (O::UnsubscribeResources, "", ""),
        // The missing letter is the service's.
        ("POST", ["v2", "orders", "suscriptions", "resources", "query"]) => (O::ListSubscriptions, "", ""),
        ("GET", ["v2", p, "pools"]) => (O::ListPools, *p, ""),
        ("POST", ["v2", p, "pools"]) => (O::CreatePool, *p, ""),
        ("GET", ["v2", p, "pools", id]) => (O::ShowPool, *p, *id),
        ("PATCH", ["v2", p, "pools", id]) => (O::PatchPool, *p, *id),
        ("DELETE", ["v2", p, "pools", id]) => (O::DeletePool, *p, *id),
        ("POST", ["v2", p, "pools", id, "retry-scope"]) => (O::RetryPoolScope, *p, *id),
        ("GET", ["v2", p, "pools", id, "nodes"]) => (O::ListPoolNodes, *p, *id),
        ("POST", ["v2", p, "pools", id, "nodes", "batch-delete"]) => (O::BatchDeletePoolNodes, *p, *id),
        ("GET", ["v2", p, "pools", id, "nodepools"]) => (O::ListNodePools, *p, *id),
        ("GET", ["v2", p, "statistics", "pools"]) => (O::ShowPoolStatistics, *p, ""),
        ("GET", ["v1", p, "networks"]) => (O::ListNetworks, *p, ""),
        ("POST", ["v1", p, "networks"]) => (O::CreateNetwork, *p, ""),
        ("GET", ["v1", p, "networks", id]) => (O::ShowNetwork, *p, *id),
        ("PATCH", ["v1", p, "networks", id]) => (O::PatchNetwork, *p, *id),
        ("DELETE", ["v1", p, "networks", id]) => (O::DeleteNetwork, *p, *id),
        ("GET", ["v1", p, "resourceflavors"]) => (O::ListResourceFlavors, *p, ""),
        ("GET", ["v1", p, "workspaces"]) => (O::ListWorkspaces, *p, ""),
        ("GET", ["v1", p, "workspaces", id]) => (O::ShowWorkspace, *p, *id),
        ("GET", ["v1", p, "orders"]) => (O::ListOrders, *p, ""),
        ("GET", ["v1", p, "orders", id]) => (O::ShowOrder, *p, *id),
        ("GET", ["v1", p, "events"]) => (O::ListEvents, *p, ""),
        ("GET", ["v1", p, "quotas"]) => (O::ShowOsQuota, *p, ""),
        ("GET", ["v1", p, "os-user-config"]) => (O::ShowOsConfig, *p, ""),
        ("GET", ["v1", p, "pools", "tags"]) => (O::ListProjectPoolTags, *p, ""),
        ("GET", ["v1", p, "pools", id, "tags"]) => (O::ListPoolTags, *p, *id),
        ("POST", ["v1", p, "pools", id, "tags", "create"]) => (O::CreatePoolTags, *p, *id),
        ("DELETE", ["v1", p, "pools", id, "tags", "delete"]) => (O::DeletePoolTags, *p, *id),
        _ => return None,
    };
    Some((operation, project, id))
}
