//! The control calls that act on keys, users and agencies.
//!
//! Each is a method of [`crate::Accounts`] or a setting of an agency; nothing is decided here. No
//! answer shows a secret.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::{
    accounts::Key,
    agencies::{AgencyMode, Source},
    clock::{Millis, stamp},
    control::{Trouble, body, value},
    message::Request,
    permissions::{Actions, Standing},
    simulator::Simulator,
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct NewKey {
    ak: String,
    sk: String,
    project: String,
    security_token: Option<String>,
    expires_in_seconds: Option<u64>,
    actions: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct KeyChange {
    expires_in_seconds: Option<u64>,
    actions: Option<Vec<String>>,
    standing: Option<Standing>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct UserChange {
    actions: Option<Vec<String>>,
    standing: Option<Standing>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct AgencyChange {
    mode: Option<AgencyMode>,
    life_seconds: Option<u64>,
    project: Option<String>,
    token: Option<String>,
    actions: Option<Vec<String>>,
    standing: Option<Standing>,
}

impl Simulator {
    /// Pulls the lever that a control request names.
    pub(crate) fn credential_lever(&mut self, request: &Request, path: &[&str], now: Millis) -> Result<Value, Trouble> {
        match (request.method.as_str(), path) {
            ("GET", ["callers"]) => value(self.requests.callers()),
            ("GET", ["keys"]) => Ok(self.keys_view()),
            ("POST", ["keys"]) => self.add_key(body(request)?, now),
            ("PUT", ["keys", access]) => self.change_key(access, body(request)?, now),
            ("DELETE", ["keys", access]) if self.accounts.remove_key(access) => Ok(json!({})),
            ("PUT", ["users", domain, name]) => self.change_user(&format!("{domain}/{name}"), body(request)?),
            ("GET", ["metadata"]) => self.agency_view(Source::Metadata),
            ("PUT", ["metadata"]) => self.change_agency(Source::Metadata, body(request)?, now),
            ("GET", ["pod-identity"]) => self.agency_view(Source::PodIdentity),
            ("PUT", ["pod-identity"]) => self.change_agency(Source::PodIdentity, body(request)?, now),
            (method, _) => Err(Trouble::unknown(method, request)),
        }
    }

    fn keys_view(&self) -> Value {
        let keys = self.accounts.keys().iter().map(|key| {
            let terms = self.accounts.terms_of_key(&key.access);
            json!({
                "ak": key.access,
                "project": key.project,
                "expires": key.expires.map(stamp),
                "temporary": key.security_token.is_some(),
                "actions": terms.actions,
                "standing": terms.standing,
            })
        });
        json!({"items": keys.collect::<Vec<_>>()})
    }

    fn add_key(&mut self, key: NewKey, now: Millis) -> Result<Value, Trouble> {
        let NewKey {
            ak,
            sk,
            project,
            security_token,
            expires_in_seconds,
            actions,
        } = key;
        // Read before anything changes, so that a refused call changes nothing.
        let actions = parse(actions)?;
        self.cloud.add_project(&project, now);
        if let Some(actions) = actions {
            self.accounts.allow(&ak, actions);
        }
        self.accounts.add_key(Key {
            access: ak,
            secret: sk,
            project,
            security_token,
            expires: expires_in_seconds.map(|life| after(now, life)),
        });
        Ok(json!({}))
    }

    fn change_key(&mut self, access: &str, change: KeyChange, now: Millis) -> Result<Value, Trouble> {
        let KeyChange {
            expires_in_seconds,
            actions,
            standing,
        } = change;
        if !self.accounts.keys().iter().any(|key| key.access == access) {
            return Err(Trouble::Mine(404, format!("there is no key {access}")));
        }
        self.change_terms(access, actions, standing)?;
        if let Some(life) = expires_in_seconds {
            self.accounts.set_expiry(access, after(now, life));
        }
        Ok(json!({}))
    }

    fn change_user(&mut self, user: &str, change: UserChange) -> Result<Value, Trouble> {
        let UserChange { actions, standing } = change;
        if !self.accounts.has_user(user) {
            return Err(Trouble::Mine(404, format!("there is no user {user}")));
        }
        self.change_terms(user, actions, standing)?;
        Ok(json!({}))
    }

    fn change_agency(&mut self, source: Source, change: AgencyChange, now: Millis) -> Result<Value, Trouble> {
        let AgencyChange {
            mode,
            life_seconds,
            project,
            token,
            actions,
            standing,
        } = change;
        let foreign = match source {
            Source::Metadata => token.is_some().then_some("the metadata service has no token to set"),
            Source::PodIdentity => {
                (mode == Some(AgencyMode::OldStyle)).then_some("pod identity has no session tokens to be without")
            }
        };
        if let Some(foreign) = foreign {
            return Err(Trouble::Mine(400, foreign.to_owned()));
        }
        self.change_terms(source.name(), actions, standing)?;
        if let Some(project) = &project {
            self.cloud.add_project(project, now);
        }
        let agency = self.agencies.agency(source);
        agency.mode = mode.unwrap_or(agency.mode);
        agency.life_seconds = life_seconds.unwrap_or(agency.life_seconds);
        agency.project = project.or_else(|| agency.project.take());
        if let Some(token) = token {
            self.agencies.pod_token = token;
        }
        self.agency_view(source)
    }

    fn agency_view(&mut self, source: Source) -> Result<Value, Trouble> {
        let mut view = value(self.agencies.agency(source))?;
        let terms = self.accounts.terms(source.name());
        view["actions"] = json!(terms.actions);
        view["standing"] = json!(terms.standing);
        if source == Source::PodIdentity {
            view["token"] = json!(self.agencies.pod_token);
        }
        Ok(view)
    }

    fn change_terms(
        &mut self,
        who: &str,
        actions: Option<Vec<String>>,
        standing: Option<Standing>,
    ) -> Result<(), Trouble> {
        if let Some(actions) = parse(actions)? {
            self.accounts.allow(who, actions);
        }
        if let Some(standing) = standing {
            self.accounts.set_standing(who, standing);
        }
        Ok(())
    }
}

fn parse(actions: Option<Vec<String>>) -> Result<Option<Actions>, Trouble> {
    actions
        .map(Actions::parse)
        .transpose()
        .map_err(|error| Trouble::Mine(400, error.to_string()))
}

fn after(now: Millis, seconds: u64) -> Millis {
    now.saturating_add(seconds.saturating_mul(1000))
}
