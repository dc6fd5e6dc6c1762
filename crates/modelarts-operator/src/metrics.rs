//! The metrics of the operator, in OpenMetrics text.
//!
//! Names that controller-runtime made familiar keep their meaning, so that existing dashboards
//! work. No label value comes from a pool or from an answer of the cloud: words of the program are
//! `&'static str`, phases are folded to the known ones, and scopes (account and workspace) are
//! capped. Otherwise a tenant could grow the memory of the operator and of its monitoring.

mod buckets;
mod orphans;

use std::collections::BTreeSet;
use std::fmt;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::metrics::info::Info;
use prometheus_client::registry::{Registry, Unit};

use buckets::{call_histogram, pass_histogram};
use orphans::Left;

/// Content type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Scopes with metrics of their own. More are left out and counted.
pub const MAX_SCOPES: usize = 500;

/// The phases ModelArts documents; any other word is counted as [`OTHER_PHASE`], none as [`NO_PHASE`].
pub const PHASES: [&str; 8] = [
    "Creating",
    "Running",
    "Abnormal",
    "Deleting",
    "Error",
    "CreationFailed",
    "ScalingFailed",
    "Waiting",
];
/// A phase that is not documented.
pub const OTHER_PHASE: &str = "Other";
/// No phase was seen yet.
pub const NO_PHASE: &str = "None";

const LEASE: &str = "modelarts-operator";

/// How a pass ended, in controller-runtime's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PassResult {
    /// Nothing more to do until something changes.
    Success,
    /// Look again at a known time.
    RequeueAfter,
    /// Kubernetes failed, or a bug.
    Error,
}

impl PassResult {
    const ALL: [Self; 3] = [Self::Success, Self::RequeueAfter, Self::Error];

    fn label(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::RequeueAfter => "requeue_after",
            Self::Error => "error",
        }
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Pass {
    controller: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Controller {
    controller: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Call {
    operation: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Operation {
    operation: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Step {
    controller: &'static str,
    step: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Phase {
    phase: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, EncodeLabelSet)]
struct Scope {
    controller: &'static str,
    account: String,
    workspace: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Named {
    name: &'static str,
}

type Histograms<L> = Family<L, Histogram, fn() -> Histogram>;
type Seconds = Gauge<f64, AtomicU64>;

/// All metrics of the process. Clones write to the same series.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    scopes: Arc<Mutex<BTreeSet<Scope>>>,
    passes: Family<Pass, Counter>,
    pass_errors: Family<Controller, Counter>,
    pass_seconds: Histograms<Controller>,
    calls: Family<Call, Counter>,
    call_seconds: Histograms<Operation>,
    steps: Family<Step, Counter>,
    census_at: Family<Scope, Seconds>,
    census_pools: Family<Scope, Gauge>,
    breaker: Family<Scope, Gauge>,
    orphans: Family<Left, Gauge>,
    scopes_left_out: Counter,
    pools: Family<Phase, Gauge>,
    leader: Family<Named, Gauge>,
}

impl Metrics {
    /// All series at zero.
    #[must_use]
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Arc::default(),
            scopes: Arc::default(),
            passes: Family::default(),
            pass_errors: Family::default(),
            pass_seconds: Family::new_with_constructor(pass_histogram as fn() -> Histogram),
            calls: Family::default(),
            call_seconds: Family::new_with_constructor(call_histogram as fn() -> Histogram),
            steps: Family::default(),
            census_at: Family::default(),
            census_pools: Family::default(),
            breaker: Family::default(),
            orphans: Family::default(),
            scopes_left_out: Counter::default(),
            pools: Family::default(),
            leader: Family::default(),
        };
        metrics.registry = Arc::new(metrics.registered());
        metrics.leading(false);
        metrics.pools([]);
        metrics
    }

    fn registered(&self) -> Registry {
        let mut r = Registry::default();
        r.register(
            "controller_runtime_reconcile",
            "Passes by controller and result",
            self.passes.clone(),
        );
        let help = "Passes that ended in an error of Kubernetes or of the operator, not of the cloud";
        r.register("controller_runtime_reconcile_errors", help, self.pass_errors.clone());
        let help = "Duration of a pass";
        r.register_with_unit(
            "controller_runtime_reconcile_time",
            help,
            Unit::Seconds,
            self.pass_seconds.clone(),
        );
        r.register(
            "modelarts_api_requests",
            "Requests to ModelArts by operation and outcome",
            self.calls.clone(),
        );
        let help = "Duration of a request to ModelArts";
        r.register_with_unit(
            "modelarts_api_request_duration",
            help,
            Unit::Seconds,
            self.call_seconds.clone(),
        );
        r.register(
            "modelarts_pool_steps",
            "Steps taken for pools and networks",
            self.steps.clone(),
        );
        let help = "When the last complete list of a workspace began, in Unix time";
        r.register_with_unit(
            "modelarts_census_last_success_timestamp",
            help,
            Unit::Seconds,
            self.census_at.clone(),
        );
        r.register(
            "modelarts_census_pools",
            "Pools, or networks, in the last complete list",
            self.census_pools.clone(),
        );
        let help = "1 while creations in a workspace are held back because too much vanished from the list";
        r.register("modelarts_breaker_open", help, self.breaker.clone());
        let help = "Pools, or networks, with this cluster's marker and without an object";
        r.register("modelarts_orphans", help, self.orphans.clone());
        let help = "Records dropped because there are more workspaces than metrics for them";
        r.register("modelarts_metrics_scopes_left_out", help, self.scopes_left_out.clone());
        r.register(
            "modelarts_pools",
            "ModelArtsPool objects by the phase of their cloud pool",
            self.pools.clone(),
        );
        r.register(
            "leader_election_master_status",
            "1 while this replica leads",
            self.leader.clone(),
        );
        let build = Info::new([("version", env!("CARGO_PKG_VERSION"))]);
        r.register("modelarts_operator_build", "What is running", build);
        r
    }

    /// Makes the series of a controller visible at zero, so that a rate has a start.
    pub fn introduce(&self, controller: &'static str) {
        for result in PassResult::ALL {
            let _ = self.passes.get_or_create(&Pass {
                controller,
                result: result.label(),
            });
        }
        let _ = self.pass_errors.get_or_create(&Controller { controller });
        let _ = self.pass_seconds.get_or_create(&Controller { controller });
    }

    /// Records one pass.
    pub fn reconciled(&self, controller: &'static str, result: PassResult, took: Duration) {
        self.passes
            .get_or_create(&Pass {
                controller,
                result: result.label(),
            })
            .inc();
        if result == PassResult::Error {
            self.pass_errors.get_or_create(&Controller { controller }).inc();
        }
        self.pass_seconds
            .get_or_create(&Controller { controller })
            .observe(took.as_secs_f64());
    }

    /// Records one request to ModelArts; `outcome` is `ok` or the class of the failure.
    pub fn requested(&self, operation: &'static str, outcome: &'static str, took: Duration) {
        self.calls.get_or_create(&Call { operation, outcome }).inc();
        self.call_seconds
            .get_or_create(&Operation { operation })
            .observe(took.as_secs_f64());
    }

    /// Records one step taken.
    pub fn stepped(&self, controller: &'static str, step: &'static str) {
        self.steps.get_or_create(&Step { controller, step }).inc();
    }

    /// Records a complete list of a workspace, begun at `began`.
    pub fn counted(&self, controller: &'static str, account: &str, workspace: &str, items: usize, began: Timestamp) {
        if let Some(scope) = self.scope(controller, account, workspace) {
            self.census_at
                .get_or_create(&scope)
                .set(began.as_duration().as_secs_f64());
            self.census_pools.get_or_create(&scope).set(gauge(items));
        }
    }

    /// Tells whether creations in a workspace are held back.
    pub fn breaker(&self, controller: &'static str, account: &str, workspace: &str, open: bool) {
        if let Some(scope) = self.scope(controller, account, workspace) {
            self.breaker.get_or_create(&scope).set(i64::from(open));
        }
    }

    /// Drops the series of a workspace that has no objects any more.
    pub fn forget_scope(&self, controller: &'static str, account: &str, workspace: &str) {
        let scope = Scope {
            controller,
            account: account.to_owned(),
            workspace: workspace.to_owned(),
        };
        self.scopes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(&scope);
        self.census_at.remove(&scope);
        self.census_pools.remove(&scope);
        self.breaker.remove(&scope);
    }

    /// Sets the number of pools in each phase from the phases of all pools.
    pub fn pools<'a>(&self, phases: impl IntoIterator<Item = Option<&'a str>>) {
        let mut counts = [0; PHASES.len()];
        let (mut other, mut none) = (0, 0);
        for phase in phases {
            match phase
                .filter(|phase| !phase.is_empty())
                .map(|phase| PHASES.iter().position(|known| *known == phase))
            {
                Some(Some(known)) => counts[known] += 1,
                Some(None) => other += 1,
                None => none += 1,
            }
        }
        for (phase, count) in PHASES
            .into_iter()
            .zip(counts)
            .chain([(OTHER_PHASE, other), (NO_PHASE, none)])
        {
            self.pools.get_or_create(&Phase { phase }).set(count);
        }
    }

    /// Tells whether this replica leads.
    pub fn leading(&self, leading: bool) {
        self.leader
            .get_or_create(&Named { name: LEASE })
            .set(i64::from(leading));
    }

    /// All series as OpenMetrics text; its type is [`CONTENT_TYPE`].
    ///
    /// # Errors
    /// Never with these metrics; the encoder's signature has it.
    pub fn encode(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }

    /// `None` once there are [`MAX_SCOPES`] others.
    fn scope(&self, controller: &'static str, account: &str, workspace: &str) -> Option<Scope> {
        let scope = Scope {
            controller,
            account: account.to_owned(),
            workspace: workspace.to_owned(),
        };
        let mut scopes = self.scopes.lock().unwrap_or_else(PoisonError::into_inner);
        if scopes.contains(&scope) {
            return Some(scope);
        }
        if scopes.len() >= MAX_SCOPES {
            self.scopes_left_out.inc();
            return None;
        }
        scopes.insert(scope.clone());
        Some(scope)
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Metrics").finish_non_exhaustive()
    }
}

fn gauge(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
