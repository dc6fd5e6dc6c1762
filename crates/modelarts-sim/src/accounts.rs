//! Who may call: access keys, tokens, projects, and the lock after repeated failures. What a caller
//! may do is in `permissions`.
//!
//! Two clocks come in. Expiry and lock-out follow the simulated time, which tests move; the age
//! of a signature follows the gateway's clock, because the caller signs with its own.

use std::collections::BTreeMap;

use crate::{
    chance::Chance,
    clock::{Millis, parse_signing_date},
    message::Request,
    permissions::{Actions, Standing, Terms},
    refusal::Refusal,
    signature::{self, SignatureError},
};

/// A signature may be this much older or newer than the gateway's clock.
const CLOCK_WINDOW: Millis = 15 * 60 * 1000;
/// How many failures in a row lock a key.
const STRIKES: u32 = 5;
/// How long a key stays locked.
const LOCK: Millis = 5 * 60 * 1000;
/// How long a token lives.
const TOKEN_LIFE: Millis = 24 * 3600 * 1000;

/// An access key of a project. The same key may be given once for each of several projects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The access key ID.
    pub access: String,
    /// The secret key.
    pub secret: String,
    /// The project ID.
    pub project: String,
    /// The security token of a temporary key.
    pub security_token: Option<String>,
    /// When a temporary key ends, in simulated time.
    pub expires: Option<Millis>,
}

/// An IAM user who logs in with a password and reaches every project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// The name of the account.
    pub domain: String,
    /// The name of the user.
    pub name: String,
    /// The password.
    pub password: String,
}

impl User {
    /// `DOMAIN/NAME`, by which permissions and counts name the user.
    #[must_use]
    pub fn principal(&self) -> String {
        format!("{}/{}", self.domain, self.name)
    }
}

/// A project as IAM knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectInfo {
    /// Its ID.
    pub id: String,
    /// Its name: the region, or the region and a suffix.
    pub name: String,
}

/// A caller whose credentials hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The projects that the credentials reach.
    pub projects: Vec<String>,
    /// Whose permissions count: the access key ID, `DOMAIN/NAME` of a user, or the agency that
    /// handed out the key.
    pub principal: String,
}

#[derive(Debug, Clone)]
struct Token {
    user: String,
    project: Option<String>,
    expires: Millis,
}

#[derive(Debug, Clone, Copy, Default)]
struct Strikes {
    failures: u32,
    locked_until: Millis,
}

/// All credentials, and the failures so far.
#[derive(Debug, Clone)]
pub struct Accounts {
    region: String,
    keys: Vec<Key>,
    users: Vec<User>,
    projects: Vec<ProjectInfo>,
    tokens: BTreeMap<String, Token>,
    strikes: BTreeMap<String, Strikes>,
    terms: BTreeMap<String, Terms>,
    agents: BTreeMap<String, String>,
    chance: Chance,
}

impl Accounts {
    /// Accounts with these keys and users. Users without any key get the one project given.
    #[must_use]
    pub fn new(region: &str, keys: Vec<Key>, users: Vec<User>, spare: &str, seed: u64) -> Self {
        let mut accounts = Self {
            region: region.to_owned(),
            keys: Vec::new(),
            users,
            projects: Vec::new(),
            tokens: BTreeMap::new(),
            strikes: BTreeMap::new(),
            terms: BTreeMap::new(),
            agents: BTreeMap::new(),
            chance: Chance::new(seed),
        };
        for key in keys {
            accounts.add_key(key);
        }
        if accounts.projects.is_empty() && !accounts.users.is_empty() {
            accounts.add_project(spare, region.to_owned());
        }
        accounts
    }

    /// Adds a key, and its project if it is new. The first project of a key has the region's
    /// name, so that each caller finds exactly one by that name.
    pub fn add_key(&mut self, key: Key) {
        let before = self.keys.iter().filter(|other| other.access == key.access).count();
        let name = match before {
            0 => self.region.clone(),
            more => format!("{}_{more}", self.region),
        };
        self.add_project(&key.project, name);
        self.keys.push(key);
    }

    /// Takes a key away at once with all that was said of it, as when it is deleted in the console.
    /// False if there is none.
    pub fn remove_key(&mut self, access: &str) -> bool {
        let before = self.keys.len();
        self.terms.remove(access);
        self.agents.remove(access);
        self.keys.retain(|key| key.access != access);
        self.keys.len() < before
    }

    /// All keys, also those that have ended.
    #[must_use]
    pub fn keys(&self) -> &[Key] {
        &self.keys
    }

    /// Sets when a key ends, in simulated time.
    pub fn set_expiry(&mut self, access: &str, at: Millis) {
        for key in self.keys.iter_mut().filter(|key| key.access == access) {
            key.expires = Some(at);
        }
    }

    /// Grants these actions and no others to a principal: see [`Caller::principal`].
    pub fn allow(&mut self, principal: &str, actions: Actions) {
        self.terms.entry(principal.to_owned()).or_default().actions = actions;
    }

    /// Sets how a principal is regarded.
    pub fn set_standing(&mut self, principal: &str, standing: Standing) {
        self.terms.entry(principal.to_owned()).or_default().standing = standing;
    }

    /// What holds for a principal; everything is allowed to one that nobody restricted.
    #[must_use]
    pub fn terms(&self, principal: &str) -> Terms {
        self.terms.get(principal).cloned().unwrap_or_default()
    }

    /// What holds for a key, by its agency if that handed it out.
    #[must_use]
    pub fn terms_of_key(&self, access: &str) -> Terms {
        self.terms(self.principal(access))
    }

    /// Lets the permissions of an agency hold for a key.
    pub(crate) fn speak_for(&mut self, access: &str, agency: &str) {
        self.agents.insert(access.to_owned(), agency.to_owned());
    }

    fn principal<'a>(&'a self, access: &'a str) -> &'a str {
        self.agents.get(access).map_or(access, String::as_str)
    }

    /// Whether there is a user `DOMAIN/NAME`.
    #[must_use]
    pub fn has_user(&self, user: &str) -> bool {
        self.users.iter().any(|known| known.principal() == user)
    }

    /// Who says to be calling, for the counts: nothing is checked. The access key ID, or the user
    /// of a token that was once issued.
    #[must_use]
    pub fn claimed(&self, request: &Request) -> Option<String> {
        if request.header("authorization").is_some() {
            return signature::claim(request).ok().map(|claim| claim.access);
        }
        let token = self.tokens.get(request.header("x-auth-token")?)?;
        Some(token.user.clone())
    }

    /// The projects, in the order in which they were given.
    #[must_use]
    pub fn projects(&self) -> &[ProjectInfo] {
        &self.projects
    }

    fn add_project(&mut self, id: &str, name: String) {
        if !self.projects.iter().any(|project| project.id == id) {
            self.projects.push(ProjectInfo {
                id: id.to_owned(),
                name,
            });
        }
    }

    /// Checks the credentials of a call.
    ///
    /// # Errors
    /// 401 of the gateway, or of the service for a token it never issued.
    pub fn authenticate(&mut self, request: &Request, now: Millis, gateway: Millis) -> Result<Caller, Refusal> {
        if request.header("authorization").is_some() {
            return self.check_signature(request, now, gateway);
        }
        match request.header("x-auth-token") {
            Some(token) => self.check_token(token, now),
            None => Err(Refusal::unauthenticated("x-auth-token not found")),
        }
    }

    fn check_token(&self, token: &str, now: Millis) -> Result<Caller, Refusal> {
        let token = self.tokens.get(token).ok_or_else(Refusal::unknown_token)?;
        // Disabling a user ends the tokens; the service takes some minutes for that, this none.
        if token.expires <= now || self.terms(&token.user).standing == Standing::Disabled {
            return Err(Refusal::unauthenticated("The token must be updated"));
        }
        Ok(Caller {
            projects: token.project.iter().cloned().collect(),
            principal: token.user.clone(),
        })
    }

    fn check_signature(&mut self, request: &Request, now: Millis, gateway: Millis) -> Result<Caller, Refusal> {
        let claim = signature::claim(request).map_err(|error| Refusal::unauthenticated(&error.to_string()))?;
        if !self.keys.iter().any(|key| key.access == claim.access) {
            return Err(Refusal::unauthenticated(&format!(
                "verify aksk signature fail, access key id {} not exist",
                claim.access
            )));
        }
        let principal = self.principal(&claim.access).to_owned();
        let standing = self.terms(&principal).standing;
        let strikes = self.strikes.entry(claim.access.clone()).or_default();
        if strikes.locked_until > now {
            return Err(Refusal::unauthenticated(
                "AK access failed to reach the limit,forbidden",
            ));
        }
        let keys: Vec<&Key> = self.keys.iter().filter(|key| key.access == claim.access).collect();
        let held = check_keys(&keys, request, &claim, now, gateway);
        match held.and_then(|()| check_standing(standing)) {
            Ok(()) => {
                *strikes = Strikes::default();
                let projects = keys.iter().map(|key| key.project.clone()).collect();
                Ok(Caller { projects, principal })
            }
            Err(detail) => {
                strikes.failures += 1;
                if strikes.failures >= STRIKES {
                    *strikes = Strikes {
                        failures: 0,
                        locked_until: now.saturating_add(LOCK),
                    };
                }
                Err(Refusal::unauthenticated(&detail))
            }
        }
    }

    /// Logs a user in. Answers with the token and the project it is for.
    ///
    /// # Errors
    /// 401 for a wrong name or password, 400 for an unknown project, in the form of IAM.
    pub fn log_in(&mut self, login: &Login<'_>, now: Millis) -> Result<(String, Option<ProjectInfo>, Millis), Refusal> {
        let user = self
            .users
            .iter()
            .find(|user| user.domain == login.domain && user.name == login.name && user.password == login.password)
            .map(User::principal)
            .ok_or_else(|| Refusal::iam(401, "The username or password is wrong."))?;
        if self.terms(&user).standing == Standing::Disabled {
            return Err(Refusal::iam(401, "The user is disabled."));
        }
        let project = match login.scope {
            Scope::Domain => None,
            Scope::ProjectId(id) => Some(self.find_project(|project| project.id == id)?),
            Scope::ProjectName(name) => Some(self.find_project(|project| project.name == name)?),
        };
        let token = format!("MIIE{}{}", self.chance.hex32(), self.chance.hex32());
        let expires = now.saturating_add(TOKEN_LIFE);
        let entry = Token {
            user,
            project: project.as_ref().map(|project| project.id.clone()),
            expires,
        };
        self.tokens.insert(token.clone(), entry);
        Ok((token, project, expires))
    }

    fn find_project(&self, wanted: impl Fn(&ProjectInfo) -> bool) -> Result<ProjectInfo, Refusal> {
        self.projects
            .iter()
            .find(|project| wanted(project))
            .cloned()
            .ok_or_else(|| Refusal::iam(400, "The project does not exist."))
    }
}

/// What a password login says.
#[derive(Debug, Clone, Copy)]
pub struct Login<'a> {
    /// The name of the account.
    pub domain: &'a str,
    /// The name of the user.
    pub name: &'a str,
    /// The password.
    pub password: &'a str,
    /// What the token shall be for.
    pub scope: Scope<'a>,
}

/// What a token is for.
#[derive(Debug, Clone, Copy)]
pub enum Scope<'a> {
    /// The account; good for no call that has a project in its path.
    Domain,
    /// A project by its ID.
    ProjectId(&'a str),
    /// A project by its name.
    ProjectName(&'a str),
}

/// Checks date, security token and signature against the entries of one access key, which share
/// everything but the project.
fn check_keys(
    keys: &[&Key],
    request: &Request,
    claim: &signature::Claim,
    now: Millis,
    gateway: Millis,
) -> Result<(), String> {
    let Some(key) = keys.first() else {
        return Err(SignatureError::Mismatch.to_string());
    };
    signature::verify(request, claim, &key.secret).map_err(|error| error.to_string())?;
    let date = parse_signing_date(&claim.date).ok_or_else(|| SignatureError::Date.to_string())?;
    if date.abs_diff(gateway) > CLOCK_WINDOW {
        return Err("verify aksk signature fail, x-sdk-date is out of the allowed window".to_owned());
    }
    if key.security_token.as_deref() != request.header("x-security-token") {
        return Err("verify aksk signature fail, security token is wrong".to_owned());
    }
    if key.expires.is_some_and(|expires| expires <= now) {
        return Err("security token expires".to_owned());
    }
    Ok(())
}

/// A disabled user's keys are no longer believed; the other standings are for after that.
fn check_standing(standing: Standing) -> Result<(), String> {
    match standing {
        Standing::Disabled => Err("the user is disabled".to_owned()),
        Standing::Active | Standing::Arrears | Standing::Suspended => Ok(()),
    }
}
