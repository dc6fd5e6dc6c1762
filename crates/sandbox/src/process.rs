//! A child process with a log, that can be signalled and that never outlives its handle.
//!
//! The child is held by a supervisor process (see [`crate::supervise`]); this is the other end of the
//! dialogue. Dropping the handle kills the child and waits until it is gone.

use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tokio::sync::watch;
use tokio::time::timeout;

use crate::binaries;
use crate::error::{Error, Result};
use crate::wait::TimedOut;

/// SIGKILL needs no cooperation; only a machine in deep trouble takes longer.
const KILL_DEADLINE: Duration = Duration::from_secs(30);
/// How many lines of a log an error shows.
const TAIL: usize = 25;

/// What to start.
#[derive(Debug, Clone)]
pub struct Launch {
    /// For messages.
    pub name: String,
    /// The program's path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
    /// Variables added to the inherited environment.
    pub env: Vec<(String, OsString)>,
    /// The working directory; `None` inherits ours.
    pub directory: Option<PathBuf>,
    /// Gets standard output and standard error, appended.
    pub log: PathBuf,
    /// A folder that the supervisor removes if we are killed before we can do it.
    pub scratch: Option<PathBuf>,
}

impl Launch {
    /// A launch without extra environment, directory or scratch folder.
    pub fn new(
        name: impl Into<String>,
        program: impl Into<PathBuf>,
        args: impl IntoIterator<Item = impl Into<OsString>>,
        log: impl Into<PathBuf>,
    ) -> Self {
        Self {
            name: name.into(),
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            directory: None,
            log: log.into(),
            scratch: None,
        }
    }
}

/// How a child ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It returned this code.
    Code(i32),
    /// This signal ended it.
    Signal(i32),
    /// Its supervisor vanished without a word.
    Unknown,
}

impl fmt::Display for Exit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Code(code) => write!(f, "exit code {code}"),
            Self::Signal(signal) => write!(f, "signal {signal}"),
            Self::Unknown => f.write_str("unknown exit"),
        }
    }
}

/// What the supervisor has said so far.
#[derive(Debug, Clone, Default)]
struct Heard {
    pid: Option<u32>,
    failed: Option<String>,
    sent: u64,
    exit: Option<Exit>,
}

/// A running (or ended) child.
#[derive(Debug)]
pub struct Process {
    name: String,
    log: PathBuf,
    pid: u32,
    heard: watch::Receiver<Heard>,
    orders: tokio::sync::Mutex<Option<ChildStdin>>,
    supervisor: Mutex<Child>,
}

impl Process {
    /// Starts the child and waits until it runs (not until it serves).
    ///
    /// # Errors
    /// When the supervisor is missing or the program cannot be executed.
    pub async fn start(launch: Launch) -> Result<Self> {
        let supervisor = binaries::supervisor().await?;
        let log = File::options()
            .create(true)
            .append(true)
            .open(&launch.log)
            .map_err(Error::io(format!("opening {}", launch.log.display())))?;
        let mut command = Command::new(supervisor);
        command.arg("supervise");
        if let Some(folder) = &launch.scratch {
            command.arg("--scratch").arg(folder);
        }
        command.arg("--").arg(&launch.program).args(&launch.args);
        command.envs(launch.env);
        if let Some(directory) = &launch.directory {
            command.current_dir(directory);
        }
        let mut supervisor = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(log)
            .process_group(0)
            .spawn()
            .map_err(Error::io(format!("starting {}", launch.name)))?;
        let orders = supervisor.stdin.take();
        let (sender, mut heard) = watch::channel(Heard::default());
        if let Some(out) = supervisor.stdout.take() {
            std::thread::spawn(move || listen(out, &sender));
        }
        let begun = heard
            .wait_for(|h| h.pid.is_some() || h.failed.is_some() || h.exit.is_some())
            .await
            .map(|h| h.clone())
            .unwrap_or_default();
        let Some(pid) = begun.pid else {
            return Err(Error::NotStarted {
                name: launch.name,
                problem: begun.failed.unwrap_or_else(|| tail_of(&launch.log, TAIL)),
            });
        };
        Ok(Self {
            name: launch.name,
            log: launch.log,
            pid,
            heard,
            orders: tokio::sync::Mutex::new(orders),
            supervisor: Mutex::new(supervisor),
        })
    }

    /// The name given at launch.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The child's own pid. It may be somebody else's once the child has ended.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.pid
    }

    /// How it ended; `None` while it runs.
    #[must_use]
    pub fn exit_status(&self) -> Option<Exit> {
        self.heard.borrow().exit
    }

    /// `Ok` while it runs.
    ///
    /// # Errors
    /// [`Error::Ended`] with the end of the log.
    pub fn running(&self) -> Result<()> {
        match self.exit_status() {
            None => Ok(()),
            Some(exit) => Err(Error::Ended {
                name: self.name.clone(),
                exit,
                tail: self.log_tail(TAIL),
            }),
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    /// [`TimedOut`] when it still runs at the deadline.
    pub async fn wait(&self, deadline: Duration) -> Result<Exit> {
        let mut heard = self.heard.clone();
        match timeout(deadline, heard.wait_for(|h| h.exit.is_some())).await {
            Ok(Ok(heard)) => Ok(heard.exit.unwrap_or(Exit::Unknown)),
            Ok(Err(_)) => Ok(Exit::Unknown),
            Err(_) => Err(Error::TimedOut(TimedOut {
                what: format!("the end of {}", self.name),
                waited: deadline,
                last: format!("still running as {}\n{}", self.pid, self.log_tail(TAIL)),
            })),
        }
    }

    /// SIGKILL, then waits until it is gone.
    ///
    /// # Errors
    /// When it is still there after half a minute.
    pub async fn kill(&self) -> Result<Exit> {
        self.signal("kill").await?;
        self.wait(KILL_DEADLINE).await
    }

    /// SIGTERM, then waits until it has ended by itself.
    ///
    /// # Errors
    /// When it still runs at the deadline; it is not killed then.
    pub async fn terminate(&self, deadline: Duration) -> Result<Exit> {
        self.signal("term").await?;
        self.wait(deadline).await
    }

    /// SIGSTOP: the process freezes, its connections stay open. Sent when this returns.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub async fn stop(&self) -> Result<()> {
        self.signal("stop").await
    }

    /// SIGCONT: the process goes on as if no time had passed. Sent when this returns.
    ///
    /// # Errors
    /// When the supervisor does not answer.
    pub async fn cont(&self) -> Result<()> {
        self.signal("cont").await
    }

    /// All it has written so far.
    #[must_use]
    pub fn log(&self) -> String {
        read_lossy(&self.log)
    }

    /// The last `lines` lines it has written.
    #[must_use]
    pub fn log_tail(&self, lines: usize) -> String {
        tail_of(&self.log, lines)
    }

    /// Where its output goes.
    #[must_use]
    pub fn log_path(&self) -> &Path {
        &self.log
    }

    /// Asks the supervisor for a signal and waits until it has been sent. A child that has ended
    /// already needs none.
    async fn signal(&self, order: &str) -> Result<()> {
        // The lock is held until the answer: answers are counted, so orders must not overlap.
        let mut orders = self.orders.lock().await;
        let mut heard = self.heard.clone();
        let before = heard.borrow_and_update().clone();
        let Some(pipe) = orders.as_mut().filter(|_| before.exit.is_none()) else {
            return Ok(());
        };
        // A broken pipe means that the supervisor has just gone, and the child before it.
        let _ = writeln!(pipe, "{order}");
        let answered = heard.wait_for(|h| h.sent > before.sent || h.exit.is_some());
        match timeout(KILL_DEADLINE, answered).await {
            Ok(_) => Ok(()),
            Err(_) => Err(Error::TimedOut(TimedOut {
                what: format!("the supervisor of {} to send {order}", self.name),
                waited: KILL_DEADLINE,
                last: String::from("no answer"),
            })),
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Closing the pipe is the order to kill; then see it through, so that ports and files are
        // free when the handle is gone. This blocks for milliseconds.
        *self.orders.get_mut() = None;
        let Ok(supervisor) = self.supervisor.get_mut() else {
            return;
        };
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if !matches!(supervisor.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = supervisor.kill();
        let _ = supervisor.wait();
    }
}

/// Follows what the supervisor says, until it ends.
fn listen(out: ChildStdout, heard: &watch::Sender<Heard>) {
    for line in BufReader::new(out).lines().map_while(std::io::Result::ok) {
        let (word, rest) = line.split_once(' ').unwrap_or((&line, ""));
        heard.send_modify(|h| match (word, rest.parse::<i32>()) {
            ("started", Ok(pid)) => h.pid = u32::try_from(pid).ok(),
            ("code", Ok(code)) => h.exit = Some(Exit::Code(code)),
            ("signal", Ok(signal)) => h.exit = Some(Exit::Signal(signal)),
            ("sent", _) => h.sent += 1,
            ("failed", _) => h.failed = Some(rest.to_owned()),
            _ => {}
        });
    }
    heard.send_modify(|h| h.exit = h.exit.or(Some(Exit::Unknown)));
}

fn tail_of(log: &Path, lines: usize) -> String {
    let text = read_lossy(log);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].join("\n")
}

fn read_lossy(log: &Path) -> String {
    fs::read(log)
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .unwrap_or_default()
}
