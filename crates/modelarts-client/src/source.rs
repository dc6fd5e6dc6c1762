//! Where temporary keys are fetched, and which of those places may be asked.
//!
//! Whoever answers there decides as whom we act, and is shown what proves who we are. So a source
//! is checked before a client is made of it, as endpoints are.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use url::{Host, Url};

/// A service that hands out temporary keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// The agency of the pod's service account, on CCE. No secret at rest: the best choice there.
    ///
    /// The address must be https, or http to a literal loopback, link-local or private address:
    /// what the cluster injects leads to the node or its network, where there is no certificate,
    /// and a name or a public address without one could be anybody's.
    PodIdentity {
        /// Where to ask, from `HC_CONTAINER_CREDENTIALS_FULL_URI`.
        uri: Url,
        /// The file with the pod's own token, from `HC_CONTAINER_AUTHORIZATION_TOKEN_FILE`. It is
        /// read at each fetch, because the cluster rotates it.
        token_file: PathBuf,
    },
    /// The agency of the ECS instance. Every pod that reaches the address shares it.
    InstanceMetadata {
        /// [`KeySource::METADATA`]; for tests loopback, if the configuration allows that.
        base: Url,
    },
}

/// Why a source is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum KeySourceError {
    /// Another scheme, or plain http to a host that could be anybody.
    #[error("the address of pod identity must be https, or http to a literal loopback, link-local or private address")]
    NotPrivate,
    /// User or fragment.
    #[error("the address of pod identity has {0}")]
    TooMuch(&'static str),
    /// The text is no address.
    #[error("the address of pod identity is no URL")]
    NoUrl,
    /// No path to the token.
    #[error("the path of the token file for pod identity is empty")]
    NoTokenFile,
    /// Instance metadata has one address only.
    #[error("instance metadata is at http://169.254.169.254; loopback must be allowed by a flag")]
    NotMetadata,
}

impl KeySource {
    /// Where every ECS instance finds its metadata.
    pub const METADATA: &str = "http://169.254.169.254";

    /// The instance metadata at their usual address.
    ///
    /// # Errors
    ///
    /// Never in practice: the address is a constant.
    pub fn instance_metadata() -> Result<Self, KeySourceError> {
        let base = Url::parse(Self::METADATA).map_err(|_| KeySourceError::NotMetadata)?;
        Ok(Self::InstanceMetadata { base })
    }

    /// Longest wait for a connection, and then for each part of an answer.
    pub(crate) fn patience(&self) -> Duration {
        match self {
            Self::PodIdentity { .. } => Duration::from_secs(5),
            Self::InstanceMetadata { .. } => Duration::from_secs(3),
        }
    }

    /// Whether this source may be asked.
    pub(crate) fn check(&self, allow_http_loopback: bool) -> Result<(), KeySourceError> {
        match self {
            Self::PodIdentity { uri, token_file } => {
                if token_file.as_os_str().is_empty() {
                    return Err(KeySourceError::NoTokenFile);
                }
                check_pod_identity(uri)
            }
            Self::InstanceMetadata { base } => {
                let loopback = allow_http_loopback && address_of(base).is_some_and(|address| address.is_loopback());
                let bare = base.username().is_empty() && base.password().is_none() && base.path() == "/";
                let bare = bare && base.query().is_none() && base.fragment().is_none();
                let usual = base.as_str().trim_end_matches('/') == Self::METADATA;
                if bare && base.scheme() == "http" && (usual || loopback) {
                    Ok(())
                } else {
                    Err(KeySourceError::NotMetadata)
                }
            }
        }
    }
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PodIdentity { .. } => "CCE pod identity",
            Self::InstanceMetadata { .. } => "ECS instance metadata",
        })
    }
}

fn check_pod_identity(uri: &Url) -> Result<(), KeySourceError> {
    if !uri.username().is_empty() || uri.password().is_some() {
        return Err(KeySourceError::TooMuch("a user"));
    }
    if uri.fragment().is_some() {
        return Err(KeySourceError::TooMuch("a fragment"));
    }
    match uri.scheme() {
        "https" => Ok(()),
        "http" if address_of(uri).is_some_and(is_near) => Ok(()),
        _ => Err(KeySourceError::NotPrivate),
    }
}

/// The literal address in a URL.
fn address_of(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Domain(_) => None,
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
    }
}

/// Whether the address is this machine's, its link's or of a private network.
fn is_near(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.is_private(),
        IpAddr::V6(Ipv6Addr::LOCALHOST) => true,
        IpAddr::V6(v6) => v6.is_unicast_link_local() || v6.is_unique_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod_identity(uri: &str) -> Result<(), KeySourceError> {
        let source = KeySource::PodIdentity {
            uri: uri.parse().unwrap(),
            token_file: "/var/run/token".into(),
        };
        source.check(false)
    }

    #[test]
    fn pod_identity_is_asked_by_https_or_nearby_only() {
        for good in [
            "https://pod-identity.example/v1/credentials",
            "https://203.0.113.1/v1/credentials?x=1",
            "http://127.0.0.1:8080/v1/credentials",
            "http://[::1]/v1",
            "http://169.254.170.23/v1/credentials",
            "http://10.1.2.3/v1",
            "http://192.168.0.1/v1",
            "http://172.16.0.1/v1",
            "http://[fe80::1]/v1",
            "http://[fd00::1]/v1",
        ] {
            assert_eq!(pod_identity(good), Ok(()), "{good}");
        }
        for bad in [
            "http://localhost/v1",
            "http://pod-identity.example/v1",
            "http://203.0.113.1/v1",
            "http://172.32.0.1/v1",
            "http://0.0.0.0/v1",
            "http://[2001:db8::1]/v1",
            "http://[::ffff:8.8.8.8]/v1",
            "ftp://127.0.0.1/v1",
            "file:///etc/passwd",
        ] {
            assert_eq!(pod_identity(bad), Err(KeySourceError::NotPrivate), "{bad}");
        }
        for bad in [
            "https://u@h.example/",
            "https://u:p@h.example/",
            "https://:p@h.example/",
        ] {
            assert_eq!(pod_identity(bad), Err(KeySourceError::TooMuch("a user")), "{bad}");
        }
        let fragment = pod_identity("https://h.example/#x");
        assert_eq!(fragment, Err(KeySourceError::TooMuch("a fragment")));
        let nowhere = KeySource::PodIdentity {
            uri: "https://h.example".parse().unwrap(),
            token_file: PathBuf::new(),
        };
        assert_eq!(nowhere.check(false), Err(KeySourceError::NoTokenFile));
    }

    #[test]
    fn instance_metadata_has_one_address_and_loopback_needs_the_flag() {
        let check = |base: &str, loopback| {
            let base = base.parse().unwrap();
            KeySource::InstanceMetadata { base }.check(loopback)
        };
        assert_eq!(KeySource::instance_metadata().unwrap().check(false), Ok(()));
        assert_eq!(check("http://127.0.0.1:9000", true), Ok(()));
        for (bad, loopback) in [
            ("http://127.0.0.1:9000", false),
            ("https://169.254.169.254", true),
            ("http://169.254.169.254:81", true),
            ("http://169.254.169.254/x", true),
            ("http://169.254.169.254?x", true),
            ("http://u@169.254.169.254", true),
            ("http://127.0.0.1/x", true),
            ("http://169.254.169.253", true),
            ("http://10.0.0.1", true),
            ("http://localhost", true),
        ] {
            assert_eq!(check(bad, loopback), Err(KeySourceError::NotMetadata), "{bad}");
        }
    }
}
