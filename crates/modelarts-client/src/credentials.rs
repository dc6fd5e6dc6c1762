//! Who we are towards the cloud. Secrets enter here and cannot be printed.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;

use crate::source::{KeySource, KeySourceError};

/// How calls are authenticated.
#[derive(Clone)]
pub enum Credentials {
    /// Each request is signed.
    Keys {
        /// Access key ID; no secret by itself.
        access_key: String,
        /// Secret access key.
        secret_key: SecretString,
        /// Second half of a temporary key.
        security_token: Option<SecretString>,
    },
    /// A token is fetched with a password and sent along.
    Password {
        /// Name of the account.
        domain: String,
        /// Name of the IAM user.
        username: String,
        /// The user's password.
        password: SecretString,
    },
    /// Each request is signed with a temporary key, which is fetched and renewed.
    Fetched(KeySource),
}

/// What is wrong with credentials. Never says more than which part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CredentialsError {
    /// The part is empty.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// The part has a blank or control character inside.
    #[error("the {0} contains white space or a control character")]
    Blank(&'static str),
    /// The part cannot be sent in a header.
    #[error("the {0} cannot be sent in a header")]
    NotAHeader(&'static str),
    /// Temporary keys must not be fetched there.
    #[error("the source of temporary keys is refused")]
    Source(#[source] KeySourceError),
}

impl Credentials {
    /// The same credentials without the line feed that a file or Secret often ends in.
    ///
    /// # Errors
    ///
    /// If a part is empty or cannot be right: the cloud counts wrong keys and locks them, so what
    /// can be seen here should not be tried. A source of keys may be on loopback only where
    /// `loopback` is allowed for development.
    pub(crate) fn checked(&self, loopback: bool) -> Result<Self, CredentialsError> {
        match self {
            Self::Keys {
                access_key,
                secret_key,
                security_token,
            } => {
                let access_key = trimmed(access_key, "access key")?;
                let secret_key = trimmed(secret_key.expose_secret(), "secret key")?;
                let security_token = security_token
                    .as_ref()
                    .map(|token| trimmed(token.expose_secret(), "security token"))
                    .transpose()?;
                if let Some(token) = &security_token
                    && http::HeaderValue::from_str(token).is_err()
                {
                    return Err(CredentialsError::NotAHeader("security token"));
                }
                Ok(Self::Keys {
                    access_key,
                    secret_key: secret_key.into(),
                    security_token: security_token.map(Into::into),
                })
            }
            Self::Password {
                domain,
                username,
                password,
            } => {
                let password = password.expose_secret().trim_end_matches(['\r', '\n']);
                if password.is_empty() {
                    return Err(CredentialsError::Empty("password"));
                }
                Ok(Self::Password {
                    domain: non_empty(domain, "account name")?,
                    username: non_empty(username, "user name")?,
                    password: password.into(),
                })
            }
            Self::Fetched(source) => {
                source.check(loopback).map_err(CredentialsError::Source)?;
                Ok(self.clone())
            }
        }
    }

    /// All secret parts, for keeping them out of messages. What is fetched is not known here.
    pub(crate) fn secrets(&self) -> Vec<SecretString> {
        match self {
            Self::Keys {
                secret_key,
                security_token,
                ..
            } => std::iter::once(secret_key.clone())
                .chain(security_token.clone())
                .collect(),
            Self::Password { password, .. } => vec![password.clone()],
            Self::Fetched(_) => Vec::new(),
        }
    }
}

/// A key without outer white space; inner white space is a copying mistake.
fn trimmed(text: &str, part: &'static str) -> Result<String, CredentialsError> {
    let text = non_empty(text, part)?;
    if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(CredentialsError::Blank(part));
    }
    Ok(text)
}

fn non_empty(text: &str, part: &'static str) -> Result<String, CredentialsError> {
    match text.trim() {
        "" => Err(CredentialsError::Empty(part)),
        text => Ok(text.to_owned()),
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Keys {
                access_key,
                secret_key: _,
                security_token,
            } => f
                .debug_struct("Keys")
                .field("access_key", access_key)
                .field("temporary", &security_token.is_some())
                .finish_non_exhaustive(),
            Self::Password {
                domain,
                username,
                password: _,
            } => f
                .debug_struct("Password")
                .field("domain", domain)
                .field("username", username)
                .finish_non_exhaustive(),
            Self::Fetched(source) => f.debug_tuple("Fetched").field(source).finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(access_key: &str, secret_key: &str) -> Credentials {
        Credentials::Keys {
            access_key: access_key.into(),
            secret_key: secret_key.into(),
            security_token: None,
        }
    }

    #[test]
    fn a_final_line_feed_is_cut() {
        let Ok(Credentials::Keys {
            access_key, secret_key, ..
        }) = keys("AKEXAMPLE\n", "sk-example\r\n").checked(false)
        else {
            panic!("refused");
        };
        assert_eq!(access_key, "AKEXAMPLE");
        assert_eq!(secret_key.expose_secret(), "sk-example");
    }

    #[test]
    fn keys_that_cannot_be_right_are_refused_before_the_cloud_counts_them() {
        let refused = |credentials: Credentials| credentials.checked(false).unwrap_err();
        assert_eq!(refused(keys(" ", "s")), CredentialsError::Empty("access key"));
        assert_eq!(refused(keys("A", "")), CredentialsError::Empty("secret key"));
        assert_eq!(refused(keys("A K", "s")), CredentialsError::Blank("access key"));
        assert_eq!(refused(keys("A", "s\tk")), CredentialsError::Blank("secret key"));
        let password = Credentials::Password {
            domain: "d".into(),
            username: "u".into(),
            password: "\n".into(),
        };
        assert_eq!(refused(password), CredentialsError::Empty("password"));
    }

    #[test]
    fn a_password_keeps_its_blanks() {
        let Ok(Credentials::Password { password, .. }) = (Credentials::Password {
            domain: "d".into(),
            username: "u".into(),
            password: " two words \n".into(),
        })
        .checked(false) else {
            panic!("refused");
        };
        assert_eq!(password.expose_secret(), " two words ");
    }
}
