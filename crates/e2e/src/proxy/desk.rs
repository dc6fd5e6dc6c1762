//! The decision over each call that passes: let it go, catch it, or make it wait.
//!
//! Both doors share one desk, because what an operator does after a call to the cloud may be a call
//! to the cluster.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::Body;
use axum::response::Response;
use futures::StreamExt as _;
use http::{HeaderMap, StatusCode};
use tokio::sync::watch;

use super::line::{Answer, Line, no_answer, respond};
use super::{Call, Point};

/// How many calls are remembered.
const LOG: usize = 40;

/// What the test decided about a held call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    Release,
    Drop,
}

/// How far a trap has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Waiting,
    Held,
    /// The far side has answered the call after it was released.
    Answered(StatusCode),
}

type Matches = Box<dyn FnMut(&Call) -> bool + Send>;

/// A trap for one call.
pub struct Trap {
    point: Point,
    matches: Matches,
    progress: watch::Sender<Progress>,
    verdict: watch::Receiver<Option<Verdict>>,
}

/// The test's ends of a trap.
pub struct Ends {
    pub progress: watch::Receiver<Progress>,
    pub verdict: watch::Sender<Option<Verdict>>,
}

impl Trap {
    pub fn new(point: Point, matches: Matches) -> (Self, Ends) {
        let (progress, seen) = watch::channel(Progress::Waiting);
        let (verdict, was_decided) = watch::channel(None);
        let trap = Self {
            point,
            matches,
            progress,
            verdict: was_decided,
        };
        let ends = Ends {
            progress: seen,
            verdict,
        };
        (trap, ends)
    }
}

/// Closed behind a call whose answer was passed on.
struct Gate {
    answered: AtomicBool,
    progress: watch::Sender<Progress>,
    verdict: watch::Receiver<Option<Verdict>>,
}

#[derive(Default)]
struct State {
    trap: Option<Trap>,
    gate: Option<Arc<Gate>>,
    log: VecDeque<String>,
}

/// The desk.
#[derive(Default)]
pub struct Desk(Mutex<State>);

impl Desk {
    pub fn set(&self, trap: Trap) {
        let mut state = self.state();
        (state.trap, state.gate) = (Some(trap), None);
    }

    pub fn clear(&self) {
        let mut state = self.state();
        (state.trap, state.gate) = (None, None);
    }

    pub fn log(&self) -> String {
        self.state().log.iter().cloned().collect::<Vec<_>>().join("\n")
    }

    /// Brings one call to its end.
    pub async fn pass(&self, line: &Line, call: Call, headers: HeaderMap) -> Response {
        let gate = self.state().gate.clone();
        if let Some(gate) = gate {
            if gate.answered.load(Ordering::SeqCst) {
                gate.progress.send_replace(Progress::Held);
            }
            if decided(gate.verdict.clone()).await == Verdict::Drop {
                return no_answer();
            }
        }
        if call.query.contains("watch=") {
            return line.stream(&call, headers).await;
        }
        match self.catch(&call) {
            None => line.stream(&call, headers).await,
            Some(trap) => self.play(trap, line, &call, headers).await,
        }
    }

    /// Writes the call down, and takes the trap if the call falls into it.
    fn catch(&self, call: &Call) -> Option<Trap> {
        let mut state = self.state();
        let caught = state.trap.as_mut().is_some_and(|trap| (trap.matches)(call));
        let mark = if caught { " (held)" } else { "" };
        let line = format!("{:?} {} {} {}{mark}", call.side, call.method, call.path, call.query);
        if state.log.len() == LOG {
            state.log.pop_front();
        }
        state.log.push_back(line);
        if caught { state.trap.take() } else { None }
    }

    async fn play(&self, trap: Trap, line: &Line, call: &Call, headers: HeaderMap) -> Response {
        let Trap {
            point,
            progress,
            verdict,
            ..
        } = trap;
        match point {
            Point::Before => {
                progress.send_replace(Progress::Held);
                match decided(verdict).await {
                    Verdict::Release => {
                        let answer = line.stream(call, headers).await;
                        progress.send_replace(Progress::Answered(answer.status()));
                        answer
                    }
                    Verdict::Drop => no_answer(),
                }
            }
            Point::After => {
                let answer = line.answer(call, headers).await;
                progress.send_replace(Progress::Held);
                match (decided(verdict).await, answer) {
                    (Verdict::Release, Some(answer)) => whole(answer, None),
                    _ => no_answer(),
                }
            }
            Point::Answered => {
                let Some(answer) = line.answer(call, headers).await else {
                    return no_answer();
                };
                let gate = Arc::new(Gate {
                    answered: AtomicBool::new(false),
                    progress,
                    verdict,
                });
                self.state().gate = Some(Arc::clone(&gate));
                whole(answer, Some(PassedOn(gate)))
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Goes with the body of an answer and is dropped once all of it has been written.
struct PassedOn(Arc<Gate>);

impl Drop for PassedOn {
    fn drop(&mut self) {
        self.0.answered.store(true, Ordering::SeqCst);
    }
}

fn whole(answer: Answer, passed_on: Option<PassedOn>) -> Response {
    let Answer { status, headers, body } = answer;
    let stream = futures::stream::iter([Ok::<_, std::convert::Infallible>(body)]).map(move |chunk| {
        let _with_the_body = &passed_on;
        chunk
    });
    respond(status, headers, Body::from_stream(stream))
}

/// The test's decision; a test that has gone away decides to drop.
async fn decided(mut verdict: watch::Receiver<Option<Verdict>>) -> Verdict {
    match verdict.wait_for(Option::is_some).await {
        Ok(verdict) => verdict.unwrap_or(Verdict::Drop),
        Err(_) => Verdict::Drop,
    }
}
