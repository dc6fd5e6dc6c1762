//! Typed arguments become a request. Pure: no I/O, no clock, no credentials.

use std::fmt;

use bytes::Bytes;
use http::Method;
use modelarts_types::{Network, Pool};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::{Value, json};

use crate::ids::{NetworkId, OrderName, PoolId, ProjectId, WorkspaceId};
use crate::operation::Operation;
use crate::orders::ListOrders;
use crate::pools::ListPools;
use crate::sign::{Pair, encode, request_target};

/// Content type of a creation.
pub const JSON: &str = "application/json";
/// Content type of a change. The service refuses any other.
pub const MERGE_PATCH: &str = "application/merge-patch+json";
/// Items asked for in one page, the most the service gives.
const PAGE: &str = "500";

/// Which service a request is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// ModelArts, in a project.
    ModelArts,
    /// IAM, without one.
    Iam,
}

/// A request before it is authenticated.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// What it does.
    pub operation: Operation,
    /// Where it goes.
    pub service: Service,
    /// HTTP method.
    pub method: Method,
    /// Percent-encoded path.
    pub path: String,
    /// Raw pairs.
    pub query: Vec<Pair>,
    /// Content type, if there is a body.
    pub content_type: Option<&'static str>,
    /// The octets that are hashed and sent; empty without a body.
    pub body: Bytes,
}

impl ApiRequest {
    fn read(operation: Operation, path: String, query: Vec<Pair>) -> Self {
        Self {
            operation,
            service: Service::ModelArts,
            method: Method::GET,
            path,
            query,
            content_type: None,
            body: Bytes::new(),
        }
    }

    /// The body is serialised here, once: what is signed must be what is sent.
    fn with_body(mut self, content_type: &'static str, body: &impl Serialize) -> Result<Self, serde_json::Error> {
        self.body = serde_json::to_vec(body)?.into();
        self.content_type = Some(content_type);
        Ok(self)
    }

    fn with_method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    fn for_iam(mut self) -> Self {
        self.service = Service::Iam;
        self
    }

    /// The same request for the page that `token` names.
    #[must_use]
    pub fn page(mut self, token: &str) -> Self {
        self.query.retain(|(name, _)| name != "continue");
        self.query.push(("continue".into(), token.into()));
        self
    }

    /// The path and the query, as they go on the wire.
    #[must_use]
    pub fn target(&self) -> String {
        request_target(&self.path, &self.query)
    }
}

/// Without query and body: a login has the password in its body.
impl fmt::Debug for ApiRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ApiRequest")
            .field("operation", &self.operation)
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

fn pair(name: &str, value: impl Into<String>) -> Pair {
    (name.to_owned(), value.into())
}

fn given(name: &str, value: Option<&str>) -> Option<Pair> {
    value.map(|value| pair(name, value))
}

/// A path from its version and segments, each segment encoded.
fn path(version: &str, project: &ProjectId, segments: &[&str]) -> String {
    let mut path = format!("/{version}/{}", encode(project.as_str()));
    for segment in segments {
        path.push('/');
        path.push_str(&encode(segment));
    }
    path
}

/// `POST /v2/{project}/pools`
pub(crate) fn create_pool(project: &ProjectId, pool: &Pool) -> Result<ApiRequest, serde_json::Error> {
    ApiRequest::read(Operation::CreatePool, path("v2", project, &["pools"]), vec![])
        .with_method(Method::POST)
        .with_body(JSON, pool)
}

/// `GET /v2/{project}/pools`. The workspace is always named: without it the service takes the
/// default one, and a list of the wrong workspace looks like absence.
pub(crate) fn list_pools(project: &ProjectId, list: &ListPools) -> ApiRequest {
    let mut query = vec![pair("workspaceId", &list.workspace_id)];
    query.extend(given("labelSelector", list.label_selector.as_deref()));
    query.extend(list.status.map(|status| pair("status", status.as_str())));
    ApiRequest::read(Operation::ListPools, path("v2", project, &["pools"]), query)
}

fn one_pool(operation: Operation, project: &ProjectId, id: &PoolId) -> ApiRequest {
    ApiRequest::read(operation, path("v2", project, &["pools", id.as_str()]), vec![])
}

/// `GET /v2/{project}/pools/{id}`
pub(crate) fn show_pool(project: &ProjectId, id: &PoolId) -> ApiRequest {
    one_pool(Operation::ShowPool, project, id)
}

/// `PATCH /v2/{project}/pools/{id}`
pub(crate) fn patch_pool(project: &ProjectId, id: &PoolId, patch: &Value) -> Result<ApiRequest, serde_json::Error> {
    one_pool(Operation::PatchPool, project, id)
        .with_method(Method::PATCH)
        .with_body(MERGE_PATCH, patch)
}

/// `DELETE /v2/{project}/pools/{id}`
pub(crate) fn delete_pool(project: &ProjectId, id: &PoolId) -> ApiRequest {
    one_pool(Operation::DeletePool, project, id).with_method(Method::DELETE)
}

/// `GET /v2/{project}/pools/{id}/nodes`
pub(crate) fn list_pool_nodes(project: &ProjectId, id: &PoolId) -> ApiRequest {
    let path = path("v2", project, &["pools", id.as_str(), "nodes"]);
    ApiRequest::read(Operation::ListPoolNodes, path, vec![pair("limit", PAGE)])
}

/// `POST /v1/{project}/networks`
pub(crate) fn create_network(project: &ProjectId, network: &Network) -> Result<ApiRequest, serde_json::Error> {
    ApiRequest::read(Operation::CreateNetwork, path("v1", project, &["networks"]), vec![])
        .with_method(Method::POST)
        .with_body(JSON, network)
}

/// `GET /v1/{project}/networks`
pub(crate) fn list_networks(project: &ProjectId, label_selector: Option<&str>) -> ApiRequest {
    let mut query = vec![pair("limit", PAGE)];
    query.extend(given("labelSelector", label_selector));
    ApiRequest::read(Operation::ListNetworks, path("v1", project, &["networks"]), query)
}

fn one_network(operation: Operation, project: &ProjectId, id: &NetworkId) -> ApiRequest {
    ApiRequest::read(operation, path("v1", project, &["networks", id.as_str()]), vec![])
}

/// `GET /v1/{project}/networks/{id}`
pub(crate) fn show_network(project: &ProjectId, id: &NetworkId) -> ApiRequest {
    one_network(Operation::ShowNetwork, project, id)
}

/// `PATCH /v1/{project}/networks/{id}`
pub(crate) fn patch_network(
    project: &ProjectId,
    id: &NetworkId,
    patch: &Value,
) -> Result<ApiRequest, serde_json::Error> {
    one_network(Operation::PatchNetwork, project, id)
        .with_method(Method::PATCH)
        .with_body(MERGE_PATCH, patch)
}

/// `DELETE /v1/{project}/networks/{id}`
pub(crate) fn delete_network(project: &ProjectId, id: &NetworkId) -> ApiRequest {
    one_network(Operation::DeleteNetwork, project, id).with_method(Method::DELETE)
}

/// `GET /v1/{project}/resourceflavors`
pub(crate) fn list_flavors(project: &ProjectId, label_selector: Option<&str>) -> ApiRequest {
    let mut query = vec![pair("limit", PAGE)];
    query.extend(given("labelSelector", label_selector));
    ApiRequest::read(
        Operation::ListResourceFlavors,
        path("v1", project, &["resourceflavors"]),
        query,
    )
}

/// `GET /v1/{project}/workspaces`, from the item numbered `offset` on.
pub(crate) fn list_workspaces(project: &ProjectId, offset: usize) -> ApiRequest {
    let query = vec![pair("limit", "1000"), pair("offset", offset.to_string())];
    ApiRequest::read(Operation::ListWorkspaces, path("v1", project, &["workspaces"]), query)
}

/// `GET /v1/{project}/workspaces/{id}`
pub(crate) fn show_workspace(project: &ProjectId, id: &WorkspaceId) -> ApiRequest {
    let path = path("v1", project, &["workspaces", id.as_str()]);
    ApiRequest::read(Operation::ShowWorkspace, path, vec![])
}

/// `GET /v1/{project}/orders`
pub(crate) fn list_orders(project: &ProjectId, list: &ListOrders) -> ApiRequest {
    let mut query = vec![pair("limit", PAGE), pair("offset", "0")];
    query.extend(list.pool.as_ref().map(|pool| pair("involvedName", pool.as_str())));
    query.extend(
        list.since
            .map(|since| pair("since", since.as_millisecond().to_string())),
    );
    query.extend(given("workspaceId", list.workspace_id.as_deref()));
    ApiRequest::read(Operation::ListOrders, path("v1", project, &["orders"]), query)
}

/// `GET /v1/{project}/orders/{name}`
pub(crate) fn show_order(project: &ProjectId, name: &OrderName) -> ApiRequest {
    let path = path("v1", project, &["orders", name.as_str()]);
    ApiRequest::read(Operation::ShowOrder, path, vec![])
}

/// `GET /v3/projects?name=` of IAM
pub(crate) fn list_projects(name: &str) -> ApiRequest {
    ApiRequest::read(Operation::ListProjects, "/v3/projects".into(), vec![pair("name", name)]).for_iam()
}

/// `GET /v3/auth/projects` of IAM
pub(crate) fn list_auth_projects() -> ApiRequest {
    ApiRequest::read(Operation::ListAuthProjects, "/v3/auth/projects".into(), vec![]).for_iam()
}

/// `POST /v3/auth/tokens` of IAM: the password method, for one project given by ID or name.
pub(crate) fn create_token(
    domain: &str,
    username: &str,
    password: &SecretString,
    project: &Value,
) -> Result<ApiRequest, serde_json::Error> {
    let user = json!({
        "name": username,
        "password": password.expose_secret(),
        "domain": {"name": domain},
    });
    let body = json!({"auth": {
        "identity": {"methods": ["password"], "password": {"user": user}},
        "scope": {"project": project},
    }});
    let query = vec![pair("nocatalog", "true")];
    ApiRequest::read(Operation::CreateToken, "/v3/auth/tokens".into(), query)
        .with_method(Method::POST)
        .for_iam()
        .with_body(JSON, &body)
}
