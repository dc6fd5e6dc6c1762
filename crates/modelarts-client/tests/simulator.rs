//! The client against the simulated cloud, which was written from the same contract by other
//! hands and shares no line with it.

// Clippy knows `#[test]` functions as tests, but not the functions they share.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use modelarts_client::{
    Client, Clock, Config, Credentials, Failure, Hooks, ListOrders, ListPools, NetworkId, OrderName, PoolId,
    PoolListStatus, ProjectId, ProjectRef, Sent, WorkspaceId,
};
use modelarts_sim::accounts::{Key, User};
use modelarts_sim::clock::ClockMode;
use modelarts_sim::faults::{Fault, FaultKind};
use modelarts_sim::{Server, ServerHandle, Setup};
use modelarts_types::pool::Phase;
use modelarts_types::{NetworkPhase, Pool};
use serde_json::json;

const PROJECT: &str = "86c13962597848eeb29c5861153a391f";
const SECRET: &str = "sk-example";

async fn cloud() -> ServerHandle {
    let setup = Setup {
        keys: vec![key("AKEXAMPLE", None), key("AKTEMPORARY", Some("st-example"))],
        users: vec![User {
            domain: "account".into(),
            name: "user".into(),
            password: "pw-example".into(),
        }],
        clock: ClockMode::Stepped,
        ..Setup::default()
    };
    let config = modelarts_sim::Config {
        setup,
        ..modelarts_sim::Config::default()
    };
    Server::start(config).await.unwrap()
}

fn key(access: &str, security_token: Option<&str>) -> Key {
    Key {
        access: access.into(),
        secret: SECRET.into(),
        project: PROJECT.into(),
        security_token: security_token.map(str::to_owned),
        expires: None,
    }
}

fn keys(access: &str, secret: &str, token: Option<&str>) -> Credentials {
    Credentials::Keys {
        access_key: access.into(),
        secret_key: secret.into(),
        security_token: token.map(Into::into),
    }
}

fn good_keys() -> Credentials {
    keys("AKEXAMPLE", SECRET, None)
}

fn password() -> Credentials {
    Credentials::Password {
        domain: "account".into(),
        username: "user".into(),
        password: "pw-example".into(),
    }
}

fn config(cloud: &ServerHandle, credentials: Credentials) -> Config {
    let url: url::Url = cloud.url().parse().unwrap();
    let project = ProjectRef::Id(ProjectId::parse(PROJECT).unwrap());
    Config {
        allow_http_loopback: true,
        ..Config::new(url.clone(), url, project, credentials)
    }
}

fn client(cloud: &ServerHandle) -> Client {
    Client::new(config(cloud, good_keys())).unwrap()
}

fn wanted(name: &str) -> Pool {
    with_flavor(name, "modelarts.vm.cpu.4ud")
}

fn with_flavor(name: &str, flavor: &str) -> Pool {
    serde_json::from_value(json!({
        "apiVersion": "v2",
        "kind": "Pool",
        "metadata": {
            "labels": {"os.modelarts/name": name, "os.modelarts/workspace.id": "0"},
            "annotations": {"os.modelarts/description": "训练 [mapool:1]"},
        },
        "spec": {
            "type": "Dedicate",
            "scope": ["Train"],
            "network": {"name": format!("net-0123-{PROJECT}")},
            "resources": [{"flavor": flavor, "count": 2}],
        },
    }))
    .unwrap()
}

fn id_of(pool: &Pool) -> PoolId {
    PoolId::parse(pool.id().unwrap()).unwrap()
}

fn pass(cloud: &ServerHandle, seconds: u64) {
    cloud.with(|simulator| simulator.clock.advance(seconds * 1000));
}

fn fault(cloud: &ServerHandle, operation: &str, fault: FaultKind) {
    let fault = Fault {
        operation: operation.into(),
        fault,
        probability: 1.0,
        count: Some(1),
        seconds: None,
    };
    cloud.with(|simulator| simulator.faults.replace(vec![fault]).unwrap());
}

#[tokio::test]
async fn a_pool_lives_from_creation_to_absence() {
    let cloud = cloud().await;
    for credentials in [good_keys(), keys("AKTEMPORARY", SECRET, Some("st-example")), password()] {
        let client = Client::new(config(&cloud, credentials)).unwrap();
        let created = client.create_pool(&wanted("pool-001")).await.unwrap();
        let id = id_of(&created);
        assert_eq!(created.phase(), None);
        pass(&cloud, 60);
        let shown = client.show_pool(&id).await.unwrap();
        assert_eq!(shown.phase(), Some(&Phase::Running));
        assert_eq!(shown.description(), "训练 [mapool:1]");

        let selected = ListPools {
            label_selector: Some("os.modelarts/name=pool-001".into()),
            ..ListPools::default()
        };
        let listed = client.list_pools(&selected).await.unwrap();
        assert_eq!(listed.pools(), std::slice::from_ref(&shown));
        let other = ListPools {
            label_selector: Some("os.modelarts/name=other".into()),
            status: Some(PoolListStatus::Created),
            ..ListPools::default()
        };
        assert!(client.list_pools(&other).await.unwrap().pools().is_empty());
        assert_eq!(client.list_nodes(&id).await.unwrap().items.unwrap().len(), 2);

        let patch = json!({"spec": {"resources": [{"flavor": "modelarts.vm.cpu.4ud", "count": 3}]}});
        let patched = client.patch_pool(&id, &patch).await.unwrap();
        assert_eq!(patched.spec.resources()[0].count, Some(3));
        let order = OrderName::parse(patched.order_name().unwrap()).unwrap();
        pass(&cloud, 60);
        let list = ListOrders {
            pool: Some(id.clone()),
            ..ListOrders::default()
        };
        let orders = client.list_orders(&list).await.unwrap().items.unwrap();
        assert!(
            orders
                .iter()
                .any(|known| known.order_name.as_deref() == Some(order.as_str()))
        );
        assert!(client.show_order(&order).await.unwrap().items.is_some());

        client.delete_pool(&id).await.unwrap();
        pass(&cloud, 60);
        let error = client.show_pool(&id).await.unwrap_err();
        assert_eq!(error.failure, Failure::Gone);
        assert!(error.request_id.is_some());
    }
}

#[tokio::test]
async fn a_network_lives_from_creation_to_absence() {
    let cloud = cloud().await;
    let client = client(&cloud);
    let wanted = serde_json::from_value(json!({
        "apiVersion": "v1", "kind": "Network",
        "metadata": {"labels": {"os.modelarts/name": "network-1"}},
        "spec": {"cidr": "192.168.128.0/17"},
    }));
    let created = client.create_network(&wanted.unwrap()).await.unwrap();
    let id = NetworkId::parse(created.id().unwrap()).unwrap();
    pass(&cloud, 60);
    let shown = client.show_network(&id).await.unwrap();
    assert_eq!(shown.phase(), Some(&NetworkPhase::Active));
    let listed = client.list_networks(None).await.unwrap().items.unwrap();
    assert!(listed.contains(&shown));
    let patch = json!({"metadata": {"annotations": {"os.modelarts/description": "d"}}});
    assert_eq!(client.patch_network(&id, &patch).await.unwrap().description(), "d");

    let mut pool = self::wanted("pool-001");
    pool.spec.network.as_mut().unwrap().name = Some(id.to_string());
    client.create_pool(&pool).await.unwrap();
    let error = client.delete_network(&id).await.unwrap_err();
    assert_eq!(error.failure, Failure::Conflict, "{error}");

    let unused = NetworkId::parse("net-none").unwrap();
    let error = client.show_network(&unused).await.unwrap_err();
    assert_eq!(error.failure, Failure::Gone);
}

#[tokio::test]
async fn flavors_and_workspaces_are_listed() {
    let cloud = cloud().await;
    let client = client(&cloud);
    let flavors = client.list_flavors(None).await.unwrap().items.unwrap();
    let sold_out: Vec<_> = flavors
        .iter()
        .filter(|flavor| flavor.sold_out_everywhere())
        .filter_map(|flavor| flavor.name())
        .collect();
    assert_eq!(sold_out, ["modelarts.bm.gpu.8a100"]);
    let workspaces = client.list_workspaces().await.unwrap();
    assert!(
        workspaces
            .iter()
            .any(|workspace| workspace.id().as_deref() == Some("0"))
    );
    client.show_workspace(&WorkspaceId::parse("0").unwrap()).await.unwrap();
}

#[tokio::test]
async fn the_project_is_found_by_its_name() {
    let cloud = cloud().await;
    for credentials in [good_keys(), password()] {
        let mut config = config(&cloud, credentials);
        config.project = ProjectRef::Name("cn-north-4".into());
        let client = Client::new(config).unwrap();
        assert_eq!(client.project_id().await.unwrap().as_str(), PROJECT);
        client.list_pools(&ListPools::default()).await.unwrap();
    }
}

#[tokio::test]
async fn refusals_have_their_class() {
    let cloud = cloud().await;
    let client = client(&cloud);
    client.create_pool(&wanted("taken")).await.unwrap();
    let mut elsewhere = wanted("elsewhere");
    elsewhere.metadata.labels.set("os.modelarts/workspace.id", "none");
    for (pool, failure) in [
        (wanted("taken"), Failure::Conflict),
        (with_flavor("sold", "modelarts.bm.gpu.8a100"), Failure::SoldOut),
        (with_flavor("unknown", "modelarts.none"), Failure::Invalid),
        (elsewhere, Failure::Invalid),
    ] {
        let error = client.create_pool(&pool).await.unwrap_err();
        assert_eq!((error.failure, error.sent), (failure, Sent::Rejected), "{error}");
    }
    let full = json!({"poolQuota": 1});
    cloud.with(|simulator| {
        let profile = simulator.cloud.profile().merged(&full).unwrap();
        simulator.cloud.set_profile(profile);
    });
    let error = client.create_pool(&wanted("one-more")).await.unwrap_err();
    assert_eq!((error.failure, error.sent), (Failure::Quota, Sent::Rejected), "{error}");
}

#[tokio::test]
async fn faults_of_a_creation_are_told_apart() {
    use FaultKind as K;
    let rows = [
        (K::LostAnswer, Failure::Transient, Sent::Doubtful, 1),
        (K::ErrorAfterCommit, Failure::Transient, Sent::Doubtful, 1),
        (K::Malformed, Failure::Malformed, Sent::Doubtful, 1),
        (K::ServerError, Failure::Transient, Sent::Doubtful, 0),
        (K::Html503, Failure::Transient, Sent::Doubtful, 0),
        (K::Throttle, Failure::Throttled, Sent::Rejected, 0),
        (K::Gateway404, Failure::Misrouted, Sent::Rejected, 0),
        (K::SoldOut, Failure::SoldOut, Sent::Rejected, 0),
    ];
    for (kind, failure, sent, bought) in rows {
        let cloud = cloud().await;
        let client = client(&cloud);
        client.list_pools(&ListPools::default()).await.unwrap();
        fault(&cloud, "CreatePool", kind);
        let error = client.create_pool(&wanted("pool-001")).await.unwrap_err();
        assert_eq!((error.failure, error.sent), (failure, sent), "{kind:?}: {error}");
        let pools = client.list_pools(&ListPools::default()).await.unwrap();
        assert_eq!(pools.pools().len(), bought, "{kind:?}: sent once, or not at all");
    }
}

#[tokio::test]
async fn a_misrouted_read_does_not_prove_absence() {
    let cloud = cloud().await;
    let client = client(&cloud);
    let id = id_of(&client.create_pool(&wanted("pool-001")).await.unwrap());
    fault(&cloud, "ShowPool", FaultKind::Gateway404);
    assert_eq!(client.show_pool(&id).await.unwrap_err().failure, Failure::Misrouted);
    client.show_pool(&id).await.unwrap();
}

#[tokio::test]
async fn an_old_token_is_renewed_for_a_read_and_not_for_a_write() {
    let cloud = cloud().await;
    let client = Client::new(config(&cloud, password())).unwrap();
    client.list_pools(&ListPools::default()).await.unwrap();
    fault(&cloud, "ListPools", FaultKind::ExpiredCredentials);
    client.list_pools(&ListPools::default()).await.unwrap();
    fault(&cloud, "CreatePool", FaultKind::ExpiredCredentials);
    let error = client.create_pool(&wanted("pool-001")).await.unwrap_err();
    assert_eq!((error.failure, error.sent), (Failure::Expired, Sent::Rejected));
    client.create_pool(&wanted("pool-001")).await.unwrap();
}

#[tokio::test]
async fn a_wrong_key_never_comes_near_the_lock() {
    let cloud = cloud().await;
    let bad = Client::new(config(&cloud, keys("AKEXAMPLE", "sk-wrong", None))).unwrap();
    for _ in 0..20 {
        bad.list_pools(&ListPools::default()).await.unwrap_err();
    }
    let good = client(&cloud);
    good.list_pools(&ListPools::default()).await.unwrap();
}

#[tokio::test]
async fn a_wrong_clock_is_named() {
    let cloud = cloud().await;
    let ahead = Arc::new(AtomicI64::new(0));
    let skew = Arc::clone(&ahead);
    let hooks = Hooks {
        clock: Clock::new(
            move || Timestamp::now() + SignedDuration::from_secs(skew.load(Ordering::SeqCst)),
            Instant::now,
        ),
        key_pause: Duration::ZERO,
        ..Hooks::default()
    };
    let client = Client::with_hooks(config(&cloud, good_keys()), hooks).unwrap();
    client.list_pools(&ListPools::default()).await.unwrap();
    ahead.store(3600, Ordering::SeqCst);
    let error = client.list_pools(&ListPools::default()).await.unwrap_err();
    assert_eq!(error.failure, Failure::Unauthenticated, "{error}");
    let seconds = error.clock_skew.unwrap();
    assert!((-3610..=-3590).contains(&seconds), "{seconds}");
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused_before_anything_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let files = modelarts_sim::TlsFiles {
        cert: folder.path().join("cert.pem"),
        key: folder.path().join("key.pem"),
    };
    std::fs::write(&files.cert, made.cert.pem()).unwrap();
    std::fs::write(&files.key, made.signing_key.serialize_pem()).unwrap();
    let setup = Setup {
        keys: vec![key("AKEXAMPLE", None)],
        ..Setup::default()
    };
    let config = modelarts_sim::Config {
        tls: Some(files),
        setup,
        ..modelarts_sim::Config::default()
    };
    let cloud = Server::start(config).await.unwrap();
    let error = client(&cloud).create_pool(&wanted("pool-001")).await.unwrap_err();
    assert_eq!((error.failure, error.sent), (Failure::Transient, Sent::NotSent));
    assert!(error.message.contains("certificate"), "{error}");
}
