//! Name resolution that refuses addresses no cloud has: a name that suddenly points at this
//! machine or at the metadata service would be handed signatures meant for the cloud.
//!
//! Private ranges are for hosts that the administrator lists: inside a VPC, and in a private cloud,
//! endpoints have such addresses. A public name that leads there was rebound.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::pin::Pin;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use crate::endpoint::AllowedHosts;

/// Asks for the addresses of a name.
pub(crate) type Lookup = fn(String) -> Answer;

/// Its answer, when it comes.
type Answer = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// The system's own.
pub(crate) fn system(name: String) -> Answer {
    Box::pin(async move { Ok(tokio::net::lookup_host((name, 0)).await?.collect()) })
}

/// A resolver behind a filter. It looks at each answer, so a name that is bound anew later is refused
/// then; what it gives is what is connected to.
pub(crate) struct FilteredResolver {
    /// The resolver.
    pub(crate) lookup: Lookup,
    /// Whether loopback is a legitimate answer (development only).
    pub(crate) loopback: bool,
    /// Whose names may lead to private ranges.
    pub(crate) hosts: AllowedHosts,
}

/// Which addresses are legitimate for a name, beside those of the internet.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Beside {
    /// This machine.
    pub(crate) loopback: bool,
    /// Private ranges.
    pub(crate) private: bool,
}

impl Resolve for FilteredResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let beside = Beside {
            loopback: self.loopback,
            private: self.hosts.names(name.as_str()),
        };
        let found = (self.lookup)(name.as_str().to_owned());
        Box::pin(async move {
            let found = found.await?.into_iter();
            let allowed: Vec<SocketAddr> = found.filter(|address| is_allowed(address.ip(), beside)).collect();
            if allowed.is_empty() {
                return Err(
                    "the name resolves to no address that its cloud can have; a host at a private address must be \
                            allowed by name"
                        .into(),
                );
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

pub(crate) fn is_allowed(address: IpAddr, beside: Beside) -> bool {
    match address {
        IpAddr::V4(v4) if v4.is_loopback() => beside.loopback,
        IpAddr::V4(v4) if v4.is_private() => beside.private,
        IpAddr::V4(v4) => {
            !(v4.is_unspecified()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.octets()[0] == 0)
        }
        IpAddr::V6(Ipv6Addr::LOCALHOST) => beside.loopback,
        IpAddr::V6(v6) => match wrapped(v6) {
            Some(v4) => is_allowed(IpAddr::V4(v4), beside),
            None if v6.is_unique_local() => beside.private,
            None => !(v6.is_unicast_link_local() || v6.is_multicast()),
        },
    }
}

/// The IPv4 address that this one leads to, through the system (IPv4-mapped and -compatible), a
/// translator (NAT64, RFC 6052) or a tunnel (6to4, RFC 3056).
fn wrapped(v6: Ipv6Addr) -> Option<Ipv4Addr> {
    match v6.segments() {
        [0, 0, 0, 0, 0, 0 | 0xffff, high, low] | [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
            Some((u32::from(high) << 16 | u32::from(low)).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEITHER: Beside = Beside {
        loopback: false,
        private: false,
    };
    const BOTH: Beside = Beside {
        loopback: true,
        private: true,
    };

    fn allowed(address: &str, beside: Beside) -> bool {
        is_allowed(address.parse().unwrap(), beside)
    }

    #[test]
    fn addresses_no_cloud_has_are_refused() {
        for bad in [
            "169.254.169.254",
            "0.0.0.0",
            "0.1.2.3",
            "255.255.255.255",
            "224.0.0.1",
            "::",
            "fe80::1",
            "ff02::1",
            "::ffff:169.254.169.254",
            "::169.254.169.254",
            "64:ff9b::169.254.169.254",
            "2002:a9fe:a9fe::1",
        ] {
            assert!(!allowed(bad, NEITHER) && !allowed(bad, BOTH), "{bad}");
        }
        for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            let private = Beside {
                loopback: false,
                ..BOTH
            };
            assert!(!allowed(loopback, private) && allowed(loopback, BOTH), "{loopback}");
        }
        for private in ["10.0.0.1", "172.16.0.1", "192.168.1.1", "fd00::1", "::ffff:10.0.0.1"] {
            let loopback = Beside { private: false, ..BOTH };
            assert!(!allowed(private, loopback) && allowed(private, BOTH), "{private}");
        }
        // The last but one is where the cloud's own resolvers put its services.
        for good in ["121.36.0.1", "2001:db8::1", "100.125.0.1", "64:ff9b::121.36.0.1"] {
            assert!(allowed(good, NEITHER), "{good}");
        }
    }

    #[tokio::test]
    async fn a_name_that_is_only_loopback_does_not_resolve() {
        let name = || "localhost".parse().unwrap();
        let filtered = |loopback| FilteredResolver {
            lookup: system,
            loopback,
            hosts: AllowedHosts::default(),
        };
        assert!(filtered(false).resolve(name()).await.is_err());
        assert!(filtered(true).resolve(name()).await.is_ok());
    }

    /// A name server that answers what the name says, in the notation of `1.2.3.4.rebound.example`.
    fn rebound(name: String) -> Answer {
        let address = name
            .strip_suffix(".rebound.example")
            .map(|address| address.replace('-', ":"));
        let address: IpAddr = address.and_then(|address| address.parse().ok()).unwrap();
        let public = SocketAddr::from(([121, 36, 0, 1], 0));
        Box::pin(async move { Ok(vec![(address, 0).into(), public]) })
    }

    #[tokio::test]
    async fn fault_73_a_name_that_is_bound_anew_to_a_forbidden_address_is_not_followed_there() {
        for (hosts, address, followed) in [
            (&[][..], "121.36.0.2", true),
            (&[], "169.254.169.254", false),
            (&[], "127.0.0.1", false),
            (&[], "--ffff-a9fe-a9fe", false),
            (&[], "10.0.0.1", false),
            (&[".rebound.example"], "10.0.0.1", true),
            (&[".rebound.example"], "169.254.169.254", false),
        ] {
            let filtered = FilteredResolver {
                lookup: rebound,
                loopback: false,
                hosts: AllowedHosts::with(hosts.iter().copied()),
            };
            let name = format!("{address}.rebound.example").parse().unwrap();
            let found = filtered.resolve(name).await.ok().unwrap();
            assert_eq!(found.count(), if followed { 2 } else { 1 }, "{address}");
        }
    }
}
