//! The identity service: tokens by password, projects and the account.

use serde_json::{Value, json};

use crate::{
    accounts::{Accounts, Caller, Login, ProjectInfo, Scope},
    clock::{Millis, stamp},
    operation::Call,
    refusal::Refusal,
};

/// The account that everything belongs to.
pub const DOMAIN_ID: &str = "75fef1f8a9d64d0cb8de795599185b48";
/// Its name.
pub const DOMAIN_NAME: &str = "example_domain";

/// A new token and the body that goes with it.
pub(crate) fn create_token(accounts: &mut Accounts, call: &Call, now: Millis) -> Result<(String, Value), Refusal> {
    let body: Value =
        serde_json::from_slice(&call.body).map_err(|_| Refusal::iam(400, "The request body is not JSON."))?;
    let identity = &body["auth"]["identity"];
    let user = &identity["password"]["user"];
    let by_password = identity["methods"]
        .as_array()
        .is_some_and(|m| m.contains(&json!("password")));
    let text = |value: &'_ Value| value.as_str().map(str::to_owned);
    let (Some(domain), Some(name), Some(password), true) = (
        text(&user["domain"]["name"]),
        text(&user["name"]),
        text(&user["password"]),
        by_password,
    ) else {
        return Err(Refusal::iam(400, "Only the password method with names is supported."));
    };
    let asked = &body["auth"]["scope"];
    let scope = match (asked["project"]["id"].as_str(), asked["project"]["name"].as_str()) {
        (Some(id), _) => Scope::ProjectId(id),
        (None, Some(name)) => Scope::ProjectName(name),
        (None, None) => Scope::Domain,
    };
    let login = Login {
        domain: &domain,
        name: &name,
        password: &password,
        scope,
    };
    let (token, project, expires) = accounts.log_in(&login, now)?;
    let mut answer = json!({"token": {
        "expires_at": micros(expires),
        "issued_at": micros(now),
        "methods": ["password"],
        "roles": [],
        "user": {"name": name, "domain": {"id": DOMAIN_ID, "name": domain}},
    }});
    if call.parameter("nocatalog").is_none() {
        answer["token"]["catalog"] = json!([]);
    }
    if let Some(project) = project {
        answer["token"]["project"] = json!({
            "id": project.id,
            "name": project.name,
            "domain": {"id": DOMAIN_ID, "name": domain},
        });
    }
    Ok((token, answer))
}

/// ListProjects and ListAuthProjects: what the caller reaches, by name if one is given.
pub(crate) fn list_projects(accounts: &Accounts, caller: &Caller, call: &Call) -> Value {
    let projects: Vec<Value> = accounts
        .projects()
        .iter()
        .filter(|project| caller.projects.contains(&project.id))
        .filter(|project| call.parameter("name").is_none_or(|name| name == project.name))
        .map(project_view)
        .collect();
    json!({"projects": projects, "links": {"self": null, "previous": null, "next": null}})
}

/// ListAuthDomains.
pub(crate) fn list_domains() -> Value {
    json!({
        "domains": [{"id": DOMAIN_ID, "name": DOMAIN_NAME, "enabled": true, "description": ""}],
        "links": {"self": null, "previous": null, "next": null},
    })
}

fn project_view(project: &ProjectInfo) -> Value {
    json!({
        "id": project.id,
        "name": project.name,
        "domain_id": DOMAIN_ID,
        "parent_id": DOMAIN_ID,
        "enabled": true,
        "is_domain": false,
        "description": "",
    })
}

/// RFC 3339 with six fractional digits, as IAM writes it.
pub(crate) fn micros(at: Millis) -> String {
    let whole = stamp(at / 1000 * 1000);
    format!("{}.{:06}Z", whole.trim_end_matches('Z'), at % 1000 * 1000)
}
