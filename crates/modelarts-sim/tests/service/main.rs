//! The whole service without a socket: credentials, permissions, faults, identity, control.

mod agencies;
mod callers;
mod control;
mod credentials;
mod faults;
mod identity;
mod levers;
mod permissions;

use hmac::{Hmac, KeyInit, Mac};
use modelarts_sim::{
    Setup, Simulator,
    accounts::{Key, User},
    message::{Reply, Request},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(crate) const PROJECT: &str = "86c13962597848eeb29c5861153a391f";
pub(crate) const AK: &str = "AKEXAMPLE";
pub(crate) const SK: &str = "SKEXAMPLE";
/// 2023-11-14T22:13:20Z.
pub(crate) const START: u64 = 1_700_000_000_000;
pub(crate) const SECOND: u64 = 1_000;
pub(crate) const MINUTE: u64 = 60 * SECOND;

/// A simulator and the wall time, which moves only when a test moves it.
pub(crate) struct World {
    pub(crate) sim: Simulator,
    pub(crate) wall: u64,
}

pub(crate) fn world() -> World {
    let key = |access: &str, project: &str| Key {
        access: access.to_owned(),
        secret: SK.to_owned(),
        project: project.to_owned(),
        security_token: None,
        expires: None,
    };
    let user = User {
        domain: "example_domain".to_owned(),
        name: "operator".to_owned(),
        password: "example".to_owned(),
    };
    let setup = Setup {
        keys: vec![key(AK, PROJECT), key("AKOTHER", "other")],
        users: vec![user],
        ..Setup::default()
    };
    World {
        sim: Simulator::new(setup, START),
        wall: START,
    }
}

impl World {
    pub(crate) fn send(&mut self, request: &Request) -> Reply {
        self.sim.answer(request, self.wall)
    }

    /// A signed call.
    pub(crate) fn call(&mut self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let request = signed(AK, SK, self.wall, method, path, body);
        self.send(&request)
    }

    /// A call of the control API that must succeed.
    pub(crate) fn control(&mut self, method: &str, path: &str, body: &Value) -> Value {
        let reply = self.send(&unsigned(method, &format!("/_sim/{path}"), Some(body)));
        assert_eq!(reply.status, 200, "{}", String::from_utf8_lossy(&reply.body));
        parse(&reply)
    }

    pub(crate) fn fault(&mut self, fault: Value) {
        self.control("PUT", "faults", &json!([fault]));
    }

    pub(crate) fn create(&mut self, name: &str) -> Reply {
        self.call("POST", &pools(), Some(&pool_body(name)))
    }

    pub(crate) fn listed(&mut self) -> usize {
        let reply = self.call("GET", &pools(), None);
        assert_eq!(reply.status, 200);
        parse(&reply)["items"].as_array().expect("items").len()
    }

    /// Operation and outcome of each entry of the ledger.
    pub(crate) fn ledger(&mut self) -> Vec<(String, String)> {
        let now = self.sim.clock.now(self.wall);
        let entries = self.sim.cloud.ledger(now).iter();
        entries
            .map(|entry| (entry.operation.clone(), entry.outcome.clone()))
            .collect()
    }
}

pub(crate) fn pools() -> String {
    format!("/v2/{PROJECT}/pools")
}

pub(crate) fn pool_path(name: &str) -> String {
    format!("/v2/{PROJECT}/pools/{name}-{PROJECT}")
}

pub(crate) fn pool_body(name: &str) -> Value {
    json!({
        "apiVersion": "v2",
        "kind": "Pool",
        "metadata": {"labels": {"os.modelarts/name": name}},
        "spec": {
            "type": "Dedicate",
            "scope": ["Train"],
            "network": {"name": format!("net-0123-{PROJECT}")},
            "resources": [{"flavor": "modelarts.vm.cpu.4ud", "count": 2}],
        },
    })
}

pub(crate) fn parse(reply: &Reply) -> Value {
    serde_json::from_slice(&reply.body).expect("the body is JSON")
}

pub(crate) fn header<'a>(reply: &'a Reply, name: &str) -> Option<&'a str> {
    reply
        .headers
        .iter()
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.as_str())
}

pub(crate) fn code(reply: &Reply) -> String {
    parse(reply)["error_code"].as_str().expect("a code").to_owned()
}

pub(crate) fn unsigned(method: &str, target: &str, body: Option<&Value>) -> Request {
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Request {
        method: method.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: vec![("content-type".to_owned(), b"application/merge-patch+json".to_vec())],
        body: body.map(|body| body.to_string().into_bytes()).unwrap_or_default(),
    }
}

/// Signs the smallest set of headers. Paths and queries here need no escapes, and queries have one
/// pair: the vendor's vectors cover the rest.
pub(crate) fn signed(ak: &str, sk: &str, at: u64, method: &str, target: &str, body: Option<&Value>) -> Request {
    let mut request = unsigned(method, target, body);
    let hex = |octets: &[u8]| data_encoding::HEXLOWER.encode(octets);
    let date = jiff::Timestamp::from_millisecond(at.cast_signed()).expect("a time");
    let date = date.strftime("%Y%m%dT%H%M%SZ").to_string();
    let canonical = format!(
        "{method}\n{}/\n{}\nx-sdk-date:{date}\n\nx-sdk-date\n{}",
        request.path,
        request.query,
        hex(&Sha256::digest(&request.body))
    );
    let to_sign = format!(
        "SDK-HMAC-SHA256\n{date}\n{}",
        hex(&Sha256::digest(canonical.as_bytes()))
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(sk.as_bytes()).expect("any length");
    mac.update(to_sign.as_bytes());
    let signature = hex(&mac.finalize().into_bytes());
    let header = format!("SDK-HMAC-SHA256 Access={ak}, SignedHeaders=x-sdk-date, Signature={signature}");
    request.headers.push(("X-Sdk-Date".to_owned(), date.into_bytes()));
    request.headers.push(("Authorization".to_owned(), header.into_bytes()));
    request
}
