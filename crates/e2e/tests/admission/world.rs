//! A real API server with the operator installed but not running, and the ways in which the tables ask it.

use std::path::PathBuf;

use e2e::kubectl::{self, Said};
use kube::api::{Api, ApiResource, DynamicObject, Patch, PatchParams};
use kube::{Client, Resource, ResourceExt};
use modelarts_crd::{ModelArtsAccount, ModelArtsNetwork, ModelArtsPool};
use sandbox::control_plane::{ControlPlane, Options};
use sandbox::credentials::User;
use sandbox::wait::{self, until};
use serde_json::{Value, json};

/// Somebody who may edit pools in the namespace `default`, once the roles are bound.
pub const EDITOR: &str = "editor";

/// Everything that the tables need.
pub struct World {
    pub control_plane: ControlPlane,
    client: Client,
}

impl World {
    /// Starts the API server. Nothing is installed yet.
    pub async fn start() -> Self {
        let options = Options {
            users: vec![User::new(EDITOR)],
            ..Options::default()
        };
        let control_plane = ControlPlane::start(options).await.unwrap();
        let client = control_plane.client().await.unwrap();
        Self { control_plane, client }
    }

    /// Definitions are accepted before they are served.
    pub async fn wait_for_kinds(&self) {
        let (pools, networks, accounts) = (self.pools(), self.networks(), self.accounts());
        until("all kinds to be served", wait::DEADLINE, async || {
            pools.list(&Default::default()).await?;
            networks.list(&Default::default()).await?;
            accounts.list(&Default::default()).await.map(drop)
        })
        .await
        .unwrap();
    }

    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Pools of the namespace `default`, unparsed: most of what is sent here would not parse.
    pub fn pools(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.client(), "default", &ApiResource::erase::<ModelArtsPool>(&()))
    }

    /// The same for networks.
    pub fn networks(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.client(), "default", &ApiResource::erase::<ModelArtsNetwork>(&()))
    }

    pub fn accounts(&self) -> Api<DynamicObject> {
        Api::all_with(self.client(), &ApiResource::erase::<ModelArtsAccount>(&()))
    }

    /// Runs kubectl as the administrator, with `input` on its standard input.
    pub async fn kubectl(&self, arguments: &[&str], input: &str) -> Said {
        kubectl::run(&self.control_plane, arguments, input).await
    }
}

/// The path of a file of the repository.
pub fn file(path: &str) -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../..")).join(path)
}

/// A pool that the server takes, with `changes` merged into its spec.
pub fn pool(name: &str, changes: &Value) -> DynamicObject {
    let mut spec = json!({
        "scope": ["Train"],
        "network": {"name": "net-0123-86c13962597848eeb29c5861153a391f"},
        "resources": [{"flavor": "modelarts.vm.gpu.tnt004", "count": 2}],
    });
    merge(&mut spec, changes);
    object::<ModelArtsPool>(name, spec)
}

/// A network that the server takes, with `changes` merged into its spec.
pub fn network(name: &str, changes: &Value) -> DynamicObject {
    let mut spec = json!({"cidr": "192.168.128.0/17"});
    merge(&mut spec, changes);
    object::<ModelArtsNetwork>(name, spec)
}

/// An account that the server takes, with `changes` merged into its spec.
pub fn account(name: &str, changes: &Value) -> DynamicObject {
    let mut spec = json!({"region": "cn-north-4", "credentials": {"secret": {"name": "keys"}}});
    merge(&mut spec, changes);
    object::<ModelArtsAccount>(name, spec)
}

/// An object with exactly this spec.
pub fn object<K: Resource<DynamicType = ()>>(name: &str, spec: Value) -> DynamicObject {
    let mut object = DynamicObject::new(name, &ApiResource::erase::<K>(&()));
    object.data = json!({"spec": spec});
    object
}

/// RFC 7386, save that a null in the place of an absent member stays away.
fn merge(target: &mut Value, changes: &Value) {
    let (Some(members), Some(changes)) = (target.as_object_mut(), changes.as_object()) else {
        *target = changes.clone();
        return;
    };
    for (name, change) in changes {
        if change.is_null() {
            members.remove(name);
        } else {
            merge(members.entry(name).or_insert(Value::Null), change);
        }
    }
}

/// Creates it, with unknown fields refused. kube has that for patches only.
pub async fn create(api: &Api<DynamicObject>, object: &DynamicObject) -> kube::Result<DynamicObject> {
    let request = http::Request::post(format!("{}?fieldValidation=Strict", api.resource_url()))
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(serde_json::to_vec(object).unwrap())
        .unwrap();
    api.clone().into_client().request(request).await
}

/// Merges `changes` into its spec, with unknown fields refused.
pub async fn change(api: &Api<DynamicObject>, name: &str, changes: &Value) -> kube::Result<DynamicObject> {
    let strict = PatchParams::default().validation_strict();
    api.patch(name, &strict, &Patch::Merge(json!({"spec": changes}))).await
}

/// A refusal that a table expects: the field that the message must name, and the rule it must give.
pub struct Refusal {
    pub field: &'static str,
    pub rule: &'static str,
}

impl Refusal {
    /// What is wrong with this answer, if anything is.
    pub fn finding(&self, case: &str, answer: kube::Result<DynamicObject>) -> Option<String> {
        let status = match answer {
            Ok(_) => return Some(format!("{case}: accepted")),
            Err(kube::Error::Api(status)) => status,
            Err(other) => return Some(format!("{case}: {other}")),
        };
        if status.code != 422 {
            return Some(format!("{case}: {} {}", status.code, status.message));
        }
        let causes = status.details.map(|details| details.causes).unwrap_or_default();
        let named = causes
            .iter()
            .any(|cause| cause.field == self.field && cause.message.contains(self.rule));
        // The message is all that kubectl shows; the causes are what tools read.
        let said = status.message.contains(&format!("{}: ", self.field)) && status.message.contains(self.rule);
        (!named || !said).then(|| {
            format!(
                "{case}: wanted {} and {:?} in: {}",
                self.field, self.rule, status.message
            )
        })
    }
}

/// Sends a change and expects it to be refused and to leave no trace.
pub async fn refuse_change(
    api: &Api<DynamicObject>,
    before: &DynamicObject,
    changes: &Value,
    case: &str,
    refusal: &Refusal,
) -> Option<String> {
    let made = match create(api, before).await {
        Ok(made) => made,
        Err(error) => return Some(format!("{case}: the object before the change is refused: {error}")),
    };
    let name = made.name_any();
    let finding = refusal.finding(case, change(api, &name, changes).await);
    let after = api.get(&name).await.unwrap();
    finding.or_else(|| (after != made).then(|| format!("{case}: refused, but the object has changed")))
}
