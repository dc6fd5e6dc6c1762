//! A connection to the server: kube's requests in, answers out.

use std::io;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::address::Address;
use crate::jsonpatch::MergePatch;
use crate::metadata::text;
use crate::refusal::Refusal;
use crate::request::{Part, Patch, Preconditions};
use crate::resource::Scope;
use crate::server::ApiServer;
use crate::store::{Deleted, Key};
use crate::view::View;
use crate::watching::{Octets, Watching};

/// A connection: a service that `kube::Client::new` takes.
#[derive(Clone)]
pub struct Connection {
    server: ApiServer,
    view: View,
}

/// In which form objects are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// As they are.
    Whole,
    /// Their metadata.
    Metadata,
}

impl Form {
    fn wanted(headers: &HeaderMap) -> Self {
        let accept = headers.get(ACCEPT).and_then(|value| value.to_str().ok());
        if accept.is_some_and(|accept| accept.contains("as=PartialObjectMetadata")) {
            Self::Metadata
        } else {
            Self::Whole
        }
    }

    /// An object in this form.
    pub(crate) fn object(self, object: &Value) -> Value {
        match self {
            Self::Whole => object.clone(),
            Self::Metadata => json!({
                "apiVersion": "meta.k8s.io/v1", "kind": "PartialObjectMetadata", "metadata": object["metadata"],
            }),
        }
    }
}

/// An answer that is there at once.
type Answer = Result<(u16, Value), Refusal>;

impl Connection {
    pub(crate) fn new(server: ApiServer, view: View) -> Self {
        Self { server, view }
    }

    /// What this connection is shown.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    async fn answer(self, request: Request<Body>) -> Result<Response<Octets>, io::Error> {
        let (head, body) = request.into_parts();
        let body = body.collect_bytes().await.map_err(io::Error::other)?;
        let address = self.server.read(|store| Address::parse(&head.uri, store));
        let form = Form::wanted(&head.headers);
        let answer = match address {
            Err(refusal) => Err(refusal),
            Ok(address) if address.parameter("watch").is_some_and(|watch| watch != "false") => {
                match self.watch(address, form) {
                    Ok(body) => return respond(200, body),
                    Err(refusal) => Err(refusal),
                }
            }
            Ok(address) => self.carry_out(&head.method, &head.headers, &address, &body, form),
        };
        let (code, body) = answer.unwrap_or_else(|refusal| (refusal.code, refusal.body()));
        respond(code, Octets::whole(body.to_string().into_bytes()))
    }

    fn watch(&self, address: Address, form: Form) -> Result<Octets, Refusal> {
        let seconds = address.number("timeoutSeconds")?;
        let after = address.number("resourceVersion")?.filter(|version| *version > 0);
        Ok(Watching {
            server: self.server.clone(),
            view: self.view.clone(),
            form,
            after,
            bookmarks: true,
            ends: seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds)),
            resource: address.resource,
            namespace: address.namespace,
        }
        .into_body())
    }

    fn carry_out(&self, method: &Method, headers: &HeaderMap, address: &Address, body: &[u8], form: Form) -> Answer {
        let key = |name: &str| Key::new(&address.resource.plural, &address.namespace, name);
        match (method.as_str(), address.name.as_deref()) {
            ("GET", Some(name)) => {
                let object = self.server.read(|store| store.get(&key(name)))?;
                Ok((200, form.object(&object)))
            }
            ("GET", None) => self.list(address, form),
            ("POST", None) => {
                let object = json(body)?;
                let name = text(&object, "name").to_owned();
                if name.is_empty() {
                    return Err(Refusal::unsupported("generated names"));
                }
                if address.resource.scope == Scope::Namespaced && address.namespace.is_empty() {
                    return Err(Refusal::no_such_path());
                }
                let made = self.server.write(|store, now| store.create(&key(&name), object, now))?;
                Ok((201, form.object(&made)))
            }
            ("PUT", Some(name)) => {
                let object = json(body)?;
                let (made, object) = self
                    .server
                    .write(|store, now| store.replace(&key(name), object, address.part, now))?;
                Ok((if made { 201 } else { 200 }, form.object(&object)))
            }
            ("PATCH", Some(name)) => {
                let patch = patch(headers, body)?;
                let patched = self
                    .server
                    .write(|store, _| store.patch(&key(name), &patch, address.part))?;
                Ok((200, form.object(&patched)))
            }
            ("DELETE", Some(name)) if address.part == Part::Main => {
                let only_if = preconditions(body)?;
                let deleted = self
                    .server
                    .write(|store, now| store.delete(&key(name), &only_if, now))?;
                Ok((200, ended(address, name, deleted)))
            }
            _ => Err(Refusal::unsupported(&format!("{method} here"))),
        }
    }

    fn list(&self, address: &Address, form: Form) -> Answer {
        if address
            .parameter("resourceVersionMatch")
            .is_some_and(|rule| rule != "NotOlderThan")
        {
            return Err(Refusal::unsupported("lists of an exact version"));
        }
        let resource = &address.resource;
        let start = address.parameter("continue").map(Page::parse).transpose()?;
        let limit = address.number("limit")?.filter(|limit| *limit > 0);
        let (version, oldest, mut objects) = self.server.read(|store| {
            let version = start
                .as_ref()
                .map_or(self.view.newest(store.version()), |page| page.version);
            (
                version,
                store.oldest(),
                store.list(&resource.plural, &address.namespace, version),
            )
        });
        if let Some(page) = &start {
            if page.version < oldest {
                return Err(Refusal::expired(page.version, oldest));
            }
            objects.retain(|(key, _)| (key.namespace.as_str(), key.name.as_str()) > (&page.namespace, &page.name));
        }
        let mut metadata = json!({"resourceVersion": version.to_string()});
        let limit = limit
            .and_then(|limit| usize::try_from(limit).ok())
            .unwrap_or(usize::MAX);
        if objects.len() > limit {
            metadata["remainingItemCount"] = json!(objects.len() - limit);
            objects.truncate(limit);
            if let Some((last, _)) = objects.last() {
                metadata["continue"] = json!(format!("{version}/{}/{}", last.namespace, last.name));
            }
        }
        let items: Vec<Value> = objects.iter().map(|(_, object)| form.object(object)).collect();
        let (api_version, kind) = match form {
            Form::Whole => (resource.api_version(), format!("{}List", resource.kind)),
            Form::Metadata => ("meta.k8s.io/v1".to_owned(), "PartialObjectMetadataList".to_owned()),
        };
        Ok((
            200,
            json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "items": items}),
        ))
    }
}

/// Where the next page of a list begins: all pages are of one version.
struct Page {
    version: u64,
    namespace: String,
    name: String,
}

impl Page {
    fn parse(token: &str) -> Result<Self, Refusal> {
        let parts: Vec<&str> = token.split('/').collect();
        match parts.as_slice() {
            [version, namespace, name] => Ok(Self {
                version: version.parse().map_err(|_| invalid_page())?,
                namespace: (*namespace).to_owned(),
                name: (*name).to_owned(),
            }),
            _ => Err(invalid_page()),
        }
    }
}

fn invalid_page() -> Refusal {
    Refusal::bad_request("continue key is not valid")
}

fn json(body: &[u8]) -> Result<Value, Refusal> {
    serde_json::from_slice(body).map_err(|_| Refusal::bad_request("the body is no JSON"))
}

fn patch(headers: &HeaderMap, body: &[u8]) -> Result<Patch, Refusal> {
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match content_type.unwrap_or_default() {
        "application/merge-patch+json" => Ok(Patch::Merge(MergePatch(json(body)?))),
        "application/json-patch+json" => Ok(Patch::Json(json(body)?)),
        other => Err(Refusal::unsupported(&format!("patches of type {other}"))),
    }
}

fn preconditions(body: &[u8]) -> Result<Preconditions, Refusal> {
    if body.is_empty() {
        return Ok(Preconditions::default());
    }
    let options = json(body)?;
    if options
        .get("propagationPolicy")
        .is_some_and(|policy| policy != "Background")
    {
        return Err(Refusal::unsupported("foreground deletion and orphaning"));
    }
    let wanted = |name: &str| options["preconditions"][name].as_str().map(str::to_owned);
    Ok(Preconditions {
        uid: wanted("uid"),
        version: wanted("resourceVersion"),
    })
}

fn ended(address: &Address, name: &str, deleted: Deleted) -> Value {
    match deleted {
        Deleted::Held(object) => (*object).clone(),
        Deleted::Gone(uid) => json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success",
            "details": {
                "name": name, "group": address.resource.group, "kind": address.resource.plural, "uid": uid,
            },
        }),
    }
}

fn respond(code: u16, body: Octets) -> Result<Response<Octets>, io::Error> {
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(code).map_err(io::Error::other)?;
    let json = http::HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    Ok(response)
}

impl tower::Service<Request<Body>> for Connection {
    type Response = Response<Octets>;
    type Error = io::Error;
    type Future = BoxFuture<'static, Result<Response<Octets>, io::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), io::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        Box::pin(self.clone().answer(request))
    }
}
