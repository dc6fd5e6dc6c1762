//! Pools, as the protocol sees them.

pub mod change;
pub mod desired;
pub mod drift;
mod mirror;
pub mod orders;
pub mod subscription;
pub(crate) mod verdict;
mod written;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use modelarts_crd::conditions::Reason;
use modelarts_crd::policy::DriftPolicy;
use modelarts_crd::{ModelArtsPool, ModelArtsPoolStatus};
use modelarts_types::keys;
use modelarts_types::pool::{Counts, Phase, Pool};
use serde_json::{Value, json};

use crate::identity::{ClusterId, Marker};
use crate::kind::{Adoption, Desired, Kind, Resource, Terms};
use crate::next::Next;
use crate::pool::desired::{DesiredPool, WantedNetwork};
use crate::report::Verdict;
use crate::view::{Link, View};

/// The kind of pools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pools;

impl Kind for Pools {
    type Object = ModelArtsPool;
    type Status = ModelArtsPoolStatus;
    type Resource = Pool;
    type Desired = DesiredPool;

    const NOUN: &'static str = "pool";
    const FINALIZER: &'static str = modelarts_crd::FINALIZER;
    const ADOPTION: &'static str = "adoption.poolId";
    const NAME: &'static str = "poolName";

    fn metadata(object: &ModelArtsPool) -> &ObjectMeta {
        &object.metadata
    }

    fn status(object: &ModelArtsPool) -> Option<&ModelArtsPoolStatus> {
        object.status.as_ref()
    }

    fn terms(object: &ModelArtsPool) -> Terms<'_> {
        let spec = &object.spec;
        Terms {
            account: spec.account_name(),
            workspace: spec.workspace(),
            name: spec.pool_name.as_deref(),
            management: spec.management(),
            deletion: spec.deletion_policy,
            adoption: spec.adoption.as_ref().map(|adoption| Adoption {
                id: &adoption.pool_id,
                replaces: adoption.replaces_marker.as_deref(),
            }),
            drift: spec
                .drift
                .as_ref()
                .and_then(|drift| drift.policy)
                .unwrap_or(DriftPolicy::Correct),
            subscription: spec.is_subscription(),
        }
    }

    fn verdict(pool: &Pool) -> Verdict {
        crate::pool::verdict::verdict_on(pool)
    }

    fn next(desired: &DesiredPool, observed: &Pool, marker: &Marker) -> Next {
        change::next(desired, observed, marker)
    }

    fn describe(description: &str) -> Value {
        json!({"metadata": {"annotations": {keys::DESCRIPTION: description}}})
    }

    fn wants_details(view: &View<'_, Self>, pool: &Pool) -> Option<String> {
        let status = view.object.status.as_ref();
        let known = status.and_then(|status| status.order.as_ref());
        let is_known = |name: &str| {
            known.is_some_and(|known| known.name == name && known.phase.as_deref().is_some_and(orders::is_over))
        };
        let order = pool.order_name().filter(|name| !is_known(name));
        let told = status.map_or(0, |status| status.abnormal_nodes.len());
        let broken = abnormal(pool);
        let nodes = usize::try_from(broken).unwrap_or_default().min(orders::MOST_NODES) != told;
        (order.is_some() || nodes).then(|| format!("{} {broken}", order.unwrap_or_default()))
    }

    fn has_trouble(pool: &Pool) -> bool {
        abnormal(pool) > 0
    }

    fn warning(view: &View<'_, Self>, pool: &Pool) -> Option<(Reason, String)> {
        let term = subscription::term(pool, view.wall)?;
        subscription::ends_soon(&term, view.wall).map(|text| (Reason::SubscriptionEnding, text))
    }
}

/// The number of nodes that cannot be used.
pub(crate) fn abnormal(pool: &Pool) -> i64 {
    let resources = pool.status.as_ref().and_then(|status| status.resources.as_ref());
    resources.and_then(|all| all.abnormal.as_ref()).map_or(0, Counts::total)
}

impl Resource for Pool {
    fn id(&self) -> Option<&str> {
        self.id()
    }

    fn display_name(&self) -> Option<&str> {
        self.display_name()
    }

    fn description(&self) -> &str {
        self.description()
    }

    fn created_at(&self) -> Option<&str> {
        self.created_at()
    }

    fn resource_id(&self) -> Option<&str> {
        self.resource_id()
    }

    fn is_leaving(&self) -> bool {
        self.phase() == Some(&Phase::Deleting) || self.metadata.deletion_timestamp.is_some()
    }

    fn is_moving(&self) -> bool {
        match self.phase() {
            None | Some(Phase::Creating | Phase::Deleting) => true,
            Some(_) => change::moving(self),
        }
    }

    fn is_settled(&self) -> bool {
        matches!(
            self.phase(),
            Some(Phase::Running | Phase::Abnormal | Phase::ScalingFailed | Phase::Waiting)
        )
    }

    fn is_subscription(&self) -> bool {
        self.metadata.annotations.get(keys::BILLING_MODE) == Some("1")
    }

    fn told(&self) -> String {
        let message = self
            .status
            .as_ref()
            .and_then(|status| status.message.clone())
            .filter(|message| !message.is_empty());
        format!(
            "pool {} is in phase {}: {}",
            self.id().unwrap_or_default(),
            self.phase().map_or("no phase", Phase::as_str),
            message.unwrap_or_else(|| "no reason given".into())
        )
    }
}

impl Desired<Pools> for DesiredPool {
    fn parse(object: &ModelArtsPool, cluster: &ClusterId) -> Result<Self, Vec<String>> {
        Self::parse(object, cluster)
    }

    fn name(&self) -> &str {
        &self.pool_name
    }

    fn hash(&self) -> &str {
        &self.hash
    }

    fn body(&self, view: &View<'_, Pools>) -> Option<Pool> {
        match (&self.network, &view.around.link) {
            (WantedNetwork::Id(_), _) => Some(self.creation()),
            (WantedNetwork::Ref(_), Link::Ready(id)) => Some(self.clone().in_network(id).creation()),
            (WantedNetwork::Ref(_), _) => None,
        }
    }

    fn obstacle(&self, view: &View<'_, Pools>) -> Option<(Reason, String)> {
        if !self.sized {
            let text = "set spec.nodes or spec.resources[0].count: a pool without a size is not bought";
            return Some((Reason::SizeNotSet, text.to_owned()));
        }
        match (&self.network, &view.around.link) {
            (WantedNetwork::Id(_), _) | (_, Link::Ready(_)) => None,
            (WantedNetwork::Ref(_), Link::Waiting(text)) => Some((Reason::WaitingForNetwork, text.clone())),
            (WantedNetwork::Ref(name), Link::None) => Some((
                Reason::WaitingForNetwork,
                format!("ModelArtsNetwork {name} has not been looked at yet"),
            )),
        }
    }
}
