//! Where a request goes and what is in it, whatever users, Secrets and answers put there.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use bolero::generator::produce;
use mutated_json::{OddText, budgeted};
use secrecy::SecretString;

use crate::ids::{OrderName, PoolId, ProjectId};
use crate::resolver::{Beside, is_allowed};
use crate::{Client, Config, Credentials, ProjectRef, request};

/// The address that IPv6 wraps, in each of the ways there are.
fn wrapped(v4: Ipv4Addr) -> [IpAddr; 3] {
    let [a, b, c, d] = v4.octets();
    let (high, low) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    [
        v4.to_ipv6_mapped().into(),
        Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, high, low).into(),
        Ipv6Addr::new(0x2002, high, low, 0, 0, 0, 0, 1).into(),
    ]
}

#[test]
fn an_address_that_no_cloud_has_is_refused_however_it_is_wrapped() {
    let address = (produce::<[u8; 4]>(), produce::<u8>());
    budgeted(bolero::check!())
        .with_generator(address)
        .for_each(|(octets, kind): &([u8; 4], u8)| {
            let [a, b, c, d] = *octets;
            // Whether it is allowed by itself, beside loopback, and beside private ranges.
            let (v4, allowed) = match kind % 8 {
                0 => (Ipv4Addr::new(127, b, c, d), [false, true, false]),
                1 => (Ipv4Addr::new(169, 254, c, d), [false; 3]),
                2 => (Ipv4Addr::new(0, b, c, d), [false; 3]),
                3 => (Ipv4Addr::new(224 + a % 16, b, c, d), [false; 3]),
                4 => (Ipv4Addr::BROADCAST, [false; 3]),
                5 => (Ipv4Addr::new(10, b, c, d), [false, false, true]),
                6 => (Ipv4Addr::new(192, 168, c, d), [false, false, true]),
                _ => (Ipv4Addr::new(128 + a % 32, b, c, d), [true; 3]),
            };
            let beside = [(false, false), (true, false), (false, true)];
            for address in wrapped(v4).into_iter().chain([v4.into()]) {
                for ((loopback, private), wanted) in beside.into_iter().zip(allowed) {
                    let beside = Beside { loopback, private };
                    assert_eq!(is_allowed(address, beside), wanted, "{address} {beside:?}");
                }
            }
        });
}

fn client(access_key: &str, token: Option<&str>) -> Option<Client> {
    let endpoint: url::Url = "https://modelarts.cn-north-4.myhuaweicloud.com".parse().ok()?;
    let credentials = Credentials::Keys {
        access_key: access_key.into(),
        secret_key: "sk-example".into(),
        security_token: token.map(SecretString::from),
    };
    let project = ProjectRef::Id(ProjectId::parse("0123").ok()?);
    Client::new(Config::new(endpoint.clone(), endpoint, project, credentials)).ok()
}

/// Whatever is in a Secret, no header of a request has a line break in it, and the host is the one
/// of the endpoint.
#[test]
fn no_secret_splits_a_request() {
    let names = (OddText, OddText, produce::<bool>());
    budgeted(bolero::check!()).slow().with_generator(names).for_each(
        |(access_key, token, temporary): &(String, String, bool)| {
            let Some(client) = client(access_key, temporary.then_some(token)) else {
                return;
            };
            let project = ProjectId::parse("0123").unwrap();
            let request = request::show_pool(&project, &PoolId::parse("pool-1").unwrap());
            let url = client.url(&request).unwrap();
            let Ok(headers) = client.signed_headers(&request, &url) else {
                return;
            };
            assert_eq!(headers["host"], "modelarts.cn-north-4.myhuaweicloud.com");
            for value in headers.values() {
                assert!(
                    !value.as_bytes().iter().any(|octet| matches!(octet, b'\r' | b'\n' | 0)),
                    "{value:?}"
                );
            }
        },
    );
}

/// A client that nobody looks at after a panic.
struct Unharmed(Client);

impl std::panic::RefUnwindSafe for Unharmed {}

impl Unharmed {
    fn get(&self) -> &Client {
        &self.0
    }
}

/// What a user or an answer chooses goes into the query as a value, and stays one.
#[test]
fn no_filter_and_no_page_token_adds_to_a_request() {
    let client = Unharmed(client("AKEXAMPLE", None).unwrap());
    budgeted(bolero::check!())
        .with_generator((OddText, OddText, OddText))
        .for_each(|(workspace, filter, page): &(String, String, String)| {
            let client = client.get();
            let project = ProjectId::parse("0123").unwrap();
            let list = crate::ListPools {
                workspace_id: workspace.clone(),
                label_selector: Some(filter.clone()),
                status: None,
            };
            let request = request::list_pools(&project, &list).page(page);
            let url = client.url(&request).unwrap();
            assert_eq!((url.path(), url.fragment()), ("/v2/0123/pools", None));
            let mut pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
            pairs.sort();
            let mut meant = [
                ("workspaceId", workspace),
                ("labelSelector", filter),
                ("continue", page),
            ]
            .map(|(name, value)| (name.to_owned(), value.clone()));
            meant.sort();
            assert_eq!(pairs, meant);
            if let Ok(name) = OrderName::parse(page) {
                let order = request::show_order(&project, &name);
                let url = client.url(&order).unwrap();
                assert_eq!(
                    url.path_segments().unwrap().collect::<Vec<_>>(),
                    ["v1", "0123", "orders", page]
                );
            }
        });
}
