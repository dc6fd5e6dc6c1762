//! The whole service as one state machine: a request and the wall time go in, a reply comes out.
//!
//! The order of the stages is that of the real thing: gateway faults, credentials, project, the
//! operation, and what may happen to its answer on the way back. A fault that loses an answer
//! strikes after the change is in the ledger, never before.

use serde_json::{Value, json};

use crate::{
    accounts::{Accounts, Caller, Key, User},
    agencies::{Agencies, POD_TOKEN},
    chance::Chance,
    clock::{Clock, ClockMode, Millis, http_date},
    cloud::Cloud,
    damage,
    faults::{FaultKind, Faults, Strike},
    iam,
    ledger::{Counted, Requests, Trace},
    message::{Delivery, Reply, Request},
    operation::{Call, Kind, Operation, route},
    permissions::Actions,
    pools::ListQuery,
    profile::Profile,
    refusal::Refusal,
};

/// The project of users when no key names one; the one of the published examples.
const SPARE_PROJECT: &str = "86c13962597848eeb29c5861153a391f";

/// What a simulator starts with.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The region; the name of each caller's first project.
    pub region: String,
    /// Access keys and their projects.
    pub keys: Vec<Key>,
    /// Users with a password.
    pub users: Vec<User>,
    /// Whom only some actions are granted: an access key ID, `DOMAIN/NAME` of a user, `metadata` or
    /// `pod-identity`, and which.
    pub grants: Vec<(String, Actions)>,
    /// How long the keys of metadata and pod identity live, in seconds.
    pub credential_seconds: u64,
    /// The token that pod identity asks for.
    pub pod_token: String,
    /// The settings.
    pub profile: Profile,
    /// How simulated time passes.
    pub clock: ClockMode,
    /// Decides generated names, and which calls a fault with a probability strikes.
    pub seed: u64,
    /// Whether there is what asks for no credentials: the control API, metadata and pod identity.
    pub control: bool,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            region: "cn-north-4".to_owned(),
            keys: Vec::new(),
            users: Vec::new(),
            grants: Vec::new(),
            credential_seconds: 3600,
            pod_token: POD_TOKEN.to_owned(),
            profile: Profile::default(),
            clock: ClockMode::Real,
            seed: 1,
            control: true,
        }
    }
}

/// The simulated service.
#[derive(Debug, Clone)]
pub struct Simulator {
    /// Pools, networks and all that belongs to them.
    pub cloud: Cloud,
    /// Credentials.
    pub accounts: Accounts,
    /// Who hands out temporary ones.
    pub agencies: Agencies,
    /// Faults that are switched on.
    pub faults: Faults,
    /// The clock.
    pub clock: Clock,
    pub(crate) requests: Requests,
    ids: Chance,
    flaps: u64,
    control: bool,
}

/// A good answer before it is turned into a reply.
struct Answer {
    status: u16,
    token: Option<String>,
    body: Value,
}

impl Simulator {
    /// A simulator at the given wall time.
    #[must_use]
    pub fn new(setup: Setup, wall: Millis) -> Self {
        let Setup {
            region,
            keys,
            users,
            grants,
            credential_seconds,
            pod_token,
            profile,
            clock,
            seed,
            control,
        } = setup;
        let mut accounts = Accounts::new(&region, keys, users, SPARE_PROJECT, seed ^ 2);
        for (principal, actions) in grants {
            accounts.allow(&principal, actions);
        }
        let mut cloud = Cloud::new(profile, seed);
        for project in accounts.projects() {
            cloud.add_project(&project.id, wall);
        }
        Self {
            cloud,
            accounts,
            agencies: Agencies::new(credential_seconds, pod_token, seed ^ 4),
            faults: Faults::new(seed ^ 1),
            clock: Clock::new(clock, wall),
            requests: Requests::default(),
            ids: Chance::new(seed ^ 3),
            flaps: 0,
            control,
        }
    }

    /// Answers any request, control requests included.
    pub fn answer(&mut self, request: &Request, wall: Millis) -> Reply {
        let id = self.ids.hex32();
        if request.path.starts_with("/_sim/") && self.control {
            return self.control(request, &id, wall);
        }
        let call = route(request).filter(|call| self.control || !call.operation.hands_out_keys());
        let operation = call.as_ref().map(|call| call.operation);
        let caller = self.accounts.claimed(request);
        let strike = operation.and_then(|operation| self.faults.strike(operation));
        let mut reply = match call {
            None => refuse(&Refusal::no_such_api(), &id),
            Some(call) => self.serve(request, call, strike, &id, wall),
        };
        reply.headers.push(("Date", http_date(self.clock.gateway(wall))));
        let tally = self.requests.tally(operation);
        tally.count += 1;
        tally.rejected += u64::from(reply.status >= 400);
        tally.faults += u64::from(strike.is_some());
        if let Some(caller) = caller {
            let counted = Counted {
                operation,
                status: reply.status,
                struck: strike.is_some(),
            };
            self.requests.count_caller(caller, counted);
        }
        reply
    }

    /// The reply to a request that is too large to be read.
    pub fn too_large(&mut self) -> Reply {
        refuse(&Refusal::too_large(), &self.ids.hex32())
    }

    fn serve(&mut self, request: &Request, call: Call, strike: Option<Strike>, id: &str, wall: Millis) -> Reply {
        if let Some(reply) = strike.and_then(|strike| gateway_fault(strike, request, id)) {
            return reply;
        }
        let now = self.clock.now(wall);
        let caller = match self.admit(request, &call, now, wall) {
            Ok(caller) => caller,
            Err(refusal) => return refuse(&refusal, id),
        };
        match strike {
            Some(Strike {
                kind: FaultKind::SoldOut,
                ..
            }) => refuse(&Refusal::sold_out(&first_flavor(&call)), id),
            Some(Strike {
                kind: FaultKind::DelayedCommit,
                seconds,
            }) => {
                if call.operation.kind() == Kind::Write {
                    let due = now.saturating_add(seconds.unwrap_or(5).saturating_mul(1000));
                    self.cloud.execute_later(call, id, due);
                }
                reply(200, &json!({}), id).undelivered(Delivery::Cut)
            }
            _ => self.perform(request, &call, &caller, strike, id, now),
        }
    }

    /// Checks credentials, project and permission. Who asks for credentials needs none of them.
    fn admit(&mut self, request: &Request, call: &Call, now: Millis, wall: Millis) -> Result<Caller, Refusal> {
        if call.operation.hands_out_credentials() {
            return Ok(Caller {
                projects: Vec::new(),
                principal: String::new(),
            });
        }
        let gateway = self.clock.gateway(wall);
        let caller = self.accounts.authenticate(request, now, gateway)?;
        if !call.project.is_empty() {
            let declared = request.header("x-project-id");
            let differs = declared.is_some_and(|declared| declared != call.project);
            if differs || !caller.projects.contains(&call.project) {
                return Err(Refusal::foreign_project());
            }
        }
        self.accounts.terms(&caller.principal).permit(call.operation)?;
        Ok(caller)
    }

    fn perform(
        &mut self,
        request: &Request,
        call: &Call,
        caller: &Caller,
        strike: Option<Strike>,
        id: &str,
        now: Millis,
    ) -> Reply {
        let kind = strike.map(|strike| strike.kind);
        let outcome = match kind {
            Some(FaultKind::LostAnswer) => "lostAnswer",
            Some(FaultKind::ErrorAfterCommit) => "errorAfterCommit",
            Some(FaultKind::Malformed) => "malformed",
            _ => "accepted",
        };
        let trace = Trace {
            operation: call.operation.name(),
            request_id: id,
            outcome,
        };
        let result = match call.operation {
            Operation::CreateMetadataToken | Operation::ShowSecurityKey | Operation::CreatePodCredential => {
                self.hand_out(call.operation, request, now)
            }
            _ => self.dispatch(call, caller, strike, trace, now),
        };
        match kind {
            Some(FaultKind::LostAnswer) => reply(200, &json!({}), id).undelivered(Delivery::Cut),
            Some(FaultKind::ErrorAfterCommit) => refuse(&Refusal::internal(), id),
            _ => match result {
                Err(refusal) => refuse(&refusal, id),
                Ok(mut answer) => {
                    if let Some(kind) = kind {
                        self.flaps += u64::from(kind == FaultKind::PhaseFlap);
                        damage::to_answer(&mut answer.body, kind, self.flaps);
                    }
                    let mut reply = reply(answer.status, &answer.body, id);
                    reply
                        .headers
                        .extend(answer.token.map(|token| ("X-Subject-Token", token)));
                    if kind == Some(FaultKind::Malformed) {
                        reply.body.truncate(reply.body.len() / 2);
                    }
                    reply
                }
            },
        }
    }

    /// Metadata and pod identity, whose headers count and which ModelArts knows nothing of.
    fn hand_out(&mut self, operation: Operation, request: &Request, now: Millis) -> Result<Answer, Refusal> {
        let (agencies, accounts) = (&mut self.agencies, &mut self.accounts);
        let body = match operation {
            Operation::CreateMetadataToken => Value::String(agencies.open_session(request, now)?),
            Operation::CreatePodCredential => agencies.pod_credential(request, accounts, now)?,
            _ => agencies.security_key(request, accounts, now)?,
        };
        Ok(Answer {
            status: 200,
            token: None,
            body,
        })
    }

    fn dispatch(
        &mut self,
        call: &Call,
        caller: &Caller,
        strike: Option<Strike>,
        trace: Trace<'_>,
        now: Millis,
    ) -> Result<Answer, Refusal> {
        let ok = |body| Answer {
            status: 200,
            token: None,
            body,
        };
        let lag = strike
            .filter(|strike| strike.kind == FaultKind::ListLag)
            .map(|strike| strike.seconds.unwrap_or(5).saturating_mul(1000));
        match call.operation {
            Operation::CreateToken => {
                let (token, body) = iam::create_token(&mut self.accounts, call, now)?;
                Ok(Answer {
                    status: 201,
                    token: Some(token),
                    body,
                })
            }
            Operation::ListProjects | Operation::ListAuthProjects => {
                Ok(ok(iam::list_projects(&self.accounts, caller, call)))
            }
            Operation::ListAuthDomains => Ok(ok(iam::list_domains())),
            Operation::UnsubscribeResources => {
                let body = self.cloud.unsubscribe(&caller.projects, &call.body, trace, now)?;
                Ok(ok(body))
            }
            Operation::ListSubscriptions => {
                let body = self.cloud.subscriptions(&caller.projects, &call.body, now)?;
                Ok(ok(body))
            }
            _ => {
                let body = self.cloud.execute(call, trace, now)?;
                let Some(lag) = lag else {
                    return Ok(ok(body));
                };
                if call.operation == Operation::CreatePool {
                    let id = body["metadata"]["name"].as_str().unwrap_or_default();
                    self.cloud.hide_in_lists(&call.project, id, now.saturating_add(lag));
                    return Ok(ok(body));
                }
                let query = ListQuery {
                    hide_younger: lag,
                    ..ListQuery::of(call)
                };
                self.cloud.list(&call.project, &query, now).map(ok)
            }
        }
    }
}

/// Faults that strike before anybody looks at the credentials.
fn gateway_fault(strike: Strike, request: &Request, id: &str) -> Option<Reply> {
    let refusal = match strike.kind {
        FaultKind::Hang => {
            let wait = strike.seconds.unwrap_or(3600).saturating_mul(1000);
            return Some(reply(504, &json!({}), id).undelivered(Delivery::CutAfter(wait)));
        }
        FaultKind::Html503 => {
            let mut reply = reply(503, &json!({}), id);
            reply.body = b"<html><body><h1>503 Service Unavailable</h1></body></html>".to_vec();
            for (name, value) in &mut reply.headers {
                if *name == "Content-Type" {
                    "text/html".clone_into(value);
                }
            }
            return Some(reply);
        }
        FaultKind::Throttle => {
            let mut reply = refuse(&Refusal::throttled(), id);
            let wait = strike.seconds.map(|seconds| ("Retry-After", seconds.to_string()));
            reply.headers.extend(wait);
            return Some(reply);
        }
        FaultKind::ServerError => Refusal::internal(),
        FaultKind::Gateway404 => Refusal::no_such_api(),
        FaultKind::ExpiredCredentials if request.header("x-auth-token").is_some() => {
            Refusal::unauthenticated("The token must be updated")
        }
        FaultKind::ExpiredCredentials => Refusal::unauthenticated("security token expires"),
        _ => return None,
    };
    Some(refuse(&refusal, id))
}

fn first_flavor(call: &Call) -> String {
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let flavor = body["spec"]["resources"][0]["flavor"].as_str();
    flavor.unwrap_or("asked for").to_owned()
}

pub(crate) fn refuse(refusal: &Refusal, id: &str) -> Reply {
    reply(refusal.status, &refusal.body(id), id)
}

/// A reply with a body of JSON, or of plain text where the body is one text: only the metadata
/// service's session token is.
pub(crate) fn reply(status: u16, body: &Value, id: &str) -> Reply {
    let (media, body) = match body {
        Value::String(text) => ("text/plain", text.clone()),
        body => ("application/json", body.to_string()),
    };
    Reply {
        status,
        headers: vec![("X-Request-Id", id.to_owned()), ("Content-Type", media.to_owned())],
        body: body.into_bytes(),
        delivery: Delivery::Send,
    }
}
