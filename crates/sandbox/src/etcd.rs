//! The store behind the API server. Nothing is synced to disk: a world does not survive its machine.

use std::path::Path;

use crate::error::{Error, Result};
use crate::process::{Launch, Process};
use crate::{ports, wait};

/// Ports may be taken between the look and the start, by several starting worlds at once.
const TRIES: usize = 5;

/// Starts it in `folder`; gives the process and its client URL.
pub(crate) async fn start(binary: &Path, folder: &Path) -> Result<(Process, String)> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        match try_start(binary, folder, attempt).await {
            Err(Error::Ended { tail, .. }) if attempt < TRIES && ports::taken(&tail) => {}
            other => return other,
        }
    }
}

async fn try_start(binary: &Path, folder: &Path, attempt: usize) -> Result<(Process, String)> {
    let client = format!("http://127.0.0.1:{}", ports::free()?);
    let peer = format!("http://127.0.0.1:{}", ports::free()?);
    let arguments = [
        String::from("--name=sandbox"),
        format!("--data-dir={}", folder.join(format!("etcd-{attempt}")).display()),
        format!("--listen-client-urls={client}"),
        format!("--advertise-client-urls={client}"),
        format!("--listen-peer-urls={peer}"),
        format!("--initial-advertise-peer-urls={peer}"),
        format!("--initial-cluster=sandbox={peer}"),
        String::from("--unsafe-no-fsync"),
        String::from("--log-level=warn"),
    ];
    let log = folder.join(format!("etcd-{attempt}.log"));
    let mut launch = Launch::new("etcd", binary, arguments, log);
    launch.scratch = Some(folder.to_path_buf());
    let process = Process::start(launch).await?;
    let http = crate::http_client(None)?;
    let health = format!("{client}/health");
    wait::until("etcd to be healthy", wait::DEADLINE, async || {
        if let Err(ended) = process.running() {
            return Ok(Err(ended));
        }
        let answer = http.get(&health).send().await.map_err(|e| e.to_string())?;
        let said = answer.text().await.map_err(|e| e.to_string())?;
        if said.contains(r#""health":"true""#) {
            Ok(Ok(()))
        } else {
            Err(said)
        }
    })
    .await??;
    Ok((process, client))
}
