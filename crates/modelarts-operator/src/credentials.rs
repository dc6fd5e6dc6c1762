//! Where the credentials of an account are, and what is there.
//!
//! A Secret is watched; the environment of a process never changes; what the cloud hands out is fetched
//! by the client, and renewed. A message says what is missing and never what is there.

use std::sync::Arc;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use modelarts_client::{Credentials, KeySource};
use modelarts_crd::ModelArtsAccount;
use modelarts_crd::conditions::Reason;
use modelarts_plan::Closed;
use url::Url;

use crate::connection::{invalid, told};

/// Where an account's credentials come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    /// The Secret of this name.
    Secret(&'a str),
    /// The operator's environment.
    Environment,
    /// CCE, by the operator's service account.
    PodIdentity,
    /// The instance that the operator runs on.
    InstanceMetadata,
}

/// The value of an environment variable.
pub type Variable = dyn Fn(&str) -> Option<String> + Send + Sync;

/// What the process knows beside Kubernetes.
#[derive(Clone)]
pub struct Surroundings {
    /// Its environment.
    pub variable: Arc<Variable>,
    /// Another place than the usual for instance metadata, for development.
    pub metadata: Option<Url>,
}

impl Surroundings {
    /// Those of this process.
    #[must_use]
    pub fn of_the_process(metadata: Option<Url>) -> Self {
        Self {
            variable: Arc::new(|name| std::env::var(name).ok()),
            metadata,
        }
    }
}

impl<'a> Place<'a> {
    /// The one that an account names.
    ///
    /// # Errors
    /// It names none, or several. The API server refuses that, unless the account is older than the rule.
    pub fn of(account: &'a ModelArtsAccount) -> Result<Self, Closed> {
        let named = &account.spec.credentials;
        let places = [
            named.secret.as_ref().map(|secret| Self::Secret(&secret.name)),
            named.environment.map(|_| Self::Environment),
            named.pod_identity.map(|_| Self::PodIdentity),
            named.instance_metadata.map(|_| Self::InstanceMetadata),
        ];
        let mut places = places.into_iter().flatten();
        match (places.next(), places.next()) {
            (Some(place), None) => Ok(place),
            _ => Err(invalid(
                "spec.credentials: set exactly one of secret, environment, podIdentity and instanceMetadata".into(),
            )),
        }
    }

    /// Whether what is refused there once is refused until somebody changes it. What the cloud hands out
    /// may be another key the next time.
    #[must_use]
    pub fn is_fixed(self) -> bool {
        matches!(self, Self::Secret(_) | Self::Environment)
    }
}

/// The credentials that a process finds around it.
///
/// # Errors
/// What is missing there, or wrong.
pub fn around(place: Place<'_>, surroundings: &Surroundings) -> Result<Credentials, Closed> {
    let variable = |name: &str| (surroundings.variable)(name);
    let (found, field) = match place {
        Place::Secret(_) => return Err(missing("a Secret is not looked for here".into())),
        Place::Environment => (Credentials::from_environment(variable), "environment"),
        Place::PodIdentity => {
            let source = KeySource::from_environment(variable);
            (source.map(|source| source.map(Credentials::Fetched)), "podIdentity")
        }
        Place::InstanceMetadata => return metadata(surroundings.metadata.clone()),
    };
    let what = match place {
        Place::PodIdentity => "associate the operator's service account with an agency, and start the operator anew",
        _ => "set HUAWEICLOUD_SDK_AK and HUAWEICLOUD_SDK_SK in the operator's environment, and start it anew",
    };
    match found {
        Ok(Some(credentials)) => Ok(credentials),
        Ok(None) => Err(missing(format!(
            "spec.credentials.{field}: there is nothing in the operator's environment; {what}"
        ))),
        Err(error) => Err(missing(format!("spec.credentials.{field}: {}", told(&error)))),
    }
}

fn metadata(base: Option<Url>) -> Result<Credentials, Closed> {
    let source = match base {
        Some(base) => KeySource::InstanceMetadata { base },
        None => KeySource::instance_metadata().map_err(|error| invalid(told(&error)))?,
    };
    Ok(Credentials::Fetched(source))
}

/// The environment of a process does not change by waiting.
fn missing(message: String) -> Closed {
    Closed {
        reason: Reason::WaitingForCredentials,
        stalled: true,
        message,
    }
}

/// Reads the credentials of an account in its Secret.
///
/// # Errors
/// Which keys are missing; never what is in the others.
pub fn within(account: &str, secret: &Secret) -> Result<Credentials, Closed> {
    let text = |key: &str| -> Option<String> {
        let bytes = secret.data.as_ref()?.get(key)?;
        let text = String::from_utf8(bytes.0.clone()).ok()?;
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    };
    match (text("accessKey"), text("secretKey")) {
        (Some(access_key), Some(secret_key)) => {
            return Ok(Credentials::Keys {
                access_key,
                secret_key: secret_key.into(),
                security_token: text("securityToken").map(Into::into),
            });
        }
        (None, None) => {}
        _ => return Err(incomplete(account, secret, "accessKey and secretKey must both be set")),
    }
    match (text("domain"), text("username"), text("password")) {
        (Some(domain), Some(username), Some(password)) => Ok(Credentials::Password {
            domain,
            username,
            password: password.into(),
        }),
        _ => Err(incomplete(
            account,
            secret,
            "it needs accessKey and secretKey, or domain, username and password",
        )),
    }
}

fn incomplete(account: &str, secret: &Secret, why: &str) -> Closed {
    Closed {
        reason: Reason::WaitingForCredentials,
        stalled: false,
        message: format!("Secret {} of account {account}: {why}", secret.name_any()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::{Value, json};

    use super::*;
    use crate::bench::object;

    fn account(credentials: Value) -> ModelArtsAccount {
        object(json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsAccount", "metadata": {"name": "default"},
            "spec": {"region": "cn-north-4", "credentials": credentials},
        }))
    }

    fn with(variables: &[(&str, &str)]) -> Surroundings {
        let variables: BTreeMap<String, String> = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        Surroundings {
            variable: Arc::new(move |name| variables.get(name).cloned()),
            metadata: None,
        }
    }

    #[test]
    fn an_account_names_exactly_one_place() {
        for (credentials, place) in [
            (json!({"secret": {"name": "keys"}}), Place::Secret("keys")),
            (json!({"environment": {}}), Place::Environment),
            (json!({"podIdentity": {}}), Place::PodIdentity),
            (json!({"instanceMetadata": {}}), Place::InstanceMetadata),
        ] {
            assert_eq!(Place::of(&account(credentials)), Ok(place));
        }
        for wrong in [json!({}), json!({"environment": {}, "podIdentity": {}})] {
            assert_eq!(Place::of(&account(wrong)).unwrap_err().reason, Reason::InvalidAccount);
        }
    }

    #[test]
    fn what_is_found_around_the_process_is_used() {
        let keys = with(&[("HUAWEICLOUD_SDK_AK", "AKEXAMPLE"), ("HUAWEICLOUD_SDK_SK", "example")]);
        assert!(matches!(
            around(Place::Environment, &keys),
            Ok(Credentials::Keys { .. })
        ));
        let pod = with(&[
            ("HC_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.1.1/v1/credentials"),
            ("HC_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/var/run/token"),
        ]);
        let fetched = around(Place::PodIdentity, &pod).unwrap();
        assert!(matches!(fetched, Credentials::Fetched(KeySource::PodIdentity { .. })));
        let metadata = around(Place::InstanceMetadata, &with(&[])).unwrap();
        assert!(matches!(
            metadata,
            Credentials::Fetched(KeySource::InstanceMetadata { .. })
        ));
    }

    #[test]
    fn what_is_missing_or_half_there_is_named_and_needs_a_person() {
        let half = with(&[
            ("HUAWEICLOUD_SDK_AK", "AKEXAMPLE"),
            ("HC_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.1.1"),
        ]);
        for (place, surroundings, words) in [
            (
                Place::Environment,
                with(&[]),
                "spec.credentials.environment: there is nothing",
            ),
            (
                Place::PodIdentity,
                with(&[]),
                "associate the operator's service account",
            ),
            (
                Place::Environment,
                half.clone(),
                "HUAWEICLOUD_SDK_AK is set and HUAWEICLOUD_SDK_SK is not",
            ),
            (Place::PodIdentity, half, "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE is not"),
        ] {
            let closed = around(place, &surroundings).unwrap_err();
            assert!(closed.message.contains(words), "{}", closed.message);
            assert!(
                closed.stalled && !closed.message.contains("AKEXAMPLE"),
                "{}",
                closed.message
            );
        }
    }
}
