//! What the server says when it does not do what it was asked, as a `Status` object.

use serde_json::{Value, json};

use crate::resource::Resource;

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status code.
    pub code: u16,
    /// The reason, a word of the API; rarely empty.
    pub reason: &'static str,
    /// For people.
    pub message: String,
    /// What it is about.
    pub details: Value,
}

impl Refusal {
    fn about(resource: &Resource, name: &str, code: u16, reason: &'static str, message: String) -> Self {
        let mut details = json!({"name": name, "kind": resource.plural});
        if !resource.group.is_empty() {
            details["group"] = json!(resource.group);
        }
        Self {
            code,
            reason,
            message,
            details,
        }
    }

    fn plain(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: json!({}),
        }
    }

    pub(crate) fn not_found(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" not found", resource.qualified());
        Self::about(resource, name, 404, "NotFound", message)
    }

    pub(crate) fn already_exists(resource: &Resource, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", resource.qualified());
        Self::about(resource, name, 409, "AlreadyExists", message)
    }

    /// The object had changed.
    pub(crate) fn stale(resource: &Resource, name: &str) -> Self {
        Self::conflict(
            resource,
            name,
            "the object has been modified; please apply your changes to the latest version and try again",
        )
    }

    pub(crate) fn conflict(resource: &Resource, name: &str, why: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{name}\": {why}",
            resource.qualified()
        );
        Self::about(resource, name, 409, "Conflict", message)
    }

    /// A precondition of a deletion does not hold. Unlike other conflicts, it names the kind.
    pub(crate) fn precondition(resource: &Resource, name: &str, what: &str, wanted: &str, found: &str) -> Self {
        let why = format!("Precondition failed: {what} in precondition: {wanted}, {what} in object meta: {found}");
        let mut refusal = Self::conflict(resource, name, &why);
        refusal.details["kind"] = json!(resource.kind);
        refusal
    }

    /// A version was needed and not given. Unlike other invalid writes, it names the resource.
    pub(crate) fn unversioned(resource: &Resource, name: &str) -> Self {
        let why = "Invalid value: 0: must be specified for an update";
        let mut refusal = Self::invalid(resource, name, "metadata.resourceVersion", why);
        refusal.details["kind"] = json!(resource.plural);
        refusal
    }

    /// A new object must not have a version. The server takes that for a fault of its own.
    pub(crate) fn versioned() -> Self {
        Self::plain(500, "", "resourceVersion should not be set on objects to be created")
    }

    pub(crate) fn invalid(resource: &Resource, name: &str, field: &str, why: &str) -> Self {
        let message = format!(
            "{}.{} \"{name}\" is invalid: {field}: {why}",
            resource.kind, resource.group
        );
        let mut refusal = Self::about(resource, name, 422, "Invalid", message);
        refusal.details["kind"] = json!(resource.kind);
        refusal.details["causes"] = json!([{"field": field, "message": why, "reason": "FieldValueInvalid"}]);
        refusal
    }

    /// A JSON patch that does not apply; a failed test among them.
    pub(crate) fn inapplicable() -> Self {
        Self::plain(
            422,
            "Invalid",
            "the server rejected our request due to an error in our request",
        )
    }

    pub(crate) fn bad_request(message: impl Into<String>) -> Self {
        Self::plain(400, "BadRequest", message)
    }

    pub(crate) fn no_such_path() -> Self {
        Self::plain(404, "NotFound", "the server could not find the requested resource")
    }

    /// A version that is no longer kept.
    pub(crate) fn expired(version: u64, oldest: u64) -> Self {
        Self::plain(
            410,
            "Expired",
            format!("too old resource version: {version} ({oldest})"),
        )
    }

    /// Something that this server does not know how to do, and therefore must not pretend to do.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::plain(
            501,
            "NotImplemented",
            format!("the API server in memory does not know {what}"),
        )
    }

    /// The `Status` object.
    #[must_use]
    pub fn body(&self) -> Value {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "code": self.code, "message": self.message, "details": self.details,
        });
        if !self.reason.is_empty() {
            body["reason"] = json!(self.reason);
        }
        body
    }
}
