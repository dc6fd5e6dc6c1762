//! Where requests may go. A wrong host would be handed signatures and tokens, so every endpoint
//! passes [`AllowedHosts::check`] before a client is made of it.

use thiserror::Error;
use url::{Host, Url};

/// The hosts a client may talk to: the vendor's domains and what the administrator adds.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct AllowedHosts {
    extra: Vec<String>,
}

/// The vendor's own domains.
const VENDOR_DOMAINS: [&str; 3] = [".myhuaweicloud.com", ".myhuaweicloud.eu", ".myhuaweicloud.cn"];

/// Why an endpoint is refused.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum EndpointError {
    /// Not https, and not plain http to loopback with the flag.
    #[error("an endpoint must be https; http is for loopback and must be allowed by a flag")]
    NotHttps,
    /// The host is not in the allow-list.
    #[error("host {0:?} is not allowed as an endpoint")]
    HostNotAllowed(String),
    /// User, path, query or fragment.
    #[error("an endpoint is a scheme, a host and perhaps a port, without {0}")]
    TooMuch(&'static str),
    /// No host at all.
    #[error("an endpoint needs a host")]
    NoHost,
}

impl AllowedHosts {
    /// The vendor's domains and `extra`: an exact host, or every host under a domain if the entry
    /// begins with a full stop.
    pub fn with<I>(extra: I) -> Self
    where
        I: IntoIterator,
        I::Item: Into<String>,
    {
        let extra = extra.into_iter().map(|host| {
            let host: String = host.into();
            host.trim().to_ascii_lowercase()
        });
        Self {
            extra: extra.filter(|host| !host.is_empty()).collect(),
        }
    }

    /// Whether requests may go to `url`. With `allow_http_loopback`, loopback is allowed too, by
    /// http or https; otherwise it is not, under any name.
    ///
    /// # Errors
    ///
    /// If it is not.
    pub fn check(&self, url: &Url, allow_http_loopback: bool) -> Result<(), EndpointError> {
        let host = url.host().ok_or(EndpointError::NoHost)?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(EndpointError::TooMuch("a user"));
        }
        if !matches!(url.path(), "" | "/") {
            return Err(EndpointError::TooMuch("a path"));
        }
        if url.query().is_some() || url.fragment().is_some() {
            return Err(EndpointError::TooMuch("a query or fragment"));
        }
        if is_loopback(&host) {
            return match (allow_http_loopback, url.scheme()) {
                (true, "http" | "https") => Ok(()),
                (true, _) | (false, "http") => Err(EndpointError::NotHttps),
                (false, _) => Err(EndpointError::HostNotAllowed(host.to_string())),
            };
        }
        if url.scheme() != "https" {
            return Err(EndpointError::NotHttps);
        }
        let Host::Domain(name) = host else {
            // A literal address never passes the resolver, which refuses the dangerous ones.
            return Err(EndpointError::HostNotAllowed(host.to_string()));
        };
        if self.lists(name) {
            Ok(())
        } else {
            Err(EndpointError::HostNotAllowed(name.to_owned()))
        }
    }

    /// Whether the administrator named the host, alone or with its domain.
    pub(crate) fn names(&self, host: &str) -> bool {
        covered(self.extra.iter().map(String::as_str), host)
    }

    fn lists(&self, host: &str) -> bool {
        covered(VENDOR_DOMAINS, host) || self.names(host)
    }
}

fn covered<'a>(entries: impl IntoIterator<Item = &'a str>, host: &str) -> bool {
    let host = host.to_ascii_lowercase();
    entries.into_iter().any(|entry| {
        if entry.starts_with('.') {
            host.len() > entry.len() && host.ends_with(entry)
        } else {
            host == entry
        }
    })
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => name.eq_ignore_ascii_case("localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// The endpoints of a region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Region {
    /// ModelArts. Absent where the sources name none or disagree: it must then be configured.
    pub modelarts: Option<Url>,
    /// IAM of the region. Never the global one, which may be another cloud.
    pub iam: Url,
}

/// The regions where ModelArts has an endpoint under the usual name.
///
/// `ap-southeast-1` is missing on purpose: the vendor's SDK gives it a top-level domain that no
/// other region has, and a guess would send signatures to a host nobody vouched for.
const WITH_MODELARTS: [&str; 21] = [
    "af-north-1",
    "af-south-1",
    "ap-southeast-2",
    "ap-southeast-3",
    "ap-southeast-4",
    "cn-east-3",
    "cn-east-4",
    "cn-north-1",
    "cn-north-11",
    "cn-north-12",
    "cn-north-2",
    "cn-north-4",
    "cn-north-9",
    "cn-south-1",
    "cn-southwest-2",
    "cn-southwest-3",
    "la-north-2",
    "la-south-2",
    "me-east-1",
    "sa-brazil-1",
    "tr-west-1",
];

/// The endpoints of `region`; nothing if the name is no region name.
#[must_use]
pub fn for_region(region: &str) -> Option<Region> {
    let well_formed = (3..=32).contains(&region.len())
        && region.starts_with(|first: char| first.is_ascii_lowercase())
        && !region.ends_with('-')
        && region
            .bytes()
            .all(|octet| octet.is_ascii_lowercase() || octet.is_ascii_digit() || octet == b'-');
    if !well_formed {
        return None;
    }
    let domain = if region.starts_with("eu-west-1") {
        "myhuaweicloud.eu"
    } else {
        "myhuaweicloud.com"
    };
    let url = |service: &str| Url::parse(&format!("https://{service}.{region}.{domain}")).ok();
    Some(Region {
        modelarts: WITH_MODELARTS.contains(&region).then(|| url("modelarts")).flatten(),
        iam: url("iam")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, extra: &[&str], loopback: bool) -> Result<(), EndpointError> {
        AllowedHosts::with(extra.iter().copied()).check(&Url::parse(url).unwrap(), loopback)
    }

    #[test]
    fn fault_88_only_allowed_hosts_by_https_pass() {
        let mine = &["api.cloud.example", ".private.example"][..];
        for good in [
            "https://modelarts.cn-north-4.myhuaweicloud.com",
            "https://iam.eu-west-101.myhuaweicloud.eu/",
            "https://API.cloud.example",
            "https://api.cloud.example:8443",
            "https://modelarts.r1.private.example",
        ] {
            assert_eq!(check(good, mine, false), Ok(()), "{good}");
        }
        for (bad, why) in [
            ("http://modelarts.cn-north-4.myhuaweicloud.com", "plain http"),
            ("https://myhuaweicloud.com.evil.example", "a suffix in the middle"),
            ("https://evilmyhuaweicloud.com", "no full stop before the suffix"),
            ("https://myhuaweicloud.com", "the bare domain is no service"),
            ("https://x.api.cloud.example", "an exact entry has no children"),
            ("https://private.example", "a domain entry is not its parent"),
            ("https://10.0.0.1", "an address is no name"),
            ("https://[fd00::1]", "an address is no name"),
            ("https://169.254.169.254", "instance metadata"),
            ("https://2852039166", "the same as one number"),
            ("https://0xa9fea9fe", "the same in hexadecimal"),
            ("https://0251.0376.0251.0376", "the same in octal"),
            ("https://[::ffff:169.254.169.254]", "the same, mapped into IPv6"),
            ("https://[64:ff9b::a9fe:a9fe]", "the same through a translator"),
            ("https://[fe80::1]", "link-local"),
            ("https://metadata.internal", "a name of metadata"),
            (
                "https://modelarts.cn-north-4.myhuaweicloud.com@evil.example",
                "the host is behind the user",
            ),
            ("https://evil.example#.myhuaweicloud.com", "the suffix is a fragment"),
            ("https://evil.example/.myhuaweicloud.com", "the suffix is a path"),
            ("https://evil.example?.myhuaweicloud.com", "the suffix is a query"),
            ("https://api.cloud.example.", "a full stop at the end is another name"),
            ("https://u:p@api.cloud.example", "a user"),
            ("https://api.cloud.example/v2", "a path"),
            ("https://api.cloud.example?x=1", "a query"),
            ("https://127.0.0.1", "loopback without the flag"),
            ("http://127.0.0.1:8080", "loopback without the flag"),
            ("https://localhost", "loopback without the flag"),
            ("ftp://api.cloud.example", "another scheme"),
        ] {
            assert!(check(bad, mine, false).is_err(), "{bad}: {why}");
        }
    }

    #[test]
    fn the_flag_opens_loopback_and_nothing_else() {
        for good in [
            "http://127.0.0.1:8080",
            "http://localhost:1",
            "http://[::1]:1",
            "https://127.0.0.1:1",
        ] {
            assert_eq!(check(good, &[], true), Ok(()), "{good}");
        }
        for bad in [
            "http://10.0.0.1",
            "http://modelarts.cn-north-4.myhuaweicloud.com",
            "http://localhost.evil.example",
            "ftp://127.0.0.1",
        ] {
            assert!(check(bad, &[], true).is_err(), "{bad}");
        }
    }

    #[test]
    fn regions_have_their_endpoints() {
        let region = for_region("cn-north-4").unwrap();
        assert_eq!(
            region.modelarts.unwrap().as_str(),
            "https://modelarts.cn-north-4.myhuaweicloud.com/"
        );
        assert_eq!(region.iam.as_str(), "https://iam.cn-north-4.myhuaweicloud.com/");
        let eu = for_region("eu-west-101").unwrap();
        assert_eq!(eu.iam.as_str(), "https://iam.eu-west-101.myhuaweicloud.eu/");
        assert_eq!(eu.modelarts, None);
        assert_eq!(for_region("ap-southeast-1").unwrap().modelarts, None);
        for bad in ["", "cn north", "cn.north", "../x", "a/b", "CN", "x-"] {
            assert_eq!(for_region(bad), None, "{bad}");
        }
        for known in WITH_MODELARTS {
            let region = for_region(known).unwrap();
            let hosts = AllowedHosts::default();
            assert_eq!(hosts.check(&region.iam, false), Ok(()), "{known}");
            assert_eq!(hosts.check(&region.modelarts.unwrap(), false), Ok(()), "{known}");
        }
    }
}
