//! The status of accounts: written on transitions only, by the leader.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::api::{Patch, PatchParams};
use kube::{Api, Client as Kube, ResourceExt};
use modelarts_crd::conditions::{ConditionType, Reason};
use modelarts_crd::{ModelArtsAccount, ModelArtsAccountStatus};
use modelarts_plan::Closed;
use serde_json::json;

use crate::accounts::Accounts;
use crate::project;
use crate::publish::{difference, written};

/// Looks at every account and writes down what changed.
pub async fn report_all(kube: &Kube, accounts: &Accounts) {
    for account in accounts.objects() {
        if let Err(error) = report(kube, accounts, &account).await {
            tracing::warn!(account = account.name_any(), %error, "the status of an account could not be written");
        }
    }
}

async fn report(kube: &Kube, accounts: &Accounts, account: &ModelArtsAccount) -> Result<(), kube::Error> {
    let name = account.name_any();
    let standing = standing(accounts, &name).await;
    let status = status(account, &standing);
    let before = serde_json::to_value(&account.status).map_err(kube::Error::SerdeError)?;
    let after = serde_json::to_value(&status).map_err(kube::Error::SerdeError)?;
    if let Some(difference) = difference(&before, &after) {
        let patch = json!({"metadata": {"resourceVersion": account.resource_version()}, "status": difference});
        let api: Api<ModelArtsAccount> = Api::all(kube.clone());
        // A stale write is made good by the event of whatever came in between.
        written(
            api.patch_status(&name, &PatchParams::default(), &Patch::Merge(&patch))
                .await,
        )?;
    }
    Ok(())
}

/// How an account stands: its project, or why it cannot be used.
async fn standing(accounts: &Accounts, name: &str) -> Result<String, Closed> {
    let access = accounts.access_of(name)?;
    project::of(accounts, name, &access).await
}

fn status(account: &ModelArtsAccount, standing: &Result<String, Closed>) -> ModelArtsAccountStatus {
    let mut status = account.status.clone().unwrap_or_default();
    let generation = account.metadata.generation.unwrap_or_default();
    status.observed_generation = Some(generation);
    let mut conditions = Conditions {
        generation,
        last: std::mem::take(&mut status.conditions),
        next: Vec::new(),
    };
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
