//! Name resolution that refuses addresses no cloud has: a name that suddenly points at this
//! machine or at the metadata service would be handed signatures meant for the cloud.
//!
//! Private ranges stay allowed: inside a VPC the cloud's endpoints have such addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// The system's resolver behind a filter.
pub(crate) struct FilteredResolver {
    /// Whether loopback is a legitimate answer (development only).
    pub(crate) loopback: bool,
}

impl Resolve for FilteredResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let loopback = self.loopback;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let allowed: Vec<SocketAddr> = found.filter(|address| is_allowed(address.ip(), loopback)).collect();
            if allowed.is_empty() {
                return Err("the name resolves to no address a cloud can have".into());
            }
            let addresses: Addrs = Box::new(allowed.into_iter());
            Ok(addresses)
        })
    }
}

pub(crate) fn is_allowed(address: IpAddr, loopback: bool) -> bool {
    match address {
        IpAddr::V4(v4) if v4.is_loopback() => loopback,
        IpAddr::V4(v4) => {
            !(v4.is_unspecified()
                || v4.is_link_local()
                || v4.is_broadcast()
                || v4.is_multicast()
                || v4.octets()[0] == 0)
        }
        IpAddr::V6(Ipv6Addr::LOCALHOST) => loopback,
        IpAddr::V6(v6) => match wrapped(v6) {
            Some(v4) => is_allowed(IpAddr::V4(v4), loopback),
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
            let address = bad.parse().unwrap();
            assert!(!is_allowed(address, false), "{bad}");
            assert!(!is_allowed(address, true), "{bad}");
        }
        for loopback in ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"] {
            let address = loopback.parse().unwrap();
            assert!(!is_allowed(address, false), "{loopback}");
            assert!(is_allowed(address, true), "{loopback}");
        }
        for good in [
            "10.0.0.1",
            "192.168.1.1",
            "121.36.0.1",
            "2001:db8::1",
            "64:ff9b::121.36.0.1",
        ] {
            assert!(is_allowed(good.parse().unwrap(), false), "{good}");
        }
    }

    #[tokio::test]
    async fn a_name_that_is_only_loopback_does_not_resolve() {
        let name = || "localhost".parse().unwrap();
        let filtered = FilteredResolver { loopback: false };
        assert!(filtered.resolve(name()).await.is_err());
        let open = FilteredResolver { loopback: true };
        assert!(open.resolve(name()).await.is_ok());
    }
}
