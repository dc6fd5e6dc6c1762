//! The small process that stands between the sandbox and each child it starts.
//!
//! A child must not outlive the sandbox, not even when that is killed with SIGKILL and can clean up
//! nothing. The kernel's own means (a death signal set between fork and exec) needs `unsafe`, which
//! this workspace forbids. So the sandbox starts itself again as `sandbox supervise -- COMMAND`: the
//! supervisor holds the child, listens on its standard input, and kills the child when that pipe
//! closes, however the other end came to its end. Signals are sent from here too, because only the
//! process that reaps the child can know that its pid has not been given to somebody else.
//!
//! The dialogue, one word or two a line:
//! in: `term`, `kill`, `stop`, `cont`; out: `started PID` or `failed WHY`, `sent` after each signal,
//! at last `code N` or `signal N`.

use std::ffi::OsString;
use std::io::{self, BufRead, Write};
use std::os::unix::process::ExitStatusExt;
use std::path::PathBuf;
use std::process::{ExitCode, ExitStatus, Stdio};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::sync::mpsc;

/// Runs `command` until it ends or standard input closes, then removes `scratch`.
///
/// `scratch` is removed only when the pipe closed: as long as the sandbox lives, the folder and the
/// logs in it are its own to keep.
pub fn run(scratch: Option<PathBuf>, command: &[OsString]) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&error.to_string()),
    };
    runtime.block_on(watch(scratch, command))
}

async fn watch(scratch: Option<PathBuf>, command: &[OsString]) -> ExitCode {
    let Some((program, arguments)) = command.split_first() else {
        return fail("no command given");
    };
    // The child gets a group of its own: Ctrl-C on the terminal goes to the sandbox alone, which
    // then decides in which order its children end.
    let spawned = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(io::stderr())
        .stderr(io::stderr())
        .process_group(0)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return fail(&format!("{}: {error}", program.display())),
    };
    let Some(group) = group_of(&child) else {
        return fail("the child has no pid");
    };
    say(&format!("started {group}"));
    let mut orders = orders();
    loop {
        tokio::select! {
            status = child.wait() => return report(status),
            order = orders.recv() => match order {
                Some(signal) => {
                    // Not reaped yet, so the group is still the child's.
                    let _ = killpg(group, signal);
                    say("sent");
                }
                None => {
                    let _ = killpg(group, Signal::SIGKILL);
                    let status = child.wait().await;
                    if let Some(folder) = scratch {
                        let _ = std::fs::remove_dir_all(folder);
                    }
                    return report(status);
                }
            }
        }
    }
}

fn group_of(child: &Child) -> Option<Pid> {
    child.id().and_then(|id| i32::try_from(id).ok()).map(Pid::from_raw)
}

/// The signals asked for on standard input. The channel closes when the pipe does.
fn orders() -> mpsc::UnboundedReceiver<Signal> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        for line in io::stdin().lock().lines() {
            let signal = match line.as_deref() {
                Ok("term") => Signal::SIGTERM,
                Ok("kill") => Signal::SIGKILL,
                Ok("stop") => Signal::SIGSTOP,
                Ok("cont") => Signal::SIGCONT,
                Ok(_) => continue,
                Err(_) => break,
            };
            if sender.send(signal).is_err() {
                break;
            }
        }
    });
    receiver
}

fn report(status: io::Result<ExitStatus>) -> ExitCode {
    match status {
        Ok(status) => match (status.code(), status.signal()) {
            (Some(code), _) => say(&format!("code {code}")),
            (None, Some(signal)) => say(&format!("signal {signal}")),
            (None, None) => say("failed the child ended without a status"),
        },
        Err(error) => return fail(&error.to_string()),
    }
    ExitCode::SUCCESS
}

fn fail(problem: &str) -> ExitCode {
    say(&format!("failed {}", problem.replace('\n', " ")));
    ExitCode::FAILURE
}

/// The sandbox may be gone already; then nobody needs the line.
fn say(line: &str) {
    let mut out = io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
