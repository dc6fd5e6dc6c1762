//! The demo, and the supervisor behind every child process of the sandbox.
//!
//! The supervisor shares nothing with the demo: it must stay small, because one runs for each child.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod alone;
mod demo;
mod steps;
mod table;
mod until_signal;
mod verdict;

/// A whole ModelArts operator world on loopback: starts it, applies the examples, shows the pools.
#[derive(Parser)]
#[command(name = "demo", args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    demo: demo::Options,
}

#[derive(Subcommand)]
enum Command {
    /// Starts only the control plane, for kubectl and for experiments.
    ControlPlane(alone::Options),
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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match arguments.command {
        Some(Command::Supervise { scratch, command }) => {
            return sandbox::supervise::run(scratch, &command);
        }
        Some(Command::ControlPlane(options)) => alone::run(options),
        None => demo::run(arguments.demo),
    };
    match done {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
