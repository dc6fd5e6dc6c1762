//! `cargo run --release --bin safety -- model` explores every state of the small worlds.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use safety::explore::explore;
use safety::scenario::{self, Scenario};
use safety::tale::tale;
use safety::world::World;

/// Shows that no pool is bought twice or lost.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Explores every state of the small worlds.
    Model {
        /// Only this one; all if absent.
        #[arg(long)]
        scenario: Option<String>,
        /// Most states of each.
        #[arg(long, default_value_t = 1_000_000)]
        cap: usize,
    },
}

fn main() -> anyhow::Result<ExitCode> {
    let Command::Model { scenario, cap } = Arguments::parse().command;
    let scenarios: Vec<Scenario> = match scenario {
        None => scenario::ALL.to_vec(),
        Some(name) => vec![Scenario::named(&name).ok_or_else(|| anyhow::anyhow!("there is no scenario {name}"))?],
    };
    let mut sound = true;
    for scenario in scenarios {
        let mut world = World::new(scenario);
        let explored = explore(&mut world, cap, None);
        println!(
            "{:<36} {:>9} states {:>9} transitions  depth {:>3}  calm {:>2} {}  {:.1} s",
            scenario.name,
            explored.states,
            explored.transitions,
            explored.depth,
            explored.calm,
            if explored.capped { "CAPPED" } else { "complete" },
            explored.took.as_secs_f64(),
        );
        if let Some(found) = &explored.found {
            sound = false;
            println!("{}", tale(&mut world, found));
        }
    }
    Ok(if sound { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
