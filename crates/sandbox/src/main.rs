//! The demo, and the supervisor behind every child process of the sandbox.
//!
//! The supervisor shares nothing with the demo: it must stay small, because one runs for each child.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};

mod alone;
mod until_signal;

#[derive(Parser)]
#[command(about = "A whole ModelArts operator world on loopback")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Starts only the control plane, for kubectl and for experiments.
    ControlPlane(Alone),
    /// Holds one child process; started by the sandbox itself.
    #[command(hide = true)]
    Supervise {
        /// Removed if the sandbox vanishes.
        #[arg(long)]
        scratch: Option<PathBuf>,
        /// The child.
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
}

/// What `control-plane` takes.
#[derive(Args)]
struct Alone {
    /// Gets {"kubeconfig", "server", "pids"} as soon as it serves.
    #[arg(long, value_name = "PATH")]
    ready_file: Option<PathBuf>,
    /// Also starts kube-controller-manager.
    #[arg(long)]
    controller_manager: bool,
}

fn main() -> ExitCode {
    let done = match Arguments::parse().command {
        Command::Supervise { scratch, command } => {
            return sandbox::supervise::run(scratch, &command);
        }
        Command::ControlPlane(options) => alone::run(options),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
