//! The command line: every switch of the operator, each also an environment variable.
//!
//! Parsing alone accepts dangerous combinations, so [`Flags::parse_checked`] is the only door the
//! binary uses: it refuses to start on timing that could buy a second pool or leave two leaders.
//! Nothing here reads files, opens sockets or looks for a kubeconfig that was not named: which
//! cluster the operator talks to is always an explicit choice.

mod check;
mod duration;

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Parser;
use clap::builder::BoolishValueParser;
use modelarts_plan::Timing;
use url::Url;

use crate::logging::{DEFAULT_FILTER, LogFormat};
use crate::reach::Reach;

pub use check::FlagError;

/// Keeps ModelArts resource pools as their ModelArtsPool objects say.
#[derive(Debug, Clone, Parser)]
#[command(name = "modelarts-operator", version, about)]
pub struct Flags {
    /// Kubeconfig file to use; without it, the service account of the pod.
    #[arg(long, env = "MODELARTS_OPERATOR_KUBECONFIG", value_name = "PATH")]
    pub kubeconfig: Option<PathBuf>,

    /// Namespace of the operator: its lease and the Secrets of its accounts.
    #[arg(
        long,
        env = "MODELARTS_OPERATOR_NAMESPACE",
        value_name = "NAME",
        default_value = "modelarts-system"
    )]
    pub namespace: String,

    /// Look after the objects of this namespace only, with next to no rights in others. Each such operator has an identity
    /// of its own in the cloud: change this only while it keeps nothing.
    #[arg(long, env = "MODELARTS_OPERATOR_WATCH_NAMESPACE", value_name = "NAME", value_parser = parse_namespace)]
    pub watch_namespace: Option<String>,

    /// Address that serves /metrics.
    #[arg(
        long,
        env = "MODELARTS_OPERATOR_METRICS_ADDR",
        value_name = "IP:PORT",
        default_value = "127.0.0.1:8080"
    )]
    pub metrics_addr: SocketAddr,

    /// Address that serves /healthz and /readyz.
    #[arg(
        long,
        env = "MODELARTS_OPERATOR_HEALTH_ADDR",
        value_name = "IP:PORT",
        default_value = "127.0.0.1:8081"
    )]
    pub health_addr: SocketAddr,

    /// Work only while holding the lease; needed with more than one replica.
    #[arg(long, env = "MODELARTS_OPERATOR_LEADER_ELECT", value_parser = BoolishValueParser::new())]
    pub leader_elect: bool,

    /// Name of this replica in the lease, unique among replicas; default: host name and a random suffix.
    #[arg(long, env = "MODELARTS_OPERATOR_IDENTITY", value_name = "NAME")]
    pub identity: Option<String>,

    /// Host that an account may name as its endpoint, besides the service's own; repeatable, or comma-separated.
    #[arg(long = "allow-endpoint", env = "MODELARTS_OPERATOR_ALLOW_ENDPOINT", value_name = "HOST",
          value_delimiter = ',', value_parser = parse_host)]
    pub allow_endpoints: Vec<String>,

    /// Development only: accept http endpoints on loopback.
    #[arg(long, env = "MODELARTS_OPERATOR_DEV_ALLOW_HTTP_LOOPBACK", value_parser = BoolishValueParser::new())]
    pub dev_allow_http_loopback: bool,

    /// Development only: where instance metadata is, on loopback.
    #[arg(long, env = "MODELARTS_OPERATOR_DEV_INSTANCE_METADATA", value_name = "URL")]
    pub dev_instance_metadata: Option<Url>,

    /// Development only: accept safety timings below their defaults. Against the real cloud this can cost money.
    #[arg(long, env = "MODELARTS_OPERATOR_DEV_TIMING", value_parser = BoolishValueParser::new())]
    pub dev_timing: bool,

    /// Safety timings.
    #[command(flatten)]
    pub safety: SafetyFlags,

    /// How often to look.
    #[command(flatten)]
    pub cadence: CadenceFlags,

    /// Leader election timings.
    #[command(flatten)]
    pub lease: LeaseFlags,

    /// Passes that may run at the same time.
    #[arg(long, env = "MODELARTS_OPERATOR_CONCURRENCY", value_name = "N", default_value_t = 32)]
    pub concurrency: u16,

    /// Format of a log line.
    #[arg(long, env = "MODELARTS_OPERATOR_LOG_FORMAT", value_enum, default_value_t = LogFormat::Json)]
    pub log_format: LogFormat,

    /// Which log lines to write, in the notation of the env_logger family.
    #[arg(long, env = "MODELARTS_OPERATOR_LOG_FILTER", value_name = "FILTER", default_value = DEFAULT_FILTER)]
    pub log_filter: String,

    /// Ask this address once, exit with 0 if it answers with a success, and do nothing else.
    #[arg(long, env = "MODELARTS_OPERATOR_PROBE", value_name = "URL")]
    pub probe: Option<Url>,
}

/// The assumptions about clocks and cloud on which "never a second pool" rests.
#[derive(Debug, Clone, clap::Args)]
pub struct SafetyFlags {
    /// Longest time one request to the cloud may take.
    #[arg(long, env = "MODELARTS_OPERATOR_REQUEST_DEADLINE", value_name = "TIME", default_value = "30s", value_parser = duration::parse)]
    pub request_deadline: Duration,

    /// A create not sent this long after its intent was written is not sent at all.
    #[arg(long, env = "MODELARTS_OPERATOR_SELF_DEADLINE", value_name = "TIME", default_value = "20s", value_parser = duration::parse)]
    pub self_deadline: Duration,

    /// Longest time the cloud's gateway may hold a request before executing it.
    #[arg(long, env = "MODELARTS_OPERATOR_GATEWAY_LIMIT", value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    pub gateway_limit: Duration,

    /// Longest time until a created pool shows in the list.
    #[arg(long, env = "MODELARTS_OPERATOR_LIST_LAG", value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    pub list_lag: Duration,

    /// Time after which a create without an answer can no longer come true; at least the sum of the four above.
    #[arg(long, env = "MODELARTS_OPERATOR_IN_DOUBT_WINDOW", value_name = "TIME", default_value = "5m", value_parser = duration::parse)]
    pub in_doubt_window: Duration,

    /// Time between two looks that together prove absence.
    #[arg(long, env = "MODELARTS_OPERATOR_ABSENCE_SPACING", value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    pub absence_spacing: Duration,

    /// How long a pool must stay absent before it counts as lost.
    #[arg(long, env = "MODELARTS_OPERATOR_LOSS_SPAN", value_name = "TIME", default_value = "10m", value_parser = duration::parse)]
    pub loss_span: Duration,
}

/// How often the cloud is looked at.
#[derive(Debug, Clone, clap::Args)]
pub struct CadenceFlags {
    /// Time between two lists of a workspace.
    #[arg(long, env = "MODELARTS_OPERATOR_CENSUS_INTERVAL", value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    pub census_interval: Duration,

    /// The same, while anything in the workspace is changing.
    #[arg(long, env = "MODELARTS_OPERATOR_CENSUS_INTERVAL_BUSY", value_name = "TIME", default_value = "5s", value_parser = duration::parse)]
    pub census_interval_busy: Duration,

    /// The slowest it may get while the account is throttled or the list is large.
    #[arg(long, env = "MODELARTS_OPERATOR_CENSUS_INTERVAL_MAX", value_name = "TIME", default_value = "60s", value_parser = duration::parse)]
    pub census_interval_max: Duration,

    /// First retry after a refusal that only a person can mend.
    #[arg(long, env = "MODELARTS_OPERATOR_STALLED_RETRY", value_name = "TIME", default_value = "10m", value_parser = duration::parse)]
    pub stalled_retry: Duration,

    /// The longest such a retry may wait.
    #[arg(long, env = "MODELARTS_OPERATOR_STALLED_RETRY_MAX", value_name = "TIME", default_value = "1h", value_parser = duration::parse)]
    pub stalled_retry_max: Duration,

    /// How long a pool or network with this cluster's marker must be without an object before it is
    /// reported; a workspace in which no object is left is listed once in this time.
    #[arg(long, env = "MODELARTS_OPERATOR_AUDIT_PERIOD", value_name = "TIME", default_value = "5m", value_parser = duration::parse)]
    pub audit_period: Duration,
}

/// Leader election timings; lease duration > renew deadline > retry period.
#[derive(Debug, Clone, clap::Args)]
pub struct LeaseFlags {
    /// How long other replicas wait, without a sign of the leader, before one takes over.
    #[arg(long, env = "MODELARTS_OPERATOR_LEASE_DURATION", value_name = "TIME", default_value = "15s", value_parser = duration::parse)]
    pub lease_duration: Duration,

    /// How long the leader goes on without a successful renewal before it exits.
    #[arg(long, env = "MODELARTS_OPERATOR_RENEW_DEADLINE", value_name = "TIME", default_value = "10s", value_parser = duration::parse)]
    pub renew_deadline: Duration,

    /// Time between two looks at the lease, or two renewals of it.
    #[arg(long, env = "MODELARTS_OPERATOR_RETRY_PERIOD", value_name = "TIME", default_value = "2s", value_parser = duration::parse)]
    pub retry_period: Duration,
}

impl Flags {
    /// Reads command line and environment, and checks what the values mean together.
    ///
    /// # Errors
    /// `FlagError::Usage` also for `--help` and `--version`; print it with `clap::Error::exit`.
    pub fn parse_checked<I, T>(args: I) -> Result<Self, FlagError>
    where
        I: IntoIterator<Item = T>,
        T: Into<OsString> + Clone,
    {
        let flags = Self::try_parse_from(args)?;
        check::check(&flags)?;
        Ok(flags)
    }

    /// Where objects are looked after.
    #[must_use]
    pub fn reach(&self) -> Reach {
        self.watch_namespace.clone().map_or(Reach::Cluster, Reach::Namespace)
    }

    /// The timings the plan works with.
    #[must_use]
    pub fn timing(&self) -> Timing {
        let SafetyFlags {
            request_deadline,
            self_deadline,
            gateway_limit,
            list_lag,
            in_doubt_window,
            absence_spacing,
            loss_span,
        } = self.safety;
        let CadenceFlags {
            census_interval,
            census_interval_busy,
            census_interval_max,
            stalled_retry,
            stalled_retry_max,
            audit_period: _,
        } = self.cadence;
        Timing {
            request_deadline: millis(request_deadline),
            self_deadline: millis(self_deadline),
            gateway_limit: millis(gateway_limit),
            list_lag: millis(list_lag),
            in_doubt_window: millis(in_doubt_window),
            absence_spacing: millis(absence_spacing),
            loss_span: millis(loss_span),
            census_interval: millis(census_interval),
            census_interval_busy: millis(census_interval_busy),
            census_interval_max: millis(census_interval_max),
            stalled_retry: millis(stalled_retry),
            stalled_retry_max: millis(stalled_retry_max),
        }
    }

    /// How long something must be without an object before it is reported, in milliseconds.
    #[must_use]
    pub fn audit_period(&self) -> u64 {
        millis(self.cadence.audit_period)
    }

    /// The name of this replica in the lease.
    ///
    /// The default ends in random characters, because a restarted container keeps its host name
    /// and must not be taken for the process that held the lease before it.
    #[must_use]
    pub fn replica_identity(&self) -> String {
        self.identity.clone().unwrap_or_else(|| {
            let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
            let host = match host.trim() {
                "" => "modelarts-operator",
                name => name,
            };
            format!("{host}_{:08x}", rand::random::<u32>())
        })
    }
}

/// Durations come from flags, whose parser keeps them below a year.
fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// A bare host name or IP address, in the spelling in which URLs are compared.
fn parse_host(text: &str) -> Result<String, String> {
    let refusal =
        || "give a bare host such as modelarts.example.com, without scheme, port, path or wildcard".to_owned();
    if text.contains('*') {
        return Err(refusal());
    }
    match url::Host::parse(text.trim()) {
        Ok(host) => Ok(host.to_string()),
        Err(_) => Err(refusal()),
    }
}

/// A name that a namespace can have: RFC 1123, at most 63 characters.
fn parse_namespace(text: &str) -> Result<String, String> {
    let inner = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let well_formed = (1..=63).contains(&text.len()) && text.chars().all(inner);
    match well_formed && !text.starts_with('-') && !text.ends_with('-') {
        true => Ok(text.to_owned()),
        false => Err("give the name of one namespace; leave the flag out to look after all".to_owned()),
    }
}

#[cfg(test)]
mod tests;
