//! The operations of the API this client knows.

/// One operation. Closed, so that a metric label or a rule about writes cannot miss one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Operation {
    /// Order a pool. The only call whose repetition costs money.
    CreatePool,
    /// Pools of one workspace.
    ListPools,
    /// One pool.
    ShowPool,
    /// Change a pool.
    PatchPool,
    /// Delete a pool.
    DeletePool,
    /// Make a network.
    CreateNetwork,
    /// Networks of the project.
    ListNetworks,
    /// One network.
    ShowNetwork,
    /// Change a network.
    PatchNetwork,
    /// Delete a network.
    DeleteNetwork,
    /// Machine types.
    ListResourceFlavors,
    /// Workspaces of the project.
    ListWorkspaces,
    /// One workspace.
    ShowWorkspace,
    /// Orders about pools.
    ListOrders,
    /// What one order consists of.
    ShowOrder,
    /// Nodes of a pool.
    ListPoolNodes,
    /// IAM: log in for a token.
    CreateToken,
    /// Pod identity or instance metadata: fetch a temporary key.
    FetchKey,
    /// IAM: find a project by name.
    ListProjects,
    /// IAM: all projects the caller can reach; needs no permission.
    ListAuthProjects,
}

/// The kind of object an operation names in its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Pool,
    Network,
    None,
}

impl Operation {
    /// All operations.
    pub const ALL: [Self; 20] = [
        Self::CreatePool,
        Self::ListPools,
        Self::ShowPool,
        Self::PatchPool,
        Self::DeletePool,
        Self::CreateNetwork,
        Self::ListNetworks,
        Self::ShowNetwork,
        Self::PatchNetwork,
        Self::DeleteNetwork,
        Self::ListResourceFlavors,
        Self::ListWorkspaces,
        Self::ShowWorkspace,
        Self::ListOrders,
        Self::ShowOrder,
        Self::ListPoolNodes,
        Self::CreateToken,
        Self::FetchKey,
        Self::ListProjects,
        Self::ListAuthProjects,
    ];

    /// Its name, as the API reference spells it where it has one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::CreatePool => "CreatePool",
            Self::ListPools => "ListPools",
            Self::ShowPool => "ShowPool",
            Self::PatchPool => "PatchPool",
            Self::DeletePool => "DeletePool",
            Self::CreateNetwork => "CreateNetwork",
            Self::ListNetworks => "ListNetworks",
            Self::ShowNetwork => "ShowNetwork",
            Self::PatchNetwork => "PatchNetwork",
            Self::DeleteNetwork => "DeleteNetwork",
            Self::ListResourceFlavors => "ListResourceFlavors",
            Self::ListWorkspaces => "ListWorkspaces",
            Self::ShowWorkspace => "ShowWorkspace",
            Self::ListOrders => "ListOrders",
            Self::ShowOrder => "ShowOrder",
            Self::ListPoolNodes => "ListPoolNodes",
            Self::CreateToken => "CreateToken",
            Self::FetchKey => "FetchKey",
            Self::ListProjects => "ListProjects",
            Self::ListAuthProjects => "ListAuthProjects",
        }
    }

    /// Whether it changes nothing and may be repeated freely. A login is no read: failed ones are
    /// counted and lock the user. Nor is the fetch of a key, which has a rhythm of its own.
    #[must_use]
    pub fn is_read(self) -> bool {
        match self {
            Self::CreatePool
            | Self::PatchPool
            | Self::DeletePool
            | Self::CreateNetwork
            | Self::PatchNetwork
            | Self::DeleteNetwork
            | Self::CreateToken
            | Self::FetchKey => false,
            Self::ListPools
            | Self::ShowPool
            | Self::ListNetworks
            | Self::ShowNetwork
            | Self::ListResourceFlavors
            | Self::ListWorkspaces
            | Self::ShowWorkspace
            | Self::ListOrders
            | Self::ShowOrder
            | Self::ListPoolNodes
            | Self::ListProjects
            | Self::ListAuthProjects => true,
        }
    }

    /// The object whose absence a 404 of this operation can tell. A creation names a network too,
    /// in its body, and its 404 must not be taken for the absence of a pool.
    pub(crate) fn target(self) -> Target {
        match self {
            Self::ShowPool | Self::PatchPool | Self::DeletePool | Self::ListPoolNodes => Target::Pool,
            Self::ShowNetwork | Self::PatchNetwork | Self::DeleteNetwork => Target::Network,
            _ => Target::None,
        }
    }
}
