//! An object of either kind in a scene, as JSON: the rows are about fields, not about types.
//!
//! Nothing here panics on what the operator does: a row that fails must not hide the others.

use std::time::Duration;

use e2e::scene::{OTHER_PROJECT, Scene};
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use modelarts_crd::{ModelArtsNetwork, ModelArtsPool};
use sandbox::simulator::PROJECT;
use sandbox::wait;
use serde_json::{Value, json};

use crate::table::Outcome;

/// How long one change may take while all other rows are at work, too.
pub const PATIENCE: Duration = Duration::from_secs(45);

/// Which kind of object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Pool,
    Network,
}

impl Kind {
    /// The word in manifests.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pool => "ModelArtsPool",
            Self::Network => "ModelArtsNetwork",
        }
    }

    fn resource(self) -> ApiResource {
        match self {
            Self::Pool => ApiResource::erase::<ModelArtsPool>(&()),
            Self::Network => ApiResource::erase::<ModelArtsNetwork>(&()),
        }
    }

    /// Where the status has the ID.
    pub fn id(self) -> &'static str {
        match self {
            Self::Pool => "poolId",
            Self::Network => "networkId",
        }
    }

    /// Where the simulator shows it.
    pub fn lever(self) -> &'static str {
        match self {
            Self::Pool => "pools",
            Self::Network => "networks",
        }
    }

    /// The operation that changes it.
    pub fn patches(self) -> &'static str {
        match self {
            Self::Pool => "PatchPool",
            Self::Network => "PatchNetwork",
        }
    }

    /// The operation that creates it.
    pub fn creates(self) -> &'static str {
        match self {
            Self::Pool => "CreatePool",
            Self::Network => "CreateNetwork",
        }
    }

    /// A spec that the cloud takes.
    fn good_spec(self, scene: &Scene) -> Value {
        match self {
            Self::Pool => json!({
                "account": scene.name,
                "scope": ["Train"],
                "network": { "name": format!("net-0123-{PROJECT}") },
                "resources": [{ "flavor": "modelarts.vm.cpu.8ud", "count": 1 }],
            }),
            Self::Network => json!({ "account": scene.name, "cidr": "192.168.20.0/24" }),
        }
    }
}

/// One object that a row is about.
#[derive(Clone)]
pub struct Subject<'a> {
    pub scene: &'a Scene,
    pub kind: Kind,
    pub name: String,
    /// What its row has in every spec.
    bare: Value,
}

impl<'a> Subject<'a> {
    /// An object that is not there yet. In texts of specs, `$NAME` stands for its name, `$ACCOUNT` and
    /// `$PROJECT` for the scene's account and its project, `$OTHER` and `$OTHER_PROJECT` for another.
    pub fn new(scene: &'a Scene, kind: Kind, name: &str, bare: &Value) -> Self {
        Self {
            scene,
            kind,
            name: name.to_owned(),
            bare: bare.clone(),
        }
    }

    /// The same row's object under another name.
    pub fn twin(&self, suffix: &str) -> Self {
        Self {
            name: format!("{}{suffix}", self.name),
            ..self.clone()
        }
    }

    fn api(&self) -> Api<DynamicObject> {
        Api::namespaced_with(self.scene.client(), &self.scene.name, &self.kind.resource())
    }

    /// Puts the names of this object and scene into a value.
    pub fn fill(&self, value: &Value) -> Value {
        let text = value.to_string();
        let filled = text
            .replace("$NAME", &self.name)
            .replace("$OTHER_PROJECT", OTHER_PROJECT)
            .replace("$OTHER", &self.scene.other_account())
            .replace("$ACCOUNT", &self.scene.name)
            .replace("$PROJECT", PROJECT);
        serde_json::from_str(&filled).unwrap()
    }

    /// Creates it with `changes` over what its row always has. Unknown fields are refused.
    pub async fn create(&self, changes: &Value) -> Result<(), String> {
        let mut spec = self.kind.good_spec(self.scene);
        e2e::scene::merge(&mut spec, &self.fill(&self.bare));
        e2e::scene::merge(&mut spec, &self.fill(changes));
        let mut object = DynamicObject::new(&self.name, &self.kind.resource());
        object.data = json!({ "spec": spec });
        let made = self.api().create(&PostParams::default(), &object).await;
        let made = made.map_err(|error| error.to_string())?;
        match kept(&spec, &made.data["spec"]) {
            true => Ok(()),
            false => Err(format!("{} became {}", spec, made.data["spec"])),
        }
    }

    /// Merges `changes` into its spec. Unknown fields are refused.
    pub async fn try_change(&self, changes: &Value) -> Result<(), String> {
        let (patch, strict) = (
            json!({ "spec": self.fill(changes) }),
            PatchParams::default().validation_strict(),
        );
        let changed = self.api().patch(&self.name, &strict, &Patch::Merge(&patch)).await;
        changed.map(drop).map_err(|error| error.to_string())
    }

    /// The same, where it has to be taken.
    pub async fn change(&self, changes: &Value) -> Outcome {
        let taken = self.try_change(changes).await;
        taken.map_err(|error| format!("the change {changes} was refused: {error}"))
    }

    /// The same, where it has to be refused with the name of the field, and to change nothing.
    pub async fn refused(&self, changes: &Value, field: &str) -> Outcome {
        let before = self.get().await?;
        let answer = self.try_change(changes).await;
        named(answer, field).map_err(|error| format!("the change {changes}: {error}"))?;
        let after = self.get().await?;
        match before["spec"] == after["spec"] {
            true => Ok(()),
            false => Err(format!("the refused change {changes} changed the spec")),
        }
    }

    /// Asks for its deletion and waits until it is gone.
    pub async fn delete_gone(&self) -> Outcome {
        let deleted = self.api().delete(&self.name, &DeleteParams::default()).await;
        deleted.map_err(|error| error.to_string())?;
        let gone = wait::until(format!("{} to be gone", self.name), PATIENCE, async || {
            match self
                .api()
                .get_opt(&self.name)
                .await
                .map_err(|error| error.to_string())?
            {
                None => Ok(()),
                Some(object) => Err(object.data["status"].to_string()),
            }
        });
        gone.await.map_err(|error| error.to_string())
    }

    /// The object.
    pub async fn get(&self) -> Result<Value, String> {
        let object = self.api().get(&self.name).await.map_err(|error| error.to_string())?;
        serde_json::to_value(object).map_err(|error| error.to_string())
    }

    /// Waits until the object is as `test` wants it.
    pub async fn until(&self, what: &str, test: impl Fn(&Value) -> bool) -> Result<Value, String> {
        let waited = wait::until(format!("{}: {what}", self.name), PATIENCE, async || {
            let object = self.get().await?;
            if test(&object) {
                Ok(object)
            } else {
                Err(format!("{} {}", object["spec"], object["status"]))
            }
        });
        waited.await.map_err(|error| error.to_string())
    }

    /// Waits until its present generation is ready and the cloud is as it says.
    pub async fn until_settled(&self, what: &str) -> Result<Value, String> {
        self.until(&format!("to be settled with {what}"), |object| {
            is_current(object) && says(object, "Ready", "True") && says(object, "Synced", "True")
        })
        .await
    }

    /// The same, or until it waits for a size.
    pub async fn until_handled(&self) -> Result<Value, String> {
        self.until("to be settled or without a size", |object| {
            let waits = conditions(object).any(|condition| condition["reason"] == "SizeNotSet");
            is_current(object) && (waits || says(object, "Ready", "True") && says(object, "Synced", "True"))
        })
        .await
    }

    /// Waits until a condition of its present generation gives this status and reason.
    pub async fn until_says(&self, type_: &str, status: &str, reason: &str) -> Result<Value, String> {
        self.until(&format!("to say {type_}={status} ({reason})"), |object| {
            is_current(object)
                && conditions(object).any(|condition| {
                    condition["type"] == type_ && condition["status"] == status && condition["reason"] == reason
                })
        })
        .await
    }

    /// Waits until its present generation is ready, or waits for a payment only.
    pub async fn until_made(&self) -> Result<Value, String> {
        self.until("to be made", |object| {
            let unpaid = conditions(object).any(|condition| condition["reason"] == "PaymentPending");
            is_current(object) && (unpaid || says(object, "Ready", "True") && says(object, "Synced", "True"))
        })
        .await
    }
}

/// Passes if the answer is a refusal that names the field.
pub fn named(answer: Result<(), String>, field: &str) -> Outcome {
    match answer {
        Ok(()) => Err(format!("was taken, although {field} forbids it")),
        Err(error) if error.contains(&format!("{field}:")) => Ok(()),
        Err(error) => Err(format!("the refusal does not name {field}: {error}")),
    }
}

/// The conditions of an object.
pub fn conditions(object: &Value) -> impl Iterator<Item = &Value> {
    object["status"]["conditions"].as_array().into_iter().flatten()
}

/// The text of a condition.
pub fn message<'a>(object: &'a Value, type_: &str) -> &'a str {
    let found = conditions(object).find(|condition| condition["type"] == type_);
    found
        .and_then(|condition| condition["message"].as_str())
        .unwrap_or_default()
}

/// Whether the status and all that it says is about the present generation.
fn is_current(object: &Value) -> bool {
    let generation = &object["metadata"]["generation"];
    object["status"]["observedGeneration"] == *generation
}

fn says(object: &Value, type_: &str, status: &str) -> bool {
    let generation = &object["metadata"]["generation"];
    conditions(object).any(|condition| {
        condition["type"] == type_ && condition["status"] == status && condition["observedGeneration"] == *generation
    })
}

/// Whether all that was asked for is in what was stored.
fn kept(asked: &Value, stored: &Value) -> bool {
    match (asked, stored) {
        (Value::Object(asked), Value::Object(stored)) => asked
            .iter()
            .all(|(key, value)| kept(value, stored.get(key).unwrap_or(&Value::Null))),
        (Value::Array(asked), Value::Array(stored)) => {
            asked.len() == stored.len() && asked.iter().zip(stored).all(|(asked, stored)| kept(asked, stored))
        }
        (asked, stored) => asked == stored,
    }
}
