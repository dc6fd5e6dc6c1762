//! From an account and its Secret to a client, or to the reason why there is none.

use std::error::Error;

use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use modelarts_client::{Client, Config, Credentials, Hooks, ProjectId, ProjectRef, endpoint};
use modelarts_crd::ModelArtsAccount;
use modelarts_crd::conditions::Reason;
use modelarts_plan::Closed;
use url::Url;

use crate::accounts::Policy;

/// Reads the credentials of an account.
///
/// # Errors
/// Which keys are missing; never what is in the others.
pub fn credentials(account: &str, secret: &Secret) -> Result<Credentials, Closed> {
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

/// Makes the client of an account.
///
/// # Errors
/// The field that is refused, and why.
pub fn connect(
    account: &ModelArtsAccount,
    credentials: Credentials,
    policy: &Policy,
    hooks: Hooks,
) -> Result<Client, Closed> {
    let spec = &account.spec;
    let region = endpoint::for_region(&spec.region);
    let known = region.as_ref();
    let endpoint = address(
        "endpoint",
        spec.endpoint.as_deref(),
        known.and_then(|region| region.modelarts.clone()),
        &spec.region,
    )?;
    let iam = address(
        "iamEndpoint",
        spec.iam_endpoint.as_deref(),
        known.map(|region| region.iam.clone()),
        &spec.region,
    )?;
    let project = match (&spec.project_id, &spec.project_name) {
        (Some(id), _) => {
            let id = ProjectId::parse(id).map_err(|error| invalid(format!("spec.projectId: {error}")))?;
            ProjectRef::Id(id)
        }
        (None, Some(name)) => ProjectRef::Name(name.clone()),
        (None, None) => ProjectRef::Name(spec.region.clone()),
    };
    let mut config = Config::new(endpoint, iam, project, credentials);
    config.deadline = policy.deadline;
    config.allow_http_loopback = policy.http_loopback;
    config.allowed_hosts = policy.allowed_hosts.clone();
    Client::with_hooks(config, hooks).map_err(|error| {
        let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
        invalid(format!("{error}{cause}"))
    })
}

fn address(field: &str, given: Option<&str>, known: Option<Url>, region: &str) -> Result<Url, Closed> {
    match given {
        Some(text) => Url::parse(text).map_err(|error| invalid(format!("spec.{field}: {error}"))),
        None => known.ok_or_else(|| {
            invalid(format!(
                "spec.{field}: no public endpoint is known for region {region}; set it"
            ))
        }),
    }
}

fn invalid(message: String) -> Closed {
    Closed {
        reason: Reason::InvalidAccount,
        stalled: true,
        message,
    }
}
