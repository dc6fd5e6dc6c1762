//! The demo: a world, the examples in it, and a table to watch them by.
//!
//! It stays until Ctrl-C, so that somebody can try things from a second terminal; with `--once` it
//! judges the examples and ends. It changes nothing outside its temporary folder.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::Args;
use sandbox::pools::{self, Pool, Readiness};
use sandbox::{World, control_plane, ready_file, wait, world};
use serde_json::json;
use tokio::time::{Instant, sleep};

use crate::steps::Steps;
use crate::table::View;
use crate::{until_signal, verdict};

const EXAMPLES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
/// What a shell reports for a program that Ctrl-C has ended.
const INTERRUPTED: u8 = 130;

/// What the demo takes.
#[derive(Debug, Args)]
pub struct Options {
    /// Exit as soon as all examples are Ready: 0, or 1 with the reasons if they are not.
    #[arg(long)]
    once: bool,
    /// Gets {"kubeconfig", "simulator", "metrics"} as soon as all is up.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// A file or folder of manifests to apply instead of the examples.
    #[arg(long, value_name = "PATH", default_value = EXAMPLES, hide_default_value = true)]
    examples: PathBuf,
    /// Seconds that --once gives the examples to become Ready.
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
}

/// Runs it to its end.
pub fn run(options: Options) -> anyhow::Result<ExitCode> {
    let once = options.once;
    match until_signal::run(demo(options))? {
        Some(code) => Ok(code),
        None if once => Ok(ExitCode::from(INTERRUPTED)),
        None => Ok(ExitCode::SUCCESS),
    }
}

async fn demo(options: Options) -> anyhow::Result<ExitCode> {
    let steps = Steps::new();
    let progress = steps.progress();
    let world = World::start(world::Options {
        control_plane: control_plane::Options {
            controller_manager: control_plane::ControllerManager::On,
            progress: progress.clone(),
            ..control_plane::Options::default()
        },
        ..world::Options::default()
    })
    .await?;
    if let Some(path) = &options.ready_file {
        announce(path, &world)?;
    }
    progress("applying the examples");
    let applied = Instant::now();
    apply(&world, &options.examples).await?;
    steps.finish();
    let demo = Demo {
        world,
        view: View::new(),
        applied,
        took: BTreeMap::new(),
    };
    if options.once {
        demo.once(Duration::from_secs(options.timeout)).await
    } else {
        demo.stay().await
    }
}

fn announce(path: &Path, world: &World) -> anyhow::Result<()> {
    let ready = json!({
        "kubeconfig": world.control_plane.kubeconfig,
        "simulator": world.simulator.url,
        "metrics": world.operators.first().map(|operator| &operator.metrics),
    });
    ready_file::write(path, &ready).context("writing the ready file")
}

/// With kubectl, as the reader of the examples would.
async fn apply(world: &World, examples: &Path) -> anyhow::Result<()> {
    let output = world
        .control_plane
        .kubectl_command()
        .args(["apply", "--server-side", "--filename"])
        .arg(examples)
        .output()
        .await
        .context("starting kubectl")?;
    if !output.status.success() {
        let why = String::from_utf8_lossy(&output.stderr);
        bail!("kubectl cannot apply {}:\n{why}", examples.display());
    }
    Ok(())
}

struct Demo {
    world: World,
    view: View,
    applied: Instant,
    /// Time from the application to the first sight of Ready.
    took: BTreeMap<(String, String), Duration>,
}

impl Demo {
    async fn once(mut self, deadline: Duration) -> anyhow::Result<ExitCode> {
        let end = self.applied + deadline;
        let pools = loop {
            let pools = self.look().await?;
            if all_ready(&pools) || Instant::now() >= end {
                break pools;
            }
            sleep(wait::LOOK_EVERY).await;
        };
        let ledger = self.world.simulator.ledger().await?;
        let verdict = verdict::judge(&pools, &ledger, &self.took);
        for line in &verdict.lines {
            writeln!(io::stdout(), "{line}")?;
        }
        if all_ready(&pools) && verdict.once_each {
            return Ok(ExitCode::SUCCESS);
        }
        if pools.is_empty() {
            eprintln!("the examples have no pool");
        } else if !all_ready(&pools) {
            eprintln!("not all pools are Ready after {} s:", deadline.as_secs());
        }
        for line in verdict::reasons(&self.world.client, &pools).await {
            eprintln!("{line}");
        }
        eprintln!("{}", self.world.operator_logs(20));
        Ok(ExitCode::FAILURE)
    }

    async fn stay(mut self) -> anyhow::Result<ExitCode> {
        let mut told = false;
        loop {
            let pools = self.look().await?;
            if !told && all_ready(&pools) {
                self.view.settle();
                self.invite()?;
                told = true;
            }
            sleep(wait::LOOK_EVERY * 4).await;
        }
    }

    fn invite(&self) -> io::Result<()> {
        let control_plane = &self.world.control_plane;
        let kubectl = control_plane.kubectl().display();
        let mut out = io::stdout().lock();
        writeln!(out, "\nEverything is up. In a second terminal:")?;
        writeln!(out, "  export KUBECONFIG={}", control_plane.kubeconfig.display())?;
        writeln!(out, "  {kubectl} get mapool --all-namespaces")?;
        writeln!(out, "The simulated cloud is at {}.", self.world.simulator.url)?;
        writeln!(out, "Ctrl-C ends all of it.\n")?;
        out.flush()
    }

    /// Looks at the pools and shows them. An operator that has died is an error: it should not.
    async fn look(&mut self) -> anyhow::Result<Vec<Pool>> {
        for operator in &self.world.operators {
            operator.process().running()?;
        }
        self.world.simulator.process().running()?;
        let pools = pools::list(&self.world.client).await?;
        for pool in pools.iter().filter(|pool| pool.ready == Readiness::Ready) {
            let key = (pool.namespace.clone(), pool.name.clone());
            let took = self.applied.elapsed();
            self.took.entry(key).or_insert(took);
        }
        self.view.show(&pools)?;
        Ok(pools)
    }
}

/// No pool at all is not "all ready": somebody expected to see some.
fn all_ready(pools: &[Pool]) -> bool {
    !pools.is_empty() && pools.iter().all(|pool| pool.ready == Readiness::Ready)
}
