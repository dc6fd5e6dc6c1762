//! The status of accounts: written on transitions only, by the leader. What the auditor does not know
//! yet is left as it was said before.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::api::{Patch, PatchParams};
use kube::{Api, ResourceExt};
use modelarts_crd::conditions::{ConditionType, Reason};
use modelarts_crd::{ModelArtsAccount, ModelArtsAccountStatus};
use modelarts_plan::{Closed, Networks, Pools, audit};
use serde_json::json;

use crate::accounts::Accounts;
use crate::auditor::Auditor;
use crate::holding::{self, Users};
use crate::project;
use crate::publish::{difference, written};
use crate::shared::Shared;

/// Looks at every account and writes down what changed.
pub async fn report_all(shared: &Shared) {
    if !shared.reach.keeps_accounts() {
        return;
    }
    for account in shared.accounts.objects() {
        if let Err(error) = report(shared, &account).await {
            tracing::warn!(account = account.name_any(), %error, "the status of an account could not be written");
        }
        if let Err(error) = holding::release(shared, &account).await {
            tracing::warn!(account = account.name_any(), %error, "a deleted account could not be let go");
        }
    }
}

async fn report(shared: &Shared, account: &ModelArtsAccount) -> Result<(), kube::Error> {
    let name = account.name_any();
    let standing = standing(&shared.accounts, &name).await;
    let mut status = status(account, &standing, &left(&shared.auditor, &name));
    if let Some(remembered) = shared.accounts.remember(&name) {
        remembered.write(&mut status, jiff::Timestamp::now());
    }
    if holding::is_leaving(account) {
        leaving(account, &mut status, &holding::users(shared, &name));
    }
    let before = serde_json::to_value(&account.status).map_err(kube::Error::SerdeError)?;
    let after = serde_json::to_value(&status).map_err(kube::Error::SerdeError)?;
    if let Some(difference) = difference(&before, &after) {
        let patch = json!({"metadata": {"resourceVersion": account.resource_version()}, "status": difference});
        let api: Api<ModelArtsAccount> = Api::all(shared.kube.clone());
        // A stale write is made good by the event of whatever came in between.
        written(
            api.patch_status(&name, &PatchParams::default(), &Patch::Merge(&patch))
                .await,
        )?;
    }
    Ok(())
}

/// Says of an account that is being deleted what holds it. What else keeps it from being used is
/// said by Ready.
fn leaving(account: &ModelArtsAccount, status: &mut ModelArtsAccountStatus, users: &Users) {
    let text = match users {
        Users::Some(names) => format!("held until nothing is kept in it: {names}"),
        Users::Unknown => "held until every pool and network has been looked at".to_owned(),
        Users::None => return,
    };
    let mut conditions = Conditions::of(account);
    conditions.set(ConditionType::Reconciling, "True", Reason::AccountInUse, &text);
    let told = |condition: &Condition| condition.type_ == ConditionType::Reconciling.as_str();
    status.conditions.retain(|condition| !told(condition));
    status.conditions.append(&mut conditions.next);
}

/// How an account stands: its project, or why it cannot be used.
async fn standing(accounts: &Accounts, name: &str) -> Result<String, Closed> {
    let access = accounts.access_of(name)?;
    project::of(accounts, name, &access).await
}

/// What the cloud holds for objects that are gone.
enum Left {
    /// That is not known.
    Unknown,
    /// Nothing.
    Nothing,
    /// What the text says.
    Something(String),
}

fn left(auditor: &Auditor, account: &str) -> Left {
    let (pools, networks) = (auditor.orphans::<Pools>(account), auditor.orphans::<Networks>(account));
    let texts = [
        pools
            .as_deref()
            .filter(|pools| !pools.is_empty())
            .map(audit::text::<Pools>),
        networks
            .as_deref()
            .filter(|networks| !networks.is_empty())
            .map(audit::text::<Networks>),
    ];
    let texts: Vec<String> = texts.into_iter().flatten().collect();
    match (texts.is_empty(), pools.is_some() && networks.is_some()) {
        (false, _) => Left::Something(texts.join("; ")),
        (true, true) => Left::Nothing,
        (true, false) => Left::Unknown,
    }
}

fn status(account: &ModelArtsAccount, standing: &Result<String, Closed>, left: &Left) -> ModelArtsAccountStatus {
    let mut status = account.status.clone().unwrap_or_default();
    let generation = account.metadata.generation.unwrap_or_default();
    status.observed_generation = Some(generation);
    let mut conditions = Conditions::of(account);
    match standing {
        Ok(project) => {
            status.project_id = Some(project.clone());
            conditions.set(ConditionType::Ready, "True", Reason::Ready, "the account can be used");
            conditions.set(
                ConditionType::CredentialsValid,
                "True",
                Reason::Ready,
                "the cloud has not refused the credentials",
            );
        }
        Err(closed) => {
            conditions.set(ConditionType::Ready, "False", closed.reason, &closed.message);
            let type_ = if closed.stalled {
                ConditionType::Stalled
            } else {
                ConditionType::Reconciling
            };
            conditions.set(type_, "True", closed.reason, &closed.message);
            let valid = if closed.reason == Reason::CredentialsRefused {
                "False"
            } else {
                "Unknown"
            };
            conditions.set(ConditionType::CredentialsValid, valid, closed.reason, &closed.message);
        }
    }
    match left {
        Left::Unknown => conditions.keep(ConditionType::OrphanFound),
        Left::Nothing => {}
        Left::Something(text) => conditions.set(ConditionType::OrphanFound, "True", Reason::OrphanFound, text),
    }
    status.conditions = conditions.next;
    status
}

/// Conditions in the making.
struct Conditions {
    generation: i64,
    last: Vec<Condition>,
    next: Vec<Condition>,
}

impl Conditions {
    fn of(account: &ModelArtsAccount) -> Self {
        let status = account.status.as_ref();
        Self {
            generation: account.metadata.generation.unwrap_or_default(),
            last: status.map(|status| status.conditions.clone()).unwrap_or_default(),
            next: Vec::new(),
        }
    }

    /// Says again what was said before, if anything was.
    fn keep(&mut self, type_: ConditionType) {
        let last = self.last.iter().find(|condition| condition.type_ == type_.as_str());
        self.next.extend(last.cloned());
    }

    fn set(&mut self, type_: ConditionType, status: &str, reason: Reason, message: &str) {
        let last = self.last.iter().find(|condition| condition.type_ == type_.as_str());
        let since = last
            .filter(|condition| condition.status == status)
            .map(|condition| condition.last_transition_time.clone());
        let now = jiff::Timestamp::now();
        let now = Time(jiff::Timestamp::from_second(now.as_second()).unwrap_or(now));
        self.next.push(Condition {
            type_: type_.as_str().to_owned(),
            status: status.to_owned(),
            reason: reason.as_str().to_owned(),
            message: modelarts_plan::report::cut(message),
            last_transition_time: since.unwrap_or(now),
            observed_generation: Some(self.generation),
        });
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::bench::object;

    fn account(conditions: &[Condition]) -> ModelArtsAccount {
        object(json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsAccount",
            "metadata": {"name": "default", "generation": 3},
            "spec": {"region": "cn-north-4", "credentials": {"secret": {"name": "keys"}}},
            "status": {"conditions": conditions},
        }))
    }

    /// The condition about orphans after what the conditions were, if there is one.
    fn said(before: &[Condition], left: &Left) -> Option<Condition> {
        let status = status(&account(before), &Ok("p1".into()), left);
        let types: Vec<&str> = status.conditions.iter().map(|told| told.type_.as_str()).collect();
        assert_eq!(types[..2], ["Ready", "CredentialsValid"]);
        status.conditions.into_iter().nth(2)
    }

    #[test]
    fn orphans_are_said_while_there_are_some_and_until_it_is_known_that_there_are_none() {
        assert_eq!(said(&[], &Left::Unknown), None);
        assert_eq!(said(&[], &Left::Nothing), None);
        let told = said(&[], &Left::Something("1 pool".into())).unwrap();
        assert_eq!(
            (
                told.type_.as_str(),
                told.status.as_str(),
                told.reason.as_str(),
                told.message.as_str()
            ),
            ("OrphanFound", "True", "OrphanFound", "1 pool")
        );
        let before = [told.clone()];
        assert_eq!(
            said(&before, &Left::Unknown),
            Some(told),
            "a new leader knows nothing at first"
        );
        assert_eq!(said(&before, &Left::Nothing), None);
    }

    #[test]
    fn what_is_left_is_unknown_until_pools_and_networks_are_known() {
        let auditor = Auditor::new(1);
        assert!(matches!(left(&auditor, "default"), Left::Unknown));
    }
}
