//! Faults that are planted into the operator's traffic, to see that they are caught.
//!
//! Each is the mistake of some real controller, made between the operator and its API server, so
//! that the operator itself stays as it is.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use kube::client::Body;
use kube_in_memory::{Connection, Octets, merge};
use serde_json::{Value, json};
use tower::Service;

/// A planted fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mistake {
    /// Intents are kept in the memory of the process only.
    ForgetsIntents,
    /// Objects are read from what watches show, and writes carry no version.
    TrustsItsCache,
    /// What a list shows is only looked at the first time: later changes are known from events.
    TrustsEvents,
}

/// A planted fault, and what it remembers of a process.
#[derive(Clone)]
pub struct Flaw {
    pub mistake: Mistake,
    remembered: Arc<Mutex<BTreeMap<String, Value>>>,
}

impl Flaw {
    pub fn new(mistake: Mistake) -> Self {
        Self {
            mistake,
            remembered: Arc::default(),
        }
    }

    /// Answers in the API server's stead, or lets it answer.
    pub async fn answer(&self, request: Request<Body>, to: &mut Connection) -> Result<Response<Octets>, io::Error> {
        let (head, body) = request.into_parts();
        let mut body = body.collect_bytes().await.map_err(io::Error::other)?.to_vec();
        let path = head.uri.path().to_owned();
        let ours = path.contains("/modelartspools");
        let get = head.method == Method::GET;
        let is_list = get && path.ends_with("/modelartspools");
        let is_watch = head.uri.query().is_some_and(|query| query.contains("watch=true"));
        match self.mistake {
            Mistake::ForgetsIntents if ours && !is_list => {
                let object = path.trim_end_matches("/status").to_owned();
                if path.ends_with("/status") {
                    let mut patch: Value = serde_json::from_slice(&body).unwrap();
                    if let Some(intent) = patch["status"].as_object_mut().unwrap().remove("creation") {
                        let mut remembered = self.remembered.lock().unwrap();
                        let kept = remembered.entry(object.clone()).or_default();
                        *kept = merge(kept, &intent);
                    }
                    body = patch.to_string().into_bytes();
                }
                let answer = to.call(Request::from_parts(head, Body::from(body))).await?;
                let kept = self.remembered.lock().unwrap().get(&object).cloned();
                let (Some(kept), true) = (kept, answer.status().is_success()) else {
                    return Ok(answer);
                };
                let found: Value = serde_json::from_slice(&answer.into_body().to_end().await).unwrap();
                return Ok(here(&merge(&found, &json!({"status": {"creation": kept}}))));
            }
            Mistake::TrustsItsCache if ours && head.method == Method::PATCH => {
                let mut patch: Value = serde_json::from_slice(&body).unwrap();
                if let Some(metadata) = patch["metadata"].as_object_mut() {
                    metadata.remove("resourceVersion");
                }
                body = patch.to_string().into_bytes();
            }
            Mistake::TrustsItsCache if ours && get && !is_list => {
                let (collection, name) = path.rsplit_once('/').unwrap();
                let list = ask(to, collection, "application/json").await?;
                let items = list["items"].as_array().unwrap();
                if let Some(cached) = items.iter().find(|item| item["metadata"]["name"] == name) {
                    return Ok(here(cached));
                }
            }
            Mistake::TrustsEvents if is_list && !is_watch => {
                let accept = head.headers["accept"].to_str().unwrap().to_owned();
                let mut list = ask(to, &path, &accept).await?;
                let mut listed = self.remembered.lock().unwrap();
                let first = listed.entry(path).or_insert_with(|| list["items"].clone());
                list["items"] = first.clone();
                return Ok(here(&list));
            }
            _ => {}
        }
        to.call(Request::from_parts(head, Body::from(body))).await
    }
}

async fn ask(to: &mut Connection, path: &str, accept: &str) -> Result<Value, io::Error> {
    let request = Request::get(path).header("accept", accept).body(Body::empty()).unwrap();
    let answer = to.call(request).await?;
    let octets = answer.into_body().to_end().await;
    Ok(serde_json::from_slice(&octets).unwrap())
}

fn here(object: &Value) -> Response<Octets> {
    Response::new(Octets::whole(object.to_string().into_bytes()))
}
