//! Where a workload in the cloud gets temporary keys: ECS instance metadata and CCE pod identity.
//!
//! Both play the part of a service beside ModelArts. They know no signature; what they hand out is
//! a key like any other, which `accounts` checks. What a key may do is asked of its agency at each
//! call, so a change reaches keys that were handed out before.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{
    accounts::{Accounts, Key},
    chance::Chance,
    clock::Millis,
    iam::micros,
    message::Request,
    refusal::Refusal,
};

/// The longest life of a session token of the metadata service, in seconds.
const LONGEST_SESSION: u64 = 21_600;
/// The text by which clients know that no agency is bound.
const NO_AGENCY: &str = "Please configure Cloud Service Agency first";
/// What secret keys that are handed out begin with.
pub const SECRET_PREFIX: &str = "SKHANDEDOUT-";
/// What security tokens begin with.
pub const TOKEN_PREFIX: &str = "STHANDEDOUT-";
/// The content of the token file, unless told otherwise.
pub const POD_TOKEN: &str = "POD-TOKEN-EXAMPLE";

/// Which of the two services.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// ECS instance metadata.
    Metadata,
    /// CCE pod identity.
    PodIdentity,
}

impl Source {
    /// Its name in the control API, and the name under which its keys are granted actions.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Metadata => "metadata",
            Self::PodIdentity => "pod-identity",
        }
    }
}

/// How a service behaves.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum AgencyMode {
    /// It hands out keys.
    #[default]
    Working,
    /// No agency is bound to the instance, or associated with the service account.
    NoAgency,
    /// Metadata without session tokens, as older instances have it.
    OldStyle,
    /// Every call is 500.
    Failing,
}

/// The settings of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Agency {
    /// How it behaves.
    pub mode: AgencyMode,
    /// How long its keys live, in seconds of simulated time.
    pub life_seconds: u64,
    /// The project that its keys reach; `None` is the first one there is.
    pub project: Option<String>,
}

/// Both services.
#[derive(Debug, Clone)]
pub struct Agencies {
    /// ECS instance metadata.
    pub metadata: Agency,
    /// CCE pod identity.
    pub pod_identity: Agency,
    /// What the token file of the pod has to say.
    pub pod_token: String,
    sessions: BTreeMap<String, Millis>,
    chance: Chance,
}

impl Agencies {
    /// Both at work, with keys that live so long.
    #[must_use]
    pub fn new(life_seconds: u64, pod_token: String, seed: u64) -> Self {
        let agency = Agency {
            mode: AgencyMode::Working,
            life_seconds,
            project: None,
        };
        Self {
            metadata: agency.clone(),
            pod_identity: agency,
            pod_token,
            sessions: BTreeMap::new(),
            chance: Chance::new(seed),
        }
    }

    /// The settings of one.
    pub fn agency(&mut self, source: Source) -> &mut Agency {
        match source {
            Source::Metadata => &mut self.metadata,
            Source::PodIdentity => &mut self.pod_identity,
        }
    }

    /// CreateMetadataToken: a session token, without which the metadata service shows no key.
    ///
    /// # Errors
    /// 404 of an old service, 500 of a failing one, 400 without a life between 1 and 21,600 s.
    pub fn open_session(&mut self, request: &Request, now: Millis) -> Result<String, Refusal> {
        match self.metadata.mode {
            AgencyMode::OldStyle => return Err(Refusal::iam(404, "Not Found")),
            AgencyMode::Failing => return Err(Refusal::iam(500, "internal error")),
            AgencyMode::Working | AgencyMode::NoAgency => {}
        }
        let asked = request.header("x-metadata-token-ttl-seconds");
        let seconds = asked
            .and_then(|text| text.parse().ok())
            .filter(|seconds| (1..=LONGEST_SESSION).contains(seconds))
            .ok_or_else(|| Refusal::iam(400, "X-Metadata-Token-Ttl-Seconds must be 1 to 21600."))?;
        let token = format!("{}{}", self.chance.hex32(), self.chance.hex32());
        self.sessions
            .insert(token.clone(), now.saturating_add(seconds.saturating_mul(1000)));
        Ok(token)
    }

    /// ShowSecurityKey: a new temporary key of the instance's agency.
    ///
    /// # Errors
    /// 401 without a session token that holds, and 401 with a text of its own without an agency.
    pub fn security_key(&mut self, request: &Request, accounts: &mut Accounts, now: Millis) -> Result<Value, Refusal> {
        if self.metadata.mode == AgencyMode::Failing {
            return Err(Refusal::iam(500, "internal error"));
        }
        if self.metadata.mode != AgencyMode::OldStyle {
            let session = request.header("x-metadata-token");
            let ends = session.and_then(|token| self.sessions.get(token));
            if ends.is_none_or(|ends| *ends <= now) {
                return Err(Refusal::iam(401, "X-Metadata-Token is missing or has expired."));
            }
        }
        let (key, ends) = self
            .issue(Source::Metadata, accounts, now)
            .ok_or_else(|| Refusal::iam(401, NO_AGENCY))?;
        Ok(json!({"credential": {
            "access": key.access,
            "secret": key.secret,
            "securitytoken": key.security_token,
            "expires_at": micros(ends),
        }}))
    }

    /// CreatePodCredential: a new temporary key of the agency of the pod's service account.
    ///
    /// # Errors
    /// 401 for another token than the one of the file, 400 for a body that is no JSON object, 403
    /// without an agency.
    pub fn pod_credential(
        &mut self,
        request: &Request,
        accounts: &mut Accounts,
        now: Millis,
    ) -> Result<Value, Refusal> {
        if self.pod_identity.mode == AgencyMode::Failing {
            return Err(Refusal::iam(500, "internal error"));
        }
        if request.header("authorization") != Some(self.pod_token.as_str()) {
            return Err(Refusal::iam(401, "The token is not valid."));
        }
        if !serde_json::from_slice(&request.body).is_ok_and(|body: Value| body.is_object()) {
            return Err(Refusal::iam(400, "The request body is not a JSON object."));
        }
        let (key, ends) = self
            .issue(Source::PodIdentity, accounts, now)
            .ok_or_else(|| Refusal::iam(403, "No agency is associated with the service account."))?;
        Ok(json!({
            "assumedAgency": {"urn": "iam::example_domain:agency:example", "id": "example"},
            "audience": "sts.myhuaweicloud.com",
            "credentials": {
                "accessKeyId": key.access,
                "secretAccessKey": key.secret,
                "securityToken": key.security_token,
                "expiration": micros(ends),
            },
            "podIdentityAssociationId": "example",
            "subject": {"namespace": "example", "serviceAccount": "example"},
        }))
    }

    /// A new key and when it ends; `None` without an agency or a project for it.
    fn issue(&mut self, source: Source, accounts: &mut Accounts, now: Millis) -> Option<(Key, Millis)> {
        let agency = self.agency(source).clone();
        if agency.mode == AgencyMode::NoAgency {
            return None;
        }
        let first = || accounts.projects().first().map(|project| project.id.clone());
        let project = agency.project.or_else(first)?;
        let ends = now.saturating_add(agency.life_seconds.saturating_mul(1000));
        let parts = [(); 4].map(|()| self.chance.hex32());
        let key = Key {
            access: format!("HST{}", self.chance.hex32().to_ascii_uppercase()),
            // Recognisable wherever it turns up by mistake.
            secret: format!("{SECRET_PREFIX}{}", self.chance.hex32()),
            project,
            security_token: Some(format!("{TOKEN_PREFIX}{}", parts.concat())),
            expires: Some(ends),
        };
        accounts.add_key(key.clone());
        accounts.speak_for(&key.access, source.name());
        Some((key, ends))
    }
}
