//! Looking: the object live, its account, and what the census knows of its pool.

use std::sync::Arc;

use kube::ResourceExt;
use modelarts_crd::ModelArtsPool;
use modelarts_crd::conditions::Reason;
use modelarts_plan::desired::Desired;
use modelarts_plan::{Account, Cloud, OpenAccount};

use crate::accounts::Access;
use crate::census::Scope;
use crate::context::Context;
use crate::directory::{Member, ScopeKey};
use crate::project;

/// What one pass looks at.
pub struct Observed {
    /// The object as the directory knows it from now on.
    pub member: Member,
    /// The scope of its pool.
    pub scope: Arc<Scope>,
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
    let desired = Desired::parse(object, &ctx.cluster).ok();
    let member = enter(ctx, object, desired.as_ref());
    let scope = ctx.census.scope(&member.scope);
    let (account, access) = account(ctx, &member).await;
    let cloud = ctx.census.cloud_of(&scope, &member);
    Observed {
        member,
        scope,
        account,
        access,
        cloud,
        hash: desired.map(|desired| desired.hash).unwrap_or_default(),
    }
}

/// Takes note of what a write has changed, so that a pool that has come to rest is not looked at as
/// one on its way.
pub fn written(ctx: &Context, object: &ModelArtsPool) {
    let desired = Desired::parse(object, &ctx.cluster).ok();
    enter(ctx, object, desired.as_ref());
}

fn enter(ctx: &Context, object: &ModelArtsPool, desired: Option<&Desired>) -> Member {
    let member = member(object, desired);
    if ctx.directory.enter(member.clone()) {
        recall(ctx, object, &member);
    }
    member
}

fn member(object: &ModelArtsPool, desired: Option<&Desired>) -> Member {
    let status = object.status.as_ref();
    let ready = status.is_some_and(|status| {
        status
            .conditions
            .iter()
            .any(|condition| condition.type_ == "Ready" && condition.status == "True")
    });
    let stalled = status.is_some_and(|status| status.conditions.iter().any(|condition| condition.type_ == "Stalled"));
    Member {
        uid: object.uid().unwrap_or_default(),
        namespace: object.namespace().unwrap_or_default(),
        name: object.name_any(),
        scope: ScopeKey {
            account: object.spec.account_name().to_owned(),
            workspace: object.spec.workspace().to_owned(),
        },
        pool_name: desired
            .map(|desired| desired.pool_name.clone())
            .or_else(|| status.and_then(|status| status.pool_name.clone())),
        pool_id: status.and_then(|status| status.pool_id.clone()),
        network: object.spec.network.as_ref().map(|network| network.name.clone()).unwrap_or_default(),
        deleting: object.metadata.deletion_timestamp.is_some(),
        phase: status.and_then(|status| status.phase.clone()),
        busy: !ready && !stalled,
    }
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
