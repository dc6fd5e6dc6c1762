//! Bulkheads: a thousand pools in fifty accounts, each with a cloud of its own. What is wrong with four of
//! the accounts must not be felt in the others: how long their pools wait for their creation is compared
//! with a run in which nothing is wrong. The clock is paused, so only what is waited for takes time.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use kube::Client;
use kube_in_memory::Key;
use modelarts_client::{Carrier, InMemory, Interrupted};
use modelarts_operator::flags::Flags;
use modelarts_operator::http::Readiness;
use modelarts_operator::kubernetes::Clients;
use modelarts_operator::metrics::Metrics;
use modelarts_operator::run::{Connections, operate};
use modelarts_operator::shutdown::Shutdown;
use modelarts_sim::accounts::Key as AccessKey;
use modelarts_sim::faults::{Fault, FaultKind};
use modelarts_sim::{Profile, Setup, Simulator};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;
use tower::Layer;

use crate::director::Director;
use crate::line::{LATENCY, Line, Wired, delivered, message_of};
use crate::world::{NAMESPACE, SYSTEM, World, pass};

const ACCOUNTS: usize = 50;
const POOLS: usize = 20;
/// Accounts in trouble come first.
const THROTTLED: usize = 0;
const WRONG_KEY: usize = 1;
const SILENT: usize = 2;
/// Lists are answered there, so that creations are sent, and these hang.
const HANGING: usize = 3;
const BAD: usize = 4;
/// Longest time in which all sound accounts must have sent their creations.
const PATIENCE: u64 = 1_200;

/// The clouds, and when each was asked to create a pool.
struct Clouds {
    simulators: Vec<Mutex<Simulator>>,
    created: Vec<Mutex<Vec<Instant>>>,
}

fn project(account: usize) -> String {
    format!("{account:032x}")
}

fn fault(operation: &str, fault: FaultKind) -> Vec<Fault> {
    vec![Fault {
        operation: operation.into(),
        fault,
        probability: 1.0,
        count: None,
        seconds: None,
    }]
}

impl Clouds {
    fn new(world: &World, trouble: bool) -> Self {
        let simulator = |account: usize| {
            let setup = Setup {
                keys: vec![AccessKey {
                    access: "AKEXAMPLE".into(),
                    secret: if trouble && account == WRONG_KEY {
                        "another"
                    } else {
                        "sk-example"
                    }
                    .into(),
                    project: project(account),
                    security_token: None,
                    expires: None,
                }],
                profile: Profile::default(),
                ..Setup::default()
            };
            let mut simulator = Simulator::new(setup, world.now());
            match account {
                THROTTLED if trouble => simulator
                    .faults
                    .replace(fault("CreatePool", FaultKind::Throttle))
                    .unwrap(),
                SILENT if trouble => simulator.faults.replace(fault("*", FaultKind::Hang)).unwrap(),
                HANGING if trouble => simulator.faults.replace(fault("CreatePool", FaultKind::Hang)).unwrap(),
                _ => {}
            }
            Mutex::new(simulator)
        };
        Self {
            simulators: (0..ACCOUNTS).map(simulator).collect(),
            created: (0..ACCOUNTS).map(|_| Mutex::default()).collect(),
        }
    }

    async fn answer(&self, world: &World, request: Request<Bytes>) -> Result<Response<Bytes>, Interrupted> {
        tokio::time::sleep(LATENCY).await;
        let path = request.uri().path();
        let account = (0..ACCOUNTS).find(|account| path.contains(&project(*account))).unwrap();
        if request.method() == Method::POST && path.ends_with("/pools") {
            self.created[account].lock().unwrap().push(Instant::now());
        }
        let message = message_of(&request);
        let reply = self.simulators[account].lock().unwrap().answer(&message, world.now());
        tokio::time::sleep(LATENCY).await;
        delivered(reply).await
    }

    /// Whether every sound account was asked for all of its pools.
    fn all_created(&self) -> bool {
        self.created[BAD..]
            .iter()
            .all(|created| created.lock().unwrap().len() >= POOLS)
    }
}

/// Accounts with their Secrets.
fn open_accounts(world: &World) {
    world.api.write(|store, now| {
        for account in 0..ACCOUNTS {
            let spec = json!({
                "region": "cn-north-4", "projectId": project(account),
                "credentials": {"secret": {"name": "keys"}}, "allowedNamespaces": {},
            });
            let key = Key::new("modelartsaccounts", "", &format!("account-{account}"));
            store.create(&key, json!({"spec": spec}), now).unwrap();
        }
        assert!(store.get(&Key::new("secrets", SYSTEM, "keys")).is_ok());
    });
}

/// All pools at once, as one commit in Git brings them.
fn apply(world: &World) {
    world.api.write(|store, now| {
        for pool in 0..POOLS {
            for account in 0..ACCOUNTS {
                let spec = json!({
                    "account": format!("account-{account}"), "scope": ["Train"],
                    "network": {"name": format!("net-0123-{}", project(account))},
                    "resources": [{"flavor": "modelarts.vm.cpu.8ud", "count": 1}],
                });
                let key = Key::new("modelartspools", NAMESPACE, &format!("pool-{account}-{pool}"));
                store.create(&key, json!({"spec": spec}), now).unwrap();
            }
        }
    });
}

/// How long the pools of the sound accounts waited for their creation, shortest first.
fn waits(trouble: bool, concurrency: &str) -> Vec<Duration> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let world = World::new(Profile::default(), Vec::new());
        open_accounts(&world);
        let clouds = Arc::new(Clouds::new(&world, trouble));
        let connections = connections(&world, &clouds);
        let arguments = ["modelarts-operator", "--concurrency", concurrency];
        let flags = Flags::parse_checked(arguments).unwrap();
        let (_asked, shutdown) = watch::channel(false);
        let (metrics, readiness) = (Arc::new(Metrics::new()), Readiness::waiting_for([]));
        let shutdown = Shutdown::when(shutdown);
        let story = async {
            pass(10).await;
            apply(&world);
            let applied = Instant::now();
            while !clouds.all_created() && applied.elapsed().as_secs() < PATIENCE {
                pass(1).await;
            }
            let created = clouds.created[BAD..].iter();
            let mut waits: Vec<Duration> = created
                .flat_map(|created| created.lock().unwrap().clone())
                .map(|at| at.duration_since(applied))
                .collect();
            waits.sort_unstable();
            waits
        };
        tokio::select! {
            waits = story => waits,
            ended = operate(&flags, &connections, &metrics, &readiness, &shutdown) => panic!("it ended: {ended:?}"),
        }
    })
}

fn connections(world: &World, clouds: &Arc<Clouds>) -> Connections {
    let director = Director::new(world.clone(), Vec::new());
    let connection = world.api.connect();
    director.enter(1, connection.view());
    let line = Line::new(director, 1);
    let wired = Wired { line, flaw: None };
    let client = || Client::new(wired.layer(connection.clone()), "default");
    let (world, clouds) = (world.clone(), Arc::clone(clouds));
    Connections {
        kube: Clients {
            unary: client(),
            watch: client(),
            lease: client(),
        },
        clock: world.clock(),
        carrier: Carrier::InMemory(InMemory::for_tests(move |request| {
            let (world, clouds) = (world.clone(), Arc::clone(&clouds));
            async move { clouds.answer(&world, request).await }
        })),
    }
}

/// Median, 99th percentile and the longest.
fn marks(waits: &[Duration]) -> [f64; 3] {
    let at = |share: usize| waits[(waits.len() - 1) * share / 100].as_secs_f64();
    [at(50), at(99), at(100)]
}

/// How many times longer the sound accounts wait when four others are in trouble.
fn slowdown(concurrency: &str) -> f64 {
    let (sound, troubled) = (waits(false, concurrency), waits(true, concurrency));
    assert_eq!(sound.len(), (ACCOUNTS - BAD) * POOLS);
    if troubled.len() < sound.len() {
        return f64::INFINITY;
    }
    let (sound, troubled) = (marks(&sound), marks(&troubled));
    println!("{concurrency} at a time: waits of {sound:?} s alone, {troubled:?} s beside accounts in trouble");
    let ratios = sound.iter().zip(troubled).map(|(sound, troubled)| troubled / sound);
    ratios.fold(0.0, f64::max)
}

#[test]
fn fault_82_accounts_in_trouble_are_not_felt_in_the_others() {
    let slowdown = slowdown("32");
    assert!(slowdown <= 1.5, "{slowdown}");
}

/// With as few places as there are accounts in trouble there is nothing left to share out.
#[test]
fn without_a_share_of_their_own_they_would_be() {
    let slowdown = slowdown("3");
    assert!(slowdown > 1.5, "{slowdown}");
}
