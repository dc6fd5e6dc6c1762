//! From an account and its credentials to a client, or to the reason why there is none.

use std::error::Error;

use modelarts_client::{Client, Config, ConfigError, Credentials, ExtraRoots, Hooks, ProjectId, ProjectRef, endpoint};
use modelarts_crd::ModelArtsAccount;
use modelarts_crd::conditions::Reason;
use modelarts_plan::Closed;
use url::Url;

use crate::accounts::Policy;

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
    let bundle = spec.ca_bundle.as_ref();
    config.extra_roots = bundle.map(|pem| ExtraRoots::from_pem(pem.as_bytes()));
    Client::with_hooks(config, hooks).map_err(|error| match &error {
        ConfigError::ExtraRoots(why) => invalid(format!("spec.caBundle: {}", told(why))),
        _ => invalid(told(&error)),
    })
}

/// An error with its causes.
pub(crate) fn told(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
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

pub(crate) fn invalid(message: String) -> Closed {
    Closed {
        reason: Reason::InvalidAccount,
        stalled: true,
        message,
    }
}
