//! The process: what is started, in which order, and how it ends.
//!
//! Watches of accounts, Secrets and namespaces run on every replica, so that a standby is ready.
//! Passes and the census run on the leader only. A lost lease ends the process at once; a signal
//! lets the passes under way finish and then gives the lease back.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::core::PartialObjectMeta;
use kube::runtime::events::{Recorder, Reporter};
use kube::runtime::watcher;
use kube::{Api, ResourceExt};
use modelarts_client::{AllowedHosts, Carrier};
use modelarts_crd::ModelArtsAccount;
use modelarts_plan::{ClusterId, Networks, Pools, Timing};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::accounts::{Accounts, Policy, Sources, Versions};
use crate::auditor::Auditor;
use crate::claims::Claims;
use crate::clock::Clock;
use crate::context::Context;
use crate::controller;
use crate::credentials::Surroundings;
use crate::directory::Directory;
use crate::flags::Flags;
use crate::governor::Governor;
use crate::http::{self, Listeners, Readiness};
use crate::kubernetes::{Clients, Deadlines, Source, connect};
use crate::lease::{Leadership, Rules, elect};
use crate::metrics::Metrics;
use crate::places::Places;
use crate::reach::Reach;
use crate::service::Service;
use crate::shared::{Directories, Shared};
use crate::shutdown::{self, Shutdown};
use crate::{auditor, standing, watches};

/// What a process talks to, and by which clocks it tells the cloud the time.
#[derive(Clone)]
pub struct Connections {
    /// The API server.
    pub kube: Clients,
    /// What carries the calls to the cloud.
    pub carrier: Carrier,
    /// The clocks of these calls.
    pub clock: modelarts_client::Clock,
}

/// Longest time that passes under way may take after a signal.
const GRACE: Duration = Duration::from_secs(40);
/// How often the status of accounts is compared, besides on every change.
const ACCOUNTS_INTERVAL: Duration = Duration::from_secs(5);
/// How often a namespace is read that may not be watched.
const NAMESPACE_READ: Duration = Duration::from_secs(10);
/// Longest rest of refused credentials.
const REST: u64 = 5 * 60 * 1_000;

/// Runs the operator until a signal, or until the lease is lost.
///
/// # Errors
/// What made it impossible to start or to go on.
pub async fn run(mut flags: Flags) -> anyhow::Result<()> {
    // Drawn once: the lease and the events name the same replica.
    flags.identity = Some(flags.replica_identity());
    let shutdown = shutdown::listen().context("cannot listen for signals")?;
    let source = flags
        .kubeconfig
        .as_deref()
        .map_or(Source::InCluster, Source::Kubeconfig);
    let connections = Connections {
        kube: connect(source, Deadlines::default()).await?,
        carrier: Carrier::default(),
        clock: modelarts_client::Clock::default(),
    };
    let metrics = Arc::new(Metrics::new());
    metrics.introduce(Pools::CONTROLLER);
    metrics.introduce(Networks::CONTROLLER);
    let readiness = Readiness::waiting_for(["accounts", "secrets", "namespaces"]);
    let listeners = Listeners::bind(flags.metrics_addr, flags.health_addr).await?;
    let served = listeners.serve((*metrics).clone(), readiness.clone(), shutdown.requested(), http::GRACE);
    let mut listening = JoinSet::new();
    listening.spawn(async {
        if let Err(error) = served.await {
            tracing::error!(%error, "metrics and health are not served any more");
        }
    });
    operate(&flags, &connections, &metrics, &readiness, &shutdown).await
}

/// What the process does besides listening: watches, stands for election, and leads. Ends with a
/// shutdown or a lost lease. Dropped, it ends like a process that is killed: nothing goes on.
///
/// # Errors
/// What made it impossible to start or to go on.
pub async fn operate(
    flags: &Flags,
    connections: &Connections,
    metrics: &Arc<Metrics>,
    readiness: &Readiness,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let clients = &connections.kube;
    let changed = Arc::new(Notify::new());
    let mut tasks = JoinSet::new();
    let sources = sources(flags, clients, readiness, &changed, &mut tasks);
    let done = Arc::new(Notify::new());
    let (leadership, mut elector) = candidacy(flags, clients, &done);
    let ended = async {
        tokio::select! {
            () = leadership.acquired() => {}
            () = shutdown.requested() => return Ok(()),
        }
        metrics.leading(true);
        tracing::info!(fencing = leadership.fencing(), "leading");
        tokio::select! {
            result = lead(flags, connections, sources, metrics, &leadership, &changed, shutdown) => result,
            loss = leadership.lost() => Err(anyhow::anyhow!("the lease was lost: {loss}")),
        }
    }
    .await;
    metrics.leading(false);
    done.notify_one();
    // Gives the lease back, unless it was lost.
    let _ = tokio::time::timeout(Duration::from_secs(5), elector.join_next()).await;
    ended
}

/// Watches accounts, Secrets and namespaces; `changed` is notified of every change.
fn sources(
    flags: &Flags,
    clients: &Clients,
    readiness: &Readiness,
    changed: &Arc<Notify>,
    tasks: &mut JoinSet<()>,
) -> Sources {
    let listed = |watch: &'static str| {
        let readiness = readiness.clone();
        move || readiness.listed(watch)
    };
    let notify = || {
        let changed = Arc::clone(changed);
        move || changed.notify_one()
    };
    let client = &clients.watch;
    let reach = flags.reach();
    let listing = watcher::Config::default;
    let api = Api::<ModelArtsAccount>::all(client.clone());
    // Without the right to list, the watch itself tells of every account that there is.
    let beginning = match reach {
        Reach::Cluster => listing(),
        Reach::Namespace(_) => listing().streaming_lists(),
    };
    let (accounts, filled) = watches::store(api, beginning, listed("accounts"), notify());
    tasks.spawn(filled);
    let api = Api::<Secret>::namespaced(client.clone(), &flags.namespace);
    let (secrets, filled) = watches::store(api, listing(), listed("secrets"), notify());
    tasks.spawn(filled);
    let namespaces = match reach {
        Reach::Cluster => {
            let api = Api::<PartialObjectMeta<Namespace>>::all(client.clone());
            let (namespaces, filled) = watches::store(api, listing(), listed("namespaces"), notify());
            tasks.spawn(filled);
            namespaces
        }
        Reach::Namespace(name) => {
            let api = Api::<Namespace>::all(clients.unary.clone());
            let (namespaces, filled) = watches::polled(api, name, NAMESPACE_READ, listed("namespaces"), notify());
            tasks.spawn(filled);
            namespaces
        }
    };
    Sources {
        accounts,
        secrets,
        namespaces,
    }
}

/// Stands for election, if there may be others. The lease is kept until `done`: passes that are
/// under way after a signal still act.
fn candidacy(flags: &Flags, clients: &Clients, done: &Arc<Notify>) -> (Leadership, JoinSet<()>) {
    let mut standing = JoinSet::new();
    if !flags.leader_elect {
        return (Leadership::sole(), standing);
    }
    let rules = Rules {
        namespace: flags.namespace.clone(),
        identity: flags.replica_identity(),
        lease_duration: flags.lease.lease_duration,
        renew_deadline: flags.lease.renew_deadline,
        retry_period: flags.lease.retry_period,
    };
    let (leadership, elector) = elect(clients.lease.clone(), rules);
    let done = Arc::clone(done);
    standing.spawn(elector.run(async move { done.notified().await }));
    (leadership, standing)
}

/// Everything that only the leader does.
async fn lead(
    flags: &Flags,
    connections: &Connections,
    sources: Sources,
    metrics: &Arc<Metrics>,
    leadership: &Leadership,
    changed: &Arc<Notify>,
    shutdown: &Shutdown,
) -> anyhow::Result<()> {
    let clients = &connections.kube;
    let timing = flags.timing();
    let governor = Arc::new(Governor::new());
    let policy = policy(flags, connections, &timing, metrics);
    let accounts = Arc::new(Accounts::new(sources, policy, Arc::clone(&governor)));
    let (pools, woken_pools) = Directory::new();
    let (networks, woken_networks) = Directory::new();
    let shared = Arc::new(Shared {
        kube: clients.unary.clone(),
        cluster: cluster(&clients.unary, &flags.reach()).await?,
        reach: flags.reach(),
        timing,
        clock: Clock::start(),
        accounts,
        directories: Directories {
            pools: Arc::new(pools),
            networks: Arc::new(networks),
        },
        governor,
        places: Places::of(flags.concurrency),
        metrics: Arc::clone(metrics),
        leadership: leadership.clone(),
        recorder: Recorder::new(
            clients.unary.clone(),
            Reporter {
                controller: "modelarts-operator".into(),
                instance: Some(flags.replica_identity()),
            },
        ),
        claims: Claims::default(),
        auditor: Auditor::new(flags.audit_period()),
    });
    let pools = Arc::new(Context::<Pools>::new(Arc::clone(&shared)));
    let networks = Arc::new(Context::<Networks>::new(Arc::clone(&shared)));
    let watch = || clients.watch.clone();
    let passes = async {
        let stop = || shutdown.requested();
        tokio::join!(
            controller::run(Arc::clone(&pools), watch(), woken_pools, flags.concurrency, stop()),
            controller::run(
                Arc::clone(&networks),
                watch(),
                woken_networks,
                flags.concurrency,
                stop()
            ),
        )
    };
    let bounded = async {
        shutdown.requested().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        _ = passes => {}
        () = follow_accounts(&shared, &pools, &networks, changed) => {}
        () = auditor::run(&shared) => {}
        () = bounded => tracing::warn!("passes under way did not end in time"),
    }
    Ok(())
}

fn policy(flags: &Flags, connections: &Connections, timing: &Timing, metrics: &Arc<Metrics>) -> Policy {
    let metrics = Arc::clone(metrics);
    Policy {
        namespace: flags.namespace.clone(),
        reach: flags.reach(),
        allowed_hosts: AllowedHosts::with(flags.allow_endpoints.clone()),
        http_loopback: flags.dev_allow_http_loopback,
        deadline: Duration::from_millis(timing.request_deadline),
        rest: Duration::from_millis(timing.stalled_retry.min(REST)),
        observer: Arc::new(move |call| {
            let outcome = call.failure.map_or("ok", |(failure, _)| failure.as_str());
            metrics.requested(call.operation, outcome, call.duration);
        }),
        surroundings: Surroundings::of_the_process(flags.dev_instance_metadata.clone()),
        carrier: connections.carrier.clone(),
        clock: connections.clock.clone(),
    }
}

/// The cluster's identity: it is in every marker, so without it nothing can begin.
async fn cluster(client: &kube::Client, reach: &Reach) -> anyhow::Result<ClusterId> {
    let namespace = Api::<Namespace>::all(client.clone()).get("kube-system").await;
    let namespace = namespace.context("cannot read the namespace kube-system, whose uid identifies the cluster")?;
    namespace
        .uid()
        .map(|uid| reach.identity(&uid))
        .context("the namespace kube-system has no uid")
}

/// Wakes the objects whose account, Secret or namespace changed, and keeps the accounts' own status.
async fn follow_accounts(shared: &Shared, pools: &Context<Pools>, networks: &Context<Networks>, changed: &Notify) {
    let mut known = Versions::default();
    loop {
        let versions = shared.accounts.versions();
        for (account, version) in &versions.accounts {
            if known.accounts.get(account) != Some(version) {
                pools.census.account_changed(account);
                networks.census.account_changed(account);
            }
        }
        for directory in shared.directories.all() {
            wake_changed(directory, &known, &versions);
        }
        known = versions;
        standing::report_all(shared).await;
        let phases = shared.directories.pools.phases();
        shared.metrics.pools(phases.iter().map(Option::as_deref));
        // Also without a change, for the status follows what calls of the census bring to light.
        tokio::select! {
            () = changed.notified() => {}
            () = tokio::time::sleep(ACCOUNTS_INTERVAL) => {}
        }
    }
}

fn wake_changed(directory: &Directory, known: &Versions, versions: &Versions) {
    directory.wake_where(|member| {
        let (account, namespace) = (&member.scope.account, &member.namespace);
        known.accounts.get(account) != versions.accounts.get(account)
            || known.namespaces.get(namespace) != versions.namespaces.get(namespace)
    });
}
