//! Accounts fail closed, and a refused key is left alone until it is another key.

use std::collections::BTreeMap;

use k8s_openapi::ByteString;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::reflector::{self, store::Writer};
use kube::runtime::watcher;
use modelarts_client::Sent;
use serde_json::json;

use super::*;

struct Watched {
    accounts: Writer<ModelArtsAccount>,
    secrets: Writer<Secret>,
    namespaces: Writer<PartialObjectMeta<Namespace>>,
}

fn accounts() -> (Accounts, Watched) {
    crate::kubernetes::install_tls_provider();
    let (accounts, accounts_writer) = reflector::store();
    let (secrets, secrets_writer) = reflector::store();
    let (namespaces, namespaces_writer) = reflector::store();
    let policy = Policy {
        namespace: "modelarts-system".into(),
        reach: Reach::Cluster,
        allowed_hosts: AllowedHosts::default(),
        http_loopback: true,
        deadline: Duration::from_secs(1),
        rest: Duration::from_secs(300),
        observer: Arc::new(|_| {}),
        surroundings: crate::credentials::Surroundings::of_the_process(None),
        carrier: modelarts_client::Carrier::default(),
        clock: modelarts_client::Clock::default(),
    };
    let sources = Sources {
        accounts,
        secrets,
        namespaces,
    };
    let watched = Watched {
        accounts: accounts_writer,
        secrets: secrets_writer,
        namespaces: namespaces_writer,
    };
    (Accounts::new(sources, policy, Arc::new(Governor::new())), watched)
}

impl Watched {
    fn account(&mut self, spec: serde_json::Value) {
        self.account_named("default", spec);
    }

    fn account_named(&mut self, name: &str, spec: serde_json::Value) {
        let account = serde_json::from_value(json!({
            "apiVersion": "modelarts.huaweicloud.com/v1alpha1", "kind": "ModelArtsAccount",
            "metadata": {"name": name, "uid": name, "generation": 1}, "spec": spec,
        }));
        self.accounts
            .apply_watcher_event(&watcher::Event::Apply(account.unwrap()));
    }

    fn secret(&mut self, version: &str, keys: &[(&str, &str)]) {
        self.secret_named("keys", version, keys);
    }

    fn secret_named(&mut self, name: &str, version: &str, keys: &[(&str, &str)]) {
        let data = keys
            .iter()
            .map(|(key, value)| ((*key).to_owned(), ByteString(value.as_bytes().to_vec())))
            .collect();
        let metadata = ObjectMeta {
            name: Some(name.into()),
            namespace: Some("modelarts-system".into()),
            uid: Some(name.into()),
            resource_version: Some(version.into()),
            ..ObjectMeta::default()
        };
        let secret = Secret {
            metadata,
            data: Some(data),
            ..Secret::default()
        };
        self.secrets.apply_watcher_event(&watcher::Event::Apply(secret));
    }

    fn namespace(&mut self, name: &str, labels: &[(&str, &str)]) {
        let labels: BTreeMap<String, String> = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let meta = ObjectMeta {
            name: Some(name.into()),
            labels: Some(labels),
            ..ObjectMeta::default()
        };
        let namespace = kube::core::metadata::PartialObjectMetaExt::into_response_partial::<Namespace>(meta);
        self.namespaces.apply_watcher_event(&watcher::Event::Apply(namespace));
    }
}

fn spec(allowed: Option<serde_json::Value>) -> serde_json::Value {
    let mut spec = json!({
        "region": "cn-north-4", "projectId": "p1", "endpoint": "http://127.0.0.1:9", "iamEndpoint": "http://127.0.0.1:9",
        "credentials": {"secret": {"name": "keys"}},
    });
    if let Some(allowed) = allowed {
        spec["allowedNamespaces"] = allowed;
    }
    spec
}

const KEYS: [(&str, &str); 2] = [("accessKey", "AKEXAMPLE"), ("secretKey", "example")];

fn unauthenticated() -> ApiError {
    ApiError {
        failure: Failure::Unauthenticated,
        sent: Sent::Rejected,
        operation: "ListPools",
        status: Some(401),
        code: Some("APIGW.0301".into()),
        message: "verify aksk signature fail".into(),
        request_id: None,
        retry_after: None,
        clock_skew: None,
    }
}

fn reason(result: Result<Access, Closed>) -> Option<Reason> {
    result.err().map(|closed| closed.reason)
}

#[test]
fn what_is_missing_is_named_in_the_order_in_which_it_is_needed() {
    let (accounts, mut watched) = accounts();
    assert_eq!(
        reason(accounts.access_for("default", "ml")),
        Some(Reason::WaitingForAccount)
    );
    watched.account(spec(Some(json!({}))));
    assert_eq!(
        reason(accounts.access_for("default", "ml")),
        Some(Reason::NamespaceNotAllowed),
        "the namespace is not known yet"
    );
    watched.namespace("ml", &[]);
    assert_eq!(
        reason(accounts.access_for("default", "ml")),
        Some(Reason::WaitingForCredentials)
    );
    watched.secret("1", &KEYS[..1]);
    assert_eq!(
        reason(accounts.access_for("default", "ml")),
        Some(Reason::WaitingForCredentials),
        "one key is missing"
    );
    watched.secret("2", &KEYS);
    assert_eq!(reason(accounts.access_for("default", "ml")), None);
}

#[test]
fn an_account_without_a_selector_allows_no_namespace() {
    let (accounts, mut watched) = accounts();
    watched.account(spec(None));
    watched.namespace("ml", &[]);
    watched.secret("1", &KEYS);
    assert_eq!(
        reason(accounts.access_for("default", "ml")),
        Some(Reason::NamespaceNotAllowed)
    );
}

#[test]
fn only_namespaces_with_the_labels_are_allowed() {
    let (accounts, mut watched) = accounts();
    watched.account(spec(Some(json!({"matchLabels": {"team": "ml"}}))));
    watched.secret("1", &KEYS);
    watched.namespace("ml", &[("team", "ml")]);
    watched.namespace("web", &[("team", "web")]);
    assert_eq!(reason(accounts.access_for("default", "ml")), None);
    assert_eq!(
        reason(accounts.access_for("default", "web")),
        Some(Reason::NamespaceNotAllowed)
    );
}

#[test]
fn an_endpoint_that_is_not_allowed_is_an_invalid_account() {
    let (accounts, mut watched) = accounts();
    let mut spec = spec(Some(json!({})));
    spec["endpoint"] = json!("https://collector.example.com");
    watched.account(spec);
    watched.namespace("ml", &[]);
    watched.secret("1", &KEYS);
    assert_eq!(
        reason(accounts.access_for("default", "ml")),
        Some(Reason::InvalidAccount)
    );
}

#[test]
fn a_refused_key_is_left_alone_until_the_secret_changes() {
    let (accounts, mut watched) = accounts();
    watched.account(spec(Some(json!({}))));
    watched.namespace("ml", &[]);
    watched.secret("1", &KEYS);
    let access = accounts.access_for("default", "ml").ok().unwrap();
    assert!(
        accounts.absorb(&access, Class::Reads, Some(&unauthenticated())),
        "the standing changed"
    );
    assert_eq!(
        reason(accounts.access_for("default", "ml")),
        Some(Reason::CredentialsRefused)
    );
    watched.secret("2", &KEYS);
    assert_eq!(reason(accounts.access_for("default", "ml")), None);
}

#[test]
fn a_late_refusal_of_the_old_key_does_not_stop_the_new_one() {
    let (accounts, mut watched) = accounts();
    watched.account(spec(Some(json!({}))));
    watched.namespace("ml", &[]);
    watched.secret("1", &KEYS);
    let old = accounts.access_for("default", "ml").ok().unwrap();
    watched.secret("2", &KEYS);
    assert_eq!(reason(accounts.access_for("default", "ml")), None);
    assert!(!accounts.absorb(&old, Class::Reads, Some(&unauthenticated())));
    assert_eq!(reason(accounts.access_for("default", "ml")), None);
}

#[test]
fn expired_credentials_are_tried_again_and_clear_by_a_call_that_succeeds() {
    let (accounts, mut watched) = accounts();
    watched.account(spec(Some(json!({}))));
    watched.namespace("ml", &[]);
    watched.secret("1", &KEYS);
    let access = accounts.access_for("default", "ml").ok().unwrap();
    let expired = ApiError {
        failure: Failure::Expired,
        ..unauthenticated()
    };
    assert!(accounts.absorb(&access, Class::Reads, Some(&expired)));
    assert_eq!(
        accounts.refusal("default").map(|closed| closed.reason),
        Some(Reason::CredentialsRefused)
    );
    assert_eq!(reason(accounts.access_of("default")), None, "the census goes on trying");
    assert!(accounts.absorb(&access, Class::Reads, None));
    assert_eq!(accounts.refusal("default"), None);
}

#[test]
fn a_changed_deletion_policy_of_a_namespace_concerns_its_objects() {
    let (accounts, mut watched) = accounts();
    watched.namespace("ml", &[]);
    let before = accounts.versions();
    let annotated = ObjectMeta {
        name: Some("ml".into()),
        annotations: Some(BTreeMap::from([(
            modelarts_crd::DELETION_POLICY.into(),
            "Detach".into(),
        )])),
        ..ObjectMeta::default()
    };
    let namespace = kube::core::metadata::PartialObjectMetaExt::into_response_partial::<Namespace>(annotated);
    watched
        .namespaces
        .apply_watcher_event(&watcher::Event::Apply(namespace));
    assert_ne!(before.namespaces.get("ml"), accounts.versions().namespaces.get("ml"));
}

/// AWS ACK, community#2011. Which account a namespace belongs to is in a map that is read while the first
/// objects are already being worked on. What is not in it yet looked like "no account of its own", and
/// those objects were managed in the controller's own account.
///
/// Here an object names its account, and until that account, its Secret and the labels of the namespace
/// have all arrived, in whatever order, there is no access: not by that account, nor by the one that
/// happens to be known already.
#[test]
fn ack_2011_nothing_is_done_as_another_account_before_all_is_known() {
    let orders = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];
    for order in orders {
        let (accounts, mut watched) = accounts();
        watched.account(spec(Some(json!({}))));
        watched.secret("1", &KEYS);
        let mut of_team = spec(Some(
            json!({"matchExpressions": [{"key": "other", "operator": "DoesNotExist"}]}),
        ));
        of_team["credentials"]["secret"]["name"] = json!("team-keys");
        for arriving in order {
            let early = accounts.access_for("team", "ml");
            assert!(
                early.is_err(),
                "{order:?}: as {:?}",
                early.map(|access| access.account().to_owned()).ok()
            );
            match arriving {
                0 => watched.account_named("team", of_team.clone()),
                1 => watched.namespace("ml", &[("team", "ml")]),
                _ => watched.secret_named("team-keys", "1", &KEYS),
            }
        }
        let access = accounts.access_for("team", "ml").ok().unwrap();
        assert_eq!(access.account(), "team");
    }
}

#[test]
fn whoever_waited_gets_the_key_of_now() {
    let (accounts, mut watched) = accounts();
    watched.account(spec(Some(json!({}))));
    watched.namespace("ml", &[]);
    watched.secret("1", &KEYS);
    let old = accounts.access_for("default", "ml").ok().unwrap();
    assert_eq!(accounts.present(&old).version, old.version);
    watched.secret("2", &KEYS);
    let new = accounts.present(&old);
    assert_ne!(new.version, old.version);
    assert!(accounts.absorb(&new, Class::Reads, Some(&unauthenticated())));
    assert_eq!(accounts.present(&new).version, new.version, "nothing better is there");
}

#[test]
fn a_key_rests_without_end_for_itself_and_for_a_while_for_the_clock() {
    let (accounts, mut watched) = accounts();
    watched.account(spec(Some(json!({}))));
    watched.namespace("ml", &[]);
    watched.secret("1", &KEYS);
    assert!(
        accounts.remember("default").is_none(),
        "nothing is known before it is used"
    );
    let access = accounts.access_for("default", "ml").ok().unwrap();
    let of_the_clock = ApiError {
        clock_skew: Some(1200),
        ..unauthenticated()
    };
    accounts.absorb(&access, Class::Reads, Some(&of_the_clock));
    assert_eq!(
        reason(accounts.access_for("default", "ml")),
        None,
        "the client rests by itself"
    );
    assert_eq!(accounts.remember("default").unwrap().refused, None);
    accounts.absorb(&access, Class::Reads, None);
    accounts.absorb(&access, Class::Reads, Some(&unauthenticated()));
    let remembered = accounts.remember("default").unwrap();
    assert_eq!(remembered.secret.as_deref(), Some("1"));
    assert_eq!(remembered.refused.as_deref(), Some(access.version.as_str()));
}
