//! The operator under test: the same binary that users get, with the flags they would give.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::error::{Error, Result};
use crate::process::{Exit, Launch, Process};
use crate::{binaries, ports, wait};

/// Where the operator, its lease and its Secrets live.
pub const NAMESPACE: &str = "modelarts-system";
const TRIES: usize = 5;

/// Whether replicas agree on who works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LeaderElection {
    /// One replica, no lease.
    #[default]
    Off,
    /// The holder of the lease works.
    On,
}

/// The operator's timing flags.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Timing {
    /// What is safe against the real cloud: minutes of waiting after a doubt.
    Production,
    /// These flags and values, such as `("--list-lag", "2s")`, with `--dev-timing`. Whoever lowers
    /// the assumptions keeps the simulator's faults inside them.
    Development(Vec<(String, String)>),
}

impl Timing {
    /// Seconds instead of minutes, yet with room for two busy cores. The simulator must not hold a
    /// request longer than 2 s nor hide a new pool longer than 2 s.
    #[must_use]
    pub fn quick() -> Self {
        let flags = [
            ("--request-deadline", "6s"),
            ("--self-deadline", "4s"),
            ("--gateway-limit", "2s"),
            ("--list-lag", "2s"),
            ("--in-doubt-window", "15s"),
            ("--absence-spacing", "2s"),
            ("--loss-span", "10s"),
            ("--census-interval", "1s"),
            ("--census-interval-busy", "500ms"),
            ("--stalled-retry", "5s"),
        ];
        Self::Development(flags.map(|(flag, value)| (flag.to_owned(), value.to_owned())).to_vec())
    }

    /// The same with one flag changed or added. Production timing becomes development timing.
    #[must_use]
    pub fn with(self, flag: &str, value: &str) -> Self {
        let mut flags = match self {
            Self::Production => Vec::new(),
            Self::Development(flags) => flags,
        };
        flags.retain(|(known, _)| known != flag);
        flags.push((flag.to_owned(), value.to_owned()));
        Self::Development(flags)
    }

    fn arguments(&self) -> Vec<String> {
        match self {
            Self::Production => Vec::new(),
            Self::Development(flags) => std::iter::once(String::from("--dev-timing"))
                .chain(flags.iter().map(|(flag, value)| format!("{flag}={value}")))
                .collect(),
        }
    }
}

/// How to start one.
#[derive(Debug, Clone)]
pub struct Options {
    /// Another URL for the API server, such as that of a proxy in front of it.
    pub api_server: Option<String>,
    /// Whose token it uses: `None` is the administrator; otherwise one of the control plane's users.
    pub user: Option<String>,
    /// Timing flags.
    pub timing: Timing,
    /// Leader election.
    pub leader_election: LeaderElection,
    /// More command line, as it is.
    pub arguments: Vec<String>,
    /// More variables in its environment.
    pub environment: Vec<(String, String)>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            api_server: None,
            user: None,
            timing: Timing::quick(),
            leader_election: LeaderElection::Off,
            arguments: Vec::new(),
            environment: Vec::new(),
        }
    }
}

/// A running operator. Dropping it kills it.
#[derive(Debug)]
pub struct Operator {
    /// `http://127.0.0.1:PORT/metrics`.
    pub metrics: String,
    /// `http://127.0.0.1:PORT/readyz`.
    pub ready: String,
    process: Process,
}

impl Operator {
    /// Starts one that uses `kubeconfig`, with its log in `folder`, and waits until it is ready.
    /// `name` tells replicas apart in logs and in the lease.
    ///
    /// `options.api_server` and `options.user` are the caller's business: they are in `kubeconfig`.
    ///
    /// # Errors
    /// When it does not build, start, or become ready.
    pub async fn start(kubeconfig: &Path, folder: &Path, name: &str, options: &Options) -> Result<Self> {
        let binary = binaries::operator().await?;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let started = Self::launch(&binary, kubeconfig, folder, name, options, attempt).await?;
            match started.until_ready().await {
                Ok(()) => return Ok(started),
                Err(Error::Ended { tail, .. }) if attempt < TRIES && ports::taken(&tail) => {}
                Err(error) => return Err(error),
            }
        }
    }

    async fn launch(
        binary: &PathBuf,
        kubeconfig: &Path,
        folder: &Path,
        name: &str,
        options: &Options,
        attempt: usize,
    ) -> Result<Self> {
        let metrics = format!("127.0.0.1:{}", ports::free()?);
        let health = format!("127.0.0.1:{}", ports::free()?);
        let mut arguments = vec![
            format!("--kubeconfig={}", kubeconfig.display()),
            format!("--namespace={NAMESPACE}"),
            format!("--metrics-addr={metrics}"),
            format!("--health-addr={health}"),
            String::from("--dev-allow-http-loopback"),
        ];
        if options.leader_election == LeaderElection::On {
            arguments.push(String::from("--leader-elect"));
            arguments.push(format!("--identity={name}-{attempt}"));
        }
        arguments.extend(options.timing.arguments());
        arguments.extend(options.arguments.iter().cloned());
        let mut launch = Launch::new(name, binary, arguments, folder.join(format!("{name}-{attempt}.log")));
        let variables = options.environment.iter().cloned();
        launch
            .env
            .extend(variables.map(|(variable, value)| (variable, value.into())));
        Ok(Self {
            metrics: format!("http://{metrics}/metrics"),
            ready: format!("http://{health}/readyz"),
            process: Process::start(launch).await?,
        })
    }

    /// The process, to be killed, frozen or terminated.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Its metrics, in the text format of OpenMetrics.
    ///
    /// # Errors
    /// When it does not answer.
    pub async fn scrape(&self) -> Result<String> {
        let doing = "reading the operator's metrics";
        let http = crate::http_client(Some(Duration::from_secs(10)))?;
        let answer = http.get(&self.metrics).send().await;
        let text = answer.map_err(Error::simulator(doing))?.text().await;
        text.map_err(Error::simulator(doing))
    }

    /// SIGTERM, as a cluster sends it, and the wait for its end.
    ///
    /// # Errors
    /// When it still runs after the time that a cluster would give it.
    pub async fn terminate(&self) -> Result<Exit> {
        self.process.terminate(Duration::from_secs(30)).await
    }

    async fn until_ready(&self) -> Result<()> {
        let http = crate::http_client(Some(Duration::from_secs(5)))?;
        let what = format!("{} to be ready", self.process.name());
        wait::until(what, wait::DEADLINE, async || {
            if let Err(ended) = self.process.running() {
                return Ok(Err(ended));
            }
            let answer = http.get(&self.ready).send().await;
            let answer = answer.map_err(|e| format!("{e}\n{}", self.process.log_tail(5)))?;
            if answer.status().is_success() {
                return Ok(Ok(()));
            }
            let status = answer.status();
            Err(format!("{status}: {}", answer.text().await.unwrap_or_default()))
        })
        .await?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_timing_flag_can_be_changed_and_production_has_none() {
        let changed = Timing::quick().with("--list-lag", "1s").arguments();
        let lags: Vec<_> = changed.iter().filter(|a| a.starts_with("--list-lag")).collect();
        assert_eq!(lags, ["--list-lag=1s"]);
        assert_eq!(changed[0], "--dev-timing");
        assert!(Timing::Production.arguments().is_empty());
    }
}
