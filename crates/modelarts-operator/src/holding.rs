//! An account in use does not vanish: a finalizer holds it while anything is kept in it.
//!
//! It is put on before the first object of the account gets its own finalizer, hence before anything
//! is bought, and taken off a deleted account once no object needs it. Without its account nobody
//! could delete what an object stands for, and nobody would be told.

use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use modelarts_crd::{ACCOUNT_FINALIZER, ModelArtsAccount};
use modelarts_plan::{Kind, Networks, Pools};
use serde_json::json;

use crate::directory::{Binding, Directory, Member};
use crate::links::first_of;
use crate::publish::{Written, written};
use crate::service::Service;
use crate::shared::Shared;

/// Makes sure that the account is held, where accounts may be written to. Not so if it is leaving, or changed meanwhile: ask again.
///
/// # Errors
/// Kubernetes could not be asked.
pub async fn ensure(shared: &Shared, name: &str) -> Result<bool, kube::Error> {
    match shared.accounts.object(name) {
        Some(_) if !shared.reach.keeps_accounts() => Ok(true),
        None => Ok(false),
        Some(account) if is_held(&account) => Ok(true),
        Some(account) if is_leaving(&account) => Ok(false),
        Some(account) => {
            let held = account.finalizers().iter().cloned();
            let held = held.chain([ACCOUNT_FINALIZER.to_owned()]).collect();
            write(shared, &account, held).await
        }
    }
}

/// Lets go of an account that is being deleted and that no object needs.
///
/// # Errors
/// Kubernetes could not be asked.
pub async fn release(shared: &Shared, account: &ModelArtsAccount) -> Result<(), kube::Error> {
    if is_leaving(account) && is_held(account) && matches!(users(shared, &account.name_any()), Users::None) {
        let finalizers = account.finalizers().iter();
        let others = finalizers.filter(|name| *name != ACCOUNT_FINALIZER).cloned().collect();
        write(shared, account, others).await?;
    }
    Ok(())
}

/// Whether the account is being deleted.
#[must_use]
pub fn is_leaving(account: &ModelArtsAccount) -> bool {
    account.metadata.deletion_timestamp.is_some()
}

fn is_held(account: &ModelArtsAccount) -> bool {
    account.finalizers().iter().any(|name| name == ACCOUNT_FINALIZER)
}

async fn write(shared: &Shared, account: &ModelArtsAccount, finalizers: Vec<String>) -> Result<bool, kube::Error> {
    let patch = json!({"metadata": {"resourceVersion": account.resource_version(), "finalizers": finalizers}});
    let api: Api<ModelArtsAccount> = Api::all(shared.kube.clone());
    let result = api
        .patch(&account.name_any(), &PatchParams::default(), &Patch::Merge(&patch))
        .await;
    Ok(matches!(written(result)?, Written::Done(_)))
}

/// Who needs an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Users {
    /// That is not known: not every object could be read yet.
    Unknown,
    /// Nobody.
    None,
    /// These, as a text.
    Some(String),
}

/// The objects that need an account: those that are held because something of theirs is or may be in
/// the cloud, and living ones that may be about to buy.
#[must_use]
pub fn users(shared: &Shared, account: &str) -> Users {
    let mut names = named::<Pools>(shared, account);
    names.append(&mut named::<Networks>(shared, account));
    if names.is_empty() {
        let know_all = shared.directories.all().iter().all(|directory| knows_all(directory));
        return if know_all { Users::None } else { Users::Unknown };
    }
    Users::Some(first_of(names).join(", "))
}

fn knows_all(directory: &Directory) -> bool {
    directory.has_seen_all() && !directory.has_unreadable()
}

fn named<K: Service>(shared: &Shared, account: &str) -> Vec<String> {
    let needs = |member: &Member| match member.binding {
        Binding::Held => true,
        Binding::Living => shared.accounts.allows(account, &member.namespace),
        Binding::None => false,
    };
    let members = K::directory(&shared.directories).filter(|member| member.scope.account == account && needs(member));
    let names = members.iter();
    names
        .map(|member| format!("{} {}/{}", <K as Kind>::NOUN, member.namespace, member.name))
        .collect()
}

#[cfg(test)]
mod tests;
