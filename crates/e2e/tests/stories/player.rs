//! Plays a story step by step: as a person with kubectl, as the console, as fate.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Namespace;
use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use modelarts_crd::{DELETION_POLICY, ModelArtsNetwork, ModelArtsPool, REQUESTED_AT};
use modelarts_plan::{ClusterId, Marker};
use sandbox::simulator::{Fault, PROJECT};
use sandbox::wait;
use serde_json::{Value, json};

use crate::house::House;
use crate::story::Story;
use crate::story::language::{self, Deed, Expect, Object, Step, Until};
use crate::story::manifest::{answer, base, fill, merge};

/// How long anything may take on a busy machine, whatever the story allows on its own clock.
const PATIENCE: Duration = Duration::from_secs(90);
/// The stage's times are this much shorter than those that the stories speak of.
const FASTER: u64 = 10;

/// What is known of an object, also after it is gone.
#[derive(Clone, Debug, Default)]
pub struct Known {
    pub uid: String,
    pub id: Option<String>,
}

/// A story being played.
pub struct Player<'a> {
    pub house: House<'a>,
    pub known: BTreeMap<Object, Known>,
    /// What was counted already: entries of the ledger, patches, events.
    pub counted: (usize, usize, usize),
    cluster: ClusterId,
}

/// Plays a story.
///
/// # Errors
/// The step that is not as told, and why.
pub async fn play(house: House<'_>, story: &Story) -> Result<(), String> {
    let namespaces: Api<Namespace> = Api::all(house.client());
    let system = namespaces.get("kube-system").await.map_err(|error| error.to_string())?;
    let mut player = Player {
        house,
        known: BTreeMap::new(),
        counted: (0, 0, 0),
        cluster: ClusterId(system.metadata.uid.unwrap_or_default()),
    };
    let mut profile = json!({ "createSeconds": 2, "deleteSeconds": 2 });
    if story.cloud.is_object() {
        merge(&mut profile, &story.cloud);
    }
    player
        .house
        .simulator()
        .set_profile(&profile)
        .await
        .map_err(|error| error.to_string())?;
    for (index, step) in story.steps.iter().enumerate() {
        let done = Box::pin(player.step(step)).await;
        done.map_err(|error| format!("step {}: {error}\n{step:?}\n{}", index + 1, player.house.told()))?;
    }
    Ok(())
}

impl Player<'_> {
    async fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Apply(deed) => self.apply(deed).await,
            Step::Edit(deed) => {
                let spec = json!({ "spec": self.fill(&deed.spec)? });
                self.patch(&object_of(deed)?, &spec).await
            }
            Step::Delete(deed) => {
                let object = object_of(deed)?;
                let deleted = self
                    .api(&object)
                    .delete(name_of(&object), &DeleteParams::default())
                    .await;
                deleted.map(drop).map_err(|error| error.to_string())
            }
            Step::Request(deed) => {
                let annotation = json!({ "metadata": { "annotations": { REQUESTED_AT: deed.at } } });
                self.patch(&object_of(deed)?, &annotation).await
            }
            Step::Namespace(namespace) => self.namespace(namespace.deletion_policy.as_deref()).await,
            Step::ConsolePatch(deed) => self.console_patch(deed).await,
            Step::ConsoleDelete(deed) => self.console_delete(deed).await,
            Step::Cloud(lever) => self.lever(lever).await,
            Step::Fault(fault) => self.fault(fault).await,
            Step::Heal(_) => {
                let cleared = self.house.simulator().clear_faults().await;
                cleared.map_err(|error| error.to_string())
            }
            Step::Restart(_) => self.house.restart().await,
            Step::Run(time) => {
                // Nothing marks the end of a time in which nothing is to happen.
                tokio::time::sleep(Duration::from_millis(language::millis(time)? / FASTER)).await;
                Ok(())
            }
            Step::Until(until) => self.until(until).await,
            Step::Expect(expect) => self.expect(expect).await,
            Step::Forget(_) | Step::Crash(_) | Step::Away(_) | Step::UninstallDefinitions(_) => {
                Err("only a virtual world can do that".into())
            }
        }
    }

    /// The API of the object's kind.
    pub fn api(&self, object: &Object) -> Api<DynamicObject> {
        Api::namespaced_with(self.house.client(), self.house.namespace(), &resource(object))
    }

    async fn apply(&mut self, deed: &Deed) -> Result<(), String> {
        let object = object_of(deed)?;
        let mut spec = self.fill(&base(&object)["spec"])?;
        merge(&mut spec, &json!({ "account": self.house.account() }));
        let changes = self.fill(&deed.spec)?;
        if changes.is_object() {
            merge(&mut spec, &changes);
        }
        let mut manifest = DynamicObject::new(name_of(&object), &resource(&object));
        manifest.data = json!({ "spec": spec });
        let made = self.api(&object).create(&PostParams::default(), &manifest).await;
        made.map_err(|error| error.to_string())?;
        self.look(&object).await
    }

    async fn patch(&self, object: &Object, patch: &Value) -> Result<(), String> {
        let parameters = PatchParams::default();
        let patched = self
            .api(object)
            .patch(name_of(object), &parameters, &Patch::Merge(patch))
            .await;
        patched.map(drop).map_err(|error| error.to_string())
    }

    async fn namespace(&self, word: Option<&str>) -> Result<(), String> {
        let namespaces: Api<Namespace> = Api::all(self.house.client());
        let annotation = json!({ "metadata": { "annotations": { DELETION_POLICY: word } } });
        let parameters = PatchParams::default();
        let name = self.house.namespace();
        let patched = namespaces.patch(name, &parameters, &Patch::Merge(&annotation)).await;
        patched.map(drop).map_err(|error| error.to_string())
    }

    async fn fault(&self, fault: &language::Fault) -> Result<(), String> {
        let simulator = self.house.simulator();
        let mut all = simulator.faults().await.map_err(|error| error.to_string())?;
        all.push(Fault {
            seconds: (fault.seconds > 0).then_some(fault.seconds),
            ..Fault::times(&fault.operation, &fault.fault, u64::from(fault.times.unwrap_or(1)))
        });
        simulator.set_faults(&all).await.map_err(|error| error.to_string())
    }

    async fn until(&mut self, until: &Until) -> Result<(), String> {
        let expect = until.expect()?;
        self.soon(&expect).await
    }

    /// Waits until an expectation is met: a status or an event may come a moment after the deed.
    async fn soon(&mut self, expect: &Expect) -> Result<(), String> {
        let waited = wait::until("it to be as told", PATIENCE, async || {
            self.look_at_all().await?;
            let found = match self.filled(expect) {
                Ok(filled) => self.differences(&filled).await?,
                // It names what is not there yet.
                Err(error) => vec![error],
            };
            if found.is_empty() {
                Ok(())
            } else {
                Err(found.join("; "))
            }
        });
        waited.await.map_err(|error| error.to_string())
    }

    async fn expect(&mut self, expect: &Expect) -> Result<(), String> {
        self.soon(expect).await?;
        let filled = self.filled(expect)?;
        let waited = wait::until("the counts to be as told", PATIENCE, async || {
            match self.counts(&filled).await? {
                found if found.is_empty() => Ok(()),
                found => Err(found.join("; ")),
            }
        });
        waited.await.map_err(|error| error.to_string())?;
        self.note_counts(&filled).await
    }

    /// Puts values for the words of the story.
    pub fn fill(&self, value: &Value) -> Result<Value, String> {
        fill(value, &|word| self.word(word))
    }

    fn word(&self, word: &str) -> Option<String> {
        let identity = |object: &Object| {
            let known = self.known.get(object)?;
            Some((known.id.clone(), known.uid.clone()))
        };
        let marker = |uid: &str| Marker::of(uid, &self.cluster).to_string();
        answer(word, PROJECT, &identity, &marker)
    }
}

/// The object of a deed.
pub fn object_of(deed: &Deed) -> Result<Object, String> {
    deed.object().ok_or_else(|| String::from("no object"))
}

/// Its name.
pub fn name_of(object: &Object) -> &str {
    match object {
        Object::Pool(name) | Object::Network(name) => name,
    }
}

fn resource(object: &Object) -> ApiResource {
    match object {
        Object::Pool(_) => ApiResource::erase::<ModelArtsPool>(&()),
        Object::Network(_) => ApiResource::erase::<ModelArtsNetwork>(&()),
    }
}
