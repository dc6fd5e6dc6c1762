//! The simulator on the command line: reads the flags, serves until it is told to end.

use std::{io::Write, net::SocketAddr, path::PathBuf};

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use modelarts_sim::{
    Actions, Config, Server, Setup, TlsFiles,
    accounts::{Key, User},
    agencies::{POD_TOKEN, Source},
    clock::ClockMode,
    profile::Profile,
};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// A simulator of the ModelArts API, for tests and for trying things without an account.
#[derive(Debug, Parser)]
#[command(version, about)]
struct Arguments {
    /// The address to listen on, loopback unless --no-control is given; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// An access key ID; give --ak, --sk and --project equally often, they belong together in
    /// the order in which they are given.
    #[arg(long)]
    ak: Vec<String>,
    /// The secret key of the access key at the same place.
    #[arg(long)]
    sk: Vec<String>,
    /// The project ID of the access key at the same place.
    #[arg(long)]
    project: Vec<String>,
    /// A user who can log in for a token, as DOMAIN/NAME; one --password each.
    #[arg(long)]
    user: Vec<String>,
    /// The password of the user at the same place.
    #[arg(long)]
    password: Vec<String>,
    /// Grants only these IAM actions, as WHO=ACTION,ACTION,...: WHO is an access key ID, DOMAIN/NAME
    /// of a user, `metadata` or `pod-identity`. Whoever is not named may do everything.
    #[arg(long)]
    actions: Vec<String>,
    /// Seconds that the keys of the metadata service and of pod identity live.
    #[arg(long, default_value_t = 3600)]
    credential_seconds: u64,
    /// The token that pod identity asks for.
    #[arg(long, default_value = POD_TOKEN)]
    pod_identity_token: String,
    /// The region; the name of each key's first project.
    #[arg(long, default_value = "cn-north-4")]
    region: String,
    /// Seconds until a new pool, network or node is ready.
    #[arg(long, default_value_t = Profile::default().create_seconds)]
    create_seconds: u64,
    /// Seconds until a deleted pool, network or node is gone.
    #[arg(long, default_value_t = Profile::default().delete_seconds)]
    delete_seconds: u64,
    /// Whether simulated time passes by itself.
    #[arg(long, value_enum, default_value = "real")]
    clock: ClockArgument,
    /// Decides generated names and which calls a fault strikes.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// A PEM certificate chain, to serve https.
    #[arg(long, requires = "tls_key")]
    tls_cert: Option<PathBuf>,
    /// The PEM private key of the certificate.
    #[arg(long, requires = "tls_cert")]
    tls_key: Option<PathBuf>,
    /// Leave out whatever asks for no credentials: the control API, metadata and pod identity. Then it
    /// may be reached from elsewhere.
    #[arg(long)]
    no_control: bool,
    /// Write the log as JSON.
    #[arg(long)]
    log_json: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum ClockArgument {
    Real,
    Stepped,
}

impl Arguments {
    /// What `--actions` grants. A name that nobody bears is a slip that would grant everything.
    fn grants(&self) -> anyhow::Result<Vec<(String, Actions)>> {
        let agencies = [Source::Metadata.name(), Source::PodIdentity.name()];
        let grant = |text: &String| {
            let (who, list) = text
                .split_once('=')
                .with_context(|| format!("--actions {text:?} is not WHO=ACTION,..."))?;
            let known = self.ak.iter().chain(&self.user).any(|known| known == who);
            if !known && !agencies.contains(&who) {
                bail!("--actions names {who:?}, which is no --ak, no --user and no agency");
            }
            let list = list.split(',').filter(|action| !action.is_empty());
            Ok((who.to_owned(), Actions::parse(list)?))
        };
        self.actions.iter().map(grant).collect()
    }

    fn config(self) -> anyhow::Result<Config> {
        if self.ak.len() != self.sk.len() || self.ak.len() != self.project.len() {
            bail!("--ak, --sk and --project must be given equally often");
        }
        if self.user.len() != self.password.len() {
            bail!("--user and --password must be given equally often");
        }
        let grants = self.grants()?;
        let keys = self.ak.into_iter().zip(self.sk).zip(self.project);
        let keys = keys
            .map(|((access, secret), project)| Key {
                access,
                secret,
                project,
                security_token: None,
                expires: None,
            })
            .collect();
        let users = self.user.iter().zip(self.password);
        let users = users
            .map(|(user, password)| {
                let (domain, name) = user
                    .split_once('/')
                    .with_context(|| format!("--user {user:?} is not DOMAIN/NAME"))?;
                Ok(User {
                    domain: domain.to_owned(),
                    name: name.to_owned(),
                    password,
                })
            })
            .collect::<anyhow::Result<Vec<_>>>()?;
        let tls = self
            .tls_cert
            .zip(self.tls_key)
            .map(|(cert, key)| TlsFiles { cert, key });
        Ok(Config {
            listen: self.listen,
            tls,
            setup: Setup {
                region: self.region,
                keys,
                users,
                grants,
                credential_seconds: self.credential_seconds,
                pod_token: self.pod_identity_token,
                profile: Profile {
                    create_seconds: self.create_seconds,
                    delete_seconds: self.delete_seconds,
                    ..Profile::default()
                },
                clock: match self.clock {
                    ClockArgument::Real => ClockMode::Real,
                    ClockArgument::Stepped => ClockMode::Stepped,
                },
                seed: self.seed,
                control: !self.no_control,
            },
        })
    }
}

fn start_log(json: bool) {
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr);
    if json {
        log.json().init();
    } else {
        log.init();
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    start_log(arguments.log_json);
    let config = arguments.config()?;
    if config.setup.keys.is_empty() && config.setup.users.is_empty() {
        tracing::warn!("no --ak and no --user: every call will be refused until a key is added");
    }
    // Caught from here on, so that a signal right after the ready line is not lost.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let server = Server::start(config).await?;
    let ready = serde_json::json!({"listening": server.url()});
    let mut out = std::io::stdout();
    writeln!(out, "{ready}").and_then(|()| out.flush())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    server.stop().await?;
    Ok(())
}
