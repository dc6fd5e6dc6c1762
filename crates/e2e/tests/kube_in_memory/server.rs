//! One of the two servers, and its answers in words that both share.

use std::collections::BTreeMap;

use http::{Method, Request};
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use crate::steps::{Kind, Step, Version};

/// The form of objects.
const JSON: &str = "application/json";
/// The form of their metadata alone.
const META: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";

/// What a server makes of a write that carries an old version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guards {
    /// It decides by itself.
    Kept,
    /// A planted fault: as if the version were the newest.
    Ignored,
}

/// One of the two servers, and what it gave out.
pub struct Server {
    pub client: Client,
    pub guards: Guards,
    pub namespace: String,
    /// Of each name: uid and the versions it has had, the newest last.
    pub known: BTreeMap<String, (String, Vec<String>)>,
}

impl Server {
    async fn send(&self, method: Method, path: &str, content: &str, accept: &str, body: &Value) -> (u16, Value) {
        let octets = if body.is_null() {
            Vec::new()
        } else {
            body.to_string().into_bytes()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", content)
            .header("accept", accept)
            .body(Body::from(octets))
            .unwrap();
        let answer = self.client.send(request).await.unwrap();
        let code = answer.status().as_u16();
        let body = answer.into_body().collect_bytes().await.unwrap();
        (code, serde_json::from_slice(&body).unwrap_or(Value::Null))
    }

    fn version(&self, name: &str, which: Version) -> Option<Value> {
        let versions = self.known.get(name).map(|(_, versions)| versions.as_slice());
        let newest = || json!(versions.and_then(<[String]>::last).map_or("1", String::as_str));
        match which {
            Version::None => None,
            Version::Null => Some(Value::Null),
            Version::Right => Some(newest()),
            Version::Stale if self.guards == Guards::Ignored => Some(newest()),
            Version::Stale => Some(json!(versions.and_then(<[String]>::first).map_or("1", String::as_str))),
        }
    }

    fn uid(&self, name: &str, right: bool) -> Value {
        match self.known.get(name) {
            Some((uid, _)) if right => json!(uid),
            _ => json!("00000000-0000-0000-0000-000000000000"),
        }
    }

    /// Takes a step, and tells what came of it in words that both servers share.
    pub async fn take(&mut self, kind: Kind, name: &str, step: &Step) -> Value {
        let collection = kind.collection(&self.namespace);
        let object = format!("{collection}/{name}");
        let (code, body) = match step {
            Step::Create(new) => self.send(Method::POST, &collection, JSON, JSON, new).await,
            Step::Get { metadata } => {
                let accept = if *metadata { META } else { JSON };
                self.send(Method::GET, &object, JSON, accept, &Value::Null).await
            }
            Step::List { limit } => {
                let query = limit.map(|limit| format!("?limit={limit}")).unwrap_or_default();
                let path = format!("{collection}{query}");
                self.send(Method::GET, &path, JSON, JSON, &Value::Null).await
            }
            Step::Delete { uid, version } => {
                let mut options = json!({"apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {}});
                self.guard(name, *version, *uid, &mut options["preconditions"]);
                self.send(Method::DELETE, &object, JSON, JSON, &options).await
            }
            write => self.write(kind, name, &object, write).await,
        };
        self.told(name, code, &body)
    }

    /// Changes an object, or its status.
    async fn write(&self, kind: Kind, name: &str, object: &str, step: &Step) -> (u16, Value) {
        let path = |status: bool| format!("{object}{}", if status { "/status" } else { "" });
        match step {
            Step::Merge {
                status,
                patch,
                version,
                uid,
            } => {
                let mut patch = patch.clone();
                self.guard(name, *version, *uid, &mut patch["metadata"]);
                let content = "application/merge-patch+json";
                self.send(Method::PATCH, &path(*status), content, JSON, &patch).await
            }
            Step::Json { status, operations } => {
                let content = "application/json-patch+json";
                self.send(Method::PATCH, &path(*status), content, JSON, operations)
                    .await
            }
            Step::Put {
                status,
                change,
                version,
            } => {
                let base = match status {
                    true => self.base(object).await.unwrap_or_else(|| kind.object(name)),
                    false => kind.object(name),
                };
                let mut new = kube_in_memory::merge(&base, change);
                self.guard(name, *version, None, &mut new["metadata"]);
                self.send(Method::PUT, &path(*status), JSON, JSON, &new).await
            }
            Step::Create(_) | Step::Get { .. } | Step::List { .. } | Step::Delete { .. } => {
                panic!("{step:?} is no change")
            }
        }
    }

    /// Puts version and uid, as wanted, into the metadata or preconditions of a write.
    fn guard(&self, name: &str, version: Version, uid: Option<bool>, into: &mut Value) {
        if let Some(version) = self.version(name, version) {
            into["resourceVersion"] = version;
        }
        if let Some(right) = uid {
            into["uid"] = self.uid(name, right);
        }
    }

    /// The object at `path` without its version, to be sent back.
    async fn base(&self, path: &str) -> Option<Value> {
        let (code, object) = self.send(Method::GET, path, JSON, JSON, &Value::Null).await;
        let unversioned = json!({"metadata": {"resourceVersion": null}});
        (code == 200).then(|| kube_in_memory::merge(&object, &unversioned))
    }

    fn told(&mut self, name: &str, code: u16, body: &Value) -> Value {
        if body["kind"] == "Status" {
            let kind = &body["details"]["kind"];
            return json!({"code": code, "status": body["status"], "reason": body["reason"], "name": body["details"]["name"], "kind": kind});
        }
        if let Some(items) = body["items"].as_array() {
            let items: Vec<Value> = items.iter().map(essence).collect();
            let more = body["metadata"]["remainingItemCount"].clone();
            return json!({"code": code, "kind": body["kind"], "items": items, "more": more});
        }
        let (uid, version) = (text(body, "uid"), text(body, "resourceVersion"));
        let (known, versions) = self.known.entry(name.to_owned()).or_default();
        let (same, moved) = (*known == uid, versions.last() != Some(&version));
        if !same {
            (*known, *versions) = (uid, Vec::new());
        }
        if moved || !same {
            versions.push(version);
        }
        let mut told = essence(body);
        told["code"] = json!(code);
        told["same"] = json!(same);
        told["moved"] = json!(moved);
        told
    }

    /// Everything that a watch tells since `version`.
    pub async fn watched(&self, kind: Kind, version: &str) -> Vec<Value> {
        let path = format!(
            "{}?watch=true&resourceVersion={version}&timeoutSeconds=1",
            kind.collection(&self.namespace)
        );
        let request = Request::get(path)
            .header("accept", "application/json")
            .body(Body::empty())
            .unwrap();
        let answer = self.client.send(request).await.unwrap();
        let body = answer.into_body().collect_bytes().await.unwrap();
        let lines = body.split(|octet| *octet == b'\n').filter(|line| !line.is_empty());
        let events = lines.map(|line| serde_json::from_slice::<Value>(line).unwrap());
        let told = events.filter(|event| event["type"] != "BOOKMARK");
        told.map(|event| json!([event["type"], essence(&event["object"])]))
            .collect()
    }

    pub async fn list_version(&self, kind: Kind) -> String {
        let (_, list) = self
            .send(
                Method::GET,
                &kind.collection(&self.namespace),
                "application/json",
                "application/json",
                &Value::Null,
            )
            .await;
        text(&list, "resourceVersion")
    }
}

fn text(object: &Value, member: &str) -> String {
    object["metadata"][member].as_str().unwrap_or_default().to_owned()
}

/// What both servers must agree on.
fn essence(object: &Value) -> Value {
    let metadata = &object["metadata"];
    json!({
        "name": metadata["name"], "generation": metadata["generation"], "finalizers": metadata["finalizers"],
        "labels": metadata["labels"], "annotations": metadata["annotations"],
        "deleting": metadata.get("deletionTimestamp").is_some(), "grace": metadata["deletionGracePeriodSeconds"],
        "spec": object["spec"], "status": object["status"],
    })
}
