//! The operator's binary: private memory, flags, log, run, exit code.

use std::process::ExitCode;

use modelarts_operator::flags::{FlagError, Flags};
use modelarts_operator::{confine, logging, probe, run};

fn main() -> ExitCode {
    if let Err(error) = confine::keep_memory_private() {
        return fail(&format!("core dumps cannot be forbidden: {error}"));
    }
    let flags = match Flags::parse_checked(std::env::args_os()) {
        Ok(flags) => flags,
        Err(FlagError::Usage(usage)) => usage.exit(),
        Err(error) => return fail(&error),
    };
    if let Err(error) = logging::init(flags.log_format, &flags.log_filter) {
        return fail(&error);
    }
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error),
    };
    let ended = match flags.probe.clone() {
        Some(url) => runtime.block_on(probe::probe(&url)).map_err(Into::into),
        None => runtime.block_on(run::run(flags)),
    };
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("{error:#}")),
    }
}

/// One clear line, and the code of a fatal error.
fn fail(error: &impl std::fmt::Display) -> ExitCode {
    eprintln!("modelarts-operator: {error}");
    ExitCode::FAILURE
}
