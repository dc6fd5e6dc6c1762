//! The server on a real socket: what only a socket can show.

use std::time::Duration;

use modelarts_sim::{
    Config, Server, ServerHandle, Setup, StartError, TlsFiles,
    accounts::{Key, User},
};
use serde_json::{Value, json};

const PROJECT: &str = "86c13962597848eeb29c5861153a391f";

/// A running server, a client, and a token for the one project.
struct World {
    server: ServerHandle,
    client: reqwest::Client,
    token: String,
}

impl World {
    async fn start() -> Self {
        let key = Key {
            access: "AKEXAMPLE".to_owned(),
            secret: "SKEXAMPLE".to_owned(),
            project: PROJECT.to_owned(),
            security_token: None,
            expires: None,
        };
        let user = User {
            domain: "d".to_owned(),
            name: "u".to_owned(),
            password: "p".to_owned(),
        };
        let setup = Setup {
            keys: vec![key],
            users: vec![user],
            ..Setup::default()
        };
        let server = Server::start(Config {
            setup,
            ..Config::default()
        })
        .await
        .expect("it starts");
        // Another test may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let user = json!({"name": "u", "password": "p", "domain": {"name": "d"}});
        let identity = json!({"methods": ["password"], "password": {"user": user}});
        let body = json!({"auth": {"identity": identity, "scope": {"project": {"id": PROJECT}}}});
        let url = format!("{}/v3/auth/tokens", server.url());
        let answer = client.post(url).json(&body).send().await.expect("an answer");
        assert_eq!(answer.status(), 201);
        let token = answer.headers()["x-subject-token"].to_str().expect("text").to_owned();
        Self { server, client, token }
    }

    fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client
            .get(format!("{}{path}", self.server.url()))
            .header("X-Auth-Token", &self.token)
    }

    fn create(&self) -> reqwest::RequestBuilder {
        let body = json!({
            "apiVersion": "v2",
            "kind": "Pool",
            "metadata": {"labels": {"os.modelarts/name": "pool-001"}},
            "spec": {
                "type": "Dedicate",
                "scope": ["Train"],
                "network": {"name": format!("net-0123-{PROJECT}")},
                "resources": [{"flavor": "modelarts.vm.cpu.4ud", "count": 1}],
            },
        });
        let url = format!("{}/v2/{PROJECT}/pools", self.server.url());
        self.client.post(url).header("X-Auth-Token", &self.token).json(&body)
    }

    async fn fault(&self, fault: Value) {
        let url = format!("{}/_sim/faults", self.server.url());
        let answer = self
            .client
            .put(url)
            .json(&json!([fault]))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 200);
    }

    async fn ledger(&self) -> usize {
        let answer = self.get("/_sim/ledger").send().await.expect("an answer");
        answer.text().await.expect("text").lines().count()
    }
}

#[tokio::test]
async fn an_answer_has_its_headers_and_the_gateways_date() {
    let world = World::start().await;
    world.server.with(|simulator| simulator.clock.set_skew(86_400_000));
    let answer = world.create().send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "application/json");
    assert_eq!(answer.headers()["x-request-id"].len(), 32);
    let date = answer.headers()["date"].to_str().expect("text");
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(date)
        .expect("a date");
    let ahead = date.duration_since(jiff::Timestamp::now()).as_secs();
    assert!((86_300..=86_400).contains(&ahead), "{ahead}");
}

#[tokio::test]
async fn a_lost_answer_closes_the_connection_after_the_commit() {
    let world = World::start().await;
    world
        .fault(json!({"operation": "CreatePool", "fault": "lostAnswer", "count": 1}))
        .await;
    let error = world.create().send().await.expect_err("no answer");
    assert!(
        !error.is_connect() && !error.is_timeout(),
        "the connection was made and then closed: {error:?}"
    );
    assert_eq!(world.ledger().await, 1);
    let answer = world.create().send().await.expect("the next connection works");
    assert_eq!(answer.status(), 409);
}

#[tokio::test]
async fn a_hang_keeps_the_caller_waiting_and_then_closes() {
    let world = World::start().await;
    world.fault(json!({"operation": "CreatePool", "fault": "hang"})).await;
    let error = world
        .create()
        .timeout(Duration::from_millis(200))
        .send()
        .await
        .expect_err("no answer");
    assert!(error.is_timeout(), "{error:?}");
    world
        .fault(json!({"operation": "CreatePool", "fault": "hang", "seconds": 0}))
        .await;
    let error = world.create().send().await.expect_err("no answer");
    assert!(!error.is_timeout(), "{error:?}");
    assert_eq!(world.ledger().await, 0);
}

#[tokio::test]
async fn other_connections_go_on_during_a_hang() {
    let world = World::start().await;
    world.fault(json!({"operation": "CreatePool", "fault": "hang"})).await;
    let hanging = tokio::spawn(world.create().send());
    let path = format!("/v2/{PROJECT}/pools");
    let answer = world
        .get(&path)
        .timeout(Duration::from_secs(30))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    hanging.abort();
}

#[tokio::test]
async fn stopping_closes_the_port_in_spite_of_a_hang() {
    let world = World::start().await;
    world.fault(json!({"operation": "CreatePool", "fault": "hang"})).await;
    let hanging = tokio::spawn(world.create().send());
    let path = "/_sim/requests";
    loop {
        let counts: Value = world
            .get(path)
            .send()
            .await
            .expect("an answer")
            .json()
            .await
            .expect("JSON");
        if counts["CreatePool"]["count"] == 1 {
            break;
        }
        tokio::task::yield_now().await;
    }
    let World { server, client, .. } = world;
    let url = server.url();
    let stopped = tokio::time::timeout(Duration::from_secs(30), server.stop()).await;
    stopped
        .expect("it does not wait for the hang")
        .expect("it ended cleanly");
    hanging.await.expect("the task").expect_err("the connection was closed");
    client.get(url).send().await.expect_err("nobody listens any more");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_413() {
    let world = World::start().await;
    let url = format!("{}/v2/{PROJECT}/pools", world.server.url());
    let body = vec![b' '; 17 * 1024 * 1024];
    let sent = world
        .client
        .post(url)
        .header("X-Auth-Token", &world.token)
        .body(body)
        .send()
        .await;
    // The server may close while the client is still sending.
    if let Ok(answer) = sent {
        assert_eq!(answer.status(), 413);
    }
    assert_eq!(world.ledger().await, 0);
}

#[tokio::test]
async fn only_loopback_is_served() {
    let config = Config {
        listen: ([0, 0, 0, 0], 0).into(),
        ..Config::default()
    };
    let error = Server::start(config)
        .await
        .expect_err("the control API is open to everybody");
    assert!(matches!(error, StartError::NotLoopback(_)), "{error}");
}

#[tokio::test]
async fn without_its_control_it_may_be_reached_from_elsewhere_and_gives_nothing_to_strangers() {
    let setup = Setup {
        control: false,
        ..Setup::default()
    };
    let listen = "0.0.0.0:0".parse().expect("an address");
    let config = Config {
        listen,
        setup,
        ..Config::default()
    };
    let server = Server::start(config).await.expect("it starts");
    let url = server.url().replace("0.0.0.0", "127.0.0.1");
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().no_proxy().build().expect("a client");
    for (method, path) in [
        ("GET", "/_sim/ledger"),
        ("GET", "/_sim/keys"),
        ("PUT", "/meta-data/latest/api/token"),
        ("GET", "/openstack/latest/securitykey"),
        ("POST", "/v1/credentials"),
    ] {
        let method = method.parse().expect("a method");
        let answer = client
            .request(method, format!("{url}{path}"))
            .send()
            .await
            .expect("an answer");
        assert_eq!(answer.status(), 404, "{path}");
    }
    let pools = client
        .get(format!("{url}/v2/{PROJECT}/pools"))
        .send()
        .await
        .expect("an answer");
    assert_eq!(pools.status(), 401, "the service itself is there");
}

#[tokio::test]
async fn a_taken_port_is_an_error() {
    let world = World::start().await;
    let config = Config {
        listen: world.server.addr(),
        ..Config::default()
    };
    let error = Server::start(config).await.expect_err("the port is taken");
    assert!(matches!(error, StartError::Listen(..)), "{error}");
}

#[tokio::test]
async fn a_certificate_makes_it_https_and_connections_can_still_be_cut() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pair = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate");
    let folder = tempfile::tempdir().expect("a folder");
    let files = TlsFiles {
        cert: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    std::fs::write(&files.cert, pair.cert.pem()).expect("written");
    std::fs::write(&files.key, pair.signing_key.serialize_pem()).expect("written");
    let server = Server::start(Config {
        tls: Some(files),
        ..Config::default()
    })
    .await
    .expect("it starts");
    assert_eq!(server.url(), format!("https://{}", server.addr()));
    let root = reqwest::Certificate::from_pem(pair.cert.pem().as_bytes()).expect("a certificate");
    let client = reqwest::Client::builder()
        .no_proxy()
        .tls_certs_only([root])
        .build()
        .expect("a client");
    let base = format!("https://localhost:{}", server.addr().port());
    let fault = json!([{"operation": "ListAuthDomains", "fault": "hang", "seconds": 0}]);
    let answer = client
        .put(format!("{base}/_sim/faults"))
        .json(&fault)
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 200);
    let error = client
        .get(format!("{base}/v3/auth/domains"))
        .send()
        .await
        .expect_err("no answer");
    assert!(!error.is_connect(), "the handshake was done before: {error:?}");
}

#[tokio::test]
async fn a_certificate_that_cannot_be_read_is_an_error() {
    let missing = std::path::PathBuf::from("no/such/file.pem");
    let tls = Some(TlsFiles {
        cert: missing.clone(),
        key: missing,
    });
    let error = Server::start(Config {
        tls,
        ..Config::default()
    })
    .await
    .expect_err("no certificate");
    assert!(matches!(error, StartError::Tls(_)), "{error}");
}
