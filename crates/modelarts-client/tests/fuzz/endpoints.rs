//! Whatever is accepted as an endpoint is a host that somebody vouched for, and nothing else.
//!
//! The judge reads the URL as text, so that it shares nothing with the code under test but the
//! parser that the HTTP library uses, too.

use std::net::IpAddr;
use std::sync::atomic::{AtomicU32, Ordering};

use bolero::generator::{ValueGenerator, produce};
use modelarts_client::AllowedHosts;
use modelarts_client::endpoint::for_region;
use mutated_json::{OddText, below, budgeted, one_of};
use url::{Host, Url};

const VENDOR: [&str; 3] = [".myhuaweicloud.com", ".myhuaweicloud.eu", ".myhuaweicloud.cn"];
const EXTRA: [&str; 4] = ["api.cloud.example", ".private.example", "10.0.0.1", "LOUD.example"];
const SCHEMES: [&str; 8] = [
    "https://",
    "http://",
    "HTTPS://",
    "https:",
    "ftp://",
    "file://",
    "ws://",
    "https:\\\\",
];
const USERS: [&str; 6] = ["", "", "", "u@", "u:p@", "evil.example\\@"];
/// Loopback, private and link-local addresses in every spelling that a URL parser knows, and names
/// that look like allowed ones.
const HOSTS: [&str; 44] = [
    "modelarts.cn-north-4.myhuaweicloud.com",
    "127.0.0.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "0x7f.1",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::127.0.0.1]",
    "①②⑦.0.0.1",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "169.254.169.254",
    "2852039166",
    "0xa9fea9fe",
    "0251.0376.0251.0376",
    "169.254.43518",
    "[::ffff:169.254.169.254]",
    "[::ffff:a9fe:a9fe]",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "[64:ff9b::a9fe:a9fe]",
    "10.0.0.1",
    "0xa000001",
    "012.0.0.1",
    "192.168.1.1",
    "172.16.0.1",
    "0.0.0.0",
    "0",
    "iam.eu-west-101.myhuaweicloud.eu",
    "MODELARTS.cn-north-4.MyHuaweiCloud.COM",
    "myhuaweicloud.com",
    "evilmyhuaweicloud.com",
    "myhuaweicloud.com.evil.example",
    "x.myhuaweicloud.com.",
    "x.myhuaweicloud.com%2eevil.example",
    "x%2emyhuaweicloud.com",
    "x。myhuaweicloud。com",
    "api.cloud.example",
    "x.api.cloud.example",
    "private.example",
    "m.private.example",
];
const PORTS: [&str; 7] = ["", "", "", ":443", ":8443", ":0", ":99999"];
const RESTS: [&str; 12] = [
    "",
    "",
    "",
    "/",
    "/v2",
    "//",
    "/.",
    "/..",
    "?a=b",
    "?",
    "#@evil.example",
    "\\..\\@x",
];

/// Something that may be an endpoint.
struct Endpoint;

impl ValueGenerator for Endpoint {
    type Output = String;

    fn generate<D: bolero::Driver>(&self, driver: &mut D) -> Option<String> {
        let parts: [&[&str]; 5] = [&SCHEMES, &USERS, &HOSTS, &PORTS, &RESTS];
        let mut text = String::new();
        for part in parts {
            text.push_str(match below(driver, 24)? {
                0 => continue,
                // The plain form, so that whole endpoints come up often.
                1..8 => part[0],
                _ => one_of(driver, part)?,
            });
        }
        if below(driver, 6)? == 0 {
            let at = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            let at = *one_of(driver, &at.collect::<Vec<_>>())?;
            text.insert_str(at, &mutated_json::odd_text(driver)?);
        }
        Some(text)
    }
}

/// Whether the host of `url`, as text, is vouched for.
fn is_vouched_for(host: &str) -> bool {
    let under = |domain: &str| host.len() > domain.len() && host.ends_with(domain);
    VENDOR.iter().any(|domain| under(domain))
        || host == "api.cloud.example"
        || host == "loud.example"
        || under(".private.example")
}

#[test]
fn what_is_accepted_is_https_to_a_host_that_is_vouched_for_and_nothing_more() {
    let hosts = AllowedHosts::with(EXTRA);
    let (accepted, refused) = <(AtomicU32, AtomicU32)>::default();
    budgeted(bolero::check!())
        .with_generator(Endpoint)
        .for_each(|text: &String| {
            let Ok(url) = Url::parse(text) else { return };
            if hosts.check(&url, false).is_err() {
                refused.fetch_add(1, Ordering::Relaxed);
                return;
            }
            accepted.fetch_add(1, Ordering::Relaxed);
            let rest = url.as_str().strip_prefix("https://").expect("https");
            let authority = rest.strip_suffix('/').expect("no more than a host");
            assert!(!authority.contains(['@', '/', '?', '#', '\\', '%']), "{url}");
            let (host, port) = authority.split_once(':').unwrap_or((authority, "443"));
            assert!(is_vouched_for(host), "{url}");
            assert!(port.parse::<u16>().is_ok(), "{url}");
            assert!(host.parse::<IpAddr>().is_err(), "{url}");
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-._~!$&'()*+,;=".contains(c);
            assert!(host.chars().all(plain), "{url}");
        });
    let (accepted, refused) = (accepted.into_inner(), refused.into_inner());
    // Both happen often enough to mean something, however few inputs a slow machine tries.
    assert!(
        accepted * 50 > refused && refused > accepted / 50,
        "{accepted} accepted, {refused} refused"
    );
}

#[test]
fn the_flag_for_development_opens_loopback_and_nothing_else() {
    let hosts = AllowedHosts::with(EXTRA);
    budgeted(bolero::check!())
        .with_generator(Endpoint)
        .for_each(|text: &String| {
            let Ok(url) = Url::parse(text) else { return };
            let (open, shut) = (hosts.check(&url, true), hosts.check(&url, false));
            let loopback = match url.host() {
                Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
                Some(Host::Ipv4(address)) => address.octets()[0] == 127,
                Some(Host::Ipv6(address)) => address.octets() == [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
                None => false,
            };
            assert!(!(loopback && shut.is_ok()), "{url} without the flag");
            if !loopback {
                assert_eq!(open, shut, "{url}");
            }
        });
}

/// An entry of the allow-list is a host or a domain, whatever an administrator writes.
#[test]
fn an_entry_opens_itself_only() {
    budgeted(bolero::check!())
        .with_generator((OddText, Endpoint))
        .for_each(|(entry, text): &(String, String)| {
            let Ok(url) = Url::parse(text) else { return };
            let (Ok(()), Err(_)) = (
                AllowedHosts::with([entry.as_str()]).check(&url, false),
                AllowedHosts::default().check(&url, false),
            ) else {
                return;
            };
            let entry = entry.trim().to_ascii_lowercase();
            let host = url.host_str().unwrap();
            assert!(
                host == entry || entry.starts_with('.') && host.ends_with(&entry),
                "{entry:?} opened {url}"
            );
        });
}

#[test]
fn any_text_is_a_region_with_allowed_endpoints_or_none() {
    let region = (OddText, produce::<bool>(), produce::<[u8; 3]>());
    budgeted(bolero::check!())
        .with_generator(region)
        .for_each(|(text, plain, letters): &(String, bool, [u8; 3])| {
            let letters: String = letters.iter().map(|octet| char::from(b'a' + octet % 26)).collect();
            let name = if *plain {
                format!("{letters}-north-{text}")
            } else {
                text.clone()
            };
            let Some(region) = for_region(&name) else { return };
            let hosts = AllowedHosts::default();
            for url in [Some(region.iam), region.modelarts].into_iter().flatten() {
                assert_eq!(hosts.check(&url, false), Ok(()), "{url}");
            }
        });
}
