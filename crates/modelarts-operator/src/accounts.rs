//! Accounts as they can be used right now: found, allowed, with credentials, not refused.
//!
//! Objects, Secrets and namespaces come from watches, so a changed Secret counts within moments. A
//! key that the cloud refused is not tried again before its Secret or the account changes.

mod remembered;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, Secret};
use kube::ResourceExt;
use kube::core::{PartialObjectMeta, Selector, SelectorExt};
use kube::runtime::reflector::{ObjectRef, Store};
use modelarts_client::{AllowedHosts, ApiError, CallRecord, Carrier, Client, Failure, Hooks};
use modelarts_crd::ModelArtsAccount;
use modelarts_crd::conditions::Reason;
use modelarts_plan::Closed;

use crate::connection;
use crate::credentials::{self, Place, Surroundings};
use crate::governor::{Class, Governor, Limits};
use crate::reach::Reach;
pub use remembered::Remembered;

/// The watched objects that an account depends on.
pub struct Sources {
    /// All accounts.
    pub accounts: Store<ModelArtsAccount>,
    /// The Secrets in the operator's namespace.
    pub secrets: Store<Secret>,
    /// The namespaces, for their labels.
    pub namespaces: Store<PartialObjectMeta<Namespace>>,
}

/// How clients are made.
pub struct Policy {
    /// Where Secrets are.
    pub namespace: String,
    /// Where objects are looked after.
    pub reach: Reach,
    /// Hosts beside the service's own.
    pub allowed_hosts: AllowedHosts,
    /// Whether http to loopback is allowed, for development.
    pub http_loopback: bool,
    /// Longest time of one call.
    pub deadline: Duration,
    /// How long refused credentials rest.
    pub rest: Duration,
    /// Told of every call.
    pub observer: Arc<dyn Fn(&CallRecord) + Send + Sync>,
    /// Where credentials are that are in no Secret.
    pub surroundings: Surroundings,
    /// What carries the calls.
    pub carrier: Carrier,
    /// The clocks of the calls.
    pub clock: modelarts_client::Clock,
}

/// A client that belongs to one version of an account and its Secret.
#[derive(Clone)]
struct Session {
    version: String,
    client: Result<Client, Closed>,
    /// The version of the Secret that they are from, if they are from one.
    secret: Option<String>,
    /// Whether the credentials stay what they are until the version is another.
    fixed: bool,
    refused: Option<Refused>,
}

#[derive(Clone)]
struct Refused {
    message: String,
    /// Whether trying again could lock the key.
    final_: bool,
}

/// A client, and which version of an account and its Secret it belongs to.
#[derive(Clone)]
pub struct Access {
    /// The client.
    pub client: Client,
    account: String,
    version: String,
}

impl Access {
    /// The account's name.
    #[must_use]
    pub fn account(&self) -> &str {
        &self.account
    }
}

/// What objects depend on besides themselves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Versions {
    /// Of each account: its generation and the version of its Secret.
    pub accounts: BTreeMap<String, String>,
    /// Of each namespace: its labels, and the deletion policy that it names.
    pub namespaces: BTreeMap<String, (BTreeMap<String, String>, Option<String>)>,
}

/// All accounts.
pub struct Accounts {
    sources: Sources,
    policy: Policy,
    governor: Arc<Governor>,
    sessions: Mutex<HashMap<String, Session>>,
}

impl Accounts {
    /// Accounts of these sources.
    #[must_use]
    pub fn new(sources: Sources, policy: Policy, governor: Arc<Governor>) -> Self {
        Self {
            sources,
            policy,
            governor,
            sessions: Mutex::default(),
        }
    }

    /// The account object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<Arc<ModelArtsAccount>> {
        self.sources.accounts.get(&ObjectRef::new(name))
    }

    /// All account objects that may be used where objects are looked after.
    #[must_use]
    pub fn objects(&self) -> Vec<Arc<ModelArtsAccount>> {
        let mut accounts = self.sources.accounts.state();
        if let Reach::Namespace(namespace) = &self.policy.reach {
            accounts.retain(|account| self.check_namespace(account, namespace).is_ok());
        }
        accounts
    }

    /// The access to an account, for an object in `namespace`.
    ///
    /// # Errors
    /// Why it cannot be used there now.
    pub fn access_for(&self, name: &str, namespace: &str) -> Result<Access, Closed> {
        let account = self.object(name).ok_or_else(|| missing(name))?;
        self.check_namespace(&account, namespace)?;
        self.access(&account)
    }

    /// The access to an account, for the account's own business.
    ///
    /// # Errors
    /// Why it cannot be used now.
    pub fn access_of(&self, name: &str) -> Result<Access, Closed> {
        self.access(&*self.object(name).ok_or_else(|| missing(name))?)
    }

    /// The access as it is now. Whoever waited for a turn with the cloud may hold a key that was
    /// replaced meanwhile, and revoked. Without a better one it stays what it was.
    #[must_use]
    pub fn present(&self, access: &Access) -> Access {
        self.access_of(&access.account).unwrap_or_else(|_| access.clone())
    }

    /// What the objects of each account and of each namespace depend on: a value that changes with it.
    #[must_use]
    pub fn versions(&self) -> Versions {
        let mut versions = Versions::default();
        for account in self.objects() {
            let version = version_of(&account, self.secret_of(&account).as_deref());
            let generation = account.metadata.generation.unwrap_or_default();
            versions
                .accounts
                .insert(account.name_any(), format!("{generation}/{version}"));
        }
        for namespace in self.sources.namespaces.state() {
            let policy = namespace.annotations().get(modelarts_crd::DELETION_POLICY);
            versions
                .namespaces
                .insert(namespace.name_any(), (namespace.labels().clone(), policy.cloned()));
        }
        versions
    }

    /// The Secret of an account, if it has its credentials in one that is there.
    fn secret_of(&self, account: &ModelArtsAccount) -> Option<Arc<Secret>> {
        let Ok(Place::Secret(name)) = Place::of(account) else {
            return None;
        };
        self.sources
            .secrets
            .get(&ObjectRef::new(name).within(&self.policy.namespace))
    }

    fn access(&self, account: &ModelArtsAccount) -> Result<Access, Closed> {
        let name = account.name_any();
        let place = Place::of(account)?;
        let secret = self.secret_of(account);
        if let (Place::Secret(secret), None) = (place, &secret) {
            return Err(Closed {
                reason: Reason::WaitingForCredentials,
                stalled: false,
                message: format!(
                    "Secret {}/{secret} of account {name} does not exist",
                    self.policy.namespace
                ),
            });
        }
        let version = version_of(account, secret.as_deref());
        let mut sessions = self.sessions();
        let session = match sessions.get(&name) {
            Some(session) if session.version == version => session.clone(),
            _ => {
                let credentials = match &secret {
                    Some(secret) => credentials::within(&name, secret),
                    None => credentials::around(place, &self.policy.surroundings),
                };
                let client = credentials
                    .and_then(|credentials| connection::connect(account, credentials, &self.policy, self.hooks()));
                self.governor.set_limits(&name, limits(account));
                if !sessions.contains_key(&name) {
                    self.governor.resume(&name, remembered::pause(account));
                }
                let session = Session {
                    refused: remembered::refusal(account, place, &version),
                    secret: secret.as_ref().and_then(|secret| secret.resource_version()),
                    version,
                    client,
                    fixed: place.is_fixed(),
                };
                sessions.insert(name.clone(), session.clone());
                session
            }
        };
        match session.refused {
            Some(refused) if refused.final_ => Err(refusal(&refused)),
            _ => session.client.map(|client| Access {
                client,
                account: name,
                version: session.version,
            }),
        }
    }

    fn hooks(&self) -> Hooks {
        Hooks {
            observer: Some(Arc::clone(&self.policy.observer)),
            key_pause: self.policy.rest,
            carrier: self.policy.carrier.clone(),
            clock: self.policy.clock.clone(),
        }
    }

    /// Whether an account may be used in a namespace.
    #[must_use]
    pub fn allows(&self, name: &str, namespace: &str) -> bool {
        let account = self.object(name);
        account.is_some_and(|account| self.check_namespace(&account, namespace).is_ok())
    }

    fn check_namespace(&self, account: &ModelArtsAccount, namespace: &str) -> Result<(), Closed> {
        let name = account.name_any();
        let refused = |message: String| Closed {
            reason: Reason::NamespaceNotAllowed,
            stalled: true,
            message,
        };
        let Some(selector) = account.spec.allowed_namespaces.clone() else {
            return Err(refused(format!(
                "account {name} has no allowedNamespaces, which allows none"
            )));
        };
        let selector: Selector = selector.try_into().map_err(|_| {
            refused(format!(
                "allowedNamespaces of account {name} is no valid label selector"
            ))
        })?;
        let labels = self
            .sources
            .namespaces
            .get(&ObjectRef::new(namespace))
            .map(|found| found.labels().clone());
        match labels {
            Some(labels) if selector.matches(&labels) => Ok(()),
            _ => Err(refused(format!(
                "account {name} does not allow namespace {namespace}: its labels do not match allowedNamespaces"
            ))),
        }
    }

    /// Whether the cloud refused the account's credentials, and how it said so.
    #[must_use]
    pub fn refusal(&self, name: &str) -> Option<Closed> {
        self.sessions()
            .get(name)
            .and_then(|session| session.refused.as_ref())
            .map(refusal)
    }

    /// Takes note of how a call ended. Answers whether the account's standing changed.
    ///
    /// A call that left with an earlier version of the credentials says nothing about the present ones.
    pub fn absorb(&self, access: &Access, class: Class, error: Option<&ApiError>) -> bool {
        let name = &access.account;
        match error.map(|error| error.failure) {
            Some(Failure::Throttled) => {
                self.governor
                    .throttled(name, class, error.and_then(|error| error.retry_after));
            }
            _ if error.is_none_or(|error| error.status.is_some()) => self.governor.succeeded(name, class),
            _ => {}
        }
        let mut sessions = self.sessions();
        let present = sessions
            .get_mut(name)
            .filter(|session| session.version == access.version);
        let Some(session) = present else {
            return false;
        };
        let before = session.refused.is_some();
        match error {
            None => session.refused = None,
            Some(error)
                if matches!(
                    error.failure,
                    Failure::Unauthenticated | Failure::Expired | Failure::Locked
                ) =>
            {
                // A rest of our own repeats the refusal that it follows; the first text stays.
                if session.refused.is_none() {
                    // A clock is set right without a word to us, so there the key only rests.
                    let of_the_key = error.failure == Failure::Unauthenticated && error.clock_skew.is_none();
                    let final_ = of_the_key && session.fixed;
                    session.refused = Some(Refused {
                        message: error.to_string(),
                        final_,
                    });
                }
            }
            Some(_) => {}
        }
        before != session.refused.is_some()
    }

    fn sessions(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn missing(name: &str) -> Closed {
    Closed {
        reason: Reason::WaitingForAccount,
        stalled: false,
        message: format!("ModelArtsAccount {name} does not exist"),
    }
}

fn refusal(refused: &Refused) -> Closed {
    Closed {
        reason: Reason::CredentialsRefused,
        stalled: true,
        message: refused.message.clone(),
    }
}

/// Changes whenever the client has to be made anew.
fn version_of(account: &ModelArtsAccount, secret: Option<&Secret>) -> String {
    let of =
        |meta: &kube::core::ObjectMeta, version: String| format!("{}:{version}", meta.uid.clone().unwrap_or_default());
    let generation = account.metadata.generation.unwrap_or_default().to_string();
    let secret = secret.map(|secret| {
        of(
            &secret.metadata,
            secret.metadata.resource_version.clone().unwrap_or_default(),
        )
    });
    format!("{}/{}", of(&account.metadata, generation), secret.unwrap_or_default())
}

fn limits(account: &ModelArtsAccount) -> Limits {
    let default = Limits::default();
    let wanted = account.spec.limits.clone().unwrap_or_default();
    let creations = wanted.creations_per_ten_minutes.and_then(|n| u32::try_from(n).ok());
    Limits {
        reads_per_second: wanted.reads_per_second.map_or(default.reads_per_second, f64::from),
        writes_per_second: wanted.writes_per_second.map_or(default.writes_per_second, f64::from),
        creations_per_ten_minutes: creations.unwrap_or(default.creations_per_ten_minutes),
    }
}

#[cfg(test)]
mod tests;
