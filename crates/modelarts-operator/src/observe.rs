//! Looking: the object live, its account, and what the census knows of its counterpart.

use std::sync::Arc;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use modelarts_crd::conditions::{ConditionType, Reason};
use modelarts_crd::policy::ManagementPolicy;
use modelarts_plan::kind::{Desired, Status};
use modelarts_plan::{Account, Closed, Cloud, OpenAccount};

use crate::accounts::Access;
use crate::census::Scope;
use crate::context::Context;
use crate::directory::{Binding, Entry, Member};
use crate::holding::is_leaving;
use crate::project;
use crate::service::Service;

/// What one pass looks at.
pub struct Observed<K: Service> {
    /// The object as the directory knows it from now on.
    pub member: Member,
    /// Its scope; none if nobody is to look at it.
    pub scope: Option<Arc<Scope<K>>>,
    /// Its account, for the plan.
    pub account: Account,
    /// The access to its account, if the account can be used.
    pub access: Option<Access>,
    /// What was seen of the cloud.
    pub cloud: Cloud<K>,
    /// Fingerprint of what is asked for; empty if the spec is invalid.
    pub hash: String,
}

/// Looks at everything that a plan for this object needs.
pub async fn observe<K: Service>(ctx: &Context<K>, object: &K::Object) -> Observed<K> {
    let desired = K::Desired::parse(object, &ctx.shared.cluster).ok();
    let member = enter(ctx, object, desired.as_ref());
    let hash = desired.map(|desired| desired.hash().to_owned()).unwrap_or_default();
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
fn unlooked<K: Service>(member: Member, hash: String) -> Observed<K> {
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

/// Takes note of an object as it was read or written just now, so that one that has come to rest is
/// not looked at as one on its way, and tells the others whom it concerns.
pub fn noted<K: Service>(ctx: &Context<K>, object: &K::Object) -> Member {
    let desired = K::Desired::parse(object, &ctx.shared.cluster).ok();
    enter(ctx, object, desired.as_ref())
}

fn enter<K: Service>(ctx: &Context<K>, object: &K::Object, desired: Option<&K::Desired>) -> Member {
    let member = member::<K>(object, desired);
    let before = match ctx.directory.enter(member.clone()) {
        Entry::Refused => return member,
        Entry::First => {
            recall(ctx, object, &member);
            None
        }
        Entry::Again(before) => Some(before),
    };
    K::tell_others(&ctx.shared.directories, before.as_deref(), Some(&member));
    member
}

fn member<K: Service>(object: &K::Object, desired: Option<&K::Desired>) -> Member {
    let (metadata, status, terms) = (K::metadata(object), K::status(object), K::terms(object));
    let conditions = status.map(Status::conditions).unwrap_or_default();
    let recorded_name = || status.and_then(K::cloud_name);
    Member {
        uid: metadata.uid.clone().unwrap_or_default(),
        namespace: metadata.namespace.clone().unwrap_or_default(),
        name: metadata.name.clone().unwrap_or_default(),
        scope: K::scope(&terms),
        cloud_name: desired.map(Desired::name).or_else(recorded_name).map(str::to_owned),
        id: status.and_then(Status::id).map(str::to_owned),
        adoption: terms.adoption.map(|adoption| adoption.id.to_owned()),
        refers: K::refers(object),
        deleting: metadata.deletion_timestamp.is_some(),
        binding: binding::<K>(object),
        paused: terms.management == ManagementPolicy::Pause,
        ready: condition(conditions, ConditionType::Ready).is_some_and(|ready| ready.status == "True"),
        phase: status.and_then(K::phase).map(str::to_owned),
        busy: is_busy(conditions),
    }
}

fn binding<K: Service>(object: &K::Object) -> Binding {
    let metadata = K::metadata(object);
    let mut finalizers = metadata.finalizers.iter().flatten();
    match K::terms(object).management {
        _ if finalizers.any(|name| name == K::FINALIZER) => Binding::Held,
        ManagementPolicy::Observe => Binding::None,
        _ if metadata.deletion_timestamp.is_some() => Binding::None,
        ManagementPolicy::Manage | ManagementPolicy::Pause => Binding::Living,
    }
}

fn condition(conditions: &[Condition], type_: ConditionType) -> Option<&Condition> {
    conditions.iter().find(|condition| condition.type_ == type_.as_str())
}

/// Whether something is going on that should be looked at more often. What is stalled waits for a
/// person, and what is left alone for nobody.
fn is_busy(conditions: &[Condition]) -> bool {
    let left_alone = [Reason::Suspended, Reason::Observed];
    let at_rest = condition(conditions, ConditionType::Ready)
        .is_some_and(|ready| ready.status == "True" || left_alone.iter().any(|reason| ready.reason == reason.as_str()));
    !at_rest && condition(conditions, ConditionType::Stalled).is_none()
}

/// An attempt that an earlier process made counts in the budget of this one. The wall clock is good
/// enough for that: the budget limits what a mistake can spend, and proves nothing.
fn recall<K: Service>(ctx: &Context<K>, object: &K::Object, member: &Member) {
    let opened = K::status(object)
        .and_then(Status::creation)
        .map(|creation| &creation.opened_at);
    let Some(opened) = opened.and_then(|opened| opened.parse::<jiff::Timestamp>().ok()) else {
        return;
    };
    if let Ok(ago) = std::time::Duration::try_from(jiff::Timestamp::now().duration_since(opened)) {
        ctx.shared.governor.recall_creation(&member.scope.account, ago);
    }
}

async fn account<K: Service>(ctx: &Context<K>, member: &Member) -> (Account, Option<Access>) {
    let name = &member.scope.account;
    let access = match ctx.shared.accounts.access_for(name, &member.namespace) {
        Ok(access) => access,
        // What exists is let go of wherever it is: a namespace that lost its permission can still end.
        Err(closed) if member.deleting && closed.reason == Reason::NamespaceNotAllowed => {
            match ctx.shared.accounts.access_of(name) {
                Ok(access) => access,
                Err(closed) => return (Account::Closed(closed), None),
            }
        }
        Err(closed) => return (Account::Closed(closed), None),
    };
    if member.binding == Binding::Living
        && ctx
            .shared
            .accounts
            .object(name)
            .is_some_and(|account| is_leaving(&account))
    {
        return (Account::Closed(leaving(name)), None);
    }
    match project::of(&ctx.shared.accounts, name, &access).await {
        Ok(project) => {
            let may_create = ctx.shared.governor.may_create(name);
            (Account::Open(OpenAccount { project, may_create }), Some(access))
        }
        Err(closed) => (Account::Closed(closed), None),
    }
}

/// Why nothing new is begun in an account that is being deleted.
fn leaving(account: &str) -> Closed {
    Closed {
        reason: Reason::WaitingForAccount,
        stalled: false,
        message: format!("ModelArtsAccount {account} is being deleted, so nothing new is made in it"),
    }
}

#[cfg(test)]
mod tests;
