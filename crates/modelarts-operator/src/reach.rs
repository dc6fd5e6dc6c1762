//! How far the operator reaches: over all namespaces, or over one with next to no rights elsewhere.
//!
//! In one namespace it may get and watch accounts and get namespaces, and nothing else outside: so it
//! holds no account, writes no status and no event of one, and asks the discovery documents, which
//! everybody may read, where it would look at a definition. Several such operators in one cluster must
//! not take each other's pools for orphans, so each has an identity of its own in the cloud.

use kube::core::NamespaceResourceScope;
use kube::{Api, Client, Resource};
use modelarts_plan::ClusterId;

/// Where objects are looked after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// In all namespaces.
    Cluster,
    /// In this one.
    Namespace(String),
}

impl Reach {
    /// The objects that are looked after.
    #[must_use]
    pub fn api<K>(&self, client: Client) -> Api<K>
    where
        K: Resource<DynamicType = (), Scope = NamespaceResourceScope>,
    {
        match self {
            Self::Cluster => Api::all(client),
            Self::Namespace(name) => Api::namespaced(client, name),
        }
    }

    /// Who this operator is in the markers of what it makes, in the cluster whose `kube-system` has
    /// this uid. Those of two namespaces are strangers to each other.
    #[must_use]
    pub fn identity(&self, kube_system: &str) -> ClusterId {
        match self {
            Self::Cluster => ClusterId(kube_system.to_owned()),
            Self::Namespace(name) => ClusterId(format!("{kube_system}/{name}")),
        }
    }

    /// Whether accounts may be written to.
    #[must_use]
    pub fn keeps_accounts(&self) -> bool {
        matches!(self, Self::Cluster)
    }

    /// Whether objects of a namespace are looked after.
    #[must_use]
    pub fn covers(&self, namespace: &str) -> bool {
        match self {
            Self::Cluster => true,
            Self::Namespace(name) => name == namespace,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_of_two_namespaces_are_strangers_to_each_other_and_to_that_of_the_cluster() {
        let of = |name: &str| Reach::Namespace(name.into()).identity("uid").fingerprint();
        let cluster = Reach::Cluster.identity("uid");
        assert_eq!(cluster, ClusterId("uid".into()), "what exists keeps its marker");
        assert_ne!(of("a"), of("b"));
        assert_ne!(of("a"), cluster.fingerprint());
    }

    #[test]
    fn one_namespace_is_covered_and_no_other() {
        let one = Reach::Namespace("a".into());
        assert!(one.covers("a") && !one.covers("b") && Reach::Cluster.covers("b"));
        assert!(Reach::Cluster.keeps_accounts() && !one.keeps_accounts());
    }
}
