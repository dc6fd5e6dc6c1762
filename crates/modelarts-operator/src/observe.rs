//! Looking: the object live, its account, and what the census knows of its pool.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::ResourceExt;
use modelarts_crd::ModelArtsPool;
use modelarts_crd::conditions::{ConditionType, Reason};
use modelarts_crd::policy::ManagementPolicy;
use modelarts_plan::desired::DesiredPool;
use modelarts_plan::{Account, Closed, Cloud, OpenAccount};

use crate::accounts::Access;
use crate::census::Scope;
use crate::context::Context;
use crate::directory::{Member, ScopeKey};
use crate::project;

/// What one pass looks at.
pub struct Observed {
    /// The object as the directory knows it from now on.
    pub member: Member,
    /// The scope of its pool; none if nobody is to look at it.
    pub scope: Option<Arc<Scope>>,
    /// Its account, for the plan.
    pub account: Account,
    /// The access to its account, if the account can be used.
    pub access: Option<Access>,
    /// What was seen of the cloud.
    pub cloud: Cloud,
    /// Fingerprint of what is asked for; empty if the spec is invalid.
    pub hash: String,
}

/// Looks at everything that a plan for this object needs.
pub async fn observe(ctx: &Context, object: &ModelArtsPool) -> Observed {
    let desired = DesiredPool::parse(object, &ctx.cluster).ok();
    let member = enter(ctx, object, desired.as_ref());
    let hash = desired.map(|desired| desired.hash).unwrap_or_default();
    if member.paused {
        return unlooked(member, hash);
    }
    let scope = ctx.census.scope(&member.scope);
    let (account, access) = account(ctx, &member).await;
    let cloud = ctx.census.cloud_of(&scope, &member);
    Observed {
        member,
        scope: Some(scope),
        account,
        access,
        cloud,
        hash,
    }
}

/// What is seen of an object that is left alone: nothing, and nobody is asked.
fn unlooked(member: Member, hash: String) -> Observed {
    let closed = Closed {
        reason: Reason::Suspended,
        stalled: false,
        message: "managementPolicy is Pause".into(),
    };
    Observed {
        member,
        scope: None,
        account: Account::Closed(closed),
        access: None,
        cloud: Cloud::default(),
        hash,
    }
}

/// Takes note of what a write has changed, so that a pool that has come to rest is not looked at as
/// one on its way.
pub fn written(ctx: &Context, object: &ModelArtsPool) {
    let desired = DesiredPool::parse(object, &ctx.cluster).ok();
    enter(ctx, object, desired.as_ref());
}

fn enter(ctx: &Context, object: &ModelArtsPool, desired: Option<&DesiredPool>) -> Member {
    let member = member(object, desired);
    if ctx.directory.enter(member.clone()) {
        recall(ctx, object, &member);
    }
    member
}

fn member(object: &ModelArtsPool, desired: Option<&DesiredPool>) -> Member {
    let status = object.status.as_ref();
    Member {
        uid: object.uid().unwrap_or_default(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        scope: ScopeKey {
            account: object.spec.account_name().to_owned(),
            workspace: object.spec.workspace().to_owned(),
        },
        cloud_name: desired
            .map(|desired| desired.pool_name.clone())
            .or_else(|| status.and_then(|status| status.pool_name.clone())),
        id: status.and_then(|status| status.pool_id.clone()),
        adoption: object.spec.adoption.as_ref().map(|adoption| adoption.pool_id.clone()),
        network: object
            .spec
            .network
            .as_ref()
            .map(|network| network.name.clone())
            .unwrap_or_default(),
        deleting: object.metadata.deletion_timestamp.is_some(),
        paused: object.spec.management() == ManagementPolicy::Pause,
        phase: status.and_then(|status| status.phase.clone()),
        busy: is_busy(status.map(|status| status.conditions.as_slice()).unwrap_or_default()),
    }
}

/// Whether something is going on that should be looked at more often. What is stalled waits for a
/// person, and what is left alone for nobody.
fn is_busy(conditions: &[Condition]) -> bool {
    let is = |type_: ConditionType| conditions.iter().find(|condition| condition.type_ == type_.as_str());
    let left_alone = [Reason::Suspended, Reason::Observed];
    let at_rest = is(ConditionType::Ready)
        .is_some_and(|ready| ready.status == "True" || left_alone.iter().any(|reason| ready.reason == reason.as_str()));
    !at_rest && is(ConditionType::Stalled).is_none()
}

/// An attempt that an earlier process made counts in the budget of this one. The wall clock is good
/// enough for that: the budget limits what a mistake can spend, and proves nothing.
fn recall(ctx: &Context, object: &ModelArtsPool, member: &Member) {
    let opened = object
        .status
        .as_ref()
        .and_then(|status| status.creation.as_ref())
        .map(|creation| &creation.opened_at);
    let Some(opened) = opened.and_then(|opened| opened.parse::<jiff::Timestamp>().ok()) else {
        return;
    };
    if let Ok(ago) = std::time::Duration::try_from(jiff::Timestamp::now().duration_since(opened)) {
        ctx.governor.recall_creation(&member.scope.account, ago);
    }
}

async fn account(ctx: &Context, member: &Member) -> (Account, Option<Access>) {
    let name = &member.scope.account;
    let access = match ctx.accounts.access_for(name, &member.namespace) {
        Ok(access) => access,
        // What exists is let go of wherever it is: a namespace that lost its permission can still end.
        Err(closed) if member.deleting && closed.reason == Reason::NamespaceNotAllowed => {
            match ctx.accounts.access_of(name) {
                Ok(access) => access,
                Err(closed) => return (Account::Closed(closed), None),
            }
        }
        Err(closed) => return (Account::Closed(closed), None),
    };
    match project::of(&ctx.accounts, name, &access).await {
        Ok(project) => {
            let may_create = ctx.governor.may_create(name);
            (Account::Open(OpenAccount { project, may_create }), Some(access))
        }
        Err(closed) => (Account::Closed(closed), None),
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

    use super::*;

    fn condition(type_: &str, status: &str, reason: Reason) -> Condition {
        Condition {
            type_: type_.into(),
            status: status.into(),
            reason: reason.as_str().into(),
            message: String::new(),
            last_transition_time: Time(jiff::Timestamp::UNIX_EPOCH),
            observed_generation: None,
        }
    }

    #[test]
    fn only_what_is_on_its_way_makes_the_census_fast() {
        assert!(is_busy(&[]), "nobody has looked yet");
        assert!(is_busy(&[condition("Ready", "False", Reason::Creating)]));
        for at_rest in [
            &[condition("Ready", "True", Reason::Ready)][..],
            &[condition("Ready", "Unknown", Reason::Suspended)],
            &[condition("Ready", "False", Reason::Observed)],
            &[
                condition("Ready", "False", Reason::QuotaExceeded),
                condition("Stalled", "True", Reason::QuotaExceeded),
            ],
        ] {
            assert!(!is_busy(at_rest), "{at_rest:?}");
        }
    }
}
