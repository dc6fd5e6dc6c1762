//! The language: what a story may say, and nothing else. An unknown word is an error.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

/// One story.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Story {
    /// Its name: a sentence in kebab case.
    pub story: String,
    /// The rule that it shows, or the pain that it spares.
    pub why: String,
    /// Whether it is also played with the real binary on a real API server.
    #[serde(default)]
    pub real: bool,
    /// Settings of the cloud, as in the simulator's profile.
    #[serde(default)]
    pub cloud: Value,
    /// What happens.
    pub steps: Vec<Step>,
}

/// An object that a step speaks of: `pool: NAME` or `network: NAME`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Object {
    Pool(String),
    Network(String),
}

/// One step, told by its one key.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Step {
    /// kubectl apply: the base manifest with `spec` merged over it.
    Apply(Deed),
    /// The spec as it is with `spec` merged over it.
    Edit(Deed),
    /// kubectl delete.
    Delete(Deed),
    /// Sets the annotation that asks for a pass.
    Request(Deed),
    /// Sets the deletion policy in the namespace's annotation; null removes it.
    Namespace(Namespace),
    /// The object is not in the cluster any more, and nobody was asked: a restored or a new cluster.
    Forget(Deed),
    /// The definition of pools and networks is being removed.
    UninstallDefinitions(Empty),
    /// A person changes the thing of an object in the console, by the rules of the service.
    ConsolePatch(Deed),
    /// A person deletes it in the console, by the rules of the service.
    ConsoleDelete(Deed),
    /// Something else happens to the cloud.
    Cloud(Lever),
    /// The next calls of an operation go wrong.
    Fault(Fault),
    /// Calls go wrong no more.
    Heal(Empty),
    /// The process dies and another begins.
    Restart(Empty),
    /// The process dies at its next call of an operation.
    Crash(Crash),
    /// Lets this long pass, for example `90s`, `10m`, `2h`.
    Run(String),
    /// The operator does not run for this long.
    Away(String),
    /// Waits until this is so.
    Until(Until),
    /// This is so.
    Expect(Expect),
}

/// Nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Empty {}

/// What is done to an object.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Deed {
    pool: Option<String>,
    network: Option<String>,
    /// What is merged over the spec.
    #[serde(default)]
    pub spec: Value,
    /// A merge patch in the words of the cloud.
    #[serde(default)]
    pub patch: Value,
    /// The value of an annotation.
    #[serde(default)]
    pub at: Option<String>,
}

/// What the namespace says.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Namespace {
    /// `Delete`, `Detach`, or what somebody writes by mistake.
    pub deletion_policy: Option<String>,
}

/// What happens to the cloud by itself, or by others.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Lever {
    /// Pays what a pool waits for.
    Pay(Deed),
    /// The term of a subscription ends.
    EndTerm(Deed),
    /// Another term is paid.
    Renew(Deed),
    /// Nodes break.
    Break(Count),
    /// Broken nodes are mended.
    Mend(Deed),
    /// The thing is put into a phase.
    Phase(Phase),
    /// Restrictions of billing.
    ControlMode(ControlMode),
    /// The thing vanishes at once.
    Vanish(Deed),
    /// By no rules at all: labels, annotations, plain parts of the spec.
    Tamper(Deed),
    /// A flavor is sold out.
    SoldOut(Stock),
    /// It is there again.
    Restock(Stock),
    /// The next change goes wrong later, as in the simulator's mishaps.
    Mishap(Value),
    /// Somebody else makes a pool or network of that name, with a description.
    Stranger(Stranger),
    /// Settings are changed, as in the simulator's profile.
    Profile(Value),
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Count {
    pub pool: String,
    pub nodes: u64,
    /// The phase that the pool is then in.
    #[serde(default)]
    pub phase: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    pool: Option<String>,
    network: Option<String>,
    pub to: String,
    #[serde(default)]
    pub message: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ControlMode {
    pub pool: String,
    pub mode: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stock {
    pub flavor: String,
    /// Absent: every zone.
    #[serde(default)]
    pub zone: Option<String>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Stranger {
    pool: Option<String>,
    network: Option<String>,
    #[serde(default)]
    pub description: String,
    /// Merged over the stranger's spec.
    #[serde(default)]
    pub spec: Value,
}

/// A fault, in the words of the simulator.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The operation of the service, such as `CreatePool`.
    pub operation: String,
    /// `lostAnswer`, `throttle` and so on.
    pub fault: String,
    /// For `delayedCommit` and `listLag`.
    #[serde(default)]
    pub seconds: u64,
    /// How many calls. Absent: one.
    #[serde(default)]
    pub times: Option<u32>,
}

/// A death.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Crash {
    /// Before the request leaves.
    Before(String),
    /// After the cloud did it and before the process heard so.
    After(String),
}

/// A wait. It must become so within `within`, ten minutes if it does not say.
#[derive(Clone, Debug, Deserialize)]
pub struct Until(BTreeMap<String, Value>);

/// What must be so. The first part speaks of the one object that is named.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Expect {
    pool: Option<String>,
    network: Option<String>,
    /// Condition types, each with `STATUS REASON`, `absent`, or `{is: STATUS REASON, says: PART}`.
    #[serde(default)]
    pub conditions: BTreeMap<String, Value>,
    /// A part of the status: the members that are named, lists with all their items; null: must be absent.
    #[serde(default)]
    pub status: Value,
    /// A part of what the cloud holds for the object, the same way.
    #[serde(default)]
    pub cloud: Value,
    /// Whether the object is gone.
    #[serde(default)]
    pub gone: bool,
    /// Whether what the cloud holds for the object is gone.
    #[serde(default, rename = "cloud-gone")]
    pub cloud_gone: bool,
    /// Number of pools in the cloud, records of failed ones not counted.
    #[serde(default)]
    pub pools: Option<usize>,
    /// Number of networks in the cloud, the project's first one not counted.
    #[serde(default)]
    pub networks: Option<usize>,
    /// All changes of the cloud that the operator caused since this was asked last, by operation.
    #[serde(default)]
    pub ledger: Option<Vec<String>>,
    /// The bodies of all PATCH requests since this was asked last.
    #[serde(default)]
    pub patches: Option<Vec<Value>>,
    /// All events since this was asked last, by reason.
    #[serde(default)]
    pub events: Option<Vec<String>>,
}

/// Declares how a struct with `pool` and `network` names its object.
macro_rules! names_an_object {
    ($($type:ident),*) => {$(
        impl $type {
            /// The object, if exactly one is named.
            pub fn object(&self) -> Option<Object> {
                match (&self.pool, &self.network) {
                    (Some(name), None) => Some(Object::Pool(name.clone())),
                    (None, Some(name)) => Some(Object::Network(name.clone())),
                    _ => None,
                }
            }
        }
    )*};
}

names_an_object!(Deed, Phase, Stranger, Expect);

impl Until {
    /// How long it may take, in milliseconds.
    pub fn within(&self) -> Result<u64, String> {
        match self.0.get("within") {
            None => Ok(600_000),
            Some(Value::String(text)) => millis(text),
            Some(other) => Err(format!("within: {other} is no time")),
        }
    }

    /// What must become so.
    pub fn expect(&self) -> Result<Expect, String> {
        let mut state = self.0.clone();
        state.remove("within");
        let expect: Expect = serde_json::from_value(json!(state)).map_err(|error| error.to_string())?;
        let counts = expect.ledger.is_some() || expect.patches.is_some() || expect.events.is_some();
        match counts {
            true => Err("until: what is counted since the last time belongs into expect".into()),
            false => Ok(expect),
        }
    }
}

/// Milliseconds of a time such as `90s`, `10m`, `2h`.
pub fn millis(text: &str) -> Result<u64, String> {
    let bad = || format!("{text:?} is no time: a number and s, m or h");
    let split = text.len().checked_sub(1).ok_or_else(bad)?;
    let (number, unit) = text.split_at_checked(split).ok_or_else(bad)?;
    let number: u64 = number.parse().map_err(|_| bad())?;
    let unit = match unit {
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(bad()),
    };
    Ok(number * unit)
}

/// Reads the stories of a file.
///
/// # Errors
/// What cannot be read, by story.
pub fn read(yaml: &str) -> Result<Vec<Story>, String> {
    let all: Vec<Value> = serde_saphyr::from_str(yaml).map_err(|error| error.to_string())?;
    let read = |value: Value| {
        let name = value["story"].to_string();
        let story: Story = serde_json::from_value(value).map_err(|error| format!("{name}: {error}"))?;
        story.check().map_err(|error| format!("{name}: {error}"))?;
        Ok(story)
    };
    all.into_iter().map(read).collect()
}

impl Story {
    /// What serde cannot say.
    fn check(&self) -> Result<(), String> {
        let kebab = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if !self.story.chars().all(kebab) {
            return Err("a name is in kebab case".into());
        }
        if !matches!(self.steps.last(), Some(Step::Expect(_))) {
            return Err("the last step is an expect".into());
        }
        self.steps.iter().enumerate().try_for_each(|(index, step)| {
            self.check_step(step)
                .map_err(|error| format!("step {}: {error}", index + 1))
        })
    }

    fn check_step(&self, step: &Step) -> Result<(), String> {
        let one = |object: Option<Object>| object.map(|_| ()).ok_or("name one pool or one network".to_owned());
        match step {
            Step::Apply(deed) | Step::Edit(deed) | Step::Delete(deed) | Step::Request(deed) => one(deed.object()),
            Step::ConsolePatch(deed) | Step::ConsoleDelete(deed) => one(deed.object()),
            Step::Until(until) => {
                until.within()?;
                until.expect().map(|_| ())
            }
            Step::Run(time) => match millis(time)? {
                length if self.real && length > 30_000 => Err("a real story waits for something".into()),
                _ => Ok(()),
            },
            Step::Forget(_) | Step::Crash(_) | Step::Away(_) if self.real => {
                Err("only a virtual world can do that".into())
            }
            Step::Forget(deed) => one(deed.object()),
            Step::Away(time) => millis(time).map(|_| ()),
            _ => Ok(()),
        }
    }
}
