//! The thin layer between sockets and the state machine.
//!
//! It decides nothing: it reads a request, asks the simulator under a lock that is never held
//! across an await, and delivers the reply, or closes the connection if there is to be none.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use axum::{
    Extension, Router,
    body::{Body, to_bytes},
    extract::State,
    http::{HeaderName, HeaderValue, Request as HttpRequest, Response, StatusCode},
};
use axum_server::accept::Accept;
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tower::Layer;

use crate::{
    clock::Millis,
    message::{Delivery, Reply, Request},
    simulator::Simulator,
};

/// The largest body that is read.
const MOST_BODY: usize = 16 * 1024 * 1024;

/// The simulator as all connections share it.
pub(crate) type Shared = Arc<Mutex<Simulator>>;

/// The routes: everything goes to the one handler.
pub(crate) fn router(simulator: Shared) -> Router {
    Router::new().fallback(handle).with_state(simulator)
}

/// The wall time in milliseconds since 1970.
pub(crate) fn wall_time() -> Millis {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

async fn handle(
    State(simulator): State<Shared>,
    Extension(cut): Extension<Cut>,
    request: HttpRequest<Body>,
) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, MOST_BODY).await.ok();
    let target = (parts.method.clone(), parts.uri.clone());
    let headers = parts
        .headers
        .iter()
        .map(|(name, value)| (name.to_string(), value.as_bytes().to_vec()));
    let mut headers: Vec<(String, Vec<u8>)> = headers.collect();
    if !parts.headers.contains_key("host")
        && let Some(authority) = parts.uri.authority()
    {
        // HTTP/2 carries the host in the request target.
        headers.push(("host".to_owned(), authority.as_str().as_bytes().to_vec()));
    }
    let reply = {
        let mut simulator = simulator.lock().unwrap_or_else(PoisonError::into_inner);
        match body {
            None => simulator.too_large(),
            Some(body) => {
                let request = Request {
                    method: parts.method.to_string(),
                    path: parts.uri.path().to_owned(),
                    query: parts.uri.query().unwrap_or_default().to_owned(),
                    headers,
                    body: body.to_vec(),
                };
                simulator.answer(&request, wall_time())
            }
        }
    };
    tracing::info!(
        method = %target.0,
        path = target.1.path(),
        status = reply.status,
        delivery = ?reply.delivery,
        "answered"
    );
    deliver(reply, &cut).await
}

async fn deliver(reply: Reply, cut: &Cut) -> Response<Body> {
    match reply.delivery {
        Delivery::Send => {}
        Delivery::Cut => cut.now(),
        Delivery::CutAfter(wait) => {
            tokio::time::sleep(Duration::from_millis(wait)).await;
            cut.now();
        }
    }
    let mut response = Response::new(Body::from(reply.body));
    *response.status_mut() = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in reply.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(&value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// Closes one connection before anything more is written to it.
#[derive(Debug, Clone, Default)]
pub(crate) struct Cut(Arc<AtomicBool>);

impl Cut {
    fn now(&self) {
        self.0.store(true, Ordering::Release);
    }

    fn done(&self) -> bool {
        self.0.load(Ordering::Acquire)
    }
}

/// Gives each connection a [`Cut`] that its requests can reach.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cuttable;

impl<S> Accept<TcpStream, S> for Cuttable {
    type Stream = CuttableStream;
    type Service = <Extension<Cut> as Layer<S>>::Service;
    type Future = std::future::Ready<io::Result<(Self::Stream, Self::Service)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let cut = Cut::default();
        let service = Extension(cut.clone()).layer(service);
        let stream = stream
            .set_nodelay(true)
            .map(|()| (CuttableStream { stream, cut }, service));
        std::future::ready(stream)
    }
}

/// A connection that refuses to write once it is cut.
#[derive(Debug)]
pub(crate) struct CuttableStream {
    stream: TcpStream,
    cut: Cut,
}

impl AsyncRead for CuttableStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for CuttableStream {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        if self.cut.done() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Pin::new(&mut self.stream).poll_write(context, octets)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
