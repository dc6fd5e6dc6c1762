//! Nodes of a pool.

use serde_json::Value;

use crate::metadata::{ListMeta, Metadata};

shape! {
    /// A node.
    pub struct Node {
        /// `v2`.
        api_version: Option<String> = "apiVersion",
        /// `Node`.
        kind: Option<String> = "kind",
        /// Name, labels (node pool, billing resource, server) and annotations.
        metadata: Metadata = "metadata",
        /// What it is.
        spec: NodeSpec = "spec",
        /// How it is.
        status: Option<NodeStatus> = "status",
    }
}

shape! {
    /// What a node is.
    pub struct NodeSpec {
        /// Flavor name.
        flavor: Option<String> = "flavor",
    }
}

shape! {
    /// How a node is.
    pub struct NodeStatus {
        /// `Available`, `Creating`, `Deleting`, `Abnormal` or `Checking`.
        phase: Option<String> = "phase",
        /// Zone.
        az: Option<String> = "az",
        /// Address inside the network.
        private_ip: Option<String> = "privateIp",
        /// All it has.
        resources: Option<Value> = "resources",
        /// What of it is free.
        available_resources: Option<Value> = "availableResources",
        /// State of its driver.
        driver: Option<Value> = "driver",
    }
}

shape! {
    /// One page of nodes.
    pub struct NodeList {
        /// `v2`.
        api_version: Option<String> = "apiVersion",
        /// `NodeList`.
        kind: Option<String> = "kind",
        /// Where the next page begins.
        metadata: Option<ListMeta> = "metadata",
        /// The nodes. Absent means that the answer was not a list.
        items: Option<Vec<Node>> = "items",
    }
}
