//! The control API under `/_sim/`: what only the person who runs the simulator may do.
//!
//! It is not part of ModelArts and needs no credentials; the server listens on loopback.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    clock::{ClockMode, Millis, stamp},
    faults::Fault,
    message::{Reply, Request},
    refusal::Refusal,
    simulator::{Simulator, refuse, reply},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct ClockChange {
    mode: Option<ClockMode>,
    advance_seconds: Option<u64>,
    skew_seconds: Option<i64>,
}

/// Why a control request is refused.
pub(crate) enum Trouble {
    Mine(u16, String),
    Clouds(Refusal),
}

impl Trouble {
    /// 404: the control API has no such call.
    pub fn unknown(method: &str, request: &Request) -> Self {
        Self::Mine(404, format!("no {method} {}", request.path))
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Clouds(refusal)
    }
}

impl Simulator {
    /// Answers a control request.
    pub(crate) fn control(&mut self, request: &Request, id: &str, wall: Millis) -> Reply {
        let now = self.clock.now(wall);
        self.cloud.settle(now);
        if request.method == "GET" && request.path == "/_sim/ledger" {
            return self.ledger_reply(id, now);
        }
        match self.control_value(request, id, wall, now) {
            Ok(body) => reply(200, &body, id),
            Err(Trouble::Mine(status, message)) => reply(status, &json!({"error": message}), id),
            Err(Trouble::Clouds(refusal)) => refuse(&refusal, id),
        }
    }

    fn control_value(&mut self, request: &Request, id: &str, wall: Millis, now: Millis) -> Result<Value, Trouble> {
        let segments = request.segments();
        let path: Vec<&str> = segments.iter().skip(1).map(String::as_str).collect();
        match (request.method.as_str(), path.as_slice()) {
            ("GET", ["requests"]) => value(self.requests.all()),
            ("GET", ["faults"]) => value(self.faults.list()),
            ("PUT", ["faults"]) => {
                let list: Vec<Fault> = body(request)?;
                self.faults
                    .replace(list)
                    .map_err(|error| Trouble::Mine(400, error.to_string()))?;
                value(self.faults.list())
            }
            ("GET", ["mishaps"]) => value(self.cloud.mishaps()),
            ("PUT", ["mishaps"]) => {
                self.cloud.set_mishaps(body(request)?);
                value(self.cloud.mishaps())
            }
            ("GET", ["profile"]) => value(self.cloud.profile()),
            ("PUT", ["profile"]) => {
                let changes: Value = body(request)?;
                let profile = self
                    .cloud
                    .profile()
                    .merged(&changes)
                    .map_err(|error| Trouble::Mine(400, error))?;
                self.cloud.set_profile(profile);
                value(self.cloud.profile())
            }
            ("GET", ["clock"]) => Ok(self.clock_view(now)),
            ("POST", ["clock"]) => {
                self.change_clock(&body(request)?, wall);
                let now = self.clock.now(wall);
                self.cloud.settle(now);
                Ok(self.clock_view(now))
            }
            (_, path @ ["keys" | "users" | "callers" | "metadata" | "pod-identity", ..]) => {
                self.credential_lever(request, path, now)
            }
            (_, path) => self.lever(request, path, id, now),
        }
    }

    fn change_clock(&mut self, change: &ClockChange, wall: Millis) {
        if let Some(mode) = change.mode {
            self.clock.switch(mode, wall);
        }
        if let Some(seconds) = change.advance_seconds {
            self.clock.advance(seconds.saturating_mul(1000));
        }
        if let Some(seconds) = change.skew_seconds {
            self.clock.set_skew(seconds.saturating_mul(1000));
        }
    }

    fn clock_view(&self, now: Millis) -> Value {
        json!({"now": stamp(now), "mode": self.clock.mode()})
    }

    /// The ledger, one JSON object a line.
    fn ledger_reply(&mut self, id: &str, now: Millis) -> Reply {
        let mut reply = reply(200, &json!({}), id);
        reply.body.clear();
        for entry in self.cloud.ledger(now) {
            // An entry consists of texts and a number, which always serialize.
            reply.body.extend(serde_json::to_vec(entry).unwrap_or_default());
            reply.body.push(b'\n');
        }
        for (name, value) in &mut reply.headers {
            if *name == "Content-Type" {
                "application/x-ndjson".clone_into(value);
            }
        }
        reply
    }
}

/// The body of a control request.
pub(crate) fn body<T: for<'de> Deserialize<'de>>(request: &Request) -> Result<T, Trouble> {
    serde_json::from_slice(&request.body)
        .map_err(|error| Trouble::Mine(400, format!("the body is not as expected: {error}")))
}

/// A part of the simulator as the body of an answer.
pub(crate) fn value<T: Serialize + ?Sized>(of: &T) -> Result<Value, Trouble> {
    serde_json::to_value(of).map_err(|error| Trouble::Mine(500, error.to_string()))
}
