//! Plays a story in the virtual world: every step as a person, the cloud or fate would do it.

mod levers;
mod sight;

use std::collections::BTreeMap;

use modelarts_crd::policy::DeletionPolicy;
use modelarts_plan::{Networks, Pools};
use modelarts_sim::Profile;
use serde_json::{Value, json};

use crate::story::language::{self, Crash, Deed, Expect, Fault as Fate, Object, Step, Story, Until};
use crate::story::manifest::{self, answer, fill, fill_text};
use crate::world::faults::{Fault, Op};
use crate::world::kinds::Lives;
use crate::world::{PROJECT, World};

/// What is known of an object, also after it is gone.
#[derive(Clone, Debug, Default)]
struct Known {
    uid: String,
    id: Option<String>,
}

/// A story being played.
pub struct Player {
    pub world: World,
    known: BTreeMap<Object, Known>,
    /// What was counted already: mutations, patches, events.
    counted: (usize, usize, usize),
}

/// Plays a story and gives back its recorded life.
///
/// # Errors
/// The step that is not as told, and why.
pub fn play(story: &Story) -> Result<String, String> {
    let profile = match &story.cloud {
        Value::Null => Profile::default(),
        settings => Profile::default().merged(settings)?,
    };
    let mut player = Player {
        world: World::with(profile),
        known: BTreeMap::new(),
        counted: (0, 0, 0),
    };
    for (index, step) in story.steps.iter().enumerate() {
        player.step(step).map_err(|error| {
            let number = index + 1;
            format!(
                "step {number}: {error}\n{}\n{step:?}",
                player.world.chronicle.lines.join("\n")
            )
        })?;
    }
    let lines = player.world.chronicle.lines.join("\n");
    Ok(format!("{}\n{}\n\n{lines}\n", story.story, story.why.trim()))
}

impl Player {
    fn step(&mut self, step: &Step) -> Result<(), String> {
        match step {
            Step::Apply(deed) => self.apply(deed, true),
            Step::Edit(deed) => self.apply(deed, false),
            Step::Delete(deed) => self.delete(deed),
            Step::Request(deed) => self.request(deed),
            Step::Namespace(namespace) => self.namespace(namespace.deletion_policy.as_deref()),
            Step::Forget(deed) => self.forget(deed),
            Step::UninstallDefinitions(_) => {
                self.tell("the definitions of pools and networks are removed");
                self.world.kind_leaves = true;
                for name in self.world.kube.names() {
                    self.world.delete(&name);
                }
                for name in self.world.networks.names() {
                    self.world.delete_any::<Networks>(&name);
                }
                Ok(())
            }
            Step::ConsolePatch(deed) => self.console_patch(deed),
            Step::ConsoleDelete(deed) => self.console_delete(deed),
            Step::Cloud(lever) => self.lever(lever),
            Step::Fault(fault) => self.fault(fault),
            Step::Heal(_) => {
                self.tell("nothing goes wrong any more");
                self.world.faults.clear();
                Ok(())
            }
            Step::Restart(_) => {
                self.tell("the operator is started again");
                self.world.restart();
                Ok(())
            }
            Step::Crash(crash) => self.crash(crash),
            Step::Run(time) => {
                self.world.run_for(language::millis(time)?);
                Ok(())
            }
            Step::Away(time) => {
                self.tell(format!("the operator is switched off for {time}"));
                self.world.now += language::millis(time)?;
                self.world.restart();
                Ok(())
            }
            Step::Until(until) => self.until(until),
            Step::Expect(expect) => self.expect(expect),
        }
    }

    /// What a person does, in the life.
    fn tell(&mut self, text: impl AsRef<str>) {
        self.world.chronicle(text.as_ref());
    }

    fn apply(&mut self, deed: &Deed, new: bool) -> Result<(), String> {
        let object = deed.object().ok_or("no object")?;
        let spec = self.fill(&deed.spec)?;
        let (verb, shown) = match (new, &spec) {
            (true, Value::Null) => ("applies", String::new()),
            (true, spec) => ("applies", format!(" with {spec}")),
            (false, spec) => ("edits", format!(": {spec}")),
        };
        self.tell(format!("somebody {verb} {}{shown}", told(&object)));
        match &object {
            Object::Pool(name) => self.apply_any::<Pools>(&object, name, &spec, new)?,
            Object::Network(name) => self.apply_any::<Networks>(&object, name, &spec, new)?,
        }
        Ok(())
    }

    fn apply_any<K: Lives>(&mut self, object: &Object, name: &str, patch: &Value, new: bool) -> Result<(), String> {
        let mut spec = match K::shelf(&self.world).get(name).filter(|_| !new) {
            Some(there) => K::value(&there)["spec"].clone(),
            None => self.fill(&manifest::base(object)["spec"])?,
        };
        if !patch.is_null() {
            manifest::merge(&mut spec, patch);
        }
        let spec = serde_json::from_value(spec).map_err(|error| format!("the spec: {error}"))?;
        self.world.apply_any::<K>(name, spec);
        self.look(object);
        Ok(())
    }

    fn delete(&mut self, deed: &Deed) -> Result<(), String> {
        let object = deed.object().ok_or("no object")?;
        self.tell(format!("somebody deletes {}", told(&object)));
        match &object {
            Object::Pool(name) => self.world.delete(name),
            Object::Network(name) => self.world.delete_any::<Networks>(name),
        }
        Ok(())
    }

    fn request(&mut self, deed: &Deed) -> Result<(), String> {
        let object = deed.object().ok_or("no object")?;
        let at = deed.at.clone().ok_or("at is missing")?;
        self.tell(format!("somebody asks for a pass of {} ({at})", told(&object)));
        match &object {
            Object::Pool(name) => self.world.request(name, &at),
            Object::Network(name) => self.world.request_any::<Networks>(name, &at),
        }
        Ok(())
    }

    fn namespace(&mut self, word: Option<&str>) -> Result<(), String> {
        self.tell(format!(
            "the namespace's deletion policy is {}",
            word.unwrap_or("not set")
        ));
        self.world.namespace_policy = word.and_then(DeletionPolicy::from_word);
        let misspelt = word.filter(|word| DeletionPolicy::from_word(word).is_none());
        self.world.misspelt = misspelt.map(str::to_owned);
        self.world.wake_all();
        Ok(())
    }

    fn forget(&mut self, deed: &Deed) -> Result<(), String> {
        let object = deed.object().ok_or("no object")?;
        self.look(&object);
        self.tell(format!("{} is not in the cluster any more", told(&object)));
        match &object {
            Object::Pool(name) => self.world.kube.forget(name),
            Object::Network(name) => self.world.networks.forget(name),
        }
        self.world.restart();
        Ok(())
    }

    fn console_patch(&mut self, deed: &Deed) -> Result<(), String> {
        let object = deed.object().ok_or("no object")?;
        let (id, patch) = (self.id(&object)?, self.fill(&deed.patch)?);
        self.tell(format!("in the console somebody changes {}: {patch}", told(&object)));
        let now = self.world.cloud_now();
        let Object::Pool(_) = object else {
            let cloud = &mut self.world.cloud;
            let done = cloud.patch_network_out_of_band(&id, &patch, "console", now);
            return done.map(|_| ()).map_err(|refusal| refusal.to_string());
        };
        let done = self.world.cloud.console_patch(&id, &patch, "console", now);
        done.map(|_| ()).map_err(|refusal| refusal.to_string())
    }

    fn console_delete(&mut self, deed: &Deed) -> Result<(), String> {
        let object = deed.object().ok_or("no object")?;
        let id = self.id(&object)?;
        self.tell(format!("in the console somebody deletes {}", told(&object)));
        let now = self.world.cloud_now();
        let done = self.world.cloud.console_delete(&id, "console", now);
        done.map(|_| ()).map_err(|refusal| refusal.to_string())
    }

    fn fault(&mut self, fate: &Fate) -> Result<(), String> {
        let times = fate.times.unwrap_or(1);
        let fault = fault_of(fate)?;
        self.tell(format!("the next {times} {} go wrong: {}", fate.operation, fate.fault));
        for op in ops_of(&fate.operation)? {
            self.world.break_next(*op, fault, times);
        }
        Ok(())
    }

    fn crash(&mut self, crash: &Crash) -> Result<(), String> {
        let (word, operation, fault) = match crash {
            Crash::Before(operation) => ("before", operation, Fault::CrashBefore),
            Crash::After(operation) => ("after", operation, Fault::CrashAfter),
        };
        self.tell(format!("the operator is going to die {word} its next {operation}"));
        let op = *ops_of(operation)?.first().ok_or("no such operation")?;
        self.world.break_next(op, fault, 1);
        Ok(())
    }

    fn until(&mut self, until: &Until) -> Result<(), String> {
        let expect = self.filled(&until.expect()?)?;
        let end = self.world.now + until.within()?;
        loop {
            self.look_at_all();
            let found = self.differences(&expect);
            if found.is_empty() {
                return Ok(());
            }
            if !self.world.happen_before(end) {
                return Err(format!(
                    "has not become so: {}\n{}",
                    found.join("; "),
                    self.world.story()
                ));
            }
        }
    }

    fn expect(&mut self, expect: &Expect) -> Result<(), String> {
        self.look_at_all();
        let mut found = match self.filled(expect) {
            Ok(filled) => {
                let mut found = self.differences(&filled);
                found.extend(self.counts(&filled));
                found
            }
            Err(error) => vec![error],
        };
        match found.pop() {
            None => Ok(()),
            Some(last) => {
                found.push(last);
                Err(format!("{}\n{}", found.join("; "), self.world.story()))
            }
        }
    }

    fn fill(&self, value: &Value) -> Result<Value, String> {
        fill(value, &|word| self.word(word))
    }

    fn fill_text(&self, text: &str) -> Result<String, String> {
        fill_text(text, &|word| self.word(word))
    }

    fn word(&self, word: &str) -> Option<String> {
        let identity = |object: &Object| {
            let known = self.known.get(object)?;
            Some((known.id.clone(), known.uid.clone()))
        };
        let marker = |uid: &str| modelarts_plan::Marker::of(uid, &self.world.cluster).to_string();
        answer(word, PROJECT, &identity, &marker)
    }

    fn id(&mut self, object: &Object) -> Result<String, String> {
        self.look(object);
        let id = self.known.get(object).and_then(|known| known.id.clone());
        id.ok_or_else(|| format!("{} is not in the cloud", told(object)))
    }
}

/// The words for an object.
fn told(object: &Object) -> String {
    match object {
        Object::Pool(name) => format!("ModelArtsPool {name}"),
        Object::Network(name) => format!("ModelArtsNetwork {name}"),
    }
}

fn ops_of(operation: &str) -> Result<&'static [Op], String> {
    Ok(match operation {
        "CreatePool" => &[Op::Create],
        "ShowPool" => &[Op::Show],
        "PatchPool" => &[Op::Patch],
        "DeletePool" => &[Op::Delete],
        "ListPools" => &[Op::List, Op::ListCreating, Op::ListFailed],
        "ListOrders" | "ListPoolNodes" => &[Op::Details],
        "CreateNetwork" => &[Op::NetworkCreate],
        "ShowNetwork" => &[Op::NetworkShow, Op::Canary],
        "PatchNetwork" => &[Op::NetworkPatch],
        "DeleteNetwork" => &[Op::NetworkDelete],
        "ListNetworks" => &[Op::NetworkList],
        "status write" => &[Op::Status],
        "finalizer write" => &[Op::Finalizer],
        other => return Err(format!("no operation {other}")),
    })
}

fn fault_of(fate: &Fate) -> Result<Fault, String> {
    let millis = fate.seconds * 1_000;
    Ok(match fate.fault.as_str() {
        "lostAnswer" => Fault::LostAnswer,
        "errorAfterCommit" => Fault::ErrorAfterCommit,
        "delayedCommit" => Fault::DelayedCommit(millis),
        "malformed" => Fault::Malformed,
        "listLag" => Fault::ListLag(millis),
        "emptyList" => Fault::EmptyList,
        "partialList" => Fault::PartialList,
        "gateway404" => Fault::Gateway404,
        "throttle" => Fault::Throttle,
        "serverError" => Fault::ServerError,
        "expiredCredentials" => Fault::Unauthenticated,
        "soldOut" => Fault::SoldOut,
        other => return Err(format!("no fault {other}")),
    })
}

/// The spec of a stranger's thing.
fn stranger_body(name: &str, description: &str, network: bool) -> Value {
    let metadata = json!({
        "labels": {"os.modelarts/name": name, "os.modelarts/workspace.id": "0"},
        "annotations": {"os.modelarts/description": description},
    });
    if network {
        return json!({"apiVersion": "v1", "kind": "Network", "metadata": metadata, "spec": {"cidr": "192.168.64.0/18"}});
    }
    json!({
        "apiVersion": "v2", "kind": "Pool", "metadata": metadata,
        "spec": {
            "type": "Dedicate", "scope": ["Train"],
            "network": {"name": format!("net-0123-{PROJECT}")},
            "resources": [{"flavor": "modelarts.vm.cpu.8ud", "count": 2}],
        },
    })
}
