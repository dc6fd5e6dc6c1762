//! A proxy that can hold one call: it stands between an operator and both of its worlds, the API
//! server and the cloud, and stops the clock at an exact point of an exact call.
//!
//! Crash points are hit from outside only: nothing in the operator knows of them, and no test has to
//! guess how long something takes. A call that was forwarded is finished upstream even if its sender
//! dies, as with any real proxy; a call that is held is forwarded only if the test says so. `Host` and
//! every other header that a signature may cover pass through as they came. Where the far side closes
//! without an answer, the proxy answers 502: in doubt either way.

mod desk;
mod line;

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use axum::Router;
use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::{Method, StatusCode};
use sandbox::wait::TimedOut;
use sandbox::{ControlPlane, World};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use desk::{Desk, Progress, Trap};
use line::Line;

/// Which world a call is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// The Kubernetes API server.
    Cluster,
    /// ModelArts.
    Cloud,
}

/// A call as it arrived.
#[derive(Debug, Clone)]
pub struct Call {
    /// Whom it is for.
    pub side: Side,
    /// Its method.
    pub method: Method,
    /// Its path, as sent.
    pub path: String,
    /// Its query, as sent; empty without one.
    pub query: String,
    /// Its body.
    pub body: Bytes,
}

impl Call {
    /// The body, or null if it is no JSON.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }
}

/// Where in a call it is held.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Point {
    /// It has arrived and was not forwarded.
    Before,
    /// It was forwarded and answered; the answer is held back.
    After,
    /// The answer was passed on, and the sender has gone on to its next call, which waits, as do all
    /// others that begin after the answer.
    Answered,
}

/// The proxy. Dropping it closes both of its doors.
pub struct Proxy {
    /// `http://127.0.0.1:PORT`, for a kubeconfig.
    pub cluster: String,
    /// `http://127.0.0.1:PORT`, for an account.
    pub cloud: String,
    desk: Arc<Desk>,
    _doors: JoinSet<()>,
}

impl Proxy {
    /// Opens a door to the control plane and one to the simulator of `world`.
    ///
    /// # Errors
    /// When there is no free port, or the authority of the control plane cannot be used.
    pub async fn start(world: &World) -> anyhow::Result<Self> {
        Self::before(&world.control_plane, &world.simulator.url).await
    }

    /// Opens a door to a control plane and one to the cloud at `cloud`.
    ///
    /// # Errors
    /// As [`Self::start`].
    pub async fn before(control_plane: &ControlPlane, cloud: &str) -> anyhow::Result<Self> {
        let desk = Arc::new(Desk::default());
        let mut doors = JoinSet::new();
        let authority = control_plane.authority_pem.as_bytes();
        let line = Line::new(Side::Cluster, &control_plane.server, Some(authority))?;
        let cluster = open(line, &desk, &mut doors).await?;
        let line = Line::new(Side::Cloud, cloud, None)?;
        let cloud = open(line, &desk, &mut doors).await?;
        Ok(Self {
            cluster,
            cloud,
            desk,
            _doors: doors,
        })
    }

    /// Holds the first call from now on for which `matches` gives true, at `point`. One at a time: a
    /// trap that was set before is gone. Watches are not shown to `matches`.
    pub fn hold(&self, point: Point, matches: impl FnMut(&Call) -> bool + Send + 'static) -> Hold {
        let (trap, ends) = Trap::new(point, Box::new(matches));
        self.desk.set(trap);
        Hold {
            desk: Arc::clone(&self.desk),
            ends,
        }
    }

    /// The last calls, oldest first, for the message of a test that fails.
    #[must_use]
    pub fn last_calls(&self) -> String {
        self.desk.log()
    }
}

/// A trap that is set, or the call in it. Dropping it drops the call.
pub struct Hold {
    desk: Arc<Desk>,
    ends: desk::Ends,
}

impl Hold {
    /// Waits until a call is held.
    ///
    /// # Errors
    /// [`TimedOut`] with the last calls when none is in time.
    pub async fn caught(&mut self, deadline: Duration) -> Result<(), TimedOut> {
        let caught = self.ends.progress.wait_for(|progress| *progress != Progress::Waiting);
        match tokio::time::timeout(deadline, caught).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(TimedOut {
                what: String::from("a call to be held"),
                waited: deadline,
                last: self.desk.log(),
            }),
        }
    }

    /// Lets the held call go on as if nothing had been, also if its sender is gone by now, and waits
    /// until it has come to its end. Gives the far side's answer to a call that was held before it.
    pub async fn release(mut self) -> Option<StatusCode> {
        self.ends.verdict.send_replace(Some(desk::Verdict::Release));
        self.desk.clear();
        // The other end goes when the call has come to its end.
        while self.ends.progress.changed().await.is_ok() {}
        match *self.ends.progress.borrow() {
            Progress::Answered(status) => Some(status),
            Progress::Waiting | Progress::Held => None,
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.desk.clear();
        // After a release this changes nothing: a verdict is final.
        self.ends.verdict.send_if_modified(|verdict| {
            let open = verdict.is_none();
            verdict.get_or_insert(desk::Verdict::Drop);
            open
        });
    }
}

#[derive(Clone)]
struct Door {
    line: Arc<Line>,
    desk: Arc<Desk>,
}

async fn open(line: Line, desk: &Arc<Desk>, doors: &mut JoinSet<()>) -> anyhow::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await.context("opening a door")?;
    let url = format!("http://{}", listener.local_addr()?);
    let door = Door {
        line: Arc::new(line),
        desk: Arc::clone(desk),
    };
    let routes = Router::new().fallback(enter).with_state(door);
    doors.spawn(async move {
        // It ends only with its task.
        let _ = axum::serve(listener, routes).await;
    });
    Ok(url)
}

/// The call goes its way in a task of its own, so that its sender's death does not end it.
async fn enter(State(door): State<Door>, request: Request) -> Response {
    let Ok((call, headers)) = line::read(door.line.side, request).await else {
        return line::no_answer();
    };
    let way = tokio::spawn(async move { door.desk.pass(&door.line, call, headers).await });
    way.await.unwrap_or_else(|_| line::no_answer())
}
