//! What of a body was understood: the same value without what its structs only carry along.

use modelarts_types::event::{Event, EventList};
use modelarts_types::flavor::{Flavor, FlavorList, FlavorSpec, FlavorStatus};
use modelarts_types::network::{
    Connection, Network, NetworkList, NetworkSpec, NetworkStatus, PeerConnection, SfsTurboConnection,
};
use modelarts_types::node::{Node, NodeList, NodeSpec, NodeStatus};
use modelarts_types::order::{Order, OrderDetail, OrderItem, OrderList};
use modelarts_types::pool::{
    AzCount, Counts, Driver, DriverState, DriverStates, FlavorCount, NetworkRef, Pool, PoolCounts, PoolList,
    PoolResource, PoolSpec, PoolStatus, ScopeState,
};
use modelarts_types::statistics::{PoolStatistics, Statistics, StatusCounts};
use modelarts_types::workspace::{Workspace, WorkspaceList};
use modelarts_types::{ListMeta, Metadata};

/// A body, or a part of one.
pub trait Understood {
    /// Forgets every member that was not understood.
    fn forget(&mut self);
}

impl<T: Understood> Understood for Option<T> {
    fn forget(&mut self) {
        self.iter_mut().for_each(T::forget);
    }
}

impl<T: Understood> Understood for Vec<T> {
    fn forget(&mut self) {
        self.iter_mut().for_each(T::forget);
    }
}

impl Understood for Counts {
    fn forget(&mut self) {
        match self {
            Self::List(entries) => entries.forget(),
            Self::One(entry) => entry.forget(),
            Self::Odd(value) => *value = serde_json::Value::Null,
        }
    }
}

/// The structs, and those of their fields that hold further structs.
macro_rules! understood {
    ($( $name:ident { $($field:ident),* } )*) => {
        $(
            impl Understood for $name {
                fn forget(&mut self) {
                    self.extra.clear();
                    $( self.$field.forget(); )*
                }
            }
        )*
    };
}

understood! {
    Metadata {} ListMeta {}
    Pool { metadata, spec, status }
    PoolList { metadata, items }
    PoolSpec { resources, network, driver }
    PoolResource { azs } AzCount {} NetworkRef {} Driver {}
    PoolStatus { resources, scope, driver }
    PoolCounts { creating, available, abnormal, deleting, creation_failed }
    FlavorCount { azs } ScopeState {}
    DriverStates { gpu, npu } DriverState {}
    Network { metadata, spec, status }
    NetworkList { metadata, items }
    NetworkSpec { connection }
    Connection { peer_connection_list, sfs_turbo_connection_list }
    PeerConnection {} SfsTurboConnection {} NetworkStatus {}
    Node { metadata, spec, status }
    NodeList { metadata, items }
    NodeSpec {} NodeStatus {}
    Order { init_count, spec_count, result_count }
    OrderList { items } OrderDetail { items } OrderItem {}
    Flavor { metadata, spec, status }
    FlavorList { metadata, items }
    FlavorSpec {} FlavorStatus {}
    Workspace {} WorkspaceList { workspaces }
    PoolStatistics { statistics } Statistics { status } StatusCounts {}
    Event {} EventList { metadata, items }
}
