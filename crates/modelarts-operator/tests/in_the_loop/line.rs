//! The lines between the operator and the world: one to the cluster, one to the cloud.
//!
//! Every call takes a moment in each direction, so that calls cross. Each write is an effect; before
//! and after each, the director is asked whether the process lives on. On a dead line nothing moves:
//! what a killed process had sent may still be carried out, and nothing more.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use http::{Method, Request, Response};
use kube::client::Body;
use kube_in_memory::{Connection, Octets};
use modelarts_client::{Carrier, InMemory, Interrupted};
use modelarts_sim::message::{self, Delivery, Reply};
use tower::{Layer, Service};

use crate::director::{Director, Fate, Moment};
use crate::flaws::Flaw;
use crate::world::World;

/// Time of a call in one direction.
pub const LATENCY: Duration = Duration::from_millis(5);

/// The lines of one process.
#[derive(Clone)]
pub struct Line {
    director: Arc<Director>,
    process: u64,
}

impl Line {
    pub fn new(director: Arc<Director>, process: u64) -> Self {
        Self { director, process }
    }

    /// What carries the calls to the cloud.
    pub fn to_cloud(&self, world: &World) -> Carrier {
        let (line, world) = (self.clone(), world.clone());
        Carrier::InMemory(InMemory::for_tests(move |request| {
            let (line, world) = (line.clone(), world.clone());
            async move { line.call_cloud(&world, request).await }
        }))
    }

    async fn call_cloud(&self, world: &World, request: Request<Bytes>) -> Result<Response<Bytes>, Interrupted> {
        let effect = self.begin(request.method(), request.uri().path()).await;
        let message = message_of(&request);
        let reply = world.cloud(|simulator, now| simulator.answer(&message, now));
        self.end(effect).await;
        delivered(reply).await
    }

    /// On the way out. Answers which effect it is, if it is one.
    async fn begin(&self, method: &Method, path: &str) -> Option<usize> {
        self.alive().await;
        tokio::time::sleep(LATENCY).await;
        self.alive().await;
        let effect = is_effect(method, path).then(|| self.director.begin(format!("{method} {path}")));
        if let Some(effect) = effect {
            self.ask(effect, Moment::Before).await;
        }
        effect
    }

    /// On the way back.
    async fn end(&self, effect: Option<usize>) {
        if let Some(effect) = effect {
            self.ask(effect, Moment::After).await;
        }
        tokio::time::sleep(LATENCY).await;
        self.alive().await;
    }

    async fn ask(&self, effect: usize, moment: Moment) {
        if self.director.at(self.process, effect, moment) == Fate::Dies {
            std::future::pending().await
        }
    }

    async fn alive(&self) {
        if !self.director.lives(self.process) {
            std::future::pending().await
        }
    }
}

/// Leases are renewed for ever and change nothing that anybody looks at.
fn is_effect(method: &Method, path: &str) -> bool {
    method != Method::GET && !path.contains("/leases")
}

/// An answer of the cloud as the operator receives it, if it does.
pub async fn delivered(reply: Reply) -> Result<Response<Bytes>, Interrupted> {
    match reply.delivery {
        Delivery::Send => {}
        Delivery::Cut => return Err(Interrupted),
        Delivery::CutAfter(wait) => {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            return Err(Interrupted);
        }
    }
    let mut response = Response::builder().status(reply.status);
    for (name, value) in &reply.headers {
        response = response.header(*name, value);
    }
    Ok(response.body(Bytes::from(reply.body)).unwrap())
}

/// A call as the cloud receives it.
pub fn message_of(request: &Request<Bytes>) -> message::Request {
    let uri = request.uri();
    let mut headers: Vec<(String, Vec<u8>)> = request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()))
        .collect();
    if !request.headers().contains_key("host") {
        headers.push(("host".into(), uri.host().unwrap_or_default().into()));
    }
    message::Request {
        method: request.method().to_string(),
        path: uri.path().to_owned(),
        query: uri.query().unwrap_or_default().to_owned(),
        headers,
        body: request.body().to_vec(),
    }
}

/// The line as a layer of the client of Kubernetes.
#[derive(Clone)]
pub struct Wired {
    pub line: Line,
    /// A fault of the operator that is planted, to see whether it is caught.
    pub flaw: Option<Flaw>,
}

impl Layer<Connection> for Wired {
    type Service = WiredService;

    fn layer(&self, inner: Connection) -> WiredService {
        WiredService {
            inner,
            wired: self.clone(),
        }
    }
}

/// A connection with a line before it.
#[derive(Clone)]
pub struct WiredService {
    inner: Connection,
    wired: Wired,
}

impl WiredService {
    async fn answer(mut self, request: Request<Body>) -> Result<Response<Octets>, io::Error> {
        let line = self.wired.line.clone();
        let effect = line.begin(request.method(), request.uri().path()).await;
        let answer = match &self.wired.flaw {
            None => self.inner.call(request).await,
            Some(flaw) => flaw.answer(request, &mut self.inner).await,
        };
        line.end(effect).await;
        answer
    }
}

impl Service<Request<Body>> for WiredService {
    type Response = Response<Octets>;
    type Error = io::Error;
    type Future = BoxFuture<'static, Result<Response<Octets>, io::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}
