//! The simulated cloud as a process, and its control API with types.
//!
//! The simulator is spoken to over HTTP only, like the real cloud: this crate does not link it, so
//! that no test can reach behind the contract.

use std::path::{Path, PathBuf};
use std::time::Duration;

use reqwest::{Method, RequestBuilder};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::process::{Launch, Process};
use crate::{binaries, wait};

mod calls;

pub use calls::{Caller, Fault, LedgerEntry, Tally};

/// Its control API answers from memory.
const CALL_DEADLINE: Duration = Duration::from_secs(30);

/// The project of the sandbox. Examples name its network, whose ID ends in it.
pub const PROJECT: &str = "86c13962597848eeb29c5861153a391f";
/// The access key of the sandbox. Everybody can see that it is made up.
pub const ACCESS_KEY: &str = "AKEXAMPLE";
/// The secret key that belongs to it.
pub const SECRET_KEY: &str = "SKEXAMPLE-made-up-for-the-sandbox";

/// Who may call it, and for which project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The access key.
    pub access: String,
    /// The secret key that belongs to it.
    pub secret: String,
    /// The ID of the project it is good for.
    pub project: String,
}

impl Default for Key {
    /// The key of the sandbox.
    fn default() -> Self {
        Self {
            access: ACCESS_KEY.to_owned(),
            secret: SECRET_KEY.to_owned(),
            project: PROJECT.to_owned(),
        }
    }
}

/// How to start it.
#[derive(Debug, Clone)]
pub struct Options {
    /// The keys it knows. The first one is the account's in a [`crate::World`].
    pub keys: Vec<Key>,
    /// Put over its profile at the start, for example `{"createSeconds": 1}`.
    pub profile: Value,
    /// More command line, as it is.
    pub arguments: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            keys: vec![Key::default()],
            profile: json!({}),
            arguments: Vec::new(),
        }
    }
}

/// A running simulator. Dropping it ends it, and its cloud with it.
#[derive(Debug)]
pub struct Simulator {
    /// `http://127.0.0.1:PORT`.
    pub url: String,
    process: Process,
    http: reqwest::Client,
}

impl Simulator {
    /// Starts the workspace's simulator with its log in `folder`.
    ///
    /// # Errors
    /// When it does not build, start, or accept the profile.
    pub async fn start(folder: &Path, options: Options) -> Result<Self> {
        let binary = binaries::simulator().await?;
        let process = Process::start(launch(binary, folder, &options)).await?;
        let listening = wait::until("the simulator to listen", wait::DEADLINE, async || {
            if let Err(ended) = process.running() {
                return Ok(Err(ended));
            }
            let log = process.log();
            log.lines().find_map(address).map(Ok).ok_or(log)
        });
        let url = listening.await??;
        let simulator = Self {
            url,
            process,
            http: crate::http_client(Some(CALL_DEADLINE))?,
        };
        if options.profile.as_object().is_some_and(|map| !map.is_empty()) {
            simulator.set_profile(&options.profile).await?;
        }
        Ok(simulator)
    }

    /// The process, to be killed or frozen.
    #[must_use]
    pub fn process(&self) -> &Process {
        &self.process
    }

    /// Any call of the control API, for what has no method here; gives the body as text.
    ///
    /// # Errors
    /// As [`Self::ledger`].
    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Result<String> {
        let doing = format!("{method} /_sim/{path}");
        let mut request: RequestBuilder = self.http.request(method, format!("{}/_sim/{path}", self.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.map_err(Error::simulator(doing.clone()))?;
        let status = answer.status();
        let text = answer.text().await.map_err(Error::simulator(doing.clone()))?;
        if status.is_success() {
            return Ok(text);
        }
        Err(Error::Malformed {
            doing,
            problem: format!("{status}: {text}"),
        })
    }

    async fn read<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        let text = self.call(Method::GET, path, None).await?;
        serde_json::from_str(&text).map_err(Error::malformed(format!("reading /_sim/{path}")))
    }
}

fn launch(binary: PathBuf, folder: &Path, options: &Options) -> Launch {
    let mut arguments = vec![String::from("--listen=127.0.0.1:0")];
    for key in &options.keys {
        let Key {
            access,
            secret,
            project,
        } = key;
        arguments.push(format!("--ak={access}"));
        arguments.push(format!("--sk={secret}"));
        arguments.push(format!("--project={project}"));
    }
    arguments.extend(options.arguments.iter().cloned());
    let log = folder.join("simulator.log");
    let mut launch = Launch::new("modelarts-sim", binary, arguments, log);
    launch.env.push((String::from("NO_COLOR"), "1".into()));
    launch
}

/// The address in the line that the simulator prints when it is up.
fn address(line: &str) -> Option<String> {
    let said: Value = serde_json::from_str(line).ok()?;
    Some(said.get("listening")?.as_str()?.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_found_among_other_lines() {
        let log = "starting\n{\"level\":\"info\"}\n{\"listening\": \"http://127.0.0.1:7/\"}\n";
        let found: Vec<_> = log.lines().filter_map(address).collect();
        assert_eq!(found, ["http://127.0.0.1:7"]);
    }
}
