//! A child can be signalled, is logged, and dies with its handle.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a failed expectation is the point of a test, also in its helper functions"
)]

use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use sandbox::Error;
use sandbox::process::{Exit, Launch, Process};
use sandbox::wait::{self, until};

fn shell(folder: &Path, script: &str) -> Launch {
    Launch::new("shell", "/bin/sh", ["-c", script], folder.join("log"))
}

async fn logged(process: &Process, line: &str) {
    until(format!("{line} in the log"), wait::DEADLINE, async || {
        let log = process.log();
        if log.lines().any(|l| l == line) {
            Ok(())
        } else {
            Err(log)
        }
    })
    .await
    .unwrap();
}

fn alive(pid: u32) -> bool {
    Path::new(&format!("/proc/{pid}")).exists()
}

#[tokio::test]
async fn its_end_and_both_its_outputs_are_known() {
    let folder = tempfile::tempdir().unwrap();
    let mut launch = shell(folder.path(), "echo out; echo err >&2; echo $WORD; pwd; exit 7");
    launch.env.push((String::from("WORD"), "given".into()));
    launch.directory = Some(folder.path().to_owned());
    let process = Process::start(launch).await.unwrap();
    assert_eq!(process.wait(wait::DEADLINE).await.unwrap(), Exit::Code(7));
    let here = folder.path().display().to_string();
    assert_eq!(process.log(), format!("out\nerr\ngiven\n{here}\n"));
    assert_eq!(process.log_tail(1), here);
    let error = process.running().unwrap_err();
    assert!(
        matches!(
            error,
            Error::Ended {
                exit: Exit::Code(7),
                ..
            }
        ),
        "{error}"
    );
    // A child that has ended takes no more signals, and that is no error.
    assert_eq!(process.kill().await.unwrap(), Exit::Code(7));
}

#[tokio::test]
async fn a_program_that_does_not_exist_is_an_error_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let launch = Launch::new("ghost", "/no/such/program", [""; 0], folder.path().join("log"));
    let error = Process::start(launch).await.unwrap_err().to_string();
    assert!(error.contains("ghost did not start"), "{error}");
    assert!(error.contains("/no/such/program"), "{error}");
}

#[tokio::test]
async fn terminate_lets_it_tidy_up_and_kill_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap 'echo tidied; exit 0' TERM; echo up; while :; do sleep 0.05; done";
    let polite = Process::start(shell(folder.path(), script)).await.unwrap();
    logged(&polite, "up").await;
    assert_eq!(polite.terminate(wait::DEADLINE).await.unwrap(), Exit::Code(0));
    assert!(polite.log().contains("tidied"));

    let mut launch = shell(folder.path(), script);
    launch.log = folder.path().join("log2");
    let killed = Process::start(launch).await.unwrap();
    logged(&killed, "up").await;
    let exit = killed.kill().await.unwrap();
    assert_eq!(exit, Exit::Signal(Signal::SIGKILL as i32));
    assert!(!killed.log().contains("tidied"));
}

#[tokio::test]
async fn one_that_ignores_sigterm_is_still_there_at_the_deadline() {
    let folder = tempfile::tempdir().unwrap();
    let script = "trap '' TERM; echo up; while :; do sleep 0.05; done";
    let process = Process::start(shell(folder.path(), script)).await.unwrap();
    logged(&process, "up").await;
    let error = process.terminate(Duration::from_millis(300)).await.unwrap_err();
    assert!(matches!(error, Error::TimedOut(_)), "{error}");
    assert_eq!(process.exit_status(), None);
}

#[tokio::test]
async fn stopped_it_is_frozen_and_continued_it_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    // It starts no other process: a shell that is stopped while it does so is frozen in another state.
    let script = "i=0; while :; do i=$((i+1)); [ $((i % 20000)) -ne 0 ] || echo x; done";
    let process = Process::start(shell(folder.path(), script)).await.unwrap();
    logged(&process, "x").await;
    process.stop().await.unwrap();
    let state = || {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", process.pid())).unwrap();
        stat.rsplit(") ").next().unwrap().chars().next().unwrap()
    };
    until("the stopped state", wait::DEADLINE, async || match state() {
        'T' => Ok(()),
        other => Err(other),
    })
    .await
    .unwrap();
    let frozen = process.log().len();
    process.cont().await.unwrap();
    until("more output", wait::DEADLINE, async || match process.log().len() {
        more if more > frozen => Ok(()),
        same => Err(same),
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn dropping_the_handle_kills_it_even_if_it_is_frozen() {
    let folder = tempfile::tempdir().unwrap();
    let process = Process::start(shell(folder.path(), "trap '' TERM INT; sleep 600"))
        .await
        .unwrap();
    process.stop().await.unwrap();
    let pid = process.pid();
    assert!(alive(pid));
    drop(process);
    assert!(!alive(pid));
}
