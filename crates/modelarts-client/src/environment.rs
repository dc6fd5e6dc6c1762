//! Credentials from environment variables, under the names of the vendor's SDK and its Terraform
//! provider. Variables are handed in: this library never reads the process's own.
//!
//! What is half there is an error, not absence: it is meant to be used and would be missed in
//! silence. Errors name variables and never their values.

use std::path::PathBuf;

use thiserror::Error;
use url::Url;

use crate::credentials::{Credentials, CredentialsError};
use crate::source::{KeySource, KeySourceError};

/// The names of one family of keys: access key, secret key, security token.
const KEYS: [[&str; 3]; 2] = [
    [
        "HUAWEICLOUD_SDK_AK",
        "HUAWEICLOUD_SDK_SK",
        "HUAWEICLOUD_SDK_SECURITY_TOKEN",
    ],
    ["HW_ACCESS_KEY", "HW_SECRET_KEY", "HW_SECURITY_TOKEN"],
];
/// Account name, user name, password.
const PASSWORD: [&str; 3] = ["HW_DOMAIN_NAME", "HW_USER_NAME", "HW_USER_PASSWORD"];
/// Where pod identity answers.
const POD_IDENTITY_URI: &str = "HC_CONTAINER_CREDENTIALS_FULL_URI";
/// The file with what pod identity wants to see.
const POD_IDENTITY_TOKEN_FILE: &str = "HC_CONTAINER_AUTHORIZATION_TOKEN_FILE";

/// What is wrong with the variables. Never says what is in them.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EnvironmentError {
    /// Some of the variables that belong together are not set, or empty.
    #[error("{set} is set and {missing} is not")]
    Half {
        /// One that is set.
        set: &'static str,
        /// One that is not.
        missing: &'static str,
    },
    /// Two families name different access keys.
    #[error("{0} and {1} name two different access keys: set one of them")]
    TwoKeys(&'static str, &'static str),
    /// The values cannot be right.
    #[error("{names} cannot be used")]
    Unusable {
        /// The variables.
        names: String,
        /// Which part, and why.
        #[source]
        why: CredentialsError,
    },
    /// The address of pod identity is refused.
    #[error("{name} cannot be used")]
    Source {
        /// The variable.
        name: &'static str,
        /// Why.
        #[source]
        why: KeySourceError,
    },
}

impl Credentials {
    /// The credentials that `lookup` knows; nothing if it knows none of the variables.
    ///
    /// In this order: `HUAWEICLOUD_SDK_AK`, `_SK`, `_SECURITY_TOKEN`; `HW_ACCESS_KEY`,
    /// `HW_SECRET_KEY`, `HW_SECURITY_TOKEN`; `HW_DOMAIN_NAME`, `HW_USER_NAME`, `HW_USER_PASSWORD`.
    /// An empty variable counts as none, and the account name alone is no login: it is set beside
    /// keys as well.
    ///
    /// # Errors
    ///
    /// If any of them is half set or cannot be right, or if there are two different access keys.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, EnvironmentError> {
        let value = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let [sdk, terraform] = KEYS;
        let families = [keys(&value, sdk)?, keys(&value, terraform)?];
        let login = login(&value)?;
        if let [
            Some(Self::Keys { access_key: first, .. }),
            Some(Self::Keys { access_key: second, .. }),
        ] = &families
            && first != second
        {
            return Err(EnvironmentError::TwoKeys(sdk[0], terraform[0]));
        }
        Ok(families.into_iter().flatten().chain(login).next())
    }
}

impl KeySource {
    /// Pod identity as the cluster announces it to a pod in `HC_CONTAINER_CREDENTIALS_FULL_URI` and
    /// `HC_CONTAINER_AUTHORIZATION_TOKEN_FILE`; nothing if `lookup` knows neither.
    ///
    /// # Errors
    ///
    /// If one of them is missing, or if the address is refused.
    pub fn from_environment(lookup: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, EnvironmentError> {
        let value = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let (uri, file) = match (value(POD_IDENTITY_URI), value(POD_IDENTITY_TOKEN_FILE)) {
            (Some(uri), Some(file)) => (uri, file),
            (None, None) => return Ok(None),
            (Some(_), None) => return Err(half(POD_IDENTITY_URI, POD_IDENTITY_TOKEN_FILE)),
            (None, Some(_)) => return Err(half(POD_IDENTITY_TOKEN_FILE, POD_IDENTITY_URI)),
        };
        let refuse = |why| EnvironmentError::Source {
            name: POD_IDENTITY_URI,
            why,
        };
        let uri = Url::parse(uri.trim()).map_err(|_| refuse(KeySourceError::NoUrl))?;
        let source = Self::PodIdentity {
            uri,
            token_file: PathBuf::from(file.trim()),
        };
        source.check(false).map_err(refuse)?;
        Ok(Some(source))
    }
}

/// A family of keys, if any of its variables is set.
fn keys(
    value: &impl Fn(&str) -> Option<String>,
    names: [&'static str; 3],
) -> Result<Option<Credentials>, EnvironmentError> {
    let [access, secret, token] = names;
    let given = match (value(access), value(secret), value(token)) {
        (Some(access_key), Some(secret_key), security_token) => Credentials::Keys {
            access_key,
            secret_key: secret_key.into(),
            security_token: security_token.map(Into::into),
        },
        (None, None, None) => return Ok(None),
        (Some(_), None, _) => return Err(half(access, secret)),
        (None, Some(_), _) => return Err(half(secret, access)),
        (None, None, Some(_)) => return Err(half(token, access)),
    };
    usable(&given, &names)
}

/// A login, if user or password is set.
fn login(value: &impl Fn(&str) -> Option<String>) -> Result<Option<Credentials>, EnvironmentError> {
    let [domain, username, password] = PASSWORD;
    let given = match (value(domain), value(username), value(password)) {
        (Some(domain), Some(username), Some(password)) => Credentials::Password {
            domain,
            username,
            password: password.into(),
        },
        (_, None, None) => return Ok(None),
        (_, Some(_), None) => return Err(half(username, password)),
        (_, None, Some(_)) => return Err(half(password, username)),
        (None, Some(_), Some(_)) => return Err(half(username, domain)),
    };
    usable(&given, &PASSWORD)
}

fn usable(given: &Credentials, names: &[&'static str]) -> Result<Option<Credentials>, EnvironmentError> {
    let usable = given.checked(false).map_err(|why| EnvironmentError::Unusable {
        names: names.join(", "),
        why,
    })?;
    Ok(Some(usable))
}

fn half(set: &'static str, missing: &'static str) -> EnvironmentError {
    EnvironmentError::Half { set, missing }
}

#[cfg(test)]
#[path = "environment_tests.rs"]
mod tests;
