//! Every way in which the simulated cloud says no: status, code and message.
//!
//! Codes are the service's own. Messages are what people read in a status, so they name the
//! offending value; no client may depend on their text.

use serde_json::{Value, json};

/// A refused call. The cloud is unchanged by it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The code, for example `ModelArts.50015001`.
    pub code: String,
    /// The message.
    pub message: String,
    /// The shape of the body.
    pub form: Form,
}

/// Who words the refusal; each has its own shape of body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `{"error_code", "error_msg"}`.
    Service,
    /// The same with `request_id`.
    Gateway,
    /// `{"error": {"code", "message", "title"}}` with a number as code.
    Iam,
}

fn service(status: u16, code: &str, message: impl Into<String>) -> Refusal {
    Refusal {
        status,
        code: format!("ModelArts.{code}"),
        message: message.into(),
        form: Form::Service,
    }
}

fn gateway(status: u16, code: &str, message: impl Into<String>) -> Refusal {
    Refusal {
        status,
        code: code.to_owned(),
        message: message.into(),
        form: Form::Gateway,
    }
}

impl Refusal {
    /// 400, with what is wrong.
    #[must_use]
    pub fn bad_request(detail: impl AsRef<str>) -> Self {
        service(400, "50004000", format!("Bad request. {}", detail.as_ref()))
    }

    /// 400: a PATCH that is not a merge patch.
    #[must_use]
    pub fn content_type() -> Self {
        service(400, "50004100", "Content type not supported")
    }

    /// 400: every zone of the flavor is sold out.
    #[must_use]
    pub fn sold_out(flavor: &str) -> Self {
        Self::bad_request(format!("The flavor {flavor} is sold out."))
    }

    /// 400: the zone that was asked for is sold out.
    #[must_use]
    pub fn sold_out_in(flavor: &str, zone: &str) -> Self {
        Self::bad_request(format!("The flavor {flavor} is sold out in {zone}."))
    }

    /// 400: no such workspace.
    #[must_use]
    pub fn unknown_workspace(id: &str) -> Self {
        service(400, "7005", format!("Workspace {id} does not exist."))
    }

    /// 400: the workspace takes no pools at present.
    #[must_use]
    pub fn workspace_not_normal(id: &str) -> Self {
        service(400, "7004", format!("The status of workspace {id} is abnormal."))
    }

    /// 400: one more would exceed the quota.
    #[must_use]
    pub fn quota(what: &str, quota: u64) -> Self {
        service(400, "0118", format!("The {what} quota of {quota} is used up."))
    }

    /// 409: the display name is taken in this project.
    #[must_use]
    pub fn pool_exists() -> Self {
        service(409, "50015000", "Pool already exists.")
    }

    /// 404: no such pool.
    #[must_use]
    pub fn pool_not_found() -> Self {
        service(404, "50015001", "pool not found")
    }

    /// 404: no such network.
    #[must_use]
    pub fn network_not_found() -> Self {
        service(404, "50025001", "Network not exist.")
    }

    /// 400: a pool is attached to the network.
    #[must_use]
    pub fn network_in_use() -> Self {
        service(400, "50025002", "network is in use")
    }

    /// 404: no such order, workspace or tag; not a code of the pool family.
    #[must_use]
    pub fn not_found(what: &str) -> Self {
        service(404, "50005101", format!("{what} not found."))
    }

    /// 500 of the service.
    #[must_use]
    pub fn internal() -> Self {
        service(500, "50005000", "internal error")
    }

    /// 403: the project in the URL is not the caller's.
    #[must_use]
    pub fn foreign_project() -> Self {
        service(
            403,
            "0210",
            "The project in the URL does not match the project of the credentials.",
        )
    }

    /// 403: the action is not among those that the caller is granted. Nothing published says how
    /// ModelArts words it; its code is the one for "not authorised", and naming the action is the
    /// habit of the cloud's other services.
    #[must_use]
    pub fn not_permitted(action: &str) -> Self {
        let text = format!("Policy doesn't allow {action} to be performed.");
        match action.split(':').next() {
            Some("iam") => Self::iam(403, &text),
            Some("bss") => Self {
                code: "CBC.0151".to_owned(),
                ..service(403, "", text)
            },
            _ => service(403, "0108", text),
        }
    }

    /// 403: the account owes money.
    #[must_use]
    pub fn in_arrears() -> Self {
        service(403, "4116", "The account is in arrears.")
    }

    /// 403: the account is suspended.
    #[must_use]
    pub fn suspended() -> Self {
        service(403, "4118", "The account is suspended.")
    }

    /// 401: a token that this service never issued.
    #[must_use]
    pub fn unknown_token() -> Self {
        service(401, "50001000", "token is invalid")
    }

    /// 401 of the gateway, with what is wrong with the credentials.
    #[must_use]
    pub fn unauthenticated(detail: &str) -> Self {
        gateway(
            401,
            "APIGW.0301",
            format!("Incorrect IAM authentication information: {detail}"),
        )
    }

    /// 404 of the gateway: no such API, which is never a missing pool.
    #[must_use]
    pub fn no_such_api() -> Self {
        gateway(
            404,
            "APIG.0101",
            "API does not exist or is not published in the environment.",
        )
    }

    /// 429 of the gateway.
    #[must_use]
    pub fn throttled() -> Self {
        gateway(
            429,
            "APIGW.0308",
            "The throttling threshold has been reached: policy user over ratelimit,limit:10,time:1 minute",
        )
    }

    /// 413 of the gateway.
    #[must_use]
    pub fn too_large() -> Self {
        gateway(413, "APIG.0201", "Request entity too large")
    }

    /// A refusal in the words of IAM.
    #[must_use]
    pub fn iam(status: u16, message: &str) -> Self {
        Self {
            status,
            code: status.to_string(),
            message: message.to_owned(),
            form: Form::Iam,
        }
    }

    /// 400 of the billing service.
    #[must_use]
    pub fn billing(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: "CBC.0100".to_owned(),
            message: message.into(),
            form: Form::Service,
        }
    }

    /// The body of the answer.
    #[must_use]
    pub fn body(&self, request_id: &str) -> Value {
        match self.form {
            Form::Service => json!({"error_code": self.code, "error_msg": self.message}),
            Form::Gateway => json!({
                "error_code": self.code,
                "error_msg": self.message,
                "request_id": request_id,
            }),
            Form::Iam => json!({"error": {
                "code": self.status,
                "message": self.message,
                "title": title(self.status),
            }}),
        }
    }
}

/// What IAM calls a status.
fn title(status: u16) -> &'static str {
    match status {
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        500 => "Internal Server Error",
        _ => "Bad Request",
    }
}
