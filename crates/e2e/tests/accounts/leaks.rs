//! Secrets stay where they belong. What logs, metrics and objects show is searched at the end of every
//! scene, of this binary with all that the operator can log; here is what no scene sees.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::Stdio;

use e2e::leaks::{FURTHER_SECRET_KEY, PASSWORD, shown_in};
use sandbox::binaries;
use sandbox::simulator::{self, Simulator};
use sandbox::wait::{self, until};
use serde_json::json;
use tokio::process::{Child, Command};

use crate::STAGE;

/// Runs the operator with a secret in its environment.
async fn run(arguments: &[&str]) -> String {
    let output = Command::new(binaries::operator().await.unwrap())
        .args(arguments)
        .env("HUAWEICLOUD_SDK_SK", FURTHER_SECRET_KEY)
        .env("MODELARTS_OPERATOR_ALLOW_ENDPOINT", "cloud.example")
        .stdin(Stdio::null())
        .output()
        .await
        .unwrap();
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn fault_91_neither_help_nor_a_wrong_command_line_shows_the_environment() {
    STAGE.run(async {
        let help = run(&["--help"]).await;
        assert!(help.contains("--watch-namespace"), "{help}");
        for text in [
            help,
            run(&["--no-such-flag"]).await,
            run(&["--log-filter", "=loud="]).await,
            run(&["--version"]).await,
        ] {
            assert_eq!(shown_in(&text), None);
        }
    });
}

#[test]
fn a_name_and_a_password_log_in_and_are_not_seen() {
    STAGE.play(async |scene| {
        let folder = scene.world.control_plane.folder().join(format!("{}-users", scene.name));
        std::fs::create_dir(&folder).unwrap();
        let options = simulator::Options {
            arguments: vec![String::from("--user=company/robot"), format!("--password={PASSWORD}")],
            ..simulator::Options::default()
        };
        let cloud = Simulator::start(&folder, options).await.unwrap();
        let name = format!("{}-user", scene.name);
        let user = json!({ "domain": "company", "username": "robot", "password": PASSWORD });
        scene.create_secret_of(&name, &user).await;
        let changes = json!({
            "endpoint": cloud.url, "iamEndpoint": cloud.url, "credentials": { "secret": { "name": name } },
        });
        scene.create_account(&name, &changes).await;
        scene.create_ready("train", &json!({ "account": name })).await;
        scene.delete_gone("train").await;
        let deeds: Vec<_> = cloud.ledger().await.unwrap();
        assert_eq!(deeds.len(), 2);
    });
}

/// A shell that allows core dumps of any size and then does this.
fn shell(folder: &Path, command: &str) -> Child {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("ulimit -c unlimited && {command}"));
    shell.current_dir(folder).stderr(Stdio::null()).kill_on_drop(true);
    shell.spawn().unwrap()
}

#[test]
fn fault_91_a_crash_leaves_no_core_dump() {
    STAGE.run(async {
        let folder = tempfile::tempdir().unwrap();
        let control = shell(folder.path(), "kill -ABRT $$").wait().await.unwrap();
        assert!(control.core_dumped(), "this machine leaves no core dumps: {control}");
        // The operator stands still there until somebody writes a kubeconfig.
        let operator = binaries::operator().await.unwrap();
        let stands = format!("mkfifo pipe && exec {} --kubeconfig=pipe", operator.display());
        let mut operator = shell(folder.path(), &stands);
        let process = operator.id().unwrap();
        let forbidden = async || {
            let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).unwrap();
            let core = limits.lines().find(|line| line.starts_with("Max core file size"));
            let words: Vec<&str> = core.unwrap().split_whitespace().collect();
            if words[4..6] == ["0", "0"] {
                Ok(())
            } else {
                Err(words.join(" "))
            }
        };
        let waited = until("core dumps to be forbidden", wait::DEADLINE, forbidden).await;
        waited.unwrap();
        let killed = Command::new("kill")
            .args(["-ABRT", &process.to_string()])
            .status()
            .await;
        assert!(killed.unwrap().success());
        let status = operator.wait().await.unwrap();
        assert!(status.signal().is_some() && !status.core_dumped(), "{status}");
    });
}
